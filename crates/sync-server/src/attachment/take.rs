//! Taking an attachment in: what is to come, then piece by piece. A piece that is there already is
//! passed over, so that everything may be sent again.

use chrono::{DateTime, Utc};
use doorstep_core::attachment::{MediaType, TYPE_BYTES};
use doorstep_core::seal::Hash;
use doorstep_core::wire::{AttachmentOffer, AttachmentProgress, AttachmentState, Limits};

use super::{AttachmentError, AttachmentKey, Refused, UNNAMED_BYTES_MAX};
use crate::ambient::Ambient;
use crate::store::attachments::{Chunk, Upload};
use crate::store::devices::Device;
use crate::store::{StoreError, Tx};

/// A device says what it has: how much of it is here already. Nothing is lost by asking again.
pub fn offer(
    tx: &mut dyn Tx,
    device: &Device,
    hash: Hash,
    offer: AttachmentOffer,
    key: &AttachmentKey,
    limits: &Limits,
    now: DateTime<Utc>,
) -> Result<AttachmentState, AttachmentError> {
    if offer.bytes == 0 || offer.bytes > limits.attachment_bytes {
        return Err(Refused::Size { limit: limits.attachment_bytes }.into());
    }
    let named = is_named_by(tx, device, hash)?;
    if !named && is_shut_out(tx, device, now)? {
        return Err(Refused::ShutOut.into());
    }
    if let Some(complete) = sent_before(tx, hash, device, key)? {
        return Ok(state(&complete));
    }
    if let Some(upload) = tx.upload(hash, device.id)? {
        let same = (upload.bytes, upload.media_type) == (offer.bytes, offer.media_type);
        if same && !upload.is_complete && upload.key_id == key.id() {
            return Ok(state(&upload));
        }
        // It was announced as something else, or lies here under a key that is gone.
        tx.remove_upload(upload.number)?;
    }
    if !named && tx.unnamed_bytes(device.id)?.saturating_add(offer.bytes) > UNNAMED_BYTES_MAX {
        return Err(Refused::Unnamed.into());
    }
    let upload = Upload {
        number: 0,
        hash,
        device: device.id,
        media_type: offer.media_type,
        bytes: offer.bytes,
        received: 0,
        key_id: key.id(),
        touched: now,
        is_complete: false,
        backed_up: false,
    };
    tx.begin_upload(&upload)?;
    Ok(state(&upload))
}

/// A piece of an attachment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Of which.
    pub hash: Hash,
    /// Where it begins.
    pub at: u64,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// Takes the next piece. Whether the whole has the hash is asked when there are no more to come
/// ([`super::finish`]).
pub fn take(
    tx: &mut dyn Tx,
    device: &Device,
    piece: &Piece,
    key: &AttachmentKey,
    ambient: &Ambient,
    limits: &Limits,
) -> Result<AttachmentState, AttachmentError> {
    let Piece { hash, at, bytes } = piece;
    let length = bytes.len() as u64;
    if bytes.is_empty() || bytes.len() > limits.attachment_chunk_bytes {
        return Err(Refused::ChunkSize { limit: limits.attachment_chunk_bytes }.into());
    }
    if let Some(complete) = sent_before(tx, *hash, device, key)? {
        return Ok(state(&complete));
    }
    let upload = tx.upload(*hash, device.id)?.filter(|upload| upload.key_id == key.id());
    let mut upload = upload.ok_or(Refused::NotOffered)?;
    if at.checked_add(length).is_none_or(|end| end > upload.bytes) {
        return Err(Refused::BeyondEnd { bytes: upload.bytes }.into());
    }
    if *at > upload.received {
        return Err(Refused::Offset { received: upload.received }.into());
    }
    let known = usize::try_from(upload.received - at).unwrap_or(usize::MAX);
    let Some(fresh) = bytes.get(known..).filter(|fresh| !fresh.is_empty()) else {
        return Ok(state(&upload));
    };
    if upload.received == 0 && (fresh.len() >= TYPE_BYTES || length == upload.bytes) {
        expect_type(upload.media_type, MediaType::of(fresh))?;
    }
    let sealed = key.seal(ambient, *hash, upload.received, fresh);
    let chunk = Chunk { at: upload.received, sealed };
    upload.received += fresh.len() as u64;
    tx.add_chunk(upload.number, &chunk, upload.received, ambient.now())?;
    Ok(state(&upload))
}

/// Refuses what is not what it was said to be.
pub(super) fn expect_type(claimed: MediaType, found: Option<MediaType>) -> Result<(), Refused> {
    if found == Some(claimed) { Ok(()) } else { Err(Refused::MediaType { claimed, found }) }
}

/// The complete attachment that can be read with this key.
pub(super) fn usable(
    tx: &dyn Tx,
    hash: Hash,
    key: &AttachmentKey,
) -> Result<Option<Upload>, StoreError> {
    Ok(tx.attachment(hash)?.filter(|complete| complete.key_id == key.id()))
}

/// The same, where this device sent its bytes. From others that it is here is not told: whoever
/// names a hash has to bring the bytes.
fn sent_before(
    tx: &dyn Tx,
    hash: Hash,
    device: &Device,
    key: &AttachmentKey,
) -> Result<Option<Upload>, StoreError> {
    if tx.has_sent(hash, device.id)? { usable(tx, hash, key) } else { Ok(None) }
}

/// Whether a record of this device names the hash, in the log or set aside.
fn is_named_by(tx: &dyn Tx, device: &Device, hash: Hash) -> Result<bool, StoreError> {
    Ok(tx.names(device.id, hash)? || tx.set_aside_holds(device.id, &hash.to_string())?)
}

/// Whether the device or its person may not speak any more.
pub(super) fn is_shut_out(
    tx: &dyn Tx,
    device: &Device,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let person = tx.person(device.person)?.ok_or(StoreError::Missing { what: "person" })?;
    Ok(device.revoked.is_some_and(|at| at <= now) || !person.is_active(now))
}

/// How far an upload has come, as a device hears of it.
pub(super) fn state(upload: &Upload) -> AttachmentState {
    let progress =
        if upload.is_complete { AttachmentProgress::Complete } else { AttachmentProgress::Partial };
    AttachmentState {
        hash: upload.hash,
        progress: progress.into(),
        received: upload.received,
        bytes: upload.bytes,
        backed_up: upload.backed_up,
    }
}
