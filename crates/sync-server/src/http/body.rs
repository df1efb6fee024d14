//! Reading a body: its type, size, time and depth are checked before anything else costs something.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::Response;
use doorstep_coding::Coding;
use futures_util::StreamExt as _;
use serde::de::DeserializeOwned;

use super::coding;
use super::problem::Refusal;
use crate::app::AppState;
use crate::attachment::Refused;
use crate::console;
use crate::gate::{BUSY_SECONDS, BUSY_SPREAD_SECONDS, Full, Pass};
use crate::ingest::shape::{self, DEPTH_MAX};

/// A body that was let in. Its room is free again when it is dropped.
pub struct Taken {
    /// The body, as it was before it was coded.
    pub bytes: Vec<u8>,
    _pass: Pass,
}

/// Reads a JSON body as bytes, within the limits and while there is room for it.
pub async fn read(app: &AppState, request: Request) -> Result<Taken, Refusal> {
    if !is_said_to_be(request.headers(), "application/json") {
        return Err(Refusal::ContentType { expected: "application/json" });
    }
    let taken = whole(app, request, app.limits.batch_bytes).await?;
    if shape::is_too_deep(&taken.bytes) {
        return Err(Refusal::TooDeep { limit: DEPTH_MAX });
    }
    Ok(taken)
}

/// Reads a body that is a piece of an attachment.
pub async fn octets(app: &AppState, request: Request) -> Result<Taken, Refusal> {
    if !is_said_to_be(request.headers(), "application/octet-stream") {
        return Err(Refusal::ContentType { expected: "application/octet-stream" });
    }
    let limit = app.limits.attachment_chunk_bytes;
    whole(app, request, limit).await.map_err(|refusal| match refusal {
        Refusal::TooLarge { .. } => Refused::ChunkSize { limit }.into(),
        other => other,
    })
}

async fn whole(app: &AppState, request: Request, limit: usize) -> Result<Taken, Refusal> {
    let coding = coding::of(request.headers())?;
    let said = request.headers().get(header::CONTENT_LENGTH);
    let said = said.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if said.is_some_and(|length| length > limit) {
        return Err(Refusal::TooLarge { limit });
    }
    let mut pass = app.gate.enter().map_err(|Full| busy(app))?;
    let body = in_time(app, bytes(app, request.into_body(), limit, &mut pass)).await?;
    let came = body.len();
    let bytes = coding::expand(coding, body, limit)?;
    if coding != Coding::Identity {
        pass.hold(bytes.len()).map_err(|Full| busy(app))?;
        pass.release(came);
    }
    Ok(Taken { bytes, _pass: pass })
}

/// Has the whole body of a request to the console before it is looked at, within the same time and
/// while there is room: a form that trickles in holds nobody up. More than a form has is read from
/// those only who are signed in.
pub async fn whole_form(
    State(app): State<AppState>,
    request: Request,
    next: Next,
) -> Result<Response, Refusal> {
    let (mut head, body) = request.into_parts();
    let limit = console::body_limit(&app, &mut head).await;
    let mut pass = app.forms.enter().map_err(|Full| busy(&app))?;
    let bytes = in_time(&app, bytes(&app, body, limit, &mut pass)).await?;
    Ok(next.run(Request::from_parts(head, Body::from(bytes))).await)
}

/// Whoever is sent away comes back a little later than the one before.
fn busy(app: &AppState) -> Refusal {
    let [chance] = app.ambient.random::<1>();
    let spread = u64::from(chance) % (BUSY_SPREAD_SECONDS + 1);
    Refusal::Busy { retry_after: BUSY_SECONDS + spread }
}

async fn in_time(
    app: &AppState,
    reading: impl Future<Output = Result<Vec<u8>, Refusal>>,
) -> Result<Vec<u8>, Refusal> {
    let timeout = app.config.request_timeout;
    let late = |_| Refusal::TooSlow { seconds: timeout.as_secs() };
    tokio::time::timeout(timeout, reading).await.map_err(late)?
}

async fn bytes(
    app: &AppState,
    body: Body,
    limit: usize,
    pass: &mut Pass,
) -> Result<Vec<u8>, Refusal> {
    let mut bytes = Vec::new();
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Refusal::Malformed { what: "it broke off".into() })?;
        if bytes.len() + chunk.len() > limit {
            return Err(Refusal::TooLarge { limit });
        }
        pass.hold(chunk.len()).map_err(|Full| busy(app))?;
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn is_said_to_be(headers: &HeaderMap, expected: &str) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = value.and_then(|value| value.split(';').next());
    kind.is_some_and(|kind| kind.trim().eq_ignore_ascii_case(expected))
}

/// Parses a body. The refusal says where it went wrong, never what stands there.
pub fn parse<T: DeserializeOwned>(text: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(text).map_err(|error| {
        let what =
            if error.is_data() { "a key is missing or has another form" } else { "not JSON" };
        let place = format!("{what}, at line {} column {}", error.line(), error.column());
        Refusal::Malformed { what: place }
    })
}
