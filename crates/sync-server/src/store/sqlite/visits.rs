//! Planned visits, on SQLite.

use chrono::{DateTime, Utc};
use doorstep_core::ids::{ChildId, PersonId};
use rusqlite::{Row, params};
use uuid::Uuid;

use super::SqliteTx;
use super::values::{instant, instant_option, ms, ms_option, parsed};
use crate::store::StoreError;
use crate::store::visits::{PlannedVisit, Visits};

const VISIT: &str = "SELECT id, child, person, at_ms, silent_ms, cancelled_ms FROM planned_visit";

fn visit(row: &Row<'_>) -> rusqlite::Result<PlannedVisit> {
    Ok(PlannedVisit {
        id: parsed(row, "id")?,
        child: parsed(row, "child")?,
        person: parsed(row, "person")?,
        at: instant(row, "at_ms")?,
        silent: instant_option(row, "silent_ms")?,
        cancelled: instant_option(row, "cancelled_ms")?,
    })
}

impl Visits for SqliteTx<'_> {
    fn planned_visit(&self, id: Uuid) -> Result<Option<PlannedVisit>, StoreError> {
        self.one("read a visit", &format!("{VISIT} WHERE id = ?1"), [id.to_string()], visit)
    }

    fn planned_visits_of(&self, child: ChildId) -> Result<Vec<PlannedVisit>, StoreError> {
        let sql = format!("{VISIT} WHERE child = ?1 ORDER BY at_ms, id");
        self.all("list a child's visits", &sql, [child.to_string()], visit)
    }

    fn planned_visits_between(
        &self,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Vec<PlannedVisit>, StoreError> {
        let sql = format!("{VISIT} WHERE at_ms >= ?1 AND at_ms < ?2 ORDER BY at_ms, id");
        self.all("list visits", &sql, [ms(from), ms(until)], visit)
    }

    fn silent_visits(&self, person: PersonId) -> Result<Vec<PlannedVisit>, StoreError> {
        let sql = format!("{VISIT} WHERE person = ?1 AND silent_ms IS NOT NULL ORDER BY at_ms, id");
        self.all("list silent visits", &sql, [person.to_string()], visit)
    }

    fn put_planned_visit(&mut self, visit: &PlannedVisit) -> Result<(), StoreError> {
        let planned = |of: &PlannedVisit| (of.child, of.person, of.at, of.cancelled.is_some());
        let before = self.planned_visit(visit.id)?;
        if before.as_ref().map(planned) != Some(planned(visit)) {
            self.directory_changed()?;
        }
        let sql = "INSERT INTO planned_visit (id, child, person, at_ms, silent_ms, cancelled_ms) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (id) DO UPDATE SET \
                   child = excluded.child, person = excluded.person, at_ms = excluded.at_ms, \
                   silent_ms = excluded.silent_ms, cancelled_ms = excluded.cancelled_ms";
        let params = params![
            visit.id.to_string(),
            visit.child.to_string(),
            visit.person.to_string(),
            ms(visit.at),
            ms_option(visit.silent),
            ms_option(visit.cancelled),
        ];
        self.execute("write a visit", sql, params).map(drop)
    }
}
