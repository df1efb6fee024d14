//! Today: whom to phone now, what is planned, what is owed, and how the device stands.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use doorstep_core::assessment::{Duty, once_each};
use doorstep_core::describe::times;
use doorstep_core::time::{local_date, local_time};
use maud::{Markup, html};

use super::calls;
use super::owed;
use super::record::{self, start_button};
use super::{Asked, Outcome, Reply};
use crate::judged::Child;
use crate::page::{Page, Section};
use crate::parts;
use crate::text::text;

/// Duties that are named for each child.
const DUTIES_NAMED_MAX: usize = 3;
/// Children for whom something is owed that are named; the others are one tap away.
const OWING_NAMED_MAX: usize = 20;
/// Milliseconds after which the page is asked for again while the caseload arrives.
const ARRIVING_MS: u32 = 1500;
/// Milliseconds after which what is left of limits has changed.
pub(super) const MINUTE_MS: u32 = 60_000;

/// A visit that is planned for today.
struct Planned {
    at: DateTime<Utc>,
    child: Arc<Child>,
}

/// `GET /`.
pub fn show(asked: &mut Asked<'_>) -> Outcome {
    let title = text!("today-title");
    let children = asked.open.judged.all(&asked.open.store, asked.me.person.role, asked.now)?;
    let status = asked.store().status()?;
    let drafts = record::open_drafts(asked)?;
    let arriving = status.children_left > 0 || (status.children == 0 && asked.exchange.under_way);
    let content = html! {
        div.df-title {
            h1.govuk-heading-l tabindex="-1" { (title) }
            p.df-title__date { (times::day(asked.now)) }
        }
        @if arriving { (arrival(status.children, status.children_left)) }
        (policy_notice(asked)?)
        (calls::cards(asked, &children))
        (unfinished(asked, &drafts))
        (start_button(asked, None))
        (visits(asked, &planned(&children, asked.now)))
        (duties(asked, &children))
    };
    let mut page = Page::new(Section::Today, title, content);
    page.again_ms = Some(if arriving { ARRIVING_MS } else { MINUTE_MS });
    Ok(Reply::Page(page))
}

fn arrival(here: u64, left: u64) -> Markup {
    html! {
        div.df-arrival {
            label for="arrival" { (text!("today-arriving", here = here, left = left)) }
            progress #arrival max=(here + left) value=(here) {}
        }
    }
}

fn policy_notice(asked: &mut Asked<'_>) -> Result<Markup, super::Problem> {
    let policy = asked.open.judged.policy(&asked.open.store)?;
    Ok(html! {
        @if let Some(why) = &policy.unreadable {
            div.govuk-inset-text { (text!("today-policy-unreadable", why = why.as_str())) }
        }
    })
}

fn unfinished(asked: &Asked<'_>, drafts: &[record::OpenDraft]) -> Markup {
    html! {
        @for draft in drafts {
            div.df-card {
                p.df-card__name { (text!("today-draft", about = draft.about.as_str())) }
                p.df-small { (text!("today-draft-at", at = times::spoken(draft.saved, asked.now))) }
                a.df-act href=(asked.at(&format!("/record/{}", draft.id))) {
                    (text!("today-draft-go-on"))
                    span.govuk-visually-hidden { ": " (draft.about) }
                }
            }
        }
    }
}

/// What is planned for today and not recorded yet, and what was planned lately of which there is no
/// record.
fn planned(children: &[Arc<Child>], now: DateTime<Utc>) -> Vec<Planned> {
    let since = local_date(now - TimeDelta::days(2));
    let mut planned: Vec<_> = children
        .iter()
        .flat_map(|child| child.card.visits.iter().map(move |visit| (visit.at, child)))
        .filter(|(at, child)| {
            let day = local_date(*at);
            since <= day && day <= local_date(now) && !child.contact_days.contains(&day)
        })
        .map(|(at, child)| Planned { at, child: child.clone() })
        .collect();
    planned.sort_by_key(|visit| visit.at);
    planned
}

fn visits(asked: &Asked<'_>, planned: &[Planned]) -> Markup {
    html! {
        h2.govuk-heading-m { (text!("today-visits")) }
        @if planned.is_empty() { (parts::empty(&text!("today-no-visits"))) }
        ol.df-visits {
            @for visit in planned {
                li.df-card {
                    p.df-card__name {
                        (parts::instant(visit.at, &visit_time(visit.at, asked.now))) " "
                        @let path = format!("/child/{}", visit.child.card.id);
                        a.govuk-link href=(asked.at(&path)) {
                            (visit.child.card.name)
                        }
                    }
                    p.df-small { (where_to(&visit.child)) }
                    (start_button(asked, Some(&visit.child.card)))
                }
            }
        }
    }
}

fn visit_time(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    if local_date(at) == local_date(now) {
        local_time(at).format("%H:%M").to_string()
    } else {
        times::spoken(at, now)
    }
}

/// Where the child lives; a protected address is not on a page that lies open.
fn where_to(child: &Child) -> String {
    match &child.card.address {
        Some(_) if child.card.address_protected => text!("address-protected"),
        Some(address) => address.clone(),
        None => text!("address-none"),
    }
}

fn duties(asked: &Asked<'_>, children: &[Arc<Child>]) -> Markup {
    let mut owing = owed::owing(children, asked.role());
    let more = owing.len().saturating_sub(OWING_NAMED_MAX);
    owing.truncate(OWING_NAMED_MAX);
    html! {
        h2.govuk-heading-m { (text!("today-duties")) }
        @if owing.is_empty() { (parts::empty(&text!("today-no-duties"))) }
        ul.df-list {
            @for (child, duties) in &owing { (owing_child(asked, child, duties)) }
        }
        @if more > 0 {
            p {
                a.df-act href=(asked.at("/children?owed=1")) {
                    (text!("today-owed-more", count = more))
                }
            }
        }
    }
}

fn owing_child(asked: &Asked<'_>, child: &Child, duties: &[&Duty]) -> Markup {
    let each = once_each(duties.iter().copied());
    let limited: Vec<_> = each.iter().filter(|(duty, _)| duty.due.is_some()).collect();
    let named = limited.len().min(DUTIES_NAMED_MAX);
    let more = each.len() - named;
    html! {
        li.df-card {
            p.df-card__name {
                a.govuk-link href=(asked.at(&format!("/child/{}#owed", child.card.id))) {
                    (child.card.name)
                }
            }
            @for (duty, _) in limited.iter().take(DUTIES_NAMED_MAX) {
                div.df-owed {
                    (parts::limit(duty.due.as_ref().map(|due| due.at), asked.now))
                    p { (duty.sentence) }
                }
            }
            @if more > 0 {
                p.df-small {
                    @if named == 0 { (text!("today-only-more", count = more)) }
                    @else { (text!("today-more", count = more)) }
                }
            }
        }
    }
}
