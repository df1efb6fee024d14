//! `/team`: who is there and who stands in, and what is planned today; saying that one is away.

use std::collections::BTreeMap;

use axum::extract::{Form, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use chrono::{DateTime, NaiveTime, Utc};
use doorstep_core::assessment::Standing;
use doorstep_core::ids::{EscalationId, PersonId};
use doorstep_core::time::{local_date, london, next_midnight};
use serde::Deserialize;

use super::escalation::Done;
use super::form::{DateParts, Fault};
use super::page::{Page, Section};
use super::problem::{self, Refusal};
use super::session::SignedIn;
use super::sign_in::OnlyCsrf;
use super::team_view;
use super::text::text;
use super::viewer::Viewer;
use crate::admin::device_state::{self, DeviceState};
use crate::admin::visits::{self, ListedVisit};
use crate::app::AppState;
use crate::judge::visits::OUTCOME;
use crate::store::availability::{Absence, AbsentBecause, NumberedAbsence, WorkingHours};
use crate::store::directory::{People, Person};
use crate::store::{StoreError, Tx};

/// Everything that the page shows.
#[derive(Debug)]
pub struct Team {
    /// The people whose absences the viewer may say: their own, and the team's where they answer
    /// for it.
    pub members: Vec<Member>,
    /// The visits of today of these people.
    pub visits: Vec<ListedVisit>,
    /// Visits of which nobody knows the outcome after their day.
    pub unknown: Vec<UnknownVisit>,
    /// How the devices of these people stand.
    pub devices: Vec<DeviceState>,
    /// This moment (UTC).
    pub now: DateTime<Utc>,
}

/// A planned visit whose day ended without a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownVisit {
    /// The escalation that says so.
    pub escalation: EscalationId,
    /// The child's name.
    pub child: String,
    /// The name of who was to visit.
    pub person: String,
    /// When the visit was to begin (UTC).
    pub at: DateTime<Utc>,
}

/// One of the team.
#[derive(Clone, Debug)]
pub struct Member {
    /// Who.
    pub person: Person,
    /// Their absences, those of now and those to come, each with the name of who stands in.
    pub absences: Vec<(NumberedAbsence, Option<String>)>,
    /// When they work.
    pub hours: Option<WorkingHours>,
    /// How many open escalations are theirs.
    pub open: usize,
}

impl Member {
    /// The absence that holds at `now`.
    pub fn away(&self, now: DateTime<Utc>) -> Option<&(NumberedAbsence, Option<String>)> {
        self.absences.iter().find(|(numbered, _)| numbered.absence.holds_at(now))
    }
}

/// What was typed about an absence.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Typed {
    csrf: String,
    refill: String,
    /// Whose, by id.
    pub person: String,
    /// Why.
    pub why: String,
    /// Who stands in, by id; empty: nobody by name.
    pub deputy: String,
    from_day: String,
    from_month: String,
    from_year: String,
    until_day: String,
    until_month: String,
    until_year: String,
}

impl Typed {
    /// From which day.
    pub fn from(&self) -> DateParts<'_> {
        DateParts([&self.from_day, &self.from_month, &self.from_year])
    }

    /// Until which day, included.
    pub fn until(&self) -> DateParts<'_> {
        DateParts([&self.until_day, &self.until_month, &self.until_year])
    }
}

/// What was typed to end an absence.
#[derive(Debug, Deserialize)]
pub struct Back {
    csrf: String,
    number: u64,
}

/// `GET /team`.
pub async fn show(
    State(state): State<AppState>,
    signed: SignedIn,
    Query(done): Query<Done>,
) -> Response {
    let typed = Typed::default();
    problem::or_page(&signed, draw(&state, &signed, &typed, &[], &done.done).await)
}

/// `POST /team`: somebody is away.
pub async fn absent(
    State(state): State<AppState>,
    signed: SignedIn,
    Form(typed): Form<Typed>,
) -> Response {
    problem::or_page(&signed, absent_as(&state, &signed, typed).await)
}

async fn absent_as(state: &AppState, signed: &SignedIn, typed: Typed) -> Result<Response, Refusal> {
    signed.check(&typed.csrf)?;
    if !typed.refill.is_empty() {
        return draw(state, signed, &typed, &[], "").await;
    }
    let now = state.ambient.now();
    let viewer = signed.viewer.clone();
    let members = state.db.read(move |tx: &dyn Tx| people(tx, &viewer, now)).await?;
    let by = signed.viewer.person;
    match read(&typed, &members, by, now) {
        Err(faults) => draw(state, signed, &typed, &faults, "").await,
        Ok(absence) => {
            let work = move |tx: &mut dyn Tx| add(tx, &absence);
            state.db.write::<_, StoreError>(work).await?;
            // Whoever stands in has more in the inbox now.
            state.signals.inbox_changed();
            Ok(Redirect::to("/team?done=absent").into_response())
        }
    }
}

/// Writes an absence down, unless it is there already: a second click is no second absence, which
/// would go on when the first is ended.
fn add(tx: &mut dyn Tx, absence: &Absence) -> Result<(), StoreError> {
    let begins_now = absence.from == absence.recorded;
    let is_same = |held: &Absence| {
        held.person == absence.person
            && held.why == absence.why
            && held.deputy == absence.deputy
            && held.until == absence.until
            && (held.from == absence.from || (begins_now && held.holds_at(absence.recorded)))
    };
    let held = tx.absences(absence.recorded)?;
    if held.iter().any(|numbered| is_same(&numbered.absence)) {
        return Ok(());
    }
    tx.add_absence(absence)
}

/// Reads what was typed, or says all that is wrong with it.
fn read(
    typed: &Typed,
    members: &[Person],
    recorded_by: PersonId,
    now: DateTime<Utc>,
) -> Result<Absence, Vec<Fault>> {
    let mut faults = Vec::new();
    let mut fault = |field, words: String| faults.push((field, words));
    let by_id = |id: &str| members.iter().find(|person| person.id.to_string() == id);
    let person = by_id(&typed.person).map(|person| person.id);
    if person.is_none() {
        fault("person", text!("team-choose-who"));
    }
    let why = AbsentBecause::ALL.into_iter().find(|why| why.as_str() == typed.why);
    if why.is_none() {
        fault("why", text!("team-choose-why"));
    }
    let deputy = by_id(&typed.deputy).map(|person| person.id);
    if deputy.is_none() && !typed.deputy.is_empty() {
        fault("deputy", text!("team-choose-deputy"));
    } else if deputy.is_some() && deputy == person {
        fault("deputy", text!("team-choose-other-deputy"));
    }
    let from = if typed.from().is_empty() { Some(now) } else { typed.from().begins() };
    if from.is_none() {
        fault("from-day", text!("team-enter-from"));
    }
    let until = if typed.until().is_empty() { None } else { Some(typed.until().ends()) };
    match until {
        Some(None) => {
            fault("until-day", text!("team-enter-until"));
        }
        Some(Some(until)) if from.is_some_and(|from| until <= from) || until <= now => {
            fault("until-day", text!("team-until-before"));
        }
        _ => {}
    }
    match (person, why, from) {
        (Some(person), Some(why), Some(from)) if faults.is_empty() => {
            let until = until.flatten();
            Ok(Absence { person, why, from, until, deputy, recorded_by, recorded: now })
        }
        _ => Err(faults),
    }
}

/// `POST /team/not-available`: whoever is signed in is not available from now on.
pub async fn not_available(
    State(state): State<AppState>,
    signed: SignedIn,
    Form(form): Form<OnlyCsrf>,
) -> Response {
    problem::or_page(&signed, not_available_as(&state, &signed, &form.csrf).await)
}

async fn not_available_as(
    state: &AppState,
    signed: &SignedIn,
    csrf: &str,
) -> Result<Response, Refusal> {
    signed.check(csrf)?;
    let (person, now) = (signed.viewer.person, state.ambient.now());
    let work = move |tx: &mut dyn Tx| {
        let absences = tx.absences(now)?;
        let mut held = absences.iter().map(|numbered| &numbered.absence);
        if held.any(|absence| absence.person == person && absence.holds_at(now)) {
            return Ok::<_, StoreError>(());
        }
        let why = AbsentBecause::NotAvailable;
        let (recorded_by, recorded) = (person, now);
        let (until, deputy) = (None, None);
        tx.add_absence(&Absence { person, why, from: now, until, deputy, recorded_by, recorded })
    };
    state.db.write(work).await?;
    state.signals.inbox_changed();
    Ok(Redirect::to("/team?done=not-available").into_response())
}

/// `POST /team/back`: an absence ends now.
pub async fn back(
    State(state): State<AppState>,
    signed: SignedIn,
    Form(form): Form<Back>,
) -> Response {
    problem::or_page(&signed, back_as(&state, &signed, &form).await)
}

async fn back_as(state: &AppState, signed: &SignedIn, form: &Back) -> Result<Response, Refusal> {
    signed.check(&form.csrf)?;
    let (viewer, now, number) = (signed.viewer.clone(), state.ambient.now(), form.number);
    let work = move |tx: &mut dyn Tx| {
        let members = people(tx, &viewer, now)?;
        let listed = tx.absences(now)?.into_iter().find(|listed| listed.number == number);
        let theirs = |listed: &NumberedAbsence| {
            members.iter().any(|person| person.id == listed.absence.person)
        };
        match listed {
            Some(listed) if theirs(&listed) => tx.end_absence(number, now).map(|()| true),
            // Ended already: a second click changes nothing.
            None => Ok(true),
            Some(_) => Ok::<_, StoreError>(false),
        }
    };
    if !state.db.write(work).await? {
        return Err(Refusal::NotFound);
    }
    state.signals.inbox_changed();
    Ok(Redirect::to("/team?done=back").into_response())
}

async fn draw(
    state: &AppState,
    signed: &SignedIn,
    typed: &Typed,
    faults: &[Fault],
    done: &str,
) -> Result<Response, Refusal> {
    let (viewer, now) = (signed.viewer.clone(), state.ambient.now());
    let team = state.db.read(move |tx: &dyn Tx| gather(tx, &viewer, now)).await?;
    let page = Page {
        title: super::page::title(text!("page-team"), !faults.is_empty()),
        section: Section::Team,
        signed: Some(signed.signed()),
        back: None,
        content: team_view::content(&team, signed, typed, faults, done),
    };
    let status = if faults.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    Ok((status, page.draw()).into_response())
}

/// The viewer, and those of the team where the viewer answers for it; for an administrator,
/// everybody.
fn people(tx: &dyn Tx, viewer: &Viewer, now: DateTime<Utc>) -> Result<Vec<Person>, StoreError> {
    let mut people = match viewer.team.filter(|_| viewer.sees_team) {
        _ if viewer.administrator => tx.people(People::All)?,
        Some(team) => tx.people(People::Team(team))?,
        None => Vec::new(),
    };
    if !people.iter().any(|person| person.id == viewer.person) {
        people.extend(tx.person(viewer.person)?);
    }
    people.retain(|person| person.is_active(now) && person.is_staff());
    Ok(people)
}

fn gather(tx: &dyn Tx, viewer: &Viewer, now: DateTime<Utc>) -> Result<Team, StoreError> {
    let absences = tx.absences(now)?;
    let mut members = Vec::new();
    for person in people(tx, viewer, now)? {
        let mut theirs = Vec::new();
        for numbered in absences.iter().filter(|numbered| numbered.absence.person == person.id) {
            let deputy = numbered.absence.deputy.map(|id| tx.person(id)).transpose()?.flatten();
            theirs.push((numbered.clone(), deputy.map(|deputy| deputy.name.into())));
        }
        let hours = tx.working_hours(person.id)?;
        let open = tx.inbox(Some(person.id))?.len();
        members.push(Member { person, absences: theirs, hours, open });
    }
    let begins = london(local_date(now), NaiveTime::MIN);
    let mut visits = visits::list(tx, begins, next_midnight(now), now).map_err(store_error)?;
    visits.retain(|listed| members.iter().any(|member| member.person.id == listed.person.id));
    let ids: Vec<_> = members.iter().map(|member| member.person.id).collect();
    let mut devices = device_state::all(tx, Some(&ids))?;
    devices.retain(|state| state.device.revoked.is_none());
    Ok(Team { unknown: unknown(tx, &ids)?, members, visits, devices, now })
}

/// The visits of these people of which nobody knows the outcome, the earliest first.
fn unknown(tx: &dyn Tx, people: &[PersonId]) -> Result<Vec<UnknownVisit>, StoreError> {
    let mut found = BTreeMap::new();
    for person in people {
        for line in tx.inbox(Some(*person))? {
            let owed = line.escalation.standing == Standing::Open;
            if !owed || *line.escalation.clause.0 != *OUTCOME {
                continue;
            }
            let Some(visit) = tx.planned_visit(line.escalation.cause.0)? else { continue };
            let child = tx.child(line.child)?.map_or_else(String::new, |child| child.name.into());
            let person =
                tx.person(visit.person)?.map_or_else(String::new, |person| person.name.into());
            let (escalation, at) = (line.id, visit.at);
            found.insert((at, visit.id), UnknownVisit { escalation, child, person, at });
        }
    }
    Ok(found.into_values().collect())
}

fn store_error(error: crate::admin::AdminError) -> StoreError {
    match error {
        crate::admin::AdminError::Store(error) => error,
        _ => StoreError::Missing { what: "planned visit" },
    }
}
