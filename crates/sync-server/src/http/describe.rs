//! The description of the routes (OpenAPI 3.1), put together from what stands beside the handlers.
//! The shapes are those that the types of `core` say of themselves, so that each is described once.
//!
//! Only the generator of `schema/api/openapi.json` is built with this; a test compares.

use std::collections::BTreeMap;

use doorstep_core::wire::{
    AttachmentOffer, AttachmentState, EnrolRequest, EnrolResponse, HandIn, HandInAnswer, Problem,
    SyncRequest, SyncResponse,
};
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};
use utoipa::OpenApi;

use super::problem::Refusal;
use super::{attachments, coding, enrol, hand_in, health, pokes, sync};
use crate::console::reference;

/// Where the description keeps its shapes.
const SCHEMAS: &str = "/components/schemas";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Doorstep",
        version = "1",
        description = "How devices and programs speak to a Doorstep server. What order things \
            happen in, and what a device keeps, is told in docs/sync-protocol.md; this describes \
            each request and answer by itself.",
        license(name = "EUPL-1.2", identifier = "EUPL-1.2")
    ),
    paths(
        enrol::enrol,
        sync::sync,
        hand_in::hand_in,
        pokes::pokes,
        attachments::offer,
        attachments::take,
        attachments::give,
        coding::dictionary,
        health::alive,
        health::ready,
        reference::document,
        reference::show
    )
)]
struct Described;

/// Which problems an operation answers with, by its id. The rest answer with none.
const PROBLEMS: &[(&str, &[&str])] = &[
    (
        "enrol",
        &[
            "malformed",
            "too-deep",
            "enrolment",
            "method-not-allowed",
            "too-many-requests",
            "too-slow",
            "too-large",
            "content-type",
            "content-coding",
            "busy",
            "too-many-attempts",
            "internal",
            "unavailable",
            "not-set-up",
        ],
    ),
    (
        "sync",
        &[
            "malformed",
            "too-deep",
            "protocol",
            "unauthenticated",
            "revoked",
            "method-not-allowed",
            "too-many-requests",
            "too-slow",
            "too-large",
            "too-many-events",
            "content-type",
            "content-coding",
            "too-often",
            "busy",
            "internal",
            "unavailable",
            "not-set-up",
        ],
    ),
    (
        "hand_in",
        &[
            "malformed",
            "too-deep",
            "protocol",
            "unauthenticated",
            "method-not-allowed",
            "too-slow",
            "too-large",
            "too-many-events",
            "content-type",
            "content-coding",
            "too-often",
            "too-many-requests",
            "busy",
            "internal",
            "unavailable",
            "not-set-up",
        ],
    ),
    ("dictionary", &["method-not-allowed", "not-found", "too-many-requests"]),
    (
        "pokes",
        &[
            "unauthenticated",
            "revoked",
            "method-not-allowed",
            "too-many-requests",
            "internal",
            "unavailable",
            "not-set-up",
        ],
    ),
    (
        "offer_attachment",
        &[
            "malformed",
            "too-deep",
            "unauthenticated",
            "not-found",
            "method-not-allowed",
            "too-many-requests",
            "too-slow",
            "too-large",
            "content-type",
            "content-coding",
            "busy",
            "attachment-shut-out",
            "attachment-unnamed",
            "attachment-size",
            "attachment-mismatch",
            "attachment-type",
            "internal",
            "unavailable",
        ],
    ),
    (
        "send_attachment",
        &[
            "malformed",
            "unauthenticated",
            "not-found",
            "method-not-allowed",
            "too-many-requests",
            "too-slow",
            "content-type",
            "content-coding",
            "busy",
            "attachment-beyond-end",
            "attachment-not-offered",
            "attachment-offset",
            "attachment-piece-size",
            "attachment-mismatch",
            "attachment-type",
            "internal",
            "unavailable",
        ],
    ),
    (
        "get_attachment",
        &[
            "unauthenticated",
            "not-found",
            "method-not-allowed",
            "too-many-requests",
            "attachment-shut-out",
            "attachment-not-here",
            "attachment-range",
            "internal",
            "unavailable",
        ],
    ),
];

/// The whole description.
///
/// # Panics
///
/// Where an operation or a problem of [`PROBLEMS`] is not there.
pub fn document() -> Value {
    let described = Described::openapi().to_json().expect("a description has only string keys");
    let mut document: Value = serde_json::from_str(&described).expect("it was written just now");
    document["components"] = json!({
        "schemas": schemas(),
        "securitySchemes": { "device": {
            "type": "http",
            "scheme": "bearer",
            "description": "The token that the device got when it was enrolled.",
        } },
    });
    let kinds: BTreeMap<_, _> =
        Refusal::every().into_iter().map(|refusal| (refusal.kind().1, refusal)).collect();
    document["components"]["schemas"]["ProblemType"] = json!({
        "description": "Every kind of problem. New ones may come; their meaning never changes.",
        "type": "string",
        "enum": kinds.keys().map(|kind| format!("/problems/{kind}")).collect::<Vec<_>>(),
    });
    for (id, kinds_of_it) in PROBLEMS {
        let refusals = kinds_of_it.iter().map(|kind| kinds.get(kind).expect("a problem's word"));
        let operation = operation(&mut document, id).expect("an operation of this id");
        for (status, response) in problems(refusals) {
            operation["responses"][status] = response;
        }
    }
    for operation in operations(&mut document) {
        for response in values(&mut operation["responses"]) {
            response["headers"]["doorstep-request"] = json!({
                "description": "The request's id, to be quoted when asking for help.",
                "schema": { "type": "string", "format": "uuid" },
            });
        }
    }
    document
}

/// The shapes of everything that is sent, by name.
fn schemas() -> Map<String, Value> {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = SCHEMAS.into();
        settings.meta_schema = None;
    });
    let mut generator = settings.into_generator();
    let mut take = |describe: fn(&mut schemars::SchemaGenerator) -> schemars::Schema| {
        describe(&mut generator);
    };
    take(schemars::SchemaGenerator::subschema_for::<EnrolRequest>);
    take(schemars::SchemaGenerator::subschema_for::<EnrolResponse>);
    take(schemars::SchemaGenerator::subschema_for::<SyncRequest>);
    take(schemars::SchemaGenerator::subschema_for::<SyncResponse>);
    take(schemars::SchemaGenerator::subschema_for::<HandIn>);
    take(schemars::SchemaGenerator::subschema_for::<HandInAnswer>);
    take(schemars::SchemaGenerator::subschema_for::<AttachmentOffer>);
    take(schemars::SchemaGenerator::subschema_for::<AttachmentState>);
    take(schemars::SchemaGenerator::subschema_for::<Problem>);
    take(schemars::SchemaGenerator::subschema_for::<health::Readiness>);
    generator.take_definitions(true)
}

/// One answer for each status of these refusals.
fn problems<'a>(refusals: impl Iterator<Item = &'a Refusal>) -> BTreeMap<String, Value> {
    let mut by_status: BTreeMap<u16, Vec<&Refusal>> = BTreeMap::new();
    for refusal in refusals {
        by_status.entry(refusal.kind().0.as_u16()).or_default().push(refusal);
    }
    let response = |(status, refusals): (u16, Vec<&Refusal>)| {
        let types: Vec<_> =
            refusals.iter().map(|refusal| format!("/problems/{}", refusal.kind().1)).collect();
        let titles: Vec<_> = refusals.iter().map(|refusal| refusal.kind().2).collect();
        let mut response = json!({
            "description": format!("{}.", titles.join("; or: ")),
            "content": { "application/problem+json": { "schema": {
                "allOf": [
                    { "$ref": format!("#{SCHEMAS}/Problem") },
                    { "properties": { "type": { "enum": types } } },
                ],
            } } },
        });
        if refusals.iter().any(|refusal| refusal.retry_after().is_some()) {
            response["headers"]["retry-after"] = json!({
                "description": "How many seconds to wait at least.",
                "schema": { "type": "integer", "minimum": 0 },
            });
        }
        (status.to_string(), response)
    };
    by_status.into_iter().map(response).collect()
}

fn operation<'a>(document: &'a mut Value, id: &str) -> Option<&'a mut Value> {
    operations(document).into_iter().find(|operation| operation["operationId"] == id)
}

fn operations(document: &mut Value) -> Vec<&mut Value> {
    values(&mut document["paths"]).flat_map(values).collect()
}

fn values(object: &mut Value) -> impl Iterator<Item = &mut Value> {
    object.as_object_mut().into_iter().flat_map(|object| object.values_mut())
}
