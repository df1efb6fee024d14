//! Who is told of an escalation while people are away, take no notice, or leave.

use chrono::{DateTime, TimeDelta, Utc};
use doorstep_core::assessment::{Standing, Urgency};
use doorstep_core::ids::{EscalationId, PersonId};

use crate::admin;
use crate::ingest::Incoming;
use crate::judge::{Roster, acknowledge, hand_over, tell_all};
use crate::store::Tx;
use crate::store::availability::{Absence, AbsentBecause};
use crate::store::ledger::LedgerLine;
use crate::store::notices::Reason;
use crate::sweep::sweep_once;
use crate::testing::{Bench, MONDAY};

/// A bench on which `person` is away from Monday on, with somebody who stands in or nobody.
async fn away(bench: &Bench, person: &'static str, deputy: Option<&'static str>) {
    let work = move |tx: &mut dyn Tx| {
        let id = |tx: &dyn Tx, name| tx.person_called(name).map(|found| found.unwrap().id);
        let person = id(tx, person)?;
        let deputy = deputy.map(|name| id(tx, name)).transpose()?;
        let why = AbsentBecause::Leave;
        let (from, until, recorded) = (MONDAY, Some(MONDAY + TimeDelta::days(7)), MONDAY);
        tx.add_absence(&Absence { person, why, from, until, deputy, recorded_by: person, recorded })
    };
    bench.state.db.write(work).await.unwrap();
}

/// Who was told of a line, by external id; whom they stand in for behind a slash.
async fn told(bench: &Bench, id: EscalationId) -> Vec<String> {
    let look = move |tx: &dyn Tx| {
        let name = |id: PersonId| tx.person(id).map(|person| person.unwrap().external);
        let mut names = Vec::new();
        for told in tx.told(id)? {
            let place = told.in_place_of.map(name).transpose()?;
            let place = place.map_or_else(String::new, |place| format!("/{place}"));
            names.push(name(told.person)? + &place);
        }
        Ok::<_, crate::store::StoreError>(names)
    };
    bench.state.db.read(look).await.unwrap()
}

async fn sweep_at(bench: &Bench, at: DateTime<Utc>) {
    bench.clock.pass(at - bench.now());
    sweep_once(&bench.state, at).await.unwrap();
}

async fn passed_on(bench: &Bench, id: EscalationId) -> usize {
    let history = bench.state.db.read(move |tx| tx.line_history(id)).await.unwrap();
    history.iter().filter(|entry| entry.what == "passed-on").count()
}

#[tokio::test]
async fn while_somebody_is_away_whoever_stands_in_is_told_at_once() {
    for (absent, expected) in [
        (&[][..], &["mia"][..]),
        (&[("mia", Some("ben"))], &["mia", "ben/mia"]),
        (&[("mia", None)], &["mia", "ada"]),
        (&[("mia", Some("ben")), ("ben", Some("ann"))], &["mia", "ann/mia"]),
        (&[("mia", Some("ben")), ("ben", Some("mia"))], &["mia", "ada"]),
        (&[("mia", Some("ben")), ("ben", None)], &["mia", "ada"]),
        (&[("mia", None), ("ada", None)], &["mia"]),
    ] {
        let bench = Bench::new().await;
        for (person, deputy) in absent {
            away(&bench, person, *deputy).await;
        }
        let line = bench.raised(Urgency::Immediate).await;
        assert_eq!(told(&bench, line.id).await, expected, "{absent:?} away");
    }
}

#[tokio::test]
async fn an_absence_counts_only_while_it_lasts() {
    let bench = Bench::new().await;
    away(&bench, "mia", Some("ben")).await;
    bench.clock.pass(TimeDelta::days(7));
    let line = bench.raised(Urgency::Immediate).await;
    assert_eq!(told(&bench, line.id).await, ["mia"]);
}

#[tokio::test]
async fn outside_their_hours_nobody_is_told_of_what_is_immediate_while_others_can_be() {
    for (hours, expected) in [
        ("Mon-Fri 09:00-17:00", &["mia"][..]),
        ("Mon-Fri 12:00-17:00", &["mia", "ada"]),
        ("Sat 09:00-17:00", &["mia", "ada"]),
    ] {
        let bench = Bench::new().await;
        let mia = bench.person("mia").await;
        let parsed = hours.parse().unwrap();
        let work = move |tx: &mut dyn Tx| tx.put_working_hours(mia, Some(&parsed));
        bench.state.db.write(work).await.unwrap();
        let line = bench.raised(Urgency::Immediate).await;
        assert_eq!(told(&bench, line.id).await, expected, "{hours}");
    }
}

#[tokio::test]
async fn what_nobody_takes_notice_of_moves_up_and_those_before_still_see_it() {
    let bench = Bench::new().await;
    let mia = bench.person("mia").await;
    let line = bench.raised(Urgency::Immediate).await;
    sweep_at(&bench, MONDAY + TimeDelta::minutes(29)).await;
    assert_eq!(told(&bench, line.id).await, ["mia"]);
    sweep_at(&bench, MONDAY + TimeDelta::minutes(30)).await;
    assert_eq!(told(&bench, line.id).await, ["mia", "ada"]);
    let seen = bench.state.db.read(move |tx| tx.inbox(Some(mia))).await.unwrap();
    let seen = seen.iter().find(|seen| seen.id == line.id).expect("mia still sees it");
    assert_eq!(seen.addressee, mia, "the responsibility stays where it was");
}

#[tokio::test]
async fn the_duty_desk_is_told_again_and_again_until_somebody_takes_notice() {
    let bench = Bench::new().await;
    let line = bench.raised(Urgency::Immediate).await;
    for time in 1..=4 {
        sweep_at(&bench, MONDAY + TimeDelta::minutes(30 * time)).await;
        assert_eq!(passed_on(&bench, line.id).await, usize::try_from(time).unwrap());
    }
    assert_eq!(told(&bench, line.id).await, ["mia", "ada"]);
    let (id, ada, now) = (line.id, bench.person("ada").await, bench.now());
    bench.state.db.write(move |tx| acknowledge(tx, id, ada, now)).await.unwrap();
    sweep_at(&bench, MONDAY + TimeDelta::days(1)).await;
    assert_eq!(passed_on(&bench, line.id).await, 4, "somebody has it in hand");
}

#[tokio::test]
async fn time_to_take_notice_follows_the_urgency_and_the_working_calendar() {
    let minute = TimeDelta::minutes(1);
    for (urgency, raised_at, moves_up) in [
        (Urgency::Immediate, "2026-03-06T23:00:00Z", "2026-03-06T23:30:00Z"),
        (Urgency::SameDay, "2026-03-02T10:00:00Z", "2026-03-02T12:00:00Z"),
        (Urgency::SameDay, "2026-03-06T16:00:00Z", "2026-03-09T10:00:00Z"),
        (Urgency::SameDay, "2026-04-02T15:30:00Z", "2026-04-07T09:30:00Z"),
    ] {
        let at: DateTime<Utc> = raised_at.parse().unwrap();
        let moves_up: DateTime<Utc> = moves_up.parse().unwrap();
        let bench = Bench::new().await;
        bench.clock.pass(at - bench.now());
        let line = bench.raised(urgency).await;
        sweep_at(&bench, moves_up - minute).await;
        assert_eq!(passed_on(&bench, line.id).await, 0, "{raised_at} {urgency:?}");
        sweep_at(&bench, moves_up).await;
        assert_eq!(passed_on(&bench, line.id).await, 1, "{raised_at} {urgency:?}");
    }
}

#[tokio::test]
async fn whoever_leaves_is_replaced_and_their_word_does_not_count_on() {
    let bench = Bench::new().await;
    let line = bench.raised(Urgency::Immediate).await;
    let (id, mia, now) = (line.id, line.addressee, bench.now());
    bench.state.db.write(move |tx| acknowledge(tx, id, mia, now)).await.unwrap();
    let judge = bench.state.judge();
    let leave = move |tx: &mut dyn Tx| admin::person_left(tx, &judge, "mia");
    bench.state.db.write(leave).await.unwrap();
    sweep_at(&bench, MONDAY + TimeDelta::minutes(1)).await;
    let line = bench.state.db.read(move |tx| tx.line(id)).await.unwrap().unwrap();
    assert_eq!(line.addressee, bench.person("ada").await);
    assert_eq!(line.acknowledged, None);
    assert_eq!(told(&bench, id).await, ["mia", "ada"]);
}

#[tokio::test]
async fn what_a_deputy_had_in_hand_is_asked_about_again_once_the_deputy_has_left() {
    let bench = Bench::new().await;
    away(&bench, "mia", Some("ben")).await;
    let line = bench.raised(Urgency::Immediate).await;
    let (id, ben, now) = (line.id, bench.person("ben").await, bench.now());
    bench.state.db.write(move |tx| acknowledge(tx, id, ben, now)).await.unwrap();
    sweep_at(&bench, MONDAY + TimeDelta::hours(1)).await;
    assert_eq!(told(&bench, id).await, ["mia", "ben/mia"], "it is in hand");
    let judge = bench.state.judge();
    let leave = move |tx: &mut dyn Tx| admin::person_left(tx, &judge, "ben");
    bench.state.db.write(leave).await.unwrap();
    sweep_at(&bench, MONDAY + TimeDelta::hours(2)).await;
    let line = bench.state.db.read(move |tx| tx.line(id)).await.unwrap().unwrap();
    assert_eq!(line.acknowledged, None, "nobody has it in hand any more");
    assert_eq!(line.addressee, bench.person("mia").await);
    assert_eq!(told(&bench, id).await, ["mia", "ben/mia", "ada"], "the next who is there");
    let history = bench.state.db.read(move |tx| tx.line_history(id)).await.unwrap();
    let asked = history.iter().filter(|entry| entry.what == "asked-again").count();
    assert_eq!(asked, 1, "{history:#?}");
}

#[tokio::test]
async fn what_becomes_more_urgent_while_the_addressee_is_away_is_told_to_who_stands_in() {
    for (leaves, expected) in [(None, &["mia", "ben/mia"][..]), (Some("ben"), &["mia", "ada"])] {
        let bench = Bench::with(|config| config.smtp.host = "mail.example".into()).await;
        let line = bench.raised(Urgency::Routine).await;
        assert_eq!(told(&bench, line.id).await, ["mia"]);
        away(&bench, "mia", Some("ben")).await;
        if let Some(person) = leaves {
            let judge = bench.state.judge();
            let leave = move |tx: &mut dyn Tx| admin::person_left(tx, &judge, person);
            bench.state.db.write(leave).await.unwrap();
        }
        let (judge, now) = (bench.state.judge(), bench.now());
        let urgent = line.clone();
        let work = move |tx: &mut dyn Tx| {
            let child = tx.child(urgent.child)?.expect("is there");
            let roster = &mut Roster::default();
            tell_all(&judge, tx, roster, &child, &urgent, Reason::MoreUrgent, now)
        };
        bench.state.db.write(work).await.unwrap();
        assert_eq!(told(&bench, line.id).await, expected, "{leaves:?} left");
    }
}

#[tokio::test]
async fn handing_over_asks_the_other_to_take_notice() {
    let bench = Bench::new().await;
    let line = bench.raised(Urgency::Immediate).await;
    let (id, by, now) = (line.id, line.addressee, bench.now());
    let ben = bench.person("ben").await;
    bench.state.db.write(move |tx| acknowledge(tx, id, by, now)).await.unwrap();
    let judge = bench.state.judge();
    let work = move |tx: &mut dyn Tx| hand_over(&judge, tx, id, ben, by, now);
    let line = bench.state.db.write(work).await.unwrap();
    assert_eq!((line.addressee, line.acknowledged), (ben, None));
    assert_eq!(told(&bench, id).await, ["mia", "ben"]);
}

#[tokio::test]
async fn a_visit_that_arrives_late_changes_a_cause_and_is_no_second_alarm() {
    let bench = Bench::with(|config| config.smtp.host = "mail.example".into()).await;
    let child = bench.child("c1").await;
    let (mut early, mut late) = (bench.phone("ann").await, bench.phone("ann").await);
    bench.clock.pass(TimeDelta::hours(6));
    let visits = [0, 5].map(|hours| late.no_response(child, MONDAY + TimeDelta::hours(hours)));
    bench.push(&late, 1, visits.map(Incoming::Sealed).to_vec()).await;
    let before = bench.state.db.read(move |tx| tx.lines(child)).await.unwrap();
    bench.clock.pass(TimeDelta::minutes(10));
    let now = bench.now();
    let between = early.no_response(child, MONDAY + TimeDelta::hours(2));
    bench.push(&early, 1, vec![Incoming::Sealed(between)]).await;

    let look = move |tx: &dyn Tx| {
        let mut said = Vec::new();
        for line in tx.lines(child)? {
            let fresh = tx.notices(line.id)?.into_iter().filter(|notice| notice.written == now);
            said.push((line, fresh.map(|notice| notice.reason).collect::<Vec<_>>()));
        }
        Ok::<_, crate::store::StoreError>(said)
    };
    let said = bench.state.db.read(look).await.unwrap();
    let mut replaced = 0;
    for (line, reasons) in &said {
        let was_open = before.iter().any(|old| old.id == line.id && old.ended.is_none());
        if line.escalation.standing == Standing::StoodDown && was_open {
            let (clause, to) = (&line.escalation.clause, line.escalation.to);
            let same = |other: &&(LedgerLine, Vec<Reason>)| {
                other.0.escalation.clause == *clause
                    && other.0.escalation.to == to
                    && other.0.escalation.standing == Standing::Open
            };
            if let Some((new, told)) = said.iter().find(same) {
                assert_eq!(reasons, &[], "{clause} is not told as an alarm that was none");
                assert!(told.iter().all(|reason| *reason == Reason::CauseChanged), "{told:?}");
                assert!(!told.is_empty(), "{clause}: whoever was told hears of the new cause");
                let (old, new) = (line.id, new.id);
                let told = async |id| bench.state.db.read(move |tx| tx.told(id)).await.unwrap();
                let (before, after) = (told(old).await, told(new).await);
                let after: Vec<_> = after.iter().map(|told| told.person).collect();
                assert!(before.iter().all(|told| after.contains(&told.person)));
                replaced += 1;
            }
        }
    }
    assert!(replaced > 0, "what was the second visit is the third now: {said:#?}");
}
