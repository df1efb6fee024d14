//! What only the console reads.

use std::collections::BTreeMap;

use doorstep_core::ids::{EscalationId, PersonId};

use super::StoreError;
use super::ledger::LedgerLine;

/// Reads that nobody but the console needs.
pub trait ConsoleReads {
    /// The lines that somebody was told of and that have ended, of one addressee; the one that
    /// ended last comes first, at most `count`.
    fn ended_lines(&self, addressee: PersonId, count: usize)
    -> Result<Vec<LedgerLine>, StoreError>;
    /// What somebody was told of in another person's place, and in whose.
    fn covered(&self, person: PersonId) -> Result<BTreeMap<EscalationId, PersonId>, StoreError>;
}
