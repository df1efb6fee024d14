//! The access log and what hangs on it, on SQLite.

use chrono::{DateTime, Utc};
use doorstep_core::ids::{ChildId, PersonId};
use rusqlite::{Row, named_params, params};

use super::SqliteTx;
use super::values::{
    instant, instant_option, ms, ms_option, number, parsed, parsed_option, signed, text_option,
};
use crate::store::StoreError;
use crate::store::log::Access;
use crate::store::oversight::{AccessFilter, Glass, GlassReview, Lift, NumberedAccess, Oversight};
use crate::store::tree::Heads;

const GLASS: &str = "SELECT number, person, child, reason, from_ms, until_ms, manager, told_ms, \
                     reviewed_ms, reviewed_by, justified, review FROM glass";
const ACCESS: &str =
    "SELECT number, at_ms, person, child, by_what, device, reason, tie FROM access_log";

/// Reads a line of the access log.
pub(super) fn access(row: &Row<'_>) -> rusqlite::Result<Access> {
    Ok(Access {
        at: instant(row, "at_ms")?,
        person: parsed(row, "person")?,
        child: parsed(row, "child")?,
        by: row.get("by_what")?,
        device: parsed_option(row, "device")?,
        tie: parsed_option(row, "tie")?,
        reason: row.get("reason")?,
    })
}

fn numbered(row: &Row<'_>) -> rusqlite::Result<NumberedAccess> {
    Ok(NumberedAccess { number: number(row, "number")?, access: access(row)? })
}

fn glass(row: &Row<'_>) -> rusqlite::Result<Glass> {
    let review = match instant_option(row, "reviewed_ms")? {
        None => None,
        Some(at) => Some(GlassReview {
            by: parsed(row, "reviewed_by")?,
            at,
            justified: row.get("justified")?,
            note: row.get("review")?,
        }),
    };
    Ok(Glass {
        number: number(row, "number")?,
        person: parsed(row, "person")?,
        child: parsed(row, "child")?,
        reason: row.get("reason")?,
        from: instant(row, "from_ms")?,
        until: instant(row, "until_ms")?,
        manager: parsed_option(row, "manager")?,
        told: instant_option(row, "told_ms")?,
        review,
    })
}

fn lift(row: &Row<'_>) -> rusqlite::Result<Lift> {
    Ok(Lift {
        number: number(row, "number")?,
        child: parsed(row, "child")?,
        asked_by: parsed(row, "asked_by")?,
        asked: instant(row, "asked_ms")?,
        reason: row.get("reason")?,
    })
}

pub(super) fn limit(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

impl SqliteTx<'_> {
    /// The number that the last line got.
    pub(super) fn last_number(&self) -> Result<u64, StoreError> {
        u64::try_from(self.conn.last_insert_rowid())
            .map_err(|source| StoreError::Row { what: "number", source: Box::new(source) })
    }
}

impl Oversight for SqliteTx<'_> {
    fn access_lines(
        &self,
        filter: &AccessFilter,
        count: usize,
    ) -> Result<Vec<NumberedAccess>, StoreError> {
        let sql = format!(
            "{ACCESS} WHERE (:person IS NULL OR person = :person) \
             AND (:child IS NULL OR child = :child) \
             AND (:team IS NULL OR person IN (SELECT id FROM person WHERE team = :team) \
                  OR child IN (SELECT id FROM child WHERE team = :team)) \
             AND (:since IS NULL OR at_ms >= :since) AND (:until IS NULL OR at_ms < :until) \
             AND (NOT :outside OR tie IS NULL OR tie IN ('told', 'glass')) \
             AND (:before IS NULL OR number < :before) ORDER BY number DESC LIMIT :count"
        );
        let params = named_params! {
            ":person": text_option(filter.person.as_ref()),
            ":child": text_option(filter.child.as_ref()),
            ":team": text_option(filter.team.as_ref()),
            ":since": ms_option(filter.from),
            ":until": ms_option(filter.until),
            ":outside": filter.outside,
            ":before": filter.before.map(signed),
            ":count": limit(count),
        };
        self.all("read the access log", &sql, params, numbered)
    }

    fn access_page(&self, after: u64, count: usize) -> Result<Vec<NumberedAccess>, StoreError> {
        let sql = format!("{ACCESS} WHERE number > ?1 ORDER BY number LIMIT ?2");
        self.all("read the access log", &sql, params![signed(after), limit(count)], numbered)
    }

    fn distinct_reads(&self, person: PersonId, since: DateTime<Utc>) -> Result<u64, StoreError> {
        let sql = "SELECT count(DISTINCT child) AS n FROM access_log \
                   WHERE person = ?1 AND at_ms >= ?2 AND device IS NULL";
        let params = params![person.to_string(), ms(since)];
        let count = self.one("count who was read", sql, params, |row| number(row, "n"))?;
        Ok(count.unwrap_or_default())
    }

    fn heavy_readers(
        &self,
        since: DateTime<Utc>,
        above: u64,
    ) -> Result<Vec<(PersonId, u64)>, StoreError> {
        let sql = "SELECT person, count(DISTINCT child) AS n FROM access_log \
                   WHERE at_ms >= ?1 AND device IS NULL GROUP BY person HAVING n > ?2 \
                   ORDER BY n DESC, person";
        self.all("list who read many", sql, params![ms(since), signed(above)], |row| {
            Ok((parsed(row, "person")?, number(row, "n")?))
        })
    }

    fn heads(&self) -> Result<Heads, StoreError> {
        Ok(Heads { log: self.tree("log")?.head(), access: self.tree("access")?.head() })
    }

    fn add_glass(&mut self, glass: &Glass) -> Result<u64, StoreError> {
        let sql = "INSERT INTO glass (person, child, reason, from_ms, until_ms, manager) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let params = params![
            glass.person.to_string(),
            glass.child.to_string(),
            glass.reason,
            ms(glass.from),
            ms(glass.until),
            text_option(glass.manager.as_ref()),
        ];
        self.execute("write that a record was opened", sql, params)?;
        self.last_number()
    }

    fn glass(&self, number: u64) -> Result<Option<Glass>, StoreError> {
        let sql = format!("{GLASS} WHERE number = ?1");
        self.one("read what was opened", &sql, [signed(number)], glass)
    }

    fn open_glass(&self, person: PersonId, at: DateTime<Utc>) -> Result<Vec<Glass>, StoreError> {
        let sql = format!("{GLASS} WHERE person = ?1 AND until_ms > ?2 AND from_ms <= ?2");
        self.all("list what is open", &sql, params![person.to_string(), ms(at)], glass)
    }

    fn all_glass(&self, count: usize) -> Result<Vec<Glass>, StoreError> {
        let sql =
            format!("{GLASS} ORDER BY reviewed_ms IS NOT NULL, number DESC LIMIT {}", limit(count));
        self.all("list what was opened", &sql, [], glass)
    }

    fn review_glass(&mut self, number: u64, review: &GlassReview) -> Result<(), StoreError> {
        let sql = "UPDATE glass SET reviewed_ms = ?2, reviewed_by = ?3, justified = ?4, \
                   review = ?5 WHERE number = ?1 AND reviewed_ms IS NULL AND person <> ?3";
        let params = params![
            signed(number),
            ms(review.at),
            review.by.to_string(),
            review.justified,
            review.note,
        ];
        match self.execute("write a review", sql, params)? {
            0 => Err(StoreError::Missing { what: "record to look into" }),
            _ => Ok(()),
        }
    }

    fn untold_glass(&self, count: usize) -> Result<Vec<Glass>, StoreError> {
        let sql = format!(
            "{GLASS} WHERE reviewed_ms IS NULL AND told_ms IS NULL AND manager IS NOT NULL \
             ORDER BY number LIMIT {}",
            limit(count)
        );
        self.all("list what nobody was told of", &sql, [], glass)
    }

    fn told_glass(&mut self, number: u64, at: DateTime<Utc>) -> Result<(), StoreError> {
        let sql = "UPDATE glass SET told_ms = ?2 WHERE number = ?1 AND told_ms IS NULL";
        self.execute("write who was told", sql, params![signed(number), ms(at)]).map(drop)
    }

    fn ask_lift(&mut self, lift: &Lift) -> Result<(), StoreError> {
        let sql = "INSERT INTO address_lift (child, asked_by, asked_ms, reason) \
                   VALUES (?1, ?2, ?3, ?4)";
        let params = params![
            lift.child.to_string(),
            lift.asked_by.to_string(),
            ms(lift.asked),
            lift.reason,
        ];
        self.execute("ask for an address to be protected no more", sql, params).map(drop)
    }

    fn open_lifts(&self, child: Option<ChildId>) -> Result<Vec<Lift>, StoreError> {
        let sql = "SELECT number, child, asked_by, asked_ms, reason FROM address_lift \
                   WHERE answered_ms IS NULL AND (?1 IS NULL OR child = ?1) ORDER BY number";
        self.all("list what is asked for", sql, [text_option(child.as_ref())], lift)
    }

    fn answer_lift(
        &mut self,
        number: u64,
        by: PersonId,
        at: DateTime<Utc>,
        agreed: bool,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE address_lift SET answered_by = ?2, answered_ms = ?3, agreed = ?4 \
                   WHERE number = ?1 AND answered_ms IS NULL AND asked_by <> ?2";
        let params = params![signed(number), by.to_string(), ms(at), agreed];
        match self.execute("answer what was asked for", sql, params)? {
            0 => Err(StoreError::Missing { what: "question to answer" }),
            _ => Ok(()),
        }
    }
}
