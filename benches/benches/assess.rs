//! How long judging one child takes, by the length of its history, and how many children a core
//! re-assesses in a second. Beside it, as the baseline, reading the same events from their JSON.

use chrono::{DateTime, TimeDelta, Utc};
use doorstep_benches::happenings::{happening, on_a_plan};
use doorstep_benches::{Subject, head, medians, row, say_the_load};
use doorstep_core::event::{ChildRecord, Event, Role};
use doorstep_core::ids::EventId;
use doorstep_core::policy::Policy;
use uuid::Uuid;

fn main() {
    say_the_load();
    let policy = Policy::built_in();
    head(&["events of the child", "assess (both packs)", "per event", "read the JSON", "ratio"]);
    for (events, rounds) in [(10, 2001), (100, 1001), (1_000, 301), (10_000, 31)] {
        let (record, history, as_of) = child(events);
        let json = serde_json::to_vec(&history).expect("events can be written");
        let mut subjects = [
            Subject::new("assess", || policy.assess(&record, &history, as_of)),
            Subject::new("read", || serde_json::from_slice::<Vec<Event>>(&json)),
        ];
        let times = medians(&mut subjects, rounds);
        let (assess, read) = (times[0].as_secs_f64(), times[1].as_secs_f64());
        row(&[
            events.to_string(),
            format!("{:.1} µs", assess * 1e6),
            format!("{:.2} µs", assess * 1e6 / f64::from(events)),
            format!("{:.1} µs", read * 1e6),
            format!("{:.2}", assess / read),
        ]);
    }
    organisation(&policy);
}

/// A pack change: every child of an organisation of 50,000, with 20 events each, judged again.
fn organisation(policy: &Policy) {
    const CHILDREN: u32 = 50_000;
    let (record, history, as_of) = child(20);
    let mut subjects = [Subject::new("all", || {
        (0..CHILDREN).map(|_| policy.assess(&record, &history, as_of).duties.len()).sum::<usize>()
    })];
    let seconds = medians(&mut subjects, 3)[0].as_secs_f64();
    row(&[
        format!("{CHILDREN} children of 20"),
        format!("{seconds:.2} s"),
        format!("{:.0} children a second on one core", f64::from(CHILDREN) / seconds),
        "-".to_owned(),
        "-".to_owned(),
    ]);
}

/// A child on a plan with so many events: every fifth a failed contact, an assurance every
/// fiftieth, the rest what people do about it.
fn child(events: u32) -> (ChildRecord, Vec<Event>, DateTime<Utc>) {
    let start: DateTime<Utc> = "2026-01-05T09:00:00Z".parse().expect("it is a date");
    let history: Vec<Event> = (0..events)
        .map(|n| {
            let at = start + TimeDelta::hours(7 * i64::from(n));
            let what = happening(n);
            Event {
                id: EventId(Uuid::from_u128(u128::from(n) + 1)),
                at,
                recorded: at,
                by: Role::Practitioner,
                attachments: Vec::new(),
                what,
            }
        })
        .collect();
    let as_of = start + TimeDelta::hours(7 * i64::from(events));
    (on_a_plan(), history, as_of)
}
