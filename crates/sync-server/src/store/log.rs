//! The organisation's log: every accepted event once, every refused one kept aside.

use chrono::{DateTime, Utc};
use doorstep_core::access::Tie;
use doorstep_core::ids::{ChildId, DeviceId, EventId, PersonId};
use doorstep_core::seal::{Hash, Signature};
use doorstep_core::trust::Timing;

use super::StoreError;
use crate::private::Private;

/// An event in the log, or about to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedEvent {
    /// Position in the log; 0 before it is there.
    pub position: u64,
    /// Identity of the record.
    pub id: EventId,
    /// The child that it is about.
    pub child: ChildId,
    /// Who recorded it.
    pub person: PersonId,
    /// On which device.
    pub device: DeviceId,
    /// The device's epoch.
    pub epoch: u32,
    /// Its number in the epoch.
    pub seq: u64,
    /// The hash of `body`.
    pub hash: Hash,
    /// When it happened, as claimed (UTC).
    pub at: DateTime<Utc>,
    /// When the server took it (UTC).
    pub received: DateTime<Utc>,
    /// When it happened, as judged when it was taken. Never judged again.
    pub timing: Timing,
    /// Its type.
    pub kind: String,
    /// The author no longer held the child when it came.
    pub handed_over: bool,
    /// The exact text that was signed.
    pub body: String,
    /// The device's signature over `body`.
    pub signature: Signature,
}

/// An event that was set aside: kept as it came, until a person has looked at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetAside {
    /// Number of the entry; 0 before it is stored.
    pub number: u64,
    /// The device that sent it.
    pub device: DeviceId,
    /// The epoch that it was sent in.
    pub epoch: u32,
    /// The number that it was sent under.
    pub seq: u64,
    /// The hash of `bytes`.
    pub hash: Hash,
    /// Why: a word of `QuarantineCode`, or `fork`.
    pub code: String,
    /// Why, in a sentence for the author.
    pub message: String,
    /// The child that it names, where that could be read and is known.
    pub child: Option<ChildId>,
    /// When it came (UTC).
    pub received: DateTime<Utc>,
    /// What came.
    pub bytes: String,
    /// The signature that came with it.
    pub signature: Option<Signature>,
    /// What a person decided about it.
    pub decision: Option<Decision>,
}

/// What a person decided about an event that was set aside. Made once, and final.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// When (UTC).
    pub at: DateTime<Utc>,
    /// Who.
    pub by: PersonId,
    /// Why, in that person's words.
    pub reason: String,
    /// What became of it.
    pub outcome: DecisionOutcome,
}

/// What became of an event that was set aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecisionOutcome {
    /// It is in the log under its own number, as it came.
    Released,
    /// Another event says what it meant.
    Corrected {
        /// That event.
        event: EventId,
    },
    /// It stays aside for good.
    Dismissed,
}

impl DecisionOutcome {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Released => "released",
            Self::Corrected { .. } => "corrected",
            Self::Dismissed => "dismissed",
        }
    }
}

impl SetAside {
    /// The code of an event whose number was used before with other content. Such an entry stands
    /// beside its device's chain, not in it.
    pub const FORK: &'static str = "fork";
}

/// What the server has under a device's number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// An event in the log.
    Logged {
        /// Its position.
        position: u64,
        /// Its hash.
        hash: Hash,
    },
    /// An event that was set aside and still counts in its device's chain.
    SetAside {
        /// Its hash.
        hash: Hash,
        /// Why it was set aside.
        code: String,
        /// Why, in a sentence.
        message: String,
    },
}

impl Known {
    /// The hash of what is there.
    pub const fn hash(&self) -> Hash {
        match self {
            Self::Logged { hash, .. } | Self::SetAside { hash, .. } => *hash,
        }
    }
}

/// One reading of a child's record by a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// When (UTC).
    pub at: DateTime<Utc>,
    /// Who.
    pub person: PersonId,
    /// Whose record.
    pub child: ChildId,
    /// How: `sync`, or the page that was opened.
    pub by: String,
    /// On which device, where it went to one.
    pub device: Option<DeviceId>,
    /// How the person stood to the child; none where the reading was refused.
    pub tie: Option<Tie>,
    /// The reason that was given, where one was asked for.
    pub reason: Option<Private>,
}

/// What the store knows of events.
///
/// Laws: an event is stored once under (device, epoch, number) and never changes; positions are
/// given out gapless and in the order in which transactions commit; events of a child are listed by
/// position; nothing is ever removed.
pub trait Log {
    /// Appends events: gives them the next positions, in their order, takes them into their
    /// children's digests and notes what attachments they name. The last thing that a transaction
    /// does.
    fn append(&mut self, events: &[LoggedEvent]) -> Result<Vec<u64>, StoreError>;
    /// What is known under a device's number.
    fn known(&self, device: DeviceId, epoch: u32, seq: u64) -> Result<Option<Known>, StoreError>;
    /// The first event with this id.
    fn event(&self, id: EventId) -> Result<Option<LoggedEvent>, StoreError>;
    /// All events of a child.
    fn history(&self, child: ChildId) -> Result<Vec<LoggedEvent>, StoreError>;
    /// The events of a child behind `after`, up to `bytes_max` bytes of bodies but at least one.
    fn history_page(
        &self,
        child: ChildId,
        after: u64,
        bytes_max: usize,
    ) -> Result<Vec<LoggedEvent>, StoreError>;
    /// The events behind `after` of the children that a device holds and was sent whole with a
    /// change up to `whole_max`; by position, up to `bytes_max` bytes of bodies but at least one.
    fn news(
        &self,
        device: DeviceId,
        whole_max: u64,
        after: u64,
        bytes_max: usize,
    ) -> Result<Vec<LoggedEvent>, StoreError>;
    /// How many events of a child there are behind `after`.
    fn history_count(&self, child: ChildId, after: u64) -> Result<u64, StoreError>;
    /// How many events there are of which [`Log::news`] gives the first.
    fn news_count(&self, device: DeviceId, whole_max: u64, after: u64) -> Result<u64, StoreError>;
    /// Events of the whole log behind `after`, at most `count`.
    fn log_page(&self, after: u64, count: usize) -> Result<Vec<LoggedEvent>, StoreError>;

    /// The hash of the event at `position`; none where the log does not go so far.
    fn hash_at(&self, position: u64) -> Result<Option<Hash>, StoreError>;

    /// Sets an event aside. The same bytes under the same number are kept once.
    fn set_aside(&mut self, entry: &SetAside) -> Result<(), StoreError>;
    /// One entry by its number.
    fn set_aside_entry(&self, number: u64) -> Result<Option<SetAside>, StoreError>;
    /// The entry that counts in its device's chain under this number.
    fn set_aside_under(
        &self,
        device: DeviceId,
        epoch: u32,
        seq: u64,
    ) -> Result<Option<SetAside>, StoreError>;
    /// Writes what a person decided about an entry. There is one that nobody decided about yet, or
    /// it is [`StoreError::Missing`].
    fn decide(&mut self, number: u64, decision: &Decision) -> Result<(), StoreError>;
    /// The entries that were decided about, the latest decision first, at most `count`.
    fn decided(&self, count: usize) -> Result<Vec<SetAside>, StoreError>;
    /// What was set aside and not dealt with, of one device or of all; the oldest first.
    fn quarantine(&self, device: Option<DeviceId>) -> Result<Vec<SetAside>, StoreError>;

    /// Whether anything of a device was ever set aside with this code.
    fn has_set_aside(&self, device: DeviceId, code: &str) -> Result<bool, StoreError>;

    /// Everything that was ever set aside, dealt with or not; the oldest first.
    fn all_set_aside(&self) -> Result<Vec<SetAside>, StoreError>;

    /// Records that a person read a child's record.
    fn log_access(&mut self, access: &Access) -> Result<(), StoreError>;
    /// Who read a child's record, the latest first, at most `count`.
    fn accesses(&self, child: ChildId, count: usize) -> Result<Vec<Access>, StoreError>;
}
