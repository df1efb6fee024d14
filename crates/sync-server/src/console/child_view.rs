//! How a child's record is drawn.

use chrono::{DateTime, Utc};
use doorstep_core::assessment::{Assessment, Duty, DutyState, once_each};
use doorstep_core::event::What;
use doorstep_core::policy::CountedEpisode;
use doorstep_core::time::local_date;
use doorstep_core::wire::Contact;
use maud::{Markup, html};

use super::child::Asked;
use super::drawing::{self, Drawing};
use super::gather::{ChildFile, Recorded};
use super::overseen::{self, Overseen};
use super::page::csrf_field;
use super::text::text;
use super::{child_parts, parts, timeline, times, words};
use crate::store::directory::Child;

/// Everything that the page shows.
#[derive(Debug)]
pub struct ChildPage<'a> {
    /// The child.
    pub file: &'a ChildFile,
    /// Its episodes, the earliest first.
    pub episodes: &'a [CountedEpisode],
    /// What managers were told about it.
    pub overseen: &'a [Overseen],
    /// What was asked for, which was logged: a protected address is shown on purpose only.
    pub asked: Asked,
    /// The token of the forms.
    pub csrf: &'a str,
    /// This moment (UTC).
    pub now: DateTime<Utc>,
}

/// The content of the page.
pub fn content(page: &ChildPage<'_>) -> Markup {
    let file = page.file;
    let is_print = page.asked == Asked::Print;
    html! {
        span.govuk-caption-l { (text!("child-child")) }
        h1.govuk-heading-l { (file.child.name) }
        @if !is_print {
            p.govuk-body {
                a.govuk-link href=(format!("/children/{}/print", file.child.id)) {
                    (text!("child-print"))
                } " · "
                a.govuk-link href=(format!("/children/{}/visits", file.child.id)) {
                    (text!("visits-title"))
                }
            }
        }
        (parts::summary_list(&card_rows(page)))
        @match &file.assessment {
            None => {
                p.govuk-inset-text { (text!("child-nothing-has-been-judged")) }
            }
            Some(assessment) => {
                (counts(assessment))
                (duties(&text!("child-owed-now"), &assessment.owed(), page.now))
                (child_parts::settled(assessment, page.now, is_print))
                (indicators(assessment, &file.records, page.now))
                (closing(assessment))
            }
        }
        (overseen::draw(page.overseen, is_print, page.now))
        (child_parts::episodes(page.episodes, page.now))
        (child_parts::agencies(file, page.now))
        (child_parts::letters(&file.records, page.now))
        h2.govuk-heading-m { (text!("child-timeline")) }
        @if file.unreadable > 0 {
            p.govuk-inset-text { (text!("child-newer", count = file.unreadable)) }
        }
        @if file.records.is_empty() {
            p.govuk-body { (text!("child-nothing")) }
        } @else {
            (drawing::draw(&drawing_of(page)))
            h3.govuk-heading-s { (text!("child-timeline-list")) }
        }
        (timeline::timeline(&file.records, page.now))
    }
}

fn drawing_of<'a>(page: &'a ChildPage<'_>) -> Drawing<'a> {
    let file = page.file;
    let duties = file.assessment.as_ref().map_or(&[][..], |assessment| &assessment.duties);
    Drawing { records: &file.records, episodes: page.episodes, duties, now: page.now }
}

fn card_rows(page: &ChildPage<'_>) -> Vec<(String, Markup)> {
    let card = &page.file.child;
    let mut rows = vec![(text!("child-number"), html! { (card.external) })];
    if let Some(team) = &page.file.team {
        rows.push((text!("child-team"), html! { (team) }));
    }
    if let Some(born) = card.born {
        let years = local_date(page.now).years_since(born).unwrap_or(0);
        let day = born.format("%-d %B %Y").to_string();
        let words = text!("child-born-age", day = day, years = years);
        rows.push((text!("child-born"), html! { (words) }));
    }
    rows.push((text!("child-address"), address(page)));
    if let Some(phone) = &card.phone {
        rows.push((text!("child-phone"), html! { (phone) }));
    }
    if !card.record.household.is_empty() {
        let household = html! {
            ul.govuk-list { @for person in &card.record.household { li { (person) } } }
        };
        rows.push((text!("child-household"), household));
    }
    let needs = card.record.communication_needs.iter();
    let needs: Vec<_> = needs.map(|need| words::plain(need.as_str())).collect();
    if !needs.is_empty() {
        rows.push((text!("child-needs"), html! { (words::sentence_case(&needs.join(", "))) }));
    }
    rows.push((text!("child-plans"), plans(&page.file.records, card)));
    if card.record.looked_after {
        rows.push((text!("child-looked-after"), html! { (text!("child-looked-after-yes")) }));
    }
    let concerns: Vec<_> =
        card.record.concerns.iter().map(|concern| words::known_concern(*concern)).collect();
    if !concerns.is_empty() {
        rows.push((text!("child-known"), html! { (words::sentence_case(&concerns.join(", "))) }));
    }
    let agencies: Vec<_> =
        card.record.involved_agencies.iter().map(|agency| words::plain(&agency.0)).collect();
    if !agencies.is_empty() {
        rows.push((
            text!("child-agencies-known"),
            html! { (words::sentence_case(&agencies.join(", "))) },
        ));
    }
    rows.push((text!("child-people"), contacts(&page.file.contacts)));
    rows
}

fn address(page: &ChildPage<'_>) -> Markup {
    let card = &page.file.child;
    match (&card.address, card.address_protected && page.asked != Asked::Address) {
        (None, _) => html! { (text!("child-not-recorded")) },
        (Some(_), true) if page.asked == Asked::Print => {
            html! { (text!("child-address-protected")) }
        }
        (Some(_), true) => html! {
            form.ds-protected method="post" action=(format!("/children/{}/address", card.id)) {
                (csrf_field(page.csrf))
                (parts::tag(Some("yellow"), &text!("child-protected")))
                button."govuk-button govuk-button--secondary" { (text!("child-show-address")) }
            }
            span.govuk-hint {
                (text!("child-address-logged")) " "
                a.govuk-link href=(format!("/children/{}/protection", card.id)) {
                    (text!("child-lift-protection"))
                }
            }
        },
        (Some(address), false) => html! {
            (address)
            @if card.address_protected {
                br;
                (parts::tag(Some("yellow"), &text!("child-protected")))
            }
        },
    }
}

fn plans(records: &[Recorded], card: &Child) -> Markup {
    let latest = records
        .iter()
        .filter_map(|record| match &record.body.event.what {
            What::PlanChanged(change) => {
                change.plans.as_ref().map(|plans| (record.body.event.at, plans))
            }
            _ => None,
        })
        .max_by_key(|(at, _)| *at);
    let plans = latest.map_or(&card.record.plans, |(_, plans)| plans);
    html! {
        @if plans.is_empty() {
            (text!("child-no-multiagency-plan"))
        } @else {
            @for plan in plans { (parts::tag(None, words::plan(*plan))) " " }
        }
    }
}

fn contacts(contacts: &[Contact]) -> Markup {
    html! {
        @if contacts.is_empty() {
            (text!("child-nobody-named"))
        } @else {
            ul.govuk-list {
                @for contact in contacts {
                    li {
                        (role_of(contact)) ": " (contact.name)
                        @if let Some(phone) = &contact.phone { ", " (phone) }
                    }
                }
            }
        }
    }
}

fn role_of(contact: &Contact) -> String {
    words::sentence_case(&words::plain(&contact.role.to_string()))
}

fn counts(assessment: &Assessment) -> Markup {
    let contacts = assessment.failed_contacts;
    let visits = assessment.no_access_visits;
    html! {
        p.govuk-inset-text {
            @if contacts == 0 { (text!("child-no-contact")) } @else {
                (text!("child-contacts", contacts = contacts, visits = visits))
            }
        }
    }
}

/// Duties: those with a limit as a table, the others behind it, the same clause once.
pub fn duties(caption: &str, duties: &[&Duty], now: DateTime<Utc>) -> Markup {
    let (limited, open): (Vec<_>, Vec<_>) =
        once_each(duties.iter().copied()).into_iter().partition(|(duty, _)| duty.due.is_some());
    let rows: Vec<_> = limited
        .into_iter()
        .map(|(duty, count)| {
            let owner = words::sentence_case(&words::role(duty.owner));
            vec![what(duty, count), html! { (owner) }, duty_limit(duty, now)]
        })
        .collect();
    html! {
        @if rows.is_empty() {
            h2.govuk-heading-m { (caption) }
            p.govuk-body {
                @if open.is_empty() {
                    (text!("child-nothing-2"))
                } @else {
                    (text!("child-nothing-with-time-limit"))
                }
            }
        } @else {
            (parts::table(caption, &[text!("child-what"), text!("child-by"), text!("child-limit")],
                &rows))
        }
        @if !open.is_empty() { (without_limit(&open)) }
    }
}

fn without_limit(duties: &[(&Duty, usize)]) -> Markup {
    html! {
        details.govuk-details {
            summary.govuk-details__summary {
                span.govuk-details__summary-text {
                    (text!("child-without-limit", count = duties.len()))
                }
            }
            div.govuk-details__text {
                ul."govuk-list govuk-list--spaced" {
                    @for (duty, count) in duties { li { (what(duty, *count)) } }
                }
            }
        }
    }
}

fn what(duty: &Duty, count: usize) -> Markup {
    html! {
        (duty.sentence)
        span.ds-because {
            @let (clause, reason) = (duty.clause.to_string(), duty.reason.as_str());
            @let modality = words::modality(duty.modality);
            @if duty.due.is_none() {
                (text!("child-because-by", clause = clause, modality = modality,
                    role = words::role(duty.owner), reason = reason))
            } @else {
                (text!("child-because", clause = clause, modality = modality, reason = reason))
            }
            @if count > 1 { " " (text!("child-times", count = count)) }
        }
    }
}

fn duty_limit(duty: &Duty, now: DateTime<Utc>) -> Markup {
    let Some(due) = &duty.due else { return html! { (text!("child-none")) } };
    html! {
        @if duty.state == DutyState::Breached || due.is_past(now) {
            (parts::tag(Some("red"), &times::left(due.at, now)))
        } @else {
            strong { (times::left(due.at, now)) }
        }
        br;
        (parts::instant(due.at, &times::deadline(due.at, now)))
    }
}

fn indicators(assessment: &Assessment, records: &[Recorded], now: DateTime<Utc>) -> Markup {
    html! {
        @if !assessment.indicators.is_empty() {
            h2.govuk-heading-m { (text!("child-patterns-look-at")) }
            p.govuk-body { (text!("child-each-question-for-person")) }
            @for indicator in &assessment.indicators {
                div.govuk-inset-text {
                    p.govuk-body {
                        strong { (words::sentence_case(&words::plain(&indicator.name))) }
                        " (" (indicator.clause) "): " (indicator.sentence)
                    }
                    ul."govuk-list govuk-list--bullet" {
                        @for record in records.iter()
                            .filter(|r| indicator.evidence.contains(&r.body.event.id)) {
                            li { (words::sentence_case(&timeline::brief(record, now))) }
                        }
                    }
                }
            }
        }
    }
}

/// The gates that stand before closing.
const CLOSING_GATES: [&str; 3] = ["NA-4.2", "NA-4.4", "NA-4.10"];

fn closing(assessment: &Assessment) -> Markup {
    let gates: Vec<_> = assessment
        .owed()
        .into_iter()
        .filter(|duty| CLOSING_GATES.contains(&&*duty.clause.0))
        .collect();
    html! {
        h2.govuk-heading-m { (text!("child-closing")) }
        @if assessment.may_close {
            p.govuk-body { (text!("child-closing-yes")) }
        } @else if gates.is_empty() {
            p.govuk-body { (text!("child-closing-first")) }
        } @else {
            p.govuk-body { (text!("child-closing-no")) }
            ul."govuk-list govuk-list--bullet" {
                @for gate in gates { li { (gate.sentence) " (" (gate.clause) ")" } }
            }
        }
    }
}
