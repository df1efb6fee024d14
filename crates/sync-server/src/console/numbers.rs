//! `/numbers` and `/numbers/{table}`: how many failed contacts there are, how long they take to
//! reach a manager, and what is owed past its limit; as charts, as tables, and as CSV.

use std::collections::BTreeMap;

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, Utc};
use doorstep_core::ids::TeamId;
use serde::Deserialize;

use super::figures::{self, Figures, Scope, WEEKS, Weeks};
use super::numbers_view::{self, NumbersPage, Table};
use super::page::{Page, Section};
use super::problem::{self, Refusal};
use super::session::SignedIn;
use super::text::text;
use super::viewer::Viewer;
use crate::app::AppState;
use crate::store::{StoreError, Tx};

/// What is asked for, as it stands in the URL.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Asked {
    /// A team by id; empty: all that the viewer sees.
    pub team: String,
    /// How many weeks, one of those that can be asked for.
    pub weeks: String,
}

impl Asked {
    /// How many weeks are counted.
    pub fn count(&self) -> u32 {
        let wanted = self.weeks.parse().ok().filter(|weeks| WEEKS.contains(weeks));
        wanted.unwrap_or(WEEKS[1])
    }
}

/// `GET /numbers`.
pub async fn show(
    State(state): State<AppState>,
    signed: SignedIn,
    Query(asked): Query<Asked>,
) -> Response {
    problem::or_page(&signed, draw(&state, &signed, &asked).await)
}

async fn draw(state: &AppState, signed: &SignedIn, asked: &Asked) -> Result<Response, Refusal> {
    let Counted { teams, figures } = gather(state, signed, asked).await?;
    let now = state.ambient.now();
    let page = Page {
        title: text!("numbers-title"),
        section: Section::Numbers,
        signed: Some(signed.signed()),
        back: None,
        content: numbers_view::content(&NumbersPage {
            asked,
            teams: &teams,
            figures: &figures,
            now,
        }),
    };
    Ok(page.draw().into_response())
}

/// `GET /numbers/{table}`: one table as CSV.
pub async fn table(
    State(state): State<AppState>,
    signed: SignedIn,
    Path(name): Path<String>,
    Query(asked): Query<Asked>,
) -> Response {
    problem::or_page(&signed, download(&state, &signed, &name, &asked).await)
}

async fn download(
    state: &AppState,
    signed: &SignedIn,
    name: &str,
    asked: &Asked,
) -> Result<Response, Refusal> {
    let table = name.strip_suffix(".csv").and_then(Table::called).ok_or(Refusal::NotFound)?;
    let counted = gather(state, signed, asked).await?;
    Ok(table.sheet(&counted.figures).download(&format!("doorstep-{}", table.as_str())))
}

/// The teams that the viewer may choose from, and the figures of the chosen ones.
struct Counted {
    teams: BTreeMap<TeamId, String>,
    figures: Figures,
}

async fn gather(state: &AppState, signed: &SignedIn, asked: &Asked) -> Result<Counted, Refusal> {
    let (viewer, now, asked) = (signed.viewer.clone(), state.ambient.now(), asked.clone());
    let look = move |tx: &dyn Tx| look(tx, &viewer, &asked, now);
    state.db.read(look).await?.ok_or(Refusal::NotFound)
}

fn look(
    tx: &dyn Tx,
    viewer: &Viewer,
    asked: &Asked,
    now: DateTime<Utc>,
) -> Result<Option<Counted>, StoreError> {
    let own = viewer.team.filter(|_| viewer.sees_team);
    if own.is_none() && !viewer.administrator {
        return Ok(None);
    }
    let seen = |team: TeamId| viewer.administrator || own == Some(team);
    let teams: BTreeMap<_, _> = tx
        .teams()?
        .into_iter()
        .filter(|team| seen(team.id))
        .map(|team| (team.id, team.name))
        .collect();
    let wanted: Option<TeamId> = asked.team.parse().ok();
    let chosen = |team: &TeamId| wanted.is_none_or(|wanted| wanted == *team);
    let scope = Scope {
        teams: teams.clone().into_iter().filter(|(team, _)| chosen(team)).collect(),
        without: (viewer.administrator && wanted.is_none()).then(|| text!("numbers-no-team")),
    };
    let weeks = Weeks::until(now, asked.count());
    let (from, until) = weeks.span();
    let contacts = tx.contact_figures(from, until)?;
    let escalations = tx.escalation_figures(from, until)?;
    let figures = figures::count(weeks, &scope, &contacts, &escalations, now);
    Ok(Some(Counted { teams, figures }))
}
