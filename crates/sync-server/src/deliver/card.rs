//! A child's card: what a device holds of it besides its events, with whom to phone.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use chrono::{DateTime, TimeDelta, Utc};
use doorstep_core::event::Role;
use doorstep_core::ids::{ChildId, PersonId, TeamId};
use doorstep_core::seal::Hash;
use doorstep_core::wire::{ChildCard, Contact, PlannedVisit};

use crate::access::Reader;
use crate::store::directory::{Child, People, Person};
use crate::store::{StoreError, Tx};

/// How long after it was planned a visit is still on the card.
const VISITS_SINCE: TimeDelta = TimeDelta::days(3);

/// Makes cards for one person's device; looks up each team once.
pub struct Cards {
    person: PersonId,
    now: DateTime<Utc>,
    line_manager: Option<Person>,
    reader: Option<Reader>,
    teams: BTreeMap<TeamId, Vec<Person>>,
}

impl Cards {
    /// Gathers what all cards of `person` share.
    pub fn gather(tx: &dyn Tx, person: PersonId, now: DateTime<Utc>) -> Result<Self, StoreError> {
        let manager = tx.person(person)?.and_then(|person| person.line_manager);
        let line_manager = manager.map_or(Ok(None), |id| tx.person(id))?;
        let reader = Reader::of(tx, person, now)?;
        Ok(Self { person, now, line_manager, reader, teams: BTreeMap::new() })
    }

    /// The hash of a child's card.
    pub fn hash(&mut self, tx: &dyn Tx, child: ChildId) -> Result<Hash, StoreError> {
        let card = self.card(tx, child)?;
        let text = serde_json::to_vec(&card).expect("a card has only string keys");
        Ok(Hash::of(&text))
    }

    /// A child's card.
    pub fn card(&mut self, tx: &dyn Tx, id: ChildId) -> Result<ChildCard, StoreError> {
        let child = tx.child(id)?.ok_or(StoreError::Missing { what: "child" })?;
        let contacts = self.contacts(tx, &child)?;
        let shown = self.reader.as_ref().map_or(Ok(false), |it| it.holds_address(tx, &child))?;
        let visits = self.visits(tx, id)?;
        Ok(ChildCard {
            id,
            name: child.name.into(),
            born: child.born,
            address: child.address.filter(|_| shown).map(Into::into),
            address_protected: child.address_protected,
            phone: child.phone.map(Into::into),
            record: child.record,
            contacts,
            visits,
        })
    }

    /// The visits that the device's person is to make, from the days of which the outcome may still
    /// be asked for: their own, and those of somebody who does not hold the child any more where
    /// they do now.
    fn visits(&self, tx: &dyn Tx, child: ChildId) -> Result<Vec<PlannedVisit>, StoreError> {
        let since = self.now - VISITS_SINCE;
        let mut visits = tx.planned_visits_of(child)?;
        visits.retain(|visit| visit.cancelled.is_none() && visit.at >= since);
        if visits.iter().any(|visit| visit.person != self.person) {
            let mut holders = tx.allocations(child)?;
            holders.retain(|line| line.holds_at(self.now));
            let holds = |person| holders.iter().any(|line| line.person == person);
            let takes_over = holds(self.person);
            visits.retain(|visit| {
                visit.person == self.person || (takes_over && !holds(visit.person))
            });
        }
        Ok(visits.iter().map(|visit| PlannedVisit { id: visit.id, at: visit.at }).collect())
    }

    /// Whom to phone: the device's own line manager, who holds the child, and who stands behind the
    /// child's team. In the order of the roles, without repetition.
    fn contacts(&mut self, tx: &dyn Tx, child: &Child) -> Result<Vec<Contact>, StoreError> {
        let mut contacts = Vec::new();
        if let Some(manager) = &self.line_manager {
            contacts.push(contact(Role::LineManager, manager));
        }
        for line in tx.allocations(child.id)?.iter().filter(|line| line.holds_at(self.now)) {
            contacts.extend(tx.person(line.person)?.map(|person| contact(line.role, &person)));
        }
        if let Some(team) = child.team {
            let people = match self.teams.entry(team) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(unknown) => unknown.insert(tx.people(People::Team(team))?),
            };
            for person in people.iter().filter(|person| person.is_active(self.now)) {
                let roles = std::iter::once(person.role).chain(person.also.iter().copied());
                contacts.extend(
                    roles.filter(|role| stands_behind(*role)).map(|role| contact(role, person)),
                );
            }
        }
        contacts.sort_by(|a, b| (&a.role, &a.name).cmp(&(&b.role, &b.name)));
        contacts.dedup();
        Ok(contacts)
    }
}

fn contact(role: Role, person: &Person) -> Contact {
    Contact {
        role: role.into(),
        name: person.name.clone().into(),
        phone: person.phone.clone().map(Into::into),
    }
}

/// Roles that are held for a team, not for a child.
const fn stands_behind(role: Role) -> bool {
    !matches!(
        role,
        Role::Practitioner | Role::SocialWorker | Role::LeadSocialWorker | Role::KeyWorker
    )
}
