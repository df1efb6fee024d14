//! What came from the server: the caseload's cards and events, as exact bytes. A page is applied
//! whole, in the transaction that moves the cursor, and a child's digest is computed from the rows
//! that are here, never adopted.

use doorstep_core::event::ChildRecord;
use doorstep_core::ids::ChildId;
use doorstep_core::seal::{Digest, Hash, SealedEvent};
use doorstep_core::wire::{ChildCard, ChildDigest, Divergence, Placed, SyncResponse};
use rusqlite::{Connection, OptionalExtension as _, Transaction};

use crate::error::Error;
use crate::{attachment, history, outbox, policy};

/// The most children that one request asks for again.
pub(crate) const AGAIN_MAX: u32 = 50;

/// An event as it came from the server.
#[derive(Clone, Debug)]
pub(crate) struct PulledEvent {
    pub child: ChildId,
    pub sealed: SealedEvent,
    pub hash: Hash,
    pub missing: bool,
}

/// What a page changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Applied {
    /// Events that were not here before.
    pub new_events: u64,
    /// Children whose card came.
    pub cards: u64,
    /// Children that left.
    pub forgotten: u64,
    /// Children whose copy still differs.
    pub differing: u64,
    /// Bytes of the events and cards of the page.
    pub bytes: u64,
}

/// A card that says who the child is, and nothing else.
pub(crate) fn name_only(card: ChildCard) -> ChildCard {
    ChildCard {
        id: card.id,
        name: card.name,
        born: None,
        address: None,
        address_protected: card.address_protected,
        phone: None,
        record: ChildRecord::default(),
        contacts: Vec::new(),
        visits: Vec::new(),
    }
}

/// Applies everything of an answer that concerns the caseload. `exchange` is its number, and
/// `begun` that of the answer with which the server last began anew.
pub(crate) fn apply(
    tx: &Transaction<'_>,
    response: &SyncResponse,
    (exchange, begun): (u64, u64),
) -> Result<Applied, Error> {
    let mut applied = Applied { bytes: bytes(response), ..Applied::default() };
    if let Some(document) = &response.policy {
        policy::keep(tx, document)?;
    }
    for child in &response.forget {
        applied.forgotten += u64::from(forget(tx, *child)?);
    }
    for card in &response.children {
        keep_card(tx, card, exchange)?;
        applied.cards += 1;
    }
    for placed in &response.events {
        applied.new_events += u64::from(keep_event(tx, placed, exchange, response.log_epoch)?);
    }
    for theirs in &response.digests {
        applied.differing += u64::from(!agree(tx, theirs, response, (exchange, begun))?);
    }
    if !response.more {
        for child in not_come_since(tx, begun)? {
            applied.forgotten += u64::from(forget(tx, child)?);
        }
    }
    Ok(applied)
}

/// Bytes of what a page brings, without what surrounds it.
fn bytes(response: &SyncResponse) -> u64 {
    let events: usize = response.events.iter().map(|placed| placed.event.body.get().len()).sum();
    let card = |card: &ChildCard| serde_json::to_string(card).map_or(0, |text| text.len());
    let cards: usize = response.children.iter().map(card).sum();
    u64::try_from(events + cards).unwrap_or(u64::MAX)
}

fn keep_card(tx: &Transaction<'_>, card: &ChildCard, exchange: u64) -> Result<(), Error> {
    let id = card.id.to_string();
    let card = serde_json::to_string(card).map_err(|error| Error::unreadable("card", error))?;
    tx.execute(
        "insert into child (child, card, exchange) values (?1, ?2, ?3)
         on conflict (child) do update set card = excluded.card, exchange = excluded.exchange",
        (&id, card, exchange),
    )?;
    tx.execute("delete from former_child where child = ?1", [&id])?;
    Ok(())
}

/// Whether the event was not here before.
fn keep_event(
    tx: &Transaction<'_>,
    placed: &Placed,
    exchange: u64,
    log_epoch: u32,
) -> Result<bool, Error> {
    let hash = placed.event.hash();
    let sql = "update pulled_event set exchange = ?2, missing = 0, position = ?3 where hash = ?1";
    let place = (hash.0.as_slice(), exchange, placed.position);
    let known = tx.prepare_cached(sql)?.execute(place)?;
    outbox::seen_in_log(tx, hash, placed.position, log_epoch)?;
    if known > 0 {
        return Ok(false);
    }
    let sql = "insert into pulled_event (hash, event, child, position, body, signature, exchange)
               values (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    tx.prepare_cached(sql)?.execute((
        hash.0.as_slice(),
        history::id_in(placed.event.body.get()).map(|id| id.to_string()),
        placed.child.to_string(),
        placed.position,
        placed.event.body.get(),
        placed.event.signature.0.as_slice(),
        exchange,
    ))?;
    attachment::note_names(tx, hash, placed.event.body.get())?;
    Ok(true)
}

/// Removes a child's card and what was pulled of it. Own events stay until `outbox::prune` may take
/// them. Whether the child was here.
fn forget(tx: &Transaction<'_>, child: ChildId) -> Result<bool, Error> {
    let child = child.to_string();
    tx.execute("delete from pulled_event where child = ?1", [&child])?;
    heal(tx, &child)?;
    let held = tx.execute("delete from child where child = ?1", [&child])? > 0;
    if held {
        tx.execute("insert or ignore into former_child (child) values (?1)", [&child])?;
    }
    Ok(held)
}

/// Children of whom no card came since the exchange `begun`, with which everything began to come
/// again: the server does not know that they are here.
fn not_come_since(conn: &Connection, begun: u64) -> Result<Vec<ChildId>, Error> {
    let mut statement = conn.prepare_cached("select child from child where exchange < ?1")?;
    let children = statement.query_map([begun], |row| crate::identity::word(row, 0))?;
    Ok(children.collect::<rusqlite::Result<_>>()?)
}

/// Compares a child's copy with the server's digest. Where they differ, but what came since the
/// child last came whole agrees, the rest is marked as not held by the server, not removed. Else
/// the child is asked for again.
fn agree(
    tx: &Transaction<'_>,
    theirs: &ChildDigest,
    response: &SyncResponse,
    (exchange, begun): (u64, u64),
) -> Result<bool, Error> {
    let child = theirs.child.to_string();
    let log_epoch = response.log_epoch;
    if digest(tx, theirs.child, (0, log_epoch))? == theirs.digest {
        heal(tx, &child)?;
        return Ok(true);
    }
    let asked: Option<u64> = tx
        .query_row("select asked from again where child = ?1", [&child], |row| row.get(0))
        .optional()?;
    let whole = begun.max(asked.unwrap_or_default());
    if whole > 0 && digest(tx, theirs.child, (whole, log_epoch))? == theirs.digest {
        tx.execute(
            "update pulled_event set missing = 1 where child = ?1 and exchange < ?2",
            (&child, whole),
        )?;
        heal(tx, &child)?;
        return Ok(true);
    }
    tx.execute(
        "insert into again (child, times, asked) values (?1, 1, ?2)
         on conflict (child) do update set times = times + 1, asked = excluded.asked",
        (&child, exchange + 1),
    )?;
    if asked.is_none() {
        tx.execute(
            "insert into divergence (one, found, healed) values (1, 1, 0)
             on conflict (one) do update set found = found + 1",
            [],
        )?;
    }
    Ok(false)
}

/// The child's copy does not differ any more: it agrees, or is not here.
fn heal(tx: &Transaction<'_>, child: &str) -> Result<(), Error> {
    let differed = tx.execute("delete from again where child = ?1", [child])?;
    if differed > 0 {
        tx.execute("update divergence set healed = healed + 1", [])?;
    }
    Ok(())
}

/// How often a copy differed since the device was enrolled.
pub(crate) fn divergence(conn: &Connection) -> Result<Divergence, Error> {
    let row = |row: &rusqlite::Row<'_>| Ok(Divergence { found: row.get(0)?, healed: row.get(1)? });
    let found = conn.query_row("select found, healed from divergence", [], row).optional()?;
    Ok(found.unwrap_or_default())
}

/// Count and sum of what is here of the server's log of a child: pulled events that came in
/// exchange `since` or later and that the server has not gone without, and own ones with a place
/// in the log of this epoch, unless they were sealed again, because it may have lost them.
fn digest(
    conn: &Connection,
    child: ChildId,
    (since, log_epoch): (u64, u32),
) -> Result<Digest, Error> {
    let mut statement = conn.prepare_cached(
        "select hash from pulled_event where child = ?1 and missing = 0 and exchange >= ?2
          union
         select o.hash from own_event o join receipt r using (epoch, seq)
          where o.child = ?1 and r.position is not null and r.log_epoch = ?3
            and not exists (select 1 from resealed s
                             where s.epoch = o.epoch and s.seq = o.seq)",
    )?;
    let of = (child.to_string(), since, log_epoch);
    let hashes = statement.query_map(of, |row| row.get::<_, [u8; 32]>(0).map(Hash))?;
    let mut digest = Digest::EMPTY;
    for hash in hashes {
        digest = digest.with(hash?);
    }
    Ok(digest)
}

/// The children to ask for again, the least often asked first.
pub(crate) fn again(conn: &Connection) -> Result<Vec<ChildId>, Error> {
    let mut statement =
        conn.prepare_cached("select child from again order by times, child limit ?1")?;
    let children = statement.query_map([AGAIN_MAX], |row| crate::identity::word(row, 0))?;
    Ok(children.collect::<rusqlite::Result<_>>()?)
}

/// How many children's copies differ, and the least number of times that one of them did.
pub(crate) fn differing(conn: &Connection) -> Result<(u64, Option<u32>), Error> {
    let sql = "select count(*), min(times) from again";
    Ok(conn.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?)
}

/// A child's card, while it is in the caseload.
pub(crate) fn card(conn: &Connection, child: ChildId) -> Result<Option<ChildCard>, Error> {
    let card: Option<String> = conn
        .query_row("select card from child where child = ?1", [child.to_string()], |row| row.get(0))
        .optional()?;
    card.map(|card| read_card(&card)).transpose()
}

/// The caseload, by name.
pub(crate) fn cards(conn: &Connection) -> Result<Vec<ChildCard>, Error> {
    let mut statement = conn.prepare_cached("select card from child")?;
    let mut rows = statement.query([])?;
    let mut cards = Vec::new();
    while let Some(row) = rows.next()? {
        cards.push(read_card(&row.get::<_, String>(0)?)?);
    }
    cards.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
    Ok(cards)
}

fn read_card(card: &str) -> Result<ChildCard, Error> {
    serde_json::from_str(card).map_err(|error| Error::unreadable("card", error))
}

/// Whether the device holds the child, or held it once: a visit under way when a child leaves the
/// caseload can still be recorded.
pub(crate) fn knows(conn: &Connection, child: ChildId) -> Result<bool, Error> {
    let sql = "select 1 from child where child = ?1
                union select 1 from former_child where child = ?1";
    Ok(conn.query_row(sql, [child.to_string()], |_| Ok(())).optional()?.is_some())
}

/// How many children are in the caseload.
pub(crate) fn count(conn: &Connection) -> Result<u64, Error> {
    Ok(conn.query_row("select count(*) from child", [], |row| row.get(0))?)
}

/// Everything that was pulled of a child.
pub(crate) fn pulled_events(conn: &Connection, child: ChildId) -> Result<Vec<PulledEvent>, Error> {
    let mut statement = conn.prepare_cached(
        "select body, signature, hash, missing from pulled_event where child = ?1
          order by position",
    )?;
    let mut rows = statement.query([child.to_string()])?;
    let mut events = Vec::new();
    while let Some(row) = rows.next()? {
        let (hash, missing) = (Hash(row.get(2)?), row.get(3)?);
        events.push(PulledEvent { child, sealed: outbox::sealed(row, 0)?, hash, missing });
    }
    Ok(events)
}
