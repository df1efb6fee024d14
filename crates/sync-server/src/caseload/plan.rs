//! From rows and what is there already to what would change. Identity is the external id; rows that
//! are in the store and in no file are left alone.

use std::collections::{BTreeMap, BTreeSet};

use super::{AllocationRow, At, Caseload, ChildRow, Fault, StaffRow, TeamRow, did_you_mean};

/// One row to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change<T> {
    /// Not there yet.
    New(T),
    /// There, with other content.
    Changed(T),
}

impl<T> Change<T> {
    /// The row.
    pub fn row(&self) -> &T {
        match self {
            Self::New(row) | Self::Changed(row) => row,
        }
    }
}

/// How many rows of one kind are new, changed and the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Tally {
    /// Not there yet.
    pub new: usize,
    /// There, with other content.
    pub changed: usize,
    /// There, as they are.
    pub same: usize,
}

/// What an import would write.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Teams to write.
    pub teams: Vec<Change<TeamRow>>,
    /// Staff to write.
    pub staff: Vec<Change<StaffRow>>,
    /// Children to write.
    pub children: Vec<Change<ChildRow>>,
    /// Allocations to write.
    pub allocations: Vec<Change<AllocationRow>>,
    /// What each kind of file comes to: teams, staff, children, allocations.
    pub tallies: [Tally; 4],
}

impl Plan {
    /// Nothing would be written.
    pub fn is_empty(&self) -> bool {
        self.tallies.iter().all(|tally| tally.new + tally.changed == 0)
    }
}

/// Plans an import: `there` is what the store holds, `wanted` what the files say.
pub fn plan(there: &Caseload, wanted: &Caseload) -> Result<Plan, Vec<Fault>> {
    let mut faults = Vec::new();
    twice(&wanted.teams, "team_id", |row| row.external.clone(), &mut faults);
    twice(&wanted.staff, "staff_id", |row| row.external.clone(), &mut faults);
    twice(&wanted.children, "child_id", |row| row.external.clone(), &mut faults);
    twice(&wanted.allocations, "child_id", pair, &mut faults);
    references(there, wanted, &mut faults);
    circles(there, wanted, &mut faults);
    if !faults.is_empty() {
        faults.sort();
        return Err(faults);
    }
    let mut tallies = [Tally::default(); 4];
    Ok(Plan {
        teams: changes(&there.teams, &wanted.teams, |row| row.external.clone(), &mut tallies[0]),
        staff: changes(&there.staff, &wanted.staff, |row| row.external.clone(), &mut tallies[1]),
        children: changes(
            &there.children,
            &kept_timescales(&there.children, &wanted.children),
            |row| row.external.clone(),
            &mut tallies[2],
        ),
        allocations: changes(
            &there.allocations,
            &kept_starts(&there.allocations, &wanted.allocations),
            pair,
            &mut tallies[3],
        ),
        tallies,
    })
}

/// A visiting timescale that is not named any more stays: nothing says that the visit was made.
fn kept_timescales(there: &[At<ChildRow>], wanted: &[At<ChildRow>]) -> Vec<At<ChildRow>> {
    let due: BTreeMap<_, _> =
        there.iter().map(|at| (&at.row.external, at.row.record.visit_due_by)).collect();
    let kept = wanted.iter().map(|at| {
        let mut at = at.clone();
        let before = due.get(&at.row.external).copied().flatten();
        at.row.record.visit_due_by = at.row.record.visit_due_by.or(before);
        at
    });
    kept.collect()
}

/// Where a row does not say from when, the start that is there already stays.
fn kept_starts(
    there: &[At<AllocationRow>],
    wanted: &[At<AllocationRow>],
) -> Vec<At<AllocationRow>> {
    let starts: BTreeMap<_, _> = there.iter().map(|at| (pair(&at.row), at.row.from)).collect();
    let kept = wanted.iter().map(|at| {
        let mut at = at.clone();
        at.row.from = at.row.from.or_else(|| starts.get(&pair(&at.row)).copied().flatten());
        at
    });
    kept.collect()
}

fn pair(row: &AllocationRow) -> String {
    format!("{} {} {}", row.child, row.person, row.role)
}

fn changes<T: Clone + PartialEq>(
    there: &[At<T>],
    wanted: &[At<T>],
    key: impl Fn(&T) -> String,
    tally: &mut Tally,
) -> Vec<Change<T>> {
    let there: BTreeMap<_, _> = there.iter().map(|at| (key(&at.row), &at.row)).collect();
    let mut changes = Vec::new();
    for At { row, .. } in wanted {
        match there.get(&key(row)) {
            Some(before) if *before == row => tally.same += 1,
            Some(_) => {
                tally.changed += 1;
                changes.push(Change::Changed(row.clone()));
            }
            None => {
                tally.new += 1;
                changes.push(Change::New(row.clone()));
            }
        }
    }
    changes
}

fn fault<T>(at: &At<T>, name: &str, what: String) -> Fault {
    let column = at.header.iter().position(|column| column == name).map(|index| index + 1);
    Fault { file: at.file.clone(), line: at.line, column, name: Some(name.to_owned()), what }
}

fn twice<T>(rows: &[At<T>], name: &str, key: impl Fn(&T) -> String, faults: &mut Vec<Fault>) {
    let mut first: BTreeMap<String, &At<T>> = BTreeMap::new();
    for at in rows {
        let key = key(&at.row);
        if let Some(before) = first.get(&key) {
            let what = format!("\"{key}\" is on line {} of {} already", before.line, before.file);
            faults.push(fault(at, name, what));
        } else {
            first.insert(key, at);
        }
    }
}

fn references(there: &Caseload, wanted: &Caseload, faults: &mut Vec<Fault>) {
    let teams = known(&there.teams, &wanted.teams, |row| &row.external);
    let staff = known(&there.staff, &wanted.staff, |row| &row.external);
    let children = known(&there.children, &wanted.children, |row| &row.external);
    for at in &wanted.staff {
        if let Some(team) = &at.row.team {
            refers(at, "team_id", team, &teams, "team", faults);
        }
        if let Some(manager) = &at.row.line_manager {
            refers(at, "line_manager_id", manager, &staff, "member of staff", faults);
        }
    }
    for at in &wanted.children {
        if let Some(team) = &at.row.team {
            refers(at, "team_id", team, &teams, "team", faults);
        }
    }
    for at in &wanted.allocations {
        refers(at, "child_id", &at.row.child, &children, "child", faults);
        refers(at, "staff_id", &at.row.person, &staff, "member of staff", faults);
    }
}

fn known<'a, T>(
    there: &'a [At<T>],
    wanted: &'a [At<T>],
    key: impl Fn(&'a T) -> &'a String,
) -> BTreeSet<&'a str> {
    there.iter().chain(wanted).map(|at| key(&at.row).as_str()).collect()
}

fn refers<T>(
    at: &At<T>,
    name: &str,
    id: &str,
    known: &BTreeSet<&str>,
    thing: &str,
    faults: &mut Vec<Fault>,
) {
    if !known.contains(id) {
        let hint = did_you_mean(id, known.iter().copied());
        let what = format!("there is no {thing} \"{id}\" here or in the other files{hint}");
        faults.push(fault(at, name, what));
    }
}

/// Nobody may be their own manager's manager: an escalation would go round for ever.
fn circles(there: &Caseload, wanted: &Caseload, faults: &mut Vec<Fault>) {
    let managers: BTreeMap<&str, Option<&str>> = there
        .staff
        .iter()
        .chain(&wanted.staff)
        .map(|at| (at.row.external.as_str(), at.row.line_manager.as_deref()))
        .collect();
    for at in &wanted.staff {
        let mut above = at.row.external.as_str();
        for _ in 0..=managers.len() {
            let Some(Some(manager)) = managers.get(above) else { break };
            if *manager == at.row.external {
                let what = format!("\"{manager}\" would be above themselves in the line");
                faults.push(fault(at, "line_manager_id", what));
                break;
            }
            above = manager;
        }
    }
}
