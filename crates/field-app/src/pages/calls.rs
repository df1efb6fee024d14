//! Whom to phone: one card for everybody who is reached in the same way, however many children it
//! is about, because a person at a door makes one call for all of them.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use doorstep_core::assessment::Urgency;
use doorstep_core::describe::{role, sentence_case, times};
use doorstep_core::event::Role;
use doorstep_core::policy::{Act, Call};
use doorstep_core::wire::Contact;
use doorstep_device_store::ENTRIES_MAX;
use maud::{Markup, html};

use super::Asked;
use super::act::act_link;
use crate::judged::Child;
use crate::parts;
use crate::text::text;

/// Cards that lie open, besides those that cannot wait.
const OPEN_MAX: usize = 3;
/// Children that are named on a card.
const NAMED_MAX: usize = 3;
/// Children of a card that can be told about one by one on it; the others on their own pages.
const ONE_BY_ONE_MAX: usize = 10;

/// Everything that one call is about.
struct Group<'a> {
    role: Role,
    people: &'a [Contact],
    /// Each child with what it is to be phoned about; the most urgent first.
    about: Vec<(&'a Child, &'a Call)>,
}

impl Group<'_> {
    fn urgency(&self) -> Urgency {
        self.about.iter().map(|(_, call)| call.urgency).min().unwrap_or(Urgency::Routine)
    }

    /// Who stands in, in the order of the chains.
    fn next(&self) -> Vec<&Contact> {
        let mut next: Vec<&Contact> = Vec::new();
        for contact in self.about.iter().flat_map(|(_, call)| &call.next) {
            if !next.contains(&contact) && !self.people.contains(contact) {
                next.push(contact);
            }
        }
        next
    }
}

/// What is pressing about a child: the most urgent first, then what is due first.
fn order(call: &Call) -> (Urgency, DateTime<Utc>) {
    (call.urgency, call.by.unwrap_or(DateTime::<Utc>::MAX_UTC))
}

fn groups(children: &[Arc<Child>]) -> Vec<Group<'_>> {
    let mut about: Vec<(&Child, &Call)> = children
        .iter()
        .flat_map(|child| child.calls.iter().map(move |call| (&**child, call)))
        .collect();
    about.sort_by_key(|(_, call)| order(call));
    let mut groups: Vec<Group<'_>> = Vec::new();
    for (child, call) in about {
        let same = |group: &&mut Group<'_>| group.role == call.role && group.people == call.people;
        match groups.iter_mut().find(same) {
            Some(group) => group.about.push((child, call)),
            None => groups.push(Group {
                role: call.role,
                people: &call.people,
                about: vec![(child, call)],
            }),
        }
    }
    groups
}

/// The cards that say whom to phone about these children, the most urgent first.
pub fn cards(asked: &Asked<'_>, children: &[Arc<Child>]) -> Markup {
    let groups = groups(children);
    let pressing = groups.iter().filter(|group| group.urgency() == Urgency::Immediate).count();
    let open = groups.len().min(pressing.max(OPEN_MAX));
    let rest = html! { @for group in &groups[open..] { (card(asked, group)) } };
    html! {
        @for group in &groups[..open] { (card(asked, group)) }
        @if groups.len() > open {
            (parts::details(&text!("call-others", count = groups.len() - open), &rest))
        }
    }
}

fn card(asked: &Asked<'_>, group: &Group<'_>) -> Markup {
    let role = role(group.role);
    let title = match group.urgency() {
        Urgency::Immediate => text!("call-now", role = role.as_str()),
        Urgency::SameDay => text!("call-today", role = role.as_str()),
        Urgency::Routine => text!("call-soon", role = role.as_str()),
    };
    let next = group.next();
    html! {
        section.df-call .df-call--now[group.urgency() == Urgency::Immediate] {
            h2.df-call__title { (title) }
            p.df-call__child { (subject(group)) }
            @if group.about.len() > 1 { (names(asked, group)) }
            @match group.people.split_first() {
                Some((first, others)) => {
                    (person(first, true))
                    @for other in others { (person(other, false)) }
                }
                None => p.govuk-body { (text!("call-nobody", role = role)) },
            }
            @if !next.is_empty() {
                p.df-call__next { (text!("call-no-answer")) }
                ul.df-call__chain { @for next in next { li { (stand_in(next)) } } }
            }
            @match group.about.as_slice() {
                [(child, call)] => { (one(asked, child, call)) },
                _ => { (several(asked, group)) },
            }
        }
    }
}

/// Whom the call is about.
fn subject(group: &Group<'_>) -> String {
    match group.about.as_slice() {
        [(child, _)] => text!("call-about", name = child.card.name.as_str()),
        about => text!("call-about-several", count = about.len()),
    }
}

fn one(asked: &Asked<'_>, child: &Child, call: &Call) -> Markup {
    html! {
        p.df-small { (heard(asked, call)) }
        (told(asked, call.role, &[child], &text!("call-told"), true))
        (why(call))
    }
}

/// One call about several children: one tap for all of them, and one by one behind a line, where it
/// was not about all.
fn several(asked: &Asked<'_>, group: &Group<'_>) -> Markup {
    let all: Vec<_> = group.about.iter().map(|(child, _)| *child).take(ENTRIES_MAX).collect();
    let words = if all.len() < group.about.len() { "call-told-first" } else { "call-told-all" };
    let words = text!(words, count = all.len());
    let most_urgent = group.about.first().map(|(_, call)| heard(asked, call));
    html! {
        p.df-small { (most_urgent.unwrap_or_default()) }
        (told(asked, group.role, &all, &words, true))
        (parts::details(&text!("call-one-by-one"), &one_by_one(asked, group)))
    }
}

fn one_by_one(asked: &Asked<'_>, group: &Group<'_>) -> Markup {
    let (named, more) = group.about.split_at(group.about.len().min(ONE_BY_ONE_MAX));
    html! {
        ul.df-call__children {
            @for (child, call) in named {
                li {
                    (name(asked, child))
                    p.df-small { (heard(asked, call)) }
                    (told(asked, group.role, &[child], &text!("call-told-one"), false))
                    (why(call))
                }
            }
            @for (child, _) in more { li { (name(asked, child)) } }
        }
    }
}

/// Whom the call is about, in a line.
fn names(asked: &Asked<'_>, group: &Group<'_>) -> Markup {
    let more = group.about.len().saturating_sub(NAMED_MAX);
    html! {
        p {
            @for (place, (child, _)) in group.about.iter().take(NAMED_MAX).enumerate() {
                @if place > 0 { ", " }
                (name(asked, child))
            }
            @if more > 0 { " " (text!("call-children", count = more)) }
        }
    }
}

fn name(asked: &Asked<'_>, child: &Child) -> Markup {
    html! {
        a."govuk-link df-call__name" href=(asked.at(&format!("/child/{}", child.card.id))) {
            (child.card.name)
        }
    }
}

/// Whether anybody can know of it yet, and by when it must be heard.
fn heard(asked: &Asked<'_>, call: &Call) -> String {
    let heard = text!(if call.unheard { "call-unheard" } else { "call-heard" });
    match call.by {
        Some(by) => format!("{heard} {}", text!("call-by", at = times::spoken(by, asked.now))),
        None => heard,
    }
}

fn why(call: &Call) -> Markup {
    let clauses: Vec<_> = call.clauses.iter().map(ToString::to_string).collect();
    html! {
        details.df-why {
            summary { (text!("duty-why", clause = clauses.join(", "))) }
            p.df-small { (sentence_case(&call.reasons.join("; "))) "." }
        }
    }
}

/// "I told them": recorded with the time at one tap. A talk has a form, because more belongs to it.
fn told(asked: &Asked<'_>, to: Role, about: &[&Child], words: &str, main: bool) -> Markup {
    let whom = match about {
        [child] => format!(": {}, {}", role(to), child.card.name),
        _ => format!(": {}", role(to)),
    };
    html! {
        form.df-call__told method="post" action=(asked.at("/told")) {
            (parts::hidden("id", &asked.fresh_id()))
            @for child in about { (parts::hidden("child", &child.card.id.to_string())) }
            (parts::hidden("role", to.as_str()))
            button.govuk-button .govuk-button--secondary[!main] data-module="govuk-button"
                data-prevent-double-click="true" {
                (words)
                span.govuk-visually-hidden { (whom) }
            }
            @if let [child] = about {
                a.govuk-link href=(act_link(asked.app, &child.card, Act::Discuss(to), None)) {
                    (text!("call-talked"))
                    span.govuk-visually-hidden { (whom) }
                }
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
