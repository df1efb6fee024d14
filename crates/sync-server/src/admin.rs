//! What an administrator does, as the command offers it: the organisation, its teams, people,
//! children and allocations by their external ids, and devices. Every function is safe to repeat.

pub mod device_state;
mod entries;
pub mod import;
pub mod office;
pub mod policy;
pub mod triage;
pub mod visits;

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use doorstep_core::event::Role;
use doorstep_core::ids::{ChildId, DeviceId, PersonId, TeamId};
use doorstep_core::policy::AdoptError;
use doorstep_core::seal::Hash;

use crate::caseload::{ChildRow, StaffRow, TeamRow};
use crate::enrol::hash_of_code;
use crate::judge::Judge;
use crate::store::devices::{Device, EnrolmentCode};
use crate::store::directory::{Allocation, Child, Organisation, Person, Team};
use crate::store::{StoreError, Tx};

pub use entries::{AllocationEntry, Entries};

/// Why an administrator's request is refused. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// There is no organisation yet.
    #[error("there is no organisation here yet: make it first")]
    NoOrganisation,
    /// Nothing has this external id, or this id.
    #[error("there is no {what} \"{id}\"")]
    Unknown {
        /// What was looked for.
        what: &'static str,
        /// By which id.
        id: String,
    },
    /// A person is their own line manager, directly or through others.
    #[error("the line managers of \"{0}\" go round in a circle")]
    Circle(String),
    /// The policy is weaker than the built-in one, or cannot be read.
    #[error(transparent)]
    Policy(#[from] AdoptError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn unknown(what: &'static str, id: &str) -> AdminError {
    AdminError::Unknown { what, id: id.to_owned() }
}

/// Makes the organisation, or gives it another name.
pub fn put_organisation(
    tx: &mut dyn Tx,
    judge: &Judge,
    name: &str,
) -> Result<Organisation, AdminError> {
    let now = judge.now();
    let known = tx.organisation()?;
    let id = known.map_or_else(|| DeviceId::at(now, judge.ambient.entropy()).0, |known| known.id);
    tx.put_organisation(id, name)?;
    office::put(tx, judge, now)?;
    tx.organisation()?.ok_or(AdminError::NoOrganisation)
}

/// Writes teams, people, children and allocations, by their external ids, in this order. Who is
/// there already is changed; who is not named stays. A change of a child's plans, or of the end of
/// its visiting timescale, is recorded as an event: history is not rewritten.
pub fn import(tx: &mut dyn Tx, judge: &Judge, entries: &Entries) -> Result<(), AdminError> {
    if tx.organisation()?.is_none() {
        return Err(AdminError::NoOrganisation);
    }
    for team in &entries.teams {
        put_team(tx, judge, team)?;
    }
    // Line managers may stand behind those whom they manage.
    for person in &entries.people {
        put_person(tx, judge, &StaffRow { line_manager: None, ..person.clone() })?;
    }
    for person in entries.people.iter().filter(|person| person.line_manager.is_some()) {
        put_person(tx, judge, person)?;
    }
    for child in &entries.children {
        put_child(tx, judge, child)?;
    }
    for allocation in &entries.allocations {
        allocate(tx, judge, allocation)?;
    }
    Ok(())
}

/// Writes a team.
pub fn put_team(tx: &mut dyn Tx, judge: &Judge, entry: &TeamRow) -> Result<TeamId, AdminError> {
    let known = tx.teams()?.into_iter().find(|team| team.external == entry.external);
    let fresh = || TeamId::at(judge.now(), judge.ambient.entropy());
    let id = known.map_or_else(fresh, |team| team.id);
    let (external, name) = (entry.external.clone(), entry.name.clone());
    tx.put_team(&Team { id, external, name, phone: entry.phone.clone() })?;
    Ok(id)
}

/// Writes a person, and when they work. A line manager that is not named stays as it was.
pub fn put_person(
    tx: &mut dyn Tx,
    judge: &Judge,
    entry: &StaffRow,
) -> Result<PersonId, AdminError> {
    let known = tx.person_called(&entry.external)?;
    let id = known
        .as_ref()
        .map_or_else(|| PersonId::at(judge.now(), judge.ambient.entropy()), |person| person.id);
    let line_manager = match &entry.line_manager {
        Some(external) => Some(called(tx, external)?.id),
        None => known.as_ref().and_then(|person| person.line_manager),
    };
    check_chain(tx, id, line_manager, &entry.external)?;
    tx.put_person(&Person {
        id,
        external: entry.external.clone(),
        name: entry.name.clone(),
        role: entry.role,
        also: entry.also.clone(),
        administrator: entry.administrator,
        auditor: entry.auditor,
        team: entry.team.as_deref().map(|external| team_called(tx, external)).transpose()?,
        email: entry.email.clone(),
        phone: entry.phone.clone(),
        line_manager,
        left: entry.left,
    })?;
    tx.put_working_hours(id, entry.working_hours.as_ref())?;
    Ok(id)
}

fn check_chain(
    tx: &dyn Tx,
    id: PersonId,
    mut above: Option<PersonId>,
    external: &str,
) -> Result<(), AdminError> {
    // Longer than any organisation is deep; a circle that does not hold `id` ends here, too.
    const DEPTH_MAX: usize = 64;
    for _ in 0..DEPTH_MAX {
        match above {
            None => return Ok(()),
            Some(manager) if manager == id => break,
            Some(manager) => above = tx.person(manager)?.and_then(|person| person.line_manager),
        }
    }
    Err(AdminError::Circle(external.to_owned()))
}

/// Writes a child, and assesses it. Plans and the end of the visiting timescale of a child that is
/// there already change by an event.
pub fn put_child(tx: &mut dyn Tx, judge: &Judge, entry: &ChildRow) -> Result<ChildId, AdminError> {
    let known = tx.child_called(&entry.external)?;
    let team = entry.team.as_deref().map(|external| team_called(tx, external)).transpose()?;
    let fresh = || ChildId::at(judge.now(), judge.ambient.entropy());
    let id = known.as_ref().map_or_else(fresh, |child| child.id);
    let mut record = entry.record.clone();
    if let Some(known) = &known {
        record.plans.clone_from(&known.record.plans);
        record.visit_due_by = known.record.visit_due_by;
    }
    let child = Child {
        id,
        external: entry.external.clone(),
        name: entry.name.clone(),
        born: entry.born,
        address: entry.address.clone(),
        // An import protects an address; it takes two people to lift that.
        address_protected: entry.address_protected
            || known.as_ref().is_some_and(|known| known.address_protected),
        phone: entry.phone.clone(),
        record,
        team,
    };
    if known.as_ref() != Some(&child) {
        tx.put_child(&child)?;
    }
    office::change_plans(tx, judge, &child, &entry.record)?;
    judge.assess_stored(tx, id, judge.now())?;
    Ok(id)
}

/// Allocates a child to a person from now on, unless it is.
pub fn allocate(tx: &mut dyn Tx, judge: &Judge, entry: &AllocationEntry) -> Result<(), AdminError> {
    let now = judge.now();
    let (child, person) = ends(tx, &entry.child, &entry.person)?;
    let holds =
        |line: &Allocation| line.person == person && line.role == entry.role && line.holds_at(now);
    if !tx.allocations(child)?.iter().any(holds) {
        tx.put_allocation(&Allocation { child, person, role: entry.role, from: now, until: None })?;
    }
    Ok(())
}

/// Ends what allocates a child to a person in `role`, or in any role.
pub fn end_allocation(
    tx: &mut dyn Tx,
    judge: &Judge,
    child: &str,
    person: &str,
    role: Option<Role>,
) -> Result<(), AdminError> {
    let now = judge.now();
    let (child, person) = ends(tx, child, person)?;
    for line in tx.allocations(child)? {
        let meant = line.person == person && role.is_none_or(|role| line.role == role);
        if meant && line.until.is_none_or(|until| until > now) {
            tx.put_allocation(&Allocation { until: Some(now), ..line })?;
        }
    }
    Ok(())
}

/// Records that a person works here no longer from now on. Their devices are shut out with them.
pub fn person_left(tx: &mut dyn Tx, judge: &Judge, external: &str) -> Result<(), AdminError> {
    let person = called(tx, external)?;
    let left = person.left.or(Some(judge.now()));
    tx.put_person(&Person { left, ..person })?;
    Ok(())
}

/// A code that was just issued. It is shown once and stored nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuedCode {
    /// The code, as it is read out: `ABCDE-FGHJK`.
    pub code: String,
    /// For whose device.
    pub person: Person,
    /// When it stops working (UTC).
    pub expires: DateTime<Utc>,
}

/// Issues a one-time code for a device of the person with this external id.
pub fn issue_code(
    tx: &mut dyn Tx,
    judge: &Judge,
    external: &str,
    lifetime: Duration,
) -> Result<IssuedCode, AdminError> {
    let person = called(tx, external)?;
    let now = judge.now();
    if !person.is_active(now) || !person.is_staff() {
        return Err(unknown("active person", external));
    }
    let code = crate::enrol::fresh_code(judge.ambient.random());
    let expires = now + TimeDelta::from_std(lifetime).unwrap_or(TimeDelta::minutes(10));
    let hash: Hash = hash_of_code(&code);
    tx.put_code(&EnrolmentCode { hash, person: person.id, expires, used_by: None })?;
    Ok(IssuedCode { code, person, expires })
}

/// All devices with their people, the one enrolled last first; without the office's own.
pub fn devices(tx: &dyn Tx) -> Result<Vec<(Device, Person)>, AdminError> {
    let mut listed = Vec::new();
    for device in tx.devices(None)?.into_iter().filter(|device| device.desk_key.is_none()) {
        let person = tx.person(device.person)?.ok_or(StoreError::Missing { what: "person" })?;
        listed.push((device, person));
    }
    Ok(listed)
}

/// Shuts a device out from now on: it is sent nothing more. What it recorded before is still taken.
pub fn revoke_device(tx: &mut dyn Tx, judge: &Judge, id: DeviceId) -> Result<(), AdminError> {
    let device = tx.device(id)?.filter(|device| device.desk_key.is_none());
    let device = device.ok_or_else(|| unknown("device", &id.to_string()))?;
    let revoked = device.revoked.or(Some(judge.now()));
    tx.put_device(&Device { revoked, ..device })?;
    Ok(())
}

fn called(tx: &dyn Tx, external: &str) -> Result<Person, AdminError> {
    tx.person_called(external)?.ok_or_else(|| unknown("person", external))
}

fn team_called(tx: &dyn Tx, external: &str) -> Result<TeamId, AdminError> {
    let team = tx.teams()?.into_iter().find(|team| team.external == external);
    team.map(|team| team.id).ok_or_else(|| unknown("team", external))
}

fn ends(tx: &dyn Tx, child: &str, person: &str) -> Result<(ChildId, PersonId), AdminError> {
    let found = tx.child_called(child)?.ok_or_else(|| unknown("child", child))?;
    Ok((found.id, called(tx, person)?.id))
}
