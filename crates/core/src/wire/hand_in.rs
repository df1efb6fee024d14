//! `POST /v1/hand-in`: records that a device cannot read itself. Each was sealed to the server's
//! key when it was made, and signed: a device that is locked needs no key to hand it in.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signer as _, Verifier as _};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

use crate::hpke;
use crate::ids::DeviceId;
use crate::seal::{Hash, SealedEvent, Signature, SigningKey, VerifyingKey};
use crate::words::{Word, words};

/// What every sealed copy is bound to.
const INFO: &[u8] = b"doorstep sealed copy";

/// The key to which devices seal copies of their records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SealingKey {
    /// By what it is told apart from others: 16 hexadecimal digits.
    pub id: String,
    /// The public half (X25519), 64 hexadecimal digits.
    pub public_key: Hash,
}

impl SealingKey {
    /// The public half of a private key. Its name is made of it.
    pub fn of(private: &[u8; 32]) -> Self {
        let public_key = Hash(hpke::public_key(private));
        let name = Hash::of(&[b"doorstep sealing key\n".as_slice(), &public_key.0].concat());
        Self { id: hex::encode(&name.0[..8]), public_key }
    }
}

/// Bytes that travel as unpadded base64url.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(transparent))]
pub struct Bytes(#[cfg_attr(feature = "schema", schemars(with = "String"))] pub Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&URL_SAFE_NO_PAD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        URL_SAFE_NO_PAD.decode(text.as_bytes()).map(Self).map_err(D::Error::custom)
    }
}

/// A sealed event that only the server can open, and the device's signature on what is outside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SealedCopy {
    /// The event's epoch.
    pub epoch: u32,
    /// Its number.
    pub seq: u64,
    /// To which of the server's keys it is sealed.
    pub key: String,
    /// The sealed event, sealed (HPKE, RFC 9180).
    pub copy: Bytes,
    /// The device's signature over device, place, key and copy.
    pub proof: Signature,
}

impl SealedCopy {
    /// Seals `event` of `device` to the server's key. The same event and keys always give the same
    /// copy: what only serves for one message is drawn from the device's own secret and the event.
    /// None where the server's key is not one.
    pub fn seal(
        device: DeviceId,
        (epoch, seq): (u32, u64),
        event: &SealedEvent,
        to: &SealingKey,
        signing: &SigningKey,
    ) -> Option<Self> {
        let text = serde_json::to_vec(event).ok()?;
        let mut once = Sha256::new();
        once.update(b"doorstep sealed copy, ephemeral key\n");
        for part in [signing.as_bytes().as_slice(), &to.public_key.0, &event.hash().0] {
            once.update(part);
        }
        let once: [u8; 32] = once.finalize().into();
        let bound = bound(device, (epoch, seq), &to.id);
        let copy = hpke::seal(&to.public_key.0, &once, (INFO, bound.as_bytes()), &text)?;
        let proof = Signature(signing.sign(proved(&bound, &copy).as_bytes()).to_bytes());
        Some(Self { epoch, seq, key: to.id.clone(), copy: Bytes(copy), proof })
    }

    /// Whether the device with this key made it, for this place.
    pub fn is_proved_by(&self, device: DeviceId, key: &VerifyingKey) -> bool {
        let bound = bound(device, (self.epoch, self.seq), &self.key);
        let signature = ed25519_dalek::Signature::from_bytes(&self.proof.0);
        key.verify(proved(&bound, &self.copy.0).as_bytes(), &signature).is_ok()
    }

    /// The sealed event, as text, for whoever has the private key.
    pub fn open(&self, device: DeviceId, private: &[u8; 32]) -> Option<String> {
        let bound = bound(device, (self.epoch, self.seq), &self.key);
        let text = hpke::open(private, (INFO, bound.as_bytes()), &self.copy.0)?;
        String::from_utf8(text.to_vec()).ok()
    }
}

fn bound(device: DeviceId, (epoch, seq): (u32, u64), key: &str) -> String {
    format!("doorstep sealed copy\n{device}\n{epoch}\n{seq}\n{key}\n")
}

fn proved(bound: &str, copy: &[u8]) -> String {
    format!("{bound}{}\n", Hash::of(copy))
}

/// `POST /v1/hand-in`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HandIn {
    /// The version of the protocol that the device speaks.
    pub protocol: u16,
    /// Whose copies these are.
    pub device: DeviceId,
    /// The copies, in the order of their places.
    pub copies: Vec<SealedCopy>,
    /// Nobody can open the device any more: what is before these records never comes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub for_good: bool,
}

/// The answer to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HandInAnswer {
    /// What became of each copy, in the order of the request.
    pub copies: Vec<HandedIn>,
}

/// What became of one copy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HandedIn {
    /// The epoch.
    pub epoch: u32,
    /// The number.
    pub seq: u64,
    /// What became of it.
    pub outcome: Word<HandInOutcome>,
}

words! {
    /// What becomes of a copy that was handed in.
    HandInOutcome {
        /// The server has the record: the copy may go.
        Received = "received",
        /// Records before it have not come yet: hand it in with those, or keep it.
        Waiting = "waiting",
        /// It is not this device's, was changed, or is sealed to a key that is not here.
        Unsound = "unsound",
    }
}
