//! Recording on a device: seal, encrypt, assess, and on the disk. Beside it, as the baselines, one
//! row with the same bytes in an encrypted file of the same kind: once with the device's own
//! settings of the journal, once with those that flush least.

use std::path::Path;

use doorstep_benches::happenings::{happening, on_a_plan};
use doorstep_benches::raw::Raw;
use doorstep_benches::{Subject, head, medians, row, wall};
use doorstep_core::event::What;
use doorstep_core::ids::ChildId;
use doorstep_core::policy::Policy;
use doorstep_core::seal::SealedEvent;
use doorstep_core::time::ClockReading;
use doorstep_core::wire::{
    ChildCard, Cursor, Expected, Limits, PROTOCOL, SyncRequest, SyncResponse,
};
use doorstep_device_store::{Draft, Store, testing};
use rusqlite::Connection;

/// The settings of a device's file, and those with which SQLite flushes once per commit.
const AS_THE_DEVICE: &str = "PRAGMA journal_mode = truncate; PRAGMA synchronous = FULL;
                             PRAGMA secure_delete = ON; PRAGMA temp_store = memory;";
const AS_FAST_AS_CAN_BE: &str = "PRAGMA journal_mode = wal; PRAGMA synchronous = FULL;";
/// Every 20 records the next child, so that histories stay as long as they are.
const RUN: u64 = 20;
const CHILDREN: u8 = 200;

/// Measures it.
pub fn run(full: bool) {
    let rounds = if full { 3_001 } else { 501 };
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let mut device = device(folder.path());
    let sealed = sealed_once(&mut device);
    let (mut same, mut least) = (
        encrypted(folder.path(), "same.db", AS_THE_DEVICE),
        encrypted(folder.path(), "least.db", AS_FAST_AS_CAN_BE),
    );
    let policy = Policy::built_in();
    let mut number = 1;
    let mut subjects = [
        Subject::new("record and assess", || {
            number += 1;
            let child = record(&mut device, number);
            device.assess(child, &policy, wall()).expect("the child is held")
        }),
        Subject::new("one row, settings of the device", || same.append(&[&sealed], 1)),
        Subject::new("one row, write-ahead log", || least.append(&[&sealed], 1)),
    ];
    let times = medians(&mut subjects, rounds);
    head(&["one durable record", "median", "record / this"]);
    for (subject, time) in subjects.iter().zip(&times) {
        row(&[
            subject.name.to_owned(),
            format!("{:.0} µs", time.as_secs_f64() * 1e6),
            format!("{:.2}", times[0].as_secs_f64() / time.as_secs_f64()),
        ]);
    }
}

/// A file of a device that is enrolled and holds its caseload.
fn device(folder: &Path) -> Store {
    let conn = Connection::open(folder.join("device.db")).expect("the folder can be written to");
    let mut store = Store::create(conn, &testing::KEY).expect("the file is new");
    testing::enrol(&mut store, 1);
    let request = next_request(&mut store);
    store.receive(&caseload(&request)).expect("the caseload is sound");
    store
}

fn next_request(store: &mut Store) -> SyncRequest {
    store.sync_now().expect("the file is sound");
    let request = store.next_request(&ClockReading::wall(wall()), "bench 1");
    request.expect("the file is sound").expect("a request is due")
}

/// The answer that brings the caseload: children without a past, on a plan.
fn caseload(request: &SyncRequest) -> SyncResponse {
    let card = |n| ChildCard { record: on_a_plan(), ..testing::card(n) };
    SyncResponse {
        protocol: PROTOCOL,
        organisation: testing::ORGANISATION,
        log_epoch: 1,
        server_time: request.clock.wall.to_utc(),
        limits: Limits::DEFAULT,
        verdicts: Vec::new(),
        expected: Expected {
            epoch: request.epoch,
            seq: 1,
            previous: doorstep_core::seal::Hash::ORIGIN,
        },
        backed_up_to: 0,
        children: (1..=CHILDREN).map(card).collect(),
        forget: Vec::new(),
        events: Vec::new(),
        digests: Vec::new(),
        policy: None,
        settled: Vec::new(),
        cursor: Cursor("1.0.0.0".into()),
        more: false,
        children_left: 0,
        events_left: 0,
        anew: None,
        head: None,
        terms: None,
    }
}

/// Records what happens next around the child whose turn it is.
fn record(store: &mut Store, number: u64) -> ChildId {
    let turn = u8::try_from(number / RUN % u64::from(CHILDREN)).expect("a caseload is small");
    let (child, now) = (testing::child(turn + 1), wall());
    let draft = Draft::new(now, child, what(number));
    let clock = ClockReading::wall(now);
    store.record(&draft, &clock, testing::entropy(number)).expect("there is room");
    child
}

fn what(number: u64) -> What {
    happening(u32::try_from(number % RUN).expect("it is small"))
}

/// A record as it lies in the file.
fn sealed_once(store: &mut Store) -> SealedEvent {
    record(store, RUN);
    next_request(store).events.pop().expect("there is a record")
}

fn encrypted(folder: &Path, name: &str, settings: &str) -> Raw {
    let key = format!("PRAGMA key = \"x'{}'\";", "5a".repeat(48));
    Raw::create(folder, name, &format!("{key}{settings}"))
}
