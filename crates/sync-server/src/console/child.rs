//! `/children/{id}`, and the protected address on it.

use axum::extract::{Form, Path, State};
use axum::response::{IntoResponse as _, Response};
use doorstep_core::access::Thing;
use doorstep_core::ids::ChildId;
use doorstep_core::policy::CountedEpisode;

use super::child_view::{self, ChildPage};
use super::gather::ChildFile;
use super::overseen::{self, Overseen};
use super::page::{Page, Section};
use super::problem::{self, Refusal};
use super::session::SignedIn;
use super::sign_in::OnlyCsrf;
use super::text::text;
use super::{access, gather};
use crate::app::AppState;
use crate::store::{StoreError, Tx};

/// What of a child's record is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// The page.
    Page,
    /// The page with the protected address.
    Address,
    /// The page on paper.
    Print,
}

impl Asked {
    /// The word for it in the access log.
    const fn logged(self) -> &'static str {
        match self {
            Self::Page => "child",
            Self::Address => "protected address",
            Self::Print => "child, to print",
        }
    }
}

/// A child's record, with its episodes.
#[derive(Debug)]
pub struct Gathered {
    /// The record.
    pub file: ChildFile,
    /// The episodes, the earliest first.
    pub episodes: Vec<CountedEpisode>,
    /// What managers were told about it, in the order in which it was raised.
    pub overseen: Vec<Overseen>,
}

/// `GET /children/{id}`.
pub async fn show(
    State(state): State<AppState>,
    signed: SignedIn,
    Path(id): Path<String>,
) -> Response {
    problem::or_page(&signed, draw(&state, &signed, &id, Asked::Page).await)
}

/// `POST /children/{id}/address`: the page with the protected address, once.
pub async fn address(
    State(state): State<AppState>,
    signed: SignedIn,
    Path(id): Path<String>,
    Form(form): Form<OnlyCsrf>,
) -> Response {
    let answer = match signed.check(&form.csrf) {
        Ok(()) => draw(&state, &signed, &id, Asked::Address).await,
        Err(refusal) => Err(refusal),
    };
    problem::or_page(&signed, answer)
}

/// Lets the person in, which the access log says, and gathers the record.
pub async fn gather(
    state: &AppState,
    signed: &SignedIn,
    id: &str,
    asked: Asked,
) -> Result<Gathered, Refusal> {
    let id: ChildId = id.parse().map_err(|_| Refusal::NotFound)?;
    let thing = match asked {
        Asked::Page | Asked::Print => Thing::Record,
        Asked::Address => Thing::ProtectedAddress,
    };
    access::admit_to(state, signed, id, thing, asked.logged()).await?;
    let now = state.ambient.now();
    let policy = std::sync::Arc::clone(&state.policy);
    let look = move |tx: &dyn Tx| {
        let Some(file) = gather::child(tx, &policy, id, now)? else { return Ok(None) };
        Ok::<_, StoreError>(Some((file, overseen::gather(tx, id)?)))
    };
    let gathered = state.db.read(look).await?;
    let (file, overseen) = gathered.ok_or(Refusal::NotFound)?;
    let events = gather::events(&file.records);
    let episodes = state.policy.episodes(&file.child.record, &events, now);
    Ok(Gathered { file, episodes, overseen })
}

async fn draw(
    state: &AppState,
    signed: &SignedIn,
    id: &str,
    asked: Asked,
) -> Result<Response, Refusal> {
    let Gathered { file, episodes, overseen } = gather(state, signed, id, asked).await?;
    let now = state.ambient.now();
    let (csrf, episodes) = (signed.csrf.as_str(), &episodes[..]);
    let view = ChildPage { file: &file, episodes, overseen: &overseen, asked, csrf, now };
    let page = Page {
        title: file.child.name.reveal().clone(),
        section: Section::Inbox,
        signed: Some(signed.signed()),
        back: Some(("/inbox", &text!("page-back-to-inbox"))),
        content: child_view::content(&view),
    };
    Ok(page.draw().into_response())
}
