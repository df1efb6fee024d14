//! What people decided about own events that the server had set aside. The device asks after those
//! that wait, so a lost answer or a restored server costs a question and nothing else.

use doorstep_core::wire::{Outcome, Place, Settled, Settlement, WAITING_MAX};
use rusqlite::{Connection, OptionalExtension as _, Transaction};

use crate::error::Error;
use crate::outbox;

/// Receipts of events that were set aside and about which nobody has decided yet.
const WAITING: &str = "r.position is null
                   and not exists (select 1 from settled d
                                    where d.epoch = r.epoch and d.seq = r.seq)
                   and not exists (select 1 from resealed s
                                    where s.epoch = r.epoch and s.seq = r.seq)";

/// The events to ask after in exchange `turn`: where there are more than fit, the next ones each
/// time, so that none waits behind others that nobody decides about.
pub(crate) fn waiting(conn: &Connection, turn: u64) -> Result<Vec<Place>, Error> {
    let most = WAITING_MAX as u64;
    let turns = count_waiting(conn)?.div_ceil(most).max(1);
    let mut statement = conn.prepare_cached(&format!(
        "select epoch, seq from receipt r where {WAITING} order by epoch, seq limit ?1 offset ?2"
    ))?;
    let row = |row: &rusqlite::Row<'_>| Ok(Place { epoch: row.get(0)?, seq: row.get(1)? });
    let places = statement.query_map((most, turn % turns * most), row)?;
    Ok(places.collect::<rusqlite::Result<_>>()?)
}

/// How many events wait for somebody's decision.
pub(crate) fn count_waiting(conn: &Connection) -> Result<u64, Error> {
    let sql = format!("select count(*) from receipt r where {WAITING}");
    Ok(conn.query_row(&sql, [], |row| row.get(0))?)
}

/// Keeps decisions. One about an event that does not wait, or not any more, changes nothing.
pub(crate) fn apply(
    tx: &Transaction<'_>,
    settled: &[Settled],
    log_epoch: u32,
) -> Result<(), Error> {
    for decision in settled {
        if matches!(decision.settlement, Settlement::Other(_)) {
            // Only a newer app understands it: the event waits until there is one.
            continue;
        }
        let place = (decision.place.epoch, decision.place.seq);
        let sql =
            format!("select outcome from receipt r where epoch = ?1 and seq = ?2 and {WAITING}");
        let before: Option<String> = tx.query_row(&sql, place, |row| row.get(0)).optional()?;
        let Some(before) = before else { continue };
        let body = serde_json::to_string(decision).expect("a decision has only string keys");
        tx.execute(
            "insert into settled (epoch, seq, body, before) values (?1, ?2, ?3, ?4)",
            (place.0, place.1, body, before),
        )?;
        if let Settlement::Released { position } = decision.settlement {
            outbox::receipt(tx, place, &Outcome::Stored { position }, log_epoch)?;
        }
    }
    Ok(())
}

/// The server was restored and may not know of its people's decisions any more: ask again.
pub(crate) fn take_back(tx: &Transaction<'_>) -> Result<(), Error> {
    tx.execute(
        "update receipt set position = null,
                outcome = (select d.before from settled d
                            where d.epoch = receipt.epoch and d.seq = receipt.seq)
          where exists (select 1 from settled d
                         where d.epoch = receipt.epoch and d.seq = receipt.seq)",
        [],
    )?;
    tx.execute("delete from settled", [])?;
    Ok(())
}

/// A decision as it was kept.
pub(crate) fn read(body: &str) -> Result<Settled, Error> {
    serde_json::from_str(body).map_err(|error| Error::unreadable("decision", error))
}
