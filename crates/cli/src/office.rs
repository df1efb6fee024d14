//! An organisation's store, opened by a command: for itself where no server runs on it, beside the
//! server where one does.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use doorstep_sync_server::judge::Judge;
use doorstep_sync_server::serve::policy_of;
use doorstep_sync_server::store::sqlite::{SqliteStore, SqliteTx, check_file};
use doorstep_sync_server::store::{self, Backend, Db, Look, Pending, StoreError, Tx, Work};
use doorstep_sync_server::{Ambient, AppState, Config};
use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use tokio::runtime::Runtime;
use tokio::sync::watch;

use crate::failure::{Failure, OrFail as _, Outcome, chain};

/// How long a statement waits for the server's own.
const BUSY: Duration = Duration::from_secs(10);

/// An organisation's store.
pub struct Office {
    state: AppState,
    runtime: Runtime,
    beside: bool,
}

impl Office {
    /// Opens the store that `config` names. Without `make`, a folder without one is refused: a
    /// wrong
    /// --data must not leave an empty organisation behind.
    pub fn open(config: Config, make: bool) -> Outcome<Self> {
        if !make && !SqliteStore::file(&config.data).exists() {
            return Err(Failure::No(format!(
                "there is no organisation in {}: make one with `doorstep admin init NAME`, or name \
                 its folder with --data",
                config.data.display()
            )));
        }
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .or_no("cannot prepare to open the store")?;
        let (db, beside) = match SqliteStore::open(&config.data, 1, Duration::ZERO) {
            Ok(store) => (Db::new(store), false),
            Err(StoreError::InUse { .. }) => (Db::new(Beside::open(&config)?), true),
            Err(error) => return Err(said(&error)),
        };
        let policy = runtime.block_on(policy_of(&db)).map_err(|error| said(&error))?;
        let state = AppState::new(config, db, policy, Ambient::system());
        Ok(Self { state, runtime, beside })
    }

    /// A server runs on the same folder.
    pub fn is_beside_a_server(&self) -> bool {
        self.beside
    }

    /// What the server shares with what it runs.
    pub fn state(&self) -> &AppState {
        &self.state
    }

    /// The store itself.
    pub fn db(&self) -> &Db {
        &self.state.db
    }

    /// Clock and randomness.
    pub fn ambient(&self) -> &Ambient {
        &self.state.ambient
    }

    /// How the server is configured.
    pub fn config(&self) -> &Config {
        &self.state.config
    }

    /// What judging needs besides the store.
    pub fn judge(&self) -> Judge {
        self.state.judge()
    }

    /// Waits for something that the store does.
    pub fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// Reads from one instant of the store.
    pub fn read<T, E>(
        &self,
        look: impl FnOnce(&dyn Tx) -> Result<T, E> + Send + 'static,
    ) -> Outcome<T>
    where
        T: Send + 'static,
        E: std::error::Error + From<StoreError> + Send + 'static,
    {
        self.wait(self.db().read(look)).map_err(|error| said(&error))
    }

    /// Writes in one transaction, whole or not at all.
    pub fn write<T, E>(
        &self,
        work: impl Fn(&mut dyn Tx) -> Result<T, E> + Send + 'static,
    ) -> Outcome<T>
    where
        T: Send + 'static,
        E: std::error::Error + From<StoreError> + Send + 'static,
    {
        self.wait(self.db().write(work)).map_err(|error| said(&error))
    }
}

fn said(error: &dyn std::error::Error) -> Failure {
    Failure::No(chain(error))
}

/// One connection beside a running server, which holds the folder: short transactions of their own,
/// in turn with the server's. It never changes the tables themselves.
struct Beside {
    conn: Mutex<Connection>,
    // Never sends: whoever waits for it waits as long as the command runs.
    stopped: watch::Sender<Option<String>>,
}

impl Beside {
    fn open(config: &Config) -> Outcome<Self> {
        let file = SqliteStore::file(&config.data);
        check_file(&file).map_err(|error| said(&error))?;
        let doing = format!("cannot open {} beside its server", file.display());
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(&file, flags).or_no(&doing)?;
        conn.busy_timeout(BUSY).or_no(&doing)?;
        conn.execute_batch("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON").or_no(&doing)?;
        Ok(Self { conn: Mutex::new(conn), stopped: watch::Sender::new(None) })
    }

    fn conn(&self) -> MutexGuard<'_, Connection> {
        self.conn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self, work: &Work) -> Result<(), StoreError> {
        let immediate = TransactionBehavior::Immediate;
        let mut conn = self.conn();
        let tx = conn.transaction_with_behavior(immediate).map_err(failed("begin"))?;
        match work(&mut SqliteTx::on(&tx)) {
            store::Outcome::Keep => tx.commit().map_err(failed("commit")),
            store::Outcome::Undo => tx.rollback().map_err(failed("undo")),
        }
    }

    fn look(&self, look: Look) -> Result<(), StoreError> {
        let mut conn = self.conn();
        let behavior = TransactionBehavior::Deferred;
        let tx = conn.transaction_with_behavior(behavior).map_err(failed("begin reading"))?;
        look(&SqliteTx::on(&tx));
        tx.finish().map_err(failed("end reading"))
    }
}

impl Backend for Beside {
    fn write(&self, work: Work) -> Pending<'_, Result<(), StoreError>> {
        Box::pin(async move { self.run(&work) })
    }

    fn write_behind(&self, work: Work) {
        // A command ends soon, so it writes at once; nobody waits to hear what became of it.
        let _ = self.run(&work);
    }

    fn read(&self, look: Look) -> Pending<'_, Result<(), StoreError>> {
        Box::pin(async move { self.look(look) })
    }

    fn stopped(&self) -> watch::Receiver<Option<String>> {
        self.stopped.subscribe()
    }
}

fn failed(operation: &'static str) -> impl Fn(rusqlite::Error) -> StoreError {
    move |source| StoreError::Query { operation, source: Box::new(source) }
}
