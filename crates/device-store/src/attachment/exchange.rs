//! The attachments' part of the sync machine: one piece at a time, and only while no event waits.
//! It asks the server how far it is and goes on from there, so that it may be broken off at any
//! byte.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use doorstep_core::attachment::{Attachment, Intake};
use doorstep_core::seal::Hash;
use doorstep_core::wire::{AttachmentOffer, AttachmentState, Problem};
use rusqlite::{Connection, OptionalExtension as _, Transaction};

use super::{Row, note_held, put_piece, read, row};
use crate::error::Error;
use crate::sync::{self, STALL_SECONDS};
use crate::{contact, instant, outbox};

/// Halvings of a piece after failures: a weak link carries less at a time.
const HALVINGS_MAX: u32 = 6;
/// Problems after which sending the same again would get the same answer.
const FINAL: [&str; 4] =
    ["attachment-size", "attachment-type", "attachment-mismatch", "attachment-shut-out"];
/// Problems after which the server is asked how far it is.
const OUT_OF_STEP: [&str; 2] = ["attachment-offset", "attachment-not-offered"];

/// The next request about an attachment. All are safe to repeat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttachmentRequest {
    /// `PUT /v1/attachments/{hash}`: how much of it is there?
    Offer {
        /// Which.
        hash: Hash,
        /// What it is.
        offer: AttachmentOffer,
    },
    /// `PATCH /v1/attachments/{hash}?offset=…`: the next bytes.
    Send {
        /// Of which.
        hash: Hash,
        /// Where they begin.
        offset: u64,
        /// How many there are in all.
        of: u64,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// `GET /v1/attachments/{hash}`: the bytes from here on.
    Fetch {
        /// Of which.
        hash: Hash,
        /// Where to begin.
        from: u64,
        /// How many there are in all.
        of: u64,
    },
}

impl AttachmentRequest {
    /// About which attachment it is.
    pub const fn hash(&self) -> Hash {
        match self {
            Self::Offer { hash, .. } | Self::Send { hash, .. } | Self::Fetch { hash, .. } => *hash,
        }
    }
}

/// The next request; none while events wait, while the machine pauses, and when there is nothing to
/// send or to fetch.
pub(crate) fn next(
    conn: &Connection,
    now: DateTime<Utc>,
) -> Result<Option<AttachmentRequest>, Error> {
    let Some(server) = contact::server(conn)? else { return Ok(None) };
    if server.more || outbox::pending(conn)?.0 > 0 || sync::is_pausing(conn, now)? {
        return Ok(None);
    }
    let pause = pause(conn)?;
    if pause.is_some_and(|(_, until)| sync::is_ahead(until, now)) {
        return Ok(None);
    }
    if let Some(row) = first_wanted(conn)? {
        let (hash, from, of) = (row.hash, row.held, row.bytes);
        return Ok(Some(AttachmentRequest::Fetch { hash, from, of }));
    }
    let Some((row, received)) = first_unsent(conn, server.backed_up_to)? else { return Ok(None) };
    let hash = row.hash;
    match received.filter(|received| *received < row.bytes) {
        None => {
            let offer = AttachmentOffer { bytes: row.bytes, media_type: row.media_type };
            Ok(Some(AttachmentRequest::Offer { hash, offer }))
        }
        Some(offset) => {
            let failures = pause.map_or(0, |(failures, _)| failures).min(HALVINGS_MAX);
            let most = (server.limits.attachment_chunk_bytes >> failures).max(1);
            let bytes = read(conn, &row, offset, most)?;
            Ok(Some(AttachmentRequest::Send { hash, offset, of: row.bytes, bytes }))
        }
    }
}

/// What a person asked for and is not here whole.
fn first_wanted(conn: &Connection) -> Result<Option<Row>, Error> {
    let sql = "select hash from attachment where held < bytes order by number limit 1";
    let hash = conn.query_row(sql, [], |row| row.get(0).map(Hash)).optional()?;
    hash.map_or(Ok(None), |hash| row(conn, hash))
}

/// The first own attachment that is still to be sent, with how much the server has of it; or of
/// which it is to be asked whether a backup holds it by now.
fn first_unsent(conn: &Connection, backed_up_to: u64) -> Result<Option<(Row, Option<u64>)>, Error> {
    let sql = "select s.hash, iif(s.state = 'waiting', s.received, null)
                 from attachment_sent s join attachment a using (hash)
                where s.state = 'waiting'
                   or (s.state = 'received' and s.backed_up = 0 and s.asked_at < ?1)
                order by s.state = 'received', a.number limit 1";
    let found = conn
        .query_row(sql, [backed_up_to], |row| Ok((Hash(row.get(0)?), row.get(1)?)))
        .optional()?;
    let Some((hash, received)) = found else { return Ok(None) };
    Ok(row(conn, hash)?.map(|row| (row, received)))
}

/// Keeps how far the server is. One that does not come on gets a rest.
pub(crate) fn answered(
    tx: &Transaction<'_>,
    request: &AttachmentRequest,
    answer: &AttachmentState,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let hash = request.hash();
    let size = match request {
        AttachmentRequest::Offer { offer, .. } => offer.bytes,
        AttachmentRequest::Send { of, .. } | AttachmentRequest::Fetch { of, .. } => *of,
    };
    if answer.hash != hash || answer.bytes != size || answer.received > size {
        return Err(Error::Answer("is about another attachment"));
    }
    let asked_at = contact::server(tx)?.map_or(0, |server| server.backed_up_to);
    let state = if answer.is_complete() { "received" } else { "waiting" };
    tx.execute(
        "update attachment_sent
            set state = ?2, received = ?3, reason = null, backed_up = ?4, asked_at = ?5
          where hash = ?1",
        (hash.0.as_slice(), state, answer.received, answer.backed_up, asked_at),
    )?;
    let comes_on = match request {
        AttachmentRequest::Send { offset, .. } => answer.received > *offset,
        AttachmentRequest::Offer { .. } | AttachmentRequest::Fetch { .. } => answer.received < size,
    };
    if comes_on || answer.is_complete() {
        tx.execute("delete from attachment_pause", [])?;
    } else {
        keep_pause(tx, 0, now + TimeDelta::seconds(STALL_SECONDS))?;
    }
    super::prune(tx)
}

/// A person wants the bytes of an attachment that a record held here names. Whether there is
/// something to fetch.
pub(crate) fn want(
    tx: &Transaction<'_>,
    attachment: &Attachment,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    let hash = attachment.hash.0.as_slice();
    let named = "select 1 from attachment_name where hash = ?1";
    if tx.query_row(named, [hash], |_| Ok(())).optional()?.is_none() {
        return Err(Error::UnknownAttachment);
    }
    if let Some(row) = row(tx, attachment.hash)? {
        return Ok(row.held < row.bytes);
    }
    let limit = contact::limits(tx)?.attachment_bytes;
    let media_type = attachment.media_type.known().ok_or(Error::UnknownAttachment)?;
    if attachment.bytes == 0 || attachment.bytes > limit {
        return Err(Error::UnknownAttachment);
    }
    tx.execute(
        "insert into attachment (hash, media_type, bytes, held, own, added_ms)
         values (?1, ?2, ?3, 0, 0, ?4)",
        (hash, media_type.as_str(), attachment.bytes, now.timestamp_millis()),
    )?;
    Ok(true)
}

/// Keeps bytes that came, from `from` on; whether it is here whole now. What does not have the hash
/// when it is whole is thrown away.
pub(crate) fn fetched(
    tx: &Transaction<'_>,
    hash: Hash,
    from: u64,
    bytes: &[u8],
) -> Result<Result<bool, Error>, Error> {
    let row = row(tx, hash)?.filter(|row| row.held == from && row.held < row.bytes);
    let Some(mut row) = row else {
        return Ok(Err(Error::Answer("brings bytes that nobody asked for")));
    };
    if from + bytes.len() as u64 > row.bytes {
        tx.execute("delete from attachment where number = ?1", [row.number])?;
        return Ok(Err(Error::Answer("brings more bytes than the attachment has")));
    }
    if !bytes.is_empty() {
        put_piece(tx, row.number, from, bytes)?;
    }
    row.held += bytes.len() as u64;
    note_held(tx, &row)?;
    tx.execute("delete from attachment_pause", [])?;
    if row.held < row.bytes {
        return Ok(Ok(false));
    }
    if has_its_hash(tx, &row)? {
        return Ok(Ok(true));
    }
    tx.execute("delete from attachment where number = ?1", [row.number])?;
    Ok(Err(Error::Answer("brought bytes that are not the attachment's")))
}

fn has_its_hash(conn: &Connection, row: &Row) -> Result<bool, Error> {
    let mut intake = Intake::default();
    while intake.bytes() < row.bytes {
        let piece = read(conn, row, intake.bytes(), super::PIECE_BYTES)?;
        if piece.is_empty() {
            return Ok(false);
        }
        intake.take(&piece);
    }
    Ok(intake.hash() == row.hash)
}

/// The server said no. What it will never take is shown to a person; what it does not have is not
/// asked for again by itself; everything else counts as a failure. Whether the machine may go on.
pub(crate) fn refused(
    tx: &Transaction<'_>,
    request: &AttachmentRequest,
    problem: &Problem,
) -> Result<bool, Error> {
    let kind = problem.kind.rsplit('/').next().unwrap_or_default();
    let hash = request.hash().0;
    let hash = hash.as_slice();
    if let AttachmentRequest::Fetch { .. } = request {
        let gone = matches!(problem.status, 403 | 404 | 416);
        if gone {
            tx.execute("delete from attachment where hash = ?1 and held < bytes", [hash])?;
        }
        return Ok(gone);
    }
    if FINAL.contains(&kind) {
        let sql = "update attachment_sent set state = 'refused', received = null, reason = ?2
                    where hash = ?1";
        tx.execute(sql, (hash, &problem.detail))?;
        return Ok(true);
    }
    if OUT_OF_STEP.contains(&kind) {
        tx.execute("update attachment_sent set received = null where hash = ?1", [hash])?;
        return Ok(true);
    }
    Ok(false)
}

/// No answer came, or one that said "later". When the machine will ask again (UTC).
pub(crate) fn failed(
    tx: &Transaction<'_>,
    now: DateTime<Utc>,
    retry_after: Option<Duration>,
    jitter: u64,
) -> Result<DateTime<Utc>, Error> {
    let failures = pause(tx)?.map_or(0, |(failures, _)| failures).saturating_add(1);
    let until = sync::pause_end(failures, now, retry_after, jitter);
    keep_pause(tx, failures, until)?;
    Ok(until)
}

fn keep_pause(tx: &Transaction<'_>, failures: u32, until: DateTime<Utc>) -> Result<(), Error> {
    tx.execute(
        "insert or replace into attachment_pause (one, failures, until_ms) values (1, ?1, ?2)",
        (failures, until.timestamp_millis()),
    )?;
    Ok(())
}

fn pause(conn: &Connection) -> Result<Option<(u32, DateTime<Utc>)>, Error> {
    let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, instant(row.get(1)?)));
    let sql = "select failures, until_ms from attachment_pause";
    Ok(conn.query_row(sql, [], row).optional()?)
}
