//! `/quarantine`: records that were kept, but not taken into the log, until a person has looked.

use axum::extract::{Query, State};
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, Utc};
use doorstep_core::wire::QuarantineCode;
use maud::{Markup, html};

use super::escalation::Done;
use super::page::{Page, Section};
use super::problem::{self, Refusal};
use super::session::SignedIn;
use super::set_aside::{self, SetAsideRow};
use super::text::{rich, text};
use super::viewer::Viewer;
use super::{parts, timeline, times, words};
use crate::app::AppState;
use crate::store::log::{DecisionOutcome, SetAside};
use crate::store::{StoreError, Tx};

/// Entries on the page; how many more there are is said.
const ROWS_MAX: usize = 100;
/// Decided entries on the page.
const DECIDED_MAX: usize = 20;
/// Characters of an entry that are shown.
const CHARACTERS_MAX: usize = 4000;

/// `GET /quarantine`.
pub async fn show(
    State(state): State<AppState>,
    signed: SignedIn,
    Query(done): Query<Done>,
) -> Response {
    problem::or_page(&signed, draw(&state, &signed, &done.done).await)
}

async fn draw(state: &AppState, signed: &SignedIn, done: &str) -> Result<Response, Refusal> {
    let viewer = signed.viewer.clone();
    let now = state.ambient.now();
    let rows = state.db.write(move |tx: &mut dyn Tx| read_logged(tx, &viewer, now)).await?;
    let page = Page {
        title: text!("page-quarantine"),
        section: Section::Quarantine,
        signed: Some(signed.signed()),
        back: None,
        content: content(&rows, done_words(done).as_deref(), now),
    };
    Ok(page.draw().into_response())
}

/// Those that wait, and those that were decided about.
type Rows = (Vec<SetAsideRow>, Vec<SetAsideRow>);

/// Reads the entries, and writes down whose records were read with them.
fn read_logged(tx: &mut dyn Tx, viewer: &Viewer, at: DateTime<Utc>) -> Result<Rows, StoreError> {
    let (waiting, mut decided) = set_aside::all(tx, viewer, at)?;
    decided.truncate(DECIDED_MAX);
    let shown = waiting.iter().take(ROWS_MAX).chain(&decided).filter(|row| row.readable);
    for child in shown.filter_map(|row| row.entry.child) {
        set_aside::log_reading(tx, viewer, child, at)?;
    }
    Ok((waiting, decided))
}

fn done_words(done: &str) -> Option<String> {
    match done {
        "released" => Some(text!("quarantine-done-released")),
        "corrected" => Some(text!("quarantine-done-corrected")),
        "dismissed" => Some(text!("quarantine-done-dismissed")),
        _ => None,
    }
}

fn content((waiting, decided): &Rows, done: Option<&str>, now: DateTime<Utc>) -> Markup {
    html! {
        @if let Some(words) = done {
            (parts::done_banner(&html! { p.govuk-notification-banner__heading { (words) } }))
        }
        h1.govuk-heading-l { (text!("quarantine-set-aside")) }
        p.govuk-body {
            (text!("quarantine-records-came-from-device"))
        }
        @if waiting.is_empty() {
            (parts::empty(&text!("quarantine-nothing-set-aside"),
                &text!("quarantine-every-record-came-was")))
        }
        ul.ds-cards {
            @for row in waiting.iter().take(ROWS_MAX) { (card(row, &way_to_decide(row), now)) }
        }
        @if waiting.len() > ROWS_MAX {
            p.govuk-body { (text!("quarantine-more", count = waiting.len() - ROWS_MAX)) }
        }
        @if !decided.is_empty() {
            h2.govuk-heading-m { (text!("quarantine-decided")) }
            ul.ds-cards { @for row in decided { (card(row, &way_to_decide(row), now)) } }
        }
    }
}

/// The way to the page on which the viewer decides, where they may.
fn way_to_decide(row: &SetAsideRow) -> Markup {
    let entry = &row.entry;
    html! {
        @if row.may_decide && entry.decision.is_none() {
            p.govuk-body {
                a.govuk-link href=(format!("/quarantine/{}", entry.number)) {
                    (text!("quarantine-decide-what-becomes"))
                    span.govuk-visually-hidden {
                        ": " (text!("quarantine-record-of", number = entry.seq,
                            person = row.person.as_str()))
                    }
                }
            }
        }
    }
}

/// One entry as a card, with something below it.
pub fn card(row: &SetAsideRow, below: &Markup, now: DateTime<Utc>) -> Markup {
    let entry = &row.entry;
    html! {
        li."ds-card ds-card--quiet" {
            div {
                p.ds-card__tags {
                    (parts::tag(Some("grey"), &entry.code))
                    @if let Some(decision) = &entry.decision {
                        " " (parts::tag(Some("green"), decision.outcome.as_str()))
                    }
                }
                h2.ds-card__name { (code_words(&entry.code)) }
                p.ds-card__sentence { (words::sentence_case(&entry.message)) }
                p.ds-card__meta {
                    (text!("quarantine-device-of", device = row.device.as_str(),
                        person = row.person.as_str(), number = entry.seq))
                }
                (decision(row, now))
                (bytes(entry, row.readable))
                (below)
            }
            p.ds-limit {
                span.ds-limit__left { (times::ago(entry.received, now)) }
                (rich!("quarantine-came",
                    when = parts::instant(entry.received, &times::short(entry.received, now))))
            }
        }
    }
}

/// Who decided what, when and why.
fn decision(row: &SetAsideRow, now: DateTime<Utc>) -> Markup {
    let Some(decision) = &row.entry.decision else { return html! {} };
    let key = match decision.outcome {
        DecisionOutcome::Released => "quarantine-released",
        DecisionOutcome::Corrected { .. } => "quarantine-corrected",
        DecisionOutcome::Dismissed => "quarantine-dismissed",
    };
    let unknown = text!("page-somebody-unknown");
    html! {
        p.ds-card__why {
            (rich!(key, person = row.decided_by.as_deref().unwrap_or(&unknown),
                when = parts::instant(decision.at, &times::short(decision.at, now)),
                reason = decision.reason))
            @if let Some((child, event)) = row.meant {
                " "
                a.govuk-link href=(format!("/children/{child}#{}", timeline::anchor(event))) {
                    (text!("quarantine-what-meant"))
                }
            }
        }
    }
}

fn bytes(entry: &SetAside, readable: bool) -> Markup {
    if !readable {
        return html! {
            p.ds-card__meta { (text!("quarantine-about-child-whose-record")) }
        };
    }
    let shown: String = entry.bytes.chars().take(CHARACTERS_MAX).flat_map(char_shown).collect();
    html! {
        details.govuk-details {
            summary.govuk-details__summary {
                span.govuk-details__summary-text { (text!("quarantine-what-came")) }
            }
            div.govuk-details__text {
                pre.ds-bytes tabindex="0" { (shown) }
                @if entry.bytes.chars().count() > CHARACTERS_MAX {
                    p.govuk-body-s { (text!("quarantine-first", count = CHARACTERS_MAX)) }
                }
            }
        }
    }
}

/// A character as it is, or escaped where it would not be seen or would change the direction.
fn char_shown(character: char) -> impl Iterator<Item = char> {
    let invisible = matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2069}' | '\u{feff}');
    let escaped = (invisible || (character.is_control() && character != '\n'))
        .then(|| character.escape_unicode());
    let plain = escaped.is_none().then_some(character);
    escaped.into_iter().flatten().chain(plain)
}

fn code_words(code: &str) -> String {
    match code.parse::<QuarantineCode>() {
        Ok(code) => words::quarantine(code).to_owned(),
        Err(_) if code == SetAside::FORK => text!("quarantine-fork"),
        Err(_) => text!("quarantine-other"),
    }
}
