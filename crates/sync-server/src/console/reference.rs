//! `/api`: the description of the API for people, drawn from the same file that `/api/openapi.json`
//! gives to programs. Names nobody and needs no sign-in; served where the configuration says so.

use std::sync::OnceLock;

use axum::Router;
use axum::http::header;
use axum::middleware::from_fn;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use maud::{Markup, html};
use serde_json::Value;

use super::page::{Page, Section};
use super::parts;

/// The committed description. What it is made from is compared with it by a test.
const DOCUMENT: &str = include_str!("../../../../schema/api/openapi.json");

/// The routes of the description.
pub fn router() -> Router {
    Router::new()
        .route("/api", get(show))
        .route("/api/openapi.json", get(document))
        .layer(from_fn(super::guard))
}

/// The description of the API for programs: this document.
#[cfg_attr(feature = "schema", utoipa::path(
    get, path = "/api/openapi.json", tag = "description",
    responses((status = 200, description = "An OpenAPI document.", body = Object,
        content_type = "application/json"))
))]
pub async fn document() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], DOCUMENT).into_response()
}

/// The description of the API for people.
#[cfg_attr(feature = "schema", utoipa::path(
    get, path = "/api", tag = "description",
    responses((status = 200, description = "A page.", body = String, content_type = "text/html"))
))]
pub async fn show() -> Response {
    static PAGE: OnceLock<String> = OnceLock::new();
    let page = PAGE.get_or_init(|| draw(&parse()).into_string());
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], page.as_str()).into_response()
}

fn parse() -> Value {
    serde_json::from_str(DOCUMENT).expect("the committed description is JSON")
}

fn draw(document: &Value) -> Markup {
    let page = Page {
        title: "The API".to_owned(),
        section: Section::Elsewhere,
        signed: None,
        back: None,
        content: content(document),
    };
    page.draw()
}

fn content(document: &Value) -> Markup {
    html! {
        h1.govuk-heading-xl { "The API" }
        p.govuk-body { (text(&document["info"]["description"])) }
        p.govuk-body {
            "For programs: "
            a.govuk-link href="/api/openapi.json" {
                "the same as OpenAPI " (text(&document["openapi"]))
            }
        }
        (contents(document))
        h2.govuk-heading-l { "Requests" }
        @for (path, methods) in members(&document["paths"]) {
            @for (method, operation) in members(methods) {
                (self::operation(path, method, operation))
            }
        }
        h2.govuk-heading-l #shapes { "Shapes" }
        @for (name, schema) in members(&document["components"]["schemas"]) {
            (shape(name, schema))
        }
    }
}

/// Where each request is on the page.
fn contents(document: &Value) -> Markup {
    html! {
        nav aria-label="On this page" {
            ul.govuk-list {
                @for (path, methods) in members(&document["paths"]) {
                    @for (method, operation) in members(methods) {
                        li { a.govuk-link href=(format!("#{}", text(&operation["operationId"]))) {
                            code { (method.to_uppercase()) " " (path) }
                        } }
                    }
                }
                li { a.govuk-link href="#shapes" { "The shapes of what is sent" } }
            }
        }
    }
}

fn operation(path: &str, method: &str, operation: &Value) -> Markup {
    let rows: Vec<_> = members(&operation["responses"])
        .map(|(status, response)| {
            vec![
                html! { (status) },
                html! { (text(&response["description"])) },
                html! { @for (kind, content) in members(&response["content"]) {
                    (kind) br; (form(&content["schema"]))
                } },
            ]
        })
        .collect();
    html! {
        hr."govuk-section-break govuk-section-break--l govuk-section-break--visible";
        h3.govuk-heading-m #(text(&operation["operationId"])) {
            code { (method.to_uppercase()) " " (path) }
        }
        p.govuk-body { (text(&operation["summary"])) " " (text(&operation["description"])) }
        @if operation.get("security").is_some() {
            p.govuk-body { "With the device's token: " code { "authorization: Bearer …" } }
        }
        @for (kind, content) in members(&operation["requestBody"]["content"]) {
            p.govuk-body { "Takes " (kind) ": " (form(&content["schema"])) }
        }
        (parts::table("Answers", &["Status", "When", "What"], &rows))
    }
}

fn shape(name: &str, schema: &Value) -> Markup {
    let required: Vec<_> = schema["required"].as_array().into_iter().flatten().map(text).collect();
    let rows: Vec<_> = members(&schema["properties"])
        .map(|(key, property)| {
            let needed = if required.contains(&key) { "" } else { ", may be left out" };
            vec![
                html! { code { (key) } },
                html! { (form(property)) (needed) },
                html! { (text(&property["description"])) },
            ]
        })
        .collect();
    html! {
        hr."govuk-section-break govuk-section-break--l govuk-section-break--visible";
        h3.govuk-heading-m id=(format!("shape-{name}")) { (name) }
        p.govuk-body { (text(&schema["description"])) }
        @if rows.is_empty() {
            p.govuk-body { (form(schema)) }
        } @else {
            (parts::table("Keys", &["Key", "Form", "Meaning"], &rows))
            @for choice in ["oneOf", "anyOf", "allOf"] {
                @if schema.get(choice).is_some() { (choices(schema, choice)) }
            }
        }
    }
}

/// What a value looks like, in a few words, with a link where it has a name.
fn form(schema: &Value) -> Markup {
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
        return html! { a.govuk-link href=(format!("#shape-{name}")) { (name) } };
    }
    if let Some(word) = schema.get("const") {
        return html! { code { (word) } };
    }
    if let Some(words) = schema["enum"].as_array() {
        return html! { @for (place, word) in words.iter().enumerate() {
            @if place > 0 { ", " } code { (text(word)) }
        } };
    }
    for choice in ["oneOf", "anyOf", "allOf"] {
        if schema.get(choice).is_some() {
            return choices(schema, choice);
        }
    }
    let kinds = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().map(text).collect::<Vec<_>>().join(" or "),
        kind => text(kind).to_owned(),
    };
    html! {
        (kinds)
        @if let Some(format) = schema["format"].as_str() { " (" (format) ")" }
        @if let Some(items) = schema.get("items") { " of " (form(items)) }
    }
}

fn choices(schema: &Value, choice: &str) -> Markup {
    let joint = if choice == "allOf" { "all of" } else { "one of" };
    html! {
        (joint)
        ul."govuk-list govuk-list--bullet" {
            @for one in schema[choice].as_array().into_iter().flatten() {
                li {
                    (text(&one["description"])) " "
                    @if one.get("properties").is_some() {
                        @for (place, (key, property)) in members(&one["properties"]).enumerate() {
                            @if place > 0 { "; " } code { (key) } ": " (form(property))
                        }
                    } @else {
                        (form(one))
                    }
                }
            }
        }
    }
}

fn members(object: &Value) -> impl Iterator<Item = (&str, &Value)> {
    object.as_object().into_iter().flatten().map(|(key, value)| (key.as_str(), value))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
