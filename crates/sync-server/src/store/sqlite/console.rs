//! What only the console reads, on SQLite.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use doorstep_core::ids::{EscalationId, PersonId};
use rusqlite::params;

use super::SqliteTx;
use super::values::{instant, instant_option, ms, parsed, parsed_option, signed};
use crate::store::StoreError;
use crate::store::console::{ConsoleReads, ContactFigure, EscalationFigure};
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

    fn contact_figures(
        &self,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Vec<ContactFigure>, StoreError> {
        // The first record of a visit is the one that counts: the others are the same contact.
        let sql = "SELECT child.team AS team, body ->> '$.form' AS form, at_ms, received_ms
            FROM event JOIN child ON child.id = event.child
            WHERE kind = 'failed-contact' AND at_ms >= ?1 AND at_ms < ?2
            AND event.id NOT IN (SELECT body ->> '$.of' FROM event
                WHERE kind = 'withdrawn' AND at_ms >= ?1)
            GROUP BY event.child, coalesce(body ->> '$.visit', event.id)
            HAVING position = min(position)
            ORDER BY at_ms";
        self.all("count failed contacts", sql, params![ms(from), ms(until)], |row| {
            Ok(ContactFigure {
                team: parsed_option(row, "team")?,
                form: row.get::<_, Option<String>>("form")?.unwrap_or_default(),
                at: instant(row, "at_ms")?,
                received: instant(row, "received_ms")?,
            })
        })
    }

    fn escalation_figures(
        &self,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Vec<EscalationFigure>, StoreError> {
        let sql = "SELECT escalation.child AS child, clause, cause, child.team AS team, raised_ms,
                told_ms, acknowledged_ms, due_ms, ended_ms, standing
            FROM escalation JOIN child ON child.id = escalation.child
            WHERE (raised_ms >= ?1 AND raised_ms < ?2) OR (due_ms >= ?1 AND due_ms < ?2)
            OR ended_ms IS NULL
            ORDER BY raised_ms, escalation.id";
        self.all("count escalations", sql, params![ms(from), ms(until)], |row| {
            Ok(EscalationFigure {
                child: parsed(row, "child")?,
                clause: row.get("clause")?,
                cause: row.get("cause")?,
                team: parsed_option(row, "team")?,
                raised: instant(row, "raised_ms")?,
                told: instant_option(row, "told_ms")?,
                acknowledged: instant_option(row, "acknowledged_ms")?,
                due: instant_option(row, "due_ms")?,
                ended: instant_option(row, "ended_ms")?,
                is_owed: row.get::<_, String>("standing")? == "open",
            })
        })
    }
}
