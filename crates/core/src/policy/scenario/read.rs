//! Reading a scenario: TOML into [`Scenario`], with line, key and a sentence for whatever is wrong.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use toml::Spanned;
use uuid::Uuid;

use super::Scenario;
use super::expect::{Expectation, KEYS as EXPECT_KEYS};
use crate::event::{ChildRecord, Event};
use crate::ids::EventId;
use crate::policy::Policy;
use crate::seal::Hash;
use crate::time::local_date;
use crate::words::{closest, hint};

/// Why a file is not a scenario.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {key}: {message}")]
pub struct Fault {
    /// The line, from 1.
    pub line: usize,
    /// The key that is wrong.
    pub key: String,
    /// What is wrong with it.
    pub message: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    title: String,
    packs: Option<Vec<Spanned<String>>>,
    child: Option<Spanned<toml::Table>>,
    #[serde(default)]
    events: Vec<Spanned<toml::Table>>,
    #[serde(default)]
    expect: Vec<Spanned<toml::Table>>,
}

const CHILD_KEYS: &[&str] = &[
    "service",
    "plans",
    "visit_due_by",
    "child_protection_plan_ended",
    "looked_after",
    "concerns",
    "communication_needs",
    "involved_agencies",
    "born",
];

const EVENT_KEYS: &[&str] = &["id", "type", "at", "recorded", "received", "by", "attachments"];

/// The keys of each type of event, besides those that every event has.
const TYPE_KEYS: &[(&str, &[&str])] = &[
    (
        "failed-contact",
        &[
            "form",
            "planned",
            "arranged_by",
            "visit",
            "actively_prevented",
            "reason",
            "steps",
            "contact_by",
            "concern",
            "answers",
            "family_had_agreed",
        ],
    ),
    ("child-seen", &["seen_by", "needs_met", "from_distance"]),
    ("impact-assessed", &["note"]),
    ("vulnerability-assessed", &["note"]),
    ("effect-on-children-assessed", &["note"]),
    ("needs-considered", &["note"]),
    ("plan-agreed", &["note"]),
    ("contribution-recorded", &["note"]),
    ("procedures-started", &["note"]),
    ("further-attempt", &["note"]),
    ("agency-consulted", &["agency", "address", "child_seen"]),
    ("address-confirmed", &["new_appointment"]),
    ("address-corrected", &["new_appointment"]),
    ("letter-copied", &["of"]),
    ("family-made-contact", &["of"]),
    ("concern-recorded", &["concern", "answers"]),
    ("concern-closed", &["concern", "answers"]),
    ("informed", &["who"]),
    ("discussed", &["with", "referral"]),
    ("decided", &["on", "outcome"]),
    ("visit-timeframe-set", &["by_when"]),
    ("plan-changed", &["plans", "visit_due_by"]),
    ("address-changed", &["note"]),
    ("school-changed", &["note"]),
    ("interpreter-arranged", &["note"]),
    ("corrected", &["of", "set", "reason"]),
    ("withdrawn", &["of", "reason"]),
    ("close-requested", &["note"]),
];

/// Reads a scenario file.
pub fn read(text: &str) -> Result<Scenario, Fault> {
    let reader = Reader { text };
    let written: Text = toml::from_str(text).map_err(|error| reader.malformed(&error))?;
    let packs = reader.packs(written.packs.unwrap_or_default())?;
    let (child, born) = match &written.child {
        Some(table) => reader.child(table)?,
        None => (ChildRecord::default(), None),
    };
    let names = reader.names(&written.events)?;
    let events = written
        .events
        .iter()
        .map(|table| reader.event(table, &names, born))
        .collect::<Result<_, _>>()?;
    let expectations =
        written.expect.iter().map(|table| reader.expectation(table)).collect::<Result<_, _>>()?;
    Ok(Scenario { title: written.title, packs, child, events, expectations, names })
}

/// The identity of what a scenario calls by a short name.
fn identity(name: &str) -> Uuid {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&Hash::of(name.as_bytes()).0[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

struct Reader<'a> {
    text: &'a str,
}

/// A table of the file with where it begins, for messages.
pub(super) struct Place<'a> {
    reader: &'a Reader<'a>,
    start: usize,
}

impl Place<'_> {
    /// A fault of a key of this table.
    pub fn fault(&self, key: &str, message: impl Into<String>) -> Fault {
        Fault { line: self.line_of(key), key: key.to_owned(), message: message.into() }
    }

    /// The line on which the table sets a key; where it does not, the line on which it begins.
    fn line_of(&self, key: &str) -> usize {
        let first = self.reader.line(self.start);
        let lines = self.reader.text.lines().enumerate().skip(first - 1);
        lines
            .take_while(|(index, line)| *index < first || !line.trim_start().starts_with('['))
            .find(|(_, line)| sets(line, key))
            .map_or(first, |(index, _)| index + 1)
    }

    /// The line, at or after that of `key`, on which `word` stands.
    pub fn fault_at(&self, key: &str, word: &str, message: impl Into<String>) -> Fault {
        let first = self.line_of(key);
        let lines = self.reader.text.lines().enumerate().skip(first - 1);
        let line = lines
            .take_while(|(index, line)| *index < first || !line.trim_start().starts_with('['))
            .find(|(_, line)| line.contains(word))
            .map_or(first, |(index, _)| index + 1);
        Fault { line, key: key.to_owned(), message: message.into() }
    }
}

/// Whether a line sets a key: at its beginning, or in an inline table.
fn sets(line: &str, key: &str) -> bool {
    let line = line.split('#').next().unwrap_or(line);
    line.match_indices(key).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + key.len()..].trim_start();
        before.is_none_or(|c| c == ' ' || c == '{' || c == ',') && after.starts_with('=')
    })
}

impl Reader<'_> {
    fn line(&self, offset: usize) -> usize {
        self.text.get(..offset).unwrap_or(self.text).matches('\n').count() + 1
    }

    fn malformed(&self, error: &toml::de::Error) -> Fault {
        let message = error.message();
        let quoted = message.split('`').nth(1).unwrap_or("file").to_owned();
        let line = self.line(error.span().map_or(0, |span| span.start));
        let key = if message.contains("field") { quoted } else { "file".to_owned() };
        Fault { line, key, message: format!("{message}{}", hint(message)) }
    }

    fn packs(&self, written: Vec<Spanned<String>>) -> Result<Vec<String>, Fault> {
        let policy = Policy::built_in();
        let known: Vec<&str> = policy.packs().lines().map(|versions| &*versions[0].line).collect();
        written
            .into_iter()
            .map(|id| {
                let line = self.line(id.span().start);
                let id = id.into_inner();
                if known.contains(&id.as_str()) {
                    return Ok(id);
                }
                let message = format!("there is no pack \"{id}\"{}", closest(&id, &known));
                Err(Fault { line, key: "packs".to_owned(), message })
            })
            .collect()
    }

    /// What the record says, and when the child was born, where that is told.
    fn child(
        &self,
        table: &Spanned<toml::Table>,
    ) -> Result<(ChildRecord, Option<NaiveDate>), Fault> {
        let place = Place { reader: self, start: table.span().start };
        check_keys(&place, table.get_ref(), &[CHILD_KEYS])?;
        let mut json = json_table(&place, table.get_ref())?;
        let born = json.remove("born").map(serde_json::from_value).transpose();
        let born = born.map_err(|_| place.fault("born", "is a date, for example 2019-05-01"))?;
        Ok((from_json(&place, &json)?, born))
    }

    /// The identity of each event by its short name.
    fn names(&self, events: &[Spanned<toml::Table>]) -> Result<HashMap<EventId, String>, Fault> {
        let mut names = HashMap::new();
        for table in events {
            let place = Place { reader: self, start: table.span().start };
            let id = table.get_ref().get("id").and_then(toml::Value::as_str);
            let id = id.ok_or_else(|| place.fault("id", "every event needs an id of its own"))?;
            if names.insert(EventId(identity(id)), id.to_owned()).is_some() {
                return Err(place.fault("id", format!("there are two events \"{id}\"")));
            }
        }
        Ok(names)
    }

    fn event(
        &self,
        table: &Spanned<toml::Table>,
        names: &HashMap<EventId, String>,
        born: Option<NaiveDate>,
    ) -> Result<Event, Fault> {
        let place = Place { reader: self, start: table.span().start };
        let table = table.get_ref();
        let kind = table.get("type").and_then(toml::Value::as_str);
        let kind = kind.ok_or_else(|| place.fault("type", "every event needs a type"))?;
        let Some((_, keys)) = TYPE_KEYS.iter().find(|(known, _)| *known == kind) else {
            let known: Vec<&str> = TYPE_KEYS.iter().map(|(known, _)| *known).collect();
            let message = format!("there is no event type \"{kind}\"{}", closest(kind, &known));
            return Err(place.fault("type", message));
        };
        check_keys(&place, table, &[EVENT_KEYS, keys])?;
        let mut json = json_table(&place, table)?;
        identify(&place, &mut json, names)?;
        if let Some(Value::Object(set)) = json.get_mut("set") {
            identify(&place, set, names)?;
        }
        if let Some(received) = json.remove("received") {
            instant(&place, "received", &received)?;
        }
        let at = json.get("at").cloned();
        let at = at.ok_or_else(|| place.fault("at", "every event needs the time it happened"))?;
        let happened = instant(&place, "at", &at)?;
        if let Some(born) = born.filter(|born| local_date(happened) < *born) {
            let message = format!("is before the child was born ({born}): correct one of them");
            return Err(place.fault("at", message));
        }
        json.entry("recorded").or_insert(at);
        json.entry("by").or_insert_with(|| "practitioner".into());
        from_json(&place, &json)
    }

    fn expectation(&self, table: &Spanned<toml::Table>) -> Result<Expectation, Fault> {
        let place = Place { reader: self, start: table.span().start };
        check_keys(&place, table.get_ref(), &[EXPECT_KEYS])?;
        Expectation::read(&place, table.get_ref())
    }
}

/// Puts identities in the place of short names.
fn identify(
    place: &Place<'_>,
    json: &mut Map<String, Value>,
    names: &HashMap<EventId, String>,
) -> Result<(), Fault> {
    for key in ["id", "of", "visit"] {
        let Some(Value::String(name)) = json.get(key) else { continue };
        let id = identity(name);
        if key == "of" && !names.contains_key(&EventId(id)) {
            let known: Vec<&str> = names.values().map(String::as_str).collect();
            let message = format!("there is no event \"{name}\"{}", closest(name, &known));
            return Err(place.fault(key, message));
        }
        json.insert(key.to_owned(), id.to_string().into());
    }
    Ok(())
}

fn check_keys(place: &Place<'_>, table: &toml::Table, known: &[&[&str]]) -> Result<(), Fault> {
    let known: Vec<&str> = known.concat();
    match table.keys().find(|key| !known.contains(&key.as_str())) {
        None => Ok(()),
        Some(key) => Err(place.fault(key, format!("is not a key here{}", closest(key, &known)))),
    }
}

fn json_table(place: &Place<'_>, table: &toml::Table) -> Result<Map<String, Value>, Fault> {
    table.iter().map(|(key, value)| Ok((key.clone(), json(place, key, value)?))).collect()
}

fn json(place: &Place<'_>, key: &str, value: &toml::Value) -> Result<Value, Fault> {
    Ok(match value {
        toml::Value::String(text) => text.clone().into(),
        toml::Value::Integer(number) => (*number).into(),
        toml::Value::Float(number) => (*number).into(),
        toml::Value::Boolean(truth) => (*truth).into(),
        toml::Value::Datetime(datetime) if datetime.date.is_none() => {
            return Err(place.fault(key, "a time of day alone is not enough: give the date too"));
        }
        toml::Value::Datetime(datetime) if datetime.time.is_some() && datetime.offset.is_none() => {
            return Err(place.fault(key, "the time needs an offset, for example Z or +01:00"));
        }
        toml::Value::Datetime(datetime) => datetime.to_string().into(),
        toml::Value::Array(values) => values
            .iter()
            .map(|value| json(place, key, value))
            .collect::<Result<Vec<_>, _>>()?
            .into(),
        toml::Value::Table(table) => Value::Object(json_table(place, table)?),
    })
}

/// An instant that was written as a date-time with an offset.
pub(super) fn instant(place: &Place<'_>, key: &str, value: &Value) -> Result<DateTime<Utc>, Fault> {
    let wanted = "write a date and time with an offset, for example 2026-03-02T10:00:00Z";
    let text = value.as_str().ok_or_else(|| place.fault(key, wanted))?;
    text.parse().map_err(|_| place.fault(key, wanted))
}

/// An instant of a table of the file.
pub(super) fn instant_of(
    place: &Place<'_>,
    key: &str,
    value: &toml::Value,
) -> Result<DateTime<Utc>, Fault> {
    instant(place, key, &json(place, key, value)?)
}

/// Reads a value, and finds the key that is to blame when it cannot be read: the one that holds the
/// word complained of, else the one without which the complaint would be another.
fn from_json<T: DeserializeOwned>(
    place: &Place<'_>,
    json: &Map<String, Value>,
) -> Result<T, Fault> {
    let read = |json: &Map<String, Value>| {
        serde_json::from_value::<T>(Value::Object(json.clone())).map_err(|error| error.to_string())
    };
    read(json).map_err(|complaint| {
        let word = complaint.split('`').nth(1).unwrap_or_default();
        let holding = json.iter().find(|(_, value)| holds(value, word)).map(|(key, _)| key);
        let blamed = json.keys().find(|key| {
            let mut without = json.clone();
            without.remove(*key);
            !EVENT_KEYS.contains(&key.as_str()) && read(&without).err().as_ref() != Some(&complaint)
        });
        let missing = complaint.starts_with("missing field").then(|| word.to_owned());
        let key = missing.or_else(|| holding.or(blamed).cloned());
        let key = key.unwrap_or_else(|| "file".to_owned());
        place.fault(&key, format!("{complaint}{}", hint(&complaint)))
    })
}

/// Whether a value is this word, or has it in it.
fn holds(value: &Value, word: &str) -> bool {
    match value {
        Value::String(text) => text == word,
        Value::Array(values) => values.iter().any(|value| holds(value, word)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_name_always_has_the_same_identity() {
        assert_eq!(identity("f1"), identity("f1"));
        assert_ne!(identity("f1"), identity("f2"));
    }

    #[test]
    fn a_key_is_found_at_the_start_of_a_line_and_in_an_inline_table() {
        assert!(sets("form = \"x\"", "form"));
        assert!(sets("open = [{ clause = \"x\", due = 1 }]", "due"));
        assert!(!sets("platform = 1", "form"));
        assert!(!sets("reason = \"form\"", "form"));
    }
}
