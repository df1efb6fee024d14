//! A device that is lost: shutting it out, exactly what is known of it, and what nobody can know.

use axum::extract::{Form, Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use chrono::{DateTime, Utc};
use doorstep_core::access::Task;
use doorstep_core::ids::DeviceId;
use maud::{Markup, html};
use serde::Deserialize;

use super::page::csrf_field;
use super::problem::{self, Refusal};
use super::session::SignedIn;
use super::text::{rich, text};
use super::viewer::Viewer;
use super::{devices, parts, times};
use crate::admin::device_state::DeviceState;
use crate::app::AppState;
use crate::store::devices::Device;
use crate::store::directory::Child;
use crate::store::visits::PlannedVisit;
use crate::store::{StoreError, Tx};

/// A planned visit of which the device may hold the record.
#[derive(Clone, Debug)]
pub struct Unheard {
    /// The visit.
    pub visit: PlannedVisit,
    /// The child.
    pub child: Child,
}

/// What was pressed.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Pressed {
    csrf: String,
    sure: String,
}

/// Whether the viewer may shut the device out: their own, their team's, or every one.
pub fn may_revoke(tx: &dyn Tx, viewer: &Viewer, device: &Device) -> Result<bool, StoreError> {
    if viewer.seats.may(Task::EveryDevice) || device.person == viewer.person {
        return Ok(true);
    }
    let theirs = devices::people(tx, viewer)?;
    let of_team = theirs.is_some_and(|people| people.contains(&device.person));
    Ok(of_team && viewer.seats.may(Task::TeamDevices))
}

/// The visits of the device's person that were to be made since it was last heard of, and of which
/// nothing has come.
pub fn unheard(
    tx: &dyn Tx,
    state: &DeviceState,
    now: DateTime<Utc>,
) -> Result<Vec<Unheard>, StoreError> {
    let since = state.silent_since();
    let mut unheard = Vec::new();
    for visit in tx.planned_visits_between(since, now)? {
        if visit.person != state.person.id || visit.cancelled.is_some() {
            continue;
        }
        let Some(child) = tx.child(visit.child)? else { continue };
        let recorded = tx.history(visit.child)?.iter().any(|event| {
            event.person == visit.person && event.at >= since && event.device == state.device.id
        });
        if !recorded {
            unheard.push(Unheard { visit, child });
        }
    }
    Ok(unheard)
}

/// `POST /devices/{id}/revoke`.
pub async fn revoke(
    State(state): State<AppState>,
    signed: SignedIn,
    Path(id): Path<String>,
    Form(pressed): Form<Pressed>,
) -> Response {
    problem::or_page(&signed, shut_out(&state, &signed, &id, &pressed).await)
}

async fn shut_out(
    state: &AppState,
    signed: &SignedIn,
    id: &str,
    pressed: &Pressed,
) -> Result<Response, Refusal> {
    signed.check(&pressed.csrf)?;
    let id: DeviceId = id.parse().map_err(|_| Refusal::NotFound)?;
    if pressed.sure.is_empty() {
        return Ok(Redirect::to(&format!("/devices/{id}?sure=ask")).into_response());
    }
    let (viewer, now) = (signed.viewer.clone(), state.ambient.now());
    let work = move |tx: &mut dyn Tx| {
        let Some(device) = tx.device(id)?.filter(|device| device.desk_key.is_none()) else {
            return Ok::<_, StoreError>(false);
        };
        if !may_revoke(tx, &viewer, &device)? {
            return Ok(false);
        }
        let revoked = device.revoked.or(Some(now));
        tx.put_device(&Device { revoked, ..device })?;
        Ok(true)
    };
    if !state.db.write(work).await? {
        return Err(Refusal::NotFound);
    }
    tracing::info!(device = %id, by = %signed.viewer.person, "a device was shut out");
    Ok(Redirect::to(&format!("/devices/{id}")).into_response())
}

/// The button that shuts a device out, which asks once whether that is meant.
pub fn revoke_form(device: &Device, csrf: &str, asked: bool) -> Markup {
    html! {
        h2.govuk-heading-m { (text!("lost-lost-stolen-or-handed")) }
        p.govuk-body {
            (text!("lost-shut-device-out-from"))
        }
        form method="post" action=(format!("/devices/{}/revoke", device.id)) {
            (csrf_field(csrf))
            @if asked {
                input type="hidden" name="sure" value="yes";
                button."govuk-button govuk-button--warning" { (text!("lost-yes-shut-device-out")) }
                p.govuk-body {
                    a.govuk-link href=(format!("/devices/{}", device.id)) {
                        (text!("lost-leave-as"))
                    }
                }
            } @else {
                button."govuk-button govuk-button--warning" { (text!("lost-shut-device-out")) }
            }
        }
    }
}

/// What is known of a device that is shut out, and what nobody can know.
pub fn known(
    state: &DeviceState,
    unheard: &[Unheard],
    children: &[Child],
    now: DateTime<Utc>,
) -> Markup {
    let device = &state.device;
    let when = |at: DateTime<Utc>| parts::instant(at, &times::short(at, now));
    let protected = children.iter().filter(|child| child.address_protected).count();
    html! {
        h2.govuk-heading-m { (text!("lost-what-known")) }
        ul."govuk-list govuk-list--bullet" {
            li {
                @match device.last_contact {
                    Some(at) => (rich!("lost-last-spoke", when = when(at))),
                    None => { (text!("lost-has-never-spoken-server")) }
                }
            }
            @match state.missing {
                Some(missing) => {
                    li {
                        @let count = missing.to + 1 - missing.from;
                        (text!("lost-held", count = count, from = missing.from, to = missing.to))
                        @if let Some(oldest) = device.oldest_unsent {
                            " " (rich!("lost-oldest", when = when(oldest)))
                        }
                    }
                }
                None => {
                    li { (text!("lost-when-last-spoke-everything")) }
                }
            }
            li {
                (text!("lost-ask", person = state.person.name.as_str()))
            }
            li {
                (text!("lost-children", count = children.len(), protected = protected))
            }
            li {
                (text!("lost-encrypted", person = state.person.name.as_str()))
            }
            @if state.set_aside > 0 {
                li { (text!("lost-set-aside", count = state.set_aside)) }
            }
        }
        @if !unheard.is_empty() {
            h3.govuk-heading-s { (text!("lost-visits-planned-since-then")) }
            ul."govuk-list govuk-list--bullet" {
                @for Unheard { visit, child } in unheard {
                    li {
                        (child.name) " " span.govuk-hint { (child.external) } ", "
                        (when(visit.at))
                    }
                }
            }
        }
    }
}
