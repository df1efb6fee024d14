//! The office's own device: what an administrator changes in a child's plans is an event like any
//! other, sealed by the server's desk and taken in by the same ingest.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use doorstep_core::event::{ChildRecord, Event, PlanChanged, Role, What};
use doorstep_core::history::History;
use doorstep_core::ids::{ChildId, DeviceId, EventId, PersonId};
use doorstep_core::seal::{Body, Hash, Origin, SealedEvent, SigningKey};
use doorstep_core::time::ClockReading;
use doorstep_core::wire::{Divergence, Limits, Outcome};

use super::AdminError;
use crate::ingest::{Batch, Incoming, push};
use crate::judge::{Judge, events_of};
use crate::store::devices::{Chain, Device};
use crate::store::directory::{Child, Person};
use crate::store::{StoreError, Tx};

/// Makes the office and its desk, unless they are there.
pub fn put(tx: &mut dyn Tx, judge: &Judge, now: DateTime<Utc>) -> Result<(), AdminError> {
    if tx.person_called(Person::OFFICE)?.is_some() {
        return Ok(());
    }
    let office = Person {
        id: PersonId::at(now, judge.ambient.entropy()),
        external: Person::OFFICE.into(),
        name: "The office".into(),
        role: Role::DutyWorker,
        also: BTreeSet::new(),
        administrator: false,
        auditor: false,
        team: None,
        email: None,
        phone: None,
        line_manager: None,
        left: None,
    };
    tx.put_person(&office)?;
    put_desk(tx, judge, office.id, "The office's desk", now)?;
    Ok(())
}

/// Makes a desk: a device of the server's own, which seals what this person changes at the office.
fn put_desk(
    tx: &mut dyn Tx,
    judge: &Judge,
    person: PersonId,
    name: &str,
    now: DateTime<Utc>,
) -> Result<Device, StoreError> {
    let key: [u8; 32] = judge.ambient.random();
    let desk = Device {
        id: DeviceId::at(now, judge.ambient.entropy()),
        person,
        public_key: SigningKey::from_bytes(&key).verifying_key().to_bytes(),
        // No secret has this hash: the desk does not speak over the network.
        token_hash: Hash::ORIGIN,
        desk_key: Some(key),
        name: name.into(),
        app: concat!("doorstep ", env!("CARGO_PKG_VERSION")).into(),
        enrolled: now,
        last_contact: None,
        unsent: 0,
        oldest_unsent: None,
        divergence: Divergence::default(),
        revoked: None,
        change: 0,
        directory: 0,
    };
    tx.put_device(&desk)?;
    Ok(desk)
}

/// Records the difference between what stands of a child's plans and what `wanted` says.
pub fn change_plans(
    tx: &mut dyn Tx,
    judge: &Judge,
    child: &Child,
    wanted: &ChildRecord,
) -> Result<(), AdminError> {
    let now = judge.now();
    let events = events_of(tx, child.id)?;
    let (mut plans, mut visit_due_by) = (&child.record.plans, child.record.visit_due_by);
    let folded = History::fold(&events, now);
    for event in &folded.events {
        if let What::PlanChanged(changed) = &event.what {
            plans = changed.plans.as_ref().unwrap_or(plans);
            visit_due_by = changed.visit_due_by.or(visit_due_by);
        }
    }
    let changed = PlanChanged {
        plans: (*plans != wanted.plans).then(|| wanted.plans.clone()),
        // A timescale that is not named any more stays: nothing says that the visit was made.
        visit_due_by: wanted.visit_due_by.filter(|due| Some(*due) != visit_due_by),
    };
    if changed == PlanChanged::default() {
        return Ok(());
    }
    let office = tx.person_called(Person::OFFICE)?.ok_or(AdminError::NoOrganisation)?;
    let id = EventId::at(now, judge.ambient.entropy());
    let deed = Deed { id, child: child.id, what: What::PlanChanged(changed), at: now };
    record(tx, judge, &office, deed, now).map(drop)
}

/// What somebody did, as the office records it.
#[derive(Clone, Debug, PartialEq)]
pub struct Deed {
    /// The identity of its record.
    pub id: EventId,
    /// The child.
    pub child: ChildId,
    /// What happened.
    pub what: What,
    /// When it happened (UTC).
    pub at: DateTime<Utc>,
}

/// Seals one event at the person's desk and takes it in. Answers its id.
pub fn record(
    tx: &mut dyn Tx,
    judge: &Judge,
    person: &Person,
    deed: Deed,
    now: DateTime<Utc>,
) -> Result<EventId, AdminError> {
    let Deed { id, child, what, at } = deed;
    let desk = tx.devices(Some(person.id))?.into_iter().find(|device| device.desk_key.is_some());
    let desk = match desk {
        Some(desk) => desk,
        None => put_desk(tx, judge, person.id, "A desk at the office", now)?,
    };
    let key = desk.desk_key.ok_or(AdminError::NoOrganisation)?;
    let chain = tx.chains(desk.id)?.pop().unwrap_or(Chain::start(1));
    let origin = Origin {
        child,
        person: person.id,
        device: desk.id,
        epoch: chain.epoch,
        seq: chain.next_seq,
        previous: chain.head,
        clock: ClockReading::wall(now),
    };
    let event = Event { id, at, recorded: now, by: person.role, attachments: Vec::new(), what };
    let sealed = SealedEvent::seal(&Body { origin, event }, &SigningKey::from_bytes(&key));
    let batch = Batch {
        epoch: chain.epoch,
        first_seq: chain.next_seq,
        events: vec![Incoming::Sealed(sealed)],
    };
    let batch = batch.examine(&desk.public_key, &Limits::DEFAULT);
    let pushed = push(tx, judge, &desk, &batch, now)?;
    match pushed.verdicts.as_slice() {
        [verdict] if matches!(verdict.outcome, Outcome::Stored { .. }) => Ok(id),
        other => {
            let source = format!("the desk's own event was not stored: {other:?}").into();
            Err(StoreError::Query { operation: "record what the office says", source }.into())
        }
    }
}
