//! Sealed copies of what is still to be sent, for the porch: made from the records themselves, and
//! always the same for the same record, so that they can be made again at any time.

use doorstep_core::seal::SealedEvent;
use doorstep_core::wire::SealedCopy;
use rusqlite::Connection;

use crate::error::Error;
use crate::outbox::{PENDING, Place};
use crate::porch::Porch;
use crate::{identity, outbox, terms};

/// Makes the porch hold a copy of each event that is still to be sent, and no other.
pub(crate) fn mirror(conn: &Connection, porch: &Porch) -> Result<(), Error> {
    let Some(enrolment) = identity::enrolment(conn)? else { return Ok(()) };
    let Some(terms) = terms::held(conn)? else { return Ok(()) };
    let (device, wanted) = (enrolment.device, pending_places(conn)?);
    let key = identity::signing_key(conn)?;
    porch.mirror(device, &terms, &wanted, |place| {
        let event = event_at(conn, place)?;
        let seal = |event| SealedCopy::seal(device, place, &event, &terms.sealing_key, &key);
        Ok(event.and_then(seal))
    })
}

/// The places of the events that are still to be sent, in order.
fn pending_places(conn: &Connection) -> Result<Vec<Place>, Error> {
    let sql = format!("select epoch, seq from own_event own where {PENDING} order by epoch, seq");
    let mut statement = conn.prepare_cached(&sql)?;
    let places = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(places.collect::<rusqlite::Result<_>>()?)
}

/// The event at `place`, if it is still held.
fn event_at(conn: &Connection, place: Place) -> Result<Option<SealedEvent>, Error> {
    let sql = "select body, signature from own_event where epoch = ?1 and seq = ?2";
    let mut statement = conn.prepare_cached(sql)?;
    let mut rows = statement.query(place)?;
    rows.next()?.map(|row| outbox::sealed(row, 0)).transpose()
}
