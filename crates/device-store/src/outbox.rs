//! The device's own log: sealed events in the order in which they were recorded, the receipts that
//! the server gave for them, and what a person sees of both. Rows are only ever added; they go when
//! the server has them safely and the child has left the caseload.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use doorstep_core::ids::{ChildId, EventId};
use doorstep_core::seal::{Hash, SealedEvent, Signature, SigningKey};
use doorstep_core::wire::{Expected, Limits, Outcome, QuarantineCode, Settled, Settlement};
use doorstep_core::words::Word;
use ed25519_dalek::Signer as _;
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::error::Error;
use crate::{attachment, settled};

/// Where one of the device's own records stands, as a person sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum RecordState {
    /// Only here: losing the device would lose it.
    OnThisDevice,
    /// The server has it.
    Received {
        /// The child was not the author's any more: its new worker and the manager see it.
        handed_over: bool,
    },
    /// The server has it, and has it backed up.
    BackedUp {
        /// The child was not the author's any more: its new worker and the manager see it.
        handed_over: bool,
    },
    /// The server set it aside: somebody must look at it.
    NeedsYou {
        /// Why, as a stable code.
        code: Word<QuarantineCode>,
        /// Why, in a sentence.
        message: String,
    },
    /// The server had set it aside; another record says now what it meant.
    Corrected {
        /// Who decided, by full name.
        by: String,
        /// Why, in that person's words.
        reason: String,
        /// The other record.
        event: EventId,
    },
    /// The server had set it aside, and a person decided that it stays so.
    Dismissed {
        /// Who decided, by full name.
        by: String,
        /// Why, in that person's words.
        reason: String,
    },
}

impl RecordState {
    /// The word for it.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::OnThisDevice => "on-this-device",
            Self::Received { .. } => "received",
            Self::BackedUp { .. } => "backed-up",
            Self::NeedsYou { .. } => "needs-you",
            Self::Corrected { .. } => "corrected",
            Self::Dismissed { .. } => "dismissed",
        }
    }

    /// Whether the record counts: what a person set aside for good does not.
    pub const fn counts(&self) -> bool {
        !matches!(self, Self::Corrected { .. } | Self::Dismissed { .. })
    }
}

/// The end of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Chain {
    pub epoch: u32,
    /// The number of the last event; 0 before the first.
    pub seq: u64,
    /// Its hash.
    pub hash: Hash,
}

/// An own event as it lies in the log.
#[derive(Clone, Debug)]
pub(crate) struct OwnEvent {
    pub child: ChildId,
    pub sealed: SealedEvent,
    pub hash: Hash,
    pub state: RecordState,
}

/// A place in the log: epoch and number.
pub(crate) type Place = (u32, u64);

/// Bytes around an event in the JSON of a request: two names, the signature, punctuation.
const EVENT_FRAME_BYTES: usize = 140;

pub(crate) fn chain(conn: &Connection) -> Result<Chain, Error> {
    conn.prepare_cached("select epoch, seq, hash from chain")?
        .query_row([], |row| {
            Ok(Chain { epoch: row.get(0)?, seq: row.get(1)?, hash: Hash(row.get(2)?) })
        })
        .optional()?
        .ok_or(Error::NotEnrolled)
}

/// Puts an event at the end of the chain.
pub(crate) fn append(
    tx: &Transaction<'_>,
    event: &str,
    child: &str,
    recorded_ms: i64,
    sealed: &SealedEvent,
) -> Result<Chain, Error> {
    let last = chain(tx)?;
    let next = Chain { seq: last.seq + 1, hash: sealed.hash(), ..last };
    let sql = "insert into own_event (epoch, seq, event, child, recorded_ms, body, signature, hash)
               values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    tx.prepare_cached(sql)?.execute((
        next.epoch,
        next.seq,
        event,
        child,
        recorded_ms,
        sealed.body.get(),
        sealed.signature.0.as_slice(),
        next.hash.0.as_slice(),
    ))?;
    attachment::note_names(tx, next.hash, sealed.body.get())?;
    set_chain(tx, next)?;
    Ok(next)
}

fn set_chain(tx: &Transaction<'_>, chain: Chain) -> Result<(), Error> {
    let sql = "update chain set epoch = ?1, seq = ?2, hash = ?3";
    let chain = (chain.epoch, chain.seq, chain.hash.0.as_slice());
    tx.prepare_cached(sql)?.execute(chain)?;
    Ok(())
}

/// The conditions under which `own` is still to be sent.
pub(crate) const PENDING: &str = "not exists (select 1 from receipt r
                                    where r.epoch = own.epoch and r.seq = own.seq)
                   and not exists (select 1 from resealed s
                                    where s.epoch = own.epoch and s.seq = own.seq)";

/// The number of the first event of the chain's epoch that is still to be sent; of the next event
/// to come where there is none.
pub(crate) fn first_pending(conn: &Connection, chain: Chain) -> Result<u64, Error> {
    let first: Option<u64> = conn.query_row(
        &format!("select min(seq) from own_event own where epoch = ?1 and {PENDING}"),
        [chain.epoch],
        |row| row.get(0),
    )?;
    Ok(first.unwrap_or(chain.seq + 1))
}

/// The next events to send: at least one where there is one, no more than the limits allow beside
/// `envelope_bytes`.
pub(crate) fn batch(
    conn: &Connection,
    epoch: u32,
    limits: Limits,
    envelope_bytes: usize,
) -> Result<Vec<SealedEvent>, Error> {
    let mut statement = conn.prepare_cached(&format!(
        "select body, signature from own_event own where epoch = ?1 and {PENDING}
          order by seq limit ?2"
    ))?;
    let mut rows = statement.query((epoch, limits.batch_events.max(1)))?;
    let mut events = Vec::new();
    let mut bytes = envelope_bytes;
    while let Some(row) = rows.next()? {
        let event = sealed(row, 0)?;
        bytes += event.body.get().len() + EVENT_FRAME_BYTES;
        if bytes > limits.batch_bytes && !events.is_empty() {
            break;
        }
        events.push(event);
    }
    Ok(events)
}

/// How many events are still to be sent, and when the first of them was recorded.
pub(crate) fn pending(conn: &Connection) -> Result<(u64, Option<i64>), Error> {
    let sql = format!("select count(*), min(recorded_ms) from own_event own where {PENDING}");
    Ok(conn.query_row(&sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?)
}

/// When the first event that is still to be sent from `seq` on was recorded (UTC).
pub(crate) fn oldest_from(
    conn: &Connection,
    epoch: u32,
    seq: u64,
) -> Result<Option<DateTime<Utc>>, Error> {
    let sql = format!(
        "select min(recorded_ms) from own_event own where epoch = ?1 and seq >= ?2 and {PENDING}"
    );
    let oldest: Option<i64> = conn.query_row(&sql, (epoch, seq), |row| row.get(0))?;
    Ok(oldest.map(crate::instant))
}

/// Whether the event at `place` is still to be sent.
pub(crate) fn is_pending(conn: &Connection, place: Place) -> Result<bool, Error> {
    let sql = format!("select 1 from own_event own where epoch = ?1 and seq = ?2 and {PENDING}");
    Ok(conn.query_row(&sql, place, |_| Ok(())).optional()?.is_some())
}

/// The hash of the event at `place`, if it is still held.
pub(crate) fn hash_at(conn: &Connection, place: Place) -> Result<Option<Hash>, Error> {
    let sql = "select hash from own_event where epoch = ?1 and seq = ?2";
    Ok(conn.query_row(sql, place, |row| row.get(0).map(Hash)).optional()?)
}

/// Keeps the server's verdict on the event at `place`.
pub(crate) fn receipt(
    tx: &Transaction<'_>,
    place: Place,
    outcome: &Outcome,
    log_epoch: u32,
) -> Result<(), Error> {
    let position = match outcome {
        Outcome::Stored { position }
        | Outcome::Duplicate { position }
        | Outcome::HandedOver { position } => Some(position),
        Outcome::Quarantined { .. } | Outcome::Fork { .. } | Outcome::Other(_) => None,
    };
    let outcome = serde_json::to_string(outcome).expect("a verdict has only string keys");
    let sql = "insert into receipt (epoch, seq, outcome, position, log_epoch)
               values (?1, ?2, ?3, ?4, ?5)
               on conflict (epoch, seq) do update
               set outcome = excluded.outcome, position = excluded.position,
                   log_epoch = excluded.log_epoch";
    tx.prepare_cached(sql)?.execute((place.0, place.1, outcome, position, log_epoch))?;
    Ok(())
}

/// An own event with this hash came back from the log: a receipt that said otherwise, or named
/// another position, is renewed. Without a receipt it is still to be sent, so that
/// what was sent stays a run without holes.
pub(crate) fn seen_in_log(
    tx: &Transaction<'_>,
    hash: Hash,
    position: u64,
    log_epoch: u32,
) -> Result<(), Error> {
    let sql = "select r.epoch, r.seq from receipt r join own_event o using (epoch, seq)
                where o.hash = ?1
                  and (r.position is null or r.log_epoch <> ?2 or r.position <> ?3)";
    let place: Option<Place> = tx
        .prepare_cached(sql)?
        .query_row((hash.0.as_slice(), log_epoch, position), |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    match place {
        Some(place) => receipt(tx, place, &Outcome::Stored { position }, log_epoch),
        None => Ok(()),
    }
}

/// The last place from `from` on for which there is a receipt in an epoch before the chain's, and
/// in the chain's own: what the server once said it had.
pub(crate) fn receipted_from(
    conn: &Connection,
    from: Place,
    epoch: u32,
) -> Result<(bool, bool), Error> {
    Ok(conn.query_row(
        "select coalesce(max(r.epoch < ?3), 0), coalesce(max(r.epoch = ?3), 0) from receipt r
          where (r.epoch, r.seq) >= (?1, ?2)
            and not exists (select 1 from resealed s where s.epoch = r.epoch and s.seq = r.seq)",
        (from.0, from.1, epoch),
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?)
}

/// Whether every event of `epoch` from `from` to the chain's end is still held.
pub(crate) fn holds_all_from(conn: &Connection, chain: Chain, from: u64) -> Result<bool, Error> {
    let held: u64 = conn.query_row(
        "select count(*) from own_event where epoch = ?1 and seq >= ?2",
        (chain.epoch, from),
        |row| row.get(0),
    )?;
    Ok(held == (chain.seq + 1).saturating_sub(from))
}

/// Takes back the receipts from `from` on in `epoch`, and what people decided about them: these
/// events are to be sent again.
pub(crate) fn offer_again(tx: &Transaction<'_>, epoch: u32, from: u64) -> Result<u64, Error> {
    tx.execute("delete from settled where epoch = ?1 and seq >= ?2", (epoch, from))?;
    let sql = "delete from receipt where epoch = ?1 and seq >= ?2";
    Ok(tx.execute(sql, (epoch, from))? as u64)
}

/// Opens a new epoch and seals everything from `from` on again under it, in order. The old bytes
/// stay.
pub(crate) fn open_epoch(
    tx: &Transaction<'_>,
    epoch: u32,
    from: Place,
    key: &SigningKey,
) -> Result<u64, Error> {
    let rows = to_seal(tx, &format!("(epoch, seq) >= ({}, {})", from.0, from.1))?;
    set_chain(tx, Chain { epoch, seq: 0, hash: Hash::ORIGIN })?;
    seal_all(tx, &rows, key)
}

/// What the server had received in epochs before `epoch` and knows no more: it has what is below
/// `chains`.
pub(crate) fn lost(
    conn: &Connection,
    epoch: u32,
    chains: &[Expected],
) -> Result<Vec<ToSeal>, Error> {
    let mut condition = format!(
        "epoch < {epoch} and exists (select 1 from receipt r
                                      where r.epoch = own.epoch and r.seq = own.seq)"
    );
    for Expected { epoch, seq, .. } in chains {
        let _ = write!(condition, " and not (epoch = {epoch} and seq < {seq})");
    }
    to_seal(conn, &condition)
}

/// An event that is to be sealed again.
pub(crate) struct ToSeal {
    pub place: Place,
    pub event: String,
    pub child: String,
    pub recorded_ms: i64,
    pub body: String,
}

fn to_seal(conn: &Connection, condition: &str) -> Result<Vec<ToSeal>, Error> {
    let mut statement = conn.prepare(&format!(
        "select epoch, seq, event, child, recorded_ms, body from own_event own
          where {condition}
            and not exists (select 1 from resealed s
                             where s.epoch = own.epoch and s.seq = own.seq)
          order by epoch, seq"
    ))?;
    let rows = statement.query_map([], |row| {
        Ok(ToSeal {
            place: (row.get(0)?, row.get(1)?),
            event: row.get(2)?,
            child: row.get(3)?,
            recorded_ms: row.get(4)?,
            body: row.get(5)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Seals a record again at the end of the chain.
pub(crate) fn seal_at_end(
    tx: &Transaction<'_>,
    row: &ToSeal,
    key: &SigningKey,
) -> Result<Chain, Error> {
    let sealed = seal_again(&row.body, chain(tx)?, key)?;
    append(tx, &row.event, &row.child, row.recorded_ms, &sealed)
}

/// Seals own events again at the end of the chain, in order. The old bytes stay.
pub(crate) fn seal_all(
    tx: &Transaction<'_>,
    rows: &[ToSeal],
    key: &SigningKey,
) -> Result<u64, Error> {
    for row in rows {
        let new = seal_at_end(tx, row, key)?;
        tx.execute(
            "insert into resealed (epoch, seq, new_epoch, new_seq) values (?1, ?2, ?3, ?4)",
            (row.place.0, row.place.1, new.epoch, new.seq),
        )?;
    }
    Ok(rows.len() as u64)
}

/// The same content after another event. Works on the JSON, so that fields which this version does
/// not know stay.
fn seal_again(body: &str, last: Chain, key: &SigningKey) -> Result<SealedEvent, Error> {
    let unreadable = |error| Error::unreadable("record", error);
    let mut fields: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(body).map_err(unreadable)?;
    fields.insert("epoch".to_owned(), last.epoch.into());
    fields.insert("seq".to_owned(), (last.seq + 1).into());
    fields.insert("previous".to_owned(), last.hash.to_string().into());
    let body = serde_json::value::to_raw_value(&fields).map_err(unreadable)?;
    let signature = Signature(key.sign(body.get().as_bytes()).to_bytes());
    Ok(SealedEvent { body, signature })
}

/// The device's own events that count (not those sealed again since): of one child, or the newest
/// `limit` of all, newest first.
pub(crate) fn own_events(
    conn: &Connection,
    child: Option<ChildId>,
    limit: u32,
) -> Result<Vec<OwnEvent>, Error> {
    let mut statement = conn.prepare_cached(
        "select own.body, signature, child, hash, r.outcome,
                coalesce(r.position <= (select backed_up_to from server)
                         and r.log_epoch = (select log_epoch from server), 0), d.body
           from own_event own left join receipt r using (epoch, seq)
           left join settled d using (epoch, seq)
          where (?1 is null or child = ?1)
            and not exists (select 1 from resealed s
                             where s.epoch = own.epoch and s.seq = own.seq)
          order by epoch desc, seq desc limit ?2",
    )?;
    let mut rows = statement.query((child.map(|child| child.to_string()), limit))?;
    let mut events = Vec::new();
    while let Some(row) = rows.next()? {
        events.push(OwnEvent {
            child: crate::identity::word(row, 2)?,
            sealed: sealed(row, 0)?,
            hash: Hash(row.get(3)?),
            state: match row.get::<_, Option<String>>(6)? {
                Some(decision) => settled_state(settled::read(&decision)?, row.get(5)?),
                None => state(row.get(4)?, row.get(5)?)?,
            },
        });
    }
    Ok(events)
}

fn state(outcome: Option<String>, backed_up: bool) -> Result<RecordState, Error> {
    let Some(outcome) = outcome else { return Ok(RecordState::OnThisDevice) };
    let outcome =
        serde_json::from_str(&outcome).map_err(|error| Error::unreadable("receipt", error))?;
    Ok(match outcome {
        Outcome::Quarantined { code, message } => RecordState::NeedsYou { code, message },
        Outcome::Other(keys) => of_newer_server(&keys),
        Outcome::Fork { .. } => RecordState::OnThisDevice,
        outcome => {
            let handed_over = matches!(outcome, Outcome::HandedOver { .. });
            if backed_up {
                RecordState::BackedUp { handed_over }
            } else {
                RecordState::Received { handed_over }
            }
        }
    })
}

/// The server has the event and says something of it that only a newer app understands.
fn of_newer_server(keys: &serde_json::Map<String, serde_json::Value>) -> RecordState {
    let text = |key: &str| keys.get(key).and_then(serde_json::Value::as_str).map(str::to_owned);
    let code = text("verdict").unwrap_or_default();
    let message = text("message")
        .unwrap_or_else(|| format!("the server says \"{code}\", which a newer app understands"));
    RecordState::NeedsYou { code: Word::Other(code), message }
}

fn settled_state(settled: Settled, backed_up: bool) -> RecordState {
    let Settled { settlement, by, reason, .. } = settled;
    match settlement {
        Settlement::Released { .. } if backed_up => RecordState::BackedUp { handed_over: false },
        Settlement::Released { .. } => RecordState::Received { handed_over: false },
        Settlement::Corrected { event } => RecordState::Corrected { by, reason, event },
        Settlement::Dismissed | Settlement::Other(_) => RecordState::Dismissed { by, reason },
    }
}

/// Removes own events of children that left the caseload, where the server has them backed up, with
/// the forms in which they were sealed before.
pub(crate) fn prune(tx: &Transaction<'_>) -> Result<u64, Error> {
    let removed = tx.execute(
        "with recursive gone (epoch, seq) as (
             select o.epoch, o.seq from own_event o join receipt r using (epoch, seq)
               join server s on r.log_epoch = s.log_epoch and r.position <= s.backed_up_to
              where o.child not in (select child from child)
              union
             select s.epoch, s.seq from resealed s
               join gone on s.new_epoch = gone.epoch and s.new_seq = gone.seq)
         delete from own_event where (epoch, seq) in (select epoch, seq from gone)",
        [],
    )?;
    Ok(removed as u64)
}

/// A sealed event from two columns: body and signature.
pub(crate) fn sealed(row: &Row<'_>, column: usize) -> Result<SealedEvent, Error> {
    let body: String = row.get(column)?;
    let body = RawValue::from_string(body).map_err(|error| Error::unreadable("record", error))?;
    Ok(SealedEvent { body, signature: Signature(row.get(column + 1)?) })
}
