//! Who is told of an escalation: its addressee, and after them the chain — their line managers,
//! the team managers, the duty desk — each replaced by whoever stands in while they are away.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use doorstep_core::assessment::Urgency;
use doorstep_core::calendar::Calendar;
use doorstep_core::event::Role;
use doorstep_core::ids::PersonId;

use crate::store::directory::{Child, People, Person};
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
        calendar: &Calendar,
        child: &Child,
        addressee: PersonId,
        urgency: Urgency,
        now: DateTime<Utc>,
    ) -> Result<Self, StoreError> {
        let desk: Vec<_> = tx.people(People::Administrators)?;
        let mut people = Vec::new();
        people.extend(tx.person(addressee)?);
        let team = people.first().and_then(|person| person.team);
        people.extend(line_managers(tx, people.first().cloned())?);
        for team in [child.team, team].into_iter().flatten() {
            let in_charge = |person: &Person| person.holds(Role::TeamManager);
            people.extend(tx.people(People::Team(team))?.into_iter().filter(in_charge));
        }
        people.extend(desk.iter().cloned());
        let away = Away::gather(tx, calendar, urgency, now)?;
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

fn line_managers(tx: &dyn Tx, mut below: Option<Person>) -> Result<Vec<Person>, StoreError> {
    let mut above = Vec::new();
    while let Some(manager) = below.and_then(|person| person.line_manager)
        && above.len() < DEPTH_MAX
    {
        below = tx.person(manager)?;
        above.extend(below.clone());
    }
    Ok(above)
}

/// Who cannot be told at an instant, and who stands in for them.
struct Away<'a> {
    absent: BTreeMap<PersonId, Option<PersonId>>,
    /// Outside their hours people are told only of what is not immediate: its time stands still.
    hours_matter: bool,
    calendar: &'a Calendar,
    now: DateTime<Utc>,
}

impl<'a> Away<'a> {
    fn gather(
        tx: &dyn Tx,
        calendar: &'a Calendar,
        urgency: Urgency,
        now: DateTime<Utc>,
    ) -> Result<Self, StoreError> {
        let held = tx.absences(now)?.into_iter().map(|numbered| numbered.absence);
        let absent = held
            .filter(|absence| absence.holds_at(now))
            .map(|absence| (absence.person, absence.deputy))
            .collect();
        Ok(Self { absent, hours_matter: urgency == Urgency::Immediate, calendar, now })
    }

    /// The person, or the nearest of those who stand in that can be told.
    fn instead_of(&self, tx: &dyn Tx, person: PersonId) -> Result<Option<PersonId>, StoreError> {
        let mut asked = Vec::new();
        let mut next = Some(person);
        while let Some(person) = next.filter(|person| !asked.contains(person)) {
            asked.push(person);
            match self.absent.get(&person) {
                Some(deputy) => next = *deputy,
                None if self.can_be_told(tx, person)? => return Ok(Some(person)),
                None => next = None,
            }
        }
        Ok(None)
    }

    fn can_be_told(&self, tx: &dyn Tx, person: PersonId) -> Result<bool, StoreError> {
        let works_here = tx.person(person)?.is_some_and(|person| person.is_active(self.now));
        if !works_here || !self.hours_matter {
            return Ok(works_here);
        }
        let hours = tx.working_hours(person)?;
        Ok(hours.is_none_or(|hours| hours.contain(self.now, self.calendar)))
    }
}
