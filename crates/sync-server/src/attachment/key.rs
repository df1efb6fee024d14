//! The key that attachments are encrypted with, in a file of its own beside the database: who has
//! the database or a backup alone has no attachment. And the encryption of one piece.

use std::fmt;
use std::path::{Path, PathBuf};

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use doorstep_core::seal::Hash;
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::key_file;
use crate::ambient::Ambient;
use crate::store::StoreError;

/// The key's name in the data folder. Readable by its owner only.
pub const KEY_FILE: &str = "attachments.key";
/// Bytes of a nonce.
const NONCE_BYTES: usize = 24;

/// The key that attachments are encrypted with.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct AttachmentKey([u8; 32]);

impl fmt::Debug for AttachmentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AttachmentKey({})", self.id())
    }
}

impl AttachmentKey {
    /// A key of these random bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// By what the key is told apart from others; says nothing of it.
    pub fn id(&self) -> String {
        let hash = Hash::of(&[b"doorstep attachment key\n".as_slice(), &self.0].concat());
        hex::encode(&hash.0[..8])
    }

    /// The key in `folder`; none where there is none yet.
    pub fn read(folder: &Path) -> Result<Option<Self>, StoreError> {
        key_file::refuse_unfinished(folder, KEY_FILE)?;
        Self::read_file(&folder.join(KEY_FILE))
    }

    /// The key in this file; none where there is no such file.
    pub fn read_file(file: &Path) -> Result<Option<Self>, StoreError> {
        Ok(key_file::read(file)?.map(|bytes| Self(*bytes)))
    }

    /// The key in `folder`; a new one where there is none yet.
    pub fn read_or_make(folder: &Path, ambient: &Ambient) -> Result<Self, StoreError> {
        key_file::refuse_unfinished(folder, KEY_FILE)?;
        let file = folder.join(KEY_FILE);
        Ok(Self(*key_file::read_or_make(&file, || ambient.random())?))
    }

    /// Writes the key to a file that is not there yet, for its owner only, and flushes it.
    pub fn write(&self, file: &Path) -> Result<(), StoreError> {
        key_file::write(file, &self.0)
    }

    /// Where the key lies beside a backup: one file for all backups of a server in one folder.
    pub fn beside_backup(backup: &Path, id: &str) -> PathBuf {
        backup.with_file_name(format!("attachments-{id}.key"))
    }

    /// Seals the piece of an attachment that begins at `at`.
    pub fn seal(&self, ambient: &Ambient, of: Hash, at: u64, piece: &[u8]) -> Vec<u8> {
        let nonce: [u8; NONCE_BYTES] = ambient.random();
        let payload = Payload { msg: piece, aad: &bound(of, at) };
        let sealed = self.cipher().encrypt(&XNonce::from(nonce), payload);
        let sealed = sealed.expect("a piece is far smaller than what the cipher takes");
        [nonce.as_slice(), &sealed].concat()
    }

    /// Opens such a piece; none where it is damaged, another's, or sealed with another key.
    pub fn open(&self, of: Hash, at: u64, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_at_checked(NONCE_BYTES)?;
        let nonce = XNonce::try_from(nonce).ok()?;
        let payload = Payload { msg: sealed, aad: &bound(of, at) };
        self.cipher().decrypt(&nonce, payload).ok()
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new_from_slice(&self.0).expect("a key has 32 bytes")
    }
}

/// What a piece is bound to: it cannot be moved within an attachment, or to another.
fn bound(of: Hash, at: u64) -> Vec<u8> {
    [of.0.as_slice(), &at.to_be_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{FrozenClock, MONDAY, ambient};

    #[test]
    fn a_piece_opens_only_where_it_belongs_and_with_its_key() {
        let ambient = ambient(&FrozenClock::at(MONDAY));
        let (key, other) = (AttachmentKey([1; 32]), AttachmentKey([2; 32]));
        let (of, another) = (Hash([7; 32]), Hash([8; 32]));
        let sealed = key.seal(&ambient, of, 5, b"a letter");
        assert_eq!(key.open(of, 5, &sealed).as_deref(), Some(&b"a letter"[..]));
        assert!(!sealed.windows(6).any(|window| window == b"letter"));
        assert_ne!(key.seal(&ambient, of, 5, b"a letter"), sealed, "a nonce is used once");
        assert_eq!(key.open(of, 6, &sealed), None);
        assert_eq!(key.open(another, 5, &sealed), None);
        assert_eq!(other.open(of, 5, &sealed), None);
        for place in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[place] ^= 1;
            assert_eq!(key.open(of, 5, &damaged), None, "{place}");
        }
        assert_eq!(key.open(of, 5, &sealed[..10]), None);
    }

    #[test]
    fn the_key_is_made_once_and_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let ambient = ambient(&FrozenClock::at(MONDAY));
        assert_eq!(AttachmentKey::read(folder.path()).unwrap(), None);
        let key = AttachmentKey::read_or_make(folder.path(), &ambient).unwrap();
        assert_eq!(AttachmentKey::read_or_make(folder.path(), &ambient).unwrap(), key);
        assert_eq!(AttachmentKey::read(folder.path()).unwrap(), Some(key.clone()));
        let file = folder.path().join(KEY_FILE);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(&file).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        assert!(key.write(&file).is_err(), "a key is never written over");
        assert!(!format!("{key:?}").contains(&hex::encode(key.0)));
        std::fs::write(&file, "not a key").unwrap();
        assert!(AttachmentKey::read_or_make(folder.path(), &ambient).is_err());
    }
}
