//! `/escalations/{id}` and its acknowledgement.

use axum::extract::{Form, Path, Query, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use chrono::{DateTime, Utc};
use doorstep_core::ids::{EscalationId, PersonId};
use serde::Deserialize;

use super::escalation_view::{self, EscalationPage, Said};
use super::page::{Page, Section};
use super::problem::{self, Refusal};
use super::record::Offer;
use super::session::{SignedIn, safe_path};
use super::text::text;
use super::{access, chain_view, gather, inbox, judged};
use crate::app::AppState;
use crate::judge;
use crate::store::{StoreError, Tx};

/// What the page is to say about what was just done.
#[derive(Debug, Default, Deserialize)]
pub struct Done {
    /// A word for it.
    #[serde(default)]
    pub done: String,
}

/// `GET /escalations/{id}`.
pub async fn show(
    State(state): State<AppState>,
    signed: SignedIn,
    Path(id): Path<String>,
    Query(done): Query<Done>,
) -> Response {
    problem::or_page(&signed, draw(&state, &signed, &id, &done.done).await)
}

async fn draw(
    state: &AppState,
    signed: &SignedIn,
    id: &str,
    done: &str,
) -> Result<Response, Refusal> {
    let id = admit(state, signed, id, "escalation").await?;
    let now = state.ambient.now();
    let (judge, patience) = (state.judge(), state.patience());
    let person = signed.viewer.person;
    let mut unheard = state.db.read(move |tx: &dyn Tx| tx.unheard(person)).await?;
    unheard.retain(|of| *of == id);
    inbox::see(state, person, unheard, now).await?;
    let look = move |tx: &dyn Tx| {
        let standing = chain_view::gather(tx, &judge, &patience, id, now)?;
        Ok::<_, StoreError>(gather::escalation(tx, &judge.policy, id, now)?.zip(standing))
    };
    let (escalation, standing) = state.db.read(look).await?.ok_or(Refusal::NotFound)?;
    let said = match (done, &escalation.raised.acknowledged) {
        ("acknowledged", Some(first)) if first.person == signed.viewer.person => Said::Recorded,
        ("acknowledged", Some(_)) => Said::SomebodyWasFirst,
        ("handed-over", _) => Said::HandedOver,
        ("recorded", _) => Said::Written,
        ("recorded-before", _) => Said::WrittenBefore,
        _ => Said::Nothing,
    };
    let judged = judged::of(&state.policy, &escalation);
    let offer = Offer::of(&state.policy, escalation_view::duty(&escalation));
    let (csrf, escalation) = (signed.csrf.as_str(), &escalation);
    let view = EscalationPage { escalation, standing: &standing, judged, offer, said, csrf, now };
    let page = Page {
        title: format!("{}: {}", escalation.raised.child_name, escalation.raised.escalation.clause),
        section: Section::Inbox,
        signed: Some(signed.signed()),
        back: Some(("/inbox", &text!("page-back-to-inbox"))),
        content: escalation_view::content(&view),
    };
    Ok(page.draw().into_response())
}

/// `POST /escalations/{id}/acknowledge`. Safe to repeat; whoever was first stays the one.
pub async fn acknowledge(
    State(state): State<AppState>,
    signed: SignedIn,
    Path(id): Path<String>,
    Form(form): Form<Acknowledge>,
) -> Response {
    problem::or_page(&signed, acknowledge_as(&state, &signed, &id, &form).await)
}

/// The form of one button, on the escalation's page or in the inbox.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Acknowledge {
    csrf: String,
    /// The inbox that it was pressed in; empty: the escalation's page.
    inbox: String,
}

async fn acknowledge_as(
    state: &AppState,
    signed: &SignedIn,
    id: &str,
    form: &Acknowledge,
) -> Result<Response, Refusal> {
    signed.check(&form.csrf)?;
    let id = admit(state, signed, id, "acknowledge").await?;
    let (by, at) = (signed.viewer.person, state.ambient.now());
    if state.db.write(move |tx: &mut dyn Tx| take_notice(tx, id, by, at)).await? {
        state.signals.ledger_changed();
    }
    let inbox = safe_path(&form.inbox);
    let to = match inbox.strip_prefix("/inbox") {
        Some("") => format!("/inbox?acknowledged={id}"),
        Some(query) if query.starts_with('?') => format!("{inbox}&acknowledged={id}"),
        _ => format!("/escalations/{id}?done=acknowledged"),
    };
    Ok(Redirect::to(&to).into_response())
}

/// Writes down who took notice, unless somebody did before or there is nothing to take notice of.
fn take_notice(
    tx: &mut dyn Tx,
    id: EscalationId,
    by: PersonId,
    at: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let line = tx.line(id)?;
    if !line.is_some_and(|line| gather::Stage::of(&line).wants_acknowledging()) {
        return Ok(false);
    }
    judge::acknowledge(tx, id, by, at).map(|_| true)
}

/// What was typed to hand an escalation over.
#[derive(Debug, Deserialize)]
pub struct HandOver {
    csrf: String,
    to: String,
}

/// `POST /escalations/{id}/hand-over`. Safe to repeat.
pub async fn hand_over(
    State(state): State<AppState>,
    signed: SignedIn,
    Path(id): Path<String>,
    Form(form): Form<HandOver>,
) -> Response {
    problem::or_page(&signed, hand_over_as(&state, &signed, &id, &form).await)
}

async fn hand_over_as(
    state: &AppState,
    signed: &SignedIn,
    id: &str,
    form: &HandOver,
) -> Result<Response, Refusal> {
    signed.check(&form.csrf)?;
    let id = admit(state, signed, id, "hand-over").await?;
    let to: PersonId = form.to.parse().map_err(|_| Refusal::NotFound)?;
    let (judge, by, at) = (state.judge(), signed.viewer.person, state.ambient.now());
    let work = move |tx: &mut dyn Tx| {
        let offered = chain_view::colleagues_of(tx, id, at)?;
        if !offered.iter().any(|(id, _)| *id == to.to_string()) {
            return Ok(false);
        }
        judge::hand_over(&judge, tx, id, to, by, at).map(|_| true)
    };
    if !state.db.write(work).await? {
        return Err(Refusal::NotFound);
    }
    state.signals.ledger_changed();
    Ok(Redirect::to(&format!("/escalations/{id}?done=handed-over")).into_response())
}

/// Finds the escalation's child and lets the person in, which the access log says.
pub async fn admit(
    state: &AppState,
    signed: &SignedIn,
    id: &str,
    page: &'static str,
) -> Result<EscalationId, Refusal> {
    let id: EscalationId = id.parse().map_err(|_| Refusal::NotFound)?;
    let line = state.db.read(move |tx: &dyn Tx| tx.line(id)).await?;
    let child = line.ok_or(Refusal::NotFound)?.child;
    access::admit(state, signed, child, page).await?;
    Ok(id)
}
