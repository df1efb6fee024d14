//! What happened, in words for a line of a list. The words never accuse (NA-2.1, NA-4.1).

use std::collections::BTreeSet;

use doorstep_core::event::{
    ChildSeen, ConcernLevel, Event, FailedContact, Form, Known, PlanChanged, Step, What,
};
use doorstep_core::ids::EventId;
use doorstep_core::time::in_words;

/// The end of an identifier, by which a person can name it.
pub fn short(id: EventId) -> String {
    let text = id.to_string();
    text[text.len() - 8..].to_owned()
}

/// What happened.
pub fn what(what: &What) -> String {
    match what {
        What::FailedContact(contact) => failed_contact(contact),
        What::ChildSeen(seen) => child_seen(seen),
        What::ImpactAssessed(n) => noted("effect of the failed contact weighed", n.note.as_ref()),
        What::VulnerabilityAssessed(n) => noted("vulnerability assessed", n.note.as_ref()),
        What::EffectOnChildrenAssessed(n) => {
            noted("effect on the children assessed", n.note.as_ref())
        }
        What::NeedsConsidered(n) => noted("needs considered", n.note.as_ref()),
        What::PlanAgreed(n) => noted("plan agreed", n.note.as_ref()),
        What::ContributionRecorded(n) => noted("contribution to a plan", n.note.as_ref()),
        What::ProceduresStarted(n) => noted("child protection procedures started", n.note.as_ref()),
        What::FurtherAttempt(n) => noted("further attempt to arrange a visit", n.note.as_ref()),
        What::AgencyConsulted(asked) => format!(
            "{} asked: address {}, child seen {}",
            asked.agency.0, asked.address, asked.child_seen
        ),
        What::AddressConfirmed(a) => format!("address right; appointment: {}", a.new_appointment),
        What::AddressCorrected(a) => {
            format!("address put right; appointment: {}", a.new_appointment)
        }
        What::LetterCopied(letter) => format!("copy of the letter of {}", short(letter.of)),
        What::FamilyMadeContact(_) => "family got in touch".to_owned(),
        What::ConcernRecorded(c) => concern("concern recorded", c.concern),
        What::ConcernClosed(c) => concern("concern closed", c.concern),
        What::Informed(informed) => format!("{} informed", spaced(informed.who.as_str())),
        What::Discussed(discussed) => format!(
            "discussed with {}; referral {}",
            spaced(discussed.with.as_str()),
            spaced(discussed.referral.as_str())
        ),
        What::Decided(decided) => {
            noted(&format!("decided on {}", spaced(decided.on.as_str())), decided.outcome.as_ref())
        }
        What::VisitTimeframeSet(set) => format!("further visit by {}", in_words(set.by_when)),
        What::PlanChanged(change) => plan_changed(change),
        What::AddressChanged(n) => noted("moved home", n.note.as_ref()),
        What::SchoolChanged(n) => noted("changed or left school", n.note.as_ref()),
        What::InterpreterArranged(n) => noted("interpreter arranged", n.note.as_ref()),
        What::Corrected(corrected) => {
            let keys: Vec<_> = corrected.set.keys().map(String::as_str).collect();
            let text = format!("correction of {}: {}", short(corrected.of), keys.join(", "));
            noted(&text, corrected.reason.as_ref())
        }
        What::Withdrawn(withdrawn) => {
            let text = format!("withdrawal of {}", short(withdrawn.of));
            noted(&text, withdrawn.reason.as_ref())
        }
        What::CloseRequested(n) => noted("asked to close", n.note.as_ref()),
    }
}

/// When it happened and what.
pub fn event(event: &Event) -> String {
    format!("{}, {}", in_words(event.at), what(&event.what))
}

/// A kebab-case word with spaces.
pub fn spaced(word: &str) -> String {
    word.replace('-', " ")
}

fn failed_contact(contact: &FailedContact) -> String {
    let form = match contact.form {
        Form::NoResponse => "no response",
        Form::RefusedByParentOrCarer => "refused by a parent or carer",
        Form::RefusedByThirdParty => "refused by somebody else",
        Form::Doorstep => "not invited in, at the doorstep",
        Form::WasNotBrought => "child was not brought",
        Form::ChildUnseen => "child not seen",
    };
    let mut text = form.to_owned();
    if !contact.planned {
        text.push_str(" (unannounced)");
    }
    if contact.actively_prevented {
        text.push_str("; actively prevented");
    }
    if !contact.steps.is_empty() {
        text = format!("{text}; {}", steps(&contact.steps));
    }
    text = concern(&text, contact.concern);
    noted(&text, contact.reason.as_ref())
}

fn steps(steps: &BTreeSet<Step>) -> String {
    let words: Vec<_> = steps.iter().map(|step| spaced(step.as_str())).collect();
    words.join(", ")
}

fn child_seen(seen: &ChildSeen) -> String {
    let by = if seen.seen_by.is_service() { "the service" } else { seen.seen_by.0.as_str() };
    let needs = match seen.needs_met {
        Known::Yes => "needs met",
        Known::No => "needs not met",
        Known::NotKnown => "whether needs are met is not known",
    };
    let distance = if seen.from_distance { " from a distance" } else { "" };
    format!("child seen{distance} by {}; {needs}", spaced(by))
}

fn plan_changed(change: &PlanChanged) -> String {
    let mut parts = Vec::new();
    if let Some(plans) = &change.plans {
        let words: Vec<_> = plans.iter().map(|plan| spaced(plan.as_str())).collect();
        parts.push(if words.is_empty() { "no plan".to_owned() } else { words.join(", ") });
    }
    if let Some(by) = change.visit_due_by {
        parts.push(format!("visit due by {}", in_words(by)));
    }
    format!("plan changed: {}", parts.join("; "))
}

fn concern(text: &str, level: Option<ConcernLevel>) -> String {
    match level {
        Some(level) => format!("{text}; concern: {}", spaced(level.as_str())),
        None => text.to_owned(),
    }
}

fn noted(text: &str, note: Option<&String>) -> String {
    note.map_or_else(|| text.to_owned(), |note| format!("{text}: \"{note}\""))
}
