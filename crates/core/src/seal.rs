//! Sealing: what makes an event immutable.
//!
//! A sealed event is the exact bytes that were signed. They travel and are stored as they are, so
//! that hash and signature can be checked again at any time, and fields that a newer device wrote
//! survive an older server.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signer as _, Verifier as _};
pub use ed25519_dalek::{SigningKey, VerifyingKey};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

use crate::event::Event;
use crate::ids::{ChildId, DeviceId, PersonId};
use crate::time::ClockReading;

/// SHA-256 of a sealed event's body. Written as 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(transparent))]
pub struct Hash(#[cfg_attr(feature = "schema", schemars(with = "String"))] pub [u8; 32]);

impl Hash {
    /// What stands before a device's first event.
    pub const ORIGIN: Self = Self([0; 32]);

    /// The hash of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The hash to which the next event of a chain is tied where this stands in an event's place
    /// and is none: that of its `body`, or of the whole where it has none.
    pub fn of_item(item: &str) -> Self {
        let body = serde_json::from_str(item).map(|Bodied { body }| body.get());
        Self::of(body.unwrap_or(item).as_bytes())
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(self.0))
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        let mut bytes = [0; 32];
        hex::decode_to_slice(text.as_bytes(), &mut bytes).map_err(D::Error::custom)?;
        Ok(Self(bytes))
    }
}

/// How many events of a child there are, and the sum of their hashes (modulo 2^256, little-endian):
/// the same whatever the order, so that two sides can compare what they hold at constant cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Digest {
    /// How many events.
    pub count: u64,
    /// The sum of their hashes.
    pub sum: Hash,
}

impl Digest {
    /// The digest of nothing.
    pub const EMPTY: Self = Self { count: 0, sum: Hash::ORIGIN };

    /// Takes in one more event.
    #[must_use]
    pub fn with(self, hash: Hash) -> Self {
        let mut sum = self.sum.0;
        let mut carry = 0_u16;
        for (byte, added) in sum.iter_mut().zip(hash.0) {
            let total = u16::from(*byte) + u16::from(added) + carry;
            let [low, high] = total.to_le_bytes();
            *byte = low;
            carry = u16::from(high);
        }
        Self { count: self.count + 1, sum: Hash(sum) }
    }
}

/// An Ed25519 signature (RFC 8032). Written as unpadded base64url.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(transparent))]
pub struct Signature(#[cfg_attr(feature = "schema", schemars(with = "String"))] pub [u8; 64]);

impl Serialize for Signature {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl<'de> Deserialize<'de> for Signature {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        let bytes = URL_SAFE_NO_PAD.decode(text.as_bytes()).map_err(D::Error::custom)?;
        let bytes = bytes.try_into().map_err(|_| D::Error::custom("a signature has 64 bytes"))?;
        Ok(Self(bytes))
    }
}

/// Where an event stands: whose it is, and its place in its device's chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Origin {
    /// The child that it is about.
    pub child: ChildId,
    /// The person who recorded it.
    pub person: PersonId,
    /// The device on which it was recorded.
    pub device: DeviceId,
    /// The device's epoch: one more each time its chain had to start again.
    pub epoch: u32,
    /// Its number in the epoch, from 1, without holes.
    pub seq: u64,
    /// The hash of the event before it on this device; zeros for the first.
    pub previous: Hash,
    /// What the device's clocks said.
    pub clock: ClockReading,
}

/// What is signed: an event with its origin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Body {
    /// Where it stands.
    #[serde(flatten)]
    pub origin: Origin,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// Something that at least has a body.
#[derive(Deserialize)]
struct Bodied<'a> {
    #[serde(borrow)]
    body: &'a RawValue,
}

#[derive(Deserialize)]
struct Kind {
    #[serde(rename = "type")]
    kind: String,
}

/// The type that a body says it is of, whether it is known here or not.
pub fn kind_of(body: &str) -> serde_json::Result<String> {
    serde_json::from_str(body).map(|Kind { kind }| kind)
}

/// An event as it travels and is stored: the signed bytes, and the signature over them.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SealedEvent {
    /// The exact bytes that were signed.
    #[cfg_attr(feature = "schema", schemars(with = "Body"))]
    pub body: Box<RawValue>,
    /// The device's signature over `body`.
    pub signature: Signature,
}

/// Why a sealed event cannot be read or trusted.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The body is not an event that this version knows.
    #[error("the event's body cannot be read")]
    Body(#[source] serde_json::Error),
    /// The signature is not the device's.
    #[error("the event's signature does not match its device")]
    Signature,
}

impl SealedEvent {
    /// Seals `body` with the device's key.
    pub fn seal(body: &Body, key: &SigningKey) -> Self {
        let body = serde_json::value::to_raw_value(body).expect("an event has only string keys");
        let signature = Signature(key.sign(body.get().as_bytes()).to_bytes());
        Self { body, signature }
    }

    /// The hash that the next event of the device carries.
    pub fn hash(&self) -> Hash {
        Hash::of(self.body.get().as_bytes())
    }

    /// Reads the body.
    pub fn open(&self) -> Result<Body, SealError> {
        serde_json::from_str(self.body.get()).map_err(SealError::Body)
    }

    /// Checks the signature.
    pub fn verify(&self, key: &VerifyingKey) -> Result<(), SealError> {
        let signature = ed25519_dalek::Signature::from_bytes(&self.signature.0);
        key.verify(self.body.get().as_bytes(), &signature).map_err(|_| SealError::Signature)
    }
}

impl PartialEq for SealedEvent {
    fn eq(&self, other: &Self) -> bool {
        self.signature == other.signature && self.body.get() == other.body.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{FailedContact, Form, Role, What};
    use crate::ids::EventId;
    use chrono::DateTime;

    fn body() -> Body {
        let at = DateTime::from_timestamp(1_772_445_600, 0).unwrap();
        Body {
            origin: Origin {
                child: ChildId::at(at, [1; 10]),
                person: PersonId::at(at, [2; 10]),
                device: DeviceId::at(at, [3; 10]),
                epoch: 1,
                seq: 1,
                previous: Hash::ORIGIN,
                clock: ClockReading::wall(at),
            },
            event: Event {
                id: EventId::at(at, [4; 10]),
                at,
                recorded: at,
                by: Role::SocialWorker,
                attachments: Vec::new(),
                what: What::FailedContact(FailedContact::new(Form::NoResponse)),
            },
        }
    }

    #[test]
    fn opens_what_it_sealed() {
        let key = SigningKey::from_bytes(&[9; 32]);
        let sealed = SealedEvent::seal(&body(), &key);
        let travelled: SealedEvent =
            serde_json::from_str(&serde_json::to_string(&sealed).unwrap()).unwrap();
        assert_eq!(travelled, sealed);
        assert_eq!(travelled.open().unwrap(), body());
        travelled.verify(&key.verifying_key()).unwrap();
    }

    #[test]
    fn refuses_a_changed_byte_and_another_key() {
        let key = SigningKey::from_bytes(&[9; 32]);
        let mut sealed = SealedEvent::seal(&body(), &key);
        let other = SigningKey::from_bytes(&[8; 32]).verifying_key();
        assert!(matches!(sealed.verify(&other), Err(SealError::Signature)));
        let changed = sealed.body.get().replace("no-response", "doorstep");
        sealed.body = RawValue::from_string(changed).unwrap();
        assert!(matches!(sealed.verify(&key.verifying_key()), Err(SealError::Signature)));
    }

    #[test]
    fn the_wire_shape_is_frozen() {
        let sealed = SealedEvent::seal(&body(), &SigningKey::from_bytes(&[9; 32]));
        assert_eq!(
            sealed.body.get(),
            r#"{"child":"019cadfd-8900-7101-8101-010101010101","person":"019cadfd-8900-7202-8202-020202020202","device":"019cadfd-8900-7303-8303-030303030303","epoch":1,"seq":1,"previous":"0000000000000000000000000000000000000000000000000000000000000000","clock":{"wall":"2026-03-02T10:00:00Z"},"id":"019cadfd-8900-7404-8404-040404040404","at":"2026-03-02T10:00:00Z","recorded":"2026-03-02T10:00:00Z","by":"social-worker","type":"failed-contact","form":"no-response","planned":true}"#
        );
    }

    #[test]
    fn a_digest_does_not_depend_on_order() {
        let hashes: Vec<_> = (0_u8..20).map(|n| Hash::of(&[n])).collect();
        let sum = |hashes: &mut dyn Iterator<Item = &Hash>| {
            hashes.fold(Digest::EMPTY, |digest, hash| digest.with(*hash))
        };
        let forward = sum(&mut hashes.iter());
        assert_eq!(forward, sum(&mut hashes.iter().rev()));
        assert_eq!(forward.count, 20);
        assert_ne!(forward, sum(&mut hashes.iter().take(19)));
    }
}
