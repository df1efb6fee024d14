//! The Merkle trees: built again from every line, compared with what is stored and with the heads
//! that devices kept.

use std::collections::BTreeMap;

use doorstep_core::merkle::{Head, Tree};
use doorstep_core::seal::{Hash, VerifyingKey};
use doorstep_core::wire::{KeptHead, root_of};

use super::{Check, Report};
use crate::store::tree::{access_leaf, event_leaf};
use crate::store::{StoreError, Tx};

/// Lines that are read at once.
const PAGE: usize = 1000;

/// One log, built again: its head, and its heads at the sizes that were asked for.
struct Again {
    tree: Tree,
    wanted: BTreeMap<u64, Option<Head>>,
}

impl Again {
    fn of(sizes: impl Iterator<Item = u64>) -> Self {
        let mut again = Self { tree: Tree::default(), wanted: sizes.map(|s| (s, None)).collect() };
        again.note();
        again
    }

    fn add(&mut self, leaf: Hash) {
        self.tree.add(leaf);
        self.note();
    }

    fn note(&mut self) {
        if let Some(wanted) = self.wanted.get_mut(&self.tree.size()) {
            *wanted = Some(self.tree.head());
        }
    }

    fn at(&self, size: u64) -> Option<Head> {
        self.wanted.get(&size).copied().flatten()
    }
}

/// Checks the stored trees, and the logs against what devices kept. `keys` are the
/// server's own, of now and of before.
pub fn trees(
    tx: &dyn Tx,
    kept: &[KeptHead],
    keys: &[VerifyingKey],
    report: &mut Report,
) -> Result<(), StoreError> {
    let mut log = Again::of(kept.iter().map(|kept| kept.head.log));
    loop {
        let page = tx.log_page(log.tree.size(), PAGE)?;
        let Some(last) = page.last().map(|event| event.position) else { break };
        for event in &page {
            log.add(event_leaf(event.position, event));
        }
        if log.tree.size() != last {
            report.find(Check::Trees, "the log has a hole: its tree cannot be built again");
            return Ok(());
        }
    }
    let mut access = Again::of(kept.iter().map(|kept| kept.head.access));
    loop {
        let page = tx.access_page(access.tree.size(), PAGE)?;
        let Some(last) = page.last().map(|line| line.number) else { break };
        for line in &page {
            access.add(access_leaf(line));
        }
        if access.tree.size() != last {
            report.find(Check::Trees, "the access log has a hole");
            return Ok(());
        }
    }
    let stored = tx.heads()?;
    for (name, stored, again) in [("log", stored.log, &log), ("access log", stored.access, &access)]
    {
        // A store that was brought up from an older version catches up with the next line.
        if stored.size > 0 && stored != again.tree.head() {
            report.find(Check::Trees, format!("the tree of the {name} is not that of its lines"));
        }
    }
    for kept in kept {
        against(tx, kept, keys, (&log, &access), report)?;
    }
    Ok(())
}

fn against(
    tx: &dyn Tx,
    kept: &KeptHead,
    keys: &[VerifyingKey],
    (log, access): (&Again, &Again),
    report: &mut Report,
) -> Result<(), StoreError> {
    let organisation = tx.organisation()?.ok_or(StoreError::Missing { what: "organisation" })?;
    let at = kept.at.to_rfc3339();
    let mut find = |what: String| report.find(Check::Heads, format!("head of {at}: {what}"));
    if kept.organisation != organisation.id {
        find("it is another organisation's".to_owned());
        return Ok(());
    }
    if !keys.is_empty() && !keys.iter().any(|key| kept.is_signed_by(key)) {
        find("this server's key did not sign it".to_owned());
    }
    if kept.log_epoch != organisation.log_epoch {
        if kept.log_epoch > organisation.log_epoch {
            find(format!("the log was in epoch {} then", kept.log_epoch));
        }
        return Ok(());
    }
    match (log.at(kept.head.log), access.at(kept.head.access)) {
        (Some(log), Some(access)) if root_of(&log, &access) == kept.head.root => {}
        (Some(_), Some(_)) => find("what was in the logs then is not what is there now".to_owned()),
        _ => find(format!(
            "the logs had {} and {} lines then and have {} and {} now",
            kept.head.log,
            kept.head.access,
            log.tree.size(),
            access.tree.size()
        )),
    }
    report.heads += 1;
    Ok(())
}
