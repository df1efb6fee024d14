//! What devices and servers say to each other, made up: every shape of event, with identities,
//! hashes and signatures as random as real ones. The same seed gives the same messages.

use std::fs;
use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use doorstep_core::event::{ChildRecord, FailedContact, Form, Plan, Role, What};
use doorstep_core::ids::{ChildId, DeviceId, EventId, PersonId};
use doorstep_core::seal::{Body, Digest, Hash, Origin, SealedEvent, Signature, SigningKey};
use doorstep_core::time::ClockReading;
use doorstep_core::wire::{
    ChildCard, ChildDigest, Contact, Cursor, Expected, Limits, Outcome, PROTOCOL, Placed,
    SignedHead, SyncRequest, SyncResponse, Verdict,
};
use doorstep_core::words::Word;
use serde_json::Value;
use uuid::Uuid;

/// How one device and its server talk.
pub struct Talk {
    seed: String,
    drawn: u64,
    shapes: Vec<Value>,
    notes: &'static [&'static str],
    now: DateTime<Utc>,
    person: PersonId,
    device: DeviceId,
    organisation: Uuid,
    children: Vec<ChildId>,
    boot: Uuid,
    monotonic_ms: u64,
    server_seen: DateTime<Utc>,
    key: SigningKey,
    seq: u64,
    previous: Hash,
    position: u64,
    role: Role,
}

/// The frozen examples of every type of event.
fn shapes() -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schema/events/examples");
    let entries = fs::read_dir(folder).expect("the examples are there");
    let mut files: Vec<_> = entries.map(|entry| entry.expect("it can be read").path()).collect();
    files.sort();
    let read = |file| fs::read_to_string(file).expect("an example is text");
    files.into_iter().map(|file| serde_json::from_str(&read(file)).expect("it is JSON")).collect()
}

impl Talk {
    /// A device of its own for each seed; its people write these notes.
    pub fn new(seed: &str, notes: &'static [&'static str]) -> Self {
        let start = DateTime::from_timestamp(1_772_445_600, 0).expect("it is in range");
        let mut talk = Self {
            seed: seed.to_owned(),
            drawn: 0,
            shapes: shapes(),
            notes,
            now: start,
            person: PersonId(Uuid::nil()),
            device: DeviceId(Uuid::nil()),
            organisation: Uuid::nil(),
            children: Vec::new(),
            boot: Uuid::nil(),
            monotonic_ms: 0,
            server_seen: start,
            key: SigningKey::from_bytes(&[1; 32]),
            seq: 0,
            previous: Hash::ORIGIN,
            position: 0,
            role: Role::SocialWorker,
        };
        let later = talk.below(400 * 24 * 3600 * 1000);
        talk.now += TimeDelta::milliseconds(later);
        let then = talk.now - TimeDelta::milliseconds(talk.below(100 * 24 * 3600 * 1000));
        talk.organisation = EventId::at(then, talk.bytes()).0;
        talk.person = PersonId::at(then, talk.bytes());
        talk.device = DeviceId::at(then + TimeDelta::hours(9), talk.bytes());
        talk.children = (0..12).map(|_| ChildId::at(then, talk.bytes())).collect();
        talk.boot = uuid::Builder::from_random_bytes(talk.bytes()).into_uuid();
        talk.monotonic_ms = talk.below(900_000).cast_unsigned() * 10;
        talk.key = SigningKey::from_bytes(&talk.bytes());
        talk.seq = talk.below(400).cast_unsigned();
        talk.previous = Hash(talk.bytes());
        talk.position = talk.below(200_000).cast_unsigned();
        let roles = [Role::SocialWorker, Role::Practitioner, Role::SocialWorker, Role::KeyWorker];
        talk.role = roles[talk.pick(roles.len())];
        talk
    }

    fn bytes<const N: usize>(&mut self) -> [u8; N] {
        self.drawn += 1;
        let drawn = Hash::of(format!("{} {}", self.seed, self.drawn).as_bytes());
        let mut bytes = [0; N];
        bytes.copy_from_slice(&drawn.0[..N]);
        bytes
    }

    fn below(&mut self, end: i64) -> i64 {
        i64::try_from(u64::from_le_bytes(self.bytes()) % end.unsigned_abs()).expect("it is below")
    }

    fn pick(&mut self, count: usize) -> usize {
        usize::try_from(u64::from_le_bytes(self.bytes()) % count as u64).expect("it is below")
    }

    /// Time goes by.
    fn pass(&mut self, most_ms: i64) {
        let gone = self.below(most_ms);
        self.now += TimeDelta::milliseconds(gone);
        self.monotonic_ms += u64::try_from(gone / 10 * 10).expect("time goes forward");
    }

    fn clock(&self) -> ClockReading {
        ClockReading {
            wall: self.now.fixed_offset(),
            monotonic_ms: Some(self.monotonic_ms),
            boot: Some(self.boot),
            server_seen: Some(self.server_seen),
        }
    }

    fn cursor(&self) -> Cursor {
        let [first, second, third, ..] = Hash::of(self.device.0.as_bytes()).0;
        let owner = u32::from_be_bytes([0, first, second, third]);
        Cursor(format!("{owner:06x}.1.{}.{}.1", self.position, self.children.len() + 3))
    }

    /// The number of a type: every second is a failed contact, which is what the app is for.
    pub fn next_type(&mut self) -> usize {
        match self.pick(2) {
            0 => self.failed_contact(),
            _ => self.pick(self.shapes.len()),
        }
    }

    /// How many types of event there are.
    pub fn types(&self) -> usize {
        self.shapes.len()
    }

    /// The number of the type `failed-contact`.
    pub fn failed_contact(&self) -> usize {
        let found = self.shapes.iter().position(|shape| shape["type"] == "failed-contact");
        found.expect("there is an example of it")
    }

    /// Seals an event of the type with this number, with some of the keys that it may have.
    pub fn record(&mut self, number: usize) -> SealedEvent {
        let body = self.shape(number);
        self.seal(body)
    }

    fn seal(&mut self, mut body: Body) -> SealedEvent {
        self.pass(3_600_000);
        let child = self.any_child();
        self.seq += 1;
        body.origin = Origin {
            child,
            person: self.person,
            device: self.device,
            epoch: 1,
            seq: self.seq,
            previous: self.previous,
            clock: self.clock(),
        };
        body.event.id = EventId::at(self.now, self.bytes());
        // Most records are made at the door, some later.
        let later = [0, 0, 5, 30][self.pick(4)];
        body.event.at = self.now - TimeDelta::minutes(later);
        body.event.recorded = self.now;
        body.event.by = self.role;
        let sealed = SealedEvent::seal(&body, &self.key);
        self.previous = sealed.hash();
        sealed
    }

    /// Seals a failed contact as somebody at the door records it first: its form alone.
    pub fn record_failed_contact(&mut self) -> SealedEvent {
        let whole = self.shapes[self.failed_contact()].clone();
        let mut body: Body = serde_json::from_value(whole).expect("the example can be read");
        body.event.what = What::FailedContact(FailedContact::new(Form::NoResponse));
        self.seal(body)
    }

    fn any_child(&mut self) -> ChildId {
        let place = self.pick(self.children.len());
        self.children[place]
    }

    fn shape(&mut self, number: usize) -> Body {
        let whole = self.shapes[number % self.shapes.len()].clone();
        let mut some = whole.clone();
        let keys: Vec<_> = whole.as_object().expect("an event is an object").keys().collect();
        for key in keys {
            let object = some.as_object_mut().expect("an event is an object");
            if key == "note" {
                let note = self.pick(self.notes.len());
                object.insert(key.clone(), self.notes[note].into());
            } else if self.pick(2) == 0 {
                // What is needed is put back, by reading it.
                let mut without = some.clone();
                without.as_object_mut().expect("an event is an object").remove(key);
                if serde_json::from_value::<Body>(without.clone()).is_ok() {
                    some = without;
                }
            }
        }
        serde_json::from_value(some).expect("the example can be read")
    }

    /// A request with these events.
    pub fn request(&mut self, events: Vec<SealedEvent>) -> SyncRequest {
        self.pass(120_000);
        SyncRequest {
            cursor: Some(self.cursor()),
            ..SyncRequest::handing_in(
                &format!("doorstep {}", env!("CARGO_PKG_VERSION")),
                self.clock(),
                (1, self.seq + 1 - events.len() as u64),
                events,
            )
        }
    }

    /// The answer to it, with these cards and what was pushed.
    pub fn answer(&mut self, request: &SyncRequest, cards: usize) -> SyncResponse {
        let at = self.now + TimeDelta::milliseconds(self.below(900));
        self.server_seen = at;
        let mut verdicts = Vec::new();
        let mut events = Vec::new();
        for (seq, event) in (request.first_seq..).zip(&request.events) {
            self.position += 1 + u64::from(self.pick(3) == 0);
            let position = self.position;
            verdicts.push(Verdict { seq, outcome: Outcome::Stored { position } });
            let child = self.any_child();
            events.push(Placed { position, child, event: event.clone() });
        }
        let mut digests = Vec::new();
        for placed in &events {
            let digest = Digest { count: self.below(40).cast_unsigned(), sum: Hash(self.bytes()) };
            digests.push(ChildDigest { child: placed.child, digest });
        }
        let children = (0..cards).map(|place| self.card(place)).collect();
        SyncResponse {
            protocol: PROTOCOL,
            organisation: self.organisation,
            log_epoch: 1,
            server_time: at,
            limits: Limits::DEFAULT,
            verdicts,
            expected: Expected { epoch: 1, seq: self.seq + 1, previous: self.previous },
            backed_up_to: self.position - self.position.min(50),
            children,
            forget: Vec::new(),
            events,
            digests,
            policy: None,
            settled: Vec::new(),
            cursor: self.cursor(),
            more: cards > 0,
            children_left: cards as u64,
            events_left: 0,
            anew: None,
            head: Some(self.head()),
            terms: None,
        }
    }

    /// How the server's logs stand. What is signed is as hard to foretell as a signature.
    fn head(&mut self) -> SignedHead {
        let mut signature = [0; 64];
        signature[..32].copy_from_slice(&self.bytes::<32>());
        signature[32..].copy_from_slice(&self.bytes::<32>());
        SignedHead {
            log: self.position,
            access: 3 * self.position,
            root: Hash(self.bytes()),
            signature: Signature(signature),
        }
    }

    fn card(&mut self, place: usize) -> ChildCard {
        let id = self.children[place % self.children.len()];
        let number = self.below(200);
        ChildCard {
            id,
            name: format!("Child {number}"),
            born: self
                .now
                .date_naive()
                .checked_sub_days(chrono::Days::new(number.cast_unsigned() * 20)),
            address: Some(format!("{number} Fictitious Street")),
            address_protected: number % 10 == 0,
            phone: Some(format!("01632 9600{:02}", number % 100)),
            record: ChildRecord {
                plans: if number % 2 == 0 { [Plan::ChildProtection].into() } else { [].into() },
                ..ChildRecord::default()
            },
            contacts: [Role::SocialWorker, Role::LineManager, Role::TeamManager]
                .map(|role| Contact {
                    role: Word::Known(role),
                    name: format!("Person {}", number % 30),
                    phone: None,
                })
                .to_vec(),
            visits: Vec::new(),
        }
    }
}
