//! `/quarantine`: records that were kept, but not taken into the log, until a person has looked.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, Utc};
use doorstep_core::wire::QuarantineCode;
use maud::{Markup, html};

use super::gather::{self, SetAsideRow};
use super::page::{Page, Section};
use super::problem::{self, Refusal};
use super::session::SignedIn;
use super::viewer::Viewer;
use super::{parts, times, words};
use crate::app::AppState;
use crate::store::log::{Access, SetAside};
use crate::store::{StoreError, Tx};

/// Entries on the page; how many more there are is said.
const ROWS_MAX: usize = 100;
/// Characters of an entry that are shown.
const CHARACTERS_MAX: usize = 4000;

/// `GET /quarantine`.
pub async fn show(State(state): State<AppState>, signed: SignedIn) -> Response {
    problem::or_page(&signed, draw(&state, &signed).await)
}

async fn draw(state: &AppState, signed: &SignedIn) -> Result<Response, Refusal> {
    let viewer = signed.viewer.clone();
    let now = state.ambient.now();
    let rows = state.db.write(move |tx: &mut dyn Tx| read_logged(tx, &viewer, now)).await?;
    let page = Page {
        title: "Set aside".to_owned(),
        section: Section::Quarantine,
        signed: Some(signed.signed()),
        back: None,
        content: content(&rows, now),
    };
    Ok(page.draw().into_response())
}

/// Reads the entries, and writes down whose records were read with them.
fn read_logged(
    tx: &mut dyn Tx,
    viewer: &Viewer,
    at: DateTime<Utc>,
) -> Result<Vec<SetAsideRow>, StoreError> {
    let rows = gather::set_aside(tx, viewer, at)?;
    let read = rows.iter().take(ROWS_MAX).filter(|row| row.readable);
    for child in read.filter_map(|row| row.entry.child) {
        let (person, by) = (viewer.person, "set aside".to_owned());
        tx.log_access(&Access { at, person, child, by, device: None, reason: None })?;
    }
    Ok(rows)
}

fn content(rows: &[SetAsideRow], now: DateTime<Utc>) -> Markup {
    html! {
        h1.govuk-heading-l { "Set aside" }
        p.govuk-body {
            "Records that came from a device but could not be taken into the log. Nothing of them "
            "is lost; each waits for a person to look."
        }
        @if rows.is_empty() {
            (parts::empty("Nothing is set aside", "Every record that came in was taken."))
        }
        ul.ds-cards { @for row in rows.iter().take(ROWS_MAX) { (card(row, now)) } }
        @if rows.len() > ROWS_MAX {
            p.govuk-body { "And " (rows.len() - ROWS_MAX) " more, which came later." }
        }
    }
}

fn card(row: &SetAsideRow, now: DateTime<Utc>) -> Markup {
    let entry = &row.entry;
    html! {
        li."ds-card ds-card--quiet" {
            div {
                p.ds-card__tags { (parts::tag(Some("grey"), &entry.code)) }
                h2.ds-card__name { (code_words(&entry.code)) }
                p.ds-card__sentence { (words::sentence_case(&entry.message)) }
                p.ds-card__meta {
                    (row.device) ", device of " (row.person) " · record " (entry.seq)
                }
                (bytes(entry, row.readable))
            }
            p.ds-limit {
                span.ds-limit__left { (times::ago(entry.received, now)) }
                "came " (parts::instant(entry.received, &times::short(entry.received, now)))
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
