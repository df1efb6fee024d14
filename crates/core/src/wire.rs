//! What a device and a server say to each other: `POST /v1/enrol` and `POST /v1/sync`.
//!
//! One round trip carries up a batch of sealed events and brings down a verdict for each, changes
//! of the caseload, a page of events and the next cursor. Everything is safe to repeat.

use chrono::{DateTime, NaiveDate, Utc};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::event::{ChildRecord, Role};
use crate::ids::{ChildId, DeviceId, EventId, PersonId};
use crate::policy::PolicyDocument;
use crate::seal::{Digest, Hash, SealedEvent};
use crate::time::ClockReading;
use crate::words::{Word, words};

/// The version of the protocol that this code speaks.
pub const PROTOCOL: u16 = 1;

/// What a server takes in one request and gives in one answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Events in one push.
    pub batch_events: usize,
    /// Bytes of one request's body.
    pub batch_bytes: usize,
    /// Bytes of one sealed event's body.
    pub event_bytes: usize,
    /// Bytes of events in one page of an answer (one event more than fits is still sent).
    pub page_bytes: usize,
}

impl Limits {
    /// What this version offers.
    pub const DEFAULT: Self = Self {
        batch_events: 500,
        batch_bytes: 2 * 1024 * 1024,
        event_bytes: 64 * 1024,
        page_bytes: 1024 * 1024,
    };
}

/// `POST /v1/enrol`: exchanges a one-time code for an identity.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EnrolRequest {
    /// The code that a manager issued.
    pub code: String,
    /// The device's public key (Ed25519), 64 hexadecimal digits.
    pub public_key: String,
    /// What the person calls the device, for example `Pixel 9`.
    pub device_name: String,
    /// The app and its version.
    pub app: String,
}

/// The answer to an enrolment.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EnrolResponse {
    /// The device's identity from now on.
    pub device: DeviceId,
    /// Whose device it is.
    pub person: Person,
    /// The secret that the device shows with every request.
    pub token: String,
    /// Which store it was enrolled with; another one is never trusted with its cursor.
    pub organisation: Uuid,
    /// The name of the organisation.
    pub organisation_name: String,
    /// The server's clock (UTC).
    pub server_time: DateTime<Utc>,
}

/// A person as others see them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Identity.
    pub id: PersonId,
    /// Full name.
    pub name: String,
    /// The role in which this person records. A role that is not known here is read as the
    /// default, so that the person can record.
    #[serde(deserialize_with = "role_or_default")]
    pub role: Role,
}

/// Somebody to phone, by the role that they hold for a child or a team.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// The role.
    pub role: Word<Role>,
    /// Full name.
    pub name: String,
    /// Phone number as dialled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
}

/// Where in the log a device stands. Opaque to the device: it stores it with the page that it came
/// with, in one transaction, and sends it back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cursor(pub String);

/// `POST /v1/sync`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SyncRequest {
    /// The version of the protocol that the device speaks.
    pub protocol: u16,
    /// The app and its version.
    pub app: String,
    /// The device's clocks at this moment.
    pub clock: ClockReading,
    /// The epoch of `events`.
    pub epoch: u32,
    /// The number of the first of `events`; of the next event to come where there are none.
    pub first_seq: u64,
    /// Sealed events in the order of their numbers, without holes.
    pub events: Vec<SealedEvent>,
    /// How many more events the device holds beyond these.
    pub unsent_beyond: u64,
    /// The last cursor that the device stored; none: it holds nothing.
    pub cursor: Option<Cursor>,
    /// Children whose copy differed from the server's digest: send them again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub again: Vec<ChildId>,
    /// When the oldest of the events beyond these was recorded, by the device's clock (UTC).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest_unsent: Option<DateTime<Utc>>,
    /// Own events that the server set aside and of which the device has not heard since: at most
    /// [`WAITING_MAX`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waiting: Vec<Place>,
}

/// The most events that one request asks after.
pub const WAITING_MAX: usize = 100;

/// Where an event stands on its device: epoch and number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// The epoch.
    pub epoch: u32,
    /// The number in the epoch.
    pub seq: u64,
}

/// The answer to a sync.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SyncResponse {
    /// The version of the protocol that the server answers in.
    pub protocol: u16,
    /// Which store answers.
    pub organisation: Uuid,
    /// Changes when the store was restored from a backup: positions from before mean nothing then.
    pub log_epoch: u32,
    /// The server's clock (UTC).
    pub server_time: DateTime<Utc>,
    /// What the server takes and gives.
    pub limits: Limits,
    /// A verdict for each event of the request, in its order, up to a hole or a fork.
    pub verdicts: Vec<Verdict>,
    /// What the server expects next of this device.
    pub expected: Expected,
    /// The log is safely backed up to this position.
    pub backed_up_to: u64,
    /// Children that entered the caseload, or whose card changed.
    pub children: Vec<ChildCard>,
    /// Children that left the caseload: remove what is held of them.
    pub forget: Vec<ChildId>,
    /// Events of the caseload's children, in the order of their positions within a child.
    pub events: Vec<Placed>,
    /// Count and digest of each child that this page completes.
    pub digests: Vec<ChildDigest>,
    /// What the organisation decided about its policies, when the device does not hold it yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<PolicyDocument>,
    /// What people decided about those of the request's `waiting` events that they dealt with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub settled: Vec<Settled>,
    /// Where the device stands when it has stored this page.
    pub cursor: Cursor,
    /// There is more: sync again at once.
    pub more: bool,
    /// How much is left, for a progress bar: children still to come.
    pub children_left: u64,
}

/// What the server expects next of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expected {
    /// The epoch.
    pub epoch: u32,
    /// The number of the next event.
    pub seq: u64,
    /// The hash that it must carry as `previous`.
    pub previous: Hash,
}

/// What became of one event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The event's number on the device.
    pub seq: u64,
    /// What became of it.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// What became of an event. All of these are final: the server has the event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    Other(#[serde(deserialize_with = "unknown_decision")] Map<String, Value>),
}

impl Settlement {
    const KNOWN: &'static [&'static str] = &["released", "corrected", "dismissed"];
}

fn role_or_default<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Role, D::Error> {
    Ok(Word::<Role>::deserialize(deserializer)?.known().unwrap_or_default())
}

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
    }
);

/// An event with its position in the log.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Placed {
    /// Position in the organisation's log.
    pub position: u64,
    /// The child that it is about, so that it can be filed even if its body cannot be read.
    pub child: ChildId,
    /// The event.
    pub event: SealedEvent,
}

/// How much the server has of a child in its log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChildDigest {
    /// The child.
    pub child: ChildId,
    /// Count and sum of its events.
    pub digest: Digest,
}

/// What a device holds of a child besides its events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChildCard {
    /// Identity.
    pub id: ChildId,
    /// Full name.
    pub name: String,
    /// Date of birth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub born: Option<NaiveDate>,
    /// Where the child lives, as one would write it on an envelope.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The address must not become known: never in a notice, a log or an export.
    #[serde(default)]
    pub address_protected: bool,
    /// The family's phone number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// What the record said before the first event.
    pub record: ChildRecord,
    /// Whom to phone, by role.
    pub contacts: Vec<Contact>,
}

/// A problem document (RFC 9457).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// A stable URI reference that names the kind of problem.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind in a few words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong here and what to do about it.
    pub detail: String,
    /// The id of the request, to be quoted when asking for help.
    pub instance: String,
}

/// The receipt that a device keeps for one of its own events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The event.
    pub event: EventId,
    /// What became of it.
    pub outcome: Outcome,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn words_of_a_newer_server_are_kept_and_leave_the_rest_readable() {
        let verdicts = json!([
            { "seq": 1, "verdict": "stored", "position": 7 },
            { "seq": 2, "verdict": "quarantined", "code": "too-beautiful", "message": "m" },
            { "seq": 3, "verdict": "admired", "by": "all" },
        ]);
        let read: Vec<Verdict> = serde_json::from_value(verdicts.clone()).unwrap();
        assert_eq!(read[0].outcome, Outcome::Stored { position: 7 });
        let code = Word::Other("too-beautiful".to_owned());
        assert_eq!(read[1].outcome, Outcome::Quarantined { code, message: "m".into() });
        assert!(matches!(&read[2].outcome, Outcome::Other(keys) if keys["by"] == "all"));
        assert_eq!(serde_json::to_value(&read).unwrap(), verdicts);

        let contact = json!({ "role": "night-warden", "name": "N" });
        let read: Contact = serde_json::from_value(contact.clone()).unwrap();
        assert_eq!(read.role.known(), None);
        assert_eq!(serde_json::to_value(&read).unwrap(), contact);
        let settled = json!({ "epoch": 1, "seq": 2, "outcome": "framed", "by": "B",
            "at": "2026-03-02T10:00:00Z", "reason": "r" });
        let read: Settled = serde_json::from_value(settled).unwrap();
        assert!(matches!(read.settlement, Settlement::Other(_)));
        let person = json!({ "id": Uuid::nil(), "name": "N", "role": "night-warden" });
        assert_eq!(serde_json::from_value::<Person>(person).unwrap().role, Role::Practitioner);
    }

    #[test]
    fn a_known_word_with_wrong_keys_stays_an_error() {
        for text in [
            r#"{"seq":1,"verdict":"stored"}"#,
            r#"{"seq":1,"verdict":"fork","stored":"short"}"#,
            r#"{"seq":1}"#,
        ] {
            assert!(serde_json::from_str::<Verdict>(text).is_err(), "{text}");
        }
    }
}
