//! Running the server: opens the store, listens, sweeps, delivers, and stops gracefully.

use std::net::SocketAddr;
use std::sync::Arc;

use doorstep_core::policy::Policy;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::admin::triage::{self, TriageError};
use crate::ambient::Ambient;
use crate::app::AppState;
use crate::attachment::{self, key_file};
use crate::backup::schedule::back_up_for_ever;
use crate::config::Config;
use crate::contingency::schedule::write_for_ever;
use crate::notify::{Channels, ChannelsError};
use crate::store::sqlite::SqliteStore;
use crate::store::{Db, StoreError, Tx};
use crate::tls::{Tls, TlsError};
use crate::{head, http, listen, outbox, sweep};

/// Why the server did not start, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The store cannot be opened, or stopped.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The address is taken or cannot be.
    #[error("cannot listen on {address}: choose another address with --listen")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// The settings of a way of telling people cannot be.
    #[error("notices cannot go out")]
    Notices(#[from] ChannelsError),
    /// The certificate cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// Requests cannot be taken any more.
    #[error("the server cannot take requests any more")]
    Accept(#[source] std::io::Error),
}

/// Opens the store of `config`.
pub fn open(config: &Config) -> Result<Db, StoreError> {
    Ok(Db::new(SqliteStore::open(&config.data, config.readers, config.group_commit)?))
}

/// The policy that the organisation decided on; the built-in one, where there is no organisation
/// yet.
pub async fn policy_of(db: &Db) -> Result<Policy, StoreError> {
    db.read(|tx| {
        let document = tx.organisation()?.map(|organisation| organisation.policy);
        Policy::of(&document.unwrap_or_default())
            .map_err(|source| StoreError::Row { what: "policy", source: Box::new(source) })
    })
    .await
}

/// Serves until `shutdown` is done; then requests may finish within `stop_within`. Calls `on_bound`
/// with the actual address once requests are taken.
pub async fn serve(
    config: Config,
    ambient: Ambient,
    shutdown: impl Future<Output = ()> + Send + 'static,
    on_bound: impl FnOnce(SocketAddr),
) -> Result<(), ServeError> {
    serve_state(prepare(config, ambient).await?, shutdown, on_bound).await
}

/// A server that is ready to take requests.
pub async fn prepare(config: Config, ambient: Ambient) -> Result<AppState, ServeError> {
    let db = open(&config)?;
    for name in [attachment::KEY_FILE, head::KEY_FILE] {
        key_file::refuse_unfinished(&config.data, name)?;
    }
    let policy = policy_of(&db).await?;
    let state = AppState::new(config, db, policy, ambient);
    release_known(&state).await?;
    Ok(state)
}

/// Takes in what was set aside only because an older server did not know its kind.
async fn release_known(state: &AppState) -> Result<(), StoreError> {
    let judge = state.judge();
    let work = move |tx: &mut dyn Tx| triage::release_known(tx, &judge);
    match state.db.write(work).await {
        Ok(0) => {}
        Ok(released) => tracing::info!(released, "took in records of kinds that are known now"),
        Err(TriageError::Store(error)) => return Err(error),
        Err(error) => tracing::warn!("records of kinds that are known now stay aside: {error}"),
    }
    Ok(())
}

/// Serves a server that was put together by the caller.
pub async fn serve_state(
    state: AppState,
    shutdown: impl Future<Output = ()> + Send + 'static,
    on_bound: impl FnOnce(SocketAddr),
) -> Result<(), ServeError> {
    let address = state.config.listen;
    let tls = state.config.tls.as_ref().map(Tls::read).transpose()?;
    let failed = |source| ServeError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    state.bound_to(bound);
    let mut tasks = JoinSet::new();
    tasks.spawn(sweep::sweep_for_ever(state.clone()));
    if state.config.backup.folder.is_some() {
        tasks.spawn(back_up_for_ever(state.clone()));
    }
    if state.config.contingency.folder.is_some() {
        tasks.spawn(write_for_ever(state.clone()));
    }
    if let Some(tls) = tls.clone() {
        tasks.spawn(tls.keep_fresh(state.signals.clone()));
    }
    let channels = Channels::new(&state.config)?;
    let mut telling = JoinSet::new();
    if !channels.is_empty() {
        telling.spawn(outbox::deliver_for_ever(state.clone(), Arc::new(channels)));
    }
    if let Some(warning) = state.policy.calendar().warning(state.ambient.now()) {
        tracing::warn!("{warning}");
    }
    tracing::info!(address = %bound, "serving");
    on_bound(bound);
    let result = answer_requests(&state, (listener, tls), shutdown).await;
    state.signals.stop();
    // A notice that is on its way is written down, or it would go out twice.
    let told = tokio::time::timeout(state.config.stop_within, telling.join_next()).await;
    if told.is_err() {
        tracing::warn!("a notice was on its way when the server stopped: it may arrive twice");
    }
    telling.shutdown().await;
    // The store's file is folded together when the last of them lets go of it.
    tasks.shutdown().await;
    tracing::info!("stopped");
    result
}

async fn answer_requests(
    state: &AppState,
    listening: (TcpListener, Option<Tls>),
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    let router = http::router(state.clone());
    let timeout = state.config.request_timeout;
    let answering = listen::answer(listening, router, state.signals.clone(), timeout);
    let mut server = tokio::spawn(answering);
    let mut store_stopped = state.db.stopped();
    let outcome = tokio::select! {
        ended = &mut server => {
            return ended.map_err(|error| ServeError::Accept(std::io::Error::other(error)));
        }
        reason = store_stopped.wait_for(Option::is_some) => {
            let reason = reason.ok().and_then(|reason| reason.clone()).unwrap_or_default();
            Err(ServeError::Store(StoreError::Stopped { reason }))
        }
        () = shutdown => Ok(()),
    };
    // Streams that would stay open for minutes hear of it as well.
    state.signals.stop();
    if tokio::time::timeout(state.config.stop_within, &mut server).await.is_err() {
        tracing::warn!("some requests did not finish in time and were cut off");
        server.abort();
    }
    outcome
}
