//! Whom to phone and what is owed, as every page shows it, with what meets it one tap away.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use doorstep_core::assessment::{Duty, DutyState, Urgency, once_each};
use doorstep_core::describe::{modality, plan, role, sentence_case, times};
use doorstep_core::event::Role;
use doorstep_core::ids::EventId;
use doorstep_core::policy::{Act, Call};
use doorstep_core::wire::{ChildCard, Contact};
use maud::{Markup, html};

use super::Asked;
use super::act::{act_link, act_words};
use crate::judged::Child;
use crate::parts;
use crate::text::text;

/// Links below a duty.
const ACTS_MAX: usize = 3;

/// The cards that say whom to phone about a child.
pub fn calls(asked: &mut Asked<'_>, child: &Child) -> Markup {
    html! { @for call in &child.calls { (self::call(asked, child, call)) } }
}

fn call(asked: &mut Asked<'_>, child: &Child, call: &Call) -> Markup {
    let title = match call.urgency {
        Urgency::Immediate => text!("call-now", role = role(call.role)),
        Urgency::SameDay => text!("call-today", role = role(call.role)),
        Urgency::Routine => text!("call-soon", role = role(call.role)),
    };
    let clauses: Vec<_> = call.clauses.iter().map(ToString::to_string).collect();
    let why = sentence_case(&call.reasons.join("; "));
    let unheard = if call.unheard { "call-unheard" } else { "call-heard" };
    html! {
        section.df-call .df-call--now[call.urgency == Urgency::Immediate] {
            h2.df-call__title { (title) }
            p.df-call__child { (text!("call-about", name = child.card.name.as_str())) }
            @match call.people.split_first() {
                Some((first, others)) => {
                    (person(first, true))
                    @for other in others { (person(other, false)) }
                }
                None => p.govuk-body { (text!("call-nobody", role = role(call.role))) },
            }
            @if !call.next.is_empty() {
                p.df-call__next { (text!("call-no-answer")) }
                ul.df-call__chain { @for next in &call.next { li { (stand_in(next)) } } }
            }
            p.df-small {
                (text!(unheard))
                @if let Some(by) = call.by {
                    " " (text!("call-by", at = times::spoken(by, asked.now)))
                }
            }
            (told(asked, child, call))
            details.df-why {
                summary { (text!("duty-why", clause = clauses.join(", "))) }
                p.df-small { (why) "." }
            }
        }
    }
}

/// "I told them": recorded with the time at one tap; a talk has a form, because more belongs to it.
fn told(asked: &Asked<'_>, child: &Child, call: &Call) -> Markup {
    html! {
        form.df-call__told method="post" action=(asked.at("/told")) {
            (parts::hidden("id", &asked.fresh_id()))
            (parts::hidden("child", &child.card.id.to_string()))
            (parts::hidden("role", call.role.as_str()))
            button.govuk-button data-module="govuk-button" data-prevent-double-click="true" {
                (text!("call-told"))
                span.govuk-visually-hidden { ": " (role(call.role)) ", " (child.card.name) }
            }
            a.govuk-link href=(act_link(asked.app, &child.card, Act::Discuss(call.role), None)) {
                (text!("call-talked"))
                span.govuk-visually-hidden { ": " (role(call.role)) ", " (child.card.name) }
            }
        }
    }
}

fn person(contact: &Contact, first: bool) -> Markup {
    html! {
        @match &contact.phone {
            Some(phone) => a.df-phone .df-phone--first[first] href=(dial(phone)) {
                span.df-phone__name { (contact.name) } " " span.df-phone__number { (phone) }
            },
            None => p.govuk-body { (contact.name) ": " (text!("call-no-number")) },
        }
    }
}

fn stand_in(contact: &Contact) -> Markup {
    let role = contact.role.to_string().replace('-', " ");
    html! {
        (sentence_case(&role)) ": "
        @match &contact.phone {
            Some(phone) => a.govuk-link href=(dial(phone)) { (contact.name) ", " (phone) },
            None => { (contact.name) ", " (text!("call-no-number")) }
        }
    }
}

/// The address that makes a phone dial.
pub fn dial(phone: &str) -> String {
    let digits: String = phone.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect();
    format!("tel:{digits}")
}

/// Whether it is the device's own person who owes it.
pub fn is_own(duty: &Duty, own: Role) -> bool {
    duty.owner == Role::Practitioner || duty.owner == own
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
