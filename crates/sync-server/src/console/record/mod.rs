//! `/escalations/{id}/record/{kind}`: what a manager did or decided becomes an event like any
//! other, sealed at their desk and taken in by the same ingest.
//!
//! A form carries the identity of the record that it will become, so that sending it twice records
//! once; and the position up to which its reader had seen the child's log, so that whoever comes
//! second is told what the first recorded.

mod days;
mod kind;
mod typed;
mod view;

use std::collections::BTreeSet;

use axum::extract::{Form, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use chrono::{DateTime, Utc};
use doorstep_core::assessment::{Due, Duty};
use doorstep_core::calendar::Calendar;
use doorstep_core::event::{Agency, Role, What};
use doorstep_core::ids::{EscalationId, EventId, PersonId};
use doorstep_core::policy::{Act, Policy};

use super::escalation;
use super::form::Fault;
use super::gather::{self, Recorded, Stage};
use super::page::{Page, Section};
use super::problem::{self, Refusal};
use super::session::SignedIn;
use super::text::text;
use crate::admin::AdminError;
use crate::admin::office::{self, Deed};
use crate::app::AppState;
use crate::judge::{self, Judge};
use crate::store::{StoreError, Tx};

pub use kind::{Kind, Offer};
use typed::Typed;
#[cfg(test)]
pub use typed::decisions;
use view::RecordPage;
pub use view::offered;

/// From where something is recorded.
#[derive(Clone, Debug)]
pub struct Place {
    /// The escalation.
    pub escalation: EscalationId,
    /// The child's name.
    pub child_name: String,
    /// The clause.
    pub clause: String,
    /// The clause in a sentence.
    pub sentence: String,
    /// The limit of what is recorded, where it has one: of the further visit, for its timeframe.
    pub due: Option<Due>,
    /// What can be recorded.
    pub offer: Offer,
    /// The agencies around the family.
    pub agencies: BTreeSet<Agency>,
    /// Which days are working days.
    pub calendar: Calendar,
    /// The position of the child's last record.
    pub last: u64,
}

impl Place {
    /// The path of the form for this kind.
    pub fn path(&self, kind: Kind) -> String {
        path(self.escalation, kind)
    }
}

/// The path of the form for this kind, from this escalation.
pub fn path(escalation: EscalationId, kind: Kind) -> String {
    format!("/escalations/{escalation}/record/{}", kind.word())
}

/// How the form came to be shown.
#[derive(Debug, Default)]
struct Shown {
    faults: Vec<Fault>,
    meanwhile: Vec<Recorded>,
    is_kept: bool,
}

/// `GET /escalations/{id}/record/{kind}`.
pub async fn show(
    State(state): State<AppState>,
    signed: SignedIn,
    Path((id, word)): Path<(String, String)>,
) -> Response {
    let answer = draw(&state, &signed, (&id, &word), Typed::default(), Shown::default()).await;
    problem::or_page(&signed, answer)
}

/// `POST /escalations/{id}/record/{kind}`. Safe to repeat.
pub async fn submit(
    State(state): State<AppState>,
    signed: SignedIn,
    Path((id, word)): Path<(String, String)>,
    Form(typed): Form<Typed>,
) -> Response {
    problem::or_page(&signed, submit_as(&state, &signed, (&id, &word), typed).await)
}

async fn submit_as(
    state: &AppState,
    signed: &SignedIn,
    (id, word): (&str, &str),
    typed: Typed,
) -> Result<Response, Refusal> {
    // A form of an earlier sign-in comes back as it was, to be looked at and sent again; unless
    // somebody else sits there now.
    if !typed.get("refill").is_empty() || signed.check(typed.get("csrf")).is_err() {
        let is_kept = typed.get("writer") == signed.viewer.person.to_string();
        let typed = if is_kept { typed } else { Typed::default() };
        return draw(state, signed, (id, word), typed, Shown { is_kept, ..Shown::default() }).await;
    }
    let kind = Kind::called(word).ok_or(Refusal::NotFound)?;
    let escalation = escalation::admit(state, signed, id, "record").await?;
    let now = state.ambient.now();
    let (what, at) = match typed::read(kind, &typed, now) {
        Ok(read) => read,
        Err(faults) => {
            let shown = Shown { faults, ..Shown::default() };
            return draw(state, signed, (id, word), typed, shown).await;
        }
    };
    let record = typed.get("record").parse().map_err(|_| Refusal::NotFound)?;
    let seen = typed.get("seen").parse().unwrap_or(0);
    let (judge, by) = (state.judge(), signed.viewer.person);
    let wanted = Wanted { escalation, record, seen, kind, what, at, by };
    match state.db.write(move |tx: &mut dyn Tx| write(tx, &judge, &wanted)).await {
        Ok(Written::Now) => {
            state.signals.events_came();
            state.signals.ledger_changed();
            Ok(Redirect::to(&format!("/escalations/{id}?done=recorded")).into_response())
        }
        Ok(Written::Before) => {
            Ok(Redirect::to(&format!("/escalations/{id}?done=recorded-before")).into_response())
        }
        Ok(Written::Meanwhile(meanwhile)) => {
            let shown = Shown { meanwhile, ..Shown::default() };
            draw(state, signed, (id, word), typed, shown).await
        }
        Err(AdminError::Store(error)) => Err(error.into()),
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "a record was not taken in");
            let shown =
                Shown { faults: vec![("save", text!("record-refused"))], ..Shown::default() };
            draw(state, signed, (id, word), typed, shown).await
        }
    }
}

/// What is to be recorded.
#[derive(Clone, Debug)]
struct Wanted {
    escalation: EscalationId,
    record: EventId,
    seen: u64,
    kind: Kind,
    what: What,
    at: DateTime<Utc>,
    by: PersonId,
}

/// What became of it.
enum Written {
    Now,
    Before,
    Meanwhile(Vec<Recorded>),
}

fn write(tx: &mut dyn Tx, judge: &Judge, wanted: &Wanted) -> Result<Written, AdminError> {
    let now = judge.now();
    let line = tx.line(wanted.escalation)?.ok_or(StoreError::Missing { what: "escalation" })?;
    if tx.event(wanted.record)?.is_some() {
        return Ok(Written::Before);
    }
    let file = gather::child(tx, &judge.policy, line.child, now)?;
    let file = file.ok_or(StoreError::Missing { what: "child" })?;
    let is_news = |record: &Recorded| {
        record.position > wanted.seen
            && record.body.origin.person != wanted.by
            && wanted.kind.records(&record.body.event.what)
    };
    let meanwhile: Vec<_> = file.records.into_iter().filter(is_news).collect();
    if !meanwhile.is_empty() {
        return Ok(Written::Meanwhile(meanwhile));
    }
    // Whoever acts on it has seen it.
    if Stage::of(&line).wants_acknowledging() {
        judge::acknowledge(tx, line.id, wanted.by, now)?;
    }
    let person = tx.person(wanted.by)?.ok_or(StoreError::Missing { what: "person" })?;
    let (id, what, at) = (wanted.record, wanted.what.clone(), wanted.at);
    office::record(tx, judge, &person, Deed { id, child: line.child, what, at }, now)?;
    Ok(Written::Now)
}

async fn draw(
    state: &AppState,
    signed: &SignedIn,
    (id, word): (&str, &str),
    mut typed: Typed,
    shown: Shown,
) -> Result<Response, Refusal> {
    let kind = Kind::called(word).ok_or(Refusal::NotFound)?;
    let id = escalation::admit(state, signed, id, "record").await?;
    let now = state.ambient.now();
    let policy = std::sync::Arc::clone(&state.policy);
    let look = move |tx: &dyn Tx| place(tx, &policy, id, kind, now);
    let place = state.db.read(look).await?.ok_or(Refusal::NotFound)?;
    let role = signed.viewer.role;
    prepare(&mut typed, state, signed, &place, kind);
    // Who was told what came meanwhile has seen it, and may record as well.
    if !shown.meanwhile.is_empty() {
        typed.0.insert("seen".to_owned(), place.last.to_string());
    }
    let (csrf, faults, meanwhile) = (signed.csrf.as_str(), &shown.faults, &shown.meanwhile);
    let (place, is_kept) = (&place, shown.is_kept);
    let view =
        RecordPage { kind, place, typed: &typed, faults, meanwhile, is_kept, role, csrf, now };
    let back = format!("/escalations/{id}");
    let page = Page {
        title: super::page::title(view::title(kind), !faults.is_empty()),
        section: Section::Inbox,
        signed: Some(signed.signed()),
        back: Some((&back, &text!("record-back"))),
        content: view::content(&view),
    };
    let status = match (faults.is_empty(), meanwhile.is_empty()) {
        (false, _) => StatusCode::UNPROCESSABLE_ENTITY,
        (true, false) => StatusCode::CONFLICT,
        (true, true) => StatusCode::OK,
    };
    Ok((status, page.draw()).into_response())
}

/// Fills in what a form begins with, where nothing is there yet.
fn prepare(typed: &mut Typed, state: &AppState, signed: &SignedIn, place: &Place, kind: Kind) {
    let now = state.ambient.now();
    let mut start = |field: &str, value: String| {
        typed.0.entry(field.to_owned()).or_insert(value);
    };
    start("record", EventId::at(now, state.ambient.entropy()).to_string());
    start("seen", place.last.to_string());
    start("writer", signed.viewer.person.to_string());
    if kind == Kind::Timeframe {
        start("by-time", "17:00".to_owned());
    }
    let named = &place.offer.roles;
    let role = signed.viewer.role;
    let first = if named.contains(&role) { Some(&role) } else { named.first() };
    let first = first.map_or(Role::LineManager, |role| *role);
    match kind {
        Kind::Discuss => start("with", first.as_str().to_owned()),
        Kind::Told => start("who", first.as_str().to_owned()),
        _ => {}
    }
}

fn place(
    tx: &dyn Tx,
    policy: &Policy,
    id: EscalationId,
    kind: Kind,
    now: DateTime<Utc>,
) -> Result<Option<Place>, StoreError> {
    let Some(line) = tx.line(id)? else { return Ok(None) };
    let Some(file) = gather::child(tx, policy, line.child, now)? else { return Ok(None) };
    let duties = file.assessment.as_ref().map_or(&[][..], |assessment| &assessment.duties);
    let this =
        |duty: &&Duty| duty.clause == line.escalation.clause && duty.cause == line.escalation.cause;
    let duty = duties.iter().find(this);
    let sets_time =
        |duty: &&Duty| duty.state.is_owed() && policy.acts(duty).contains(&Act::SetTimeframe);
    let asks = duties.iter().find(sets_time).filter(|_| kind == Kind::Timeframe);
    let escalation = &line.escalation;
    let (clause, sentence) =
        asks.map_or((&escalation.clause, &escalation.sentence), |it| (&it.clause, &it.sentence));
    Ok(Some(Place {
        escalation: id,
        child_name: file.child.name.into(),
        clause: clause.to_string(),
        sentence: sentence.to_string(),
        due: asks.or(duty).and_then(|duty| duty.due.clone()),
        offer: Offer::of(policy, duty),
        agencies: file.child.record.involved_agencies,
        calendar: policy.calendar().clone(),
        last: file.records.iter().map(|record| record.position).max().unwrap_or(0),
    }))
}
