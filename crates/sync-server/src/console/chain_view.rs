//! Who was told of an escalation, who is told next, and giving it to somebody else.

use chrono::{DateTime, Utc};
use doorstep_core::ids::{EscalationId, PersonId};
use maud::{Markup, html};

use super::page::csrf_field;
use super::text::{rich, text};
use super::{parts, times};
use crate::judge::{Chain, Judge, Patience, Roster, deadline};
use crate::store::directory::{People, Person};
use crate::store::ledger::{Heard, LedgerLine};
use crate::store::{StoreError, Tx};

/// Where an escalation stands in its chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Who was told, the first first.
    pub told: Vec<ToldName>,
    /// When it moves up, and to whom, unless somebody takes notice before.
    pub next: Option<(DateTime<Utc>, String)>,
    /// To whom it can be given: id and name.
    pub colleagues: Vec<(String, String)>,
}

/// Somebody who was told, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToldName {
    /// Full name.
    pub name: String,
    /// When first (UTC).
    pub first: DateTime<Utc>,
    /// In whose place.
    pub in_place_of: Option<String>,
    /// When they really heard of it, and how.
    pub heard: Option<Heard>,
}

/// Gathers where the escalation `id` stands; none where there is no such.
pub fn gather(
    tx: &dyn Tx,
    judge: &Judge,
    patience: &Patience,
    id: EscalationId,
    now: DateTime<Utc>,
) -> Result<Option<Standing>, StoreError> {
    let Some(line) = tx.line(id)? else { return Ok(None) };
    let name = |id: PersonId| {
        let person = tx.person(id)?;
        Ok::<_, StoreError>(
            person.map_or_else(|| text!("page-somebody-unknown"), |p| p.name.into()),
        )
    };
    let mut told = Vec::new();
    let rows = tx.told(id)?;
    for row in &rows {
        let in_place_of = row.in_place_of.map(name).transpose()?;
        let (name, heard) = (name(row.person)?, row.heard);
        told.push(ToldName { name, first: row.first, in_place_of, heard });
    }
    let told_ids: Vec<_> = rows.iter().map(|row| row.person).collect();
    let next = match deadline(tx, judge, &line, patience)? {
        Some(at) => Some((at, next_name(tx, judge, &line, &told_ids, now)?)),
        None => None,
    };
    Ok(Some(Standing { told, next, colleagues: colleagues(tx, &line, now)? }))
}

fn next_name(
    tx: &dyn Tx,
    judge: &Judge,
    line: &LedgerLine,
    told: &[PersonId],
    now: DateTime<Utc>,
) -> Result<String, StoreError> {
    let Some(child) = tx.child(line.child)? else { return Ok(text!("chain-desk")) };
    let (calendar, urgency) = (judge.policy.calendar(), line.escalation.urgency);
    let roster = &mut Roster::default();
    let chain = Chain::gather(tx, roster, calendar, &child, line.addressee, urgency, now)?;
    let next = chain.next(told).map(|(person, _)| tx.person(person)).transpose()?.flatten();
    Ok(next.map_or_else(|| text!("chain-desk-again"), |person| person.name.into()))
}

/// To whom the escalation `id` can be given; nobody where there is no such.
pub fn colleagues_of(
    tx: &dyn Tx,
    id: EscalationId,
    now: DateTime<Utc>,
) -> Result<Vec<(String, String)>, StoreError> {
    tx.line(id)?.map_or_else(|| Ok(Vec::new()), |line| colleagues(tx, &line, now))
}

/// Those of the team of the child and of the addressee, but for the addressee. Nobody once it
/// ended.
fn colleagues(
    tx: &dyn Tx,
    line: &LedgerLine,
    now: DateTime<Utc>,
) -> Result<Vec<(String, String)>, StoreError> {
    if line.ended.is_some() {
        return Ok(Vec::new());
    }
    let child_team = tx.child(line.child)?.and_then(|child| child.team);
    let team = tx.person(line.addressee)?.and_then(|person| person.team);
    let mut people: Vec<Person> = Vec::new();
    for team in [child_team, team].into_iter().flatten() {
        people.extend(tx.people(People::Team(team))?);
    }
    people
        .retain(|person| person.id != line.addressee && person.is_active(now) && person.is_staff());
    people.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
    people.dedup_by_key(|person| person.id);
    Ok(people.into_iter().map(|person| (person.id.to_string(), person.name.into())).collect())
}

/// Who was told, and who is next.
pub fn draw(standing: &Standing, now: DateTime<Utc>) -> Markup {
    html! {
        ul.govuk-list {
            @for told in &standing.told {
                li {
                    @let first = parts::instant(told.first, &times::short(told.first, now));
                    @match &told.in_place_of {
                        Some(of) => (rich!("chain-told-for", person = told.name, when = first,
                            of = of)),
                        None => (rich!("chain-told", person = told.name, when = first)),
                    }
                    br;
                    span.govuk-hint {
                        @match told.heard {
                            Some(heard) => (rich!("chain-heard", how = heard.by.name(),
                                when = parts::instant(heard.at, &times::short(heard.at, now)))),
                            None => (text!("chain-not-heard")),
                        }
                    }
                }
            }
            @if let Some((at, name)) = &standing.next {
                li {
                    @let person = html! { strong { (name) } };
                    @if *at <= now { (rich!("chain-next-now", person = person)) } @else {
                        (rich!("chain-next", person = person,
                            when = parts::instant(*at, &times::short(*at, now))))
                    }
                }
            }
        }
    }
}

/// The form that gives it to somebody else.
pub fn hand_over(standing: &Standing, id: EscalationId, csrf: &str) -> Markup {
    html! {
        @if !standing.colleagues.is_empty() {
            details.govuk-details {
                summary.govuk-details__summary {
                    span.govuk-details__summary-text { (text!("chain-hand-over")) }
                }
                div.govuk-details__text {
                    form method="post" action=(format!("/escalations/{id}/hand-over")) {
                        (csrf_field(csrf))
                        div.govuk-form-group {
                            label.govuk-label for="to" { (text!("chain-whom")) }
                            div.govuk-hint #to-hint {
                                (text!("chain-they-answer-for-from"))
                            }
                            select.govuk-select #to name="to" aria-describedby="to-hint" {
                                @for (id, name) in &standing.colleagues {
                                    option value=(id) { (name) }
                                }
                            }
                        }
                        button."govuk-button govuk-button--secondary" data-module="govuk-button" {
                            (text!("chain-hand-over-2"))
                        }
                    }
                }
            }
        }
    }
}
