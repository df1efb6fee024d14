//! `/healthz`: the process answers. `/readyz`: it can do its work.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::TimeDelta;
use serde::Serialize;

use crate::app::AppState;
use crate::store::StoreError;
use crate::store::migrate::MIGRATIONS;

/// The process answers.
pub async fn alive() -> &'static str {
    "alive\n"
}

#[derive(Serialize)]
struct Readiness {
    ready: bool,
    /// How many migrations this release knows; the store was brought there when it was opened.
    migrations: usize,
    /// Whether the store takes writes.
    writable: bool,
    /// How long ago the last sweep ended, in seconds.
    sweep_age_seconds: Option<i64>,
}

/// The store is writable and limits are looked after.
pub async fn ready(State(app): State<AppState>) -> Response {
    let writable = app.db.write(|_| Ok::<_, StoreError>(())).await.is_ok();
    let age = app.health.last_sweep().map(|swept| app.ambient.now() - swept);
    let interval = TimeDelta::from_std(app.config.sweep_interval).unwrap_or(TimeDelta::minutes(1));
    // Two intervals and a little: one sweep may be under way.
    let swept = age.is_some_and(|age| age <= interval * 2 + TimeDelta::seconds(10));
    let readiness = Readiness {
        ready: writable && swept,
        migrations: MIGRATIONS.len(),
        writable,
        sweep_age_seconds: age.map(|age| age.num_seconds()),
    };
    let status = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(readiness)).into_response()
}
