//! Attachments: each is opened, piece by piece, and must have the hash that it is named by.

use super::{Check, Report};
use crate::attachment::{AttachmentKey, read_whole};
use crate::store::{StoreError, Tx};

/// Checks every attachment with the key of the data folder, if there is one. What records name and
/// has not arrived is counted; that is no fault of the store.
pub fn attachments(
    tx: &dyn Tx,
    key: Option<&AttachmentKey>,
    report: &mut Report,
) -> Result<(), StoreError> {
    for upload in tx.attachments()? {
        report.attachments += 1;
        let hash = upload.hash;
        let Some(key) = key.filter(|key| key.id() == upload.key_id) else {
            let id = &upload.key_id;
            report.find(
                Check::Attachments,
                format!("attachment {hash}: the key {id} that opens it is not in the data folder"),
            );
            continue;
        };
        match read_whole(tx, &upload, key)? {
            None => report.find(
                Check::Attachments,
                format!("attachment {hash}: a piece is missing or damaged"),
            ),
            Some(whole) if whole.hash != hash || whole.bytes != upload.bytes => {
                report.find(
                    Check::Attachments,
                    format!("attachment {hash}: its bytes have another hash"),
                );
            }
            Some(whole) if whole.media_type != Some(upload.media_type) => {
                report.find(
                    Check::Attachments,
                    format!("attachment {hash}: its bytes are of another type"),
                );
            }
            Some(_) => {}
        }
    }
    report.not_arrived = u64::try_from(tx.not_arrived()?.len()).unwrap_or(u64::MAX);
    Ok(())
}
