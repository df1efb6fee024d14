//! The Merkle trees over the logs: what their leaves are.

use doorstep_core::merkle::{self, Head};
use doorstep_core::seal::Hash;

use super::log::LoggedEvent;
use super::oversight::NumberedAccess;

/// How both logs stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heads {
    /// The log of events.
    pub log: Head,
    /// The access log.
    pub access: Head,
}

/// The leaf of an event: where it stands, what was signed, and when it was taken in.
pub fn event_leaf(position: u64, event: &LoggedEvent) -> Hash {
    let received = event.received.timestamp_millis().to_be_bytes();
    merkle::leaf(&[&position.to_be_bytes(), event.hash.0.as_slice(), &received].concat())
}

/// The leaf of a line of the access log: everything that it says.
pub fn access_leaf(line: &NumberedAccess) -> Hash {
    let access = &line.access;
    let says = (
        line.number,
        access.at.timestamp_millis(),
        access.person,
        access.child,
        &access.by,
        access.device,
        access.tie,
        access.reason.as_deref(),
    );
    let says = serde_json::to_vec(&says).expect("a list of words and numbers can be written");
    merkle::leaf(&says)
}
