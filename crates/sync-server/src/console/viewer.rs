//! The person who looks at the console, and which records they may open.

use chrono::{DateTime, TimeDelta, Utc};
use doorstep_core::event::Role;
use doorstep_core::ids::{ChildId, PersonId, TeamId};

use crate::store::{StoreError, Tx};

/// How long somebody who was told may still open a child's record after their last escalation
/// about it ended.
const TOLD_KEEPS: TimeDelta = TimeDelta::days(30);

/// The person who looks at the console.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Viewer {
    /// Identity.
    pub person: PersonId,
    /// Full name.
    pub name: String,
    /// The role in the organisation.
    pub role: Role,
    /// Their team.
    pub team: Option<TeamId>,
    /// Sees what concerns the whole team.
    pub sees_team: bool,
    /// Administers the organisation.
    pub administrator: bool,
    /// The name of the organisation.
    pub organisation: String,
}

/// Why somebody may open a child's record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entitlement {
    /// They were told of an escalation about the child.
    Told,
    /// The child is in their caseload: allocated to them, or to the team that they answer for.
    Caseload,
}

impl Entitlement {
    /// The word for it in the access log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Told => "told of an escalation",
            Self::Caseload => "caseload",
        }
    }
}

/// The viewer with this identity, as long as they work here.
pub fn find(
    tx: &dyn Tx,
    person: PersonId,
    now: DateTime<Utc>,
) -> Result<Option<Viewer>, StoreError> {
    let Some(person) = tx.person(person)?.filter(|person| person.is_active(now)) else {
        return Ok(None);
    };
    let organisation = tx.organisation()?.map_or_else(String::new, |found| found.name);
    Ok(Some(Viewer {
        sees_team: person.sees_team(),
        person: person.id,
        name: person.name,
        role: person.role,
        team: person.team,
        administrator: person.administrator,
        organisation,
    }))
}

/// Why the viewer may open the record of this child, if they may.
pub fn entitlement(
    tx: &dyn Tx,
    viewer: &Viewer,
    child: ChildId,
    now: DateTime<Utc>,
) -> Result<Option<Entitlement>, StoreError> {
    if tx.caseload(viewer.person, now)?.contains(&child) {
        return Ok(Some(Entitlement::Caseload));
    }
    let recent = |ended: Option<DateTime<Utc>>| ended.is_none_or(|at| now - at < TOLD_KEEPS);
    for line in tx.lines(child)?.iter().filter(|line| recent(line.ended)) {
        if tx.told(line.id)?.iter().any(|told| told.person == viewer.person) {
            return Ok(Some(Entitlement::Told));
        }
    }
    Ok(None)
}
