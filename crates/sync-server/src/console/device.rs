//! `/devices/{id}`: one device, and the children that were sent to it. For who answers for its
//! person, when a device is lost or somebody leaves.

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, Utc};
use doorstep_core::ids::DeviceId;
use doorstep_core::wire::Divergence;
use maud::{Markup, html};

use super::devices::{self, clock, unsent};
use super::page::{Page, Section};
use super::problem::{self, Refusal};
use super::session::SignedIn;
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
) -> Response {
    problem::or_page(&signed, draw(&state, &signed, &id).await)
}

async fn draw(state: &AppState, signed: &SignedIn, id: &str) -> Result<Response, Refusal> {
    let id: DeviceId = id.parse().map_err(|_| Refusal::NotFound)?;
    let viewer = signed.viewer.clone();
    let look = move |tx: &dyn Tx| {
        let (state, children) = match device_state::one(tx, id) {
            Ok(found) => found,
            Err(AdminError::Store(error)) => return Err(error),
            Err(_) => return Ok(None),
        };
        let theirs = devices::people(tx, &viewer)?;
        let seen = theirs.is_none_or(|people| people.contains(&state.device.person));
        Ok::<_, StoreError>(seen.then_some((state, children)))
    };
    let (device, children) = state.db.read(look).await?.ok_or(Refusal::NotFound)?;
    let page = Page {
        title: format!("{}, {}", device.person.name, device.device.name),
        section: Section::Devices,
        signed: Some(signed.signed()),
        back: Some(("/devices", "Back to the devices")),
        content: content(&device, &children, state.ambient.now()),
    };
    Ok(page.draw().into_response())
}

/// How often a child's copy on the device differed from the server's.
fn differed(Divergence { found, healed }: Divergence) -> Markup {
    html! {
        @if found == 0 {
            "Never"
        } @else {
            (found) " found, " (healed) " mended by the device itself"
            @if healed < found { " " (parts::tag(Some("yellow"), "Being mended")) }
        }
    }
}

fn content(state: &DeviceState, children: &[Child], now: DateTime<Utc>) -> Markup {
    let device = &state.device;
    let when = |at: DateTime<Utc>| parts::instant(at, &times::short(at, now));
    let mut rows = vec![
        ("Device", html! { (device.name) br; span.govuk-hint { (device.id) } }),
        ("App", html! { (device.app) }),
        ("Enrolled", when(device.enrolled)),
        ("Last contact", device.last_contact.map_or_else(|| html! { "Never" }, when)),
        ("Still on it", unsent(state, now)),
        ("Clock", clock(state)),
        ("Copies that differed", differed(device.divergence)),
    ];
    if let Some(revoked) = device.revoked {
        rows.push(("Shut out", when(revoked)));
    }
    html! {
        h1.govuk-heading-l { (state.person.name) }
        (parts::summary_list(&rows))
        h2.govuk-heading-m { "Children on it" }
        p.govuk-body {
            "What the server sent to this device and has not told it to remove. The device removes "
            "a child when it next speaks to the server."
        }
        @if children.is_empty() {
            p.govuk-body { "None." }
        } @else {
            ul."govuk-list govuk-list--bullet" {
                @for child in children {
                    li { (child.name) " " span.govuk-hint { (child.external) } }
                }
            }
        }
    }
}
