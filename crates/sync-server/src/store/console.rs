//! What only the console reads.

use doorstep_core::ids::PersonId;

use super::StoreError;
use super::ledger::LedgerLine;

/// Reads that nobody but the console needs.
pub trait ConsoleReads {
    /// The lines that somebody was told of and that have ended, of one addressee; the one that
    /// ended last comes first, at most `count`.
    fn ended_lines(&self, addressee: PersonId, count: usize)
    -> Result<Vec<LedgerLine>, StoreError>;
}
