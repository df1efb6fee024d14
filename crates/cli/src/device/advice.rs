//! What is owed for a child, by whom, by when and why, and whom to phone now: from what the device
//! itself holds and the policy on it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use doorstep_core::assessment::{Assessment, Duty, DutyState, Escalation, Urgency};
use doorstep_core::event::{Event, Role};
use doorstep_core::ids::EventId;
use doorstep_core::time::deadline_in_words;
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
    pub fn print(&self, out: &mut Out) -> Outcome {
        self.print_calls(out)?;
        out.heading(format!(
            "{}: {} in this episode, {} without access",
            self.child,
            counted(self.failed_contacts.into(), "failed contact"),
            self.no_access_visits
        ))?;
        if self.duties.is_empty() {
            out.prose(2, "Nothing is owed by what this device holds.")?;
        }
        self.print_duties(out)?;
        for indicator in &self.indicators {
            out.hanging("  ? ", format!("To look at: {indicator}"))?;
        }
        if self.not_judged > 0 {
            let records = counted(u64::try_from(self.not_judged).unwrap_or(u64::MAX), "record");
            out.hanging("  ! ", format!("{records} could not be judged: update the app."))?;
        }
        Ok(())
    }

    /// Prints what is owed. One record is the reason of many duties: it is said once, above all
    /// that follow from it. What has a limit comes first, by urgency.
    fn print_duties(&self, out: &mut Out) -> Outcome {
        let (limited, mut open_ended): (Vec<_>, Vec<_>) =
            self.duties.iter().partition(|duty| duty.due.is_some());
        let reasons: Vec<_> = open_ended.iter().map(|duty| duty.why_in_words()).collect();
        open_ended.sort_by_key(|duty| {
            let why = duty.why_in_words();
            reasons.iter().position(|reason| *reason == why)
        });
        let mut said = String::new();
        for duty in limited.into_iter().chain(open_ended) {
            let why = duty.why_in_words();
            if why != said {
                out.prose(2, &why)?;
                said = why;
            }
            duty.print(out)?;
        }
        Ok(())
    }

    /// Prints whom to phone, and nothing else.
    pub fn print_calls(&self, out: &mut Out) -> Outcome {
        for call in &self.calls {
            out.heading(call.sentence())?;
            let clauses = call.clauses.join(", ");
            let by = call.by.map(|by| format!(", {}", deadline_in_words(by))).unwrap_or_default();
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
    /// Why it arose, and by which records. In full the records would drown the duty; `list` and
    /// `show` have them.
    fn why_in_words(&self) -> String {
        let records: Vec<_> = self.records.iter().map(|id| short(*id)).collect();
        let noun = if records.len() == 1 { "record" } else { "records" };
        format!("Why: {} ({noun} {})", self.reason, records.join(", "))
    }

    fn print(&self, out: &mut Out) -> Outcome {
        let breached = self.state == "breached";
        let mark = if breached { "  ! " } else { "  - " };
        let new = if self.new { "new, " } else { "" };
        let owner = spaced(self.owner.as_str());
        let said = format!("{} ({new}{}, {}", self.sentence, self.clause, self.modality);
        let (Some(due), Some(limit)) = (self.due, &self.limit) else {
            return out.hanging(mark, format!("{said}, {owner})"));
        };
        out.hanging(mark, format!("{said})"))?;
        let was_due = if breached { "was due " } else { "" };
        out.prose(6, format!("{owner}, {was_due}{} ({limit})", deadline_in_words(due)))
    }
}

/// A number of things in words; the plural of a child is children.
pub fn counted(count: u64, noun: &str) -> String {
    match (count, noun) {
        (1, _) => format!("1 {noun}"),
        (_, "child") => format!("{count} children"),
        _ => format!("{count} {noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::io;
    use std::rc::Rc;

    use super::*;

    #[derive(Clone, Default)]
    struct Paper(Rc<RefCell<Vec<u8>>>);

    impl io::Write for Paper {
        fn write(&mut self, text: &[u8]) -> io::Result<usize> {
            self.0.borrow_mut().write(text)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn printed(advice: &Advice) -> String {
        let paper = Paper::default();
        advice.print(&mut Out::to(paper.clone())).unwrap();
        let text = paper.0.borrow().clone();
        String::from_utf8(text).unwrap()
    }

    fn owed(clause: &str, reason: &str, due: Option<(&str, &str)>) -> Owed {
        Owed {
            clause: clause.to_owned(),
            sentence: format!("Do what {clause} says."),
            modality: "must",
            owner: Role::LineManager,
            state: "open",
            due: due.map(|(at, _)| at.parse().unwrap()),
            limit: due.map(|(_, limit)| limit.to_owned()),
            reason: reason.to_owned(),
            why: Vec::new(),
            records: vec![EventId(uuid::Uuid::from_u128(0xab))],
            new: false,
        }
    }

    fn advice(duties: Vec<Owed>) -> Advice {
        Advice {
            child: "Amber Sampleford".to_owned(),
            failed_contacts: 1,
            no_access_visits: 1,
            calls: Vec::new(),
            duties,
            indicators: Vec::new(),
            not_judged: 0,
        }
    }

    #[test]
    fn a_reason_is_said_once_above_all_that_follow_from_it() {
        let limit = Some(("2026-03-02T10:00:00Z", "within 1 hour"));
        let breached = Owed { state: "breached", ..owed("GA-6.1", "concern", limit) };
        let text = printed(&advice(vec![
            breached,
            owed("GA-3.5", "concern", None),
            owed("GA-3.2", "no access", None),
            owed("GA-3.6", "concern", None),
        ]));
        assert_eq!(
            text,
            "Amber Sampleford: 1 failed contact in this episode, 1 without access
  Why: concern (record 000000ab)
  ! Do what GA-6.1 says. (GA-6.1, must)
      line manager, was due by Monday 2 March 2026, 10:00 (within 1 hour)
  - Do what GA-3.5 says. (GA-3.5, must, line manager)
  - Do what GA-3.6 says. (GA-3.6, must, line manager)
  Why: no access (record 000000ab)
  - Do what GA-3.2 says. (GA-3.2, must, line manager)
"
        );
    }

    #[test]
    fn one_thing_is_not_spoken_of_as_many() {
        for (count, noun, words) in [
            (1, "record", "1 record"),
            (0, "record", "0 records"),
            (1, "child", "1 child"),
            (6, "child", "6 children"),
        ] {
            assert_eq!(counted(count, noun), words);
        }
    }

    #[test]
    fn a_limit_on_the_day_names_the_day() {
        let text = printed(&advice(vec![owed(
            "GA-5.4",
            "concern",
            Some(("2026-03-03T00:00:00Z", "on the day")),
        )]));
        assert!(
            text.contains("line manager, by the end of Monday 2 March 2026 (on the day)"),
            "{text}"
        );
    }
}
