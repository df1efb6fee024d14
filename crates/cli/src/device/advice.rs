//! What is owed for a child, by whom, by when and why, and whom to phone now: from what the device
//! itself holds and the policy on it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use doorstep_core::assessment::{Assessment, Duty, DutyState, Escalation, Urgency};
use doorstep_core::event::{Event, Role};
use doorstep_core::ids::EventId;
use doorstep_core::time::in_words;
use doorstep_core::wire::ChildCard;
use serde::Serialize;

use super::describe::{self, short, spaced};
use crate::failure::Outcome;
use crate::out::Out;

/// What a device says about one child.
#[derive(Debug, Serialize)]
pub struct Advice {
    /// The child's name.
    pub child: String,
    /// Failed contacts in the episode that is open.
    pub failed_contacts: u32,
    /// Those of them at the home where nobody from the service got in.
    pub no_access_visits: u32,
    /// Whom to phone, the most urgent first.
    pub calls: Vec<Call>,
    /// What is owed.
    pub duties: Vec<Owed>,
    /// Patterns for a person to look at.
    pub indicators: Vec<String>,
    /// Records that could not be judged.
    pub not_judged: usize,
}

/// Somebody to phone.
#[derive(Debug, Serialize)]
pub struct Call {
    /// In which role.
    pub role: Role,
    /// Who holds it, where the device knows.
    pub name: Option<String>,
    /// The number.
    pub phone: Option<String>,
    /// How fast.
    pub urgency: Urgency,
    /// By when (UTC).
    pub by: Option<DateTime<Utc>>,
    /// The clauses that ask for it.
    pub clauses: Vec<String>,
}

/// Something owed.
#[derive(Debug, Serialize)]
pub struct Owed {
    /// The clause.
    pub clause: String,
    /// It in a sentence.
    pub sentence: String,
    /// How strongly it binds.
    pub modality: &'static str,
    /// Who owes it.
    pub owner: Role,
    /// `open` or `breached`.
    pub state: &'static str,
    /// By when (UTC).
    pub due: Option<DateTime<Utc>>,
    /// The limit in words.
    pub limit: Option<String>,
    /// Why it arose, in a few words.
    pub reason: String,
    /// The records that it rests on, in words.
    pub why: Vec<String>,
    /// Their ids.
    pub records: Vec<EventId>,
    /// It rests on a record that was made just now.
    pub new: bool,
}

/// What the device knows of its records of a child, besides the policies' answer.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// Every event that it holds.
    pub events: &'a [Event],
    /// Those that were made just now.
    pub made: &'a [EventId],
    /// Those that are only on this device: nobody else can act on them yet.
    pub unsent: &'a [EventId],
}

/// Puts together what a device says about a child. Whoever must hear of a record that is only on
/// this device is to be phoned; the server tells whoever must hear of the others.
pub fn advice(
    card: &ChildCard,
    assessment: &Assessment,
    known: &Known<'_>,
    not_judged: usize,
) -> Advice {
    let unheard = |escalation: &&Escalation| {
        escalation.evidence.iter().any(|event| known.unsent.contains(event))
    };
    Advice {
        child: card.name.clone(),
        failed_contacts: assessment.failed_contacts,
        no_access_visits: assessment.no_access_visits,
        calls: calls(card, assessment.open_escalations().filter(unheard)),
        duties: assessment.owed().into_iter().map(|duty| owed(duty, known)).collect(),
        indicators: assessment
            .indicators
            .iter()
            .map(|indicator| format!("{}: {}", indicator.name, indicator.sentence))
            .collect(),
        not_judged,
    }
}

/// One call for each role, however many clauses ask for it.
fn calls<'a>(card: &ChildCard, escalations: impl Iterator<Item = &'a Escalation>) -> Vec<Call> {
    let mut calls: BTreeMap<Role, Call> = BTreeMap::new();
    for escalation in escalations.filter(|escalation| escalation.to != Role::Practitioner) {
        let contact = card.contacts.iter().find(|contact| contact.role == escalation.to);
        let call = calls.entry(escalation.to).or_insert_with(|| Call {
            role: escalation.to,
            name: contact.map(|contact| contact.name.clone()),
            phone: contact.and_then(|contact| contact.phone.clone()),
            urgency: escalation.urgency,
            by: escalation.due,
            clauses: Vec::new(),
        });
        call.urgency = call.urgency.min(escalation.urgency);
        call.by = call.by.into_iter().chain(escalation.due).min();
        let clause = escalation.clause.to_string();
        if !call.clauses.contains(&clause) {
            call.clauses.push(clause);
        }
    }
    let mut calls: Vec<_> = calls.into_values().collect();
    calls
        .sort_by_key(|call| (call.urgency, call.by.unwrap_or(DateTime::<Utc>::MAX_UTC), call.role));
    calls
}

fn owed(duty: &Duty, known: &Known<'_>) -> Owed {
    let why = duty.evidence.iter().map(|id| {
        let event = known.events.iter().find(|event| event.id == *id);
        event.map_or_else(|| format!("record {}", short(*id)), describe::event)
    });
    Owed {
        clause: duty.clause.to_string(),
        sentence: duty.sentence.to_string(),
        modality: duty.modality.as_str(),
        owner: duty.owner,
        state: if duty.state == DutyState::Breached { "breached" } else { "open" },
        due: duty.due.as_ref().map(|due| due.at),
        limit: duty.due.as_ref().map(|due| due.limit.to_string()),
        reason: duty.reason.to_string(),
        why: why.collect(),
        records: duty.evidence.to_vec(),
        new: duty.evidence.iter().any(|id| known.made.contains(id)),
    }
}

impl Advice {
    /// Prints it.
    pub fn print(&self, out: &mut Out, now: DateTime<Utc>) -> Outcome {
        self.print_calls(out)?;
        out.heading(format!(
            "{}: {} in this episode, {} without access",
            self.child,
            counted(self.failed_contacts, "failed contact"),
            self.no_access_visits
        ))?;
        if self.duties.is_empty() {
            out.prose(2, "Nothing is owed by what this device holds.")?;
        }
        for duty in &self.duties {
            duty.print(out, now)?;
        }
        for indicator in &self.indicators {
            out.hanging("  ? ", format!("To look at: {indicator}"))?;
        }
        if self.not_judged > 0 {
            let records = counted(u32::try_from(self.not_judged).unwrap_or(u32::MAX), "record");
            out.hanging("  ! ", format!("{records} could not be judged: update the app."))?;
        }
        Ok(())
    }

    /// Prints whom to phone, and nothing else.
    pub fn print_calls(&self, out: &mut Out) -> Outcome {
        for call in &self.calls {
            out.heading(call.sentence())?;
            let clauses = call.clauses.join(", ");
            let by = call.by.map(|by| format!(", by {}", in_words(by))).unwrap_or_default();
            out.prose(2, format!("for {} ({clauses}{by})", self.child))?;
        }
        Ok(())
    }
}

impl Call {
    /// Whom to phone, at what number.
    pub fn sentence(&self) -> String {
        let when = match self.urgency {
            Urgency::Immediate => "now",
            Urgency::SameDay => "today",
            Urgency::Routine => "within a working day",
        };
        let role = spaced(self.role.as_str());
        match (&self.name, &self.phone) {
            (Some(name), Some(phone)) => {
                format!("You are offline: phone your {role} {when}: {name}, {phone}")
            }
            (Some(name), None) => {
                format!(
                    "You are offline: phone your {role} {when}: {name} (no number is known here)"
                )
            }
            (None, _) => format!(
                "You are offline: phone your {role} {when} (nobody is named here: ask the office)"
            ),
        }
    }
}

impl Owed {
    fn print(&self, out: &mut Out, now: DateTime<Utc>) -> Outcome {
        let mark = if self.state == "breached" { "  ! " } else { "  - " };
        let new = if self.new { "new, " } else { "" };
        out.hanging(mark, format!("{} ({new}{}, {})", self.sentence, self.clause, self.modality))?;
        let owner = spaced(self.owner.as_str());
        let by = match (self.due, &self.limit) {
            (Some(due), Some(limit)) if now > due => {
                format!("was due {} ({limit})", in_words(due))
            }
            (Some(due), Some(limit)) => format!("by {} ({limit})", in_words(due)),
            _ => "no limit".to_owned(),
        };
        out.prose(6, format!("{owner}, {by}"))?;
        // The list of records stands beside it in `list` and `show`; in full it would drown the
        // duty.
        let records: Vec<_> = self.records.iter().map(|id| short(*id)).collect();
        out.prose(6, format!("because: {} (record {})", self.reason, records.join(", ")))
    }
}

fn counted(count: u32, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
