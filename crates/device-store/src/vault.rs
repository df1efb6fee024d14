//! The vault: a device's key, wrapped by a passphrase. The document can lie beside the file;
//! without the passphrase it is of no use. The door stores it, the store never sees it.

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize as _, Zeroizing};

use crate::db::Key;

/// The fewest characters of a passphrase.
pub const PASSPHRASE_MIN: usize = 10;

/// The most memory that a vault may ask for, so that a forged document cannot stall the device.
const MEMORY_KIB_MAX: u32 = 1024 * 1024;
/// The most passes that a vault may ask for.
const PASSES_MAX: u32 = 64;
/// The only version so far of the document.
const VERSION: u8 = 1;

/// How much work a guess at the passphrase costs (Argon2id, RFC 9106).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
}

impl Cost {
    /// The second recommended option of RFC 9106 (64 MiB, three passes): a third of a second on a
    /// phone's browser.
    pub const DEFAULT: Self = Self { memory_kib: 64 * 1024, passes: 3 };
    /// As little as the algorithm allows: for tests only.
    pub const LEAST: Self = Self { memory_kib: 8, passes: 1 };
}

/// A wrapped key: a small JSON document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vault {
    version: u8,
    cost: Cost,
    /// Unpadded base64url, as are the next two.
    salt: String,
    nonce: String,
    wrapped: String,
}

/// Why a vault does not give its key.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The passphrase is not the one with which it was wrapped, or the document was changed.
    #[error("this passphrase does not open this device: try again; nothing was changed")]
    WrongPassphrase,
    /// The passphrase is too short.
    #[error("a passphrase has at least {PASSPHRASE_MIN} characters: choose a longer one")]
    TooShort,
    /// The document is not a vault that this version knows.
    #[error(
        "the vault cannot be read: it is damaged or was written by a newer app; keep it, and look \
         for a copy"
    )]
    Unreadable,
    /// There is not enough memory to open it.
    #[error("there is too little memory to open this device: close other programs and try again")]
    Memory,
}

impl Vault {
    /// Wraps `key` with a passphrase. `entropy` is salt and nonce: random, and never used twice.
    pub fn wrap(
        key: &Key,
        passphrase: &str,
        cost: Cost,
        entropy: &[u8; 40],
    ) -> Result<Self, VaultError> {
        if passphrase.chars().count() < PASSPHRASE_MIN {
            return Err(VaultError::TooShort);
        }
        let (salt, nonce) = entropy.split_at(16);
        let cipher = cipher(passphrase, salt, cost)?;
        let nonce = XNonce::try_from(nonce).map_err(|_| VaultError::Unreadable)?;
        let wrapped = cipher
            .encrypt(&nonce, Payload { msg: &key.0, aad: &bound(cost, salt) })
            .map_err(|_| VaultError::Memory)?;
        Ok(Self {
            version: VERSION,
            cost,
            salt: URL_SAFE_NO_PAD.encode(salt),
            nonce: URL_SAFE_NO_PAD.encode(nonce),
            wrapped: URL_SAFE_NO_PAD.encode(wrapped),
        })
    }

    /// The key, for whoever knows the passphrase.
    pub fn unwrap(&self, passphrase: &str) -> Result<Key, VaultError> {
        if self.version != VERSION {
            return Err(VaultError::Unreadable);
        }
        let [salt, nonce, wrapped] =
            [&self.salt, &self.nonce, &self.wrapped].map(|text| URL_SAFE_NO_PAD.decode(text));
        let unreadable = |_| VaultError::Unreadable;
        let salt = salt.map_err(unreadable)?;
        let nonce = XNonce::try_from(nonce.map_err(unreadable)?.as_slice())
            .map_err(|_| VaultError::Unreadable)?;
        let wrapped = wrapped.map_err(unreadable)?;
        let cipher = cipher(passphrase, &salt, self.cost)?;
        let payload = Payload { msg: &wrapped, aad: &bound(self.cost, &salt) };
        let key = cipher.decrypt(&nonce, payload).map_err(|_| VaultError::WrongPassphrase)?;
        let key = Zeroizing::new(key);
        Ok(Key(key.as_slice().try_into().map_err(|_| VaultError::Unreadable)?))
    }

    /// Wraps the same key with another passphrase: the file itself stays as it is.
    pub fn change(
        &self,
        old: &str,
        new: &str,
        cost: Cost,
        entropy: &[u8; 40],
    ) -> Result<Self, VaultError> {
        Self::wrap(&self.unwrap(old)?, new, cost, entropy)
    }

    /// Forgets the wrapped key for good. The door stores the document in place of the one before.
    pub fn destroy(&mut self) {
        for part in [&mut self.salt, &mut self.nonce, &mut self.wrapped] {
            part.zeroize();
        }
    }

    /// The document, to be stored by the door.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a vault has only string keys")
    }

    /// Reads a document.
    pub fn from_json(text: &str) -> Result<Self, VaultError> {
        serde_json::from_str(text).map_err(|_| VaultError::Unreadable)
    }
}

/// What the wrapped key is bound to, so that a weaker cost cannot be written in.
fn bound(cost: Cost, salt: &[u8]) -> Vec<u8> {
    let mut bound = b"doorstep vault".to_vec();
    bound.push(VERSION);
    bound.extend(cost.memory_kib.to_be_bytes());
    bound.extend(cost.passes.to_be_bytes());
    bound.extend(salt);
    bound
}

fn cipher(passphrase: &str, salt: &[u8], cost: Cost) -> Result<XChaCha20Poly1305, VaultError> {
    if cost.memory_kib > MEMORY_KIB_MAX || cost.passes > PASSES_MAX {
        return Err(VaultError::Unreadable);
    }
    let params = Params::new(cost.memory_kib, cost.passes, 1, Some(32))
        .map_err(|_| VaultError::Unreadable)?;
    let mut wrapping = Zeroizing::new([0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.as_bytes(), salt, wrapping.as_mut_slice())
        .map_err(|error| match error {
            argon2::Error::OutOfMemory => VaultError::Memory,
            _ => VaultError::Unreadable,
        })?;
    XChaCha20Poly1305::new_from_slice(wrapping.as_slice()).map_err(|_| VaultError::Unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSPHRASE: &str = "correct horse battery";
    const KEY: [u8; 48] = [7; 48];

    fn vault() -> Vault {
        Vault::wrap(&Key(KEY), PASSPHRASE, Cost::LEAST, &[3; 40]).unwrap()
    }

    #[test]
    fn gives_the_key_to_whoever_knows_the_passphrase() {
        let stored = vault().to_json();
        assert_eq!(Vault::from_json(&stored).unwrap().unwrap(PASSPHRASE).unwrap(), Key(KEY));
    }

    #[test]
    fn refuses_a_wrong_passphrase() {
        for wrong in ["", "correct horse batterY", "correct horse battery "] {
            assert!(matches!(vault().unwrap(wrong), Err(VaultError::WrongPassphrase)), "{wrong}");
        }
    }

    #[test]
    fn a_changed_passphrase_gives_the_same_key() {
        let changed =
            vault().change(PASSPHRASE, "another long one", Cost::LEAST, &[4; 40]).unwrap();
        assert_eq!(changed.unwrap("another long one").unwrap(), Key(KEY));
        assert!(matches!(changed.unwrap(PASSPHRASE), Err(VaultError::WrongPassphrase)));
        assert!(matches!(
            vault().change("not this one", "another long one", Cost::LEAST, &[4; 40]),
            Err(VaultError::WrongPassphrase)
        ));
    }

    #[test]
    fn a_short_passphrase_is_refused() {
        let short = Vault::wrap(&Key(KEY), "öööööööö9", Cost::LEAST, &[3; 40]);
        assert!(matches!(short, Err(VaultError::TooShort)));
    }

    #[test]
    fn a_document_that_was_changed_gives_nothing() {
        let cheaper = Vault { cost: Cost { passes: 2, ..Cost::LEAST }, ..vault() };
        assert!(matches!(cheaper.unwrap(PASSPHRASE), Err(VaultError::WrongPassphrase)));
        let greedy = Vault { cost: Cost { memory_kib: u32::MAX, passes: 1 }, ..vault() };
        assert!(matches!(greedy.unwrap(PASSPHRASE), Err(VaultError::Unreadable)));
        let newer = Vault { version: 2, ..vault() };
        assert!(matches!(newer.unwrap(PASSPHRASE), Err(VaultError::Unreadable)));
        let cut = Vault { nonce: "AAAA".to_owned(), ..vault() };
        assert!(matches!(cut.unwrap(PASSPHRASE), Err(VaultError::Unreadable)));
        assert!(matches!(Vault::from_json("{}"), Err(VaultError::Unreadable)));
    }

    #[test]
    fn the_document_reads_as_it_always_did() {
        let stored = concat!(
            r#"{"version":1,"cost":{"memory_kib":8,"passes":1},"#,
            r#""salt":"AwMDAwMDAwMDAwMDAwMDAw","#,
            r#""nonce":"AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMD","wrapped":""#,
            "E8vL3-FG4ClRfedPYDVv5OhKnY6XDM5Jyp-8VMOjpWLhuiXkFDGPOaRTdG-dE31OZ34rMPVS8PidAjMtLYbZxw",
            r#""}"#,
        );
        assert_eq!(vault().to_json(), stored);
        assert_eq!(Vault::from_json(stored).unwrap().unwrap(PASSPHRASE).unwrap(), Key(KEY));
    }

    #[test]
    fn neither_key_nor_passphrase_is_ever_printed() {
        assert_eq!(format!("{:?}", Key(KEY)), "Key(..)");
    }
}
