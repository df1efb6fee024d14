//! The file: encrypted, never silently replaced, never changed by whoever cannot open it, and never
//! without what it acknowledged.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::{Path, PathBuf};

use doorstep_device_store::testing::{
    KEY, child, clock, connection, enrol, enrolled_store, entropy, minute, noted,
};
use doorstep_device_store::{Draft, Error, Key, OpenError, Store};
use rusqlite::{Connection, OpenFlags};
use tempfile::TempDir;

mod office;

use office::{Office, sync};

const SECRET: &str = "the curtains were drawn and nobody came to the door";

struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("device.db")
    }

    fn bytes(&self) -> Vec<u8> {
        std::fs::read(self.path()).unwrap()
    }

    fn connect(&self) -> Connection {
        Connection::open(self.path()).unwrap()
    }

    fn open(&self, key: &Key) -> Result<Store, OpenError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        Store::open(Connection::open_with_flags(self.path(), flags).unwrap(), key)
    }

    /// A connection past the store, with the key.
    fn inside(&self) -> Connection {
        let conn = self.connect();
        conn.execute_batch(&format!("pragma key = \"x'{}'\"", hex::encode(KEY.0))).unwrap();
        conn
    }

    /// An enrolled device with one child and this many records.
    fn with_records(records: u64) -> Self {
        let place = Self::new();
        let mut store = Store::create(place.connect(), &KEY).unwrap();
        enrol(&mut store, 1);
        sync(&mut store, 1, &mut Office::new(&[1], &[1]), 0);
        for number in 0..records {
            store.record(&draft(), &clock(1), entropy(number)).unwrap();
        }
        place
    }
}

fn draft() -> Draft {
    Draft::new(minute(1), child(1), noted(SECRET))
}

fn files(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn what_was_recorded_is_there_after_opening_again() {
    let place = Place::with_records(3);
    let store = place.open(&KEY).unwrap();
    assert_eq!(store.own_records(10).unwrap().len(), 3);
    assert_eq!(store.status().unwrap().on_this_device, 3);
    assert!(store.check().unwrap().is_empty());
}

#[test]
fn nothing_in_the_file_can_be_read_without_the_key() {
    let place = Place::with_records(40);
    let bytes = place.bytes();
    assert_ne!(bytes[..16], [0; 16]);
    assert!(!bytes.starts_with(b"SQLite format 3"));
    for text in [SECRET, "own_event", "Child 1", "Person 1", "token-1", "Test Street"] {
        let found = bytes.windows(text.len()).any(|window| window == text.as_bytes());
        assert!(!found, "{text} is in the file");
    }
}

#[test]
fn the_search_for_plain_text_would_find_it() {
    let place = Place::new();
    let conn = place.connect();
    conn.execute_batch(&format!("create table a (x); insert into a values ('{SECRET}')")).unwrap();
    drop(conn);
    assert!(place.bytes().windows(SECRET.len()).any(|window| window == SECRET.as_bytes()));
}

#[test]
fn a_wrong_key_is_refused_and_changes_nothing() {
    let place = Place::with_records(2);
    let (before, names) = (place.bytes(), files(place.folder.path()));
    let mut other_key = KEY.0;
    other_key[0] ^= 1;
    for key in [Key([1; 48]), Key(other_key)] {
        let refusal = place.open(&key).unwrap_err();
        assert!(matches!(refusal, OpenError::WrongKey(_)), "{refusal}");
    }
    assert!(matches!(Store::create(place.connect(), &Key([1; 48])), Err(OpenError::WrongKey(_))));
    assert_eq!(place.bytes(), before);
    assert_eq!(files(place.folder.path()), names);
    place.open(&KEY).unwrap();
}

#[test]
fn a_flipped_byte_is_noticed_and_nothing_is_repaired_or_removed() {
    let place = Place::with_records(40);
    let sound = place.bytes();
    let mut noticed = 0;
    for at in (0..sound.len()).step_by(1021).skip(1) {
        let mut damaged = sound.clone();
        damaged[at] ^= 0x10;
        std::fs::write(place.path(), &damaged).unwrap();
        match place.open(&KEY) {
            Err(OpenError::WrongKey(_)) => assert!(at < 4096, "{at}"),
            Err(OpenError::Damaged(_)) => {}
            Err(other) => panic!("{at}: {other}"),
            Ok(store) => {
                let faults = store.check();
                assert!(
                    matches!(&faults, Err(Error::Damaged(_)))
                        || faults.as_ref().is_ok_and(|faults| !faults.is_empty()),
                    "{at}: {faults:?}"
                );
            }
        }
        noticed += 1;
        assert_eq!(place.bytes(), damaged, "{at}");
    }
    assert!(noticed > 20);
    std::fs::write(place.path(), &sound).unwrap();
    assert!(place.open(&KEY).unwrap().check().unwrap().is_empty());
}

#[test]
fn a_file_that_is_cut_short_is_refused_and_left_as_it_is() {
    let place = Place::with_records(40);
    let sound = place.bytes();
    for length in [1, 100, 4095, 4096] {
        std::fs::write(place.path(), &sound[..length]).unwrap();
        let refused = match place.open(&KEY) {
            // Less than one page is nothing to SQLite, which is no leave to make a store there.
            Err(OpenError::Missing) => length < 4096,
            Err(OpenError::WrongKey(_) | OpenError::Damaged(_)) => true,
            Err(_) => false,
            Ok(store) => store.check().is_ok_and(|faults| !faults.is_empty()),
        };
        assert!(refused, "{length}");
        drop(place.open(&KEY));
        assert_eq!(place.bytes(), &sound[..length], "{length}");
    }
}

#[test]
fn a_missing_store_is_never_made_anew_in_silence() {
    let place = Place::new();
    assert!(matches!(Store::open(place.connect(), &KEY), Err(OpenError::Missing)));
    assert_eq!(place.bytes().len(), 0);
}

#[test]
fn a_store_is_never_made_over_another_one() {
    let place = Place::with_records(1);
    let before = place.bytes();
    assert!(matches!(Store::create(place.connect(), &KEY), Err(OpenError::Exists)));
    assert_eq!(place.bytes(), before);
}

#[test]
fn a_file_of_a_newer_app_is_refused_by_name_and_left_as_it_is() {
    let place = Place::with_records(1);
    place
        .inside()
        .execute_batch(
            "insert into schema_step (version, name) values (99, '0099_holograms');
             pragma user_version = 99;",
        )
        .unwrap();
    let before = place.bytes();
    let refusal = place.open(&KEY).unwrap_err();
    assert!(matches!(refusal, OpenError::Newer { file: 99, .. }), "{refusal}");
    assert!(refusal.to_string().contains("0099_holograms"), "{refusal}");
    assert_eq!(place.bytes(), before);
}

#[test]
fn a_foreign_database_is_refused() {
    let place = Place::new();
    place.inside().execute_batch("create table letters (x)").unwrap();
    assert!(matches!(place.open(&KEY), Err(OpenError::Foreign)));
}

#[test]
fn a_store_in_use_says_so() {
    let place = Place::with_records(1);
    let other = place.inside();
    other.execute_batch("begin exclusive").unwrap();
    let conn = place.connect();
    conn.busy_timeout(std::time::Duration::ZERO).unwrap();
    assert!(matches!(Store::open(conn, &KEY), Err(OpenError::InUse(_))));
}

#[test]
fn a_crash_loses_nothing_that_was_acknowledged() {
    let place = Place::with_records(2);
    let store = place.open(&KEY).unwrap();
    // The app is gone in the middle of the next record: it never said that this one was saved.
    let conn = place.inside();
    conn.execute_batch(
        "begin immediate;
         insert into draft values ('half', 'done', 0);
         delete from own_event;",
    )
    .unwrap();
    drop(conn);
    drop(store);
    let store = place.open(&KEY).unwrap();
    assert_eq!(store.own_records(10).unwrap().len(), 2);
    assert!(store.drafts().unwrap().is_empty());
}

#[test]
fn the_disk_as_it_was_in_the_middle_of_a_write_opens_as_before_it() {
    let place = Place::with_records(30);
    let conn = place.inside();
    conn.execute_batch(
        "pragma cache_size = 2; pragma cache_spill = 1; pragma journal_mode = truncate;
         begin immediate; delete from own_event; create table ballast (x);
         with recursive n (i) as (select 1 union all select i + 1 from n where i < 400)
         insert into ballast select randomblob(2000) from n;",
    )
    .unwrap();
    let copy = Place::new();
    for name in files(place.folder.path()) {
        std::fs::copy(place.folder.path().join(&name), copy.folder.path().join(&name)).unwrap();
    }
    assert_ne!(copy.bytes(), Vec::<u8>::new());
    assert_eq!(files(copy.folder.path()), ["device.db", "device.db-journal"]);
    let store = copy.open(&KEY).unwrap();
    assert_eq!(store.own_records(100).unwrap().len(), 30);
    assert!(store.check().unwrap().is_empty());
}

#[test]
fn an_own_event_can_not_be_changed() {
    let place = Place::with_records(1);
    let changed = place.inside().execute("update own_event set child = 'another'", []);
    assert!(changed.unwrap_err().to_string().contains("never changed"));
}

#[test]
fn the_settings_that_make_a_commit_durable_are_on() {
    let place = Place::with_records(1);
    let conn = place.connect();
    let store = Store::open(conn, &KEY).unwrap();
    let setting = |name: &str| -> String {
        let read = |row: &rusqlite::Row<'_>| {
            Ok(match row.get_ref(0)? {
                rusqlite::types::ValueRef::Integer(number) => number.to_string(),
                other => other.as_str()?.to_owned(),
            })
        };
        connection(&store).query_row(&format!("pragma {name}"), [], read).unwrap()
    };
    for (name, value) in [
        ("journal_mode", "truncate"),
        ("synchronous", "2"),
        ("foreign_keys", "1"),
        ("secure_delete", "1"),
    ] {
        assert_eq!(setting(name), value, "{name}");
    }
}

#[test]
fn a_full_disk_keeps_nothing_of_a_record_and_says_so() {
    let mut store = enrolled_store(1);
    sync(&mut store, 1, &mut Office::new(&[1], &[1]), 0);
    connection(&store).execute_batch("pragma max_page_count = 60").unwrap();
    let mut kept = 0;
    let refusal = loop {
        let long = Draft::new(minute(1), child(1), noted(&"x".repeat(3000)));
        match store.record(&long.and(child(1), noted(SECRET)), &clock(1), entropy(kept)) {
            Ok(_) => kept += 1,
            Err(refusal) => break refusal,
        }
    };
    assert!(matches!(refusal, Error::Full(_)), "{refusal}");
    assert_eq!(store.own_records(100).unwrap().len() as u64, 2 * kept);
}
