//! Silence about a planned visit is noticed, and the record's arrival ends it.

use chrono::{DateTime, TimeDelta, Utc};
use doorstep_core::assessment::Standing;
use doorstep_core::event::{Note, What};
use doorstep_core::ids::ChildId;
use doorstep_core::wire::Outcome;

use crate::admin::visits::{VisitEntry, cancel, list, plan};
use crate::ingest::Incoming;
use crate::judge::visits::{Known, OUTCOME, SILENCE, heard_from};
use crate::store::Tx;
use crate::store::devices::Device;
use crate::sweep::sweep_once;
use crate::testing::{Bench, MONDAY};
use crate::verify::verify;

/// A bench with a visit of Ann's planned for Monday at 12:00.
async fn planned() -> (Bench, ChildId) {
    let bench = Bench::new().await;
    let child = bench.child("c1").await;
    plan_at(&bench, MONDAY + TimeDelta::hours(2)).await;
    (bench, child)
}

async fn plan_at(bench: &Bench, at: DateTime<Utc>) {
    let judge = bench.state.judge();
    let entry = VisitEntry { child: "c1".into(), person: "ann".into(), at };
    let work = move |tx: &mut dyn Tx| plan(tx, &judge, &entry);
    bench.state.db.write(work).await.unwrap();
}

/// The lines that the rule raised: clause, addressee, standing.
async fn raised(bench: &Bench, child: ChildId) -> Vec<(String, String, Standing)> {
    let look = move |tx: &dyn Tx| {
        let mut raised = Vec::new();
        for line in tx.lines(child)? {
            let to = tx.person(line.addressee)?.expect("is there").external;
            let clause = line.escalation.clause.to_string();
            if [OUTCOME, SILENCE].contains(&clause.as_str()) {
                raised.push((clause, to, line.escalation.standing));
            }
        }
        Ok::<_, crate::store::StoreError>(raised)
    };
    bench.state.db.read(look).await.unwrap()
}

async fn sweep_after(bench: &Bench, time: TimeDelta) {
    bench.clock.pass(time);
    sweep_once(&bench.state, bench.now()).await.unwrap();
}

async fn assert_sound(bench: &Bench) {
    let policy = bench.state.policy.clone();
    let report = bench.state.db.read(move |tx| verify(tx, &policy)).await.unwrap();
    assert_eq!(report.findings, []);
}

fn line(clause: &str, standing: Standing) -> (String, String, Standing) {
    (clause.to_owned(), "mia".to_owned(), standing)
}

#[tokio::test]
async fn a_visit_without_a_record_is_raised_to_the_line_manager_when_its_day_ends() {
    let (bench, child) = planned().await;
    let phone = bench.phone("ann").await;
    let mut writer = phone.clone();
    sweep_after(&bench, TimeDelta::hours(3)).await;
    assert_eq!(raised(&bench, child).await, [], "the day has not ended");
    let judge = bench.state.judge();
    let heard = bench.now() + TimeDelta::hours(10);
    let work = move |tx: &mut dyn Tx| {
        let device = tx.device(phone.device)?.expect("is there");
        tx.put_device(&Device { last_contact: Some(heard), ..device })?;
        heard_from(tx, &judge, phone.person, heard)
    };
    bench.state.db.write(work).await.unwrap();
    sweep_after(&bench, TimeDelta::hours(10) + TimeDelta::minutes(59)).await;
    assert_eq!(raised(&bench, child).await, [], "the device is in touch");
    sweep_after(&bench, TimeDelta::minutes(2)).await;
    assert_eq!(raised(&bench, child).await, [line(OUTCOME, Standing::Open)]);
    assert_sound(&bench).await;
    // The record arrives the next morning: nobody has anything more to find out.
    bench.clock.pass(TimeDelta::hours(9));
    let event = writer.no_response(child, MONDAY + TimeDelta::hours(2));
    bench.push(&writer, 1, vec![Incoming::Sealed(event)]).await;
    assert_eq!(raised(&bench, child).await, [line(OUTCOME, Standing::StoodDown)]);
    assert_sound(&bench).await;
}

#[tokio::test]
async fn only_a_record_of_that_day_and_from_about_its_time_is_an_outcome() {
    for (hours, expected) in [(-3, 1), (-1, 0), (0, 0), (9, 0)] {
        let (bench, child) = planned().await;
        let mut phone = bench.phone("ann").await;
        let visit = MONDAY + TimeDelta::hours(2);
        bench.clock.pass(TimeDelta::hours(13));
        let event = phone.no_response(child, visit + TimeDelta::hours(hours));
        bench.push(&phone, 1, vec![Incoming::Sealed(event)]).await;
        sweep_after(&bench, TimeDelta::hours(2)).await;
        assert_eq!(raised(&bench, child).await.len(), expected, "{hours} hours after");
    }
}

#[tokio::test]
async fn what_the_office_files_on_that_day_tells_nothing_of_the_visit() {
    let (bench, child) = planned().await;
    let mut phone = bench.phone("mia").await;
    bench.clock.pass(TimeDelta::hours(3));
    let what = What::SchoolChanged(Note::default());
    let body = phone.body(child, bench.now(), what);
    let event = Incoming::Sealed(phone.seal(&body));
    let pushed = bench.push(&phone, 1, vec![event]).await;
    assert!(matches!(pushed.verdicts[0].outcome, Outcome::Stored { .. }));
    sweep_after(&bench, TimeDelta::hours(12)).await;
    assert_eq!(raised(&bench, child).await.len(), 1);
}

#[tokio::test]
async fn a_silent_device_is_raised_before_the_day_ends_until_it_is_heard_from() {
    let (bench, child) = planned().await;
    let phone = bench.phone("ann").await;
    sweep_after(&bench, TimeDelta::hours(5)).await;
    assert_eq!(raised(&bench, child).await, []);
    sweep_after(&bench, TimeDelta::hours(2)).await;
    assert_eq!(raised(&bench, child).await, [line(SILENCE, Standing::Open)]);
    assert_sound(&bench).await;
    let (judge, now) = (bench.state.judge(), bench.now());
    let work = move |tx: &mut dyn Tx| heard_from(tx, &judge, phone.person, now);
    assert!(bench.state.db.write(work).await.unwrap());
    assert_eq!(raised(&bench, child).await, [line(SILENCE, Standing::StoodDown)]);
    assert_sound(&bench).await;
}

#[tokio::test]
async fn a_visit_that_is_planned_twice_is_one_and_one_called_off_is_not_expected() {
    let (bench, child) = planned().await;
    plan_at(&bench, MONDAY + TimeDelta::hours(2)).await;
    let look = |now| move |tx: &dyn Tx| list(tx, MONDAY, MONDAY + TimeDelta::days(9), now);
    let listed = bench.state.db.read(look(bench.now())).await.unwrap();
    assert_eq!(listed.iter().map(|line| line.known).collect::<Vec<_>>(), [Known::NotYet]);
    sweep_after(&bench, TimeDelta::hours(15)).await;
    let listed = bench.state.db.read(look(bench.now())).await.unwrap();
    assert!(matches!(listed[0].known, Known::No(_)));
    let (judge, id) = (bench.state.judge(), listed[0].visit.id);
    bench.state.db.write(move |tx: &mut dyn Tx| cancel(tx, &judge, id)).await.unwrap();
    assert_eq!(raised(&bench, child).await, [line(OUTCOME, Standing::StoodDown)]);
    assert_sound(&bench).await;
}
