//! Attachments on the device: their bytes lie in the encrypted file, in pieces; records name them
//! by hash. They come in with the record or form that names them, in its transaction, and go when
//! nothing here names them any more and nothing of them could be lost.

mod exchange;

use std::io::{self, Read};

use chrono::{DateTime, Utc};
use doorstep_core::attachment::{Attachment, Intake, MediaType, Shows};
use doorstep_core::seal::Hash;
use rusqlite::{Connection, OptionalExtension as _, Transaction};
use serde::{Deserialize, Serialize};

use crate::contact;
use crate::error::Error;
use crate::record::Fault;

pub use exchange::AttachmentRequest;
pub(crate) use exchange::{answered, failed, fetched, next, refused, want};

/// Bytes of one stored piece: what is in memory at a time.
const PIECE_BYTES: usize = 64 * 1024;

/// A file that goes with a record or a form. It is read once, in pieces.
pub struct NewAttachment<'a> {
    /// What it shows.
    pub shows: Shows,
    /// Its bytes.
    pub source: &'a mut dyn Read,
}

impl std::fmt::Debug for NewAttachment<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewAttachment").field("shows", &self.shows).finish_non_exhaustive()
    }
}

/// Where an attachment stands, as a person sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "standing", rename_all = "kebab-case")]
pub enum AttachmentStanding {
    /// Only here: losing the device would lose it.
    OnThisDevice,
    /// Part of it is at the server.
    PartSent {
        /// Bytes that the server has.
        sent: u64,
    },
    /// The server has it.
    Received {
        /// And has it backed up.
        backed_up: bool,
    },
    /// The server refused it. It stays here.
    Refused {
        /// Why, in a sentence.
        reason: String,
    },
    /// It is not here; it can be fetched once its author has sent it.
    NotHere,
    /// Part of it is here.
    PartFetched {
        /// Bytes that are here.
        held: u64,
    },
    /// It came from the server and is here.
    Fetched,
}

impl AttachmentStanding {
    /// The word for it.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::OnThisDevice => "on-this-device",
            Self::PartSent { .. } => "part-sent",
            Self::Received { .. } => "received",
            Self::Refused { .. } => "refused",
            Self::NotHere => "not-here",
            Self::PartFetched { .. } => "part-fetched",
            Self::Fetched => "fetched",
        }
    }

    /// Whether its bytes are on this device.
    pub const fn is_here(&self) -> bool {
        !matches!(self, Self::NotHere | Self::PartFetched { .. })
    }
}

/// An attachment as it lies in the file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    number: i64,
    hash: Hash,
    media_type: MediaType,
    bytes: u64,
    held: u64,
    own: bool,
}

/// Reads a file to its end and keeps it. What is here already is not kept twice.
pub(crate) fn keep(
    tx: &Transaction<'_>,
    new: &mut NewAttachment<'_>,
    now: DateTime<Utc>,
) -> Result<Attachment, Error> {
    let limit = contact::limits(tx)?.attachment_bytes;
    let number = next_number(tx)?;
    let mut intake = Intake::default();
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let length = fill(new.source, &mut piece).map_err(Error::Source)?;
        if length == 0 {
            break;
        }
        put_piece(tx, number, intake.bytes(), &piece[..length])?;
        intake.take(&piece[..length]);
        if intake.bytes() > limit {
            return Err(Error::Invalid(vec![Fault::AttachmentTooLarge { limit }]));
        }
    }
    let (bytes, media_type) = (intake.bytes(), intake.media_type());
    let media_type = media_type.ok_or_else(|| Error::Invalid(vec![Fault::AttachmentType]))?;
    let hash = intake.hash();
    let known = row(tx, hash)?;
    if known.is_some_and(|known| known.held == known.bytes) {
        tx.execute("delete from attachment_chunk where attachment = ?1", [number])?;
    } else {
        if let Some(partly) = known {
            tx.execute("delete from attachment where number = ?1", [partly.number])?;
        }
        tx.execute(
            "insert into attachment (number, hash, media_type, bytes, held, own, added_ms)
             values (?1, ?2, ?3, ?4, ?4, 0, ?5)",
            (number, hash.0.as_slice(), media_type.as_str(), bytes, now.timestamp_millis()),
        )?;
    }
    Ok(Attachment { hash, media_type: media_type.into(), bytes, shows: new.shows.into() })
}

/// Fills `piece` as far as the source goes; how many bytes there were.
fn fill(source: &mut dyn Read, piece: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while length < piece.len() {
        match source.read(&mut piece[length..]) {
            Ok(0) => break,
            Ok(read) => length += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(length)
}

fn next_number(conn: &Connection) -> Result<i64, Error> {
    let sql = "select coalesce(max(number), 0) + 1 from attachment";
    Ok(conn.query_row(sql, [], |row| row.get(0))?)
}

fn put_piece(tx: &Transaction<'_>, number: i64, at: u64, bytes: &[u8]) -> Result<(), Error> {
    let sql = "insert into attachment_chunk (attachment, at, bytes) values (?1, ?2, ?3)";
    tx.prepare_cached(sql)?.execute((number, at, bytes))?;
    Ok(())
}

/// The attachment of this hash, where any of it is here or wanted.
pub(crate) fn row(conn: &Connection, hash: Hash) -> Result<Option<Row>, Error> {
    let sql = "select number, media_type, bytes, held, own from attachment where hash = ?1";
    let read = |row: &rusqlite::Row<'_>| {
        Ok(Row {
            number: row.get(0)?,
            hash,
            media_type: crate::identity::word(row, 1)?,
            bytes: row.get(2)?,
            held: row.get(3)?,
            own: row.get(4)?,
        })
    };
    Ok(conn.query_row(sql, [hash.0.as_slice()], read).optional()?)
}

/// The attachment of this hash, where all of it is here.
pub(crate) fn whole(conn: &Connection, hash: Hash) -> Result<Option<Row>, Error> {
    Ok(row(conn, hash)?.filter(|row| row.held == row.bytes))
}

/// The stored bytes from `place` on: at most `most`, and at least one where there is one.
pub(crate) fn read(
    conn: &Connection,
    row: &Row,
    place: u64,
    most: usize,
) -> Result<Vec<u8>, Error> {
    let mut statement = conn.prepare_cached(
        "select at, bytes from attachment_chunk
          where attachment = ?1 and at + length(bytes) > ?2 order by at",
    )?;
    let mut rows = statement.query((row.number, place))?;
    let mut bytes = Vec::new();
    while let Some(piece) = rows.next()?
        && bytes.len() < most
    {
        let (at, piece): (u64, Vec<u8>) = (piece.get(0)?, piece.get(1)?);
        let skipped = usize::try_from(place.saturating_sub(at)).unwrap_or(usize::MAX);
        bytes.extend(piece.iter().skip(skipped).take(most - bytes.len()));
    }
    Ok(bytes)
}

fn note_held(tx: &Transaction<'_>, row: &Row) -> Result<(), Error> {
    tx.execute("update attachment set held = ?2 where number = ?1", (row.number, row.held))?;
    Ok(())
}

/// A record of this device names this one: it is to be sent. Whether it is here as it is named.
pub(crate) fn own(tx: &Transaction<'_>, named: &Attachment) -> Result<bool, Error> {
    let as_named = |row: &Row| {
        row.held == row.bytes && row.bytes == named.bytes && named.media_type == row.media_type
    };
    let Some(row) = row(tx, named.hash)?.filter(as_named) else { return Ok(false) };
    tx.execute("update attachment set own = 1 where number = ?1", [row.number])?;
    let sql = "insert or ignore into attachment_sent (hash) values (?1)";
    tx.execute(sql, [named.hash.0.as_slice()])?;
    Ok(true)
}

/// What an event's body says of attachments.
#[derive(Deserialize)]
struct Named {
    #[serde(default)]
    attachments: Vec<Attachment>,
}

/// Notes what an event names.
pub(crate) fn note_names(tx: &Transaction<'_>, event: Hash, body: &str) -> Result<(), Error> {
    if !body.contains("\"attachments\"") {
        return Ok(());
    }
    let Ok(named) = serde_json::from_str::<Named>(body) else { return Ok(()) };
    for attachment in named.attachments {
        tx.execute(
            "insert or ignore into attachment_name (hash, event_hash) values (?1, ?2)",
            (attachment.hash.0.as_slice(), event.0.as_slice()),
        )?;
    }
    Ok(())
}

/// Puts a file with a form.
pub(crate) fn keep_with_draft(
    tx: &Transaction<'_>,
    draft: &str,
    new: &mut NewAttachment<'_>,
    now: DateTime<Utc>,
) -> Result<Attachment, Error> {
    let kept = keep(tx, new, now)?;
    tx.execute(
        "insert into draft_attachment (draft, hash, shows) values (?1, ?2, ?3)
         on conflict (draft, hash) do update set shows = excluded.shows",
        (draft, kept.hash.0.as_slice(), new.shows.as_str()),
    )?;
    Ok(kept)
}

/// Takes a file away from a form; whether it was with it.
pub(crate) fn drop_from_draft(
    tx: &Transaction<'_>,
    draft: &str,
    hash: Hash,
) -> Result<bool, Error> {
    let sql = "delete from draft_attachment where draft = ?1 and hash = ?2";
    let removed = tx.execute(sql, (draft, hash.0.as_slice()))? > 0;
    prune(tx)?;
    Ok(removed)
}

/// What is with a form.
pub(crate) fn of_draft(conn: &Connection, draft: &str) -> Result<Vec<Attachment>, Error> {
    let mut statement = conn.prepare_cached(
        "select a.hash, a.media_type, a.bytes, d.shows
           from draft_attachment d join attachment a using (hash)
          where d.draft = ?1 order by a.number",
    )?;
    let rows = statement.query_map([draft], |row| {
        let media_type: MediaType = crate::identity::word(row, 1)?;
        let shows: Shows = crate::identity::word(row, 3)?;
        Ok(Attachment {
            hash: Hash(row.get(0)?),
            media_type: media_type.into(),
            bytes: row.get(2)?,
            shows: shows.into(),
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Where an attachment stands.
pub(crate) fn standing(conn: &Connection, hash: Hash) -> Result<AttachmentStanding, Error> {
    let Some(row) = row(conn, hash)? else { return Ok(AttachmentStanding::NotHere) };
    if row.held < row.bytes {
        return Ok(AttachmentStanding::PartFetched { held: row.held });
    }
    if !row.own {
        return Ok(AttachmentStanding::Fetched);
    }
    let sql = "select state, coalesce(received, 0), coalesce(reason, ''), backed_up
                 from attachment_sent where hash = ?1";
    let sent = conn
        .query_row(sql, [hash.0.as_slice()], |row| {
            let (state, sent): (String, u64) = (row.get(0)?, row.get(1)?);
            let (reason, backed_up) = (row.get(2)?, row.get(3)?);
            Ok(match state.as_str() {
                "received" => AttachmentStanding::Received { backed_up },
                "refused" => AttachmentStanding::Refused { reason },
                _ if sent > 0 => AttachmentStanding::PartSent { sent },
                _ => AttachmentStanding::OnThisDevice,
            })
        })
        .optional()?;
    Ok(sent.unwrap_or(AttachmentStanding::OnThisDevice))
}

/// How the own attachments stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AttachmentsLeft {
    /// How many are still to be sent.
    pub count: u64,
    /// Bytes of them that the server has not said it has.
    pub bytes: u64,
    /// How many the server refused.
    pub refused: u64,
}

pub(crate) fn left(conn: &Connection) -> Result<AttachmentsLeft, Error> {
    let sql = "select coalesce(sum(s.state = 'waiting'), 0),
                      coalesce(sum(iif(s.state = 'waiting',
                                       a.bytes - coalesce(s.received, 0), 0)), 0),
                      coalesce(sum(s.state = 'refused'), 0)
                 from attachment_sent s join attachment a using (hash)";
    Ok(conn.query_row(sql, [], |row| {
        Ok(AttachmentsLeft { count: row.get(0)?, bytes: row.get(1)?, refused: row.get(2)? })
    })?)
}

/// The server was put back to a backup: it may lack what it said that it had.
pub(crate) fn offer_again(tx: &Transaction<'_>) -> Result<(), Error> {
    tx.execute(
        "update attachment_sent set state = 'waiting', received = null, reason = null,
                                    backed_up = 0, asked_at = 0",
        [],
    )?;
    Ok(())
}

/// Removes what no event and no form here names any more, own ones only where a backup holds them.
pub(crate) fn prune(tx: &Transaction<'_>) -> Result<(), Error> {
    tx.execute(
        "delete from attachment_name
          where not exists (select 1 from own_event e where e.hash = event_hash)
            and not exists (select 1 from pulled_event e where e.hash = event_hash)",
        [],
    )?;
    tx.execute(
        "delete from attachment
          where not exists (select 1 from attachment_name n where n.hash = attachment.hash)
            and not exists (select 1 from draft_attachment d where d.hash = attachment.hash)
            and (own = 0 or exists (select 1 from attachment_sent s
                                     where s.hash = attachment.hash
                                       and s.state = 'received' and s.backed_up = 1))",
        [],
    )?;
    Ok(())
}
