//! A child's timeline: what happened, in the order in which it happened, with what arrived late,
//! was corrected or was withdrawn marked as such.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Europe::London;
use doorstep_core::event::{Corrected, What, Withdrawn};
use doorstep_core::ids::EventId;
use doorstep_core::trust::{Timing, Trust};
use maud::{Markup, html};

use super::gather::Recorded;
use super::text::text;
use super::{attachment, parts, times, words};

/// How long after it happened a record may reach us without being called late.
pub const LATE: TimeDelta = TimeDelta::hours(8);

/// Whether a record took so long to reach us that it is called late.
pub fn is_late(record: &Recorded) -> bool {
    record.received - record.body.event.at > LATE
}

/// Draws the records, newest first.
pub fn timeline(records: &[Recorded], now: DateTime<Utc>) -> Markup {
    let mut order: Vec<_> = records.iter().collect();
    order.sort_by_key(|record| std::cmp::Reverse((record.body.event.at, record.position)));
    html! {
        ol.ds-timeline {
            @for record in order { (entry(record, records, now)) }
        }
    }
}

fn entry(record: &Recorded, all: &[Recorded], now: DateTime<Utc>) -> Markup {
    let event = &record.body.event;
    let gone = withdrawal(all, event.id).is_some();
    let failed = matches!(event.what, What::FailedContact(_));
    html! {
        li.ds-timeline__entry .ds-timeline__entry--gone[gone]
            .ds-timeline__entry--failed[failed && !gone] id=(anchor(event.id)) {
            p.ds-timeline__when { (parts::instant(event.at, &times::short(event.at, now))) }
            p.ds-timeline__what { (words::title(&event.what)) }
            @let facts = words::facts(&event.what);
            @if !facts.is_empty() {
                ul.ds-timeline__detail { @for fact in &facts { li { (fact) } } }
            }
            (attachment::list(record))
            p.ds-timeline__when {
                (text!("timeline-by", person = record.person.as_str(),
                    role = words::role(event.by)))
            }
            (marks(record, all, now))
        }
    }
}

fn marks(record: &Recorded, all: &[Recorded], now: DateTime<Utc>) -> Markup {
    let event = &record.body.event;
    html! {
        @if is_late(record) {
            p.ds-timeline__mark {
                @let [happened, came] = day_and_time(event.at, record.received, now);
                (text!("timeline-late", happened = happened, came = came))
            }
        }
        @if record.timing.differs_from(event.at) {
            p.ds-timeline__mark { (clock_words(record, now)) }
        }
        @for (correction, by) in corrections(all, event.id) {
            p.ds-timeline__mark {
                (text!("timeline-corrected", when = times::short(by.body.event.at, now),
                    person = by.person.as_str(), changes = changes(correction)))
            }
        }
        @if let Some((withdrawn, by)) = withdrawal(all, event.id) {
            p.ds-timeline__mark {
                @let when = times::short(by.body.event.at, now);
                @match &withdrawn.reason {
                    Some(reason) => (text!("timeline-withdrawn-why", when = when,
                        person = by.person.as_str(), why = reason.as_str())),
                    None => (text!("timeline-withdrawn", when = when, person = by.person.as_str())),
                }
            }
        }
    }
}

/// What is said where the device's clock was not right.
fn clock_words(record: &Recorded, now: DateTime<Utc>) -> String {
    let Timing { corrected, limits_from, trust } = record.timing;
    let key = match trust {
        Trust::Anchored => "timeline-clock-anchored",
        Trust::Estimated => "timeline-clock-estimated",
        Trust::Unanchored => "timeline-clock-unanchored",
    };
    let from = times::short(limits_from, now);
    let same = if limits_from == corrected { "yes" } else { "no" };
    text!(key, when = times::short(corrected, now), same = same, from = from)
}

/// When it happened and when it came, in the same form: `Monday 10:00` where both are within a week
/// of now, else with the date.
fn day_and_time(at: DateTime<Utc>, received: DateTime<Utc>, now: DateTime<Utc>) -> [String; 2] {
    let recent = now - at < TimeDelta::days(6);
    [at, received].map(|instant| {
        if recent {
            instant.with_timezone(&London).format("%A %H:%M").to_string()
        } else {
            times::short(instant, now)
        }
    })
}

/// The corrections of a record, each with the record that says it.
pub fn corrections(all: &[Recorded], of: EventId) -> impl Iterator<Item = (&Corrected, &Recorded)> {
    all.iter().filter_map(move |record| match &record.body.event.what {
        What::Corrected(corrected) if corrected.of == of => Some((corrected, record)),
        _ => None,
    })
}

/// The withdrawal of a record, where there is one.
pub fn withdrawal(all: &[Recorded], of: EventId) -> Option<(&Withdrawn, &Recorded)> {
    all.iter().find_map(|record| match &record.body.event.what {
        What::Withdrawn(withdrawn) if withdrawn.of == of => Some((withdrawn, record)),
        _ => None,
    })
}

fn changes(corrected: &Corrected) -> String {
    let changes: Vec<_> = corrected
        .set
        .iter()
        .map(|(key, value)| match value {
            serde_json::Value::Null => text!("timeline-removed", key = key_words(key)),
            serde_json::Value::String(text) => {
                text!("timeline-is-now", key = key_words(key), value = words::plain(text))
            }
            other => text!("timeline-is-now", key = key_words(key), value = other.to_string()),
        })
        .collect();
    changes.join("; ")
}

fn key_words(key: &str) -> String {
    key.replace('_', " ")
}

/// The fragment under which a record stands in its timeline.
pub fn anchor(event: EventId) -> String {
    format!("record-{event}")
}

/// A record in half a line, for example `door opened, no invitation in (Mon 2 March, 10:00)`.
pub fn brief(record: &Recorded, now: DateTime<Utc>) -> String {
    let event = &record.body.event;
    let words = match &event.what {
        What::FailedContact(contact) => words::form(contact.form).to_owned(),
        other => words::title(other).to_lowercase(),
    };
    let claimed = times::short(event.at, now);
    if record.timing.differs_from(event.at) {
        let from = times::short(record.timing.limits_from, now);
        return text!("timeline-brief-clock", what = words, when = claimed, from = from);
    }
    text!("timeline-brief", what = words, when = claimed)
}

/// Records of an escalation that are named; how many more there are is said.
const NAMED_MAX: usize = 3;

/// Why an escalation was raised: the policy's reason, and the latest of the records it rests on.
pub fn why(reason: &str, evidence: &[Recorded], now: DateTime<Utc>) -> String {
    let reason = words::sentence_case(reason);
    let earlier = evidence.len().saturating_sub(NAMED_MAX);
    let mut named: Vec<_> =
        evidence.iter().skip(earlier).map(|record| brief(record, now)).collect();
    if earlier > 0 {
        named.insert(0, text!("timeline-earlier", count = earlier));
    }
    if named.is_empty() {
        reason
    } else {
        text!("timeline-why", reason = reason, records = named.join("; "))
    }
}
