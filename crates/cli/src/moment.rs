//! Moments as people write them on a command line: `10:15`, `yesterday 14:30`, `2 days ago`. Local
//! times are those of Europe/London.

use std::str::FromStr;

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use doorstep_core::calendar::WORKING_DAY_ENDS;
use doorstep_core::time::{local_date, london};

/// A moment, still relative to the instant at which it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// The instant at which it is read.
    Now,
    /// An instant.
    Instant(DateTime<Utc>),
    /// A local date and time.
    Local(NaiveDateTime),
    /// So many days from today, at a local time.
    Day(i64, NaiveTime),
    /// So long before or after.
    Offset(TimeDelta),
}

impl Moment {
    /// The instant that is meant when it is read at `now`.
    pub fn at(self, now: DateTime<Utc>) -> DateTime<Utc> {
        match self {
            Self::Now => now,
            Self::Instant(at) => at,
            Self::Local(at) => london(at.date(), at.time()),
            Self::Day(days, time) => {
                let today = local_date(now);
                let count = Days::new(days.unsigned_abs());
                let date = if days < 0 { today - count } else { today + count };
                london(date, time)
            }
            Self::Offset(offset) => now + offset,
        }
    }
}

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        read(&text.to_lowercase()).or_else(|| read(text)).ok_or_else(|| {
            format!(
                "\"{text}\" is not a time: write 10:15, \"yesterday 14:30\", \"2026-03-02 10:15\", \
                 \"40 minutes ago\" or 2026-03-02T10:15:00Z"
            )
        })
    }
}

fn read(text: &str) -> Option<Moment> {
    if text == "now" {
        return Some(Moment::Now);
    }
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Some(Moment::Instant(at.to_utc()));
    }
    for form in ["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S"] {
        if let Ok(at) = NaiveDateTime::parse_from_str(text, form) {
            return Some(Moment::Local(at));
        }
    }
    if let Ok(date) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        return Some(Moment::Local(date.and_time(WORKING_DAY_ENDS)));
    }
    if let Some(time) = time(text) {
        return Some(Moment::Day(0, time));
    }
    if let Some((day, rest)) = text.split_once(' ')
        && let Some(days) = day_named(day)
    {
        return Some(Moment::Day(days, time(rest.trim())?));
    }
    if let Some(days) = day_named(text) {
        return Some(Moment::Day(days, WORKING_DAY_ENDS));
    }
    offset(text)
}

fn day_named(word: &str) -> Option<i64> {
    match word {
        "today" => Some(0),
        "yesterday" => Some(-1),
        "tomorrow" => Some(1),
        _ => None,
    }
}

fn time(text: &str) -> Option<NaiveTime> {
    NaiveTime::parse_from_str(text, "%H:%M").ok()
}

/// `2 days ago`, `in 3 hours`.
fn offset(text: &str) -> Option<Moment> {
    let (sign, span) = match (text.strip_suffix(" ago"), text.strip_prefix("in ")) {
        (Some(span), None) => (-1, span),
        (None, Some(span)) => (1, span),
        _ => return None,
    };
    let (count, unit) = span.trim().split_once(' ')?;
    let count = i64::from(count.parse::<u16>().ok()?) * sign;
    match unit.trim() {
        "minute" | "minutes" => Some(Moment::Offset(TimeDelta::minutes(count))),
        "hour" | "hours" => Some(Moment::Offset(TimeDelta::hours(count))),
        "day" | "days" => Some(Moment::Offset(TimeDelta::days(count))),
        "week" | "weeks" => Some(Moment::Offset(TimeDelta::weeks(count))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_moments_as_people_write_them() {
        let now: DateTime<Utc> = "2026-06-10T11:00:00Z".parse().unwrap();
        for (text, instant) in [
            ("now", "2026-06-10T11:00:00Z"),
            ("10:15", "2026-06-10T09:15:00Z"),
            ("yesterday 14:30", "2026-06-09T13:30:00Z"),
            ("tomorrow 09:00", "2026-06-11T08:00:00Z"),
            ("today", "2026-06-10T16:00:00Z"),
            ("2026-03-02 10:15", "2026-03-02T10:15:00Z"),
            ("2026-03-02", "2026-03-02T17:00:00Z"),
            ("2026-03-02T10:15:00+01:00", "2026-03-02T09:15:00Z"),
            ("40 minutes ago", "2026-06-10T10:20:00Z"),
            ("1 week ago", "2026-06-03T11:00:00Z"),
            ("in 2 days", "2026-06-12T11:00:00Z"),
        ] {
            let moment: Moment = text.parse().unwrap();
            assert_eq!(moment.at(now), instant.parse::<DateTime<Utc>>().unwrap(), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_not_a_moment() {
        for text in
            ["", "soon", "25:00", "2026-13-01", "99999999 days ago", "2 moons ago", "next 10:00"]
        {
            assert!(text.parse::<Moment>().is_err(), "{text}");
        }
    }
}
