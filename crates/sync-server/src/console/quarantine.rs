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
        title: "Set aside".to_owned(),
        section: Section::Quarantine,
        signed: Some(signed.signed()),
        back: None,
        content: content(&rows, done_words(done), now),
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

fn done_words(done: &str) -> Option<&'static str> {
    match done {
        "released" => Some("The record is in the log, and was judged like any other."),
        "corrected" => Some("What it meant is recorded, and stands beside it."),
        "dismissed" => Some("The record stays aside for good. Nothing of it is lost."),
        _ => None,
    }
}

fn content((waiting, decided): &Rows, done: Option<&str>, now: DateTime<Utc>) -> Markup {
    html! {
        @if let Some(words) = done {
            (parts::done_banner(&html! { p.govuk-notification-banner__heading { (words) } }))
        }
        h1.govuk-heading-l { "Set aside" }
        p.govuk-body {
            "Records that came from a device but could not be taken into the log. Nothing of them "
            "is lost; each waits for a person to look."
        }
        @if waiting.is_empty() {
            (parts::empty("Nothing is set aside", "Every record that came in was taken."))
        }
        ul.ds-cards {
            @for row in waiting.iter().take(ROWS_MAX) { (card(row, &way_to_decide(row), now)) }
        }
        @if waiting.len() > ROWS_MAX {
            p.govuk-body { "And " (waiting.len() - ROWS_MAX) " more, which came later." }
        }
        @if !decided.is_empty() {
            h2.govuk-heading-m { "Decided" }
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
                    "Decide what becomes of it"
                    span.govuk-visually-hidden { ": record " (entry.seq) " of " (row.person) }
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
                    (row.device) ", device of " (row.person) " · record " (entry.seq)
                }
                (decision(row, now))
                (bytes(entry, row.readable))
                (below)
            }
            p.ds-limit {
                span.ds-limit__left { (times::ago(entry.received, now)) }
                "came " (parts::instant(entry.received, &times::short(entry.received, now)))
            }
        }
    }
}

/// Who decided what, when and why.
fn decision(row: &SetAsideRow, now: DateTime<Utc>) -> Markup {
    let Some(decision) = &row.entry.decision else { return html! {} };
    let what = match decision.outcome {
        DecisionOutcome::Released => "Released into the log by ",
        DecisionOutcome::Corrected { .. } => "Corrected by a record of ",
        DecisionOutcome::Dismissed => "Set aside for good by ",
    };
    html! {
        p.ds-card__why {
            (what) (row.decided_by.as_deref().unwrap_or("somebody")) ", "
            (parts::instant(decision.at, &times::short(decision.at, now)))
            ": “" (decision.reason) "”"
            @if let Some((child, event)) = row.meant {
                " "
                a.govuk-link href=(format!("/children/{child}#{}", timeline::anchor(event))) {
                    "What it meant"
                }
            }
        }
    }
}

fn bytes(entry: &SetAside, readable: bool) -> Markup {
    if !readable {
        return html! {
            p.ds-card__meta { "It is about a child whose record you do not hold." }
        };
    }
    let shown: String = entry.bytes.chars().take(CHARACTERS_MAX).flat_map(char_shown).collect();
    html! {
        details.govuk-details {
            summary.govuk-details__summary {
                span.govuk-details__summary-text { "What came" }
            }
            div.govuk-details__text {
                pre.ds-bytes tabindex="0" { (shown) }
                @if entry.bytes.chars().count() > CHARACTERS_MAX {
                    p.govuk-body-s { "Only the first " (CHARACTERS_MAX) " characters are shown." }
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

fn code_words(code: &str) -> &'static str {
    code.parse::<QuarantineCode>().map_or(
        if code == SetAside::FORK { "Number used twice with different content" } else { "Other" },
        words::quarantine,
    )
}
