//! A caseload as CSV files: teams, staff, children, and who works with whom.
//!
//! Reading and planning are pure: bytes in, rows and faults out; rows and what is there already in,
//! a plan out. What a plan means for the store is `admin`'s affair.

mod cells;
mod columns;
mod plan;
mod read;
#[cfg(test)]
mod tests;

pub use columns::Kind;
pub use plan::{Change, Plan, Tally, plan};
pub use read::{File, read, read_one};

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::private::Private;
use crate::store::availability::WorkingHours;
use chrono::{DateTime, NaiveDate, Utc};
use doorstep_core::event::{ChildRecord, Role};
use doorstep_core::words::closest;

/// One team.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TeamRow {
    /// The organisation's own identifier of it.
    pub external: String,
    /// Its name.
    pub name: String,
    /// Its phone number.
    pub phone: Option<String>,
}

/// One member of staff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaffRow {
    /// The organisation's own identifier.
    pub external: String,
    /// Full name.
    pub name: Private,
    /// The role in which this person records.
    pub role: Role,
    /// Further roles held for the team.
    pub also: BTreeSet<Role>,
    /// May administer the organisation.
    pub administrator: bool,
    /// Looks at who looked, and at no record.
    pub auditor: bool,
    /// The team, by its identifier.
    pub team: Option<String>,
    /// The line manager, by identifier.
    pub line_manager: Option<String>,
    /// Phone number.
    pub phone: Option<Private>,
    /// E-mail address.
    pub email: Option<Private>,
    /// Since when this person no longer works here (UTC).
    pub left: Option<DateTime<Utc>>,
    /// When this person works; none: not known.
    pub working_hours: Option<WorkingHours>,
}

impl StaffRow {
    /// The row as the cells of a file, by the names of their columns.
    pub fn cells(&self) -> Vec<(&'static str, String)> {
        let flag = |is: bool| if is { "yes" } else { "no" }.to_owned();
        let text = |private: &Option<Private>| private.as_ref().map(|it| it.reveal().clone());
        let also: Vec<_> = self.also.iter().map(|role| role.as_str()).collect();
        vec![
            ("staff_id", self.external.clone()),
            ("name", self.name.reveal().clone()),
            ("role", self.role.as_str().to_owned()),
            ("also", also.join(";")),
            ("administrator", flag(self.administrator)),
            ("auditor", flag(self.auditor)),
            ("team_id", self.team.clone().unwrap_or_default()),
            ("line_manager_id", self.line_manager.clone().unwrap_or_default()),
            ("phone", text(&self.phone).unwrap_or_default()),
            ("email", text(&self.email).unwrap_or_default()),
            ("left", self.left.map(|left| left.to_rfc3339()).unwrap_or_default()),
            (
                "working_hours",
                self.working_hours.as_ref().map(ToString::to_string).unwrap_or_default(),
            ),
        ]
    }
}

/// One child.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChildRow {
    /// The organisation's own identifier.
    pub external: String,
    /// Full name.
    pub name: Private,
    /// Date of birth.
    pub born: Option<NaiveDate>,
    /// The team, by its identifier.
    pub team: Option<String>,
    /// Where the child lives.
    pub address: Option<Private>,
    /// The address must not become known.
    pub address_protected: bool,
    /// The family's phone number.
    pub phone: Option<Private>,
    /// What the record says.
    pub record: ChildRecord,
}

/// One person works with one child.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllocationRow {
    /// The child, by identifier.
    pub child: String,
    /// The person, by identifier.
    pub person: String,
    /// In which role.
    pub role: Role,
    /// From when (UTC); none: from the import on, or as it is there already.
    pub from: Option<DateTime<Utc>>,
    /// Until when, not included (UTC); none: for the time being.
    pub until: Option<DateTime<Utc>>,
}

/// A row with the place that it came from, so that a fault found later can name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct At<T> {
    /// The name of the file.
    pub file: String,
    /// The line on which the row begins, from 1.
    pub line: u64,
    /// The names of the file's columns.
    pub header: Arc<[String]>,
    /// The row.
    pub row: T,
}

/// What a number of files say together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caseload {
    /// Teams.
    pub teams: Vec<At<TeamRow>>,
    /// Staff.
    pub staff: Vec<At<StaffRow>>,
    /// Children.
    pub children: Vec<At<ChildRow>>,
    /// Who works with whom.
    pub allocations: Vec<At<AllocationRow>>,
}

/// Something wrong in a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Fault {
    /// The name of the file.
    pub file: String,
    /// The line, from 1.
    pub line: u64,
    /// The column, from 1, where the fault is in one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<usize>,
    /// The name of the column, where the fault is in one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What is wrong, and what to do about it.
    pub what: String,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}, line {}", self.file, self.line)?;
        if let Some(column) = self.column {
            write!(f, ", column {column}")?;
        }
        if let Some(name) = &self.name {
            write!(f, " ({name})")?;
        }
        write!(f, ": {}", self.what)
    }
}

/// `; did you mean "…"?` for the candidate most like `word`, where one is like it at all.
pub fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    closest(word, &candidates.into_iter().collect::<Vec<_>>())
}
