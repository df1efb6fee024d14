//! What can be recorded from an escalation, and what of it is offered for which duty.

use doorstep_core::assessment::Duty;
use doorstep_core::event::{Role, Subject, What};
use doorstep_core::policy::{Act, Policy};

/// One kind of thing that can be recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A discussion, with its referral decision.
    Discuss,
    /// A time for a further visit.
    Timeframe,
    /// A decision.
    Decide(Subject),
    /// Somebody was told.
    Told,
    /// The child was seen.
    Seen,
    /// Another agency was asked.
    AskAgency,
    /// The address was checked.
    CheckAddress,
    /// Something that is said in words.
    Noted(Noted),
}

/// What is said in words only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Noted {
    /// Another attempt to arrange a visit.
    TryAgain,
    /// The effect on the child.
    WeighImpact,
    /// The child's vulnerability.
    AssessVulnerability,
    /// The effect on a carer's children.
    AssessEffect,
    /// Whether needs are met.
    ConsiderNeeds,
    /// A plan.
    AgreePlan,
    /// A contribution to a plan.
    Contribute,
    /// An interpreter.
    ArrangeInterpreter,
    /// Child protection procedures.
    StartProcedures,
}

impl Noted {
    const ALL: [Self; 9] = [
        Self::TryAgain,
        Self::WeighImpact,
        Self::AssessVulnerability,
        Self::AssessEffect,
        Self::ConsiderNeeds,
        Self::AgreePlan,
        Self::Contribute,
        Self::ArrangeInterpreter,
        Self::StartProcedures,
    ];

    const fn as_str(self) -> &'static str {
        match self {
            Self::TryAgain => "try-again",
            Self::WeighImpact => "weigh-impact",
            Self::AssessVulnerability => "assess-vulnerability",
            Self::AssessEffect => "assess-effect",
            Self::ConsiderNeeds => "consider-needs",
            Self::AgreePlan => "agree-plan",
            Self::Contribute => "contribute",
            Self::ArrangeInterpreter => "arrange-interpreter",
            Self::StartProcedures => "start-procedures",
        }
    }
}

impl Kind {
    /// What a manager records of any escalation, whatever its clause asks for.
    pub const ALWAYS: [Self; 7] = [
        Self::Discuss,
        Self::Timeframe,
        Self::Decide(Subject::PlanningOrStrategyMeeting),
        Self::Decide(Subject::Section47StrategyMeeting),
        Self::Decide(Subject::Police),
        Self::Decide(Subject::KnownContacts),
        Self::Seen,
    ];

    /// Every kind.
    pub fn all() -> impl Iterator<Item = Self> {
        let plain = [
            Self::Discuss,
            Self::Timeframe,
            Self::Told,
            Self::Seen,
            Self::AskAgency,
            Self::CheckAddress,
        ];
        let decisions = Subject::ALL.iter().copied().map(Self::Decide);
        plain.into_iter().chain(decisions).chain(Noted::ALL.into_iter().map(Self::Noted))
    }

    /// The word for it in a path.
    pub fn word(self) -> String {
        match self {
            Self::Discuss => "discuss".to_owned(),
            Self::Timeframe => "timeframe".to_owned(),
            Self::Decide(on) => format!("decide-{on}"),
            Self::Told => "told".to_owned(),
            Self::Seen => "seen".to_owned(),
            Self::AskAgency => "ask-agency".to_owned(),
            Self::CheckAddress => "check-address".to_owned(),
            Self::Noted(noted) => noted.as_str().to_owned(),
        }
    }

    /// The kind with this word.
    pub fn called(word: &str) -> Option<Self> {
        Self::all().find(|kind| kind.word() == word)
    }

    /// The kind that records this act, where the office can record it: a step at the visit and the
    /// copy of a letter belong to the record of the visit.
    const fn of(act: Act) -> Option<Self> {
        Some(match act {
            Act::See => Self::Seen,
            Act::Inform(_) => Self::Told,
            Act::Discuss(_) => Self::Discuss,
            Act::AskAgency => Self::AskAgency,
            Act::CheckAddress => Self::CheckAddress,
            Act::Decide(on) => Self::Decide(on),
            Act::SetTimeframe => Self::Timeframe,
            Act::TryAgain => Self::Noted(Noted::TryAgain),
            Act::WeighImpact => Self::Noted(Noted::WeighImpact),
            Act::AssessVulnerability => Self::Noted(Noted::AssessVulnerability),
            Act::AssessEffectOnChildren => Self::Noted(Noted::AssessEffect),
            Act::ConsiderNeeds => Self::Noted(Noted::ConsiderNeeds),
            Act::AgreePlan => Self::Noted(Noted::AgreePlan),
            Act::Contribute => Self::Noted(Noted::Contribute),
            Act::ArrangeInterpreter => Self::Noted(Noted::ArrangeInterpreter),
            Act::StartProcedures => Self::Noted(Noted::StartProcedures),
            Act::AddStep(_) | Act::CopyLetter => return None,
        })
    }

    /// Whether this is a record of this kind.
    pub fn records(self, what: &What) -> bool {
        match (self, what) {
            (Self::Discuss, What::Discussed(_))
            | (Self::Timeframe, What::VisitTimeframeSet(_))
            | (Self::Told, What::Informed(_))
            | (Self::Seen, What::ChildSeen(_))
            | (Self::AskAgency, What::AgencyConsulted(_))
            | (Self::CheckAddress, What::AddressConfirmed(_) | What::AddressCorrected(_)) => true,
            (Self::Decide(on), What::Decided(decided)) => decided.on == on,
            (Self::Noted(noted), what) => noted.records(what),
            _ => false,
        }
    }
}

impl Noted {
    const fn records(self, what: &What) -> bool {
        matches!(
            (self, what),
            (Self::TryAgain, What::FurtherAttempt(_))
                | (Self::WeighImpact, What::ImpactAssessed(_))
                | (Self::AssessVulnerability, What::VulnerabilityAssessed(_))
                | (Self::AssessEffect, What::EffectOnChildrenAssessed(_))
                | (Self::ConsiderNeeds, What::NeedsConsidered(_))
                | (Self::AgreePlan, What::PlanAgreed(_))
                | (Self::Contribute, What::ContributionRecorded(_))
                | (Self::ArrangeInterpreter, What::InterpreterArranged(_))
                | (Self::StartProcedures, What::ProceduresStarted(_))
        )
    }
}

/// What can be recorded from one escalation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offer {
    /// What meets its duty, the likeliest first.
    pub meets: Vec<Kind>,
    /// What else there is.
    pub also: Vec<Kind>,
    /// The roles that the clause names, for a discussion or for telling somebody.
    pub roles: Vec<Role>,
}

impl Offer {
    /// What is offered for a duty; where there is none, or it is settled, what is always offered.
    pub fn of(policy: &Policy, duty: Option<&Duty>) -> Self {
        let owed = duty.filter(|duty| duty.state.is_owed());
        let acts = owed.map(|duty| policy.acts(duty)).unwrap_or_default();
        let mut offer = Self::default();
        for act in acts {
            if let Act::Discuss(role) | Act::Inform(role) = act {
                offer.roles.push(role);
            }
            if let Some(kind) = Kind::of(act).filter(|kind| !offer.meets.contains(kind)) {
                offer.meets.push(kind);
            }
        }
        offer.also = Kind::ALWAYS.into_iter().filter(|kind| !offer.meets.contains(kind)).collect();
        offer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_found_under_its_own_word() {
        for kind in Kind::all() {
            assert_eq!(Kind::called(&kind.word()), Some(kind));
        }
        assert_eq!(Kind::called("nothing"), None);
    }
}
