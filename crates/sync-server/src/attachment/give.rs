//! Giving attachments: only to somebody who may read a record that names them, and written to the
//! access log first.

use std::ops::Range;

use chrono::{DateTime, Utc};
use doorstep_core::ids::ChildId;
use doorstep_core::seal::Hash;

use super::take::{is_shut_out, usable};
use super::{AttachmentError, AttachmentKey, Refused};
use crate::access::Reader;
use crate::store::attachments::Upload;
use crate::store::devices::Device;
use crate::store::log::Access;
use crate::store::{StoreError, Tx};

/// The attachment, where this device may have it; written down in the access log. None where no
/// record names it that its person may read: that is not told apart from there being none.
pub fn readable_by(
    tx: &mut dyn Tx,
    device: &Device,
    hash: Hash,
    key: &AttachmentKey,
    now: DateTime<Utc>,
) -> Result<Option<Upload>, AttachmentError> {
    if is_shut_out(tx, device, now)? {
        return Err(Refused::ShutOut.into());
    }
    let caseload = tx.caseload(device.person, now)?;
    let mut naming = tx.naming(hash)?;
    naming.retain(|naming| caseload.contains(&naming.child));
    if naming.is_empty() {
        return Ok(None);
    }
    let naming = naming.iter().find(|naming| naming.is_sent).ok_or(Refused::NotHere)?;
    let complete = usable(tx, hash, key)?.ok_or(Refused::NotHere)?;
    let (person, device) = (device.person, Some(device.id));
    let by = "attachment".to_owned();
    let child = naming.child;
    let card = tx.child(child)?.ok_or(StoreError::Missing { what: "child" })?;
    let tie = Reader::of(tx, person, now)?.map_or(Ok(None), |reader| reader.held(tx, &card))?;
    tx.log_access(&Access { at: now, person, child, by, device, tie, reason: None })?;
    Ok(Some(complete))
}

/// The attachment of this hash that a record of the child names, where it is here and can be read.
pub fn standing(
    tx: &dyn Tx,
    child: ChildId,
    hash: Hash,
    key: &AttachmentKey,
) -> Result<Option<Upload>, StoreError> {
    if !tx.naming(hash)?.iter().any(|naming| naming.child == child && naming.is_sent) {
        return Ok(None);
    }
    usable(tx, hash, key)
}

/// The bytes of an attachment from the beginning of `range` to its end or to that of a stored
/// piece, whichever comes first.
pub fn bytes_of(
    tx: &dyn Tx,
    upload: &Upload,
    range: &Range<u64>,
    key: &AttachmentKey,
) -> Result<Vec<u8>, StoreError> {
    let missing = || StoreError::Missing { what: "piece of an attachment" };
    let chunk = tx.chunk_at(upload.number, range.start)?.ok_or_else(missing)?;
    let mut piece = key.open(upload.hash, chunk.at, &chunk.sealed).ok_or_else(missing)?;
    let skipped = usize::try_from(range.start - chunk.at).unwrap_or(usize::MAX);
    if skipped >= piece.len() {
        return Err(missing());
    }
    piece.drain(..skipped);
    let wanted = usize::try_from(range.end - range.start).unwrap_or(usize::MAX);
    piece.truncate(wanted);
    Ok(piece)
}
