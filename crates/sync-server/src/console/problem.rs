//! Pages for what did not work, in the same layout as all others. None says what is there.

use axum::extract::Request;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use maud::{Markup, html};

use super::page::{Page, Section, Signed};
use super::session::SignedIn;
use super::text::text;
use crate::store::StoreError;

/// Why a page is not shown.
#[derive(Debug)]
pub enum Refusal {
    /// There is nothing here, or nothing for this person.
    NotFound,
    /// The form did not come from this session.
    StaleForm,
    /// The store did not answer.
    Store(StoreError),
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// The answer, or the page that says why there is none.
pub fn or_page(signed: &SignedIn, answer: Result<Response, Refusal>) -> Response {
    let signed = Some(signed.signed());
    match answer {
        Ok(response) => response,
        Err(Refusal::NotFound) => not_found(signed),
        Err(Refusal::StaleForm) => stale_form(signed),
        Err(Refusal::Store(error)) => failed(&error, signed),
    }
}

/// There is nothing here, or nothing for this person: the page is the same.
fn not_found(signed: Option<Signed<'_>>) -> Response {
    let content = html! {
        h1.govuk-heading-l { (text!("problem-page-not-found")) }
        p.govuk-body {
            (text!("problem-there-nothing-here-you"))
        }
        p.govuk-body {
            (text!("problem-ask")) " " (home_link())
        }
    };
    draw(StatusCode::NOT_FOUND, &text!("problem-page-not-found"), signed, content)
}

/// A form came from another page than this session's.
fn stale_form(signed: Option<Signed<'_>>) -> Response {
    let content = html! {
        h1.govuk-heading-l { (text!("problem-try-again")) }
        p.govuk-body {
            (text!("problem-page-you-came-from"))
        }
        p.govuk-body { (home_link()) }
    };
    draw(StatusCode::FORBIDDEN, &text!("problem-try-again"), signed, content)
}

/// The person opens pages faster than anybody reads.
pub fn too_often(retry_after: u64, signed: Option<Signed<'_>>) -> Response {
    let content = html! {
        h1.govuk-heading-l { (text!("too-often-title")) }
        p.govuk-body { (text!("too-often-words", seconds = retry_after)) }
        p.govuk-body { (home_link()) }
    };
    let title = text!("too-often-title");
    let mut response = draw(StatusCode::TOO_MANY_REQUESTS, &title, signed, content);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(retry_after));
    response
}

/// The store did not answer. The cause goes to the log, never to the page.
pub fn failed(error: &StoreError, signed: Option<Signed<'_>>) -> Response {
    tracing::error!(error = error as &dyn std::error::Error, "a page could not be made");
    let content = html! {
        h1.govuk-heading-l { (text!("problem-there-problem")) }
        p.govuk-body {
            (text!("problem-page-could-not-be"))
        }
        p.govuk-body { (home_link()) }
    };
    draw(StatusCode::INTERNAL_SERVER_ERROR, &text!("problem-there-problem"), signed, content)
}

/// Answers a path of the console that does not exist.
pub async fn fallback(signed: Option<SignedIn>, _request: Request) -> Response {
    not_found(signed.as_ref().map(SignedIn::signed))
}

fn home_link() -> Markup {
    html! { a.govuk-link href="/inbox" { (text!("problem-go-inbox")) } "." }
}

fn draw(status: StatusCode, title: &str, signed: Option<Signed<'_>>, content: Markup) -> Response {
    let page =
        Page { title: title.to_owned(), section: Section::Elsewhere, signed, back: None, content };
    (status, page.draw()).into_response()
}
