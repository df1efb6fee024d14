//! The store's laws on SQLite, and what is refused when it is opened.

use std::time::Duration;

use rusqlite::Connection;

use crate::store::migrate::MIGRATIONS;
use crate::store::sqlite::{DATABASE_FILE, SqliteStore};
use crate::store::{StoreError, contract};
use crate::testing::{Bench, open};

fn try_open(folder: &std::path::Path) -> Result<SqliteStore, StoreError> {
    SqliteStore::open(folder, 1, Duration::ZERO)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_keeps_the_laws() {
    let mut folders = Vec::new();
    contract::all(|| {
        let folder = tempfile::tempdir().unwrap();
        let db = open(folder.path());
        folders.push(folder);
        db
    })
    .await;
}

#[test]
fn a_second_server_on_the_same_folder_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let first = try_open(folder.path()).unwrap();
    let error = try_open(folder.path()).err().unwrap().to_string();
    assert!(error.contains(&std::process::id().to_string()), "{error}");
    drop(first);
    try_open(folder.path()).unwrap();
}

#[test]
fn a_file_that_is_refused_is_not_changed() {
    type Make = fn(&std::path::Path);
    let cases: [(&str, Make); 4] = [
        ("newer release", |file| {
            drop(try_open(file.parent().unwrap()).unwrap());
            let conn = Connection::open(file).unwrap();
            conn.execute_batch("PRAGMA user_version = 999").unwrap();
        }),
        ("not a doorstep server's", |file| {
            Connection::open(file).unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
        }),
        ("damaged or not a database", |file| std::fs::write(file, [b'x'; 9000]).unwrap()),
        ("damaged or not a database", |file| {
            drop(try_open(file.parent().unwrap()).unwrap());
            let mut bytes = std::fs::read(file).unwrap();
            bytes[5000..20_000].fill(0xAB);
            std::fs::write(file, bytes).unwrap();
        }),
    ];
    for (sentence, make) in cases {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(DATABASE_FILE);
        make(&file);
        let before = std::fs::read(&file).unwrap();
        let error = try_open(folder.path()).err().unwrap().to_string();
        assert!(error.contains(sentence), "{error}");
        assert!(error.contains("was not changed"), "{error}");
        assert_eq!(std::fs::read(&file).unwrap(), before, "{sentence}");
    }
}

#[test]
fn an_upgraded_file_equals_a_fresh_one() {
    let shape = |folder: &std::path::Path| {
        let conn = Connection::open(folder.join(DATABASE_FILE)).unwrap();
        let mut statement =
            conn.prepare("SELECT type, name, sql FROM sqlite_schema ORDER BY type, name").unwrap();
        let row = |row: &rusqlite::Row<'_>| {
            Ok((
                row.get::<_, String>(0)?,
                row.get::<_, String>(1)?,
                row.get::<_, Option<String>>(2)?,
            ))
        };
        statement.query_map([], row).unwrap().collect::<Result<Vec<_>, _>>().unwrap()
    };
    let fresh = tempfile::tempdir().unwrap();
    drop(try_open(fresh.path()).unwrap());
    for version in 1..MIGRATIONS.len() {
        let folder = tempfile::tempdir().unwrap();
        let conn = Connection::open(folder.path().join(DATABASE_FILE)).unwrap();
        crate::store::sqlite::migrate(&conn, version).unwrap();
        drop(conn);
        drop(try_open(folder.path()).unwrap());
        assert_eq!(shape(folder.path()), shape(fresh.path()), "from version {version}");
    }
}

#[tokio::test]
async fn what_was_written_is_there_after_a_restart() {
    let bench = Bench::new().await;
    let child = bench.child("c1").await;
    let mut phone = bench.phone("ann").await;
    let event = crate::ingest::Incoming::Sealed(phone.no_response(child, bench.now()));
    bench.push(&phone, 1, vec![event]).await;
    let Bench { state, folder, .. } = bench;
    drop(state);
    let db = open(folder.path());
    let log = db.read(|tx| tx.log_page(0, 10)).await;
    let log: Result<_, StoreError> = log;
    assert_eq!(log.unwrap().len(), 1);
}
