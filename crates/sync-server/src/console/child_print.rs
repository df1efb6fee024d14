//! `/children/{id}/print`: the record on paper, or as PDF from the browser, for a meeting. It is
//! the child's page with everything unfolded, and says who printed it and when.

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use doorstep_core::describe::{self as words, times};
use maud::{Markup, html};

use super::child::{self, Asked};
use super::child_view::{self, ChildPage};
use super::page::{Page, Section};
use super::problem::{self, Refusal};
use super::session::SignedIn;
use super::text::text;
use crate::app::AppState;

/// `GET /children/{id}/print`.
pub async fn show(
    State(state): State<AppState>,
    signed: SignedIn,
    Path(id): Path<String>,
) -> Response {
    problem::or_page(&signed, draw(&state, &signed, &id).await)
}

async fn draw(state: &AppState, signed: &SignedIn, id: &str) -> Result<Response, Refusal> {
    let gathered = child::gather(state, signed, id, Asked::Print).await?;
    let now = state.ambient.now();
    let view = ChildPage {
        file: &gathered.file,
        episodes: &gathered.episodes,
        overseen: &gathered.overseen,
        asked: Asked::Print,
        csrf: &signed.csrf,
        now,
    };
    let path = format!("/children/{id}");
    let page = Page {
        title: format!("{}: {}", text!("child-print-title"), gathered.file.child.name.reveal()),
        section: Section::Inbox,
        signed: Some(signed.signed()),
        back: Some((&path, &text!("child-print-back"))),
        content: html! {
            (head(signed, &times::short(now, now)))
            (child_view::content(&view))
        },
    };
    Ok(page.draw().into_response())
}

fn head(signed: &SignedIn, when: &str) -> Markup {
    let viewer = &signed.viewer;
    let role = words::role(viewer.role);
    html! {
        div.ds-print-how {
            p.govuk-body { (text!("child-print-how")) }
            button."govuk-button govuk-button--secondary" type="button" data-print hidden {
                (text!("child-print-button"))
            }
        }
        div.ds-print-head {
            p.govuk-body {
                (text!("child-print-by", person = viewer.name.as_str(), role = role, when = when,
                    organisation = viewer.organisation.as_str()))
            }
            p.govuk-body { (text!("child-print-care")) }
        }
    }
}
