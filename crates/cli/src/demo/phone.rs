//! A phone of the story: a real store on an encrypted file, and a clock that the story sets.

use std::path::Path;

use chrono::{DateTime, Utc};
use doorstep_core::assessment::Assessment;
use doorstep_core::event::{Event, What};
use doorstep_core::ids::{ChildId, EventId};
use doorstep_core::policy::Policy;
use doorstep_core::time::ClockReading;
use doorstep_core::wire::ChildCard;
use doorstep_device_store::{Draft, Invitation, Key, Store};

use uuid::Uuid;

use crate::ambient;
use crate::device::advice::Advice;
use crate::device::client::Client;
use crate::device::exchange::{APP, Synced, sync};
use crate::device::judge;
use crate::failure::{Failure, OrFail as _, Outcome};

/// A phone.
pub struct Phone {
    /// Whose it is.
    pub owner: &'static str,
    store: Store,
    server: String,
    boot: Uuid,
    started: DateTime<Utc>,
}

impl Phone {
    /// Makes an encrypted store in `folder`, enrols it and fetches the caseload, all at `now`.
    pub fn enrol(
        folder: &Path,
        owner: &'static str,
        code: &str,
        server: &str,
        now: DateTime<Utc>,
    ) -> Outcome<Self> {
        let file = folder.join(format!("{}.db", owner.to_lowercase().replace(' ', "-")));
        let conn = rusqlite::Connection::open(&file).or_no("cannot make a phone's file")?;
        let mut store = Store::create(conn, &Key(ambient::random()))
            .map_err(|error| Failure::No(error.to_string()))?;
        let invitation = Invitation {
            code: code.to_owned(),
            device_name: format!("{owner}'s phone"),
            app: APP.to_owned(),
        };
        let request = store.prepare(&invitation, ambient::random()).or_no("cannot enrol")?;
        let answer = Client::new(server)?
            .post("/v1/enrol", None, &request)
            .map_err(|error| Failure::No(error.to_string()))?;
        store.enrolled(&answer).or_no("cannot enrol")?;
        let boot = EventId::at(now, ambient::random()).0;
        let mut phone = Self { owner, store, server: server.to_owned(), boot, started: now };
        phone.sync(now)?;
        Ok(phone)
    }

    /// Says where its server is from now on.
    pub fn finds_server_at(&mut self, url: &str) {
        url.clone_into(&mut self.server);
    }

    /// Exchanges with the server until neither has anything new.
    pub fn sync(&mut self, now: DateTime<Utc>) -> Outcome<Synced> {
        let clock = self.clock(now);
        sync(&mut self.store, &self.server, || clock.clone(), |_, _| Ok(()))
    }

    /// What its clocks say at `now`: they are right, and it was never switched off.
    fn clock(&self, now: DateTime<Utc>) -> ClockReading {
        let monotonic_ms = u64::try_from((now - self.started).num_milliseconds()).ok();
        ClockReading { monotonic_ms, boot: Some(self.boot), ..ClockReading::wall(now) }
    }

    /// The card of the child of this name.
    pub fn card(&self, name: &str) -> Outcome<ChildCard> {
        let children = self.store.children().or_no("cannot read the caseload")?;
        crate::device::find::child(&children, name)
    }

    /// Records what happened at `at`, with the phone's clock at `recorded`.
    pub fn record(
        &mut self,
        child: ChildId,
        at: DateTime<Utc>,
        recorded: DateTime<Utc>,
        what: What,
    ) -> Outcome<EventId> {
        let draft = Draft::new(at, child, what);
        let clock = self.clock(recorded);
        let made = self
            .store
            .record(&draft, &clock, ambient::random())
            .map_err(|error| Failure::No(error.to_string()))?;
        made.first().copied().ok_or_else(|| Failure::No("nothing was recorded".to_owned()))
    }

    /// What the phone says about a child at `now`.
    pub fn advice(
        &self,
        card: &ChildCard,
        made: &[EventId],
        now: DateTime<Utc>,
    ) -> Outcome<Advice> {
        judge(&self.store, &Policy::built_in(), card, made, now)
    }

    /// What the policies say of a child at `now`, from what the phone holds.
    pub fn judged(&self, child: ChildId, now: DateTime<Utc>) -> Outcome<Assessment> {
        let judged = self.store.assess(child, &Policy::built_in(), now);
        Ok(judged.or_no("cannot judge a child")?.assessment)
    }

    /// The events that it holds of a child, by when they happened.
    pub fn events(&self, child: ChildId) -> Outcome<Vec<Event>> {
        let held = self.store.timeline(child).or_no("cannot read a phone's records")?;
        Ok(held.iter().filter_map(|held| held.event().cloned()).collect())
    }
}
