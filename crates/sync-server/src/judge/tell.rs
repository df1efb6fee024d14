//! Telling people of an escalation: it stands in their inbox, and a notice goes out.

use chrono::{DateTime, Utc};
use doorstep_core::ids::{EscalationId, PersonId};

use super::Judge;
use super::addressee::Roster;
use super::chain::Chain;
use super::manner::{self, Moment, Ways};
use crate::store::directory::Child;
use crate::store::ledger::{Heard, HeardBy, HistoryEntry, LedgerLine, Told};
use crate::store::notices::{Notice, NoticeState, Reason, Receiver};
use crate::store::{StoreError, Tx};

/// Tells the addressee; while the addressee is away, somebody else as well, now and not only when
/// nobody took notice.
pub fn tell_first(
    judge: &Judge,
    tx: &mut dyn Tx,
    roster: &mut Roster,
    child: &Child,
    line: &LedgerLine,
    reason: Reason,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let urgency = line.escalation.urgency;
    let calendar = judge.policy.calendar();
    let chain = Chain::gather(tx, roster, calendar, child, line.addressee, urgency, now)?;
    tx.put_told(line.id, &Told::now(line.addressee, now, None))?;
    let (person, in_place_of) = chain.next(&[]).unwrap_or((line.addressee, None));
    tell(judge, tx, line, person, in_place_of, reason, now)
}

/// Tells everybody who was told before and still works here. Where the addressee has to deal with
/// it and is away by now, whoever stands in is told as well.
pub fn tell_all(
    judge: &Judge,
    tx: &mut dyn Tx,
    roster: &mut Roster,
    child: &Child,
    line: &LedgerLine,
    reason: Reason,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let told: Vec<_> = tx.told(line.id)?.into_iter().map(|told| told.person).collect();
    for person in &told {
        if roster.person(tx, Some(*person))?.is_some_and(|person| person.is_active(now)) {
            notify(judge, tx, line, *person, reason, now)?;
        }
    }
    if reason == Reason::StoodDown {
        return Ok(());
    }
    let urgency = line.escalation.urgency;
    let calendar = judge.policy.calendar();
    let chain = Chain::gather(tx, roster, calendar, child, line.addressee, urgency, now)?;
    match chain.next(&[]) {
        Some((person, in_place_of)) if !told.contains(&person) => {
            tell(judge, tx, line, person, in_place_of, reason, now)
        }
        _ => Ok(()),
    }
}

/// Tells one person.
pub fn tell(
    judge: &Judge,
    tx: &mut dyn Tx,
    line: &LedgerLine,
    person: PersonId,
    in_place_of: Option<PersonId>,
    reason: Reason,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    tx.put_told(line.id, &Told::now(person, now, in_place_of))?;
    notify(judge, tx, line, person, reason, now)
}

/// Writes the notices of telling a person: to themselves, as they want to be told, and to the
/// organisation's webhook.
fn notify(
    judge: &Judge,
    tx: &mut dyn Tx,
    line: &LedgerLine,
    person: PersonId,
    reason: Reason,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let Ways { person: to_person, webhook, digest_at } = &judge.ways;
    if *to_person {
        let preference = tx.preference(person)?.unwrap_or_default();
        let (urgency, calendar) = (line.escalation.urgency, judge.policy.calendar());
        let moment = manner::moment(&preference, urgency, digest_at, calendar, now);
        if let Some(moment) = moment {
            put(tx, line, person, Receiver::Person, reason, moment, now)?;
        }
    }
    if *webhook {
        let moment = Moment { next: now, digest: None };
        put(tx, line, person, Receiver::Webhook, reason, moment, now)?;
    }
    Ok(())
}

fn put(
    tx: &mut dyn Tx,
    line: &LedgerLine,
    person: PersonId,
    receiver: Receiver,
    reason: Reason,
    moment: Moment,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let (receiver_word, reason_word) = (receiver.as_str(), reason.as_str());
    let instant = now.timestamp_millis();
    let key = format!("{}/{person}/{receiver_word}/{reason_word}/{instant}", line.id);
    tx.put_notice(&Notice {
        key,
        escalation: line.id,
        person,
        receiver,
        reason,
        digest: moment.digest,
        written: now,
        state: NoticeState::Waiting { next: moment.next },
        since: now,
        failures: 0,
        refused: Vec::new(),
        last_error: None,
    })
}

/// Writes down that somebody who was told really heard of it; whether that is new.
pub fn heard(
    tx: &mut dyn Tx,
    id: EscalationId,
    person: PersonId,
    heard: Heard,
) -> Result<bool, StoreError> {
    if !tx.put_heard(id, person, heard)? {
        return Ok(false);
    }
    let (what, note) = ("told".to_owned(), Some(heard.by.name().to_owned()));
    tx.put_line_history(id, &HistoryEntry { at: heard.at, what, by: Some(person), note })?;
    Ok(true)
}

/// Writes down that `person` has these escalations on the screen; whether that is news of any.
pub fn seen(
    tx: &mut dyn Tx,
    person: PersonId,
    ids: &[EscalationId],
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let on_screen = Heard { at: now, by: HeardBy::Console };
    ids.iter().try_fold(false, |news, id| Ok(news | heard(tx, *id, person, on_screen)?))
}
