//! What journeys look up in an organisation's store, whether its server runs or not.

use std::collections::BTreeMap;
use std::path::Path;

use doorstep_core::ids::EventId;
use doorstep_sync_server::store::sqlite::SqliteStore;
use doorstep_sync_server::store::{StoreError, Tx};

fn look<T>(data: &Path, look: impl FnOnce(&dyn Tx) -> Result<T, StoreError>) -> T {
    SqliteStore::look(data, look).expect("the store can be read")
}

/// The ids of the records in the log of the child with this external id, as text, in order.
pub fn logged(data: &Path, child: &str) -> Vec<String> {
    look(data, |tx| {
        let child = tx.child_called(child)?.ok_or(StoreError::Missing { what: "child" })?;
        let mut ids: Vec<EventId> =
            tx.history(child.id)?.into_iter().map(|event| event.id).collect();
        ids.sort();
        Ok(ids.iter().map(ToString::to_string).collect())
    })
}

/// How many events the log holds of all children.
pub fn head(data: &Path) -> u64 {
    look(data, |tx| Ok(tx.organisation()?.map_or(0, |organisation| organisation.head)))
}

/// Each escalation there ever was, by what identifies it: how often it is in the ledger, and
/// whether somebody acknowledged it.
pub fn escalations(data: &Path) -> BTreeMap<String, (usize, bool)> {
    look(data, |tx| {
        let mut found = BTreeMap::new();
        for child in tx.children()? {
            for line in tx.lines(child.id)? {
                let told = &line.escalation;
                let key =
                    format!("{} {} {} {}", child.external, told.clause, told.cause.0, told.to);
                let entry: &mut (usize, bool) = found.entry(key).or_default();
                *entry = (entry.0 + 1, entry.1 || line.acknowledged.is_some());
            }
        }
        Ok(found)
    })
}
