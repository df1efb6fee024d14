//! The pages' routes, and what every page is handed.

mod act;
mod calls;
mod child;
mod children;
mod drawing;
mod follow_up;
mod gate;
mod lease;
mod owed;
mod record;
mod records;
mod sync;
mod today;

use std::collections::BTreeMap;
use std::future::{Ready, ready};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, RawPathParams};
use axum::http::{StatusCode, Uri, header};
use axum::response::Response;
use axum::routing::{get, post};
use chrono::{DateTime, Utc};
use doorstep_core::event::Role;
use doorstep_core::ids::ChildId;
use doorstep_core::wire::ChildCard;
use doorstep_device_store::{Enrolment, Error, ReadLease, Store};

use crate::app::{App, Exchange, Open, Stage};
use crate::door::Surroundings;
use crate::fields::Fields;
use crate::page::{Frame, Page};

pub use gate::{after_unlock, door_refusal, door_work};

/// Bytes that a form may have: the longest text in it, and a photograph.
const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;

/// What a page makes of a request.
pub type Outcome = Result<Reply, Problem>;

/// A page's handler.
type Handler = fn(&mut Asked<'_>) -> Outcome;

/// What a page answers.
pub enum Reply {
    /// A page.
    Page(Page),
    /// Go on to another of the app's pages.
    Go(String),
    /// Done; there is nothing to show.
    Kept,
}

/// Why a page cannot be shown.
pub enum Problem {
    /// There is no such page, child or record here.
    NotHere,
    /// Nothing is taken in yet: a power cut could still take the whole store.
    Settling,
    /// The store says no.
    Store(Error),
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::UnknownChild(_) => Self::NotHere,
            error => Self::Store(error),
        }
    }
}

/// What a page is handed.
pub struct Asked<'a> {
    /// The app.
    pub app: &'a App,
    /// The open store, and what was judged from it.
    pub open: &'a mut Open,
    /// How the exchange with the server stands.
    pub exchange: &'a Exchange,
    /// This moment (UTC).
    pub now: DateTime<Utc>,
    /// Whose device it is.
    pub me: Enrolment,
    /// Whether what is held of children may be shown.
    pub lease: ReadLease,
    /// What the door knows of the device.
    pub surroundings: Surroundings,
    /// The fields of the query.
    pub query: Fields,
    /// The fields of the form.
    pub form: Fields,
    /// The form as it was sent.
    pub body: &'a [u8],
    params: BTreeMap<String, String>,
}

impl Asked<'_> {
    /// The address of one of the app's pages.
    pub fn at(&self, path: &str) -> String {
        self.app.at(path)
    }

    /// A part of the path; empty where the route has none of this name.
    pub fn param(&self, name: &str) -> &str {
        self.params.get(name).map_or("", String::as_str)
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.open.store
    }

    /// The role in which the device's person records.
    pub fn role(&self) -> Role {
        self.me.person.role
    }

    /// Seconds until records are taken in; none left once the storage is safe.
    pub fn settles_in_seconds(&self) -> Option<i64> {
        let settles = self.surroundings.settles_at.filter(|settles| self.now < *settles)?;
        Some((settles - self.now).num_seconds() + 1)
    }

    /// The child that the path names, while it is in the caseload.
    pub fn card(&self) -> Result<ChildCard, Problem> {
        let id: ChildId = self.param("child").parse().map_err(|_| Problem::NotHere)?;
        self.store().child(id)?.ok_or(Problem::NotHere)
    }

    /// A new id for a form.
    pub fn fresh_id(&self) -> String {
        let mut entropy = doorstep_core::ids::Entropy::default();
        let length = entropy.len();
        entropy.copy_from_slice(&self.app.door().entropy()[..length]);
        doorstep_core::ids::EventId::at(self.now, entropy).to_string()
    }
}

/// The routes.
pub fn router(app: App) -> Router {
    let read = |page: Handler| get(handler(app.clone(), page));
    let write = |page: Handler| post(handler(app.clone(), page));
    let both = |show: Handler, take: Handler| read(show).merge(write(take));
    let mut router = Router::new();
    for (path, methods) in [
        ("/", read(today::show)),
        ("/told", write(follow_up::told)),
        ("/children", read(children::show)),
        ("/child/{child}", read(child::show)),
        ("/child/{child}/address", both(child::show, child::show_address)),
        ("/child/{child}/do", read(follow_up::list)),
        ("/child/{child}/do/{act}", both(follow_up::ask, follow_up::act)),
        ("/record", write(record::begin)),
        ("/record/{form}", read(record::resume)),
        ("/record/{form}/saved", read(record::saved)),
        ("/record/{form}/save", write(record::save)),
        ("/record/{form}/photo", write(record::photo::add)),
        ("/record/{form}/photo/remove", write(record::photo::remove)),
        ("/record/{form}/discard", both(record::ask_discard, record::discard)),
        ("/record/{form}/{ask}", both(record::question, record::answer)),
        ("/record/{form}/{ask}/keep", write(record::keep_answer)),
        ("/records", read(records::list)),
        ("/records/{event}", read(records::show)),
        ("/records/{event}/correct", both(records::correct_form, records::correct)),
        ("/records/{event}/withdraw", both(records::withdraw_form, records::withdraw)),
        ("/sync", read(sync::show)),
    ] {
        router = router.route(&app.at(path), methods);
    }
    gate::routes(&app, router)
        .fallback(handler(app, |_| Err(Problem::NotHere)))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
}

/// Answers with a page over the open store.
fn handler(
    app: App,
    page: Handler,
) -> impl FnOnce(RawPathParams, Uri, Bytes) -> Ready<Response> + Clone + Send + 'static {
    move |params, uri, body| {
        let params = params.iter().map(|(key, value)| (key.to_owned(), value.to_owned()));
        ready(answer(&app, page, params.collect(), &uri, &body))
    }
}

fn answer(
    app: &App,
    page: Handler,
    params: BTreeMap<String, String>,
    uri: &Uri,
    body: &[u8],
) -> Response {
    match app.stage() {
        Stage::Open => {}
        Stage::FirstUse => return redirect(&app.at("/start")),
        Stage::NotEnrolled => return redirect(&app.at("/enrol")),
        Stage::Locked => return redirect(&gate::unlock_for(app, uri)),
    }
    let query = Fields::read(uri.query().unwrap_or_default().as_bytes());
    // A page that asks for itself again is no sign that anybody is there.
    if !query.has("again") {
        app.used();
    }
    let mut state = app.state();
    let exchange = state.exchange.clone();
    let Some(open) = &mut state.open else { return redirect(&app.at("/unlock")) };
    let lease = match open.store.look(&app.door().clock()) {
        Ok(lease) => lease,
        Err(error) => return Page::problem(&error.to_string()).draw(&Frame::bare(app)),
    };
    let me = match open.store.enrolment() {
        Ok(Some(me)) => me,
        Ok(None) => return redirect(&app.at("/enrol")),
        Err(error) => return Page::problem(&error.to_string()).draw(&Frame::bare(app)),
    };
    let mut asked = Asked {
        app,
        open,
        exchange: &exchange,
        now: app.now(),
        me,
        lease,
        surroundings: app.door().surroundings(),
        query,
        form: Fields::read(body),
        body,
        params,
    };
    let page = if asked.may_show(app.within(uri.path())) { page } else { lease::show };
    let outcome = asked.look().and_then(|()| page(&mut asked));
    asked.respond(outcome)
}

impl Asked<'_> {
    /// Whether this page may be shown: while the read lease is over, only what recording and
    /// syncing need.
    fn may_show(&self, path: &str) -> bool {
        let needed = path == "/sync" || path == "/record" || path.starts_with("/record/");
        needed || self.lease == ReadLease::Open
    }

    /// Whether what is held of children may be shown.
    pub fn is_readable(&self) -> bool {
        self.lease == ReadLease::Open
    }

    fn look(&mut self) -> Result<(), Problem> {
        Ok(self.open.judged.look_elsewhere(&self.open.store)?)
    }

    fn respond(&self, outcome: Outcome) -> Response {
        let page = match outcome {
            Ok(Reply::Page(page)) => page,
            Ok(Reply::Go(path)) => return redirect(&self.app.at(&path)),
            Ok(Reply::Kept) => return plain(StatusCode::NO_CONTENT),
            Err(Problem::NotHere) => Page::not_here(),
            Err(Problem::Settling) => Page::settling(self.settles_in_seconds()),
            Err(Problem::Store(error)) => Page::problem(&error.to_string()),
        };
        match self.store().status() {
            Ok(status) => page.draw(&Frame::of(self, &status)),
            Err(error) => Page::problem(&error.to_string()).draw(&Frame::bare(self.app)),
        }
    }
}

/// Leads on to another address.
pub fn redirect(to: &str) -> Response {
    let mut response = plain(StatusCode::SEE_OTHER);
    if let Ok(to) = to.parse() {
        response.headers_mut().insert(header::LOCATION, to);
    }
    response
}

fn plain(status: StatusCode) -> Response {
    let mut response = Response::default();
    *response.status_mut() = status;
    response
}

/// The keys of the wording that the pages put together, for its test.
#[cfg(test)]
pub fn wording_keys() -> Vec<String> {
    let replies = record::form::ReplyBy::ALL.iter().map(|by| format!("reply-{}", by.as_str()));
    let results = record::form::Result::all().map(|result| format!("result-{result}"));
    act::wording_keys().into_iter().chain(replies).chain(results).collect()
}
