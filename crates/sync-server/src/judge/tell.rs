//! Telling people of an escalation: it stands in their inbox, and a notice goes out.

use chrono::{DateTime, Utc};
use doorstep_core::ids::PersonId;

use super::Judge;
use super::chain::Chain;
use crate::store::directory::Child;
use crate::store::ledger::{Channel, LedgerLine, Notice, Reason, Told};
use crate::store::{StoreError, Tx};

/// Tells the addressee; while the addressee is away, somebody else as well, now and not only when
/// nobody took notice.
pub fn tell_first(
    judge: &Judge,
    tx: &mut dyn Tx,
    child: &Child,
    line: &LedgerLine,
    reason: Reason,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let urgency = line.escalation.urgency;
    let calendar = judge.policy.calendar();
    let chain = Chain::gather(tx, calendar, child, line.addressee, urgency, now)?;
    tx.put_told(line.id, &Told { person: line.addressee, first: now, in_place_of: None })?;
    let (person, in_place_of) = chain.next(&[]).unwrap_or((line.addressee, None));
    tell(judge, tx, line, person, in_place_of, reason, now)
}

/// Tells everybody who was told before.
pub fn tell_all(
    judge: &Judge,
    tx: &mut dyn Tx,
    line: &LedgerLine,
    reason: Reason,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    for told in tx.told(line.id)? {
        notify(judge, tx, line, told.person, reason, now)?;
    }
    Ok(())
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
    tx.put_told(line.id, &Told { person, first: now, in_place_of })?;
    notify(judge, tx, line, person, reason, now)
}

/// Writes the notice that a person gets, where there is a way of sending it.
fn notify(
    judge: &Judge,
    tx: &mut dyn Tx,
    line: &LedgerLine,
    person: PersonId,
    reason: Reason,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    if !judge.mail {
        return Ok(());
    }
    let person = tx.person(person)?.ok_or(StoreError::Missing { what: "person" })?;
    if person.email.is_none() {
        return Ok(());
    }
    let channel = Channel::Email;
    let key = format!(
        "{}/{}/{}/{}/{}",
        line.id,
        person.id,
        channel.as_str(),
        reason.as_str(),
        now.timestamp_millis()
    );
    tx.put_notice(&Notice {
        key,
        escalation: line.id,
        person: person.id,
        channel,
        reason,
        written: now,
        attempts: 0,
        next_try: now,
        sent: None,
        last_error: None,
    })
}
