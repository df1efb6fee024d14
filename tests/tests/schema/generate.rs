//! From the Rust types to one self-contained JSON Schema for each type of event.

use doorstep_core::seal::Body;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

/// The schema of each type of event: the type's word, and the text of its file.
pub fn schemas() -> Vec<(String, String)> {
    let settings = SchemaSettings::draft2020_12();
    let whole = settings.into_generator().into_root_schema_for::<Body>().to_value();
    let shared = object(&whole);
    let variants = shared["oneOf"].as_array().expect("an event is one of its types");
    variants.iter().map(|variant| of_type(shared, object(variant))).collect()
}

/// The schema of one type: what all events share, and what this type adds to it.
fn of_type(shared: &Map<String, Value>, variant: &Map<String, Value>) -> (String, String) {
    let definitions = object(&shared["$defs"]);
    let name = variant["properties"]["type"]["const"].as_str().expect("a type has a word");
    let mut parts = vec![shared, variant];
    let reference = variant.get("$ref").and_then(Value::as_str);
    let content = reference.and_then(|reference| reference.strip_prefix("#/$defs/"));
    parts.extend(content.map(|content| object(&definitions[content])));

    let mut properties = Map::new();
    let mut required = Vec::new();
    for part in parts {
        properties.extend(part.get("properties").map(object).cloned().unwrap_or_default());
        required
            .extend(part.get("required").and_then(Value::as_array).cloned().unwrap_or_default());
    }
    let used = used_definitions(&Value::Object(properties.clone()), definitions);
    let schema = json!({
        "$schema": shared["$schema"],
        "title": name,
        "description": variant["description"],
        "type": "object",
        "properties": properties,
        "required": required,
        "$defs": used,
    });
    let text =
        serde_json::to_string_pretty(&sorted(schema)).expect("a schema has only string keys");
    (name.to_owned(), format!("{text}\n"))
}

/// The definitions that `value` refers to, and those that they refer to.
fn used_definitions(value: &Value, definitions: &Map<String, Value>) -> Map<String, Value> {
    let mut used = Map::new();
    let mut open = vec![value];
    while let Some(value) = open.pop() {
        match value {
            Value::Array(items) => open.extend(items),
            Value::Object(members) => {
                let reference = members.get("$ref").and_then(Value::as_str);
                let name = reference.and_then(|reference| reference.strip_prefix("#/$defs/"));
                if let Some(name) = name.filter(|name| !used.contains_key(*name)) {
                    used.insert(name.to_owned(), definitions[name].clone());
                    open.push(&definitions[name]);
                }
                open.extend(members.values());
            }
            _ => {}
        }
    }
    used
}

/// The same value with its keys in order, whatever order the build of `serde_json` keeps them in.
pub fn sorted(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(sorted).collect(),
        Value::Object(members) => {
            let mut members: Vec<_> = members.into_iter().collect();
            members.sort_by(|(one, _), (other, _)| one.cmp(other));
            members.into_iter().map(|(key, value)| (key, sorted(value))).collect()
        }
        simple => simple,
    }
}

fn object(value: &Value) -> &Map<String, Value> {
    value.as_object().expect("a schema is an object")
}
