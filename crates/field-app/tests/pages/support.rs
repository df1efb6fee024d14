//! A door for tests: a clock that the test sets, and chance that only counts; and a phone, which is
//! a door with pages, a store and somebody who taps.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use doorstep_core::event::Event;
use doorstep_core::seal::Hash;
use doorstep_core::time::ClockReading;
use doorstep_core::wire::{ChildCard, Cursor, Expected, Limits, SyncResponse};
use doorstep_device_store::Store;
use doorstep_device_store::testing::{self, ORGANISATION, clock, enrolled_store, minute};
use doorstep_field_app::{Answer, App, Begin, Door, Link, Request, Surroundings, call};

/// The door.
#[derive(Clone)]
pub struct Desk(Arc<Inner>);

struct Inner {
    minute: AtomicI64,
    chance: AtomicU64,
    settles: AtomicI64,
}

impl Desk {
    /// A door whose clock stands at this minute.
    pub fn at(minute: i64) -> Self {
        let (chance, settles) = (AtomicU64::new(1_000_000), AtomicI64::new(i64::MIN));
        Self(Arc::new(Inner { minute: AtomicI64::new(minute), chance, settles }))
    }

    /// Sets the clock.
    pub fn set(&self, minute: i64) {
        self.0.minute.store(minute, Ordering::Relaxed);
    }

    /// The storage is safe from this minute on.
    pub fn settles(&self, minute: i64) {
        self.0.settles.store(minute, Ordering::Relaxed);
    }
}

impl Door for Desk {
    fn clock(&self) -> ClockReading {
        testing::clock(self.0.minute.load(Ordering::Relaxed))
    }

    fn entropy(&self) -> [u8; 32] {
        testing::entropy(self.0.chance.fetch_add(1, Ordering::Relaxed))
    }

    fn surroundings(&self) -> Surroundings {
        let settles = self.0.settles.load(Ordering::Relaxed);
        Surroundings {
            app: "test 1".to_owned(),
            link: Link::Unknown,
            notices: Vec::new(),
            settles_at: (settles > i64::MIN).then(|| minute(settles)),
            asks_server: false,
        }
    }
}

/// What a server with nothing else to say answers with these children.
pub fn answer(children: Vec<ChildCard>) -> SyncResponse {
    SyncResponse {
        protocol: 1,
        organisation: ORGANISATION,
        log_epoch: 1,
        server_time: minute(0),
        limits: Limits::DEFAULT,
        verdicts: Vec::new(),
        expected: Expected { epoch: 1, seq: 1, previous: Hash::ORIGIN },
        backed_up_to: 0,
        children,
        forget: Vec::new(),
        events: Vec::new(),
        digests: Vec::new(),
        policy: None,
        settled: Vec::new(),
        cursor: Cursor("1".to_owned()),
        more: false,
        children_left: 0,
        events_left: 0,
        anew: None,
        head: None,
        terms: None,
    }
}

/// An enrolled store with these children.
pub fn store_with(children: Vec<ChildCard>) -> Store {
    let mut store = enrolled_store(1);
    let asked = store.next_request(&clock(0), "test 1").expect("a request can be made");
    assert!(asked.is_some(), "a new store asks");
    store.receive(&answer(children)).expect("the answer is in order");
    store
}

/// A phone in somebody's hand.
pub struct Phone {
    /// The pages.
    pub app: App,
    desk: Desk,
}

/// A page as it came.
pub struct Seen {
    /// The HTTP status.
    pub status: u16,
    /// The HTML.
    pub text: String,
    answer: Answer,
}

impl Phone {
    /// A phone with these children.
    pub fn holding(desk: Desk, children: Vec<ChildCard>) -> Self {
        let app = App::new(desk.clone(), "", Begin::Unlock);
        app.opened(store_with(children));
        Self { app, desk }
    }

    /// The same store under new pages, as after a crash.
    pub fn restarted(self) -> Self {
        let store = self.app.take_store().expect("the store is open");
        let app = App::new(self.desk.clone(), "", Begin::Unlock);
        app.opened(store);
        Self { app, desk: self.desk }
    }

    /// Asks for anything.
    pub fn ask(&self, request: Request) -> Seen {
        let answer = call(&self.app.router(), request);
        Seen { status: answer.status, text: answer.text(), answer }
    }

    /// Opens a page.
    pub fn get(&self, path: &str) -> Seen {
        self.ask(Request::get(path))
    }

    /// Sends a form.
    pub fn post(&self, path: &str, fields: &[(&str, &str)]) -> Seen {
        self.ask(Request::post(path, fields))
    }

    /// What was recorded, newest first.
    pub fn records(&self) -> Vec<Event> {
        let records = self.app.with_store(|store| store.own_records(100));
        let records = records.expect("the store is open").expect("it can be read");
        records.iter().map(|held| held.event().expect("it can be read").clone()).collect()
    }
}

impl Seen {
    /// Where it leads.
    pub fn location(&self) -> String {
        assert_eq!(self.status, 303, "{}", self.text);
        self.answer.header("location").expect("it leads somewhere").to_owned()
    }

    /// The value of `field` in the form for `action` in which `name` has `value`.
    pub fn field_of(&self, action: &str, name: &str, value: &str, field: &str) -> String {
        let marked = format!("name=\"{name}\" value=\"{value}\"");
        let forms =
            self.text.split("<form").map(|form| form.split("</form>").next().unwrap_or(form));
        let form = forms
            .filter(|form| form.contains(&format!("action=\"{action}\"")))
            .find(|form| form.contains(&marked))
            .unwrap_or_else(|| panic!("no form for {action} with {marked} in {}", self.text));
        value_in(form, field)
    }

    /// The value of a hidden field.
    pub fn hidden(&self, field: &str) -> String {
        let main = self.text.split("<main").nth(1).expect("a page has a main part");
        value_in(main, field)
    }

    /// Whether a box or button with this value is ticked.
    pub fn is_ticked(&self, name: &str, value: &str) -> bool {
        let inputs = self.text.split("<input").map(|rest| rest.split('>').next().unwrap_or(rest));
        let field = format!("name=\"{name}\"");
        let value = format!("value=\"{value}\"");
        let mut found = inputs.filter(|it| it.contains(&field) && it.contains(&value));
        found.next().expect("there is such a box").contains(" checked")
    }
}

fn value_in(html: &str, field: &str) -> String {
    let after = html.split(&format!("name=\"{field}\" value=\"")).nth(1);
    let value = after.and_then(|rest| rest.split('"').next());
    value.unwrap_or_else(|| panic!("no {field} in {html}")).to_owned()
}
