//! What the device knows of its server, from the last answer.

use chrono::{DateTime, Utc};
use doorstep_core::time::ClockReading;
use doorstep_core::wire::{Cursor, Limits, SyncResponse};
use rusqlite::{Connection, OptionalExtension as _, Transaction};

use crate::error::Error;
use crate::instant;

/// What the last answer said of the server.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    pub exchange: u64,
    pub cursor: Cursor,
    pub backed_up_to: u64,
    pub anew: u64,
    pub limits: Limits,
    pub told_time: DateTime<Utc>,
    pub contact: DateTime<Utc>,
    pub more: bool,
    pub children_left: u64,
}

/// What the server takes and gives, as it last said.
pub(crate) fn limits(conn: &Connection) -> Result<Limits, Error> {
    Ok(server(conn)?.map_or(Limits::DEFAULT, |server| server.limits))
}

/// The clock's reading with the last time that the server told, where the door does not know it.
pub(crate) fn with_server_time(
    conn: &Connection,
    clock: &ClockReading,
) -> Result<ClockReading, Error> {
    let mut clock = clock.clone();
    if clock.server_seen.is_none() {
        clock.server_seen = server(conn)?.map(|server| server.told_time);
    }
    Ok(clock)
}

/// What the last answer said; none before the first.
pub(crate) fn server(conn: &Connection) -> Result<Option<Server>, Error> {
    let row = conn
        .query_row(
            "select exchange, cursor, server_time_ms, contact_ms, more, children_left, limits,
                    backed_up_to, anew from server",
            [],
            |row| {
                let server = Server {
                    exchange: row.get(0)?,
                    cursor: Cursor(row.get(1)?),
                    backed_up_to: row.get(7)?,
                    anew: row.get(8)?,
                    limits: Limits::DEFAULT,
                    told_time: instant(row.get(2)?),
                    contact: instant(row.get(3)?),
                    more: row.get(4)?,
                    children_left: row.get(5)?,
                };
                Ok((server, row.get::<_, String>(6)?))
            },
        )
        .optional()?;
    let Some((server, limits)) = row else { return Ok(None) };
    let limits =
        serde_json::from_str(&limits).map_err(|error| Error::unreadable("limit", error))?;
    Ok(Some(Server { limits, ..server }))
}

/// Keeps what an answer said; its request was sent at `sent`, by the device's clock.
pub(crate) fn keep(
    tx: &Transaction<'_>,
    sent: DateTime<Utc>,
    response: &SyncResponse,
    (exchange, begun): (u64, u64),
) -> Result<(), Error> {
    let limits = serde_json::to_string(&response.limits).expect("limits are numbers");
    tx.execute(
        "insert or replace into server (one, exchange, cursor, log_epoch, backed_up_to, limits,
                                        server_time_ms, contact_ms, more, children_left, anew)
         values (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        (
            exchange,
            &response.cursor.0,
            response.log_epoch,
            response.backed_up_to,
            limits,
            response.server_time.timestamp_millis(),
            sent.timestamp_millis(),
            response.more,
            response.children_left,
            begun,
        ),
    )?;
    Ok(())
}
