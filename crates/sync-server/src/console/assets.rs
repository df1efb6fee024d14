//! The stylesheet, the scripts and the mark, built into the program and served under a path that
//! names their content, so that a browser may keep them for a year.

use std::sync::OnceLock;

use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest as _, Sha256};

struct Asset {
    name: &'static str,
    media_type: &'static str,
    bytes: &'static [u8],
}

macro_rules! asset {
    ($name:literal, $media_type:literal) => {
        Asset {
            name: $name,
            media_type: $media_type,
            bytes: include_bytes!(concat!("../../assets/", $name)),
        }
    };
}

const ASSETS: [Asset; 5] = [
    asset!("console.css", "text/css; charset=utf-8"),
    asset!("console.js", "text/javascript; charset=utf-8"),
    asset!("govuk-frontend.js", "text/javascript; charset=utf-8"),
    asset!("govuk-frontend.LICENSE.txt", "text/plain; charset=utf-8"),
    asset!("mark.svg", "image/svg+xml"),
];

/// The path of an asset, with the hash of all assets in it.
pub fn path(name: &str) -> String {
    format!("/assets/{}/{name}", content_hash())
}

fn content_hash() -> &'static str {
    static HASH: OnceLock<String> = OnceLock::new();
    HASH.get_or_init(|| {
        let mut sha = Sha256::new();
        for asset in &ASSETS {
            sha.update(asset.bytes);
        }
        hex::encode(&sha.finalize()[..8])
    })
}

/// `GET /assets/{hash}/{name}`.
pub async fn get(Path((hash, name)): Path<(String, String)>) -> Response {
    let asset = ASSETS.iter().find(|asset| asset.name == name && hash == content_hash());
    asset.map_or_else(
        || StatusCode::NOT_FOUND.into_response(),
        |asset| {
            let headers = [
                (header::CONTENT_TYPE, asset.media_type),
                (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
            ];
            (headers, asset.bytes).into_response()
        },
    )
}
