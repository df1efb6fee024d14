//! A form whose session ended while somebody filled it in: what was typed goes along through the
//! sign-in, in the browser only, and comes back on the form that it was typed into.

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use maud::{Markup, html};

use super::FORM_BYTES_MAX;
use super::page::csrf_field;
use super::session::SignedIn;
use super::text::text;

/// The field that asks a form to come back filled in, instead of doing what it says.
pub const REFILL: &str = "refill";

/// A form that was sent, as it was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// The path that it was sent to.
    pub path: String,
    /// Its fields, as a browser encodes them.
    pub fields: String,
}

/// Whether the form at this path comes back filled in: it has more than a button, and its page
/// knows how to draw what was typed.
fn comes_back(path: &str) -> bool {
    let parts: Vec<_> = path.split('/').skip(1).collect();
    matches!(
        parts.as_slice(),
        ["escalations", _, "record", _]
            | ["quarantine" | "glass", _]
            | ["team"]
            | ["set-up", "people", _]
            | ["set-up", "allocations"]
            | ["children", _, "open" | "protection" | "visits"]
            | ["notices", "preferences"]
    )
}

impl Kept {
    /// What was typed, where its path is one whose form comes back.
    pub fn of(path: &str, fields: &str) -> Option<Self> {
        let kept = || Self { path: path.to_owned(), fields: fields.to_owned() };
        (comes_back(path) && !fields.is_empty()).then(kept)
    }

    /// The fields that carry it through the sign-in.
    pub fn carry(&self) -> Markup {
        html! {
            input type="hidden" name="kept-path" value=(self.path);
            input type="hidden" name="kept" value=(self.fields);
        }
    }

    /// The way back to the form, for a session whose forms carry `csrf`.
    pub fn way_back(&self, csrf: &str) -> Markup {
        let own = ["csrf", REFILL];
        let fields = form_urlencoded::parse(self.fields.as_bytes())
            .filter(|(name, _)| !own.contains(&name.as_ref()));
        html! {
            h1.govuk-heading-l { (text!("kept-title")) }
            p.govuk-body { (text!("kept-words")) }
            form method="post" action=(self.path) {
                (csrf_field(csrf))
                input type="hidden" name=(REFILL) value="yes";
                @for (name, value) in fields {
                    input type="hidden" name=(name) value=(value);
                }
                button.govuk-button data-module="govuk-button" { (text!("kept-button")) }
            }
        }
    }
}

/// The fields of a form that comes back: its token, and whose it is.
pub fn fields(signed: &SignedIn) -> Markup {
    html! {
        (csrf_field(&signed.csrf))
        input type="hidden" name="writer" value=(signed.viewer.person);
    }
}

/// What was typed into a form that came back; nothing where somebody else sits there now.
pub fn own<'a>(signed: &SignedIn, writer: &str, words: &'a str) -> &'a str {
    if writer == signed.viewer.person.to_string() { words } else { "" }
}

/// Reads a form that comes back before its session is looked at, so that it is not lost with it.
pub async fn carry(request: Request, next: Next) -> Response {
    if request.method() != Method::POST || !comes_back(request.uri().path()) {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    let Ok(bytes) = to_bytes(body, FORM_BYTES_MAX).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let fields = std::str::from_utf8(&bytes).unwrap_or_default();
    if let Some(kept) = Kept::of(parts.uri.path(), fields) {
        parts.extensions.insert(kept);
    }
    next.run(Request::from_parts(parts, Body::from(bytes))).await
}
