//! The managers' pages: server-rendered, complete without scripts, and under a policy that lets the
//! browser load nothing but our own stylesheet and scripts.
//!
//! A page is one file for its handlers; `*_view` files draw, `gather` reads.

pub mod accounts;
pub mod assets;
pub mod emergency;
pub mod reference;
pub mod session;

mod access;
mod access_log;
mod access_log_view;
mod account;
mod allocating;
mod attachment;
mod chain_view;
mod chart;
mod child;
mod child_parts;
mod child_print;
mod child_view;
mod csv_file;
mod device;
mod devices;
mod drawing;
mod enrolling;
mod escalation;
mod escalation_view;
mod figures;
mod filter;
mod form;
mod gather;
mod glass;
mod glass_review;
mod happened;
mod importing;
mod inbox;
mod inbox_view;
mod judged;
mod kept;
mod lost;
mod notice_log;
mod notices;
mod numbers;
mod numbers_view;
mod one_row;
mod overseen;
mod own_password;
mod page;
mod parts;
mod password;
mod person;
mod person_view;
mod policy;
mod preferences;
mod problem;
mod protection;
mod quarantine;
mod record;
mod ruling;
mod second_factor;
mod set_aside;
mod set_up;
mod sign_in;
mod team;
mod team_view;
mod text;
mod timeline;
mod viewer;
mod visits;

#[cfg(test)]
mod tests;

use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRequestParts as _, Request};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{Next, from_fn};
use axum::response::{Redirect, Response};
use axum::routing::{get, post};

use doorstep_core::describe::{self as words, times};

use self::session::SignedIn;
use crate::app::AppState;

/// Bytes that a form may have.
const FORM_BYTES_MAX: usize = 64 * 1024;

const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; \
    frame-ancestors 'none'";

/// The console's routes.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/", get(|| async { Redirect::to("/inbox") }))
        .route("/sign-in", get(sign_in::show).post(sign_in::submit))
        .route("/sign-out", post(sign_in::leave))
        .route("/account", get(account::show).post(account::change))
        .route("/account/password", post(own_password::change))
        .route("/inbox", get(inbox::show))
        .route("/inbox/live", get(inbox::live))
        .route("/escalations/{id}", get(escalation::show))
        .route("/escalations/{id}/acknowledge", post(escalation::acknowledge))
        .route("/escalations/{id}/hand-over", post(escalation::hand_over))
        .route("/escalations/{id}/record/{kind}", get(record::show).post(record::submit))
        .route("/children/{id}", get(child::show))
        .route("/children/{id}/print", get(child_print::show))
        .route("/children/{id}/attachments/{hash}", get(attachment::show))
        .route("/children/{id}/address", post(child::address))
        .route("/children/{id}/protection", get(protection::show).post(protection::decide))
        .route("/children/{id}/visits", get(visits::show).post(visits::plan))
        .route("/children/{id}/visits/cancel", post(visits::cancel))
        .route("/children/{id}/open", get(glass::ask).post(glass::open))
        .route("/find", get(glass::find).post(glass::found))
        .route("/glass", get(glass_review::list))
        .route("/glass/{number}", post(glass_review::review))
        .route("/access", get(access_log::show))
        .route("/access.csv", get(access_log::export))
        .route("/team", get(team::show).post(team::absent))
        .route("/team/not-available", post(team::not_available))
        .route("/team/back", post(team::back))
        .route("/notices", get(notices::show))
        .route("/notices/test", post(notices::test))
        .route("/notices/again", post(notices::try_again))
        .route("/notices/preferences", get(preferences::show).post(preferences::save))
        .route("/numbers", get(numbers::show))
        .route("/numbers/{table}", get(numbers::table))
        .route("/policy", get(policy::show))
        .route("/devices", get(devices::show))
        .route("/devices/enrol", get(enrolling::show).post(enrolling::issue))
        .route("/devices/{id}", get(device::show))
        .route("/devices/{id}/revoke", post(lost::revoke))
        .route("/quarantine", get(quarantine::show))
        .route("/quarantine/{number}", get(ruling::show).post(ruling::decide))
        .route("/set-up", get(set_up::show))
        .route("/set-up/people/{id}", get(person::show).post(person::submit))
        .route("/set-up/allocations", get(allocating::show).post(allocating::submit))
        .route(
            importing::PATH,
            get(importing::show)
                .post(importing::submit)
                .layer(DefaultBodyLimit::max(importing::IMPORT_BYTES_MAX)),
        )
        .route("/assets/{hash}/{name}", get(assets::get))
        .fallback(problem::fallback)
        .layer(from_fn(kept::carry))
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
        .layer(from_fn(guard))
}

/// How many bytes the body of a request to the console may have: as many as a form, or, for who is
/// signed in and imports, as many as an import.
pub async fn body_limit(state: &AppState, head: &mut Parts) -> usize {
    if head.uri.path() != importing::PATH {
        return FORM_BYTES_MAX;
    }
    match SignedIn::from_request_parts(head, state).await {
        Ok(signed) if signed.viewer.administrator => importing::IMPORT_BYTES_MAX,
        _ => FORM_BYTES_MAX,
    }
}

/// Headers that every page carries.
async fn guard(request: Request, next: Next) -> Response {
    const HEADERS: [(HeaderName, &str); 5] = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (
            HeaderName::from_static("permissions-policy"),
            "camera=(), geolocation=(), microphone=(), payment=()",
        ),
    ];
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // A download brings a stricter policy of its own.
    let policy = HeaderValue::from_static(CONTENT_SECURITY_POLICY);
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(policy);
    // What a page shows must not stay in a cache; assets say otherwise themselves.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}
