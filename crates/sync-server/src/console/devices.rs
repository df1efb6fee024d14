//! `/devices`: how the devices of a manager's team stand with the server. Names no child: those are
//! on each device's own page.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, TimeDelta, Utc};
use doorstep_core::access::Task;
use doorstep_core::ids::PersonId;
use doorstep_core::trust::TOLERANCE;
use maud::{Markup, html};

use super::page::{Page, Section};
use super::problem::{self, Refusal};
use super::session::SignedIn;
use super::text::{rich, text};
use super::viewer::Viewer;
use super::{parts, times};
use crate::admin::device_state::{self, DeviceState, Missing};
use crate::app::{AppState, MadeState};
use crate::store::directory::People;
use crate::store::{StoreError, Tx};

/// Devices on the page; how many more there are is said.
const ROWS_MAX: usize = 500;

/// `GET /devices`.
pub async fn show(State(state): State<AppState>, signed: SignedIn) -> Response {
    problem::or_page(&signed, draw(&state, &signed).await)
}

async fn draw(state: &AppState, signed: &SignedIn) -> Result<Response, Refusal> {
    let viewer = signed.viewer.clone();
    let states = state.db.read(move |tx: &dyn Tx| gather(tx, &viewer)).await?;
    let (now, scheduled) = (state.ambient.now(), state.config.backup.folder.is_some());
    let backup = scheduled.then(|| backup(&state.health.backup.state(), &signed.viewer, now));
    let seats = &signed.viewer.seats;
    let may_enrol = seats.may(Task::TeamDevices) || seats.may(Task::EveryDevice);
    let page = Page {
        title: text!("page-devices"),
        section: Section::Devices,
        signed: Some(signed.signed()),
        back: None,
        content: content(&states, backup.as_ref(), may_enrol, now),
    };
    Ok(page.draw().into_response())
}

fn gather(tx: &dyn Tx, viewer: &Viewer) -> Result<Vec<DeviceState>, StoreError> {
    device_state::all(tx, people(tx, viewer)?.as_deref())
}

/// Whose devices the viewer sees: their own, and those of the team that they answer for; none:
/// everybody's.
pub fn people(tx: &dyn Tx, viewer: &Viewer) -> Result<Option<Vec<PersonId>>, StoreError> {
    if viewer.administrator {
        return Ok(None);
    }
    let mut people = vec![viewer.person];
    if let Some(team) = viewer.team.filter(|_| viewer.sees_team) {
        people.extend(tx.people(People::Team(team))?.into_iter().map(|person| person.id));
    }
    Ok(Some(people))
}

/// How the scheduled backups go. Why one failed names folders of the server: for administrators.
fn backup(state: &MadeState, viewer: &Viewer, now: DateTime<Utc>) -> Markup {
    html! {
        @if let Some((since, reason)) = &state.failing {
            div.govuk-warning-text {
                span.govuk-warning-text__icon aria-hidden="true" { "!" }
                strong.govuk-warning-text__text {
                    span.govuk-visually-hidden { (text!("devices-warning")) }
                    (rich!("devices-backup-fails",
                        since = parts::instant(*since, &times::short(*since, now)))) " "
                    @if viewer.administrator {
                        (reason)
                    } @else {
                        (text!("devices-tell-administrator"))
                    }
                }
            }
        }
        p.govuk-body {
            @match state.last {
                Some(last) => (rich!("devices-backed-up",
                    when = parts::instant(last, &times::short(last, now)))),
                None => { (text!("devices-server-has-not-been")) }
            }
        }
    }
}

fn content(
    states: &[DeviceState],
    backup: Option<&Markup>,
    may_enrol: bool,
    now: DateTime<Utc>,
) -> Markup {
    let columns = [
        text!("devices-whose"),
        text!("devices-last-contact"),
        text!("devices-still-on-it"),
        text!("devices-clock"),
        text!("devices-children"),
        text!("devices-app"),
    ];
    let rows: Vec<_> = states.iter().take(ROWS_MAX).map(|state| row(state, now)).collect();
    html! {
        h1.govuk-heading-l { (text!("devices-devices")) }
        p.govuk-body {
            (text!("devices-what-devices-said-when"))
        }
        @if let Some(backup) = backup { (backup) }
        @if may_enrol {
            p.govuk-body { a.govuk-link href="/devices/enrol" { (text!("devices-enrol-device")) } }
        }
        @if rows.is_empty() {
            (parts::empty(&text!("devices-no-devices"),
                &text!("devices-nobody-yours-has-enrolled")))
        } @else {
            (parts::table(&text!("devices-longest-silent-first"), &columns, &rows))
        }
        @if states.len() > ROWS_MAX {
            p.govuk-body { (text!("devices-more", count = states.len() - ROWS_MAX)) }
        }
    }
}

fn row(state: &DeviceState, now: DateTime<Utc>) -> Vec<Markup> {
    let device = &state.device;
    vec![
        html! {
            a.govuk-link href=(format!("/devices/{}", device.id)) { (state.person.name) } br;
            span.govuk-hint { (device.name) }
            @if device.revoked.is_some() {
                " " (parts::tag(Some("red"), &text!("devices-shut-out")))
            }
        },
        html! {
            @match device.last_contact {
                Some(at) => (parts::instant(at, &times::short(at, now))),
                None => { (text!("devices-never")) }
            }
        },
        unsent(state, now),
        clock(state),
        html! { (state.children) },
        html! { (device.app) },
    ]
}

/// What is still on a device, as it last said.
pub fn unsent(state: &DeviceState, now: DateTime<Utc>) -> Markup {
    html! {
        @match state.missing {
            None => { (text!("devices-nothing")) }
            Some(Missing { epoch, from, to }) => {
                (text!("devices-records", count = to + 1 - from))
                @if let Some(oldest) = state.device.oldest_unsent {
                    " " (rich!("devices-oldest",
                        when = parts::instant(oldest, &times::short(oldest, now))))
                }
                br;
                span.govuk-hint {
                    @if from == to { (text!("devices-missing-one", number = from)) } @else {
                        (text!("devices-missing", from = from, to = to))
                    }
                    @if epoch > 1 { " " (text!("devices-epoch", epoch = epoch)) }
                }
            }
        }
        @if state.set_aside > 0 {
            br;
            a.govuk-link href="/quarantine" {
                (text!("devices-set-aside", count = state.set_aside))
            }
        }
    }
}

/// How a device's clock goes.
pub fn clock(state: &DeviceState) -> Markup {
    html! {
        @match state.clock_ahead() {
            None => { (text!("devices-not-known")) }
            Some(ahead) if ahead.abs() <= TOLERANCE => { (text!("devices-right")) }
            Some(ahead) => {
                (parts::tag(Some("yellow"), &span_words(ahead)))
            }
        }
    }
}

/// How far a clock is off, for example `3 hours ahead`.
fn span_words(ahead: TimeDelta) -> String {
    let span = ahead.abs();
    let (count, key) = match span.num_minutes() {
        minutes if minutes < 120 => (minutes, "devices-minutes"),
        minutes if minutes < 48 * 60 => (span.num_hours(), "devices-hours"),
        _ => (span.num_days(), "devices-days"),
    };
    let span = text!(key, count = count);
    if ahead > TimeDelta::zero() {
        text!("devices-ahead", span = span)
    } else {
        text!("devices-behind", span = span)
    }
}
