//! What the server remembers. One storage trait per subject, all spoken inside one transaction; the
//! laws are in their comments and hold for every backend. No backend's types appear here.
//!
//! Functions that read take `&dyn Tx`, functions that write take `&mut dyn Tx`.

pub mod accounts;
pub mod attachments;
pub mod availability;
pub mod console;
#[cfg(any(test, feature = "testing"))]
pub mod contract;
pub mod devices;
pub mod directory;
pub mod ledger;
pub mod log;
pub mod migrate;
pub mod notices;
pub mod oversight;
pub mod sqlite;
pub mod tree;
pub mod visits;

use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Semaphore, watch};

pub use accounts::Accounts;
pub use attachments::Attachments;
pub use availability::Availability;
pub use console::ConsoleReads;
pub use devices::Devices;
pub use directory::Directory;
pub use ledger::Ledger;
pub use log::Log;
pub use notices::Notices;
pub use oversight::Oversight;
pub use visits::Visits;

/// Everything that can be said inside one transaction.
#[rustfmt::skip] // On one line it would be wider than a page.
pub trait Tx:
    Directory + Availability + Devices + Log + Ledger + Visits + Accounts + Attachments
    + Notices + ConsoleReads + Oversight
{
}

/// Why the store did not do what it was asked. Sorted by what the caller can do next.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another server runs on the same data folder.
    #[error(
        "the data folder {folder} is in use by the server with process id {pid}: stop that \
         server, or choose another folder with --data"
    )]
    InUse {
        /// The data folder.
        folder: PathBuf,
        /// The process that holds it, as it wrote it down.
        pid: String,
    },
    /// The file was written by a newer release.
    #[error(
        "{file} was written by a newer release (its version is {found}, this release knows \
         {known}): install that release; the file was not changed"
    )]
    Newer {
        /// The database file.
        file: PathBuf,
        /// The version that the file says.
        found: usize,
        /// The newest version that this release knows.
        known: usize,
    },
    /// The file is a database of something else.
    #[error(
        "{file} is a database, but not a doorstep server's: choose another folder with --data; \
         the file was not changed"
    )]
    Foreign {
        /// The database file.
        file: PathBuf,
    },
    /// The file cannot be read as a database.
    #[error(
        "{file} is damaged or not a database: keep it, and put the last backup in place with \
         `doorstep restore`; the file was not changed ({finding})"
    )]
    Damaged {
        /// The database file.
        file: PathBuf,
        /// What was found.
        finding: String,
    },
    /// A file could not be opened, read or written.
    #[error("cannot {operation} {file}")]
    File {
        /// What was tried.
        operation: &'static str,
        /// On which file.
        file: PathBuf,
        /// Why it failed.
        #[source]
        source: std::io::Error,
    },
    /// A statement failed. Nothing of its transaction was stored.
    #[error("the store could not {operation}")]
    Query {
        /// What was tried.
        operation: &'static str,
        /// Why it failed.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A piece of work ended in a panic. Nothing of it was stored; the store itself is well.
    #[error("a piece of work ended in a panic: nothing of it was stored")]
    Panicked,
    /// A stored value is not what must be there.
    #[error("a stored {what} cannot be read")]
    Row {
        /// What was read.
        what: &'static str,
        /// Why it cannot be read.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// What was asked for must be there and is not.
    #[error("the store has no such {what}")]
    Missing {
        /// What is missing.
        what: &'static str,
    },
    /// A commit failed, or the writer ended: what was written last is not known to be safe. Nothing
    /// more is written until the server starts again.
    #[error("the store stopped: {reason}")]
    Stopped {
        /// What stopped it.
        reason: String,
    },
}

/// Work inside one transaction. It may be run again after a conflict, so it has no effect besides
/// what it does to the transaction and its own result.
pub type Work = Box<dyn Fn(&mut dyn Tx) -> Outcome + Send>;

/// Work that only reads. It sees one instant of the store.
pub type Look = Box<dyn FnOnce(&dyn Tx) + Send>;

/// Whether a piece of work is to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Commit it.
    Keep,
    /// Undo it, and only it.
    Undo,
}

/// A future of a backend.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What a backend is: it runs work inside transactions.
///
/// Laws: work that answers `Undo`, or fails, changes nothing and disturbs no other work. When
/// `write` answers `Ok` for work that answered `Keep`, the work is on the disk. Work runs one after
/// another, or as if. A commit that fails stops the backend for good.
pub trait Backend: Send + Sync {
    /// Runs work that writes.
    fn write(&self, work: Work) -> Pending<'_, Result<(), StoreError>>;
    /// Runs work that writes, with the next work that is waited for, or alone within a second.
    fn write_behind(&self, work: Work);
    /// Runs work that reads.
    fn read(&self, look: Look) -> Pending<'_, Result<(), StoreError>>;
    /// Says once, with the reason, that the backend stopped for good.
    fn stopped(&self) -> watch::Receiver<Option<String>>;
}

/// Pieces of work that stand before the writer; more wait for a place there, in the order in which
/// they came.
pub const QUEUE_MAX: usize = 1024;

/// The store: a backend with typed answers. Cheap to clone.
#[derive(Clone)]
pub struct Db {
    backend: Arc<dyn Backend>,
    queue: Arc<Semaphore>,
}

impl Db {
    /// The store on this backend.
    pub fn new(backend: impl Backend + 'static) -> Self {
        Self { backend: Arc::new(backend), queue: Arc::new(Semaphore::new(QUEUE_MAX)) }
    }

    /// Runs `work` in one transaction and answers once it is on the disk. When `work` answers an
    /// error, what it did is undone.
    pub async fn write<T, E>(
        &self,
        work: impl Fn(&mut dyn Tx) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let place = Arc::clone(&self.queue).acquire_owned().await;
        let slot = Arc::new(Mutex::new(None));
        let answer = Arc::clone(&slot);
        let run = move |tx: &mut dyn Tx| {
            // Whoever asked may have gone: the place is free when the work itself is done with.
            let _place = &place;
            let result = work(tx);
            let outcome = if result.is_ok() { Outcome::Keep } else { Outcome::Undo };
            *answer.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
            outcome
        };
        self.backend.write(Box::new(run)).await?;
        take(&slot)
    }

    /// Runs `work` soon, together with others. Nobody waits for it: what it writes may be lost if
    /// the machine stops within the next second.
    pub async fn write_behind(
        &self,
        work: impl Fn(&mut dyn Tx) -> Result<(), StoreError> + Send + 'static,
    ) {
        let place = Arc::clone(&self.queue).acquire_owned().await;
        self.backend.write_behind(Box::new(move |tx: &mut dyn Tx| {
            let _place = &place;
            match work(tx) {
                Ok(()) => Outcome::Keep,
                Err(error) => {
                    let error = crate::error_chain(&error);
                    tracing::error!(error, "what could wait was not written");
                    Outcome::Undo
                }
            }
        }));
    }

    /// Runs `look` on one instant of the store.
    pub async fn read<T, E>(
        &self,
        look: impl FnOnce(&dyn Tx) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let slot = Arc::new(Mutex::new(None));
        let answer = Arc::clone(&slot);
        let run = move |tx: &dyn Tx| {
            *answer.lock().unwrap_or_else(PoisonError::into_inner) = Some(look(tx));
        };
        self.backend.read(Box::new(run)).await?;
        take(&slot)
    }

    /// Says once, with the reason, that the store stopped for good.
    pub fn stopped(&self) -> watch::Receiver<Option<String>> {
        self.backend.stopped()
    }
}

fn take<T, E: From<StoreError>>(slot: &Mutex<Option<Result<T, E>>>) -> Result<T, E> {
    let answer = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
    answer.unwrap_or_else(|| Err(StoreError::Stopped { reason: "work was not run".into() }.into()))
}
