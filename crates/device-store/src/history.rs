//! What the device can tell about a child: everything it holds, own and pulled, once each, and what
//! the policies say about it. An event that cannot be read is shown as such and never in the way.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use doorstep_core::assessment::Assessment;
use doorstep_core::event::Event;
use doorstep_core::ids::{ChildId, EventId};
use doorstep_core::policy::Policy;
use doorstep_core::seal::{Body, Hash, SealedEvent};
use rusqlite::{Connection, OptionalExtension as _};
use serde::Deserialize;

use crate::error::Error;
use crate::inbox;
use crate::outbox::{self, OwnEvent, RecordState};

/// How far ahead of its recording an event may be said to have happened before it is flagged.
pub const AHEAD_MINUTES_MAX: i64 = 5;

/// An event that the device holds.
#[derive(Clone, Debug)]
pub struct Held {
    /// The child that it is about.
    pub child: ChildId,
    /// What it says.
    pub content: Content,
    /// Where it comes from.
    pub source: Source,
    /// The exact bytes.
    pub sealed: SealedEvent,
    /// Their hash.
    pub hash: Hash,
}

/// What an event says.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// This version can read it.
    Readable(Box<Body>),
    /// Recorded by a newer app, or damaged on its way. Kept, shown, not judged.
    Unreadable(Unreadable),
}

/// What little is known of an event that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// Its id, where the body has one.
    pub id: Option<EventId>,
    /// Its type, where the body has one.
    pub kind: Option<String>,
}

/// Where an event comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// It was recorded on this device.
    Own(RecordState),
    /// It came from the server.
    Pulled {
        /// The server sent the child again without it.
        missing: bool,
    },
}

/// What the policies say about a child, from what this device holds.
#[derive(Clone, Debug, PartialEq)]
pub struct ChildAssessment {
    /// The policies' answer.
    pub assessment: Assessment,
    /// Events that it could not take into account.
    pub unreadable: Vec<Unreadable>,
}

impl Held {
    /// Its id, where it has one that can be read.
    pub fn id(&self) -> Option<EventId> {
        match &self.content {
            Content::Readable(body) => Some(body.event.id),
            Content::Unreadable(unreadable) => unreadable.id,
        }
    }

    /// What happened, where it can be read.
    pub fn event(&self) -> Option<&Event> {
        match &self.content {
            Content::Readable(body) => Some(&body.event),
            Content::Unreadable(_) => None,
        }
    }

    /// It is said to have happened after it was recorded: one of two clocks is wrong. Never
    /// refused.
    pub fn is_ahead(&self) -> bool {
        self.event()
            .is_some_and(|event| event.at - event.recorded > TimeDelta::minutes(AHEAD_MINUTES_MAX))
    }

    fn read(child: ChildId, sealed: SealedEvent, hash: Hash, source: Source) -> Self {
        let content = match sealed.open() {
            Ok(body) => Content::Readable(Box::new(body)),
            Err(_) => Content::Unreadable(Unreadable {
                id: id_in(sealed.body.get()),
                kind: field(sealed.body.get(), "type"),
            }),
        };
        Self { child, content, source, sealed, hash }
    }

    fn own(own: OwnEvent) -> Self {
        Self::read(own.child, own.sealed, own.hash, Source::Own(own.state))
    }
}

/// Everything held of a child, once each, by when it happened; what cannot be read comes last.
pub(crate) fn timeline(conn: &Connection, child: ChildId) -> Result<Vec<Held>, Error> {
    let own = outbox::own_events(conn, Some(child), u32::MAX)?.into_iter().map(Held::own);
    let pulled = inbox::pulled_events(conn, child)?.into_iter().map(|pulled| {
        let source = Source::Pulled { missing: pulled.missing };
        Held::read(pulled.child, pulled.sealed, pulled.hash, source)
    });
    let (mut ids, mut hashes) = (BTreeSet::new(), BTreeSet::new());
    let mut events: Vec<_> = own
        .chain(pulled)
        .filter(|held| hashes.insert(held.hash) && held.id().is_none_or(|id| ids.insert(id)))
        .collect();
    events.sort_by_key(|held| {
        (held.event().map_or(DateTime::<Utc>::MAX_UTC, |event| event.at), held.id(), held.hash)
    });
    Ok(events)
}

/// One event by its id.
pub(crate) fn event(conn: &Connection, id: EventId) -> Result<Option<Held>, Error> {
    let child: Option<String> = conn
        .query_row(
            "select child from own_event where event = ?1
              union select child from pulled_event where event = ?1",
            [id.to_string()],
            |row| row.get(0),
        )
        .optional()?;
    let Some(child) = child else { return Ok(None) };
    let child = child.parse().map_err(|error| Error::unreadable("child's id", error))?;
    Ok(timeline(conn, child)?.into_iter().find(|held| held.id() == Some(id)))
}

/// The newest `limit` records of this device, newest first.
pub(crate) fn own_records(conn: &Connection, limit: u32) -> Result<Vec<Held>, Error> {
    Ok(outbox::own_events(conn, None, limit)?.into_iter().map(Held::own).collect())
}

/// Judges a child from what is held of it.
pub(crate) fn assess(
    conn: &Connection,
    child: ChildId,
    policy: &Policy,
    as_of: DateTime<Utc>,
) -> Result<ChildAssessment, Error> {
    let card = inbox::card(conn, child)?;
    let held = timeline(conn, child)?;
    if card.is_none() && held.is_empty() {
        return Err(Error::UnknownChild(child));
    }
    let record = card.map(|card| card.record).unwrap_or_default();
    let (mut events, mut unreadable) = (Vec::new(), Vec::new());
    let counts = |held: &Held| !matches!(&held.source, Source::Own(state) if !state.counts());
    for held in held.into_iter().filter(counts) {
        match held.content {
            Content::Readable(body) => events.push(body.event),
            Content::Unreadable(what) => unreadable.push(what),
        }
    }
    Ok(ChildAssessment { assessment: policy.assess(&record, &events, as_of), unreadable })
}

/// The id in a body, even if the rest of it cannot be read.
pub(crate) fn id_in(body: &str) -> Option<EventId> {
    #[derive(Deserialize)]
    struct Id {
        id: EventId,
    }
    serde_json::from_str(body).map(|Id { id }| id).ok()
}

fn field(body: &str, name: &str) -> Option<String> {
    let body: serde_json::Value = serde_json::from_str(body).ok()?;
    Some(body.get(name)?.as_str()?.to_owned())
}
