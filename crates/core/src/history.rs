//! A child's history: what remains of its events when corrections and withdrawals are applied, and
//! two records of one visit are seen as one contact.
//!
//! The order in which events arrive plays no part: they are put into the order in which they
//! happened before anything is read from them.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::assessment::{Cause, EventIds, NotCounted, WhyNotCounted};
use crate::event::{
    ArrangedBy, ConcernLevel, Corrected, Event, FailedContact, Form, Question, Role, Step, What,
};
use crate::ids::EventId;

/// What happened around a child up to an instant, in the order in which it happened.
#[derive(Debug)]
pub struct History<'a> {
    /// The events that stand, corrected, in order. Corrections and withdrawals are not among them.
    pub events: Vec<Cow<'a, Event>>,
    /// The failed contacts, one for each visit or appointment, in order.
    pub contacts: Vec<Contact>,
    /// What was left out, and why.
    pub not_counted: Vec<NotCounted>,
}

/// One failed contact: everything that was recorded of one visit or appointment.
#[derive(Clone, Debug)]
pub struct Contact {
    /// The visit's id, or the event's where it names no visit.
    pub cause: Cause,
    /// Where its first record stands in [`History::events`].
    pub position: usize,
    /// Its records, in order.
    pub records: EventIds,
    /// When it happened (UTC): at the earliest of its records.
    pub at: DateTime<Utc>,
    /// When it was first recorded (UTC).
    pub recorded: DateTime<Utc>,
    /// Who recorded it first.
    pub by: Role,
    /// How it failed, by its first record.
    pub form: Form,
    /// Nobody from the service got in, by any of its records.
    pub no_access: bool,
    /// The family expected it.
    pub planned: bool,
    /// It was arranged by letter.
    pub arranged_by_letter: bool,
    /// The practitioner was actively prevented from seeing the child.
    pub actively_prevented: bool,
    /// Everything that was done about it there and then.
    pub steps: BTreeSet<Step>,
    /// The time by which a card or letter asks for contact (UTC).
    pub contact_by: Option<DateTime<Utc>>,
    /// The gravest view of those who were there.
    pub concern: ConcernLevel,
    /// The questions of section 6 answered yes.
    pub answers: BTreeSet<Question>,
    /// The family had agreed to it.
    pub family_had_agreed: bool,
}

impl<'a> History<'a> {
    /// The history as of an instant: what happened after it is left out, corrections too.
    pub fn fold(events: &'a [Event], as_of: DateTime<Utc>) -> Self {
        let mut not_counted = Vec::new();
        let known = happened_by(events, as_of);
        let withdrawn = withdrawals(&known);
        let corrections = corrections(&known, &withdrawn);
        let mut standing = Vec::with_capacity(known.len());
        for event in known {
            if let Some(by) = withdrawn.get(&event.id) {
                not_counted
                    .push(NotCounted { event: event.id, why: WhyNotCounted::Withdrawn(*by) });
            } else if !matches!(event.what, What::Corrected(_) | What::Withdrawn(_)) {
                let event = correct(event, corrections.get(&event.id), &mut not_counted);
                if event.at <= as_of {
                    standing.push(event);
                }
            }
        }
        standing.sort_unstable_by_key(|event| order(event));
        let contacts = contacts(&standing, &mut not_counted);
        Self { events: standing, contacts, not_counted }
    }
}

/// The events up to `as_of`, each once, whatever the order they came in.
fn happened_by(events: &[Event], as_of: DateTime<Utc>) -> Vec<&Event> {
    // A record whose time was corrected backwards happened earlier than it says, so times are
    // compared again after correction; here only what cannot be meant is left out.
    let moved: BTreeSet<EventId> = events
        .iter()
        .filter_map(|event| match &event.what {
            What::Corrected(corrected) if corrected.set.contains_key("at") => Some(corrected.of),
            _ => None,
        })
        .collect();
    let mut known: Vec<&Event> =
        events.iter().filter(|event| event.at <= as_of || moved.contains(&event.id)).collect();
    known.sort_unstable_by_key(|event| order(event));
    known.dedup_by_key(|event| event.id);
    known
}

/// Events in the order in which they happened. At one and the same instant: first what changes the
/// ground (plans, concerns, the child being seen), then failed contacts, then what answers them.
fn order(event: &Event) -> (DateTime<Utc>, u8, EventId) {
    let rank = match event.what {
        What::PlanChanged(_) | What::ConcernClosed(_) => 0,
        What::ConcernRecorded(_) => 1,
        What::ChildSeen(_) => 2,
        What::FailedContact(_) => 3,
        _ => 4,
    };
    (event.at, rank, event.id)
}

/// Which events are withdrawn, and by which. A withdrawal can itself be withdrawn, so the latest
/// are looked at first.
fn withdrawals(known: &[&Event]) -> HashMap<EventId, EventId> {
    let mut withdrawn = HashMap::new();
    for event in known.iter().rev() {
        if let What::Withdrawn(withdrawal) = &event.what
            && !withdrawn.contains_key(&event.id)
        {
            withdrawn.insert(withdrawal.of, event.id);
        }
    }
    withdrawn
}

/// The corrections that stand, by the record that they correct, in order. A correction can itself
/// be corrected, so the latest are looked at first.
fn corrections<'a>(
    known: &[&'a Event],
    withdrawn: &HashMap<EventId, EventId>,
) -> HashMap<EventId, Vec<Correction<'a>>> {
    let mut by_record: HashMap<EventId, Vec<Correction<'a>>> = HashMap::new();
    for event in known.iter().rev() {
        let What::Corrected(corrected) = &event.what else { continue };
        if withdrawn.contains_key(&event.id) {
            continue;
        }
        let mut correction = Cow::Borrowed(corrected);
        if let Some(amended) = by_record.get(&event.id).and_then(|list| amend(event, list)) {
            correction = Cow::Owned(amended);
        }
        let of = correction.of;
        by_record.entry(of).or_default().insert(0, (event.id, correction));
    }
    by_record
}

/// A correction with the event that it is.
type Correction<'a> = (EventId, Cow<'a, Corrected>);

/// What a correction says once it was corrected itself.
fn amend(event: &Event, corrections: &[Correction<'_>]) -> Option<Corrected> {
    let amended = corrections.iter().try_fold(event.clone(), |event, (_, by)| apply(&event, by))?;
    if let What::Corrected(corrected) = amended.what { Some(corrected) } else { None }
}

fn correct<'a>(
    event: &'a Event,
    corrections: Option<&Vec<Correction<'_>>>,
    not_counted: &mut Vec<NotCounted>,
) -> Cow<'a, Event> {
    let mut current = Cow::Borrowed(event);
    for (id, corrected) in corrections.into_iter().flatten() {
        match apply(&current, corrected) {
            Some(changed) => current = Cow::Owned(changed),
            None => not_counted
                .push(NotCounted { event: *id, why: WhyNotCounted::CorrectionWithoutEffect }),
        }
    }
    current
}

/// The event with the correction's keys set; none where that is not an event any more.
pub fn apply(event: &Event, corrected: &Corrected) -> Option<Event> {
    let Ok(Value::Object(mut keys)) = serde_json::to_value(event) else { return None };
    for (key, value) in &corrected.set {
        match (key.as_str(), value) {
            // What is attached is named by the record that brought it, or not at all.
            ("id" | "child" | "by" | "recorded" | "attachments", _) => return None,
            (_, Value::Null) => {
                keys.remove(key);
            }
            _ => {
                keys.insert(key.clone(), value.clone());
            }
        }
    }
    serde_json::from_value(Value::Object(keys)).ok()
}

fn contacts(events: &[Cow<'_, Event>], not_counted: &mut Vec<NotCounted>) -> Vec<Contact> {
    let mut contacts: Vec<Contact> = Vec::new();
    let mut by_cause: BTreeMap<Cause, usize> = BTreeMap::new();
    for (position, event) in events.iter().enumerate() {
        let What::FailedContact(failed) = &event.what else { continue };
        let cause = Cause(failed.visit.map_or(event.id.0, |visit| visit.0));
        if let Some(index) = by_cause.get(&cause) {
            let contact = &mut contacts[*index];
            let why = WhyNotCounted::SameVisit(contact.records[0]);
            not_counted.push(NotCounted { event: event.id, why });
            contact.join(event, failed);
        } else {
            by_cause.insert(cause, contacts.len());
            contacts.push(Contact::first(cause, position, event, failed));
        }
    }
    contacts
}

impl Contact {
    fn first(cause: Cause, position: usize, event: &Event, failed: &FailedContact) -> Self {
        Self {
            cause,
            position,
            records: [event.id].into(),
            at: event.at,
            recorded: event.recorded,
            by: event.by,
            form: failed.form,
            no_access: failed.form.is_no_access(),
            planned: failed.planned,
            arranged_by_letter: failed.arranged_by == Some(ArrangedBy::Letter),
            actively_prevented: failed.actively_prevented,
            steps: failed.steps.clone(),
            contact_by: failed.contact_by,
            concern: failed.concern.unwrap_or(ConcernLevel::None),
            answers: failed.answers.clone(),
            family_had_agreed: failed.family_had_agreed,
        }
    }

    /// Takes in a later record of the same visit: what either of them saw was seen.
    fn join(&mut self, event: &Event, failed: &FailedContact) {
        self.records = self.records.iter().copied().chain([event.id]).collect();
        self.recorded = self.recorded.min(event.recorded);
        self.no_access &= failed.form.is_no_access();
        self.planned |= failed.planned;
        self.arranged_by_letter |= failed.arranged_by == Some(ArrangedBy::Letter);
        self.actively_prevented |= failed.actively_prevented;
        self.steps.extend(&failed.steps);
        self.contact_by = match (self.contact_by, failed.contact_by) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        self.concern = self.concern.max(failed.concern.unwrap_or(ConcernLevel::None));
        self.answers.extend(&failed.answers);
        self.family_had_agreed |= failed.family_had_agreed;
    }

    /// Whether a step was taken.
    pub fn has(&self, step: Step) -> bool {
        self.steps.contains(&step)
    }
}
