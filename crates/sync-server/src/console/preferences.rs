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
use crate::app::AppState;
use crate::store::Tx;
use crate::store::notices::{Manner, Preference};

/// What was typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Typed {
    csrf: String,
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
                faults.push((field, "Choose one of these".to_owned()));
            }
            found
        };
        let immediate = manner(Urgency::Immediate, "immediate", &self.immediate);
        let same_day = manner(Urgency::SameDay, "same-day", &self.same_day);
        let routine = manner(Urgency::Routine, "routine", &self.routine);
        let hours = match self.when.as_str() {
            "hours" => self.hours.trim().parse().map(Some).map_err(
                |_| "Enter your hours like Mon-Fri 09:00-17:00, several with commas between them",
            ),
            "any" => Ok(None),
            _ => Err("Choose whether they may come at any hour"),
        };
        let field = if self.when == "hours" { "hours" } else { "when" };
        let hours = hours.map_err(|words| faults.push((field, words.to_owned()))).ok();
        match (immediate, same_day, routine, hours) {
            (Some(immediate), Some(same_day), Some(routine), Some(hours)) => {
                Ok(Preference { immediate, same_day, routine, hours })
            }
            _ => Err(faults),
        }
    }
}

const fn label(manner: Manner) -> &'static str {
    match manner {
        Manner::Email => "E-mail, at once",
        Manner::Text => "Text message, at once",
        Manner::Digest => "E-mail, together with others",
        Manner::Console => "Only in the inbox",
    }
}

/// How somebody is told, in sentences.
pub fn in_words(preference: &Preference) -> Vec<String> {
    let mut sentences: Vec<_> = [
        (Urgency::Immediate, "Immediate"),
        (Urgency::SameDay, "Same day"),
        (Urgency::Routine, "Routine"),
    ]
    .map(|(urgency, name)| format!("{name}: {}", label(preference.manner(urgency)).to_lowercase()))
    .to_vec();
    sentences.push(match &preference.hours {
        Some(hours) => format!("What is not immediate comes in your hours: {hours}"),
        None => "At any hour".to_owned(),
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
    let error = if faults.is_empty() { "" } else { "Error: " };
    let content = html! {
        (parts::error_summary(&errors))
        h1.govuk-heading-l { "How you are told" }
        p.govuk-body {
            "Whatever you choose, everything stands in your inbox. If one way does not work, the "
            "next is tried."
        }
        form method="post" action="/notices/preferences" novalidate {
            (csrf_field(&signed.csrf))
            (choice("immediate", Urgency::Immediate, &typed.immediate, faults))
            (choice("same-day", Urgency::SameDay, &typed.same_day, faults))
            (choice("routine", Urgency::Routine, &typed.routine, faults))
            (hours(typed, faults))
            button.govuk-button data-module="govuk-button" { "Save" }
        }
    };
    let page = Page {
        title: format!("{error}How you are told"),
        section: Section::Notices,
        signed: Some(signed.signed()),
        back: Some(("/notices", "Back to notices")),
        content,
    };
    let status = if faults.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    (status, page.draw()).into_response()
}

fn choice(field: &str, urgency: Urgency, chosen: &str, faults: &[Fault]) -> Markup {
    let (label_words, hint) = match urgency {
        Urgency::Immediate => ("What is immediate", "At any hour, and it cannot be switched off."),
        Urgency::SameDay => ("What is due the same day", ""),
        Urgency::Routine => {
            ("What is routine", "Together: at most twice on a working day, in one message.")
        }
    };
    let choices: Vec<_> = Manner::choices(urgency)
        .iter()
        .map(|manner| (manner.as_str().to_owned(), label(*manner).to_owned()))
        .collect();
    form::group(field, label_words, hint, faults, &form::select(field, &choices, chosen))
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
                    "When may what is not immediate come?"
                }
                (form::error_message("when", fault_of(faults, "when")))
                div.govuk-radios {
                    (radio("when", "any", "At any hour"))
                    (radio("when-hours", "hours", "Only in these hours"))
                }
                (form::group(
                    "hours",
                    "Your hours",
                    "For example Mon-Fri 09:00-17:00. Bank holidays are left out.",
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
