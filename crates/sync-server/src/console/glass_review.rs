//! `/glass`: what was opened outside an allocation, and where somebody else looks into it.

use axum::extract::{Form, Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use chrono::{DateTime, Utc};
use doorstep_core::access::Task;
use maud::{Markup, html};
use serde::Deserialize;

use super::glass::REASON_MAX;
use super::page::{Page, Section};
use super::problem::{self, Refusal};
use super::session::SignedIn;
use super::text::{rich, text};
use super::viewer::Viewer;
use super::{kept, parts, times};
use crate::app::AppState;
use crate::store::oversight::{Glass, GlassReview};
use crate::store::{StoreError, Tx};

/// Openings on the page.
const LISTED_MAX: usize = 200;

/// What was typed.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Typed {
    csrf: String,
    reason: String,
    verdict: String,
    refill: String,
    writer: String,
}

/// An opening as the page shows it.
struct Opened {
    glass: Glass,
    name: String,
    child: String,
    reviewer: Option<String>,
    mine: bool,
}

/// `GET /glass`.
pub async fn list(State(state): State<AppState>, signed: SignedIn) -> Response {
    problem::or_page(&signed, list_page(&state, &signed, None).await)
}

/// `kept` is what was typed of an opening before the session ended.
async fn list_page(
    state: &AppState,
    signed: &SignedIn,
    kept: Option<(u64, &str)>,
) -> Result<Response, Refusal> {
    if !signed.viewer.seats.may(Task::ReviewGlass) {
        return Err(Refusal::NotFound);
    }
    let viewer = signed.viewer.clone();
    let opened = state.db.read(move |tx: &dyn Tx| gather(tx, &viewer)).await?;
    let now = state.ambient.now();
    let page = Page {
        title: text!("glass-opened"),
        section: Section::Access,
        signed: Some(signed.signed()),
        back: Some(("/access", &text!("glass-back-to-log"))),
        content: html! {
            h1.govuk-heading-l { (text!("glass-opened")) }
            @if opened.is_empty() {
                (parts::empty(&text!("glass-nothing"), &text!("glass-nothing-words")))
            }
            @for opening in &opened { (drawn(opening, signed, kept, now)) }
        },
    };
    Ok(page.draw().into_response())
}

/// What the viewer may look into: what was opened by their people or of their team's children; for
/// an auditor all of it.
fn gather(tx: &dyn Tx, viewer: &Viewer) -> Result<Vec<Opened>, StoreError> {
    let mut listed = Vec::new();
    for glass in tx.all_glass(LISTED_MAX)? {
        if !concerns(tx, viewer, &glass)? {
            continue;
        }
        let name =
            |id| tx.person(id).map(|found| found.map_or_else(String::new, |p| p.name.into()));
        let reviewer = glass.review.as_ref().map(|review| name(review.by)).transpose()?;
        let child = tx.child(glass.child)?.map_or_else(String::new, |child| child.external);
        let (name, mine) = (name(glass.person)?, glass.person == viewer.person);
        listed.push(Opened { glass, name, child, reviewer, mine });
    }
    Ok(listed)
}

fn concerns(tx: &dyn Tx, viewer: &Viewer, glass: &Glass) -> Result<bool, StoreError> {
    if viewer.seats.may(Task::ReadWholeLog) || glass.manager == Some(viewer.person) {
        return Ok(true);
    }
    let of_child = tx.child(glass.child)?.and_then(|child| child.team);
    let of_person = tx.person(glass.person)?.and_then(|person| person.team);
    Ok(viewer.team.is_some() && [of_child, of_person].contains(&viewer.team))
}

fn drawn(
    opened: &Opened,
    signed: &SignedIn,
    kept: Option<(u64, &str)>,
    now: DateTime<Utc>,
) -> Markup {
    let number = opened.glass.number;
    let typed = kept.filter(|(of, _)| *of == number).map_or("", |(_, note)| note);
    let glass = &opened.glass;
    let when = |at| parts::instant(at, &times::short(at, now));
    let rows = [
        (text!("glass-who"), html! { (opened.name) }),
        (text!("glass-child"), html! { (opened.child) }),
        (
            text!("glass-when"),
            rich!("glass-from-until", from = when(glass.from), until = when(glass.until)),
        ),
        (text!("glass-reason"), html! { "“" (glass.reason) "”" }),
    ];
    html! {
        h2.govuk-heading-m { (opened.name) ", " (opened.child) }
        (parts::summary_list(&rows))
        @match (&glass.review, opened.mine) {
            (Some(review), _) => {
                p.govuk-body {
                    @if review.justified { (parts::tag(Some("green"), &text!("glass-justified"))) }
                    @else { (parts::tag(Some("red"), &text!("glass-not-justified"))) }
                    " " (opened.reviewer.as_deref().unwrap_or_default()) ", " (when(review.at))
                    @if !review.note.is_empty() { ": “" (review.note) "”" }
                }
            }
            (None, true) => {
                p.govuk-body { (text!("glass-somebody-else-has-look")) }
            }
            (None, false) => { (review_form(number, signed, typed)) }
        }
    }
}

fn review_form(number: u64, signed: &SignedIn, typed: &str) -> Markup {
    let note = format!("reason-{number}");
    html! {
        form method="post" action=(format!("/glass/{number}")) {
            (kept::fields(signed))
            div.govuk-form-group {
                label.govuk-label for=(note) { (text!("glass-what-you-found")) }
                input.govuk-input id=(note) name="reason" type="text" value=(typed);
            }
            div.govuk-button-group {
                button.govuk-button name="verdict" value="justified" {
                    (text!("glass-was-justified"))
                }
                button."govuk-button govuk-button--warning" name="verdict" value="not-justified" {
                    (text!("glass-was-not-justified"))
                }
            }
        }
    }
}

/// `POST /glass/{number}`.
pub async fn review(
    State(state): State<AppState>,
    signed: SignedIn,
    Path(number): Path<u64>,
    Form(typed): Form<Typed>,
) -> Response {
    problem::or_page(&signed, decide(&state, &signed, number, typed).await)
}

async fn decide(
    state: &AppState,
    signed: &SignedIn,
    number: u64,
    typed: Typed,
) -> Result<Response, Refusal> {
    if !typed.refill.is_empty() {
        let note = kept::own(signed, &typed.writer, &typed.reason);
        return list_page(state, signed, Some((number, note))).await;
    }
    signed.check(&typed.csrf)?;
    let justified = match typed.verdict.as_str() {
        "justified" => true,
        "not-justified" => false,
        _ => return Err(Refusal::NotFound),
    };
    let (viewer, at) = (signed.viewer.clone(), state.ambient.now());
    if !viewer.seats.may(Task::ReviewGlass) {
        return Err(Refusal::NotFound);
    }
    let note: String = typed.reason.trim().chars().take(REASON_MAX).collect();
    let work = move |tx: &mut dyn Tx| {
        let Some(glass) = tx.glass(number)? else { return Ok::<_, StoreError>(false) };
        let waits = glass.review.is_none() && glass.person != viewer.person;
        if !waits || !concerns(tx, &viewer, &glass)? {
            return Ok(false);
        }
        let note = note.clone();
        tx.review_glass(
            number,
            &GlassReview { by: viewer.person, at, justified, note: note.into() },
        )?;
        Ok(true)
    };
    if !state.db.write(work).await? {
        return Err(Refusal::NotFound);
    }
    Ok(Redirect::to("/glass").into_response())
}
