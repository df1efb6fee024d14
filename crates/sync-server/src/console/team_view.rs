//! How the team's page is drawn.

use chrono::{DateTime, TimeDelta, Utc};
use doorstep_core::ids::PersonId;
use maud::{Markup, html};

use super::form::{self, Fault};
use super::page::csrf_field;
use super::session::SignedIn;
use super::team::{Member, Team, Typed};
use super::text::{rich, text};
use super::{devices, parts, times, words};
use crate::admin::device_state::DeviceState;
use crate::admin::visits::ListedVisit;
use crate::judge::visits::Known;
use crate::store::availability::{AbsentBecause, NumberedAbsence};

/// The content of the page.
pub fn content(
    team: &Team,
    signed: &SignedIn,
    typed: &Typed,
    faults: &[Fault],
    done: &str,
) -> Markup {
    let listed: Vec<_> = faults.iter().map(|(field, words)| (*field, words.as_str())).collect();
    let me = signed.viewer.person;
    html! {
        (parts::error_summary(&listed))
        (said(done))
        div.ds-title-row {
            h1.govuk-heading-l { (text!("team-team")) }
            (my_availability(team, me, &signed.csrf))
        }
        (parts::table(&text!("team-who-there"), &[&text!("team-who"), &text!("team-now"),
            &text!("team-later"), &text!("team-open-for-them")],
            &rows(team, signed)))
        (visits(team))
        (unknown(team))
        (team_devices(team))
        (absence_form(team, signed, typed, faults))
    }
}

fn said(done: &str) -> Markup {
    let words = match done {
        "absent" => text!("team-absence-written-down-whoever"),
        "not-available" => text!("team-you-are-not-available"),
        "back" => text!("team-absence-has-ended"),
        _ => return html! {},
    };
    parts::done_banner(&html! { p.govuk-notification-banner__heading { (words) } })
}

/// One click: not available now, or back again.
fn my_availability(team: &Team, me: PersonId, csrf: &str) -> Markup {
    let mine = team.members.iter().find(|member| member.person.id == me);
    html! {
        @match mine.and_then(|member| member.away(team.now)) {
            Some((numbered, _)) => (back_form(numbered.number, &text!("team-i-am-back"), csrf)),
            None => {
                form method="post" action="/team/not-available" {
                    (csrf_field(csrf))
                    button."govuk-button govuk-button--secondary" data-module="govuk-button" {
                        (text!("team-i-am-not-available"))
                    }
                }
            }
        }
    }
}

fn back_form(number: u64, label: &str, csrf: &str) -> Markup {
    html! {
        form method="post" action="/team/back" {
            (csrf_field(csrf))
            input type="hidden" name="number" value=(number);
            button."govuk-button govuk-button--secondary" data-module="govuk-button" { (label) }
        }
    }
}

fn rows(team: &Team, signed: &SignedIn) -> Vec<Vec<Markup>> {
    team.members.iter().map(|member| row(member, signed, team.now)).collect()
}

fn row(member: &Member, signed: &SignedIn, now: DateTime<Utc>) -> Vec<Markup> {
    let later = member.absences.iter().filter(|(numbered, _)| !numbered.absence.holds_at(now));
    vec![
        html! {
            (member.person.name) br;
            span.govuk-hint { (words::sentence_case(&words::role(member.person.role))) }
        },
        html! {
            @match member.away(now) {
                None => {
                    (text!("team-there"))
                    @if let Some(hours) = &member.hours {
                        br; span.govuk-hint { (hours.to_string()) }
                    }
                }
                Some((numbered, deputy)) => {
                    (parts::tag(Some("yellow"), &away_word(numbered.absence.why))) " "
                    (span_words(numbered, deputy.as_deref(), now))
                    @if member.person.id != signed.viewer.person {
                        (back_form(numbered.number, &text!("team-end-now"), &signed.csrf))
                    }
                }
            }
        },
        html! {
            @for (numbered, deputy) in later {
                (text!("team-away-from", why = away_word(numbered.absence.why),
                    when = times::short(numbered.absence.from, now))) " "
                (span_words(numbered, deputy.as_deref(), now)) br;
            }
        },
        html! { (member.open) },
    ]
}

fn away_word(why: AbsentBecause) -> String {
    match why {
        AbsentBecause::Leave => text!("team-on-leave"),
        AbsentBecause::Ill => text!("team-ill"),
        AbsentBecause::NotAvailable => text!("team-not-available"),
    }
}

fn span_words(numbered: &NumberedAbsence, deputy: Option<&str>, now: DateTime<Utc>) -> Markup {
    html! {
        @match numbered.absence.until {
            Some(until) => (text!("team-until", when = times::short(until, now))),
            None => { (text!("team-until-further-notice")) }
        }
        br;
        span.govuk-hint {
            @match deputy {
                Some(name) => (text!("team-stands-in", person = name)),
                None => { (text!("team-next-chain-told")) }
            }
        }
    }
}

fn visits(team: &Team) -> Markup {
    let columns = [
        text!("team-visit-when"),
        text!("team-visit-child"),
        text!("team-visit-who-visits"),
        text!("team-visit-outcome"),
    ];
    let rows: Vec<_> = team.visits.iter().map(|listed| visit_row(listed, team.now)).collect();
    html! {
        @if rows.is_empty() {
            h2.govuk-heading-m { (text!("team-visits-planned-today")) }
            p.govuk-body { (text!("team-none-server-knows")) }
        } @else {
            (parts::table(&text!("team-visits-planned-today"), &columns, &rows))
        }
    }
}

fn visit_row(listed: &ListedVisit, now: DateTime<Utc>) -> Vec<Markup> {
    vec![
        html! { (parts::instant(listed.visit.at, &times::spoken(listed.visit.at, now))) },
        html! {
            a.govuk-link href=(format!("/children/{}", listed.child.id)) { (listed.child.name) }
        },
        html! { (listed.person.name) },
        outcome(listed.known, listed.visit.at, now),
    ]
}

/// What is known of the outcome of a visit that was planned for `at`.
pub fn outcome(known: Known, at: DateTime<Utc>, now: DateTime<Utc>) -> Markup {
    match known {
        Known::Cancelled => parts::tag(Some("grey"), &text!("team-called-off")),
        Known::Yes => parts::tag(Some("green"), &text!("team-recorded")),
        Known::NotYet if at > now => html! { (text!("team-still-come")) },
        Known::NotYet => html! { (text!("team-not-recorded-yet")) },
        Known::Silent(since) => html! {
            (rich!("team-silent-since", tag = parts::tag(Some("orange"),
                &text!("team-device-silent")),
                when = times::spoken(since, now)))
        },
        Known::No(_) => parts::tag(Some("red"), &text!("team-outcome-not-known")),
    }
}

/// Visits of which nobody knows the outcome: each is an escalation, and leads to it.
fn unknown(team: &Team) -> Markup {
    let columns = [text!("team-visit-when"), text!("team-visit-child"), text!("team-visit-who")];
    let rows: Vec<_> = team
        .unknown
        .iter()
        .map(|visit| {
            vec![
                parts::instant(visit.at, &times::short(visit.at, team.now)),
                html! {
                    a.govuk-link href=(format!("/escalations/{}", visit.escalation)) {
                        (visit.child)
                    }
                },
                html! { (visit.person) },
            ]
        })
        .collect();
    html! {
        @if rows.is_empty() {
            h2.govuk-heading-m { (text!("team-unknown")) }
            p.govuk-body { (text!("team-unknown-none")) }
        } @else {
            (parts::table(&text!("team-unknown"), &columns.each_ref().map(String::as_str), &rows))
        }
    }
}

/// A device counts as out of contact when it was silent for so long.
const SILENT: TimeDelta = TimeDelta::hours(24);

/// How the team's devices stand: how many are in contact, which are not, what is set aside.
fn team_devices(team: &Team) -> Markup {
    let is_silent =
        |state: &&DeviceState| state.device.last_contact.is_none_or(|at| team.now - at > SILENT);
    let (silent, heard): (Vec<_>, Vec<_>) = team.devices.iter().partition(is_silent);
    let oldest = team.devices.iter().filter_map(|state| state.device.oldest_unsent).min();
    let set_aside: usize = team.devices.iter().map(|state| state.set_aside).sum();
    let columns = [text!("team-device-whose"), text!("team-device-last"), text!("team-device-on")];
    let rows: Vec<_> = silent.iter().map(|state| device_row(state, team.now)).collect();
    html! {
        h2.govuk-heading-m { (text!("team-devices")) }
        p.govuk-body {
            (text!("team-devices-heard", heard = heard.len(), silent = silent.len()))
            @if let Some(oldest) = oldest {
                " " (text!("team-devices-oldest", when = times::short(oldest, team.now)))
            }
            @if set_aside > 0 {
                " " a.govuk-link href="/quarantine" {
                    (text!("team-set-aside", count = set_aside))
                }
            }
        }
        @if !rows.is_empty() {
            (parts::table(&text!("team-silent"), &columns.each_ref().map(String::as_str), &rows))
        }
    }
}

fn device_row(state: &DeviceState, now: DateTime<Utc>) -> Vec<Markup> {
    vec![
        html! {
            a.govuk-link href=(format!("/devices/{}", state.device.id)) { (state.person.name) }
        },
        html! {
            @match state.device.last_contact {
                Some(at) => (parts::instant(at, &times::short(at, now))),
                None => (text!("team-device-never")),
            }
        },
        devices::unsent(state, now),
    ]
}

fn absence_form(team: &Team, signed: &SignedIn, typed: &Typed, faults: &[Fault]) -> Markup {
    let mut people: Vec<_> = team
        .members
        .iter()
        .map(|member| (member.person.id.to_string(), member.person.name.clone().into()))
        .collect();
    let me = signed.viewer.person.to_string();
    let person = if typed.person.is_empty() { &me } else { &typed.person };
    let why: Vec<_> =
        AbsentBecause::ALL.iter().map(|why| (why.as_str().to_owned(), away_word(*why))).collect();
    let whom = form::select("person", &people, person);
    people.insert(0, (String::new(), text!("team-nobody-by-name")));
    let until_hint = text!("team-until-hint");
    html! {
        h2.govuk-heading-m { (text!("team-somebody-away")) }
        form method="post" action="/team" novalidate {
            (csrf_field(&signed.csrf))
            (form::group("person", &text!("team-who"), "", faults, &whom))
            (form::group("why", &text!("team-why"), "", faults, &form::select("why", &why,
                &typed.why)))
            (form::date("from-", &text!("team-from"), &text!("team-leave-empty-for-now"),
                typed.from(), faults))
            (form::date("until-", &text!("team-until-2"), &until_hint, typed.until(), faults))
            (form::group("deputy", &text!("team-who-stands"),
                &text!("team-they-are-told-at"), faults,
                &form::select("deputy", &people, &typed.deputy)))
            button.govuk-button data-module="govuk-button" { (text!("team-write-down")) }
        }
    }
}
