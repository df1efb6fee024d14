//! What was set aside, decided about by a person: released into the log as it is, corrected by a
//! record that says what it meant, or dismissed. Who, when and why stay beside it for good.

use chrono::{DateTime, Utc};
use doorstep_core::event::{Role, What};
use doorstep_core::ids::{ChildId, EventId, PersonId};

use super::AdminError;
use super::office::{self, Deed};
use crate::ingest;
use crate::judge::Judge;
use crate::store::directory::Person;
use crate::store::log::{Decision, DecisionOutcome, SetAside};
use crate::store::{StoreError, Tx};

/// Characters that a reason may have.
pub const REASON_CHARS_MAX: usize = 2000;

/// Why the office released a record whose kind was not known when it came.
pub const KNOWN_NOW: &str = "this server knows this kind of record since it was updated";

/// Why nothing was decided. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum TriageError {
    /// There is no such entry, or none that this person may decide about.
    #[error("there is no record {0} set aside that this person may decide about")]
    Unknown(u64),
    /// Somebody decided before.
    #[error("somebody decided about record {0} before")]
    Decided(u64),
    /// The record cannot be released however anybody decides.
    #[error("it cannot be released: {0}")]
    Unsound(String),
    /// There is no reason, or too long a one.
    #[error("a reason has 1 to {REASON_CHARS_MAX} characters")]
    Reason,
    /// The child is not one about whom this person may record.
    #[error("this person may not record about this child")]
    Child,
    /// What it meant could not be recorded.
    #[error(transparent)]
    Admin(#[from] AdminError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Who decides, about which entry, and why.
#[derive(Clone, Debug)]
pub struct Ruling {
    /// The entry's number.
    pub number: u64,
    /// Who decides.
    pub by: PersonId,
    /// Why, in that person's words.
    pub reason: String,
}

/// What a record that cannot be released meant.
#[derive(Clone, Debug, PartialEq)]
pub struct Meant {
    /// The child.
    pub child: ChildId,
    /// When it happened (UTC).
    pub at: DateTime<Utc>,
    /// What happened.
    pub what: What,
}

/// Whether `person` may decide about `entry`: an administrator; else a line or team manager of the
/// child that it names, or of its author where it names none that is known.
pub fn may_decide(tx: &dyn Tx, person: &Person, entry: &SetAside) -> Result<bool, StoreError> {
    if person.administrator {
        return Ok(true);
    }
    if !person.holds(Role::LineManager) && !person.holds(Role::TeamManager) {
        return Ok(false);
    }
    if let Some(child) = entry.child {
        let of_team =
            tx.child(child)?.is_some_and(|child| child.team.is_some() && child.team == person.team);
        let holds = tx.allocations(child)?.iter().any(|line| line.person == person.id);
        return Ok(of_team || holds);
    }
    let Some(device) = tx.device(entry.device)? else { return Ok(false) };
    let Some(author) = tx.person(device.person)? else { return Ok(false) };
    let of_team = author.team.is_some() && author.team == person.team;
    Ok(of_team || author.line_manager == Some(person.id))
}

/// The record is good as it is: it enters the log. Answers its position.
pub fn release(tx: &mut dyn Tx, judge: &Judge, ruling: &Ruling) -> Result<u64, TriageError> {
    let now = judge.now();
    let (_, entry) = admit(tx, ruling, now)?;
    let logged = ingest::release(tx, judge, &entry, now)?;
    let logged = logged.map_err(|ingest::Unsound(message)| TriageError::Unsound(message))?;
    decide(tx, ruling, DecisionOutcome::Released, now)?;
    Ok(logged.position)
}

/// A new record by the person who decides says what the broken one meant. Answers its id.
pub fn correct(
    tx: &mut dyn Tx,
    judge: &Judge,
    ruling: &Ruling,
    meant: &Meant,
) -> Result<EventId, TriageError> {
    let now = judge.now();
    let (person, _) = admit(tx, ruling, now)?;
    let may_record = person.administrator || tx.caseload(person.id, now)?.contains(&meant.child);
    if !may_record || tx.child(meant.child)?.is_none() {
        return Err(TriageError::Child);
    }
    let id = EventId::at(now, judge.ambient.entropy());
    let deed = Deed { id, child: meant.child, what: meant.what.clone(), at: meant.at };
    let event = office::record(tx, judge, &person, deed, now)?;
    decide(tx, ruling, DecisionOutcome::Corrected { event }, now)?;
    Ok(event)
}

/// The record stays aside for good.
pub fn dismiss(tx: &mut dyn Tx, judge: &Judge, ruling: &Ruling) -> Result<(), TriageError> {
    let now = judge.now();
    admit(tx, ruling, now)?;
    decide(tx, ruling, DecisionOutcome::Dismissed, now)
}

/// Records of a kind that was not known when they came, and is by now: they enter the log, by the
/// office. What else is wrong with one is for a person to judge: it stays where it is. Answers how
/// many were released.
pub fn release_known(tx: &mut dyn Tx, judge: &Judge) -> Result<usize, TriageError> {
    let now = judge.now();
    let Some(office) = tx.person_called(Person::OFFICE)? else { return Ok(0) };
    let mut released = 0;
    for entry in tx.quarantine(None)? {
        if ingest::release_known(tx, judge, &entry, now)? {
            let reason = KNOWN_NOW.to_owned();
            let ruling = Ruling { number: entry.number, by: office.id, reason };
            decide(tx, &ruling, DecisionOutcome::Released, now)?;
            released += 1;
        }
    }
    Ok(released)
}

/// The person and the entry, where that person may decide about it and nobody did.
fn admit(
    tx: &dyn Tx,
    ruling: &Ruling,
    now: DateTime<Utc>,
) -> Result<(Person, SetAside), TriageError> {
    let chars = ruling.reason.chars().count();
    if ruling.reason.trim().is_empty() || chars > REASON_CHARS_MAX {
        return Err(TriageError::Reason);
    }
    let unknown = || TriageError::Unknown(ruling.number);
    let person = tx.person(ruling.by)?.filter(|person| person.is_active(now));
    let person = person.ok_or_else(unknown)?;
    let entry = tx.set_aside_entry(ruling.number)?.ok_or_else(unknown)?;
    if !may_decide(tx, &person, &entry)? {
        return Err(unknown());
    }
    if entry.decision.is_some() {
        return Err(TriageError::Decided(ruling.number));
    }
    Ok((person, entry))
}

fn decide(
    tx: &mut dyn Tx,
    ruling: &Ruling,
    outcome: DecisionOutcome,
    at: DateTime<Utc>,
) -> Result<(), TriageError> {
    let reason = ruling.reason.trim().to_owned();
    Ok(tx.decide(ruling.number, &Decision { at, by: ruling.by, reason, outcome })?)
}
