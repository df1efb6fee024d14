//! How somebody stands to a child, gathered from the store for [`doorstep_core::access`] to judge.
//! Lists, single reads, sync and what may be recorded all come through here.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use doorstep_core::access::{Seats, Thing, Tie, lent};
use doorstep_core::ids::{ChildId, PersonId};

use crate::private::Private;
use crate::store::directory::{Allocation, Child, Person};
use crate::store::{StoreError, Tx};

/// How long somebody who was told may still open a child's record after their last escalation
/// about it ended.
pub const TOLD_KEEPS: TimeDelta = TimeDelta::days(30);
/// How long a record stays open that was opened outside the allocation.
pub const GLASS_OPEN: TimeDelta = TimeDelta::hours(4);

/// One person at one instant, with those for whom they stand in.
#[derive(Clone, Debug)]
pub struct Reader {
    person: Person,
    seats: Seats,
    covered: Vec<(Person, Seats)>,
    now: DateTime<Utc>,
}

impl Reader {
    /// The person; none for one who is not known or left.
    pub fn of(tx: &dyn Tx, id: PersonId, now: DateTime<Utc>) -> Result<Option<Self>, StoreError> {
        let Some(person) = tx.person(id)?.filter(|person| person.is_active(now)) else {
            return Ok(None);
        };
        let mut covered = Vec::new();
        for absence in tx.covers_of(id)?.into_iter().filter(|absence| absence.holds_at(now)) {
            let absent = tx.person(absence.person)?.filter(|absent| absent.is_active(now));
            covered.extend(absent.map(|absent| {
                let seats = absent.seats();
                (absent, seats)
            }));
        }
        Ok(Some(Self { seats: person.seats(), person, covered, now }))
    }

    /// The person's seats.
    pub const fn seats(&self) -> &Seats {
        &self.seats
    }

    /// The tie by which the person's devices hold this child, if they do.
    pub fn held(&self, tx: &dyn Tx, child: &Child) -> Result<Option<Tie>, StoreError> {
        self.device(tx, child, Thing::Held)
    }

    /// Whether the address may lie on the person's devices.
    pub fn holds_address(&self, tx: &dyn Tx, child: &Child) -> Result<bool, StoreError> {
        let open = !child.address_protected;
        Ok(open || self.device(tx, child, Thing::HeldAddress)?.is_some())
    }

    fn device(&self, tx: &dyn Tx, child: &Child, thing: Thing) -> Result<Option<Tie>, StoreError> {
        Ok(self.seats.open(thing, &self.lasting(&tx.allocations(child.id)?, child)))
    }

    /// The tie that opens a thing of this child to the person on a screen, and the reason that they
    /// gave where one was asked for.
    pub fn opens(
        &self,
        tx: &dyn Tx,
        child: &Child,
        thing: Thing,
    ) -> Result<Option<(Tie, Option<Private>)>, StoreError> {
        let mut ties = self.lasting(&tx.allocations(child.id)?, child);
        if let Some(tie) = self.seats.open(thing, &ties) {
            return Ok(Some((tie, None)));
        }
        if self.was_told(tx, child.id)? {
            ties.insert(Tie::Told);
        }
        let mut glass = tx.open_glass(self.person.id, self.now)?;
        glass.retain(|glass| glass.child == child.id);
        if !glass.is_empty() {
            ties.insert(Tie::Glass);
        }
        let tie = self.seats.open(thing, &ties);
        let reason = glass.pop().map(|glass| glass.reason);
        Ok(tie.map(|tie| (tie, reason.filter(|_| tie == Tie::Glass))))
    }

    /// The ties that come from allocation, team and cover.
    fn lasting(&self, allocations: &[Allocation], child: &Child) -> BTreeSet<Tie> {
        let own = |person: &Person| {
            let mut ties = BTreeSet::new();
            let holds = |line: &Allocation| line.person == person.id && line.holds_at(self.now);
            if allocations.iter().any(holds) {
                ties.insert(Tie::Allocated);
            }
            if person.team.is_some() && person.team == child.team {
                ties.insert(Tie::Team);
            }
            ties
        };
        let mut ties = own(&self.person);
        for (absent, seats) in &self.covered {
            ties.extend(lent(seats, &own(absent)));
        }
        ties
    }

    fn was_told(&self, tx: &dyn Tx, child: ChildId) -> Result<bool, StoreError> {
        let recent =
            |ended: Option<DateTime<Utc>>| ended.is_none_or(|at| self.now - at < TOLD_KEEPS);
        for line in tx.lines(child)?.iter().filter(|line| recent(line.ended)) {
            if tx.told(line.id)?.iter().any(|told| told.person == self.person.id) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Who holds or held a child, with what `deputy` holds or held in the place of others: for the time
/// in which both hold, the allocation and the absence.
pub fn allocations_with_cover(
    tx: &dyn Tx,
    child: &Child,
    deputy: PersonId,
) -> Result<Vec<Allocation>, StoreError> {
    let mut allocations = tx.allocations(child.id)?;
    let own = allocations.clone();
    for absence in tx.covers_of(deputy)? {
        let Some(absent) = tx.person(absence.person)? else { continue };
        let (from, until) = (absence.from, earlier(absence.until, absent.left));
        let lent = |line: &Allocation| Allocation {
            person: deputy,
            from: line.from.max(from),
            until: earlier(line.until, until),
            ..line.clone()
        };
        allocations.extend(own.iter().filter(|line| line.person == absent.id).map(lent));
        if absent.sees_team() && absent.team.is_some() && absent.team == child.team {
            let (child, role) = (child.id, absent.role);
            allocations.push(Allocation { child, person: deputy, role, from, until });
        }
    }
    Ok(allocations)
}

fn earlier(one: Option<DateTime<Utc>>, other: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
    one.into_iter().chain(other).min()
}
