//! The server begins anew: it was restored to a backup, or is an older copy of itself. It says how
//! far it knows each of the device's epochs. What it has stays received; what it lost of an epoch
//! that is over is sealed again at the end of the chain, also what is here only because it once
//! came from the server. What it lost of the newest epoch `course` offers again.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use doorstep_core::ids::DeviceId;
use doorstep_core::seal::SigningKey;
use doorstep_core::wire::{Anew, Expected, SyncResponse};
use rusqlite::Transaction;
use serde::Deserialize;

use crate::error::Error;
use crate::outbox::ToSeal;
use crate::{attachment, identity, outbox, settled};

/// What must be known of a record to seal it again, whatever else it says.
#[derive(Deserialize)]
struct Form {
    device: DeviceId,
    epoch: u32,
    seq: u64,
    recorded: DateTime<Utc>,
}

/// Puts own records in line with what the server has. `epoch` is that of the request. How many are
/// to be sent again.
pub(crate) fn begin(
    tx: &Transaction<'_>,
    epoch: u32,
    answer: &SyncResponse,
    Anew { chains }: &Anew,
) -> Result<u64, Error> {
    for next in chains {
        tx.execute(
            "update receipt set log_epoch = ?3 where epoch = ?1 and seq < ?2",
            (next.epoch, next.seq, answer.log_epoch),
        )?;
    }
    let key = identity::signing_key(tx)?;
    let lost = outbox::lost(tx, epoch, chains)?;
    let mut sealed = outbox::seal_all(tx, &lost, &key)?;
    sealed += adopt(tx, chains, &key)?;
    settled::take_back(tx)?;
    attachment::offer_again(tx)?;
    Ok(sealed)
}

/// Seals own records again that are here only because the server once sent them: they were made
/// before this device was put back to an older state, and the server has lost them.
fn adopt(tx: &Transaction<'_>, chains: &[Expected], key: &SigningKey) -> Result<u64, Error> {
    let device = identity::required(tx)?.device;
    // The browser's SQLite knows no JSON: what else names this device falls out below.
    let mut statement = tx.prepare(
        "select event, child, body from pulled_event
          where instr(body, ?1) > 0 and event is not null
            and event not in (select event from own_event)",
    )?;
    let rows = statement.query_map([device.to_string()], |row| {
        Ok((row.get::<_, String>(0)?, row.get(1)?, row.get::<_, String>(2)?))
    })?;
    // By record: the first of its forms, or none where the server has one of them.
    let mut found: BTreeMap<String, Option<ToSeal>> = BTreeMap::new();
    for row in rows {
        let (event, child, body) = row?;
        let Ok(form) = serde_json::from_str::<Form>(&body) else { continue };
        if form.device != device {
            continue;
        }
        let Form { epoch, seq, recorded, .. } = form;
        let is_there = chains.iter().any(|next| next.epoch == epoch && seq < next.seq);
        let (place, recorded_ms) = ((epoch, seq), recorded.timestamp_millis());
        let form = ToSeal { place, event: event.clone(), child, recorded_ms, body };
        let kept = found.entry(event).or_insert_with(|| Some(form));
        if is_there {
            *kept = None;
        }
    }
    let mut lost: Vec<_> = found.into_values().flatten().collect();
    lost.sort_by_key(|record| record.place);
    for record in &lost {
        outbox::seal_at_end(tx, record, key)?;
    }
    Ok(lost.len() as u64)
}
