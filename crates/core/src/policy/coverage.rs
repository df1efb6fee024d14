//! Which clauses, in which states, a set of scenarios pins down.

use std::collections::{BTreeMap, BTreeSet};

use super::Policy;
use super::clauses::{Meaning, meaning};
use super::pack::{Clause, Kind};
use super::scenario::Scenario;
use crate::assessment::ClauseId;
use crate::words::words;

words!(
    /// A state that a scenario can pin a clause down in.
    Reached {
        /// Owed, and not past its limit.
        Open = "open",
        /// Discharged in time.
        Met = "met",
        /// Discharged after its limit.
        MetLate = "met late",
        /// Owed, and past its limit.
        Breached = "breached",
        /// Ended by assurance.
        Ended = "ended",
        /// Did not arise.
        Absent = "absent",
        /// Shown, for an indicator.
        Shown = "shown",
    }
);

/// How far scenarios reach: for each clause the states that it can have, and which are pinned down.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    rows: BTreeMap<ClauseId, BTreeMap<Reached, bool>>,
}

/// The states that a clause can have. GA-3.8 is met by the very record that sets it off.
fn possible(clause: &Clause) -> BTreeSet<Reached> {
    let mut states = BTreeSet::new();
    match meaning(&clause.meaning_id().0) {
        Some(Meaning::InEpisode(_) | Meaning::Overall(_)) => {
            states.extend([Reached::Open, Reached::Met, Reached::Absent]);
        }
        Some(Meaning::Indicator) => {
            states.insert(Reached::Shown);
        }
        Some(Meaning::Elsewhere(_)) | None => {}
    }
    if &*clause.meaning_id().0 == "GA-3.8" {
        states.remove(&Reached::Open);
    }
    if clause.limit.is_some() {
        states.extend([Reached::MetLate, Reached::Breached]);
    }
    if clause.ends_when_assured {
        states.insert(Reached::Ended);
    }
    states
}

impl Coverage {
    /// Nothing reached yet of the newest version of each pack.
    pub fn of(policy: &Policy) -> Self {
        let clauses = policy.packs().newest().flat_map(|pack| pack.clauses.iter());
        let rows = clauses
            .filter(|clause| clause.kind != Kind::Prompt)
            .map(|clause| {
                let states = possible(clause).into_iter().map(|state| (state, false)).collect();
                (clause.id.clone(), states)
            })
            .collect();
        Self { rows }
    }

    /// Takes in what a scenario pins down. It must hold.
    pub fn add(&mut self, scenario: &Scenario) {
        for (clause, state) in scenario.expectations.iter().flat_map(|expect| expect.pinned()) {
            let row = self.rows.iter_mut().find(|(id, _)| *id.0 == *clause);
            if let Some(reached) = row.and_then(|(_, states)| states.get_mut(&state)) {
                *reached = true;
            }
        }
    }

    /// Each clause with its possible states, and whether each is reached.
    pub fn rows(&self) -> impl Iterator<Item = (&ClauseId, &BTreeMap<Reached, bool>)> {
        self.rows.iter().filter(|(_, states)| !states.is_empty())
    }

    /// How many states are reached, of how many.
    pub fn total(&self) -> (usize, usize) {
        let states = self.rows.values().flat_map(BTreeMap::values);
        states.fold((0, 0), |(reached, of), is| (reached + usize::from(*is), of + 1))
    }
}
