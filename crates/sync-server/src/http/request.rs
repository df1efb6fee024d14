//! What surrounds every request of the protocol: its id, its line in the log, and its refusal
//! written out.

use axum::extract::{MatchedPath, Request, State};
use axum::http::HeaderValue;
use axum::middleware::Next;
use axum::response::Response;
use doorstep_core::ids::EventId;

use super::problem::Refusal;
use crate::ambient::stopwatch;
use crate::app::AppState;

const REQUEST_HEADER: &str = "doorstep-request";

/// Gives a request its id, logs it by its route, never by its address, and writes out its refusal.
pub async fn frame(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let id = EventId::at(state.ambient.now(), state.ambient.entropy()).0.to_string();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let started = stopwatch();
    let response = next.run(request).await;
    let mut response = match response.extensions().get::<Refusal>() {
        Some(refusal) => refusal.answer(&id),
        None => response,
    };
    let elapsed_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let route = route.unwrap_or_default();
    let status = response.status().as_u16();
    tracing::info!(request = id, %method, route, status, elapsed_ms, "request");
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_HEADER, value);
    }
    response
}
