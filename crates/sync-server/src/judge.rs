//! Assessing a child again from its whole history, and bringing its ledger in line, inside the
//! transaction that changed the history or that the sweep began.

mod addressee;
mod chain;
mod ledger;
mod manner;
mod pass_on;
mod tell;
pub mod visits;

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};
use doorstep_core::assessment::Assessment;
use doorstep_core::event::Event;
use doorstep_core::ids::{ChildId, EscalationId, PersonId};
use doorstep_core::policy::Policy;

use crate::ambient::Ambient;
use crate::store::directory::Child;
use crate::store::ledger::{Assessed, LedgerLine};
use crate::store::log::LoggedEvent;
use crate::store::visits::PlannedVisit;
use crate::store::{StoreError, Tx};

pub use addressee::Roster;
pub use chain::Chain;
pub use ledger::{acknowledge, hand_over};
pub use manner::Ways;
pub use pass_on::{Patience, Waiting, deadline, pass_on, unacknowledged};
pub use tell::{heard, seen, tell_all, tell_first};

/// What judging needs besides the store. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Judge {
    /// The packs and the calendar in force.
    pub policy: Arc<Policy>,
    /// Clock and randomness.
    pub ambient: Ambient,
    /// Which notices are written.
    pub ways: Ways,
}

/// One event of a child's history, ready to be judged.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// The event, at the instant from which limits run, whatever its device's clock said.
    pub event: Event,
    /// Who recorded it.
    pub author: PersonId,
}

impl Record {
    /// The record of a logged event in which `event` stands.
    pub fn of(logged: &LoggedEvent, mut event: Event) -> Self {
        // Decided when it was taken, so that judging again gives the same answer.
        event.at = logged.timing.limits_from;
        Self { event, author: logged.person }
    }
}

impl Judge {
    /// The instant now (UTC).
    pub fn now(&self) -> DateTime<Utc> {
        self.ambient.now()
    }

    /// Assesses `child` at `now` from `history` and applies what follows. Answers whether the
    /// ledger or the next limit changed.
    pub fn assess(
        &self,
        tx: &mut dyn Tx,
        roster: &mut Roster,
        child: &Child,
        history: &[Record],
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let as_of = up_to_millisecond(now);
        let assessment = self.complete(tx, child, history, as_of)?;
        let ledger_changed =
            ledger::bring_in_line(self, tx, roster, (child, history), &assessment, now)?;
        let next_change = assessment.next_change.map(just_after);
        let before = tx.assessed(child.id)?;
        let moved = before.is_none_or(|before| before.next_change != next_change);
        // What was said before still holds word by word where nothing changed.
        if ledger_changed || moved {
            tx.put_assessed(&Assessed { child: child.id, as_of, next_change })?;
        }
        Ok(ledger_changed || moved)
    }

    fn complete(
        &self,
        tx: &dyn Tx,
        child: &Child,
        history: &[Record],
        as_of: DateTime<Utc>,
    ) -> Result<Assessment, StoreError> {
        let visits = tx.planned_visits_of(child.id)?;
        Ok(complete(&self.policy, child, &events(history), &visits, as_of))
    }

    /// Assesses a child again from what the store holds.
    pub fn assess_stored(
        &self,
        tx: &mut dyn Tx,
        id: ChildId,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        self.assess_among(tx, &mut Roster::default(), id, now)
    }

    /// Assesses one of several children again from what the store holds, with people who were
    /// looked up before.
    pub fn assess_among(
        &self,
        tx: &mut dyn Tx,
        roster: &mut Roster,
        id: ChildId,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let child = tx.child(id)?.ok_or(StoreError::Missing { what: "child" })?;
        let history = history(&tx.history(id)?)?;
        self.assess(tx, roster, &child, &history, now)
    }

    fn escalation_id(&self, now: DateTime<Utc>) -> EscalationId {
        EscalationId::at(now, self.ambient.entropy())
    }
}

/// What the policies, and the organisation's own rule about planned visits, say of `child` at
/// `as_of`.
pub fn complete(
    policy: &Policy,
    child: &Child,
    events: &[Event],
    visits: &[PlannedVisit],
    as_of: DateTime<Utc>,
) -> Assessment {
    let mut assessment = policy.assess(&child.record, events, as_of);
    visits::add(&mut assessment, visits, events);
    assessment
}

/// What was said of a child when it was last assessed; none where it never was.
pub fn standing(
    tx: &dyn Tx,
    policy: &Policy,
    child: &Child,
    events: &[Event],
) -> Result<Option<Assessment>, StoreError> {
    let Some(assessed) = tx.assessed(child.id)? else { return Ok(None) };
    let visits = tx.planned_visits_of(child.id)?;
    Ok(Some(complete(policy, child, events, &visits, assessed.as_of)))
}

/// What the log holds of a child, as the policies are given it.
pub fn events_of(tx: &dyn Tx, child: ChildId) -> Result<Vec<Event>, StoreError> {
    Ok(history(&tx.history(child)?)?.into_iter().map(|record| record.event).collect())
}

/// The events of a history, as the policies are given them.
pub fn events(history: &[Record]) -> Vec<Event> {
    history.iter().map(|record| record.event.clone()).collect()
}

/// Reads logged events, by position, into a history. A record that came twice (a phone that was
/// restored sends again under new numbers) is in it once.
pub fn history(events: &[LoggedEvent]) -> Result<Vec<Record>, StoreError> {
    let mut seen = BTreeSet::new();
    events.iter().filter(|event| seen.insert(event.id)).map(record).collect()
}

fn record(logged: &LoggedEvent) -> Result<Record, StoreError> {
    let event: Event = serde_json::from_str(&logged.body)
        .map_err(|source| StoreError::Row { what: "event", source: Box::new(source) })?;
    Ok(Record::of(logged, event))
}

/// The first whole millisecond that is not before `instant`: what the store keeps is exact, and a
/// record of this very instant is not in the future.
fn up_to_millisecond(instant: DateTime<Utc>) -> DateTime<Utc> {
    let whole = instant.trunc_subsecs(3);
    if whole < instant { whole + TimeDelta::milliseconds(1) } else { whole }
}

/// The first whole millisecond behind `limit`: at the instant itself it may still be met.
pub fn just_after(limit: DateTime<Utc>) -> DateTime<Utc> {
    limit.trunc_subsecs(3) + TimeDelta::milliseconds(1)
}

/// The entries that `escalation::difference` compares.
pub fn entries(lines: &[LedgerLine]) -> Vec<doorstep_core::escalation::LedgerEntry> {
    let entry = |line: &LedgerLine| doorstep_core::escalation::LedgerEntry {
        escalation: line.escalation.clone(),
    };
    lines.iter().map(entry).collect()
}
