//! What a device and a server say to each other: `POST /v1/enrol`, `POST /v1/sync`,
//! `POST /v1/hand-in` and the addresses of attachments.
//!
//! One round trip carries up a batch of sealed events and brings down a verdict for each, changes
//! of the caseload, a page of events and the next cursor. Everything is safe to repeat.

mod attachment;
mod hand_in;
mod head;
mod limits;
mod terms;
mod verdict;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Deserializer, Serialize};
use uuid::Uuid;

use crate::event::{ChildRecord, Role};
use crate::ids::{ChildId, DeviceId, EventId, PersonId};
use crate::policy::PolicyDocument;
use crate::seal::{Digest, Hash, SealedEvent};
use crate::time::ClockReading;
use crate::words::Word;

pub use attachment::{AttachmentOffer, AttachmentProgress, AttachmentState};
pub use hand_in::{Bytes, HandIn, HandInAnswer, HandInOutcome, HandedIn, SealedCopy, SealingKey};
pub use head::{KeptHead, SignedHead, key_mark, root_of};
pub use limits::Limits;
pub use terms::Terms;
pub use verdict::{Outcome, QuarantineCode, Settled, Settlement, Verdict};

/// The version of the protocol that this code speaks.
pub const PROTOCOL: u16 = 1;

/// `POST /v1/enrol`: exchanges a one-time code for an identity.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct EnrolRequest {
    /// The code that a manager issued.
    pub code: String,
    /// The device's public key (Ed25519), 64 hexadecimal digits.
    pub public_key: String,
    /// What the person calls the device, for example `Pixel 9`.
    pub device_name: String,
    /// The app and its version.
    pub app: String,
    /// Who the device is already, where it was enrolled before and is not known any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_as: Option<KnownAs>,
}

/// Who a device is by its own account. A server that was restored to before the enrolment gives it
/// the same identity again, so that what it sealed stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct KnownAs {
    /// The device.
    pub device: DeviceId,
    /// Whose device it is.
    pub person: PersonId,
}

/// The answer to an enrolment.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
    /// What the device keeps to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terms: Option<Terms>,
}

/// A person as others see them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Cursor(pub String);

/// `POST /v1/sync`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
    /// How often a child's copy differed from the server's, since the device was enrolled.
    #[serde(default, skip_serializing_if = "Divergence::is_none")]
    pub divergence: Divergence,
    /// At most so many bytes of events in the answer, where the link carries less than a page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page_bytes: Option<usize>,
    /// The mark of the terms that the device keeps to; none: it holds none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terms: Option<String>,
}

impl SyncRequest {
    /// Hands in `events`, numbered from `first_seq` in `epoch`, and asks for nothing beyond what is
    /// new since no cursor; the device has nothing else to say.
    pub fn handing_in(
        app: &str,
        clock: ClockReading,
        (epoch, first_seq): (u32, u64),
        events: Vec<SealedEvent>,
    ) -> Self {
        Self {
            protocol: PROTOCOL,
            app: app.to_owned(),
            clock,
            epoch,
            first_seq,
            events,
            unsent_beyond: 0,
            cursor: None,
            again: Vec::new(),
            oldest_unsent: None,
            waiting: Vec::new(),
            divergence: Divergence::default(),
            page_bytes: None,
            terms: None,
        }
    }
}

/// How often the copy of a child on a device was found to differ from the server's, for good.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Divergence {
    /// How often one was found.
    pub found: u64,
    /// How many of these ended by themselves: the copy agreed again, or the child left.
    pub healed: u64,
}

impl Divergence {
    /// Whether no copy ever differed.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// The most events that one request asks after.
pub const WAITING_MAX: usize = 100;

/// Where an event stands on its device: epoch and number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Place {
    /// The epoch.
    pub epoch: u32,
    /// The number in the epoch.
    pub seq: u64,
}

/// The answer to a sync.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
    /// The same: events still to come, of those children and of the others.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub events_left: u64,
    /// Everything comes again from this answer on: the server did not know the cursor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anew: Option<Anew>,
    /// How the server's logs stand, signed: kept by the device as evidence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<SignedHead>,
    /// What the device keeps to from now on, where it holds other terms or none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terms: Option<Terms>,
}

/// The server did not know the cursor of a request, or there was none: it was restored to a backup,
/// or is a copy of itself from before. What the device holds may be unknown to it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Anew {
    /// What it expects next in each epoch of the device that it knows: whatever has a lower number
    /// in that epoch, it has.
    #[serde(default)]
    pub chains: Vec<Expected>,
}

/// What the server expects next of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Expected {
    /// The epoch.
    pub epoch: u32,
    /// The number of the next event.
    pub seq: u64,
    /// The hash that it must carry as `previous`.
    pub previous: Hash,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
const fn is_zero(number: &u64) -> bool {
    *number == 0
}

fn role_or_default<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Role, D::Error> {
    Ok(Word::<Role>::deserialize(deserializer)?.known().unwrap_or_default())
}

/// An event with its position in the log.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChildDigest {
    /// The child.
    pub child: ChildId,
    /// Count and sum of its events.
    pub digest: Digest,
}

/// What a device holds of a child besides its events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
    /// The visits that the device's own person is to make, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub visits: Vec<PlannedVisit>,
}

/// A visit that is planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PlannedVisit {
    /// Identity.
    pub id: Uuid,
    /// When it is to begin (UTC).
    pub at: DateTime<Utc>,
}

/// A problem document (RFC 9457).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
