//! What every part of the running server shares. No behaviour lives here.

use std::sync::Arc;

use doorstep_core::policy::Policy;
use tokio::sync::{Notify, watch};

use crate::ambient::Ambient;
use crate::config::Config;
use crate::store::Db;

/// The running server: cheap to clone, handed to every request.
#[derive(Clone)]
pub struct AppState {
    /// How it was configured.
    pub config: Arc<Config>,
    /// The organisation's store.
    pub db: Db,
    /// The packs and the calendar in force.
    pub policy: Arc<Policy>,
    /// Clock and randomness.
    pub ambient: Ambient,
    /// Who wants to know that something happened.
    pub signals: Signals,
}

impl AppState {
    /// Puts a server together from its parts.
    pub fn new(config: Config, db: Db, policy: Policy, ambient: Ambient) -> Self {
        Self {
            config: Arc::new(config),
            db,
            policy: Arc::new(policy),
            ambient,
            signals: Signals::default(),
        }
    }
}

/// Wake-ups inside the process. They carry nothing: who is woken looks in the store.
#[derive(Clone, Debug)]
pub struct Signals {
    inbox: watch::Sender<u64>,
    sweep: Arc<Notify>,
    outbox: Arc<Notify>,
}

impl Default for Signals {
    fn default() -> Self {
        Self {
            inbox: watch::Sender::new(0),
            sweep: Arc::new(Notify::new()),
            outbox: Arc::new(Notify::new()),
        }
    }
}

impl Signals {
    /// The ledger may have changed: inboxes are stale, limits may have moved, notices may wait.
    pub fn ledger_changed(&self) {
        self.inbox.send_modify(|version| *version += 1);
        self.sweep.notify_one();
        self.outbox.notify_one();
    }

    /// Follows changes of the inbox: the number goes up each time it may have changed.
    pub fn inbox(&self) -> watch::Receiver<u64> {
        self.inbox.subscribe()
    }

    /// Returns once a limit may have moved.
    pub async fn sweep_wanted(&self) {
        self.sweep.notified().await;
    }

    /// Returns once a notice may wait.
    pub async fn outbox_wanted(&self) {
        self.outbox.notified().await;
    }
}
