//! Assessing a child again from its whole history, and bringing its ledger in line, inside the
//! transaction that changed the history or that the sweep began.

mod addressee;
mod chain;
mod ledger;
mod pass_on;
mod tell;
pub mod visits;

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use doorstep_core::assessment::Assessment;
use doorstep_core::event::Event;
use doorstep_core::ids::{ChildId, EscalationId, PersonId};
use doorstep_core::policy::Policy;

use crate::ambient::Ambient;
use crate::store::directory::Child;
use crate::store::ledger::{LedgerLine, StoredAssessment};
use crate::store::log::LoggedEvent;
use crate::store::visits::PlannedVisit;
use crate::store::{StoreError, Tx};

pub use addressee::Roster;
pub use chain::Chain;
pub use ledger::{acknowledge, hand_over};
pub use pass_on::{Passed, Patience, deadline, pass_on_unacknowledged};

/// What judging needs besides the store. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Judge {
    /// The packs and the calendar in force.
    pub policy: Arc<Policy>,
    /// Clock and randomness.
    pub ambient: Ambient,
    /// Notices go out by e-mail.
    pub mail: bool,
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

    /// Assesses `child` at `now` from a `history` that has grown, and applies what follows.
    pub fn assess_grown(
        &self,
        tx: &mut dyn Tx,
        roster: &mut Roster,
        child: &Child,
        history: &[Record],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let assessment = self.complete(tx, child, history, now)?;
        ledger::bring_in_line(self, tx, roster, (child, history), &assessment, now)?;
        let next_change = assessment.next_change;
        tx.put_assessment(&StoredAssessment { child: child.id, assessment, next_change })
    }

    /// Assesses `child` at `now` from `history` and applies what follows. Answers whether anything
    /// but the instant changed.
    fn assess(
        &self,
        tx: &mut dyn Tx,
        child: &Child,
        history: &[Record],
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let assessment = self.complete(tx, child, history, now)?;
        let before = tx.assessment(child.id)?;
        let changed = before.as_ref().is_none_or(|stored| differ(&stored.assessment, &assessment));
        let next_change = assessment.next_change;
        let roster = &mut Roster::default();
        let ledger_changed =
            ledger::bring_in_line(self, tx, roster, (child, history), &assessment, now)?;
        let moved = before.is_none_or(|stored| stored.next_change != next_change);
        if changed || moved {
            tx.put_assessment(&StoredAssessment { child: child.id, assessment, next_change })?;
        }
        Ok(changed || ledger_changed)
    }

    fn complete(
        &self,
        tx: &dyn Tx,
        child: &Child,
        history: &[Record],
        as_of: DateTime<Utc>,
    ) -> Result<Assessment, StoreError> {
        let visits = tx.planned_visits_of(child.id)?;
        Ok(complete(&self.policy, child, history, &visits, as_of))
    }

    /// Assesses a child again from what the store holds.
    pub fn assess_stored(
        &self,
        tx: &mut dyn Tx,
        id: ChildId,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let child = tx.child(id)?.ok_or(StoreError::Missing { what: "child" })?;
        let history = history(&tx.history(id)?)?;
        self.assess(tx, &child, &history, now)
    }

    fn escalation_id(&self, now: DateTime<Utc>) -> EscalationId {
        EscalationId::at(now, self.ambient.entropy())
    }
}

/// What the policies say of `child` at `as_of`.
pub fn assessment(
    policy: &Policy,
    child: &Child,
    history: &[Record],
    as_of: DateTime<Utc>,
) -> Assessment {
    let events: Vec<_> = history.iter().map(|record| record.event.clone()).collect();
    policy.assess(&child.record, &events, as_of)
}

/// What the policies, and the organisation's own rule about planned visits, say of `child` at
/// `as_of`.
pub fn complete(
    policy: &Policy,
    child: &Child,
    history: &[Record],
    visits: &[PlannedVisit],
    as_of: DateTime<Utc>,
) -> Assessment {
    let events: Vec<_> = history.iter().map(|record| record.event.clone()).collect();
    let mut assessment = policy.assess(&child.record, &events, as_of);
    visits::add(&mut assessment, visits, &events);
    assessment
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

/// Whether two assessments differ in anything but their instant.
pub fn differ(a: &Assessment, b: &Assessment) -> bool {
    let Assessment {
        as_of: _,
        failed_contacts,
        no_access_visits,
        duties,
        escalations,
        indicators,
        may_close,
        answered,
        not_counted,
        next_change,
    } = a;
    *failed_contacts != b.failed_contacts
        || *no_access_visits != b.no_access_visits
        || *duties != b.duties
        || *escalations != b.escalations
        || *indicators != b.indicators
        || *may_close != b.may_close
        || *answered != b.answered
        || *not_counted != b.not_counted
        || *next_change != b.next_change
}

/// The entries that `escalation::difference` compares.
pub fn entries(lines: &[LedgerLine]) -> Vec<doorstep_core::escalation::LedgerEntry> {
    let entry = |line: &LedgerLine| doorstep_core::escalation::LedgerEntry {
        escalation: line.escalation.clone(),
    };
    lines.iter().map(entry).collect()
}
