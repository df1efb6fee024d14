//! Who hears of an escalation: the person who holds the role for the child, and never nobody.

use chrono::{DateTime, Utc};
use doorstep_core::event::Role;
use doorstep_core::ids::PersonId;

use crate::store::directory::{Allocation, Child, People, Person};
use crate::store::{StoreError, Tx};

/// Everybody who may be asked about one child.
pub struct Circle {
    allocations: Vec<(Role, Person)>,
    team: Vec<Person>,
    duty_desk: Vec<Person>,
    now: DateTime<Utc>,
}

/// Who made the record that an escalation rests on, and whom that person answers to. Nobody where
/// it rests on no record: a limit that was there before the first event.
#[derive(Default)]
pub struct Author {
    person: Option<Person>,
    line_manager: Option<Person>,
    team: Vec<Person>,
}

impl Circle {
    /// Gathers who may be asked about `child` at `now`.
    pub fn gather(tx: &dyn Tx, child: &Child, now: DateTime<Utc>) -> Result<Self, StoreError> {
        let mut allocations = Vec::new();
        // The latest allocation counts first: whoever took over is asked before whoever covers.
        let held = |allocation: &Allocation| allocation.holds_at(now);
        for allocation in tx.allocations(child.id)?.into_iter().rev().filter(held) {
            if let Some(person) = tx.person(allocation.person)? {
                allocations.push((allocation.role, person));
            }
        }
        let team = child.team.map_or_else(|| Ok(Vec::new()), |id| tx.people(People::Team(id)))?;
        let duty_desk = tx.people(People::Administrators)?;
        Ok(Self { allocations, team, duty_desk, now })
    }

    /// The person who hears of what is addressed to `role`, where `author` made the record; nobody
    /// only in an organisation without people.
    pub fn addressee(&self, role: Role, author: &Author) -> Option<PersonId> {
        let holder = self.allocations.iter().filter(|(held, _)| *held == role).map(|(_, p)| p);
        let itself = author.person.as_ref().filter(|person| person.holds(role));
        let line_manager = author.line_manager.as_ref();
        let direct = line_manager.filter(|_| role == Role::LineManager);
        let manages =
            |person: &&Person| person.holds(Role::LineManager) || person.holds(Role::TeamManager);
        let in_charge = self.team.iter().chain(&author.team).filter(manages);
        let chosen = holder
            .chain(itself)
            .chain(direct)
            .chain(self.team.iter().filter(|person| person.holds(role)))
            .chain(author.team.iter().filter(|person| person.holds(role)))
            .chain(line_manager)
            .chain(in_charge)
            .chain(&self.duty_desk)
            .find(|person| person.is_active(self.now));
        // Somebody must hear of it: at the very last whoever wrote it down, or holds the child.
        let last = author.person.iter().chain(self.allocations.iter().map(|(_, person)| person));
        chosen.or_else(|| last.chain(&self.team).next()).map(|person| person.id)
    }
}

impl Author {
    /// Gathers what is known of the author `id`.
    pub fn gather(tx: &dyn Tx, id: Option<PersonId>) -> Result<Self, StoreError> {
        let Some(person) = id.map_or(Ok(None), |id| tx.person(id))? else {
            return Ok(Self::default());
        };
        let line_manager = person.line_manager.map_or(Ok(None), |id| tx.person(id))?;
        let team = person.team.map_or_else(|| Ok(Vec::new()), |id| tx.people(People::Team(id)))?;
        Ok(Self { person: Some(person), line_manager, team })
    }
}
