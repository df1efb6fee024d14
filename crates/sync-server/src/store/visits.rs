//! Planned visits: what is expected, so that silence can be noticed.

use chrono::{DateTime, Utc};
use doorstep_core::ids::{ChildId, PersonId};
use uuid::Uuid;

use super::StoreError;

/// A visit that was planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlannedVisit {
    /// Identity.
    pub id: Uuid,
    /// The child.
    pub child: ChildId,
    /// Who was to make it.
    pub person: PersonId,
    /// When it was to begin (UTC).
    pub at: DateTime<Utc>,
    /// Since when the person's devices are known to be silent about it (UTC).
    pub silent: Option<DateTime<Utc>>,
    /// Since when it is called off (UTC).
    pub cancelled: Option<DateTime<Utc>>,
}

/// What the store knows of planned visits.
///
/// Laws: there is one visit for (child, person, instant); a put replaces the row of its id, and
/// raises [`Organisation::directory`](super::directory::Organisation::directory) where what is
/// planned changed, so that devices hear of it; lists are in the order of the instants; nothing is
/// ever removed.
pub trait Visits {
    /// One visit.
    fn planned_visit(&self, id: Uuid) -> Result<Option<PlannedVisit>, StoreError>;
    /// The visits of a child.
    fn planned_visits_of(&self, child: ChildId) -> Result<Vec<PlannedVisit>, StoreError>;
    /// The visits from `from` until before `until`.
    fn planned_visits_between(
        &self,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Vec<PlannedVisit>, StoreError>;
    /// The visits of a person about which the person's devices are silent.
    fn silent_visits(&self, person: PersonId) -> Result<Vec<PlannedVisit>, StoreError>;
    /// Writes a visit.
    fn put_planned_visit(&mut self, visit: &PlannedVisit) -> Result<(), StoreError>;
}
