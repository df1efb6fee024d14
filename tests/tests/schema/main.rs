//! The shape of each event on the wire: `schema/events/` holds a JSON Schema per type, written from
//! the Rust types by `make generate`, and a frozen example of each that must stay readable for
//! ever.

mod generate;
mod openapi;

use std::collections::BTreeSet;
use std::fs;

use doorstep_core::seal::Body;
use doorstep_tests::tree::{self, TextFile};
use serde_json::Value;

const FOLDER: &str = "schema/events";

/// The committed files of a folder whose names end so: each by the name before that, with its text.
fn committed(folder: &str, ending: &str) -> Vec<(String, TextFile)> {
    let entries = fs::read_dir(tree::root().join(folder)).expect("the folder is there");
    let names = entries.map(|entry| entry.expect("an entry can be read").file_name());
    let names = names.filter_map(|name| Some(name.to_str()?.strip_suffix(ending)?.to_owned()));
    names.map(|name| (name.clone(), tree::read(&format!("{folder}/{name}{ending}")))).collect()
}

fn examples() -> Vec<(String, TextFile)> {
    committed(&format!("{FOLDER}/examples"), ".json")
}

fn names(files: &[(String, TextFile)]) -> BTreeSet<String> {
    files.iter().map(|(name, _)| name.clone()).collect()
}

fn parse(file: &TextFile) -> Value {
    serde_json::from_str(&file.text).unwrap_or_else(|error| panic!("{}: {error}", file.path))
}

#[test]
fn committed_schemas_are_what_the_types_say() {
    let generated = generate::schemas();
    if std::env::var_os(tree::GENERATE).is_some() {
        for (name, text) in &generated {
            let path = tree::root().join(FOLDER).join(format!("{name}.schema.json"));
            fs::write(path, text).expect("the schema can be written");
        }
    }
    let committed = committed(FOLDER, ".schema.json");
    let expected: BTreeSet<_> = generated.iter().map(|(name, _)| name.clone()).collect();
    assert_eq!(names(&committed), expected, "run `make generate`; delete what is left over");
    for (name, file) in committed {
        let (_, text) = generated.iter().find(|(other, _)| *other == name).expect("names agree");
        assert!(file.text == *text, "{} is out of date: run `make generate`", file.path);
    }
}

#[test]
fn every_event_type_has_a_frozen_example() {
    let generated: BTreeSet<_> = generate::schemas().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names(&examples()), generated, "write the missing {FOLDER}/examples/TYPE.json");
}

#[test]
fn frozen_examples_are_valid_and_read_back_as_they_are() {
    for (name, file) in examples() {
        let example = parse(&file);
        assert_eq!(example["type"], Value::String(name.clone()), "{}", file.path);
        let schema = parse(&tree::read(&format!("{FOLDER}/{name}.schema.json")));
        if let Err(error) = jsonschema::validate(&schema, &example) {
            panic!("{}: {error} at {}", file.path, error.instance_path());
        }
        let body: Body = serde_json::from_value(example.clone())
            .unwrap_or_else(|error| panic!("{}: {error}", file.path));
        let written = serde_json::to_value(&body).expect("an event can be written");
        assert_eq!(written, example, "{} reads back as something else", file.path);
    }
}

/// What is changed in an example.
type Change = fn(&mut Value);

#[test]
fn schemas_refuse_what_is_not_an_event() {
    let example = parse(&tree::read("schema/events/examples/failed-contact.json"));
    let schema = parse(&tree::read("schema/events/failed-contact.schema.json"));
    let table: &[(&str, Change, bool)] = &[
        ("as it is", |_| {}, true),
        ("a key of a newer device", |event| event["weather"] = "rain".into(), true),
        (
            "a form that is not a word of the vocabulary",
            |event| event["form"] = "rain".into(),
            false,
        ),
        ("another type", |event| event["type"] = "child-seen".into(), false),
        ("an instant that is none", |event| event["at"] = "yesterday".into(), false),
        ("no child", |event| drop(event.as_object_mut().and_then(|it| it.remove("child"))), false),
    ];
    let validator = jsonschema::options().should_validate_formats(true).build(&schema);
    let validator = validator.expect("the schema is a schema");
    for (name, change, valid) in table {
        let mut event = example.clone();
        change(&mut event);
        assert_eq!(validator.is_valid(&event), *valid, "{name}");
    }
}
