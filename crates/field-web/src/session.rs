//! One device in one browser. Every request of the shell is answered here: by the pages, by what
//! they ask of a door, or, where a store should be and is not, by the page that says so. Only a
//! person can replace a store that is missing.

use axum::Router;
use chrono::{DateTime, Utc};
use doorstep_core::wire::{EnrolResponse, SyncResponse};
use doorstep_device_store::porch::Refused;
use doorstep_device_store::vault::{Cost, Vault};
use doorstep_device_store::{AttachmentRequest, Invitation, Key, Store};
use doorstep_field_app::{
    Answer, App, Begin, Door as _, Enrol, FirstUse, Place, Request, Stage, Trouble, Work, call,
};
use serde::Serialize;

use crate::attachment;
use crate::kept::{Kept, Mark};
use crate::missing::{self, Loss};
use crate::porch::HandingIn;
use crate::reply::{Heard, NoAnswer, Outgoing, Reply};
use crate::shelf::Shelf;
use crate::surroundings::Around;

/// Where the pages lie.
pub(crate) const BASE: &str = "/field";
/// Where the page about a missing store sends its form.
pub(crate) const START_AGAIN: &str = "/field/start-again";

/// What the shell is to do before the answer counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wants {
    /// Keep the wrapped key, have the store made, show the code to the server.
    Enrol,
    /// Forget that this browser was enrolled: the person wants to set it up again.
    Forget,
    /// Keep what is kept beside the file, in place of what was kept: the key was destroyed.
    Keep,
    /// Exchange with the server.
    Sync,
}

/// How the device stands, for the shell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// `first-use`, `missing`, `locked`, `not-enrolled` or `open`.
    pub stage: &'static str,
    /// Until when the store has not settled (UTC).
    pub settles_at: Option<DateTime<Utc>>,
    /// When the device wants to exchange next (UTC); none while it cannot.
    pub due: Option<DateTime<Utc>>,
    /// That this browser was enrolled, to be kept in other places too.
    pub mark: Option<Mark>,
    /// Children in the caseload.
    pub children: u64,
    /// Records that are only here.
    pub unsent: u64,
}

/// A first use or an enrolment that waits for the shell.
struct Setup {
    request: Request,
    enrol: Enrol,
    /// None where the store is there already.
    key: Option<Key>,
}

/// One device in one browser.
pub struct Session<S> {
    shelf: S,
    around: Around,
    app: App,
    pages: Router,
    kept: Option<Kept>,
    mark: Option<Mark>,
    missing: Option<Loss>,
    setup: Option<Setup>,
    /// The file that is on its way.
    attachment: Option<AttachmentRequest>,
    handing_in: HandingIn,
}

impl<S: Shelf> Session<S> {
    /// Looks what is there. `kept` is what was kept beside the file; `mark` is what another place
    /// remembers of an enrolment.
    pub fn begin(
        shelf: S,
        around: Around,
        kept: Option<&str>,
        mark: Option<Mark>,
    ) -> Result<Self, crate::shelf::ShelfError> {
        let names = shelf.names()?;
        let kept = kept.and_then(Kept::from_json);
        let there = kept.as_ref().is_some_and(|kept| names.contains(&kept.file));
        let marked = mark.is_some() || kept.as_ref().is_some_and(|kept| kept.mark.is_some());
        let missing = match &kept {
            _ if there => None,
            None if !names.is_empty() => Some(Loss::Key),
            _ if marked => Some(Loss::File),
            // At most a first use that broke off before there was anything in it.
            _ => None,
        };
        let begin = if there { Begin::Unlock } else { Begin::FirstUse };
        let app = App::new(around.clone(), BASE, begin);
        let mark = kept.as_ref().and_then(|kept| kept.mark.clone()).or(mark);
        let pages = app.router();
        let mut session = Self {
            shelf,
            around,
            app,
            pages,
            kept,
            mark,
            missing,
            setup: None,
            attachment: None,
            handing_in: HandingIn::default(),
        };
        session.look_at_porch();
        Ok(session)
    }

    /// What lies on the porch can be handed in without a passphrase; and it knows whether the key
    /// was destroyed, also where the vault is still there.
    fn look_at_porch(&mut self) {
        let Some(kept) = &mut self.kept else { return };
        let Ok(porch) = self.handing_in.open(&self.shelf, kept) else { return };
        if porch.destroyed().is_ok_and(|destroyed| destroyed.is_some()) {
            kept.vault.destroy();
            self.missing = Some(Loss::Destroyed);
        }
    }

    /// Answers a request. Where something is wanted, the answer counts once it is done.
    pub fn call(&mut self, request: Request) -> (Answer, Option<Wants>) {
        if let Some(loss) = self.missing {
            return self.call_while_missing(&request, loss);
        }
        let kept = self.kept.as_ref();
        self.around.settles_at(kept.and_then(|kept| kept.settles_at(self.around.now())));
        match self.app.work(&request) {
            Work::Page => (call(&self.pages, request), None),
            Work::Answered(answer) => (answer, None),
            Work::FirstUse(form) => self.first_use(request, form),
            Work::Enrol(enrol) => {
                self.setup = Some(Setup { request, enrol, key: None });
                (self.app.go("/"), Some(Wants::Enrol))
            }
            Work::Unlock(passphrase) => self.unlock(&request, &passphrase),
            Work::Lock => {
                self.app.lock();
                (self.app.go("/unlock"), None)
            }
            Work::Sync => {
                let _ = self.app.sync_begins(true);
                (self.app.go("/sync"), Some(Wants::Sync))
            }
        }
    }

    /// How the device stands.
    pub fn standing(&self) -> Standing {
        let now = self.around.now();
        let stage = match self.app.stage() {
            _ if self.missing.is_some() => "missing",
            Stage::FirstUse => "first-use",
            Stage::Locked => "locked",
            Stage::NotEnrolled => "not-enrolled",
            Stage::Open => "open",
        };
        let status = self.app.status();
        let poll = chrono::TimeDelta::seconds(doorstep_device_store::POLL_SECONDS);
        let enrolled = status.as_ref().filter(|status| status.enrolment.is_some());
        let copies = self.handing_in.copies();
        let to_hand_in = (status.is_none() && copies > 0).then(|| now + poll);
        Standing {
            stage,
            settles_at: self.kept.as_ref().and_then(|kept| kept.settles_at(now)),
            due: enrolled
                .map(|status| {
                    status.retry_at.unwrap_or(status.last_contact.map_or(now, |last| last + poll))
                })
                .or(to_hand_in),
            mark: self.mark.clone(),
            children: status.as_ref().map_or(0, |status| status.children),
            unsent: status.as_ref().map_or(copies, |status| status.on_this_device),
        }
    }

    /// Seals what was recorded for the porch, once the person has the answer.
    pub fn make_copies(&self) {
        self.app.make_copies();
    }

    /// Locks the pages where nobody used them for long; whether it did.
    pub fn lock_if_idle(&self) -> bool {
        self.app.lock_if_idle()
    }

    /// Locks the pages.
    pub fn lock(&self) {
        self.app.lock();
    }

    fn call_while_missing(&mut self, request: &Request, loss: Loss) -> (Answer, Option<Wants>) {
        let asked = request.method == axum::http::Method::POST && request.path() == START_AGAIN;
        // What can still be handed in is never given up for a fresh start.
        if asked && self.handing_in.copies() == 0 {
            self.kept = None;
            self.mark = None;
            self.missing = None;
            self.app = App::new(self.around.clone(), BASE, Begin::FirstUse);
            self.pages = self.app.router();
            self.handing_in = HandingIn::default();
            return (self.app.go("/start"), Some(Wants::Forget));
        }
        let destroyed = loss == Loss::Destroyed;
        (missing::page(loss, self.handing_in.copies()), destroyed.then_some(Wants::Keep))
    }

    fn unlock(&mut self, request: &Request, passphrase: &str) -> (Answer, Option<Wants>) {
        let Some(kept) = &self.kept else { return (self.app.go("/"), None) };
        let refused = |app: &App, words: String| {
            (app.refused(request, &Trouble { place: Place::Passphrase, words }), None)
        };
        let porch = match self.handing_in.open(&self.shelf, kept) {
            Ok(porch) => porch,
            Err(words) => return refused(&self.app, words),
        };
        let key = match porch.unlock(&kept.vault, passphrase, &self.around.clock()) {
            Ok(key) => key,
            Err(Refused::Destroyed { .. }) => {
                // Where records are unsent, the store is still open behind the locked pages.
                drop(self.app.take_store());
                self.look_at_porch();
                return self.call_while_missing(request, Loss::Destroyed);
            }
            Err(error) => return refused(&self.app, error.to_string()),
        };
        // Locked for people only: the store itself is still open.
        let opened = if self.app.let_in() {
            Ok(())
        } else {
            self.shelf
                .connect(&kept.file, false)
                .map_err(|error| error.to_string())
                .and_then(|conn| Store::open(conn, &key).map_err(|error| error.to_string()))
                .map(|store| self.app.opened(store.with_porch(porch).with_copies_later()))
        };
        match opened {
            Ok(()) => (self.app.go_on(request), None),
            Err(words) => refused(&self.app, words),
        }
    }
}

/// Setting up. The shell does the steps between, each of which may be done again.
impl<S: Shelf> Session<S> {
    fn first_use(&mut self, request: Request, form: FirstUse) -> (Answer, Option<Wants>) {
        let key = Key(self.around.draw());
        match Vault::wrap(&key, &form.passphrase, cost(), &self.around.draw()) {
            Ok(vault) => {
                let made = self.around.now();
                let file = format!("device-{}.db", made.timestamp_millis());
                self.kept = Some(Kept { vault, file, made, mark: None });
                self.setup = Some(Setup { request, enrol: form.enrol, key: Some(key) });
                (self.app.go("/"), Some(Wants::Enrol))
            }
            Err(error) => {
                let trouble = Trouble { place: Place::Passphrase, words: error.to_string() };
                (self.app.refused(&request, &trouble), None)
            }
        }
    }

    /// What the shell keeps beside the file, durably, before anything is encrypted with the key.
    pub fn kept(&self) -> Option<String> {
        self.kept.as_ref().map(Kept::to_json)
    }

    /// Makes the store where there is none yet, and says what to show to the server.
    pub fn enrol(&mut self) -> Result<Outgoing, Box<Answer>> {
        let Some(setup) = &mut self.setup else { return Err(Box::new(self.app.go("/"))) };
        let refuse = |app: &App, setup: &Setup, words: String| {
            Box::new(app.refused(&setup.request, &Trouble { place: Place::Form, words }))
        };
        if let (Some(key), Some(kept)) = (setup.key.take(), &self.kept) {
            let made = self.shelf.connect(&kept.file, true).map_err(|error| error.to_string());
            match made.and_then(|conn| Store::create(conn, &key).map_err(|e| e.to_string())) {
                Ok(store) => match self.handing_in.open(&self.shelf, kept) {
                    Ok(porch) => self.app.opened(store.with_porch(porch).with_copies_later()),
                    Err(words) => return Err(refuse(&self.app, setup, words)),
                },
                Err(words) => return Err(refuse(&self.app, setup, words)),
            }
        }
        let invitation = Invitation {
            code: setup.enrol.code.clone(),
            device_name: setup.enrol.device_name.clone(),
            app: self.around.surroundings().app,
        };
        let entropy = self.around.draw();
        let prepared = self.app.with_store(|store| store.prepare(&invitation, entropy));
        let outgoing = match prepared {
            Some(Ok(request)) => Outgoing::json("POST", "/v1/enrol".to_owned(), None, &request)
                .map_err(|error| error.to_string()),
            Some(Err(error)) => Err(error.to_string()),
            None => Err("there is no store to enrol".to_owned()),
        };
        outgoing.map_err(|words| refuse(&self.app, setup, words))
    }

    /// Takes in what the server answered to that, and answers the form.
    pub fn enrolled(&mut self, reply: &Reply<'_>) -> Answer {
        let Some(setup) = self.setup.take() else { return self.app.go("/") };
        let taken = reply.read::<EnrolResponse>().map_err(|no| no.sentence).and_then(|answer| {
            let taken = self.app.with_store(|store| store.enrolled(&answer));
            match taken {
                Some(Ok(())) => Ok(answer.device.to_string()),
                Some(Err(error)) => Err(error.to_string()),
                None => Err("there is no store to enrol".to_owned()),
            }
        });
        match taken {
            Ok(device) => {
                let mark = Mark { device, at: self.around.now() };
                if let Some(kept) = &mut self.kept {
                    kept.mark = Some(mark.clone());
                }
                self.mark = Some(mark);
                self.app.go("/")
            }
            Err(words) => {
                // The store is there by now: from here on only a code is asked for.
                let mut request = setup.request;
                request.target = format!("{BASE}/enrol");
                self.app.refused(&request, &Trouble { place: Place::Code, words })
            }
        }
    }
}

/// The exchange with the server, as the shell drives it.
impl<S: Shelf> Session<S> {
    /// An exchange begins; one that a person or the server asked for ends a pause.
    pub fn sync_begins(&mut self, asked: bool) {
        self.handing_in.begins();
        // A store that cannot even be asked has nothing to send.
        let _ = self.app.sync_begins(asked);
    }

    /// What to send now, if anything: records first, then the files that they name.
    pub fn next_request(&mut self) -> Option<Outgoing> {
        self.attachment = None;
        if !self.app.holds_store() {
            return self.handing_in.next();
        }
        if let Some(request) = self.app.next_request().ok()? {
            return Outgoing::json("POST", "/v1/sync".to_owned(), self.app.token(), &request).ok();
        }
        let request = self.app.next_attachment().ok()??;
        let outgoing = attachment::outgoing(&request, self.app.token());
        self.attachment = Some(request);
        outgoing
    }

    /// Takes in what came back.
    pub fn response(&mut self, reply: &Reply<'_>) -> Heard {
        if let Some(heard) = self.handing_in.response(reply) {
            return heard;
        }
        if let Some(request) = self.attachment.take() {
            return attachment::response(&self.app, &request, reply);
        }
        let answer = match reply.read::<SyncResponse>() {
            Ok(answer) => answer,
            Err(no_answer) => return self.unanswered(&no_answer),
        };
        match self.app.answered(&answer) {
            Ok(progress) => Heard::progress(&progress),
            Err(error) => {
                let sentence = doorstep_core::describe::sentence_case(&error.to_string());
                self.unanswered(&NoAnswer::stranger(&sentence))
            }
        }
    }

    fn unanswered(&self, no_answer: &NoAnswer) -> Heard {
        self.app.unanswered(&no_answer.sentence, no_answer.retry_after);
        Heard::trouble(no_answer.sentence.clone())
    }

    /// The exchange is over.
    pub fn sync_ends(&self) {
        self.app.sync_ends();
    }

    /// The secret with which the device may listen for news.
    pub fn token(&self) -> Option<String> {
        self.app.token()
    }
}

/// How much a guess at the passphrase costs.
fn cost() -> Cost {
    if cfg!(test) { Cost::LEAST } else { Cost::DEFAULT }
}

#[cfg(test)]
mod tests;
