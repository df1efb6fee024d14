//! Assessments, the escalation ledger and the notices that go out of it.

use chrono::{DateTime, Utc};
use doorstep_core::assessment::{Escalation, Standing, Urgency};
use doorstep_core::ids::{ChildId, EscalationId, PersonId};

use super::StoreError;
use super::notices::Channel;

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
    /// When the person really heard of it first; none: not yet, as far as is known.
    pub heard: Option<Heard>,
}

impl Told {
    /// Somebody who is told now, and may not have heard of it yet.
    pub const fn now(
        person: PersonId,
        first: DateTime<Utc>,
        in_place_of: Option<PersonId>,
    ) -> Self {
        Self { person, first, in_place_of, heard: None }
    }
}

/// How somebody really heard of an escalation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeardBy {
    /// A notice was delivered.
    Notice(Channel),
    /// It was on their screen.
    Console,
}

impl HeardBy {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Notice(channel) => channel.as_str(),
            Self::Console => "console",
        }
    }

    /// What people call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Notice(channel) => channel.name(),
            Self::Console => "on the console",
        }
    }
}

/// Somebody really heard of an escalation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heard {
    /// When first (UTC).
    pub at: DateTime<Utc>,
    /// How.
    pub by: HeardBy,
}

/// Something that happened to an escalation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryEntry {
    /// When (UTC).
    pub at: DateTime<Utc>,
    /// What, as a word: `raised`, `updated`, `discharged`, `stood-down`, `reopened`,
    /// `told`, `acknowledged`, `passed-on`, `handed-over`, `addressed-again`, `asked-again`,
    /// `notice-sent`, `notice-failed`.
    pub what: String,
    /// Who did it; none: the policies, or the server.
    pub by: Option<PersonId>,
    /// More about it, without personal data.
    pub note: Option<String>,
}

/// What the store knows of assessments and escalations.
///
/// Laws: there is one line for (child, clause, cause, addressed role); no line or entry is ever
/// removed; who heard of a line first, and when, never changes.
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
    /// Writes that somebody who was told really heard of it; whether that is new.
    fn put_heard(
        &mut self,
        id: EscalationId,
        person: PersonId,
        heard: Heard,
    ) -> Result<bool, StoreError>;
    /// The open lines that somebody was told of and has not heard of yet, as far as is known.
    fn unheard(&self, person: PersonId) -> Result<Vec<EscalationId>, StoreError>;
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
}
