//! `/set-up/allocations`: who works with one child begins or ends, without a file. Names no child:
//! an administrator knows it by the organisation's own number.

use std::sync::Arc;

use axum::extract::{Form, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use chrono::{DateTime, Utc};
use doorstep_core::event::Role;
use maud::{Markup, html};
use serde::Deserialize;

use super::form::{self, Fault};
use super::importing::refusal;
use super::one_row::{self, Asked, Came, Cell, Fields, input};
use super::page::{Page, Section};
use super::problem::{self, Refusal};
use super::session::SignedIn;
use super::text::text;
use super::{kept, parts, times, words};
use crate::admin::AdminError;
use crate::app::AppState;
use crate::caseload::Kind;
use crate::store::directory::{Allocation, Child, People, Person};
use crate::store::{StoreError, Tx};

/// The columns of an allocation, each with its field.
const ASKED: [Asked; 5] = [
    Asked { column: "child_id", field: "child", label: "allocating-child" },
    Asked { column: "staff_id", field: "person", label: "allocating-person" },
    Asked { column: "role", field: "role", label: "allocating-role" },
    Asked { column: "from", field: "from-day", label: "allocating-from" },
    Asked { column: "until", field: "until-day", label: "allocating-until" },
];

/// Which child, and what was done.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct About {
    child: String,
    done: String,
}

/// What the page is drawn from.
#[derive(Debug)]
struct Around {
    child: Option<(Child, Option<String>)>,
    lines: Vec<(Allocation, Person)>,
    people: Vec<Person>,
    now: DateTime<Utc>,
}

/// How the form came to be shown.
#[derive(Debug, Default)]
struct Shown {
    faults: Vec<Fault>,
    is_kept: bool,
    done: String,
}

/// `GET /set-up/allocations`.
pub async fn show(
    State(state): State<AppState>,
    signed: SignedIn,
    Query(about): Query<About>,
) -> Response {
    let mut fields = Fields::default();
    fields.put("child", about.child);
    let shown = Shown { done: about.done, ..Shown::default() };
    problem::or_page(&signed, draw(&state, &signed, &fields, shown).await)
}

/// `POST /set-up/allocations`. Safe to repeat.
pub async fn submit(
    State(state): State<AppState>,
    signed: SignedIn,
    Form(fields): Form<Fields>,
) -> Response {
    problem::or_page(&signed, submit_as(&state, &signed, fields).await)
}

async fn submit_as(
    state: &AppState,
    signed: &SignedIn,
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
        let fields = if is_kept { fields } else { Fields::default() };
        return draw(state, signed, &fields, Shown { is_kept, ..Shown::default() }).await;
    }
    signed.check(fields.get("csrf"))?;
    let is_end = !fields.get("end").is_empty();
    let row = match row(&fields, is_end.then(|| state.ambient.now())) {
        Ok(row) => row,
        Err(faults) => {
            return draw(state, signed, &fields, Shown { faults, ..Shown::default() }).await;
        }
    };
    let (judge, held) = (state.judge(), Arc::new(row));
    let row = Arc::clone(&held);
    let work = move |tx: &mut dyn Tx| {
        // What has ended already is not ended again, later.
        if is_end && !holds(tx, &row, judge.now())? {
            return Ok(Came::Same);
        }
        one_row::take(tx, &judge, Kind::Allocations, &row)
    };
    let came = state.db.write::<_, AdminError>(work).await.map_err(refusal)?;
    if let Came::Faults(faults) = &came {
        let faults = one_row::at_fields(faults, &held, &ASKED);
        return draw(state, signed, &fields, Shown { faults, ..Shown::default() }).await;
    }
    state.signals.events_came();
    state.signals.ledger_changed();
    let by = signed.viewer.person;
    tracing::info!(%by, is_end, "an allocation was written by hand");
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("child", fields.get("child"))
        .append_pair("done", if is_end { "ended" } else { "begun" })
        .finish();
    Ok(Redirect::to(&format!("/set-up/allocations?{query}")).into_response())
}

/// The row that the fields say; where `end` is an instant, one that ends then.
fn row(fields: &Fields, end: Option<DateTime<Utc>>) -> Result<Vec<Cell>, Vec<Fault>> {
    let mut faults = Vec::new();
    let mut day = |prefix: &str, field| {
        let typed = fields.date(prefix);
        if typed.is_empty() {
            return String::new();
        }
        let day = typed.date().map(|day| day.to_string());
        day.unwrap_or_else(|| {
            faults.push((field, text!("one-row-real-date")));
            String::new()
        })
    };
    let from = day("from-", "from-day");
    let until = end.map_or_else(|| day("until-", "until-day"), |end| end.to_rfc3339());
    if !faults.is_empty() {
        return Err(faults);
    }
    let typed = |field: &str| fields.get(field).to_owned();
    Ok(vec![
        ("child_id", typed("child")),
        ("staff_id", typed("person")),
        ("role", typed("role")),
        ("from", from),
        ("until", until),
    ])
}

/// Whether the child is with the person in the role at `now`.
fn holds(tx: &dyn Tx, row: &[Cell], now: DateTime<Utc>) -> Result<bool, StoreError> {
    let cell = |column: &str| {
        let found = row.iter().find(|(name, _)| *name == column);
        found.map_or("", |(_, cell)| cell.trim())
    };
    let child = tx.child_called(cell("child_id"))?;
    let person = tx.person_called(cell("staff_id"))?;
    let (Some(child), Some(person)) = (child, person) else { return Ok(true) };
    let role: Option<Role> = cell("role").parse().ok();
    let is_it = |line: &Allocation| line.person == person.id && Some(line.role) == role;
    Ok(tx.allocations(child.id)?.iter().any(|line| is_it(line) && line.holds_at(now)))
}

async fn draw(
    state: &AppState,
    signed: &SignedIn,
    fields: &Fields,
    mut shown: Shown,
) -> Result<Response, Refusal> {
    if !signed.viewer.administrator {
        return Err(Refusal::NotFound);
    }
    let (number, now) = (fields.get("child").trim().to_owned(), state.ambient.now());
    let sought = number.clone();
    let around = state.db.read(move |tx: &dyn Tx| gather(tx, &sought, now)).await?;
    if around.child.is_none() && !number.is_empty() {
        shown.faults = vec![("child", text!("allocating-no-child", number = number))];
    }
    let is_fault = !shown.faults.is_empty();
    let page = Page {
        title: super::page::title(text!("allocating-title"), is_fault),
        section: Section::SetUp,
        signed: Some(signed.signed()),
        back: Some(("/set-up", &text!("import-back"))),
        content: content(&around, signed, fields, &shown),
    };
    let status = if is_fault { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok((status, page.draw()).into_response())
}

fn gather(tx: &dyn Tx, number: &str, now: DateTime<Utc>) -> Result<Around, StoreError> {
    let mut around = Around { child: None, lines: Vec::new(), people: Vec::new(), now };
    let Some(child) = tx.child_called(number)? else { return Ok(around) };
    for line in tx.allocations(child.id)? {
        if let Some(person) = tx.person(line.person)? {
            around.lines.push((line, person));
        }
    }
    around.people = tx.people(People::All)?;
    around.people.retain(|person| person.is_active(now) && person.is_staff());
    let team = tx.teams()?.into_iter().find(|team| Some(team.id) == child.team);
    around.child = Some((child, team.map(|team| team.name)));
    Ok(around)
}

fn content(around: &Around, signed: &SignedIn, fields: &Fields, shown: &Shown) -> Markup {
    let errors: Vec<_> =
        shown.faults.iter().map(|(field, words)| (*field, words.as_str())).collect();
    html! {
        (parts::error_summary(&errors))
        @if let Some(words) = done(&shown.done) {
            (parts::done_banner(&html! { p.govuk-notification-banner__heading { (words) } }))
        }
        h1.govuk-heading-l { (text!("allocating-title")) }
        @match &around.child {
            None => {
                form method="get" action="/set-up/allocations" novalidate {
                    (input("child", &text!("allocating-child"), &text!("allocating-child-hint"),
                        fields.get("child"), &shown.faults))
                    button.govuk-button data-module="govuk-button" { (text!("allocating-show")) }
                }
            }
            Some((child, team)) => {
                @if shown.is_kept { div.govuk-inset-text { (text!("person-kept")) } }
                p.govuk-body {
                    (text!("allocating-about", number = child.external.as_str(),
                        team = team.as_deref().unwrap_or("–")))
                    " " a.govuk-link href="/set-up/allocations" { (text!("allocating-another")) }
                }
                (held(around, signed, child))
                (add(around, signed, child, fields, shown))
            }
        }
    }
}

fn done(word: &str) -> Option<String> {
    match word {
        "begun" => Some(text!("allocating-begun")),
        "ended" => Some(text!("allocating-ended")),
        _ => None,
    }
}

fn held(around: &Around, signed: &SignedIn, child: &Child) -> Markup {
    let columns = ["allocating-person", "allocating-role", "allocating-from", "allocating-until"]
        .map(|key| text!(key));
    let day = |at: DateTime<Utc>| parts::instant(at, &times::short(at, around.now));
    let rows: Vec<_> = around
        .lines
        .iter()
        .map(|(line, person)| {
            vec![
                html! { (person.name) " (" (person.external) ")" },
                html! { (words::sentence_case(&words::role(line.role))) },
                day(line.from),
                html! {
                    @if let Some(until) = line.until { (day(until)) }
                    @if line.holds_at(around.now) { (end(signed, child, line, person)) }
                },
            ]
        })
        .collect();
    html! {
        @if rows.is_empty() {
            (parts::empty(&text!("allocating-nobody"), &text!("allocating-nobody-words")))
        } @else {
            (parts::table(&text!("allocating-held"), &columns, &rows))
        }
    }
}

fn end(signed: &SignedIn, child: &Child, line: &Allocation, person: &Person) -> Markup {
    html! {
        form method="post" action="/set-up/allocations" {
            (kept::fields(signed))
            input type="hidden" name="child" value=(child.external);
            input type="hidden" name="person" value=(person.external);
            input type="hidden" name="role" value=(line.role.as_str());
            input type="hidden" name="end" value="yes";
            button.ds-link-button data-prevent-double-click="true" {
                (text!("allocating-end"))
                span.govuk-visually-hidden { ": " (person.name) ", " (words::role(line.role)) }
            }
        }
    }
}

fn add(
    around: &Around,
    signed: &SignedIn,
    child: &Child,
    fields: &Fields,
    shown: &Shown,
) -> Markup {
    let faults = &shown.faults;
    let choose = || text!("allocating-choose");
    let people = one_row::or_none(choose(), one_row::people(&around.people));
    let roles = one_row::or_none(choose(), one_row::roles());
    html! {
        h2.govuk-heading-m { (text!("allocating-add")) }
        form method="post" action="/set-up/allocations" novalidate {
            (kept::fields(signed))
            input type="hidden" name="child" value=(child.external);
            (form::group("person", &text!("allocating-person"), "", faults,
                &form::select("person", &people, fields.get("person"))))
            (form::group("role", &text!("allocating-role"), &text!("allocating-role-hint"), faults,
                &form::select("role", &roles, fields.get("role"))))
            (form::date("from-", &text!("allocating-from"), &text!("allocating-from-hint"),
                fields.date("from-"), faults))
            (form::date("until-", &text!("allocating-until"), &text!("allocating-until-hint"),
                fields.date("until-"), faults))
            button.govuk-button data-module="govuk-button" data-prevent-double-click="true" {
                (text!("allocating-do"))
            }
        }
    }
}
