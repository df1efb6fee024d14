//! What the clauses mean: one small function for each id that can give rise to a duty.
//!
//! Words, owners, limits and thresholds are the pack's; here stands only when a duty arises and
//! what meets it. Definitions, principles and prompts shape other parts, which are named here too,
//! so that no clause of a pack is without a meaning.

mod failure_to_gain_access;
mod no_access;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, OnceLock};

use chrono::{DateTime, Utc};

use super::case::{Case, Episode, Grounds, Met};
use super::pack::{Clause, Pack, in_force};
use crate::assessment::{Duty, DutyState};
use crate::event::Role;
use crate::time::local_date;

/// The clause that rests on what the others found.
pub const LAST: &str = "NA-4.6";

/// What a clause id stands for in the code.
#[derive(Clone, Copy)]
pub enum Meaning {
    /// A duty that may arise in each episode.
    InEpisode(fn(&Scope<'_>, &mut Docket)),
    /// A duty that looks at the whole history.
    Overall(fn(&Scope<'_>, &mut Docket)),
    /// A pattern, found by `indicators`.
    Indicator,
    /// It is upheld elsewhere: where, in words.
    Elsewhere(&'static str),
}

/// The meaning of a clause; none where the id has none.
pub fn meaning(id: &str) -> Option<Meaning> {
    static MEANINGS: OnceLock<HashMap<&str, Meaning>> = OnceLock::new();
    let meanings = MEANINGS.get_or_init(|| {
        no_access::MEANINGS.iter().chain(failure_to_gain_access::MEANINGS).copied().collect()
    });
    meanings.get(id).copied()
}

/// Where a clause is upheld in the code, in words.
pub fn upheld_by(clause: &Clause) -> &'static str {
    match meaning(&clause.meaning_id().0) {
        Some(Meaning::InEpisode(_)) => "a duty that arises in an episode of failed contacts",
        Some(Meaning::Overall(_)) => "a duty that looks at the whole history",
        Some(Meaning::Indicator) => "a pattern shown to a person",
        Some(Meaning::Elsewhere(place)) => place,
        None => "nothing",
    }
}

/// Every id that has a meaning, in the documents' order.
pub fn ids() -> impl Iterator<Item = &'static str> {
    no_access::MEANINGS.iter().chain(failure_to_gain_access::MEANINGS).map(|(id, _)| *id)
}

/// One clause applied to one child.
pub struct Scope<'a> {
    /// The child's case.
    pub case: &'a Case<'a>,
    /// The episode looked at; the last one, for a clause that looks at the whole history.
    pub episode: &'a Episode<'a>,
    /// The versions of the clause's pack.
    pub versions: &'a [Arc<Pack>],
    /// The clause, by the first version of the pack that has it.
    pub clause: &'a Arc<Clause>,
}

/// A duty with what the ledger needs to know beside it.
#[derive(Debug)]
pub struct Entry {
    /// The duty.
    pub duty: Duty,
    /// Who recorded what set it off.
    pub by: Role,
    /// The clause as it was in force.
    pub clause: Arc<Clause>,
}

/// The duties found so far, and the next instant at which one arises by the passing of time alone.
#[derive(Debug, Default)]
pub struct Docket {
    /// What arose.
    pub entries: Vec<Entry>,
    /// What arose in each episode, as places in `entries`.
    by_episode: BTreeMap<usize, Vec<usize>>,
    /// The next instant at which something changes though nothing happens (UTC).
    pub next_change: Option<DateTime<Utc>>,
}

impl Docket {
    fn push(&mut self, episode: usize, entry: Entry) {
        self.by_episode.entry(episode).or_default().push(self.entries.len());
        self.entries.push(entry);
    }

    /// What arose in the episode whose first contact stands at this place in the history.
    pub fn in_episode(&self, episode: usize) -> impl Iterator<Item = &Entry> {
        let places = self.by_episode.get(&episode).into_iter().flatten();
        places.map(|place| &self.entries[*place])
    }

    /// Something changes at `at`, if that is still to come.
    pub fn change_at(&mut self, at: DateTime<Utc>, as_of: DateTime<Utc>) {
        if at > as_of {
            self.next_change = Some(self.next_change.map_or(at, |next| next.min(at)));
        }
    }
}

impl Entry {
    /// When and by what the duty was settled: met, or ended.
    pub fn settled(&self) -> Option<Met> {
        match &self.duty.state {
            DutyState::Met { at, by, .. } => Some(Met { at: *at, by: by.clone() }),
            DutyState::Ended { at, by } => Some(Met { at: *at, by: [*by].into() }),
            DutyState::Open | DutyState::Breached => None,
        }
    }
}

impl Scope<'_> {
    /// The clause `id` of the same pack as it was in force at `at`.
    pub fn other(&self, id: &str, at: DateTime<Utc>) -> Option<&Arc<Clause>> {
        self.pack(at).clause(id)
    }

    /// The clause itself as it was in force at `at`.
    pub fn this(&self, at: DateTime<Utc>) -> Option<&Arc<Clause>> {
        match self.versions {
            [_] => Some(self.clause),
            _ => self.other(&self.clause.id.0, at),
        }
    }

    fn pack(&self, at: DateTime<Utc>) -> &Arc<Pack> {
        match self.versions {
            [only] => only,
            versions => in_force(versions, local_date(at)),
        }
    }

    /// A duty arises on these grounds, and was met so, if it was. Before its time it does not.
    pub fn arises(&self, docket: &mut Docket, grounds: Grounds, met: Option<Met>) {
        docket.change_at(grounds.at, self.case.as_of);
        if grounds.at > self.case.as_of {
            return;
        }
        let pack = self.pack(grounds.at);
        let Some(clause) = self.this(grounds.at) else { return };
        let due = clause.limit.map(|limit| self.case.due(limit, grounds.at));
        let ended = self.episode.assured.filter(|_| clause.ends_when_assured);
        let state = match (met, ended) {
            (Some(met), ended) if ended.is_none_or(|ended| met.at <= ended.at) => {
                let late = due.as_ref().is_some_and(|due| due.is_past(met.at));
                DutyState::Met { at: met.at, late, by: met.by }
            }
            (_, Some(ended)) => DutyState::Ended { at: ended.at, by: ended.id },
            _ if due.as_ref().is_some_and(|due| due.is_past(self.case.as_of)) => {
                DutyState::Breached
            }
            _ => DutyState::Open,
        };
        if let (DutyState::Open, Some(due)) = (&state, &due) {
            let margin = chrono::TimeDelta::milliseconds(i64::from(!due.before));
            docket.change_at(due.at + margin, self.case.as_of);
        }
        let duty = Duty {
            clause: clause.id.clone(),
            sentence: clause.sentence.clone(),
            modality: clause.modality,
            owner: clause.owner,
            cause: grounds.cause,
            evidence: grounds.evidence,
            reason: grounds.reason,
            since: grounds.at,
            due,
            state,
            pack: pack.reference(),
        };
        docket.push(
            self.episode.span.start,
            Entry { duty, by: grounds.by, clause: Arc::clone(clause) },
        );
    }

    /// As [`Scope::arises`], met by the first event of a kind from then on that is as `wanted`.
    pub fn arises_until(
        &self,
        docket: &mut Docket,
        grounds: Grounds,
        kind: super::case::Seek,
        wanted: impl Fn(&crate::event::What) -> bool,
    ) {
        let met = self.case.first(kind, grounds.at, wanted);
        self.arises(docket, grounds, met);
    }

    /// The grounds of a turn at which there is cause for concern: the contact, where it is one that
    /// counts, else the event.
    pub fn grounds(&self, turn: &super::concern::Turn) -> Grounds {
        let contacts = self.episode.contacts_until(turn.position);
        match contacts.last() {
            Some(contact) if contact.position == turn.position => {
                Grounds::contact(contact).resting_on(contacts)
            }
            _ => Grounds::event(self.case.event(turn.position)).resting_on(contacts),
        }
        .because(turn.concern_in_words())
    }
}

/// `first`, `second`, `third` and so on.
fn ordinal(n: usize) -> String {
    const WORDS: [&str; 6] = ["first", "second", "third", "fourth", "fifth", "sixth"];
    n.checked_sub(1)
        .and_then(|index| WORDS.get(index))
        .map_or_else(|| format!("{n}th"), |word| (*word).to_owned())
}
