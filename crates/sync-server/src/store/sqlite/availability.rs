//! Absences and working hours, on SQLite.

use chrono::{DateTime, Utc};
use doorstep_core::ids::PersonId;
use rusqlite::types::Type;
use rusqlite::{Row, params};

use super::SqliteTx;
use super::values::{
    instant, instant_option, ms, ms_option, number, parsed, parsed_option, signed, text_option,
};
use crate::store::StoreError;
use crate::store::availability::{
    Absence, AbsentBecause, Availability, NumberedAbsence, WorkingHours,
};

fn absence(row: &Row<'_>) -> rusqlite::Result<NumberedAbsence> {
    let why: String = row.get("why")?;
    let unknown = || rusqlite::Error::InvalidColumnType(0, "why".to_owned(), Type::Text);
    Ok(NumberedAbsence {
        number: number(row, "number")?,
        absence: Absence {
            person: parsed(row, "person")?,
            why: AbsentBecause::ALL
                .into_iter()
                .find(|known| known.as_str() == why)
                .ok_or_else(unknown)?,
            from: instant(row, "from_ms")?,
            until: instant_option(row, "until_ms")?,
            deputy: parsed_option(row, "deputy")?,
            recorded_by: parsed(row, "recorded_by")?,
            recorded: instant(row, "recorded_ms")?,
        },
    })
}

impl Availability for SqliteTx<'_> {
    fn absences(&self, at: DateTime<Utc>) -> Result<Vec<NumberedAbsence>, StoreError> {
        let sql = "SELECT number, person, why, from_ms, until_ms, deputy, recorded_by, \
                   recorded_ms FROM absence WHERE until_ms IS NULL OR until_ms > ?1 \
                   ORDER BY number";
        self.all("list absences", sql, [ms(at)], absence)
    }

    fn covers_of(&self, deputy: PersonId) -> Result<Vec<Absence>, StoreError> {
        let sql = "SELECT number, person, why, from_ms, until_ms, deputy, recorded_by, \
                   recorded_ms FROM absence WHERE deputy = ?1 ORDER BY number";
        let found =
            self.all("list whom somebody stands in for", sql, [deputy.to_string()], absence);
        Ok(found?.into_iter().map(|numbered| numbered.absence).collect())
    }

    fn add_absence(&mut self, absence: &Absence) -> Result<(), StoreError> {
        let sql = "INSERT INTO absence (person, why, from_ms, until_ms, deputy, recorded_by, \
                   recorded_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        let params = params![
            absence.person.to_string(),
            absence.why.as_str(),
            ms(absence.from),
            ms_option(absence.until),
            text_option(absence.deputy.as_ref()),
            absence.recorded_by.to_string(),
            ms(absence.recorded),
        ];
        self.execute("write an absence", sql, params).map(drop)
    }

    fn end_absence(&mut self, number: u64, until: DateTime<Utc>) -> Result<(), StoreError> {
        // One that has not begun is over before it begins.
        let sql = "UPDATE absence SET from_ms = min(from_ms, ?2), until_ms = ?2 WHERE number = ?1";
        self.execute("end an absence", sql, params![signed(number), ms(until)]).map(drop)
    }

    fn working_hours(&self, person: PersonId) -> Result<Option<WorkingHours>, StoreError> {
        let sql = "SELECT hours FROM working_hours WHERE person = ?1";
        self.one("read working hours", sql, [person.to_string()], |row| parsed(row, "hours"))
    }

    fn put_working_hours(
        &mut self,
        person: PersonId,
        hours: Option<&WorkingHours>,
    ) -> Result<(), StoreError> {
        let Some(hours) = hours else {
            let sql = "DELETE FROM working_hours WHERE person = ?1";
            return self.execute("forget working hours", sql, [person.to_string()]).map(drop);
        };
        let sql = "INSERT INTO working_hours (person, hours) VALUES (?1, ?2) \
                   ON CONFLICT (person) DO UPDATE SET hours = excluded.hours";
        let params = params![person.to_string(), hours.to_string()];
        self.execute("write working hours", sql, params).map(drop)
    }
}
