//! `/children/{id}/attachments/{hash}`: a download for whoever may open the child's record.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use doorstep_core::attachment::Attachment;
use doorstep_core::ids::ChildId;
use doorstep_core::seal::{Body as Sealed, Hash};
use maud::{Markup, html};

use super::problem::{self, Refusal};
use super::session::SignedIn;
use super::text::text;
use super::{access, gather};
use crate::app::AppState;
use crate::attachment::{self, standing};
use crate::store::{StoreError, Tx};

/// `GET /children/{id}/attachments/{hash}`.
pub async fn show(
    State(state): State<AppState>,
    signed: SignedIn,
    Path((child, hash)): Path<(String, String)>,
) -> Response {
    problem::or_page(&signed, download(&state, &signed, &child, &hash).await)
}

async fn download(
    state: &AppState,
    signed: &SignedIn,
    child: &str,
    hash: &str,
) -> Result<Response, Refusal> {
    let child: ChildId = child.parse().map_err(|_| Refusal::NotFound)?;
    let mut bytes = [0; 32];
    hex::decode_to_slice(hash, &mut bytes).map_err(|_| Refusal::NotFound)?;
    let hash = Hash(bytes);
    access::admit(state, signed, child, "attachment").await?;
    let key = state.attachment_key()?;
    let with = key.clone();
    let look = move |tx: &dyn Tx| {
        let Some(upload) = standing(tx, child, hash, &with)? else { return Ok(None) };
        Ok::<_, StoreError>(named(tx, child, hash)?.map(|named| (upload, named)))
    };
    let (upload, named) = state.db.read(look).await?.ok_or(Refusal::NotFound)?;
    let whole = 0..upload.bytes;
    let headers = attachment::headers(&upload, &named.file_name(), upload.bytes);
    let bytes = attachment::stream(state.db.clone(), upload, whole, key);
    Ok((headers, Body::from_stream(bytes)).into_response())
}

/// How the child's records name the attachment.
fn named(tx: &dyn Tx, child: ChildId, hash: Hash) -> Result<Option<Attachment>, StoreError> {
    let history = tx.history(child)?;
    let bodies =
        history.iter().filter_map(|event| serde_json::from_str::<Sealed>(&event.body).ok());
    Ok(bodies.flat_map(|body| body.event.attachments).find(|named| named.hash == hash))
}

/// The attachments of a record, each with a link where it has arrived.
pub fn list(record: &gather::Recorded) -> Markup {
    let child = record.body.origin.child;
    html! {
        @for attached in &record.attached {
            p.ds-timeline__when {
                @let words = super::words::sentence_case(&attached.attachment.in_words());
                @if attached.is_here {
                    a.govuk-link href=(path(child, attached.attachment.hash)) { (words) }
                } @else {
                    (text!("attachment-missing", what = words))
                }
            }
        }
    }
}

fn path(child: ChildId, hash: Hash) -> String {
    format!("/children/{child}/attachments/{hash}")
}
