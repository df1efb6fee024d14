//! What the lists hold, read from one instant of the store.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use doorstep_core::assessment::{Assessment, DutyState};
use doorstep_core::describe::{role, sentence_case, times};
use doorstep_core::ids::{ChildId, PersonId, TeamId};
use doorstep_core::policy::Policy;

use super::{Contingency, ContingencyError, Sheet};
use crate::judge::{complete, events_of};
use crate::store::availability::NumberedAbsence;
use crate::store::directory::{Child, People, Person};
use crate::store::ledger::LedgerLine;
use crate::store::{StoreError, Tx};

/// For how long planned visits are listed.
const AHEAD: TimeDelta = TimeDelta::days(7);
/// What stands where a protected address would.
const PROTECTED: &str = "protected: ask the team manager";

/// Gathers everything as it is at `now`.
pub fn gather(
    tx: &dyn Tx,
    policy: &Policy,
    now: DateTime<Utc>,
) -> Result<Contingency, ContingencyError> {
    let organisation = tx.organisation()?.ok_or(ContingencyError::NoOrganisation)?.name;
    let mut office = Office::gather(tx, now)?;
    let sheets = vec![
        escalations(tx, &mut office)?,
        duties(tx, policy, &mut office)?,
        visits(tx, &mut office)?,
        people(tx, &office)?,
    ];
    Ok(Contingency { organisation, made: now, sheets })
}

/// Who is who, each looked up once.
struct Office {
    people: BTreeMap<PersonId, Person>,
    teams: BTreeMap<TeamId, String>,
    children: BTreeMap<ChildId, Child>,
    now: DateTime<Utc>,
}

impl Office {
    fn gather(tx: &dyn Tx, now: DateTime<Utc>) -> Result<Self, StoreError> {
        Ok(Self {
            people: tx.people(People::All)?.into_iter().map(|found| (found.id, found)).collect(),
            teams: tx.teams()?.into_iter().map(|team| (team.id, team.name)).collect(),
            children: tx.children()?.into_iter().map(|child| (child.id, child)).collect(),
            now,
        })
    }

    fn name(&self, person: PersonId) -> String {
        self.people.get(&person).map_or_else(String::new, |person| person.name.clone().into())
    }

    /// Name and phone number, as one would call them.
    fn called(&self, person: PersonId) -> String {
        let Some(person) = self.people.get(&person) else { return String::new() };
        match &person.phone {
            Some(phone) => format!("{}, {}", person.name.reveal(), phone.reveal()),
            None => person.name.clone().into(),
        }
    }

    fn team(&self, team: Option<TeamId>) -> String {
        team.and_then(|team| self.teams.get(&team)).cloned().unwrap_or_default()
    }

    /// A child by name and date of birth, and their team.
    fn child(&self, child: ChildId) -> [String; 2] {
        let Some(child) = self.children.get(&child) else { return Default::default() };
        let born = child.born.map(|born| format!(", born {}", born.format("%-d %B %Y")));
        [format!("{}{}", child.name.reveal(), born.unwrap_or_default()), self.team(child.team)]
    }

    /// Where a child lives and how the home is phoned, unless the address is protected.
    fn home(&self, child: ChildId) -> [String; 2] {
        match self.children.get(&child) {
            None => Default::default(),
            Some(child) if child.address_protected => [PROTECTED.to_owned(), PROTECTED.to_owned()],
            Some(child) => [
                child.address.clone().unwrap_or_default().into(),
                child.phone.clone().unwrap_or_default().into(),
            ],
        }
    }

    fn at(&self, at: DateTime<Utc>) -> String {
        times::short(at, self.now)
    }

    fn by(&self, due: Option<DateTime<Utc>>) -> String {
        due.map_or_else(|| "no limit".to_owned(), |due| times::deadline(due, self.now))
    }
}

fn escalations(tx: &dyn Tx, office: &mut Office) -> Result<Sheet, StoreError> {
    let mut rows = Vec::new();
    for line in tx.inbox(None)? {
        let [child, team] = office.child(line.child);
        let told: Vec<_> =
            tx.told(line.id)?.into_iter().map(|told| office.called(told.person)).collect();
        let escalation = &line.escalation;
        rows.push(vec![
            sentence_case(&escalation.urgency.as_str().replace('-', " ")),
            office.by(escalation.due),
            child,
            team,
            escalation.clause.to_string(),
            escalation.sentence.to_string(),
            told.join("; "),
            standing(office, &line),
        ]);
    }
    Ok(Sheet {
        name: "escalations",
        title: "Open escalations",
        hint: "The most urgent first. Whoever was told answers for it until somebody else does.",
        head: &["Urgency", "By", "Child", "Team", "Clause", "What is owed", "Told", "Standing"],
        rows,
    })
}

fn standing(office: &Office, line: &LedgerLine) -> String {
    match line.acknowledged {
        Some(taken) => {
            format!("acknowledged by {}, {}", office.name(taken.by), office.at(taken.at))
        }
        None => format!("not acknowledged, raised {}", office.at(line.raised)),
    }
}

fn duties(tx: &dyn Tx, policy: &Policy, office: &mut Office) -> Result<Sheet, StoreError> {
    let mut rows = Vec::new();
    let children: Vec<_> = office.children.keys().copied().collect();
    for id in children {
        let Some(child) = office.children.get(&id) else { continue };
        let (events, visits) = (events_of(tx, id)?, tx.planned_visits_of(id)?);
        let assessment = complete(policy, child, &events, &visits, office.now);
        if !assessment.owed().is_empty() {
            let held = holders(tx, office, id)?;
            rows.extend(owed(office, id, &assessment, &held));
        }
    }
    // Instants are not in the cells' order of letters.
    rows.sort_by(|(a, ..), (b, ..)| a.cmp(b));
    Ok(Sheet {
        name: "duties",
        title: "Duties owed",
        hint: "The nearest limit first.",
        head: &[
            "By",
            "Child",
            "Team",
            "With",
            "Where",
            "Phone",
            "Clause",
            "What is owed",
            "By whom",
            "State",
        ],
        rows: rows.into_iter().map(|(_, row)| row).collect(),
    })
}

type Sorted = ((bool, Option<DateTime<Utc>>, String), Vec<String>);

/// The duties that are owed about one child, each with what it is sorted by.
fn owed(office: &Office, id: ChildId, assessment: &Assessment, held: &str) -> Vec<Sorted> {
    let [child, team] = office.child(id);
    let [address, phone] = office.home(id);
    assessment
        .owed()
        .into_iter()
        .map(|duty| {
            let due = duty.due.as_ref().map(|due| due.at);
            let state = match duty.state {
                DutyState::Breached => "past its limit",
                _ => "open",
            };
            let row = vec![
                office.by(due),
                child.clone(),
                team.clone(),
                held.to_owned(),
                address.clone(),
                phone.clone(),
                duty.clause.to_string(),
                duty.sentence.to_string(),
                role(duty.owner),
                state.to_owned(),
            ];
            ((due.is_none(), due, child.clone()), row)
        })
        .collect()
}

fn holders(tx: &dyn Tx, office: &Office, child: ChildId) -> Result<String, StoreError> {
    let held = tx.allocations(child)?.into_iter().filter(|held| held.holds_at(office.now));
    Ok(held.map(|held| office.called(held.person)).collect::<Vec<_>>().join("; "))
}

fn visits(tx: &dyn Tx, office: &mut Office) -> Result<Sheet, StoreError> {
    let planned = tx.planned_visits_between(office.now, office.now + AHEAD)?;
    let rows = planned.into_iter().filter(|visit| visit.cancelled.is_none()).map(|visit| {
        let [child, team] = office.child(visit.child);
        let [address, phone] = office.home(visit.child);
        vec![office.at(visit.at), child, team, office.called(visit.person), address, phone]
    });
    Ok(Sheet {
        name: "visits",
        title: "Planned visits",
        hint: "Of the next seven days.",
        head: &["When", "Child", "Team", "Who", "Where", "Phone"],
        rows: rows.collect(),
    })
}

fn people(tx: &dyn Tx, office: &Office) -> Result<Sheet, StoreError> {
    let absences = tx.absences(office.now)?;
    let mut rows = Vec::new();
    let here = |person: &&Person| person.is_active(office.now) && person.is_staff();
    for person in office.people.values().filter(here) {
        let hours = tx.working_hours(person.id)?.map(|hours| hours.to_string());
        let desk = if person.administrator { ", duty desk" } else { "" };
        rows.push(vec![
            office.team(person.team),
            person.name.clone().into(),
            sentence_case(&format!("{}{desk}", role(person.role))),
            person.phone.clone().unwrap_or_default().into(),
            hours.unwrap_or_default(),
            away(office, &absences, person.id),
            person.line_manager.map(|manager| office.name(manager)).unwrap_or_default(),
        ]);
    }
    rows.sort();
    Ok(Sheet {
        name: "people",
        title: "Who is there",
        hint: "By team. An escalation that nobody acknowledges goes to the line manager, the team \
               manager, then the duty desk.",
        head: &["Team", "Name", "Role", "Phone", "Hours", "Away", "Line manager"],
        rows,
    })
}

/// The absences of the coming week, and who stands in.
fn away(office: &Office, absences: &[NumberedAbsence], person: PersonId) -> String {
    let theirs = absences
        .iter()
        .map(|numbered| &numbered.absence)
        .filter(|absence| absence.person == person && absence.from < office.now + AHEAD);
    let words = theirs.map(|absence| {
        let until = absence.until.map_or_else(
            || "until further notice".to_owned(),
            |until| format!("until {}", times::deadline(until, office.now)),
        );
        let deputy = absence.deputy.map(|deputy| format!(", {} stands in", office.called(deputy)));
        let from = if absence.from > office.now {
            format!("from {} ", office.at(absence.from))
        } else {
            String::new()
        };
        format!("{from}{until}{}", deputy.unwrap_or_default())
    });
    words.collect::<Vec<_>>().join("; ")
}
