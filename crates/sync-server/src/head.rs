//! The server's signature on how its logs stand, and the key for it, in a file of its own.

use std::path::Path;

use doorstep_core::seal::{SigningKey, VerifyingKey};
use doorstep_core::wire::{KeptHead, SignedHead, SyncResponse};

use crate::ambient::Ambient;
use crate::attachment::key_file;
use crate::store::StoreError;
use crate::store::tree::Heads;

/// The key's name in the data folder. Readable by its owner only.
pub const KEY_FILE: &str = "server.key";

/// The key in `folder`; a new one where there is none yet.
pub fn read_or_make(folder: &Path, ambient: &Ambient) -> Result<SigningKey, StoreError> {
    let bytes = key_file::read_or_make(&folder.join(KEY_FILE), || ambient.random())?;
    Ok(SigningKey::from_bytes(&bytes))
}

/// The public half of the key in `folder`; none where there is none.
pub fn public(folder: &Path) -> Result<Option<VerifyingKey>, StoreError> {
    let bytes = key_file::read(&folder.join(KEY_FILE))?;
    Ok(bytes.map(|bytes| SigningKey::from_bytes(&bytes).verifying_key()))
}

/// How the logs stand as `answer` found them, signed for it. Costs as much as the rest of a quiet
/// answer: done beside the store's thread, not on it.
pub fn sign(heads: &Heads, key: &SigningKey, answer: &SyncResponse) -> SignedHead {
    let of = (answer.organisation, answer.log_epoch, answer.server_time);
    KeptHead::sign(of, (&heads.log, &heads.access), key).head
}
