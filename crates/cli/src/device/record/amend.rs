//! Corrections and withdrawals: new records about an earlier one, which itself is never changed.

use chrono::{DateTime, SecondsFormat, Utc};
use doorstep_core::event::{Corrected, What, Withdrawn};
use doorstep_core::ids::EventId;
use serde_json::{Map, Value};

use crate::failure::{Failure, Outcome};
use crate::moment::Moment;

/// The withdrawal of a record.
pub fn withdrawal(of: EventId, reason: Option<String>) -> What {
    What::Withdrawn(Withdrawn { of, reason })
}

/// The correction of a record: each of `set` is `key=value`, or `key=` to remove the key.
pub fn correction(
    of: EventId,
    set: &[String],
    reason: Option<String>,
    now: DateTime<Utc>,
) -> Outcome<What> {
    let mut keys = Map::new();
    for pair in set {
        let Some((key, value)) = pair.split_once('=') else {
            let sentence =
                format!("\"{pair}\" changes nothing: write KEY=VALUE, or KEY= to remove it");
            return Err(Failure::Misused(sentence));
        };
        let key = key.trim().to_lowercase().replace('-', "_");
        let value = read_value(&key, value.trim(), now)?;
        keys.insert(key, value);
    }
    Ok(What::Corrected(Corrected { of, set: keys, reason }))
}

/// The value of a key in the JSON of an event. Texts stay texts even where they look like numbers.
fn read_value(key: &str, text: &str, now: DateTime<Utc>) -> Outcome<Value> {
    const FLAGS: [&str; 4] =
        ["planned", "actively_prevented", "family_had_agreed", "from_distance"];
    const LISTS: [&str; 3] = ["steps", "answers", "plans"];
    const TIMES: [&str; 4] = ["at", "contact_by", "by_when", "visit_due_by"];
    const TEXTS: [&str; 14] = [
        "form",
        "arranged_by",
        "visit",
        "reason",
        "concern",
        "seen_by",
        "needs_met",
        "agency",
        "address",
        "child_seen",
        "who",
        "with",
        "outcome",
        "note",
    ];
    const WORDS: [&str; 5] = ["referral", "on", "new_appointment", "by", "of"];
    if text.is_empty() {
        return Ok(Value::Null);
    }
    if FLAGS.contains(&key) {
        return match text {
            "yes" | "true" => Ok(Value::Bool(true)),
            "no" | "false" => Ok(Value::Bool(false)),
            _ => Err(Failure::Misused(format!("{key} is yes or no, not \"{text}\""))),
        };
    }
    if LISTS.contains(&key) {
        return Ok(text.split(',').map(str::trim).collect());
    }
    if TIMES.contains(&key) {
        let at = text.parse::<Moment>().map_err(Failure::Misused)?.at(now);
        return Ok(Value::String(at.to_rfc3339_opts(SecondsFormat::AutoSi, true)));
    }
    if TEXTS.contains(&key) || WORDS.contains(&key) {
        return Ok(Value::String(text.to_owned()));
    }
    let known = FLAGS.iter().chain(&LISTS).chain(&TIMES).chain(&TEXTS).chain(&WORDS);
    let hint = doorstep_sync_server::caseload::did_you_mean(key, known.copied());
    Err(Failure::Misused(format!("a record has no key \"{key}\"{hint}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(pairs: &[&str]) -> Outcome<Value> {
        let pairs: Vec<_> = pairs.iter().map(|pair| (*pair).to_owned()).collect();
        let now = "2026-03-02T12:00:00Z".parse().unwrap();
        match correction(EventId::at(now, [1; 10]), &pairs, None, now)? {
            What::Corrected(corrected) => Ok(Value::Object(corrected.set)),
            other => panic!("a correction, not {other:?}"),
        }
    }

    #[test]
    fn each_key_takes_the_shape_that_it_has_in_a_record() {
        for (pairs, json) in [
            (&["form=doorstep"][..], r#"{"form":"doorstep"}"#),
            (&["planned=no", "reason=12"], r#"{"planned":false,"reason":"12"}"#),
            (&["steps=card-left,letter-left"], r#"{"steps":["card-left","letter-left"]}"#),
            (&["at=09:30"], r#"{"at":"2026-03-02T09:30:00Z"}"#),
            (&["contact-by="], r#"{"contact_by":null}"#),
        ] {
            assert_eq!(set(pairs).unwrap(), serde_json::from_str::<Value>(json).unwrap(), "{json}");
        }
    }

    #[test]
    fn refuses_keys_that_no_record_has() {
        for (pair, says) in [
            ("from=doorstep", "did you mean \"form\"?"),
            ("form", "write KEY=VALUE"),
            ("planned=perhaps", "planned is yes or no"),
            ("at=soon", "is not a time"),
        ] {
            let failure = set(&[pair]).unwrap_err();
            assert!(failure.sentence().unwrap().contains(says), "{pair}: {failure:?}");
            assert_eq!(failure.exit_code(), 2);
        }
    }
}
