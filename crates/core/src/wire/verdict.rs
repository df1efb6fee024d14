//! What becomes of an event that was pushed, and of one that was set aside.

use chrono::{DateTime, Utc};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::Place;
use crate::ids::EventId;
use crate::seal::Hash;
use crate::words::{Word, words};

/// What became of one event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Verdict {
    /// The event's number on the device.
    pub seq: u64,
    /// What became of it.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// What became of an event. All of these are final: the server has the event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "verdict", rename_all = "kebab-case")]
pub enum Outcome {
    /// In the log, at this position.
    Stored {
        /// Position in the organisation's log.
        position: u64,
    },
    /// It was there already: same identity, same hash.
    Duplicate {
        /// Position in the organisation's log.
        position: u64,
    },
    /// In the log; the author no longer holds the child, whose holder and manager see it.
    HandedOver {
        /// Position in the organisation's log.
        position: u64,
    },
    /// Kept, but not in the log: a person must look at it.
    Quarantined {
        /// Why, as a stable code.
        code: Word<QuarantineCode>,
        /// Why, in a sentence for the author.
        message: String,
    },
    /// This number was used before with other content. Both are kept; the device opens a new epoch
    /// and sends again from here.
    Fork {
        /// The hash of the event that the server has under this number.
        stored: Hash,
    },
    /// A verdict of a newer server, by its keys. Final like every other.
    #[serde(untagged)]
    #[cfg_attr(feature = "schema", schemars(skip))]
    Other(#[serde(deserialize_with = "unknown_verdict")] Map<String, Value>),
}

impl Outcome {
    const KNOWN: &'static [&'static str] =
        &["stored", "duplicate", "handed-over", "quarantined", "fork"];

    /// Whether a person must look at the event before it counts.
    pub const fn needs_a_person(&self) -> bool {
        matches!(self, Self::Quarantined { .. } | Self::Other(_))
    }
}

/// What a person decided about an event that had been set aside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Settled {
    /// Which event.
    #[serde(flatten)]
    pub place: Place,
    /// What became of it.
    #[serde(flatten)]
    pub settlement: Settlement,
    /// Who decided, by full name.
    pub by: String,
    /// When (UTC).
    pub at: DateTime<Utc>,
    /// Why, in that person's words.
    pub reason: String,
}

/// What became of an event that had been set aside. Final.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Settlement {
    /// It is good as it is, and in the log.
    Released {
        /// Position in the organisation's log.
        position: u64,
    },
    /// Another event says what it meant.
    Corrected {
        /// That event.
        event: EventId,
    },
    /// It is kept aside for good.
    Dismissed,
    /// A decision that only a newer version knows, by its keys.
    #[serde(untagged)]
    #[cfg_attr(feature = "schema", schemars(skip))]
    Other(#[serde(deserialize_with = "unknown_decision")] Map<String, Value>),
}

impl Settlement {
    const KNOWN: &'static [&'static str] = &["released", "corrected", "dismissed"];
}

words!(
    /// Why an event was set aside.
    QuarantineCode {
        /// The body is not JSON of an event.
        Malformed = "malformed",
        /// Its type is not known to this server.
        UnknownType = "unknown-type",
        /// The signature is not the device's.
        BadSignature = "bad-signature",
        /// Its number, epoch, device or `previous` is not what its place in the batch says.
        BrokenChain = "broken-chain",
        /// It names a child that the server does not know.
        UnknownChild = "unknown-child",
        /// It names another person than the one to whom the device was given.
        WrongPerson = "wrong-person",
        /// It is larger than the limit.
        TooLarge = "too-large",
        /// It was made after its author's entitlement to this child ended.
        OutsideEntitlement = "outside-entitlement",
        /// It is said to have happened before the child was born.
        BeforeBirth = "before-birth",
        /// It was handed in sealed by a device that nobody can open any more, and records before
        /// it never came.
        BehindAGap = "behind-a-gap",
        /// Two copies of its device write, each on a sequence of its own.
        ClonedDevice = "cloned-device",
    }
);

fn unknown_verdict<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Map<String, Value>, D::Error> {
    unknown(deserializer, "verdict", Outcome::KNOWN)
}

fn unknown_decision<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Map<String, Value>, D::Error> {
    unknown(deserializer, "outcome", Settlement::KNOWN)
}

/// Keys under a word that is not known. One that is known came here because its keys are wrong:
/// that stays an error.
fn unknown<'de, D: Deserializer<'de>>(
    deserializer: D,
    key: &str,
    known: &[&str],
) -> Result<Map<String, Value>, D::Error> {
    let keys = Map::deserialize(deserializer)?;
    match keys.get(key).and_then(Value::as_str) {
        Some(word) if !known.contains(&word) => Ok(keys),
        Some(word) => Err(D::Error::custom(format!("the keys of \"{word}\" are not right"))),
        None => Err(D::Error::missing_field("verdict or outcome")),
    }
}
