//! Whom a duty concerns besides the practitioner who made the record.

use crate::assessment::{DutyState, Escalation, Ground, Standing, Urgency};
use crate::event::Role;

use super::clauses::Entry;

/// Everybody who must hear of a duty, or had to.
pub fn escalations(entries: &[Entry]) -> Vec<Escalation> {
    let mut escalations = Vec::with_capacity(entries.len());
    for entry in entries {
        add_those_of_duty(entry, &mut escalations);
    }
    escalations
}

/// A duty that is owed by, or names, somebody else goes to them. One whose limit passed unmet goes
/// one step up besides.
fn add_those_of_duty(entry: &Entry, escalations: &mut Vec<Escalation>) {
    let first = escalations.len();
    for chain in &entry.clause.tell {
        if let Some(to) = chain.iter().copied().find(|role| *role != entry.by)
            && !escalations[first..].iter().any(|escalation| escalation.to == to)
        {
            escalations.push(escalation(entry, to, Ground::Owed));
        }
    }
    if is_past(&entry.duty.state) {
        let told = &mut escalations[first..];
        let to = one_step_up(entry.duty.owner, told.iter().map(|escalation| escalation.to));
        match told.iter_mut().find(|escalation| escalation.to == to) {
            Some(already) => already.ground = Ground::Breach,
            None => escalations.push(escalation(entry, to, Ground::Breach)),
        }
    }
}

fn is_past(state: &DutyState) -> bool {
    matches!(state, DutyState::Breached | DutyState::Met { late: true, .. })
}

/// The practitioner's line manager; the line manager's team manager. Where the line manager has
/// been told of the duty from the start, one step up is the team manager.
fn one_step_up(owner: Role, mut told: impl Iterator<Item = Role>) -> Role {
    let is_manager = matches!(owner, Role::LineManager | Role::TeamManager);
    if is_manager || told.any(|role| role == Role::LineManager) {
        Role::TeamManager
    } else {
        Role::LineManager
    }
}

fn escalation(entry: &Entry, to: Role, ground: Ground) -> Escalation {
    let duty = &entry.duty;
    let urgency = match ground {
        Ground::Owed => entry.clause.urgency,
        // Once a limit has passed, waiting for the next day is not among the choices.
        Ground::Breach => entry.clause.urgency.min(Urgency::SameDay),
    };
    Escalation {
        clause: duty.clause.clone(),
        cause: duty.cause,
        to,
        urgency,
        ground,
        standing: match duty.state {
            DutyState::Open | DutyState::Breached => Standing::Open,
            DutyState::Met { .. } => Standing::Discharged,
            DutyState::Ended { .. } => Standing::StoodDown,
        },
        due: duty.due.as_ref().map(|due| due.at),
        since: duty.since,
        sentence: duty.sentence.clone(),
        reason: duty.reason.clone(),
        evidence: duty.evidence.clone(),
    }
}
