//! The store on one SQLite file.

mod accounts;

use rusqlite::Connection;

/// One transaction on a connection. Whoever made it has begun the transaction and ends it.
pub struct SqliteTx<'c> {
    conn: &'c Connection,
}
