//! A verdict for each event, and nothing lost.

use chrono::TimeDelta;
use doorstep_core::event::{FailedContact, Form, What};
use doorstep_core::seal::{Body, SealedEvent, Signature};
use doorstep_core::trust::{ClockSample, Timing, Trust};
use doorstep_core::wire::{Outcome, QuarantineCode};
use serde_json::value::RawValue;

use crate::ingest::{Incoming, Pushed};
use crate::store::StoreError;
use crate::testing::{Bench, MONDAY, Phone};

fn sealed(event: SealedEvent) -> Incoming {
    Incoming::Sealed(event)
}

/// Seals text that need not be an event.
fn sealed_text(phone: &Phone, text: &str) -> Incoming {
    use ed25519_dalek::Signer as _;
    let body = RawValue::from_string(text.to_owned()).unwrap();
    let signature = Signature(phone.key.sign(text.as_bytes()).to_bytes());
    Incoming::Sealed(SealedEvent { body, signature })
}

fn words(pushed: &Pushed) -> Vec<String> {
    let word = |outcome: &Outcome| match outcome {
        Outcome::Stored { position } => format!("stored {position}"),
        Outcome::Duplicate { position } => format!("duplicate {position}"),
        Outcome::HandedOver { position } => format!("handed-over {position}"),
        Outcome::Quarantined { code, .. } => format!("quarantined {code}"),
        Outcome::Fork { .. } => "fork".to_owned(),
        Outcome::Other(keys) => panic!("{keys:?}"),
    };
    pushed.verdicts.iter().map(|verdict| word(&verdict.outcome)).collect()
}

async fn log_length(bench: &Bench) -> usize {
    bench.state.db.read(|tx| tx.log_page(0, 1000)).await.map(|page| page.len()).unwrap()
}

#[tokio::test]
async fn stores_each_event_once_however_often_it_comes() {
    let bench = Bench::new().await;
    let child = bench.child("c1").await;
    let mut phone = bench.phone("ann").await;
    let first = sealed(phone.no_response(child, MONDAY));
    let second = sealed(phone.no_response(child, MONDAY));
    let pushed = bench.push(&phone, 1, vec![first.clone()]).await;
    assert_eq!(words(&pushed), ["stored 1"]);
    assert_eq!((pushed.expected.epoch, pushed.expected.seq), (1, 2));
    let pushed = bench.push(&phone, 1, vec![first, second]).await;
    assert_eq!(words(&pushed), ["duplicate 1", "stored 2"]);
    assert_eq!(pushed.expected.previous, phone.previous);
    assert_eq!(log_length(&bench).await, 2);
}

#[tokio::test]
async fn stores_nothing_behind_a_hole_and_says_what_it_expects() {
    let bench = Bench::new().await;
    let child = bench.child("c1").await;
    let mut phone = bench.phone("ann").await;
    let _lost = phone.no_response(child, MONDAY);
    let second = sealed(phone.no_response(child, MONDAY));
    let pushed = bench.push(&phone, 2, vec![second]).await;
    assert_eq!(words(&pushed), [""; 0]);
    assert_eq!((pushed.expected.epoch, pushed.expected.seq), (1, 1));
    assert_eq!(log_length(&bench).await, 0);
}

#[tokio::test]
async fn keeps_both_sides_of_a_fork_and_takes_the_new_epoch() {
    let bench = Bench::new().await;
    let child = bench.child("c1").await;
    let mut phone = bench.phone("ann").await;
    let before = phone.clone();
    let first = sealed(phone.no_response(child, MONDAY));
    bench.push(&phone, 1, vec![first]).await;
    // The phone was restored from a backup, and records something else under the same number.
    let mut restored = before;
    let other = restored.no_response(child, MONDAY + TimeDelta::minutes(5));
    let pushed = bench.push(&restored, 1, vec![sealed(other.clone())]).await;
    assert_eq!(words(&pushed), ["fork"]);
    let aside = bench.state.db.read(|tx| tx.quarantine(None)).await.unwrap();
    assert_eq!(aside[0].bytes, other.body.get());
    // It begins a new epoch and sends again from the split.
    (restored.epoch, restored.next_seq) = (2, 1);
    restored.previous = doorstep_core::seal::Hash::ORIGIN;
    let what = What::FailedContact(FailedContact::new(Form::NoResponse));
    let body = Body { event: other.open().unwrap().event, ..restored.body(child, MONDAY, what) };
    let again = sealed(restored.seal(&body));
    let pushed = bench.push(&restored, 1, vec![again]).await;
    assert_eq!(words(&pushed), ["stored 2"]);
}

type Spoil = fn(&mut Phone, Body) -> Incoming;

/// Why an event is set aside, and how a sound one is spoilt for it.
const SPOILT: &[(QuarantineCode, Spoil)] = &[
    (QuarantineCode::Malformed, |_, _| Incoming::Unreadable("[1,2]".into())),
    (QuarantineCode::Malformed, |phone, _| sealed_text(phone, "5")),
    (QuarantineCode::Malformed, |phone, body| {
        let text = serde_json::to_string(&body).unwrap();
        sealed_text(phone, &text.replace("no-response", "no-such-form"))
    }),
    (QuarantineCode::Malformed, |phone, body| {
        let text = serde_json::to_string(&body).unwrap();
        let text = text.replace("2026-03-02T", "-262143-01-01T");
        sealed_text(phone, &text)
    }),
    (QuarantineCode::Malformed, |phone, mut body| {
        body.origin.clock.wall = chrono::DateTime::<chrono::Utc>::MAX_UTC.fixed_offset();
        sealed(SealedEvent::seal(&body, &phone.key))
    }),
    (QuarantineCode::Malformed, |phone, mut body| {
        let set = serde_json::json!({ "at": "+262142-12-31T23:59:59Z" });
        let correction = serde_json::json!({
            "type": "corrected", "of": body.event.id, "set": set, "reason": "a slip"
        });
        body.event.what = serde_json::from_value(correction).unwrap();
        sealed(SealedEvent::seal(&body, &phone.key))
    }),
    (QuarantineCode::Malformed, |phone, body| {
        let text = serde_json::to_string(&body).unwrap();
        let deep = format!("{{\"more\":{}{}", "[".repeat(40), "]".repeat(40));
        sealed_text(phone, &text.replacen('{', &format!("{deep},"), 1))
    }),
    (QuarantineCode::Malformed, |phone, body| {
        let event = SealedEvent::seal(&body, &phone.key);
        let text = format!("{{\"body\":{},\"signature\":\"?\"}}", event.body.get());
        Incoming::of(&RawValue::from_string(text).unwrap())
    }),
    (QuarantineCode::UnknownType, |phone, body| {
        let text = serde_json::to_string(&body).unwrap();
        sealed_text(phone, &text.replace("failed-contact", "seen-by-drone"))
    }),
    (QuarantineCode::BadSignature, |phone, body| {
        let mut event = SealedEvent::seal(&body, &phone.key);
        event.signature.0[5] ^= 1;
        sealed(event)
    }),
    (QuarantineCode::BrokenChain, |phone, mut body| {
        body.origin.seq = 77;
        sealed(SealedEvent::seal(&body, &phone.key))
    }),
    (QuarantineCode::WrongPerson, |phone, mut body| {
        body.origin.person = doorstep_core::ids::PersonId::at(MONDAY, [9; 10]);
        sealed(SealedEvent::seal(&body, &phone.key))
    }),
    (QuarantineCode::UnknownChild, |phone, mut body| {
        body.origin.child = doorstep_core::ids::ChildId::at(MONDAY, [9; 10]);
        sealed(SealedEvent::seal(&body, &phone.key))
    }),
    (QuarantineCode::TooLarge, |phone, mut body| {
        let what = FailedContact {
            reason: Some("x".repeat(70_000)),
            ..FailedContact::new(Form::Doorstep)
        };
        body.event.what = What::FailedContact(what);
        sealed(SealedEvent::seal(&body, &phone.key))
    }),
    (QuarantineCode::BeforeBirth, |phone, mut body| {
        body.event.at = "2019-12-31T12:00:00Z".parse().unwrap();
        sealed(SealedEvent::seal(&body, &phone.key))
    }),
];

#[tokio::test]
async fn sets_aside_what_cannot_be_taken_and_stores_the_rest() {
    for (code, spoil) in SPOILT.iter().copied() {
        let bench = Bench::new().await;
        let child = bench.child("c1").await;
        let mut phone = bench.phone("ann").await;
        let first = sealed(phone.no_response(child, MONDAY));
        let what = What::FailedContact(FailedContact::new(Form::NoResponse));
        let body = phone.body(child, MONDAY, what);
        let bad = spoil(&mut phone, body);
        // What is no sealed event at all has a hash all the same.
        phone.previous = bad.hash();
        phone.next_seq += 1;
        let third = sealed(phone.no_response(child, MONDAY));
        check(&bench, &phone, vec![first, bad, third], code).await;
    }
}

async fn check(bench: &Bench, phone: &Phone, events: Vec<Incoming>, code: QuarantineCode) {
    let spoilt = format!("quarantined {code}");
    let pushed = bench.push(phone, 1, events.clone()).await;
    assert_eq!(words(&pushed), ["stored 1", spoilt.as_str(), "stored 2"], "{code}");
    let pushed = bench.push(phone, 1, events).await;
    assert_eq!(words(&pushed), ["duplicate 1", spoilt.as_str(), "duplicate 2"], "{code}");
    let aside = bench.state.db.read(|tx| tx.quarantine(None)).await.unwrap();
    assert_eq!(aside.len(), 1, "{code}");
}

#[tokio::test]
async fn a_number_beyond_all_numbers_is_a_hole_like_any_other() {
    let bench = Bench::new().await;
    let child = bench.child("c1").await;
    let mut phone = bench.phone("ann").await;
    let events = (0..2).map(|_| sealed(phone.no_response(child, MONDAY))).collect();
    let pushed = bench.push(&phone, u64::MAX, events).await;
    assert_eq!((words(&pushed).len(), pushed.expected.seq), (0, 1));
}

/// Who may record is judged by when a record was made, as far as that is known, not by what its
/// device's clock says.
#[tokio::test]
async fn a_clock_that_is_wrong_makes_nobody_more_or_less_entitled() {
    let bench = Bench::new().await;
    let child = bench.child("c1").await;
    let (mut ahead, mut behind) = (bench.phone("ann").await, bench.phone("ann").await);
    let (day, id) = (TimeDelta::days(1), ahead.device);
    let held = sealed(ahead.no_response(child, MONDAY + day));
    bench.clock.pass(TimeDelta::hours(1));
    let server = bench.now();
    let sample = ClockSample { wall: server + day, server, monotonic_ms: None, boot: None };
    let keep = move |tx: &mut dyn crate::store::Tx| tx.put_clock_sample(id, &sample);
    bench.state.db.write(keep).await.unwrap();
    bench.take_away("c1", "ann").await;
    bench.clock.pass(TimeDelta::hours(1));
    assert_eq!(words(&bench.push(&ahead, 1, vec![held]).await), ["handed-over 1"]);
    // It says that it was made when the child was held, and has heard the server since.
    let what = What::FailedContact(FailedContact::new(Form::NoResponse));
    let mut body = behind.body(child, MONDAY, what);
    body.origin.clock.server_seen = Some(server + TimeDelta::minutes(30));
    let after = sealed(behind.seal(&body));
    let pushed = bench.push(&behind, 1, vec![after]).await;
    assert_eq!(words(&pushed), ["quarantined outside-entitlement"]);
}

#[tokio::test]
async fn a_flat_battery_dates_no_record_before_the_child_was_born() {
    let bench = Bench::new().await;
    let child = bench.child("c1").await;
    let mut phone = bench.phone("ann").await;
    let id = phone.device;
    let reset: chrono::DateTime<chrono::Utc> = "1970-01-01T00:10:00Z".parse().unwrap();
    let boot = Some(uuid::Uuid::from_u128(7));
    let what = What::FailedContact(FailedContact::new(Form::NoResponse));
    let mut body = phone.body(child, reset, what);
    (body.origin.clock.boot, body.origin.clock.monotonic_ms) = (boot, Some(600_000));
    let event = sealed(phone.seal(&body));
    bench.clock.pass(TimeDelta::hours(1));
    let sample =
        ClockSample { wall: reset, server: bench.now(), monotonic_ms: Some(1_200_000), boot };
    let keep = move |tx: &mut dyn crate::store::Tx| tx.put_clock_sample(id, &sample);
    bench.state.db.write(keep).await.unwrap();
    assert_eq!(words(&bench.push(&phone, 1, vec![event]).await), ["stored 1"]);
    let log = bench.state.db.read(|tx| tx.log_page(0, 1)).await.unwrap();
    let made = bench.now() - TimeDelta::minutes(10);
    assert_eq!((log[0].timing.corrected, log[0].timing.trust), (made, Trust::Anchored));
}

#[tokio::test]
async fn a_record_made_while_the_child_was_held_is_never_refused() {
    let bench = Bench::new().await;
    let child = bench.child("c1").await;
    let mut phone = bench.phone("ann").await;
    let held = sealed(phone.no_response(child, MONDAY));
    bench.clock.pass(TimeDelta::hours(1));
    bench.take_away("c1", "ann").await;
    bench.clock.pass(TimeDelta::hours(1));
    let after = sealed(phone.no_response(child, bench.now()));
    let pushed = bench.push(&phone, 1, vec![held, after]).await;
    assert_eq!(words(&pushed), ["handed-over 1", "quarantined outside-entitlement"]);
}

#[tokio::test]
async fn a_revoked_device_hands_in_what_it_recorded_before() {
    let bench = Bench::new().await;
    let child = bench.child("c1").await;
    let mut phone = bench.phone("ann").await;
    let before = sealed(phone.no_response(child, MONDAY));
    bench.clock.pass(TimeDelta::hours(1));
    let (judge, id) = (bench.state.judge(), phone.device);
    let revoke = move |tx: &mut dyn crate::store::Tx| crate::admin::revoke_device(tx, &judge, id);
    bench.state.db.write(revoke).await.unwrap();
    let after = sealed(phone.no_response(child, bench.now()));
    let pushed = bench.push(&phone, 1, vec![before, after]).await;
    assert_eq!(words(&pushed), ["stored 1", "quarantined outside-entitlement"]);
}

#[tokio::test]
async fn the_same_record_under_new_numbers_is_judged_once() {
    let bench = Bench::new().await;
    let child = bench.child("c1").await;
    let mut phone = bench.phone("ann").await;
    let first = phone.no_response(child, MONDAY);
    let what = What::FailedContact(FailedContact::new(Form::NoResponse));
    let body = Body { event: first.open().unwrap().event, ..phone.body(child, MONDAY, what) };
    let again = phone.seal(&body);
    let pushed = bench.push(&phone, 1, vec![sealed(first), sealed(again)]).await;
    assert_eq!(words(&pushed), ["stored 1", "stored 2"]);
    let assessment = bench.assessment(child).await;
    assert_eq!(assessment.failed_contacts, 1);
}

#[tokio::test]
async fn judges_in_the_transaction_that_stores() {
    let bench = Bench::new().await;
    let child = bench.child("c1").await;
    let mut phone = bench.phone("ann").await;
    let event = sealed(phone.no_response(child, MONDAY));
    let pushed = bench.push(&phone, 1, vec![event]).await;
    assert!(pushed.ledger_changed);
    let lines = bench.state.db.read(move |tx| tx.lines(child)).await.unwrap();
    assert!(!lines.is_empty(), "a failed contact under a child protection plan concerns somebody");
    let open = |line: &&crate::store::ledger::LedgerLine| line.told.is_some();
    assert!(lines.iter().filter(open).all(|line| line.ended.is_none()));
    let sound = bench
        .state
        .db
        .read(|tx| crate::verify::verify(tx, &doorstep_core::policy::Policy::built_in()))
        .await;
    let sound: Result<_, StoreError> = sound;
    assert_eq!(sound.unwrap().findings, []);
}

#[tokio::test]
async fn the_office_records_a_change_of_plans_as_an_event() {
    let bench = Bench::new().await;
    let child = bench.child("c2").await;
    let mut entries = crate::testing::organisation();
    entries.children[1].record.plans.insert(doorstep_core::event::Plan::ChildInNeed);
    for _ in 0..2 {
        let (judge, entries) = (bench.state.judge(), entries.clone());
        let import =
            move |tx: &mut dyn crate::store::Tx| crate::admin::import(tx, &judge, &entries);
        bench.state.db.write(import).await.unwrap();
    }
    let history = bench.state.db.read(move |tx| tx.history(child)).await.unwrap();
    assert_eq!(
        history.iter().map(|event| event.kind.as_str()).collect::<Vec<_>>(),
        ["plan-changed"]
    );
    let stored = bench.state.db.read(move |tx| tx.child(child)).await.unwrap().unwrap();
    assert!(stored.record.plans.is_empty(), "what the record said before stays");
}

#[tokio::test]
async fn a_record_by_a_clock_that_ran_ahead_is_judged_by_when_it_happened() {
    let bench = Bench::new().await;
    let child = bench.child("c1").await;
    let mut phone = bench.phone("ann").await;
    let id = phone.device;
    let (ahead, visit) = (TimeDelta::hours(3), MONDAY + TimeDelta::minutes(30));
    let event = sealed(phone.no_response(child, visit + ahead));
    bench.clock.pass(TimeDelta::hours(8));
    let server = bench.now();
    let sample = ClockSample { wall: server + ahead, server, monotonic_ms: None, boot: None };
    let keep = move |tx: &mut dyn crate::store::Tx| tx.put_clock_sample(id, &sample);
    bench.state.db.write(keep).await.unwrap();
    assert_eq!(words(&bench.push(&phone, 1, vec![event]).await), ["stored 1"]);
    let log = bench.state.db.read(|tx| tx.log_page(0, 1)).await.unwrap();
    let expected = Timing { corrected: visit, limits_from: visit, trust: Trust::Estimated };
    assert_eq!((log[0].at, log[0].timing), (visit + ahead, expected));
    let assessment = bench.assessment(child).await;
    let since = assessment.escalations.iter().map(|escalation| escalation.since);
    assert_eq!(since.min(), Some(visit), "limits run from the visit");
    // Another sample later changes nothing that was decided: judging again gives the same.
    let other = ClockSample { wall: server, server, monotonic_ms: None, boot: None };
    let keep = move |tx: &mut dyn crate::store::Tx| tx.put_clock_sample(id, &other);
    bench.state.db.write(keep).await.unwrap();
    let policy = bench.state.policy.clone();
    let look = move |tx: &dyn crate::store::Tx| crate::verify::verify(tx, &policy);
    assert_eq!(bench.state.db.read(look).await.unwrap().findings, []);
}

#[tokio::test]
async fn two_copies_of_a_device_are_noticed_and_both_tails_are_set_aside() {
    let bench = Bench::new().await;
    let child = bench.child("c1").await;
    let mut one = bench.phone("ann").await;
    let first = sealed(one.no_response(child, MONDAY));
    bench.push(&one, 1, vec![first]).await;
    let mut other = one.clone();
    let at = |minutes| MONDAY + TimeDelta::minutes(minutes);
    let mine = sealed(one.no_response(child, at(1)));
    assert_eq!(words(&bench.push(&one, 2, vec![mine]).await), ["stored 2"]);
    // The copy splits off, and goes on in an epoch of its own, as a restored phone would.
    let split = other.no_response(child, at(2));
    assert_eq!(words(&bench.push(&other, 2, vec![sealed(split.clone())]).await), ["fork"]);
    (other.epoch, other.next_seq) = (2, 1);
    other.previous = doorstep_core::seal::Hash::ORIGIN;
    let body = Body { event: split.open().unwrap().event, ..other.body(child, at(2), words_of()) };
    let again = sealed(other.seal(&body));
    assert_eq!(words(&bench.push(&other, 1, vec![again]).await), ["stored 3"]);
    // The first one is still there: from now on both are set aside, whoever comes.
    for minute in [3, 4] {
        let mine = sealed(one.no_response(child, at(minute)));
        let pushed = bench.push(&one, one.next_seq - 1, vec![mine]).await;
        assert_eq!(words(&pushed), ["quarantined cloned-device"]);
        let theirs = sealed(other.no_response(child, at(minute)));
        let pushed = bench.push(&other, other.next_seq - 1, vec![theirs]).await;
        assert_eq!(words(&pushed), ["quarantined cloned-device"]);
    }
    let aside = bench.state.db.read(|tx| tx.quarantine(None)).await.unwrap();
    let tails: Vec<_> = aside.iter().map(|entry| (entry.epoch, entry.seq, entry.child)).collect();
    let of = Some(child);
    assert_eq!(tails[1..], [(1, 3, of), (2, 2, of), (1, 4, of), (2, 3, of)]);
    // What came before stays, and what came twice is no news.
    assert_eq!(log_length(&bench).await, 3);
    // A person says whose record it is; the others stay aside.
    let (judge, mia) = (bench.state.judge(), bench.person("mia").await);
    let ruling = crate::admin::triage::Ruling {
        number: aside[1].number,
        by: mia,
        reason: "it was me at the door".into(),
    };
    let work =
        move |tx: &mut dyn crate::store::Tx| crate::admin::triage::release(tx, &judge, &ruling);
    bench.state.db.write(work).await.unwrap();
    assert_eq!(log_length(&bench).await, 4);
    let mine = sealed(one.no_response(child, at(9)));
    let pushed = bench.push(&one, 5, vec![mine]).await;
    assert_eq!(words(&pushed), ["quarantined cloned-device"], "a decision is about one record");
}

fn words_of() -> What {
    What::FailedContact(FailedContact::new(Form::NoResponse))
}
