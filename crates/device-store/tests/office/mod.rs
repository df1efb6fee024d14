//! A server in a few lines, for the machine to talk to: it keeps the rules of `core::wire` and can
//! be put back to an earlier state. Not a model of access, policy or storage.
#![allow(dead_code, reason = "each test file uses another part of it")]

use std::collections::{BTreeMap, BTreeSet};

use doorstep_core::ids::{ChildId, DeviceId, EventId};
use doorstep_core::seal::{Digest, Hash, SealedEvent, VerifyingKey};
use doorstep_core::wire::{
    Anew, ChildDigest, Cursor, Expected, Limits, Outcome, PROTOCOL, Placed, QuarantineCode,
    SyncRequest, SyncResponse, Verdict,
};
use doorstep_device_store::testing::{ORGANISATION, card, clock, enrolment, minute};
use doorstep_device_store::{Progress, Store};

#[derive(Clone)]
pub struct Office {
    pub log: Vec<Placed>,
    pub log_epoch: u32,
    pub backed_up_to: u64,
    pub limits: Limits,
    /// Events on one page.
    pub page_events: usize,
    /// Children by number, by device number.
    pub caseloads: BTreeMap<u8, BTreeSet<u8>>,
    /// Events that name one of these children are set aside.
    pub unknown_children: BTreeSet<ChildId>,
    /// What is expected is told of the request's epoch, not of the device's last one.
    pub expects_by_epoch: bool,
    /// Whether a device is sent its own events too.
    pub returns_own: bool,
    pub set_aside: Vec<SealedEvent>,
    chains: BTreeMap<u8, Chain>,
    sent: BTreeMap<u8, BTreeSet<u8>>,
}

#[derive(Clone)]
struct Chain {
    /// By epoch.
    expected: BTreeMap<u32, Expected>,
    seen: BTreeMap<(u32, u64), (Hash, Outcome)>,
}

impl Office {
    /// An office at which every device has these children.
    pub fn new(devices: &[u8], children: &[u8]) -> Self {
        let children: BTreeSet<u8> = children.iter().copied().collect();
        Self {
            log: Vec::new(),
            log_epoch: 1,
            backed_up_to: 0,
            limits: Limits::DEFAULT,
            page_events: 100,
            caseloads: devices.iter().map(|device| (*device, children.clone())).collect(),
            unknown_children: BTreeSet::new(),
            expects_by_epoch: true,
            returns_own: true,
            set_aside: Vec::new(),
            chains: BTreeMap::new(),
            sent: BTreeMap::new(),
        }
    }

    /// The office as it was, answering as a restored store does.
    pub fn put_back(&mut self, backup: Self) {
        let log_epoch = self.log_epoch + 1;
        *self = Self { log_epoch, ..backup };
    }

    /// The ids in the log, in order.
    pub fn ids(&self) -> Vec<EventId> {
        self.log.iter().map(|placed| placed.event.open().unwrap().event.id).collect()
    }

    pub fn answer(&mut self, device: u8, request: &SyncRequest) -> SyncResponse {
        assert!(request.events.len() <= self.limits.batch_events);
        let bytes = serde_json::to_vec(request).unwrap().len();
        assert!(request.events.len() <= 1 || bytes <= self.limits.batch_bytes, "{bytes}");
        let verdicts = self.ingest(device, request);
        let mut response = SyncResponse {
            protocol: PROTOCOL,
            organisation: ORGANISATION,
            log_epoch: self.log_epoch,
            server_time: request.clock.wall.to_utc(),
            limits: self.limits,
            verdicts,
            expected: self.expected(device, request.epoch),
            backed_up_to: self.backed_up_to,
            children: Vec::new(),
            forget: Vec::new(),
            events: Vec::new(),
            digests: Vec::new(),
            policy: None,
            settled: Vec::new(),
            cursor: Cursor(String::new()),
            more: false,
            children_left: 0,
            events_left: 0,
            anew: None,
            head: None,
            terms: None,
        };
        self.page(device, request, &mut response);
        // What travels is text: nothing may depend on more.
        serde_json::from_slice(&serde_json::to_vec(&response).unwrap()).unwrap()
    }

    fn chain(&mut self, device: u8) -> &mut Chain {
        let empty = Chain { expected: BTreeMap::new(), seen: BTreeMap::new() };
        self.chains.entry(device).or_insert(empty)
    }

    fn expected(&mut self, device: u8, asked: u32) -> Expected {
        let by_epoch = self.expects_by_epoch;
        let expected = &self.chain(device).expected;
        let last = expected.keys().next_back().copied().unwrap_or(1);
        let epoch = if by_epoch { asked } else { last };
        let start = Expected { epoch, seq: 1, previous: Hash::ORIGIN };
        expected.get(&epoch).copied().unwrap_or(start)
    }

    fn ingest(&mut self, device: u8, request: &SyncRequest) -> Vec<Verdict> {
        let mut verdicts = Vec::new();
        for (event, seq) in request.events.iter().zip(request.first_seq..) {
            let place = (request.epoch, seq);
            let hash = event.hash();
            let chain = self.chain(device).clone();
            if let Some((stored, outcome)) = chain.seen.get(&place) {
                if *stored != hash {
                    self.set_aside.push(event.clone());
                    verdicts.push(Verdict { seq, outcome: Outcome::Fork { stored: *stored } });
                    break;
                }
                let outcome = match outcome.clone() {
                    Outcome::Stored { position } => Outcome::Duplicate { position },
                    outcome => outcome,
                };
                verdicts.push(Verdict { seq, outcome });
                continue;
            }
            let start = Expected { epoch: request.epoch, seq: 1, previous: Hash::ORIGIN };
            let expected = chain.expected.get(&request.epoch).copied().unwrap_or(start);
            if seq != expected.seq {
                break;
            }
            let outcome = self.judge(event, expected);
            let chain = self.chain(device);
            chain.seen.insert(place, (hash, outcome.clone()));
            let next = Expected { epoch: request.epoch, seq: seq + 1, previous: hash };
            chain.expected.insert(request.epoch, next);
            verdicts.push(Verdict { seq, outcome });
        }
        verdicts
    }

    fn judge(&mut self, event: &SealedEvent, expected: Expected) -> Outcome {
        let body = event.open().unwrap();
        let code = if self.unknown_children.contains(&body.origin.child) {
            Some(QuarantineCode::UnknownChild)
        } else if body.origin.previous != expected.previous {
            Some(QuarantineCode::BrokenChain)
        } else {
            None
        };
        if let Some(code) = code {
            self.set_aside.push(event.clone());
            return Outcome::Quarantined {
                message: format!("set aside: {code}"),
                code: code.into(),
            };
        }
        let position = self.log.len() as u64 + 1;
        let child = body.origin.child;
        self.log.push(Placed { position, child, event: event.clone() });
        Outcome::Stored { position }
    }

    /// Puts an event into the log that no test device recorded.
    pub fn put(&mut self, child: ChildId, event: SealedEvent) {
        let position = self.log.len() as u64 + 1;
        self.log.push(Placed { position, child, event });
    }

    fn page(&mut self, device: u8, request: &SyncRequest, response: &mut SyncResponse) {
        let cursor = request.cursor.as_ref().and_then(|cursor| {
            let (epoch, position) = cursor.0.split_once(':')?;
            let known = |at: &usize| epoch == self.log_epoch.to_string() && *at <= self.log.len();
            position.parse().ok().filter(known)
        });
        if cursor.is_none() {
            let chains = self.chain(device).expected.values().copied().collect();
            response.anew = Some(Anew { chains });
        }
        let caseload = self.caseloads[&device].clone();
        let mut sent = self.sent.remove(&device).filter(|_| cursor.is_some()).unwrap_or_default();
        let position = cursor.unwrap_or(self.log.len());
        for gone in sent.difference(&caseload) {
            response.forget.push(card(*gone).id);
        }
        sent.retain(|number| caseload.contains(number));

        let mine = enrolment(device).device;
        let mut whole: BTreeSet<ChildId> = request.again.iter().copied().collect();
        if let Some(enters) = caseload.difference(&sent).next().copied() {
            response.children.push(card(enters));
            whole.insert(card(enters).id);
            sent.insert(enters);
        }
        let held: BTreeSet<ChildId> = sent.iter().map(|number| card(*number).id).collect();
        let end = self.log.len().min(position + self.page_events);
        for (place, placed) in self.log.iter().enumerate() {
            let fresh = place >= position && place < end && held.contains(&placed.child);
            let from_me = placed.event.open().is_ok_and(|body| body.origin.device == mine);
            if (fresh || whole.contains(&placed.child)) && (self.returns_own || !from_me) {
                response.events.push(placed.clone());
            }
        }
        response.children_left = caseload.difference(&sent).count() as u64;
        response.more = response.children_left > 0 || end < self.log.len();
        if end == self.log.len() {
            let touched = held.iter().filter(|child| {
                whole.contains(child)
                    || self.log.iter().skip(position).any(|placed| placed.child == **child)
            });
            response.digests = touched.map(|child| self.digest(*child)).collect();
        }
        response.cursor = Cursor(format!("{}:{end}", self.log_epoch));
        self.sent.insert(device, sent);
    }

    pub fn digest(&self, child: ChildId) -> ChildDigest {
        let events = self.log.iter().filter(|placed| placed.child == child);
        let digest = events.fold(Digest::EMPTY, |sum, placed| sum.with(placed.event.hash()));
        ChildDigest { child, digest }
    }
}

/// What a fault does to one exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The request never arrives.
    RequestLost,
    /// It arrives; the reply does not.
    ReplyLost,
    /// It arrives twice; the first reply is lost.
    RequestTwice,
    /// The reply comes twice.
    ReplyTwice,
    /// The app forgets the request, as when it is stopped and started.
    AppStops,
}

/// Syncs until nothing is due: the progress of every exchange.
pub fn sync(store: &mut Store, device: u8, office: &mut Office, minutes: i64) -> Vec<Progress> {
    sync_with(store, device, office, minutes, |_| None)
}

/// The same, with a fault in the exchanges for which there is one.
pub fn sync_with(
    store: &mut Store,
    device: u8,
    office: &mut Office,
    minutes: i64,
    fault: impl Fn(usize) -> Option<Fault>,
) -> Vec<Progress> {
    let mut progress = Vec::new();
    store.sync_now().unwrap();
    for exchange in 0.. {
        assert!(exchange < 60, "the device and the office never come to an end");
        let Some(request) = store.next_request(&clock(minutes), "test 1").unwrap() else { break };
        let now = minute(minutes);
        match fault(exchange) {
            None => progress.push(store.receive(&office.answer(device, &request)).unwrap()),
            Some(Fault::RequestLost) => {
                store.failed(now, None, 7).unwrap();
                store.sync_now().unwrap();
            }
            Some(Fault::ReplyLost) => {
                office.answer(device, &request);
                store.failed(now, None, 7).unwrap();
                store.sync_now().unwrap();
            }
            Some(Fault::RequestTwice) => {
                office.answer(device, &request);
                progress.push(store.receive(&office.answer(device, &request)).unwrap());
            }
            Some(Fault::ReplyTwice) => {
                let answer = office.answer(device, &request);
                progress.push(store.receive(&answer).unwrap());
                assert!(store.receive(&answer).is_err());
            }
            Some(Fault::AppStops) => {
                office.answer(device, &request);
            }
        }
    }
    progress
}

/// The key with which an enrolled test device signs.
pub fn verifying_key(number: u8) -> VerifyingKey {
    doorstep_core::seal::SigningKey::from_bytes(&[number; 32]).verifying_key()
}

/// The device of this number.
pub fn device(number: u8) -> DeviceId {
    enrolment(number).device
}
