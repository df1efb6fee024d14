//! `/devices/{id}`: one device, and the children that were sent to it. For who answers for its
//! person, when a device is lost or somebody leaves.

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, Utc};
use doorstep_core::ids::DeviceId;
use doorstep_core::wire::Divergence;
use maud::{Markup, html};
use serde::Deserialize;

use super::devices::{self, clock, unsent};
use super::lost::{self, Unheard};
use super::page::{Page, Section};
use super::problem::{self, Refusal};
use super::session::SignedIn;
use super::text::text;
use super::{parts, times};
use crate::admin::AdminError;
use crate::admin::device_state::{self, DeviceState};
use crate::app::AppState;
use crate::store::directory::Child;
use crate::store::{StoreError, Tx};

/// `GET /devices/{id}`.
pub async fn show(
    State(state): State<AppState>,
    signed: SignedIn,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Response {
    problem::or_page(&signed, draw(&state, &signed, &id, !asked.sure.is_empty()).await)
}

/// What stands in the URL.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    /// Something: the button asks whether it is meant.
    sure: String,
}

/// Everything that the page shows.
struct Shown {
    state: DeviceState,
    children: Vec<Child>,
    unheard: Vec<Unheard>,
    may_revoke: bool,
    asked: bool,
}

async fn draw(
    state: &AppState,
    signed: &SignedIn,
    id: &str,
    asked: bool,
) -> Result<Response, Refusal> {
    let id: DeviceId = id.parse().map_err(|_| Refusal::NotFound)?;
    let (viewer, now) = (signed.viewer.clone(), state.ambient.now());
    let look = move |tx: &dyn Tx| {
        let (state, children) = match device_state::one(tx, id) {
            Ok(found) => found,
            Err(AdminError::Store(error)) => return Err(error),
            Err(_) => return Ok(None),
        };
        let theirs = devices::people(tx, &viewer)?;
        let seen = theirs.is_none_or(|people| people.contains(&state.device.person));
        if !seen {
            return Ok::<_, StoreError>(None);
        }
        let unheard = lost::unheard(tx, &state, now)?;
        let may_revoke = lost::may_revoke(tx, &viewer, &state.device)?;
        Ok(Some(Shown { state, children, unheard, may_revoke, asked }))
    };
    let shown = state.db.read(look).await?.ok_or(Refusal::NotFound)?;
    let device = &shown.state;
    let page = Page {
        title: format!("{}, {}", device.person.name.reveal(), device.device.name),
        section: Section::Devices,
        signed: Some(signed.signed()),
        back: Some(("/devices", &text!("devices-back"))),
        content: content(&shown, &signed.csrf, now),
    };
    Ok(page.draw().into_response())
}

/// How often a child's copy on the device differed from the server's.
fn differed(Divergence { found, healed }: Divergence) -> Markup {
    html! {
        @if found == 0 {
            (text!("devices-never"))
        } @else {
            (text!("devices-differed", found = found, healed = healed))
            @if healed < found { " " (parts::tag(Some("yellow"), &text!("devices-being-mended"))) }
        }
    }
}

fn content(shown: &Shown, csrf: &str, now: DateTime<Utc>) -> Markup {
    let Shown { state, children, unheard, may_revoke, asked } = shown;
    let device = &state.device;
    let when = |at: DateTime<Utc>| parts::instant(at, &times::short(at, now));
    let mut rows = vec![
        (text!("devices-device"), html! { (device.name) br; span.govuk-hint { (device.id) } }),
        (text!("devices-app"), html! { (device.app) }),
        (text!("devices-enrolled"), when(device.enrolled)),
        (
            text!("devices-last-contact"),
            device.last_contact.map_or_else(|| html! { (text!("devices-never")) }, when),
        ),
        (text!("devices-still-on-it"), unsent(state, now)),
        (text!("devices-clock"), clock(state)),
        (text!("devices-copies"), differed(device.divergence)),
    ];
    if let Some(revoked) = device.revoked {
        rows.push((text!("devices-shut-out"), when(revoked)));
    }
    html! {
        h1.govuk-heading-l { (state.person.name) }
        (parts::summary_list(&rows))
        @if device.revoked.is_some() { (lost::known(state, unheard, children, now)) }
        h2.govuk-heading-m { (text!("devices-children")) }
        p.govuk-body {
            (text!("devices-what-server-sent-device"))
        }
        @if children.is_empty() {
            p.govuk-body { (text!("devices-none")) }
        } @else {
            ul."govuk-list govuk-list--bullet" {
                @for child in children {
                    li { (child.name) " " span.govuk-hint { (child.external) } }
                }
            }
        }
        @if device.revoked.is_none() && *may_revoke { (lost::revoke_form(device, csrf, *asked)) }
    }
}
