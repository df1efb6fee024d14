//! A store in memory and builders, for tests: this crate's and others'. Nothing here is random.

use chrono::{DateTime, Utc};
use doorstep_core::event::{ChildRecord, FailedContact, Form, Note, Role, What};
use doorstep_core::ids::{ChildId, DeviceId, PersonId};
use doorstep_core::seal::{Hash, SigningKey};
use doorstep_core::time::ClockReading;
use doorstep_core::wire::{ChildCard, EnrolResponse, Person, SealingKey, Terms};
use rusqlite::Connection;
use uuid::Uuid;

use crate::{Invitation, Key, Store};

/// The key of every test's file. Neither key nor salt is zero.
pub const KEY: Key = Key([0x5a; 48]);

/// The organisation of every test.
pub const ORGANISATION: Uuid = Uuid::from_u128(0x0d00_0000_0000_4000_8000_0000_0000_0001);

/// `Monday 2 March 2026, 10:00`, and so many minutes.
pub fn minute(minutes: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_772_445_600 + 60 * minutes, 0).expect("the instant is near 2026")
}

/// A clock that reads `minute(minutes)`.
pub fn clock(minutes: i64) -> ClockReading {
    ClockReading::wall(minute(minutes))
}

/// Entropy that differs for each number.
pub fn entropy(number: u64) -> [u8; 32] {
    doorstep_core::seal::Hash::of(&number.to_be_bytes()).0
}

/// The `number`-th child.
pub fn child(number: u8) -> ChildId {
    ChildId::at(minute(0), [number; 10])
}

/// The `number`-th child's card, with nothing said that a test could depend on.
pub fn card(number: u8) -> ChildCard {
    ChildCard {
        id: child(number),
        name: format!("Child {number}"),
        born: None,
        address: Some(format!("{number} Test Street")),
        address_protected: false,
        phone: None,
        record: ChildRecord::default(),
        contacts: Vec::new(),
        visits: Vec::new(),
    }
}

/// A failed contact of this form.
pub fn failed(form: Form) -> What {
    What::FailedContact(FailedContact::new(form))
}

/// A note of some kind.
pub fn noted(note: &str) -> What {
    What::FurtherAttempt(Note { note: Some(note.to_owned()) })
}

/// The invitation of the device with this number.
pub fn invitation(number: u8) -> Invitation {
    Invitation {
        code: format!("CODE-{number}"),
        device_name: format!("Phone {number}"),
        app: "test 1".to_owned(),
    }
}

/// The answer to the enrolment of the device with this number.
pub fn enrolment(number: u8) -> EnrolResponse {
    EnrolResponse {
        device: DeviceId::at(minute(0), [number; 10]),
        person: Person {
            id: PersonId::at(minute(0), [number; 10]),
            name: format!("Person {number}"),
            role: Role::SocialWorker,
        },
        token: format!("token-{number}"),
        organisation: ORGANISATION,
        organisation_name: "Test Council".to_owned(),
        server_time: minute(0),
        terms: Some(terms()),
    }
}

/// The private key to which every test's copies are sealed.
pub const SEALING: [u8; 32] = [0x21; 32];

/// The key with which every test's server signs its heads.
pub const HEAD_SECRET: [u8; 32] = [0x22; 32];

/// What every test's devices keep to.
pub fn terms() -> Terms {
    let head_key = SigningKey::from_bytes(&HEAD_SECRET).verifying_key();
    let (hours, tries) = (Terms::READ_LEASE_HOURS, Terms::WRONG_PASSPHRASES);
    Terms::new(hours, tries, SealingKey::of(&SEALING), Hash(head_key.to_bytes()))
}

/// The connection under a store, to look at what is there and to make the storage fail.
pub fn connection(store: &Store) -> &Connection {
    &store.conn
}

/// A store in memory that was never enrolled.
pub fn fresh_store() -> Store {
    let conn = Connection::open_in_memory().expect("memory is to be had");
    Store::create(conn, &KEY).expect("a new database takes the schema")
}

/// A store in memory, enrolled as the device with this number.
pub fn enrolled_store(number: u8) -> Store {
    let mut store = fresh_store();
    enrol(&mut store, number);
    store
}

/// Enrols a store as the device with this number.
pub fn enrol(store: &mut Store, number: u8) {
    store.prepare(&invitation(number), [number; 32]).expect("a new store prepares");
    store.enrolled(&enrolment(number)).expect("a prepared store is enrolled");
}
