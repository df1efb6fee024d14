//! Taking in what a device pushes: a verdict for each event, and nothing lost. Events, chains,
//! assessments, ledger and notices change in one transaction.

mod inspect;
mod release;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use doorstep_core::ids::{ChildId, EventId};
use doorstep_core::seal::{Body, Hash, SealedEvent};
use doorstep_core::trust::{Claim, ClockSample, Timing, grade};
use doorstep_core::wire::{Expected, Limits, Outcome, QuarantineCode, Verdict};
use doorstep_core::words::Word;

use crate::judge::{Judge, history};
use crate::store::devices::{Chain, Device};
use crate::store::log::{Known, LoggedEvent, SetAside};
use crate::store::{StoreError, Tx};

use inspect::{Entitlement, Fault, entitlement, inspect};

pub use release::{Unsound, releasable, release, release_known};

/// Stretches of a device's clock that a record is judged by.
const CLOCK_SAMPLES: usize = 20;

/// What a device pushes.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The epoch of the events.
    pub epoch: u32,
    /// The number of the first of them.
    pub first_seq: u64,
    /// The events, in the order of their numbers.
    pub events: Vec<Incoming>,
}

/// One event as it came.
#[derive(Clone, Debug)]
pub enum Incoming {
    /// A sealed event. What it holds is not known yet.
    Sealed(SealedEvent),
    /// Something else in an event's place.
    Unreadable(String),
}

impl Incoming {
    fn bytes(&self) -> &str {
        match self {
            Self::Sealed(event) => event.body.get(),
            Self::Unreadable(text) => text,
        }
    }

    fn hash(&self) -> Hash {
        Hash::of(self.bytes().as_bytes())
    }
}

/// What became of a push.
#[derive(Clone, Debug)]
pub struct Pushed {
    /// A verdict for each event, up to a hole or a fork.
    pub verdicts: Vec<Verdict>,
    /// What comes next in the batch's epoch.
    pub expected: Expected,
    /// Somebody's inbox or the next limit may have changed.
    pub ledger_changed: bool,
}

/// Takes in a batch of `device` at `now`.
pub fn push(
    tx: &mut dyn Tx,
    judge: &Judge,
    device: &Device,
    batch: &Batch,
    limits: &Limits,
    now: DateTime<Utc>,
) -> Result<Pushed, StoreError> {
    let chains = tx.chains(device.id)?;
    let chain = chains.into_iter().find(|chain| chain.epoch == batch.epoch);
    let chain = chain.unwrap_or(Chain::start(batch.epoch));
    let samples = tx.clock_samples(device.id, CLOCK_SAMPLES)?;
    let mut intake = Intake { samples, ..Intake::new(device, chain, limits, now) };
    for (seq, incoming) in (batch.first_seq..).zip(&batch.events) {
        if !intake.take(tx, seq, incoming)? {
            break;
        }
    }
    let ledger_changed = intake.judge_children(tx, judge)?;
    let Chain { epoch, next_seq: seq, head: previous } = intake.chain;
    let expected = Expected { epoch, seq, previous };
    let verdicts = intake.finish(tx)?;
    Ok(Pushed { verdicts, expected, ledger_changed })
}

/// A batch on its way into the store.
struct Intake<'a> {
    device: &'a Device,
    chain: Chain,
    limits: &'a Limits,
    now: DateTime<Utc>,
    /// What the device's clocks said when it spoke.
    samples: Vec<ClockSample>,
    accepted: Vec<LoggedEvent>,
    verdicts: Vec<Draft>,
}

/// A verdict, complete but for the position that the last statement gives out.
enum Draft {
    Complete(Verdict),
    Accepted { seq: u64, place: usize },
}

impl<'a> Intake<'a> {
    fn new(device: &'a Device, chain: Chain, limits: &'a Limits, now: DateTime<Utc>) -> Self {
        let (samples, accepted, verdicts) = (Vec::new(), Vec::new(), Vec::new());
        Self { device, chain, limits, now, samples, accepted, verdicts }
    }

    /// Takes one event; answers whether the next one may follow.
    fn take(&mut self, tx: &mut dyn Tx, seq: u64, incoming: &Incoming) -> Result<bool, StoreError> {
        if seq > self.chain.next_seq || seq == 0 {
            return Ok(false);
        }
        if seq < self.chain.next_seq {
            return self.compare(tx, seq, incoming);
        }
        match self.read(tx, incoming)? {
            Ok(event) => {
                self.verdicts.push(Draft::Accepted { seq, place: self.accepted.len() });
                self.accepted.push(event);
            }
            Err(fault) => {
                let Fault { code, message, child } = fault;
                let entry = self.entry(seq, incoming, code.as_str(), &message, child);
                tx.set_aside(&entry)?;
                self.answer(seq, Outcome::Quarantined { code: code.into(), message });
            }
        }
        self.chain.next_seq = seq + 1;
        self.chain.head = incoming.hash();
        Ok(true)
    }

    /// The number was used before: by the same event, or by another.
    fn compare(
        &mut self,
        tx: &mut dyn Tx,
        seq: u64,
        incoming: &Incoming,
    ) -> Result<bool, StoreError> {
        let known = tx.known(self.device.id, self.chain.epoch, seq)?;
        let known = known.ok_or(StoreError::Missing { what: "event of a chain" })?;
        if known.hash() != incoming.hash() {
            let message = "this number was used before with other content";
            let entry = self.entry(seq, incoming, SetAside::FORK, message, None);
            tx.set_aside(&entry)?;
            self.answer(seq, Outcome::Fork { stored: known.hash() });
            return Ok(false);
        }
        let outcome = match known {
            Known::Logged { position, .. } => Outcome::Duplicate { position },
            Known::SetAside { code, message, .. } => {
                let code = code.parse().map_or(Word::Other(code), Word::Known);
                Outcome::Quarantined { code, message }
            }
        };
        self.answer(seq, outcome);
        Ok(true)
    }

    /// Reads one event, or says why it is set aside.
    fn read(
        &self,
        tx: &dyn Tx,
        incoming: &Incoming,
    ) -> Result<Result<LoggedEvent, Fault>, StoreError> {
        let read = match inspect(incoming, self.device, self.chain, self.limits) {
            Ok(read) => read,
            Err(fault) => return Ok(Err(fault)),
        };
        let origin = &read.body.origin;
        let Some(child) = tx.child(origin.child)? else {
            let message = "this child is not known here".to_owned();
            return Ok(Err(Fault { code: QuarantineCode::UnknownChild, message, child: None }));
        };
        let person = tx.person(origin.person)?.ok_or(StoreError::Missing { what: "person" })?;
        let allocations = tx.allocations(child.id)?;
        let granted =
            entitlement(self.device, &person, &child, &allocations, &read.body.event, self.now);
        let handed_over = match granted {
            Ok(Entitlement::Holds) => false,
            Ok(Entitlement::Held) => true,
            Err(fault) => return Ok(Err(fault)),
        };
        let event = LoggedEvent {
            position: 0,
            id: read.body.event.id,
            child: origin.child,
            person: origin.person,
            device: self.device.id,
            epoch: origin.epoch,
            seq: origin.seq,
            hash: incoming.hash(),
            at: read.body.event.at,
            received: self.now,
            timing: timing(self.device, &read.body, self.now, &self.samples),
            kind: read.kind,
            handed_over,
            body: incoming.bytes().to_owned(),
            signature: read.signature,
        };
        if self.same_id(tx, event.id)?.is_some_and(|other| !inspect::same_record(&other, &event)) {
            let message = "the id of this record was used before with other content".to_owned();
            let code = QuarantineCode::BrokenChain;
            return Ok(Err(Fault { code, message, child: Some(child.id) }));
        }
        Ok(Ok(event))
    }

    fn same_id(&self, tx: &dyn Tx, id: EventId) -> Result<Option<LoggedEvent>, StoreError> {
        match self.accepted.iter().find(|event| event.id == id) {
            Some(event) => Ok(Some(event.clone())),
            None => tx.event(id),
        }
    }

    fn entry(
        &self,
        seq: u64,
        incoming: &Incoming,
        code: &str,
        message: &str,
        child: Option<ChildId>,
    ) -> SetAside {
        let signature = match incoming {
            Incoming::Sealed(event) => Some(event.signature),
            Incoming::Unreadable(_) => None,
        };
        SetAside {
            number: 0,
            device: self.device.id,
            epoch: self.chain.epoch,
            seq,
            hash: incoming.hash(),
            code: code.to_owned(),
            message: message.to_owned(),
            child,
            received: self.now,
            bytes: incoming.bytes().to_owned(),
            signature,
            decision: None,
        }
    }

    fn answer(&mut self, seq: u64, outcome: Outcome) {
        self.verdicts.push(Draft::Complete(Verdict { seq, outcome }));
    }

    /// Assesses every child that the batch touches from its whole history.
    fn judge_children(&self, tx: &mut dyn Tx, judge: &Judge) -> Result<bool, StoreError> {
        let touched: BTreeSet<_> = self.accepted.iter().map(|event| event.child).collect();
        let mut changed = false;
        for id in touched {
            changed |= judge_child(tx, judge, id, &self.accepted, self.now)?;
        }
        Ok(changed)
    }

    /// Writes the chain and, last of all, the events.
    fn finish(self, tx: &mut dyn Tx) -> Result<Vec<Verdict>, StoreError> {
        if self.chain.next_seq > 1 {
            tx.put_chain(self.device.id, self.chain)?;
        }
        let positions = tx.append(&self.accepted)?;
        let handed_over: BTreeMap<usize, bool> =
            self.accepted.iter().map(|event| event.handed_over).enumerate().collect();
        let verdict = |draft| match draft {
            Draft::Complete(verdict) => verdict,
            Draft::Accepted { seq, place } => {
                let position = positions[place];
                let outcome = if handed_over[&place] {
                    Outcome::HandedOver { position }
                } else {
                    Outcome::Stored { position }
                };
                Verdict { seq, outcome }
            }
        };
        Ok(self.verdicts.into_iter().map(verdict).collect())
    }
}

/// When a record happened, by what is known of its device's clock. The office's desk has the
/// server's own.
fn timing(
    device: &Device,
    body: &Body,
    received: DateTime<Utc>,
    samples: &[ClockSample],
) -> Timing {
    let (at, clock) = (body.event.at, &body.origin.clock);
    if device.desk_key.is_some() {
        return Timing::own(at, received);
    }
    grade(&Claim { at, clock, received, enrolled: device.enrolled }, samples)
}

/// Assesses a child from its whole history and those of the `fresh` events that are about it;
/// answers whether anything changed.
fn judge_child(
    tx: &mut dyn Tx,
    judge: &Judge,
    id: ChildId,
    fresh: &[LoggedEvent],
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let child = tx.child(id)?.ok_or(StoreError::Missing { what: "child" })?;
    let mut events = tx.history(id)?;
    events.extend(fresh.iter().filter(|event| event.child == id).cloned());
    judge.assess(tx, &child, &history(&events)?, now)
}
