//! The parts of a child's page that say what happened over time: episodes, duties that are settled,
//! agencies, letters.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use doorstep_core::assessment::{Assessment, Duty, DutyState};
use doorstep_core::attachment::Shows;
use doorstep_core::event::{Agency, AgencyConsulted, Known, Step, What};
use doorstep_core::policy::CountedEpisode;
use maud::{Markup, html};

use super::gather::{Attached, ChildFile, Recorded};
use super::text::text;
use super::{attachment, parts, times, words};

/// The episodes, the latest first.
pub fn episodes(episodes: &[CountedEpisode], now: DateTime<Utc>) -> Markup {
    let columns = [
        text!("child-episode-from"),
        text!("child-episode-until"),
        text!("child-episode-contacts"),
    ];
    let rows: Vec<_> = episodes.iter().rev().map(|episode| episode_row(episode, now)).collect();
    html! {
        @if rows.is_empty() {
            h2.govuk-heading-m { (text!("child-episodes")) }
            p.govuk-body { (text!("child-episodes-none")) }
        } @else {
            (parts::table(&text!("child-episodes"), &columns.each_ref().map(String::as_str), &rows))
        }
    }
}

fn episode_row(episode: &CountedEpisode, now: DateTime<Utc>) -> Vec<Markup> {
    let until = match episode.assured {
        None => text!("child-episode-open"),
        Some((at, _)) => text!("child-episode-assured", when = times::short(at, now)),
    };
    let (contacts, visits) = (episode.contacts.len(), episode.no_access_visits);
    vec![
        parts::instant(episode.opened, &times::short(episode.opened, now)),
        html! { (until) },
        html! { (text!("child-episode-count", contacts = contacts, visits = visits)) },
    ]
}

/// Duties that nobody owes any more, folded up; open where it is printed.
pub fn settled(assessment: &Assessment, now: DateTime<Utc>, is_print: bool) -> Markup {
    let settled: Vec<_> =
        assessment.duties.iter().rev().filter(|duty| !duty.state.is_owed()).collect();
    let columns = [text!("child-duty-what"), text!("child-duty-by"), text!("child-duty-settled")];
    let rows: Vec<_> = settled.iter().map(|duty| settled_row(duty, now)).collect();
    let caption = text!("child-duties-settled", count = settled.len());
    html! {
        @if !rows.is_empty() {
            details.govuk-details open[is_print] {
                summary.govuk-details__summary {
                    span.govuk-details__summary-text { (caption) }
                }
                div.govuk-details__text {
                    (parts::table(&caption, &columns.each_ref().map(String::as_str), &rows))
                }
            }
        }
    }
}

fn settled_row(duty: &Duty, now: DateTime<Utc>) -> Vec<Markup> {
    let when = |at| times::short(at, now);
    let settled = match &duty.state {
        DutyState::Met { at, late: false, .. } => text!("child-duty-met", when = when(*at)),
        DutyState::Met { at, late: true, .. } => text!("child-duty-met-late", when = when(*at)),
        DutyState::Ended { at, .. } => text!("child-duty-ended", when = when(*at)),
        DutyState::Open | DutyState::Breached => String::new(),
    };
    let owner = words::sentence_case(&words::role(duty.owner));
    vec![
        html! { (duty.sentence) span.ds-because { (duty.clause) ": " (duty.reason) } },
        html! { (owner) },
        html! { (settled) },
    ]
}

/// Each agency with what it last said, and whether it has seen the child.
pub fn agencies(file: &ChildFile, now: DateTime<Utc>) -> Markup {
    let named = file.child.record.involved_agencies.iter();
    let mut agencies: BTreeSet<&Agency> = named.collect();
    for record in &file.records {
        match &record.body.event.what {
            What::AgencyConsulted(asked) => agencies.insert(&asked.agency),
            What::ChildSeen(seen) => agencies.insert(&seen.seen_by),
            _ => false,
        };
    }
    let others = agencies.into_iter().filter(|agency| !agency.is_service());
    let rows: Vec<_> = others.map(|agency| agency_row(agency, &file.records, now)).collect();
    let columns = [text!("child-agency"), text!("child-agency-last"), text!("child-agency-saw")];
    html! {
        @if rows.is_empty() {
            h2.govuk-heading-m { (text!("child-agencies")) }
            p.govuk-body { (text!("child-agencies-none")) }
        } @else {
            (parts::table(&text!("child-agencies"), &columns.each_ref().map(String::as_str), &rows))
        }
    }
}

fn agency_row(agency: &Agency, records: &[Recorded], now: DateTime<Utc>) -> Vec<Markup> {
    let mut asked: Option<(&Recorded, &AgencyConsulted)> = None;
    let mut seen = None;
    for record in records {
        let is_later = |other: DateTime<Utc>| record.body.event.at >= other;
        match &record.body.event.what {
            What::AgencyConsulted(said)
                if said.agency == *agency
                    && asked.is_none_or(|(other, _)| is_later(other.body.event.at)) =>
            {
                asked = Some((record, said));
            }
            What::ChildSeen(sight) if sight.seen_by == *agency && !sight.from_distance => {
                seen = seen.max(Some(record.body.event.at));
            }
            _ => {}
        }
    }
    let saw = match (seen, asked.map(|(_, said)| said.child_seen)) {
        (Some(at), _) => text!("child-agency-saw-on", when = times::short(at, now)),
        (None, Some(Known::Yes)) => text!("child-agency-saw-yes"),
        (None, Some(Known::No)) => text!("child-agency-saw-no"),
        (None, _) => text!("child-agency-saw-not-known"),
    };
    vec![
        html! { (words::sentence_case(&words::plain(&agency.0))) },
        html! {
            @match asked {
                None => (text!("child-agency-never")),
                Some((record, _)) => {
                    (parts::instant(record.body.event.at,
                        &times::short(record.body.event.at, now)))
                    span.ds-because { (words::facts(&record.body.event.what).join(" ")) }
                }
            }
        },
        html! { (saw) },
    ]
}

/// The letters: those that are attached, and those of which no copy is.
pub fn letters(records: &[Recorded], now: DateTime<Utc>) -> Markup {
    let is_letter = |attached: &&Attached| attached.attachment.shows == Shows::Letter;
    let attached: Vec<_> = records
        .iter()
        .filter(|record| record.attached.iter().any(|attached| is_letter(&attached)))
        .collect();
    let missing: Vec<_> = records.iter().filter(|record| lacks_copy(record, records)).collect();
    html! {
        h2.govuk-heading-m { (text!("child-letters")) }
        @if attached.is_empty() && missing.is_empty() {
            p.govuk-body { (text!("child-letters-none")) }
        }
        @for record in attached {
            p.ds-small {
                (times::short(record.body.event.at, now)) ", " (record.person)
            }
            (attachment::list(record))
        }
        @for record in missing {
            @let when = times::short(record.body.event.at, now);
            p.ds-small {
                (text!("child-letter-left", when = when, person = record.person.as_str()))
            }
        }
    }
}

/// A letter was left, and there is no copy of it: neither attached nor said to be with the record.
fn lacks_copy(record: &Recorded, all: &[Recorded]) -> bool {
    let event = &record.body.event;
    let What::FailedContact(contact) = &event.what else { return false };
    let is_copy = |what: &What| matches!(what, What::LetterCopied(copy) if copy.of == event.id);
    let is_copied = all.iter().any(|other| is_copy(&other.body.event.what));
    contact.steps.contains(&Step::LetterLeft) && !event.has_letter() && !is_copied
}
