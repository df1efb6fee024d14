//! Attachments, on SQLite.

use chrono::{DateTime, Utc};
use doorstep_core::attachment::{Attachment, MediaType};
use doorstep_core::ids::DeviceId;
use doorstep_core::seal::Hash;
use rusqlite::{Row, named_params, params};
use serde::Deserialize;

use super::SqliteTx;
use super::values::{hash, instant, ms, number, parsed, signed};
use crate::store::StoreError;
use crate::store::attachments::{Attachments, Chunk, Naming, Upload};
use crate::store::log::LoggedEvent;

const UPLOAD: &str = "SELECT number, hash, device, media_type, bytes, received, key_id, \
                      touched_ms, completed, backed_up FROM attachment";

fn upload(row: &Row<'_>) -> rusqlite::Result<Upload> {
    Ok(Upload {
        number: number(row, "number")?,
        hash: hash(row, "hash")?,
        device: parsed(row, "device")?,
        media_type: parsed(row, "media_type")?,
        bytes: number(row, "bytes")?,
        received: number(row, "received")?,
        key_id: row.get("key_id")?,
        touched: instant(row, "touched_ms")?,
        is_complete: row.get::<_, Option<i64>>("completed")?.is_some(),
        backed_up: row.get("backed_up")?,
    })
}

/// What an event's body says of attachments.
#[derive(Deserialize)]
struct Named {
    #[serde(default)]
    attachments: Vec<Attachment>,
}

impl SqliteTx<'_> {
    /// Notes what an event names. Most name nothing and are not read for it.
    pub(super) fn note_names(&self, event: &LoggedEvent, position: u64) -> Result<(), StoreError> {
        if !event.body.contains("\"attachments\"") {
            return Ok(());
        }
        let Ok(named) = serde_json::from_str::<Named>(&event.body) else { return Ok(()) };
        let sql = "INSERT OR IGNORE INTO event_attachment (hash, position, child, device) \
                   VALUES (?1, ?2, ?3, ?4)";
        for attachment in named.attachments {
            let (child, device) = (event.child.to_string(), event.device.to_string());
            let params = params![attachment.hash.0, signed(position), child, device];
            self.execute("note what an event names", sql, params)?;
        }
        Ok(())
    }
}

impl Attachments for SqliteTx<'_> {
    fn attachment(&self, hash: Hash) -> Result<Option<Upload>, StoreError> {
        let sql = format!("{UPLOAD} WHERE hash = ?1 AND completed IS NOT NULL");
        self.one("look up an attachment", &sql, [hash.0], upload)
    }

    fn attachments(&self) -> Result<Vec<Upload>, StoreError> {
        let sql = format!("{UPLOAD} WHERE completed IS NOT NULL ORDER BY completed");
        self.all("list attachments", &sql, [], upload)
    }

    fn upload(&self, hash: Hash, device: DeviceId) -> Result<Option<Upload>, StoreError> {
        let sql = format!("{UPLOAD} WHERE hash = ?1 AND device = ?2");
        self.one("look up an upload", &sql, params![hash.0, device.to_string()], upload)
    }

    fn begin_upload(&mut self, upload: &Upload) -> Result<u64, StoreError> {
        let sql = "INSERT INTO attachment (hash, device, media_type, bytes, key_id, touched_ms) \
                   VALUES (:hash, :device, :media_type, :bytes, :key_id, :touched) \
                   RETURNING number";
        let params = named_params! {
            ":hash": upload.hash.0,
            ":device": upload.device.to_string(),
            ":media_type": upload.media_type.as_str(),
            ":bytes": signed(upload.bytes),
            ":key_id": upload.key_id,
            ":touched": ms(upload.touched),
        };
        let begun = self.one("begin an upload", sql, params, |row| number(row, "number"))?;
        begun.ok_or(StoreError::Missing { what: "upload just begun" })
    }

    fn add_chunk(
        &mut self,
        number: u64,
        chunk: &Chunk,
        received: u64,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO attachment_chunk (attachment, at, sealed) VALUES (?1, ?2, ?3)";
        let params = params![signed(number), signed(chunk.at), chunk.sealed];
        self.execute("keep a piece of an attachment", sql, params)?;
        let sql = "UPDATE attachment SET received = ?2, touched_ms = ?3 WHERE number = ?1";
        let params = params![signed(number), signed(received), ms(now)];
        self.execute("keep a piece of an attachment", sql, params).map(drop)
    }

    fn chunk_at(&self, number: u64, place: u64) -> Result<Option<Chunk>, StoreError> {
        let sql = "SELECT at, sealed FROM attachment_chunk WHERE attachment = ?1 AND at <= ?2 \
                   ORDER BY at DESC LIMIT 1";
        let params = params![signed(number), signed(place)];
        self.one("read a piece of an attachment", sql, params, |row| {
            Ok(Chunk { at: super::values::number(row, "at")?, sealed: row.get("sealed")? })
        })
    }

    fn replace_chunk(&mut self, number: u64, chunk: &Chunk) -> Result<(), StoreError> {
        let sql = "UPDATE attachment_chunk SET sealed = ?3 WHERE attachment = ?1 AND at = ?2";
        let params = params![signed(number), signed(chunk.at), chunk.sealed];
        match self.execute("replace a piece of an attachment", sql, params)? {
            0 => Err(StoreError::Missing { what: "piece of an attachment" }),
            _ => Ok(()),
        }
    }

    fn rekey_upload(&mut self, number: u64, key_id: &str) -> Result<(), StoreError> {
        let sql = "UPDATE attachment SET key_id = ?2 WHERE number = ?1";
        let params = params![signed(number), key_id];
        self.execute("write the key of an upload", sql, params).map(drop)
    }

    fn complete_upload(&mut self, number: u64, is: MediaType) -> Result<(), StoreError> {
        let sql = "UPDATE attachment SET media_type = ?2, \
                   completed = (SELECT coalesce(max(completed), 0) + 1 FROM attachment) \
                   WHERE number = ?1";
        let params = params![signed(number), is.as_str()];
        self.execute("complete an upload", sql, params).map(drop)
    }

    fn put_sender(&mut self, hash: Hash, device: DeviceId) -> Result<(), StoreError> {
        let sql = "INSERT OR IGNORE INTO attachment_sender (hash, device) VALUES (?1, ?2)";
        let params = params![hash.0, device.to_string()];
        self.execute("note who sent an attachment", sql, params).map(drop)
    }

    fn has_sent(&self, hash: Hash, device: DeviceId) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM attachment_sender WHERE hash = ?1 AND device = ?2";
        let params = params![hash.0, device.to_string()];
        Ok(self.one("look up who sent an attachment", sql, params, |_| Ok(()))?.is_some())
    }

    fn remove_upload(&mut self, number: u64) -> Result<(), StoreError> {
        let sql = "DELETE FROM attachment WHERE number = ?1";
        self.execute("remove an upload", sql, [signed(number)]).map(drop)
    }

    fn expire_uploads(&mut self, before: DateTime<Utc>) -> Result<usize, StoreError> {
        let sql = "DELETE FROM attachment WHERE completed IS NULL AND touched_ms < ?1";
        self.execute("remove what was never sent whole", sql, [ms(before)])
    }

    fn unnamed_bytes(&self, device: DeviceId) -> Result<u64, StoreError> {
        let sql = "SELECT coalesce(sum(bytes), 0) AS bytes FROM attachment a WHERE device = ?1 \
                   AND NOT EXISTS (SELECT 1 FROM event_attachment e WHERE e.hash = a.hash)";
        let bytes = self.one("count what no event names", sql, [device.to_string()], |row| {
            number(row, "bytes")
        })?;
        Ok(bytes.unwrap_or(0))
    }

    fn names(&self, device: DeviceId, hash: Hash) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM event_attachment WHERE hash = ?1 AND device = ?2 LIMIT 1";
        let params = params![hash.0, device.to_string()];
        Ok(self.one("look up who names an attachment", sql, params, |_| Ok(()))?.is_some())
    }

    fn naming(&self, hash: Hash) -> Result<Vec<Naming>, StoreError> {
        let sql = "SELECT e.position, e.child, e.device, \
                   s.device IS NOT NULL OR d.desk_key IS NOT NULL AS is_sent \
                   FROM event_attachment e JOIN device d ON d.id = e.device \
                   LEFT JOIN attachment_sender s ON s.hash = e.hash AND s.device = e.device \
                   WHERE e.hash = ?1 ORDER BY e.position";
        self.all("list who names an attachment", sql, [hash.0], |row| {
            Ok(Naming {
                position: number(row, "position")?,
                child: parsed(row, "child")?,
                device: parsed(row, "device")?,
                is_sent: row.get("is_sent")?,
            })
        })
    }

    fn set_aside_holds(&self, device: DeviceId, text: &str) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM quarantine WHERE device = ?1 AND instr(bytes, ?2) > 0 LIMIT 1";
        let found =
            self.one("search what was set aside", sql, (device.to_string(), text), |_| Ok(()))?;
        Ok(found.is_some())
    }

    fn not_arrived(&self) -> Result<Vec<Hash>, StoreError> {
        let sql = "SELECT DISTINCT hash FROM event_attachment e WHERE NOT EXISTS \
                   (SELECT 1 FROM attachment a WHERE a.hash = e.hash AND a.completed IS NOT NULL)";
        self.all("list what has not arrived", sql, [], |row| hash(row, "hash"))
    }
}

impl SqliteTx<'_> {
    /// The place of the attachment that was completed last; 0 without any, and in a store that is
    /// older than attachments.
    pub(super) fn last_completed(&self) -> Result<u64, StoreError> {
        let doing = "read the last attachment";
        let known = "SELECT 1 FROM sqlite_schema WHERE name = 'attachment'";
        if self.one(doing, known, [], |_| Ok(()))?.is_none() {
            return Ok(0);
        }
        let sql = "SELECT coalesce(max(completed), 0) AS completed FROM attachment";
        Ok(self.one(doing, sql, [], |row| number(row, "completed"))?.unwrap_or(0))
    }

    /// Notes that a backup holds the attachments up to this place.
    pub(super) fn attachments_backed_up(&self, completed: u64) -> Result<(), StoreError> {
        let sql = "UPDATE attachment SET backed_up = 1 WHERE completed <= ?1 AND backed_up = 0";
        self.execute("note a backup", sql, [signed(completed)]).map(drop)
    }
}
