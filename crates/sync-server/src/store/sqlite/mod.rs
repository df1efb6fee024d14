//! The store on one SQLite file: one connection writes, a few others read.

mod accounts;
mod attachments;
mod availability;
mod console;
mod copy;
mod devices;
mod directory;
mod ledger;
mod log;
mod notices;
mod open;
mod oversight;
mod readers;
mod tree;
mod values;
mod visits;
mod writer;

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, Params, Row};
use tokio::sync::watch;

pub use copy::{DatabaseCopy, copy_checked};
#[cfg(test)]
pub(crate) use open::migrate;
pub use open::{DATABASE_FILE, FolderLock, check_file};

use super::{Backend, Look, Pending, StoreError, Tx, Work};
use open::{open_reader, open_writer};
use readers::Readers;
use writer::Writer;

/// The store on one SQLite file. Holds the data folder for itself until it is dropped.
pub struct SqliteStore {
    // Dropped in this order: the lock is let go when nothing is open any more.
    writer: Writer,
    readers: Readers,
    _lock: FolderLock,
}

impl SqliteStore {
    /// Opens the store in `folder`, or makes it; brings its tables up to date. A write waits up to
    /// `group_commit` for others to share its flush to the disk.
    pub fn open(folder: &Path, readers: usize, group_commit: Duration) -> Result<Self, StoreError> {
        let lock = FolderLock::take(folder)?;
        let file = folder.join(DATABASE_FILE);
        let conn = open_writer(&file)?;
        let readers =
            (0..readers.max(1)).map(|_| open_reader(&file)).collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            writer: Writer::start(conn, group_commit),
            readers: Readers::new(readers),
            _lock: lock,
        })
    }

    /// Reads the store in `folder` at one instant, whether a server runs on it or not.
    pub fn look<T>(
        folder: &Path,
        look: impl FnOnce(&dyn Tx) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let file = Self::file(folder);
        check_file(&file)?;
        let conn = open_reader(&file)?;
        let tx = conn.unchecked_transaction().map_err(failed("begin reading"))?;
        let answer = look(&SqliteTx::on(&tx))?;
        tx.finish().map_err(failed("end reading"))?;
        Ok(answer)
    }

    /// The database file in a data folder.
    pub fn file(folder: &Path) -> PathBuf {
        folder.join(DATABASE_FILE)
    }
}

impl Backend for SqliteStore {
    fn write(&self, work: Work) -> Pending<'_, Result<(), StoreError>> {
        Box::pin(self.writer.run(work))
    }

    fn write_behind(&self, work: Work) {
        self.writer.run_behind(work);
    }

    fn read(&self, look: Look) -> Pending<'_, Result<(), StoreError>> {
        Box::pin(self.readers.run(look))
    }

    fn stopped(&self) -> watch::Receiver<Option<String>> {
        self.writer.stopped()
    }
}

/// One transaction on a connection. Whoever made it has begun the transaction and ends it.
pub struct SqliteTx<'c> {
    conn: &'c Connection,
}

impl<'c> SqliteTx<'c> {
    /// What is said on this connection from now on.
    pub fn on(conn: &'c Connection) -> Self {
        Self { conn }
    }
}

impl Tx for SqliteTx<'_> {}

/// Errors of the driver, with what was tried.
fn failed(operation: &'static str) -> impl Fn(rusqlite::Error) -> StoreError {
    move |source| StoreError::Query { operation, source: Box::new(source) }
}

impl SqliteTx<'_> {
    /// Runs a statement that changes rows.
    fn execute(
        &self,
        operation: &'static str,
        sql: &str,
        params: impl Params,
    ) -> Result<usize, StoreError> {
        let mut statement = self.conn.prepare_cached(sql).map_err(failed(operation))?;
        statement.execute(params).map_err(failed(operation))
    }

    /// Reads one row, if there is one.
    fn one<T>(
        &self,
        operation: &'static str,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, StoreError> {
        let mut statement = self.conn.prepare_cached(sql).map_err(failed(operation))?;
        let mut rows = statement.query(params).map_err(failed(operation))?;
        let row = rows.next().map_err(failed(operation))?;
        row.map(read).transpose().map_err(failed(operation))
    }

    /// Reads all rows.
    fn all<T>(
        &self,
        operation: &'static str,
        sql: &str,
        params: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        let mut statement = self.conn.prepare_cached(sql).map_err(failed(operation))?;
        let rows = statement.query_map(params, read).map_err(failed(operation))?;
        rows.collect::<rusqlite::Result<_>>().map_err(failed(operation))
    }
}
