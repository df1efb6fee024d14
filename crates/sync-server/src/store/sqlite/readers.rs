//! Connections that read. Each reading sees one instant of the store.

use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::{SqliteTx, failed};
use crate::store::{Look, StoreError};

/// A few connections that only read.
pub struct Readers {
    free: Arc<Mutex<Vec<Connection>>>,
    permits: Arc<Semaphore>,
}

impl Readers {
    /// Lends out these connections.
    pub fn new(connections: Vec<Connection>) -> Self {
        let permits = Arc::new(Semaphore::new(connections.len()));
        Self { free: Arc::new(Mutex::new(connections)), permits }
    }

    /// Runs `look` on a connection that nobody else uses meanwhile.
    pub async fn run(&self, look: Look) -> Result<(), StoreError> {
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        let permit = permit.expect("the semaphore is never closed");
        let free = Arc::clone(&self.free);
        let reading = tokio::task::spawn_blocking(move || {
            let conn = Lent::take(free);
            let result = read(conn.get(), look);
            drop(conn);
            drop(permit);
            result
        });
        reading.await.unwrap_or_else(|_| {
            Err(StoreError::Stopped { reason: "a reading ended in a panic".into() })
        })
    }
}

fn read(conn: &Connection, look: Look) -> Result<(), StoreError> {
    let tx = conn.unchecked_transaction().map_err(failed("begin reading"))?;
    look(&SqliteTx::on(&tx));
    tx.finish().map_err(failed("end reading"))
}

/// A connection that goes back when it is dropped, also by a panic.
struct Lent {
    conn: Option<Connection>,
    free: Arc<Mutex<Vec<Connection>>>,
}

impl Lent {
    fn take(free: Arc<Mutex<Vec<Connection>>>) -> Self {
        let conn = free.lock().unwrap_or_else(PoisonError::into_inner).pop();
        Self { conn, free }
    }

    fn get(&self) -> &Connection {
        self.conn.as_ref().expect("there are as many permits as connections")
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(conn) = self.conn.take() {
            self.free.lock().unwrap_or_else(PoisonError::into_inner).push(conn);
        }
    }
}
