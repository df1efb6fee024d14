//! Silence is noticed: a planned visit of which no record has arrived. This is the organisation's
//! own rule, not a clause of the policies, and says so; it goes through the same ledger.

use chrono::{DateTime, TimeDelta, Utc};
use doorstep_core::assessment::{
    Assessment, Cause, ClauseId, Escalation, Ground, Standing, Urgency,
};
use doorstep_core::event::{Event, Role, What};
use doorstep_core::history::History;
use doorstep_core::ids::PersonId;
use doorstep_core::time::{in_words, local_date, next_midnight};

use super::Judge;
use crate::store::visits::PlannedVisit;
use crate::store::{StoreError, Tx};

/// The rule that the outcome of a planned visit is known when its day ends.
pub const OUTCOME: &str = "visit-outcome";
/// The rule that a device is in touch while its person has visits to make.
pub const SILENCE: &str = "device-silence";

/// Before its planned instant a visit may begin so long.
const EARLY: TimeDelta = TimeDelta::hours(1);
/// How far back visits are looked through for silent devices.
const BACK: TimeDelta = TimeDelta::days(2);

/// What is known of the outcome of a planned visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// It is called off.
    Cancelled,
    /// A record of a contact on that day has arrived.
    Yes,
    /// Its day has not ended.
    NotYet,
    /// Its day has not ended, and the person's devices are silent since then (UTC).
    Silent(DateTime<Utc>),
    /// Its day ended then without a record (UTC).
    No(DateTime<Utc>),
}

/// What is known at `as_of` of the outcome of `visit`, from the child's history.
pub fn known(visit: &PlannedVisit, history: &History<'_>, as_of: DateTime<Utc>) -> Known {
    if visit.cancelled.is_some() {
        return Known::Cancelled;
    }
    if history.events.iter().any(|event| is_outcome(event, visit)) {
        return Known::Yes;
    }
    let end = next_midnight(visit.at);
    match visit.silent {
        _ if as_of >= end => Known::No(end),
        Some(since) if since <= as_of => Known::Silent(since),
        _ => Known::NotYet,
    }
}

/// Whether the service recorded on that day, from when the visit can have begun, that it saw the
/// child or did not. What the office files meanwhile tells nothing of the visit.
fn is_outcome(event: &Event, visit: &PlannedVisit) -> bool {
    let of_a_contact = match &event.what {
        What::ChildSeen(seen) => seen.seen_by.is_service(),
        What::FailedContact(_) => true,
        _ => false,
    };
    let same_day = local_date(event.at) == local_date(visit.at);
    of_a_contact && same_day && event.at >= visit.at - EARLY
}

/// Adds what the organisation's own rule raises to what the policies say.
pub fn add(assessment: &mut Assessment, visits: &[PlannedVisit], events: &[Event]) {
    if visits.is_empty() {
        return;
    }
    let as_of = assessment.as_of;
    let history = History::fold(events, as_of);
    for visit in visits {
        let known = known(visit, &history, as_of);
        match known {
            Known::No(since) => assessment.escalations.push(unknown(visit, OUTCOME, since)),
            Known::Silent(since) => assessment.escalations.push(unknown(visit, SILENCE, since)),
            Known::NotYet | Known::Cancelled | Known::Yes => {}
        }
        if matches!(known, Known::NotYet | Known::Silent(_)) {
            let end = next_midnight(visit.at);
            let next = assessment.next_change;
            assessment.next_change = Some(next.map_or(end, |next| next.min(end)));
        }
    }
}

fn unknown(visit: &PlannedVisit, clause: &str, since: DateTime<Utc>) -> Escalation {
    let planned = in_words(visit.at);
    let reason = if clause == OUTCOME {
        format!("visit planned for {planned}: no record of it had arrived when the day ended")
    } else {
        format!("visit planned for {planned}: the device has not been in touch since")
    };
    Escalation {
        clause: ClauseId(clause.into()),
        cause: Cause(visit.id),
        to: Role::LineManager,
        urgency: Urgency::SameDay,
        ground: Ground::Owed,
        standing: Standing::Open,
        due: None,
        since,
        sentence: "The outcome of a planned visit is not known: find out. This is the \
                   organisation's own rule, not a clause of the policies."
            .into(),
        reason: reason.into(),
        evidence: Vec::new().into(),
    }
}

/// Whether an escalation is raised by this rule.
pub fn is_own_rule(clause: &ClauseId) -> bool {
    [OUTCOME, SILENCE].contains(&&*clause.0)
}

/// Notes at `now` whose devices have been silent for `within` since a planned visit, and assesses
/// those children again. Answers whether anything changed.
pub fn note_silence(
    tx: &mut dyn Tx,
    judge: &Judge,
    within: TimeDelta,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let mut changed = false;
    for visit in tx.planned_visits_between(now - BACK, now - within)? {
        let waits = visit.silent.is_none() && visit.cancelled.is_none();
        if waits && now < next_midnight(visit.at) && is_silent(tx, visit.person, now - within)? {
            tx.put_planned_visit(&PlannedVisit { silent: Some(now), ..visit })?;
            changed |= judge.assess_stored(tx, visit.child, now)?;
        }
    }
    Ok(changed)
}

/// Whether the person has devices in use, and none of them spoke since `since`.
fn is_silent(tx: &dyn Tx, person: PersonId, since: DateTime<Utc>) -> Result<bool, StoreError> {
    let mut devices = tx.devices(Some(person))?;
    devices.retain(|device| device.desk_key.is_none() && device.revoked.is_none());
    let spoke = |at: Option<DateTime<Utc>>| at.is_some_and(|at| at > since);
    Ok(!devices.is_empty() && !devices.iter().any(|device| spoke(device.last_contact)))
}

/// A device of `person` is in touch: nothing of theirs is silent any more. Answers whether anything
/// changed.
pub fn heard_from(
    tx: &mut dyn Tx,
    judge: &Judge,
    person: PersonId,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let mut changed = false;
    for visit in tx.silent_visits(person)? {
        tx.put_planned_visit(&PlannedVisit { silent: None, ..visit })?;
        changed |= judge.assess_stored(tx, visit.child, now)?;
    }
    Ok(changed)
}
