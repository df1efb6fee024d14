//! Whether all pieces of an attachment together are what a record names.

use doorstep_core::attachment::{Intake, MediaType};
use doorstep_core::ids::DeviceId;
use doorstep_core::seal::Hash;
use doorstep_core::wire::AttachmentState;

use super::take::{expect_type, state, usable};
use super::{AttachmentKey, Refused};
use crate::store::attachments::Upload;
use crate::store::{StoreError, Tx};

/// What all pieces come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Whole {
    /// The hash of what is there.
    pub hash: Hash,
    /// How many bytes there are.
    pub bytes: u64,
    /// What they begin as.
    pub media_type: Option<MediaType>,
}

/// Reads an upload from its first piece to its last, one at a time. None where a piece cannot be
/// opened.
pub fn read_whole(
    tx: &dyn Tx,
    upload: &Upload,
    key: &AttachmentKey,
) -> Result<Option<Whole>, StoreError> {
    let mut intake = Intake::default();
    while intake.bytes() < upload.received {
        let Some(chunk) = tx.chunk_at(upload.number, intake.bytes())? else { return Ok(None) };
        let opened = key.open(upload.hash, chunk.at, &chunk.sealed);
        let Some(piece) = opened.filter(|_| chunk.at == intake.bytes()) else { return Ok(None) };
        intake.take(&piece);
    }
    let (bytes, media_type) = (intake.bytes(), intake.media_type());
    Ok(Some(Whole { hash: intake.hash(), bytes, media_type }))
}

/// Makes an upload count, or throws it away, by what its pieces came to. The inner answer says why
/// it does not count; the transaction is to be kept all the same.
pub fn finish(
    tx: &mut dyn Tx,
    hash: Hash,
    device: DeviceId,
    whole: Option<Whole>,
    key: &AttachmentKey,
) -> Result<Result<AttachmentState, Refused>, StoreError> {
    let Some(upload) = tx.upload(hash, device)? else { return Ok(Err(Refused::NotOffered)) };
    if upload.is_complete || upload.received < upload.bytes {
        return Ok(Ok(state(&upload)));
    }
    let sound = match whole {
        Some(whole) if whole.hash == hash && whole.bytes == upload.bytes => {
            expect_type(upload.media_type, whole.media_type)
        }
        _ => Err(Refused::Mismatch),
    };
    if let Err(refused) = sound {
        tx.remove_upload(upload.number)?;
        return Ok(Err(refused));
    }
    tx.put_sender(hash, device)?;
    if let Some(complete) = usable(tx, hash, key)? {
        // Another device was faster with the same bytes.
        tx.remove_upload(upload.number)?;
        return Ok(Ok(state(&complete)));
    }
    // What lies here under a key that is gone makes room for what can be read.
    if let Some(lost) = tx.attachment(hash)? {
        tx.remove_upload(lost.number)?;
    }
    tx.complete_upload(upload.number, upload.media_type)?;
    Ok(Ok(state(&Upload { is_complete: true, ..upload })))
}
