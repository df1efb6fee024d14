//! `/notices/preferences`: how somebody wants to be told, by urgency and hour.

use axum::extract::{Form, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use doorstep_core::assessment::Urgency;
use maud::{Markup, html};
use serde::Deserialize;

use super::form::{self, Fault, fault_of};
use super::page::{Page, Section, csrf_field};
use super::parts;
use super::problem::{self, Refusal};
use super::session::SignedIn;
use super::text::text;
use crate::app::AppState;
use crate::store::Tx;
use crate::store::notices::{Manner, Preference};

/// What was typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Typed {
    csrf: String,
    refill: String,
    immediate: String,
    same_day: String,
    routine: String,
    when: String,
    hours: String,
}

impl Typed {
    fn of(preference: &Preference) -> Self {
        let word = |urgency| preference.manner(urgency).as_str().to_owned();
        let hours = preference.hours.as_ref().map(ToString::to_string).unwrap_or_default();
        Self {
            csrf: String::new(),
            refill: String::new(),
            immediate: word(Urgency::Immediate),
            same_day: word(Urgency::SameDay),
            routine: word(Urgency::Routine),
            when: if hours.is_empty() { "any" } else { "hours" }.to_owned(),
            hours,
        }
    }

    /// Reads it, or says all that is wrong with it.
    fn read(&self) -> Result<Preference, Vec<Fault>> {
        let mut faults = Vec::new();
        let mut manner = |urgency, field, word: &str| {
            let found = Manner::of(urgency, word);
            if found.is_none() {
                faults.push((field, text!("preferences-choose-one")));
            }
            found
        };
        let immediate = manner(Urgency::Immediate, "immediate", &self.immediate);
        let same_day = manner(Urgency::SameDay, "same-day", &self.same_day);
        let routine = manner(Urgency::Routine, "routine", &self.routine);
        let hours = match self.when.as_str() {
            "hours" => {
                self.hours.trim().parse().map(Some).map_err(|_| text!("preferences-enter-hours"))
            }
            "any" => Ok(None),
            _ => Err(text!("preferences-choose-when")),
        };
        let field = if self.when == "hours" { "hours" } else { "when" };
        let hours = hours.map_err(|words| faults.push((field, words))).ok();
        match (immediate, same_day, routine, hours) {
            (Some(immediate), Some(same_day), Some(routine), Some(hours)) => {
                Ok(Preference { immediate, same_day, routine, hours })
            }
            _ => Err(faults),
        }
    }
}

fn label(manner: Manner) -> String {
    match manner {
        Manner::Email => text!("preferences-email-at-once"),
        Manner::Text => text!("preferences-text-message-at-once"),
        Manner::Digest => text!("preferences-email-together-with-others"),
        Manner::Console => text!("preferences-only-inbox"),
    }
}

/// How somebody is told, in sentences.
pub fn in_words(preference: &Preference) -> Vec<String> {
    let mut sentences: Vec<_> = [
        (Urgency::Immediate, "preferences-immediate"),
        (Urgency::SameDay, "preferences-same-day"),
        (Urgency::Routine, "preferences-routine"),
    ]
    .map(|(urgency, key)| text!(key, how = label(preference.manner(urgency)).to_lowercase()))
    .to_vec();
    sentences.push(match &preference.hours {
        Some(hours) => text!("preferences-in-hours", hours = hours.to_string()),
        None => text!("preferences-any-hour"),
    });
    sentences
}

/// `GET /notices/preferences`.
pub async fn show(State(state): State<AppState>, signed: SignedIn) -> Response {
    problem::or_page(&signed, show_as(&state, &signed).await)
}

async fn show_as(state: &AppState, signed: &SignedIn) -> Result<Response, Refusal> {
    let person = signed.viewer.person;
    let held = state.db.read(move |tx: &dyn Tx| tx.preference(person)).await?;
    Ok(draw(signed, &Typed::of(&held.unwrap_or_default()), &[]))
}

/// `POST /notices/preferences`. Safe to repeat.
pub async fn save(
    State(state): State<AppState>,
    signed: SignedIn,
    Form(typed): Form<Typed>,
) -> Response {
    problem::or_page(&signed, save_as(&state, &signed, &typed).await)
}

async fn save_as(state: &AppState, signed: &SignedIn, typed: &Typed) -> Result<Response, Refusal> {
    if !typed.refill.is_empty() {
        return Ok(draw(signed, typed, &[]));
    }
    signed.check(&typed.csrf)?;
    let preference = match typed.read() {
        Ok(preference) => preference,
        Err(faults) => return Ok(draw(signed, typed, &faults)),
    };
    let (person, now) = (signed.viewer.person, state.ambient.now());
    let work = move |tx: &mut dyn Tx| tx.put_preference(person, &preference, now);
    state.db.write(work).await?;
    Ok(Redirect::to("/notices").into_response())
}

fn draw(signed: &SignedIn, typed: &Typed, faults: &[Fault]) -> Response {
    let errors: Vec<_> = faults.iter().map(|(field, words)| (*field, words.as_str())).collect();
    let content = html! {
        (parts::error_summary(&errors))
        h1.govuk-heading-l { (text!("preferences-title")) }
        p.govuk-body {
            (text!("preferences-whatever-you-choose-everything"))
        }
        form method="post" action="/notices/preferences" novalidate {
            (csrf_field(&signed.csrf))
            (choice("immediate", Urgency::Immediate, &typed.immediate, faults))
            (choice("same-day", Urgency::SameDay, &typed.same_day, faults))
            (choice("routine", Urgency::Routine, &typed.routine, faults))
            (hours(typed, faults))
            button.govuk-button data-module="govuk-button" { (text!("preferences-save")) }
        }
    };
    let page = Page {
        title: super::page::title(text!("preferences-title"), !faults.is_empty()),
        section: Section::Notices,
        signed: Some(signed.signed()),
        back: Some(("/notices", &text!("preferences-back"))),
        content,
    };
    let status = if faults.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    (status, page.draw()).into_response()
}

fn choice(field: &str, urgency: Urgency, chosen: &str, faults: &[Fault]) -> Markup {
    let (label_words, hint) = match urgency {
        Urgency::Immediate => {
            (text!("preferences-what-immediate"), text!("preferences-what-immediate-hint"))
        }
        Urgency::SameDay => (text!("preferences-what-same-day"), String::new()),
        Urgency::Routine => {
            (text!("preferences-what-routine"), text!("preferences-what-routine-hint"))
        }
    };
    let choices: Vec<_> = Manner::choices(urgency)
        .iter()
        .map(|manner| (manner.as_str().to_owned(), label(*manner)))
        .collect();
    form::group(field, &label_words, &hint, faults, &form::select(field, &choices, chosen))
}

fn hours(typed: &Typed, faults: &[Fault]) -> Markup {
    let fault = fault_of(faults, "when").or_else(|| fault_of(faults, "hours"));
    let radio = |id: &str, value: &str, words: &str| {
        html! {
            div.govuk-radios__item {
                input.govuk-radios__input type="radio" id=(id) name="when" value=(value)
                    checked[typed.when == value];
                label."govuk-label govuk-radios__label" for=(id) { (words) }
            }
        }
    };
    html! {
        div.govuk-form-group .govuk-form-group--error[fault.is_some()] {
            fieldset.govuk-fieldset {
                legend."govuk-fieldset__legend govuk-fieldset__legend--s" {
                    (text!("preferences-when-may-what-not"))
                }
                (form::error_message("when", fault_of(faults, "when")))
                div.govuk-radios {
                    (radio("when", "any", &text!("preferences-any-hour")))
                    (radio("when-hours", "hours", &text!("preferences-only-these-hours")))
                }
                (form::group(
                    "hours",
                    &text!("preferences-your-hours"),
                    &text!("preferences-for-example-monfri-09001700"),
                    faults,
                    &html! {
                        input."govuk-input govuk-input--width-20" type="text" id="hours"
                            name="hours" value=(typed.hours) autocomplete="off"
                            aria-describedby="hours-hint hours-error";
                    },
                ))
            }
        }
    }
}
