//! Who hears of an escalation: the person who holds the role for the child, and never nobody.

use std::collections::BTreeMap;
use std::rc::Rc;

use chrono::{DateTime, Utc};
use doorstep_core::event::Role;
use doorstep_core::ids::{PersonId, TeamId};

use crate::store::availability::{Absence, WorkingHours};
use crate::store::directory::{Allocation, Child, People, Person};
use crate::store::{StoreError, Tx};

/// People, each looked up once however many children a transaction judges.
#[derive(Default)]
pub struct Roster {
    people: BTreeMap<PersonId, Option<Rc<Person>>>,
    teams: BTreeMap<TeamId, Rc<[Person]>>,
    duty_desk: Option<Rc<[Person]>>,
    absences: Option<(DateTime<Utc>, Rc<[Absence]>)>,
    hours: BTreeMap<PersonId, Option<Rc<WorkingHours>>>,
}

impl Roster {
    pub(super) fn person(
        &mut self,
        tx: &dyn Tx,
        id: Option<PersonId>,
    ) -> Result<Option<Rc<Person>>, StoreError> {
        let Some(id) = id else { return Ok(None) };
        if let Some(known) = self.people.get(&id) {
            return Ok(known.clone());
        }
        let person = tx.person(id)?.map(Rc::new);
        self.people.insert(id, person.clone());
        Ok(person)
    }

    pub(super) fn team(
        &mut self,
        tx: &dyn Tx,
        id: Option<TeamId>,
    ) -> Result<Rc<[Person]>, StoreError> {
        let Some(id) = id else { return Ok(Rc::default()) };
        if let Some(known) = self.teams.get(&id) {
            return Ok(Rc::clone(known));
        }
        let team: Rc<[Person]> = tx.people(People::Team(id))?.into();
        self.teams.insert(id, Rc::clone(&team));
        Ok(team)
    }

    pub(super) fn duty_desk(&mut self, tx: &dyn Tx) -> Result<Rc<[Person]>, StoreError> {
        if let Some(known) = &self.duty_desk {
            return Ok(Rc::clone(known));
        }
        let desk: Rc<[Person]> = tx.people(People::Administrators)?.into();
        self.duty_desk = Some(Rc::clone(&desk));
        Ok(desk)
    }

    /// The absences that hold at `now`.
    pub(super) fn absences(
        &mut self,
        tx: &dyn Tx,
        now: DateTime<Utc>,
    ) -> Result<Rc<[Absence]>, StoreError> {
        if let Some((at, known)) = &self.absences
            && *at == now
        {
            return Ok(Rc::clone(known));
        }
        let held = tx.absences(now)?.into_iter().map(|numbered| numbered.absence);
        let held: Rc<[Absence]> = held.filter(|absence| absence.holds_at(now)).collect();
        self.absences = Some((now, Rc::clone(&held)));
        Ok(held)
    }

    /// When a person works; none where that is not known.
    pub(super) fn hours(
        &mut self,
        tx: &dyn Tx,
        person: PersonId,
    ) -> Result<Option<Rc<WorkingHours>>, StoreError> {
        if let Some(known) = self.hours.get(&person) {
            return Ok(known.clone());
        }
        let hours = tx.working_hours(person)?.map(Rc::new);
        self.hours.insert(person, hours.clone());
        Ok(hours)
    }
}

/// Everybody who may be asked about one child.
pub struct Circle {
    allocations: Vec<(Role, Rc<Person>)>,
    team: Rc<[Person]>,
    duty_desk: Rc<[Person]>,
    now: DateTime<Utc>,
}

/// Who made the record that an escalation rests on, and whom that person answers to. Nobody where
/// it rests on no record: a limit that was there before the first event.
#[derive(Default)]
pub struct Author {
    person: Option<Rc<Person>>,
    line_manager: Option<Rc<Person>>,
    team: Rc<[Person]>,
}

impl Circle {
    /// Gathers who may be asked about `child` at `now`.
    pub fn gather(
        tx: &dyn Tx,
        roster: &mut Roster,
        child: &Child,
        now: DateTime<Utc>,
    ) -> Result<Self, StoreError> {
        let mut allocations = Vec::new();
        // The latest allocation counts first: whoever took over is asked before whoever covers.
        let held = |allocation: &Allocation| allocation.holds_at(now);
        for allocation in tx.allocations(child.id)?.into_iter().rev().filter(held) {
            if let Some(person) = roster.person(tx, Some(allocation.person))? {
                allocations.push((allocation.role, person));
            }
        }
        let team = roster.team(tx, child.team)?;
        let duty_desk = roster.duty_desk(tx)?;
        Ok(Self { allocations, team, duty_desk, now })
    }

    /// The person who hears of what is addressed to `role`, where `author` made the record; nobody
    /// only in an organisation without people.
    pub fn addressee(&self, role: Role, author: &Author) -> Option<PersonId> {
        let holder = self.allocations.iter().filter(|(held, _)| *held == role).map(|(_, p)| &**p);
        let itself = author.person.as_deref().filter(|person| person.holds(role));
        let line_manager = author.line_manager.as_deref();
        let direct = line_manager.filter(|_| role == Role::LineManager);
        let manages =
            |person: &&Person| person.holds(Role::LineManager) || person.holds(Role::TeamManager);
        let in_charge = self.team.iter().chain(&*author.team).filter(manages);
        let chosen = holder
            .chain(itself)
            .chain(direct)
            .chain(self.team.iter().filter(|person| person.holds(role)))
            .chain(author.team.iter().filter(|person| person.holds(role)))
            .chain(line_manager)
            .chain(in_charge)
            .chain(&*self.duty_desk)
            .find(|person| person.is_active(self.now));
        // Somebody must hear of it: at the very last whoever wrote it down, or holds the child.
        let holders = self.allocations.iter().map(|(_, person)| &**person);
        let last = author.person.as_deref().into_iter().chain(holders);
        chosen.or_else(|| last.chain(&*self.team).next()).map(|person| person.id)
    }
}

impl Author {
    /// Gathers what is known of the author `id`.
    pub fn gather(
        tx: &dyn Tx,
        roster: &mut Roster,
        id: Option<PersonId>,
    ) -> Result<Self, StoreError> {
        let Some(person) = roster.person(tx, id)? else { return Ok(Self::default()) };
        let line_manager = roster.person(tx, person.line_manager)?;
        let team = roster.team(tx, person.team)?;
        Ok(Self { person: Some(person), line_manager, team })
    }
}
