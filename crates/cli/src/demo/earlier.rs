//! The story's server, earlier: in this process, with its clock set back, so that the phones were
//! enrolled before they recorded. The store is the one that the later server goes on with.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::mpsc;
use std::thread;

use chrono::{DateTime, Utc};
use doorstep_sync_server::serve::{ServeError, serve};
use doorstep_sync_server::{Ambient, Config};
use tokio::sync::oneshot;

use crate::ambient;
use crate::failure::{Failure, Outcome, chain};

/// Serves the store of `config` with a clock that stands at `then`, while `meanwhile` does its work
/// with the server's address.
pub fn at<T>(
    config: &Config,
    then: DateTime<Utc>,
    meanwhile: impl FnOnce(&str) -> Outcome<T>,
) -> Outcome<T> {
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let config = Config { listen, ..config.clone() };
    let (bound, hear_bound) = mpsc::channel();
    let (stop, asked) = oneshot::channel::<()>();
    let server = thread::spawn(move || run(config, then, asked, &bound));
    // Without an address the server ended; its own error says why.
    let done = hear_bound.recv().ok().map(|address| meanwhile(&format!("http://{address}")));
    drop(stop);
    let ended = server.join().map_err(|_| lost())?;
    ended.map_err(|error| Failure::No(chain(&error)))?;
    done.ok_or_else(lost)?
}

fn run(
    config: Config,
    then: DateTime<Utc>,
    asked: oneshot::Receiver<()>,
    bound: &mpsc::Sender<SocketAddr>,
) -> Result<(), ServeError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(ServeError::Accept)?;
    let shutdown = async move {
        // An error means that whoever could ask is gone: stop as well.
        let _ = asked.await;
    };
    let clock = Ambient::new(move || then, ambient::fill);
    runtime.block_on(serve(config, clock, shutdown, |address| {
        let _ = bound.send(address);
    }))
}

fn lost() -> Failure {
    Failure::No("the story's earlier server ended before its time".to_owned())
}
