//! `/set-up/people/…`: one person is added or changed, without a file.

use std::sync::Arc;

use axum::extract::{Form, Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use chrono::{DateTime, Utc};
use doorstep_core::ids::PersonId;
use doorstep_core::seal::Hash;
use doorstep_core::time::local_date;

use super::escalation::Done;
use super::form::Fault;
use super::importing::refusal;
use super::one_row::{self, Asked, Came, Cell, Fields};
use super::page::{Page, Section};
use super::person_view;
use super::problem::{self, Refusal};
use super::session::SignedIn;
use super::text::text;
use crate::admin::AdminError;
use crate::admin::import::row_of;
use crate::app::AppState;
use crate::caseload::{Kind, StaffRow, read_one};
use crate::store::directory::{People, Person, Team};
use crate::store::{StoreError, Tx};

/// What stands for a person who is not there yet.
pub const NEW: &str = "new";

/// The columns of a member of staff, each with its field.
pub const ASKED: [Asked; 12] = [
    Asked { column: "staff_id", field: "number", label: "person-number" },
    Asked { column: "name", field: "name", label: "person-name" },
    Asked { column: "role", field: "role", label: "person-role" },
    Asked { column: "also", field: "also", label: "person-also" },
    Asked { column: "administrator", field: "administrator", label: "person-administrator" },
    Asked { column: "auditor", field: "auditor", label: "person-auditor" },
    Asked { column: "team_id", field: "team", label: "person-team" },
    Asked { column: "line_manager_id", field: "manager", label: "person-manager" },
    Asked { column: "phone", field: "phone", label: "person-phone" },
    Asked { column: "email", field: "email", label: "person-email" },
    Asked { column: "left", field: "left-day", label: "person-left" },
    Asked { column: "working_hours", field: "hours", label: "person-hours" },
];

/// What the page is drawn from.
#[derive(Debug)]
pub struct Around {
    /// The person, as the directory has them; none: not there yet.
    pub person: Option<(Person, StaffRow)>,
    /// Everybody else.
    pub others: Vec<Person>,
    /// The teams.
    pub teams: Vec<Team>,
    /// The children that the person holds now, by the organisation's own numbers.
    pub holds: Vec<String>,
}

impl Around {
    /// The path of the form.
    pub fn path(&self) -> String {
        let id = self.person.as_ref().map(|(person, _)| person.id.to_string());
        format!("/set-up/people/{}", id.as_deref().unwrap_or(NEW))
    }
}

/// How the form came to be shown.
#[derive(Debug, Default)]
pub struct Shown {
    /// What is wrong with it.
    pub faults: Vec<Fault>,
    /// What somebody else wrote meanwhile: what is asked, and what is there now.
    pub meanwhile: Vec<(String, String)>,
    /// It was kept while its session ended.
    pub is_kept: bool,
    /// What was done, as a word.
    pub done: String,
}

/// `GET /set-up/people/{id}`.
pub async fn show(
    State(state): State<AppState>,
    signed: SignedIn,
    Path(id): Path<String>,
    Query(done): Query<Done>,
) -> Response {
    let shown = Shown { done: done.done, ..Shown::default() };
    problem::or_page(&signed, draw(&state, &signed, &id, None, &shown).await)
}

/// `POST /set-up/people/{id}`. Safe to repeat.
pub async fn submit(
    State(state): State<AppState>,
    signed: SignedIn,
    Path(id): Path<String>,
    Form(fields): Form<Fields>,
) -> Response {
    problem::or_page(&signed, submit_as(&state, &signed, &id, fields).await)
}

/// What saving came to.
enum Saved {
    Done(PersonId),
    Faults(Vec<Fault>),
    Meanwhile(Vec<(String, String)>),
}

async fn submit_as(
    state: &AppState,
    signed: &SignedIn,
    id: &str,
    fields: Fields,
) -> Result<Response, Refusal> {
    if !signed.viewer.administrator {
        return Err(Refusal::NotFound);
    }
    let is_kept = fields.get("writer") == signed.viewer.person.to_string();
    let is_old = signed.check(fields.get("csrf")).is_err();
    // A form of an earlier sign-in comes back as it was, to be looked at and sent again; unless
    // somebody else sits there now.
    if !fields.get("refill").is_empty() || (is_old && is_kept) {
        let fields = Some(fields).filter(|_| is_kept);
        let shown = Shown { is_kept, ..Shown::default() };
        return draw(state, signed, id, fields, &shown).await;
    }
    signed.check(fields.get("csrf"))?;
    let whom = read_id(id)?;
    let (judge, typed) = (state.judge(), Arc::new(fields));
    let held = Arc::clone(&typed);
    let work = move |tx: &mut dyn Tx| {
        let known = whom.map(|id| row_called(tx, id)).transpose()?;
        if known.as_ref().is_some_and(Option::is_none) {
            return Ok(None);
        }
        let known = known.flatten();
        let row = match row(&held, known.as_ref()) {
            Ok(row) => row,
            Err(fault) => return Ok(Some(Saved::Faults(vec![fault]))),
        };
        let (read, faults) = read_one(Kind::Staff, &row, local_date(judge.now()));
        if let Some(typed) = read.staff.first().filter(|_| faults.is_empty())
            && let Some(refused) = refused(tx, &held, known.as_ref(), &typed.row)?
        {
            return Ok(Some(refused));
        }
        if let Came::Faults(faults) = one_row::take(tx, &judge, Kind::Staff, &row)? {
            return Ok(Some(Saved::Faults(one_row::at_fields(&faults, &row, &ASKED))));
        }
        let number = row.first().map(|(_, cell)| cell.trim()).unwrap_or_default();
        let person = tx.person_called(number)?.ok_or(StoreError::Missing { what: "person" })?;
        Ok::<_, AdminError>(Some(Saved::Done(person.id)))
    };
    let saved = state.db.write(work).await.map_err(refusal)?.ok_or(Refusal::NotFound)?;
    let shown = match saved {
        Saved::Done(person) => {
            state.signals.events_came();
            state.signals.ledger_changed();
            let by = signed.viewer.person;
            tracing::info!(%person, %by, "a person was written by hand");
            return Ok(Redirect::to(&format!("/set-up/people/{person}?done=saved")).into_response());
        }
        Saved::Faults(faults) => Shown { faults, ..Shown::default() },
        Saved::Meanwhile(meanwhile) => Shown { meanwhile, ..Shown::default() },
    };
    let typed = Arc::try_unwrap(typed).unwrap_or_else(|typed| (*typed).clone());
    draw(state, signed, id, Some(typed), &shown).await
}

/// Whom a path names; none: somebody who is not there yet.
fn read_id(id: &str) -> Result<Option<PersonId>, Refusal> {
    match id {
        NEW => Ok(None),
        id => id.parse().map(Some).map_err(|_| Refusal::NotFound),
    }
}

/// The person with this id, as a file would have them.
fn row_called(tx: &dyn Tx, id: PersonId) -> Result<Option<StaffRow>, StoreError> {
    match tx.person(id)?.filter(Person::is_staff) {
        Some(person) => row_of(tx, &person).map(Some),
        None => Ok(None),
    }
}

/// Why what was typed must not be written over what is there, if it must not.
fn refused(
    tx: &dyn Tx,
    fields: &Fields,
    known: Option<&StaffRow>,
    typed: &StaffRow,
) -> Result<Option<Saved>, StoreError> {
    let Some(known) = known else {
        let Some(other) = tx.person_called(&typed.external)? else { return Ok(None) };
        // The same form sent twice is no second person.
        if !other.is_staff() || row_of(tx, &other)? != *typed {
            let words = text!("person-number-taken", who = other.name.reveal().as_str());
            return Ok(Some(Saved::Faults(vec![("number", words)])));
        }
        return Ok(None);
    };
    let (is, typed) = (known.cells(), typed.cells());
    if version(&is) == fields.get("version") || is == typed {
        return Ok(None);
    }
    let differs = ASKED.iter().zip(is.iter().zip(&typed)).filter(|(_, (is, typed))| is != typed);
    let meanwhile = differs.map(|(asked, ((_, is), _))| (text!(asked.label), is.clone()));
    Ok(Some(Saved::Meanwhile(meanwhile.collect())))
}

/// Stands for how a person was when the form was drawn.
pub fn version(row: &[Cell]) -> String {
    let cells: Vec<_> = row.iter().map(|(_, cell)| cell.as_str()).collect();
    Hash::of(cells.join("\u{1f}").as_bytes()).to_string()
}

/// The row that the fields say; every column is there, so that what was emptied is emptied.
fn row(fields: &Fields, known: Option<&StaffRow>) -> Result<Vec<Cell>, Fault> {
    let cell = |asked: &Asked| {
        let cell = match asked.column {
            "staff_id" => {
                known.map_or(fields.get("number"), |known| known.external.as_str()).to_owned()
            }
            "also" => fields.all("also").collect::<Vec<_>>().join(";"),
            "administrator" | "auditor" if fields.get(asked.field).is_empty() => "no".to_owned(),
            "left" => left(fields, known)?,
            _ => fields.get(asked.field).to_owned(),
        };
        Ok::<_, Fault>((asked.column, cell))
    };
    ASKED.iter().map(cell).collect()
}

/// Since when the person no longer works here. A day that was not touched keeps its time.
fn left(fields: &Fields, known: Option<&StaffRow>) -> Result<String, Fault> {
    let typed = fields.date("left-");
    if typed.is_empty() {
        return Ok(String::new());
    }
    let day = typed.date().ok_or_else(|| ("left-day", text!("one-row-real-date")))?;
    let held = known.and_then(|known| known.left).filter(|left| local_date(*left) == day);
    Ok(held.map_or_else(|| day.to_string(), |left| left.to_rfc3339()))
}

/// The fields that say what is there.
pub fn fields_of(row: &StaffRow) -> Fields {
    let mut fields = Fields::default();
    for (asked, (_, cell)) in ASKED.iter().zip(row.cells()) {
        match asked.column {
            "also" => cell.split(';').for_each(|role| fields.put("also", role)),
            "administrator" | "auditor" if cell == "no" => {}
            // In three fields of its own.
            "left" => {}
            _ => fields.put(asked.field, cell),
        }
    }
    if let Some(left) = row.left.map(local_date) {
        for (field, form) in [("left-day", "%-d"), ("left-month", "%-m"), ("left-year", "%Y")] {
            fields.put(field, left.format(form).to_string());
        }
    }
    fields
}

async fn draw(
    state: &AppState,
    signed: &SignedIn,
    id: &str,
    typed: Option<Fields>,
    shown: &Shown,
) -> Result<Response, Refusal> {
    if !signed.viewer.administrator {
        return Err(Refusal::NotFound);
    }
    let (whom, now) = (read_id(id)?, state.ambient.now());
    let around = state.db.read(move |tx: &dyn Tx| gather(tx, whom, now)).await?;
    let around = around.ok_or(Refusal::NotFound)?;
    let held = || around.person.as_ref().map(|(_, row)| fields_of(row)).unwrap_or_default();
    let fields = typed.unwrap_or_else(held);
    let title = match &around.person {
        Some((person, _)) => text!("person-title", who = person.name.reveal().as_str()),
        None => text!("person-title-new"),
    };
    let is_fault = !shown.faults.is_empty() || !shown.meanwhile.is_empty();
    let page = Page {
        content: person_view::content(&around, &title, signed, &fields, shown),
        title: super::page::title(title, is_fault),
        section: Section::SetUp,
        signed: Some(signed.signed()),
        back: Some(("/set-up", &text!("import-back"))),
    };
    let status = if is_fault { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok((status, page.draw()).into_response())
}

fn gather(
    tx: &dyn Tx,
    whom: Option<PersonId>,
    now: DateTime<Utc>,
) -> Result<Option<Around>, StoreError> {
    let mut person = None;
    if let Some(id) = whom {
        let (Some(found), Some(row)) = (tx.person(id)?, row_called(tx, id)?) else {
            return Ok(None);
        };
        person = Some((found, row));
    }
    let mut holds = Vec::new();
    for line in whom.map(|id| tx.allocations_of(id)).transpose()?.unwrap_or_default() {
        if line.holds_at(now) {
            holds.extend(tx.child(line.child)?.map(|child| child.external));
        }
    }
    holds.sort();
    holds.dedup();
    let manager = person.as_ref().and_then(|(person, _)| person.line_manager);
    let mut others = tx.people(People::All)?;
    others.retain(|other| {
        let may_be_chosen = other.is_active(now) || Some(other.id) == manager;
        may_be_chosen && other.is_staff() && Some(other.id) != whom
    });
    Ok(Some(Around { person, others, teams: tx.teams()?, holds }))
}
