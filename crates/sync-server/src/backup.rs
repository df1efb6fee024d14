//! Backup and restore of a data folder. The command calls these; a server may run meanwhile.
//!
//! A backup is one file, complete and checked before it gets its name. A restored store counts its
//! log anew, so that devices offer again what it lost.

pub mod schedule;

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use crate::store::StoreError;
use crate::store::sqlite::{FolderLock, SqliteStore, check_file, copy_checked};

/// Why a backup was not made, or not restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is no database to back up.
    #[error("there is no database in {0}")]
    NothingThere(PathBuf),
    /// The file is there already.
    #[error("{0} is there already: choose another name; it was not changed")]
    Exists(PathBuf),
    /// The folder of the backups cannot be made or read.
    #[error("the folder of the backups, {folder}, cannot be used")]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// The copying ended by itself.
    #[error("the backup broke off: {0}")]
    Ended(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What was copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// The file that was written.
    pub file: PathBuf,
    /// The position of the last event in it.
    pub head: u64,
    /// Its size in bytes.
    pub bytes: u64,
}

/// Backs up the store in `folder` to `target`, and records in the store how far the log is safe.
/// The server may go on working.
pub fn backup(folder: &Path, target: &Path) -> Result<Copied, BackupError> {
    let source = SqliteStore::file(folder);
    if !source.exists() {
        return Err(BackupError::NothingThere(folder.to_owned()));
    }
    if target.exists() {
        return Err(BackupError::Exists(target.to_owned()));
    }
    check_file(&source)?;
    let (head, bytes) = copy_checked(&source, target, None)?;
    SqliteStore::record_backup(&source, head)?;
    Ok(Copied { file: target.to_owned(), head, bytes })
}

/// Restores `backup` into `folder`, which must not hold a database, and gives the log a new epoch
/// at `now`. The backup itself is only read.
pub fn restore(backup: &Path, folder: &Path, now: DateTime<Utc>) -> Result<Copied, BackupError> {
    if !backup.is_file() {
        return Err(BackupError::NothingThere(backup.to_owned()));
    }
    let _lock = FolderLock::take(folder)?;
    let target = SqliteStore::file(folder);
    if target.exists() {
        return Err(BackupError::Exists(target));
    }
    check_file(backup)?;
    let (head, bytes) = copy_checked(backup, &target, Some(now))?;
    Ok(Copied { file: target, head, bytes })
}
