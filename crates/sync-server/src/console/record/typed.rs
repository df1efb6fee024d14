//! What was typed into a form, and what it says happened.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use doorstep_core::event::{
    AddressChecked, AddressKnown, Agency, AgencyConsulted, ChildSeen, Decided, Discussed, Informed,
    Known, NewAppointment, Note, Referral, Role, Subject, VisitTimeframeSet, What,
};
use doorstep_core::time::london;
use serde::Deserialize;

use super::kind::{Kind, Noted};
use crate::console::form::{DateParts, Fault};
use crate::console::text::text;

/// Characters that a reason or a note may have.
pub const WORDS_MAX: usize = 2000;

/// The fields of a form, as they were typed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Typed(pub BTreeMap<String, String>);

impl Typed {
    /// What was typed into a field; nothing where it was not there.
    pub fn get(&self, field: &str) -> &str {
        self.0.get(field).map_or("", String::as_str)
    }

    /// Whether somebody said that it was earlier than now.
    pub fn is_earlier(&self) -> bool {
        !self.date().is_empty() || !self.get("time").trim().is_empty()
    }

    /// The date whose parts are the fields `day`, `month` and `year`.
    pub fn date(&self) -> DateParts<'_> {
        DateParts([self.get("day"), self.get("month"), self.get("year")])
    }
}

/// The form's fields, with the faults found in them so far.
struct Reading<'a> {
    typed: &'a Typed,
    now: DateTime<Utc>,
    faults: Vec<Fault>,
}

/// What a form says: what happened, and when.
pub fn read(
    kind: Kind,
    typed: &Typed,
    now: DateTime<Utc>,
) -> Result<(What, DateTime<Utc>), Vec<Fault>> {
    let mut reading = Reading { typed, now, faults: Vec::new() };
    let what = reading.what(kind);
    let at = reading.when();
    match (what, at) {
        (Some(what), Some(at)) if reading.faults.is_empty() => Ok((what, at)),
        _ => Err(reading.faults),
    }
}

impl Reading<'_> {
    fn fault<T>(&mut self, field: &'static str, words: String) -> Option<T> {
        self.faults.push((field, words));
        None
    }

    fn word<T: std::str::FromStr>(&mut self, field: &'static str, key: &str) -> Option<T> {
        self.typed.get(field).parse().ok().or_else(|| self.fault(field, text!(key)))
    }

    fn words(&mut self, field: &'static str, key: &str) -> Option<String> {
        let words = self.typed.get(field).trim();
        if words.is_empty() || words.chars().count() > WORDS_MAX {
            return self.fault(field, text!(key, most = WORDS_MAX));
        }
        Some(words.to_owned())
    }

    /// Words that may be left out; what is wrong with them is among the faults.
    fn words_if_any(&mut self, field: &'static str, key: &str) -> Option<String> {
        if self.typed.get(field).trim().is_empty() { None } else { self.words(field, key) }
    }

    fn what(&mut self, kind: Kind) -> Option<What> {
        match kind {
            Kind::Discuss => {
                let with = self.word::<Role>("with", "record-with-fault");
                let referral = self.word::<Referral>("referral", "record-referral-fault");
                let note = self.words_if_any("words", "record-discussed-fault");
                Some(What::Discussed(Discussed { with: with?, referral: referral?, note }))
            }
            Kind::Timeframe => {
                self.by_when().map(|by_when| What::VisitTimeframeSet(VisitTimeframeSet { by_when }))
            }
            Kind::Decide(on) => self
                .outcome(on)
                .map(|outcome| What::Decided(Decided { on, outcome: Some(outcome) })),
            Kind::Told => {
                let who = self.word::<Role>("who", "record-told-fault")?;
                Some(What::Informed(Informed { who }))
            }
            Kind::Seen => {
                let seen_by = self.agency("record-agency-fault");
                let needs_met = self.word::<Known>("needs", "record-choose-fault");
                let (seen_by, needs_met) = (seen_by?, needs_met?);
                Some(What::ChildSeen(ChildSeen { seen_by, needs_met, from_distance: false }))
            }
            Kind::AskAgency => {
                let agency = self.agency("record-agency-fault");
                let address = self.word::<AddressKnown>("address", "record-choose-fault");
                let child_seen = self.word::<Known>("child-seen", "record-choose-fault");
                let (agency, address, child_seen) = (agency?, address?, child_seen?);
                Some(What::AgencyConsulted(AgencyConsulted { agency, address, child_seen }))
            }
            Kind::CheckAddress => self.address(),
            Kind::Noted(noted) => {
                let note = Note { note: Some(self.words("words", "record-words-fault")?) };
                Some(of_note(noted, note))
            }
        }
    }

    fn address(&mut self) -> Option<What> {
        let found = self.word::<AddressKnown>("found", "record-choose-fault");
        let appointment = self.word::<NewAppointment>("appointment", "record-choose-fault");
        let checked = AddressChecked { new_appointment: appointment? };
        match found? {
            AddressKnown::Confirmed => Some(What::AddressConfirmed(checked)),
            AddressKnown::Corrected => Some(What::AddressCorrected(checked)),
            AddressKnown::NotKnown => self.fault("found", text!("record-choose-fault")),
        }
    }

    /// What was decided, in one sentence and the reason.
    fn outcome(&mut self, on: Subject) -> Option<String> {
        if on == Subject::VisitUrgency {
            return self.words("why", "record-urgency-fault");
        }
        let chosen = self.typed.get("decided").to_owned();
        let decided = match decisions(on).iter().find(|word| **word == chosen) {
            Some(word) => Some(text!(&format!("record-decided-{word}"))),
            None => self.fault("decided", text!("record-decided-fault")),
        };
        let why = self.words("why", "record-why-fault");
        Some(format!("{}. {}", decided?, why?))
    }

    fn agency(&mut self, key: &str) -> Option<Agency> {
        let other = self.typed.get("agency-other").trim();
        let chosen = if other.is_empty() { self.typed.get("agency") } else { other };
        let name = chosen.to_lowercase().replace([' ', '_'], "-");
        if name.is_empty() {
            return self.fault("agency", text!(key));
        }
        let is_name = |c: char| c.is_alphanumeric() || c == '-';
        if name.chars().count() > 60 || !name.chars().all(is_name) {
            return self.fault("agency-other", text!("record-agency-name-fault"));
        }
        Some(Agency(name))
    }

    fn by_when(&mut self) -> Option<DateTime<Utc>> {
        let date = self.typed.get("by").parse::<NaiveDate>().ok();
        let date = date.or_else(|| self.fault("by", text!("record-day-fault")));
        let time = clock(self.typed.get("by-time"));
        let time = time.or_else(|| self.fault("by-time", text!("record-day-time-fault")));
        let by_when = london(date?, time?);
        if by_when <= self.now {
            return self.fault("by", text!("record-day-past-fault"));
        }
        Some(by_when)
    }

    /// When it happened: now, or at the time that was typed.
    fn when(&mut self) -> Option<DateTime<Utc>> {
        if !self.typed.is_earlier() {
            return Some(self.now);
        }
        let date = self.typed.date().date();
        let date = date.or_else(|| self.fault("day", text!("record-when-day-fault")));
        let time = clock(self.typed.get("time"));
        let time = time.or_else(|| self.fault("time", text!("record-when-time-fault")));
        let at = london(date?, time?);
        if at > self.now {
            return self.fault("day", text!("record-when-future-fault"));
        }
        Some(at)
    }
}

fn clock(text: &str) -> Option<NaiveTime> {
    NaiveTime::parse_from_str(text.trim(), "%H:%M").ok()
}

/// What can be decided on a subject, as the last part of the keys of its words.
pub const fn decisions(on: Subject) -> &'static [&'static str] {
    match on {
        Subject::PlanningOrStrategyMeeting => &["strategy", "planning", "discussion", "none"],
        Subject::VisitUrgency => &[],
        _ => &["yes", "no"],
    }
}

const fn of_note(noted: Noted, note: Note) -> What {
    match noted {
        Noted::TryAgain => What::FurtherAttempt(note),
        Noted::WeighImpact => What::ImpactAssessed(note),
        Noted::AssessVulnerability => What::VulnerabilityAssessed(note),
        Noted::AssessEffect => What::EffectOnChildrenAssessed(note),
        Noted::ConsiderNeeds => What::NeedsConsidered(note),
        Noted::AgreePlan => What::PlanAgreed(note),
        Noted::Contribute => What::ContributionRecorded(note),
        Noted::ArrangeInterpreter => What::InterpreterArranged(note),
        Noted::StartProcedures => What::ProceduresStarted(note),
    }
}

/// The agencies that a form offers: those around the family.
pub fn agencies(of: &BTreeSet<Agency>) -> Vec<&Agency> {
    of.iter().filter(|agency| !agency.is_service()).collect()
}
