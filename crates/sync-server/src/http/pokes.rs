//! `GET /v1/pokes`: says that there is something for this device, and nothing else. What it is, a
//! sync fetches.

use std::convert::Infallible;
use std::pin::Pin;
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use futures_util::{Stream, stream};
use tokio::sync::watch;

use super::bearer;
use super::problem::Refusal;
use crate::app::AppState;
use crate::enrol::authenticate;
use crate::store::{StoreError, Tx};

/// A stream ends after so long; the device opens another, and so shows its token again.
const POKES_MAX: Duration = Duration::from_mins(10);
/// A sign of life goes out so often, so that proxies keep the connection.
const POKES_BEAT: Duration = Duration::from_secs(20);
/// Changes within so short a time are told as one.
const POKES_REST: Duration = Duration::from_millis(300);
/// What another process changed, such as the administrator's command, is noticed so often.
const POKES_LOOK: Duration = Duration::from_secs(30);
/// Bytes of new events that are looked through for one that the device did not make itself.
const NEWS_BYTES: usize = 64 * 1024;

/// How far a device was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Told {
    log_epoch: u32,
    head: u64,
    directory: u64,
    policy: u64,
}

/// What a look at the store found.
enum Found {
    /// Nothing for this device.
    Nothing(Told),
    /// Something for it.
    Something(Told),
    /// The device is not known any more, or was shut out.
    ShutOut(Refusal),
}

/// Tells the device each time there may be something for it.
#[cfg_attr(feature = "schema", utoipa::path(
    get, path = "/v1/pokes", tag = "devices", security(("device" = [])),
    responses((
        status = 200, description = "A stream of server-sent events. `event: poke` means: sync.",
        body = String, content_type = "text/event-stream"
    ))
))]
pub async fn pokes(State(app): State<AppState>, headers: HeaderMap) -> Result<Response, Refusal> {
    let token = bearer::token(&headers).ok_or(Refusal::Unauthenticated)?;
    // Followed before the first look, so that nothing falls between the two.
    let news = app.signals.news();
    let told = match look(&app, &token, None).await? {
        Found::Nothing(told) | Found::Something(told) => told,
        Found::ShutOut(refusal) => return Err(refusal),
    };
    let stream = follow(Following { end: Box::pin(end(&app)), news, app, token, told });
    Ok(Sse::new(stream).keep_alive(KeepAlive::new().interval(POKES_BEAT)).into_response())
}

struct Following {
    app: AppState,
    token: String,
    news: watch::Receiver<u64>,
    told: Told,
    end: Pin<Box<dyn Future<Output = ()> + Send>>,
}

fn end(app: &AppState) -> impl Future<Output = ()> + Send + use<> {
    let stopped = app.signals.stopped();
    async move {
        tokio::select! {
            () = tokio::time::sleep(POKES_MAX) => {}
            () = stopped => {}
        }
    }
}

fn follow(following: Following) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold(following, |mut at| async move {
        loop {
            tokio::select! {
                () = &mut at.end => return None,
                () = tokio::time::sleep(POKES_LOOK) => {}
                changed = at.news.changed() => {
                    changed.ok()?;
                    tokio::time::sleep(POKES_REST).await;
                    at.news.borrow_and_update();
                }
            }
            match look(&at.app, &at.token, Some(at.told)).await {
                Ok(Found::Nothing(told)) => at.told = told,
                Ok(Found::Something(told)) => {
                    at.told = told;
                    return Some((Ok(Event::default().event("poke").data("sync")), at));
                }
                // The device finds out by syncing.
                Ok(Found::ShutOut(_)) | Err(_) => return None,
            }
        }
    })
}

/// Looks whether anything came since `told`.
async fn look(app: &AppState, token: &str, told: Option<Told>) -> Result<Found, Refusal> {
    let (token, now) = (token.to_owned(), app.ambient.now());
    let work = move |tx: &dyn Tx| {
        let Some(device) = authenticate(tx, &token)? else {
            return Ok(Found::ShutOut(Refusal::Unauthenticated));
        };
        let person = tx.person(device.person)?.ok_or(StoreError::Missing { what: "person" })?;
        if device.revoked.is_some_and(|at| at <= now) || !person.is_active(now) {
            return Ok(Found::ShutOut(Refusal::Revoked));
        }
        let organisation = tx.organisation()?;
        let organisation = organisation.ok_or(StoreError::Missing { what: "organisation" })?;
        let current = Told {
            log_epoch: organisation.log_epoch,
            head: organisation.head,
            directory: organisation.directory,
            policy: organisation.policy_revision,
        };
        let Some(told) = told.filter(|told| *told != current) else {
            return Ok(Found::Nothing(current));
        };
        if (Told { head: current.head, ..told }) != current {
            return Ok(Found::Something(current));
        }
        let news = tx.news(device.id, device.change, told.head, NEWS_BYTES)?;
        let bytes: usize = news.iter().map(|event| event.body.len()).sum();
        let of_others = news.iter().any(|event| event.device != device.id);
        let found = of_others || bytes >= NEWS_BYTES;
        Ok(if found { Found::Something(current) } else { Found::Nothing(current) })
    };
    let found: Result<Found, StoreError> = app.db.read(work).await;
    Ok(found?)
}
