//! `/inbox` and `/inbox/live`.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, Utc};
use doorstep_core::access::Thing;
use doorstep_core::ids::{EscalationId, PersonId};
use futures_util::{Stream, stream};
use maud::html;
use serde::Deserialize;

use super::filter::Filter;
use super::inbox_view::Said;
use super::page::{Page, Section};
use super::problem::{self, Refusal};
use super::session::SignedIn;
use super::{gather, happened, inbox_view, notices};
use crate::access::Reader;
use crate::app::{AppState, Signals};
use crate::judge;
use crate::store::{StoreError, Tx};

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
    Query(done): Query<Done>,
) -> Response {
    let filter = filter.map(|Query(filter)| filter).unwrap_or_default();
    problem::or_page(&signed, draw(&state, &signed, filter, &done).await)
}

/// What was done from here.
#[derive(Debug, Default, Deserialize)]
pub struct Done {
    /// The escalation that somebody acknowledged from here.
    #[serde(default, rename = "acknowledged")]
    of: String,
}

/// Who acknowledged an escalation that the viewer was told of or sees for the team.
async fn acknowledged(
    state: &AppState,
    signed: &SignedIn,
    id: EscalationId,
) -> Result<Option<Said>, StoreError> {
    let viewer = signed.viewer.clone();
    let now = state.ambient.now();
    let look = move |tx: &dyn Tx| {
        let Some(line) = tx.line(id)? else { return Ok(None) };
        let Some(by) = line.acknowledged else { return Ok(None) };
        let Some(child) = tx.child(line.child)? else { return Ok(None) };
        let reader = Reader::of(tx, viewer.person, now)?;
        let opened = reader.map_or(Ok(None), |reader| reader.opens(tx, &child, Thing::Record))?;
        if opened.is_none() {
            return Ok(None);
        }
        let child = child.name;
        let name = tx.person(by.by)?.map_or_else(String::new, |person| person.name.into());
        let is_own = by.by == viewer.person;
        Ok::<_, StoreError>(Some(Said { id, child: child.into(), name, is_own, at: by.at }))
    };
    state.db.read(look).await
}

async fn draw(
    state: &AppState,
    signed: &SignedIn,
    filter: Filter,
    done: &Done,
) -> Result<Response, Refusal> {
    let now = state.ambient.now();
    let viewer = signed.viewer.clone();
    let flag_after = state.config.notices.flag_after;
    let look = move |tx: &dyn Tx| {
        let inbox = gather::inbox(tx, &viewer, filter, now)?;
        let unheard = tx.unheard(viewer.person)?;
        let emergency = happened::emergency(tx, &viewer, now)?;
        Ok::<_, StoreError>((inbox, unheard, tx.failing_notices(flag_after)?, emergency))
    };
    let (inbox, mut unheard, failing, emergency) = state.db.read(look).await?;
    unheard.retain(|id| inbox.rows.iter().any(|row| row.id == *id));
    see(state, signed.viewer.person, unheard, now).await?;
    let said = match done.of.parse() {
        Ok(id) => acknowledged(state, signed, id).await?,
        Err(_) => None,
    };
    let page = Page {
        title: inbox_view::title(&inbox),
        section: Section::Inbox,
        signed: Some(signed.signed()),
        back: None,
        content: html! {
            (happened::warning(emergency.as_ref(), now))
            (notices::warning(failing, now))
            (inbox_view::content(&inbox, said.as_ref(), &signed.csrf))
        },
    };
    Ok(page.draw().into_response())
}

/// Writes down what somebody has on the screen for the first time.
pub async fn see(
    state: &AppState,
    person: PersonId,
    ids: Vec<EscalationId>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    if !ids.is_empty() {
        state.db.write(move |tx: &mut dyn Tx| judge::seen(tx, person, &ids, now)).await?;
    }
    Ok(())
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
