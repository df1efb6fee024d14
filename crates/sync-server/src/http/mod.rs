//! The route table. An operation is one file and one line here; URL and file have the same name.

mod attachments;
mod bearer;
mod body;
mod coding;
#[cfg(feature = "schema")]
pub mod describe;
mod enrol;
mod field;
mod hand_in;
mod health;
mod pokes;
mod problem;
mod request;
mod sync;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};

use crate::app::AppState;
use crate::console;

pub use problem::Refusal;

/// Every route of the server.
pub fn router(state: AppState) -> Router {
    let protocol = Router::new()
        .route("/v1/enrol", post(enrol::enrol))
        .route("/v1/sync", post(sync::sync))
        .route("/v1/hand-in", post(hand_in::hand_in))
        .route("/v1/dictionaries/{id}", get(coding::dictionary))
        .route("/v1/pokes", get(pokes::pokes))
        .route(
            "/v1/attachments/{hash}",
            get(attachments::give).put(attachments::offer).patch(attachments::take),
        )
        .route("/v1/{*rest}", get(problem::not_found).post(problem::not_found))
        .method_not_allowed_fallback(problem::method_not_allowed)
        .with_state(state.clone());
    let health =
        Router::new().route("/healthz", get(health::alive)).route("/readyz", get(health::ready));
    let field = field::router(&state.config);
    let whole_form = from_fn_with_state(state.clone(), body::whole_form);
    let console = console::router().layer(whole_form);
    let mut router = Router::new()
        .merge(protocol)
        .merge(field)
        .merge(health.with_state(state.clone()))
        .merge(console.with_state(state.clone()));
    if state.config.api_reference {
        router = router.merge(console::reference::router());
    }
    router.layer(from_fn_with_state(state, request::frame))
}
