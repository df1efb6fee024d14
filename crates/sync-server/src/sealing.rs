//! The keys to which devices seal copies of their records, each in a file of its own. Devices are
//! told the newest; older ones stay, because a device may hand in what it sealed to them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use doorstep_core::wire::SealingKey;
use zeroize::Zeroizing;

use crate::ambient::Ambient;
use crate::attachment::key_file;
use crate::store::StoreError;

/// The newest key's name in the data folder. Readable by its owner only.
pub const KEY_FILE: &str = "sealing.key";

/// One key.
type Private = Zeroizing<[u8; 32]>;

/// Every key of a folder. Cheap to clone.
#[derive(Clone)]
pub struct SealingKeys {
    newest: SealingKey,
    every: Arc<[(String, Private)]>,
}

impl SealingKeys {
    /// The keys in `folder`; a new one where there is none yet.
    pub fn read_or_make(folder: &Path, ambient: &Ambient) -> Result<Self, StoreError> {
        let newest = key_file::read_or_make(&folder.join(KEY_FILE), || ambient.random())?;
        let named = SealingKey::of(&newest);
        let mut every = vec![(named.id.clone(), newest)];
        for file in older(folder)? {
            if let Some(private) = key_file::read(&file)? {
                every.push((SealingKey::of(&private).id, private));
            }
        }
        Ok(Self { newest: named, every: every.into() })
    }

    /// The key to which devices seal.
    pub const fn newest(&self) -> &SealingKey {
        &self.newest
    }

    /// The private half of the key with this name.
    pub fn private(&self, id: &str) -> Option<&[u8; 32]> {
        let found = self.every.iter().find(|(known, _)| known == id);
        found.map(|(_, private)| &**private)
    }
}

/// Makes a new key the newest; the one before it stays beside it. A running server knows of it
/// when it is started again.
pub fn rotate(folder: &Path, ambient: &Ambient) -> Result<SealingKey, StoreError> {
    let file = folder.join(KEY_FILE);
    if let Some(before) = key_file::read(&file)? {
        let kept = folder.join(kept_as(&before));
        if !kept.exists() {
            key_file::write(&kept, &before)?;
        }
        let operation = "remove";
        std::fs::remove_file(&file).map_err(|source| StoreError::File {
            operation,
            file,
            source,
        })?;
    }
    SealingKeys::read_or_make(folder, ambient).map(|keys| keys.newest)
}

/// What the file of a key is called that is not the newest, or lies beside a backup.
pub fn kept_as(private: &[u8; 32]) -> String {
    format!("sealing-{}.key", SealingKey::of(private).id)
}

/// The files of older keys in `folder`, by name.
pub fn older(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let failed = |source| StoreError::File { operation: "list", file: folder.to_owned(), source };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.starts_with("sealing-") && name.strip_suffix(".key").is_some() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{FrozenClock, MONDAY, ambient};

    #[test]
    fn a_new_key_is_the_newest_and_the_old_one_still_opens() {
        let folder = tempfile::tempdir().unwrap();
        let ambient = ambient(&FrozenClock::at(MONDAY));
        let before = SealingKeys::read_or_make(folder.path(), &ambient).unwrap();
        let again = SealingKeys::read_or_make(folder.path(), &ambient).unwrap();
        assert_eq!(before.newest(), again.newest());
        let rotated = rotate(folder.path(), &ambient).unwrap();
        assert_ne!(&rotated, before.newest());
        let after = SealingKeys::read_or_make(folder.path(), &ambient).unwrap();
        assert_eq!(after.newest(), &rotated);
        assert_eq!(after.private(&before.newest().id), before.private(&before.newest().id));
        assert!(after.private("0000000000000000").is_none());
    }
}
