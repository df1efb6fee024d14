//! What a scenario expects, and in what the answer differs from it.

use chrono::{DateTime, Utc};

use super::read::{Fault, Place, instant_of};
use super::{Difference, Scenario};
use crate::assessment::{Assessment, Duty, DutyState, Escalation, Urgency, WhyNotCounted};
use crate::event::Role;
use crate::policy::clauses::ids;
use crate::policy::coverage::Reached;
use crate::time::in_words;
use crate::words::closest;

/// The keys of an expectation.
pub(super) const KEYS: &[&str] = &[
    "as_of",
    "failed_contacts",
    "no_access_visits",
    "open",
    "met",
    "breached",
    "ended",
    "absent",
    "escalations",
    "no_escalations",
    "indicators",
    "may_close",
];

/// What must hold at one instant. Every list is of what must be there; more may be.
#[derive(Clone, Debug)]
pub struct Expectation {
    /// The instant (UTC).
    pub as_of: DateTime<Utc>,
    failed_contacts: Option<u32>,
    no_access_visits: Option<u32>,
    duties: Vec<(&'static str, Entry)>,
    absent: Vec<String>,
    escalations: Vec<Entry>,
    no_escalations: Vec<String>,
    indicators: Vec<Entry>,
    may_close: Option<bool>,
}

/// A clause, with what must be true of the duty or escalation.
#[derive(Clone, Debug, Default)]
struct Entry {
    clause: String,
    owner: Option<Role>,
    due: Option<DateTime<Utc>>,
    to: Option<Role>,
    urgency: Option<Urgency>,
    late: Option<bool>,
}

const STATES: [&str; 4] = ["open", "met", "breached", "ended"];

impl Expectation {
    pub(super) fn read(place: &Place<'_>, table: &toml::Table) -> Result<Self, Fault> {
        let as_of = table.get("as_of").ok_or_else(|| {
            place.fault("as_of", "every expectation needs the instant at which it holds")
        })?;
        let mut duties = Vec::new();
        for state in STATES {
            let entries = list(place, table, state)?;
            duties.extend(entries.into_iter().map(|entry| (state, entry)));
        }
        let clauses = |key| -> Result<Vec<String>, Fault> {
            Ok(list(place, table, key)?.into_iter().map(|entry| entry.clause).collect())
        };
        Ok(Self {
            as_of: instant_of(place, "as_of", as_of)?,
            failed_contacts: number(place, table, "failed_contacts")?,
            no_access_visits: number(place, table, "no_access_visits")?,
            duties,
            absent: clauses("absent")?,
            escalations: list(place, table, "escalations")?,
            no_escalations: clauses("no_escalations")?,
            indicators: list(place, table, "indicators")?,
            may_close: table
                .get("may_close")
                .map(|value| {
                    value.as_bool().ok_or_else(|| place.fault("may_close", "is true or false"))
                })
                .transpose()?,
        })
    }

    /// The clauses and states that it pins down.
    pub(in crate::policy) fn pinned(&self) -> Vec<(&str, Reached)> {
        let duties = self.duties.iter().map(|(state, entry)| {
            let state = match (*state, entry.late) {
                ("met", Some(true)) => Reached::MetLate,
                ("met", _) => Reached::Met,
                ("breached", _) => Reached::Breached,
                ("ended", _) => Reached::Ended,
                _ => Reached::Open,
            };
            (entry.clause.as_str(), state)
        });
        let absent = self.absent.iter().map(|clause| (clause.as_str(), Reached::Absent));
        let shown = self.indicators.iter().map(|entry| (entry.clause.as_str(), Reached::Shown));
        duties.chain(absent).chain(shown).collect()
    }

    /// Everything in which the answer differs.
    pub(super) fn compare(&self, scenario: &Scenario, found: &Assessment) -> Vec<Difference> {
        let comparison = Comparison { scenario, found };
        let counts = [
            comparison.count(self.failed_contacts, found.failed_contacts, "failed contact"),
            comparison.count(self.no_access_visits, found.no_access_visits, "no-access visit"),
        ];
        let duties = self.duties.iter().map(|(state, entry)| comparison.duty(state, entry));
        let absent = self.absent.iter().map(|clause| comparison.absent(clause));
        let escalations = self.escalations.iter().map(|entry| comparison.escalation(entry));
        let silent = self.no_escalations.iter().map(|clause| comparison.no_escalation(clause));
        let indicators = self.indicators.iter().map(|entry| comparison.indicator(entry));
        counts
            .into_iter()
            .chain(duties)
            .chain(absent)
            .chain(escalations)
            .chain(silent)
            .chain(indicators)
            .chain([comparison.closing(self.may_close)])
            .flatten()
            .collect()
    }
}

fn number(place: &Place<'_>, table: &toml::Table, key: &str) -> Result<Option<u32>, Fault> {
    table
        .get(key)
        .map(|value| {
            let number = value.as_integer().and_then(|number| u32::try_from(number).ok());
            number.ok_or_else(|| place.fault(key, "is a whole number from 0"))
        })
        .transpose()
}

fn list(place: &Place<'_>, table: &toml::Table, key: &str) -> Result<Vec<Entry>, Fault> {
    let Some(value) = table.get(key) else { return Ok(Vec::new()) };
    let wanted = "is a list of clause ids, or of tables with a clause";
    let values = value.as_array().ok_or_else(|| place.fault(key, wanted))?;
    values
        .iter()
        .map(|value| match value {
            toml::Value::String(clause) => {
                let clause = known_clause(place, key, clause)?;
                Ok(Entry { clause, ..Entry::default() })
            }
            toml::Value::Table(table) => entry(place, key, table),
            _ => Err(place.fault(key, wanted)),
        })
        .collect()
}

fn known_clause(place: &Place<'_>, key: &str, clause: &str) -> Result<String, Fault> {
    const INDICATORS: [(&str, &str); 4] = [
        ("closure", "NA-2.2"),
        ("flight", "NA-2.3"),
        ("disguised-compliance", "NA-2.4"),
        ("risk", "NA-3.5"),
    ];
    if let Some((_, id)) =
        INDICATORS.iter().find(|(name, _)| key == "indicators" && *name == clause)
    {
        return Ok((*id).to_owned());
    }
    let known: Vec<&str> = ids().collect();
    if known.contains(&clause) {
        return Ok(clause.to_owned());
    }
    let message = format!("there is no clause \"{clause}\"{}", closest(clause, &known));
    Err(place.fault_at(key, clause, message))
}

fn entry(place: &Place<'_>, list: &str, table: &toml::Table) -> Result<Entry, Fault> {
    const KEYS: [&str; 6] = ["clause", "owner", "due", "to", "urgency", "late"];
    let mut entry = Entry::default();
    for (key, value) in table {
        let word = value.as_str().unwrap_or_default();
        let unknown = |error: crate::words::UnknownWord| {
            place.fault_at(list, word, format!("{key}: {error}{}", closest(word, &error.known)))
        };
        match key.as_str() {
            "clause" => entry.clause = known_clause(place, list, word)?,
            "owner" => entry.owner = Some(word.parse().map_err(unknown)?),
            "to" => entry.to = Some(word.parse().map_err(unknown)?),
            "urgency" => entry.urgency = Some(word.parse().map_err(unknown)?),
            "due" => entry.due = Some(instant_of(place, "due", value)?),
            "late" => {
                let late = value.as_bool();
                entry.late = Some(late.ok_or_else(|| place.fault("late", "is true or false"))?);
            }
            other => {
                let message = format!("\"{other}\" is not a key here{}", closest(other, &KEYS));
                return Err(place.fault_at(list, other, message));
            }
        }
    }
    if entry.clause.is_empty() {
        return Err(place.fault(list, "an entry needs a clause"));
    }
    Ok(entry)
}

impl std::fmt::Display for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let due = self.due.map(|due| format!("due {}", in_words(due)));
        let late = self.late.map(|late| if late { "late" } else { "in time" }.to_owned());
        let said: Vec<String> = [
            self.owner.map(|owner| format!("owed by {owner}")),
            self.to.map(|to| format!("to {to}")),
            self.urgency.map(|urgency| format!("urgency {urgency}")),
            due,
            late,
        ]
        .into_iter()
        .flatten()
        .collect();
        if said.is_empty() { Ok(()) } else { write!(f, " ({})", said.join(", ")) }
    }
}

struct Comparison<'a> {
    scenario: &'a Scenario,
    found: &'a Assessment,
}

impl Comparison<'_> {
    fn differs(&self, expected: String, found: String) -> Difference {
        Difference { as_of: self.found.as_of, expected, found, why: self.why() }
    }

    /// What the answer rests on: what was counted, and what was not.
    fn why(&self) -> String {
        let left_out: Vec<String> = self
            .found
            .not_counted
            .iter()
            .map(|not| format!("{} ({})", self.scenario.name(not.event), self.reason(&not.why)))
            .collect();
        let counted = plural(self.found.failed_contacts, "failed contact");
        let visits = plural(self.found.no_access_visits, "no-access visit");
        let counted = format!("{counted} and {visits} in the open episode");
        if left_out.is_empty() {
            return counted;
        }
        format!("{counted}; not counted: {}", left_out.join(", "))
    }

    fn reason(&self, why: &WhyNotCounted) -> String {
        match why {
            WhyNotCounted::Withdrawn(by) => format!("withdrawn by {}", self.scenario.name(*by)),
            WhyNotCounted::SameVisit(with) => {
                format!("the same visit as {}", self.scenario.name(*with))
            }
            WhyNotCounted::EarlierEpisode(by) => {
                format!("earlier episode, assured by {}", self.scenario.name(*by))
            }
            WhyNotCounted::OtherPolicy(pack) => format!("not a contact that {pack} counts"),
            WhyNotCounted::CorrectionWithoutEffect => "a correction without effect".to_owned(),
        }
    }

    fn count(&self, expected: Option<u32>, found: u32, what: &str) -> Option<Difference> {
        let expected = expected.filter(|expected| *expected != found)?;
        Some(self.differs(plural(expected, what), plural(found, what)))
    }

    fn of(&self, clause: &str) -> Vec<&Duty> {
        self.found.duties.iter().filter(|duty| &*duty.clause.0 == clause).collect()
    }

    fn duty(&self, state: &str, entry: &Entry) -> Option<Difference> {
        let duties = self.of(&entry.clause);
        if duties.iter().any(|duty| duty.state.as_str() == state && self.matches(duty, entry)) {
            return None;
        }
        Some(self.differs(format!("{} {state}{entry}", entry.clause), self.describe(&entry.clause)))
    }

    fn matches(&self, duty: &Duty, entry: &Entry) -> bool {
        let is_late = matches!(duty.state, DutyState::Met { late: true, .. });
        entry.owner.is_none_or(|owner| owner == duty.owner)
            && entry.due.is_none_or(|due| duty.due.as_ref().is_some_and(|found| found.at == due))
            && entry.late.is_none_or(|late| late == is_late)
            && (entry.to.is_none() && entry.urgency.is_none()
                || self.found.escalations.iter().any(|escalation| {
                    escalation.clause == duty.clause
                        && escalation.cause == duty.cause
                        && is_told(escalation, entry)
                }))
    }

    fn absent(&self, clause: &str) -> Option<Difference> {
        let shown = self.found.indicators.iter().find(|indicator| *indicator.clause.0 == *clause);
        let found = match shown {
            Some(indicator) => format!("{clause} shown ({})", indicator.name),
            None if self.of(clause).is_empty() => return None,
            None => self.describe(clause),
        };
        Some(self.differs(format!("{clause} absent"), found))
    }

    /// Where each duty of a clause stands, in words.
    fn describe(&self, clause: &str) -> String {
        let duties = self.of(clause);
        if duties.is_empty() {
            return format!("{clause} did not arise");
        }
        let described: Vec<String> = duties
            .iter()
            .map(|duty| {
                let due = duty.due.as_ref();
                let due = due.map(|due| format!(", due {}", in_words(due.at))).unwrap_or_default();
                let state = match &duty.state {
                    DutyState::Met { at, late, by } => format!(
                        "met{} on {} by {}",
                        if *late { " late" } else { "" },
                        in_words(*at),
                        self.scenario.names(by)
                    ),
                    DutyState::Ended { by, .. } => {
                        format!("ended by {}", self.scenario.name(*by))
                    }
                    state => state.as_str().to_owned(),
                };
                let evidence = self.scenario.names(&duty.evidence);
                format!("{clause} {state} (owed by {}{due}; from {evidence})", duty.owner)
            })
            .collect();
        described.join("; ")
    }

    fn escalation(&self, entry: &Entry) -> Option<Difference> {
        let is_there = self.found.open_escalations().any(|escalation| {
            *escalation.clause.0 == *entry.clause
                && is_told(escalation, entry)
                && entry.due.is_none_or(|due| escalation.due == Some(due))
                && entry.owner.is_none_or(|owner| {
                    self.of(&entry.clause)
                        .iter()
                        .any(|duty| duty.cause == escalation.cause && duty.owner == owner)
                })
        });
        if is_there {
            return None;
        }
        let expected = format!("an escalation of {}{entry}", entry.clause);
        Some(self.differs(expected, self.describe_escalations(&entry.clause)))
    }

    fn no_escalation(&self, clause: &str) -> Option<Difference> {
        let silent = !self.found.open_escalations().any(|open| &*open.clause.0 == clause);
        if silent {
            return None;
        }
        Some(self.differs(format!("no escalation of {clause}"), self.describe_escalations(clause)))
    }

    fn describe_escalations(&self, clause: &str) -> String {
        let open: Vec<String> = self
            .found
            .open_escalations()
            .filter(|escalation| &*escalation.clause.0 == clause)
            .map(|escalation| {
                let due = escalation.due.map(|due| format!(", due {}", in_words(due)));
                let due = due.unwrap_or_default();
                format!("{clause} to {} (urgency {}{due})", escalation.to, escalation.urgency)
            })
            .collect();
        if open.is_empty() {
            return format!("no escalation of {clause}; {}", self.describe(clause));
        }
        open.join("; ")
    }

    fn indicator(&self, entry: &Entry) -> Option<Difference> {
        let shown = &self.found.indicators;
        if shown.iter().any(|indicator| *indicator.clause.0 == *entry.clause) {
            return None;
        }
        let names: Vec<String> = shown
            .iter()
            .map(|indicator| format!("{} ({})", indicator.clause, indicator.name))
            .collect();
        let found = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        Some(self.differs(format!("indicator {}", entry.clause), format!("indicators: {found}")))
    }

    fn closing(&self, expected: Option<bool>) -> Option<Difference> {
        let expected = expected.filter(|expected| *expected != self.found.may_close)?;
        let words = |may| if may { "the case may be closed" } else { "the case may not be closed" };
        Some(self.differs(words(expected).to_owned(), words(self.found.may_close).to_owned()))
    }
}

fn is_told(escalation: &Escalation, entry: &Entry) -> bool {
    entry.to.is_none_or(|to| escalation.to == to)
        && entry.urgency.is_none_or(|urgency| escalation.urgency == urgency)
}

fn plural(n: u32, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}
