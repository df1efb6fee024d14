//! Which columns each kind of file has, and how its header tells the kind.

use super::did_you_mean;

/// A kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Teams.
    Teams,
    /// Staff and volunteers.
    Staff,
    /// Children.
    Children,
    /// Who works with whom.
    Allocations,
}

/// A column: its name, and whether a file must have it and each row fill it.
pub(super) struct Column {
    /// Its name in the header.
    pub name: &'static str,
    /// Every row must fill it.
    pub required: bool,
}

const fn required(name: &'static str) -> Column {
    Column { name, required: true }
}

const fn optional(name: &'static str) -> Column {
    Column { name, required: false }
}

const TEAMS: &[Column] = &[required("team_id"), required("name"), optional("phone")];

const STAFF: &[Column] = &[
    required("staff_id"),
    required("name"),
    required("role"),
    optional("also"),
    optional("administrator"),
    optional("auditor"),
    optional("team_id"),
    optional("line_manager_id"),
    optional("phone"),
    optional("email"),
    optional("left"),
    optional("working_hours"),
];

const CHILDREN: &[Column] = &[
    required("child_id"),
    required("name"),
    optional("born"),
    optional("team_id"),
    optional("address"),
    optional("address_protected"),
    optional("phone"),
    optional("service"),
    optional("plans"),
    optional("visit_due_by"),
    optional("child_protection_plan_ended"),
    optional("looked_after"),
    optional("concerns"),
    optional("communication_needs"),
    optional("involved_agencies"),
    optional("household"),
];

const ALLOCATIONS: &[Column] = &[
    required("child_id"),
    required("staff_id"),
    required("role"),
    optional("from"),
    optional("until"),
];

impl Kind {
    /// Every kind, in the order in which rows are planned.
    pub const ALL: [Self; 4] = [Self::Teams, Self::Staff, Self::Children, Self::Allocations];

    /// Its columns.
    pub(super) const fn columns(self) -> &'static [Column] {
        match self {
            Self::Teams => TEAMS,
            Self::Staff => STAFF,
            Self::Children => CHILDREN,
            Self::Allocations => ALLOCATIONS,
        }
    }

    /// What a person calls it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Teams => "teams",
            Self::Staff => "staff",
            Self::Children => "children",
            Self::Allocations => "allocations",
        }
    }

    /// Tells the kind by the identifiers that the header has.
    pub fn of_header(header: &[String]) -> Option<Self> {
        let has = |name: &str| header.iter().any(|cell| cell == name);
        match (has("child_id"), has("staff_id"), has("team_id")) {
            (true, true, _) => Some(Self::Allocations),
            (true, false, _) => Some(Self::Children),
            (false, true, _) => Some(Self::Staff),
            (false, false, true) => Some(Self::Teams),
            (false, false, false) => None,
        }
    }
}

/// What is wrong with a header of this kind: each fault with its column, from 1, where it has one.
pub(super) fn header_faults(kind: Kind, header: &[String]) -> Vec<(Option<usize>, String)> {
    let known = || kind.columns().iter().map(|column| column.name);
    let mut faults = Vec::new();
    for (index, name) in header.iter().enumerate() {
        if header[..index].contains(name) {
            faults.push((Some(index + 1), format!("the column \"{name}\" is there twice")));
        } else if !known().any(|column| column == name) {
            let hint = did_you_mean(name, known());
            let what = format!("a file of {} has no column \"{name}\"{hint}", kind.as_str());
            faults.push((Some(index + 1), what));
        }
    }
    for column in kind.columns().iter().filter(|column| column.required) {
        if !header.iter().any(|name| name == column.name) {
            let what = format!("the column \"{}\" is missing", column.name);
            faults.push((None, what));
        }
    }
    faults
}

/// What to say of a header that is of no kind.
pub(super) fn unknown_header(header: &[String]) -> String {
    let marks = ["team_id", "staff_id", "child_id"];
    let hint = header.iter().map(|name| did_you_mean(name, marks)).find(|hint| !hint.is_empty());
    let hint = hint.unwrap_or_default();
    format!(
        "the header names no kind of file: it must have team_id (teams), staff_id (staff), \
         child_id (children), or child_id and staff_id (allocations){hint}"
    )
}
