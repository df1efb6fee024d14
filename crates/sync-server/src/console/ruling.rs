//! `/quarantine/{number}`: a person decides what becomes of a record that was set aside.

use axum::extract::{Form, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use chrono::{DateTime, NaiveTime, Utc};
use doorstep_core::event::{Agency, ChildSeen, FailedContact, Form as ContactForm, Known, What};
use doorstep_core::time::london;
use maud::{Markup, html};
use serde::Deserialize;

use super::form::{self, DateParts, Fault};
use super::page::{Page, Section, csrf_field};
use super::problem::{self, Refusal};
use super::session::SignedIn;
use super::set_aside::{self, SetAsideFile};
use super::text::text;
use super::{parts, quarantine, words};
use crate::admin::triage::{self, Meant, REASON_CHARS_MAX, Ruling, TriageError};
use crate::app::AppState;
use crate::store::Tx;

/// What was typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Typed {
    csrf: String,
    refill: String,
    decision: String,
    reason: String,
    child: String,
    what: String,
    day: String,
    month: String,
    year: String,
    time: String,
}

impl Typed {
    fn date(&self) -> DateParts<'_> {
        DateParts([&self.day, &self.month, &self.year])
    }
}

/// `GET /quarantine/{number}`.
pub async fn show(
    State(state): State<AppState>,
    signed: SignedIn,
    Path(number): Path<u64>,
) -> Response {
    let typed = Typed::default();
    problem::or_page(&signed, draw(&state, &signed, number, &typed, &[]).await)
}

/// `POST /quarantine/{number}`: decides.
pub async fn decide(
    State(state): State<AppState>,
    signed: SignedIn,
    Path(number): Path<u64>,
    Form(typed): Form<Typed>,
) -> Response {
    problem::or_page(&signed, decide_as(&state, &signed, number, &typed).await)
}

async fn decide_as(
    state: &AppState,
    signed: &SignedIn,
    number: u64,
    typed: &Typed,
) -> Result<Response, Refusal> {
    signed.check(&typed.csrf)?;
    if !typed.refill.is_empty() {
        return draw(state, signed, number, typed, &[]).await;
    }
    let (judge, by) = (state.judge(), signed.viewer.person);
    let ruling = Ruling { number, by, reason: typed.reason.clone() };
    let form = typed.clone();
    let work = move |tx: &mut dyn Tx| rule(tx, &judge, &ruling, &form);
    let fault = match state.db.write(work).await {
        Ok(done) => {
            state.signals.ledger_changed();
            return Ok(Redirect::to(&format!("/quarantine?done={done}")).into_response());
        }
        Err(Stopped::Fault(fault)) => fault,
        Err(Stopped::Triage(TriageError::Unknown(_))) => return Err(Refusal::NotFound),
        Err(Stopped::Triage(TriageError::Store(error))) => return Err(error.into()),
        Err(Stopped::Triage(TriageError::Reason)) => {
            let words = text!("ruling-say-why", count = REASON_CHARS_MAX);
            ("reason", words)
        }
        Err(Stopped::Triage(error @ TriageError::Child)) => {
            ("child", words::sentence_case(&error.to_string()))
        }
        Err(Stopped::Triage(error)) => ("decision", words::sentence_case(&error.to_string())),
    };
    draw(state, signed, number, typed, &[fault]).await
}

/// Why a form changed nothing.
enum Stopped {
    Fault(Fault),
    Triage(TriageError),
}

impl From<TriageError> for Stopped {
    fn from(error: TriageError) -> Self {
        Self::Triage(error)
    }
}

impl From<crate::store::StoreError> for Stopped {
    fn from(error: crate::store::StoreError) -> Self {
        Self::Triage(error.into())
    }
}

fn rule(
    tx: &mut dyn Tx,
    judge: &crate::judge::Judge,
    ruling: &Ruling,
    typed: &Typed,
) -> Result<&'static str, Stopped> {
    match typed.decision.as_str() {
        "release" => {
            triage::release(tx, judge, ruling)?;
            Ok("released")
        }
        "dismiss" => {
            triage::dismiss(tx, judge, ruling)?;
            Ok("dismissed")
        }
        "correct" => {
            let meant = meant(tx, typed, judge.now())?;
            triage::correct(tx, judge, ruling, &meant)?;
            Ok("corrected")
        }
        _ => Err(Stopped::Fault(("decision", text!("ruling-choose")))),
    }
}

/// What can be recorded in place of a record that cannot be released.
fn choices() -> impl Iterator<Item = (String, String, What)> {
    let seen = || ChildSeen {
        seen_by: Agency("service".to_owned()),
        needs_met: Known::NotKnown,
        from_distance: false,
    };
    let met = ChildSeen { needs_met: Known::Yes, ..seen() };
    let failed = ContactForm::ALL.iter().map(|form| {
        let what = What::FailedContact(FailedContact::new(*form));
        (form.as_str().to_owned(), text!("ruling-failed-contact", form = words::form(*form)), what)
    });
    failed.chain([
        ("seen".to_owned(), text!("ruling-seen-met"), What::ChildSeen(met)),
        ("seen-only".to_owned(), text!("ruling-seen"), What::ChildSeen(seen())),
    ])
}

fn meant(tx: &dyn Tx, typed: &Typed, now: DateTime<Utc>) -> Result<Meant, Stopped> {
    let fault = |field, words: String| Stopped::Fault((field, words));
    let child = tx.child_called(typed.child.trim())?;
    let child = child.ok_or_else(|| fault("child", text!("ruling-no-child")))?;
    let what = choices().find(|(word, ..)| *word == typed.what);
    let (.., what) = what.ok_or_else(|| fault("what", text!("ruling-choose-what")))?;
    let date = typed.date().date();
    let date = date.ok_or_else(|| fault("day", text!("ruling-enter-date")))?;
    let time = NaiveTime::parse_from_str(typed.time.trim(), "%H:%M");
    let time = time.map_err(|_| fault("time", text!("ruling-enter-time")))?;
    let at = london(date, time);
    if at > now {
        return Err(fault("day", text!("ruling-future")));
    }
    Ok(Meant { child: child.id, at, what })
}

async fn draw(
    state: &AppState,
    signed: &SignedIn,
    number: u64,
    typed: &Typed,
    faults: &[Fault],
) -> Result<Response, Refusal> {
    let viewer = signed.viewer.clone();
    let now = state.ambient.now();
    let look = move |tx: &mut dyn Tx| set_aside::one(tx, &viewer, number, now);
    let file = state.db.write(look).await?.ok_or(Refusal::NotFound)?;
    let page = Page {
        title: super::page::title(text!("ruling-title"), !faults.is_empty()),
        section: Section::Quarantine,
        signed: Some(signed.signed()),
        back: Some(("/quarantine", &text!("ruling-back"))),
        content: content(&file, typed, faults, &signed.csrf, now),
    };
    let status = if faults.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    Ok((status, page.draw()).into_response())
}

fn content(
    file: &SetAsideFile,
    typed: &Typed,
    faults: &[Fault],
    csrf: &str,
    now: DateTime<Utc>,
) -> Markup {
    let listed: Vec<_> = faults.iter().map(|(field, words)| (*field, words.as_str())).collect();
    let waits = file.row.entry.decision.is_none() && file.row.may_decide;
    html! {
        (parts::error_summary(&listed))
        h1.govuk-heading-l { (text!("ruling-title")) }
        ul.ds-cards { (quarantine::card(&file.row, &html! {}, now)) }
        @if waits {
            form method="post" action=(format!("/quarantine/{}", file.row.entry.number))
                novalidate {
                (csrf_field(csrf))
                (decision_field(file, typed, faults))
                (reason_field(typed, faults))
                button.govuk-button data-module="govuk-button" { (text!("ruling-record-decision")) }
            }
        }
    }
}

fn decision_field(file: &SetAsideFile, typed: &Typed, faults: &[Fault]) -> Markup {
    let fault = form::fault_of(faults, "decision");
    let chosen = |word: &str| typed.decision == word;
    // The error summary leads to the first of them.
    let correct_id = if file.unsound.is_none() { "decision-correct" } else { "decision" };
    html! {
        div.govuk-form-group .govuk-form-group--error[fault.is_some()] {
            fieldset.govuk-fieldset {
                legend."govuk-fieldset__legend govuk-fieldset__legend--m" {
                    (text!("ruling-what-becomes"))
                }
                @if let Some(words) = &file.unsound {
                    p.govuk-body { (text!("ruling-cannot", why = words.as_str())) }
                }
                (form::error_message("decision", fault))
                div.govuk-radios data-module="govuk-radios" {
                    @if file.unsound.is_none() {
                        (radio("release", "decision", &text!("ruling-release"), None, &chosen))
                    }
                    (radio("correct", correct_id, &text!("ruling-record-what-meant"),
                        Some("meant"), &chosen))
                    div."govuk-radios__conditional govuk-radios__conditional--hidden" #meant {
                        (meant_fields(file, typed, faults))
                    }
                    (radio("dismiss", "decision-dismiss", &text!("ruling-set-aside-for-good"),
                        None, &chosen))
                }
            }
        }
    }
}

fn radio(
    word: &str,
    id: &str,
    label: &str,
    controls: Option<&str>,
    chosen: &impl Fn(&str) -> bool,
) -> Markup {
    html! {
        div.govuk-radios__item {
            input.govuk-radios__input id=(id) name="decision" type="radio"
                value=(word) checked[chosen(word)] data-aria-controls=[controls];
            label."govuk-label govuk-radios__label" for=(id) { (label) }
        }
    }
}

fn meant_fields(file: &SetAsideFile, typed: &Typed, faults: &[Fault]) -> Markup {
    let known = file.child.as_deref().filter(|_| typed.child.is_empty());
    let child = known.unwrap_or(&typed.child);
    html! {
        p.govuk-body { (text!("ruling-recorded-your-name-stands")) }
        (form::group("child", &text!("ruling-child"), &text!("ruling-number-your-own-system"),
            faults, &html! {
            input."govuk-input govuk-input--width-10" #child name="child" type="text"
                value=(child) spellcheck="false" autocomplete="off"
                aria-describedby="child-hint child-error";
        }))
        (form::group("what", &text!("ruling-what"), "", faults, &html! {
            select.govuk-select #what name="what" aria-describedby="what-error" {
                option value="" { (text!("ruling-choose-2")) }
                @for (word, label, _) in choices() {
                    option value=(word) selected[typed.what == word] { (label) }
                }
            }
        }))
        (form::date("", &text!("ruling-on-which-day"), &text!("ruling-for-example-2-3"),
            typed.date(), faults))
        (form::group("time", &text!("ruling-at-what-time"), &text!("ruling-for-example-1430"),
            faults, &html! {
            input."govuk-input govuk-input--width-5" #time name="time" type="text"
                value=(typed.time) autocomplete="off" aria-describedby="time-hint time-error";
        }))
    }
}

fn reason_field(typed: &Typed, faults: &[Fault]) -> Markup {
    let hint = text!("ruling-reason-hint");
    form::group(
        "reason",
        &text!("ruling-why"),
        &hint,
        faults,
        &html! {
            textarea.govuk-textarea #reason name="reason" rows="4"
            aria-describedby="reason-hint reason-error" {
                (typed.reason)
            }
        },
    )
}
