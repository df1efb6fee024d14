//! `/inbox` and `/inbox/live`.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use futures_util::{Stream, stream};

use super::filter::Filter;
use super::page::{Page, Section};
use super::problem::{self, Refusal};
use super::session::SignedIn;
use super::{gather, inbox_view};
use crate::app::{AppState, Signals};
use crate::store::Tx;

/// A live connection ends after so long; the browser opens another, and so shows its session again.
const LIVE_MAX: Duration = Duration::from_mins(10);
/// A sign of life goes out so often, so that proxies keep the connection.
const LIVE_BEAT: Duration = Duration::from_secs(20);
/// Changes within so short a time are told as one.
const LIVE_REST: Duration = Duration::from_millis(300);

/// `GET /inbox`.
pub async fn show(
    State(state): State<AppState>,
    signed: SignedIn,
    filter: Result<Query<Filter>, QueryRejection>,
) -> Response {
    let filter = filter.map(|Query(filter)| filter).unwrap_or_default();
    problem::or_page(&signed, draw(&state, &signed, filter).await)
}

async fn draw(state: &AppState, signed: &SignedIn, filter: Filter) -> Result<Response, Refusal> {
    let now = state.ambient.now();
    let viewer = signed.viewer.clone();
    let inbox = state.db.read(move |tx: &dyn Tx| gather::inbox(tx, &viewer, filter, now)).await?;
    let page = Page {
        title: inbox_view::title(&inbox),
        section: Section::Inbox,
        signed: Some(signed.signed()),
        back: None,
        content: inbox_view::content(&inbox),
    };
    Ok(page.draw().into_response())
}

/// `GET /inbox/live`: says `changed` each time the inbox may have changed, and nothing else.
pub async fn live(State(state): State<AppState>, _signed: SignedIn) -> Response {
    Sse::new(changes(&state.signals))
        .keep_alive(KeepAlive::new().interval(LIVE_BEAT))
        .into_response()
}

fn changes(signals: &Signals) -> impl Stream<Item = Result<Event, Infallible>> + use<> {
    let stopped = signals.stopped();
    let end = Box::pin(async move {
        tokio::select! {
            () = tokio::time::sleep(LIVE_MAX) => {}
            () = stopped => {}
        }
    });
    stream::unfold((signals.inbox(), end), |(mut versions, mut end)| async move {
        tokio::select! {
            () = &mut end => None,
            changed = versions.changed() => {
                changed.ok()?;
                tokio::time::sleep(LIVE_REST).await;
                let version = *versions.borrow_and_update();
                let event = Event::default().event("changed").data(version.to_string());
                Some((Ok(event), (versions, end)))
            }
        }
    })
}
