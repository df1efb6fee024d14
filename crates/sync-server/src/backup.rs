//! Backup and restore of a data folder. The command calls these; a server may run meanwhile.
//!
//! A backup is one file, complete and checked before it gets its name; the key of the attachments
//! in it lies beside it, in a file that may be moved to a safer place. A restored store counts its
//! log anew, so that devices offer again what it lost.

pub mod schedule;

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use crate::attachment::{AttachmentKey, KEY_FILE, key_file};
use crate::sealing;
use crate::store::sqlite::{DatabaseCopy, FolderLock, SqliteStore, check_file, copy_checked};
use crate::store::{StoreError, Tx};

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
    /// Where the key lies that opens the attachments in it, if there are any and it was to be had.
    pub key: Option<PathBuf>,
    /// There are attachments in it.
    pub has_attachments: bool,
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
    let key = keep_key(folder, target)?;
    keep_sealing_keys(folder, target)?;
    let copy = copy_checked(&source, target, None)?;
    SqliteStore::record_backup(&source, copy)?;
    Ok(copied(target, copy, key))
}

fn copied(file: &Path, copy: DatabaseCopy, key: Option<PathBuf>) -> Copied {
    let DatabaseCopy { head, attachments, bytes } = copy;
    let has_attachments = attachments > 0;
    let key = key.filter(|_| has_attachments);
    Copied { file: file.to_owned(), head, bytes, key, has_attachments }
}

/// Puts the key of the attachments beside the backup, where it is not there already.
fn keep_key(folder: &Path, target: &Path) -> Result<Option<PathBuf>, StoreError> {
    let Some(key) = AttachmentKey::read(folder)? else { return Ok(None) };
    let beside = AttachmentKey::beside_backup(target, &key.id());
    if AttachmentKey::read_file(&beside)?.is_none() {
        key.write(&beside)?;
    }
    Ok(Some(beside))
}

/// Puts the keys to which devices seal copies beside the backup, where they are not there already:
/// a locked device may hand in to whoever restores it.
fn keep_sealing_keys(folder: &Path, target: &Path) -> Result<(), StoreError> {
    let newest = Some(folder.join(sealing::KEY_FILE)).filter(|file| file.exists());
    for file in newest.into_iter().chain(sealing::older(folder)?) {
        copy_sealing_key(&file, beside(target))?;
    }
    Ok(())
}

/// The folder of a backup.
fn beside(backup: &Path) -> &Path {
    let folder = backup.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new("."))
}

fn copy_sealing_key(file: &Path, to: &Path) -> Result<(), StoreError> {
    let Some(private) = key_file::read(file)? else { return Ok(()) };
    let target = to.join(sealing::kept_as(&private));
    if target.exists() { Ok(()) } else { key_file::write(&target, &private) }
}

/// Takes the key of the attachments from beside the backup, where the folder has none.
fn take_key(backup: &Path, folder: &Path) -> Result<Option<PathBuf>, StoreError> {
    let file = folder.join(KEY_FILE);
    let ids = SqliteStore::look(folder, key_ids)?;
    let here = AttachmentKey::read(folder)?;
    if let Some(key) = here {
        return Ok(ids.contains(&key.id()).then_some(file));
    }
    for id in ids {
        if let Some(key) = AttachmentKey::read_file(&AttachmentKey::beside_backup(backup, &id))? {
            key.write(&file)?;
            return Ok(Some(file));
        }
    }
    Ok(None)
}

/// The keys with which attachments are sealed, the one used last first.
fn key_ids(tx: &dyn Tx) -> Result<Vec<String>, StoreError> {
    let mut ids: Vec<_> = tx.attachments()?.into_iter().map(|upload| upload.key_id).collect();
    ids.reverse();
    ids.dedup();
    Ok(ids)
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
    let copy = copy_checked(backup, &target, Some(now))?;
    let key = if copy.attachments > 0 { take_key(backup, folder)? } else { None };
    for file in sealing::older(beside(backup))? {
        copy_sealing_key(&file, folder)?;
    }
    Ok(copied(&target, copy, key))
}
