//! Sealed copies that a device handed in, opened: taken as if the device had synced them. Whether
//! the device ever opens again or not, nothing of it is counted twice and nothing is lost.

use chrono::{DateTime, Utc};
use doorstep_core::ids::DeviceId;
use doorstep_core::seal::{Origin, SealedEvent, VerifyingKey};
use doorstep_core::wire::{HandIn, HandInOutcome, Limits, Outcome, QuarantineCode};

use super::inspect::Examined;
use super::{ExaminedBatch, Incoming, push};
use crate::judge::Judge;
use crate::store::devices::Device;
use crate::store::log::SetAside;
use crate::store::{StoreError, Tx};

/// The copies of one request, opened and looked at one by one.
#[derive(Clone, Debug)]
pub struct Opened {
    key: [u8; 32],
    copies: Vec<(Place, Option<Examined>)>,
    for_good: bool,
}

/// What became of them.
#[derive(Clone, Debug)]
pub struct Taken {
    /// What became of each copy, in their order.
    pub outcomes: Vec<HandInOutcome>,
    /// Whether anything came into the log that was not there.
    pub news: bool,
    /// Somebody's inbox or the next limit may have changed.
    pub ledger_changed: bool,
}

type Place = (u32, u64);

impl Opened {
    /// Checks who made each copy, opens it with the private key that it names, and looks at what is
    /// in it.
    pub fn of<'a>(
        request: &HandIn,
        device: &Device,
        limits: &Limits,
        private: impl Fn(&str) -> Option<&'a [u8; 32]>,
    ) -> Self {
        let key = VerifyingKey::from_bytes(&device.public_key).ok();
        let open = |copy: &doorstep_core::wire::SealedCopy| {
            let proved = key.as_ref().is_some_and(|key| copy.is_proved_by(device.id, key));
            let text = private(&copy.key).filter(|_| proved);
            let text = text.and_then(|private| copy.open(device.id, private))?;
            let incoming = match serde_json::from_str::<SealedEvent>(&text) {
                Ok(event) => Incoming::Sealed(event),
                Err(_) => Incoming::Unreadable(text),
            };
            Some(Examined::of(incoming, key.as_ref(), limits))
        };
        let copies =
            request.copies.iter().map(|copy| ((copy.epoch, copy.seq), open(copy))).collect();
        Self { key: device.public_key, copies, for_good: request.for_good }
    }

    /// Whether there is a copy that the device made.
    pub fn any_sound(&self) -> bool {
        self.copies.iter().any(|(_, examined)| examined.is_some())
    }

    /// From each copy that can be taken to the last that follows it without a hole.
    fn runs(&self) -> Vec<std::ops::Range<usize>> {
        let mut runs: Vec<std::ops::Range<usize>> = Vec::new();
        for (at, ((epoch, seq), examined)) in self.copies.iter().enumerate() {
            if examined.is_none() {
                continue;
            }
            let follows = runs.last().is_some_and(|run| {
                let (last, _) = self.copies[run.end - 1];
                run.end == at && last.0 == *epoch && last.1.checked_add(1) == Some(*seq)
            });
            match runs.last_mut() {
                Some(run) if follows => run.end = at + 1,
                _ => runs.push(at..at + 1),
            }
        }
        runs
    }
}

/// Takes in what `device` handed in at `now`.
pub fn take(
    tx: &mut dyn Tx,
    judge: &Judge,
    device: &Device,
    opened: &Opened,
    now: DateTime<Utc>,
) -> Result<Taken, StoreError> {
    let outcomes = vec![HandInOutcome::Unsound; opened.copies.len()];
    let mut taken = Taken { outcomes, news: false, ledger_changed: false };
    for run in opened.runs() {
        let ((epoch, first_seq), _) = opened.copies[run.start];
        let events = opened.copies[run.clone()].iter().filter_map(|(_, event)| event.clone());
        let batch = ExaminedBatch { key: opened.key, epoch, first_seq, events: events.collect() };
        let pushed = push(tx, judge, device, &batch, now)?;
        taken.ledger_changed |= pushed.ledger_changed;
        for verdict in &pushed.verdicts {
            let news =
                matches!(verdict.outcome, Outcome::Stored { .. } | Outcome::HandedOver { .. });
            taken.news |= news;
        }
        for (count, at) in run.enumerate() {
            taken.outcomes[at] = if count < pushed.verdicts.len() {
                HandInOutcome::Received
            } else if opened.for_good {
                let (place, examined) = &opened.copies[at];
                let examined = examined.as_ref().expect("a run holds only what could be opened");
                set_aside(tx, device.id, *place, examined, now)?;
                HandInOutcome::Received
            } else {
                HandInOutcome::Waiting
            };
        }
    }
    Ok(taken)
}

/// What was before the record never comes: a person has to look at it.
fn set_aside(
    tx: &mut dyn Tx,
    device: DeviceId,
    (epoch, seq): Place,
    examined: &Examined,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let bytes = examined.incoming.bytes().to_owned();
    let signature = match &examined.incoming {
        Incoming::Sealed(event) => Some(event.signature),
        Incoming::Unreadable(_) => None,
    };
    let child = match serde_json::from_str::<Origin>(&bytes) {
        Ok(origin) => tx.child(origin.child)?.map(|child| child.id),
        Err(_) => None,
    };
    tx.set_aside(&SetAside {
        number: 0,
        device,
        epoch,
        seq,
        hash: examined.hash,
        code: QuarantineCode::BehindAGap.as_str().to_owned(),
        message: "its device cannot be opened any more, and records before it never came"
            .to_owned(),
        child,
        received: now,
        bytes,
        signature,
        decision: None,
    })
}
