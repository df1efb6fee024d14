//! Devices, on SQLite.

use doorstep_core::ids::{DeviceId, PersonId};
use doorstep_core::seal::Hash;
use doorstep_core::trust::ClockSample;
use doorstep_core::wire::Divergence;
use rusqlite::{Row, named_params, params};

use super::SqliteTx;
use super::values::{
    hash, instant, instant_option, ms, ms_option, number, parsed, parsed_option, signed,
    text_option,
};
use crate::store::StoreError;
use crate::store::devices::{Chain, Device, Devices, EnrolmentCode, Grant, STRETCH};

const DEVICE: &str = "SELECT id, person, public_key, token_hash, desk_key, name, app, \
                      enrolled_ms, last_contact_ms, unsent, oldest_unsent_ms, copies_differed, \
                      copies_healed, revoked_ms, change, directory \
                      FROM device";

fn device(row: &Row<'_>) -> rusqlite::Result<Device> {
    Ok(Device {
        id: parsed(row, "id")?,
        person: parsed(row, "person")?,
        public_key: row.get("public_key")?,
        token_hash: hash(row, "token_hash")?,
        desk_key: row.get("desk_key")?,
        name: row.get("name")?,
        app: row.get("app")?,
        enrolled: instant(row, "enrolled_ms")?,
        last_contact: instant_option(row, "last_contact_ms")?,
        unsent: number(row, "unsent")?,
        oldest_unsent: instant_option(row, "oldest_unsent_ms")?,
        divergence: Divergence {
            found: number(row, "copies_differed")?,
            healed: number(row, "copies_healed")?,
        },
        revoked: instant_option(row, "revoked_ms")?,
        change: number(row, "change")?,
        directory: number(row, "directory")?,
    })
}

fn grant(row: &Row<'_>) -> rusqlite::Result<Grant> {
    Ok(Grant {
        child: parsed(row, "child")?,
        held: row.get("held")?,
        change: number(row, "change")?,
        whole: number(row, "whole")?,
        card: hash(row, "card")?,
    })
}

impl Devices for SqliteTx<'_> {
    fn device(&self, id: DeviceId) -> Result<Option<Device>, StoreError> {
        self.one("read a device", &format!("{DEVICE} WHERE id = ?1"), [id.to_string()], device)
    }

    fn devices(&self, of: Option<PersonId>) -> Result<Vec<Device>, StoreError> {
        let filter = if of.is_some() { "person = ?1" } else { "?1 IS NULL" };
        let sql = format!("{DEVICE} WHERE {filter} ORDER BY enrolled_ms DESC, id");
        self.all("list devices", &sql, [text_option(of.as_ref())], device)
    }

    fn put_device(&mut self, device: &Device) -> Result<(), StoreError> {
        let sql = "INSERT INTO device (id, person, public_key, token_hash, desk_key, name, app, \
                   enrolled_ms, last_contact_ms, unsent, oldest_unsent_ms, copies_differed, \
                   copies_healed, revoked_ms, change, directory) \
                   VALUES (:id, :person, :public_key, :token_hash, :desk_key, :name, :app, \
                   :enrolled, :last_contact, :unsent, :oldest_unsent, :differed, :healed, \
                   :revoked, :change, :directory) \
                   ON CONFLICT (id) DO UPDATE SET person = excluded.person, \
                   public_key = excluded.public_key, token_hash = excluded.token_hash, \
                   desk_key = excluded.desk_key, name = excluded.name, app = excluded.app, \
                   enrolled_ms = excluded.enrolled_ms, \
                   last_contact_ms = excluded.last_contact_ms, unsent = excluded.unsent, \
                   oldest_unsent_ms = excluded.oldest_unsent_ms, \
                   copies_differed = excluded.copies_differed, \
                   copies_healed = excluded.copies_healed, \
                   revoked_ms = excluded.revoked_ms, change = excluded.change, \
                   directory = excluded.directory";
        let params = named_params! {
            ":id": device.id.to_string(),
            ":person": device.person.to_string(),
            ":public_key": device.public_key,
            ":token_hash": device.token_hash.0,
            ":desk_key": device.desk_key,
            ":name": device.name,
            ":app": device.app,
            ":enrolled": ms(device.enrolled),
            ":last_contact": ms_option(device.last_contact),
            ":unsent": signed(device.unsent),
            ":oldest_unsent": ms_option(device.oldest_unsent),
            ":differed": signed(device.divergence.found),
            ":healed": signed(device.divergence.healed),
            ":revoked": ms_option(device.revoked),
            ":change": signed(device.change),
            ":directory": signed(device.directory),
        };
        self.execute("write a device", sql, params).map(drop)
    }

    fn chains(&self, device: DeviceId) -> Result<Vec<Chain>, StoreError> {
        let sql = "SELECT epoch, next_seq, head FROM device_chain WHERE device = ?1 ORDER BY epoch";
        self.all("read a device's chains", sql, [device.to_string()], |row| {
            Ok(Chain {
                epoch: row.get("epoch")?,
                next_seq: number(row, "next_seq")?,
                head: hash(row, "head")?,
            })
        })
    }

    fn put_chain(&mut self, device: DeviceId, chain: Chain) -> Result<(), StoreError> {
        let sql = "INSERT INTO device_chain (device, epoch, next_seq, head) \
                   VALUES (?1, ?2, ?3, ?4) ON CONFLICT (device, epoch) \
                   DO UPDATE SET next_seq = excluded.next_seq, head = excluded.head \
                   WHERE excluded.next_seq > device_chain.next_seq";
        let params = params![device.to_string(), chain.epoch, signed(chain.next_seq), chain.head.0];
        self.execute("write a device's chain", sql, params).map(drop)
    }

    fn code(&self, code: Hash) -> Result<Option<EnrolmentCode>, StoreError> {
        let sql = "SELECT hash, person, expires_ms, used_by FROM enrolment_code WHERE hash = ?1";
        self.one("look up a device code", sql, [code.0], |row| {
            Ok(EnrolmentCode {
                hash: hash(row, "hash")?,
                person: parsed(row, "person")?,
                expires: instant(row, "expires_ms")?,
                used_by: parsed_option(row, "used_by")?,
            })
        })
    }

    fn put_code(&mut self, code: &EnrolmentCode) -> Result<(), StoreError> {
        let sql = "INSERT INTO enrolment_code (hash, person, expires_ms, used_by) \
                   VALUES (?1, ?2, ?3, ?4) ON CONFLICT (hash) DO UPDATE SET \
                   person = excluded.person, expires_ms = excluded.expires_ms, \
                   used_by = excluded.used_by";
        let params = params![
            code.hash.0,
            code.person.to_string(),
            ms(code.expires),
            text_option(code.used_by.as_ref())
        ];
        self.execute("write a device code", sql, params).map(drop)
    }

    fn clock_samples(
        &self,
        device: DeviceId,
        count: usize,
    ) -> Result<Vec<ClockSample>, StoreError> {
        let sql = "SELECT wall_ms, server_ms, monotonic_ms, boot FROM clock_sample \
                   WHERE device = ?1 ORDER BY number DESC LIMIT ?2";
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        let params = params![device.to_string(), count];
        let mut samples = self.all("read clock samples", sql, params, |row| {
            let monotonic_ms: Option<i64> = row.get("monotonic_ms")?;
            Ok(ClockSample {
                wall: instant(row, "wall_ms")?,
                server: instant(row, "server_ms")?,
                monotonic_ms: monotonic_ms.and_then(|ms| u64::try_from(ms).ok()),
                boot: parsed_option(row, "boot")?,
            })
        })?;
        samples.reverse();
        Ok(samples)
    }

    fn put_clock_sample(
        &mut self,
        device: DeviceId,
        sample: &ClockSample,
    ) -> Result<(), StoreError> {
        let last = self.clock_samples(device, 1)?.pop();
        let goes_on = last.is_some_and(|last| {
            last.boot == sample.boot && (last.offset() - sample.offset()).abs() <= STRETCH
        });
        let sql = if goes_on {
            "UPDATE clock_sample SET wall_ms = ?2, server_ms = ?3, monotonic_ms = ?4, boot = ?5 \
             WHERE number = (SELECT max(number) FROM clock_sample WHERE device = ?1)"
        } else {
            "INSERT INTO clock_sample (device, wall_ms, server_ms, monotonic_ms, boot) \
             VALUES (?1, ?2, ?3, ?4, ?5)"
        };
        let params = params![
            device.to_string(),
            ms(sample.wall),
            ms(sample.server),
            sample.monotonic_ms.map(signed),
            text_option(sample.boot.as_ref()),
        ];
        self.execute("keep a clock sample", sql, params).map(drop)
    }

    fn grants(&self, device: DeviceId, after: u64) -> Result<Vec<Grant>, StoreError> {
        let sql = "SELECT child, held, change, whole, card FROM device_child \
                   WHERE device = ?1 AND change > ?2 ORDER BY change";
        let params = params![device.to_string(), signed(after)];
        self.all("list what a device holds", sql, params, grant)
    }

    fn put_grant(&mut self, device: DeviceId, grant: Grant) -> Result<(), StoreError> {
        let sql = "INSERT INTO device_child (device, child, held, change, whole, card) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (device, child) DO UPDATE SET \
                   held = excluded.held, change = excluded.change, whole = excluded.whole, \
                   card = excluded.card";
        let params = params![
            device.to_string(),
            grant.child.to_string(),
            grant.held,
            signed(grant.change),
            signed(grant.whole),
            grant.card.0,
        ];
        self.execute("write what a device holds", sql, params).map(drop)
    }
}
