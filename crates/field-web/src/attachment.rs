//! Files that records name, on the wire: what to send, and what an answer means.

use doorstep_core::wire::AttachmentState;
use doorstep_device_store::AttachmentRequest;
use doorstep_field_app::App;

use crate::reply::{Heard, Outgoing, Reply};

/// What the shell is to send. Nothing is ever fetched: no page shows a file yet.
pub(crate) fn outgoing(request: &AttachmentRequest, token: Option<String>) -> Option<Outgoing> {
    let path = format!("/v1/attachments/{}", request.hash());
    match request {
        AttachmentRequest::Offer { offer, .. } => Outgoing::json("PUT", path, token, offer).ok(),
        AttachmentRequest::Send { offset, bytes, .. } => Some(Outgoing {
            method: "PATCH",
            path: format!("{path}?offset={offset}"),
            token,
            media_type: "application/octet-stream",
            body: bytes.clone(),
        }),
        AttachmentRequest::Fetch { .. } => None,
    }
}

/// Takes in what came back. Records do not wait for a file, so trouble with one ends only this
/// exchange.
pub(crate) fn response(app: &App, request: &AttachmentRequest, reply: &Reply<'_>) -> Heard {
    let taken = match reply.read::<AttachmentState>() {
        Ok(state) => app.attachment_answered(request, &state).map(|()| true),
        Err(no) => app.attachment_unanswered(request, no.problem.as_deref(), no.retry_after),
    };
    match taken {
        Ok(true) => Heard::default(),
        Ok(false) => Heard::trouble("A photograph could not be sent yet. It is tried again."),
        Err(error) => Heard::trouble(doorstep_core::describe::sentence_case(&error.to_string())),
    }
}
