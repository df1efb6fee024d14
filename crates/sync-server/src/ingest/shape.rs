//! What can be said of a text of JSON before anything is made of it.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate};
use serde_json::Value;
use serde_json::value::RawValue;

/// How deep a text may be nested. An event's values lie at the tenth level at most.
pub const DEPTH_MAX: usize = 32;

/// How deep the brackets outside strings are nested. Text that is not JSON gets some number.
pub fn depth(text: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut in_string, mut escaped) = (false, false);
    for byte in text {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'[' | b'{' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// Whether a request is nested too deeply. One that carries events is not, however deep these are:
/// each is looked at by itself.
pub fn is_too_deep(request: &[u8]) -> bool {
    if depth(request) <= DEPTH_MAX {
        return false;
    }
    let Ok(keys) = serde_json::from_slice::<BTreeMap<&str, &RawValue>>(request) else {
        return true;
    };
    let is_deep = |(key, value): (&str, &RawValue)| {
        let list = key == "events" && serde_json::from_str::<Vec<&RawValue>>(value.get()).is_ok();
        !list && depth(value.get().as_bytes()) >= DEPTH_MAX
    };
    keys.into_iter().any(is_deep)
}

/// Whether a date or an instant stands in it whose year has not four digits. RFC 3339 knows none,
/// and nothing can be reckoned from the ends of the calendar.
pub fn has_strange_year(text: &str) -> bool {
    // Only a sign before the year makes more digits of it; a string may be written in escapes.
    let suspicious = ["\"+", "\"-", "\\"].iter().any(|sign| text.contains(sign));
    suspicious && serde_json::from_str(text).is_ok_and(|value| is_strange(&value))
}

fn is_strange(value: &Value) -> bool {
    match value {
        Value::String(text) if text.starts_with(['+', '-']) => {
            DateTime::parse_from_rfc3339(text).is_ok()
                || text.parse::<DateTime<chrono::Utc>>().is_ok()
                || text.parse::<NaiveDate>().is_ok()
        }
        Value::Array(values) => values.iter().any(is_strange),
        Value::Object(keys) => keys.values().any(is_strange),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_counts_brackets_outside_strings() {
        for (text, expected) in [
            ("1", 0),
            ("{}", 1),
            ("[[],[[]]]", 3),
            (r#"{"a":"[[[[","b":"\"[["}"#, 1),
            (r#"["\\",[1]]"#, 2),
        ] {
            assert_eq!(depth(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn an_event_may_be_deep_without_its_request_being_so() {
        let deep = format!("{}{}", "[".repeat(40), "]".repeat(40));
        for (text, expected) in [
            (deep.clone(), true),
            (format!(r#"{{"events":[{deep}]}}"#), false),
            (format!(r#"{{"events":{{"a":{deep}}}}}"#), true),
            (format!(r#"{{"code":{deep}}}"#), true),
        ] {
            assert_eq!(is_too_deep(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn years_have_four_digits() {
        for (text, expected) in [
            (r#"{"at":"2026-03-02T10:00:00Z"}"#, false),
            (r#"{"at":"9999-12-31T23:59:59Z"}"#, false),
            (r#"{"phone":"+447700900123","note":"-1"}"#, false),
            (r#"{"at":"+262142-12-31T23:59:59Z"}"#, true),
            (r#"{"set":{"at":"-262143-01-01T00:00:00Z"}}"#, true),
            (r#"{"days":["+10000-01-01"]}"#, true),
            (r#"{"at":"\u002b262142-12-31T23:59:59Z"}"#, true),
        ] {
            assert_eq!(has_strange_year(text), expected, "{text}");
        }
    }
}
