//! How much the link carries at a time. Where an answer does not arrive, the next page is asked for
//! half as large; what arrives is kept, so that a weak link gets on page by page.

use doorstep_core::wire::Limits;
use rusqlite::{Connection, OptionalExtension as _, Transaction};

use crate::error::Error;

/// How often failures halve what is sent, or asked for, at a time.
const HALVINGS_MAX: u32 = 9;
/// How many answers of one size come before twice as much is tried.
pub const GOOD_ANSWERS: u32 = 8;

/// Less at a time after each failure: a server may take less than it once told, a weak link may
/// carry less.
pub(crate) fn cautious(limits: Limits, failures: u32) -> Limits {
    let halvings = failures.min(HALVINGS_MAX);
    Limits {
        batch_events: limits.batch_events >> halvings,
        batch_bytes: limits.batch_bytes >> halvings,
        ..limits
    }
}

/// How large a page may be; none: as large as the server likes.
pub(crate) fn page_bytes(conn: &Connection, limits: Limits) -> Result<Option<usize>, Error> {
    let halvings: Option<u32> =
        conn.query_row("select halvings from link", [], |row| row.get(0)).optional()?;
    Ok(halvings.map(|halvings| limits.page_bytes >> halvings))
}

/// No answer came: the next page is to be half as large.
pub(crate) fn broke(tx: &Transaction<'_>) -> Result<(), Error> {
    tx.execute(
        "insert into link (one, halvings, good) values (1, 1, 0)
         on conflict (one) do update set halvings = min(halvings + 1, ?1), good = 0",
        [HALVINGS_MAX],
    )?;
    Ok(())
}

/// An answer came: after some of them pages are to be twice as large again.
pub(crate) fn carried(tx: &Transaction<'_>) -> Result<(), Error> {
    tx.execute("update link set good = good + 1", [])?;
    tx.execute("delete from link where good >= ?1 and halvings = 1", [GOOD_ANSWERS])?;
    let grow = "update link set halvings = halvings - 1, good = 0 where good >= ?1";
    tx.execute(grow, [GOOD_ANSWERS])?;
    Ok(())
}
