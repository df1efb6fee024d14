//! The managers' pages.

use axum::Router;

use crate::app::AppState;

/// The console's routes.
pub fn router() -> Router<AppState> {
    Router::new()
}
