//! Copying a whole database file safely: under another name first, checked, flushed, then renamed.

use std::fs::File;
use std::path::Path;

use chrono::{DateTime, Utc};
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use super::open::{BUSY, beside};
use super::{SqliteStore, SqliteTx, failed};
use crate::store::{Directory as _, StoreError};

/// What a copy holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DatabaseCopy {
    /// The position of the last event in it.
    pub head: u64,
    /// The place of the attachment in it that was completed last.
    pub attachments: u64,
    /// Its size in bytes.
    pub bytes: u64,
}

/// Copies the database `source` to `target`. With `new_epoch`, the copy's log begins a new epoch at
/// that instant.
pub fn copy_checked(
    source: &Path,
    target: &Path,
    new_epoch: Option<DateTime<Utc>>,
) -> Result<DatabaseCopy, StoreError> {
    let partial = beside(target, ".partial");
    if partial.exists() {
        // What an interrupted copy left behind. It never had the name of a backup.
        std::fs::remove_file(&partial).map_err(file_fault("remove", &partial))?;
    }
    let mut copy = Connection::open(&partial).map_err(failed("make the copy"))?;
    copy_pages(source, &mut copy)?;
    copy.execute_batch("PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL;")
        .map_err(failed("finish the copy"))?;
    if let Some(now) = new_epoch {
        begin_epoch(&copy, now)?;
    }
    let finding: String = copy
        .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
        .map_err(failed("check the copy"))?;
    if finding != "ok" {
        return Err(StoreError::Damaged { file: source.to_owned(), finding });
    }
    let head: i64 = copy
        .query_row("SELECT coalesce(max(head), 0) FROM organisation", [], |row| row.get(0))
        .map_err(failed("read the copy's head"))?;
    let attachments = SqliteTx::on(&copy).last_completed()?;
    copy.close().map_err(|(_, error)| failed("close the copy")(error))?;
    let bytes = settle(&partial, target)?;
    Ok(DatabaseCopy { head: u64::try_from(head).unwrap_or(0), attachments, bytes })
}

fn copy_pages(source: &Path, copy: &mut Connection) -> Result<(), StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let from = Connection::open_with_flags(source, flags).map_err(failed("open the database"))?;
    from.busy_timeout(BUSY).map_err(failed("open the database"))?;
    // The server alone folds its journal into the file.
    from.execute_batch("PRAGMA wal_autocheckpoint = 0; PRAGMA query_only = ON")
        .map_err(failed("open the database"))?;
    let backup = Backup::new(&from, copy).map_err(failed("begin the copy"))?;
    // All pages in one step: they belong to one instant, and a writer is not held up by a reader.
    match backup.step(-1).map_err(failed("copy the database"))? {
        StepResult::Done => Ok(()),
        other => {
            let source = format!("the copy ended early: {other:?}").into();
            Err(StoreError::Query { operation: "copy the database", source })
        }
    }
}

/// Positions from before mean nothing in a restored store. The epoch grows with the clock, so that
/// two restorations of the same backup differ.
fn begin_epoch(copy: &Connection, now: DateTime<Utc>) -> Result<(), StoreError> {
    let seconds = u32::try_from(now.timestamp()).unwrap_or(u32::MAX);
    copy.execute(
        "UPDATE organisation SET log_epoch = max(log_epoch + 1, ?1), backed_up_to = head",
        [seconds],
    )
    .map_err(failed("begin a new epoch"))?;
    let tx = SqliteTx::on(copy);
    match tx.last_completed()? {
        // None, or a store of a release that knew none.
        0 => Ok(()),
        last => tx.attachments_backed_up(last),
    }
}

/// Flushes the file to the disk and gives it its name.
fn settle(partial: &Path, target: &Path) -> Result<u64, StoreError> {
    let file = File::open(partial).map_err(file_fault("open", partial))?;
    file.sync_all().map_err(file_fault("flush", partial))?;
    let bytes = file.metadata().map_err(file_fault("look at", partial))?.len();
    std::fs::rename(partial, target).map_err(file_fault("name", target))?;
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let opened = File::open(folder).map_err(file_fault("open", folder))?;
    opened.sync_all().map_err(file_fault("flush", folder))?;
    Ok(bytes)
}

fn file_fault(operation: &'static str, file: &Path) -> impl FnOnce(std::io::Error) -> StoreError {
    let file = file.to_owned();
    move |source| StoreError::File { operation, file, source }
}

impl SqliteStore {
    /// Records in the database file that what `copy` holds is backed up, whether a server runs on
    /// it or not.
    pub fn record_backup(file: &Path, copy: DatabaseCopy) -> Result<(), StoreError> {
        let conn = Connection::open(file).map_err(failed("open the database"))?;
        conn.busy_timeout(BUSY).map_err(failed("open the database"))?;
        conn.execute_batch("PRAGMA wal_autocheckpoint = 0; PRAGMA synchronous = FULL")
            .map_err(failed("open the database"))?;
        if copy.attachments > 0 {
            SqliteTx::on(&conn).attachments_backed_up(copy.attachments)?;
        }
        SqliteTx::on(&conn).put_backed_up_to(copy.head)
    }
}
