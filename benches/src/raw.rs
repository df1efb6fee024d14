//! The baselines: a table without anything around it, written as fast as one can with the same
//! durability.

use std::path::Path;
use std::time::Duration;

use doorstep_core::seal::SealedEvent;
use rusqlite::Connection;

use crate::time;

/// A file with one table.
pub struct Raw(Connection);

impl Raw {
    /// A file in this folder, opened with these settings before anything is written.
    pub fn create(folder: &Path, name: &str, settings: &str) -> Self {
        let conn = Connection::open(folder.join(name)).expect("the folder can be written to");
        conn.execute_batch(settings).expect("the settings are known");
        let table = "CREATE TABLE event (position INTEGER PRIMARY KEY, body TEXT, signature BLOB)";
        conn.execute_batch(table).expect("the file is new");
        Self(conn)
    }

    /// Writes these events, so many to a transaction, and says how long it took.
    pub fn append(&mut self, events: &[&SealedEvent], together: usize) -> Duration {
        time(|| {
            for group in events.chunks(together) {
                let tx = self.0.transaction().expect("nobody else writes");
                for event in group {
                    let sql = "INSERT INTO event (body, signature) VALUES (?1, ?2)";
                    let mut insert = tx.prepare_cached(sql).expect("the table is there");
                    let row = (event.body.get(), event.signature.0);
                    insert.execute(row).expect("there is room");
                }
                tx.commit().expect("there is room");
            }
        })
    }
}
