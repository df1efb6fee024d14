//! Opening a record outside the allocation: `/find` finds the child and shows the least that tells
//! one from another, `/children/{id}/open` asks why.

use axum::extract::{Form, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use chrono::{DateTime, Datelike as _, Utc};
use doorstep_core::access::{Task, Thing};
use doorstep_core::ids::{ChildId, PersonId};
use maud::{Markup, html};
use serde::Deserialize;

use super::page::{Page, Section, csrf_field};
use super::problem::{self, Refusal};
use super::session::SignedIn;
use super::text::{rich, text};
use super::viewer::Viewer;
use super::{form, kept, parts};
use crate::access::{GLASS_OPEN, Reader};
use crate::app::AppState;
use crate::store::directory::Child;
use crate::store::log::Access;
use crate::store::oversight::Glass;
use crate::store::{StoreError, Tx};

/// Letters of a search at least.
const SEARCH_MIN: usize = 3;
/// Children that a search shows at most.
const FOUND_MAX: usize = 10;
/// Letters of a reason, at least and at most.
const REASON_MIN: usize = 20;
pub const REASON_MAX: usize = 1000;

/// What was typed.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Typed {
    csrf: String,
    sought: String,
    reason: String,
    refill: String,
    writer: String,
}

/// A child as a search shows it: the least that tells one from another.
struct Found {
    id: ChildId,
    external: String,
    name: String,
    born: Option<i32>,
    mine: bool,
}

/// `GET /find`.
pub async fn find(signed: SignedIn) -> Response {
    find_page(&signed, StatusCode::OK, &find_form(&signed.csrf, "", &[], None))
}

/// `POST /find`: what is sought is a name, so it never stands in a URL.
pub async fn found(
    State(state): State<AppState>,
    signed: SignedIn,
    Form(typed): Form<Typed>,
) -> Response {
    problem::or_page(&signed, search(&state, &signed, &typed).await)
}

async fn search(state: &AppState, signed: &SignedIn, typed: &Typed) -> Result<Response, Refusal> {
    signed.check(&typed.csrf)?;
    let sought = typed.sought.trim().to_lowercase();
    if sought.chars().count() < SEARCH_MIN {
        let faults = [("sought", text!("glass-type-more", count = SEARCH_MIN))];
        let content = find_form(&signed.csrf, &typed.sought, &faults, None);
        return Ok(find_page(signed, StatusCode::UNPROCESSABLE_ENTITY, &content));
    }
    let (viewer, now) = (signed.viewer.clone(), state.ambient.now());
    let look = move |tx: &dyn Tx| matching(tx, &viewer, &sought, now);
    let found = state.db.read(look).await?;
    let content = find_form(&signed.csrf, &typed.sought, &[], Some(&found));
    Ok(find_page(signed, StatusCode::OK, &content))
}

fn matching(
    tx: &dyn Tx,
    viewer: &Viewer,
    sought: &str,
    now: DateTime<Utc>,
) -> Result<Vec<Found>, StoreError> {
    let mine = tx.caseload(viewer.person, now)?;
    let may_break = viewer.seats.may(Task::BreakGlass);
    let is_it = |child: &Child| {
        child.external.to_lowercase() == sought || {
            let name = child.name.to_lowercase();
            sought.split_whitespace().all(|word| name.contains(word))
        }
    };
    let children = tx.children()?.into_iter().filter(is_it);
    let children = children.filter(|child| may_break || mine.contains(&child.id));
    let found = children.take(FOUND_MAX + 1).map(|child| Found {
        mine: mine.contains(&child.id),
        id: child.id,
        external: child.external,
        name: child.name.into(),
        born: child.born.map(|born| born.year()),
    });
    Ok(found.collect())
}

fn find_page(signed: &SignedIn, status: StatusCode, content: &Markup) -> Response {
    let page = Page {
        title: text!("glass-find-child"),
        section: Section::Elsewhere,
        signed: Some(signed.signed()),
        back: Some(("/inbox", &text!("page-back-to-inbox"))),
        content: content.clone(),
    };
    (status, page.draw()).into_response()
}

fn find_form(csrf: &str, sought: &str, faults: &[form::Fault], found: Option<&[Found]>) -> Markup {
    let summary: Vec<_> = faults.iter().map(|(field, words)| (*field, words.as_str())).collect();
    html! {
        (parts::error_summary(&summary))
        h1.govuk-heading-l { (text!("glass-find-child")) }
        form method="post" action="/find" {
            (csrf_field(csrf))
            (form::group("sought", &text!("glass-name-or-reference"),
                &text!("glass-at-least-three-letters"), faults, &html! {
                input."govuk-input govuk-input--width-20" #sought name="sought" type="text"
                    value=(sought) spellcheck="false" autocomplete="off"
                    aria-describedby="sought-hint";
            }))
            button.govuk-button data-module="govuk-button" { (text!("glass-find")) }
        }
        @match found {
            None => {}
            Some([]) => {
                (parts::empty(&text!("glass-nobody-found"), &text!("glass-no-child-has-name")))
            }
            Some(found) => {
                @let rows: Vec<_> = found.iter().take(FOUND_MAX).map(found_row).collect();
                (parts::table(&text!("glass-found"), &[&text!("glass-child"),
                    &text!("glass-reference"), &text!("glass-born"), &text!("glass-record")],
                        &rows))
                @if found.len() > FOUND_MAX {
                    p.govuk-body { (text!("glass-there-are-more-type")) }
                }
            }
        }
    }
}

fn found_row(found: &Found) -> Vec<Markup> {
    vec![
        html! { (found.name) },
        html! { (found.external) },
        html! {
            @if let Some(year) = found.born { (year) }
            @else { (text!("glass-not-recorded")) }
        },
        html! {
            @if found.mine {
                a.govuk-link href=(format!("/children/{}", found.id)) { (text!("glass-open")) }
            } @else {
                a.govuk-link href=(format!("/children/{}/open", found.id)) {
                    (text!("glass-not-yours-open-with"))
                }
            }
        },
    ]
}

/// `GET /children/{id}/open`.
pub async fn ask(
    State(state): State<AppState>,
    signed: SignedIn,
    Path(id): Path<String>,
) -> Response {
    problem::or_page(&signed, why_page(&state, &signed, &id, "", None).await)
}

async fn why_page(
    state: &AppState,
    signed: &SignedIn,
    id: &str,
    reason: &str,
    fault: Option<String>,
) -> Result<Response, Refusal> {
    let id = breakable(signed, id)?;
    let child = state.db.read(move |tx: &dyn Tx| tx.child(id)).await?.ok_or(Refusal::NotFound)?;
    let status = if fault.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let faults: Vec<form::Fault> = fault.into_iter().map(|words| ("reason", words)).collect();
    let page = Page {
        title: text!("glass-open-not-yours"),
        section: Section::Elsewhere,
        signed: Some(signed.signed()),
        back: Some(("/find", &text!("glass-back-to-search"))),
        content: why_form(signed, &child, reason, &faults),
    };
    Ok((status, page.draw()).into_response())
}

fn breakable(signed: &SignedIn, id: &str) -> Result<ChildId, Refusal> {
    let id = id.parse().map_err(|_| Refusal::NotFound)?;
    let may = signed.viewer.seats.may(Task::BreakGlass);
    if may { Ok(id) } else { Err(Refusal::NotFound) }
}

fn why_form(signed: &SignedIn, child: &Child, reason: &str, faults: &[form::Fault]) -> Markup {
    let summary: Vec<_> = faults.iter().map(|(field, words)| (*field, words.as_str())).collect();
    html! {
        (parts::error_summary(&summary))
        h1.govuk-heading-l { (text!("glass-open-not-yours")) }
        p.govuk-body {
            (rich!("glass-not-allocated", child = html! { strong { (child.external) } },
                hours = GLASS_OPEN.num_hours()))
        }
        p.govuk-inset-text {
            (text!("glass-your-manager-told-at"))
        }
        form method="post" action=(format!("/children/{}/open", child.id)) {
            (kept::fields(signed))
            @let hint = text!("glass-why-hint");
            (form::group("reason", &text!("glass-why"), &hint, faults, &html! {
                textarea.govuk-textarea #reason name="reason" rows="4"
                    aria-describedby="reason-hint" { (reason) }
            }))
            button."govuk-button govuk-button--warning" data-module="govuk-button" {
                (text!("glass-open-record"))
            }
        }
    }
}

/// `POST /children/{id}/open`.
pub async fn open(
    State(state): State<AppState>,
    signed: SignedIn,
    Path(id): Path<String>,
    Form(typed): Form<Typed>,
) -> Response {
    problem::or_page(&signed, break_glass(&state, &signed, &id, &typed).await)
}

async fn break_glass(
    state: &AppState,
    signed: &SignedIn,
    id: &str,
    typed: &Typed,
) -> Result<Response, Refusal> {
    if !typed.refill.is_empty() {
        let reason = kept::own(signed, &typed.writer, &typed.reason);
        return why_page(state, signed, id, reason, None).await;
    }
    signed.check(&typed.csrf)?;
    let child = breakable(signed, id)?;
    let reason = typed.reason.trim().to_owned();
    if !(REASON_MIN..=REASON_MAX).contains(&reason.chars().count()) {
        let words = text!("glass-say-why", from = REASON_MIN, to = REASON_MAX);
        return why_page(state, signed, id, &reason, Some(words)).await;
    }
    let (person, at) = (signed.viewer.person, state.ambient.now());
    let opened = state
        .db
        .write(move |tx: &mut dyn Tx| {
            let Some(card) = tx.child(child)? else { return Ok::<_, StoreError>(false) };
            let Some(reader) = Reader::of(tx, person, at)? else { return Ok(false) };
            if reader.opens(tx, &card, Thing::Record)?.is_some() {
                return Ok(true);
            }
            let manager = manager_of(tx, person, &card)?;
            let (from, until) = (at, at + GLASS_OPEN);
            let reason = reason.clone();
            let glass = Glass {
                number: 0,
                person,
                child,
                reason: reason.clone().into(),
                from,
                until,
                manager,
                told: None,
                review: None,
            };
            tx.add_glass(&glass)?;
            let by = "opened outside allocation".to_owned();
            let (tie, reason) = (Some(doorstep_core::access::Tie::Glass), Some(reason));
            tx.log_access(&Access {
                at,
                person,
                child,
                by,
                device: None,
                tie,
                reason: reason.map(Into::into),
            })?;
            Ok(true)
        })
        .await?;
    if !opened {
        return Err(Refusal::NotFound);
    }
    state.signals.inbox_changed();
    Ok(Redirect::to(&format!("/children/{child}")).into_response())
}

/// Who must hear of it: the line manager; without one, a manager of the child's team or of the
/// person's own.
fn manager_of(
    tx: &dyn Tx,
    person: PersonId,
    child: &Child,
) -> Result<Option<PersonId>, StoreError> {
    let own = tx.person(person)?;
    if let Some(manager) = own.as_ref().and_then(|own| own.line_manager) {
        return Ok(Some(manager));
    }
    for team in [child.team, own.and_then(|own| own.team)].into_iter().flatten() {
        let people = tx.people(crate::store::directory::People::Team(team))?;
        let reviewer = people.into_iter().find(|candidate| {
            candidate.id != person
                && candidate.left.is_none()
                && candidate.seats().may(Task::ReviewGlass)
        });
        if let Some(reviewer) = reviewer {
            return Ok(Some(reviewer.id));
        }
    }
    Ok(None)
}
