//! What happened, in words for a line of a list. The words never accuse (NA-2.1, NA-4.1).

use std::collections::BTreeSet;

use doorstep_core::describe;
use doorstep_core::event::{
    ChildSeen, ConcernLevel, Event, FailedContact, Known, PlanChanged, Step, What,
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
    let said = describe::kind(what);
    match what {
        What::FailedContact(contact) => failed_contact(contact),
        What::ChildSeen(seen) => child_seen(seen),
        What::ImpactAssessed(n)
        | What::VulnerabilityAssessed(n)
        | What::EffectOnChildrenAssessed(n)
        | What::NeedsConsidered(n)
        | What::PlanAgreed(n)
        | What::ContributionRecorded(n)
        | What::ProceduresStarted(n)
        | What::FurtherAttempt(n)
        | What::AddressChanged(n)
        | What::SchoolChanged(n)
        | What::InterpreterArranged(n)
        | What::CloseRequested(n) => noted(said, n.note.as_ref()),
        What::AgencyConsulted(asked) => format!(
            "{} asked: address {}, child seen {}",
            asked.agency.0, asked.address, asked.child_seen
        ),
        What::AddressConfirmed(a) | What::AddressCorrected(a) => {
            format!("{said}; appointment: {}", a.new_appointment)
        }
        What::LetterCopied(letter) => format!("copy of the letter of {}", short(letter.of)),
        What::FamilyMadeContact(_) => said.to_owned(),
        What::ConcernRecorded(c) | What::ConcernClosed(c) => concern(said, c.concern),
        What::Informed(informed) => format!("{} told", spaced(informed.who.as_str())),
        What::Discussed(discussed) => format!(
            "discussed with {}; referral {}",
            spaced(discussed.with.as_str()),
            spaced(discussed.referral.as_str())
        ),
        What::Decided(decided) => noted(
            &format!("decision on {}", describe::subject(decided.on)),
            decided.outcome.as_ref(),
        ),
        What::VisitTimeframeSet(set) => format!("{said}: by {}", in_words(set.by_when)),
        What::PlanChanged(change) => plan_changed(change),
        What::Corrected(corrected) => {
            let keys: Vec<_> = corrected.set.keys().map(String::as_str).collect();
            let text = format!("correction of {}: {}", short(corrected.of), keys.join(", "));
            noted(&text, corrected.reason.as_ref())
        }
        What::Withdrawn(withdrawn) => {
            let text = format!("withdrawal of {}", short(withdrawn.of));
            noted(&text, withdrawn.reason.as_ref())
        }
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
    let mut text = describe::form(contact.form).to_owned();
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
    let words: Vec<_> = steps.iter().map(|step| describe::step(*step)).collect();
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
        let words: Vec<_> = plans.iter().map(|plan| describe::plan(*plan)).collect();
        parts.push(if words.is_empty() { "no plan".to_owned() } else { words.join(", ") });
    }
    if let Some(by) = change.visit_due_by {
        parts.push(format!("visit due by {}", in_words(by)));
    }
    format!("plans changed: {}", parts.join("; "))
}

fn concern(text: &str, level: Option<ConcernLevel>) -> String {
    match level {
        Some(level) => format!("{text}; concern: {}", describe::concern(level)),
        None => text.to_owned(),
    }
}

fn noted(text: &str, note: Option<&String>) -> String {
    note.map_or_else(|| text.to_owned(), |note| format!("{text}: \"{note}\""))
}
