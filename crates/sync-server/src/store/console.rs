//! What only the console reads.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use doorstep_core::ids::{ChildId, EscalationId, PersonId, TeamId};

use super::StoreError;
use super::ledger::LedgerLine;

/// A failed contact as it is counted: one for each visit, whoever recorded it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactFigure {
    /// The team of its child.
    pub team: Option<TeamId>,
    /// How it failed, as a word.
    pub form: String,
    /// When it happened, as claimed (UTC).
    pub at: DateTime<Utc>,
    /// When its first record reached the server (UTC).
    pub received: DateTime<Utc>,
}

/// An escalation as it is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EscalationFigure {
    /// Its child, with clause and cause: several may be about one duty.
    pub child: ChildId,
    /// The clause.
    pub clause: String,
    /// The cause.
    pub cause: String,
    /// The team of its child.
    pub team: Option<TeamId>,
    /// When it reached the ledger (UTC).
    pub raised: DateTime<Utc>,
    /// When somebody was first told (UTC).
    pub told: Option<DateTime<Utc>>,
    /// When somebody acknowledged it (UTC).
    pub acknowledged: Option<DateTime<Utc>>,
    /// The limit of its duty (UTC).
    pub due: Option<DateTime<Utc>>,
    /// When it left the inbox (UTC).
    pub ended: Option<DateTime<Utc>>,
    /// The duty is still owed.
    pub is_owed: bool,
}

/// Reads that nobody but the console needs.
pub trait ConsoleReads {
    /// The lines that somebody was told of and that have ended, of one addressee; the one that
    /// ended last comes first, at most `count`.
    fn ended_lines(&self, addressee: PersonId, count: usize)
    -> Result<Vec<LedgerLine>, StoreError>;
    /// What somebody was told of in another person's place, and in whose.
    fn covered(&self, person: PersonId) -> Result<BTreeMap<EscalationId, PersonId>, StoreError>;
    /// The failed contacts that happened from `from` until before `until`, without those that were
    /// withdrawn; each visit to a child once.
    fn contact_figures(
        &self,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Vec<ContactFigure>, StoreError>;
    /// The escalations that were raised, or whose limit ended, from `from` until before `until`,
    /// and all that are open.
    fn escalation_figures(
        &self,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Vec<EscalationFigure>, StoreError>;
}
