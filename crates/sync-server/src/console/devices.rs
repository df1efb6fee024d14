//! `/devices`: how the devices of a manager's team stand with the server. Names no child.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, TimeDelta, Utc};
use doorstep_core::trust::TOLERANCE;
use maud::{Markup, html};

use super::page::{Page, Section};
use super::problem::{self, Refusal};
use super::session::SignedIn;
use super::viewer::Viewer;
use super::{parts, times};
use crate::admin::device_state::{self, DeviceState, Missing};
use crate::app::AppState;
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
    let page = Page {
        title: "Devices".to_owned(),
        section: Section::Devices,
        signed: Some(signed.signed()),
        back: None,
        content: content(&states, state.ambient.now()),
    };
    Ok(page.draw().into_response())
}

/// The viewer's own devices, those of the team that they answer for, or all.
fn gather(tx: &dyn Tx, viewer: &Viewer) -> Result<Vec<DeviceState>, StoreError> {
    if viewer.administrator {
        return device_state::all(tx, None);
    }
    let mut people = vec![viewer.person];
    if let Some(team) = viewer.team.filter(|_| viewer.sees_team) {
        people.extend(tx.people(People::Team(team))?.into_iter().map(|person| person.id));
    }
    device_state::all(tx, Some(&people))
}

fn content(states: &[DeviceState], now: DateTime<Utc>) -> Markup {
    let columns = ["Whose", "Last contact", "Still on it", "Clock", "Children on it", "App"];
    let rows: Vec<_> = states.iter().take(ROWS_MAX).map(|state| row(state, now)).collect();
    html! {
        h1.govuk-heading-l { "Devices" }
        p.govuk-body {
            "What the devices said when they last spoke. A record that is still on a device is "
            "safe there, but only there: phone whoever has been silent for long."
        }
        @if rows.is_empty() {
            (parts::empty("No devices", "Nobody of yours has enrolled one."))
        } @else {
            (parts::table("The longest silent first", &columns, &rows))
        }
        @if states.len() > ROWS_MAX {
            p.govuk-body { "And " (states.len() - ROWS_MAX) " more, which spoke later." }
        }
    }
}

fn row(state: &DeviceState, now: DateTime<Utc>) -> Vec<Markup> {
    let device = &state.device;
    vec![
        html! {
            (state.person.name) br;
            span.govuk-hint { (device.name) }
            @if device.revoked.is_some() { " " (parts::tag(Some("red"), "Shut out")) }
        },
        html! {
            @match device.last_contact {
                Some(at) => (parts::instant(at, &times::short(at, now))),
                None => { "Never" }
            }
        },
        unsent(state, now),
        clock(state),
        html! { (state.children) },
        html! { (device.app) },
    ]
}

fn unsent(state: &DeviceState, now: DateTime<Utc>) -> Markup {
    html! {
        @match state.missing {
            None => { "Nothing" }
            Some(Missing { epoch, from, to }) => {
                (to + 1 - from) @if from == to { " record" } @else { " records" }
                @if let Some(oldest) = state.device.oldest_unsent {
                    ", the oldest of "
                    (parts::instant(oldest, &times::short(oldest, now)))
                }
                br;
                span.govuk-hint {
                    "Missing: number " (from) @if from != to { " to " (to) }
                    @if epoch > 1 { ", epoch " (epoch) }
                }
            }
        }
        @if state.set_aside > 0 {
            br;
            a.govuk-link href="/quarantine" { (state.set_aside) " set aside" }
        }
    }
}

fn clock(state: &DeviceState) -> Markup {
    html! {
        @match state.clock_ahead() {
            None => { "Not known" }
            Some(ahead) if ahead.abs() <= TOLERANCE => { "Right" }
            Some(ahead) => {
                (parts::tag(Some("yellow"), &span_words(ahead)))
            }
        }
    }
}

/// How far a clock is off, for example `3 hours ahead`.
fn span_words(ahead: TimeDelta) -> String {
    let direction = if ahead > TimeDelta::zero() { "ahead" } else { "behind" };
    let span = ahead.abs();
    let (count, unit) = match span.num_minutes() {
        minutes if minutes < 120 => (minutes, "minutes"),
        minutes if minutes < 48 * 60 => (span.num_hours(), "hours"),
        _ => (span.num_days(), "days"),
    };
    format!("{count} {unit} {direction}")
}
