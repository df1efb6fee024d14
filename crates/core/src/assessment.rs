//! What the policies say about one child at one instant. Pure data: computed by `policy`, compared
//! by `escalation`, shown on the device and on the console, and stored only as a cache.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::calendar::SteppedOver;
use crate::event::{Question, Role};
use crate::ids::EventId;
use crate::words::words;

/// Events, shared by everything that rests on them.
pub type EventIds = Arc<[EventId]>;

/// A clause by its id, for example `NA-4.5`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClauseId(pub Arc<str>);

impl std::fmt::Display for ClauseId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&self.0)
    }
}

/// What set a duty off: the visit's id where the contact belongs to one (so that a colleague's
/// record of the same visit changes nothing), else the event's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cause(pub Uuid);

words!(
    /// How strongly a duty binds, in falling order.
    Modality {
        /// Must.
        Must = "must",
        /// Should.
        Should = "should",
        /// Is to be considered.
        Consider = "consider",
    }
);

words!(
    /// How fast an addressee must take notice, most urgent first.
    Urgency {
        /// At any hour.
        Immediate = "immediate",
        /// The same working day.
        SameDay = "same-day",
        /// Within a working day.
        Routine = "routine",
    }
);

/// A pack and its version.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PackRef {
    /// The pack's id, for example `no-access`.
    pub id: Arc<str>,
    /// Its version.
    pub version: Arc<str>,
}

/// Why a duty arose, in a few words. Cheap to share: one concern is the reason of many duties.
#[derive(Clone, Debug)]
pub enum Reason {
    /// Words of the code.
    Fixed(&'static str),
    /// Words made for this child.
    Made(Arc<str>),
}

impl Reason {
    /// The words.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Fixed(words) => words,
            Self::Made(words) => words,
        }
    }
}

impl From<&'static str> for Reason {
    fn from(words: &'static str) -> Self {
        Self::Fixed(words)
    }
}

impl From<String> for Reason {
    fn from(words: String) -> Self {
        Self::Made(words.into())
    }
}

impl PartialEq for Reason {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for Reason {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Reason {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Arc::deserialize(deserializer).map(Self::Made)
    }
}

/// A duty that arose: somebody owes something.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Duty {
    /// The clause that it comes from.
    pub clause: ClauseId,
    /// The clause in a sentence.
    pub sentence: Arc<str>,
    /// How strongly it binds.
    pub modality: Modality,
    /// Who owes it.
    pub owner: Role,
    /// What set it off.
    pub cause: Cause,
    /// The events that it rests on, in the order in which they happened.
    pub evidence: EventIds,
    /// Why it arose, in a few words, for example `third no-access visit of the episode`.
    pub reason: Reason,
    /// When it arose (UTC).
    pub since: DateTime<Utc>,
    /// Its limit, where the policy sets one.
    pub due: Option<Due>,
    /// Where it stands.
    #[serde(flatten)]
    pub state: DutyState,
    /// The pack that was in force.
    pub pack: PackRef,
}

/// A limit, and how it was computed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Due {
    /// The last instant that is in time (UTC); with `before`, the first that is not.
    pub at: DateTime<Utc>,
    /// The limit in words, for example `within 5 working days`.
    pub limit: Arc<str>,
    /// The days that a limit in working days stepped over.
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    pub stepped_over: Arc<[SteppedOver]>,
    /// The limit ends before `at`, not at it ("on the day" ends before midnight).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub before: bool,
}

impl Due {
    /// Whether `instant` is past the limit.
    pub fn is_past(&self, instant: DateTime<Utc>) -> bool {
        if self.before { instant >= self.at } else { instant > self.at }
    }
}

/// Where a duty stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum DutyState {
    /// Owed, and not past its limit.
    Open,
    /// Owed, and past its limit.
    Breached,
    /// Discharged.
    Met {
        /// When (UTC).
        at: DateTime<Utc>,
        /// After its limit.
        late: bool,
        /// By which events.
        by: EventIds,
    },
    /// No longer owed: the child is assured.
    Ended {
        /// When (UTC).
        at: DateTime<Utc>,
        /// By which event.
        by: EventId,
    },
}

impl DutyState {
    /// The word for it.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Breached => "breached",
            Self::Met { .. } => "met",
            Self::Ended { .. } => "ended",
        }
    }

    /// Still owed.
    pub const fn is_owed(&self) -> bool {
        matches!(self, Self::Open | Self::Breached)
    }
}

/// Somebody who must hear of a duty.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Escalation {
    /// The clause.
    pub clause: ClauseId,
    /// What set it off.
    pub cause: Cause,
    /// The role that must hear of it.
    pub to: Role,
    /// How fast.
    pub urgency: Urgency,
    /// Why this role hears of it.
    pub ground: Ground,
    /// Where it stands.
    pub standing: Standing,
    /// The limit of its duty (UTC).
    pub due: Option<DateTime<Utc>>,
    /// Since when the ground is there (UTC).
    pub since: DateTime<Utc>,
    /// The clause in a sentence.
    pub sentence: Arc<str>,
    /// Why it arose, in a few words.
    pub reason: Reason,
    /// The events that it rests on.
    pub evidence: EventIds,
}

words!(
    /// Why a role hears of a duty.
    Ground {
        /// The duty is owed by it, or names it.
        Owed = "owed",
        /// The duty's limit passed unmet, one step below.
        Breach = "breach",
    }
);

words!(
    /// Where the ground of an escalation stands.
    Standing {
        /// The duty is still owed.
        Open = "open",
        /// The duty is met.
        Discharged = "discharged",
        /// The ground has gone: the child is assured, or a late or corrected record took it away.
        StoodDown = "stood-down",
    }
);

/// A pattern shown to a person; never a decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Indicator {
    /// The clause, for example `NA-2.2`.
    pub clause: ClauseId,
    /// Its name, for example `closure`.
    pub name: String,
    /// What it says.
    pub sentence: Arc<str>,
    /// The events that it rests on.
    pub evidence: EventIds,
}

/// An event that was left out of a count, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotCounted {
    /// The event.
    pub event: EventId,
    /// Why.
    pub why: WhyNotCounted,
}

/// Why an event was left out of a count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WhyNotCounted {
    /// It was withdrawn by this event.
    Withdrawn(EventId),
    /// It records the same visit as this event.
    SameVisit(EventId),
    /// It happened before the episode, which opened after the child was assured by this event.
    EarlierEpisode(EventId),
    /// The pack with this id does not count contacts of this kind (unannounced, or not a visit).
    OtherPolicy(Arc<str>),
    /// It corrects a record that is not there, or into something that is not an event.
    CorrectionWithoutEffect,
}

/// What the policies say about one child at one instant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Assessment {
    /// The instant (UTC). Events that happened after it are left out.
    pub as_of: DateTime<Utc>,
    /// Failed contacts in the episode that is open, counted by any of the packs.
    pub failed_contacts: u32,
    /// Those of them at the home where nobody from the service got in.
    pub no_access_visits: u32,
    /// Every duty that ever arose, in the order in which they arose.
    pub duties: Vec<Duty>,
    /// Everybody who must hear of one, or had to.
    pub escalations: Vec<Escalation>,
    /// Patterns for a person to look at.
    pub indicators: Vec<Indicator>,
    /// What NA-4.2, NA-4.4 and NA-4.10 say together.
    pub may_close: bool,
    /// The questions of section 6 of NA that the record answers yes, for filling in a form.
    pub answered: BTreeSet<Question>,
    /// What was left out of the counts, and why.
    pub not_counted: Vec<NotCounted>,
    /// The next instant at which this answer changes though nothing happens (UTC).
    pub next_change: Option<DateTime<Utc>>,
}

/// Duties with each clause and limit once, and how many duties that stands for: contacts may
/// ask for the same thing by the same time.
pub fn once_each<'a>(duties: impl IntoIterator<Item = &'a Duty>) -> Vec<(&'a Duty, usize)> {
    let limit = |duty: &Duty| duty.due.as_ref().map(|due| due.at);
    let mut seen: Vec<(&Duty, usize)> = Vec::new();
    for duty in duties {
        let same = |other: &Duty| other.clause == duty.clause && limit(other) == limit(duty);
        match seen.iter_mut().find(|(other, _)| same(other)) {
            Some((_, count)) => *count += 1,
            None => seen.push((duty, 1)),
        }
    }
    seen
}

impl Assessment {
    /// The duties still owed: breached ones first, then by limit, then by age.
    pub fn owed(&self) -> Vec<&Duty> {
        let mut owed: Vec<_> = self.duties.iter().filter(|duty| duty.state.is_owed()).collect();
        owed.sort_by_key(|duty| {
            let due = duty.due.as_ref().map_or(DateTime::<Utc>::MAX_UTC, |due| due.at);
            (duty.state == DutyState::Open, due, duty.since, duty.clause.clone())
        });
        owed
    }

    /// The escalations whose duty is still owed.
    pub fn open_escalations(&self) -> impl Iterator<Item = &Escalation> {
        self.escalations.iter().filter(|escalation| escalation.standing == Standing::Open)
    }
}
