//! The Merkle trees over the logs, on SQLite. They grow with the lines, in the same transaction.

use doorstep_core::merkle::Tree;
use doorstep_core::seal::Hash;
use rusqlite::params;

use super::SqliteTx;
use super::values::{number, signed};
use crate::store::StoreError;
use crate::store::log::{Access, Log as _, LoggedEvent};
use crate::store::oversight::{NumberedAccess, Oversight as _};
use crate::store::tree::{access_leaf, event_leaf};

/// Lines that are read at once where a tree is behind its log.
const PAGE: usize = 1000;

impl SqliteTx<'_> {
    /// The tree of this name.
    pub(super) fn tree(&self, name: &'static str) -> Result<Tree, StoreError> {
        let sql = "SELECT size, peaks FROM tree WHERE name = ?1";
        let row = self.one("read a tree", sql, [name], |row| {
            Ok((number(row, "size")?, row.get::<_, Vec<u8>>("peaks")?))
        })?;
        let (size, peaks) = row.ok_or(StoreError::Missing { what: "tree" })?;
        let (peaks, []) = peaks.as_chunks::<32>() else {
            return Err(StoreError::Missing { what: "whole tree" });
        };
        let peaks = peaks.iter().copied().map(Hash).collect();
        Tree::from_parts(size, peaks).ok_or(StoreError::Missing { what: "whole tree" })
    }

    fn put_tree(&self, name: &'static str, tree: &Tree) -> Result<(), StoreError> {
        let peaks: Vec<u8> = tree.peaks().iter().flat_map(|peak| peak.0).collect();
        let sql = "UPDATE tree SET size = ?2, peaks = ?3 WHERE name = ?1";
        self.execute("write a tree", sql, params![name, signed(tree.size()), peaks]).map(drop)
    }

    /// Adds events that were just written under these positions, and what the tree lacks before.
    pub(super) fn grow_log(
        &self,
        events: &[LoggedEvent],
        positions: &[u64],
    ) -> Result<(), StoreError> {
        let mut tree = self.tree("log")?;
        if positions.first().is_some_and(|first| tree.size() + 1 == *first) {
            for (event, position) in events.iter().zip(positions) {
                tree.add(event_leaf(*position, event));
            }
        } else {
            loop {
                let page = self.log_page(tree.size(), PAGE)?;
                if page.is_empty() {
                    break;
                }
                for event in &page {
                    tree.add(event_leaf(event.position, event));
                }
            }
        }
        self.put_tree("log", &tree)
    }

    /// Adds a line that was just written under this number, and what the tree lacks before.
    pub(super) fn grow_access(&self, number: u64, access: &Access) -> Result<(), StoreError> {
        let mut tree = self.tree("access")?;
        if tree.size() + 1 == number {
            tree.add(access_leaf(&NumberedAccess { number, access: access.clone() }));
        } else {
            loop {
                let page = self.access_page(tree.size(), PAGE)?;
                if page.is_empty() {
                    break;
                }
                for line in &page {
                    tree.add(access_leaf(line));
                }
            }
        }
        self.put_tree("access", &tree)
    }
}
