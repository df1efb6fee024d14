//! `/children/{id}`, and the protected address on it.

use axum::extract::{Form, Path, State};
use axum::response::{IntoResponse as _, Response};
use doorstep_core::ids::ChildId;

use super::child_view::{self, ChildPage};
use super::page::{Page, Section};
use super::problem::{self, Refusal};
use super::session::SignedIn;
use super::sign_in::OnlyCsrf;
use super::{access, gather};
use crate::app::AppState;
use crate::store::Tx;

/// `GET /children/{id}`.
pub async fn show(
    State(state): State<AppState>,
    signed: SignedIn,
    Path(id): Path<String>,
) -> Response {
    problem::or_page(&signed, draw(&state, &signed, &id, false).await)
}

/// `POST /children/{id}/address`: the page with the protected address, once.
pub async fn address(
    State(state): State<AppState>,
    signed: SignedIn,
    Path(id): Path<String>,
    Form(form): Form<OnlyCsrf>,
) -> Response {
    let answer = match signed.check(&form.csrf) {
        Ok(()) => draw(&state, &signed, &id, true).await,
        Err(refusal) => Err(refusal),
    };
    problem::or_page(&signed, answer)
}

async fn draw(
    state: &AppState,
    signed: &SignedIn,
    id: &str,
    address_shown: bool,
) -> Result<Response, Refusal> {
    let id: ChildId = id.parse().map_err(|_| Refusal::NotFound)?;
    let name = if address_shown { "protected address" } else { "child" };
    access::admit(state, signed, id, name).await?;
    let now = state.ambient.now();
    let gathered = state.db.read(move |tx: &dyn Tx| gather::child(tx, id, now)).await?;
    let file = gathered.ok_or(Refusal::NotFound)?;
    let view = ChildPage { file: &file, address_shown, csrf: &signed.csrf, now };
    let page = Page {
        title: file.child.name.clone(),
        section: Section::Inbox,
        signed: Some(signed.signed()),
        back: Some(("/inbox", "Back to the inbox")),
        content: child_view::content(&view),
    };
    Ok(page.draw().into_response())
}
