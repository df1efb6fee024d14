//! The practitioner's pages: HTML drawn on the device from the device's own store. No platform
//! code: no clock, no chance, no file, no network, no runtime. A *door* brings those: the browser's
//! worker (`doorstep-field-web`), `doorstep device serve`, or a test.
//!
//! # What a door does
//!
//! ```text
//! let app = App::new(door, "/field", Begin::Unlock);    // or Begin::FirstUse
//! let router = app.router();
//! for each request:
//!     match app.work(&request) {
//!         Work::Page            => call(&router, request),
//!         Work::Answered(said)  => said,                       // a form with a fault in it
//!         Work::FirstUse(form)  => make the store, prepare, POST /v1/enrol, enrolled, then
//!                                  app.opened(store); app.go("/")
//!         Work::Enrol(form)     => the same on the store that is open: app.with_store(…)
//!         Work::Unlock(phrase)  => vault, open the store, app.opened(store); app.go_on(&request)
//!         Work::Lock            => app.lock(); app.go("/unlock")
//!         Work::Sync            => begin the loop below behind the answer; app.go("/sync")
//!     }
//!     whatever went wrong in it => app.refused(&request, &Trouble { … })    // the form again
//! ```
//!
//! [`call`] needs no runtime: no page ever waits. Requests may be repeated: every form carries an
//! id that was made when it was drawn, and is recorded once. A path without a page that the app
//! knows is answered with 404; a page that needs an open store is answered with 303 to the page for
//! first use or for unlocking.
//!
//! # The sync loop
//!
//! ```text
//! app.sync_begins(asked_by_a_person);
//! while let Some(request) = app.next_request()? {
//!     match post("/v1/sync", app.token(), request) {
//!         Ok(answer) => app.answered(&answer)?,
//!         Err(error) => { app.unanswered(&error.to_string(), error.retry_after()); break }
//!     }
//! }
//! app.sync_ends();
//! ```
//!
//! `next_request` gives nothing while nothing is due, so a door calls this every few seconds, after
//! every answer to a POST, and when the network comes back. It works while the pages are locked
//! too, as long as there is something unsent: [`App::lock`] keeps the store for that and lets it go
//! afterwards.
//!
//! # What the pages ask of the shell
//!
//! Every page is a whole document that works by itself. A shell that swaps pages without loading
//! them replaces `#app` and the title, calls GOV.UK's `initAll({ scope })`, and moves focus to the
//! error summary or to `h1`. Attributes that ask for a little script ([`assets`] has the one that
//! `doorstep device serve` uses; a browser's shell does the same with its worker):
//!
//! * `data-keep="PATH"` on a form: on every change, POST the form's fields there, so that a crash
//!   costs nothing; unless the answer is 204, show the form's `[data-unkept]`, which is hidden;
//! * `data-again="MS"` on `main`: fetch the same address with `again=1` in its query after so many
//!   milliseconds and show that, unless the person is in the middle of a form. It does not count as
//!   use: a door calls [`App::lock_if_idle`] every now and then.

mod app;
pub mod assets;
mod call;
mod door;
mod fields;
mod judged;
mod page;
mod pages;
mod parts;
mod text;

pub use app::{App, Begin, IDLE_MINUTES_MAX, Stage};
pub use call::{Answer, Request, call};
pub use door::{Door, Enrol, FirstUse, Link, Notice, Place, Surroundings, Trouble, Work};
