//! Taking in what a device pushes: a verdict for each event, and nothing lost. Events, chains,
//! assessments, ledger and notices change in one transaction.

pub mod hand_in;
mod inspect;
mod release;
pub mod shape;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use doorstep_core::ids::{ChildId, DeviceId, EventId};
use doorstep_core::seal::{Hash, SealedEvent, VerifyingKey};
use doorstep_core::trust::{ClockSample, Timing};
use doorstep_core::wire::{Expected, Limits, Outcome, QuarantineCode, Verdict};
use doorstep_core::words::Word;
use serde_json::value::RawValue;

use crate::access::allocations_with_cover;
use crate::judge::{Judge, Record, Roster, history};
use crate::store::devices::{Chain, Device};
use crate::store::directory::{Allocation, Child, Person};
use crate::store::log::{Known, LoggedEvent, SetAside};
use crate::store::{StoreError, Tx};

use inspect::{Entitlement, Examined, Fault, Read, Times, entitlement};

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
    /// Something else in an event's place, as it came.
    Unreadable(String),
}

impl Incoming {
    /// What stands in an event's place in a request.
    pub fn of(raw: &RawValue) -> Self {
        match serde_json::from_str(raw.get()) {
            Ok(event) => Self::Sealed(event),
            Err(_) => Self::Unreadable(raw.get().to_owned()),
        }
    }

    fn bytes(&self) -> &str {
        match self {
            Self::Sealed(event) => event.body.get(),
            Self::Unreadable(text) => text,
        }
    }

    /// The hash to which the next event of the chain is tied.
    pub fn hash(&self) -> Hash {
        match self {
            Self::Sealed(event) => event.hash(),
            Self::Unreadable(item) => Hash::of_item(item),
        }
    }
}

/// A batch of which each event was looked at by itself.
#[derive(Clone, Debug)]
pub struct ExaminedBatch {
    key: [u8; 32],
    epoch: u32,
    first_seq: u64,
    events: Vec<Examined>,
}

impl Batch {
    /// Looks at each event by itself: its hash, its signature by the device's `key`, and what
    /// stands in it. That is most of what a push costs, and it needs no turn at the store.
    pub fn examine(self, key: &[u8; 32], limits: &Limits) -> ExaminedBatch {
        let verifying = VerifyingKey::from_bytes(key).ok();
        let examine = |incoming| Examined::of(incoming, verifying.as_ref(), limits);
        let events = self.events.into_iter().map(examine).collect();
        ExaminedBatch { key: *key, epoch: self.epoch, first_seq: self.first_seq, events }
    }
}

impl ExaminedBatch {
    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Batches of one event each.
    pub fn one_by_one(self) -> impl Iterator<Item = Self> {
        let Self { key, epoch, first_seq, events } = self;
        let one = move |(seq, event)| Self { key, epoch, first_seq: seq, events: vec![event] };
        (first_seq..).zip(events).map(one)
    }

    /// The same, to be set aside: the server stumbled over it.
    #[must_use]
    pub fn to_be_set_aside(mut self) -> Self {
        for event in &mut self.events {
            event.stumbled_over();
        }
        self
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

/// How far a device's chain goes in `epoch`.
fn chain(tx: &dyn Tx, device: DeviceId, epoch: u32) -> Result<Chain, StoreError> {
    let chains = tx.chains(device)?;
    Ok(chains.into_iter().find(|chain| chain.epoch == epoch).unwrap_or(Chain::start(epoch)))
}

/// What comes next of a device in `epoch`.
pub fn expected(tx: &dyn Tx, device: DeviceId, epoch: u32) -> Result<Expected, StoreError> {
    let Chain { epoch, next_seq: seq, head: previous } = chain(tx, device, epoch)?;
    Ok(Expected { epoch, seq, previous })
}

/// Takes in a batch of `device` at `now`. It was examined with the device's own key.
pub fn push(
    tx: &mut dyn Tx,
    judge: &Judge,
    device: &Device,
    batch: &ExaminedBatch,
    now: DateTime<Utc>,
) -> Result<Pushed, StoreError> {
    assert!(batch.key == device.public_key, "a batch is examined with its device's key");
    let chain = chain(tx, device.id, batch.epoch)?;
    let cloned = is_cloned(tx, device, batch.epoch)?;
    let mut intake = Intake { cloned, ..Intake::begin(tx, device, chain, now)? };
    for (place, examined) in (0..).zip(&batch.events) {
        let Some(seq) = batch.first_seq.checked_add(place) else { break };
        if !intake.take(tx, seq, examined)? {
            break;
        }
    }
    let ledger_changed = intake.judge_children(tx, judge)?;
    let Chain { epoch, next_seq: seq, head: previous } = intake.chain;
    let expected = Expected { epoch, seq, previous };
    let verdicts = intake.finish(tx)?;
    Ok(Pushed { verdicts, expected, ledger_changed })
}

/// Whether two copies of the device write: somebody goes on in an epoch after another was opened,
/// or did so before. A device that was restored from a backup is alone: it writes in the newest
/// only.
fn is_cloned(tx: &dyn Tx, device: &Device, epoch: u32) -> Result<bool, StoreError> {
    let newer = tx.chains(device.id)?.iter().any(|chain| chain.epoch > epoch);
    Ok(newer || tx.has_set_aside(device.id, QuarantineCode::ClonedDevice.as_str())?)
}

/// A batch on its way into the store.
struct Intake<'a> {
    device: &'a Device,
    chain: Chain,
    /// Two copies of the device write.
    cloned: bool,
    now: DateTime<Utc>,
    /// Whose device it is.
    person: Person,
    /// What the device's clocks said when it spoke.
    samples: Vec<ClockSample>,
    /// The children that the batch names and that are known here, with who holds or held them.
    children: BTreeMap<ChildId, (Child, Vec<Allocation>)>,
    accepted: Vec<LoggedEvent>,
    /// The same events, ready to be judged.
    records: Vec<Record>,
    verdicts: Vec<Draft>,
}

/// A verdict, complete but for the position that the last statement gives out.
enum Draft {
    Complete(Verdict),
    Accepted { seq: u64, place: usize },
}

impl<'a> Intake<'a> {
    fn begin(
        tx: &dyn Tx,
        device: &'a Device,
        chain: Chain,
        now: DateTime<Utc>,
    ) -> Result<Self, StoreError> {
        let person = tx.person(device.person)?.ok_or(StoreError::Missing { what: "person" })?;
        Ok(Self {
            device,
            chain,
            cloned: false,
            now,
            person,
            samples: tx.clock_samples(device.id, CLOCK_SAMPLES)?,
            children: BTreeMap::new(),
            accepted: Vec::new(),
            records: Vec::new(),
            verdicts: Vec::new(),
        })
    }

    /// Takes one event; answers whether the next one may follow.
    fn take(&mut self, tx: &mut dyn Tx, seq: u64, examined: &Examined) -> Result<bool, StoreError> {
        if seq > self.chain.next_seq || seq == 0 {
            return Ok(false);
        }
        if seq < self.chain.next_seq {
            return self.compare(tx, seq, examined);
        }
        match self.read(tx, examined)? {
            Ok((logged, record)) => {
                self.verdicts.push(Draft::Accepted { seq, place: self.accepted.len() });
                self.accepted.push(logged);
                self.records.push(record);
            }
            Err(fault) => {
                let Fault { code, message, child } = fault;
                let entry = self.entry(seq, examined, code.as_str(), &message, child);
                tx.set_aside(&entry)?;
                self.answer(seq, Outcome::Quarantined { code: code.into(), message });
            }
        }
        self.chain.next_seq = seq + 1;
        self.chain.head = examined.hash;
        Ok(true)
    }

    /// The number was used before: by the same event, or by another.
    fn compare(
        &mut self,
        tx: &mut dyn Tx,
        seq: u64,
        examined: &Examined,
    ) -> Result<bool, StoreError> {
        let known = tx.known(self.device.id, self.chain.epoch, seq)?;
        let known = known.ok_or(StoreError::Missing { what: "event of a chain" })?;
        if known.hash() != examined.hash {
            let message = "this number was used before with other content";
            let entry = self.entry(seq, examined, SetAside::FORK, message, None);
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
        &mut self,
        tx: &dyn Tx,
        examined: &Examined,
    ) -> Result<Result<(LoggedEvent, Record), Fault>, StoreError> {
        let read = match examined.in_place(self.device, self.chain) {
            Ok(read) => read,
            Err(fault) => {
                // It is said of which child it is, where there is such a child.
                let known = fault.child.map(|id| self.child(tx, id)).transpose()?.flatten();
                let child = known.map(|(child, _)| child.id);
                return Ok(Err(Fault { child, ..fault }));
            }
        };
        let (device, now, cloned) = (self.device, self.now, self.cloned);
        let (times, person) = (Times::of(device, &read, now, &self.samples), self.person.clone());
        let Some((child, allocations)) = self.child(tx, read.origin.child)? else {
            let message = "this child is not known here".to_owned();
            return Ok(Err(Fault { code: QuarantineCode::UnknownChild, message, child: None }));
        };
        if cloned {
            let message = "two copies of this device are in use: a person has to say whose record \
                           this is"
                .to_owned();
            let (code, child) = (QuarantineCode::ClonedDevice, Some(child.id));
            return Ok(Err(Fault { code, message, child }));
        }
        let handed_over = match entitlement(device, &person, child, allocations, &times, now) {
            Ok(Entitlement::Holds) => false,
            Ok(Entitlement::Held) => true,
            Err(fault) => return Ok(Err(fault)),
        };
        let timing = times.happened;
        let event = LoggedEvent { handed_over, ..logged(&read, examined, timing, now) };
        if self.same_id(tx, event.id)?.is_some_and(|other| !inspect::same_record(&other, &event)) {
            let message = "the id of this record was used before with other content".to_owned();
            let code = QuarantineCode::BrokenChain;
            return Ok(Err(Fault { code, message, child: Some(event.child) }));
        }
        let record = Record::of(&event, read.event.clone());
        Ok(Ok((event, record)))
    }

    /// A child that an event names, with who holds or held it; looked up once for a batch.
    fn child(
        &mut self,
        tx: &dyn Tx,
        id: ChildId,
    ) -> Result<Option<&(Child, Vec<Allocation>)>, StoreError> {
        if let Entry::Vacant(unknown) = self.children.entry(id) {
            let Some(child) = tx.child(id)? else { return Ok(None) };
            let holders = allocations_with_cover(tx, &child, self.person.id)?;
            unknown.insert((child, holders));
        }
        Ok(self.children.get(&id))
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
        examined: &Examined,
        code: &str,
        message: &str,
        child: Option<ChildId>,
    ) -> SetAside {
        let signature = match &examined.incoming {
            Incoming::Sealed(event) => Some(event.signature),
            Incoming::Unreadable(_) => None,
        };
        SetAside {
            number: 0,
            device: self.device.id,
            epoch: self.chain.epoch,
            seq,
            hash: examined.hash,
            code: code.to_owned(),
            message: message.to_owned(),
            child,
            received: self.now,
            bytes: examined.incoming.bytes().to_owned(),
            signature,
            decision: None,
        }
    }

    fn answer(&mut self, seq: u64, outcome: Outcome) {
        self.verdicts.push(Draft::Complete(Verdict { seq, outcome }));
    }

    /// Assesses every child that the batch touches from its whole history; answers whether there
    /// was one.
    fn judge_children(&mut self, tx: &mut dyn Tx, judge: &Judge) -> Result<bool, StoreError> {
        let mut fresh: BTreeMap<ChildId, Vec<Record>> = BTreeMap::new();
        for (event, record) in self.accepted.iter().zip(self.records.drain(..)) {
            fresh.entry(event.child).or_default().push(record);
        }
        let (any, mut roster) = (!fresh.is_empty(), Roster::default());
        for (id, records) in fresh {
            let (child, _) = &self.children[&id];
            judge_child(tx, judge, &mut roster, child, records, self.now)?;
        }
        Ok(any)
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

/// An event as it stands in the log, but for its position and whether it is handed over.
fn logged(
    read: &Read<'_>,
    examined: &Examined,
    timing: Timing,
    received: DateTime<Utc>,
) -> LoggedEvent {
    let origin = read.origin;
    LoggedEvent {
        position: 0,
        id: read.event.id,
        child: origin.child,
        person: origin.person,
        device: origin.device,
        epoch: origin.epoch,
        seq: origin.seq,
        hash: examined.hash,
        at: read.event.at,
        received,
        timing,
        kind: read.kind.to_owned(),
        handed_over: false,
        body: examined.incoming.bytes().to_owned(),
        signature: read.signature,
    }
}

/// Assesses a child from its whole history and what came `fresh`.
fn judge_child(
    tx: &mut dyn Tx,
    judge: &Judge,
    roster: &mut Roster,
    child: &Child,
    fresh: Vec<Record>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let mut records = history(&tx.history(child.id)?)?;
    let mut known: BTreeSet<_> = records.iter().map(|record| record.event.id).collect();
    records.extend(fresh.into_iter().filter(|record| known.insert(record.event.id)));
    judge.assess(tx, roster, child, &records, now).map(drop)
}
