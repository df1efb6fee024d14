//! `schema/api/openapi.json`: written by `make generate` from the handlers and the types, valid,
//! and whole: what the router answers is in it, and what is sent is as it says.

use std::collections::BTreeSet;
use std::fs;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use doorstep_sync_server::testing::Bench;
use doorstep_sync_server::{console, http};
use doorstep_tests::tree;
use serde_json::{Value, json};
use tower::ServiceExt as _;

const FILE: &str = "schema/api/openapi.json";

/// The committed description.
fn committed() -> Value {
    super::parse(&tree::read(FILE))
}

#[test]
fn the_committed_description_is_what_the_handlers_say() {
    let described = super::generate::sorted(http::describe::document());
    let text = serde_json::to_string_pretty(&described).expect("it has only string keys");
    let text = format!("{text}\n");
    if std::env::var_os(tree::GENERATE).is_some() {
        fs::write(tree::root().join(FILE), &text).expect("the description can be written");
    }
    assert!(tree::read(FILE).text == text, "{FILE} is out of date: run `make generate`");
}

/// What is wrong with a description: as OpenAPI 3.1, as JSON Schema, and where it refers to.
fn faults(document: &Value) -> Vec<String> {
    let schema = tree::read("tests/tests/schema/openapi-3.1/schema.json");
    let validator = jsonschema::validator_for(&super::parse(&schema)).expect("a schema");
    let mut faults: Vec<_> = validator
        .iter_errors(document)
        .map(|error| format!("{error} at {}", error.instance_path()))
        .collect();
    for (name, schema) in document["components"]["schemas"].as_object().into_iter().flatten() {
        if let Err(error) = jsonschema::draft202012::meta::validate(schema) {
            faults.push(format!("{name}: {error}"));
        }
    }
    let mut open = vec![document];
    while let Some(value) = open.pop() {
        if let Some(path) = value.get("$ref").and_then(Value::as_str) {
            let target = path.strip_prefix('#').and_then(|path| document.pointer(path));
            if target.is_none() {
                faults.push(format!("nothing is at {path}"));
            }
        }
        match value {
            Value::Array(items) => open.extend(items),
            Value::Object(members) => open.extend(members.values()),
            _ => {}
        }
    }
    faults
}

#[test]
fn the_description_is_valid() {
    assert_eq!(faults(&committed()), Vec::<String>::new());
}

#[test]
fn planted_faults_of_a_description_are_found() {
    let table: &[(&str, super::Change)] = &[
        ("another version", |it| it["openapi"] = "3.0.0".into()),
        ("no title", |it| drop(it["info"].as_object_mut().and_then(|info| info.remove("title")))),
        ("a response without words", |it| {
            it["paths"]["/v1/sync"]["post"]["responses"]["200"] = json!({});
        }),
        ("a type that is none", |it| {
            it["components"]["schemas"]["Problem"]["type"] = "thing".into();
        }),
        ("a reference to nothing", |it| {
            it["paths"]["/v1/sync"]["post"]["requestBody"]["content"]["application/json"]["schema"]
                ["$ref"] = "#/components/schemas/Nothing".into();
        }),
    ];
    for (name, plant) in table {
        let mut document = committed();
        plant(&mut document);
        assert!(!faults(&document).is_empty(), "{name}");
    }
}

/// The paths of a router, as it prints them.
fn paths<S: Clone + Send + Sync + 'static>(router: &Router<S>) -> BTreeSet<String> {
    let text = format!("{router:?}");
    let quoted = text.split('"').skip(1).step_by(2);
    quoted.filter(|text| text.starts_with('/')).map(str::to_owned).collect()
}

/// The operations that a router answers at these paths: a method that does not fit is refused.
async fn operations(router: &Router, paths: &BTreeSet<String>) -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    for path in paths {
        let address = path.replace(['{', '}', '*'], "");
        for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            let request = Request::builder().method(&method).uri(&address).body(Body::empty());
            let request = request.expect("a request can be made");
            let answer = router.clone().oneshot(request).await.expect("the router answers");
            if answer.status() != StatusCode::METHOD_NOT_ALLOWED {
                found.insert((path.clone(), method.as_str().to_lowercase()));
            }
        }
    }
    found
}

fn described(document: &Value) -> BTreeSet<(String, String)> {
    let paths = document["paths"].as_object().expect("the paths");
    let operation = |(path, methods): (&String, &Value)| {
        let methods = methods.as_object().expect("the methods of a path").keys();
        methods.map(|method| (path.clone(), method.clone())).collect::<Vec<_>>()
    };
    paths.iter().flat_map(operation).collect()
}

#[tokio::test]
async fn every_route_beside_the_pages_is_described_and_nothing_else() {
    let bench = Bench::with(|config| config.api_reference = true).await;
    let whole = http::router(bench.state.clone());
    let pages = paths(&console::router());
    assert!(pages.contains("/inbox"), "the routes are not printed as they were: {pages:?}");
    let mut routes = paths(&whole);
    // What people open in a browser is not for programs: the console, and the field app.
    let is_page = |path: &String| pages.contains(path) || path.starts_with("/field");
    routes.retain(|path| !is_page(path) && path != "/v1/{*rest}");
    assert!(routes.contains("/v1/sync"), "{routes:?}");
    assert_eq!(operations(&whole, &routes).await, described(&committed()));
}

#[tokio::test]
async fn a_planted_route_is_found() {
    let bench = Bench::new().await;
    let planted = Router::new().route("/v1/weather", axum::routing::put(|| async { "rain" }));
    let whole = http::router(bench.state.clone()).merge(planted);
    let routes = paths(&whole);
    assert!(routes.contains("/v1/weather") && !routes.contains("/api"), "{routes:?}");
    let found = operations(&whole, &["/v1/weather".to_owned()].into()).await;
    assert_eq!(found, [("/v1/weather".to_owned(), "put".to_owned())].into());
    assert!(described(&committed()).is_disjoint(&found));
}

/// The JSON of an example in the manual.
fn example(name: &str) -> Value {
    let page = tree::read("docs/sync-protocol.md").text;
    let begin = format!("<!-- begin: {name} -->\n```json\n");
    let (_, rest) = page.split_once(&begin).expect("the example begins");
    let (text, _) = rest.split_once("```").expect("the example ends");
    serde_json::from_str(text).expect("the example is JSON")
}

#[test]
fn what_is_sent_is_as_described() {
    for (name, shape, key) in [
        ("enrol-request", "EnrolRequest", "code"),
        ("enrol-answer", "EnrolResponse", "token"),
        ("first-request", "SyncRequest", "epoch"),
        ("first-answer", "SyncResponse", "verdicts"),
        ("problem", "Problem", "type"),
    ] {
        let mut schema = json!({ "$ref": format!("#/components/schemas/{shape}") });
        schema["components"] = committed()["components"].clone();
        let validator = jsonschema::options().should_validate_formats(true).build(&schema);
        let validator = validator.expect("the description holds schemas");
        let mut sent = example(name);
        if let Err(error) = validator.validate(&sent) {
            panic!("{name}: {error} at {}", error.instance_path());
        }
        sent[key] = json!({ "planted": true });
        assert!(!validator.is_valid(&sent), "{name} without its {key}");
    }
}

#[test]
fn every_problem_of_the_manual_is_listed() {
    let page = tree::read("docs/sync-protocol.md").text;
    let (_, rest) = page.split_once("<!-- begin: problems -->").expect("the table begins");
    let (table, _) = rest.split_once("<!-- end: problems -->").expect("the table ends");
    let word = |row: &str| Some(format!("/problems/{}", row.split('`').nth(1)?));
    let named: BTreeSet<_> = table.lines().filter_map(word).collect();
    let document = committed();
    let listed = document["components"]["schemas"]["ProblemType"]["enum"].as_array();
    let listed = listed.expect("a list").iter().filter_map(Value::as_str).map(str::to_owned);
    assert_eq!(listed.collect::<BTreeSet<_>>(), named);
}
