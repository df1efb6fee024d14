//! `POST /v1/hand-in`: what a device that is locked, or that nobody can open any more, still
//! brings.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use doorstep_core::ids::DeviceId;
use doorstep_core::wire::{HandIn, HandInAnswer, HandedIn, PROTOCOL};
use serde::Deserialize;

use super::body;
use super::problem::Refusal;
use crate::app::AppState;
use crate::ingest::hand_in::{Opened, take};
use crate::store::{StoreError, Tx};

/// The most copies of one request: each costs more to look at than an event.
const COPIES_MAX: usize = 100;

#[derive(Deserialize)]
struct Version {
    protocol: u16,
}

/// Takes copies that a device sealed to the server's key, as if it had synced them. The device's
/// signature on each is the proof; it needs no token, and gets nothing but this answer.
#[cfg_attr(feature = "schema", utoipa::path(
    post, path = "/v1/hand-in", tag = "devices", operation_id = "hand_in",
    request_body(
        content = ref("#/components/schemas/HandIn"), content_type = "application/json"
    ),
    responses((
        status = 200, description = "What became of each copy.",
        body = ref("#/components/schemas/HandInAnswer"), content_type = "application/json"
    ))
))]
pub async fn hand_in(
    State(app): State<AppState>,
    request: Request,
) -> Result<Json<HandInAnswer>, Refusal> {
    let arrived = body::read(&app, request).await?;
    let Version { protocol } = body::parse(&arrived.bytes)?;
    if protocol != PROTOCOL {
        return Err(Refusal::Protocol);
    }
    let asked: HandIn = body::parse(&arrived.bytes)?;
    if asked.copies.len() > COPIES_MAX {
        return Err(Refusal::TooManyEvents { limit: COPIES_MAX });
    }
    let (judge, limits, now) = (app.judge(), app.limits, app.ambient.now());
    let (id, keys) = (asked.device, app.sealing_keys()?);
    let known = app.db.read(move |tx| tx.device(id)).await?;
    let known = known.filter(|device| device.desk_key.is_none());
    let known = known.ok_or(Refusal::Unauthenticated)?;
    let asked = Arc::new(asked);
    let shown = Arc::clone(&asked);
    let opening = move || Opened::of(&shown, &known, &limits, |key| keys.private(key));
    let opened = tokio::task::spawn_blocking(opening).await;
    let opened = opened
        .map_err(|_| StoreError::Stopped { reason: "a check ended in a panic".to_owned() })?;
    if opened.any_sound() {
        let often = app.paces.device.visit(&id, now);
        often.map_err(|retry_after| Refusal::TooOften { retry_after })?;
    }
    let work = move |tx: &mut dyn Tx| {
        let device = device(tx, id)?;
        Ok::<_, Refusal>(take(tx, &judge, &device, &opened, now)?)
    };
    let taken = app.db.write(work).await?;
    if taken.ledger_changed {
        app.signals.ledger_changed();
    }
    if taken.news {
        app.signals.events_came();
    }
    let outcome = |(copy, outcome): (&doorstep_core::wire::SealedCopy, _)| HandedIn {
        epoch: copy.epoch,
        seq: copy.seq,
        outcome: doorstep_core::words::Word::Known(outcome),
    };
    let copies = asked.copies.iter().zip(taken.outcomes).map(outcome).collect();
    Ok(Json(HandInAnswer { copies }))
}

fn device(tx: &dyn Tx, id: DeviceId) -> Result<crate::store::devices::Device, Refusal> {
    tx.device(id)?.ok_or(Refusal::Unauthenticated)
}
