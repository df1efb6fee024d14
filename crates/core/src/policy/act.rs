//! What a person can do to meet a duty: so that a device can offer it one tap away.

use serde::Serialize;

use super::Policy;
use crate::assessment::Duty;
use crate::event::{Role, Step, Subject};

/// Something that meets a duty, or a part of it, once it is done and recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(tag = "act", content = "of", rename_all = "kebab-case")]
pub enum Act {
    /// See the child.
    See,
    /// Tell somebody.
    Inform(Role),
    /// Talk with somebody; whether to refer may belong to it.
    Discuss(Role),
    /// Ask another agency.
    AskAgency,
    /// Check the address.
    CheckAddress,
    /// Try again to arrange a visit.
    TryAgain,
    /// Take a decision and record it.
    Decide(Subject),
    /// Say that a step was taken at the visit after all.
    AddStep(Step),
    /// Weigh the effect on the child.
    WeighImpact,
    /// Assess the child's vulnerability.
    AssessVulnerability,
    /// Assess the effect on a carer's children.
    AssessEffectOnChildren,
    /// Consider whether the needs of a child seen elsewhere are met.
    ConsiderNeeds,
    /// Agree a plan.
    AgreePlan,
    /// Contribute to a plan.
    Contribute,
    /// Put a copy of the letter with the record.
    CopyLetter,
    /// Arrange an interpreter.
    ArrangeInterpreter,
    /// Set a time for a further visit.
    SetTimeframe,
    /// Start child protection procedures.
    StartProcedures,
}

impl Policy {
    /// What meets a duty, the likeliest first. Nothing for a duty that others settle.
    pub fn acts(&self, duty: &Duty) -> Vec<Act> {
        let clause = self.packs.newest().find_map(|pack| pack.clause(&duty.clause.0));
        let Some(clause) = clause else { return Vec::new() };
        let discussed = || clause.parameters.with.iter().copied().map(Act::Discuss);
        match &*clause.meaning_id().0 {
            "GA-6.1" => clause
                .tell
                .iter()
                .filter_map(|chain| chain.first())
                .copied()
                .map(Act::Inform)
                .collect(),
            "NA-4.3" | "NA-4.13" | "NA-7.1" | "NA-7.2" | "GA-3.5" => discussed().collect(),
            "GA-5.5" => discussed().chain([Act::AskAgency]).collect(),
            id => fixed(id).to_vec(),
        }
    }
}

/// The acts of clauses that name nobody.
const fn fixed(id: &str) -> &'static [Act] {
    match id.as_bytes() {
        b"NA-4.2" => &[Act::AssessVulnerability],
        b"NA-4.4" => &[Act::AssessEffectOnChildren],
        b"NA-4.5" => &[Act::WeighImpact],
        b"NA-4.7" | b"NA-4.10" => &[Act::See],
        b"NA-4.8" => &[Act::AskAgency, Act::CheckAddress],
        b"NA-4.9" => &[Act::AskAgency],
        b"NA-4.11" => &[Act::ConsiderNeeds],
        b"NA-4.12" => &[Act::AgreePlan],
        b"NA-4.15" => &[Act::CopyLetter],
        b"NA-4.17" => &[Act::Contribute],
        b"NA-7.3" => &[Act::SetTimeframe, Act::See],
        b"GA-3.1" => &[Act::AddStep(Step::WindowsChecked)],
        b"GA-3.2" | b"NA-4.14" | b"NA-4.18" => {
            &[Act::AddStep(Step::FamilyPhoned), Act::AddStep(Step::PhoneNotPossible)]
        }
        b"GA-3.3" | b"GA-4.3" | b"GA-5.3" => &[Act::TryAgain],
        b"GA-3.4" => &[Act::ArrangeInterpreter, Act::AddStep(Step::InterpreterUsed)],
        b"GA-3.6" => &[Act::Decide(Subject::KnownContacts)],
        b"GA-3.7" => &[Act::Decide(Subject::Police)],
        b"GA-3.9" | b"GA-4.5" => &[Act::Decide(Subject::PlanningOrStrategyMeeting)],
        b"GA-4.1" | b"GA-5.1" => &[Act::CheckAddress, Act::AskAgency],
        b"GA-4.2" => &[Act::AddStep(Step::CardLeft), Act::AddStep(Step::LetterLeft)],
        b"GA-4.4" => &[Act::Decide(Subject::WiderAgencies)],
        b"GA-5.2" => &[Act::AddStep(Step::LetterLeft)],
        b"GA-5.6" => &[Act::StartProcedures],
        b"GA-6.3" => &[Act::Inform(Role::LineManager)],
        b"GA-6.4" => &[Act::Decide(Subject::VisitUrgency)],
        b"GA-6.6" => &[Act::Decide(Subject::Section47StrategyMeeting)],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use chrono::{DateTime, TimeDelta, Utc};

    use super::*;
    use crate::assessment::DutyState;
    use crate::event::{
        AddressChecked, AddressKnown, Agency, AgencyConsulted, ChildRecord, ChildSeen,
        CommunicationNeed, ConcernLevel, Corrected, Decided, Discussed, Event, FailedContact, Form,
        Informed, Known, LetterCopied, NewAppointment, Note, Plan, Referral, VisitTimeframeSet,
        What,
    };
    use crate::ids::EventId;
    use crate::policy::Kind;

    fn start() -> DateTime<Utc> {
        "2026-03-02T10:00:00Z".parse().unwrap()
    }

    fn event(number: u8, at: DateTime<Utc>, what: What) -> Event {
        let id = EventId::at(at, [number; 10]);
        let (by, attachments) = (Role::Practitioner, Vec::new());
        Event { id, at, recorded: at, by, attachments, what }
    }

    fn failed(concern: ConcernLevel, steps: &[Step]) -> What {
        let mut contact = FailedContact::new(Form::NoResponse);
        contact.concern = Some(concern);
        contact.steps = steps.iter().copied().collect();
        What::FailedContact(contact)
    }

    fn school() -> Agency {
        Agency("school".to_owned())
    }

    fn asked(address: AddressKnown) -> What {
        let agency = school();
        What::AgencyConsulted(AgencyConsulted { agency, address, child_seen: Known::No })
    }

    /// What somebody records who does this.
    fn recorded(act: Act, duty: &Duty, at: DateTime<Utc>) -> What {
        let note = Note::default;
        let of = *duty.evidence.last().expect("a duty rests on something");
        match act {
            Act::See => What::ChildSeen(ChildSeen {
                seen_by: Agency("service".to_owned()),
                needs_met: Known::Yes,
                from_distance: false,
            }),
            Act::Inform(who) => What::Informed(Informed { who }),
            Act::Discuss(with) => What::Discussed(Discussed::new(with, Referral::NotMade)),
            Act::AskAgency => asked(AddressKnown::Confirmed),
            Act::CheckAddress => {
                What::AddressConfirmed(AddressChecked { new_appointment: NewAppointment::None })
            }
            Act::TryAgain => What::FurtherAttempt(note()),
            Act::Decide(on) => What::Decided(Decided { on, outcome: None }),
            Act::AddStep(step) => {
                let mut set = serde_json::Map::new();
                let steps = [Step::CardLeft, step].into_iter().collect::<BTreeSet<_>>();
                set.insert("steps".to_owned(), serde_json::json!(steps));
                What::Corrected(Corrected { of, set, reason: None })
            }
            Act::WeighImpact => What::ImpactAssessed(note()),
            Act::AssessVulnerability => What::VulnerabilityAssessed(note()),
            Act::AssessEffectOnChildren => What::EffectOnChildrenAssessed(note()),
            Act::ConsiderNeeds => What::NeedsConsidered(note()),
            Act::AgreePlan => What::PlanAgreed(note()),
            Act::Contribute => What::ContributionRecorded(note()),
            Act::CopyLetter => What::LetterCopied(LetterCopied { of }),
            Act::ArrangeInterpreter => What::InterpreterArranged(note()),
            Act::SetTimeframe => {
                What::VisitTimeframeSet(VisitTimeframeSet { by_when: at + TimeDelta::days(1) })
            }
            Act::StartProcedures => What::ProceduresStarted(note()),
        }
    }

    /// Histories that raise duties of many clauses.
    fn histories() -> Vec<(ChildRecord, Vec<Event>)> {
        let hour = |hours: i64| start() + TimeDelta::hours(hours);
        let protected = ChildRecord {
            plans: BTreeSet::from([Plan::ChildProtection]),
            communication_needs: BTreeSet::from([CommunicationNeed::Interpreter]),
            involved_agencies: BTreeSet::from([school()]),
            ..ChildRecord::default()
        };
        let carers = ChildRecord {
            service: crate::event::Service::ParentsOrCarers,
            involved_agencies: BTreeSet::from([school()]),
            ..ChildRecord::default()
        };
        let contacts = |level| {
            let left = [Step::CardLeft];
            let issue = ConcernLevel::ChildProtectionIssue;
            vec![
                event(1, hour(0), failed(level, &left)),
                event(2, hour(48), failed(level, &left)),
                event(3, hour(72), failed(level.max(ConcernLevel::Some).min(issue), &[])),
            ]
        };
        let mut grave = contacts(ConcernLevel::ChildProtectionIssue);
        let mut letter = FailedContact::new(Form::NoResponse);
        letter.steps.insert(Step::LetterLeft);
        grave.push(event(4, hour(73), What::FailedContact(letter)));
        let who = Role::KeyWorker;
        grave.push(event(5, hour(74), What::Informed(Informed { who })));
        let mut unseen = contacts(ConcernLevel::None);
        unseen.push(event(6, hour(75), asked(AddressKnown::NotKnown)));
        let elsewhere =
            ChildSeen { seen_by: school(), needs_met: Known::NotKnown, from_distance: false };
        let mut seen = contacts(ConcernLevel::None);
        seen.push(event(7, hour(75), What::ChildSeen(elsewhere)));
        vec![
            (ChildRecord::default(), vec![event(1, hour(0), failed(ConcernLevel::None, &[]))]),
            (ChildRecord::default(), contacts(ConcernLevel::None)),
            (ChildRecord::default(), seen),
            (protected.clone(), contacts(ConcernLevel::High)),
            (protected.clone(), grave),
            (protected, unseen.clone()),
            (carers, unseen),
        ]
    }

    #[test]
    fn what_is_offered_for_a_duty_meets_it() {
        let policy = Policy::built_in();
        let now = start() + TimeDelta::days(5);
        let mut covered = BTreeSet::new();
        for (record, events) in histories() {
            let before = policy.assess(&record, &events, now);
            for duty in before.owed() {
                let acts = policy.acts(duty);
                let mut after = events.clone();
                for (place, act) in acts.iter().enumerate() {
                    let number = 100 + u8::try_from(place).unwrap();
                    after.push(event(number, now, recorded(*act, duty, now)));
                }
                let later = policy.assess(&record, &after, now + TimeDelta::minutes(1));
                let same = |other: &&Duty| other.clause == duty.clause && other.cause == duty.cause;
                let state = later.duties.iter().find(same).map(|duty| duty.state.clone());
                let owed = matches!(state, Some(DutyState::Open | DutyState::Breached));
                assert!(owed == acts.is_empty(), "{} {acts:?}: {state:?}", duty.clause);
                covered.insert(duty.clause.to_string());
            }
        }
        assert!(covered.len() > 30, "only these were tried: {covered:?}");
    }

    #[test]
    fn every_duty_has_something_that_meets_it() {
        // Met by the record itself, or by what others do.
        const BY_ITSELF: [&str; 3] = ["NA-4.6", "GA-3.8", "GA-5.4"];
        let policy = Policy::built_in();
        for clause in policy.packs.newest().flat_map(|pack| &pack.clauses) {
            let id = &*clause.id.0;
            let tells = id == "GA-6.1" || !clause.parameters.with.is_empty();
            let offered = tells || !fixed(id).is_empty();
            let is_duty = clause.kind == Kind::Duty;
            assert!(!is_duty || offered != BY_ITSELF.contains(&id), "{id}");
        }
    }
}
