//! The case: one child's history, gathered into the shape in which clauses ask about it.

use std::cell::RefCell;
use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::concern::{self, Turn, turns};
use super::pack::Limit;
use crate::assessment::{Cause, Due, EventIds, Reason};
use crate::calendar::Calendar;
use crate::event::{ChildRecord, Event, Known, Role, What};
use crate::history::{Contact, History};

/// One child at one instant, ready to be judged.
#[derive(Debug)]
pub struct Case<'a> {
    /// What the record said before the first event.
    pub record: &'a ChildRecord,
    /// What happened.
    pub history: History<'a>,
    /// The working calendar.
    pub calendar: &'a Calendar,
    /// The instant (UTC).
    pub as_of: DateTime<Utc>,
    /// What is known at that instant.
    pub known: concern::Known,
    turns: Vec<Turn>,
    by_kind: [Vec<usize>; KINDS],
    assurances: Vec<usize>,
    /// Limits by when they run from: one contact gives rise to many duties.
    dues: RefCell<BTreeMap<(Limit, DateTime<Utc>), Due>>,
}

/// The failed contacts since the child was last assured, as one policy counts them.
#[derive(Debug)]
pub struct Episode<'a> {
    /// The contacts that count, in order; never empty.
    pub contacts: Vec<&'a Contact>,
    /// What is known at each of them.
    pub turns: Vec<&'a Turn>,
    /// The event that assured the child, once there is one.
    pub assured: Option<&'a Event>,
    /// Positions in the history from the first contact up to, but not with, the assurance.
    pub span: std::ops::Range<usize>,
}

/// The ground on which a duty arises.
#[derive(Clone, Debug)]
pub struct Grounds {
    /// When (UTC).
    pub at: DateTime<Utc>,
    /// What set it off.
    pub cause: Cause,
    /// The events that it rests on.
    pub evidence: EventIds,
    /// Who recorded what set it off.
    pub by: Role,
    /// Why it arises, in a few words.
    pub reason: Reason,
}

/// How a duty was met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Met {
    /// When (UTC).
    pub at: DateTime<Utc>,
    /// By which events.
    pub by: EventIds,
}

impl Met {
    /// By this event.
    pub fn by(event: &Event) -> Self {
        Self { at: event.at, by: [event.id].into() }
    }

    /// Both halves are there: when the later of them was.
    pub fn both(one: Option<Self>, other: Option<Self>) -> Option<Self> {
        let (mut one, other) = (one?, other?);
        one.at = one.at.max(other.at);
        one.by = joined(&one.by, &other.by);
        Some(one)
    }
}

/// The first events and those of the others that are not among them.
fn joined(first: &EventIds, others: &EventIds) -> EventIds {
    if others.iter().all(|id| first.contains(id)) {
        return first.clone();
    }
    first.iter().chain(others.iter().filter(|id| !first.contains(id))).copied().collect()
}

/// The kinds of events that clauses look for, as places in an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Seek {
    Seen,
    Impact,
    Vulnerability,
    EffectOnChildren,
    NeedsConsidered,
    PlanAgreed,
    Contribution,
    Procedures,
    FurtherAttempt,
    Agency,
    Address,
    LetterCopied,
    FamilyMadeContact,
    Informed,
    Discussed,
    Decided,
    Timeframe,
    Moved,
    Interpreter,
}

const KINDS: usize = Seek::Interpreter as usize + 1;

const fn kind(what: &What) -> Option<Seek> {
    Some(match what {
        What::ChildSeen(_) => Seek::Seen,
        What::ImpactAssessed(_) => Seek::Impact,
        What::VulnerabilityAssessed(_) => Seek::Vulnerability,
        What::EffectOnChildrenAssessed(_) => Seek::EffectOnChildren,
        What::NeedsConsidered(_) => Seek::NeedsConsidered,
        What::PlanAgreed(_) => Seek::PlanAgreed,
        What::ContributionRecorded(_) => Seek::Contribution,
        What::ProceduresStarted(_) => Seek::Procedures,
        What::FurtherAttempt(_) => Seek::FurtherAttempt,
        What::AgencyConsulted(_) => Seek::Agency,
        What::AddressConfirmed(_) | What::AddressCorrected(_) => Seek::Address,
        What::LetterCopied(_) => Seek::LetterCopied,
        What::FamilyMadeContact(_) => Seek::FamilyMadeContact,
        What::Informed(_) => Seek::Informed,
        What::Discussed(_) => Seek::Discussed,
        What::Decided(_) => Seek::Decided,
        What::VisitTimeframeSet(_) => Seek::Timeframe,
        What::AddressChanged(_) | What::SchoolChanged(_) => Seek::Moved,
        What::InterpreterArranged(_) => Seek::Interpreter,
        What::FailedContact(_)
        | What::ConcernRecorded(_)
        | What::ConcernClosed(_)
        | What::PlanChanged(_)
        | What::Corrected(_)
        | What::Withdrawn(_)
        | What::CloseRequested(_) => return None,
    })
}

/// Seen, by whoever it was; from a distance does not count.
pub fn is_seen(what: &What) -> bool {
    matches!(what, What::ChildSeen(seen) if !seen.from_distance)
}

/// Seen by the service itself.
pub fn is_seen_by_service(what: &What) -> bool {
    matches!(what, What::ChildSeen(seen) if !seen.from_distance && seen.seen_by.is_service())
}

/// Assured: seen, and needs known to be met (NA-4.10). Both halves.
fn is_assurance(what: &What) -> bool {
    matches!(what, What::ChildSeen(seen) if !seen.from_distance && seen.needs_met == Known::Yes)
}

impl<'a> Case<'a> {
    /// Gathers what there is to know of a child at an instant.
    pub fn gather(
        record: &'a ChildRecord,
        events: &'a [Event],
        calendar: &'a Calendar,
        as_of: DateTime<Utc>,
    ) -> Self {
        let history = History::fold(events, as_of);
        let (turns, known) = turns(record, &history);
        let mut by_kind: [Vec<usize>; KINDS] = Default::default();
        let mut assurances = Vec::new();
        for (position, event) in history.events.iter().enumerate() {
            if let Some(kind) = kind(&event.what) {
                by_kind[kind as usize].push(position);
            }
            if is_assurance(&event.what) {
                assurances.push(position);
            }
        }
        let dues = RefCell::default();
        Self { record, history, calendar, as_of, known, turns, by_kind, assurances, dues }
    }

    /// When a duty that arose at `since` is due.
    pub fn due(&self, limit: Limit, since: DateTime<Utc>) -> Due {
        let mut dues = self.dues.borrow_mut();
        dues.entry((limit, since)).or_insert_with(|| limit.due(since, self.calendar)).clone()
    }

    /// The event at a position.
    pub fn event(&self, position: usize) -> &Event {
        &self.history.events[position]
    }

    /// The events of a kind, in order, with their positions.
    pub fn all(&self, kind: Seek) -> impl DoubleEndedIterator<Item = (usize, &Event)> {
        self.by_kind[kind as usize].iter().map(|position| (*position, self.event(*position)))
    }

    /// The first event of a kind at or after `since` that is as `wanted`.
    pub fn first(
        &self,
        kind: Seek,
        since: DateTime<Utc>,
        wanted: impl Fn(&What) -> bool,
    ) -> Option<Met> {
        let positions = &self.by_kind[kind as usize];
        let from = positions.partition_point(|position| self.event(*position).at < since);
        positions[from..]
            .iter()
            .map(|position| self.event(*position))
            .find(|event| wanted(&event.what))
            .map(Met::by)
    }

    /// A turn as it was at or before a position: what was known then.
    fn turn_at(&self, position: usize) -> Option<&Turn> {
        let after = self.turns.partition_point(|turn| turn.position <= position);
        self.turns[..after].last()
    }

    /// What was known at a contact.
    pub fn at(&self, contact: &Contact) -> &Turn {
        self.turn_at(contact.position).expect("every contact is a turn of its own")
    }

    /// The episodes of the contacts that are counted, in order.
    pub fn episodes(&self, counts: impl Fn(&Contact) -> bool) -> Vec<Episode<'_>> {
        let mut episodes: Vec<Episode<'_>> = Vec::new();
        for contact in self.history.contacts.iter().filter(|contact| counts(contact)) {
            match episodes.last_mut() {
                Some(episode) if contact.position < episode.span.end => {
                    episode.contacts.push(contact);
                }
                _ => episodes.push(self.episode_from(contact)),
            }
        }
        episodes
    }

    fn episode_from<'c>(&'c self, first: &'c Contact) -> Episode<'c> {
        let next = self.assurances.partition_point(|position| *position < first.position);
        let assurance = self.assurances.get(next).copied();
        let span = first.position..assurance.unwrap_or(self.history.events.len());
        let from = self.turns.partition_point(|turn| turn.position < span.start);
        let until = self.turns.partition_point(|turn| turn.position < span.end);
        Episode {
            contacts: vec![first],
            turns: self.turns[from..until].iter().collect(),
            assured: assurance.map(|position| self.event(position)),
            span,
        }
    }
}

impl Grounds {
    /// A contact.
    pub fn contact(contact: &Contact) -> Self {
        Self {
            at: contact.at,
            cause: contact.cause,
            evidence: contact.records.clone(),
            by: contact.by,
            reason: Reason::Fixed("a failed contact"),
        }
    }

    /// A single event.
    pub fn event(event: &Event) -> Self {
        Self {
            at: event.at,
            cause: Cause(event.id.0),
            evidence: [event.id].into(),
            by: event.by,
            reason: Reason::Fixed("a record of it"),
        }
    }

    /// The same ground, with why it gives rise to a duty.
    #[must_use]
    pub fn because(mut self, reason: impl Into<Reason>) -> Self {
        self.reason = reason.into();
        self
    }

    /// Met by what gave rise to it, there and then.
    pub fn met_at_once(&self) -> Met {
        Met { at: self.at, by: self.evidence.clone() }
    }

    /// The same ground, resting on these contacts too.
    #[must_use]
    pub fn resting_on(mut self, contacts: &[&Contact]) -> Self {
        if !matches!(contacts, [only] if only.records == self.evidence) {
            let before: EventIds =
                contacts.iter().flat_map(|contact| contact.records.iter().copied()).collect();
            self.evidence = joined(&before, &self.evidence);
        }
        self
    }

    /// The same ground, but from a later instant on.
    #[must_use]
    pub fn not_before(mut self, at: DateTime<Utc>) -> Self {
        self.at = self.at.max(at);
        self
    }
}

impl Episode<'_> {
    /// The contact that opened it.
    pub fn opening(&self) -> &Contact {
        self.contacts[0]
    }

    /// The first turn from which on there is cause for concern.
    pub fn first_concern(&self) -> Option<&Turn> {
        self.turns.iter().copied().find(|turn| turn.is_concern)
    }

    /// The contacts up to and with a position.
    pub fn contacts_until(&self, position: usize) -> &[&Contact] {
        let after = self.contacts.partition_point(|contact| contact.position <= position);
        &self.contacts[..after]
    }

    /// Whether the child had been assured by `at`.
    pub fn is_assured_by(&self, at: DateTime<Utc>) -> bool {
        self.assured.is_some_and(|event| event.at <= at)
    }
}
