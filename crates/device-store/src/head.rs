//! What the server signed about its logs, kept as evidence: the latest head of each epoch of its
//! log, and the first that contradicts one.

use chrono::{DateTime, Utc};
use doorstep_core::seal::{Hash, Signature};
use doorstep_core::wire::{KeptHead, SignedHead, SyncResponse};
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction};
use uuid::Uuid;

use crate::error::Error;
use crate::{identity, instant};

/// Keeps the head that came with an answer, unless it contradicts the one that is kept: then both
/// stay, and the older one goes on to be what others are compared with.
pub(crate) fn keep(tx: &Transaction<'_>, answer: &SyncResponse) -> Result<(), Error> {
    let Some(head) = answer.head else { return Ok(()) };
    let (organisation, log_epoch, at) = (answer.organisation, answer.log_epoch, answer.server_time);
    let kept = KeptHead { organisation, log_epoch, at, head };
    let before = all(tx)?.into_iter().find(|before| before.log_epoch == log_epoch);
    let SignedHead { log, access, root, signature } = head;
    let row =
        (log_epoch, at.timestamp_millis(), log, access, root.0.as_slice(), signature.0.as_slice());
    if before.is_none_or(|before| kept.can_follow(&before)) {
        tx.execute(
            "insert or replace into kept_head (log_epoch, at_ms, log, access, root, signature)
             values (?1, ?2, ?3, ?4, ?5, ?6)",
            row,
        )?;
    } else {
        tx.execute(
            "insert or ignore into contradicting_head
                 (one, log_epoch, at_ms, log, access, root, signature)
             values (1, ?1, ?2, ?3, ?4, ?5, ?6)",
            row,
        )?;
    }
    Ok(())
}

/// The heads that are kept, the oldest epoch first.
pub(crate) fn all(conn: &Connection) -> Result<Vec<KeptHead>, Error> {
    let Some(enrolment) = identity::enrolment(conn)? else { return Ok(Vec::new()) };
    let mut statement = conn.prepare_cached(
        "select log_epoch, at_ms, log, access, root, signature from kept_head order by log_epoch",
    )?;
    let rows = statement.query_map([], |row| kept(row, enrolment.organisation))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The first head that contradicted one that was kept; none while the server's log only grew.
pub(crate) fn contradiction(conn: &Connection) -> Result<Option<KeptHead>, Error> {
    let Some(enrolment) = identity::enrolment(conn)? else { return Ok(None) };
    let sql = "select log_epoch, at_ms, log, access, root, signature from contradicting_head";
    Ok(conn.query_row(sql, [], |row| kept(row, enrolment.organisation)).optional()?)
}

fn kept(row: &Row<'_>, organisation: Uuid) -> rusqlite::Result<KeptHead> {
    let at: DateTime<Utc> = instant(row.get(1)?);
    let (root, signature) = (Hash(row.get(4)?), Signature(row.get(5)?));
    let head = SignedHead { log: row.get(2)?, access: row.get(3)?, root, signature };
    Ok(KeptHead { organisation, log_epoch: row.get(0)?, at, head })
}
