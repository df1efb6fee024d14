//! What the server signed about its logs, kept as evidence: the latest head of each epoch of its
//! log, and the first that contradicts one.

use std::fmt;

use chrono::{DateTime, Utc};
use doorstep_core::seal::{Hash, Signature, VerifyingKey};
use doorstep_core::wire::{KeptHead, SignedHead, SyncResponse, Terms, key_mark as mark};
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction};
use serde::Serialize;
use uuid::Uuid;

use crate::error::Error;
use crate::{identity, instant, terms};

/// The server signs with another key than the one by which the device knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HeadKeyChange {
    /// The mark of the key by which it is known.
    pub known: String,
    /// The mark of the other one.
    pub met: String,
}

impl fmt::Display for HeadKeyChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the server signs with another key ({}) than the one by which this device knows it \
             ({}): \
             ask whoever runs the server whether the key was changed, and compare the first of \
             these on the phone; if nobody changed it, somebody may have put another server in its \
             place: tell your safeguarding lead; records are safe here, and are sent all the same",
            self.met, self.known
        )
    }
}

/// The first key that a server names is the one by which it is known from then on.
pub(crate) fn pin(tx: &Transaction<'_>, terms: Option<&Terms>) -> Result<(), Error> {
    let Some(terms) = terms else { return Ok(()) };
    let sql = "insert or ignore into head_key (one, trusted) values (1, ?1)";
    tx.execute(sql, [terms.head_key.0.as_slice()])?;
    Ok(())
}

/// The key by which the server is known, and the other one that was met since, if any.
fn keys(conn: &Connection) -> Result<Option<(Hash, Option<Hash>)>, Error> {
    let sql = "select trusted, other from head_key";
    let row = conn.query_row(sql, [], |row| {
        let other: Option<[u8; 32]> = row.get(1)?;
        Ok((Hash(row.get(0)?), other.map(Hash)))
    });
    Ok(row.optional()?)
}

/// The key that the server signs with where it is not the one by which it is known; else none.
pub(crate) fn changed_key(conn: &Connection) -> Result<Option<HeadKeyChange>, Error> {
    let Some((trusted, Some(other))) = keys(conn)? else { return Ok(None) };
    Ok(Some(HeadKeyChange { known: mark(trusted), met: mark(other) }))
}

/// A person said that the other key is right: the server is known by it from now on.
pub(crate) fn trust(tx: &Transaction<'_>, met: &str) -> Result<bool, Error> {
    let Some((_, Some(other))) = keys(tx)? else { return Ok(false) };
    let same = met.trim().eq_ignore_ascii_case(&mark(other));
    if same {
        tx.execute("update head_key set trusted = other, other = null", [])?;
    }
    Ok(same)
}

/// Whether the key by which the server is known signed this. If not, that is noted.
fn is_trusted(tx: &Transaction<'_>, kept: &KeptHead, named: Option<Hash>) -> Result<bool, Error> {
    let Some((trusted, _)) = keys(tx)? else { return Ok(true) };
    let signed =
        |key: Hash| VerifyingKey::from_bytes(&key.0).is_ok_and(|key| kept.is_signed_by(&key));
    if signed(trusted) {
        return Ok(true);
    }
    // What it says its key is, where that is the one; else nobody knows whose it is.
    let other = named.filter(|named| signed(*named)).unwrap_or(Hash([0; 32]));
    tx.execute("update head_key set other = ?1", [other.0.as_slice()])?;
    Ok(false)
}

/// Keeps the head that came with an answer, unless it contradicts the one that is kept: then both
/// stay, and the older one goes on to be what others are compared with. One that another key signed
/// is no evidence of anything.
pub(crate) fn keep(tx: &Transaction<'_>, answer: &SyncResponse) -> Result<(), Error> {
    let Some(head) = answer.head else { return Ok(()) };
    let (organisation, log_epoch, at) = (answer.organisation, answer.log_epoch, answer.server_time);
    let kept = KeptHead { organisation, log_epoch, at, head };
    let named = terms::held(tx)?.map(|terms| terms.head_key);
    if !is_trusted(tx, &kept, named)? {
        return Ok(());
    }
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
