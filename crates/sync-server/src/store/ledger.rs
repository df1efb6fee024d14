//! Assessments, the escalation ledger and the notices that go out of it.

use chrono::{DateTime, Utc};
use doorstep_core::assessment::{Escalation, Standing, Urgency};
use doorstep_core::ids::{ChildId, EscalationId, PersonId};

use super::StoreError;

/// A child was assessed. The answer is not kept: it can be computed again at any time, and what
/// follows from it stands in the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assessed {
    /// The child.
    pub child: ChildId,
    /// The instant that the answer is of (UTC), a whole millisecond.
    pub as_of: DateTime<Utc>,
    /// When the child has to be assessed again though nothing happens (UTC): just after its next
    /// limit.
    pub next_change: Option<DateTime<Utc>>,
}

/// Somebody took notice of an escalation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acknowledged {
    /// When (UTC).
    pub at: DateTime<Utc>,
    /// Who.
    pub by: PersonId,
}

/// One line of the ledger.
#[derive(Clone, Debug, PartialEq)]
pub struct LedgerLine {
    /// Identity.
    pub id: EscalationId,
    /// The child.
    pub child: ChildId,
    /// What the policies say of it now.
    pub escalation: Escalation,
    /// Who is told.
    pub addressee: PersonId,
    /// When it entered the ledger (UTC).
    pub raised: DateTime<Utc>,
    /// When the addressee was first told (UTC). None: it was met before anybody had to be.
    pub told: Option<DateTime<Utc>>,
    /// Who took notice of it. Taken back when an escalation that had ended is open again.
    pub acknowledged: Option<Acknowledged>,
    /// When it left the inbox (UTC): acknowledged and discharged, stood down, or never told.
    pub ended: Option<DateTime<Utc>>,
    /// A notice of it failed so often that a person must know.
    pub undelivered: bool,
}

impl LedgerLine {
    /// Whether nobody has anything more to do about it: it was never told, its ground has gone, or
    /// its duty is met and somebody took notice.
    pub fn is_finished(&self) -> bool {
        match self.escalation.standing {
            Standing::Open => false,
            Standing::Discharged => self.told.is_none() || self.acknowledged.is_some(),
            Standing::StoodDown => true,
        }
    }
}

/// Somebody who was told of an escalation, and so sees it until it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// Who.
    pub person: PersonId,
    /// When first (UTC).
    pub first: DateTime<Utc>,
    /// Whose place the person took; none: as the addressee, or as the next of the chain.
    pub in_place_of: Option<PersonId>,
}

/// Something that happened to an escalation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryEntry {
    /// When (UTC).
    pub at: DateTime<Utc>,
    /// What, as a word: `raised`, `updated`, `discharged`, `stood-down`, `reopened`,
    /// `acknowledged`, `passed-on`, `handed-over`, `addressed-again`, `notice-sent`,
    /// `notice-failed`.
    pub what: String,
    /// Who did it; none: the policies, or the server.
    pub by: Option<PersonId>,
    /// More about it, without personal data.
    pub note: Option<String>,
}

/// How a notice reaches a person. The console's inbox needs none: it shows the ledger itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Channel {
    /// E-mail.
    Email,
}

impl Channel {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
        }
    }
}

/// Why a person is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// The escalation is there.
    Raised,
    /// It became more urgent.
    MoreUrgent,
    /// It had ended, and is open again.
    Reopened,
    /// Its ground has gone after the person was told.
    StoodDown,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 4] = [Self::Raised, Self::MoreUrgent, Self::Reopened, Self::StoodDown];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Raised => "raised",
            Self::MoreUrgent => "more-urgent",
            Self::Reopened => "reopened",
            Self::StoodDown => "stood-down",
        }
    }
}

/// A notice to one person about one escalation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The same for the same notice whoever writes it, so that it is written once.
    pub key: String,
    /// The escalation.
    pub escalation: EscalationId,
    /// Who is told.
    pub person: PersonId,
    /// How.
    pub channel: Channel,
    /// Why.
    pub reason: Reason,
    /// When it was written (UTC).
    pub written: DateTime<Utc>,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried next (UTC).
    pub next_try: DateTime<Utc>,
    /// When it went out (UTC).
    pub sent: Option<DateTime<Utc>>,
    /// What went wrong last, without personal data.
    pub last_error: Option<String>,
}

/// What the store knows of assessments and escalations.
///
/// Laws: there is one line for (child, clause, cause, addressed role); no line, entry or notice is
/// ever removed; a notice with a key that is there already is not written again.
pub trait Ledger {
    /// When a child was last assessed.
    fn assessed(&self, child: ChildId) -> Result<Option<Assessed>, StoreError>;
    /// Writes when a child was last assessed.
    fn put_assessed(&mut self, assessed: &Assessed) -> Result<(), StoreError>;
    /// How urgent a child is: the most urgent of its escalations that have not ended, and when it
    /// is to be assessed again though nothing happens (UTC).
    fn urgency(
        &self,
        child: ChildId,
    ) -> Result<(Option<Urgency>, Option<DateTime<Utc>>), StoreError>;
    /// The children to be assessed again at `now` or before, the most overdue first.
    fn due_children(&self, now: DateTime<Utc>, count: usize) -> Result<Vec<ChildId>, StoreError>;
    /// The next instant at which a child is to be assessed again (UTC).
    fn next_change(&self) -> Result<Option<DateTime<Utc>>, StoreError>;

    /// All lines of a child, in the order in which they were raised.
    fn lines(&self, child: ChildId) -> Result<Vec<LedgerLine>, StoreError>;
    /// One line.
    fn line(&self, id: EscalationId) -> Result<Option<LedgerLine>, StoreError>;
    /// The lines that have not ended, most urgent first, then by limit, then by age: all, or those
    /// that one person was told of.
    fn inbox(&self, told: Option<PersonId>) -> Result<Vec<LedgerLine>, StoreError>;
    /// Who was told of an escalation, the first first.
    fn told(&self, id: EscalationId) -> Result<Vec<Told>, StoreError>;
    /// Writes that somebody was told; who was told before stays as it was.
    fn put_told(&mut self, id: EscalationId, told: &Told) -> Result<(), StoreError>;
    /// Writes a line that is not there yet.
    fn add_line(&mut self, line: &LedgerLine) -> Result<(), StoreError>;
    /// Writes what a line has become.
    fn put_line(&mut self, line: &LedgerLine) -> Result<(), StoreError>;
    /// What happened to an escalation, the earliest first.
    fn line_history(&self, id: EscalationId) -> Result<Vec<HistoryEntry>, StoreError>;
    /// Adds to what happened to an escalation.
    fn put_line_history(
        &mut self,
        id: EscalationId,
        entry: &HistoryEntry,
    ) -> Result<(), StoreError>;

    /// Writes a notice, unless one with its key is there.
    fn put_notice(&mut self, notice: &Notice) -> Result<(), StoreError>;
    /// Writes what became of a notice.
    fn update_notice(&mut self, notice: &Notice) -> Result<(), StoreError>;
    /// The notices to be tried at `now`, the oldest first.
    fn due_notices(&self, now: DateTime<Utc>, count: usize) -> Result<Vec<Notice>, StoreError>;
    /// When the next notice is to be tried (UTC).
    fn next_notice(&self) -> Result<Option<DateTime<Utc>>, StoreError>;
    /// The notices of an escalation, in the order in which they were written.
    fn notices(&self, escalation: EscalationId) -> Result<Vec<Notice>, StoreError>;
}
