//! What an import says, by external ids: the rows of a caseload, without the places that they came
//! from.

use doorstep_core::event::Role;

use crate::caseload::{ChildRow, StaffRow, TeamRow};

/// Everything that one import says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entries {
    /// Teams.
    pub teams: Vec<TeamRow>,
    /// People.
    pub people: Vec<StaffRow>,
    /// Children.
    pub children: Vec<ChildRow>,
    /// Allocations.
    pub allocations: Vec<AllocationEntry>,
}

/// A child is allocated to a person, from now on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllocationEntry {
    /// The child, by external id.
    pub child: String,
    /// The person, by external id.
    pub person: String,
    /// In which role.
    pub role: Role,
}
