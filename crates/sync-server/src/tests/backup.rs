//! Backup, restoration, and a verification that finds what is wrong.

use std::collections::BTreeSet;
use std::path::Path;

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use chrono::TimeDelta;
use doorstep_core::policy::Policy;
use rusqlite::Connection;
use serde_json::Value;
use tower::ServiceExt as _;

use crate::backup::schedule::back_up_if_due;
use crate::backup::{BackupError, backup, restore};
use crate::http;
use crate::ingest::Incoming;
use crate::store::sqlite::SqliteStore;
use crate::testing::Bench;
use crate::verify::{Check, Report, verify};

async fn with_history() -> Bench {
    told(Bench::new().await).await
}

async fn told(bench: Bench) -> Bench {
    let child = bench.child("c1").await;
    let mut phone = bench.phone("ann").await;
    for seq in 1..=5 {
        let event = Incoming::Sealed(phone.no_response(child, bench.now()));
        bench.push(&phone, seq, vec![event]).await;
    }
    bench.push(&phone, 6, vec![Incoming::Unreadable("{}".into())]).await;
    bench
}

fn report(folder: &std::path::Path) -> Report {
    SqliteStore::look(folder, |tx| verify(tx, &Policy::built_in())).unwrap()
}

#[tokio::test]
async fn a_restored_store_is_whole_and_counts_its_log_anew() {
    let bench = with_history().await;
    let away = tempfile::tempdir().unwrap();
    let file = away.path().join("monday.db");
    let copied = backup(bench.folder.path(), &file).unwrap();
    assert_eq!(copied.head, 5);
    let organisation = bench.state.db.read(|tx| tx.organisation()).await.unwrap().unwrap();
    assert_eq!((organisation.backed_up_to, organisation.log_epoch), (5, 1));
    assert!(matches!(backup(bench.folder.path(), &file), Err(BackupError::Exists(_))));

    let elsewhere = away.path().join("restored");
    restore(&file, &elsewhere, bench.now()).unwrap();
    assert!(report(&elsewhere).is_sound(), "{}", report(&elsewhere));
    let restored = SqliteStore::look(&elsewhere, |tx| tx.organisation()).unwrap().unwrap();
    assert!(restored.log_epoch > 1);
    assert_eq!((restored.head, restored.id), (5, organisation.id));
    let again = restore(&file, &elsewhere, bench.now());
    assert!(matches!(again, Err(BackupError::Exists(_))));
}

/// A fault that is planted, the check that finds it, and what it says.
const FAULTS: &[(&str, Check, &str)] = &[
    (
        "UPDATE event SET body = replace(body, 'no-response', 'doorstep') WHERE position = 2",
        Check::Hashes,
        "position 2: the hash is not",
    ),
    (
        "UPDATE event SET signature = zeroblob(64) WHERE position = 3",
        Check::Signatures,
        "position 3: the signature is not",
    ),
    ("DELETE FROM event WHERE position = 4", Check::Positions, "the one before it is missing"),
    ("DELETE FROM event WHERE position = 4", Check::Chains, "number 4 is missing"),
    ("UPDATE organisation SET head = 9", Check::Positions, "ends at"),
    (
        "UPDATE event SET seq = 40 WHERE position = 4",
        Check::Filing,
        "position 4: the event is filed under another identity",
    ),
    (
        "UPDATE event SET kind = 'child-seen' WHERE position = 4",
        Check::Filing,
        "position 4: the event is filed under another type or time",
    ),
    (
        "UPDATE event SET at_ms = at_ms - 1 WHERE position = 4",
        Check::Filing,
        "position 4: the event is filed under another type or time",
    ),
    (
        "UPDATE event SET hash = zeroblob(32) WHERE position = 4",
        Check::Chains,
        "the chain breaks at 5",
    ),
    ("DELETE FROM quarantine", Check::Chains, "the chain's end"),
    (
        "UPDATE device_chain SET head = zeroblob(32)",
        Check::Chains,
        "the chain's end is not as stored",
    ),
    (
        "DELETE FROM event; DELETE FROM quarantine; \
         UPDATE organisation SET head = 0, backed_up_to = 0",
        Check::Chains,
        "the chain's events are missing",
    ),
    ("UPDATE quarantine SET bytes = '{ }'", Check::SetAside, "the hash is not that of what came"),
    ("UPDATE quarantine SET seq = 5", Check::SetAside, "the number is in the log too"),
    (
        "UPDATE child SET event_count = event_count + 1 WHERE external = 'c1'",
        Check::Digests,
        "the digest is not",
    ),
    (
        "DELETE FROM notice; DELETE FROM escalation_history; DELETE FROM escalation_told; \
         DELETE FROM escalation",
        Check::Ledger,
        "is missing in the ledger",
    ),
    (
        "DELETE FROM notice; DELETE FROM escalation_history; \
         DELETE FROM escalation_told; \
         DELETE FROM escalation \
         WHERE id = (SELECT min(id) FROM escalation WHERE ended_ms IS NULL)",
        Check::Ledger,
        "is missing in the ledger",
    ),
    ("DELETE FROM assessment", Check::Assessments, "no assessment"),
    (
        "UPDATE assessment SET next_change_ms = 1 WHERE next_change_ms IS NOT NULL",
        Check::Assessments,
        "another next limit",
    ),
    ("UPDATE escalation SET ended_ms = 1", Check::Ledger, "inbox"),
];

#[tokio::test]
async fn a_sound_store_verifies_and_each_planted_fault_is_found() {
    let bench = with_history().await;
    let sound = report(bench.folder.path());
    assert_eq!(sound.findings, []);
    assert_eq!((sound.events, sound.set_aside, sound.children), (5, 1, 2));
    assert!(sound.escalations > 0);

    let away = tempfile::tempdir().unwrap();
    for (number, (fault, check, expected)) in FAULTS.iter().enumerate() {
        let file = away.path().join(format!("{number}.db"));
        backup(bench.folder.path(), &file).unwrap();
        let folder = away.path().join(number.to_string());
        restore(&file, &folder, bench.now()).unwrap();
        Connection::open(SqliteStore::file(&folder)).unwrap().execute_batch(fault).unwrap();
        let report = report(&folder);
        let found: Vec<_> = report.found_by(*check).collect();
        assert!(found.iter().any(|what| what.contains(expected)), "{fault}\n{report}");
        assert!(report.to_string().contains(found[0]), "{report}");
    }
}

#[test]
fn a_folder_without_a_database_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let answer = backup(folder.path(), &folder.path().join("b.db"));
    assert!(matches!(answer, Err(BackupError::NothingThere(_))));
}

/// The names of what is in a folder.
fn names(folder: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// Looks at the schedule now; whether a backup was made.
async fn look(bench: &Bench) -> Result<bool, BackupError> {
    back_up_if_due(&bench.state, bench.now()).await.map(|made| made.is_some())
}

/// What `/readyz` says.
pub async fn readiness(bench: &Bench) -> (StatusCode, Value) {
    let request = Request::get("/readyz").body(Body::empty()).unwrap();
    let response = http::router(bench.state.clone()).oneshot(request).await.unwrap();
    let status = response.status();
    let text = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, serde_json::from_slice(&text).unwrap())
}

#[tokio::test]
async fn a_scheduled_backup_is_made_once_when_it_is_due_and_moves_the_watermark() {
    let away = tempfile::tempdir().unwrap();
    let folder = away.path().join("backups");
    let bench = Bench::with(|config| config.backup.folder = Some(folder.clone())).await;
    let bench = told(bench).await;
    // Monday 10:00; one a day at half past two.
    for (hours, due) in [(0, true), (0, false), (16, false), (1, true), (1, false), (48, true)] {
        bench.clock.pass(TimeDelta::hours(hours));
        assert_eq!(look(&bench).await.unwrap(), due, "{}", bench.now());
    }
    let organisation = bench.state.db.read(|tx| tx.organisation()).await.unwrap().unwrap();
    assert_eq!((organisation.backed_up_to, organisation.head), (5, 5));
    let made = names(&folder);
    assert_eq!(made.len(), 3, "{made:?}");
    let newest = made.last().unwrap();
    assert!(newest.ends_with("-20260305T040000Z.db"), "{newest}");
    let elsewhere = away.path().join("restored");
    restore(&folder.join(newest), &elsewhere, bench.now()).unwrap();
    assert!(report(&elsewhere).is_sound(), "{}", report(&elsewhere));
    bench.state.health.swept(bench.now());
    let (status, ready) = readiness(&bench).await;
    assert_eq!((status, &ready["backup"]["ok"]), (StatusCode::OK, &true.into()), "{ready}");
}

#[tokio::test]
async fn the_oldest_backups_go_and_nothing_else_does() {
    let away = tempfile::tempdir().unwrap();
    let folder = away.path().to_owned();
    let bench = Bench::with(|config| {
        config.backup.folder = Some(folder.clone());
        config.backup.keep = 2;
    });
    let bench = bench.await;
    let organisation = bench.state.db.read(|tx| tx.organisation()).await.unwrap().unwrap();
    let id = organisation.id.simple().to_string();
    let ours = format!("doorstep-{}-", &id[20..]);
    // Another organisation's, one by hand, one from a clock that was wrong, one that broke off.
    let others = ["doorstep-0123456789ab-20260101T000000Z.db".to_owned(), "by-hand.db".to_owned()];
    let (future, broken) =
        (format!("{ours}20300101T000000Z.db"), format!("{ours}20260301T000000Z.db.partial"));
    for name in others.iter().chain([&future, &broken]) {
        std::fs::write(folder.join(name), "x").unwrap();
    }
    for _ in 0..4 {
        assert!(look(&bench).await.unwrap(), "{}", bench.now());
        bench.clock.pass(TimeDelta::days(1));
    }
    let mut expected: BTreeSet<_> = others.into_iter().chain([future]).collect();
    expected.extend(["04", "05"].map(|day| format!("{ours}202603{day}T100000Z.db")));
    assert_eq!(names(&folder), expected);
}

#[tokio::test]
async fn a_backup_that_fails_is_said_and_takes_no_good_one_away() {
    let away = tempfile::tempdir().unwrap();
    let folder = away.path().join("backups");
    let bench = Bench::with(|config| {
        config.backup.folder = Some(folder.clone());
        config.backup.keep = 1;
    });
    let bench = told(bench.await).await;
    assert!(look(&bench).await.unwrap());
    let good = names(&folder);
    bench.clock.pass(TimeDelta::days(1));
    let next = format!("{}20260303T100000Z.db.partial", &good.first().unwrap()[..22]);
    // What stands where the copy is to be written cannot be removed as a file.
    std::fs::create_dir(folder.join(&next)).unwrap();
    let failed = bench.now();
    for _ in 0..2 {
        assert!(look(&bench).await.is_err());
        let (since, reason) = bench.state.health.backup.state().failing.unwrap();
        assert!(since == failed && !reason.is_empty(), "{since} {reason}");
        assert!(names(&folder).is_superset(&good));
    }
    bench.state.health.swept(bench.now());
    let (status, ready) = readiness(&bench).await;
    assert_eq!((status, &ready["backup"]["ok"]), (StatusCode::OK, &false.into()), "{ready}");

    bench.clock.pass(TimeDelta::minutes(15));
    assert!(look(&bench).await.unwrap());
    assert_eq!(bench.state.health.backup.state().failing, None);
    std::fs::remove_dir(folder.join(&next)).unwrap();
    assert_eq!(names(&folder).len(), 1);
    assert!(!names(&folder).is_superset(&good));
}
