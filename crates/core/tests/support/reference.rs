//! A slow, obvious evaluator: it re-reads the whole history for every question. It shares no code
//! with the engine, so that both being wrong in the same way is unlikely.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc, Weekday};
use chrono_tz::Europe::London;
use doorstep_core::event::{Event, FailedContact, Form, Known, What};
use uuid::Uuid;

/// What stands of the failed contacts at `as_of`: not withdrawn, corrected.
fn standing(events: &[Event], as_of: DateTime<Utc>) -> Vec<(Event, FailedContact)> {
    let past: Vec<&Event> = events.iter().filter(|event| event.at <= as_of).collect();
    let withdrawn = |event: &Event| {
        past.iter().any(|other| {
            matches!(&other.what, What::Withdrawn(w) if w.of == event.id)
                && !past
                    .iter()
                    .any(|third| matches!(&third.what, What::Withdrawn(w) if w.of == other.id))
        })
    };
    let unplanned = |event: &Event| {
        past.iter().any(|other| {
            matches!(&other.what, What::Corrected(c) if c.of == event.id) && !withdrawn(other)
        })
    };
    let mut standing: Vec<(Event, FailedContact)> = past
        .iter()
        .filter(|event| !withdrawn(event))
        .filter_map(|event| match &event.what {
            What::FailedContact(failed) => {
                let mut failed = failed.clone();
                failed.planned &= !unplanned(event);
                Some(((*event).clone(), failed))
            }
            _ => None,
        })
        .collect();
    standing.sort_by_key(|(event, _)| (event.at, event.id));
    standing
}

/// Failed contacts and no-access visits of the open episode, as both policies together count them.
pub fn counts(events: &[Event], as_of: DateTime<Utc>) -> (u32, u32) {
    let mut visits: BTreeMap<Uuid, Vec<(Event, FailedContact)>> = BTreeMap::new();
    for (event, failed) in standing(events, as_of) {
        let key = failed.visit.map_or(event.id.0, |visit| visit.0);
        visits.entry(key).or_default().push((event, failed));
    }
    let mut contacts = 0;
    let mut no_access = 0;
    for records in visits.values() {
        let at = records[0].0.at;
        let form = records[0].1.form;
        let planned = records.iter().any(|(_, failed)| failed.planned);
        let counts = planned || form != Form::WasNotBrought;
        let earlier = is_assured_since(events, at, as_of);
        if counts && !earlier {
            contacts += 1;
            let shut_out = |form: Form| !matches!(form, Form::WasNotBrought | Form::ChildUnseen);
            no_access += u32::from(records.iter().all(|(_, failed)| shut_out(failed.form)));
        }
    }
    (contacts, no_access)
}

/// Whether the child was seen, with needs known to be met, after `at`.
fn is_assured_since(events: &[Event], at: DateTime<Utc>, as_of: DateTime<Utc>) -> bool {
    let withdrawn = |event: &Event| {
        let by = |of: &Event| {
            events
                .iter()
                .filter(|other| other.at <= as_of)
                .filter(|other| matches!(&other.what, What::Withdrawn(w) if w.of == of.id))
                .cloned()
                .collect::<Vec<_>>()
        };
        by(event).iter().any(|withdrawal| by(withdrawal).is_empty())
    };
    events.iter().any(|event| {
        event.at > at
            && event.at <= as_of
            && !withdrawn(event)
            && matches!(
                &event.what,
                What::ChildSeen(seen) if seen.needs_met == Known::Yes && !seen.from_distance
            )
    })
}

const BANK_HOLIDAYS: [(i32, u32, u32); 5] =
    [(2026, 4, 3), (2026, 4, 6), (2026, 5, 4), (2026, 5, 25), (2026, 8, 31)];

/// When a duty of this clause that arose at `since` is due.
pub fn limit(clause: &str, since: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let local = since.with_timezone(&London).date_naive();
    match clause {
        "GA-6.1" => Some(since + TimeDelta::hours(1)),
        "NA-7.2" => Some(since + TimeDelta::hours(24)),
        "GA-5.4" => Some(at(local + Days::new(1), 0)),
        "NA-7.3" => {
            let mut left = 5;
            let mut day = local;
            while left > 0 {
                day = day + Days::new(1);
                let ymd = (day.year(), day.month(), day.day());
                let weekend = matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
                left -= i32::from(!weekend && !BANK_HOLIDAYS.contains(&ymd));
            }
            Some(at(day, 17))
        }
        _ => None,
    }
}

/// Whether `instant` is past the limit; "on the day" ends before midnight.
pub fn is_past(clause: &str, limit: DateTime<Utc>, instant: DateTime<Utc>) -> bool {
    instant > limit || clause == "GA-5.4" && instant == limit
}

fn at(day: NaiveDate, hour: u32) -> DateTime<Utc> {
    let time = NaiveTime::from_hms_opt(hour, 0, 0).expect("it is an hour");
    London.from_local_datetime(&day.and_time(time)).unwrap().to_utc()
}
