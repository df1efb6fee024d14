//! The app between requests: whether a store is open, what was judged already, how the exchange
//! with the server stands.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use chrono::{DateTime, TimeDelta, Utc};
use doorstep_core::wire::{AttachmentState, Problem, SyncRequest, SyncResponse};
use doorstep_device_store::{AttachmentRequest, Error, Progress, Status, Store};

use crate::call::{Answer, Request};
use crate::door::{Door, Trouble, Work};
use crate::judged::Judged;
use crate::pages;

/// Minutes without a request after which [`App::lock_if_idle`] locks the pages.
pub const IDLE_MINUTES_MAX: i64 = 10;

/// The pages over one device. Cheap to clone; every clone is the same app.
#[derive(Clone)]
pub struct App(Arc<Inner>);

struct Inner {
    door: Box<dyn Door>,
    base: String,
    state: Mutex<State>,
}

/// How the door finds the device when it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    /// There is no store yet.
    FirstUse,
    /// There is one: it needs its passphrase.
    Unlock,
}

/// What the pages can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// There is no store yet: a code and a passphrase are asked for.
    FirstUse,
    /// The passphrase is asked for.
    Locked,
    /// The store is open, but nobody's: a code is asked for.
    NotEnrolled,
    /// Everything.
    Open,
}

pub(crate) struct State {
    begin: Begin,
    locked: bool,
    pub open: Option<Open>,
    last_used: DateTime<Utc>,
    pub exchange: Exchange,
}

/// An open store, and what was judged from it.
pub(crate) struct Open {
    pub store: Store,
    pub judged: Judged,
    enrolled: bool,
}

/// How the exchange with the server stands.
#[derive(Clone, Debug, Default)]
pub(crate) struct Exchange {
    /// A request is under way, or about to be.
    pub under_way: bool,
    /// When the last one that had something to say ended (UTC).
    pub ended: Option<DateTime<Utc>>,
    /// Answers in it.
    pub answers: u32,
    /// Own records that the server has now.
    pub sent: u64,
    /// Those of them that it set aside.
    pub set_aside: u64,
    /// Records that came from others.
    pub received: u64,
    /// Children who entered, or whose card changed.
    pub children: u64,
    /// Children who left.
    pub left: u64,
    /// Children still to come.
    pub children_left: u64,
    /// Own records still to be sent.
    pub unsent: u64,
    /// Why it ended early.
    pub failed: Option<String>,
}

impl Exchange {
    fn add(&mut self, progress: &Progress) {
        self.answers += 1;
        self.sent += progress.receipts;
        self.set_aside += progress.needs_you;
        self.received += progress.new_events;
        self.children += progress.cards;
        self.left += progress.forgotten;
        self.children_left = progress.children_left;
        self.unsent = progress.unsent;
    }
}

/// Starting, opening and locking.
impl App {
    /// The pages under `base` (`""`, or for example `"/field"`). The door says how it finds the
    /// device.
    pub fn new(door: impl Door + 'static, base: &str, begin: Begin) -> Self {
        let last_used = door.clock().wall.to_utc();
        let exchange = Exchange::default();
        let state = State { begin, locked: false, open: None, last_used, exchange };
        let base = base.trim_end_matches('/').to_owned();
        Self(Arc::new(Inner { door: Box::new(door), base, state: Mutex::new(state) }))
    }

    /// The pages' routes. What serves their files: [`crate::assets::router`].
    pub fn router(&self) -> Router {
        pages::router(self.clone())
    }

    /// A store was made or opened.
    pub fn opened(&self, store: Store) {
        let enrolled = store.enrolment().is_ok_and(|enrolment| enrolment.is_some());
        let mut state = self.state();
        state.open = Some(Open { store, judged: Judged::default(), enrolled });
        state.begin = Begin::Unlock;
        state.locked = false;
        state.last_used = self.now();
    }

    /// Takes the store out, so that the door can work on it; [`App::opened`] gives it back.
    pub fn take_store(&self) -> Option<Store> {
        self.state().open.take().map(|open| open.store)
    }

    /// What the pages can show now.
    pub fn stage(&self) -> Stage {
        let mut state = self.state();
        if state.locked {
            return Stage::Locked;
        }
        match (state.open.as_mut().map(Open::is_enrolled), state.begin) {
            (Some(true), _) => Stage::Open,
            (Some(false), _) => Stage::NotEnrolled,
            (None, Begin::FirstUse) => Stage::FirstUse,
            (None, Begin::Unlock) => Stage::Locked,
        }
    }

    /// Locks the pages. The store is let go of at once where everything has reached the server, and
    /// otherwise as soon as it has: until then the sync loop goes on.
    pub fn lock(&self) {
        let mut state = self.state();
        if state.open.is_some() {
            state.locked = true;
            state.let_go_if_sent();
        }
    }

    /// Lets the person in again where the store is still open behind locked pages; whether it was.
    /// The door has checked the passphrase.
    pub fn let_in(&self) -> bool {
        let now = self.now();
        let mut state = self.state();
        let held = state.open.is_some();
        if held {
            state.locked = false;
            state.last_used = now;
        }
        held
    }

    /// Whether a store is at hand, locked pages or not.
    pub fn holds_store(&self) -> bool {
        self.state().open.is_some()
    }

    /// Locks the pages where nobody asked for one in [`IDLE_MINUTES_MAX`] minutes. Answers whether
    /// it did.
    pub fn lock_if_idle(&self) -> bool {
        let idle = self.now() - self.state().last_used;
        // A clock that jumped back must not keep the pages open for years.
        let is_idle = idle > TimeDelta::minutes(IDLE_MINUTES_MAX) || idle < TimeDelta::zero();
        let locks = is_idle && matches!(self.stage(), Stage::Open | Stage::NotEnrolled);
        if locks {
            self.lock();
        }
        locks
    }

    /// How the device stands, locked pages or not; nothing where no store is open. What was judged
    /// stays judged: doors ask after every request.
    pub fn status(&self) -> Option<Status> {
        self.state().open.as_ref().and_then(|open| open.store.status().ok())
    }

    /// Seals what was recorded for the porch: [`Store::make_copies`].
    pub fn make_copies(&self) {
        if let Some(open) = &self.state().open {
            open.store.make_copies();
        }
    }

    /// Does something with the open store, locked pages or not; nothing where there is none.
    /// Everything that was judged is judged anew afterwards.
    pub fn with_store<T>(&self, act: impl FnOnce(&mut Store) -> T) -> Option<T> {
        let mut state = self.state();
        let open = state.open.as_mut()?;
        let done = act(&mut open.store);
        open.judged.forget_all();
        Some(done)
    }
}

/// Requests that are the door's.
impl App {
    /// What a request is for.
    pub fn work(&self, request: &Request) -> Work {
        pages::door_work(self, request)
    }

    /// The form of `request` again, with what went wrong.
    pub fn refused(&self, request: &Request, trouble: &Trouble) -> Answer {
        pages::door_refusal(self, request, trouble)
    }

    /// An answer that leads on to where the person wanted to be before the store was opened.
    pub fn go_on(&self, request: &Request) -> Answer {
        self.go(&pages::after_unlock(request))
    }

    /// An answer that leads on to another page of the app, for example `/sync`.
    pub fn go(&self, path: &str) -> Answer {
        Answer::of(pages::redirect(&self.at(path)))
    }
}

/// The exchange with the server.
impl App {
    /// The secret that is shown with every request; none before the enrolment.
    pub fn token(&self) -> Option<String> {
        let state = self.state();
        let enrolment = state.open.as_ref()?.store.enrolment().ok()??;
        Some(enrolment.token)
    }

    /// An exchange begins. One that a person asked for ends a pause.
    pub fn sync_begins(&self, asked: bool) -> Result<(), Error> {
        let mut state = self.state();
        let Some(open) = state.open.as_mut() else { return Ok(()) };
        if !open.is_enrolled() {
            return Ok(());
        }
        if asked {
            open.store.sync_now()?;
            state.exchange = Exchange { ended: state.exchange.ended, ..Exchange::default() };
        }
        state.exchange.under_way = true;
        Ok(())
    }

    /// The next request, while there is one.
    pub fn next_request(&self) -> Result<Option<SyncRequest>, Error> {
        let clock = self.0.door.clock();
        let name = self.0.door.surroundings().app;
        let mut state = self.state();
        let Some(open) = state.open.as_mut() else { return Ok(None) };
        if !open.is_enrolled() {
            return Ok(None);
        }
        let request = open.store.next_request(&clock, &name)?;
        if request.is_some() && !state.exchange.under_way {
            state.exchange = Exchange::default();
            state.exchange.under_way = true;
        }
        Ok(request)
    }

    /// The server answered.
    pub fn answered(&self, answer: &SyncResponse) -> Result<Progress, Error> {
        let now = self.now();
        let mut state = self.state();
        let Some(open) = state.open.as_mut() else {
            return Err(Error::Answer("came after the store was let go of"));
        };
        let received = open.store.receive(answer);
        open.judged.forget(answer);
        let progress = match received {
            Ok(progress) => progress,
            Err(error) => {
                state.exchange.failed = Some(error.to_string());
                state.exchange.ended = Some(now);
                return Err(error);
            }
        };
        state.exchange.failed = None;
        state.exchange.add(&progress);
        state.exchange.ended = Some(now);
        if state.locked {
            state.let_go_if_sent();
        }
        Ok(progress)
    }

    /// There was no answer that could be used: `why` in a sentence.
    pub fn unanswered(&self, why: &str, retry_after: Option<Duration>) {
        let (now, jitter) = (self.now(), self.jitter());
        let mut state = self.state();
        if let Some(open) = state.open.as_mut() {
            // A store that cannot even note a pause asks again at once, which harms nothing.
            let _ = open.store.failed(now, retry_after, jitter);
        }
        state.exchange.failed = Some(why.to_owned());
        state.exchange.ended = Some(now);
    }

    /// The next request about a file that a record names; none while records wait.
    pub fn next_attachment(&self) -> Result<Option<AttachmentRequest>, Error> {
        let now = self.now();
        let state = self.state();
        let Some(open) = state.open.as_ref() else { return Ok(None) };
        open.store.next_attachment(now)
    }

    /// The server answered it.
    pub fn attachment_answered(
        &self,
        request: &AttachmentRequest,
        answer: &AttachmentState,
    ) -> Result<(), Error> {
        let now = self.now();
        let mut state = self.state();
        if let Some(open) = state.open.as_mut() {
            open.store.attachment_answered(request, answer, now)?;
        }
        if state.locked {
            state.let_go_if_sent();
        }
        Ok(())
    }

    /// There was no answer to it that could be used; `problem` is what a server said instead.
    /// Whether there may be another request at once.
    pub fn attachment_unanswered(
        &self,
        request: &AttachmentRequest,
        problem: Option<&Problem>,
        retry_after: Option<Duration>,
    ) -> Result<bool, Error> {
        let (now, jitter) = (self.now(), self.jitter());
        let mut state = self.state();
        let Some(open) = state.open.as_mut() else { return Ok(false) };
        if let Some(problem) = problem
            && open.store.attachment_refused(request, problem)?
        {
            return Ok(true);
        }
        open.store.attachment_failed(now, retry_after, jitter)?;
        Ok(false)
    }

    /// The exchange is over, whatever became of it.
    pub fn sync_ends(&self) {
        self.state().exchange.under_way = false;
    }
}

impl App {
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn door(&self) -> &dyn Door {
        &*self.0.door
    }

    /// Own records that are still to be sent, as far as a store is at hand.
    pub(crate) fn unsent(&self) -> u64 {
        self.status().map_or(0, |status| status.on_this_device)
    }

    /// By chance, so that devices that lost the server together do not come back together.
    fn jitter(&self) -> u64 {
        let random = self.0.door.entropy();
        random.iter().take(8).fold(0, |sum, byte| sum << 8 | u64::from(*byte))
    }

    /// The instant now, by the device's wall clock.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.0.door.clock().wall.to_utc()
    }

    /// The address of one of the app's pages.
    pub(crate) fn at(&self, path: &str) -> String {
        if path == "/" && !self.0.base.is_empty() {
            return self.0.base.clone();
        }
        format!("{}{path}", self.0.base)
    }

    /// A path as the app itself calls it, without what it lies under.
    pub(crate) fn within<'a>(&self, path: &'a str) -> &'a str {
        match path.strip_prefix(&self.0.base) {
            Some("") | None => "/",
            Some(inside) => inside,
        }
    }

    /// Somebody is using the pages.
    pub(crate) fn used(&self) {
        let now = self.now();
        self.state().last_used = now;
    }
}

impl State {
    fn let_go_if_sent(&mut self) {
        let status = self.open.as_ref().and_then(|open| open.store.status().ok());
        if status.is_none_or(|it| it.on_this_device == 0 && it.attachments.count == 0) {
            self.open = None;
        }
    }
}

impl Open {
    fn is_enrolled(&mut self) -> bool {
        self.enrolled =
            self.enrolled || self.store.enrolment().is_ok_and(|enrolment| enrolment.is_some());
        self.enrolled
    }
}

#[cfg(test)]
mod tests;
