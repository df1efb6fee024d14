//! The sync machine: what to send, and what to do with what came back. It never waits and knows no
//! network; whoever owns one loops over `next_request` and `receive`.
//!
//! Everything is safe to repeat. A reply that is lost, or comes twice, or an app that stops between
//! any two steps, costs a request and nothing else.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use doorstep_core::seal::Hash;
use doorstep_core::time::ClockReading;
use doorstep_core::wire::{
    Cursor, Expected, Limits, Outcome, PROTOCOL, SyncRequest, SyncResponse, Verdict,
};
use rusqlite::{Connection, OptionalExtension as _, Transaction};

use crate::contact::{self, Server, server, with_server_time};
use crate::course::{Course, Standing, plan};
use crate::elapsed::Reading;
use crate::error::Error;
use crate::outbox::Chain;
use crate::{
    anew, attachment, head, identity, inbox, instant, lease, link, outbox, settled, terms,
};

/// The first pause after a failure; each further one doubles it.
pub const PAUSE_FIRST_SECONDS: i64 = 5;
/// The longest pause that the machine takes by itself.
pub const PAUSE_SECONDS_MAX: i64 = 15 * 60;
/// The longest pause that a server can ask for.
pub const RETRY_AFTER_SECONDS_MAX: i64 = 60 * 60;
/// The pause after an answer that led nowhere.
pub const STALL_SECONDS: i64 = 60;
/// How long after an exchange the next one is due though nothing happened.
pub const POLL_SECONDS: i64 = 5 * 60;
/// How often a child whose copy differs is asked for again at once; later it waits for the poll.
pub const AGAIN_EAGER_MAX: u32 = 3;

/// Bytes of a request beside its events, the cursor and the children asked for again.
const ENVELOPE_BYTES: usize = 2048;
/// Bytes of one child asked for again.
const AGAIN_BYTES: usize = 40;
/// Bytes of one event asked after.
const WAITING_BYTES: usize = 48;

/// Bytes of one event, where none came by which to reckon.
const EVENT_BYTES_USUAL: u64 = 600;

/// The request that is under way.
#[derive(Clone, Debug)]
pub(crate) struct InFlight {
    epoch: u32,
    first_seq: u64,
    hashes: Vec<Hash>,
    cursor: Option<Cursor>,
    sent: DateTime<Utc>,
    reading: Reading,
}

/// What an answer changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Own records on which the server gave a verdict.
    pub receipts: u64,
    /// Those of them that it set aside.
    pub needs_you: u64,
    /// Own records that are sent again because the server had lost them.
    pub offered_again: u64,
    /// The epoch that the device opened because its chain had split.
    pub opened_epoch: Option<u32>,
    /// Events that the device did not hold before.
    pub new_events: u64,
    /// Children who entered, or whose card changed.
    pub cards: u64,
    /// Children who left.
    pub forgotten: u64,
    /// Children whose copy differs from the server's and who are asked for again.
    pub differing: u64,
    /// Own records still to be sent.
    pub unsent: u64,
    /// Bytes of the events and cards that came.
    pub new_bytes: u64,
    /// Children still to come.
    pub children_left: u64,
    /// Events still to come.
    pub events_left: u64,
    /// Bytes still to come, about: as many for each event as those that came had.
    pub bytes_left: u64,
    /// The server has more: ask for the next request at once.
    pub more: bool,
    /// The answer led nowhere; the machine pauses before it asks again.
    pub stalled: bool,
}

/// The next request and what is to be remembered of it; none while nothing is due.
pub(crate) fn next_request(
    conn: &Connection,
    clock: &ClockReading,
    app: &str,
    wanted: bool,
) -> Result<Option<(SyncRequest, InFlight)>, Error> {
    identity::required(conn)?;
    let now = clock.wall.to_utc();
    let server = server(conn)?;
    if !is_due(conn, server.as_ref(), now, wanted)? {
        return Ok(None);
    }
    let again = inbox::again(conn)?;
    let turn = server.as_ref().map_or(0, |server| server.exchange);
    let waiting = settled::waiting(conn, turn)?;
    let failures = pause(conn)?.map_or(0, |(failures, _)| failures);
    let limits = server.as_ref().map_or(Limits::DEFAULT, |server| server.limits);
    let page_bytes = link::page_bytes(conn, limits)?;
    let limits = link::cautious(limits, failures);
    let cursor = server.map(|server| server.cursor);
    let envelope_bytes = ENVELOPE_BYTES
        + again.len() * AGAIN_BYTES
        + waiting.len() * WAITING_BYTES
        + cursor.as_ref().map_or(0, |cursor| cursor.0.len())
        + app.len();
    let chain = outbox::chain(conn)?;
    let first_seq = outbox::first_pending(conn, chain)?;
    let events = outbox::batch(conn, chain.epoch, limits, envelope_bytes)?;
    let (pending, _) = outbox::pending(conn)?;
    let in_flight = InFlight {
        epoch: chain.epoch,
        first_seq,
        hashes: events.iter().map(doorstep_core::seal::SealedEvent::hash).collect(),
        cursor: cursor.clone(),
        sent: now,
        reading: Reading::of(clock),
    };
    let request = SyncRequest {
        protocol: PROTOCOL,
        app: app.to_owned(),
        clock: with_server_time(conn, clock)?,
        epoch: chain.epoch,
        first_seq,
        unsent_beyond: pending.saturating_sub(events.len() as u64),
        oldest_unsent: outbox::oldest_from(conn, chain.epoch, first_seq + events.len() as u64)?,
        events,
        cursor,
        again,
        waiting,
        divergence: inbox::divergence(conn)?,
        page_bytes,
        terms: terms::held(conn)?.map(|terms| terms.mark),
    };
    Ok(Some((request, in_flight)))
}

fn is_due(
    conn: &Connection,
    server: Option<&Server>,
    now: DateTime<Utc>,
    wanted: bool,
) -> Result<bool, Error> {
    if let Some((_, until)) = pause(conn)? {
        return Ok(!is_ahead(until, now));
    }
    let Some(server) = server else { return Ok(true) };
    let since_contact = now - server.contact;
    let polled =
        since_contact >= TimeDelta::seconds(POLL_SECONDS) || since_contact < TimeDelta::zero();
    let eager = inbox::differing(conn)?.1.is_some_and(|times| times <= AGAIN_EAGER_MAX);
    Ok(wanted || server.more || polled || eager || outbox::pending(conn)?.0 > 0)
}

/// Takes in the answer to `in_flight`, whole or not at all.
pub(crate) fn receive(
    tx: &Transaction<'_>,
    in_flight: &InFlight,
    response: &SyncResponse,
) -> Result<Progress, Error> {
    refuse_stranger(tx, in_flight, response)?;
    let mut progress = Progress::default();
    let fork = keep_verdicts(tx, in_flight, response, &mut progress)?;
    let course = plan(standing(tx, response.expected)?, response.expected, fork);
    let offers_again = matches!(course, Course::OfferAgain { .. });
    follow(tx, course, &mut progress)?;

    let before = server(tx)?;
    let exchange = before.as_ref().map_or(0, |server| server.exchange) + 1;
    let mut begun = before.map_or(0, |server| server.anew);
    if let Some(anew) = &response.anew {
        progress.offered_again += anew::begin(tx, in_flight.epoch, response, anew)?;
        begun = exchange;
    }
    settled::apply(tx, &response.settled, response.log_epoch)?;
    let applied = inbox::apply(tx, response, (exchange, begun))?;
    contact::keep(tx, in_flight.sent, response, (exchange, begun))?;
    terms::keep(tx, response.terms.as_ref())?;
    head::pin(tx, response.terms.as_ref())?;
    head::keep(tx, response)?;
    lease::renew(tx, in_flight.reading)?;
    link::carried(tx)?;
    outbox::prune(tx)?;
    attachment::prune(tx)?;

    progress.new_events = applied.new_events;
    progress.cards = applied.cards;
    progress.forgotten = applied.forgotten;
    progress.differing = applied.differing;
    progress.unsent = outbox::pending(tx)?.0;
    progress.new_bytes = applied.bytes;
    progress.children_left = response.children_left;
    progress.events_left = response.events_left;
    progress.bytes_left = bytes_left(response, applied.bytes);
    progress.more = response.more;
    // What is offered again starts further back: the next answer cannot be the same.
    progress.stalled = !offers_again && led_nowhere(tx, in_flight, response, fork)?;
    if progress.stalled {
        keep_pause(tx, 0, in_flight.sent + TimeDelta::seconds(STALL_SECONDS))?;
    } else {
        tx.execute("delete from pause", [])?;
    }
    Ok(progress)
}

/// Bytes still to come: as many for each event as the `bytes` of this page had.
fn bytes_left(response: &SyncResponse, bytes: u64) -> u64 {
    let events = response.events.len() as u64;
    let each = bytes.checked_div(events).unwrap_or(EVENT_BYTES_USUAL);
    response.events_left.saturating_mul(each)
}

fn refuse_stranger(
    conn: &Connection,
    in_flight: &InFlight,
    response: &SyncResponse,
) -> Result<(), Error> {
    let enrolled = identity::required(conn)?.organisation;
    if response.organisation != enrolled {
        return Err(Error::OtherOrganisation { enrolled, answered: response.organisation });
    }
    if response.protocol > PROTOCOL {
        return Err(Error::NewerProtocol { answered: response.protocol, spoken: PROTOCOL });
    }
    if outbox::chain(conn)?.epoch != in_flight.epoch {
        // Another window of the same device opened an epoch in the meantime.
        return Err(Error::Answer("came too late"));
    }
    if response.verdicts.len() > in_flight.hashes.len() {
        return Err(Error::Answer("judges more records than were sent"));
    }
    let in_order = response.verdicts.iter().zip(in_flight.first_seq..);
    if in_order.clone().any(|(verdict, seq)| verdict.seq != seq) {
        return Err(Error::Answer("judges other records than were sent"));
    }
    for (Verdict { outcome, .. }, hash) in response.verdicts.iter().zip(&in_flight.hashes) {
        if matches!(outcome, Outcome::Fork { stored } if stored == hash) {
            return Err(Error::Answer("calls a record a fork of itself"));
        }
    }
    Ok(())
}

/// Keeps the verdicts up to a fork: the number of which is returned.
fn keep_verdicts(
    tx: &Transaction<'_>,
    in_flight: &InFlight,
    response: &SyncResponse,
    progress: &mut Progress,
) -> Result<Option<u64>, Error> {
    for verdict in &response.verdicts {
        let place = (in_flight.epoch, verdict.seq);
        if matches!(verdict.outcome, Outcome::Fork { .. }) {
            return Ok(Some(verdict.seq));
        }
        outbox::receipt(tx, place, &verdict.outcome, response.log_epoch)?;
        progress.receipts += 1;
        progress.needs_you += u64::from(verdict.outcome.needs_a_person());
    }
    Ok(None)
}

fn standing(conn: &Connection, expected: Expected) -> Result<Standing, Error> {
    let chain = outbox::chain(conn)?;
    let first_pending = outbox::first_pending(conn, chain)?;
    let (receipted_earlier, receipted_now) =
        outbox::receipted_from(conn, (expected.epoch, expected.seq), chain.epoch)?;
    let from = if expected.epoch == chain.epoch { expected.seq } else { 1 };
    Ok(Standing {
        epoch: chain.epoch,
        next: chain.seq + 1,
        first_pending,
        before_pending: hash_before(conn, chain, first_pending)?,
        receipted_earlier,
        receipted_now,
        holds_expected: outbox::holds_all_from(conn, chain, from)?,
    })
}

fn hash_before(conn: &Connection, chain: Chain, seq: u64) -> Result<Option<Hash>, Error> {
    if seq == 1 {
        return Ok(Some(Hash::ORIGIN));
    }
    if seq == chain.seq + 1 {
        return Ok(Some(chain.hash));
    }
    outbox::hash_at(conn, (chain.epoch, seq - 1))
}

fn follow(tx: &Transaction<'_>, course: Course, progress: &mut Progress) -> Result<(), Error> {
    match course {
        Course::GoOn => {}
        Course::OfferAgain { from } => {
            let epoch = outbox::chain(tx)?.epoch;
            progress.offered_again = outbox::offer_again(tx, epoch, from)?;
        }
        Course::OpenEpoch { epoch, from } => {
            outbox::open_epoch(tx, epoch, from, &identity::signing_key(tx)?)?;
            progress.opened_epoch = Some(epoch);
        }
    }
    Ok(())
}

/// Whether asking again at once would only give the same answer: nothing that was sent was settled,
/// or a new epoch was no better than the one before.
fn led_nowhere(
    conn: &Connection,
    in_flight: &InFlight,
    response: &SyncResponse,
    fork: Option<u64>,
) -> Result<bool, Error> {
    let place = (in_flight.epoch, in_flight.first_seq);
    let unsettled = !in_flight.hashes.is_empty() && outbox::is_pending(conn, place)?;
    let empty = response.events.is_empty()
        && response.children.is_empty()
        && response.forget.is_empty()
        && in_flight.cursor.as_ref() == Some(&response.cursor);
    Ok(unsettled || fork == Some(1) || (response.more && empty && response.verdicts.is_empty()))
}

/// No answer came, or one that said "later". When the machine will ask again (UTC).
pub(crate) fn failed(
    tx: &Transaction<'_>,
    now: DateTime<Utc>,
    retry_after: Option<Duration>,
    jitter: u64,
) -> Result<DateTime<Utc>, Error> {
    let failures = pause(tx)?.map_or(0, |(failures, _)| failures).saturating_add(1);
    let until = pause_end(failures, now, retry_after, jitter);
    if retry_after.is_none() {
        link::broke(tx)?;
    }
    keep_pause(tx, failures, until)?;
    Ok(until)
}

/// When to ask again after so many failures running.
pub(crate) fn pause_end(
    failures: u32,
    now: DateTime<Utc>,
    retry_after: Option<Duration>,
    jitter: u64,
) -> DateTime<Utc> {
    let doublings = failures.saturating_sub(1).min(16);
    let ceiling_ms = (PAUSE_FIRST_SECONDS << doublings).min(PAUSE_SECONDS_MAX) * 1000;
    // Half of the pause is certain, half is chance, so that devices that failed together part.
    let own_ms = ceiling_ms / 2 + share(ceiling_ms / 2, jitter);
    let asked_ms = retry_after.map_or(0, |asked| {
        let asked_ms = i64::try_from(asked.as_millis()).unwrap_or(i64::MAX);
        let asked_ms = asked_ms.min(RETRY_AFTER_SECONDS_MAX * 1000);
        asked_ms + share(asked_ms / 10 + 1000, jitter)
    });
    now + TimeDelta::milliseconds(own_ms.max(asked_ms))
}

/// Whether a pause that ends at `until` is under way. One that ends further away than any pause can
/// last was set by a clock that was wrong.
pub(crate) fn is_ahead(until: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    until > now && until - now <= TimeDelta::seconds(2 * RETRY_AFTER_SECONDS_MAX)
}

/// Whether the machine pauses after a failure.
pub(crate) fn is_pausing(conn: &Connection, now: DateTime<Utc>) -> Result<bool, Error> {
    Ok(pause(conn)?.is_some_and(|(_, until)| is_ahead(until, now)))
}

/// A part of `whole` as large as `jitter` is of its own range.
fn share(whole: i64, jitter: u64) -> i64 {
    let part = u128::from(whole.unsigned_abs()) * u128::from(jitter) / u128::from(u64::MAX);
    i64::try_from(part).unwrap_or(whole)
}

/// Lets the next request be due now. The failures still count.
pub(crate) fn resume(tx: &Transaction<'_>) -> Result<(), Error> {
    tx.execute("update pause set until_ms = 0", [])?;
    tx.execute("update attachment_pause set until_ms = 0", [])?;
    Ok(())
}

fn keep_pause(tx: &Transaction<'_>, failures: u32, until: DateTime<Utc>) -> Result<(), Error> {
    tx.execute(
        "insert into pause (one, failures, until_ms) values (1, ?1, ?2)
         on conflict (one) do update
         set failures = excluded.failures, until_ms = excluded.until_ms",
        (failures, until.timestamp_millis()),
    )?;
    Ok(())
}

/// How many exchanges failed running, and until when the machine pauses.
pub(crate) fn pause(conn: &Connection) -> Result<Option<(u32, DateTime<Utc>)>, Error> {
    let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, instant(row.get(1)?)));
    Ok(conn.query_row("select failures, until_ms from pause", [], row).optional()?)
}
