//! What managers were told about a child, and what came of it: on the child's page the ones that
//! are open, on paper all of them, with who heard and who took them in hand.

use chrono::{DateTime, Utc};
use doorstep_core::assessment::Standing;
use doorstep_core::ids::{ChildId, EscalationId, PersonId};
use maud::{Markup, html};

use super::text::text;
use super::{parts, times, words};
use crate::store::ledger::LedgerLine;
use crate::store::{StoreError, Tx};

/// An escalation, as far as the record of its child says of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Overseen {
    line: LedgerLine,
    addressee: String,
    heard: Vec<(String, DateTime<Utc>)>,
    acknowledged: Option<(String, DateTime<Utc>)>,
}

/// The escalations about a child, in the order in which they were raised.
pub fn gather(tx: &dyn Tx, child: ChildId) -> Result<Vec<Overseen>, StoreError> {
    let name = |id: PersonId| {
        let person = tx.person(id)?;
        let name = person.map_or_else(|| text!("page-somebody-unknown"), |it| it.name.into());
        Ok::<String, StoreError>(name)
    };
    let mut all = Vec::new();
    for line in tx.lines(child)? {
        let mut heard = Vec::new();
        for told in tx.told(line.id)? {
            if let Some(by) = told.heard {
                heard.push((name(told.person)?, by.at));
            }
        }
        let acknowledged = match line.acknowledged {
            Some(taken) => Some((name(taken.by)?, taken.at)),
            None => None,
        };
        all.push(Overseen { addressee: name(line.addressee)?, heard, acknowledged, line });
    }
    Ok(all)
}

/// Draws them; on paper all.
pub fn draw(all: &[Overseen], is_print: bool, now: DateTime<Utc>) -> Markup {
    let is_shown = |it: &&Overseen| is_print || it.line.ended.is_none();
    let rows: Vec<_> = all.iter().filter(is_shown).map(|it| row(it, is_print, now)).collect();
    let columns = ["overseen-what", "overseen-told", "overseen-stands"].map(|key| text!(key));
    let caption = if is_print { text!("overseen-all") } else { text!("overseen-open") };
    html! {
        @if rows.is_empty() {
            h2.govuk-heading-m { (caption) }
            p.govuk-body { (text!("overseen-none")) }
        } @else {
            (parts::table(&caption, &columns, &rows))
        }
    }
}

fn row(it: &Overseen, is_print: bool, now: DateTime<Utc>) -> Vec<Markup> {
    let escalation = &it.line.escalation;
    let entry = |(name, at): &(String, DateTime<Utc>)| {
        text!("overseen-who-when", who = name.as_str(), when = times::short(*at, now))
    };
    vec![
        html! {
            @if is_print { (escalation.sentence) } @else {
                a.govuk-link href=(path(it.line.id)) { (escalation.sentence) }
            }
            span.ds-because { (escalation.clause) ", " (words::urgency(escalation.urgency)) }
        },
        html! {
            (text!("overseen-to", who = it.addressee.as_str(),
                when = times::short(it.line.raised, now)))
            span.ds-because {
                @if it.heard.is_empty() { (text!("overseen-nobody-heard")) } @else {
                    @let heard: Vec<_> = it.heard.iter().map(entry).collect();
                    (text!("overseen-heard", who = heard.join("; ")))
                }
            }
        },
        html! {
            @match &it.acknowledged {
                Some(taken) => (text!("overseen-acknowledged", who = entry(taken))),
                None => (text!("overseen-not-acknowledged")),
            }
            span.ds-because { (standing(&it.line, now)) }
        },
    ]
}

fn path(id: EscalationId) -> String {
    format!("/escalations/{id}")
}

fn standing(line: &LedgerLine, now: DateTime<Utc>) -> String {
    let when = line.ended.map(|at| times::short(at, now)).unwrap_or_default();
    match (line.escalation.standing, line.ended, line.escalation.due) {
        (Standing::Discharged, Some(_), _) => text!("overseen-met", when = when),
        (Standing::Discharged, None, _) => text!("overseen-met-unseen"),
        (Standing::StoodDown, ..) => text!("overseen-stood-down", when = when),
        (Standing::Open, _, Some(due)) => {
            text!("overseen-owed-by", when = times::deadline(due, now))
        }
        (Standing::Open, _, None) => text!("overseen-owed"),
    }
}
