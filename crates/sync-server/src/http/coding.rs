//! How bodies travel here: which content codings are taken, which one an answer gets, and the
//! dictionaries for whoever has them not.

use axum::body::Body;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use doorstep_coding::{ACCEPTED, Chosen, Coding, DICTIONARY_HEADER, DecodeError, Dictionary, held};
use serde::Serialize;

use super::problem::Refusal;

/// Which dictionaries a side has.
const DICTIONARY: HeaderName = HeaderName::from_static(DICTIONARY_HEADER);

/// The one coding that the head of a request names.
pub fn of(headers: &HeaderMap) -> Result<Coding, Refusal> {
    let mut names = headers.get_all(header::CONTENT_ENCODING).iter();
    let (name, another) = (names.next(), names.next());
    let name = name.map(HeaderValue::to_str).transpose().map_err(|_| Refusal::ContentCoding)?;
    Coding::named(name).filter(|_| another.is_none()).ok_or(Refusal::ContentCoding)
}

/// Expands a body, up to `limit` bytes.
pub fn expand(coding: Coding, body: Vec<u8>, limit: usize) -> Result<Vec<u8>, Refusal> {
    if coding == Coding::Identity {
        return Ok(body);
    }
    let expanded = doorstep_coding::decode(coding, &body, limit);
    Ok(expanded.map_err(Refusal::from)?.into_owned())
}

impl From<DecodeError> for Refusal {
    fn from(error: DecodeError) -> Self {
        match error {
            DecodeError::Dictionary { id } => Self::Dictionary { id },
            DecodeError::TooLarge { limit } => Self::TooLarge { limit },
            DecodeError::Damaged { .. } => Self::Malformed { what: error.to_string() },
        }
    }
}

/// What `asked`, the head of a request, says of the answer to it.
pub fn wanted(asked: &HeaderMap) -> Chosen {
    let lists: Vec<_> = asked.get_all(header::ACCEPT_ENCODING).iter().collect();
    let codings = lists.iter().filter_map(|list| list.to_str().ok()).collect::<Vec<_>>().join(",");
    let dictionaries = asked.get(DICTIONARY).and_then(|list| list.to_str().ok());
    Chosen::of((!lists.is_empty()).then_some(codings.as_str()), dictionaries)
}

/// An answer in JSON, coded as the request wanted it.
pub fn answer(wanted: Chosen, value: &impl Serialize) -> Response {
    let plain = serde_json::to_vec(value).expect("an answer has only string keys");
    let (coding, body) = doorstep_coding::encode(wanted, plain);
    let json = HeaderValue::from_static("application/json");
    let mut response = ([(header::CONTENT_TYPE, json)], Body::from(body)).into_response();
    let headers = response.headers_mut();
    if coding != Coding::Identity {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding.name()));
    }
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding, doorstep-dictionary"));
    say_what_is_taken(headers);
    response
}

/// Says in the head of an answer what requests may be coded with.
pub fn say_what_is_taken(headers: &mut HeaderMap) {
    headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(ACCEPTED));
    let dictionaries = HeaderValue::from_str(&held()).expect("numbers and commas are text");
    headers.insert(DICTIONARY, dictionaries);
}

/// `GET /v1/dictionaries/{id}`: the file, for a device that was built without it. It never changes.
#[cfg_attr(feature = "schema", utoipa::path(
    get, path = "/v1/dictionaries/{id}", tag = "devices",
    params(("id" = u32, Path, description = "The dictionary's number.")),
    responses((
        status = 200, description = "A dictionary for Zstandard. It never changes.",
        body = Vec<u8>, content_type = "application/octet-stream"
    ))
))]
pub async fn dictionary(Path(id): Path<String>) -> Result<Response, Refusal> {
    let known = id.parse().ok().and_then(Dictionary::with_id).ok_or(Refusal::NotFound)?;
    let bytes = HeaderValue::from_static("application/octet-stream");
    let for_ever = HeaderValue::from_static("public, max-age=31536000, immutable");
    let headers = [(header::CONTENT_TYPE, bytes), (header::CACHE_CONTROL, for_ever)];
    Ok((headers, known.bytes).into_response())
}
