//! Backup, restoration, and a verification that finds what is wrong.

use doorstep_core::policy::Policy;
use rusqlite::Connection;

use crate::backup::{BackupError, backup, restore};
use crate::ingest::Incoming;
use crate::store::sqlite::SqliteStore;
use crate::testing::Bench;
use crate::verify::{Report, verify};

async fn with_history() -> Bench {
    let bench = Bench::new().await;
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

#[tokio::test]
async fn a_sound_store_verifies_and_each_planted_fault_is_found() {
    let bench = with_history().await;
    let sound = report(bench.folder.path());
    assert_eq!(sound.findings, []);
    assert_eq!((sound.events, sound.set_aside, sound.children), (5, 1, 2));
    assert!(sound.escalations > 0);

    let faults = [
        (
            "UPDATE event SET body = replace(body, 'no-response', 'doorstep') WHERE position = 2",
            "hash",
        ),
        ("UPDATE event SET signature = zeroblob(64) WHERE position = 3", "signature"),
        ("DELETE FROM event WHERE position = 4", "missing"),
        ("UPDATE organisation SET head = 9", "ends at"),
        ("UPDATE child SET event_count = event_count + 1 WHERE external = 'c1'", "digest"),
        ("DELETE FROM quarantine", "chain's end"),
        ("DELETE FROM notice; DELETE FROM escalation_history; DELETE FROM escalation", "ledger"),
        ("DELETE FROM assessment", "no assessment"),
        (
            "UPDATE assessment SET body = json_set(body, '$.failed_contacts', 40) \
             WHERE body LIKE '%failed%'",
            "another answer",
        ),
        ("UPDATE escalation SET ended_ms = 1", "inbox"),
    ];
    let away = tempfile::tempdir().unwrap();
    for (number, (fault, expected)) in faults.into_iter().enumerate() {
        let file = away.path().join(format!("{number}.db"));
        backup(bench.folder.path(), &file).unwrap();
        let folder = away.path().join(number.to_string());
        restore(&file, &folder, bench.now()).unwrap();
        Connection::open(SqliteStore::file(&folder)).unwrap().execute_batch(fault).unwrap();
        let report = report(&folder).to_string();
        assert!(report.contains(expected), "{fault}\n{report}");
    }
}

#[test]
fn a_folder_without_a_database_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let answer = backup(folder.path(), &folder.path().join("b.db"));
    assert!(matches!(answer, Err(BackupError::NothingThere(_))));
}
