//! Whether one event can be taken into the log: what can be said without the store, and what the
//! store's rows say. Pure.

use chrono::{DateTime, Utc};
use doorstep_core::event::{Event, What};
use doorstep_core::ids::ChildId;
use doorstep_core::seal::{Body, Hash, Origin, SealedEvent, Signature, VerifyingKey, kind_of};
use doorstep_core::time::local_date;
use doorstep_core::trust::{Claim, ClockSample, Timing, grade, made};
use doorstep_core::wire::{Limits, QuarantineCode};

use super::Incoming;
use super::shape::{DEPTH_MAX, depth, has_strange_year};
use crate::store::devices::{Chain, Device};
use crate::store::directory::{Allocation, Child, Person};
use crate::store::log::LoggedEvent;

/// Why an event is set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The stable code.
    pub code: QuarantineCode,
    /// A sentence for the author, without personal data.
    pub message: String,
    /// The child, where it is known.
    pub child: Option<ChildId>,
}

/// An event that was looked at by itself: all that can be said of it without the store.
#[derive(Clone, Debug)]
pub struct Examined {
    /// As it came.
    pub incoming: Incoming,
    /// The hash of its bytes.
    pub hash: Hash,
    /// What stands in it, where the signature is the device's.
    reading: Result<Reading, Fault>,
}

/// What stands in an event that its device signed.
#[derive(Clone, Debug)]
struct Reading {
    origin: Origin,
    /// Its type and itself, where this version knows them. A fault here counts only where the
    /// event stands in its place.
    known: Result<(String, Event), Fault>,
    signature: Signature,
}

/// An event that can be read and trusted.
#[derive(Debug)]
pub struct Read<'a> {
    pub origin: &'a Origin,
    pub event: &'a Event,
    pub kind: &'a str,
    pub signature: Signature,
}

/// How the author stands to the child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entitlement {
    /// Holds the child now.
    Holds,
    /// Held it when the record was made.
    Held,
}

/// When a record was made and when what it tells of happened, by what is known of its device's
/// clock. The office's desk has the server's own.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// When it was made, by the server's clock (UTC).
    pub made: DateTime<Utc>,
    /// When what it tells of happened.
    pub happened: Timing,
}

impl Times {
    /// Those of a record that came at `received`, by the samples of its device's clock.
    pub fn of(
        device: &Device,
        read: &Read<'_>,
        received: DateTime<Utc>,
        samples: &[ClockSample],
    ) -> Self {
        let (at, clock) = (read.event.at, &read.origin.clock);
        if device.desk_key.is_some() {
            return Self { made: received, happened: Timing::own(at, received) };
        }
        let claim = Claim { at, clock, received, enrolled: device.enrolled };
        Self { made: made(&claim, samples).0, happened: grade(&claim, samples) }
    }
}

fn fault(code: QuarantineCode, message: impl Into<String>) -> Fault {
    Fault { code, message: message.into(), child: None }
}

impl Examined {
    /// Looks at an event by itself: its hash, its signature by `key`, and what stands in it.
    pub fn of(incoming: Incoming, key: Option<&VerifyingKey>, limits: &Limits) -> Self {
        let (hash, reading) = (incoming.hash(), read(&incoming, key, limits));
        Self { incoming, hash, reading }
    }

    /// Notes that the server stumbled over it: it is set aside, whatever it holds.
    pub fn stumbled_over(&mut self) {
        let message = "the server could not work with this record: it is kept as it came, and \
                       can be taken in when the server is mended";
        self.reading = Err(fault(QuarantineCode::Malformed, message));
    }

    /// The event, where it can be trusted and is next in the `chain` of `device`.
    pub fn in_place(&self, device: &Device, chain: Chain) -> Result<Read<'_>, Fault> {
        let Reading { origin, known, signature } = self.reading.as_ref().map_err(Clone::clone)?;
        check_origin(origin, device, chain)?;
        let of_child = |fault: &Fault| Fault { child: Some(origin.child), ..fault.clone() };
        let (kind, event) = known.as_ref().map_err(of_child)?;
        Ok(Read { origin, event, kind, signature: *signature })
    }
}

fn read(
    incoming: &Incoming,
    key: Option<&VerifyingKey>,
    limits: &Limits,
) -> Result<Reading, Fault> {
    let Incoming::Sealed(sealed) = incoming else {
        return Err(fault(QuarantineCode::Malformed, "this is not a sealed event"));
    };
    let SealedEvent { body: text, signature } = sealed;
    let text = text.get();
    if depth(text.as_bytes()) > DEPTH_MAX {
        let message = format!("the record is nested deeper than {DEPTH_MAX} levels");
        return Err(fault(QuarantineCode::Malformed, message));
    }
    if text.len() > limits.event_bytes {
        let message = format!(
            "the record has {} bytes; at most {} can be taken",
            text.len(),
            limits.event_bytes
        );
        return Err(fault(QuarantineCode::TooLarge, message));
    }
    if key.is_none_or(|key| sealed.verify(key).is_err()) {
        let message = "the signature is not this device's";
        return Err(fault(QuarantineCode::BadSignature, message));
    }
    let malformed = |_| fault(QuarantineCode::Malformed, "the record cannot be read");
    if has_strange_year(text) {
        let message = "a date in the record has a year of more or less than four digits";
        return Err(fault(QuarantineCode::Malformed, message));
    }
    let origin: Origin = serde_json::from_str(text).map_err(malformed)?;
    Ok(Reading { origin, known: known(text), signature: *signature })
}

fn known(text: &str) -> Result<(String, Event), Fault> {
    let malformed = |_| fault(QuarantineCode::Malformed, "the record cannot be read");
    let kind = kind_of(text).map_err(malformed)?;
    match serde_json::from_str(text) {
        Ok(event) => Ok((kind, event)),
        Err(error) if What::is_known_type(&kind) => Err(malformed(error)),
        Err(_) => {
            let message = "this kind of record is not known here yet: a newer app made it";
            Err(fault(QuarantineCode::UnknownType, message))
        }
    }
}

fn check_origin(origin: &Origin, device: &Device, chain: Chain) -> Result<(), Fault> {
    let in_place = origin.device == device.id
        && origin.epoch == chain.epoch
        && origin.seq == chain.next_seq
        && origin.previous == chain.head;
    if !in_place {
        let message = "the record does not follow the one before it on this device";
        return Err(fault(QuarantineCode::BrokenChain, message));
    }
    if origin.person != device.person {
        let message = "the record names another person than the one this device was given to";
        return Err(fault(QuarantineCode::WrongPerson, message));
    }
    Ok(())
}

/// Whether the author might make this record about this child when it was made.
pub fn entitlement(
    device: &Device,
    person: &Person,
    child: &Child,
    allocations: &[Allocation],
    times: &Times,
    now: DateTime<Utc>,
) -> Result<Entitlement, Fault> {
    let refuse = |code, message: &str| {
        Err(Fault { code, message: message.to_owned(), child: Some(child.id) })
    };
    if child.born.is_some_and(|born| local_date(times.happened.corrected) < born) {
        let message = "the record is said to have happened before the child was born";
        return refuse(QuarantineCode::BeforeBirth, message);
    }
    if device.desk_key.is_some() {
        return Ok(Entitlement::Holds);
    }
    let ended = |instant: Option<DateTime<Utc>>| instant.is_some_and(|end| times.made >= end);
    if ended(device.revoked) || ended(person.left) {
        let message = "the record was made after this device or its person was shut out";
        return refuse(QuarantineCode::OutsideEntitlement, message);
    }
    let of_team = person.sees_team() && person.team.is_some() && person.team == child.team;
    let held_at =
        |instant| allocations.iter().any(|line| line.person == person.id && line.holds_at(instant));
    if of_team || held_at(now) {
        Ok(Entitlement::Holds)
    } else if held_at(times.made) {
        Ok(Entitlement::Held)
    } else {
        let message = "the record was made while the child was not allocated to its author";
        refuse(QuarantineCode::OutsideEntitlement, message)
    }
}

/// Whether two sealed events hold the same record, whatever numbers they travelled under.
pub fn same_record(a: &LoggedEvent, b: &LoggedEvent) -> bool {
    let read = |event: &LoggedEvent| serde_json::from_str::<Body>(&event.body).ok();
    match (read(a), read(b)) {
        (Some(one), Some(other)) => {
            one.event == other.event
                && one.origin.child == other.origin.child
                && one.origin.person == other.origin.person
        }
        _ => false,
    }
}
