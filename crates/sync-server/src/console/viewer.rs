//! The person who looks at the console.

use chrono::{DateTime, Utc};
use doorstep_core::access::Seats;
use doorstep_core::event::Role;
use doorstep_core::ids::{PersonId, TeamId};

use crate::private::Private;
use crate::store::{StoreError, Tx};

/// The person who looks at the console.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Viewer {
    /// Identity.
    pub person: PersonId,
    /// Full name.
    pub name: Private,
    /// The role in the organisation.
    pub role: Role,
    /// Their team.
    pub team: Option<TeamId>,
    /// Sees what concerns the whole team.
    pub sees_team: bool,
    /// What they are, as far as access goes.
    pub seats: Seats,
    /// Administers the organisation.
    pub administrator: bool,
    /// The name of the organisation.
    pub organisation: String,
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
        seats: person.seats(),
        person: person.id,
        name: person.name,
        role: person.role,
        team: person.team,
        administrator: person.administrator,
        organisation,
    }))
}
