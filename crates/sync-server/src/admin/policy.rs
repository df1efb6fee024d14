//! The organisation's policies: what it decided about them, and what that would change.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use doorstep_core::assessment::{Assessment, Cause, Duty, Escalation};
use doorstep_core::ids::ChildId;
use doorstep_core::policy::{Policy, PolicyDocument};
use doorstep_core::time::deadline_in_words;

use super::AdminError;
use crate::judge::{Judge, events_of};
use crate::store::{StoreError, Tx};

/// Takes a decision about policies into use, and judges every child again by it, in one
/// transaction. One that is weaker than the built-in packs is refused. Answers how many children
/// were judged.
pub fn put_policy(
    tx: &mut dyn Tx,
    judge: &Judge,
    document: &PolicyDocument,
) -> Result<usize, AdminError> {
    let policy = Arc::new(Policy::of(document)?);
    let now = judge.now();
    let judge = Judge { policy, ..judge.clone() };
    tx.put_policy(document)?;
    let mut judged = 0;
    for child in tx.children()? {
        if !tx.history(child.id)?.is_empty() {
            judge.assess_stored(tx, child.id, now)?;
            judged += 1;
        }
    }
    Ok(judged)
}

/// What one policy says of a child beside another.
#[derive(Clone, Debug)]
pub struct Compared {
    /// The child.
    pub child: ChildId,
    /// What the organisation's own system calls it.
    pub external: String,
    /// What would be different, a sentence for each duty or escalation.
    pub changes: Vec<String>,
}

/// Replays the whole log under two policies, as of `now`: the children of whom they say different
/// things. `judged` is called after each child, with how many there are in all.
pub fn compare(
    tx: &dyn Tx,
    (one, other): (&Policy, &Policy),
    now: DateTime<Utc>,
    mut judged: impl FnMut(usize),
) -> Result<Vec<Compared>, StoreError> {
    let children = tx.children()?;
    let total = children.len();
    let mut found = Vec::new();
    for child in children {
        let events = events_of(tx, child.id)?;
        let before = one.assess(&child.record, &events, now);
        let after = other.assess(&child.record, &events, now);
        let changes = changes(&before, &after);
        if !changes.is_empty() {
            found.push(Compared { child: child.id, external: child.external, changes });
        }
        judged(total);
    }
    Ok(found)
}

/// The duties and escalations that are not the same, in words. The version of the pack alone is no
/// difference.
fn changes(before: &Assessment, after: &Assessment) -> Vec<String> {
    let duties = differing(&duties(before), &duties(after), "duty");
    let told = differing(&escalations(before), &escalations(after), "escalation");
    duties.into_iter().chain(told).collect()
}

/// What identifies a line of an assessment, and what is said of it.
type Lines = BTreeMap<(String, Cause), String>;

fn duties(assessment: &Assessment) -> Lines {
    let line = |duty: &Duty| {
        let due = duty.due.as_ref().map(|due| format!(", due {}", deadline_in_words(due.at)));
        let due = due.unwrap_or_default();
        let said = format!("{} ({}, {}{due})", duty.state.as_str(), duty.modality, duty.owner);
        ((duty.clause.to_string(), duty.cause), said)
    };
    assessment.duties.iter().map(line).collect()
}

fn escalations(assessment: &Assessment) -> Lines {
    let line = |told: &Escalation| {
        let said = format!("{} ({}, {})", told.standing, told.urgency, told.ground);
        ((format!("{} to {}", told.clause, told.to), told.cause), said)
    };
    assessment.escalations.iter().map(line).collect()
}

fn differing(before: &Lines, after: &Lines, what: &str) -> Vec<String> {
    let keys: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    keys.into_iter()
        .filter_map(|key| {
            let name = &key.0;
            match (before.get(key), after.get(key)) {
                (None, Some(said)) => Some(format!("{what} {name}: would be {said}")),
                (Some(said), None) => Some(format!("{what} {name}: would not arise; is {said}")),
                (Some(one), Some(other)) if one != other => {
                    Some(format!("{what} {name}: would be {other}; is {one}"))
                }
                _ => None,
            }
        })
        .collect()
}
