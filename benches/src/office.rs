//! An organisation to measure with, in a temporary folder. Everything in it was written by the
//! server's own code, so `doorstep verify` finds it sound, however large it is.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use doorstep_core::event::{ChildRecord, Role};
use doorstep_core::ids::{ChildId, PersonId, TeamId};
use doorstep_core::policy::Policy;
use doorstep_core::seal::SigningKey;
use doorstep_core::wire::{EnrolRequest, Limits, Outcome};
use doorstep_sync_server::console::session::Token;
use doorstep_sync_server::enrol::enrol;
use doorstep_sync_server::ingest::{Batch, ExaminedBatch, Incoming, push};
use doorstep_sync_server::judge::{Judge, Ways};
use doorstep_sync_server::store::accounts::{Account, Session};
use doorstep_sync_server::store::directory::{Allocation, Child, Person, Team};
use doorstep_sync_server::store::sqlite::SqliteStore;
use doorstep_sync_server::store::{Db, StoreError, Tx};
use doorstep_sync_server::testing::Phone;
use doorstep_sync_server::{Ambient, admin, verify};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::device::Device;
use crate::happenings;

/// Practitioners of one team.
const TEAM: usize = 8;
/// Batches that share one transaction while a store is filled.
const FILL_TOGETHER: usize = 32;
/// The first records of every device are so old.
const BACK: TimeDelta = TimeDelta::days(30);
/// A device code lives so long.
const CODE_LIFETIME: Duration = Duration::from_hours(1);

/// An organisation: people in teams of eight with a manager, one device each.
pub struct Office {
    folder: TempDir,
    runtime: Runtime,
    judge: Judge,
    people: usize,
    /// What the record says of the `n`-th child of each person.
    record: fn(usize) -> ChildRecord,
}

impl Office {
    /// One without people.
    pub fn empty() -> Self {
        let ambient = Ambient::system();
        let judge = Judge { policy: Policy::built_in().into(), ambient, ways: Ways::default() };
        let office = Self {
            folder: tempfile::tempdir().expect("a temporary folder can be made"),
            runtime: runtime(),
            judge,
            people: 0,
            record: happenings::record,
        };
        office.write(|tx, judge| {
            admin::put_organisation(tx, judge, "Fictitious Council").expect("it is the first");
            Ok(())
        });
        office
    }

    /// The record says this of the `n`-th child of each person who is hired from now on.
    pub const fn set_record(&mut self, record: fn(usize) -> ChildRecord) {
        self.record = record;
    }

    /// Its data folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Leaves its data in this folder, which must not be there yet.
    pub fn leave_at(self, folder: &Path) -> std::io::Result<()> {
        std::fs::rename(self.folder.keep(), folder)
    }

    /// Makes people with so many children each, and enrols a device for each of them.
    pub fn hire(&mut self, people: usize, children_each: usize) -> Vec<Device> {
        let (first, start) = (self.people, self.judge.now() - BACK);
        let record = self.record;
        self.people += people;
        // A device that was enrolled today recorded nothing last month.
        let then = Judge { ambient: ambient_at(start), ..self.judge.clone() };
        self.write(move |tx, _| {
            let judge = &then;
            let mut devices = Vec::with_capacity(people);
            let mut team = None;
            for number in first..first + people {
                let (id, manager) = match team {
                    Some(team) if !number.is_multiple_of(TEAM) => team,
                    _ => put_team(tx, judge, number)?,
                };
                team = Some((id, manager));
                let person = put_person(tx, judge, number, "p", id, Some(manager))?;
                let children: Vec<_> = (0..children_each)
                    .map(|place| put_child(tx, judge, (number, place), record(place), id, person))
                    .collect::<Result<_, _>>()?;
                let phone = put_phone(tx, judge, &format!("p{number}"));
                // Apart by a little: an id is of its instant.
                let apart = TimeDelta::milliseconds(i64::try_from(number).unwrap_or_default());
                devices.push(Device::new(phone, children, start + apart));
            }
            Ok(devices)
        })
    }

    /// Lets this person's children be held by the person of that device too.
    pub fn share(&self, of: &Device, with: &Device) {
        let (of, with) = (of.phone.person, with.phone.person);
        self.write(move |tx, _| {
            for allocation in tx.allocations_of(of)? {
                let role = Role::LeadSocialWorker;
                tx.put_allocation(&Allocation { person: with, role, ..allocation })?;
            }
            Ok(())
        });
    }

    /// A one-time code for another device of the `number`-th person.
    pub fn device_code(&self, number: usize) -> String {
        self.write(move |tx, judge| {
            let issued = admin::issue_code(tx, judge, &format!("p{number}"), CODE_LIFETIME);
            Ok(issued.expect("the person is there").code)
        })
    }

    /// Records `events_each` events on each device and takes them in, through the code that takes
    /// in what devices push, but without the network and with many batches to a transaction.
    pub fn fill(&self, devices: Vec<Device>, events_each: usize) -> Vec<Device> {
        let (sealed, batches) = sync_channel(4);
        let sealing = std::thread::spawn(move || {
            let mut devices = devices;
            for group in devices.chunks_mut(FILL_TOGETHER) {
                let group: Vec<_> =
                    group.iter_mut().map(|device| batches_of(device, events_each)).collect();
                sealed.send(group).expect("the store takes in what is sealed");
            }
            devices
        });
        self.take_in(batches);
        sealing.join().expect("sealing does not fail")
    }

    fn take_in(&self, batches: Receiver<Vec<(Phone, Vec<ExaminedBatch>)>>) {
        let db = self.open();
        for group in batches {
            let judge = self.judge.clone();
            let work = move |tx: &mut dyn Tx| {
                for (phone, batches) in &group {
                    let device = tx.device(phone.device)?.expect("it is enrolled");
                    for batch in batches {
                        let now = judge.now();
                        let pushed = push(tx, &judge, &device, batch, now)?;
                        let stored = |outcome: &_| matches!(outcome, Outcome::Stored { .. });
                        assert!(pushed.verdicts.iter().all(|verdict| stored(&verdict.outcome)));
                    }
                }
                Ok::<_, StoreError>(())
            };
            self.runtime.block_on(db.write(work)).expect("the store works");
        }
    }

    /// Takes in what these devices sealed, each its next batch.
    pub fn take(&self, pushes: Vec<(Phone, Batch)>) {
        let (sender, batches) = sync_channel(1);
        let examined = |(phone, batch): (Phone, Batch)| {
            let key = phone.key.verifying_key();
            let batch = batch.examine(key.as_bytes(), &Limits::DEFAULT);
            (phone, vec![batch])
        };
        let group = pushes.into_iter().map(examined).collect();
        sender.send(group).expect("there is room for one");
        drop(sender);
        self.take_in(batches);
    }

    /// Signs a person in to the console, without the page that asks for a password; the cookie.
    pub fn sign_in(&self, person: PersonId) -> String {
        let now = self.judge.now();
        let token = Token::new(self.judge.ambient.random());
        let session = Session { token_hash: token.hash(), person, started: now, seen: now };
        let (login, password) = (person.to_string(), "$argon2id$of nothing".to_owned());
        let account = Account {
            person,
            login,
            password,
            created: now,
            password_set: now,
            first_until: None,
            disabled: None,
        };
        self.write(move |tx, _| {
            tx.put_account(&account)?;
            tx.put_session(&session)
        });
        format!("doorstep-session={}", token.as_str())
    }

    /// Looks at the store, whether a server runs on it or not.
    pub fn look<T>(&self, look: impl FnOnce(&dyn Tx) -> Result<T, StoreError>) -> T {
        SqliteStore::look(self.folder(), look).expect("the store can be read")
    }

    /// Events in the log.
    pub fn events(&self) -> u64 {
        let look = |tx: &dyn Tx| Ok(tx.organisation()?.map_or(0, |organisation| organisation.head));
        SqliteStore::look(self.folder(), look).expect("the store can be read")
    }

    /// Checks every event, chain and assessment; says what is not as it must be.
    pub fn verify(&self) {
        let policy = &self.judge.policy;
        let report = SqliteStore::look(self.folder(), |tx| verify::verify(tx, policy));
        let report = report.expect("the store can be read");
        assert!(report.is_sound(), "{report}");
    }

    fn open(&self) -> Db {
        let store = SqliteStore::open(self.folder(), 1, Duration::ZERO);
        Db::new(store.expect("nobody else uses the folder"))
    }

    fn write<T: Send + 'static>(
        &self,
        work: impl Fn(&mut dyn Tx, &Judge) -> Result<T, StoreError> + Send + 'static,
    ) -> T {
        let judge = self.judge.clone();
        let write = async { self.open().write(move |tx| work(tx, &judge)).await };
        self.runtime.block_on(write).expect("the store works")
    }
}

/// The system's randomness, and a clock that stands.
fn ambient_at(at: DateTime<Utc>) -> Ambient {
    let fill = |bytes: &mut [u8]| getrandom::fill(bytes).expect("there is randomness");
    Ambient::new(move || at, fill)
}

/// A runtime on the calling thread alone: what is measured has the other core.
pub fn runtime() -> Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().expect("a runtime can be built")
}

/// A device's next events in full batches, whole children at a time.
fn batches_of(device: &mut Device, events: usize) -> (Phone, Vec<ExaminedBatch>) {
    let before = device.phone.clone();
    let mut batches = Vec::new();
    let mut left = events;
    while left > 0 {
        let (first_seq, sealed) = device.seal(left.min(Limits::DEFAULT.batch_events));
        left -= sealed.len();
        let events = sealed.into_iter().map(Incoming::Sealed).collect();
        let batch = Batch { epoch: before.epoch, first_seq, events };
        let key = before.key.verifying_key();
        batches.push(batch.examine(key.as_bytes(), &Limits::DEFAULT));
    }
    (before, batches)
}

fn put_team(
    tx: &mut dyn Tx,
    judge: &Judge,
    number: usize,
) -> Result<(TeamId, PersonId), StoreError> {
    let id = TeamId::at(judge.now(), judge.ambient.entropy());
    let (external, name) = (format!("t{number}"), format!("Team {number}"));
    tx.put_team(&Team { id, external, name, phone: None })?;
    Ok((id, put_person(tx, judge, number, "m", id, None)?))
}

fn put_person(
    tx: &mut dyn Tx,
    judge: &Judge,
    number: usize,
    kind: &str,
    team: TeamId,
    line_manager: Option<PersonId>,
) -> Result<PersonId, StoreError> {
    let person = Person {
        id: PersonId::at(judge.now(), judge.ambient.entropy()),
        external: format!("{kind}{number}"),
        name: format!("Person {kind}{number}").into(),
        role: if line_manager.is_some() { Role::SocialWorker } else { Role::TeamManager },
        also: BTreeSet::new(),
        administrator: false,
        auditor: false,
        team: Some(team),
        email: None,
        phone: Some("01632 960001".into()),
        line_manager,
        left: None,
    };
    tx.put_person(&person)?;
    Ok(person.id)
}

fn put_child(
    tx: &mut dyn Tx,
    judge: &Judge,
    (number, place): (usize, usize),
    record: ChildRecord,
    team: TeamId,
    person: PersonId,
) -> Result<ChildId, StoreError> {
    let child = Child {
        id: ChildId::at(judge.now(), judge.ambient.entropy()),
        external: format!("c{number}.{place}"),
        name: format!("Child {number}.{place}").into(),
        born: "2019-05-01".parse().ok(),
        address: Some(format!("{place} Fictitious Street, Ficton").into()),
        address_protected: false,
        phone: Some("01632 960002".into()),
        record,
        team: Some(team),
    };
    tx.put_child(&child)?;
    let from: DateTime<Utc> = judge.now() - BACK * 2;
    let role = Role::SocialWorker;
    tx.put_allocation(&Allocation { child: child.id, person, role, from, until: None })?;
    Ok(child.id)
}

fn put_phone(tx: &mut dyn Tx, judge: &Judge, external: &str) -> Phone {
    let key = SigningKey::from_bytes(&judge.ambient.random());
    let issued =
        admin::issue_code(tx, judge, external, CODE_LIFETIME).expect("the person is there");
    let request = EnrolRequest {
        code: issued.code,
        public_key: hex::encode(key.verifying_key().as_bytes()),
        device_name: "A benchmark's phone".into(),
        app: "bench 1".into(),
        known_as: None,
    };
    let enrolled = enrol(tx, judge, &request, judge.now()).expect("a fresh code works");
    Phone::enrolled(enrolled, key)
}
