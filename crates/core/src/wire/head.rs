//! How the server's logs stand, signed, in the answer to every sync. Devices keep it: an older or a
//! changed log cannot stand beside it later.

use chrono::{DateTime, Utc};
use ed25519_dalek::{Signer as _, Verifier as _};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::merkle;
use crate::seal::{Hash, Signature, SigningKey, VerifyingKey};

/// How the server's logs stood when it answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SignedHead {
    /// Events in the log.
    pub log: u64,
    /// Lines of the access log.
    pub access: u64,
    /// SHA-256 over the roots of both Merkle trees.
    pub root: Hash,
    /// The server's signature (Ed25519) over these, the organisation, the epoch and the instant.
    pub signature: Signature,
}

/// A head with what it belongs to: what a device keeps, and what a store is checked against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptHead {
    /// Which store answered.
    pub organisation: Uuid,
    /// The epoch of its log.
    pub log_epoch: u32,
    /// The server's clock (UTC).
    pub at: DateTime<Utc>,
    /// The head.
    #[serde(flatten)]
    pub head: SignedHead,
}

/// What the roots of the two trees come to.
pub fn root_of(log: &merkle::Head, access: &merkle::Head) -> Hash {
    Hash::of(&[b"doorstep heads\n".as_slice(), &log.root.0, &access.root.0].concat())
}

/// A key in as many digits as two people compare on the phone.
pub fn key_mark(key: Hash) -> String {
    let digits = hex::encode_upper(&Hash::of(&key.0).0[..6]);
    [&digits[..4], &digits[4..8], &digits[8..]].join("-")
}

impl KeptHead {
    /// Signs how the logs stand.
    pub fn sign(
        (organisation, log_epoch, at): (Uuid, u32, DateTime<Utc>),
        (log, access): (&merkle::Head, &merkle::Head),
        key: &SigningKey,
    ) -> Self {
        let root = root_of(log, access);
        let signature = Signature([0; 64]);
        let head = SignedHead { log: log.size, access: access.size, root, signature };
        let mut kept = Self { organisation, log_epoch, at, head };
        kept.head.signature = Signature(key.sign(kept.text().as_bytes()).to_bytes());
        kept
    }

    /// Whether this key signed it.
    pub fn is_signed_by(&self, key: &VerifyingKey) -> bool {
        let signature = ed25519_dalek::Signature::from_bytes(&self.head.signature.0);
        key.verify(self.text().as_bytes(), &signature).is_ok()
    }

    /// Whether both can be heads of one log that only grew.
    pub fn can_follow(&self, before: &Self) -> bool {
        let (new, old) = (self.head, before.head);
        let grew = new.log >= old.log && new.access >= old.access;
        let same = (new.log, new.access) == (old.log, old.access);
        grew && (!same || new.root == old.root)
    }

    /// The text that is signed.
    fn text(&self) -> String {
        let SignedHead { log, access, root, .. } = self.head;
        let (organisation, log_epoch, at) =
            (self.organisation, self.log_epoch, self.at.timestamp_millis());
        format!("doorstep head\n{organisation}\n{log_epoch}\n{at}\n{log}\n{access}\n{root}\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(leaves: u64) -> merkle::Head {
        let mut tree = merkle::Tree::default();
        for number in 0..leaves {
            tree.add(merkle::leaf(&number.to_be_bytes()));
        }
        tree.head()
    }

    fn kept(log: u64, access: u64) -> KeptHead {
        let key = SigningKey::from_bytes(&[7; 32]);
        let of = (Uuid::from_u128(1), 1, DateTime::UNIX_EPOCH);
        KeptHead::sign(of, (&head(log), &head(access)), &key)
    }

    #[test]
    fn a_signature_covers_everything_that_the_head_says() {
        let [key, other] = [7, 8].map(|byte| SigningKey::from_bytes(&[byte; 32]).verifying_key());
        let good = kept(3, 4);
        assert!(good.is_signed_by(&key) && !good.is_signed_by(&other));
        let later = DateTime::UNIX_EPOCH + chrono::TimeDelta::seconds(1);
        for forged in [
            KeptHead { organisation: Uuid::from_u128(2), ..good },
            KeptHead { log_epoch: 2, ..good },
            KeptHead { at: later, ..good },
            KeptHead { head: SignedHead { log: 2, ..good.head }, ..good },
            KeptHead { head: SignedHead { access: 5, ..good.head }, ..good },
            KeptHead { head: SignedHead { root: Hash([0; 32]), ..good.head }, ..good },
        ] {
            assert!(!forged.is_signed_by(&key), "{forged:?}");
        }
    }

    #[test]
    fn a_log_only_grows() {
        for (log, access, follows) in
            [(3, 4, true), (4, 4, true), (3, 5, true), (2, 9, false), (9, 3, false)]
        {
            assert_eq!(kept(log, access).can_follow(&kept(3, 4)), follows, "{log} {access}");
        }
        let other =
            KeptHead { head: SignedHead { root: Hash([0; 32]), ..kept(3, 4).head }, ..kept(3, 4) };
        assert!(!other.can_follow(&kept(3, 4)));
    }
}
