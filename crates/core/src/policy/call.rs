//! Whom to phone for a child, at once and by whose number, from what is held on a device.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::Policy;
use crate::assessment::{Assessment, ClauseId, Escalation, Urgency};
use crate::event::{Event, Role, What};
use crate::ids::EventId;
use crate::wire::{ChildCard, Contact};

/// Somebody to phone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Call {
    /// In which role.
    pub role: Role,
    /// Those who hold it, where the device knows: the first is to be tried first.
    pub people: Vec<Contact>,
    /// Who stands in where nobody answers, in the order of the chain.
    pub next: Vec<Contact>,
    /// How fast.
    pub urgency: Urgency,
    /// By when (UTC).
    pub by: Option<DateTime<Utc>>,
    /// The clauses that ask for it.
    pub clauses: Vec<ClauseId>,
    /// Why, in a few words each.
    pub reasons: Vec<String>,
    /// A record that it rests on is only on this device: nobody else can know of it.
    pub unheard: bool,
}

/// What a device knows of its records of a child, besides the policies' answer.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// Every event that it holds.
    pub events: &'a [Event],
    /// Those that are only on this device: nobody else can act on them yet.
    pub unsent: &'a [EventId],
    /// The role of the device's own person, who need not be phoned.
    pub own: Role,
}

impl Policy {
    /// One call for each role, however many clauses ask for it, the most urgent first: whoever must
    /// hear of a record that is only on this device, and whoever must hear of one at any hour. Who
    /// has been told since is left out; the server tells the others.
    pub fn calls(&self, card: &ChildCard, assessment: &Assessment, known: &Known<'_>) -> Vec<Call> {
        let mut calls: Vec<Call> = Vec::new();
        for escalation in assessment.open_escalations() {
            let unheard = escalation.evidence.iter().any(|event| known.unsent.contains(event));
            let pressing = unheard || escalation.urgency == Urgency::Immediate;
            let practitioner = [Role::Practitioner, known.own].contains(&escalation.to);
            if !pressing || practitioner || is_told(known.events, escalation) {
                continue;
            }
            let index = calls.iter().position(|call| call.role == escalation.to);
            let index = index.unwrap_or_else(|| {
                calls.push(Call::to(escalation, card));
                calls.len() - 1
            });
            calls[index].take_in(escalation, unheard, self.stand_ins(escalation, card, known.own));
        }
        calls.sort_by_key(|call| {
            (call.urgency, call.by.unwrap_or(DateTime::<Utc>::MAX_UTC), call.role)
        });
        calls
    }

    /// Who comes after the addressee in the clause's chain.
    fn stand_ins(&self, escalation: &Escalation, card: &ChildCard, own: Role) -> Vec<Contact> {
        let clause = self.packs.newest().find_map(|pack| pack.clause(&escalation.clause.0));
        let chains = clause.into_iter().flat_map(|clause| &clause.tell);
        let after = chains.filter_map(|chain| {
            let place = chain.iter().position(|role| *role == escalation.to)?;
            Some(chain[place + 1..].iter())
        });
        let roles = after.flatten().filter(|role| **role != own);
        roles.flat_map(|role| holders(card, *role)).cloned().collect()
    }
}

impl Call {
    fn to(escalation: &Escalation, card: &ChildCard) -> Self {
        Self {
            role: escalation.to,
            people: holders(card, escalation.to).cloned().collect(),
            next: Vec::new(),
            urgency: escalation.urgency,
            by: escalation.due,
            clauses: Vec::new(),
            reasons: Vec::new(),
            unheard: false,
        }
    }

    fn take_in(&mut self, escalation: &Escalation, unheard: bool, next: Vec<Contact>) {
        self.urgency = self.urgency.min(escalation.urgency);
        self.by = self.by.into_iter().chain(escalation.due).min();
        self.unheard |= unheard;
        push_new(&mut self.clauses, escalation.clause.clone());
        push_new(&mut self.reasons, escalation.reason.to_string());
        for contact in next {
            if !self.people.contains(&contact) {
                push_new(&mut self.next, contact);
            }
        }
    }
}

fn push_new<T: PartialEq>(list: &mut Vec<T>, item: T) {
    if !list.contains(&item) {
        list.push(item);
    }
}

fn holders(card: &ChildCard, role: Role) -> impl Iterator<Item = &Contact> {
    card.contacts.iter().filter(move |contact| contact.role == role)
}

/// Whether the addressee was told, or talked to, since the ground is there.
fn is_told(events: &[Event], escalation: &Escalation) -> bool {
    events.iter().filter(|event| event.at >= escalation.since).any(|event| match &event.what {
        What::Informed(informed) => informed.who == escalation.to,
        What::Discussed(discussed) => discussed.with == escalation.to,
        _ => false,
    })
}
