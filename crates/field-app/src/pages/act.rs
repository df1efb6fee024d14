//! What can be recorded besides a visit, and the links that lead there from a duty.

use doorstep_core::describe::{role, subject};
use doorstep_core::ids::EventId;
use doorstep_core::policy::Act;
use doorstep_core::wire::ChildCard;

use crate::app::App;
use crate::text::text;

/// What a short form records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Inform,
    Discuss,
    AskAgency,
    CheckAddress,
    TryAgain,
    Decide,
    AddStep,
    WeighImpact,
    AssessVulnerability,
    AssessEffectOnChildren,
    ConsiderNeeds,
    AgreePlan,
    Contribute,
    CopyLetter,
    ArrangeInterpreter,
    SetTimeframe,
    StartProcedures,
    FamilyMadeContact,
    RaiseConcern,
    CloseConcern,
    SeenElsewhere,
}

impl Kind {
    /// Every kind, in the order in which they are offered.
    pub const ALL: [Self; 21] = [
        Self::Inform,
        Self::Discuss,
        Self::AskAgency,
        Self::CheckAddress,
        Self::TryAgain,
        Self::FamilyMadeContact,
        Self::SeenElsewhere,
        Self::RaiseConcern,
        Self::CloseConcern,
        Self::WeighImpact,
        Self::ConsiderNeeds,
        Self::ArrangeInterpreter,
        Self::CopyLetter,
        Self::AddStep,
        Self::Decide,
        Self::AgreePlan,
        Self::Contribute,
        Self::SetTimeframe,
        Self::StartProcedures,
        Self::AssessVulnerability,
        Self::AssessEffectOnChildren,
    ];

    /// Its part of the address.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Inform => "inform",
            Self::Discuss => "discuss",
            Self::AskAgency => "ask-agency",
            Self::CheckAddress => "check-address",
            Self::TryAgain => "try-again",
            Self::Decide => "decide",
            Self::AddStep => "add-step",
            Self::WeighImpact => "weigh-impact",
            Self::AssessVulnerability => "assess-vulnerability",
            Self::AssessEffectOnChildren => "assess-effect-on-children",
            Self::ConsiderNeeds => "consider-needs",
            Self::AgreePlan => "agree-plan",
            Self::Contribute => "contribute",
            Self::CopyLetter => "copy-letter",
            Self::ArrangeInterpreter => "arrange-interpreter",
            Self::SetTimeframe => "set-timeframe",
            Self::StartProcedures => "start-procedures",
            Self::FamilyMadeContact => "family-made-contact",
            Self::RaiseConcern => "raise-concern",
            Self::CloseConcern => "close-concern",
            Self::SeenElsewhere => "seen-elsewhere",
        }
    }

    /// The kind with this part of the address.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// It is about one earlier record of a failed contact.
    pub const fn is_about_a_contact(self) -> bool {
        matches!(self, Self::AddStep | Self::CopyLetter)
    }
}

/// The address of the form that meets a duty.
pub fn act_link(app: &App, card: &ChildCard, act: Act, of: Option<EventId>) -> String {
    let (kind, detail) = match act {
        Act::See => return app.at(&format!("/child/{}", card.id)),
        Act::Inform(role) => (Kind::Inform, Some(role.as_str())),
        Act::Discuss(role) => (Kind::Discuss, Some(role.as_str())),
        Act::AskAgency => (Kind::AskAgency, None),
        Act::CheckAddress => (Kind::CheckAddress, None),
        Act::TryAgain => (Kind::TryAgain, None),
        Act::Decide(on) => (Kind::Decide, Some(on.as_str())),
        Act::AddStep(step) => (Kind::AddStep, Some(step.as_str())),
        Act::WeighImpact => (Kind::WeighImpact, None),
        Act::AssessVulnerability => (Kind::AssessVulnerability, None),
        Act::AssessEffectOnChildren => (Kind::AssessEffectOnChildren, None),
        Act::ConsiderNeeds => (Kind::ConsiderNeeds, None),
        Act::AgreePlan => (Kind::AgreePlan, None),
        Act::Contribute => (Kind::Contribute, None),
        Act::CopyLetter => (Kind::CopyLetter, None),
        Act::ArrangeInterpreter => (Kind::ArrangeInterpreter, None),
        Act::SetTimeframe => (Kind::SetTimeframe, None),
        Act::StartProcedures => (Kind::StartProcedures, None),
    };
    let mut link = app.at(&format!("/child/{}/do/{}", card.id, kind.as_str()));
    let of = of.filter(|_| kind.is_about_a_contact()).map(|of| of.to_string());
    for (place, (name, value)) in
        [("what", detail), ("of", of.as_deref())].into_iter().filter_map(with_value).enumerate()
    {
        link = format!("{link}{}{name}={value}", if place == 0 { '?' } else { '&' });
    }
    link
}

fn with_value<'a>((name, value): (&'a str, Option<&'a str>)) -> Option<(&'a str, &'a str)> {
    Some((name, value?))
}

/// What the link to it says.
pub fn act_words(act: Act) -> String {
    match act {
        Act::See => text!("do-see"),
        Act::Inform(to) => text!("do-inform", role = role(to)),
        Act::Discuss(with) => text!("do-discuss", role = role(with)),
        Act::AskAgency => text!("do-ask-agency"),
        Act::CheckAddress => text!("do-check-address"),
        Act::TryAgain => text!("do-try-again"),
        Act::Decide(on) => text!("do-decide", on = subject(on)),
        Act::AddStep(step) => text!(&format!("do-step-{step}")),
        Act::WeighImpact => text!("do-weigh-impact"),
        Act::AssessVulnerability => text!("do-assess-vulnerability"),
        Act::AssessEffectOnChildren => text!("do-assess-effect-on-children"),
        Act::ConsiderNeeds => text!("do-consider-needs"),
        Act::AgreePlan => text!("do-agree-plan"),
        Act::Contribute => text!("do-contribute"),
        Act::CopyLetter => text!("do-copy-letter"),
        Act::ArrangeInterpreter => text!("do-arrange-interpreter"),
        Act::SetTimeframe => text!("do-set-timeframe"),
        Act::StartProcedures => text!("do-start-procedures"),
    }
}

/// The keys of the forms' titles, for the test of the wording.
#[cfg(test)]
pub fn wording_keys() -> Vec<String> {
    Kind::ALL.iter().map(|kind| format!("act-{}", kind.as_str())).collect()
}
