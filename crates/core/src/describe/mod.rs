//! The vocabulary in plain English, as every screen shows it: neutral, and never accusing.

pub mod times;

use crate::assessment::{Ground, Modality, Urgency};
use crate::event::{
    AddressKnown, ConcernLevel, FailedContact, Form, Known, KnownConcern, NewAppointment, Plan,
    Question, Referral, Role, Step, Subject, What,
};
use crate::wire::QuarantineCode;

/// A role as one speaks of it.
pub fn role(role: Role) -> String {
    role.as_str().replace('-', " ")
}

/// A word of an agency or a note's kind, as one writes it.
pub fn plain(word: &str) -> String {
    word.replace('-', " ")
}

/// The first letter large.
pub fn sentence_case(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().collect::<String>() + letters.as_str()
    })
}

/// How a contact failed.
pub const fn form(form: Form) -> &'static str {
    match form {
        Form::NoResponse => "no response at the door",
        Form::RefusedByParentOrCarer => "refused by a parent or carer",
        Form::RefusedByThirdParty => "refused by somebody else",
        Form::Doorstep => "door opened, no invitation in",
        Form::WasNotBrought => "was not brought",
        Form::ChildUnseen => "access gained, child not seen",
    }
}

/// A plan.
pub const fn plan(plan: Plan) -> &'static str {
    match plan {
        Plan::EarlyHelp => "Early Help plan",
        Plan::ChildInNeed => "Child in Need plan",
        Plan::ChildProtection => "Child Protection Plan",
    }
}

/// How strongly a clause binds.
pub const fn modality(modality: Modality) -> &'static str {
    match modality {
        Modality::Must => "must be done",
        Modality::Should => "should be done",
        Modality::Consider => "is to be considered",
    }
}

/// How fast somebody must take notice.
pub const fn urgency(urgency: Urgency) -> &'static str {
    match urgency {
        Urgency::Immediate => "Immediate",
        Urgency::SameDay => "Same day",
        Urgency::Routine => "Routine",
    }
}

/// Why a role hears of a duty.
pub const fn ground(ground: Ground) -> &'static str {
    match ground {
        Ground::Owed => "It is for this role to act, or to be told.",
        Ground::Breach => "The limit passed with this still to be done, so it moved one step up.",
    }
}

/// A concern known from before.
pub fn known_concern(concern: KnownConcern) -> String {
    plain(concern.as_str())
}

/// Why an event was set aside, in a few words.
pub const fn quarantine(code: QuarantineCode) -> &'static str {
    match code {
        QuarantineCode::Malformed => "Cannot be read",
        QuarantineCode::UnknownType => "Kind of record not known here",
        QuarantineCode::BadSignature => "Signature does not match",
        QuarantineCode::BrokenChain => "Out of its device’s order",
        QuarantineCode::UnknownChild => "Child not known here",
        QuarantineCode::WrongPerson => "Made in another person’s name",
        QuarantineCode::TooLarge => "Too large",
        QuarantineCode::OutsideEntitlement => "Made after access ended",
        QuarantineCode::BeforeBirth => "Dated before the child was born",
        QuarantineCode::BehindAGap => "What was recorded before it never came",
        QuarantineCode::ClonedDevice => "Two copies of this device are in use",
    }
}

/// A step taken at a contact, as what somebody did.
pub const fn step(step: Step) -> &'static str {
    match step {
        Step::WindowsChecked => "looked at the windows",
        Step::FamilyPhoned => "phoned the family",
        Step::PhoneNotPossible => "no way of phoning the family",
        Step::InterpreterUsed => "used an interpreter",
        Step::CardLeft => "left a card",
        Step::LetterLeft => "left a letter",
    }
}

/// What a question of section 6 is about.
pub const fn question(question: Question) -> &'static str {
    match question {
        Question::SafetyNow => "concern for safety or welfare now",
        Question::EarlierConcerns => "earlier concerns with a support package",
        Question::PlanNow => "a plan is in force",
        Question::LookedAfter => "Looked After",
        Question::PlanWithinYear => "a Child Protection Plan within the last year",
        Question::FamilyViolence => "violence between family members",
        Question::ReligiousOrCultural => "religious or cultural risk",
    }
}

/// How grave a concern is.
pub const fn concern(level: ConcernLevel) -> &'static str {
    match level {
        ConcernLevel::None => "none",
        ConcernLevel::Some => "some",
        ConcernLevel::High => "high",
        ConcernLevel::ChildProtectionIssue => "a clear child protection issue",
    }
}

/// What a decision is on.
pub const fn subject(subject: Subject) -> &'static str {
    match subject {
        Subject::PlanningOrStrategyMeeting => "a planning or strategy meeting",
        Subject::Section47StrategyMeeting => "a section 47 strategy meeting",
        Subject::Police => "approaching the police",
        Subject::KnownContacts => "phoning known contacts",
        Subject::WiderAgencies => "talking with the wider agencies",
        Subject::VisitUrgency => "how urgent the next visit is",
    }
}

/// What happened, in a line.
pub fn title(what: &What) -> String {
    match what {
        What::ChildSeen(seen) if seen.from_distance => "Child seen from a distance only".to_owned(),
        What::ChildSeen(seen) if seen.seen_by.is_service() => "Child seen by us".to_owned(),
        What::ChildSeen(seen) => format!("Child seen by {}", plain(&seen.seen_by.0)),
        What::AgencyConsulted(asked) => format!("Asked {}", plain(&asked.agency.0)),
        What::Informed(told) => format!("Told the {}", role(told.who)),
        What::Discussed(talk) => format!("Discussed with the {}", role(talk.with)),
        What::Decided(decided) => format!("Decision on {}", subject(decided.on)),
        other => sentence_case(kind(other)),
    }
}

/// What kind of thing happened, for the middle of a sentence; of a failed contact, how it failed.
pub const fn kind(what: &What) -> &'static str {
    match what {
        What::FailedContact(contact) => form(contact.form),
        What::ChildSeen(_) => "child seen",
        What::ImpactAssessed(_) => "effect on the child considered",
        What::VulnerabilityAssessed(_) => "vulnerability assessed",
        What::EffectOnChildrenAssessed(_) => "effect on the children assessed",
        What::NeedsConsidered(_) => "needs considered",
        What::PlanAgreed(_) => "plan agreed to establish safety and welfare",
        What::ContributionRecorded(_) => "contribution to a plan recorded",
        What::ProceduresStarted(_) => "child protection procedures started",
        What::FurtherAttempt(_) => "further attempt to arrange a visit",
        What::AgencyConsulted(_) => "another agency asked",
        What::AddressConfirmed(_) => "address confirmed",
        What::AddressCorrected(_) => "address corrected",
        What::LetterCopied(_) => "copy of a letter added",
        What::FamilyMadeContact(_) => "family got in touch",
        What::ConcernRecorded(_) => "concern recorded",
        What::ConcernClosed(_) => "concern closed",
        What::Informed(_) => "somebody told",
        What::Discussed(_) => "discussed",
        What::Decided(_) => "decision taken",
        What::VisitTimeframeSet(_) => "time set for a further visit",
        What::PlanChanged(_) => "plans changed",
        What::AddressChanged(_) => "family moved home",
        What::SchoolChanged(_) => "school changed",
        What::InterpreterArranged(_) => "interpreter arranged",
        What::Corrected(_) => "record corrected",
        What::Withdrawn(_) => "record withdrawn",
        What::CloseRequested(_) => "closing requested",
    }
}

/// The further facts of what happened, each a short sentence.
pub fn facts(what: &What) -> Vec<String> {
    match what {
        What::FailedContact(contact) => contact_facts(contact),
        What::ChildSeen(seen) => vec![match seen.needs_met {
            Known::Yes => "Needs are known to be met.".to_owned(),
            Known::No => "Needs are not met.".to_owned(),
            Known::NotKnown => "Whether needs are met is not known.".to_owned(),
        }],
        What::AgencyConsulted(asked) => vec![
            match asked.address {
                AddressKnown::Confirmed => "The address is right.",
                AddressKnown::Corrected => "The address was wrong and is put right.",
                AddressKnown::NotKnown => "It does not know the address.",
            }
            .to_owned(),
            match asked.child_seen {
                Known::Yes => "It has seen the child.",
                Known::No => "It has not seen the child.",
                Known::NotKnown => "It does not know whether it has seen the child.",
            }
            .to_owned(),
        ],
        What::AddressConfirmed(checked) | What::AddressCorrected(checked) => {
            match checked.new_appointment {
                NewAppointment::None => Vec::new(),
                NewAppointment::Ordinary => vec!["A new appointment was made.".to_owned()],
                NewAppointment::Urgent => vec!["An urgent appointment was made.".to_owned()],
            }
        }
        What::ConcernRecorded(said) | What::ConcernClosed(said) => {
            concern_facts(said.concern, said.answers.iter().copied())
        }
        What::Discussed(talk) => {
            let referral = match talk.referral {
                Referral::Made => "A referral to children’s social care was made.",
                Referral::NotMade => "It was decided not to refer.",
                Referral::NotConsidered => "A referral was not considered.",
            };
            std::iter::once(referral.to_owned()).chain(talk.note.clone()).collect()
        }
        What::Decided(decided) => decided.outcome.iter().cloned().collect(),
        What::VisitTimeframeSet(set) => {
            vec![format!("To be made by {}.", crate::time::in_words(set.by_when))]
        }
        What::PlanChanged(changed) => changed.plans.iter().map(plans_now).collect(),
        What::Corrected(corrected) => corrected.reason.iter().cloned().collect(),
        What::Withdrawn(withdrawn) => withdrawn.reason.iter().cloned().collect(),
        other => note(other).into_iter().collect(),
    }
}

fn plans_now(plans: &std::collections::BTreeSet<Plan>) -> String {
    let names: Vec<_> = plans.iter().copied().map(plan).collect();
    if names.is_empty() {
        "No multi-agency plan from now on.".to_owned()
    } else {
        format!("From now on: {}.", names.join(", "))
    }
}

fn contact_facts(contact: &FailedContact) -> Vec<String> {
    let mut facts = Vec::new();
    facts.push(if contact.planned { "Planned contact." } else { "Unannounced." }.to_owned());
    if contact.actively_prevented {
        facts.push("Actively prevented from seeing the child.".to_owned());
    }
    if let Some(reason) = &contact.reason {
        facts.push(format!("Reason given: “{reason}”"));
    }
    let steps: Vec<_> = contact.steps.iter().copied().map(step).collect();
    facts.push(if steps.is_empty() {
        "No step taken is recorded.".to_owned()
    } else {
        format!("Response: {}.", steps.join(", "))
    });
    if let Some(by) = contact.contact_by {
        facts.push(format!("Contact asked for by {}.", crate::time::in_words(by)));
    }
    facts.extend(concern_facts(contact.concern, contact.answers.iter().copied()));
    facts
}

fn concern_facts(
    level: Option<ConcernLevel>,
    answers: impl Iterator<Item = Question>,
) -> Vec<String> {
    let mut facts = Vec::new();
    if let Some(level) = level {
        facts.push(format!("Concern: {}.", concern(level)));
    }
    let answers: Vec<_> = answers.map(question).collect();
    if !answers.is_empty() {
        facts.push(format!("Answered yes: {}.", answers.join(", ")));
    }
    facts
}

fn note(what: &What) -> Option<String> {
    match what {
        What::ImpactAssessed(note)
        | What::VulnerabilityAssessed(note)
        | What::EffectOnChildrenAssessed(note)
        | What::NeedsConsidered(note)
        | What::PlanAgreed(note)
        | What::ContributionRecorded(note)
        | What::ProceduresStarted(note)
        | What::FurtherAttempt(note)
        | What::AddressChanged(note)
        | What::SchoolChanged(note)
        | What::InterpreterArranged(note)
        | What::CloseRequested(note) => note.note.clone(),
        _ => None,
    }
}
