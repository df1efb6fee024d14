//! Who looked at what, which records were opened outside an allocation, and whose address is to be
//! protected no more.

use chrono::{DateTime, Utc};
use doorstep_core::ids::{ChildId, PersonId, TeamId};

use super::StoreError;
use super::log::Access;
use super::tree::Heads;
use crate::private::Private;

/// A line of the access log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberedAccess {
    /// Its number: from 1, without holes.
    pub number: u64,
    /// What it says.
    pub access: Access,
}

/// Which lines of the access log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccessFilter {
    /// Readings by this person.
    pub person: Option<PersonId>,
    /// Readings of this child's record.
    pub child: Option<ChildId>,
    /// Readings by people of this team, or of its children.
    pub team: Option<TeamId>,
    /// From when (UTC).
    pub from: Option<DateTime<Utc>>,
    /// Until when, not included (UTC).
    pub until: Option<DateTime<Utc>>,
    /// Only readings that no allocation explains, and those that were refused.
    pub outside: bool,
    /// Only lines with a smaller number.
    pub before: Option<u64>,
}

/// A record was opened outside the allocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glass {
    /// Its number; 0 before it is written.
    pub number: u64,
    /// Who.
    pub person: PersonId,
    /// Whose record.
    pub child: ChildId,
    /// Why, in that person's words.
    pub reason: Private,
    /// From when (UTC).
    pub from: DateTime<Utc>,
    /// Until when, not included (UTC).
    pub until: DateTime<Utc>,
    /// Who must hear of it.
    pub manager: Option<PersonId>,
    /// When they were told by e-mail (UTC); none: not yet.
    pub told: Option<DateTime<Utc>>,
    /// What somebody else made of it; none: nobody looked into it yet.
    pub review: Option<GlassReview>,
}

/// Somebody looked into why a record was opened outside the allocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GlassReview {
    /// Who: never the person who opened it.
    pub by: PersonId,
    /// When (UTC).
    pub at: DateTime<Utc>,
    /// Whether it was right.
    pub justified: bool,
    /// What they wrote.
    pub note: Private,
}

/// Somebody asks for an address to be protected no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lift {
    /// Its number; 0 before it is written.
    pub number: u64,
    /// Whose address.
    pub child: ChildId,
    /// Who asks.
    pub asked_by: PersonId,
    /// When (UTC).
    pub asked: DateTime<Utc>,
    /// Why.
    pub reason: Private,
}

/// What the store knows of those who watch.
///
/// Laws: the access log is only ever added to, and its numbers have no hole; a glass is reviewed
/// once, by somebody else; a lift is answered once, by somebody else, and there is one open lift of
/// a child.
pub trait Oversight {
    /// Lines of the access log, the latest first, at most `count`.
    fn access_lines(
        &self,
        filter: &AccessFilter,
        count: usize,
    ) -> Result<Vec<NumberedAccess>, StoreError>;
    /// Lines of the access log behind `after`, the oldest first, at most `count`.
    fn access_page(&self, after: u64, count: usize) -> Result<Vec<NumberedAccess>, StoreError>;
    /// How many different children's records a person opened since `since`, beside those that their
    /// devices hold.
    fn distinct_reads(&self, person: PersonId, since: DateTime<Utc>) -> Result<u64, StoreError>;

    /// Who opened more than `above` different children's records since `since`, beside those that
    /// their devices hold, and how many.
    fn heavy_readers(
        &self,
        since: DateTime<Utc>,
        above: u64,
    ) -> Result<Vec<(PersonId, u64)>, StoreError>;

    /// How the log and the access log stand, with what this transaction wrote.
    fn heads(&self) -> Result<Heads, StoreError>;

    /// Writes that a record was opened; answers its number.
    fn add_glass(&mut self, glass: &Glass) -> Result<u64, StoreError>;
    /// One of them.
    fn glass(&self, number: u64) -> Result<Option<Glass>, StoreError>;
    /// What this person opened that is still open at `at`.
    fn open_glass(&self, person: PersonId, at: DateTime<Utc>) -> Result<Vec<Glass>, StoreError>;
    /// All that were opened, those that nobody looked into first, then the latest first.
    fn all_glass(&self, count: usize) -> Result<Vec<Glass>, StoreError>;
    /// Writes what became of it. There is one that nobody reviewed yet, or it is
    /// [`StoreError::Missing`].
    fn review_glass(&mut self, number: u64, review: &GlassReview) -> Result<(), StoreError>;
    /// Those of which nobody was told yet, the oldest first.
    fn untold_glass(&self, count: usize) -> Result<Vec<Glass>, StoreError>;
    /// Writes that the manager was told.
    fn told_glass(&mut self, number: u64, at: DateTime<Utc>) -> Result<(), StoreError>;

    /// Writes that somebody asks.
    fn ask_lift(&mut self, lift: &Lift) -> Result<(), StoreError>;
    /// What is asked for and not answered, of one child or of all.
    fn open_lifts(&self, child: Option<ChildId>) -> Result<Vec<Lift>, StoreError>;
    /// Writes the answer. There is an open one, asked by somebody else, or it is
    /// [`StoreError::Missing`].
    fn answer_lift(
        &mut self,
        number: u64,
        by: PersonId,
        at: DateTime<Utc>,
        agreed: bool,
    ) -> Result<(), StoreError>;
}
