//! The route table. An operation is one file and one line here; URL and file have the same name.

use axum::Router;

use crate::app::AppState;
use crate::console;

/// Every route of the server.
pub fn router(state: AppState) -> Router {
    Router::new().merge(console::router()).with_state(state)
}
