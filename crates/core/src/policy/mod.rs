//! The policies: packs as data, clauses as code, one pure function from history to assessment.

mod case;
mod clauses;
mod concern;
mod coverage;
mod escalate;
mod explain;
mod indicators;
mod load;
mod pack;
pub mod scenario;
mod weaken;

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::assessment::{Assessment, NotCounted, PackRef, WhyNotCounted};
use crate::calendar::Calendar;
use crate::event::{ChildRecord, Event};
use crate::time::local_date;
use case::{Case, Episode};
pub use clauses::upheld_by;
use clauses::{Docket, Meaning, Scope, meaning};
pub use coverage::{Coverage, Reached};
pub use explain::{Account, Explanation, describe};
pub use load::{PackError, read_pack};
pub use pack::{Clause, Counting, Kind, Limit, Pack, Packs, Parameters, in_force};
pub use weaken::{Weakening, weakenings};

/// Why an organisation's own pack is not taken into use.
#[derive(Debug, thiserror::Error)]
pub enum AdoptError {
    /// It cannot be read.
    #[error(transparent)]
    Malformed(#[from] PackError),
    /// It is weaker than the pack that it extends: each way, in words.
    #[error("the pack is weaker than the one it extends: {}", sentences(.0))]
    Weaker(Vec<Weakening>),
}

fn sentences(weaker: &[Weakening]) -> String {
    weaker.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// Everything that judging needs besides the child: the packs and the working calendar.
#[derive(Clone, Debug)]
pub struct Policy {
    packs: Packs,
    calendar: Calendar,
}

impl Policy {
    /// The two built-in packs and the built-in calendar.
    pub fn built_in() -> Self {
        Self { packs: load::built_in(), calendar: Calendar::built_in().clone() }
    }

    /// These packs and this calendar.
    pub fn new(packs: Packs, calendar: Calendar) -> Self {
        Self { packs, calendar }
    }

    /// The packs.
    pub fn packs(&self) -> &Packs {
        &self.packs
    }

    /// The working calendar.
    pub fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    /// The same policy with only the packs of these ids; an id that is not there is handed back.
    pub fn only(&self, ids: &[&str]) -> Result<Self, String> {
        Ok(Self { packs: self.packs.only(ids)?, calendar: self.calendar.clone() })
    }

    /// Takes an organisation's own pack into use, from its date on. One that is weaker than the
    /// built-in pack that it goes back to is refused (GA-0.2), and nothing changes.
    pub fn adopt(&mut self, text: &str) -> Result<PackRef, AdoptError> {
        let own = read_pack(text, &self.packs)?;
        let built_in = load::built_in();
        let base = built_in.newest().find(|pack| pack.line == own.line);
        let weaker = base.map_or_else(Vec::new, |base| weakenings(&own, base, &self.calendar));
        if !weaker.is_empty() {
            return Err(AdoptError::Weaker(weaker));
        }
        let reference = own.reference();
        self.packs.add(own);
        Ok(reference)
    }

    /// Judges one child at the instant `as_of`, from what its record said before its first event
    /// and from its events, which may come in any order. Events that happened after `as_of` are
    /// left out.
    pub fn assess(
        &self,
        record: &ChildRecord,
        events: &[Event],
        as_of: DateTime<Utc>,
    ) -> Assessment {
        let case = Case::gather(record, events, &self.calendar, as_of);
        let mut docket = Docket::default();
        let mut indicators = Vec::new();
        for versions in self.packs.lines() {
            let episodes = episodes(&case, versions);
            judge(&case, versions, &episodes, &mut docket);
            let now = in_force(versions, local_date(as_of));
            let found = now.clauses.iter().filter(|clause| clause.kind == Kind::Indicator);
            indicators
                .extend(found.filter_map(|clause| indicators::find(&case, &episodes, clause)));
        }
        self.conclude(&case, docket, indicators)
    }

    fn conclude(
        &self,
        case: &Case<'_>,
        mut docket: Docket,
        indicators: Vec<crate::assessment::Indicator>,
    ) -> Assessment {
        docket.entries.sort_by_cached_key(|entry| entry.duty.since);
        let may_close = !docket.entries.iter().any(|entry| {
            entry.duty.state.is_owed()
                && ["NA-4.2", "NA-4.4", "NA-4.10"].contains(&&*entry.clause.meaning_id().0)
        });
        let counted = case.episodes(|contact| {
            self.packs.lines().any(|line| counting(line, contact.at).counts(contact))
        });
        let open = counted.last().filter(|episode| episode.assured.is_none());
        let contacts = open.map_or(&[][..], |episode| &episode.contacts);
        let no_access = contacts.iter().filter(|contact| contact.no_access).count();
        Assessment {
            as_of: case.as_of,
            failed_contacts: count(contacts.len()),
            no_access_visits: count(no_access),
            escalations: escalate::escalations(&docket.entries),
            duties: docket.entries.into_iter().map(|entry| entry.duty).collect(),
            indicators,
            may_close,
            answered: case.known.answered(case.as_of),
            not_counted: self.not_counted(case, &counted),
            next_change: docket.next_change,
        }
    }

    /// What was left out of the counts: withdrawn, the same visit again, another policy's kind of
    /// contact, an earlier episode.
    fn not_counted(&self, case: &Case<'_>, episodes: &[Episode<'_>]) -> Vec<NotCounted> {
        let mut left_out = case.history.not_counted.clone();
        for contact in &case.history.contacts {
            for versions in self.packs.lines() {
                if !counting(versions, contact.at).counts(contact) {
                    let why = WhyNotCounted::OtherPolicy(versions[0].id.clone());
                    left_out.push(NotCounted { event: contact.records[0], why });
                }
            }
        }
        for episode in episodes {
            let Some(assured) = episode.assured else { continue };
            let why = WhyNotCounted::EarlierEpisode(assured.id);
            let earlier = episode.contacts.iter().map(|contact| contact.records[0]);
            left_out.extend(earlier.map(|event| NotCounted { event, why: why.clone() }));
        }
        left_out
    }
}

/// The clauses of all versions of a policy, each once. One that rests on what others found (NA-4.6)
/// comes last.
fn clauses_of(versions: &[Arc<Pack>]) -> Vec<&Arc<Clause>> {
    let mut clauses: Vec<_> = versions.iter().flat_map(|pack| pack.clauses.iter()).collect();
    if versions.len() > 1 {
        let mut seen = BTreeSet::new();
        clauses.retain(|clause| seen.insert(&clause.id));
    }
    clauses.sort_by_key(|clause| &*clause.meaning_id().0 == clauses::LAST);
    clauses
}

fn counting(versions: &[Arc<Pack>], at: DateTime<Utc>) -> &Counting {
    match versions {
        [only] => &only.counting,
        _ => &in_force(versions, local_date(at)).counting,
    }
}

fn episodes<'c>(case: &'c Case<'_>, versions: &[Arc<Pack>]) -> Vec<Episode<'c>> {
    case.episodes(|contact| counting(versions, contact.at).counts(contact))
}

/// Applies each clause of one policy to each episode.
fn judge(case: &Case<'_>, versions: &[Arc<Pack>], episodes: &[Episode<'_>], docket: &mut Docket) {
    let Some(latest) = episodes.last() else { return };
    for clause in clauses_of(versions) {
        match meaning(&clause.meaning_id().0) {
            Some(Meaning::InEpisode(judge)) => {
                for episode in episodes {
                    judge(&Scope { case, episode, versions, clause }, docket);
                }
            }
            Some(Meaning::Overall(judge)) => {
                judge(&Scope { case, episode: latest, versions, clause }, docket);
            }
            Some(Meaning::Indicator | Meaning::Elsewhere(_)) | None => {}
        }
    }
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
