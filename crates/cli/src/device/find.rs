//! Finding what a person means: a child by name or id, a record by the end of its id.

use doorstep_core::ids::{ChildId, EventId};
use doorstep_core::wire::ChildCard;
use doorstep_device_store::{Held, Store};

use crate::failure::{Failure, OrFail as _, Outcome};
use doorstep_sync_server::caseload::did_you_mean;

/// How many names a question for more exactness lists.
const NAMES_MAX: usize = 5;

/// The child whose name has every word of `text`, or whose id it is.
pub fn child(children: &[ChildCard], text: &str) -> Outcome<ChildCard> {
    if let Ok(id) = text.parse::<ChildId>()
        && let Some(card) = children.iter().find(|card| card.id == id)
    {
        return Ok(card.clone());
    }
    if let Some(card) = children.iter().find(|card| card.name == text) {
        return Ok(card.clone());
    }
    let words: Vec<_> = text.split_whitespace().map(str::to_lowercase).collect();
    let meant: Vec<_> = children
        .iter()
        .filter(|card| {
            let name = card.name.to_lowercase();
            !words.is_empty() && words.iter().all(|word| name.contains(word.as_str()))
        })
        .collect();
    match meant.as_slice() {
        [card] => Ok((*card).clone()),
        [] => {
            // People type a first name; it is like a part of a name, and seldom like the whole.
            let names = children.iter().map(|card| card.name.as_str());
            let hint =
                did_you_mean(text, names.clone().chain(names.flat_map(str::split_whitespace)));
            Err(Failure::Misused(format!("this device holds no child \"{text}\"{hint}")))
        }
        several => {
            let names: Vec<_> =
                several.iter().take(NAMES_MAX).map(|card| card.name.as_str()).collect();
            let names = names.join(", ");
            let sentence =
                format!("\"{text}\" could be {names}: write more of the name, or the id");
            Err(Failure::Misused(sentence))
        }
    }
}

/// The record whose id ends with `text`, and what is held of it.
pub fn record(store: &Store, text: &str) -> Outcome<Held> {
    let text = text.trim().to_lowercase();
    if let Ok(id) = text.parse::<EventId>()
        && let Some(held) = store.event(id).or_no("cannot read the device's records")?
    {
        return Ok(held);
    }
    let mut meant = Vec::new();
    if text.len() >= 4 {
        for card in store.children().or_no("cannot read the caseload")? {
            let held = store.timeline(card.id).or_no("cannot read the device's records")?;
            let ends = |held: &Held| held.id().is_some_and(|id| id.to_string().ends_with(&text));
            meant.extend(held.into_iter().filter(ends));
        }
    }
    match meant.len() {
        1 => Ok(meant.remove(0)),
        0 => Err(Failure::Misused(format!(
            "this device holds no record \"{text}\": `doorstep device list` shows them"
        ))),
        _ => {
            Err(Failure::Misused(format!("several records end with \"{text}\": write more of it")))
        }
    }
}

/// The id of the record whose id ends with `text`.
pub fn record_id(store: &Store, text: &str) -> Outcome<EventId> {
    record(store, text)?
        .id()
        .ok_or_else(|| Failure::No("this record cannot be read: update the app".to_owned()))
}
