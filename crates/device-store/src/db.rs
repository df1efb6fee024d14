//! Opening the file: the key, the settings that make a commit durable, and the refusals. Where the
//! file lies is the door's affair; it hands in a connection.

use std::fmt;

use rusqlite::{Connection, OptionalExtension as _};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::error::OpenError;
use crate::migrate;

/// Statements that stay prepared: all that a record or a page of a sync needs.
const STATEMENTS_KEPT: usize = 64;

/// What opens a device's file: 32 bytes of key and 16 bytes of salt, always given raw. The salt is
/// ours because `SQLCipher` over a browser's storage would take sixteen zeros for one.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Key(pub [u8; 48]);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

/// Makes a store in a file that holds nothing yet.
pub(crate) fn create(conn: &mut Connection, key: &Key) -> Result<(), OpenError> {
    if unlock(conn, key)? > 0 {
        return Err(OpenError::Exists);
    }
    settle(conn)?;
    migrate::run(conn, migrate::STEPS)
}

/// Opens a store that is there, and brings it to this version's schema.
pub(crate) fn open(conn: &mut Connection, key: &Key) -> Result<(), OpenError> {
    if unlock(conn, key)? == 0 {
        return Err(OpenError::Missing);
    }
    settle(conn)?;
    migrate::run(conn, migrate::STEPS)
}

/// Gives the key and reads the first page with it: how many tables there are.
fn unlock(conn: &Connection, key: &Key) -> Result<u32, OpenError> {
    let cipher: Option<String> =
        conn.query_row("pragma cipher_version", [], |row| row.get(0)).optional()?;
    if cipher.is_none_or(|version| version.is_empty()) {
        return Err(OpenError::NoEncryption);
    }
    // Else it writes to the standard error of whoever called.
    conn.execute_batch("pragma cipher_log_level = none")?;
    let digits = Zeroizing::new(hex::encode(key.0));
    let pragma = Zeroizing::new(format!("pragma key = \"x'{}'\"", digits.as_str()));
    conn.execute_batch(&pragma)?;
    Ok(conn.query_row("select count(*) from sqlite_schema", [], |row| row.get(0))?)
}

/// A commit is on the disk before it is acknowledged, what is deleted is overwritten, and nothing
/// spills into a temporary file.
fn settle(conn: &Connection) -> Result<(), OpenError> {
    conn.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    Ok(conn.execute_batch(
        "pragma journal_mode = truncate;
         pragma synchronous = full;
         pragma foreign_keys = on;
         pragma secure_delete = on;
         pragma temp_store = memory;
         pragma cache_size = -8192;
         pragma trusted_schema = off;",
    )?)
}

/// Reads every page and every index: the faults found, in the words of the database.
pub(crate) fn check(conn: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut faults = Vec::new();
    for pragma in ["pragma cipher_integrity_check", "pragma integrity_check"] {
        let mut statement = conn.prepare(pragma)?;
        let found = statement.query_map([], |row| row.get::<_, String>(0))?;
        for fault in found {
            faults.push(fault?);
        }
    }
    faults.retain(|fault| fault != "ok");
    Ok(faults)
}
