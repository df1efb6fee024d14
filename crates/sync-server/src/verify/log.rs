//! The log by itself: positions, hashes, signatures and chains.

use std::collections::BTreeMap;

use doorstep_core::ids::{ChildId, DeviceId};
use doorstep_core::seal::{Body, Digest, Hash, Origin, VerifyingKey, kind_of};
use doorstep_core::trust::Timing;
use ed25519_dalek::Verifier as _;

use super::{Check, Report};
use crate::store::log::{DecisionOutcome, LoggedEvent, SetAside};
use crate::store::{StoreError, Tx};

/// Events that are read at once.
const PAGE: usize = 1000;

/// What a child's events come to.
#[derive(Clone, Copy, Debug)]
pub struct Sum {
    pub digest: Digest,
    pub last_position: u64,
}

impl Default for Sum {
    fn default() -> Self {
        Self { digest: Digest::EMPTY, last_position: 0 }
    }
}

/// One place in a chain: what is there, and what it says stands before it. What was set aside
/// cannot be asked.
struct Link {
    hash: Hash,
    previous: Option<Hash>,
}

type Chains = BTreeMap<(DeviceId, u32), BTreeMap<u64, Link>>;

/// Checks the whole log; answers what each child's events come to.
pub fn check(tx: &dyn Tx, report: &mut Report) -> Result<BTreeMap<ChildId, Sum>, StoreError> {
    let (mut sums, mut chains) = (BTreeMap::<ChildId, Sum>::new(), Chains::new());
    let mut keys = BTreeMap::new();
    for device in tx.devices(None)? {
        keys.insert(device.id, VerifyingKey::from_bytes(&device.public_key).ok());
    }
    let mut last = 0;
    loop {
        let page = tx.log_page(last, PAGE)?;
        let Some(end) = page.last().map(|event| event.position) else { break };
        for event in page {
            if event.position != last + 1 {
                report.find(
                    Check::Positions,
                    format!("position {}: the one before it is missing", event.position),
                );
            }
            last = event.position;
            report.events += 1;
            let sum = sums.entry(event.child).or_default();
            sum.digest = sum.digest.with(event.hash);
            sum.last_position = event.position;
            let key = keys.get(&event.device).and_then(Option::as_ref);
            let previous = check_event(&event, key, report);
            let link = Link { hash: event.hash, previous };
            chains.entry((event.device, event.epoch)).or_default().insert(event.seq, link);
        }
        last = end;
    }
    let head = tx.organisation()?.map_or(0, |organisation| organisation.head);
    if last != head {
        report.find(Check::Positions, format!("the log ends at position {last}, not at {head}"));
    }
    set_aside(tx, report, &mut chains)?;
    check_chains(tx, report, &chains)?;
    Ok(sums)
}

/// Checks one event by itself; answers what it says stands before it.
fn check_event(
    event: &LoggedEvent,
    key: Option<&VerifyingKey>,
    report: &mut Report,
) -> Option<Hash> {
    let place = event.position;
    if Hash::of(event.body.as_bytes()) != event.hash {
        report.find(Check::Hashes, format!("position {place}: the hash is not that of the event"));
    }
    let Timing { corrected, limits_from, .. } = event.timing;
    if limits_from > corrected || corrected > event.received {
        report.find(
            Check::Filing,
            format!("position {place}: limits run from after it was received"),
        );
    }
    let signed = key.is_some_and(|key| {
        let signature = ed25519_dalek::Signature::from_bytes(&event.signature.0);
        key.verify(event.body.as_bytes(), &signature).is_ok()
    });
    if !signed {
        report.find(
            Check::Signatures,
            format!("position {place}: the signature is not the device's"),
        );
    }
    let Ok(body) = serde_json::from_str::<Body>(&event.body) else {
        report.find(Check::Filing, format!("position {place}: the event cannot be read"));
        return None;
    };
    let Origin { child, person, device, epoch, seq, previous, .. } = body.origin;
    let filed = (event.child, event.person, event.device, event.epoch, event.seq, event.id);
    if (child, person, device, epoch, seq, body.event.id) != filed {
        report.find(
            Check::Filing,
            format!("position {place}: the event is filed under another identity"),
        );
    }
    let is_its_kind = kind_of(&event.body).is_ok_and(|kind| kind == event.kind);
    if !is_its_kind || body.event.at.timestamp_millis() != event.at.timestamp_millis() {
        report.find(
            Check::Filing,
            format!("position {place}: the event is filed under another type or time"),
        );
    }
    Some(previous)
}

fn set_aside(tx: &dyn Tx, report: &mut Report, chains: &mut Chains) -> Result<(), StoreError> {
    for entry in tx.all_set_aside()? {
        report.set_aside += 1;
        let hash = match entry.signature {
            Some(_) => Hash::of(entry.bytes.as_bytes()),
            None => Hash::of_item(&entry.bytes),
        };
        if hash != entry.hash {
            report.find(
                Check::SetAside,
                format!("set aside {}: the hash is not that of what came", entry.number),
            );
        }
        let released = entry.decision.as_ref().map(|decision| decision.outcome);
        if released == Some(DecisionOutcome::Released) {
            let link = chains.get(&(entry.device, entry.epoch)).and_then(|c| c.get(&entry.seq));
            if link.is_none_or(|link| link.hash != entry.hash) {
                report.find(
                    Check::SetAside,
                    format!("set aside {}: released, but not in the log", entry.number),
                );
            }
        } else if entry.code != SetAside::FORK {
            let link = Link { hash: entry.hash, previous: None };
            let chain = chains.entry((entry.device, entry.epoch)).or_default();
            if chain.insert(entry.seq, link).is_some() {
                report.find(
                    Check::SetAside,
                    format!("set aside {}: the number is in the log too", entry.number),
                );
            }
        }
    }
    Ok(())
}

fn check_chains(tx: &dyn Tx, report: &mut Report, chains: &Chains) -> Result<(), StoreError> {
    let mut known = BTreeMap::new();
    for device in tx.devices(None)? {
        report.devices += 1;
        for chain in tx.chains(device.id)? {
            known.insert((device.id, chain.epoch), (chain.next_seq, chain.head));
        }
    }
    for ((device, epoch), links) in chains {
        let (mut expected, mut head) = (1, Hash::ORIGIN);
        for (seq, link) in links {
            if *seq != expected {
                report.find(
                    Check::Chains,
                    format!("device {device} epoch {epoch}: number {expected} is missing"),
                );
            } else if link.previous.is_some_and(|previous| previous != head) {
                report.find(
                    Check::Chains,
                    format!("device {device} epoch {epoch}: the chain breaks at {seq}"),
                );
            }
            (expected, head) = (seq + 1, link.hash);
        }
        if known.get(&(*device, *epoch)) != Some(&(expected, head)) {
            report.find(
                Check::Chains,
                format!("device {device} epoch {epoch}: the chain's end is not as stored"),
            );
        }
    }
    for ((device, epoch), (next_seq, _)) in known {
        if next_seq > 1 && !chains.contains_key(&(device, epoch)) {
            report.find(
                Check::Chains,
                format!("device {device} epoch {epoch}: the chain's events are missing"),
            );
        }
    }
    Ok(())
}
