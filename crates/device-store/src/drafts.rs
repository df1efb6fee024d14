//! Forms that are being filled in, saved at every change, so that a crash at a doorstep costs
//! nothing. The form's JSON is the door's own; the store does not look into it.

use chrono::{DateTime, Utc};
use doorstep_core::ids::EventId;
use rusqlite::{Connection, OptionalExtension as _, Transaction};
use serde::Serialize;

use crate::error::Error;

/// A saved form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SavedDraft {
    /// Its id, chosen by the door.
    pub id: String,
    /// The form, as JSON.
    pub document: String,
    /// When it was saved (UTC).
    pub saved: DateTime<Utc>,
}

pub(crate) fn save(
    tx: &Transaction<'_>,
    id: &str,
    document: &str,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    tx.execute(
        "insert into draft (draft, document, saved_ms) values (?1, ?2, ?3)
         on conflict (draft) do update
         set document = excluded.document, saved_ms = excluded.saved_ms",
        (id, document, now.timestamp_millis()),
    )?;
    Ok(())
}

pub(crate) fn load(conn: &Connection, id: &str) -> Result<Option<SavedDraft>, Error> {
    let sql = "select draft, document, saved_ms from draft where draft = ?1";
    Ok(conn.query_row(sql, [id], saved).optional()?)
}

pub(crate) fn list(conn: &Connection) -> Result<Vec<SavedDraft>, Error> {
    let mut statement =
        conn.prepare_cached("select draft, document, saved_ms from draft order by saved_ms desc")?;
    let drafts = statement.query_map([], saved)?;
    Ok(drafts.collect::<rusqlite::Result<_>>()?)
}

/// Whether there was one.
pub(crate) fn delete(tx: &Transaction<'_>, id: &str) -> Result<bool, Error> {
    Ok(tx.execute("delete from draft where draft = ?1", [id])? > 0)
}

/// Notes which record came from an entry of a form.
pub(crate) fn note_recorded(
    tx: &Transaction<'_>,
    form: &str,
    entry: usize,
    event: EventId,
) -> Result<(), Error> {
    tx.execute(
        "insert or replace into recorded_form (draft, entry, event) values (?1, ?2, ?3)",
        (form, entry, event.to_string()),
    )?;
    Ok(())
}

/// The records that came from a form, in the order of its entries.
pub(crate) fn recorded(conn: &Connection, form: &str) -> Result<Vec<EventId>, Error> {
    let mut statement =
        conn.prepare_cached("select event from recorded_form where draft = ?1 order by entry")?;
    let events = statement.query_map([form], |row| crate::identity::word(row, 0))?;
    Ok(events.collect::<rusqlite::Result<_>>()?)
}

fn saved(row: &rusqlite::Row<'_>) -> rusqlite::Result<SavedDraft> {
    Ok(SavedDraft { id: row.get(0)?, document: row.get(1)?, saved: crate::instant(row.get(2)?) })
}
