//! The server's signature on how its logs stand, and the key for it, in a file of its own.

use std::path::Path;

use doorstep_core::seal::{SigningKey, VerifyingKey};
use doorstep_core::wire::{KeptHead, SignedHead, SyncResponse};

use crate::ambient::Ambient;
use crate::attachment::key_file;
use crate::store::{StoreError, Tx};

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

/// How the logs stand with what this transaction wrote, signed for the answer that it goes with.
pub fn sign(
    tx: &dyn Tx,
    key: &SigningKey,
    answer: &SyncResponse,
) -> Result<SignedHead, StoreError> {
    let heads = tx.heads()?;
    let of = (answer.organisation, answer.log_epoch, answer.server_time);
    Ok(KeptHead::sign(of, (&heads.log, &heads.access), key).head)
}
