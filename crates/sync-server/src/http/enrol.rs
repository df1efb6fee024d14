//! `POST /v1/enrol`.

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use doorstep_core::wire::{EnrolRequest, EnrolResponse};

use super::problem::Refusal;
use super::{body, coding};
use crate::app::AppState;
use crate::enrol::{self, EnrolError};
use crate::pace::Address;

/// Exchanges a one-time code for an identity.
#[cfg_attr(feature = "schema", utoipa::path(
    post, path = "/v1/enrol", tag = "devices",
    request_body(
        content = ref("#/components/schemas/EnrolRequest"), content_type = "application/json"
    ),
    responses((
        status = 200, description = "The device is enrolled. The same code with the same key \
            answers again as long as the device has not synced.",
        body = ref("#/components/schemas/EnrolResponse"), content_type = "application/json"
    ))
))]
pub async fn enrol(State(app): State<AppState>, request: Request) -> Result<Response, Refusal> {
    let now = app.ambient.now();
    if let Some(Address(address)) = request.extensions().get() {
        let visit = app.paces.entry.visit(address, now);
        visit.map_err(|retry_after| Refusal::TooManyAttempts { retry_after })?;
    }
    let checked = app.attempts.check(app.config.enrol_attempts, now);
    checked.map_err(|retry_after| Refusal::TooManyAttempts { retry_after })?;
    let arrived = body::read(&app, request).await?;
    let request: EnrolRequest = body::parse(&arrived.bytes)?;
    let judge = app.judge();
    let work = move |tx: &mut dyn crate::store::Tx| enrol::enrol(tx, &judge, &request, now);
    let enrolled = app.db.write(work).await;
    if let Err(EnrolError::Code) = enrolled {
        app.attempts.count(now);
    }
    let terms = Some(app.terms()?);
    let enrolled = EnrolResponse { terms, ..enrolled? };
    let mut answer = Json(enrolled).into_response();
    // It holds a secret and is never compressed; but it says how the first sync may come.
    coding::say_what_is_taken(answer.headers_mut());
    Ok(answer)
}
