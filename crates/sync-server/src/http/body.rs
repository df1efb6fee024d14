//! Reading a body: its type, size, time and depth are checked before anything else costs something.

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, header};
use serde::de::DeserializeOwned;

use super::problem::Refusal;
use crate::app::AppState;
use crate::attachment::Refused;

/// How deep a body may be nested. An event's values lie at the tenth level at most.
const DEPTH_MAX: usize = 32;

/// Reads a JSON body as bytes, within the limits.
pub async fn read(app: &AppState, request: Request) -> Result<Vec<u8>, Refusal> {
    if !is_said_to_be(request.headers(), "application/json") {
        return Err(Refusal::ContentType { expected: "application/json" });
    }
    let bytes = whole(app, request, app.limits.batch_bytes).await?;
    if depth(&bytes) > DEPTH_MAX {
        return Err(Refusal::TooDeep { limit: DEPTH_MAX });
    }
    Ok(bytes)
}

/// Reads a body that is a piece of an attachment.
pub async fn octets(app: &AppState, request: Request) -> Result<Vec<u8>, Refusal> {
    if !is_said_to_be(request.headers(), "application/octet-stream") {
        return Err(Refusal::ContentType { expected: "application/octet-stream" });
    }
    let limit = app.limits.attachment_chunk_bytes;
    whole(app, request, limit).await.map_err(|refusal| match refusal {
        Refusal::TooLarge { .. } => Refused::ChunkSize { limit }.into(),
        other => other,
    })
}

async fn whole(app: &AppState, request: Request, limit: usize) -> Result<Vec<u8>, Refusal> {
    let said = request.headers().get(header::CONTENT_LENGTH);
    let said = said.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if said.is_some_and(|length| length > limit) {
        return Err(Refusal::TooLarge { limit });
    }
    let timeout = app.config.request_timeout;
    tokio::time::timeout(timeout, bytes(request.into_body(), limit))
        .await
        .map_err(|_| Refusal::TooSlow { seconds: timeout.as_secs() })?
}

async fn bytes(body: Body, limit: usize) -> Result<Vec<u8>, Refusal> {
    match to_bytes(body, limit).await {
        Ok(bytes) => Ok(bytes.into()),
        Err(error) => {
            let causes = std::iter::successors(Some(&error as &dyn std::error::Error), |error| {
                error.source()
            });
            let is_limit =
                causes.into_iter().any(|cause| cause.to_string().contains("length limit exceeded"));
            Err(if is_limit {
                Refusal::TooLarge { limit }
            } else {
                Refusal::Malformed { what: "it broke off".into() }
            })
        }
    }
}

fn is_said_to_be(headers: &HeaderMap, expected: &str) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = value.and_then(|value| value.split(';').next());
    kind.is_some_and(|kind| kind.trim().eq_ignore_ascii_case(expected))
}

/// How deep the brackets outside strings are nested. Text that is not JSON gets some number.
fn depth(text: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut in_string, mut escaped) = (false, false);
    for byte in text {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'[' | b'{' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_counts_brackets_outside_strings() {
        for (text, expected) in [
            ("1", 0),
            ("{}", 1),
            ("[[],[[]]]", 3),
            (r#"{"a":"[[[[","b":"\"[["}"#, 1),
            (r#"["\\",[1]]"#, 2),
        ] {
            assert_eq!(depth(text.as_bytes()), expected, "{text}");
        }
    }
}
