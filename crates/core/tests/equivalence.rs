//! What must hold of every history: the answer depends on what happened, never on the order, the
//! number of times or the batches in which records arrive; and it agrees with a slow, obvious
//! evaluator on counts, episodes and limits.

mod support;

use chrono::TimeDelta;
use doorstep_core::assessment::{Assessment, DutyState};
use doorstep_core::event::{ChildRecord, Event};
use doorstep_core::policy::Policy;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use support::{histories, reference, start};

/// A runner with a fixed seed: the same histories every time.
fn runner(cases: u32) -> TestRunner {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

fn assess(record: &ChildRecord, events: &[Event], hours: i64) -> Assessment {
    thread_local! {
        static POLICY: Policy = Policy::built_in();
    }
    POLICY.with(|policy| policy.assess(record, events, start() + TimeDelta::hours(hours)))
}

#[test]
fn every_order_of_a_small_history_gives_the_same_answer() {
    let strategy = (support::records(), histories(5), 0_i64..2000);
    runner(60)
        .run(&strategy, |(record, events, hours)| {
            let expected = assess(&record, &events, hours);
            for order in permutations(events.len()) {
                let shuffled: Vec<Event> = order.iter().map(|i| events[*i].clone()).collect();
                prop_assert_eq!(&assess(&record, &shuffled, hours), &expected);
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn all_forty_thousand_orders_of_eight_events_give_the_same_answer() {
    let record = ChildRecord::default();
    let events = support::eight_events();
    let expected = assess(&record, &events, 400);
    for order in permutations(events.len()) {
        let shuffled: Vec<Event> = order.iter().map(|i| events[*i].clone()).collect();
        assert_eq!(assess(&record, &shuffled, 400), expected, "{order:?}");
    }
}

#[test]
fn order_and_repetition_of_a_large_history_change_nothing() {
    let strategy = (support::records(), histories(40), 0_i64..3000, any::<u64>());
    runner(1500)
        .run(&strategy, |(record, events, hours, seed)| {
            let expected = assess(&record, &events, hours);
            let mut mixed = events.clone();
            mixed.extend(events.iter().step_by(3).cloned());
            support::shuffle(&mut mixed, seed);
            prop_assert_eq!(&assess(&record, &mixed, hours), &expected);
            Ok(())
        })
        .unwrap();
}

#[test]
fn what_happens_later_never_changes_what_was_true_earlier() {
    let strategy = (support::records(), histories(30), 0_i64..2000);
    runner(1000)
        .run(&strategy, |(record, events, hours)| {
            let as_of = start() + TimeDelta::hours(hours);
            let earlier: Vec<Event> =
                events.iter().filter(|event| event.at <= as_of).cloned().collect();
            prop_assert_eq!(assess(&record, &events, hours), assess(&record, &earlier, hours));
            Ok(())
        })
        .unwrap();
}

#[test]
fn the_next_change_is_never_later_than_a_change() {
    let strategy = (support::records(), histories(20), 0_i64..1500, 0_i64..400);
    runner(1000)
        .run(&strategy, |(record, events, hours, wait)| {
            let now = start() + TimeDelta::hours(hours);
            let events: Vec<Event> = events.into_iter().filter(|event| event.at <= now).collect();
            let before = assess(&record, &events, hours);
            let after = assess(&record, &events, hours + wait);
            let quiet = before.next_change.is_none_or(|next| next > after.as_of);
            if quiet {
                prop_assert_eq!(&before.duties, &after.duties);
                prop_assert_eq!(&before.escalations, &after.escalations);
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn agrees_with_the_obvious_evaluator_on_counts_episodes_and_limits() {
    let strategy = (support::records(), histories(25), 0_i64..2500);
    runner(3000)
        .run(&strategy, |(record, events, hours)| {
            let found = assess(&record, &events, hours);
            let as_of = start() + TimeDelta::hours(hours);
            let (contacts, visits) = reference::counts(&events, as_of);
            prop_assert_eq!((found.failed_contacts, found.no_access_visits), (contacts, visits));
            for duty in &found.duties {
                let limit = reference::limit(&duty.clause.0, duty.since);
                prop_assert_eq!(duty.due.as_ref().map(|due| due.at), limit, "{}", duty.clause);
                let is_past =
                    limit.is_some_and(|limit| reference::is_past(&duty.clause.0, limit, as_of));
                match &duty.state {
                    DutyState::Open => prop_assert!(!is_past),
                    DutyState::Breached => prop_assert!(is_past),
                    DutyState::Met { at, late, .. } => {
                        let was = limit
                            .is_some_and(|limit| reference::is_past(&duty.clause.0, limit, *at));
                        prop_assert_eq!(*late, was);
                    }
                    DutyState::Ended { .. } => {}
                }
            }
            Ok(())
        })
        .unwrap();
}

/// Every order of `n` things (Heap's algorithm).
fn permutations(n: usize) -> Vec<Vec<usize>> {
    fn walk(k: usize, order: &mut Vec<usize>, all: &mut Vec<Vec<usize>>) {
        if k <= 1 {
            all.push(order.clone());
            return;
        }
        for i in 0..k {
            walk(k - 1, order, all);
            order.swap(if k.is_multiple_of(2) { i } else { 0 }, k - 1);
        }
    }
    let mut all = Vec::new();
    walk(n, &mut (0..n).collect(), &mut all);
    all
}
