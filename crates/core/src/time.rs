//! Instants and what a device knew of the time: claims, kept as they were made.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveTime, TimeZone, Utc};
use chrono_tz::Europe::London;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What a device's clocks said when it recorded or spoke. A device's clock may lie; all of it is
/// kept so that the server can judge how far to trust it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ClockReading {
    /// The wall clock with its offset.
    pub wall: DateTime<FixedOffset>,
    /// Milliseconds on a clock that never jumps, counted since `boot`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monotonic_ms: Option<u64>,
    /// Which start of the device `monotonic_ms` counts from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boot: Option<Uuid>,
    /// The last time that a server told the device (UTC).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_seen: Option<DateTime<Utc>>,
}

impl ClockReading {
    /// A reading of the wall clock alone.
    pub fn wall(at: DateTime<Utc>) -> Self {
        Self { wall: at.fixed_offset(), monotonic_ms: None, boot: None, server_seen: None }
    }
}

/// The local date in Europe/London on which `at` falls.
pub fn local_date(at: DateTime<Utc>) -> NaiveDate {
    at.with_timezone(&London).date_naive()
}

/// The local time of day in Europe/London at `at`.
pub fn local_time(at: DateTime<Utc>) -> NaiveTime {
    at.with_timezone(&London).time()
}

/// The instant of a local time in Europe/London. Where the clocks go back, the first of the two;
/// where they go forward over it, the same distance from midnight as if they had not.
pub fn london(date: NaiveDate, time: NaiveTime) -> DateTime<Utc> {
    let naive = date.and_time(time);
    London.from_local_datetime(&naive).earliest().map_or_else(|| naive.and_utc(), |at| at.to_utc())
}

/// The local midnight that ends the local day of `at`.
pub fn next_midnight(at: DateTime<Utc>) -> DateTime<Utc> {
    london(local_date(at) + chrono::Days::new(1), NaiveTime::MIN)
}

/// An instant in words for people in England, for example `Monday 2 March 2026, 10:00`.
pub fn in_words(at: DateTime<Utc>) -> String {
    at.with_timezone(&London).format("%A %-d %B %Y, %H:%M").to_string()
}

/// The end of a limit in words: `by Monday 2 March 2026, 10:00`, and for a local midnight
/// `by the end of Sunday 1 March 2026`, because nobody reads 00:00 as the day before.
pub fn deadline_in_words(at: DateTime<Utc>) -> String {
    match day_that_ends(at) {
        Some(day) => format!("by the end of {}", day.format("%A %-d %B %Y")),
        None => format!("by {}", in_words(at)),
    }
}

/// The local day that ends at `at`, where that is a local midnight.
pub fn day_that_ends(at: DateTime<Utc>) -> Option<NaiveDate> {
    (local_time(at) == NaiveTime::MIN).then(|| local_date(at).pred_opt()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_local_day_ends_at_local_midnight_whatever_the_season() {
        for (at, midnight) in [
            ("2026-01-10T23:30:00Z", "2026-01-11T00:00:00Z"),
            ("2026-06-10T22:59:59Z", "2026-06-10T23:00:00Z"),
            ("2026-06-10T23:00:00Z", "2026-06-11T23:00:00Z"),
            ("2026-03-28T23:59:59Z", "2026-03-29T00:00:00Z"),
            ("2026-03-29T12:00:00Z", "2026-03-29T23:00:00Z"),
            ("2026-10-25T12:00:00Z", "2026-10-26T00:00:00Z"),
        ] {
            assert_eq!(next_midnight(utc(at)), utc(midnight), "{at}");
        }
    }

    #[test]
    fn a_local_time_that_the_clocks_skip_still_has_an_instant() {
        let date = NaiveDate::from_ymd_opt(2026, 3, 29).unwrap();
        let time = NaiveTime::from_hms_opt(1, 30, 0).unwrap();
        assert_eq!(london(date, time), utc("2026-03-29T01:30:00Z"));
    }

    #[test]
    fn a_limit_at_midnight_is_named_by_the_day_that_it_ends() {
        for (at, words) in [
            ("2026-03-02T10:00:00Z", "by Monday 2 March 2026, 10:00"),
            ("2026-03-02T00:00:00Z", "by the end of Sunday 1 March 2026"),
            ("2026-06-10T23:00:00Z", "by the end of Wednesday 10 June 2026"),
            ("2026-06-10T00:00:00Z", "by Wednesday 10 June 2026, 01:00"),
        ] {
            assert_eq!(deadline_in_words(utc(at)), words, "{at}");
        }
    }

    #[test]
    fn words_are_in_local_time() {
        assert_eq!(in_words(utc("2026-06-01T09:00:00Z")), "Monday 1 June 2026, 10:00");
    }
}
