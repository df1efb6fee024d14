//! What an import says, by external ids.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use doorstep_core::event::{ChildRecord, Role};

/// Everything that one import says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entries {
    /// Teams.
    pub teams: Vec<TeamEntry>,
    /// People.
    pub people: Vec<PersonEntry>,
    /// Children.
    pub children: Vec<ChildEntry>,
    /// Allocations.
    pub allocations: Vec<AllocationEntry>,
}

/// A team.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TeamEntry {
    /// What the organisation's own system calls it.
    pub external: String,
    /// Its name.
    pub name: String,
    /// Its phone number, as dialled.
    pub phone: Option<String>,
}

/// A person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonEntry {
    /// What the organisation's own system calls this person.
    pub external: String,
    /// Full name.
    pub name: String,
    /// The role in which this person records.
    pub role: Role,
    /// Further roles held for the team.
    pub also: BTreeSet<Role>,
    /// May administer the organisation; belongs to its duty desk.
    pub administrator: bool,
    /// Looks at who looked, and at no record.
    pub auditor: bool,
    /// The team, by external id.
    pub team: Option<String>,
    /// The line manager, by external id.
    pub line_manager: Option<String>,
    /// Address for notices.
    pub email: Option<String>,
    /// Phone number as dialled.
    pub phone: Option<String>,
}

/// A child.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChildEntry {
    /// What the organisation's own system calls this child.
    pub external: String,
    /// Full name.
    pub name: String,
    /// Date of birth.
    pub born: Option<NaiveDate>,
    /// Where the child lives.
    pub address: Option<String>,
    /// The address must not become known.
    pub address_protected: bool,
    /// The family's phone number.
    pub phone: Option<String>,
    /// The team, by external id.
    pub team: Option<String>,
    /// What the record says now.
    pub record: ChildRecord,
}

/// A child is allocated to a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllocationEntry {
    /// The child, by external id.
    pub child: String,
    /// The person, by external id.
    pub person: String,
    /// In which role.
    pub role: Role,
}
