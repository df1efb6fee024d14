//! A device of a benchmark: it seals real events about the children of its person.

use chrono::{DateTime, TimeDelta, Utc};
use doorstep_core::event::What;
use doorstep_core::ids::ChildId;
use doorstep_core::seal::SealedEvent;
use doorstep_core::wire::Cursor;
use doorstep_sync_server::testing::Phone;

use crate::happenings::happening;

/// So many things are recorded about a child before the next one's turn comes.
const RUN: u32 = 5;
/// Between two records.
const STEP: TimeDelta = TimeDelta::minutes(10);

/// A device with its chain, its caseload, and where it stands with the server.
pub struct Device {
    /// What seals.
    pub phone: Phone,
    /// Where it stands; none before its first sync.
    pub cursor: Option<Cursor>,
    /// The children that it holds.
    pub children: Vec<ChildId>,
    /// What happens, in its order.
    pub happening: fn(u32) -> What,
    start: DateTime<Utc>,
    recorded: u32,
}

impl Device {
    /// A device that holds these children. Its first record is of `start`.
    pub fn new(phone: Phone, children: Vec<ChildId>, start: DateTime<Utc>) -> Self {
        Self { phone, cursor: None, children, happening, start, recorded: 0 }
    }

    /// Seals its next `count` events: a few about one child, then a few about the next, round and
    /// round. The number of the first, and the events.
    pub fn seal(&mut self, count: usize) -> (u64, Vec<SealedEvent>) {
        let first_seq = self.phone.next_seq;
        (first_seq, (0..count).map(|_| self.seal_next()).collect())
    }

    /// Seals this about one of its children, as of `at`.
    pub fn seal_one(&mut self, child: ChildId, at: DateTime<Utc>, what: What) -> SealedEvent {
        let body = self.phone.body(child, at, what);
        self.phone.seal(&body)
    }

    fn seal_next(&mut self) -> SealedEvent {
        let children = u32::try_from(self.children.len()).expect("a caseload is small");
        let (run, within) = (self.recorded / RUN, self.recorded % RUN);
        let child = self.children[(run % children) as usize];
        let what = (self.happening)(run / children * RUN + within);
        let body = self.phone.body(child, self.start + STEP * self.recorded.cast_signed(), what);
        self.recorded += 1;
        self.phone.seal(&body)
    }
}
