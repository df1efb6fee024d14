//! Ingest, judge, tell: the server of an organisation.
//!
//! `http` and `console` hand what they are asked to `ingest` and the `store`; `sweep` and `outbox`
//! run beside them. Nothing imports `http`.

pub mod access;
pub mod admin;
pub mod ambient;
pub mod app;
pub mod attachment;
pub mod backup;
pub mod caseload;
pub mod config;
pub mod console;
pub mod contingency;
pub mod deliver;
pub mod enrol;
pub mod factor_key;
pub mod gate;
pub mod head;
pub mod http;
pub mod ingest;
pub mod judge;
mod listen;
pub mod notify;
pub mod outbox;
pub mod pace;
pub mod private;
pub mod rotate;
pub mod schedule;
pub mod sealing;
pub mod serve;
pub mod store;
pub mod sweep;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod tls;
pub mod verify;

pub use ambient::Ambient;
pub use app::{AppState, Signals};
pub use config::{Config, ConfigError};
pub use serve::{ServeError, serve};

/// An error with everything that caused it, on one line, for the log.
pub(crate) fn error_chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests;
