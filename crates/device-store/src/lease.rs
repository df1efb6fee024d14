//! The read lease: after some time without contact the device does not show what it holds of
//! children until it syncs. Recording never ends. The time is counted here, so that a clock that is
//! put back does not lengthen it.

use chrono::{DateTime, TimeDelta, Utc};
use doorstep_core::time::{ClockReading, in_words as in_time_words};
use doorstep_core::wire::Terms;
use rusqlite::{Connection, OptionalExtension as _, Transaction};

use crate::elapsed::{CORRECTION, Reading};
use crate::error::Error;
use crate::{contact, terms};

/// The count is written down after so much more time: looking at a page costs no write.
const STEP: TimeDelta = TimeDelta::minutes(10);

/// Whether the device shows what it holds of children.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReadLease {
    /// It does.
    #[default]
    Open,
    /// There was no contact for too long.
    Ended {
        /// The last contact, by the device's clock (UTC).
        last_contact: DateTime<Utc>,
        /// How many hours without contact it may be.
        hours: u32,
    },
    /// The device's clock was put back: how long there was no contact cannot be known.
    ClockPutBack,
}

/// Why nothing is shown, and what to do.
pub(crate) fn in_words(lease: &ReadLease) -> String {
    let why = match lease {
        ReadLease::Open => return "what this device holds can be shown".to_owned(),
        ReadLease::Ended { last_contact, hours } => format!(
            "this device was last in contact on {}, and shows what it holds of children for {} \
             without contact",
            in_time_words(*last_contact),
            span(*hours),
        ),
        ReadLease::ClockPutBack => "this device's clock was put back, so that nobody can say how \
                                    long it was without contact"
            .to_owned(),
    };
    format!("{why}: sync to see it again; you can go on recording, and nothing is lost")
}

fn span(hours: u32) -> String {
    match (hours / 24, hours % 24) {
        (1, 0) => "1 day".to_owned(),
        (days, 0) => format!("{days} days"),
        _ => format!("{hours} hours"),
    }
}

/// What is counted.
#[derive(Clone, Copy, Debug)]
struct Count {
    spent: TimeDelta,
    at: Reading,
    put_back: bool,
}

/// How the lease stands at this reading of the clocks, and what is to be written down of it.
fn count(conn: &Connection, now: &Reading) -> Result<Option<(Count, Count)>, Error> {
    let sql = "select spent_ms, put_back, wall_ms, monotonic_ms, boot from lease";
    let kept = conn
        .query_row(sql, [], |row| {
            let spent = TimeDelta::milliseconds(row.get(0)?);
            Ok(Count { spent, put_back: row.get(1)?, at: Reading::from_row(row, 2)? })
        })
        .optional()?;
    let contact = contact::server(conn)?.map(|server| server.contact);
    let first = contact.map(|wall| {
        let at = Reading { wall, monotonic_ms: None, boot: None };
        Count { spent: TimeDelta::zero(), at, put_back: false }
    });
    let Some(kept) = kept.or(first) else { return Ok(None) };
    let steady = now.steady_since(&kept.at).unwrap_or_default();
    let wall = now.wall_since(&kept.at);
    let spent = kept.spent + steady.max(wall).max(TimeDelta::zero());
    let put_back = kept.put_back || wall < -CORRECTION;
    Ok(Some((kept, Count { spent, at: *now, put_back })))
}

/// How the lease stands; writes down what was counted from time to time.
pub(crate) fn look(tx: &Transaction<'_>, clock: &ClockReading) -> Result<ReadLease, Error> {
    let Some((kept, count)) = count(tx, &Reading::of(clock))? else { return Ok(ReadLease::Open) };
    if count.put_back != kept.put_back || count.spent - kept.spent >= STEP {
        keep(tx, &count)?;
    }
    if count.put_back {
        return Ok(ReadLease::ClockPutBack);
    }
    let hours = terms::held(tx)?.map_or(Terms::READ_LEASE_HOURS, |terms| terms.read_lease_hours);
    if count.spent < TimeDelta::hours(i64::from(hours)) {
        return Ok(ReadLease::Open);
    }
    let last_contact = contact::server(tx)?.map_or(clock.wall.to_utc(), |server| server.contact);
    Ok(ReadLease::Ended { last_contact, hours })
}

/// The server answered a request that was sent at this reading: the lease begins anew.
pub(crate) fn renew(tx: &Transaction<'_>, at: Reading) -> Result<(), Error> {
    keep(tx, &Count { spent: TimeDelta::zero(), at, put_back: false })
}

fn keep(tx: &Transaction<'_>, count: &Count) -> Result<(), Error> {
    let (wall_ms, monotonic_ms, boot) = count.at.columns();
    tx.execute(
        "insert or replace into lease (one, spent_ms, put_back, wall_ms, monotonic_ms, boot)
         values (1, ?1, ?2, ?3, ?4, ?5)",
        (count.spent.num_milliseconds(), count.put_back, wall_ms, monotonic_ms, boot),
    )?;
    Ok(())
}
