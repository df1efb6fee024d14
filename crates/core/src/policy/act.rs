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
