//! Bringing a child's ledger in line with its assessment, and what people do to its lines.

use chrono::{DateTime, Utc};
use doorstep_core::assessment::{Assessment, Escalation, Standing};
use doorstep_core::escalation::{EscalationKey, LedgerChange, difference};
use doorstep_core::ids::{EscalationId, PersonId};

use super::addressee::{Author, Circle, Roster};
use super::tell::{tell, tell_all, tell_first};
use super::{Judge, Record, entries, visits};
use crate::store::directory::{Child, People};
use crate::store::ledger::{Acknowledged, HistoryEntry, LedgerLine};
use crate::store::notices::Reason;
use crate::store::{StoreError, Tx};

/// What the history says first of a line.
const RAISED: &str = "raised";

/// A line as it is to be written, what is said of it in its history, and whether somebody is told.
struct Step {
    line: LedgerLine,
    what: &'static str,
    note: Option<&'static str>,
    tell: Option<Reason>,
}

impl Step {
    /// Stands in place of another: one word to everybody instead of two alarms.
    fn replacing(mut self) -> Self {
        self.note = Some("it stands in place of another, whose cause an earlier record changed");
        self.tell = self.tell.map(|_| Reason::CauseChanged);
        self
    }

    /// Another stands in its place.
    fn replaced(mut self) -> Self {
        self.note = Some("an earlier record changed its cause, and another stands in its place");
        self.tell = None;
        self
    }
}

/// Applies the difference between a child's lines and its `assessment`; answers whether there was
/// one.
pub fn bring_in_line(
    judge: &Judge,
    tx: &mut dyn Tx,
    roster: &mut Roster,
    (child, history): (&Child, &[Record]),
    assessment: &Assessment,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let lines = &tx.lines(child.id)?;
    let changes = difference(&entries(lines), assessment);
    if changes.is_empty() {
        return Ok(false);
    }
    let circle = Circle::gather(tx, roster, child, now)?;
    let line_of = |key: &EscalationKey| {
        let found = lines.iter().find(|line| EscalationKey::of(&line.escalation) == *key);
        found.cloned().ok_or(StoreError::Missing { what: "escalation" })
    };
    let replacements = replacements(&changes, lines);
    for change in changes {
        let replaced = replacements.iter().find(|(by, _)| names(&change, by)).map(|(_, old)| *old);
        let goes = matches!(&change, LedgerChange::StandDown(key)
            if replacements.iter().any(|(_, old)| EscalationKey::of(&old.escalation) == *key));
        let step = match change {
            LedgerChange::Raise(escalation) => {
                let author = author(tx, roster, history, &escalation)?;
                let addressee = match circle.addressee(escalation.to, &author) {
                    Some(person) => person,
                    None => anybody(tx)?,
                };
                raise(judge.escalation_id(now), child, escalation, addressee, now)
            }
            LedgerChange::Update(escalation) => {
                update(line_of(&EscalationKey::of(&escalation))?, escalation, now)
            }
            LedgerChange::StandDown(key) => {
                let line = line_of(&key)?;
                let gone = Escalation { standing: Standing::StoodDown, ..line.escalation.clone() };
                update(line, gone, now)
            }
        };
        let step = if replaced.is_some() { step.replacing() } else { step };
        let step = if goes { step.replaced() } else { step };
        let line = apply(judge, tx, roster, child, step, now)?;
        if let Some(old) = replaced {
            tell_those_of(judge, tx, &line, old, now)?;
        }
    }
    Ok(true)
}

/// What is raised or open again in place of what is stood down with it: the same clause, to the
/// same role, of another cause. A visit that arrives late does that.
fn replacements<'a>(
    changes: &[LedgerChange],
    lines: &'a [LedgerLine],
) -> Vec<(EscalationKey, &'a LedgerLine)> {
    let line_of =
        |key: &EscalationKey| lines.iter().find(|line| EscalationKey::of(&line.escalation) == *key);
    let mut comes: Vec<EscalationKey> = changes
        .iter()
        .filter_map(|change| match change {
            LedgerChange::Raise(escalation) | LedgerChange::Update(escalation)
                if escalation.standing == Standing::Open =>
            {
                let key = EscalationKey::of(escalation);
                let was_open =
                    line_of(&key).is_some_and(|line| line.escalation.standing == Standing::Open);
                (!was_open).then_some(key)
            }
            _ => None,
        })
        .collect();
    let goes = changes.iter().filter_map(|change| match change {
        LedgerChange::StandDown(key) => line_of(key),
        _ => None,
    });
    let mut pairs = Vec::new();
    for old in goes.filter(|line| line.told.is_some() && line.ended.is_none()) {
        let (clause, to) = (&old.escalation.clause, old.escalation.to);
        let place = comes.iter().position(|key| key.clause == *clause && key.to == to);
        pairs.extend(place.map(|place| (comes.remove(place), old)));
    }
    pairs
}

/// Whether a change raises or opens the escalation of this key.
fn names(change: &LedgerChange, key: &EscalationKey) -> bool {
    match change {
        LedgerChange::Raise(escalation) | LedgerChange::Update(escalation) => {
            EscalationKey::of(escalation) == *key
        }
        LedgerChange::StandDown(_) => false,
    }
}

/// Tells those who were told of `old` and not of `line`, which stands in its place.
fn tell_those_of(
    judge: &Judge,
    tx: &mut dyn Tx,
    line: &LedgerLine,
    old: &LedgerLine,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let known: Vec<_> = tx.told(line.id)?.into_iter().map(|told| told.person).collect();
    for told in tx.told(old.id)? {
        if !known.contains(&told.person) {
            tell(judge, tx, line, told.person, told.in_place_of, Reason::CauseChanged, now)?;
        }
    }
    Ok(())
}

/// Who made the record that an escalation rests on: the last of them.
fn author(
    tx: &dyn Tx,
    roster: &mut Roster,
    history: &[Record],
    escalation: &Escalation,
) -> Result<Author, StoreError> {
    if visits::is_own_rule(&escalation.clause) {
        let visit = tx.planned_visit(escalation.cause.0)?;
        return Author::gather(tx, roster, visit.map(|visit| visit.person));
    }
    let rests_on = |record: &&Record| escalation.evidence.contains(&record.event.id);
    let record = history.iter().rev().find(rests_on).or_else(|| history.last());
    Author::gather(tx, roster, record.map(|record| record.author))
}

/// Anybody at all: there is always the office itself.
fn anybody(tx: &dyn Tx) -> Result<PersonId, StoreError> {
    let people = tx.people(People::All)?;
    people.first().map(|person| person.id).ok_or(StoreError::Missing { what: "person" })
}

fn raise(
    id: EscalationId,
    child: &Child,
    escalation: Escalation,
    addressee: PersonId,
    now: DateTime<Utc>,
) -> Step {
    let is_open = escalation.standing == Standing::Open;
    let line = LedgerLine {
        id,
        child: child.id,
        escalation,
        addressee,
        raised: now,
        told: is_open.then_some(now),
        acknowledged: None,
        ended: (!is_open).then_some(now),
        undelivered: false,
    };
    Step { line, what: RAISED, note: None, tell: is_open.then_some(Reason::Raised) }
}

fn update(mut line: LedgerLine, escalation: Escalation, now: DateTime<Utc>) -> Step {
    let before = line.escalation.standing;
    let more_urgent = escalation.urgency < line.escalation.urgency;
    line.escalation = escalation;
    let (what, tell) = match (before, line.escalation.standing) {
        (Standing::Discharged | Standing::StoodDown, Standing::Open) => {
            line.acknowledged = None;
            line.told = line.told.or(Some(now));
            ("reopened", Some(Reason::Reopened))
        }
        (Standing::Open, Standing::Open) => ("updated", more_urgent.then_some(Reason::MoreUrgent)),
        (Standing::Open | Standing::StoodDown, Standing::Discharged) => ("discharged", None),
        (Standing::Open | Standing::Discharged, Standing::StoodDown) => {
            ("stood-down", line.told.map(|_| Reason::StoodDown))
        }
        (Standing::Discharged, Standing::Discharged)
        | (Standing::StoodDown, Standing::StoodDown) => ("updated", None),
    };
    line.ended = if line.is_finished() { line.ended.or(Some(now)) } else { None };
    Step { line, what, note: None, tell }
}

fn apply(
    judge: &Judge,
    tx: &mut dyn Tx,
    roster: &mut Roster,
    child: &Child,
    step: Step,
    now: DateTime<Utc>,
) -> Result<LedgerLine, StoreError> {
    let Step { line, what, note, tell } = step;
    match what {
        RAISED => tx.add_line(&line)?,
        _ => tx.put_line(&line)?,
    }
    let note = note.map(str::to_owned);
    tx.put_line_history(line.id, &HistoryEntry { at: now, what: what.into(), by: None, note })?;
    match tell {
        None => {}
        Some(reason) if tx.told(line.id)?.is_empty() => {
            tell_first(judge, tx, roster, child, &line, reason, now)?;
        }
        Some(reason) => tell_all(judge, tx, roster, child, &line, reason, now)?,
    }
    Ok(line)
}

/// Gives an escalation to somebody else: `to` answers for it from now on, and has to take notice.
/// Whoever was told before still sees it.
pub fn hand_over(
    judge: &Judge,
    tx: &mut dyn Tx,
    id: EscalationId,
    to: PersonId,
    by: PersonId,
    now: DateTime<Utc>,
) -> Result<LedgerLine, StoreError> {
    let mut line = tx.line(id)?.ok_or(StoreError::Missing { what: "escalation" })?;
    let child = tx.child(line.child)?.ok_or(StoreError::Missing { what: "child" })?;
    if line.ended.is_some() || line.addressee == to {
        return Ok(line);
    }
    line.addressee = to;
    line.acknowledged = None;
    tx.put_line(&line)?;
    let entry = HistoryEntry { at: now, what: "handed-over".into(), by: Some(by), note: None };
    tx.put_line_history(id, &entry)?;
    tell_first(judge, tx, &mut Roster::default(), &child, &line, Reason::Raised, now)?;
    Ok(line)
}

/// Records that `by` took notice of an escalation at `now`. Whoever was first stays the one.
pub fn acknowledge(
    tx: &mut dyn Tx,
    id: EscalationId,
    by: PersonId,
    now: DateTime<Utc>,
) -> Result<LedgerLine, StoreError> {
    let mut line = tx.line(id)?.ok_or(StoreError::Missing { what: "escalation" })?;
    if line.acknowledged.is_some() {
        return Ok(line);
    }
    line.acknowledged = Some(Acknowledged { at: now, by });
    if line.is_finished() {
        line.ended = line.ended.or(Some(now));
    }
    tx.put_line(&line)?;
    let entry = HistoryEntry { at: now, what: "acknowledged".into(), by: Some(by), note: None };
    tx.put_line_history(id, &entry)?;
    Ok(line)
}
