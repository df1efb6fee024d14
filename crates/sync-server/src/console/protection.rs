//! `/children/{id}/protection`: a protected address is protected no more when one person asks for
//! it and another agrees. Protecting one again takes nobody's leave: the next import does it.

use axum::extract::{Form, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use chrono::{DateTime, Utc};
use doorstep_core::access::{Task, Thing};
use doorstep_core::ids::{ChildId, PersonId};
use maud::{Markup, html};
use serde::Deserialize;

use super::page::{Page, Section, csrf_field};
use super::problem::{self, Refusal};
use super::session::SignedIn;
use super::text::{rich, text};
use super::{access, form, kept, parts, times};
use crate::app::AppState;
use crate::store::directory::Child;
use crate::store::oversight::Lift;
use crate::store::{StoreError, Tx};

/// Letters of a reason, at least and at most.
const REASON_MIN: usize = 10;
const REASON_MAX: usize = 1000;

/// What was typed or pressed.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Typed {
    csrf: String,
    reason: String,
    answer: String,
    refill: String,
    writer: String,
}

/// `GET /children/{id}/protection`.
pub async fn show(
    State(state): State<AppState>,
    signed: SignedIn,
    Path(id): Path<String>,
) -> Response {
    problem::or_page(&signed, draw(&state, &signed, &id, "", None).await)
}

/// `POST /children/{id}/protection`: asks, agrees or declines.
pub async fn decide(
    State(state): State<AppState>,
    signed: SignedIn,
    Path(id): Path<String>,
    Form(typed): Form<Typed>,
) -> Response {
    problem::or_page(&signed, act(&state, &signed, &id, typed).await)
}

/// Lets in who may see the address and decide about it.
async fn admit(state: &AppState, signed: &SignedIn, id: &str) -> Result<ChildId, Refusal> {
    let id: ChildId = id.parse().map_err(|_| Refusal::NotFound)?;
    if !signed.viewer.seats.may(Task::LiftProtection) {
        return Err(Refusal::NotFound);
    }
    let thing = Thing::ProtectedAddress;
    access::admit_to(state, signed, id, thing, "protection of the address").await?;
    Ok(id)
}

async fn draw(
    state: &AppState,
    signed: &SignedIn,
    id: &str,
    reason: &str,
    fault: Option<String>,
) -> Result<Response, Refusal> {
    let id = admit(state, signed, id).await?;
    let look = move |tx: &dyn Tx| {
        let Some(child) = tx.child(id)? else { return Ok::<_, StoreError>(None) };
        let lift = tx.open_lifts(Some(id))?.pop();
        let asked_by = lift.as_ref().map_or(Ok(None), |lift| tx.person(lift.asked_by))?;
        Ok(Some((child, lift, asked_by.map_or_else(String::new, |person| person.name.into()))))
    };
    let (child, lift, asked_by) = state.db.read(look).await?.ok_or(Refusal::NotFound)?;
    let status = if fault.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let faults: Vec<form::Fault> = fault.into_iter().map(|words| ("reason", words)).collect();
    let back = format!("/children/{id}");
    let now = state.ambient.now();
    let page = Page {
        title: text!("protection-title"),
        section: Section::Elsewhere,
        signed: Some(signed.signed()),
        back: Some((&back, &text!("protection-back"))),
        content: html! {
            @let summary: Vec<_> = faults.iter().map(|(id, words)| (*id, words.as_str())).collect();
            (parts::error_summary(&summary))
            h1.govuk-heading-l { (text!("protection-title")) }
            @match (&lift, child.address_protected) {
                (_, false) => { p.govuk-body { (text!("protection-address-child-not-protected")) } }
                (None, true) => { (ask_form(&child, signed, reason, &faults)) }
                (Some(lift), true) => { (answer_form(lift, &asked_by, signed, now)) }
            }
        },
    };
    Ok((status, page.draw()).into_response())
}

fn ask_form(child: &Child, signed: &SignedIn, reason: &str, faults: &[form::Fault]) -> Markup {
    html! {
        p.govuk-body {
            (text!("protection-address-child-must-not"))
        }
        form method="post" action=(format!("/children/{}/protection", child.id)) {
            (kept::fields(signed))
            (form::group("reason", &text!("protection-why"), "", faults, &html! {
                textarea.govuk-textarea #reason name="reason" rows="3"
                    aria-describedby="reason-hint reason-error" { (reason) }
            }))
            button."govuk-button govuk-button--warning" name="answer" value="ask" {
                (text!("protection-ask-for-protection-be"))
            }
        }
    }
}

fn answer_form(lift: &Lift, asked_by: &str, signed: &SignedIn, now: DateTime<Utc>) -> Markup {
    let mine = lift.asked_by == signed.viewer.person;
    html! {
        p.govuk-body {
            (rich!("protection-asked", person = asked_by, reason = lift.reason,
                when = parts::instant(lift.asked, &times::short(lift.asked, now))))
        }
        form method="post" action=(format!("/children/{}/protection", lift.child)) {
            (csrf_field(&signed.csrf))
            @if mine {
                p.govuk-body { (text!("protection-somebody-else-has-agree")) }
            }
            div.govuk-button-group {
                @if !mine {
                    button."govuk-button govuk-button--warning" name="answer" value="agree" {
                        (text!("protection-agree-address-protected-no"))
                    }
                    button."govuk-button govuk-button--secondary" name="answer" value="decline" {
                        (text!("protection-decline-stays-protected"))
                    }
                }
            }
        }
    }
}

async fn act(
    state: &AppState,
    signed: &SignedIn,
    id: &str,
    typed: Typed,
) -> Result<Response, Refusal> {
    if !typed.refill.is_empty() {
        let reason = kept::own(signed, &typed.writer, &typed.reason);
        return draw(state, signed, id, reason, None).await;
    }
    signed.check(&typed.csrf)?;
    let child = admit(state, signed, id).await?;
    let (by, at) = (signed.viewer.person, state.ambient.now());
    let reason = typed.reason.trim().to_owned();
    let answer = match typed.answer.as_str() {
        "ask" if !(REASON_MIN..=REASON_MAX).contains(&reason.chars().count()) => {
            let words = text!("glass-say-why", from = REASON_MIN, to = REASON_MAX);
            return draw(state, signed, id, &reason, Some(words)).await;
        }
        "ask" => Decision::Ask(reason),
        "agree" => Decision::Answer { agreed: true },
        "decline" => Decision::Answer { agreed: false },
        _ => return Err(Refusal::NotFound),
    };
    let done = state.db.write(move |tx: &mut dyn Tx| write(tx, child, by, at, &answer)).await?;
    if !done {
        return Err(Refusal::NotFound);
    }
    Ok(Redirect::to(&format!("/children/{child}/protection")).into_response())
}

/// What a person decided.
enum Decision {
    Ask(String),
    Answer { agreed: bool },
}

/// Writes it down; whether it was theirs to decide.
fn write(
    tx: &mut dyn Tx,
    child: ChildId,
    by: PersonId,
    at: DateTime<Utc>,
    decision: &Decision,
) -> Result<bool, StoreError> {
    let open = tx.open_lifts(Some(child))?.pop();
    let card = tx.child(child)?.filter(|child| child.address_protected);
    match (decision, open, card) {
        (Decision::Ask(reason), None, Some(_)) => {
            let reason = reason.clone();
            tx.ask_lift(&Lift {
                number: 0,
                child,
                asked_by: by,
                asked: at,
                reason: reason.into(),
            })?;
            Ok(true)
        }
        (Decision::Answer { agreed }, Some(lift), Some(card)) if lift.asked_by != by => {
            tx.answer_lift(lift.number, by, at, *agreed)?;
            if *agreed {
                tx.put_child(&Child { address_protected: false, ..card })?;
            }
            Ok(true)
        }
        _ => Ok(false),
    }
}
