//! From an import's plan to the server's own entries, in the transaction that is handed in, and
//! from the directory back to the rows that a file would have.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use doorstep_core::event::{ChildRecord, What};
use doorstep_core::history::History;
use doorstep_core::ids::{PersonId, TeamId};

use super::{AdminError, AllocationEntry, Entries};
use crate::caseload::{
    self, AllocationRow, At, Caseload, Change, ChildRow, Fault, Plan, StaffRow, TeamRow,
};
use crate::judge::{Judge, events_of};
use crate::store::directory::{Allocation, Child, People, Person};
use crate::store::{StoreError, Tx};

/// The plan of what was read, with its faults, against what is there; or every fault.
pub fn planned(
    tx: &dyn Tx,
    (wanted, mut faults): (Caseload, Vec<Fault>),
    now: DateTime<Utc>,
) -> Result<Result<Plan, Vec<Fault>>, StoreError> {
    let planned = caseload::plan(&there(tx, &wanted, now)?, &wanted);
    if faults.is_empty() {
        return Ok(planned);
    }
    faults.extend(planned.err().unwrap_or_default());
    faults.sort();
    faults.dedup();
    Ok(Err(faults))
}

/// What is there of what the rows name, as the rows that a file would have at `now`.
fn there(tx: &dyn Tx, wanted: &Caseload, now: DateTime<Utc>) -> Result<Caseload, StoreError> {
    let teams = tx.teams()?;
    let mut people = tx.people(People::All)?;
    people.retain(Person::is_staff);
    let team = |id: Option<TeamId>| {
        id.and_then(|id| teams.iter().find(|team| team.id == id)).map(|team| team.external.clone())
    };
    let person = |id: Option<PersonId>| {
        id.and_then(|id| people.iter().find(|person| person.id == id)).map(|p| p.external.clone())
    };
    let mut allocations = Vec::new();
    let mut child_rows = Vec::new();
    for (child, is_named) in children(tx, wanted)? {
        let record = if is_named { current(tx, &child, now)? } else { child.record.clone() };
        child_rows.push(child_row(&child, team(child.team), record));
        for held in tx.allocations(child.id)? {
            allocations.push(AllocationRow {
                child: child.external.clone(),
                person: person(Some(held.person)).unwrap_or_default(),
                role: held.role,
                from: Some(held.from),
                until: held.until,
            });
        }
    }
    still_meant(&mut allocations, wanted, now);
    let mut staff = Vec::new();
    for p in &people {
        let working_hours = tx.working_hours(p.id)?;
        let row = staff_row(p, team(p.team), person(p.line_manager));
        staff.push(StaffRow { working_hours, ..row });
    }
    let teams = teams.iter().map(|team| TeamRow {
        external: team.external.clone(),
        name: team.name.clone(),
        phone: team.phone.clone(),
    });
    Ok(Caseload {
        teams: rows(teams),
        staff: rows(staff.into_iter()),
        children: rows(child_rows.into_iter()),
        allocations: rows(allocations.into_iter()),
    })
}

/// The children that the rows name. Where an allocation names none that is there, all of them with
/// the word that they are not named: what is said of it may guess at one.
fn children(tx: &dyn Tx, wanted: &Caseload) -> Result<Vec<(Child, bool)>, StoreError> {
    let listed: BTreeSet<_> = wanted.children.iter().map(|at| &at.row.external).collect();
    let allocated: BTreeSet<_> = wanted.allocations.iter().map(|at| &at.row.child).collect();
    let mut children = Vec::new();
    let mut is_strange = false;
    for external in listed.union(&allocated) {
        match tx.child_called(external)? {
            Some(child) => children.push((child, true)),
            None => is_strange |= !listed.contains(external),
        }
    }
    if is_strange {
        let named = |child: &Child| children.iter().any(|(known, _)| known.id == child.id);
        let others = tx.children()?.into_iter().filter(|child| !named(child));
        let others: Vec<_> = others.map(|child| (child, false)).collect();
        children.extend(others);
    }
    Ok(children)
}

/// Of several allocations of one person to one child in one role the one that ends last stands for
/// them; and where a row begins one without saying when, one that has ended stays ended.
fn still_meant(allocations: &mut Vec<AllocationRow>, wanted: &Caseload, now: DateTime<Utc>) {
    let begins: BTreeSet<_> = wanted
        .allocations
        .iter()
        .map(|at| &at.row)
        .filter(|row| row.from.is_none() && row.until.is_none())
        .map(|row| (&*row.child, &*row.person, row.role))
        .collect();
    allocations.retain(|row| {
        let has_ended = row.until.is_some_and(|until| until <= now);
        !has_ended || !begins.contains(&(&*row.child, &*row.person, row.role))
    });
    allocations.sort_by_key(|row| row.until.unwrap_or(DateTime::<Utc>::MAX_UTC));
}

/// The row that a file would have of this person.
pub fn row_of(tx: &dyn Tx, person: &Person) -> Result<StaffRow, StoreError> {
    let team = tx.teams()?.into_iter().find(|team| Some(team.id) == person.team);
    let line_manager = person.line_manager.map(|id| tx.person(id)).transpose()?.flatten();
    let working_hours = tx.working_hours(person.id)?;
    let (team, line_manager) =
        (team.map(|team| team.external), line_manager.map(|manager| manager.external));
    Ok(StaffRow { working_hours, ..staff_row(person, team, line_manager) })
}

fn rows<T>(rows: impl Iterator<Item = T>) -> Vec<At<T>> {
    rows.map(|row| At { file: "the store".to_owned(), line: 0, header: Arc::from([]), row })
        .collect()
}

fn staff_row(person: &Person, team: Option<String>, line_manager: Option<String>) -> StaffRow {
    StaffRow {
        external: person.external.clone(),
        name: person.name.clone(),
        role: person.role,
        also: person.also.clone(),
        administrator: person.administrator,
        auditor: person.auditor,
        team,
        line_manager,
        phone: person.phone.clone(),
        email: person.email.clone(),
        left: person.left,
        working_hours: None,
    }
}

fn child_row(child: &Child, team: Option<String>, record: ChildRecord) -> ChildRow {
    ChildRow {
        external: child.external.clone(),
        name: child.name.clone(),
        born: child.born,
        team,
        address: child.address.clone(),
        address_protected: child.address_protected,
        phone: child.phone.clone(),
        record,
    }
}

/// The record with the plans that stand now: changes of plans are events.
fn current(tx: &dyn Tx, child: &Child, now: DateTime<Utc>) -> Result<ChildRecord, StoreError> {
    let events = events_of(tx, child.id)?;
    let mut record = child.record.clone();
    for event in &History::fold(&events, now).events {
        if let What::PlanChanged(changed) = &event.what {
            if let Some(plans) = &changed.plans {
                record.plans.clone_from(plans);
            }
            record.visit_due_by = changed.visit_due_by.or(record.visit_due_by);
        }
    }
    Ok(record)
}

/// Writes what a plan says.
pub fn apply(tx: &mut dyn Tx, plan: &Plan, judge: &Judge) -> Result<(), AdminError> {
    let entries = Entries {
        teams: plan.teams.iter().map(|change| change.row().clone()).collect(),
        people: plan.staff.iter().map(|change| change.row().clone()).collect(),
        children: plan.children.iter().map(|change| change.row().clone()).collect(),
        allocations: Vec::new(),
    };
    super::import(tx, judge, &entries)?;
    for change in &plan.staff {
        settle_staff(tx, change.row())?;
    }
    for change in &plan.allocations {
        put_allocation(tx, judge, change)?;
    }
    Ok(())
}

/// What is said by not being said: whoever has no line manager in the row has none any more.
fn settle_staff(tx: &mut dyn Tx, row: &StaffRow) -> Result<(), AdminError> {
    match tx.person_called(&row.external)? {
        Some(person) if row.line_manager.is_none() && person.line_manager.is_some() => {
            Ok(tx.put_person(&Person { line_manager: None, ..person })?)
        }
        _ => Ok(()),
    }
}

fn put_allocation(
    tx: &mut dyn Tx,
    judge: &Judge,
    change: &Change<AllocationRow>,
) -> Result<(), AdminError> {
    let row = change.row();
    let entry =
        AllocationEntry { child: row.child.clone(), person: row.person.clone(), role: row.role };
    let (Some(child), Some(person)) =
        (tx.child_called(&row.child)?, tx.person_called(&row.person)?)
    else {
        return super::allocate(tx, judge, &entry);
    };
    match (row.from, row.until) {
        (None, None) => super::allocate(tx, judge, &entry)?,
        (from, until) => tx.put_allocation(&Allocation {
            child: child.id,
            person: person.id,
            role: row.role,
            from: from.unwrap_or(judge.now()),
            until,
        })?,
    }
    let Some(until) = row.until else { return Ok(()) };
    // An end is the end: an earlier row may have begun it under another date.
    for line in tx.allocations(child.id)? {
        let is_it = line.person == person.id && line.role == row.role;
        if is_it && line.until.is_none_or(|held| held > until) {
            tx.put_allocation(&Allocation { until: Some(until.max(line.from)), ..line })?;
        }
    }
    Ok(())
}
