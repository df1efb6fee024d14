//! The log, on SQLite.

use std::collections::BTreeMap;

use doorstep_core::ids::{ChildId, DeviceId, EventId};
use doorstep_core::seal::{Digest, Hash};
use doorstep_core::trust::Timing;
use rusqlite::types::Type;
use rusqlite::{Params, Row, named_params, params};

use super::oversight::access;
use super::values::{
    hash, instant, instant_option, ms, number, parsed, parsed_option, signature, signed,
    text_option,
};
use super::{SqliteTx, failed};
use crate::store::StoreError;
use crate::store::directory::{ChildLog, Directory as _};
use crate::store::log::{Access, Decision, DecisionOutcome, Known, Log, LoggedEvent, SetAside};

macro_rules! event_columns {
    () => {
        "SELECT e.position, e.id, e.child, e.person, e.device, e.epoch, e.seq, e.hash, e.at_ms, \
         e.received_ms, e.corrected_ms, e.limits_from_ms, e.trust, e.kind, e.handed_over, e.body, \
         e.signature "
    };
}
const EVENT: &str = concat!(event_columns!(), "FROM event e");
const EVENTS_OF_DEVICE: &str = concat!(
    event_columns!(),
    "FROM device_child d CROSS JOIN child c ON c.id = d.child CROSS JOIN event e ON e.child = c.id"
);

const SET_ASIDE: &str = "SELECT number, device, epoch, seq, hash, code, message, child, \
                         received_ms, bytes, signature, dealt_with_ms, settled, settled_by, \
                         settled_reason, settled_event FROM quarantine";

/// Reads an event by the places of [`event_columns`]: looking for seventeen names in each row costs
/// more than reading it.
fn event(row: &Row<'_>) -> rusqlite::Result<LoggedEvent> {
    Ok(LoggedEvent {
        position: number(row, 0)?,
        id: parsed(row, 1)?,
        child: parsed(row, 2)?,
        person: parsed(row, 3)?,
        device: parsed(row, 4)?,
        epoch: row.get(5)?,
        seq: number(row, 6)?,
        hash: hash(row, 7)?,
        at: instant(row, 8)?,
        received: instant(row, 9)?,
        timing: Timing {
            corrected: instant(row, 10)?,
            limits_from: instant(row, 11)?,
            trust: parsed(row, 12)?,
        },
        kind: row.get(13)?,
        handed_over: row.get(14)?,
        body: row.get(15)?,
        signature: signature(row.get(16)?),
    })
}

fn set_aside(row: &Row<'_>) -> rusqlite::Result<SetAside> {
    let signed_with = row.get::<_, Option<Vec<u8>>>("signature")?;
    let signed_with = signed_with.map(|bytes| {
        let bytes = bytes
            .try_into()
            .map_err(|_| rusqlite::Error::InvalidColumnType(0, "signature".into(), Type::Blob));
        bytes.map(signature)
    });
    Ok(SetAside {
        number: number(row, "number")?,
        device: parsed(row, "device")?,
        epoch: row.get("epoch")?,
        seq: number(row, "seq")?,
        hash: hash(row, "hash")?,
        code: row.get("code")?,
        message: row.get("message")?,
        child: parsed_option(row, "child")?,
        received: instant(row, "received_ms")?,
        bytes: row.get("bytes")?,
        signature: signed_with.transpose()?,
        decision: decision(row)?,
    })
}

fn decision(row: &Row<'_>) -> rusqlite::Result<Option<Decision>> {
    let Some(at) = instant_option(row, "dealt_with_ms")? else { return Ok(None) };
    let outcome = match row.get::<_, String>("settled")?.as_str() {
        "released" => DecisionOutcome::Released,
        "corrected" => DecisionOutcome::Corrected { event: parsed(row, "settled_event")? },
        _ => DecisionOutcome::Dismissed,
    };
    let (by, reason) = (parsed(row, "settled_by")?, row.get("settled_reason")?);
    Ok(Some(Decision { at, by, reason, outcome }))
}

impl SqliteTx<'_> {
    /// Reads events until their bodies fill `bytes_max`: at least one.
    fn page(
        &self,
        sql: &str,
        params: impl Params,
        bytes_max: usize,
    ) -> Result<Vec<LoggedEvent>, StoreError> {
        let fault = failed("read a page of the log");
        let mut statement = self.conn.prepare_cached(sql).map_err(&fault)?;
        let mut rows = statement.query(params).map_err(&fault)?;
        let (mut page, mut bytes) = (Vec::new(), 0);
        while let Some(row) = rows.next().map_err(&fault)? {
            let event = event(row).map_err(&fault)?;
            bytes += event.body.len();
            if bytes > bytes_max && !page.is_empty() {
                break;
            }
            page.push(event);
        }
        Ok(page)
    }

    fn insert_event(&self, event: &LoggedEvent, position: u64) -> Result<(), StoreError> {
        let sql = "INSERT INTO event (position, id, child, person, device, epoch, seq, hash, \
                   at_ms, received_ms, corrected_ms, limits_from_ms, trust, kind, handed_over, \
                   body, signature) VALUES (:position, \
                   :id, :child, :person, :device, :epoch, :seq, :hash, :at, :received, \
                   :corrected, :limits_from, :trust, :kind, \
                   :handed_over, :body, :signature)";
        let params = named_params! {
            ":position": signed(position),
            ":id": event.id.to_string(),
            ":child": event.child.to_string(),
            ":person": event.person.to_string(),
            ":device": event.device.to_string(),
            ":epoch": event.epoch,
            ":seq": signed(event.seq),
            ":hash": event.hash.0,
            ":at": ms(event.at),
            ":received": ms(event.received),
            ":corrected": ms(event.timing.corrected),
            ":limits_from": ms(event.timing.limits_from),
            ":trust": event.timing.trust.as_str(),
            ":kind": event.kind,
            ":handed_over": event.handed_over,
            ":body": event.body,
            ":signature": event.signature.0,
        };
        self.execute("append to the log", sql, params).map(drop)
    }

    fn put_child_log(&self, child: ChildId, log: ChildLog) -> Result<(), StoreError> {
        let sql = "UPDATE child SET event_count = ?2, event_sum = ?3, last_position = ?4 \
                   WHERE id = ?1";
        let Digest { count, sum } = log.digest;
        let params = params![child.to_string(), signed(count), sum.0, signed(log.last_position)];
        self.execute("write a child's digest", sql, params).map(drop)
    }
}

impl Log for SqliteTx<'_> {
    fn append(&mut self, events: &[LoggedEvent]) -> Result<Vec<u64>, StoreError> {
        if events.is_empty() {
            return Ok(Vec::new());
        }
        let count = u64::try_from(events.len()).expect("a batch is bounded");
        let sql = "UPDATE organisation SET head = head + ?1 RETURNING head";
        let take = |row: &Row<'_>| number(row, "head");
        let head = self.one("take positions", sql, [signed(count)], take)?;
        let head = head.ok_or(StoreError::Missing { what: "organisation" })?;
        let positions: Vec<u64> = (head - count + 1..=head).collect();
        let mut logs: BTreeMap<ChildId, ChildLog> = BTreeMap::new();
        for (event, position) in events.iter().zip(&positions) {
            self.insert_event(event, *position)?;
            self.note_names(event, *position)?;
            let before = match logs.get(&event.child) {
                Some(log) => *log,
                None => self.child_log(event.child)?,
            };
            let digest = before.digest.with(event.hash);
            logs.insert(event.child, ChildLog { digest, last_position: *position });
        }
        for (child, log) in logs {
            self.put_child_log(child, log)?;
        }
        self.grow_log(events, &positions)?;
        Ok(positions)
    }

    fn known(&self, device: DeviceId, epoch: u32, seq: u64) -> Result<Option<Known>, StoreError> {
        let params = params![device.to_string(), epoch, signed(seq)];
        let sql = "SELECT position, hash FROM event WHERE device = ?1 AND epoch = ?2 AND seq = ?3";
        let logged = self.one("look up an event", sql, params, |row| {
            Ok(Known::Logged { position: number(row, "position")?, hash: hash(row, "hash")? })
        })?;
        if logged.is_some() {
            return Ok(logged);
        }
        let params = params![device.to_string(), epoch, signed(seq), SetAside::FORK];
        let sql = "SELECT hash, code, message FROM quarantine \
                   WHERE device = ?1 AND epoch = ?2 AND seq = ?3 AND code <> ?4";
        self.one("look up an event", sql, params, |row| {
            let (code, message) = (row.get("code")?, row.get("message")?);
            Ok(Known::SetAside { hash: hash(row, "hash")?, code, message })
        })
    }

    fn event(&self, id: EventId) -> Result<Option<LoggedEvent>, StoreError> {
        let sql = format!("{EVENT} WHERE e.id = ?1 ORDER BY e.position LIMIT 1");
        self.one("look up an event", &sql, [id.to_string()], event)
    }

    fn history(&self, child: ChildId) -> Result<Vec<LoggedEvent>, StoreError> {
        let sql = format!("{EVENT} WHERE e.child = ?1 ORDER BY e.position");
        self.all("read a child's history", &sql, [child.to_string()], event)
    }

    fn history_page(
        &self,
        child: ChildId,
        after: u64,
        bytes_max: usize,
    ) -> Result<Vec<LoggedEvent>, StoreError> {
        let sql = format!("{EVENT} WHERE e.child = ?1 AND e.position > ?2 ORDER BY e.position");
        self.page(&sql, params![child.to_string(), signed(after)], bytes_max)
    }

    fn news(
        &self,
        device: DeviceId,
        whole_max: u64,
        after: u64,
        bytes_max: usize,
    ) -> Result<Vec<LoggedEvent>, StoreError> {
        // The child's last position is looked at first, so that children without news cost no
        // search of the log; CROSS JOIN is SQLite's way of saying so.
        let sql = format!(
            "{EVENTS_OF_DEVICE} WHERE d.device = ?1 AND d.held = 1 AND d.whole <= ?2 \
             AND c.last_position > ?3 AND e.position > ?3 ORDER BY e.position"
        );
        let params = params![device.to_string(), signed(whole_max), signed(after)];
        self.page(&sql, params, bytes_max)
    }

    fn history_count(&self, child: ChildId, after: u64) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) AS count FROM event WHERE child = ?1 AND position > ?2";
        let params = params![child.to_string(), signed(after)];
        let count = self.one("count a child's events", sql, params, |row| number(row, "count"))?;
        Ok(count.unwrap_or_default())
    }

    fn news_count(&self, device: DeviceId, whole_max: u64, after: u64) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) AS count FROM event e JOIN child c ON c.id = e.child \
                   JOIN device_child d ON d.child = c.id \
                   WHERE d.device = ?1 AND d.held = 1 AND d.whole <= ?2 \
                   AND c.last_position > ?3 AND e.position > ?3";
        let params = params![device.to_string(), signed(whole_max), signed(after)];
        let count = self.one("count the news", sql, params, |row| number(row, "count"))?;
        Ok(count.unwrap_or_default())
    }

    fn log_page(&self, after: u64, count: usize) -> Result<Vec<LoggedEvent>, StoreError> {
        let sql = format!("{EVENT} WHERE e.position > ?1 ORDER BY e.position LIMIT ?2");
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        self.all("read the log", &sql, params![signed(after), count], event)
    }

    fn hash_at(&self, position: u64) -> Result<Option<Hash>, StoreError> {
        let sql = "SELECT hash FROM event WHERE position = ?1";
        self.one("read a hash", sql, [signed(position)], |row| Ok(Hash(row.get("hash")?)))
    }

    fn set_aside(&mut self, entry: &SetAside) -> Result<(), StoreError> {
        let sql = "INSERT INTO quarantine (device, epoch, seq, hash, code, message, child, \
                   received_ms, bytes, signature) VALUES (:device, :epoch, :seq, \
                   :hash, :code, :message, :child, :received, :bytes, :signature) \
                   ON CONFLICT (device, epoch, seq, hash) DO NOTHING";
        let params = named_params! {
            ":device": entry.device.to_string(),
            ":epoch": entry.epoch,
            ":seq": signed(entry.seq),
            ":hash": entry.hash.0,
            ":code": entry.code,
            ":message": entry.message,
            ":child": text_option(entry.child.as_ref()),
            ":received": ms(entry.received),
            ":bytes": entry.bytes,
            ":signature": entry.signature.map(|signature| signature.0),
        };
        self.execute("set an event aside", sql, params).map(drop)
    }

    fn set_aside_entry(&self, number: u64) -> Result<Option<SetAside>, StoreError> {
        let sql = format!("{SET_ASIDE} WHERE number = ?1");
        self.one("read what was set aside", &sql, [signed(number)], set_aside)
    }

    fn set_aside_under(
        &self,
        device: DeviceId,
        epoch: u32,
        seq: u64,
    ) -> Result<Option<SetAside>, StoreError> {
        let sql =
            format!("{SET_ASIDE} WHERE device = ?1 AND epoch = ?2 AND seq = ?3 AND code <> ?4");
        let params = params![device.to_string(), epoch, signed(seq), SetAside::FORK];
        self.one("read what was set aside", &sql, params, set_aside)
    }

    fn decide(&mut self, number: u64, decision: &Decision) -> Result<(), StoreError> {
        let sql = "UPDATE quarantine SET dealt_with_ms = ?2, settled = ?3, settled_by = ?4, \
                   settled_reason = ?5, settled_event = ?6 \
                   WHERE number = ?1 AND dealt_with_ms IS NULL";
        let event = match decision.outcome {
            DecisionOutcome::Corrected { event } => Some(event),
            DecisionOutcome::Released | DecisionOutcome::Dismissed => None,
        };
        let params = params![
            signed(number),
            ms(decision.at),
            decision.outcome.as_str(),
            decision.by.to_string(),
            decision.reason,
            text_option(event.as_ref()),
        ];
        match self.execute("decide about what was set aside", sql, params)? {
            0 => Err(StoreError::Missing { what: "undecided entry of the quarantine" }),
            _ => Ok(()),
        }
    }

    fn decided(&self, count: usize) -> Result<Vec<SetAside>, StoreError> {
        let sql = format!(
            "{SET_ASIDE} WHERE dealt_with_ms IS NOT NULL \
             ORDER BY dealt_with_ms DESC, number DESC LIMIT ?1"
        );
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        self.all("list what was decided", &sql, [count], set_aside)
    }

    fn quarantine(&self, device: Option<DeviceId>) -> Result<Vec<SetAside>, StoreError> {
        let filter = if device.is_some() { "device = ?1" } else { "?1 IS NULL" };
        let sql = format!("{SET_ASIDE} WHERE {filter} AND dealt_with_ms IS NULL ORDER BY number");
        self.all("list what was set aside", &sql, [text_option(device.as_ref())], set_aside)
    }

    fn has_set_aside(&self, device: DeviceId, code: &str) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM quarantine WHERE device = ?1 AND code = ?2 LIMIT 1";
        let params = params![device.to_string(), code];
        let found = self.one("look for what was set aside", sql, params, |_| Ok(()))?;
        Ok(found.is_some())
    }

    fn all_set_aside(&self) -> Result<Vec<SetAside>, StoreError> {
        let sql = format!("{SET_ASIDE} ORDER BY number");
        self.all("list what was set aside", &sql, [], set_aside)
    }

    fn log_access(&mut self, access: &Access) -> Result<(), StoreError> {
        let sql = "INSERT INTO access_log (at_ms, person, child, by_what, device, reason, tie) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        let params = params![
            ms(access.at),
            access.person.to_string(),
            access.child.to_string(),
            access.by,
            text_option(access.device.as_ref()),
            access.reason,
            text_option(access.tie.as_ref()),
        ];
        self.execute("write the access log", sql, params)?;
        self.grow_access(self.last_number()?, access)
    }

    fn accesses(&self, child: ChildId, count: usize) -> Result<Vec<Access>, StoreError> {
        let sql = "SELECT at_ms, person, child, by_what, device, reason, tie FROM access_log \
                   WHERE child = ?1 ORDER BY number DESC LIMIT ?2";
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        self.all("read the access log", sql, params![child.to_string(), count], access)
    }
}
