//! What every part of the running server shares. No behaviour lives here.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use doorstep_core::policy::Policy;
use doorstep_core::seal::{Hash, SigningKey};
use doorstep_core::wire::{Limits, Terms};
use tokio::sync::{Notify, watch};

use crate::ambient::Ambient;
use crate::attachment::AttachmentKey;
use crate::config::Config;
use crate::enrol::Attempts;
use crate::gate::Gate;
use crate::head;
use crate::judge::{Judge, Patience, Ways};
use crate::pace::Paces;
use crate::sealing::SealingKeys;
use crate::store::{Db, StoreError};

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
    /// What `/readyz` looks at.
    pub health: Health,
    /// What one request may hold, and one answer.
    pub limits: Limits,
    /// How many device codes that do not work came lately.
    pub attempts: Attempts,
    /// How much of what devices ask is under way.
    pub gate: Gate,
    /// How much of what browsers send is under way.
    pub forms: Gate,
    /// How often one device, one person and one address may come.
    pub paces: Paces,
    bound_url: Arc<OnceLock<String>>,
    attachment_key: Arc<OnceLock<AttachmentKey>>,
    head_key: Arc<OnceLock<SigningKey>>,
    sealing_keys: Arc<OnceLock<SealingKeys>>,
}

impl AppState {
    /// Puts a server together from its parts.
    pub fn new(config: Config, db: Db, policy: Policy, ambient: Ambient) -> Self {
        let paces = Paces::new(&config);
        Self {
            config: Arc::new(config),
            db,
            policy: Arc::new(policy),
            ambient,
            signals: Signals::default(),
            health: Health::default(),
            limits: Limits::DEFAULT,
            attempts: Attempts::default(),
            gate: Gate::default(),
            forms: Gate::default(),
            paces,
            bound_url: Arc::default(),
            attachment_key: Arc::default(),
            head_key: Arc::default(),
            sealing_keys: Arc::default(),
        }
    }

    /// What judging needs besides the store.
    pub fn judge(&self) -> Judge {
        Judge {
            policy: Arc::clone(&self.policy),
            ambient: self.ambient.clone(),
            ways: Ways {
                person: !self.config.ways().is_empty(),
                webhook: !self.config.notices.webhook.url.is_empty(),
                digest_at: self.config.notices.digest_at.clone(),
            },
        }
    }

    /// How long people may take notice before an escalation moves up.
    pub fn patience(&self) -> Patience {
        let delta = |time| TimeDelta::from_std(time).unwrap_or_default();
        Patience {
            immediate: delta(self.config.acknowledge_immediate),
            same_day: delta(self.config.acknowledge_same_day),
            routine: delta(self.config.acknowledge_routine),
        }
    }

    /// How people reach the console, without a slash at the end: as configured, or where the server
    /// listens.
    pub fn public_url(&self) -> String {
        let bound = || self.bound_url.get().cloned().unwrap_or_default();
        let configured = &self.config.public_url;
        if configured.is_empty() { bound() } else { configured.clone() }
    }

    /// The key that attachments are encrypted with. The first call makes it where there is none.
    pub fn attachment_key(&self) -> Result<AttachmentKey, StoreError> {
        read_once(&self.attachment_key, || {
            AttachmentKey::read_or_make(&self.config.data, &self.ambient)
        })
    }

    /// The key that signs how the logs stand. The first call makes it where there is none.
    pub fn head_key(&self) -> Result<SigningKey, StoreError> {
        read_once(&self.head_key, || head::read_or_make(&self.config.data, &self.ambient))
    }

    /// The keys to which devices seal copies. The first call makes one where there is none.
    pub fn sealing_keys(&self) -> Result<SealingKeys, StoreError> {
        if let Some(keys) = self.sealing_keys.get() {
            return Ok(keys.clone());
        }
        let keys = SealingKeys::read_or_make(&self.config.data, &self.ambient)?;
        Ok(self.sealing_keys.get_or_init(|| keys).clone())
    }

    /// What every device keeps to.
    pub fn terms(&self) -> Result<Terms, StoreError> {
        let hours = self.config.read_lease.as_secs() / 3600;
        let hours = u32::try_from(hours).unwrap_or(u32::MAX);
        let head_key = Hash(self.head_key()?.verifying_key().to_bytes());
        let sealing_key = self.sealing_keys()?.newest().clone();
        Ok(Terms::new(hours, self.config.wrong_passphrases, sealing_key, head_key))
    }

    /// Says where the server listens. Only the first word counts.
    pub fn bound_to(&self, address: std::net::SocketAddr) {
        let scheme = self.config.scheme();
        self.bound_url.get_or_init(|| format!("{scheme}://{address}"));
    }
}

/// A key that is read from its file when it is needed first, and kept.
fn read_once<K: Clone>(
    kept: &OnceLock<K>,
    read: impl FnOnce() -> Result<K, StoreError>,
) -> Result<K, StoreError> {
    if let Some(key) = kept.get() {
        return Ok(key.clone());
    }
    let key = read()?;
    Ok(kept.get_or_init(|| key).clone())
}

/// Wake-ups inside the process. They carry nothing: who is woken looks in the store.
#[derive(Clone, Debug)]
pub struct Signals {
    inbox: watch::Sender<u64>,
    news: watch::Sender<u64>,
    stopping: watch::Sender<bool>,
    sweep: Arc<Notify>,
    outbox: Arc<Notify>,
    reload: Arc<Notify>,
}

impl Default for Signals {
    fn default() -> Self {
        Self {
            inbox: watch::Sender::new(0),
            news: watch::Sender::new(0),
            stopping: watch::Sender::new(false),
            sweep: Arc::new(Notify::new()),
            outbox: Arc::new(Notify::new()),
            reload: Arc::new(Notify::new()),
        }
    }
}

impl Signals {
    /// The ledger may have changed: inboxes are stale, limits may have moved, notices may wait.
    pub fn ledger_changed(&self) {
        self.inbox_changed();
        self.sweep.notify_one();
    }

    /// Lines of the ledger changed, but no limit moved.
    pub fn inbox_changed(&self) {
        self.inbox.send_modify(|version| *version += 1);
        self.outbox.notify_one();
    }

    /// Follows changes of the inbox: the number goes up each time it may have changed.
    pub fn inbox(&self) -> watch::Receiver<u64> {
        self.inbox.subscribe()
    }

    /// Events came into the log: devices may have something to fetch.
    pub fn events_came(&self) {
        self.news.send_modify(|version| *version += 1);
    }

    /// Follows the log: the number goes up each time events came into it.
    pub fn news(&self) -> watch::Receiver<u64> {
        self.news.subscribe()
    }

    /// The server stops: whatever would go on for long ends now.
    pub fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// Whether the server stops.
    pub fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    /// Returns once the server stops.
    pub fn stopped(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut stopping = self.stopping.subscribe();
        async move {
            // An error means that the server is gone: it has stopped as well.
            let _ = stopping.wait_for(|stopping| *stopping).await;
        }
    }

    /// Returns once a limit may have moved.
    pub async fn sweep_wanted(&self) {
        self.sweep.notified().await;
    }

    /// Somebody asks that what lies in files is read again.
    pub fn reload(&self) {
        self.reload.notify_one();
    }

    /// Returns once somebody asked for it.
    pub async fn reload_wanted(&self) {
        self.reload.notified().await;
    }

    /// Returns once a notice may wait.
    pub async fn outbox_wanted(&self) {
        self.outbox.notified().await;
    }
}

/// How something goes that the server makes by itself at times of the day: backups, duty lists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MadeState {
    /// When the newest good one was made (UTC); none: there is none.
    pub last: Option<DateTime<Utc>>,
    /// Since when they fail (UTC), and what the last failure was; none while they succeed.
    pub failing: Option<(DateTime<Utc>, String)>,
}

impl MadeState {
    /// They succeed, and the newest is no older than two intervals at `now`.
    pub fn is_well(&self, every: Duration, now: DateTime<Utc>) -> bool {
        let every = TimeDelta::from_std(every).unwrap_or(TimeDelta::days(1));
        self.failing.is_none() && self.last.is_some_and(|last| now - last <= every * 2)
    }
}

/// Keeps how something goes that the server makes by itself.
#[derive(Clone, Debug, Default)]
pub struct Made(Arc<Mutex<MadeState>>);

impl Made {
    /// One was made at `at`.
    pub fn made(&self, at: Option<DateTime<Utc>>) {
        *self.held() = MadeState { last: at, failing: None };
    }

    /// The newest that is there was made at `at`; none was due.
    pub fn found(&self, at: Option<DateTime<Utc>>) {
        self.held().last = at;
    }

    /// It failed at `now` for this reason.
    pub fn failed(&self, now: DateTime<Utc>, reason: String) {
        let mut state = self.held();
        let since = state.failing.take().map_or(now, |(since, _)| since);
        state.failing = Some((since, reason));
    }

    /// How it goes.
    pub fn state(&self) -> MadeState {
        self.held().clone()
    }

    fn held(&self) -> MutexGuard<'_, MadeState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// When the parts of the server last did their work.
#[derive(Clone, Debug, Default)]
pub struct Health {
    /// The scheduled backups.
    pub backup: Made,
    /// The scheduled duty lists.
    pub duty_list: Made,
    swept: Arc<Mutex<Option<DateTime<Utc>>>>,
    look_again: Arc<Mutex<Option<DateTime<Utc>>>>,
}

impl Health {
    /// A sweep ended at `now`.
    pub fn swept(&self, now: DateTime<Utc>) {
        *self.swept.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
    }

    /// The inboxes were looked through; no escalation has to be passed on before `at`.
    pub fn look_again_at(&self, at: DateTime<Utc>) {
        *self.look_again.lock().unwrap_or_else(PoisonError::into_inner) = Some(at);
    }

    /// When an escalation may have to be passed on (UTC); none: at any time.
    pub fn look_again(&self) -> Option<DateTime<Utc>> {
        *self.look_again.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether an escalation may have to be passed on at `now`.
    pub fn is_time_to_look(&self, now: DateTime<Utc>) -> bool {
        self.look_again().is_none_or(|at| at <= now)
    }

    /// When the last sweep ended (UTC).
    pub fn last_sweep(&self) -> Option<DateTime<Utc>> {
        *self.swept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
