//! The policies: packs as data, clauses as code, one pure function from history to assessment.

mod act;
mod call;
mod case;
mod clauses;
mod concern;
mod coverage;
mod episodes;
mod escalate;
mod explain;
mod indicators;
mod load;
mod pack;
pub mod scenario;
mod weaken;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::assessment::{Assessment, NotCounted, PackRef, WhyNotCounted};
use crate::calendar::Calendar;
use crate::event::{ChildRecord, Event, Service};
use crate::seal::Hash;
use crate::time::local_date;
use crate::words::closest;
pub use act::Act;
pub use call::{Call, Known};
use case::{Case, Episode};
pub use clauses::upheld_by;
use clauses::{Docket, Meaning, Scope, meaning};
pub use coverage::{Coverage, Reached};
pub use episodes::CountedEpisode;
pub use explain::{Account, Explanation, Prompt, Source, TimeSource, describe};
pub use load::{PackError, read_pack};
pub use pack::{Clause, Counting, Kind, Limit, Pack, Packs, Parameters, in_force};
pub use weaken::{Weakening, weakenings};

/// Why an organisation's own pack is not taken into use.
#[derive(Debug, thiserror::Error)]
pub enum AdoptError {
    /// It cannot be read.
    #[error(transparent)]
    Malformed(#[from] PackError),
    /// It goes back to no built-in pack, so that nothing could say whether it is weaker.
    #[error("the pack \"{id}\" extends nothing: name the pack that it extends")]
    ExtendsNothing {
        /// The pack.
        id: Arc<str>,
    },
    /// A service is to be judged by a policy that is not there.
    #[error("the policy \"{id}\" for the service {service} is not there{hint}")]
    UnknownPolicy {
        /// The service.
        service: Service,
        /// The policy that was named.
        id: String,
        /// What could be meant.
        hint: String,
    },
    /// A service is to be judged by nothing at all.
    #[error("no policy is named for the service {service}: name one, or leave the service out")]
    NoPolicy {
        /// The service.
        service: Service,
    },
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
    services: BTreeMap<Service, BTreeSet<String>>,
}

/// What an organisation decided about its policies, as it is kept in files and sent to devices: the
/// same document gives the same [`Policy`] everywhere.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PolicyDocument {
    /// The TOML of its own packs, in the order in which they were taken into use.
    #[serde(default)]
    pub packs: Vec<String>,
    /// The policies that apply to each service, by the ids of the built-in packs; a service that is
    /// not named is judged by all.
    #[serde(default)]
    pub services: BTreeMap<Service, BTreeSet<String>>,
}

impl PolicyDocument {
    /// What a device and a server compare to know whether they judge alike.
    pub fn digest(&self) -> Hash {
        Hash::of(&serde_json::to_vec(self).expect("a document has only string keys"))
    }
}

impl Policy {
    /// The two built-in packs and the built-in calendar.
    pub fn built_in() -> Self {
        let packs = load::built_in();
        Self { packs, calendar: Calendar::built_in().clone(), services: BTreeMap::new() }
    }

    /// The built-in policy with what an organisation decided: its own packs, none of them weaker,
    /// and the policies that apply to each service. Refused as a whole, or taken as a whole.
    pub fn of(document: &PolicyDocument) -> Result<Self, AdoptError> {
        let mut policy = Self::built_in();
        for pack in &document.packs {
            policy.adopt(pack)?;
        }
        let known: Vec<&str> = policy.packs.lines().map(|versions| &*versions[0].line).collect();
        for (service, ids) in &document.services {
            if let Some(id) = ids.iter().find(|id| !known.contains(&id.as_str())) {
                let (service, hint) = (*service, closest(id, &known));
                return Err(AdoptError::UnknownPolicy { service, id: id.clone(), hint });
            }
            if ids.is_empty() {
                return Err(AdoptError::NoPolicy { service: *service });
            }
        }
        policy.services.clone_from(&document.services);
        Ok(policy)
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
        Ok(Self { packs: self.packs.only(ids)?, ..self.clone() })
    }

    /// Takes an organisation's own pack into use, from its date on. One that is weaker than the
    /// built-in pack that it goes back to is refused (GA-0.2), and nothing changes.
    pub fn adopt(&mut self, text: &str) -> Result<PackRef, AdoptError> {
        let own = read_pack(text, &self.packs)?;
        let built_in = load::built_in();
        let Some(base) = built_in.newest().find(|pack| pack.line == own.line) else {
            return Err(AdoptError::ExtendsNothing { id: own.id });
        };
        let weaker = weakenings(&own, base, &self.calendar);
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
        for versions in self.lines_for(record.service) {
            let episodes = episodes(&case, versions);
            judge(&case, versions, &episodes, &mut docket);
            let now = in_force(versions, local_date(as_of));
            let found = now.clauses.iter().filter(|clause| clause.kind == Kind::Indicator);
            indicators
                .extend(found.filter_map(|clause| indicators::find(&case, &episodes, clause)));
        }
        self.conclude(&case, docket, indicators)
    }

    /// The policies that apply to a service.
    fn lines_for(&self, service: Service) -> impl Iterator<Item = &[Arc<Pack>]> {
        let chosen = self.services.get(&service);
        self.packs
            .lines()
            .filter(move |line| chosen.is_none_or(|chosen| chosen.contains(&*line[0].line)))
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
            self.lines_for(case.record.service)
                .any(|line| counting(line, contact.at).counts(contact))
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
            for versions in self.lines_for(case.record.service) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{FailedContact, Form, Role, What};
    use crate::ids::EventId;

    const TIGHTER: &str = "id = \"ours\"\nversion = \"2\"\neffective_from = 2026-03-03\n\
        extends = \"failure-to-gain-access\"\n\
        [[clause]]\nid = \"GA-3.9\"\nparameters = { contacts = 2 }\n";

    fn visits(days: &[u32]) -> Vec<Event> {
        let visit = |day: &u32| {
            let at: DateTime<Utc> = format!("2026-03-{day:02}T10:00:00Z").parse().unwrap();
            let what = What::FailedContact(FailedContact::new(Form::NoResponse));
            Event {
                id: EventId::at(at, [0; 10]),
                at,
                recorded: at,
                by: Role::Practitioner,
                attachments: Vec::new(),
                what,
            }
        };
        days.iter().map(visit).collect()
    }

    fn arises(policy: &Policy, record: &ChildRecord, days: &[u32], clause: &str) -> bool {
        let as_of = "2026-03-31T00:00:00Z".parse().unwrap();
        let assessment = policy.assess(record, &visits(days), as_of);
        assessment.duties.iter().any(|duty| &*duty.clause.0 == clause)
    }

    #[test]
    fn an_event_is_judged_by_the_pack_in_force_when_it_happened() {
        let document = PolicyDocument { packs: vec![TIGHTER.to_owned()], ..Default::default() };
        let policy = Policy::of(&document).unwrap();
        let record = ChildRecord::default();
        assert!(!arises(&policy, &record, &[1, 2], "GA-3.9"), "two visits before its date");
        assert!(arises(&policy, &record, &[1, 3], "GA-3.9"), "the second on its date");
        assert!(!arises(&Policy::built_in(), &record, &[1, 3], "GA-3.9"));
    }

    #[test]
    fn a_service_is_judged_by_the_policies_chosen_for_it() {
        let chosen = BTreeSet::from(["no-access".to_owned()]);
        let services = BTreeMap::from([(Service::ParentsOrCarers, chosen)]);
        let policy = Policy::of(&PolicyDocument { packs: Vec::new(), services }).unwrap();
        let carers = ChildRecord { service: Service::ParentsOrCarers, ..ChildRecord::default() };
        assert!(arises(&policy, &ChildRecord::default(), &[2], "GA-3.8"));
        assert!(!arises(&policy, &carers, &[2], "GA-3.8"));
        assert!(arises(&policy, &carers, &[2], "NA-4.5"));
    }

    #[test]
    fn a_document_that_weakens_or_names_nothing_known_is_refused_as_a_whole() {
        let weaker = TIGHTER.replace("contacts = 2", "contacts = 4");
        let document = PolicyDocument { packs: vec![weaker], ..Default::default() };
        let refusal = Policy::of(&document).unwrap_err().to_string();
        assert!(refusal.contains("GA-3.9: the threshold is higher"), "{refusal}");
        for (ids, said) in [(&["no-acces"][..], "did you mean \"no-access\"?"), (&[], "no policy")]
        {
            let ids = ids.iter().map(|id| (*id).to_owned()).collect();
            let services = BTreeMap::from([(Service::Children, ids)]);
            let refusal = Policy::of(&PolicyDocument { packs: Vec::new(), services }).unwrap_err();
            assert!(refusal.to_string().contains(said), "{refusal}");
        }
    }
}
