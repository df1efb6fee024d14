//! Assessments, escalations and notices, on SQLite.

use chrono::{DateTime, Utc};
use doorstep_core::assessment::Urgency;
use doorstep_core::ids::{ChildId, EscalationId, PersonId};
use rusqlite::{Row, named_params, params};

use super::SqliteTx;
use super::notices::channel_of;
use super::values::{
    instant, instant_option, json, ms, ms_option, parsed, parsed_option, text_option, to_json,
};
use crate::store::StoreError;
use crate::store::ledger::{
    Acknowledged, Assessed, Heard, HeardBy, HistoryEntry, Ledger, LedgerLine, Told,
};

pub(super) const LINE: &str = "SELECT id, child, addressee, raised_ms, told_ms, acknowledged_ms, \
                               acknowledged_by, ended_ms, undelivered, body FROM escalation";
pub(super) fn line(row: &Row<'_>) -> rusqlite::Result<LedgerLine> {
    let at = instant_option(row, "acknowledged_ms")?;
    let by = parsed_option(row, "acknowledged_by")?;
    Ok(LedgerLine {
        id: parsed(row, "id")?,
        child: parsed(row, "child")?,
        escalation: json(row, "body")?,
        addressee: parsed(row, "addressee")?,
        raised: instant(row, "raised_ms")?,
        told: instant_option(row, "told_ms")?,
        acknowledged: at.zip(by).map(|(at, by)| Acknowledged { at, by }),
        ended: instant_option(row, "ended_ms")?,
        undelivered: row.get("undelivered")?,
    })
}

fn heard(row: &Row<'_>) -> rusqlite::Result<Option<Heard>> {
    let by: Option<String> = row.get("heard_by")?;
    let by = match by.as_deref() {
        Some("console") => Some(HeardBy::Console),
        Some(channel) => Some(HeardBy::Notice(channel_of(channel)?)),
        None => None,
    };
    let at = instant_option(row, "heard_ms")?;
    Ok(at.zip(by).map(|(at, by)| Heard { at, by }))
}

fn rank(urgency: Urgency) -> i64 {
    let place = Urgency::ALL.iter().position(|known| *known == urgency);
    place.and_then(|place| i64::try_from(place).ok()).unwrap_or(i64::MAX)
}

impl Ledger for SqliteTx<'_> {
    fn assessed(&self, child: ChildId) -> Result<Option<Assessed>, StoreError> {
        let sql = "SELECT as_of_ms, next_change_ms FROM assessment WHERE child = ?1";
        self.one("read when a child was assessed", sql, [child.to_string()], |row| {
            let (as_of, next_change) =
                (instant(row, "as_of_ms")?, instant_option(row, "next_change_ms")?);
            Ok(Assessed { child, as_of, next_change })
        })
    }

    fn put_assessed(&mut self, assessed: &Assessed) -> Result<(), StoreError> {
        let sql = "INSERT INTO assessment (child, as_of_ms, next_change_ms) VALUES (?1, ?2, ?3) \
                   ON CONFLICT (child) DO UPDATE SET as_of_ms = excluded.as_of_ms, \
                   next_change_ms = excluded.next_change_ms";
        let params = params![
            assessed.child.to_string(),
            ms(assessed.as_of),
            ms_option(assessed.next_change)
        ];
        self.execute("write when a child was assessed", sql, params).map(drop)
    }

    fn urgency(
        &self,
        child: ChildId,
    ) -> Result<(Option<Urgency>, Option<DateTime<Utc>>), StoreError> {
        let sql = "SELECT (SELECT min(urgency) FROM escalation \
                   WHERE child = ?1 AND ended_ms IS NULL) AS urgency, \
                   (SELECT next_change_ms FROM assessment WHERE child = ?1) AS next_change_ms";
        let urgency = self.one("read how urgent a child is", sql, [child.to_string()], |row| {
            let rank: Option<u8> = row.get("urgency")?;
            let urgency = rank.and_then(|rank| Urgency::ALL.get(usize::from(rank)).copied());
            Ok((urgency, instant_option(row, "next_change_ms")?))
        })?;
        Ok(urgency.unwrap_or_default())
    }

    fn due_children(&self, now: DateTime<Utc>, count: usize) -> Result<Vec<ChildId>, StoreError> {
        let sql = "SELECT child FROM assessment WHERE next_change_ms <= ?1 \
                   ORDER BY next_change_ms, child LIMIT ?2";
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        self.all("list due children", sql, params![ms(now), count], |row| parsed(row, "child"))
    }

    fn next_change(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        let sql = "SELECT min(next_change_ms) AS next FROM assessment";
        let next = self.one("read the next limit", sql, [], |row| instant_option(row, "next"))?;
        Ok(next.flatten())
    }

    fn lines(&self, child: ChildId) -> Result<Vec<LedgerLine>, StoreError> {
        let sql = format!("{LINE} WHERE child = ?1 ORDER BY raised_ms, id");
        self.all("read a child's escalations", &sql, [child.to_string()], line)
    }

    fn line(&self, id: EscalationId) -> Result<Option<LedgerLine>, StoreError> {
        let sql = format!("{LINE} WHERE id = ?1");
        self.one("read an escalation", &sql, [id.to_string()], line)
    }

    fn inbox(&self, told: Option<PersonId>) -> Result<Vec<LedgerLine>, StoreError> {
        let filter = match told {
            Some(_) => "id IN (SELECT escalation FROM escalation_told WHERE person = ?1)",
            None => "?1 IS NULL",
        };
        let sql = format!(
            "{LINE} WHERE {filter} AND ended_ms IS NULL \
             ORDER BY urgency, due_ms IS NULL, due_ms, since_ms, id"
        );
        self.all("read an inbox", &sql, [text_option(told.as_ref())], line)
    }

    fn told(&self, id: EscalationId) -> Result<Vec<Told>, StoreError> {
        let sql = "SELECT person, first_ms, in_place_of, heard_ms, heard_by FROM escalation_told \
                   WHERE escalation = ?1 ORDER BY number";
        self.all("read who was told", sql, [id.to_string()], |row| {
            Ok(Told {
                person: parsed(row, "person")?,
                first: instant(row, "first_ms")?,
                in_place_of: parsed_option(row, "in_place_of")?,
                heard: heard(row)?,
            })
        })
    }

    fn put_told(&mut self, id: EscalationId, told: &Told) -> Result<(), StoreError> {
        let sql = "INSERT INTO escalation_told (escalation, person, first_ms, in_place_of) \
                   VALUES (?1, ?2, ?3, ?4) ON CONFLICT (escalation, person) DO NOTHING";
        let params = params![
            id.to_string(),
            told.person.to_string(),
            ms(told.first),
            text_option(told.in_place_of.as_ref()),
        ];
        self.execute("write who was told", sql, params).map(drop)
    }

    fn put_heard(
        &mut self,
        id: EscalationId,
        person: PersonId,
        heard: Heard,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE escalation_told SET heard_ms = ?3, heard_by = ?4 \
                   WHERE escalation = ?1 AND person = ?2 AND heard_ms IS NULL";
        let params = params![id.to_string(), person.to_string(), ms(heard.at), heard.by.as_str()];
        Ok(self.execute("write who heard of it", sql, params)? == 1)
    }

    fn unheard(&self, person: PersonId) -> Result<Vec<EscalationId>, StoreError> {
        let sql = "SELECT told.escalation FROM escalation_told AS told \
                   JOIN escalation ON escalation.id = told.escalation \
                   WHERE told.person = ?1 AND told.heard_ms IS NULL AND ended_ms IS NULL";
        self.all("read what nobody heard of", sql, [person.to_string()], |row| parsed(row, 0))
    }

    fn add_line(&mut self, line: &LedgerLine) -> Result<(), StoreError> {
        let sql = "INSERT INTO escalation (id, child, clause, cause, to_role, addressee, urgency, \
                   standing, due_ms, since_ms, raised_ms, told_ms, acknowledged_ms, \
                   acknowledged_by, ended_ms, undelivered, body) VALUES (:id, :child, :clause, \
                   :cause, :to_role, :addressee, :urgency, :standing, :due, :since, :raised, \
                   :told, :acknowledged, :acknowledged_by, :ended, :undelivered, :body)";
        let escalation = &line.escalation;
        let params = named_params! {
            ":id": line.id.to_string(),
            ":child": line.child.to_string(),
            ":clause": escalation.clause.0,
            ":cause": escalation.cause.0.to_string(),
            ":to_role": escalation.to.as_str(),
            ":addressee": line.addressee.to_string(),
            ":urgency": rank(escalation.urgency),
            ":standing": escalation.standing.as_str(),
            ":due": ms_option(escalation.due),
            ":since": ms(escalation.since),
            ":raised": ms(line.raised),
            ":told": ms_option(line.told),
            ":acknowledged": ms_option(line.acknowledged.map(|taken| taken.at)),
            ":acknowledged_by": line.acknowledged.map(|taken| taken.by.to_string()),
            ":ended": ms_option(line.ended),
            ":undelivered": line.undelivered,
            ":body": to_json(escalation),
        };
        self.execute("write an escalation", sql, params).map(drop)
    }

    fn put_line(&mut self, line: &LedgerLine) -> Result<(), StoreError> {
        let sql = "UPDATE escalation SET addressee = :addressee, urgency = :urgency, \
                   standing = :standing, due_ms = :due, since_ms = :since, told_ms = :told, \
                   acknowledged_ms = :acknowledged, acknowledged_by = :acknowledged_by, \
                   ended_ms = :ended, undelivered = :undelivered, body = :body WHERE id = :id";
        let escalation = &line.escalation;
        let params = named_params! {
            ":id": line.id.to_string(),
            ":addressee": line.addressee.to_string(),
            ":urgency": rank(escalation.urgency),
            ":standing": escalation.standing.as_str(),
            ":due": ms_option(escalation.due),
            ":since": ms(escalation.since),
            ":told": ms_option(line.told),
            ":acknowledged": ms_option(line.acknowledged.map(|taken| taken.at)),
            ":acknowledged_by": line.acknowledged.map(|taken| taken.by.to_string()),
            ":ended": ms_option(line.ended),
            ":undelivered": line.undelivered,
            ":body": to_json(escalation),
        };
        match self.execute("write what an escalation has become", sql, params)? {
            0 => Err(StoreError::Missing { what: "escalation" }),
            _ => Ok(()),
        }
    }

    fn line_history(&self, id: EscalationId) -> Result<Vec<HistoryEntry>, StoreError> {
        let sql = "SELECT at_ms, what, by_person, note FROM escalation_history \
                   WHERE escalation = ?1 ORDER BY number";
        self.all("read an escalation's history", sql, [id.to_string()], |row| {
            Ok(HistoryEntry {
                at: instant(row, "at_ms")?,
                what: row.get("what")?,
                by: parsed_option(row, "by_person")?,
                note: row.get("note")?,
            })
        })
    }

    fn put_line_history(
        &mut self,
        id: EscalationId,
        entry: &HistoryEntry,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO escalation_history (escalation, at_ms, what, by_person, note) \
                   VALUES (?1, ?2, ?3, ?4, ?5)";
        let params = params![
            id.to_string(),
            ms(entry.at),
            entry.what,
            text_option(entry.by.as_ref()),
            entry.note,
        ];
        self.execute("write an escalation's history", sql, params).map(drop)
    }
}
