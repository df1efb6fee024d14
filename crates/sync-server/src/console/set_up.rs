//! `/set-up`: who and what is there, for administrators: people with their roles, teams, devices.
//! Children are counted here, not named: their records are opened one by one, and logged.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, Utc};
use doorstep_core::ids::{PersonId, TeamId};
use maud::{Markup, html};

use super::page::{Page, Section};
use super::problem::{self, Refusal};
use super::session::SignedIn;
use super::text::{rich, text};
use super::{parts, times, words};
use crate::app::AppState;
use crate::private::Private;
use crate::store::availability::WorkingHours;
use crate::store::directory::{People, Person, Team};
use crate::store::{StoreError, Tx};

/// People on the page; how many more there are is said.
const PEOPLE_MAX: usize = 500;

/// Who and what is there.
#[derive(Debug, Default)]
struct Directory {
    people: Vec<Listed>,
    teams: Vec<(Team, usize, usize)>,
    without_team: usize,
    unheld: usize,
}

/// A person with what belongs to them.
#[derive(Debug)]
struct Listed {
    person: Person,
    team: Option<String>,
    line_manager: Option<String>,
    login: Option<String>,
    devices: usize,
    hours: Option<WorkingHours>,
}

/// `GET /set-up`.
pub async fn show(State(state): State<AppState>, signed: SignedIn) -> Response {
    problem::or_page(&signed, draw(&state, &signed).await)
}

async fn draw(state: &AppState, signed: &SignedIn) -> Result<Response, Refusal> {
    if !signed.viewer.administrator {
        return Err(Refusal::NotFound);
    }
    let now = state.ambient.now();
    let directory = state.db.read(move |tx: &dyn Tx| gather(tx, now)).await?;
    let page = Page {
        title: text!("set-up-title"),
        section: Section::SetUp,
        signed: Some(signed.signed()),
        back: None,
        content: content(&directory, &duty_list(state, now), now),
    };
    Ok(page.draw().into_response())
}

/// How the duty lists for when systems are down go. Why one cannot be written names folders of the
/// server: this page is an administrator's.
fn duty_list(state: &AppState, now: DateTime<Utc>) -> Markup {
    let (plan, made) = (&state.config.contingency, state.health.duty_list.state());
    html! {
        h2.govuk-heading-m { (text!("set-up-duty-list")) }
        @if let Some((since, reason)) = &made.failing {
            div.govuk-warning-text {
                span.govuk-warning-text__icon aria-hidden="true" { "!" }
                strong.govuk-warning-text__text {
                    span.govuk-visually-hidden { (text!("devices-warning")) }
                    (rich!("set-up-duty-list-fails",
                        since = parts::instant(*since, &times::short(*since, now))))
                    " " (reason) ". " (text!("set-up-duty-list-mend"))
                }
            }
        }
        p.govuk-body {
            @match (&plan.folder, made.last) {
                (None, _) => (text!("set-up-duty-list-off")),
                (Some(_), None) => (text!("set-up-duty-list-none")),
                (Some(folder), Some(last)) => {
                    (rich!("set-up-duty-list-last",
                        when = parts::instant(last, &times::short(last, now)),
                        folder = html! { code { (folder.display()) } }))
                }
            }
        }
    }
}

fn gather(tx: &dyn Tx, now: DateTime<Utc>) -> Result<Directory, StoreError> {
    let teams = tx.teams()?;
    let mut everybody = tx.people(People::All)?;
    everybody.retain(Person::is_staff);
    let names: BTreeMap<PersonId, Private> =
        everybody.iter().map(|person| (person.id, person.name.clone())).collect();
    let team_names: BTreeMap<TeamId, String> =
        teams.iter().map(|team| (team.id, team.name.clone())).collect();
    let mut directory = Directory::default();
    let mut children: BTreeMap<TeamId, usize> = BTreeMap::new();
    for child in tx.children()? {
        match child.team {
            Some(team) => *children.entry(team).or_default() += 1,
            None => directory.without_team += 1,
        }
        let held = tx.allocations(child.id)?.iter().any(|line| line.holds_at(now));
        directory.unheld += usize::from(!held);
    }
    directory.teams = teams
        .into_iter()
        .map(|team| {
            let members = everybody.iter().filter(|person| person.team == Some(team.id)).count();
            let children = children.get(&team.id).copied().unwrap_or(0);
            (team, members, children)
        })
        .collect();
    for person in everybody {
        let devices = tx.devices(Some(person.id))?;
        let is_phone = |device: &&_| is_in_use(device);
        directory.people.push(Listed {
            team: person.team.and_then(|team| team_names.get(&team).cloned()),
            line_manager: person
                .line_manager
                .and_then(|of| names.get(&of).cloned())
                .map(Into::into),
            login: tx.account_of(person.id)?.map(|account| account.login),
            devices: devices.iter().filter(is_phone).count(),
            hours: tx.working_hours(person.id)?,
            person,
        });
    }
    Ok(directory)
}

/// A device that somebody carries: neither the office's own desk nor one that is shut out.
const fn is_in_use(device: &crate::store::devices::Device) -> bool {
    device.desk_key.is_none() && device.revoked.is_none()
}

fn content(directory: &Directory, duty_list: &Markup, now: DateTime<Utc>) -> Markup {
    html! {
        h1.govuk-heading-l { (text!("set-up-title")) }
        p.govuk-body { (text!("set-up-intro")) }
        ul."govuk-list govuk-list--bullet" {
            li { a.govuk-link href="/set-up/people/new" { (text!("set-up-add-person")) } }
            li { a.govuk-link href="/set-up/allocations" { (text!("set-up-allocate")) } }
            li { a.govuk-link href="/set-up/import" { (text!("set-up-import")) } }
            li { a.govuk-link href="/team" { (text!("set-up-cover")) } }
            li { a.govuk-link href="/devices" { (text!("set-up-devices")) } }
            li { a.govuk-link href="/notices" { (text!("set-up-notices")) } }
        }
        (duty_list)
        (teams(directory))
        (people(directory, now))
    }
}

fn teams(directory: &Directory) -> Markup {
    let columns =
        ["set-up-team", "set-up-number", "set-up-phone", "set-up-members", "set-up-children"]
            .map(|key| text!(key));
    let rows: Vec<_> = directory
        .teams
        .iter()
        .map(|(team, members, children)| {
            vec![
                html! { (team.name) },
                html! { (team.external) },
                html! { (team.phone.as_deref().unwrap_or("–")) },
                html! { (members) },
                html! { (children) },
            ]
        })
        .collect();
    html! {
        @if rows.is_empty() {
            (parts::empty(&text!("set-up-empty"), &text!("set-up-empty-words")))
        } @else {
            (parts::table(&text!("set-up-teams"), &columns.each_ref().map(String::as_str), &rows))
        }
        @if directory.without_team > 0 {
            p.govuk-body { (text!("set-up-without-team", count = directory.without_team)) }
        }
        @if directory.unheld > 0 {
            p.govuk-body { (text!("set-up-unheld", count = directory.unheld)) }
        }
    }
}

fn people(directory: &Directory, now: DateTime<Utc>) -> Markup {
    let columns =
        ["set-up-person", "set-up-roles", "set-up-team", "set-up-manager", "set-up-access"]
            .map(|key| text!(key));
    let rows: Vec<_> =
        directory.people.iter().take(PEOPLE_MAX).map(|listed| person_row(listed, now)).collect();
    let more = directory.people.len().saturating_sub(PEOPLE_MAX);
    html! {
        @if !rows.is_empty() {
            (parts::table(&text!("set-up-people"), &columns.each_ref().map(String::as_str), &rows))
        }
        @if more > 0 { p.govuk-body { (text!("set-up-more", count = more)) } }
    }
}

fn person_row(listed: &Listed, now: DateTime<Utc>) -> Vec<Markup> {
    let person = &listed.person;
    let also: Vec<_> = person.also.iter().map(|role| words::role(*role)).collect();
    vec![
        html! {
            a.govuk-link href=(format!("/set-up/people/{}", person.id)) { (person.name) } br;
            span.govuk-hint { (person.external) }
            @if let Some(left) = person.left {
                @let words = text!("set-up-left", when = times::short(left, now));
                " " (parts::tag(Some("grey"), &words))
            }
        },
        html! {
            (words::sentence_case(&words::role(person.role)))
            @if !also.is_empty() {
                span.ds-because { (text!("set-up-also", roles = also.join(", "))) }
            }
            @if person.administrator { span.ds-because { (text!("set-up-administrator")) } }
        },
        html! { (listed.team.as_deref().unwrap_or("–")) },
        html! { (listed.line_manager.as_deref().unwrap_or("–")) },
        html! {
            @match &listed.login {
                Some(login) => (text!("set-up-login", login = login.as_str())),
                None => (text!("set-up-no-login")),
            }
            span.ds-because { (text!("set-up-device-count", count = listed.devices)) }
            @if let Some(hours) = &listed.hours { span.ds-because { (hours.to_string()) } }
        },
    ]
}
