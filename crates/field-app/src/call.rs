//! Asking the pages without a server, a runtime or a socket.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{self, Method, StatusCode, header};
use tower::ServiceExt as _;

/// The media type of a form's fields.
const FIELDS: &str = "application/x-www-form-urlencoded";

/// A request of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// `GET` or `POST`.
    pub method: Method,
    /// Path and query, for example `/field/children?q=amber`.
    pub target: String,
    /// The form's fields as they were posted.
    pub body: Vec<u8>,
    /// What the body is.
    pub media_type: String,
}

/// The answer to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The headers, their names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Request {
    /// A `GET`.
    pub fn get(target: &str) -> Self {
        let (target, media_type) = (target.to_owned(), FIELDS.to_owned());
        Self { method: Method::GET, target, body: Vec::new(), media_type }
    }

    /// A `POST` of a form's fields.
    pub fn post(target: &str, fields: &[(&str, &str)]) -> Self {
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(fields);
        let (target, media_type) = (target.to_owned(), FIELDS.to_owned());
        Self { method: Method::POST, target, body: body.finish().into_bytes(), media_type }
    }

    /// The path without the query.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }
}

impl Answer {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn of(response: http::Response<Body>) -> Self {
        let (parts, body) = response.into_parts();
        let value = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into();
        let headers =
            parts.headers.iter().map(|(name, it)| (name.as_str().to_owned(), value(it))).collect();
        let body = at_once(to_bytes(body, usize::MAX)).unwrap_or_default().to_vec();
        Self { status: parts.status.as_u16(), headers, body }
    }
}

/// Asks a page. No page ever waits, so this needs no runtime.
pub fn call(router: &Router, request: Request) -> Answer {
    let Request { method, target, body, media_type } = request;
    let asked = http::Request::builder()
        .method(method)
        .uri(target)
        .header(header::CONTENT_TYPE, media_type)
        .body(Body::from(body));
    let Ok(asked) = asked else {
        let status = StatusCode::BAD_REQUEST.as_u16();
        return Answer { status, headers: Vec::new(), body: Vec::new() };
    };
    match at_once(router.clone().oneshot(asked)) {
        Ok(response) => Answer::of(response),
        Err(never) => match never {},
    }
}

/// The value of a future that never waits.
fn at_once<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!("no page waits for anything"),
    }
}
