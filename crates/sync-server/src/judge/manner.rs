//! When a person is told: at once, when their hours begin, or with a digest.

use chrono::{DateTime, Days, NaiveTime, Utc};
use doorstep_core::assessment::Urgency;
use doorstep_core::calendar::Calendar;
use doorstep_core::time::{local_date, london};

use crate::store::notices::{Manner, Preference};

/// How far ahead a working day is looked for: no row of bank holidays is longer.
const DAYS_AHEAD: u64 = 21;

/// Which notices are written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ways {
    /// There is a way of telling people beside the console.
    pub person: bool,
    /// There is a webhook.
    pub webhook: bool,
    /// When digests go out, local time, on working days.
    pub digest_at: Vec<NaiveTime>,
}

/// When a notice goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Not before (UTC).
    pub next: DateTime<Utc>,
    /// The digest with which it goes out, by its instant (UTC); none: alone.
    pub digest: Option<DateTime<Utc>>,
}

/// When somebody with this preference is told of what is so urgent at `now`; none: not at all.
/// What is immediate always comes at once.
pub fn moment(
    preference: &Preference,
    urgency: Urgency,
    digest_at: &[NaiveTime],
    calendar: &Calendar,
    now: DateTime<Utc>,
) -> Option<Moment> {
    let within = |at| match &preference.hours {
        Some(hours) if urgency != Urgency::Immediate => hours.first_from(at, calendar),
        _ => at,
    };
    match preference.manner(urgency) {
        Manner::Console => None,
        Manner::Email | Manner::Text => Some(Moment { next: within(now), digest: None }),
        Manner::Digest => {
            let next = within(next_digest(digest_at, calendar, now));
            Some(Moment { next, digest: Some(next) })
        }
    }
}

/// The first digest after `now`.
fn next_digest(at: &[NaiveTime], calendar: &Calendar, now: DateTime<Utc>) -> DateTime<Utc> {
    let days = (0..DAYS_AHEAD).map(|days| local_date(now) + Days::new(days));
    let working = days.filter(|date| calendar.why_not_working(*date).is_none());
    let mut instants = working.flat_map(|date| at.iter().map(move |time| london(date, *time)));
    instants.find(|instant| *instant > now).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use doorstep_core::assessment::Urgency::{Immediate, Routine, SameDay};

    use super::*;

    #[test]
    fn what_is_told_when_follows_urgency_hours_and_the_working_calendar() {
        let at = ["09:00", "13:00"].map(|time| NaiveTime::parse_from_str(time, "%H:%M").unwrap());
        let hours = Some("Mon-Fri 10:00-16:00".parse().unwrap());
        let plain = Preference::default();
        let quiet = Preference { hours, ..Preference::default() };
        let off = Preference {
            same_day: Manner::Console,
            routine: Manner::Console,
            ..Preference::default()
        };
        for (preference, urgency, now, expected) in [
            (&plain, Immediate, "2026-03-07T23:00:00Z", Some("2026-03-07T23:00:00Z")),
            (&quiet, Immediate, "2026-03-07T23:00:00Z", Some("2026-03-07T23:00:00Z")),
            (&off, Immediate, "2026-03-07T23:00:00Z", Some("2026-03-07T23:00:00Z")),
            (&plain, SameDay, "2026-03-07T23:00:00Z", Some("2026-03-07T23:00:00Z")),
            (&quiet, SameDay, "2026-03-07T23:00:00Z", Some("2026-03-09T10:00:00Z")),
            (&off, SameDay, "2026-03-02T10:00:00Z", None),
            (&plain, Routine, "2026-03-02T08:59:00Z", Some("2026-03-02T09:00:00Z")),
            (&plain, Routine, "2026-03-02T09:00:00Z", Some("2026-03-02T13:00:00Z")),
            (&plain, Routine, "2026-03-02T13:00:00Z", Some("2026-03-03T09:00:00Z")),
            // Good Friday and Easter Monday lie between, and summer time has begun.
            (&plain, Routine, "2026-04-02T13:00:00Z", Some("2026-04-07T08:00:00Z")),
            (&quiet, Routine, "2026-03-02T13:00:00Z", Some("2026-03-03T10:00:00Z")),
            (&off, Routine, "2026-03-02T13:00:00Z", None),
        ] {
            let now: DateTime<Utc> = now.parse().unwrap();
            let found = moment(preference, urgency, &at, Calendar::built_in(), now);
            let expected = expected.map(|at| at.parse::<DateTime<Utc>>().unwrap());
            assert_eq!(found.map(|moment| moment.next), expected, "{urgency:?} at {now}");
            let digest = found.is_some_and(|moment| moment.digest.is_some());
            assert_eq!(digest, urgency == Routine && expected.is_some());
        }
    }
}
