//! The layout that every page shares.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use doorstep_core::describe::{sentence_case, times};
use doorstep_device_store::Status;
use maud::{DOCTYPE, Markup, html};

use crate::app::App;
use crate::door::{Link, Notice};
use crate::pages::Asked;
use crate::text::text;

/// What the browser may load: our own stylesheet, scripts and pictures.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; \
    style-src 'self'; img-src 'self' blob:; connect-src 'self'; form-action 'self'; \
    base-uri 'none'; frame-ancestors 'none'";

/// Where in the app a page belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// What is to be done today.
    Today,
    /// The caseload.
    Children,
    /// The records made here.
    Records,
    /// The exchange with the server.
    Sync,
    /// None of these.
    Elsewhere,
}

/// A page before it is drawn.
pub struct Page {
    /// The HTTP status.
    pub status: StatusCode,
    /// The title, most particular first.
    pub title: String,
    /// Its section.
    pub section: Section,
    /// The page above it: its path in the app and its name.
    pub back: Option<(String, String)>,
    /// After how many milliseconds it is worth asking for again.
    pub again_ms: Option<u32>,
    /// Its content.
    pub content: Markup,
}

/// What stands around a page.
pub struct Frame<'a> {
    app: &'a App,
    who: Option<Who<'a>>,
    notices: Vec<Notice>,
}

struct Who<'a> {
    name: &'a str,
    state: String,
    alarming: bool,
}

impl Page {
    /// A page.
    pub fn new(section: Section, title: String, content: Markup) -> Self {
        Self { status: StatusCode::OK, title, section, back: None, again_ms: None, content }
    }

    /// The same page with a link to the page above it.
    #[must_use]
    pub fn back(mut self, path: String, name: String) -> Self {
        self.back = Some((path, name));
        self
    }

    /// The same page, whose form has faults.
    #[must_use]
    pub fn refused(mut self) -> Self {
        self.status = StatusCode::UNPROCESSABLE_ENTITY;
        self.title = text!("error-title", title = self.title);
        self
    }

    /// There is no such page.
    pub fn not_here() -> Self {
        let title = text!("not-here-title");
        let content = html! {
            h1.govuk-heading-l tabindex="-1" { (title) }
            p.govuk-body { (text!("not-here-body")) }
        };
        Self { status: StatusCode::NOT_FOUND, ..Self::new(Section::Elsewhere, title, content) }
    }

    /// Nothing is recorded while the device makes its storage safe: for how long, and what to do.
    pub fn settling(seconds: Option<i64>) -> Self {
        let title = text!("settling-title");
        let content = html! {
            h1.govuk-heading-l tabindex="-1" { (title) }
            p.govuk-inset-text role="alert" {
                (text!("settling-body", seconds = seconds.unwrap_or_default()))
            }
        };
        let status = StatusCode::SERVICE_UNAVAILABLE;
        Self { status, ..Self::new(Section::Elsewhere, title, content) }
    }

    /// The store says no: why, and what to do, in a sentence.
    pub fn problem(words: &str) -> Self {
        let title = text!("problem-title");
        let content = html! {
            h1.govuk-heading-l tabindex="-1" { (title) }
            div.govuk-inset-text role="alert" { (sentence_case(words)) "." }
            p.govuk-body { (text!("problem-body")) }
        };
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        Self { status, ..Self::new(Section::Elsewhere, title, content) }
    }

    /// Draws it.
    pub fn draw(&self, frame: &Frame<'_>) -> Response {
        let mut response = (self.status, self.document(frame)).into_response();
        let headers = response.headers_mut();
        for (name, value) in [
            (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
            (header::CACHE_CONTROL, "no-store"),
            (header::REFERRER_POLICY, "same-origin"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        response
    }

    fn document(&self, frame: &Frame<'_>) -> Markup {
        let asset = |name: &str| frame.app.at(&format!("/assets/{name}"));
        html! {
            (DOCTYPE)
            html.govuk-template lang="en-GB" {
                head {
                    meta charset="utf-8";
                    title { (self.title) " – " (text!("app-name")) }
                    meta name="viewport"
                        content="width=device-width, initial-scale=1, viewport-fit=cover";
                    meta name="color-scheme" content="light dark";
                    meta name="theme-color" content="#0b4f4c";
                    meta name="robots" content="noindex, nofollow";
                    link rel="icon" type="image/svg+xml" href=(asset("mark.svg"));
                    link rel="stylesheet" href=(asset("field.css"));
                    script type="module" src=(asset("field.js")) {}
                }
                body.govuk-template__body {
                    div #app {
                        a.govuk-skip-link href="#main-content" data-module="govuk-skip-link" {
                            (text!("skip"))
                        }
                        (frame.masthead())
                        @if frame.who.is_some() { (self.navigation(frame.app)) }
                        div.govuk-width-container {
                            (frame.notices())
                            @if let Some((path, name)) = &self.back {
                                nav aria-label=(text!("back-label")) {
                                    a.govuk-back-link href=(frame.app.at(path)) { (name) }
                                }
                            }
                            main.govuk-main-wrapper #main-content tabindex="-1"
                                data-again=[self.again_ms] { (self.content) }
                        }
                    }
                }
            }
        }
    }

    fn navigation(&self, app: &App) -> Markup {
        let items = [
            (Section::Today, "/", text!("nav-today")),
            (Section::Children, "/children", text!("nav-children")),
            (Section::Records, "/records", text!("nav-records")),
            (Section::Sync, "/sync", text!("nav-sync")),
        ];
        html! {
            nav.df-nav aria-label=(text!("nav-label")) {
                ul."govuk-width-container df-nav__list" {
                    @for (section, path, name) in items {
                        li {
                            a.df-nav__link href=(app.at(path))
                                aria-current=[(section == self.section).then_some("true")] {
                                (name)
                            }
                        }
                    }
                }
            }
        }
    }
}

impl<'a> Frame<'a> {
    /// Around a page over the open store.
    pub fn of(asked: &'a Asked<'_>, status: &Status) -> Self {
        let mut notices = asked.surroundings.notices.clone();
        notices.truncate(3);
        let who = Who {
            name: &asked.me.person.name,
            state: state_line(status, asked),
            alarming: status.on_this_device > 0 || status.needs_you > 0,
        };
        Self { app: asked.app, who: Some(who), notices }
    }

    /// Around a page without one.
    pub fn bare(app: &'a App) -> Self {
        Self { app, who: None, notices: app.door().surroundings().notices }
    }

    fn masthead(&self) -> Markup {
        html! {
            header.df-masthead {
                div."govuk-width-container df-masthead__inner" {
                    a.df-masthead__home href=(self.app.at("/")) {
                        img src=(self.app.at("/assets/mark.svg")) alt="" width="24" height="24";
                        (text!("app-name"))
                    }
                    @if let Some(who) = &self.who {
                        form.df-masthead__person method="post" action=(self.app.at("/lock")) {
                            span.df-masthead__name { (who.name) }
                            button.df-masthead__lock { (text!("lock")) }
                        }
                    }
                }
                @if let Some(who) = &self.who {
                    p.df-state .df-state--here[who.alarming] {
                        a.govuk-width-container href=(self.app.at("/sync")) { (who.state) }
                    }
                }
            }
        }
    }

    fn notices(&self) -> Markup {
        html! {
            @for notice in &self.notices {
                div.df-notice role="status" {
                    @match notice {
                        Notice::StorageMayBeCleared => p { (text!("notice-storage")) },
                        Notice::LowSpace { megabytes } => {
                            p { (text!("notice-space", megabytes = *megabytes)) }
                        }
                        Notice::OpenElsewhere => p { (text!("notice-elsewhere")) },
                        Notice::UpdateReady { take } => form method="post" action=(take) {
                            p { (text!("notice-update")) }
                            button."govuk-button govuk-button--secondary" {
                                (text!("notice-update-take"))
                            }
                        }
                    }
                }
            }
        }
    }
}

/// How the device stands, in one honest line.
pub fn state_line(status: &Status, asked: &Asked<'_>) -> String {
    let contact = status.last_contact.map(|at| times::spoken(at, asked.now));
    let contact = match contact {
        Some(at) => text!("state-contact", at = at),
        None => text!("state-no-contact"),
    };
    let here = match status.on_this_device {
        0 => text!("state-all-sent"),
        count => text!("state-here", count = count),
    };
    let mut line = format!("{here}, {contact}");
    if status.needs_you > 0 {
        line = format!("{}, {line}", text!("state-needs-you", count = status.needs_you));
    }
    if asked.surroundings.link == Link::Offline {
        line = format!("{line}. {}", text!("state-offline"));
    }
    line
}
