//! A phone of the demonstration: enrolled by a code and pushing sealed events like any other, only
//! without a network between.

use std::time::Duration;

use chrono::{DateTime, Utc};
use doorstep_core::event::{Event, What};
use doorstep_core::ids::{ChildId, EventId};
use doorstep_core::seal::{Body, Hash, Origin, SealedEvent, SigningKey};
use doorstep_core::time::ClockReading;
use doorstep_core::trust::ClockSample;
use doorstep_core::wire::{EnrolRequest, EnrolResponse, Limits};
use doorstep_sync_server::admin::{self, AdminError};
use doorstep_sync_server::enrol::{EnrolError, enrol};
use doorstep_sync_server::ingest::{Batch, Incoming, push};
use doorstep_sync_server::judge::Judge;
use doorstep_sync_server::store::devices::Device;
use doorstep_sync_server::store::{StoreError, Tx};
use uuid::Uuid;

use crate::device::exchange::APP;

/// How long its code works.
const CODE_LIFETIME: Duration = Duration::from_mins(10);

/// A phone.
pub struct Phone {
    key: SigningKey,
    identity: EnrolResponse,
    boot: Uuid,
    started: DateTime<Utc>,
    seq: u64,
    head: Hash,
}

impl Phone {
    /// Enrols a phone of the person with this external id, at the judge's instant.
    pub fn enrol(tx: &mut dyn Tx, judge: &Judge, external: &str) -> Result<Self, AdminError> {
        let key = SigningKey::from_bytes(&judge.ambient.random());
        let code = admin::issue_code(tx, judge, external, CODE_LIFETIME)?.code;
        let request = EnrolRequest {
            known_as: None,
            code,
            public_key: hex::encode(key.verifying_key().as_bytes()),
            device_name: "phone".to_owned(),
            app: APP.to_owned(),
        };
        let identity = enrol(tx, judge, &request, judge.now()).map_err(|error| match error {
            EnrolError::Store(error) => error,
            other => StoreError::Query { operation: "enrol a phone", source: Box::new(other) },
        })?;
        let (started, head) = (judge.now(), Hash::ORIGIN);
        let boot = EventId::at(started, judge.ambient.entropy()).0;
        Ok(Self { key, identity, boot, started, seq: 0, head })
    }

    /// Records what happened at `at` and pushes it at the judge's instant. Answers the record's id.
    pub fn push(
        &mut self,
        tx: &mut dyn Tx,
        judge: &Judge,
        child: ChildId,
        at: DateTime<Utc>,
        what: What,
    ) -> Result<EventId, AdminError> {
        let id = EventId::at(at, judge.ambient.entropy());
        let origin = Origin {
            child,
            person: self.identity.person.id,
            device: self.identity.device,
            epoch: 1,
            seq: self.seq + 1,
            previous: self.head,
            clock: self.clock(at),
        };
        let event = Event {
            id,
            at,
            recorded: at,
            by: self.identity.person.role,
            attachments: Vec::new(),
            what,
        };
        let sealed = SealedEvent::seal(&Body { origin, event }, &self.key);
        self.seq += 1;
        self.head = sealed.hash();
        let events = vec![Incoming::Sealed(sealed)];
        let batch = Batch { epoch: 1, first_seq: self.seq, events };
        let device =
            tx.device(self.identity.device)?.ok_or(StoreError::Missing { what: "device" })?;
        let sample = ClockSample::of(&self.clock(judge.now()), judge.now());
        tx.put_clock_sample(device.id, &sample)?;
        let batch = batch.examine(&device.public_key, &Limits::DEFAULT);
        push(tx, judge, &device, &batch, judge.now())?;
        tx.put_device(&Device { last_contact: Some(judge.now()), ..device })?;
        Ok(id)
    }

    /// What its clocks say at `at`: they are right, and it was never switched off.
    fn clock(&self, at: DateTime<Utc>) -> ClockReading {
        let running = (at - self.started).num_milliseconds();
        let monotonic_ms = u64::try_from(running).ok();
        ClockReading { monotonic_ms, boot: Some(self.boot), ..ClockReading::wall(at) }
    }
}
