//! Another key for the attachments: each is opened with the old one and sealed with the new one, in
//! a transaction of its own. What breaks off is gone on with; until then nothing uses either key.

use std::path::{Path, PathBuf};

use super::{AttachmentKey, KEY_FILE, key_file, read_whole};
use crate::ambient::Ambient;
use crate::store::attachments::{Chunk, Upload};
use crate::store::{Db, StoreError, Tx};

/// What was done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resealed {
    /// Attachments under the new key.
    pub attachments: usize,
    /// Attachments that the old key did not open: they stay as they are, and `verify` names them.
    pub unopened: usize,
    /// Where the old key lies now, for backups of before; none where there was none.
    pub kept: Option<PathBuf>,
}

/// Makes a new key, and seals every attachment with it. Nothing else may use the folder.
pub async fn rotate(db: &Db, folder: &Path, ambient: &Ambient) -> Result<Resealed, StoreError> {
    let file = folder.join(KEY_FILE);
    let Some(old) = AttachmentKey::read_file(&file)? else {
        AttachmentKey::read_or_make(folder, ambient)?;
        return Ok(Resealed::default());
    };
    let next = folder.join(key_file::next(KEY_FILE));
    let new = AttachmentKey::new(*key_file::read_or_make(&next, || ambient.random())?);
    let mut done = Resealed::default();
    for upload in db.read(|tx: &dyn Tx| tx.attachments()).await? {
        if upload.key_id == new.id() {
            done.attachments += 1;
            continue;
        }
        let (old, new, ambient) = (old.clone(), new.clone(), ambient.clone());
        let work = move |tx: &mut dyn Tx| reseal(tx, &upload, (&old, &new), &ambient);
        if db.write(work).await? {
            done.attachments += 1;
        } else {
            done.unopened += 1;
        }
    }
    let kept = AttachmentKey::beside_backup(&file, &old.id());
    if AttachmentKey::read_file(&kept)?.is_none() {
        old.write(&kept)?;
    }
    key_file::take_over(&next, &file)?;
    done.kept = Some(kept);
    Ok(done)
}

/// Seals one with the new key; whether the old one opened all of it.
fn reseal(
    tx: &mut dyn Tx,
    upload: &Upload,
    (old, new): (&AttachmentKey, &AttachmentKey),
    ambient: &Ambient,
) -> Result<bool, StoreError> {
    if upload.key_id != old.id() || read_whole(tx, upload, old)?.is_none() {
        return Ok(false);
    }
    let mut at = 0;
    while at < upload.received {
        let chunk = tx.chunk_at(upload.number, at)?;
        let chunk = chunk.ok_or(StoreError::Missing { what: "piece of an attachment" })?;
        let piece = old.open(upload.hash, at, &chunk.sealed);
        let piece = piece.ok_or(StoreError::Missing { what: "piece of an attachment" })?;
        let sealed = new.seal(ambient, upload.hash, at, &piece);
        tx.replace_chunk(upload.number, &Chunk { at, sealed })?;
        at += piece.len() as u64;
    }
    tx.rekey_upload(upload.number, &new.id())?;
    Ok(true)
}
