//! `/notices`: what became of every notice, whether notices go out, and trying whether they arrive.

use axum::extract::{Form, Query, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use chrono::{DateTime, Utc};
use doorstep_core::ids::PersonId;
use maud::{Markup, html};
use serde::Deserialize;

use super::notice_log::{self, Entry};
use super::page::{Page, Section, csrf_field};
use super::problem::{self, Refusal};
use super::session::SignedIn;
use super::sign_in::OnlyCsrf;
use super::text::{rich, text};
use super::viewer::Viewer;
use super::{devices, parts};
use crate::app::AppState;
use crate::outbox;
use crate::store::directory::Person;
use crate::store::notices::{Channel, Failing, LogFilter, Preference, Upshot};
use crate::store::{StoreError, Tx};

/// Notices on one page of the log.
const PAGE_ROWS: usize = 25;
/// Pages of the log that are offered; what is older is in `doorstep admin notices`.
const PAGES_MAX: usize = 40;

/// Which part of the log, and what was just done.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    show: String,
    page: usize,
    done: String,
}

/// What was typed to send a test.
#[derive(Debug, Deserialize)]
pub struct Test {
    csrf: String,
    channel: String,
}

/// Everything that the page shows.
struct Notices {
    entries: Vec<Entry>,
    pages: usize,
    page: usize,
    only_open: bool,
    failing: Option<Failing>,
    person: Option<Person>,
    preference: Preference,
}

/// `GET /notices`.
pub async fn show(
    State(state): State<AppState>,
    signed: SignedIn,
    Query(asked): Query<Asked>,
) -> Response {
    problem::or_page(&signed, draw(&state, &signed, &asked, &html! {}).await)
}

async fn draw(
    state: &AppState,
    signed: &SignedIn,
    asked: &Asked,
    said: &Markup,
) -> Result<Response, Refusal> {
    let now = state.ambient.now();
    let (viewer, asked, flag_after) =
        (signed.viewer.clone(), asked.clone(), state.config.notices.flag_after);
    let done = asked.done == "again";
    let look = move |tx: &dyn Tx| gather(tx, &viewer, &asked, flag_after);
    let notices = state.db.read(look).await?;
    let content = html! {
        (said)
        @if done {
            (parts::done_banner(&html! {
                p.govuk-notification-banner__heading { (text!("notices-they-are-tried-again")) }
            }))
        }
        h1.govuk-heading-l { (text!("notices-notices")) }
        p.govuk-body {
            (text!("notices-notice-says-what-kind"))
        }
        (warning(notices.failing, now))
        (again(&notices, signed))
        (wishes(&notices))
        (tests(state, &notices, signed))
        (log(&notices, now))
    };
    let page = Page {
        title: text!("page-notices"),
        section: Section::Notices,
        signed: Some(signed.signed()),
        back: None,
        content,
    };
    Ok(page.draw().into_response())
}

fn gather(
    tx: &dyn Tx,
    viewer: &Viewer,
    asked: &Asked,
    flag_after: u32,
) -> Result<Notices, StoreError> {
    let page = asked.page.clamp(1, PAGES_MAX);
    let only_open = asked.show == "open";
    let people = devices::people(tx, viewer)?;
    let (skip, count) = ((page - 1) * PAGE_ROWS, PAGE_ROWS + 1);
    let filter = LogFilter { people, only_open, skip, count };
    let mut entries = Vec::new();
    for notice in tx.notice_log(&filter)? {
        entries.push(Entry::gather(tx, notice)?);
    }
    let pages = if entries.len() > PAGE_ROWS { (page + 1).min(PAGES_MAX) } else { page };
    entries.truncate(PAGE_ROWS);
    Ok(Notices {
        entries,
        pages,
        page,
        only_open,
        failing: tx.failing_notices(flag_after)?,
        person: tx.person(viewer.person)?,
        preference: tx.preference(viewer.person)?.unwrap_or_default(),
    })
}

/// Says that notices are not going out, where they are not.
pub fn warning(failing: Option<Failing>, now: DateTime<Utc>) -> Markup {
    html! {
        @if let Some(Failing { count, since }) = failing {
            div.govuk-warning-text {
                span.govuk-warning-text__icon aria-hidden="true" { "!" }
                strong.govuk-warning-text__text {
                    span.govuk-visually-hidden { (text!("notices-warning")) }
                    @let since = parts::instant(since, &super::times::short(since, now));
                    @if count == 1 { (rich!("notices-failing-one", since = since)) } @else {
                        (rich!("notices-failing", count = count, since = since))
                    }
                    " "
                    a.govuk-link href="/notices?show=open" {
                        (text!("notices-which-notices-these-are"))
                    }
                }
            }
        }
    }
}

fn again(notices: &Notices, signed: &SignedIn) -> Markup {
    let given_up = notices.entries.iter().any(Entry::is_stuck);
    html! {
        @if signed.viewer.administrator && (notices.failing.is_some() || given_up) {
            form method="post" action="/notices/again" {
                (csrf_field(&signed.csrf))
                button."govuk-button govuk-button--secondary" data-module="govuk-button"
                    data-prevent-double-click="true" { (text!("notices-try-those-failed-again")) }
            }
        }
    }
}

fn wishes(notices: &Notices) -> Markup {
    let words = super::preferences::in_words(&notices.preference);
    html! {
        h2.govuk-heading-m { (text!("notices-how-you-are-told")) }
        ul."govuk-list govuk-list--bullet" { @for sentence in words { li { (sentence) } } }
        p.govuk-body {
            a.govuk-link href="/notices/preferences" { (text!("notices-change-how-you-are")) }
        }
    }
}

/// The ways that the viewer can try.
fn ways(state: &AppState, notices: &Notices, viewer: &Viewer) -> Vec<(Channel, String)> {
    let Some(person) = &notices.person else { return Vec::new() };
    let mut ways: Vec<_> = state
        .config
        .ways()
        .into_iter()
        .filter_map(|channel| {
            let to = if channel == Channel::NotifySms { &person.phone } else { &person.email };
            to.clone().map(|to| (channel, to.into()))
        })
        .collect();
    if viewer.administrator && !state.config.notices.webhook.url.is_empty() {
        ways.push((Channel::Webhook, text!("notices-webhook-address")));
    }
    ways
}

fn tests(state: &AppState, notices: &Notices, signed: &SignedIn) -> Markup {
    let ways = ways(state, notices, &signed.viewer);
    html! {
        h2.govuk-heading-m { (text!("notices-try-whether-notices-arrive")) }
        @if ways.is_empty() {
            p.govuk-body {
                (text!("notices-there-no-way-telling"))
            }
        }
        @for (channel, to) in ways {
            form.ds-test method="post" action="/notices/test" {
                (csrf_field(&signed.csrf))
                input type="hidden" name="channel" value=(channel.as_str());
                button."govuk-button govuk-button--secondary" data-module="govuk-button"
                    data-prevent-double-click="true" {
                    (text!("notices-test-of", way = channel.name())) " "
                    span.govuk-visually-hidden { (text!("notices-test-whom", to = to.as_str())) }
                }
                p.govuk-hint { (text!("notices-test-to", to = to.as_str())) }
            }
        }
    }
}

fn log(notices: &Notices, now: DateTime<Utc>) -> Markup {
    let path = if notices.only_open { "/notices?show=open&page=" } else { "/notices?page=" };
    html! {
        h2.govuk-heading-m #log { (text!("notices-delivery-log")) }
        nav.ds-filters aria-label=(text!("notices-log-show")) {
            ul.ds-filters__group {
                li.ds-filters__item {
                    a href="/notices" aria-current=[(!notices.only_open).then_some("true")] {
                        (text!("notices-all"))
                    }
                }
                li.ds-filters__item {
                    a href="/notices?show=open" aria-current=[notices.only_open.then_some("true")] {
                        (text!("notices-not-delivered-yet"))
                    }
                }
            }
        }
        @if notices.entries.is_empty() {
            (parts::empty(&text!("notices-nothing-here"), &text!("notices-no-notice-yours-part")))
        } @else {
            (notice_log::table(&notices.entries, now))
        }
        (parts::pagination(path, notices.page, notices.pages))
    }
}

/// `POST /notices/test`: one message to whoever asks.
pub async fn test(
    State(state): State<AppState>,
    signed: SignedIn,
    Form(form): Form<Test>,
) -> Response {
    problem::or_page(&signed, test_as(&state, &signed, &form).await)
}

async fn test_as(state: &AppState, signed: &SignedIn, form: &Test) -> Result<Response, Refusal> {
    signed.check(&form.csrf)?;
    let channel = Channel::ALL.into_iter().find(|known| known.as_str() == form.channel);
    let allowed = |channel: &Channel| {
        let is_webhook = *channel == Channel::Webhook;
        state.config.ways().contains(channel) || (is_webhook && signed.viewer.administrator)
    };
    let channel = channel.filter(allowed).ok_or(Refusal::NotFound)?;
    let person: PersonId = signed.viewer.person;
    let (upshot, why) = outbox::send_test(state, person, channel).await?;
    let name = channel.name();
    let heading = match upshot {
        Upshot::Delivered => text!("notices-test-delivered", way = name),
        Upshot::Accepted => text!("notices-test-accepted", way = name),
        Upshot::Failed | Upshot::Refused => text!("notices-test-failed", way = name),
    };
    let said = if matches!(upshot, Upshot::Delivered | Upshot::Accepted) {
        parts::done_banner(&html! {
            p.govuk-notification-banner__heading { (heading) }
            p.govuk-body { (text!("notices-look-whether-arrives")) }
        })
    } else {
        html! {
            div.govuk-error-summary data-module="govuk-error-summary" {
                div role="alert" {
                    h2.govuk-error-summary__title { (heading) }
                    div.govuk-error-summary__body { p { (why.unwrap_or_default()) } }
                }
            }
        }
    };
    draw(state, signed, &Asked::default(), &said).await
}

/// `POST /notices/again`: what failed is tried again now.
pub async fn try_again(
    State(state): State<AppState>,
    signed: SignedIn,
    Form(form): Form<OnlyCsrf>,
) -> Response {
    problem::or_page(&signed, try_again_as(&state, &signed, &form.csrf).await)
}

async fn try_again_as(
    state: &AppState,
    signed: &SignedIn,
    csrf: &str,
) -> Result<Response, Refusal> {
    signed.check(csrf)?;
    if !signed.viewer.administrator {
        return Err(Refusal::NotFound);
    }
    let now = state.ambient.now();
    state.db.write(move |tx: &mut dyn Tx| tx.try_again(now)).await?;
    state.signals.inbox_changed();
    Ok(Redirect::to("/notices?done=again").into_response())
}
