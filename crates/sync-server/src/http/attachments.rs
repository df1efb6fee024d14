//! `/v1/attachments/{hash}`: `PUT` says what is to come, `PATCH` brings a piece, `GET` gives it.

use std::ops::Range;

use axum::Json;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use doorstep_core::seal::Hash;
use doorstep_core::wire::{AttachmentOffer, AttachmentState};
use serde::Deserialize;

use super::problem::Refusal;
use super::{bearer, body};
use crate::app::AppState;
use crate::attachment::{self, AttachmentError, Piece, Refused};
use crate::enrol::authenticate;
use crate::store::devices::Device;
use crate::store::{StoreError, Tx};

/// Where a piece begins.
#[derive(Debug, Deserialize)]
pub struct At {
    offset: u64,
}

/// `PUT /v1/attachments/{hash}`: how much of it is here. May be asked at any time.
#[cfg_attr(feature = "schema", utoipa::path(
    put, path = "/v1/attachments/{hash}", tag = "attachments", security(("device" = [])),
    operation_id = "offer_attachment",
    params(("hash" = String, Path, description = "SHA-256 of the bytes, in lower case.")),
    request_body(
        content = ref("#/components/schemas/AttachmentOffer"), content_type = "application/json"
    ),
    responses((
        status = 200, description = "How much of it is here.",
        body = ref("#/components/schemas/AttachmentState"), content_type = "application/json"
    ))
))]
pub async fn offer(
    State(app): State<AppState>,
    Path(hash): Path<String>,
    request: Request,
) -> Result<Json<AttachmentState>, Refusal> {
    let (hash, token) = (named(&hash)?, known(&app, request.headers()).await?);
    let arrived = body::read(&app, request).await?;
    let offer: AttachmentOffer = body::parse(&arrived.bytes)?;
    let (key, limits, now) = (app.attachment_key()?, app.limits, app.ambient.now());
    let shown = token.clone();
    let work = move |tx: &mut dyn Tx| {
        let device = authenticate(tx, &shown)?.ok_or(Refusal::Unauthenticated)?;
        Ok::<_, Refusal>(attachment::offer(tx, &device, hash, offer, &key, &limits, now)?)
    };
    let state = app.db.write(work).await?;
    Ok(Json(finished(&app, token, state).await?))
}

/// `PATCH /v1/attachments/{hash}?offset=N`: the bytes that begin there.
#[cfg_attr(feature = "schema", utoipa::path(
    patch, path = "/v1/attachments/{hash}", tag = "attachments", security(("device" = [])),
    operation_id = "send_attachment",
    params(
        ("hash" = String, Path, description = "SHA-256 of the bytes, in lower case."),
        ("offset" = u64, Query, description = "Where the piece begins.")
    ),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((
        status = 200, description = "How much of it is here.",
        body = ref("#/components/schemas/AttachmentState"), content_type = "application/json"
    ))
))]
pub async fn take(
    State(app): State<AppState>,
    Path(hash): Path<String>,
    at: Result<Query<At>, QueryRejection>,
    request: Request,
) -> Result<Json<AttachmentState>, Refusal> {
    let (hash, token) = (named(&hash)?, known(&app, request.headers()).await?);
    let no_offset = |_| Refusal::Malformed { what: "its address needs ?offset=".into() };
    let Query(At { offset: at }) = at.map_err(no_offset)?;
    let mut arrived = body::octets(&app, request).await?;
    let bytes = std::mem::take(&mut arrived.bytes);
    let (key, limits, ambient) = (app.attachment_key()?, app.limits, app.ambient.clone());
    let (shown, piece) = (token.clone(), Piece { hash, at, bytes });
    let work = move |tx: &mut dyn Tx| {
        let device = authenticate(tx, &shown)?.ok_or(Refusal::Unauthenticated)?;
        Ok::<_, Refusal>(attachment::take(tx, &device, &piece, &key, &ambient, &limits)?)
    };
    let state = app.db.write(work).await?;
    Ok(Json(finished(&app, token, state).await?))
}

/// `GET /v1/attachments/{hash}`: its bytes, or those of one range.
#[cfg_attr(feature = "schema", utoipa::path(
    get, path = "/v1/attachments/{hash}", tag = "attachments", security(("device" = [])),
    operation_id = "get_attachment",
    params(
        ("hash" = String, Path, description = "SHA-256 of the bytes, in lower case."),
        ("range" = Option<String>, Header, description = "One range of bytes (RFC 9110).")
    ),
    responses(
        (
            status = 200, description = "All of its bytes.",
            body = Vec<u8>, content_type = "application/octet-stream"
        ),
        (
            status = 206, description = "Those of the range.",
            body = Vec<u8>, content_type = "application/octet-stream"
        )
    )
))]
pub async fn give(
    State(app): State<AppState>,
    Path(hash): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let (hash, token) = (named(&hash)?, known(&app, &headers).await?);
    let (key, now) = (app.attachment_key()?, app.ambient.now());
    let with = key.clone();
    let work = move |tx: &mut dyn Tx| {
        let device = authenticate(tx, &token)?.ok_or(Refusal::Unauthenticated)?;
        let found = attachment::readable_by(tx, &device, hash, &with, now)?;
        found.ok_or(Refusal::NotFound)
    };
    let upload = app.db.write(work).await?;
    let whole = 0..upload.bytes;
    let asked = headers.get(header::RANGE).and_then(|range| range.to_str().ok());
    let range = asked.and_then(|asked| range(asked, upload.bytes));
    if range.as_ref().is_some_and(Range::is_empty) {
        return Err(AttachmentError::from(Refused::Range { bytes: upload.bytes }).into());
    }
    let status = if range.is_some() { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK };
    let sent = range.clone().unwrap_or(whole);
    let name = format!("attachment-{}.{}", &hash.to_string()[..8], upload.media_type.extension());
    let mut headers = attachment::headers(&upload, &name, sent.end - sent.start);
    if let Some(Range { start, end }) = range {
        let said = format!("bytes {start}-{}/{}", end - 1, upload.bytes);
        let said = HeaderValue::from_str(&said).expect("words and digits are visible ASCII");
        headers.insert(header::CONTENT_RANGE, said);
    }
    let bytes = attachment::stream(app.db.clone(), upload, sent, key);
    Ok((status, headers, Body::from_stream(bytes)).into_response())
}

/// The hash in the address.
fn named(text: &str) -> Result<Hash, Refusal> {
    let mut hash = [0; 32];
    let lower = !text.bytes().any(|byte| byte.is_ascii_uppercase());
    match hex::decode_to_slice(text, &mut hash) {
        Ok(()) if lower => Ok(Hash(hash)),
        _ => Err(Refusal::NotFound),
    }
}

/// The token, where it is one of a device here: asked before a body is read.
async fn known(app: &AppState, headers: &HeaderMap) -> Result<String, Refusal> {
    let token = bearer::token(headers).ok_or(Refusal::Unauthenticated)?;
    let shown = token.clone();
    let look = move |tx: &dyn Tx| Ok::<_, StoreError>(authenticate(tx, &shown)?.is_some());
    if app.db.read(look).await? { Ok(token) } else { Err(Refusal::Unauthenticated) }
}

/// Where every byte is here and nobody has looked at the whole yet: looks, outside of the one
/// transaction that writes, and lets it count or not.
async fn finished(
    app: &AppState,
    token: String,
    state: AttachmentState,
) -> Result<AttachmentState, Refusal> {
    if state.is_complete() || state.received < state.bytes {
        return Ok(state);
    }
    let (hash, key) = (state.hash, app.attachment_key()?);
    let with = key.clone();
    let look = move |tx: &dyn Tx| {
        let Some(device) = authenticate(tx, &token)? else { return Ok(None) };
        let Some(upload) = tx.upload(hash, device.id)? else { return Ok(None) };
        Ok::<_, StoreError>(Some((device, attachment::read_whole(tx, &upload, &with)?)))
    };
    let found: Option<(Device, _)> = app.db.read(look).await?;
    let (device, whole) = found.ok_or(Refusal::Unauthenticated)?;
    let work = move |tx: &mut dyn Tx| attachment::finish(tx, hash, device.id, whole, &key);
    let finished = app.db.write(work).await?;
    finished.map_err(|refused| AttachmentError::from(refused).into())
}

/// The one range that is asked for, where it is written as RFC 9110 has it; empty where it lies
/// beyond the end. Anything else is as if nothing had been asked.
fn range(asked: &str, bytes: u64) -> Option<Range<u64>> {
    let (first, last) = asked.strip_prefix("bytes=")?.split_once('-')?;
    let number = |text: &str| text.trim().parse::<u64>().ok();
    match (number(first), number(last)) {
        (Some(first), Some(last)) if last < first => None,
        (Some(first), Some(last)) => Some(first..last.saturating_add(1).min(bytes).max(first)),
        (Some(first), None) if last.trim().is_empty() => Some(first..bytes.max(first)),
        (None, Some(last)) if first.trim().is_empty() => Some(bytes.saturating_sub(last)..bytes),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_what_the_rfc_says_or_nothing() {
        for (asked, expected) in [
            ("bytes=0-", Some(0..10)),
            ("bytes=3-5", Some(3..6)),
            ("bytes=3-500", Some(3..10)),
            ("bytes=-4", Some(6..10)),
            ("bytes=-400", Some(0..10)),
            ("bytes=10-", Some(10..10)),
            ("bytes=70-", Some(70..70)),
            ("bytes=-0", Some(10..10)),
            ("bytes=5-3", None),
            ("bytes=1-2,4-5", None),
            ("lines=1-2", None),
            ("bytes=a-b", None),
        ] {
            assert_eq!(range(asked, 10), expected, "{asked}");
        }
    }

    #[test]
    fn an_address_is_a_hash_in_lower_case() {
        assert!(named(&"0a".repeat(32)).is_ok());
        for wrong in ["", "0a", &"0A".repeat(32), &"zz".repeat(32), &"0a".repeat(33)] {
            assert!(matches!(named(wrong), Err(Refusal::NotFound)), "{wrong}");
        }
    }
}
