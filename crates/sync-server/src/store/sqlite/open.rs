//! Opening the file: the folder's lock, what is refused, and bringing the tables up to date.
//! A file that is refused is not changed.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::failed;
use crate::store::StoreError;
use crate::store::migrate::MIGRATIONS;

/// The database's name in the data folder.
pub const DATABASE_FILE: &str = "doorstep.db";
/// Memory for pages of the file, for each connection that reads.
const READ_CACHE_KIB: u32 = 16 * 1024;
/// The same for the connection that writes: every index of a large store has its last pages there.
const WRITE_CACHE_KIB: u32 = 64 * 1024;
/// Pages in the write-ahead log after which they are copied into the file. A page that changes
/// again and again is copied once for all of it.
const CHECKPOINT_PAGES: u32 = 4000;
const LOCK_FILE: &str = "doorstep.lock";
/// Says in the file's header that it is ours: `DOOR`.
const APPLICATION_ID: i64 = 0x444F_4F52;
/// How long a statement waits for a lock of another connection.
pub(super) const BUSY: Duration = Duration::from_secs(10);

/// Keeps a second server out of a data folder for as long as it lives.
#[derive(Debug)]
pub struct FolderLock {
    _file: File,
}

impl FolderLock {
    /// Takes the folder, and makes it where it is not there.
    pub fn take(folder: &Path) -> Result<Self, StoreError> {
        let fault = |operation, file: &Path| {
            let file = file.to_owned();
            move |source| StoreError::File { operation, file, source }
        };
        std::fs::create_dir_all(folder).map_err(fault("make", folder))?;
        let path = folder.join(LOCK_FILE);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(fault("open", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut pid = String::new();
                // Without the number the refusal is still right.
                let _ = file.read_to_string(&mut pid);
                let pid = if pid.trim().is_empty() { "unknown" } else { pid.trim() }.to_owned();
                return Err(StoreError::InUse { folder: folder.to_owned(), pid });
            }
            Err(TryLockError::Error(source)) => return Err(fault("lock", &path)(source)),
        }
        file.set_len(0).map_err(fault("write", &path))?;
        file.rewind().map_err(fault("write", &path))?;
        write!(file, "{}", std::process::id()).map_err(fault("write", &path))?;
        Ok(Self { _file: file })
    }
}

/// Opens the connection that writes; makes the file and its tables where they are not there.
pub(super) fn open_writer(file: &Path) -> Result<Connection, StoreError> {
    if file.exists() {
        check_file(file)?;
    }
    let conn = Connection::open(file).map_err(failed("open the database"))?;
    settle(&conn, WRITE_CACHE_KIB)?;
    conn.execute_batch(&format!(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY; \
         PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES};"
    ))
    .map_err(failed("switch to write-ahead logging"))?;
    migrate(&conn, MIGRATIONS.len()).map_err(failed("bring the tables up to date"))?;
    Ok(conn)
}

/// Opens a connection that reads.
pub(super) fn open_reader(file: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn =
        Connection::open_with_flags(file, flags).map_err(failed("open the database to read"))?;
    settle(&conn, READ_CACHE_KIB)?;
    conn.execute_batch("PRAGMA query_only = ON").map_err(failed("open the database to read"))?;
    Ok(conn)
}

fn settle(conn: &Connection, cache_kib: u32) -> Result<(), StoreError> {
    conn.busy_timeout(BUSY).map_err(failed("prepare a connection"))?;
    conn.set_prepared_statement_cache_capacity(128);
    conn.execute_batch(&format!("PRAGMA cache_size = -{cache_kib}"))
        .map_err(failed("prepare a connection"))?;
    conn.execute_batch(
        "PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; \
         PRAGMA fullfsync = ON;",
    )
    .map_err(failed("prepare a connection"))
}

/// Refuses a file that is damaged, not ours, or newer; answers its version. Looks only.
pub fn check_file(file: &Path) -> Result<usize, StoreError> {
    let damaged = |finding: &dyn std::fmt::Display| StoreError::Damaged {
        file: file.to_owned(),
        finding: finding.to_string(),
    };
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(file, flags).map_err(|error| damaged(&error))?;
    conn.busy_timeout(BUSY).map_err(|error| damaged(&error))?;
    let read = |sql: &str| conn.query_row(sql, [], |row| row.get::<_, i64>(0));
    let application = read("PRAGMA application_id").map_err(|error| damaged(&error))?;
    let version = read("PRAGMA user_version").map_err(|error| damaged(&error))?;
    let tables = read("SELECT count(*) FROM sqlite_schema").map_err(|error| damaged(&error))?;
    let is_fresh = application == 0 && version == 0 && tables == 0;
    if application != APPLICATION_ID && !is_fresh {
        return Err(StoreError::Foreign { file: file.to_owned() });
    }
    let found = usize::try_from(version).unwrap_or(usize::MAX);
    if found > MIGRATIONS.len() {
        let known = MIGRATIONS.len();
        return Err(StoreError::Newer { file: file.to_owned(), found, known });
    }
    let finding = conn
        .query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0))
        .map_err(|error| damaged(&error))?;
    if finding == "ok" { Ok(found) } else { Err(damaged(&finding)) }
}

/// Brings the tables to `target`, each step in its own transaction; the runner writes the version.
pub(crate) fn migrate(conn: &Connection, target: usize) -> rusqlite::Result<()> {
    let found: i64 = conn.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let found = usize::try_from(found).unwrap_or(0);
    for (place, step) in MIGRATIONS.iter().enumerate().take(target).skip(found) {
        let tx = conn.unchecked_transaction()?;
        tx.execute_batch(step.sqlite)?;
        tx.execute_batch(&format!(
            "PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {};",
            place + 1
        ))?;
        tx.commit()?;
    }
    Ok(())
}

/// The path of a file beside another.
pub(super) fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
