//! Working days in England and Wales: which days count, and where a limit in working days ends.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveTime, TimeDelta, Utc, Weekday};
use serde::{Deserialize, Serialize};

use crate::time::{local_date, local_time, london};

/// The bank holidays that are built in, in the shape of the public data set.
const BUILT_IN: &str = include_str!("../../../schema/policy/bank-holidays.json");
const DIVISION: &str = "england-and-wales";

/// The beginning of the working day, local time.
pub const WORKING_DAY_BEGINS: NaiveTime = NaiveTime::from_hms_opt(9, 0, 0).expect("9:00 exists");

/// The end of the working day, local time.
pub const WORKING_DAY_ENDS: NaiveTime = NaiveTime::from_hms_opt(17, 0, 0).expect("17:00 exists");

/// The working calendar: bank holidays by date, with their names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    bank_holidays: BTreeMap<NaiveDate, String>,
}

/// A day that a limit in working days stepped over, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SteppedOver {
    /// The local date.
    pub date: NaiveDate,
    /// `Saturday`, `Sunday`, or the bank holiday's name.
    pub name: String,
}

/// Why a calendar could not be read.
#[derive(Debug, thiserror::Error)]
pub enum CalendarError {
    /// It is not the public data set's shape.
    #[error("bank holidays cannot be read: use the public data set's JSON")]
    Malformed(#[source] serde_json::Error),
    /// It lacks England and Wales, or has no holidays at all.
    #[error("bank holidays hold no dates for {DIVISION}")]
    Empty,
}

#[derive(Deserialize)]
struct Division {
    events: Vec<Holiday>,
}

#[derive(Deserialize)]
struct Holiday {
    title: String,
    date: NaiveDate,
}

impl Calendar {
    /// The calendar that is built in.
    pub fn built_in() -> &'static Self {
        static CALENDAR: OnceLock<Calendar> = OnceLock::new();
        CALENDAR.get_or_init(|| {
            Self::from_json(BUILT_IN).expect("the built-in bank holidays are checked by a test")
        })
    }

    /// Reads the public data set's JSON: an object by division, each with `events` of `title` and
    /// `date`.
    pub fn from_json(json: &str) -> Result<Self, CalendarError> {
        let divisions: BTreeMap<String, Division> =
            serde_json::from_str(json).map_err(CalendarError::Malformed)?;
        let events = divisions.into_iter().find(|(name, _)| name == DIVISION);
        let bank_holidays: BTreeMap<_, _> = events
            .map(|(_, division)| division.events)
            .unwrap_or_default()
            .into_iter()
            .map(|holiday| (holiday.date, holiday.title))
            .collect();
        if bank_holidays.is_empty() {
            Err(CalendarError::Empty)
        } else {
            Ok(Self { bank_holidays })
        }
    }

    /// The last local date for which bank holidays are known: the end of the data's last year.
    pub fn known_until(&self) -> NaiveDate {
        let last = self.bank_holidays.keys().next_back().copied().unwrap_or(NaiveDate::MIN);
        NaiveDate::from_ymd_opt(last.year(), 12, 31).unwrap_or(last)
    }

    /// A sentence for the operator when fewer than six months of bank holidays are left at `now`.
    pub fn warning(&self, now: DateTime<Utc>) -> Option<String> {
        let until = self.known_until();
        let six_months_on = local_date(now) + Months::new(6);
        (six_months_on > until).then(|| {
            format!(
                "bank holidays are known until {until} only: update \
                 schema/policy/bank-holidays.json, or limits in working days will be too short"
            )
        })
    }

    /// Whether `date` is a working day; if not, why.
    pub fn why_not_working(&self, date: NaiveDate) -> Option<&str> {
        match date.weekday() {
            Weekday::Sat => Some("Saturday"),
            Weekday::Sun => Some("Sunday"),
            _ => self.bank_holidays.get(&date).map(String::as_str),
        }
    }

    /// 17:00 local on the `days`-th working day after the local date of `start`, with the days
    /// stepped over.
    pub fn after_working_days(
        &self,
        start: DateTime<Utc>,
        days: u32,
    ) -> (DateTime<Utc>, Vec<SteppedOver>) {
        let mut stepped_over = Vec::new();
        let mut date = local_date(start);
        for _ in 0..days {
            date = self.working_day_from(date + Days::new(1), &mut stepped_over);
        }
        (london(date, WORKING_DAY_ENDS), stepped_over)
    }

    /// 17:00 local on the day of `at`; after 17:00, or on a day that is not a working day, 17:00 of
    /// the next working day. With the days stepped over.
    pub fn end_of_working_day(&self, at: DateTime<Utc>) -> (DateTime<Utc>, Vec<SteppedOver>) {
        let mut stepped_over = Vec::new();
        let today = local_date(at);
        let first = if local_time(at) > WORKING_DAY_ENDS { today + Days::new(1) } else { today };
        let date = self.working_day_from(first, &mut stepped_over);
        (london(date, WORKING_DAY_ENDS), stepped_over)
    }

    /// The instant at which `time` has been worked since `start`: only 9:00 to 17:00 local of
    /// working days counts.
    pub fn after_working_time(&self, start: DateTime<Utc>, time: TimeDelta) -> DateTime<Utc> {
        let mut left = time;
        let mut date = local_date(start);
        loop {
            date = self.working_day_from(date, &mut Vec::new());
            let begins = start.max(london(date, WORKING_DAY_BEGINS));
            let worked = (london(date, WORKING_DAY_ENDS) - begins).max(TimeDelta::zero());
            if left <= worked && !worked.is_zero() {
                return begins + left;
            }
            left -= worked;
            date = date + Days::new(1);
        }
    }

    fn working_day_from(&self, mut date: NaiveDate, passed: &mut Vec<SteppedOver>) -> NaiveDate {
        while let Some(name) = self.why_not_working(date) {
            passed.push(SteppedOver { date, name: name.to_owned() });
            date = date + Days::new(1);
        }
        date
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn five_working_days_step_over_weekends_and_bank_holidays() {
        for (start, due, named) in [
            ("2026-04-01T15:00:00Z", "2026-04-10T16:00:00Z", &["Good Friday", "Easter Monday"][..]),
            ("2026-03-02T10:00:00Z", "2026-03-09T17:00:00Z", &[]),
            ("2026-12-24T10:00:00Z", "2027-01-05T17:00:00Z", &["Christmas Day", "New Year’s Day"]),
            ("2026-03-28T10:00:00Z", "2026-04-07T16:00:00Z", &["Good Friday"]),
        ] {
            let (at, stepped_over) = Calendar::built_in().after_working_days(utc(start), 5);
            assert_eq!(at, utc(due), "{start}");
            for name in named {
                assert!(stepped_over.iter().any(|day| day.name == *name), "{start}: {name}");
            }
        }
    }

    #[test]
    fn the_working_day_ends_at_17_00_to_the_second() {
        for (at, end) in [
            ("2026-03-02T17:00:00Z", "2026-03-02T17:00:00Z"),
            ("2026-03-02T17:00:01Z", "2026-03-03T17:00:00Z"),
            ("2026-03-06T17:00:01Z", "2026-03-09T17:00:00Z"),
            ("2026-03-07T09:00:00Z", "2026-03-09T17:00:00Z"),
            ("2026-06-01T16:00:00Z", "2026-06-01T16:00:00Z"),
            ("2026-06-01T16:00:01Z", "2026-06-02T16:00:00Z"),
        ] {
            assert_eq!(Calendar::built_in().end_of_working_day(utc(at)).0, utc(end), "{at}");
        }
    }

    #[test]
    fn only_working_time_counts_towards_hours() {
        for (start, hours, end) in [
            ("2026-03-02T10:00:00Z", 2, "2026-03-02T12:00:00Z"),
            ("2026-03-02T15:00:00Z", 2, "2026-03-02T17:00:00Z"),
            ("2026-03-02T16:30:00Z", 2, "2026-03-03T10:30:00Z"),
            ("2026-03-02T06:00:00Z", 2, "2026-03-02T11:00:00Z"),
            ("2026-03-06T16:00:00Z", 2, "2026-03-09T10:00:00Z"),
            ("2026-03-07T12:00:00Z", 0, "2026-03-09T09:00:00Z"),
            ("2026-04-02T15:30:00Z", 2, "2026-04-07T09:30:00Z"),
            ("2026-03-02T10:00:00Z", 20, "2026-03-04T14:00:00Z"),
        ] {
            let at = Calendar::built_in().after_working_time(utc(start), TimeDelta::hours(hours));
            assert_eq!(at, utc(end), "{hours} hours from {start}");
        }
    }

    #[test]
    fn warns_when_fewer_than_six_months_of_bank_holidays_are_left() {
        let calendar = Calendar::built_in();
        assert_eq!(calendar.warning(utc("2028-06-01T00:00:00Z")), None);
        let warning = calendar.warning(utc("2028-07-15T00:00:00Z")).unwrap();
        assert!(warning.contains("2028-12-31"), "{warning}");
    }

    #[test]
    fn refuses_a_calendar_without_england_and_wales() {
        assert!(matches!(Calendar::from_json("{}"), Err(CalendarError::Empty)));
        assert!(matches!(Calendar::from_json("[]"), Err(CalendarError::Malformed(_))));
    }
}
