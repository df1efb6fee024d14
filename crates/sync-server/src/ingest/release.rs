//! An event that was set aside, taken into the log after all: its own bytes, signature and number,
//! and the same assessment, ledger and notices as for any other.

use chrono::{DateTime, Utc};
use doorstep_core::seal::{Hash, SealedEvent, VerifyingKey};
use doorstep_core::wire::{Limits, QuarantineCode};
use serde_json::value::RawValue;

use super::inspect::{Entitlement, Examined, Fault, Times, entitlement, same_record};
use super::{CLOCK_SAMPLES, Incoming, judge_child, logged};
use crate::access::allocations_with_cover;
use crate::judge::{Judge, Roster, history};
use crate::store::devices::Chain;
use crate::store::log::{Known, LoggedEvent, SetAside};
use crate::store::{StoreError, Tx};

/// Why an event cannot be taken into the log however anybody decides: what is said of a released
/// event must still be provable. A sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsound(pub String);

/// What an entry's event is, and how its author stands to the child.
struct Reading {
    event: LoggedEvent,
    granted: Result<Entitlement, Fault>,
}

/// The event of an entry as it would stand in the log, where it can. What its author was entitled
/// to, when it happened and how large it is are for a person to judge; signature, number and
/// identity are not.
pub fn releasable(
    tx: &dyn Tx,
    entry: &SetAside,
    now: DateTime<Utc>,
) -> Result<Result<LoggedEvent, Unsound>, StoreError> {
    Ok(read(tx, entry, now)?.map(|reading| reading.event))
}

fn read(
    tx: &dyn Tx,
    entry: &SetAside,
    now: DateTime<Utc>,
) -> Result<Result<Reading, Unsound>, StoreError> {
    if entry.code == SetAside::FORK {
        let message = "its number belongs to another record; the device sends it under a new one";
        return Ok(Err(Unsound(message.to_owned())));
    }
    let device = tx.device(entry.device)?.ok_or(StoreError::Missing { what: "device" })?;
    let before = match entry.seq {
        1 => Some(Hash::ORIGIN),
        seq => tx.known(entry.device, entry.epoch, seq - 1)?.map(|known| known.hash()),
    };
    let Some(head) = before else {
        return Ok(Err(Unsound("the record before it on its device is not here".to_owned())));
    };
    let here = tx.known(entry.device, entry.epoch, entry.seq)?;
    if matches!(here, Some(Known::Logged { .. })) {
        return Ok(Err(Unsound(
            "this record has come in the meantime: dismiss this one".to_owned(),
        )));
    }
    let chain = Chain { epoch: entry.epoch, next_seq: entry.seq, head };
    let limits = Limits { event_bytes: usize::MAX, ..Limits::DEFAULT };
    let key = VerifyingKey::from_bytes(&device.public_key).ok();
    let examined = Examined::of(incoming(entry), key.as_ref(), &limits);
    let read = match examined.in_place(&device, chain) {
        Ok(read) => read,
        Err(Fault { message, .. }) => return Ok(Err(Unsound(message))),
    };
    let origin = read.origin;
    let Some(child) = tx.child(origin.child)? else {
        return Ok(Err(Unsound("this child is not known here".to_owned())));
    };
    let person = tx.person(origin.person)?.ok_or(StoreError::Missing { what: "person" })?;
    let samples = tx.clock_samples(device.id, CLOCK_SAMPLES)?;
    let allocations = allocations_with_cover(tx, &child, person.id)?;
    let times = Times::of(&device, &read, entry.received, &samples);
    let granted = entitlement(&device, &person, &child, &allocations, &times, now);
    let timing = times.happened;
    let handed_over = !matches!(granted, Ok(Entitlement::Holds));
    let event = logged(&read, &examined, timing, entry.received);
    let event = LoggedEvent { handed_over, ..event };
    let other = tx.event(event.id)?;
    if other.is_some_and(|other| !same_record(&other, &event)) {
        let message = "the id of this record was used before with other content";
        return Ok(Err(Unsound(message.to_owned())));
    }
    Ok(Ok(Reading { event, granted }))
}

fn incoming(entry: &SetAside) -> Incoming {
    let body = RawValue::from_string(entry.bytes.clone());
    match (body, entry.signature) {
        (Ok(body), Some(signature)) => Incoming::Sealed(SealedEvent { body, signature }),
        _ => Incoming::Unreadable(entry.bytes.clone()),
    }
}

/// Takes the event of an entry into the log at `now`; answers what is in the log then.
pub fn release(
    tx: &mut dyn Tx,
    judge: &Judge,
    entry: &SetAside,
    now: DateTime<Utc>,
) -> Result<Result<LoggedEvent, Unsound>, StoreError> {
    match releasable(tx, entry, now)? {
        Ok(event) => take(tx, judge, event, now).map(Ok),
        Err(unsound) => Ok(Err(unsound)),
    }
}

/// Takes the event of an entry into the log at `now`, where nothing was in the way but that an
/// older server did not know its kind or a word in it, and this one does: it is as good as one that
/// comes today. Answers whether it was taken.
pub fn release_known(
    tx: &mut dyn Tx,
    judge: &Judge,
    entry: &SetAside,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let not_understood = [QuarantineCode::UnknownType, QuarantineCode::Malformed];
    if !not_understood.iter().any(|code| entry.code == code.as_str()) {
        return Ok(false);
    }
    match read(tx, entry, now)? {
        Ok(Reading { event, granted: Ok(_) }) => take(tx, judge, event, now).map(|_| true),
        _ => Ok(false),
    }
}

fn take(
    tx: &mut dyn Tx,
    judge: &Judge,
    event: LoggedEvent,
    now: DateTime<Utc>,
) -> Result<LoggedEvent, StoreError> {
    let child = tx.child(event.child)?.ok_or(StoreError::Missing { what: "child" })?;
    let fresh = history(std::slice::from_ref(&event))?;
    judge_child(tx, judge, &mut Roster::default(), &child, fresh, now)?;
    let positions = tx.append(std::slice::from_ref(&event))?;
    let position = positions.first().copied().unwrap_or_default();
    Ok(LoggedEvent { position, ..event })
}
