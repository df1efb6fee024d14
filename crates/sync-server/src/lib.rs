//! Ingest, judge, tell: the server of an organisation.
//!
//! `http` and `console` hand what they are asked to `ingest` and the `store`; `sweep` and `outbox`
//! run beside them. Nothing imports `http`.

pub mod admin;
pub mod ambient;
pub mod app;
pub mod config;
pub mod console;
pub mod http;
pub mod store;

pub use ambient::Ambient;
pub use app::{AppState, Signals};
pub use config::{Config, ConfigError};
