//! Who is told of an escalation: its addressee, and after them the chain — their line managers,
//! the team managers, the duty desk — each replaced by whoever stands in while they are away.

use std::rc::Rc;

use chrono::{DateTime, Utc};
use doorstep_core::assessment::Urgency;
use doorstep_core::calendar::Calendar;
use doorstep_core::event::Role;
use doorstep_core::ids::PersonId;

use super::addressee::Roster;
use crate::store::availability::Absence;
use crate::store::directory::{Child, Person};
use crate::store::{StoreError, Tx};

/// Longer than any organisation is deep.
const DEPTH_MAX: usize = 64;

/// The people who may be told of one escalation, in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// The first is the addressee.
    pub links: Vec<Link>,
    /// The organisation's duty desk: told again and again once everybody was told.
    pub desk: Vec<PersonId>,
}

/// One of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// Whose place it is.
    pub person: PersonId,
    /// Who is told now: the person, or who stands in. None: away, and nobody stands in.
    pub tell: Option<PersonId>,
}

impl Link {
    /// In whose place somebody is told, where it is somebody else's.
    pub fn in_place_of(&self) -> Option<PersonId> {
        (self.tell != Some(self.person)).then_some(self.person)
    }
}

impl Chain {
    /// Gathers the chain of what is addressed to `addressee` about `child`.
    pub fn gather(
        tx: &dyn Tx,
        roster: &mut Roster,
        calendar: &Calendar,
        child: &Child,
        addressee: PersonId,
        urgency: Urgency,
        now: DateTime<Utc>,
    ) -> Result<Self, StoreError> {
        let desk = roster.duty_desk(tx)?;
        let first = roster.person(tx, Some(addressee))?;
        let team = first.as_ref().and_then(|person| person.team);
        let mut people: Vec<Rc<Person>> = first.iter().cloned().collect();
        people.extend(line_managers(tx, roster, first)?);
        for team in [child.team, team].into_iter().flatten() {
            let members = roster.team(tx, Some(team))?;
            let in_charge = members.iter().filter(|person| person.holds(Role::TeamManager));
            people.extend(in_charge.cloned().map(Rc::new));
        }
        people.extend(desk.iter().cloned().map(Rc::new));
        let absences = roster.absences(tx, now)?;
        let hours_matter = urgency == Urgency::Immediate;
        let mut away = Away { roster, absences, hours_matter, calendar, now };
        let mut links: Vec<Link> = Vec::new();
        for person in people.iter().filter(|person| person.is_active(now)) {
            if !links.iter().any(|link| link.person == person.id) {
                links.push(Link { person: person.id, tell: away.instead_of(tx, person.id)? });
            }
        }
        let desk = desk.iter().filter(|person| person.is_active(now)).map(|person| person.id);
        Ok(Self { links, desk: desk.collect() })
    }

    /// The first who can be told and is not among `told`.
    pub fn next(&self, told: &[PersonId]) -> Option<(PersonId, Option<PersonId>)> {
        self.links.iter().find_map(|link| {
            let tell = link.tell.filter(|person| !told.contains(person))?;
            Some((tell, link.in_place_of()))
        })
    }
}

fn line_managers(
    tx: &dyn Tx,
    roster: &mut Roster,
    mut below: Option<Rc<Person>>,
) -> Result<Vec<Rc<Person>>, StoreError> {
    let mut above = Vec::new();
    while let Some(manager) = below.and_then(|person| person.line_manager)
        && above.len() < DEPTH_MAX
    {
        below = roster.person(tx, Some(manager))?;
        above.extend(below.clone());
    }
    Ok(above)
}

/// Who cannot be told at an instant, and who stands in for them.
struct Away<'a> {
    roster: &'a mut Roster,
    absences: Rc<[Absence]>,
    /// Outside their hours people are told only of what is not immediate: its time stands still.
    hours_matter: bool,
    calendar: &'a Calendar,
    now: DateTime<Utc>,
}

impl Away<'_> {
    /// The person, or the nearest of those who stand in that can be told.
    fn instead_of(
        &mut self,
        tx: &dyn Tx,
        person: PersonId,
    ) -> Result<Option<PersonId>, StoreError> {
        let mut asked = Vec::new();
        let mut next = Some(person);
        while let Some(person) = next.filter(|person| !asked.contains(person)) {
            asked.push(person);
            // Of several absences the one that was said last counts.
            let away = self.absences.iter().rfind(|absence| absence.person == person);
            match away.map(|absence| absence.deputy) {
                Some(deputy) => next = deputy,
                None if self.can_be_told(tx, person)? => return Ok(Some(person)),
                None => next = None,
            }
        }
        Ok(None)
    }

    fn can_be_told(&mut self, tx: &dyn Tx, person: PersonId) -> Result<bool, StoreError> {
        let found = self.roster.person(tx, Some(person))?;
        let works_here = found.is_some_and(|person| person.is_active(self.now));
        if !works_here || !self.hours_matter {
            return Ok(works_here);
        }
        let hours = self.roster.hours(tx, person)?;
        Ok(hours.is_none_or(|hours| hours.contain(self.now, self.calendar)))
    }
}
