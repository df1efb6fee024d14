//! What the pages show of what was set aside, gathered in one look. Nothing here draws.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use doorstep_core::ids::{ChildId, EventId, PersonId};

use super::text::text;
use super::viewer::Viewer;
use crate::access::Reader;
use crate::admin::triage;
use crate::ingest::{self, Unsound};
use crate::store::directory::People;
use crate::store::log::{Access, DecisionOutcome, SetAside};
use crate::store::{StoreError, Tx};

/// Decided entries that are looked through for those that the viewer may see.
const DECIDED_MAX: usize = 200;

/// A record that was set aside, with the names that belong to it.
#[derive(Clone, Debug, PartialEq)]
pub struct SetAsideRow {
    /// The entry.
    pub entry: SetAside,
    /// The device, as its person calls it.
    pub device: String,
    /// Whose device it is.
    pub person: String,
    /// Whether the viewer may read what came.
    pub readable: bool,
    /// Whether the viewer may decide what becomes of it.
    pub may_decide: bool,
    /// Who decided, by full name, where somebody did.
    pub decided_by: Option<String>,
    /// The child and the record that a corrected entry points at, where the viewer may open it.
    pub meant: Option<(ChildId, EventId)>,
}

/// One entry, and whether it could be released.
#[derive(Clone, Debug, PartialEq)]
pub struct SetAsideFile {
    /// The entry.
    pub row: SetAsideRow,
    /// What the organisation's own system calls the child that it names.
    pub child: Option<String>,
    /// Why it can never be released, where that is so.
    pub unsound: Option<String>,
}

/// Who looks, and what that lets them see.
struct Sight<'a> {
    viewer: &'a Viewer,
    team: Vec<PersonId>,
    caseload: Vec<ChildId>,
    names: BTreeMap<PersonId, String>,
}

impl<'a> Sight<'a> {
    fn of(tx: &dyn Tx, viewer: &'a Viewer, now: DateTime<Utc>) -> Result<Self, StoreError> {
        let team = match viewer.team.filter(|_| viewer.sees_team) {
            None => Vec::new(),
            Some(team) => tx.people(People::Team(team))?.into_iter().map(|p| p.id).collect(),
        };
        let caseload = tx.caseload(viewer.person, now)?;
        Ok(Self { viewer, team, caseload, names: BTreeMap::new() })
    }

    fn name(&mut self, tx: &dyn Tx, person: PersonId) -> Result<String, StoreError> {
        if let Some(name) = self.names.get(&person) {
            return Ok(name.clone());
        }
        let name =
            tx.person(person)?.map_or_else(|| text!("page-somebody-unknown"), |p| p.name.into());
        self.names.insert(person, name.clone());
        Ok(name)
    }

    /// The entry as the viewer sees it; none where it does not concern them.
    fn row(&mut self, tx: &dyn Tx, entry: SetAside) -> Result<Option<SetAsideRow>, StoreError> {
        let Some(device) = tx.device(entry.device)? else { return Ok(None) };
        let Some(viewer) = tx.person(self.viewer.person)? else { return Ok(None) };
        let own = device.person == viewer.id || self.team.contains(&device.person);
        let may_decide = triage::may_decide(tx, &viewer, &entry)?;
        if !own && !may_decide {
            return Ok(None);
        }
        let readable = entry.child.map_or(own, |child| self.caseload.contains(&child));
        let person = self.name(tx, device.person)?;
        let decided_by = match &entry.decision {
            None => None,
            Some(decision) => Some(self.name(tx, decision.by)?),
        };
        let meant = match entry.decision.as_ref().map(|decision| decision.outcome) {
            Some(DecisionOutcome::Corrected { event }) => tx
                .event(event)?
                .filter(|logged| self.caseload.contains(&logged.child))
                .map(|logged| (logged.child, event)),
            _ => None,
        };
        let device = device.name;
        Ok(Some(SetAsideRow { entry, device, person, readable, may_decide, decided_by, meant }))
    }
}

/// What was set aside from the viewer's own devices and their team's, and what they may decide
/// about: those that wait, the oldest first; and those that were decided about, the latest first.
pub fn all(
    tx: &dyn Tx,
    viewer: &Viewer,
    now: DateTime<Utc>,
) -> Result<(Vec<SetAsideRow>, Vec<SetAsideRow>), StoreError> {
    let mut sight = Sight::of(tx, viewer, now)?;
    let mut rows = |entries: Vec<SetAside>| {
        let rows = entries.into_iter().filter_map(|entry| sight.row(tx, entry).transpose());
        rows.collect::<Result<Vec<_>, StoreError>>()
    };
    Ok((rows(tx.quarantine(None)?)?, rows(tx.decided(DECIDED_MAX)?)?))
}

/// One entry; none where there is none that concerns the viewer. What they can read of a child is
/// written to the access log.
pub fn one(
    tx: &mut dyn Tx,
    viewer: &Viewer,
    number: u64,
    now: DateTime<Utc>,
) -> Result<Option<SetAsideFile>, StoreError> {
    let Some(entry) = tx.set_aside_entry(number)? else { return Ok(None) };
    let Some(row) = Sight::of(tx, viewer, now)?.row(tx, entry)? else { return Ok(None) };
    let unsound = match (&row.entry.decision, ingest::releasable(tx, &row.entry, now)) {
        (Some(_), _) => None,
        (None, releasable) => releasable?.err().map(|Unsound(message)| message),
    };
    let child = row.entry.child.map_or(Ok(None), |child| tx.child(child))?;
    if let Some(child) = row.entry.child.filter(|_| row.readable) {
        log_reading(tx, viewer, child, now)?;
    }
    Ok(Some(SetAsideFile { row, child: child.map(|child| child.external), unsound }))
}

/// Writes down that the viewer reads what was set aside of a child.
pub fn log_reading(
    tx: &mut dyn Tx,
    viewer: &Viewer,
    child: ChildId,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    let (person, by) = (viewer.person, "set aside".to_owned());
    let card = tx.child(child)?.ok_or(StoreError::Missing { what: "child" })?;
    let tie = Reader::of(tx, person, at)?.map_or(Ok(None), |reader| reader.held(tx, &card))?;
    tx.log_access(&Access { at, person, child, by, device: None, tie, reason: None })
}
