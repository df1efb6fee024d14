//! Why a child's duties stand where they stand, in the sentences that the console shows too.

use doorstep_core::event::Event;
use doorstep_core::ids::EventId;
use doorstep_core::policy::{Source, TimeSource};
use doorstep_core::time::in_words;
use doorstep_core::wire::ChildCard;
use doorstep_device_store::Store;

use crate::ambient;
use crate::failure::{OrFail as _, Outcome};
use crate::out::Out;

/// The device's records: described by what they are, with the times that they state.
struct Stated;

impl Source for Stated {
    fn name(&self, _: EventId) -> Option<String> {
        None
    }

    fn time(&self, _: EventId) -> TimeSource {
        TimeSource::Stated
    }
}

/// Explains what is owed for a child, and offers the questions to be considered.
pub fn explain(store: &Store, card: &ChildCard, json: bool, out: &mut Out) -> Outcome {
    let now = ambient::now();
    let policy = store.policy().or_no("cannot read the policy")?.policy;
    let judged = store.assess(card.id, &policy, now).or_no("cannot judge this child")?;
    let held = store.timeline(card.id).or_no("cannot read the device's records")?;
    let events: Vec<Event> = held.iter().filter_map(|held| held.event().cloned()).collect();
    let account = policy.explain(&judged.assessment, &events, &Stated);
    let prompts = policy.prompts(&judged.assessment);
    if json {
        return out.json(&serde_json::json!({ "account": account, "prompts": prompts }));
    }
    out.heading(format!("{}, {}", card.name, in_words(now)))?;
    out.gap()?;
    for line in account.to_string().lines() {
        out.line(line)?;
    }
    out.gap()?;
    out.heading("To be considered")?;
    for prompt in prompts {
        let answer = if prompt.answered_yes { " Yes, by the record." } else { "" };
        out.hanging(&format!("{:8}", prompt.clause), format!("{}{answer}", prompt.question))?;
    }
    Ok(())
}
