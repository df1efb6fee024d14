//! Generated histories, and a slow, obvious evaluator to compare with.

pub mod reference;

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use doorstep_core::event::{
    AddressKnown, Agency, AgencyConsulted, ChildRecord, ChildSeen, CommunicationNeed, Concern,
    ConcernLevel, Corrected, Decided, Discussed, Event, FailedContact, Form, Informed, Known,
    KnownConcern, Note, Plan, PlanChanged, Referral, Role, Step, Subject, VisitTimeframeSet, What,
    Withdrawn,
};
use doorstep_core::ids::{EventId, VisitId};
use proptest::prelude::*;
use uuid::Uuid;

/// When the generated histories begin: shortly before Easter, on a Monday.
pub fn start() -> DateTime<Utc> {
    "2026-03-16T08:00:00Z".parse().expect("it is a date")
}

fn id(n: usize) -> EventId {
    EventId(Uuid::from_u128(n as u128 + 1))
}

fn event(n: usize, hours: i64, what: What) -> Event {
    let at = start() + TimeDelta::hours(hours);
    Event {
        id: id(n),
        at,
        recorded: at + TimeDelta::minutes(7) * i32::try_from(n).unwrap_or(0),
        by: Role::Practitioner,
        attachments: Vec::new(),
        what,
    }
}

/// What a record may say before the first event.
pub fn records() -> impl Strategy<Value = ChildRecord> {
    let plans = proptest::collection::btree_set(proptest::sample::select(Plan::ALL), 0..2);
    let concerns =
        proptest::collection::btree_set(proptest::sample::select(KnownConcern::ALL), 0..2);
    (plans, concerns, any::<[bool; 4]>(), 0_i64..900).prop_map(|(plans, concerns, flags, due)| {
        let [timescale, ended, looked_after, agencies] = flags;
        ChildRecord {
            plans,
            concerns,
            visit_due_by: timescale.then(|| start() + TimeDelta::hours(due)),
            child_protection_plan_ended: ended
                .then(|| NaiveDate::from_ymd_opt(2025, 4, 10).expect("it is a date")),
            looked_after,
            communication_needs: BTreeSet::from([CommunicationNeed::Interpreter]),
            involved_agencies: if agencies {
                BTreeSet::from([Agency("school".into()), Agency("gp".into())])
            } else {
                BTreeSet::new()
            },
            ..ChildRecord::default()
        }
    })
}

fn failed_contacts() -> impl Strategy<Value = What> {
    let steps = proptest::collection::btree_set(proptest::sample::select(Step::ALL), 0..4);
    let form = proptest::sample::select(Form::ALL);
    let concern = proptest::option::weighted(0.3, proptest::sample::select(ConcernLevel::ALL));
    (form, any::<bool>(), steps, concern, proptest::option::weighted(0.3, 0_u128..3)).prop_map(
        |(form, planned, steps, concern, visit)| {
            What::FailedContact(FailedContact {
                planned,
                steps,
                concern,
                visit: visit.map(|visit| VisitId(Uuid::from_u128(1000 + visit))),
                ..FailedContact::new(form)
            })
        },
    )
}

fn others() -> impl Strategy<Value = What> {
    let seen = (proptest::sample::select(Known::ALL), any::<bool>(), any::<bool>()).prop_map(
        |(needs_met, service, from_distance)| {
            let seen_by = Agency(if service { "service" } else { "school" }.into());
            What::ChildSeen(ChildSeen { seen_by, needs_met, from_distance })
        },
    );
    let consulted = (
        any::<bool>(),
        proptest::sample::select(AddressKnown::ALL),
        proptest::sample::select(Known::ALL),
    )
        .prop_map(|(school, address, child_seen)| {
            let agency = Agency(if school { "school" } else { "gp" }.into());
            What::AgencyConsulted(AgencyConsulted { agency, address, child_seen })
        });
    prop_oneof![
        seen,
        consulted,
        proptest::sample::select(Role::ALL).prop_map(|who| What::Informed(Informed { who })),
        (proptest::sample::select(Role::ALL), proptest::sample::select(Referral::ALL))
            .prop_map(|(with, referral)| What::Discussed(Discussed::new(with, referral))),
        proptest::sample::select(Subject::ALL)
            .prop_map(|on| What::Decided(Decided { on, outcome: None })),
        proptest::sample::select(ConcernLevel::ALL).prop_map(|concern| {
            What::ConcernRecorded(Concern { concern: Some(concern), answers: BTreeSet::new() })
        }),
        Just(What::ConcernClosed(Concern::default())),
        proptest::collection::btree_set(proptest::sample::select(Plan::ALL), 0..2).prop_map(
            |plans| { What::PlanChanged(PlanChanged { plans: Some(plans), visit_due_by: None }) }
        ),
        Just(What::FurtherAttempt(Note::default())),
        Just(What::ImpactAssessed(Note::default())),
        Just(What::NeedsConsidered(Note::default())),
        Just(What::VisitTimeframeSet(VisitTimeframeSet { by_when: start() })),
        Just(What::SchoolChanged(Note::default())),
    ]
}

/// Histories of up to `most` events, with corrections and withdrawals of some of them.
pub fn histories(most: usize) -> impl Strategy<Value = Vec<Event>> {
    let whats = prop_oneof![3 => failed_contacts(), 4 => others()];
    let amendments = proptest::collection::vec((0..most, 0_i64..1500, any::<bool>()), 0..3);
    (proptest::collection::vec((whats, 0_i64..1500), 1..most), amendments).prop_map(
        |(whats, amendments)| {
            let mut events: Vec<Event> = whats
                .into_iter()
                .enumerate()
                .map(|(n, (what, hours))| event(n, hours, what))
                .collect();
            let recorded = events.len();
            for (of, hours, withdraw) in amendments {
                let of = id(of % recorded);
                let what = if withdraw {
                    What::Withdrawn(Withdrawn { of, reason: None })
                } else {
                    let planned =
                        serde_json::Map::from_iter([("planned".to_owned(), false.into())]);
                    What::Corrected(Corrected { of, set: planned, reason: None })
                };
                events.push(event(events.len(), hours, what));
            }
            events
        },
    )
}

/// Eight events with everything in them that depends on order.
pub fn eight_events() -> Vec<Event> {
    let failed = |form| What::FailedContact(FailedContact::new(form));
    let seen =
        ChildSeen { seen_by: Agency("school".into()), needs_met: Known::Yes, from_distance: false };
    [
        (0, failed(Form::NoResponse)),
        (24, failed(Form::Doorstep)),
        (48, What::Discussed(Discussed::new(Role::LineManager, Referral::Made))),
        (72, failed(Form::WasNotBrought)),
        (90, What::ChildSeen(seen)),
        (120, failed(Form::NoResponse)),
        (130, What::Withdrawn(Withdrawn { of: id(1), reason: None })),
        (140, failed(Form::RefusedByThirdParty)),
    ]
    .into_iter()
    .enumerate()
    .map(|(n, (hours, what))| event(n, hours, what))
    .collect()
}

/// Puts things into an order that depends on the seed alone (a linear congruential generator).
pub fn shuffle<T>(things: &mut [T], mut seed: u64) {
    for last in (1..things.len()).rev() {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let other = usize::try_from(seed >> 33).unwrap_or(0) % (last + 1);
        things.swap(last, other);
    }
}
