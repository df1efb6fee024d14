//! The porch: what a device keeps beside its encrypted file, for when nobody can open that. Records
//! that were not received yet, sealed so that only the server can open them; and how often a wrong
//! passphrase was given. Nothing in it tells anything of a child.

mod tries;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use doorstep_core::ids::DeviceId;
use doorstep_core::seal::Signature;
use doorstep_core::wire::{
    Bytes, HandIn, HandInAnswer, HandInOutcome, Limits, PROTOCOL, SealedCopy, Terms,
};
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior};

use crate::error::{Error, OpenError};
use crate::outbox::Place;
use crate::{instant, migrate};

pub use tries::Refused;

/// The most copies of one request.
const HAND_IN_COPIES: usize = 100;
/// Bytes around a copy in the JSON of a request.
const COPY_FRAME_BYTES: usize = 200;

const STEPS: &[migrate::Step] = &[migrate::Step {
    name: "0001_porch",
    sql: include_str!("../../../schema/porch/0001_porch.sql"),
}];

/// What a device keeps beside its encrypted file. Cheap to clone; every clone is the same porch.
#[derive(Clone, Debug)]
pub struct Porch(Arc<Mutex<Connection>>);

/// What became of what was handed in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HandedOver {
    /// Records that the server has now: their copies are gone.
    pub received: u64,
    /// Copies that stay: records before them have not come, or the server cannot open them.
    pub kept: u64,
}

impl Porch {
    /// Opens the porch in a file of its own, and makes it where there is none. The file is not
    /// encrypted.
    pub fn open(mut conn: Connection) -> Result<Self, OpenError> {
        conn.execute_batch(
            "pragma journal_mode = truncate;
             pragma synchronous = full;
             pragma secure_delete = on;
             pragma temp_store = memory;
             pragma trusted_schema = off;",
        )?;
        migrate::run(&mut conn, STEPS)?;
        conn.execute(
            "insert or ignore into porch (one, wrong_passphrases) values (1, ?1)",
            [Terms::WRONG_PASSPHRASES],
        )?;
        Ok(Self(Arc::new(Mutex::new(conn))))
    }

    /// Records of which a sealed copy waits to be handed in.
    pub fn copies(&self) -> Result<u64, Error> {
        Ok(self.conn().query_row("select count(*) from copy", [], |row| row.get(0))?)
    }

    /// When the key to the encrypted file was destroyed (UTC); none: it was not.
    pub fn destroyed(&self) -> Result<Option<DateTime<Utc>>, Error> {
        let ms: Option<i64> =
            self.conn().query_row("select destroyed_ms from porch", [], |row| row.get(0))?;
        Ok(ms.map(instant))
    }

    /// The next copies to hand in behind `after`; none where there are no more.
    pub fn next_hand_in(&self, after: Option<(u32, u64)>) -> Result<Option<HandIn>, Error> {
        let conn = self.conn();
        let device: Option<String> =
            conn.query_row("select device from porch", [], |row| row.get(0))?;
        let Some(device) = device.and_then(|id| id.parse::<DeviceId>().ok()) else {
            return Ok(None);
        };
        let mut statement = conn.prepare_cached(
            "select epoch, seq, key, copy, proof from copy where (epoch, seq) > (?1, ?2)
              order by epoch, seq limit ?3",
        )?;
        let (epoch, seq) = after.unwrap_or((0, 0));
        let mut rows = statement.query((epoch, seq, HAND_IN_COPIES))?;
        let (mut copies, mut bytes) = (Vec::new(), 0);
        while let Some(row) = rows.next()? {
            let copy = SealedCopy {
                epoch: row.get(0)?,
                seq: row.get(1)?,
                key: row.get(2)?,
                copy: Bytes(row.get(3)?),
                proof: Signature(row.get(4)?),
            };
            bytes += copy.copy.0.len() * 4 / 3 + COPY_FRAME_BYTES;
            if bytes > Limits::DEFAULT.batch_bytes && !copies.is_empty() {
                break;
            }
            copies.push(copy);
        }
        let for_good = destroyed(&conn)?;
        let hand_in = HandIn { protocol: PROTOCOL, device, copies, for_good };
        Ok((!hand_in.copies.is_empty()).then_some(hand_in))
    }

    /// Takes in the answer to it: what the server has now is not kept here any longer.
    pub fn handed_in(&self, request: &HandIn, answer: &HandInAnswer) -> Result<HandedOver, Error> {
        let mut conn = self.conn();
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut over = HandedOver::default();
        for copy in &request.copies {
            let place = (copy.epoch, copy.seq);
            let received = answer.copies.iter().any(|said| {
                (said.epoch, said.seq) == place && said.outcome == HandInOutcome::Received
            });
            if received {
                tx.execute("delete from copy where epoch = ?1 and seq = ?2", place)?;
                over.received += 1;
            } else {
                over.kept += 1;
            }
        }
        tx.commit()?;
        Ok(over)
    }

    /// Makes the copies what they have to be: those of `wanted` that are not there, or sealed to
    /// another key, are made by `seal`; all others go.
    pub(crate) fn mirror(
        &self,
        device: DeviceId,
        terms: &Terms,
        wanted: &[Place],
        seal: impl Fn(Place) -> Result<Option<SealedCopy>, Error>,
    ) -> Result<(), Error> {
        let mut conn = self.conn();
        let held: Vec<(Place, String)> = conn
            .prepare_cached("select epoch, seq, key from copy order by epoch, seq")?
            .query_map([], |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?)))?
            .collect::<rusqlite::Result<_>>()?;
        let current = |place: &Place| {
            let at = held.binary_search_by_key(place, |(place, _)| *place);
            at.is_ok_and(|at| held[at].1 == terms.sealing_key.id)
        };
        let missing: Vec<Place> = wanted.iter().filter(|place| !current(place)).copied().collect();
        let gone: Vec<Place> = held
            .iter()
            .map(|(place, _)| *place)
            .filter(|place| wanted.binary_search(place).is_err())
            .collect();
        let said: (Option<String>, u32) =
            conn.query_row("select device, wrong_passphrases from porch", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
        let says = (Some(device.to_string()), terms.wrong_passphrases);
        if missing.is_empty() && gone.is_empty() && said == says {
            return Ok(());
        }
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        tx.execute("update porch set device = ?1, wrong_passphrases = ?2", says)?;
        for place in gone {
            tx.execute("delete from copy where epoch = ?1 and seq = ?2", place)?;
        }
        for place in missing {
            let Some(copy) = seal(place)? else { continue };
            tx.prepare_cached(
                "insert or replace into copy (epoch, seq, key, copy, proof)
                 values (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute((
                copy.epoch,
                copy.seq,
                copy.key,
                copy.copy.0,
                copy.proof.0.as_slice(),
            ))?;
        }
        Ok(tx.commit()?)
    }

    fn conn(&self) -> MutexGuard<'_, Connection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn destroyed(conn: &Connection) -> Result<bool, Error> {
    let sql = "select destroyed_ms is not null from porch";
    Ok(conn.query_row(sql, [], |row| row.get(0)).optional()?.unwrap_or(false))
}
