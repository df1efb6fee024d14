//! How the form is drawn on which something is recorded.

use chrono::{DateTime, Utc};
use doorstep_core::event::{AddressKnown, Known, NewAppointment, Referral, Role, Subject};
use doorstep_core::time::local_date;
use maud::{Markup, html};

use super::kind::{Kind, Offer};
use super::typed::{Typed, agencies, decisions};
use super::{Place, days};
use crate::console::form::{self, Fault};
use crate::console::gather::Recorded;
use crate::console::page::csrf_field;
use crate::console::text::text;
use crate::console::{parts, policy, times, words};

/// Everything that the page shows.
#[derive(Debug)]
pub struct RecordPage<'a> {
    /// What is recorded.
    pub kind: Kind,
    /// From where.
    pub place: &'a Place,
    /// What was typed so far.
    pub typed: &'a Typed,
    /// What is wrong with it.
    pub faults: &'a [Fault],
    /// What somebody else recorded meanwhile.
    pub meanwhile: &'a [Recorded],
    /// The form came back after its session had ended.
    pub is_kept: bool,
    /// The role of who records.
    pub role: Role,
    /// The session's token.
    pub csrf: &'a str,
    /// This moment (UTC).
    pub now: DateTime<Utc>,
}

/// The title of the form.
pub fn title(kind: Kind) -> String {
    text!(&format!("record-do-{}", kind.word()))
}

/// The content of the page.
pub fn content(page: &RecordPage<'_>) -> Markup {
    let listed: Vec<_> =
        page.faults.iter().map(|(field, words)| (*field, words.as_str())).collect();
    html! {
        (parts::error_summary(&listed))
        (said(page))
        span.govuk-caption-l { (page.place.child_name) }
        h1.govuk-heading-l { (title(page.kind)) }
        (about(page))
        form.ds-form method="post" action=(page.place.path(page.kind)) novalidate {
            (csrf_field(page.csrf))
            @for field in ["record", "seen", "writer"] {
                input type="hidden" name=(field) value=(page.typed.get(field));
            }
            (questions(page))
            (when(page))
            button.govuk-button #save data-module="govuk-button" data-prevent-double-click="true" {
                (text!("record-save"))
            }
        }
    }
}

fn said(page: &RecordPage<'_>) -> Markup {
    html! {
        @if page.is_kept {
            div.govuk-inset-text role="status" { (text!("record-kept")) }
        }
        @if !page.meanwhile.is_empty() {
            div.govuk-notification-banner role="alert" aria-labelledby="banner-title"
                data-module="govuk-notification-banner" {
                div.govuk-notification-banner__header {
                    h2.govuk-notification-banner__title #banner-title {
                        (text!("record-meanwhile-title"))
                    }
                }
                div.govuk-notification-banner__content {
                    p.govuk-body { (text!("record-meanwhile")) }
                    ul."govuk-list govuk-list--bullet" {
                        @for record in page.meanwhile { (meanwhile(record, page.now)) }
                    }
                }
            }
        }
    }
}

fn meanwhile(record: &Recorded, now: DateTime<Utc>) -> Markup {
    let what = &record.body.event.what;
    let (title, when) = (words::title(what), times::spoken(record.received, now));
    let person = record.person.as_str();
    html! {
        li {
            (text!("record-meanwhile-entry", title = title, person = person, when = when))
            @for fact in words::facts(what) { br; (fact) }
        }
    }
}

/// What the clause says, so that nobody has to look it up while deciding.
fn about(page: &RecordPage<'_>) -> Markup {
    let place = page.place;
    html! {
        div.govuk-inset-text {
            p.govuk-body { (place.sentence) }
            p.govuk-body-s {
                a.govuk-link href=(policy::anchor(&place.clause)) { (place.clause) }
                @if let Some(due) = &place.due {
                    " · " (text!("record-limit")) ": "
                    (parts::instant(due.at, &times::deadline(due.at, page.now)))
                    ", " (times::left(due.at, page.now))
                }
            }
        }
    }
}

fn questions(page: &RecordPage<'_>) -> Markup {
    let words = |label: &str, hint: &str| textarea(page, "words", label, hint);
    match page.kind {
        Kind::Discuss => html! {
            (roles(page, "with", &text!("record-with"), &text!("record-with-hint")))
            (radios(page, "referral", "record-referral", &of(Referral::ALL, Referral::as_str), ""))
            (words(&text!("record-discussed"), &text!("record-discussed-hint")))
        },
        Kind::Timeframe => timeframe(page),
        Kind::Decide(Subject::VisitUrgency) => {
            textarea(page, "why", &text!("record-urgency"), &text!("record-why-hint"))
        }
        Kind::Decide(on) => html! {
            (radios(page, "decided", "record-decided", decisions(on), ""))
            (textarea(page, "why", &text!("record-why"), &text!("record-why-hint")))
        },
        Kind::Told => roles(page, "who", &text!("record-told"), ""),
        Kind::Seen => html! {
            (agency(page, &text!("record-seen-by"), true))
            (radios(page, "needs", "record-needs", &of(Known::ALL, Known::as_str),
                &text!("record-needs-hint")))
        },
        Kind::AskAgency => html! {
            (agency(page, &text!("record-agency"), false))
            (choices(page, "address", &text!("record-agency-address"), "record-address",
                &of(AddressKnown::ALL, AddressKnown::as_str), ""))
            (choices(page, "child-seen", &text!("record-agency-seen"), "record-known",
                &of(Known::ALL, Known::as_str), ""))
        },
        Kind::CheckAddress => html! {
            (radios(page, "found", "record-found", &["confirmed", "corrected"], ""))
            (radios(page, "appointment", "record-appointment",
                &of(NewAppointment::ALL, NewAppointment::as_str), ""))
        },
        Kind::Noted(_) => words(&text!("record-words"), &text!("record-words-hint")),
    }
}

fn of<T: Copy>(all: &[T], word: fn(T) -> &'static str) -> Vec<&'static str> {
    all.iter().copied().map(word).collect()
}

/// A choice of one whose question has the key that its answers begin with.
fn radios(
    page: &RecordPage<'_>,
    field: &'static str,
    key: &str,
    answers: &[&str],
    hint: &str,
) -> Markup {
    choices(page, field, &text!(key), key, answers, hint)
}

fn choices(
    page: &RecordPage<'_>,
    field: &'static str,
    question: &str,
    prefix: &str,
    answers: &[&str],
    hint: &str,
) -> Markup {
    let answers: Vec<_> = answers
        .iter()
        .map(|word| ((*word).to_owned(), text!(&format!("{prefix}-{word}"))))
        .collect();
    form::radios(field, question, hint, &answers, page.typed.get(field), page.faults)
}

fn textarea(page: &RecordPage<'_>, field: &'static str, label: &str, hint: &str) -> Markup {
    form::group(
        field,
        label,
        hint,
        page.faults,
        &html! {
            textarea.govuk-textarea id=(field) name=(field) rows="5"
                aria-describedby=(format!("{field}-hint {field}-error")) { (page.typed.get(field)) }
        },
    )
}

/// The roles that the clause names, then the others.
fn roles(page: &RecordPage<'_>, field: &'static str, label: &str, hint: &str) -> Markup {
    let named = &page.place.offer.roles;
    let others = Role::ALL.iter().filter(|role| !named.contains(role));
    let choices: Vec<_> = named
        .iter()
        .chain(others)
        .map(|role| {
            let name = words::sentence_case(&words::role(*role));
            let is_me = *role == page.role;
            let label = if is_me { text!("record-with-you", role = name) } else { name };
            (role.as_str().to_owned(), label)
        })
        .collect();
    form::group(
        field,
        label,
        hint,
        page.faults,
        &form::select(field, &choices, page.typed.get(field)),
    )
}

fn agency(page: &RecordPage<'_>, question: &str, with_service: bool) -> Markup {
    let mut answers: Vec<_> = agencies(&page.place.agencies)
        .into_iter()
        .map(|agency| (agency.0.clone(), words::sentence_case(&words::plain(&agency.0))))
        .collect();
    if with_service {
        answers.insert(0, ("service".to_owned(), text!("record-seen-by-service")));
    }
    html! {
        @if answers.is_empty() {
            span #agency {}
        } @else {
            (form::radios("agency", question, "", &answers, page.typed.get("agency"), page.faults))
        }
        (form::group("agency-other", &text!("record-agency-other"), "", page.faults, &html! {
            input."govuk-input govuk-input--width-20" #agency-other name="agency-other" type="text"
                value=(page.typed.get("agency-other")) autocomplete="off"
                aria-describedby="agency-other-error";
        }))
    }
}

fn timeframe(page: &RecordPage<'_>) -> Markup {
    let today = local_date(page.now);
    let limit = page.place.due.as_ref().map(|due| local_date(due.at)).filter(|day| *day >= today);
    let weeks = days::weeks(&page.place.calendar, today, limit);
    let fault = form::fault_of(page.faults, "by");
    html! {
        div.govuk-form-group .govuk-form-group--error[fault.is_some()] #by {
            fieldset.govuk-fieldset aria-describedby="by-hint by-error" {
                legend."govuk-fieldset__legend govuk-fieldset__legend--s" {
                    (text!("record-day"))
                }
                div.govuk-hint #by-hint { (text!("record-day-hint")) }
                (form::error_message("by", fault))
                (days::draw(&weeks, page.typed.get("by"), today))
            }
        }
        (form::group("by-time", &text!("record-day-time"), &text!("record-day-time-hint"),
            page.faults, &time_input("by-time", page.typed)))
    }
}

fn time_input(field: &str, typed: &Typed) -> Markup {
    html! {
        input."govuk-input govuk-input--width-5" id=(field) name=(field) type="text"
            value=(typed.get(field)) autocomplete="off"
            aria-describedby=(format!("{field}-hint {field}-error"));
    }
}

/// When it was: now, unless somebody says otherwise.
fn when(page: &RecordPage<'_>) -> Markup {
    let is_open = page.typed.is_earlier();
    html! {
        details.govuk-details open[is_open] {
            summary.govuk-details__summary {
                span.govuk-details__summary-text { (text!("record-when-earlier")) }
            }
            div.govuk-details__text {
                (form::date("", &text!("record-when-day"), &text!("record-when-day-hint"),
                    page.typed.date(), page.faults))
                (form::group("time", &text!("record-when-time"), &text!("record-when-time-hint"),
                    page.faults, &time_input("time", page.typed)))
            }
        }
    }
}

/// What can be done, as links from the escalation's page.
pub fn offered(offer: &Offer, owed: bool, path: &impl Fn(Kind) -> String) -> Markup {
    let list = |kinds: &[Kind]| {
        html! {
            ul."govuk-list ds-acts" {
                @for kind in kinds {
                    li { a.govuk-link href=(path(*kind)) { (title(*kind)) } }
                }
            }
        }
    };
    html! {
        h2.govuk-heading-m { (text!("record-heading")) }
        @if owed {
            @if offer.meets.is_empty() {
                p.govuk-body { (text!("record-nothing")) }
            } @else {
                h3.govuk-heading-s { (text!("record-meets")) }
                (list(&offer.meets))
            }
        }
        h3.govuk-heading-s { (text!("record-also")) }
        (list(&offer.also))
        p.govuk-body-s { (text!("record-note")) }
    }
}
