//! `/healthz`: the process answers. `/readyz`: it can do its work.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use crate::app::AppState;
use crate::store::StoreError;
use crate::store::migrate::MIGRATIONS;

/// The process answers.
#[cfg_attr(feature = "schema", utoipa::path(
    get, path = "/healthz", tag = "health",
    responses((status = 200, description = "The process answers.", body = String,
        content_type = "text/plain"))
))]
pub async fn alive() -> &'static str {
    "alive\n"
}

/// Whether the server can do its work.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(super) struct Readiness {
    /// The store takes writes, and limits are looked after.
    ready: bool,
    /// How many migrations this release knows; the store was brought there when it was opened.
    migrations: usize,
    /// Whether the store takes writes.
    writable: bool,
    /// How long ago the last sweep ended, in seconds.
    sweep_age_seconds: Option<i64>,
    /// How the scheduled backups go; nothing where there is no schedule.
    backup: Option<BackupReadiness>,
    /// How the scheduled duty lists go; nothing where there is no schedule.
    duty_list: Option<DutyListReadiness>,
    /// How the notices to people go; nothing where the console is the only way.
    notices: Option<NoticeReadiness>,
}

/// How the notices to people go. A server whose notices fail still takes records.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(super) struct NoticeReadiness {
    /// None fails again and again.
    ok: bool,
    /// How many do.
    failing: usize,
    /// For how long the oldest of them has waited, in seconds.
    oldest_seconds: Option<i64>,
}

async fn notices(app: &AppState, now: DateTime<Utc>) -> Option<NoticeReadiness> {
    let has_webhook = !app.config.notices.webhook.url.is_empty();
    if app.config.ways().is_empty() && !has_webhook {
        return None;
    }
    let flag_after = app.config.notices.flag_after;
    let failing = app.db.read(move |tx| tx.failing_notices(flag_after)).await;
    let failing = failing.unwrap_or_else(|error: StoreError| {
        tracing::error!(error = crate::error_chain(&error), "the outbox cannot be read");
        None
    });
    Some(NoticeReadiness {
        ok: failing.is_none(),
        failing: failing.map_or(0, |failing| failing.count),
        oldest_seconds: failing.map(|failing| (now - failing.since).num_seconds()),
    })
}

/// How the scheduled backups go. A server whose backup fails still takes records, so that this does
/// not make it unready: whoever watches the server looks here as well.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(super) struct BackupReadiness {
    /// The newest is no older than two intervals, and the last attempt did not fail.
    ok: bool,
    /// How long ago the newest was made, in seconds.
    age_seconds: Option<i64>,
}

fn backup(app: &AppState, now: DateTime<Utc>) -> Option<BackupReadiness> {
    app.config.backup.folder.as_ref()?;
    let state = app.health.backup.state();
    let age_seconds = state.last.map(|last| (now - last).num_seconds());
    Some(BackupReadiness { ok: state.is_well(app.config.backup.every, now), age_seconds })
}

/// How the scheduled duty lists go. A server that cannot write one still takes records; but whoever
/// relies on it when systems are down would find an old one, or none.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(super) struct DutyListReadiness {
    /// The newest is no older than two intervals, and the last attempt did not fail.
    ok: bool,
    /// How long ago the newest was written, in seconds.
    age_seconds: Option<i64>,
}

fn duty_list(app: &AppState, now: DateTime<Utc>) -> Option<DutyListReadiness> {
    app.config.contingency.folder.as_ref()?;
    let state = app.health.duty_list.state();
    let age_seconds = state.last.map(|last| (now - last).num_seconds());
    Some(DutyListReadiness { ok: state.is_well(app.config.contingency.every, now), age_seconds })
}

/// The store is writable and limits are looked after.
#[cfg_attr(feature = "schema", utoipa::path(
    get, path = "/readyz", tag = "health",
    responses(
        (status = 200, description = "It can.",
            body = ref("#/components/schemas/Readiness"), content_type = "application/json"),
        (status = 503, description = "It cannot: read the log before restarting it.",
            body = ref("#/components/schemas/Readiness"), content_type = "application/json")
    )
))]
pub async fn ready(State(app): State<AppState>) -> Response {
    let writable = app.db.write(|_| Ok::<_, StoreError>(())).await.is_ok();
    let now = app.ambient.now();
    let age = app.health.last_sweep().map(|swept| now - swept);
    let interval = TimeDelta::from_std(app.config.sweep_interval).unwrap_or(TimeDelta::minutes(1));
    // Two intervals and a little: one sweep may be under way.
    let swept = age.is_some_and(|age| age <= interval * 2 + TimeDelta::seconds(10));
    let readiness = Readiness {
        ready: writable && swept,
        migrations: MIGRATIONS.len(),
        writable,
        sweep_age_seconds: age.map(|age| age.num_seconds()),
        backup: backup(&app, now),
        duty_list: duty_list(&app, now),
        notices: notices(&app, now).await,
    };
    let status = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(readiness)).into_response()
}
