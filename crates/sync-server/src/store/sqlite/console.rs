//! What only the console reads, on SQLite.

use std::collections::BTreeMap;

use doorstep_core::ids::{EscalationId, PersonId};
use rusqlite::params;

use super::SqliteTx;
use super::values::{parsed, signed};
use crate::store::StoreError;
use crate::store::console::ConsoleReads;
use crate::store::ledger::{Ledger as _, LedgerLine};

impl ConsoleReads for SqliteTx<'_> {
    fn ended_lines(
        &self,
        addressee: PersonId,
        count: usize,
    ) -> Result<Vec<LedgerLine>, StoreError> {
        let sql = "SELECT id FROM escalation
            WHERE id IN (SELECT escalation FROM escalation_told WHERE person = ?1)
            AND ended_ms IS NOT NULL AND told_ms IS NOT NULL
            ORDER BY ended_ms DESC, id LIMIT ?2";
        let count = signed(u64::try_from(count).unwrap_or(u64::MAX));
        let ids: Vec<EscalationId> = self.all(
            "list ended escalations",
            sql,
            params![addressee.to_string(), count],
            |row| parsed(row, "id"),
        )?;
        ids.into_iter().filter_map(|id| self.line(id).transpose()).collect()
    }

    fn covered(&self, person: PersonId) -> Result<BTreeMap<EscalationId, PersonId>, StoreError> {
        let sql = "SELECT escalation, in_place_of FROM escalation_told \
                   WHERE person = ?1 AND in_place_of IS NOT NULL";
        let rows = self.all("list what somebody covers", sql, [person.to_string()], |row| {
            Ok((parsed(row, "escalation")?, parsed(row, "in_place_of")?))
        })?;
        Ok(rows.into_iter().collect())
    }
}
