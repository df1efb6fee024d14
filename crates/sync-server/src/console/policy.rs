//! `/policy`: the policies in force, clause by clause, and what changed between their versions.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use chrono::NaiveDate;
use doorstep_core::policy::{Clause, Kind, Limit, Pack, in_force};
use doorstep_core::time::local_date;
use maud::{Markup, html};

use super::page::{Page, Section};
use super::session::SignedIn;
use super::{parts, words};
use crate::app::AppState;

/// `GET /policy`.
pub async fn show(State(state): State<AppState>, signed: SignedIn) -> Response {
    let today = local_date(state.ambient.now());
    let page = Page {
        title: "Policies".to_owned(),
        section: Section::Policy,
        signed: Some(signed.signed()),
        back: None,
        content: html! {
            h1.govuk-heading-l { "Policies" }
            p.govuk-body {
                "What Doorstep goes by. A record is judged by the version in force on the day on "
                "which it happened. Software says what a policy asks for; people decide."
            }
            @for versions in state.policy.packs().lines() {
                (policy(versions, today))
            }
        },
    };
    page.draw().into_response()
}

/// Where on the page a clause stands.
pub fn anchor(clause: &str) -> String {
    format!("/policy#{clause}")
}

fn policy(versions: &[std::sync::Arc<Pack>], today: NaiveDate) -> Markup {
    let pack = in_force(versions, today);
    let rows: Vec<_> = pack.clauses.iter().map(|clause| row(clause)).collect();
    let caption = format!("{}, version {}", pack.title, pack.version);
    html! {
        h2.govuk-heading-m id=(pack.line) { (pack.title) }
        p.govuk-body {
            "Version " (pack.version) ", in force since " (day(pack.effective_from)) "."
            @for other in versions.iter().filter(|other| other.effective_from > today) {
                " Version " (other.version) " takes effect on " (day(other.effective_from)) "."
            }
        }
        @for pair in versions.windows(2) { (changes(&pair[0], &pair[1])) }
        (parts::table(&caption, &["Clause", "What it says", "Whose", "Limit"], &rows))
    }
}

fn day(date: NaiveDate) -> String {
    date.format("%-d %B %Y").to_string()
}

fn row(clause: &Clause) -> Vec<Markup> {
    let is_duty = clause.kind == Kind::Duty;
    vec![
        html! { span id=(clause.id) { (clause.id) } br; span.govuk-hint { (clause.section) } },
        html! {
            (clause.sentence)
            @if let Some(question) = &clause.question { br; em { (question) } }
        },
        html! {
            @if is_duty {
                (words::sentence_case(&words::role(clause.owner))) br;
                span.govuk-hint { (words::modality(clause.modality)) }
            } @else {
                (words::sentence_case(clause.kind.as_str()))
            }
        },
        html! { (limit(clause)) },
    ]
}

fn limit(clause: &Clause) -> String {
    clause.limit.map(Limit::in_words).map_or_else(String::new, |limit| words::sentence_case(&limit))
}

/// What a version changed against the one before it.
fn changes(before: &Pack, after: &Pack) -> Markup {
    let mut lines = Vec::new();
    for clause in &after.clauses {
        match before.clause(&clause.id.0) {
            None => lines.push(format!("{}: added", clause.id)),
            Some(old) => lines.extend(change(old, clause)),
        }
    }
    let gone = before.clauses.iter().filter(|old| after.clause(&old.id.0).is_none());
    lines.extend(gone.map(|old| format!("{}: no longer there", old.id)));
    html! {
        details.govuk-details {
            summary.govuk-details__summary {
                span.govuk-details__summary-text {
                    "What version " (after.version) " changed (" (lines.len()) ")"
                }
            }
            div.govuk-details__text {
                ul."govuk-list govuk-list--bullet" { @for line in &lines { li { (line) } } }
            }
        }
    }
}

fn change(old: &Clause, new: &Clause) -> Option<String> {
    let mut parts = Vec::new();
    if old.limit != new.limit {
        let words = |clause| match limit(clause) {
            none if none.is_empty() => "no limit".to_owned(),
            limit => limit,
        };
        parts.push(format!("limit {} instead of {}", words(new), words(old)));
    }
    if old.urgency != new.urgency {
        parts.push(format!("urgency {}", words::urgency(new.urgency)));
    }
    if old.modality != new.modality {
        parts.push(format!("now {}", words::modality(new.modality)));
    }
    if old.owner != new.owner {
        parts.push(format!("owed by the {}", words::role(new.owner)));
    }
    if old.tell != new.tell {
        parts.push("others are told".to_owned());
    }
    if old.parameters != new.parameters {
        parts.push("other numbers".to_owned());
    }
    if old.sentence != new.sentence {
        parts.push("other words".to_owned());
    }
    (!parts.is_empty()).then(|| format!("{}: {}", new.id, parts.join("; ")))
}
