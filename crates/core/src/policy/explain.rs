//! Why: for each duty the clause and its words, what set it off and what met it, how its limit was
//! computed and what was left out of the count. As data, and as sentences for a manager or a court.

use serde::Serialize;

use super::Policy;
use crate::assessment::{
    Assessment, Due, Duty, DutyState, NotCounted, PackRef, Standing, WhyNotCounted,
};
use crate::event::{Event, FailedContact, Form, What};
use crate::ids::EventId;
use crate::time::{deadline_in_words, in_words};

/// Why one duty stands where it stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// The clause's id.
    pub clause: String,
    /// Where it stands in which document.
    pub citation: String,
    /// What it says.
    pub sentence: String,
    /// Who owes it, and how strongly it binds.
    pub owed_by: String,
    /// Where it stands.
    pub state: String,
    /// Why it arose, in a few words.
    pub reason: String,
    /// The events that set it off.
    pub because: Vec<String>,
    /// The events that met or ended it.
    pub settled_by: Vec<String>,
    /// How its limit was computed, where it has one.
    pub limit: Option<String>,
    /// Who must hear of it, or had to.
    pub told: Vec<String>,
    /// The pack that was in force when it arose.
    pub pack: PackRef,
}

/// Where the events that are explained come from.
pub trait Source {
    /// What to call an event before it is described, for example its short name in a scenario.
    fn name(&self, event: EventId) -> Option<String>;

    /// Which source of its time was trusted, and why.
    fn time(&self, event: EventId) -> TimeSource;
}

/// Which source of an event's time was trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TimeSource {
    /// The time that was stated with the record.
    Stated,
    /// An earlier time than stated: the device's clock was found to be off, or the stated time was
    /// later than arrival, which cannot be.
    Earlier,
}

/// What an assessment rests on, in words.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Account {
    /// Which times were trusted.
    pub times: String,
    /// The counts.
    pub counted: String,
    /// What was left out of them, and why.
    pub not_counted: Vec<String>,
    /// Each duty.
    pub duties: Vec<Explanation>,
    /// Each pattern, with what it rests on.
    pub indicators: Vec<String>,
    /// Whether the case may be closed; if not, why.
    pub closing: String,
}

/// A question of a pack's prompts, with what the record answers already.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Prompt {
    /// The clause's id.
    pub clause: String,
    /// The matter in a word or two.
    pub matter: String,
    /// The question.
    pub question: String,
    /// The record answers it yes.
    pub answered_yes: bool,
}

impl Policy {
    /// The questions to be offered at and after a failed contact, in their documents' order.
    pub fn prompts(&self, assessment: &Assessment) -> Vec<Prompt> {
        let clauses = self.packs.newest().flat_map(|pack| pack.clauses.iter());
        clauses
            .filter_map(|clause| {
                let answered_yes =
                    assessment.answered.iter().any(|answer| *answer.as_str() == *clause.id.0);
                Some(Prompt {
                    clause: clause.id.to_string(),
                    matter: clause.sentence.to_string(),
                    question: clause.question.clone()?,
                    answered_yes,
                })
            })
            .collect()
    }

    /// Gives an account of an assessment of these events.
    pub fn explain(
        &self,
        assessment: &Assessment,
        events: &[Event],
        source: &dyn Source,
    ) -> Account {
        let teller = Teller { policy: self, assessment, events, source };
        Account {
            times: teller.times(),
            counted: teller.counted(),
            not_counted: assessment.not_counted.iter().map(|not| teller.left_out(not)).collect(),
            duties: assessment.duties.iter().map(|duty| teller.duty(duty)).collect(),
            indicators: assessment
                .indicators
                .iter()
                .map(|found| {
                    let rests = teller.events(&found.evidence).join("; ");
                    format!(
                        "{} ({}): {} It rests on: {rests}.",
                        found.clause, found.name, found.sentence
                    )
                })
                .collect(),
            closing: teller.closing(),
        }
    }
}

struct Teller<'a> {
    policy: &'a Policy,
    assessment: &'a Assessment,
    events: &'a [Event],
    source: &'a dyn Source,
}

impl Teller<'_> {
    fn counted(&self) -> String {
        format!(
            "{} in the open episode, {} of them without access to the home",
            plural(self.assessment.failed_contacts, "failed contact"),
            self.assessment.no_access_visits
        )
    }

    fn times(&self) -> String {
        let late: Vec<String> = self
            .events
            .iter()
            .filter(|event| self.source.time(event.id) == TimeSource::Earlier)
            .map(|event| self.event(event.id))
            .collect();
        if late.is_empty() {
            return "every time is the one stated with its record".to_owned();
        }
        format!(
            "times are those stated with the records, but for these, whose device's clock was off \
             and whose limits run from the earlier plausible time: {}",
            late.join("; ")
        )
    }

    fn event(&self, id: EventId) -> String {
        let described = self.events.iter().find(|event| event.id == id).map(describe);
        let described = described.unwrap_or_else(|| "a record that is not here".to_owned());
        self.source
            .name(id)
            .map_or_else(|| described.clone(), |name| format!("{name}: {described}"))
    }

    fn events(&self, ids: &[EventId]) -> Vec<String> {
        ids.iter().map(|id| self.event(*id)).collect()
    }

    fn left_out(&self, not: &NotCounted) -> String {
        let event = self.event(not.event);
        match &not.why {
            WhyNotCounted::Withdrawn(by) => format!("{event} (withdrawn by {})", self.event(*by)),
            WhyNotCounted::SameVisit(with) => {
                format!("{event} (the same visit as {})", self.event(*with))
            }
            WhyNotCounted::EarlierEpisode(by) => {
                format!("{event} (an earlier episode, closed by {})", self.event(*by))
            }
            WhyNotCounted::OtherPolicy(pack) => {
                format!("{event} (not a contact that the policy \"{pack}\" counts)")
            }
            WhyNotCounted::CorrectionWithoutEffect => {
                format!("{event} (it corrects nothing that is there)")
            }
        }
    }

    fn duty(&self, duty: &Duty) -> Explanation {
        let settled: &[EventId] = match &duty.state {
            DutyState::Met { by, .. } => by,
            DutyState::Ended { by, .. } => std::slice::from_ref(by),
            DutyState::Open | DutyState::Breached => &[],
        };
        Explanation {
            clause: duty.clause.to_string(),
            citation: self.citation(duty),
            sentence: duty.sentence.to_string(),
            owed_by: format!("the {} ({})", duty.owner, duty.modality),
            state: state(duty),
            reason: duty.reason.to_string(),
            because: self.events(&duty.evidence),
            settled_by: self.events(settled),
            limit: duty.due.as_ref().map(|due| limit(duty, due)),
            told: self.told(duty),
            pack: duty.pack.clone(),
        }
    }

    fn citation(&self, duty: &Duty) -> String {
        let packs = self.policy.packs.lines().flatten();
        let pack = packs.filter(|pack| pack.reference() == duty.pack).last();
        let clause = pack.and_then(|pack| pack.clause(&duty.clause.0));
        match (pack, clause) {
            (Some(pack), Some(clause)) => format!("{}, {}", pack.title, clause.section),
            _ => duty.pack.id.to_string(),
        }
    }

    fn told(&self, duty: &Duty) -> Vec<String> {
        self.assessment
            .escalations
            .iter()
            .filter(|told| told.clause == duty.clause && told.cause == duty.cause)
            .map(|told| {
                let standing = match told.standing {
                    Standing::Open => "",
                    Standing::Discharged => ", discharged: the duty is met",
                    Standing::StoodDown => ", stood down: the child is assured",
                };
                format!("{} ({}{standing})", told.to, told.urgency)
            })
            .collect()
    }

    fn closing(&self) -> String {
        if self.assessment.may_close {
            return "the case may be closed".to_owned();
        }
        let gates = ["NA-4.10", "NA-4.2", "NA-4.4"];
        let open: Vec<String> = self
            .assessment
            .duties
            .iter()
            .filter(|duty| duty.state.is_owed() && gates.contains(&&*duty.clause.0))
            .map(|duty| format!("{} ({})", duty.sentence.trim_end_matches('.'), duty.clause))
            .collect();
        format!("the case cannot be closed yet: {}", open.join("; "))
    }
}

fn state(duty: &Duty) -> String {
    match &duty.state {
        DutyState::Open => "open".to_owned(),
        DutyState::Breached => "breached: its limit passed and it is still owed".to_owned(),
        DutyState::Met { at, late: false, .. } => format!("met on {}", in_words(*at)),
        DutyState::Met { at, late: true, .. } => {
            format!("met on {}, after its limit", in_words(*at))
        }
        DutyState::Ended { at, .. } => {
            format!("ended on {}: the child is assured", in_words(*at))
        }
    }
}

fn limit(duty: &Duty, due: &Due) -> String {
    let mut sentence =
        format!("{} from {}: {}", due.limit, in_words(duty.since), deadline_in_words(due.at));
    if !due.stepped_over.is_empty() {
        let days: Vec<String> = due
            .stepped_over
            .iter()
            .map(|day| format!("{} {}", day.name, day.date.format("%-d %B")))
            .collect();
        sentence = format!("{sentence} (stepping over {})", days.join(", "));
    }
    sentence
}

/// An event in words, for example `no response at a planned visit on Monday 2 March 2026, 10:00`.
pub fn describe(event: &Event) -> String {
    format!("{} on {}", what(&event.what), in_words(event.at))
}

fn what(what: &What) -> String {
    match what {
        What::FailedContact(failed) => failed_contact(failed),
        What::ChildSeen(seen) => {
            let by = if seen.seen_by.is_service() { "us" } else { &seen.seen_by.0 };
            let how = if seen.from_distance { " from a distance only" } else { "" };
            format!("child seen by {by}{how}, needs met: {}", seen.needs_met)
        }
        What::AgencyConsulted(said) => format!(
            "{} consulted (address {}, child seen: {})",
            said.agency.0, said.address, said.child_seen
        ),
        What::AddressCorrected(found) => {
            format!("address corrected (new appointment: {})", found.new_appointment)
        }
        What::Informed(informed) => format!("{} told", informed.who),
        What::Discussed(said) => {
            format!("discussed with {} (referral {})", said.with, said.referral)
        }
        What::Decided(decided) => format!("decision on {}", crate::describe::subject(decided.on)),
        What::VisitTimeframeSet(set) => {
            format!("time set for a further visit: by {}", in_words(set.by_when))
        }
        other => crate::describe::kind(other).to_owned(),
    }
}

fn failed_contact(failed: &FailedContact) -> String {
    let planned = if failed.planned { "a planned" } else { "an unannounced" };
    match failed.form {
        Form::NoResponse => format!("no response at {planned} visit"),
        Form::RefusedByParentOrCarer => {
            format!("access refused by a parent or carer at {planned} visit")
        }
        Form::RefusedByThirdParty => format!("access refused by somebody else at {planned} visit"),
        Form::Doorstep => format!("not invited in at {planned} visit"),
        Form::WasNotBrought => "child was not brought to an appointment".to_owned(),
        Form::ChildUnseen => format!("child not seen at {planned} visit"),
    }
}

fn plural(n: u32, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

impl std::fmt::Display for Explanation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{}  {}", self.clause, self.sentence)?;
        writeln!(
            f,
            "    source   {}; pack {} version {}",
            self.citation, self.pack.id, self.pack.version
        )?;
        writeln!(f, "    owed by  {}", self.owed_by)?;
        writeln!(f, "    state    {}", self.state)?;
        writeln!(f, "    because  {}", self.reason)?;
        if let Some(limit) = &self.limit {
            writeln!(f, "    limit    {limit}")?;
        }
        for (label, lines) in
            [("rests on", &self.because), ("settled", &self.settled_by), ("told", &self.told)]
        {
            for line in lines {
                writeln!(f, "    {label:8} {line}")?;
            }
        }
        Ok(())
    }
}

impl std::fmt::Display for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{}", self.counted)?;
        writeln!(f, "{}", self.times)?;
        for line in &self.not_counted {
            writeln!(f, "not counted: {line}")?;
        }
        writeln!(f)?;
        for duty in &self.duties {
            writeln!(f, "{duty}")?;
        }
        for indicator in &self.indicators {
            writeln!(f, "{indicator}")?;
        }
        writeln!(f, "{}", self.closing)
    }
}
