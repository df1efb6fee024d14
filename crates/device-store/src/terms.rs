//! What the server told this device to keep to.

use doorstep_core::wire::Terms;
use rusqlite::{Connection, OptionalExtension as _, Transaction};

use crate::error::Error;

/// The terms, as they last came; none before the first.
pub(crate) fn held(conn: &Connection) -> Result<Option<Terms>, Error> {
    let sql = "select document from terms";
    let document: Option<String> = conn.query_row(sql, [], |row| row.get(0)).optional()?;
    let read = |document: String| serde_json::from_str(&document);
    document.map(read).transpose().map_err(|error| Error::unreadable("term", error))
}

/// Keeps the terms that came, if any did.
pub(crate) fn keep(tx: &Transaction<'_>, terms: Option<&Terms>) -> Result<(), Error> {
    let Some(terms) = terms else { return Ok(()) };
    let document = serde_json::to_string(terms).expect("terms have only string keys");
    tx.execute("insert or replace into terms (one, document) values (1, ?1)", [document])?;
    Ok(())
}
