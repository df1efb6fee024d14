//! An escalation of which nobody takes notice moves up: to the addressee's line manager, and at the
//! top to the duty desk, again and again until somebody does.

use chrono::{DateTime, TimeDelta, Utc};
use doorstep_core::assessment::{Standing, Urgency};
use doorstep_core::ids::PersonId;

use super::Judge;
use super::ledger::notify;
use crate::store::directory::People;
use crate::store::ledger::{HistoryEntry, LedgerLine, Reason};
use crate::store::{StoreError, Tx};

/// Passes on every open escalation whose addressee had the time to take notice and did not. Answers
/// how many.
pub fn pass_on_unacknowledged(
    tx: &mut dyn Tx,
    judge: &Judge,
    immediate_within: TimeDelta,
    now: DateTime<Utc>,
) -> Result<usize, StoreError> {
    let mut passed = 0;
    for line in tx.inbox(None)? {
        let waits = line.acknowledged.is_none() && line.escalation.standing == Standing::Open;
        let told = last_told(tx, &line)?;
        if waits && deadline(judge, line.escalation.urgency, told, immediate_within) <= now {
            pass_on(tx, judge, line, now)?;
            passed += 1;
        }
    }
    Ok(passed)
}

/// When the addressee of today was told.
fn last_told(tx: &dyn Tx, line: &LedgerLine) -> Result<DateTime<Utc>, StoreError> {
    let history = tx.line_history(line.id)?;
    let tells =
        |entry: &&HistoryEntry| ["raised", "reopened", "passed-on"].contains(&entry.what.as_str());
    Ok(history.iter().rev().find(tells).map_or(line.raised, |entry| entry.at))
}

/// Until when the addressee has time.
fn deadline(
    judge: &Judge,
    urgency: Urgency,
    told: DateTime<Utc>,
    immediate_within: TimeDelta,
) -> DateTime<Utc> {
    let calendar = judge.policy.calendar();
    let soonest = told + immediate_within;
    match urgency {
        Urgency::Immediate => soonest,
        // Told shortly before the end of the day, nobody has less time than for what is immediate.
        Urgency::SameDay => calendar.end_of_working_day(told).0.max(soonest),
        Urgency::Routine => calendar.after_working_days(told, 1).0,
    }
}

fn pass_on(
    tx: &mut dyn Tx,
    judge: &Judge,
    mut line: LedgerLine,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let next = superior(tx, line.addressee, now)?;
    let note = match next {
        Some(_) => "nobody took notice in time",
        None => "nobody took notice in time, and nobody stands above: told again",
    };
    line.addressee = next.unwrap_or(line.addressee);
    tx.put_line(&line)?;
    let note = Some(note.to_owned());
    let entry = HistoryEntry { at: now, what: "passed-on".into(), by: None, note };
    tx.put_line_history(line.id, &entry)?;
    notify(judge, tx, &line, Reason::Raised, now)
}

/// Who stands above a person: the next line manager who works here, else somebody else of the duty
/// desk.
fn superior(
    tx: &dyn Tx,
    person: PersonId,
    now: DateTime<Utc>,
) -> Result<Option<PersonId>, StoreError> {
    // Longer than any organisation is deep.
    const DEPTH_MAX: usize = 64;
    let mut below = tx.person(person)?;
    for _ in 0..DEPTH_MAX {
        let manager = below.and_then(|person| person.line_manager);
        let Some(manager) = manager.map_or(Ok(None), |id| tx.person(id))? else { break };
        if manager.is_active(now) {
            return Ok(Some(manager.id));
        }
        below = Some(manager);
    }
    let duty_desk = tx.people(People::Administrators)?;
    let other = duty_desk.iter().find(|other| other.id != person && other.is_active(now));
    Ok(other.map(|other| other.id))
}
