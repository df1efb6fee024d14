//! `POST /v1/enrol`.

use axum::Json;
use axum::extract::{Request, State};
use doorstep_core::wire::{EnrolRequest, EnrolResponse};

use super::body;
use super::problem::Refusal;
use super::request::Attempts;
use crate::enrol::{self, EnrolError};

/// Exchanges a one-time code for an identity.
pub async fn enrol(
    State(attempts): State<Attempts>,
    request: Request,
) -> Result<Json<EnrolResponse>, Refusal> {
    let now = attempts.app.ambient.now();
    attempts.check(now)?;
    let text = body::read(&attempts.app, request).await?;
    let request: EnrolRequest = body::parse(&text)?;
    let judge = attempts.app.judge();
    let work = move |tx: &mut dyn crate::store::Tx| enrol::enrol(tx, &judge, &request, now);
    let enrolled = attempts.app.db.write(work).await;
    if let Err(EnrolError::Code) = enrolled {
        attempts.count(now);
    }
    Ok(Json(enrolled?))
}
