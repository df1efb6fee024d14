//! `/access`: who looked at which record, when, how and why. Auditors see all of it, managers what
//! concerns their team, everybody their own readings. `/access.csv` is the same as a file.
//!
//! Children stand here by the organisation's own reference: who may read the log need not know whom
//! it is about.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use axum::extract::{Query, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use doorstep_core::access::Task;
use doorstep_core::ids::{ChildId, PersonId, TeamId};
use doorstep_core::time::london;
use serde::Deserialize;

use super::access_log_view;
use super::happened;
use super::page::{Page, Section};
use super::problem::{self, Refusal};
use super::session::SignedIn;
use super::text::text;
use super::viewer::Viewer;
use crate::app::AppState;
use crate::store::oversight::{AccessFilter, NumberedAccess};
use crate::store::{StoreError, Tx};

/// Lines on a page.
const PAGE_LINES: usize = 100;
/// Lines in a file.
pub const EXPORT_LINES_MAX: usize = 50_000;
/// For how long readings count together when there are unusually many.
const MANY_WITHIN: TimeDelta = TimeDelta::hours(24);

/// What was asked for, as it stands in the URL: references, never names.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    /// The reader's reference.
    pub who: String,
    /// The child's reference.
    pub child: String,
    /// The first day, YYYY-MM-DD, in local time.
    pub from: String,
    /// The last day, YYYY-MM-DD, in local time.
    pub to: String,
    /// Something: only what no allocation explains.
    pub outside: String,
    /// Only lines before this number.
    pub before: Option<u64>,
}

impl Asked {
    /// The query for the URL of what comes before a line, or of all.
    pub fn query(&self, before: Option<u64>) -> String {
        let pairs = [
            ("who", &self.who),
            ("child", &self.child),
            ("from", &self.from),
            ("to", &self.to),
            ("outside", &self.outside),
        ];
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in pairs.into_iter().filter(|(_, value)| !value.is_empty()) {
            query.append_pair(name, value);
        }
        if let Some(before) = before {
            query.append_pair("before", &before.to_string());
        }
        query.finish()
    }
}

/// How much of the log somebody sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// All of it.
    Whole,
    /// What concerns this team: its children, and its people.
    Team(TeamId),
    /// Their own readings.
    Own(PersonId),
}

impl Sight {
    /// How much the viewer sees.
    pub fn of(viewer: &Viewer) -> Self {
        if viewer.seats.may(Task::ReadWholeLog) {
            return Self::Whole;
        }
        let team = viewer.team.filter(|_| viewer.seats.may(Task::ReadTeamLog));
        team.map_or(Self::Own(viewer.person), Self::Team)
    }
}

/// A line as it is shown.
#[derive(Clone, Debug)]
pub struct Row {
    /// The line.
    pub line: NumberedAccess,
    /// Who.
    pub name: String,
    /// Who, by reference.
    pub staff: String,
    /// Whose record, by reference.
    pub child: String,
    /// On which device.
    pub device: Option<String>,
}

/// Everything that the page shows.
#[derive(Clone, Debug)]
pub struct Log {
    /// How much of it the viewer sees.
    pub sight: Sight,
    /// What was asked for.
    pub asked: Asked,
    /// Fields that name nothing.
    pub unknown: Vec<&'static str>,
    /// The lines.
    pub rows: Vec<Row>,
    /// There are more.
    pub more: bool,
    /// Who opened unusually many records in a day: name, reference, how many.
    pub many: Vec<(String, String, u64)>,
    /// What happened to accounts.
    pub accounts: Vec<happened::Shown>,
}

/// `GET /access`.
pub async fn show(
    State(state): State<AppState>,
    signed: SignedIn,
    Query(asked): Query<Asked>,
) -> Response {
    problem::or_page(&signed, draw(&state, &signed, asked).await)
}

async fn draw(state: &AppState, signed: &SignedIn, asked: Asked) -> Result<Response, Refusal> {
    let log = read(state, signed, asked, PAGE_LINES).await?;
    let page = Page {
        title: text!("page-access"),
        section: Section::Access,
        signed: Some(signed.signed()),
        back: None,
        content: access_log_view::content(&log, state.ambient.now()),
    };
    Ok(page.draw().into_response())
}

/// `GET /access.csv`.
pub async fn export(
    State(state): State<AppState>,
    signed: SignedIn,
    Query(asked): Query<Asked>,
) -> Response {
    let answer = read(&state, &signed, Asked { before: None, ..asked }, EXPORT_LINES_MAX).await;
    let answer = answer.map(|log| {
        tracing::info!(person = %signed.viewer.person, lines = log.rows.len(), "access log given");
        let headers = [
            (CONTENT_TYPE, "text/csv; charset=utf-8"),
            (CONTENT_DISPOSITION, "attachment; filename=\"access-log.csv\""),
        ];
        (headers, access_log_view::csv(&log.rows)).into_response()
    });
    problem::or_page(&signed, answer)
}

async fn read(
    state: &AppState,
    signed: &SignedIn,
    asked: Asked,
    count: usize,
) -> Result<Log, Refusal> {
    let viewer = signed.viewer.clone();
    let (now, alarm) = (state.ambient.now(), state.config.reads_alarm);
    let log = state.db.read(move |tx: &dyn Tx| gather(tx, &viewer, asked, count, (now, alarm)));
    Ok(log.await?)
}

fn gather(
    tx: &dyn Tx,
    viewer: &Viewer,
    asked: Asked,
    count: usize,
    (now, alarm): (DateTime<Utc>, u64),
) -> Result<Log, StoreError> {
    let sight = Sight::of(viewer);
    let (filter, unknown) = filter(tx, sight, &asked)?;
    let mut lines =
        if unknown.is_empty() { tx.access_lines(&filter, count + 1)? } else { Vec::new() };
    let more = lines.len() > count;
    lines.truncate(count);
    let mut names = Names::default();
    let mut rows = Vec::with_capacity(lines.len());
    for line in lines {
        rows.push(names.row(tx, line)?);
    }
    let mut many = Vec::new();
    if !matches!(sight, Sight::Own(_)) {
        for (reader, records) in tx.heavy_readers(now - MANY_WITHIN, alarm)? {
            let Some(person) = tx.person(reader)? else { continue };
            if sight == Sight::Whole || person.team.map(Sight::Team) == Some(sight) {
                many.push((person.name.into(), person.external, records));
            }
        }
    }
    // Beside one child's readings it says nothing.
    let accounts =
        if asked.child.trim().is_empty() { happened::gather(tx, viewer)? } else { Vec::new() };
    Ok(Log { sight, asked, unknown, rows, more, many, accounts })
}

/// The filter that was asked for, within what the viewer sees; and the fields that name nothing.
fn filter(
    tx: &dyn Tx,
    sight: Sight,
    asked: &Asked,
) -> Result<(AccessFilter, Vec<&'static str>), StoreError> {
    let mut filter = AccessFilter { before: asked.before, ..AccessFilter::default() };
    let mut unknown = Vec::new();
    if !asked.who.trim().is_empty() {
        filter.person = tx.person_called(asked.who.trim())?.map(|person| person.id);
        unknown.extend(filter.person.is_none().then_some("who"));
    }
    if !asked.child.trim().is_empty() {
        filter.child = tx.child_called(asked.child.trim())?.map(|child| child.id);
        unknown.extend(filter.child.is_none().then_some("child"));
    }
    let midnight = |date: NaiveDate| london(date, NaiveTime::MIN);
    for (text, name) in [(&asked.from, "from"), (&asked.to, "to")] {
        match text.trim().parse::<NaiveDate>() {
            _ if text.trim().is_empty() => {}
            Err(_) => unknown.push(name),
            Ok(date) if name == "from" => filter.from = Some(midnight(date)),
            Ok(date) => filter.until = date.checked_add_days(Days::new(1)).map(midnight),
        }
    }
    filter.outside = !asked.outside.is_empty();
    match sight {
        Sight::Whole => {}
        Sight::Team(team) => filter.team = Some(team),
        Sight::Own(person) => filter.person = Some(person),
    }
    Ok((filter, unknown))
}

/// Names that were looked up already.
#[derive(Default)]
struct Names {
    people: BTreeMap<PersonId, (String, String)>,
    children: BTreeMap<ChildId, String>,
}

impl Names {
    fn row(&mut self, tx: &dyn Tx, line: NumberedAccess) -> Result<Row, StoreError> {
        let (reader, child) = (line.access.person, line.access.child);
        if let Entry::Vacant(unknown) = self.people.entry(reader) {
            let found = tx.person(reader)?.map(|person| (person.name.into(), person.external));
            unknown.insert(found.unwrap_or_default());
        }
        if let Entry::Vacant(unknown) = self.children.entry(child) {
            unknown.insert(tx.child(child)?.map_or_else(String::new, |child| child.external));
        }
        let device = line.access.device.map_or(Ok(None), |id| tx.device(id))?;
        let (name, staff) = self.people[&reader].clone();
        let device = device.map(|device| device.name);
        Ok(Row { child: self.children[&child].clone(), name, staff, device, line })
    }
}
