//! Instants and spans in words, in the local time of Europe/London.

use chrono::{DateTime, Datelike as _, TimeDelta, Utc};
use chrono_tz::Europe::London;

use crate::assessment::Due;
use crate::time::{day_that_ends, local_date};

/// What is left of a limit below which it counts as soon.
const SOON: TimeDelta = TimeDelta::hours(4);

/// `Mon 2 March, 11:00`; with the year where it is not the year of `now`.
pub fn short(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let (at, now) = (at.with_timezone(&London), now.with_timezone(&London));
    let pattern = if at.year() == now.year() { "%a %-d %B, %H:%M" } else { "%a %-d %B %Y, %H:%M" };
    at.format(pattern).to_string()
}

/// The end of a limit: as [`short`], and for a local midnight `the end of Sun 1 March`.
pub fn deadline(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let Some(day) = day_that_ends(at) else { return short(at, now) };
    let pattern = if day.year() == local_date(now).year() { "%a %-d %B" } else { "%a %-d %B %Y" };
    format!("the end of {}", day.format(pattern))
}

/// `Monday 2 March`.
pub fn day(at: DateTime<Utc>) -> String {
    at.with_timezone(&London).format("%A %-d %B").to_string()
}

/// `Monday 10:00` within the six days around `now`, else as [`short`].
pub fn spoken(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let (there, here) = (at.with_timezone(&London), now.with_timezone(&London));
    match (here.date_naive() - there.date_naive()).num_days() {
        0 => there.format("today %H:%M").to_string(),
        1 => there.format("yesterday %H:%M").to_string(),
        _ => short(at, now),
    }
}

/// A span in its largest unit, rounded down: `40 minutes`, `2 hours`, `3 days`.
pub fn span(span: TimeDelta) -> String {
    let span = span.abs();
    let (count, unit) = match (span.num_days(), span.num_hours(), span.num_minutes()) {
        (days, _, _) if days >= 2 => (days, "day"),
        (_, hours, _) if hours >= 1 => (hours, "hour"),
        (_, _, minutes) if minutes >= 1 => (minutes, "minute"),
        _ => return "less than a minute".to_owned(),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// How long ago `then` is.
pub fn ago(then: DateTime<Utc>, now: DateTime<Utc>) -> String {
    if now - then < TimeDelta::minutes(1) {
        "just now".to_owned()
    } else {
        format!("{} ago", span(now - then))
    }
}

/// How a limit stands against the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pressure {
    /// The limit has passed.
    Over,
    /// Hours are left.
    Soon,
    /// There is time.
    Calm,
    /// There is no limit, or nothing is owed any more.
    Quiet,
}

impl Pressure {
    /// The pressure of a limit that ends at `due`.
    pub fn of(due: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Self {
        match due.map(|due| due - now) {
            None => Self::Quiet,
            Some(left) if left <= TimeDelta::zero() => Self::Over,
            Some(left) if left <= SOON => Self::Soon,
            Some(_) => Self::Calm,
        }
    }

    /// The last part of the class names that show it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Over => "over",
            Self::Soon => "soon",
            Self::Calm => "calm",
            Self::Quiet => "quiet",
        }
    }
}

/// `40 minutes left`, or `2 hours over`.
pub fn left(due: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let word = if due <= now { "over" } else { "left" };
    format!("{} {word}", span(due - now))
}

/// How a limit was computed: its words, and the days that it stepped over by name.
pub fn computed(due: &Due) -> String {
    let days: Vec<_> = due
        .stepped_over
        .iter()
        .map(|day| match day.name.as_str() {
            "Saturday" | "Sunday" => day.date.format("%A %-d %B").to_string(),
            name => format!("{name} ({})", day.date.format("%A %-d %B")),
        })
        .collect();
    if days.is_empty() {
        due.limit.to_string()
    } else {
        format!("{}, not counting {}", due.limit, days.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn says_what_is_left_of_a_limit_in_words() {
        let now = utc("2026-03-02T10:20:00Z");
        for (due, words, pressure) in [
            ("2026-03-02T11:00:00Z", "40 minutes left", Pressure::Soon),
            ("2026-03-02T10:20:30Z", "less than a minute left", Pressure::Soon),
            ("2026-03-02T08:19:00Z", "2 hours over", Pressure::Over),
            ("2026-03-02T09:20:00Z", "1 hour over", Pressure::Over),
            ("2026-03-03T17:00:00Z", "30 hours left", Pressure::Calm),
            ("2026-03-09T17:00:00Z", "7 days left", Pressure::Calm),
        ] {
            assert_eq!(left(utc(due), now), words, "{due}");
            assert_eq!(Pressure::of(Some(utc(due)), now), pressure, "{due}");
        }
    }

    #[test]
    fn times_are_local_and_name_the_year_only_where_it_differs() {
        let now = utc("2026-06-03T10:00:00Z");
        assert_eq!(short(utc("2026-06-01T09:00:00Z"), now), "Mon 1 June, 10:00");
        assert_eq!(short(utc("2025-12-01T09:00:00Z"), now), "Mon 1 December 2025, 09:00");
        assert_eq!(deadline(utc("2026-06-01T09:00:00Z"), now), "Mon 1 June, 10:00");
        assert_eq!(deadline(utc("2026-05-31T23:00:00Z"), now), "the end of Sun 31 May");
        assert_eq!(deadline(utc("2026-01-01T00:00:00Z"), now), "the end of Wed 31 December 2025");
        assert_eq!(spoken(utc("2026-06-03T08:00:00Z"), now), "today 09:00");
        assert_eq!(spoken(utc("2026-06-02T08:00:00Z"), now), "yesterday 09:00");
    }
}
