//! `/devices/enrol`: a one-time code for a device, as text and as a picture to scan. The code is
//! shown once, stored nowhere, and stands in no URL of the console.

use std::fmt::Write as _;

use axum::extract::{Form, State};
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, Utc};
use doorstep_core::access::Task;
use doorstep_core::ids::PersonId;
use maud::{Markup, html};
use qrcodegen::{QrCode, QrCodeEcc};
use serde::Deserialize;

use super::page::{Page, Section, csrf_field};
use super::problem::{self, Refusal};
use super::session::SignedIn;
use super::text::{rich, text};
use super::viewer::Viewer;
use super::{devices, times};
use crate::admin::{self, AdminError, IssuedCode};
use crate::app::AppState;
use crate::store::directory::{People, Person};
use crate::store::{StoreError, Tx};

/// Modules of white around the picture, as its standard asks for.
const QUIET: i32 = 4;

/// What was chosen.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Chosen {
    csrf: String,
    person: String,
}

/// For whom the viewer may issue a code, by name.
fn candidates(tx: &dyn Tx, viewer: &Viewer, now: DateTime<Utc>) -> Result<Vec<Person>, StoreError> {
    let every = viewer.seats.may(Task::EveryDevice);
    if !every && !viewer.seats.may(Task::TeamDevices) {
        return Ok(Vec::new());
    }
    let theirs = devices::people(tx, viewer)?;
    let mut people = tx.people(People::All)?;
    people.retain(|person| {
        person.is_active(now)
            && person.is_staff()
            && !person.auditor
            && theirs.as_ref().is_none_or(|theirs| theirs.contains(&person.id))
    });
    Ok(people)
}

/// `GET /devices/enrol`.
pub async fn show(State(state): State<AppState>, signed: SignedIn) -> Response {
    problem::or_page(&signed, choose(&state, &signed).await)
}

async fn choose(state: &AppState, signed: &SignedIn) -> Result<Response, Refusal> {
    let (viewer, now) = (signed.viewer.clone(), state.ambient.now());
    let people = state.db.read(move |tx: &dyn Tx| candidates(tx, &viewer, now)).await?;
    if people.is_empty() {
        return Err(Refusal::NotFound);
    }
    let content = html! {
        h1.govuk-heading-l { (text!("enrolling-enrol-device")) }
        p.govuk-body { (text!("enrolling-code-works-once-for")) }
        form method="post" action="/devices/enrol" {
            (csrf_field(&signed.csrf))
            div.govuk-form-group {
                label.govuk-label for="person" { (text!("enrolling-whose-device")) }
                select.govuk-select #person name="person" {
                    @for person in &people {
                        option value=(person.id) { (person.name) " (" (person.external) ")" }
                    }
                }
            }
            button.govuk-button data-module="govuk-button" { (text!("enrolling-make-code")) }
        }
    };
    Ok(draw(signed, &text!("enrolling-enrol-device"), content))
}

fn draw(signed: &SignedIn, title: &str, content: Markup) -> Response {
    let page = Page {
        title: title.to_owned(),
        section: Section::Devices,
        signed: Some(signed.signed()),
        back: Some(("/devices", &text!("devices-back"))),
        content,
    };
    page.draw().into_response()
}

/// `POST /devices/enrol`.
pub async fn issue(
    State(state): State<AppState>,
    signed: SignedIn,
    Form(chosen): Form<Chosen>,
) -> Response {
    problem::or_page(&signed, make(&state, &signed, &chosen).await)
}

async fn make(state: &AppState, signed: &SignedIn, chosen: &Chosen) -> Result<Response, Refusal> {
    signed.check(&chosen.csrf)?;
    let person: PersonId = chosen.person.parse().map_err(|_| Refusal::NotFound)?;
    let (judge, viewer) = (state.judge(), signed.viewer.clone());
    let lifetime = state.config.enrol_code_lifetime;
    let work = move |tx: &mut dyn Tx| {
        let theirs = candidates(tx, &viewer, judge.now())?;
        let Some(person) = theirs.into_iter().find(|candidate| candidate.id == person) else {
            return Ok(None);
        };
        match admin::issue_code(tx, &judge, &person.external, lifetime) {
            Ok(issued) => Ok(Some(issued)),
            Err(AdminError::Store(error)) => Err(error),
            Err(_) => Ok(None),
        }
    };
    let issued = state.db.write::<_, StoreError>(work).await?.ok_or(Refusal::NotFound)?;
    let (person, by) = (issued.person.id, signed.viewer.person);
    tracing::info!(%person, %by, "a device code was made");
    let content = code_page(&issued, &state.public_url(), state.ambient.now());
    Ok(draw(signed, &text!("enrolling-device-code"), content))
}

fn code_page(issued: &IssuedCode, public_url: &str, now: DateTime<Utc>) -> Markup {
    // Behind the fragment it is never sent to a server, nor written to a log.
    let link = format!("{public_url}/field#enrol={}", issued.code);
    html! {
        h1.govuk-heading-l {
            (text!("enrolling-code-for", person = issued.person.name.as_str()))
        }
        p.govuk-body { (text!("enrolling-scan-picture-with-device")) }
        div.govuk-panel.govuk-panel--confirmation {
            h2.govuk-panel__title { (issued.code) }
            div.govuk-panel__body {
                (text!("enrolling-until", when = times::short(issued.expires, now)))
            }
        }
        @if let Some(picture) = picture(&link) { (picture) }
        p.govuk-body {
            (rich!("enrolling-only-now", person = issued.person.name,
                server = html! { strong { (public_url) } }))
        }
    }
}

/// A QR code as SVG, drawn by attributes alone: the console's policy allows no inline style.
pub fn picture(text: &str) -> Option<Markup> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
    let width = code.size() + 2 * QUIET;
    let mut path = String::new();
    for y in 0..code.size() {
        for x in (0..code.size()).filter(|x| code.get_module(*x, y)) {
            let _ = write!(path, "M{},{}h1v1h-1z", x + QUIET, y + QUIET);
        }
    }
    Some(html! {
        svg xmlns="http://www.w3.org/2000/svg" width="240" height="240" role="img"
            viewBox=(format!("0 0 {width} {width}")) shape-rendering="crispEdges"
            aria-label=(text!("enrolling-picture")) {
            rect width="100%" height="100%" fill="#ffffff" {}
            path fill="#000000" d=(path) {}
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_is_of_the_link_and_needs_no_style() {
        let svg =
            picture("https://doorstep.example/field#enrol=ABCDE-FGHJK").unwrap().into_string();
        assert!(svg.starts_with("<svg") && !svg.contains("style"), "{svg}");
        let dark = svg.matches("h1v1h-1z").count();
        assert!((200..1200).contains(&dark), "{dark}");
        assert!(picture(&"x".repeat(5000)).is_none());
    }
}
