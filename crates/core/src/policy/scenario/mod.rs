//! Scenarios: one child, what happened, and what must follow, in a file that a policy lead can read
//! and write. The same files prove the engine and let an organisation try its own packs.

mod expect;
mod read;

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};

use super::Policy;
use super::coverage::Reached;
use crate::assessment::Assessment;
use crate::event::{ChildRecord, Event};
use crate::ids::EventId;
pub use expect::Expectation;
pub use read::{Fault, read};

/// A scenario.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// What it is about.
    pub title: String,
    /// The policies that judge it, by their base packs; empty: all.
    pub packs: Vec<String>,
    /// What the record says before the first event.
    pub child: ChildRecord,
    /// What happened, in no particular order.
    pub events: Vec<Event>,
    /// What must follow.
    pub expectations: Vec<Expectation>,
    names: HashMap<EventId, String>,
}

/// Something that did not follow as expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The instant that was looked at (UTC).
    pub as_of: DateTime<Utc>,
    /// What was expected.
    pub expected: String,
    /// What was found.
    pub found: String,
    /// What the answer rests on.
    pub why: String,
}

impl Scenario {
    /// The policy as far as this scenario is judged by it; a pack that is not there is handed back.
    pub fn policy(&self, policy: &Policy) -> Result<Policy, String> {
        if self.packs.is_empty() {
            return Ok(policy.clone());
        }
        policy.only(&self.packs.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Judges the child at an instant.
    pub fn assess(&self, policy: &Policy, as_of: DateTime<Utc>) -> Assessment {
        policy.assess(&self.child, &self.events, as_of)
    }

    /// Everything in which the policy's answer differs from what is expected; a pack that is not
    /// there is handed back.
    pub fn run(&self, policy: &Policy) -> Result<Vec<Difference>, String> {
        let policy = self.policy(policy)?;
        let differences = self.expectations.iter().flat_map(|expectation| {
            let assessment = self.assess(&policy, expectation.as_of);
            expectation.compare(self, &assessment)
        });
        Ok(differences.collect())
    }

    /// The clauses that it pins down in any state but absence.
    pub fn clauses(&self) -> BTreeSet<&str> {
        let pinned = self.expectations.iter().flat_map(Expectation::pinned);
        pinned.filter(|(_, state)| *state != Reached::Absent).map(|(clause, _)| clause).collect()
    }

    /// What the file calls an event.
    pub fn name(&self, event: EventId) -> &str {
        self.names.get(&event).map_or("?", String::as_str)
    }

    /// What the file calls these events, in a row.
    pub fn names(&self, events: &[EventId]) -> String {
        events.iter().map(|event| self.name(*event)).collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCENARIO: &str = r#"
title = "One failed contact"
packs = ["no-access"]

[[events]]
id = "f1"
type = "failed-contact"
at = 2026-03-02T10:00:00Z
form = "no-response"

[[expect]]
as_of = 2026-03-02T12:00:00Z
failed_contacts = 1
open = ["NA-4.5"]
"#;

    fn differences(text: &str) -> Vec<Difference> {
        read(text).unwrap().run(&Policy::built_in()).unwrap()
    }

    #[test]
    fn a_scenario_that_holds_has_no_difference() {
        assert_eq!(differences(SCENARIO), []);
    }

    #[test]
    fn a_wrong_expectation_is_a_difference_in_words() {
        for (right, wrong, expected, found) in [
            ("failed_contacts = 1", "failed_contacts = 2", "2 failed contacts", "1 failed contact"),
            ("[\"NA-4.5\"]", "[\"NA-4.7\"]", "NA-4.7 open", "NA-4.7 did not arise"),
            ("open = ", "met = ", "NA-4.5 met", "NA-4.5 open"),
            ("open = ", "absent = ", "NA-4.5 absent", "NA-4.5 open"),
            ("open = ", "escalations = ", "an escalation of NA-4.5", "no escalation of NA-4.5"),
            ("open = [\"NA-4.5\"]", "may_close = true", "may be closed", "may not be closed"),
        ] {
            let differences = differences(&SCENARIO.replace(right, wrong));
            assert_eq!(differences.len(), 1, "{wrong}");
            assert!(differences[0].expected.contains(expected), "{differences:?}");
            assert!(differences[0].found.contains(found), "{differences:?}");
        }
    }

    #[test]
    fn a_malformed_file_is_refused_with_line_and_key() {
        for (right, wrong, line, said) in [
            ("form = ", "from = ", 9, "did you mean \"form\"?"),
            ("\"no-response\"", "\"no-responce\"", 9, "did you mean \"no-response\"?"),
            (
                "type = \"failed-contact\"",
                "type = \"failed-contract\"",
                7,
                "did you mean \"failed-contact\"?",
            ),
            ("at = 2026", "at = \"soon\" # 2026", 8, "at"),
            ("NA-4.5", "NA-4.5O", 14, "did you mean \"NA-4.5\"?"),
            ("failed_contacts = 1", "failed_contact = 1", 13, "did you mean \"failed_contacts\"?"),
            ("[[expect]]", "[[expects]]", 11, "expects"),
            ("\nas_of", "\n# as_of", 11, "as_of"),
            ("title", "tilte", 2, "title"),
            ("at = 2026-03-02T10:00:00Z", "at = 2026-02-30T10:00:00Z", 8, ""),
            ("at = 2026-03-02T10:00:00Z", "at = 2026-03-02T10:00:00", 8, "offset"),
            (
                "[[events]]",
                "[child]\nborn = 2026-03-03\n[[events]]",
                10,
                "before the child was born",
            ),
            ("packs = [\"no-access\"]", "packs = [\"no-acces\"]", 3, "did you mean \"no-access\"?"),
        ] {
            let fault = read(&SCENARIO.replace(right, wrong)).unwrap_err();
            assert_eq!(fault.line, line, "{wrong}: {fault}");
            assert!(fault.to_string().contains(said), "{wrong}: {fault}");
        }
    }
}
