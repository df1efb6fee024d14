//! Planned visits as the organisation's own system names them.

use chrono::{DateTime, Utc};
use doorstep_core::history::History;
use doorstep_core::ids::{ChildId, PersonId, VisitId};
use uuid::Uuid;

use super::{AdminError, ends, unknown};
use crate::judge::visits::{Known, known};
use crate::judge::{Judge, events_of};
use crate::store::directory::{Child, Person};
use crate::store::visits::PlannedVisit;
use crate::store::{StoreError, Tx};

/// A visit that is planned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VisitEntry {
    /// The child, by external id.
    pub child: String,
    /// Who is to make it, by external id.
    pub person: String,
    /// When it is to begin (UTC).
    pub at: DateTime<Utc>,
}

/// A planned visit with the names that belong to it, and what is known of its outcome.
#[derive(Clone, Debug, PartialEq)]
pub struct ListedVisit {
    /// The visit.
    pub visit: PlannedVisit,
    /// The child.
    pub child: Child,
    /// Who was to make it.
    pub person: Person,
    /// What is known of its outcome.
    pub known: Known,
}

/// Plans a visit, unless it is planned; one that was called off is planned again. Answers whether
/// anything changed.
pub fn plan(tx: &mut dyn Tx, judge: &Judge, entry: &VisitEntry) -> Result<bool, AdminError> {
    let (child, person) = ends(tx, &entry.child, &entry.person)?;
    Ok(plan_for(tx, judge, child, person, entry.at)?)
}

/// The same by ids, at `at` (UTC).
pub fn plan_for(
    tx: &mut dyn Tx,
    judge: &Judge,
    child: ChildId,
    person: PersonId,
    at: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let now = judge.now();
    let same = |visit: &PlannedVisit| visit.person == person && visit.at == at;
    let there = tx.planned_visits_of(child)?.into_iter().find(same);
    let visit = match there {
        Some(visit) if visit.cancelled.is_none() => return Ok(false),
        Some(visit) => PlannedVisit { cancelled: None, ..visit },
        None => {
            let id = VisitId::at(now, judge.ambient.entropy()).0;
            PlannedVisit { id, child, person, at, silent: None, cancelled: None }
        }
    };
    tx.put_planned_visit(&visit)?;
    judge.assess_stored(tx, child, now)?;
    Ok(true)
}

/// Calls a visit off: nothing is expected of it any more.
pub fn cancel(tx: &mut dyn Tx, judge: &Judge, id: Uuid) -> Result<(), AdminError> {
    let now = judge.now();
    let visit = tx.planned_visit(id)?.ok_or_else(|| unknown("planned visit", &id.to_string()))?;
    let cancelled = visit.cancelled.or(Some(now));
    tx.put_planned_visit(&PlannedVisit { cancelled, ..visit })?;
    judge.assess_stored(tx, visit.child, now)?;
    Ok(())
}

/// The visits from `from` until before `until`, and what is known at `now` of each.
pub fn list(
    tx: &dyn Tx,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Vec<ListedVisit>, AdminError> {
    let mut listed = Vec::new();
    for visit in tx.planned_visits_between(from, until)? {
        let child = tx.child(visit.child)?.ok_or(StoreError::Missing { what: "child" })?;
        let person = tx.person(visit.person)?.ok_or(StoreError::Missing { what: "person" })?;
        let events = events_of(tx, child.id)?;
        let known = known(&visit, &History::fold(&events, now), now);
        listed.push(ListedVisit { visit, child, person, known });
    }
    Ok(listed)
}
