//! What is owed, as every page shows it, with what meets it one tap away.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use doorstep_core::assessment::{Duty, DutyState, once_each};
use doorstep_core::describe::{modality, plan, role, sentence_case};
use doorstep_core::event::Role;
use doorstep_core::ids::EventId;
use doorstep_core::policy::Act;
use doorstep_core::wire::ChildCard;
use maud::{Markup, html};

use super::Asked;
use super::act::{act_link, act_words};
use crate::judged::Child;
use crate::parts;
use crate::text::text;

/// Links below a duty.
const ACTS_MAX: usize = 3;

/// Whether it is the device's own person who owes it.
pub fn is_own(duty: &Duty, own: Role) -> bool {
    duty.owner == Role::Practitioner || duty.owner == own
}

/// The children for whom the device's own person owes something, with it: the earliest limit first.
pub fn owing(children: &[Arc<Child>], own: Role) -> Vec<(&Arc<Child>, Vec<&Duty>)> {
    let mut owing: Vec<_> = children
        .iter()
        .map(|child| {
            let own = child.owed().into_iter().filter(|duty| is_own(duty, own));
            (child, own.collect::<Vec<_>>())
        })
        .filter(|(_, duties)| !duties.is_empty())
        .collect();
    owing.sort_by_cached_key(|(child, duties)| {
        (earliest(duties).unwrap_or(DateTime::<Utc>::MAX_UTC), child.card.name.clone())
    });
    owing
}

/// Duties, each with its limit, why it arose, and what meets it. What has no limit and cannot be
/// done at the door any more stands behind a line, so that it does not drown the others.
pub fn duties(asked: &mut Asked<'_>, child: &Child, duties: &[&Duty]) -> Markup {
    let (mut now, mut later) = (Vec::new(), Vec::new());
    for (duty, count) in once_each(duties.iter().copied()) {
        let acts = offered(asked, duty);
        let presses = duty.due.is_some() || acts.iter().any(|act| matches!(act, Act::AddStep(_)));
        let item = item(asked, &child.card, duty, count, &acts);
        if presses { now.push(item) } else { later.push(item) }
    }
    let rest = html! { ul.df-duties { @for item in &later { (item) } } };
    html! {
        @if !now.is_empty() { ul.df-duties { @for item in &now { (item) } } }
        @if now.is_empty() && later.len() <= ACTS_MAX { (rest) }
        @else if !later.is_empty() {
            (parts::details(&text!("duty-later", count = later.len()), &rest))
        }
    }
}

fn item(asked: &Asked<'_>, card: &ChildCard, duty: &Duty, count: usize, acts: &[Act]) -> Markup {
    let due = duty.due.as_ref().map(|due| due.at);
    let over = duty.state == DutyState::Breached;
    let own = is_own(duty, asked.role());
    html! {
        li.df-duty .df-duty--over[over] {
            @if due.is_some() { (parts::limit(due, asked.now)) }
            p.df-duty__what {
                @if !own { strong { (sentence_case(&role(duty.owner))) ": " } }
                (duty.sentence)
            }
            @if !acts.is_empty() {
                ul.df-acts {
                    @for act in acts {
                        li {
                            a.df-act href=(act_link(asked.app, card, *act, last(duty))) {
                                (act_words(*act))
                                span.govuk-visually-hidden {
                                    " (" (duty.clause) ", " (card.name) ")"
                                }
                            }
                        }
                    }
                }
            }
            details.df-why {
                summary { (text!("duty-why", clause = duty.clause.to_string())) }
                p.df-small {
                    (sentence_case(modality(duty.modality))) ": " (duty.reason) "."
                    @if count > 1 { " " (text!("duty-times", count = count)) }
                }
            }
        }
    }
}

fn last(duty: &Duty) -> Option<EventId> {
    duty.evidence.last().copied()
}

/// What the device's own person can do about a duty; nothing where somebody else owes it.
fn offered(asked: &mut Asked<'_>, duty: &Duty) -> Vec<Act> {
    if !is_own(duty, asked.role()) {
        return Vec::new();
    }
    let Ok(policy) = asked.open.judged.policy(&asked.open.store) else { return Vec::new() };
    let mut acts = policy.policy.acts(duty);
    acts.truncate(ACTS_MAX);
    acts
}

/// What a device says of a child's plans and duties in a line, for lists.
pub fn plans_line(card: &ChildCard) -> String {
    let plans: Vec<_> = card.record.plans.iter().map(|of| plan(*of)).collect();
    plans.join(", ")
}

/// The duties that rest on records that were made just now, and the others.
pub fn split_new<'a>(child: &'a Child, made: &[EventId]) -> (Vec<&'a Duty>, Vec<&'a Duty>) {
    let made: BTreeSet<_> = made.iter().collect();
    child.owed().into_iter().partition(|duty| duty.evidence.iter().any(|id| made.contains(id)))
}

/// The earliest limit among duties (UTC).
pub fn earliest(duties: &[&Duty]) -> Option<DateTime<Utc>> {
    duties.iter().filter_map(|duty| duty.due.as_ref().map(|due| due.at)).min()
}
