//! The key that seals the secrets of second factors: it comes from the server's own, which is in no
//! backup, so that a copy of the database opens nobody's account.

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use doorstep_core::ids::PersonId;
use doorstep_core::seal::{Hash, SigningKey};

use crate::app::AppState;
use crate::store::StoreError;

/// Bytes of a secret: what RFC 4226 recommends.
pub const SECRET_BYTES: usize = 20;

/// The key that seals the secrets.
#[derive(Clone)]
pub struct Sealing([u8; 32]);

impl Sealing {
    /// The server's.
    pub fn of(state: &AppState) -> Result<Self, StoreError> {
        Ok(Self::with(&state.head_key()?))
    }

    /// The one that comes from this key of the server.
    pub fn with(key: &SigningKey) -> Self {
        let bytes = [b"doorstep second factor\n".as_slice(), &key.to_bytes()].concat();
        Self(Hash::of(&bytes).0)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&self.0.into())
    }

    /// Seals a person's secret.
    pub fn seal(&self, person: PersonId, secret: [u8; SECRET_BYTES], nonce: [u8; 24]) -> Vec<u8> {
        self.seal_bytes(person, &secret, nonce)
    }

    /// Seals a secret of any length.
    pub fn seal_bytes(&self, person: PersonId, secret: &[u8], nonce: [u8; 24]) -> Vec<u8> {
        let payload = Payload { msg: secret, aad: person.0.as_bytes() };
        let sealed = self.cipher().encrypt(&XNonce::from(nonce), payload);
        [nonce.as_slice(), &sealed.expect("a secret is short")].concat()
    }

    /// Opens it; none where it is damaged, another's, or sealed with another key.
    pub fn open(&self, person: PersonId, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_at_checked(24)?;
        let payload = Payload { msg: sealed, aad: person.0.as_bytes() };
        self.cipher().decrypt(&XNonce::try_from(nonce).ok()?, payload).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8; SECRET_BYTES] = b"12345678901234567890";

    #[test]
    fn a_sealed_secret_opens_for_its_person_only() {
        let (ann, ben) = (PersonId(uuid::Uuid::from_u128(1)), PersonId(uuid::Uuid::from_u128(2)));
        let key = Sealing([7; 32]);
        let sealed = key.seal(ann, *SECRET, [9; 24]);
        assert_eq!(key.open(ann, &sealed).as_deref(), Some(&SECRET[..]));
        assert_eq!(key.open(ben, &sealed), None);
        assert_eq!(Sealing([8; 32]).open(ann, &sealed), None);
        assert_eq!(key.open(ann, &sealed[..30]), None);
    }
}
