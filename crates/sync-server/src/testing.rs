//! For tests: a server on a temporary folder with a clock that only the test moves, and phones that
//! seal real events.

pub mod receivers;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use doorstep_core::assessment::{Assessment, Standing, Urgency};
use doorstep_core::event::{ChildRecord, Event, FailedContact, Form, Plan, Role, What};
use doorstep_core::ids::{ChildId, DeviceId, EventId, PersonId};
use doorstep_core::policy::Policy;
use doorstep_core::seal::{Body, Hash, Origin, SealedEvent, SigningKey};
use doorstep_core::time::ClockReading;
use doorstep_core::wire::{EnrolRequest, EnrolResponse, Limits};

use crate::admin::{self, AllocationEntry, Entries};
use crate::ambient::Ambient;
use crate::app::AppState;
use crate::caseload::{ChildRow, StaffRow, TeamRow};
use crate::config::Config;
use crate::enrol;
use crate::ingest::{Batch, Incoming, Pushed, push};
use crate::judge;
use crate::store::Db;
use crate::store::devices::Device;
use crate::store::ledger::LedgerLine;
use crate::store::sqlite::SqliteStore;

/// When every test begins: Monday 2 March 2026, 10:00.
pub const MONDAY: DateTime<Utc> = DateTime::from_timestamp(1_772_445_600, 0).expect("in range");

/// A clock that only the test moves.
#[derive(Clone, Debug)]
pub struct FrozenClock(Arc<AtomicI64>);

impl FrozenClock {
    /// Stands at `at`.
    pub fn at(at: DateTime<Utc>) -> Self {
        Self(Arc::new(AtomicI64::new(at.timestamp_millis())))
    }

    /// The instant now (UTC).
    pub fn now(&self) -> DateTime<Utc> {
        let ms = self.0.load(Ordering::SeqCst);
        DateTime::from_timestamp_millis(ms).expect("a test stays within a few years")
    }

    /// Moves it on.
    pub fn pass(&self, time: TimeDelta) {
        self.0.fetch_add(time.num_milliseconds(), Ordering::SeqCst);
    }
}

/// This clock, and random bytes that are the same in every run.
pub fn ambient(clock: &FrozenClock) -> Ambient {
    let clock = clock.clone();
    let drawn = AtomicU64::new(1);
    Ambient::new(
        move || clock.now(),
        move |bytes| {
            for chunk in bytes.chunks_mut(32) {
                let seed = drawn.fetch_add(1, Ordering::SeqCst).to_le_bytes();
                chunk.copy_from_slice(&Hash::of(&seed).0[..chunk.len()]);
            }
        },
    )
}

/// A store in `folder` without waiting for company.
pub fn open(folder: &Path) -> Db {
    let store = SqliteStore::open(folder, 2, Duration::ZERO).expect("a fresh folder opens");
    Db::new(store)
}

/// A server with a small organisation: one team, two practitioners (`ann`, `ben`), their manager
/// (`mia`), an administrator (`ada`), and two children with Ann (`c1`, on a child protection plan,
/// and `c2`).
pub struct Bench {
    /// The server.
    pub state: AppState,
    /// Its clock.
    pub clock: FrozenClock,
    /// Its data folder.
    pub folder: tempfile::TempDir,
}

impl Bench {
    /// A fresh server.
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// A fresh server, configured otherwise.
    pub async fn with(change: impl FnOnce(&mut Config)) -> Self {
        Self::with_clock(FrozenClock::at(MONDAY), change).await
    }

    /// A fresh server on a clock that others read as well.
    pub async fn with_clock(clock: FrozenClock, change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let mut config = Config { data: folder.path().to_owned(), ..Config::default() };
        config.listen.set_port(0);
        change(&mut config);
        let db = open(folder.path());
        let state = AppState::new(config, db, Policy::built_in(), ambient(&clock));
        let bench = Self { state, clock, folder };
        let judge = bench.state.judge();
        let import = move |tx: &mut dyn crate::store::Tx| {
            admin::put_organisation(tx, &judge, "Fictitious Council")?;
            admin::import(tx, &judge, &organisation())
        };
        bench.state.db.write(import).await.expect("the organisation is sound");
        bench
    }

    /// The instant now (UTC).
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// The child with this external id.
    pub async fn child(&self, external: &'static str) -> ChildId {
        let look = move |tx: &dyn crate::store::Tx| tx.child_called(external);
        self.state.db.read(look).await.expect("reads").expect("the child is there").id
    }

    /// What the policies said of a child when it was last assessed.
    pub async fn assessment(&self, child: ChildId) -> Assessment {
        let policy = self.state.judge().policy;
        let look = move |tx: &dyn crate::store::Tx| {
            let found = tx.child(child)?.expect("the child is there");
            judge::standing(tx, &policy, &found, &judge::events_of(tx, child)?)
        };
        let found: Result<_, crate::store::StoreError> = self.state.db.read(look).await;
        found.expect("reads").expect("it was assessed")
    }

    /// The person with this external id.
    pub async fn person(&self, external: &'static str) -> PersonId {
        let look = move |tx: &dyn crate::store::Tx| tx.person_called(external);
        self.state.db.read(look).await.expect("reads").expect("the person is there").id
    }

    /// Allocates a child.
    pub async fn allocate(&self, child: &'static str, person: &'static str) {
        let judge = self.state.judge();
        let entry = allocation(child, person);
        let work = move |tx: &mut dyn crate::store::Tx| admin::allocate(tx, &judge, &entry);
        self.state.db.write(work).await.expect("both are there");
    }

    /// Takes a child away.
    pub async fn take_away(&self, child: &'static str, person: &'static str) {
        let judge = self.state.judge();
        let work = move |tx: &mut dyn crate::store::Tx| {
            admin::end_allocation(tx, &judge, child, person, None)
        };
        self.state.db.write(work).await.expect("both are there");
    }

    /// Enrols a phone for a person.
    pub async fn phone(&self, person: &'static str) -> Phone {
        let judge = self.state.judge();
        let key = SigningKey::from_bytes(&judge.ambient.random());
        let public_key = hex::encode(key.verifying_key().as_bytes());
        let now = self.now();
        let lifetime = self.state.config.enrol_code_lifetime;
        let work = move |tx: &mut dyn crate::store::Tx| {
            let issued = admin::issue_code(tx, &judge, person, lifetime).expect("active");
            let request = EnrolRequest {
                known_as: None,
                code: issued.code,
                public_key: public_key.clone(),
                device_name: "A test's phone".into(),
                app: "test 1".into(),
            };
            enrol::enrol(tx, &judge, &request, now)
        };
        let enrolled = self.state.db.write(work).await.expect("a fresh code works");
        Phone::enrolled(enrolled, key)
    }

    /// Ann records that nobody answered; the line of this urgency to Mia that is open then.
    pub async fn raised(&self, urgency: Urgency) -> LedgerLine {
        let (child, mia) = (self.child("c1").await, self.person("mia").await);
        let mut phone = self.phone("ann").await;
        let event = phone.no_response(child, self.now());
        self.push(&phone, 1, vec![Incoming::Sealed(event)]).await;
        let look = move |tx: &dyn crate::store::Tx| tx.lines(child);
        let lines = self.state.db.read(look).await.expect("reads");
        let wanted = |line: &LedgerLine| {
            line.escalation.standing == Standing::Open
                && line.escalation.urgency == urgency
                && line.addressee == mia
        };
        lines.into_iter().find(wanted).expect("the policies call for the manager")
    }

    /// The device as the store has it.
    pub async fn device(&self, id: DeviceId) -> Device {
        let look = move |tx: &dyn crate::store::Tx| tx.device(id);
        self.state.db.read(look).await.expect("reads").expect("the device is there")
    }

    /// Pushes events as the phone would, without the network.
    pub async fn push(&self, phone: &Phone, first_seq: u64, events: Vec<Incoming>) -> Pushed {
        let batch = Batch { epoch: phone.epoch, first_seq, events };
        let (judge, id, now) = (self.state.judge(), phone.device, self.now());
        let work = move |tx: &mut dyn crate::store::Tx| {
            let device = tx.device(id)?.expect("the device is there");
            let batch = batch.clone().examine(&device.public_key, &Limits::DEFAULT);
            push(tx, &judge, &device, &batch, now)
        };
        self.state.db.write(work).await.expect("the store works")
    }
}

/// The organisation of [`Bench`].
pub fn organisation() -> Entries {
    let person = |external: &str, role, manager: Option<&str>| StaffRow {
        external: external.into(),
        name: format!("Person {external}").into(),
        role,
        also: BTreeSet::new(),
        administrator: external == "ada",
        auditor: false,
        team: Some("t1".into()),
        line_manager: manager.map(Into::into),
        email: Some(format!("{external}@doorstep.example").into()),
        phone: None,
        left: None,
        working_hours: None,
    };
    let child = |external: &str, plans: &[Plan]| ChildRow {
        external: external.into(),
        name: format!("Child {external}").into(),
        born: "2020-01-01".parse().ok(),
        address: Some("1 Fictitious Street".into()),
        address_protected: false,
        phone: None,
        team: Some("t1".into()),
        record: ChildRecord { plans: plans.iter().copied().collect(), ..ChildRecord::default() },
    };
    Entries {
        teams: vec![TeamRow { external: "t1".into(), name: "Team one".into(), phone: None }],
        people: vec![
            person("ann", Role::SocialWorker, Some("mia")),
            person("ben", Role::SocialWorker, Some("mia")),
            person("mia", Role::TeamManager, None),
            person("ada", Role::Practitioner, None),
        ],
        children: vec![child("c1", &[Plan::ChildProtection]), child("c2", &[])],
        allocations: vec![allocation("c1", "ann"), allocation("c2", "ann")],
    }
}

fn allocation(child: &str, person: &str) -> AllocationEntry {
    AllocationEntry { child: child.into(), person: person.into(), role: Role::SocialWorker }
}

/// A phone that seals real events.
#[derive(Clone)]
pub struct Phone {
    /// Its identity.
    pub device: DeviceId,
    /// Whose it is.
    pub person: PersonId,
    /// The secret that it shows.
    pub token: String,
    /// Its key.
    pub key: SigningKey,
    /// The epoch that it writes in.
    pub epoch: u32,
    /// The number of its next event.
    pub next_seq: u64,
    /// The hash of the event before it.
    pub previous: Hash,
}

impl Phone {
    /// A phone that was enrolled with this key, and has recorded nothing.
    pub fn enrolled(enrolled: EnrolResponse, key: SigningKey) -> Self {
        Self {
            device: enrolled.device,
            person: enrolled.person.id,
            token: enrolled.token,
            key,
            epoch: 1,
            next_seq: 1,
            previous: Hash::ORIGIN,
        }
    }

    /// What it would seal next about `child`, recorded at `at`.
    pub fn body(&self, child: ChildId, at: DateTime<Utc>, what: What) -> Body {
        let mut entropy = [0; 10];
        let own = [self.device.0.as_bytes().as_slice(), &self.previous.0].concat();
        entropy.copy_from_slice(&Hash::of(&own).0[..10]);
        entropy[0] ^= u8::try_from(self.next_seq % 251).unwrap_or(0);
        let origin = Origin {
            child,
            person: self.person,
            device: self.device,
            epoch: self.epoch,
            seq: self.next_seq,
            previous: self.previous,
            clock: ClockReading::wall(at),
        };
        let id = EventId::at(at, entropy);
        let by = Role::SocialWorker;
        Body { origin, event: Event { id, at, recorded: at, by, attachments: Vec::new(), what } }
    }

    /// Seals a body as its next event.
    pub fn seal(&mut self, body: &Body) -> SealedEvent {
        let sealed = SealedEvent::seal(body, &self.key);
        self.previous = sealed.hash();
        self.next_seq += 1;
        sealed
    }

    /// Records that nobody answered the door.
    pub fn no_response(&mut self, child: ChildId, at: DateTime<Utc>) -> SealedEvent {
        let what = What::FailedContact(FailedContact::new(Form::NoResponse));
        let body = self.body(child, at, what);
        self.seal(&body)
    }
}
