//! `/children/{id}/visits`: the visits that are planned to a child, planning one, and calling one
//! off. What is planned is expected: an outcome that is not known when the day ends is raised.

use axum::extract::{Form, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use chrono::{DateTime, Months, NaiveTime, Utc};
use doorstep_core::access::{Thing, Tie};
use doorstep_core::history::History;
use doorstep_core::ids::{ChildId, PersonId};
use doorstep_core::time::{local_date, london};
use maud::{Markup, html};
use serde::Deserialize;
use uuid::Uuid;

use super::form::{DateParts, Fault};
use super::page::{Page, Section, csrf_field};
use super::problem::{self, Refusal};
use super::session::SignedIn;
use super::text::text;
use super::{access, form, parts, team_view, times};
use crate::admin::AdminError;
use crate::admin::visits as planning;
use crate::app::AppState;
use crate::judge::events_of;
use crate::judge::visits::{Known, known};
use crate::store::directory::{Child, People, Person};
use crate::store::visits::PlannedVisit;
use crate::store::{StoreError, Tx};

/// How far ahead a visit is planned at most: a later one is a slip of the keyboard.
const AHEAD: Months = Months::new(24);

/// What was typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Typed {
    csrf: String,
    refill: String,
    person: String,
    day: String,
    month: String,
    year: String,
    time: String,
}

impl Typed {
    fn date(&self) -> DateParts<'_> {
        DateParts([&self.day, &self.month, &self.year])
    }
}

/// Which visit is called off.
#[derive(Debug, Deserialize)]
pub struct CalledOff {
    csrf: String,
    visit: Uuid,
}

/// What the page shows.
struct Planned {
    child: Child,
    visits: Vec<(PlannedVisit, String, Known)>,
    /// Who may make a visit: who holds the child, and the people of its team.
    people: Vec<Person>,
}

/// `GET /children/{id}/visits`.
pub async fn show(
    State(state): State<AppState>,
    signed: SignedIn,
    Path(id): Path<String>,
) -> Response {
    problem::or_page(&signed, draw(&state, &signed, &id, &Typed::default(), &[]).await)
}

/// `POST /children/{id}/visits`: plans one. Safe to repeat.
pub async fn plan(
    State(state): State<AppState>,
    signed: SignedIn,
    Path(id): Path<String>,
    Form(typed): Form<Typed>,
) -> Response {
    problem::or_page(&signed, plan_as(&state, &signed, &id, &typed).await)
}

/// `POST /children/{id}/visits/cancel`: calls one off. Safe to repeat.
pub async fn cancel(
    State(state): State<AppState>,
    signed: SignedIn,
    Path(id): Path<String>,
    Form(called_off): Form<CalledOff>,
) -> Response {
    problem::or_page(&signed, cancel_as(&state, &signed, &id, &called_off).await)
}

async fn plan_as(
    state: &AppState,
    signed: &SignedIn,
    id: &str,
    typed: &Typed,
) -> Result<Response, Refusal> {
    signed.check(&typed.csrf)?;
    if !typed.refill.is_empty() {
        return draw(state, signed, id, typed, &[]).await;
    }
    let child = admit_to_plan(state, signed, id).await?;
    let now = state.ambient.now();
    let planned = state.db.read(move |tx: &dyn Tx| gather(tx, child, now)).await?;
    let people = planned.ok_or(Refusal::NotFound)?.people;
    let (person, at) = match read(typed, &people, now) {
        Ok(read) => read,
        Err(faults) => return draw(state, signed, id, typed, &faults).await,
    };
    let judge = state.judge();
    let work = move |tx: &mut dyn Tx| planning::plan_for(tx, &judge, child, person, at);
    state.db.write(work).await?;
    Ok(changed(state, child))
}

async fn cancel_as(
    state: &AppState,
    signed: &SignedIn,
    id: &str,
    called_off: &CalledOff,
) -> Result<Response, Refusal> {
    signed.check(&called_off.csrf)?;
    let child = admit_to_plan(state, signed, id).await?;
    let (judge, visit) = (state.judge(), called_off.visit);
    let work = move |tx: &mut dyn Tx| match tx.planned_visit(visit)? {
        Some(there) if there.child == child => planning::cancel(tx, &judge, visit).map(|()| true),
        _ => Ok::<_, AdminError>(false),
    };
    match state.db.write(work).await {
        Ok(true) => Ok(changed(state, child)),
        Err(AdminError::Store(error)) => Err(error.into()),
        Ok(false) | Err(_) => Err(Refusal::NotFound),
    }
}

/// Devices hear of it, and what was raised about the visit may have changed.
fn changed(state: &AppState, child: ChildId) -> Response {
    state.signals.events_came();
    state.signals.ledger_changed();
    Redirect::to(&path(child)).into_response()
}

fn path(child: ChildId) -> String {
    format!("/children/{child}/visits")
}

async fn admit(state: &AppState, signed: &SignedIn, id: &str) -> Result<(ChildId, Tie), Refusal> {
    let id: ChildId = id.parse().map_err(|_| Refusal::NotFound)?;
    let tie = access::admit_to(state, signed, id, Thing::Record, "visits").await?;
    Ok((id, tie))
}

/// Who only looks, with a reason and for a time, plans nothing.
async fn admit_to_plan(state: &AppState, signed: &SignedIn, id: &str) -> Result<ChildId, Refusal> {
    match admit(state, signed, id).await? {
        (_, Tie::Glass) => Err(Refusal::NotFound),
        (child, _) => Ok(child),
    }
}

/// Who goes and when, or all that is wrong with what was typed.
fn read(
    typed: &Typed,
    people: &[Person],
    now: DateTime<Utc>,
) -> Result<(PersonId, DateTime<Utc>), Vec<Fault>> {
    let mut faults = Vec::new();
    let person = people.iter().find(|person| person.id.to_string() == typed.person);
    if person.is_none() {
        faults.push(("person", text!("visits-choose-who")));
    }
    let (date, time) = (typed.date().date(), time_of_day(&typed.time));
    if date.is_none() {
        faults.push(("day", text!("visits-enter-day")));
    }
    if time.is_none() {
        faults.push(("time", text!("visits-enter-time")));
    }
    let at = date.zip(time).map(|(date, time)| london(date, time));
    let latest = now.checked_add_months(AHEAD).unwrap_or(now);
    if at.is_some_and(|at| at <= now || at > latest) {
        faults.push(("day", text!("visits-to-come")));
    }
    match (person, at) {
        (Some(person), Some(at)) if faults.is_empty() => Ok((person.id, at)),
        _ => Err(faults),
    }
}

fn time_of_day(typed: &str) -> Option<NaiveTime> {
    NaiveTime::parse_from_str(&typed.trim().replace('.', ":"), "%H:%M").ok()
}

fn gather(tx: &dyn Tx, id: ChildId, now: DateTime<Utc>) -> Result<Option<Planned>, StoreError> {
    let Some(child) = tx.child(id)? else { return Ok(None) };
    let events = events_of(tx, id)?;
    let history = History::fold(&events, now);
    let mut visits = Vec::new();
    for visit in tx.planned_visits_of(id)? {
        let person = tx.person(visit.person)?.ok_or(StoreError::Missing { what: "person" })?;
        let known = known(&visit, &history, now);
        visits.push((visit, person.name.into(), known));
    }
    let mut people = match child.team {
        Some(team) => tx.people(People::Team(team))?,
        None => Vec::new(),
    };
    for line in tx.allocations(id)?.iter().filter(|line| line.holds_at(now)) {
        if !people.iter().any(|person| person.id == line.person) {
            people.extend(tx.person(line.person)?);
        }
    }
    people.retain(|person| person.is_active(now) && person.is_staff());
    Ok(Some(Planned { child, visits, people }))
}

async fn draw(
    state: &AppState,
    signed: &SignedIn,
    id: &str,
    typed: &Typed,
    faults: &[Fault],
) -> Result<Response, Refusal> {
    let (id, tie) = admit(state, signed, id).await?;
    let now = state.ambient.now();
    let planned = state.db.read(move |tx: &dyn Tx| gather(tx, id, now)).await?;
    let planned = planned.ok_or(Refusal::NotFound)?;
    let may_plan = tie != Tie::Glass;
    let csrf = may_plan.then_some(signed.csrf.as_str());
    let summary: Vec<_> = faults.iter().map(|(id, words)| (*id, words.as_str())).collect();
    let back = format!("/children/{id}");
    let page = Page {
        title: text!("visits-title"),
        section: Section::Elsewhere,
        signed: Some(signed.signed()),
        back: Some((&back, &text!("protection-back"))),
        content: html! {
            (parts::error_summary(&summary))
            span.govuk-caption-l { (planned.child.name) }
            h1.govuk-heading-l { (text!("visits-title")) }
            (list(&planned, csrf, now))
            @if let Some(csrf) = csrf { (plan_form(&planned, typed, csrf, faults, now)) }
        },
    };
    let status = match faults {
        [] => StatusCode::OK,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    };
    Ok((status, page.draw()).into_response())
}

/// The visits, the latest first; those to come can be called off.
fn list(planned: &Planned, csrf: Option<&str>, now: DateTime<Utc>) -> Markup {
    let row = |(visit, person, known): &(PlannedVisit, String, Known)| {
        let is_to_come = visit.cancelled.is_none() && visit.at > now;
        vec![
            parts::instant(visit.at, &times::short(visit.at, now)),
            html! { (person) },
            html! {
                (team_view::outcome(*known, visit.at, now))
                @if let Some(csrf) = csrf && is_to_come { (call_off(visit, csrf, now)) }
            },
        ]
    };
    let rows: Vec<_> = planned.visits.iter().rev().map(row).collect();
    let columns = [text!("visits-when"), text!("visits-who"), text!("visits-outcome")];
    html! {
        @if rows.is_empty() {
            (parts::empty(&text!("visits-none"), &text!("visits-none-words")))
        } @else {
            (parts::table(&text!("visits-list"), &columns, &rows))
        }
    }
}

fn call_off(visit: &PlannedVisit, csrf: &str, now: DateTime<Utc>) -> Markup {
    html! {
        form.ds-protected method="post" action=(format!("{}/cancel", path(visit.child))) {
            (csrf_field(csrf))
            input type="hidden" name="visit" value=(visit.id);
            button."govuk-button govuk-button--secondary" data-module="govuk-button" {
                (text!("visits-call-off"))
                span.govuk-visually-hidden { ": " (times::short(visit.at, now)) }
            }
        }
    }
}

fn plan_form(
    planned: &Planned,
    typed: &Typed,
    csrf: &str,
    faults: &[Fault],
    now: DateTime<Utc>,
) -> Markup {
    let people: Vec<_> = planned
        .people
        .iter()
        .map(|person| (person.id.to_string(), person.name.reveal().clone()))
        .collect();
    let today = local_date(now).format("%-d %-m %Y").to_string();
    let described = "time-hint time-error";
    html! {
        h2.govuk-heading-m { (text!("visits-plan")) }
        form method="post" action=(path(planned.child.id)) novalidate {
            (csrf_field(csrf))
            (form::group("person", &text!("visits-who"), &text!("visits-who-hint"), faults,
                &form::select("person", &people, &typed.person)))
            (form::date("", &text!("visits-day"), &text!("visits-day-hint", today = today),
                typed.date(), faults))
            (form::group("time", &text!("visits-time"), &text!("visits-time-hint"), faults, &html! {
                input."govuk-input govuk-input--width-5" #time name="time" type="text"
                    value=(typed.time) aria-describedby=(described);
            }))
            button.govuk-button data-module="govuk-button" { (text!("visits-plan")) }
        }
    }
}
