//! The server's signature on how its logs stand, and the key for it, in a file of its own.

use std::path::Path;

use doorstep_core::seal::{Hash, SigningKey, VerifyingKey};
use doorstep_core::wire::{KeptHead, SignedHead, SyncResponse, key_mark};

use crate::ambient::Ambient;
use crate::attachment::key_file;
use crate::store::StoreError;
use crate::store::tree::Heads;

/// The key's name in the data folder. Readable by its owner only.
pub const KEY_FILE: &str = "server.key";
/// How the files of the public halves of earlier keys begin and end; between them is the mark.
const PUBLIC_PREFIX: &str = "server-";
const PUBLIC_SUFFIX: &str = ".pub";

/// The key in `folder`; a new one where there is none yet.
pub fn read_or_make(folder: &Path, ambient: &Ambient) -> Result<SigningKey, StoreError> {
    key_file::refuse_unfinished(folder, KEY_FILE)?;
    let bytes = key_file::read_or_make(&folder.join(KEY_FILE), || ambient.random())?;
    Ok(SigningKey::from_bytes(&bytes))
}

/// The public halves of the key in `folder` and of those before it; none where there is none.
pub fn public(folder: &Path) -> Result<Vec<VerifyingKey>, StoreError> {
    let newest = key_file::read(&folder.join(KEY_FILE))?;
    let mut keys: Vec<_> =
        newest.iter().map(|bytes| SigningKey::from_bytes(bytes).verifying_key()).collect();
    let failed = |source| StoreError::File { operation: "list", file: folder.to_owned(), source };
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let file = entry.map_err(failed)?.path();
        let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.starts_with(PUBLIC_PREFIX) && name.ends_with(PUBLIC_SUFFIX) {
            keys.extend(key_file::read(&file)?.and_then(|bytes| public_of(&bytes)));
        }
    }
    Ok(keys)
}

fn public_of(bytes: &[u8; 32]) -> Option<VerifyingKey> {
    VerifyingKey::from_bytes(bytes).ok()
}

/// Keeps the public half of a key that another follows: heads of it can be verified ever after.
pub fn keep_public(folder: &Path, key: &VerifyingKey) -> Result<(), StoreError> {
    let mark = key_mark(Hash(key.to_bytes()));
    let file = folder.join(format!("{PUBLIC_PREFIX}{mark}{PUBLIC_SUFFIX}"));
    if file.exists() { Ok(()) } else { key_file::write(&file, key.as_bytes()) }
}

/// How the logs stand as `answer` found them, signed for it. Costs as much as the rest of a quiet
/// answer: done beside the store's thread, not on it.
pub fn sign(heads: &Heads, key: &SigningKey, answer: &SyncResponse) -> SignedHead {
    let of = (answer.organisation, answer.log_epoch, answer.server_time);
    KeptHead::sign(of, (&heads.log, &heads.access), key).head
}
