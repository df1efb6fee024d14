//! `/policy`: the policies in force, clause by clause, and what changed between their versions.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use chrono::NaiveDate;
use doorstep_core::policy::{Clause, Kind, Limit, Pack, in_force};
use doorstep_core::time::local_date;
use maud::{Markup, html};

use super::page::{Page, Section};
use super::session::SignedIn;
use super::text::text;
use super::{parts, words};
use crate::app::AppState;

/// `GET /policy`.
pub async fn show(State(state): State<AppState>, signed: SignedIn) -> Response {
    let today = local_date(state.ambient.now());
    let page = Page {
        title: text!("page-policy"),
        section: Section::Policy,
        signed: Some(signed.signed()),
        back: None,
        content: html! {
            h1.govuk-heading-l { (text!("policy-policies")) }
            p.govuk-body {
                (text!("policy-what-doorstep-goes-by"))
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
    let caption =
        text!("policy-version", title = pack.title.clone(), version = pack.version.to_string());
    html! {
        h2.govuk-heading-m id=(pack.line) { (pack.title) }
        p.govuk-body {
            (text!("policy-in-force", version = pack.version.to_string(),
                since = day(pack.effective_from)))
            @for other in versions.iter().filter(|other| other.effective_from > today) {
                " " (text!("policy-takes-effect", version = other.version.to_string(),
                    on = day(other.effective_from)))
            }
        }
        @for pair in versions.windows(2) { (changes(&pair[0], &pair[1])) }
        (parts::table(&caption, &[&text!("policy-clause"), &text!("policy-what-says"),
            &text!("policy-whose"), &text!("policy-limit-2")], &rows))
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
            None => lines.push(text!("policy-added", clause = clause.id.to_string())),
            Some(old) => lines.extend(change(old, clause)),
        }
    }
    let gone = before.clauses.iter().filter(|old| after.clause(&old.id.0).is_none());
    lines.extend(gone.map(|old| text!("policy-gone", clause = old.id.to_string())));
    html! {
        details.govuk-details {
            summary.govuk-details__summary {
                span.govuk-details__summary-text {
                    (text!("policy-changes", version = after.version.to_string(),
                        count = lines.len()))
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
            none if none.is_empty() => text!("policy-no-limit"),
            limit => limit,
        };
        parts.push(text!("policy-limit", new = words(new), old = words(old)));
    }
    if old.urgency != new.urgency {
        parts.push(text!("policy-urgency", urgency = words::urgency(new.urgency)));
    }
    if old.modality != new.modality {
        parts.push(text!("policy-now", modality = words::modality(new.modality)));
    }
    if old.owner != new.owner {
        parts.push(text!("policy-owed-by", role = words::role(new.owner)));
    }
    if old.tell != new.tell {
        parts.push(text!("policy-tell"));
    }
    if old.parameters != new.parameters {
        parts.push(text!("policy-numbers"));
    }
    if old.sentence != new.sentence {
        parts.push(text!("policy-words"));
    }
    (!parts.is_empty()).then(|| format!("{}: {}", new.id, parts.join("; ")))
}
