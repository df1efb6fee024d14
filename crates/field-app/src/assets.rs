//! The stylesheet, the scripts and the mark, built into the app.

use axum::Router;
use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;

use crate::app::App;

/// A file that the pages ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asset {
    /// Its name: the pages ask for it under `assets/`.
    pub name: &'static str,
    /// What it is.
    pub media_type: &'static str,
    /// What is in it.
    pub bytes: &'static [u8],
}

macro_rules! asset {
    ($name:literal, $media_type:literal) => {
        Asset {
            name: $name,
            media_type: $media_type,
            bytes: include_bytes!(concat!("../assets/", $name)),
        }
    };
}

/// Every asset. A browser's shell keeps copies of them for the time without a network; `field.js`
/// is only for a browser that asks a server, as that of `doorstep device serve`.
pub const ALL: [Asset; 5] = [
    asset!("field.css", "text/css; charset=utf-8"),
    asset!("field.js", "text/javascript; charset=utf-8"),
    asset!("govuk-frontend.js", "text/javascript; charset=utf-8"),
    asset!("govuk-frontend.LICENSE.txt", "text/plain; charset=utf-8"),
    asset!("mark.svg", "image/svg+xml"),
];

/// The routes of the files, beside those of the pages. Not among them, because a browser's shell
/// serves the files itself, and the app that it downloads does without them.
pub fn router(app: &App) -> Router {
    Router::new().route(&app.at("/assets/{name}"), get(serve))
}

async fn serve(Path(name): Path<String>) -> Response {
    let asset = ALL.iter().find(|asset| asset.name == name);
    asset.map_or_else(
        || StatusCode::NOT_FOUND.into_response(),
        |asset| {
            let headers =
                [(header::CONTENT_TYPE, asset.media_type), (header::CACHE_CONTROL, "no-cache")];
            (headers, asset.bytes).into_response()
        },
    )
}
