//! An escalation of which nobody takes notice moves up its chain, and those who were told before
//! still see it: the responsibility stays where it was. At the chain's end the duty desk is told,
//! again and again until somebody takes notice.

use chrono::{DateTime, TimeDelta, Utc};
use doorstep_core::assessment::{Standing, Urgency};
use doorstep_core::ids::EscalationId;

use super::Judge;
use super::addressee::{Author, Circle, Roster};
use super::chain::Chain;
use super::tell::{tell, tell_first};
use crate::store::ledger::{HistoryEntry, LedgerLine};
use crate::store::notices::Reason;
use crate::store::{StoreError, Tx};

/// The words of a history after which somebody has time to take notice.
const TELLS: [&str; 6] =
    ["raised", "reopened", "passed-on", "handed-over", "addressed-again", "asked-again"];

/// How long somebody who was told has to take notice, by urgency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Of what is immediate: at any hour.
    pub immediate: TimeDelta,
    /// Of what is due the same day: working time.
    pub same_day: TimeDelta,
    /// Of what is routine: working time.
    pub routine: TimeDelta,
}

impl Patience {
    /// Whoever is told has at least so long.
    fn shortest(&self) -> TimeDelta {
        self.immediate.min(self.same_day).min(self.routine)
    }
}

/// What a look at everything that waits for notice found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// What is to be passed on, or given to somebody else.
    pub due: Vec<EscalationId>,
    /// Before then, no other has to be (UTC), unless one becomes more urgent.
    pub none_before: DateTime<Utc>,
}

/// What is to be done with an open escalation.
enum Next {
    /// Its addressee no longer works here.
    AddressAgain,
    /// Whoever took notice of it no longer works here.
    AskAgain,
    /// Nobody took notice in time.
    PassOn,
    /// There is time until then (UTC).
    Wait(DateTime<Utc>),
    /// It waits for nobody.
    Nothing,
}

/// Finds every open escalation that nobody took notice of in time, and those whose addressee no
/// longer works here. It only looks: the ledger may be long, and devices wait for who writes.
pub fn unacknowledged(
    tx: &dyn Tx,
    judge: &Judge,
    patience: &Patience,
    now: DateTime<Utc>,
) -> Result<Waiting, StoreError> {
    let roster = &mut Roster::default();
    let mut waiting = Waiting { due: Vec::new(), none_before: now + patience.shortest() };
    for line in tx.inbox(None)? {
        match next(tx, judge, roster, patience, &line, now)? {
            Next::AddressAgain | Next::AskAgain | Next::PassOn => waiting.due.push(line.id),
            Next::Wait(until) => waiting.none_before = waiting.none_before.min(until),
            Next::Nothing => {}
        }
    }
    Ok(waiting)
}

/// Passes an escalation on that nobody took notice of in time, or gives it to somebody who works
/// here; nothing where that is not due any more. Answers whether it did.
pub fn pass_on(
    tx: &mut dyn Tx,
    judge: &Judge,
    roster: &mut Roster,
    patience: &Patience,
    id: EscalationId,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let Some(line) = tx.line(id)?.filter(|line| line.ended.is_none()) else { return Ok(false) };
    match next(tx, judge, roster, patience, &line, now)? {
        Next::AddressAgain => address_again(tx, judge, roster, line, now),
        Next::AskAgain => ask_again(tx, judge, roster, line, now).map(|()| true),
        Next::PassOn => tell_next(tx, judge, roster, &line, now).map(|()| true),
        Next::Wait(_) | Next::Nothing => Ok(false),
    }
}

fn next(
    tx: &dyn Tx,
    judge: &Judge,
    roster: &mut Roster,
    patience: &Patience,
    line: &LedgerLine,
    now: DateTime<Utc>,
) -> Result<Next, StoreError> {
    if line.escalation.standing != Standing::Open {
        return Ok(Next::Nothing);
    }
    let addressee = roster.person(tx, Some(line.addressee))?;
    if addressee.is_none_or(|person| !person.is_active(now)) {
        return Ok(Next::AddressAgain);
    }
    if let Some(taken) = line.acknowledged {
        let holder = roster.person(tx, Some(taken.by))?;
        let is_gone = holder.is_none_or(|person| !person.is_active(now));
        return Ok(if is_gone { Next::AskAgain } else { Next::Nothing });
    }
    Ok(match deadline(tx, judge, line, patience)? {
        Some(deadline) if deadline <= now => Next::PassOn,
        Some(deadline) => Next::Wait(deadline),
        None => Next::Nothing,
    })
}

/// Until when whoever was told last has time; none where nobody is waited for.
pub fn deadline(
    tx: &dyn Tx,
    judge: &Judge,
    line: &LedgerLine,
    patience: &Patience,
) -> Result<Option<DateTime<Utc>>, StoreError> {
    if line.acknowledged.is_some() || line.escalation.standing != Standing::Open {
        return Ok(None);
    }
    let history = tx.line_history(line.id)?;
    let told = history.iter().rev().find(|entry| TELLS.contains(&entry.what.as_str()));
    let told = told.map_or(line.raised, |entry| entry.at);
    let calendar = judge.policy.calendar();
    Ok(Some(match line.escalation.urgency {
        Urgency::Immediate => told + patience.immediate,
        Urgency::SameDay => calendar.after_working_time(told, patience.same_day),
        Urgency::Routine => calendar.after_working_time(told, patience.routine),
    }))
}

fn tell_next(
    tx: &mut dyn Tx,
    judge: &Judge,
    roster: &mut Roster,
    line: &LedgerLine,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let child = tx.child(line.child)?.ok_or(StoreError::Missing { what: "child" })?;
    let urgency = line.escalation.urgency;
    let calendar = judge.policy.calendar();
    let chain = Chain::gather(tx, roster, calendar, &child, line.addressee, urgency, now)?;
    let told: Vec<_> = tx.told(line.id)?.into_iter().map(|told| told.person).collect();
    let next = chain.next(&told);
    let note = match next {
        Some(_) => "nobody took notice in time",
        None => "nobody took notice in time, and everybody was told: told again",
    };
    put_entry(tx, line, "passed-on", note, now)?;
    match next {
        Some((person, in_place_of)) => {
            tell(judge, tx, line, person, in_place_of, Reason::Raised, now)
        }
        None if chain.desk.is_empty() => {
            let last = told.last().copied().unwrap_or(line.addressee);
            tell(judge, tx, line, last, None, Reason::Raised, now)
        }
        None => chain
            .desk
            .iter()
            .try_for_each(|person| tell(judge, tx, line, *person, None, Reason::Raised, now)),
    }
}

/// Finds somebody else for what is still owed, where there is anybody. An acknowledgement of the
/// one who left does not count on: somebody must have it in hand.
fn address_again(
    tx: &mut dyn Tx,
    judge: &Judge,
    roster: &mut Roster,
    mut line: LedgerLine,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let child = tx.child(line.child)?.ok_or(StoreError::Missing { what: "child" })?;
    let record = match line.escalation.evidence.last() {
        Some(event) => tx.event(*event)?,
        None => None,
    };
    let author = Author::gather(tx, roster, record.map(|record| record.person))?;
    let circle = Circle::gather(tx, roster, &child, now)?;
    let found = circle.addressee(line.escalation.to, &author);
    let Some(addressee) = found.filter(|person| *person != line.addressee) else {
        return Ok(false);
    };
    let gone = line.addressee;
    line.addressee = addressee;
    line.acknowledged = line.acknowledged.filter(|taken| taken.by != gone);
    tx.put_line(&line)?;
    put_entry(tx, &line, "addressed-again", "the addressee no longer works here", now)?;
    tell_first(judge, tx, roster, &child, &line, Reason::Raised, now)?;
    Ok(true)
}

/// Asks the addressee, or whoever stands in, to take notice: the one who had it in hand is gone.
fn ask_again(
    tx: &mut dyn Tx,
    judge: &Judge,
    roster: &mut Roster,
    mut line: LedgerLine,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let child = tx.child(line.child)?.ok_or(StoreError::Missing { what: "child" })?;
    line.acknowledged = None;
    tx.put_line(&line)?;
    put_entry(tx, &line, "asked-again", "whoever had it in hand no longer works here", now)?;
    tell_first(judge, tx, roster, &child, &line, Reason::Raised, now)
}

fn put_entry(
    tx: &mut dyn Tx,
    line: &LedgerLine,
    what: &str,
    note: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let entry = HistoryEntry { at: now, what: what.into(), by: None, note: Some(note.to_owned()) };
    tx.put_line_history(line.id, &entry)
}
