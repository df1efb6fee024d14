//! What a locked device hands in is taken as if it had synced it, once, whatever else comes.

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use chrono::TimeDelta;
use doorstep_core::seal::SealedEvent;
use doorstep_core::wire::{
    HandIn, HandInAnswer, HandInOutcome, PROTOCOL, Problem, SealedCopy, SealingKey,
};
use tower::ServiceExt as _;

use crate::http;
use crate::ingest::Incoming;
use crate::sealing;
use crate::store::log::SetAside;
use crate::testing::{Bench, MONDAY, Phone};

async fn post(bench: &Bench, body: String) -> (StatusCode, String) {
    let request = Request::post("/v1/hand-in").header(header::CONTENT_TYPE, "application/json");
    let request = request.body(Body::from(body)).unwrap();
    let response = http::router(bench.state.clone()).oneshot(request).await.unwrap();
    let status = response.status();
    let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, String::from_utf8(bytes.to_vec()).unwrap())
}

fn copy(phone: &Phone, seq: u64, event: &SealedEvent, to: &SealingKey) -> SealedCopy {
    SealedCopy::seal(phone.device, (phone.epoch, seq), event, to, &phone.key).unwrap()
}

fn request(phone: &Phone, copies: Vec<SealedCopy>) -> HandIn {
    HandIn { protocol: PROTOCOL, device: phone.device, copies, for_good: false }
}

async fn hand_in(bench: &Bench, request: &HandIn) -> Vec<HandInOutcome> {
    let (status, text) = post(bench, serde_json::to_string(request).unwrap()).await;
    assert_eq!(status, StatusCode::OK, "{text}");
    let answer: HandInAnswer = serde_json::from_str(&text).unwrap();
    answer.copies.iter().map(|copy| copy.outcome.known().unwrap()).collect()
}

async fn log_length(bench: &Bench) -> usize {
    bench.state.db.read(|tx| tx.log_page(0, 1000)).await.map(|page| page.len()).unwrap()
}

fn key(bench: &Bench) -> SealingKey {
    bench.state.sealing_keys().unwrap().newest().clone()
}

/// A phone with this many records that nobody has.
async fn phone(bench: &Bench, records: u64) -> (Phone, Vec<SealedEvent>, Vec<SealedCopy>) {
    let child = bench.child("c1").await;
    let mut phone = bench.phone("ann").await;
    let events: Vec<_> = (0..records).map(|_| phone.no_response(child, MONDAY)).collect();
    let key = key(bench);
    let copies = (1..).zip(&events).map(|(seq, event)| copy(&phone, seq, event, &key)).collect();
    (phone, events, copies)
}

use HandInOutcome::{Received, Unsound, Waiting};

#[tokio::test]
async fn what_is_handed_in_is_in_the_log_once_however_it_comes() {
    let bench = Bench::new().await;
    let (phone, events, copies) = phone(&bench, 3).await;
    let request = request(&phone, copies[..2].to_vec());
    assert_eq!(hand_in(&bench, &request).await, [Received, Received]);
    assert_eq!(hand_in(&bench, &request).await, [Received, Received]);
    assert_eq!(log_length(&bench).await, 2);
    // The device is opened, and syncs all that it has no receipt for.
    let incoming = events.into_iter().map(Incoming::Sealed).collect();
    let pushed = bench.push(&phone, 1, incoming).await;
    assert_eq!((pushed.verdicts.len(), log_length(&bench).await), (3, 3));
}

#[tokio::test]
async fn a_hole_waits_for_the_device_unless_it_cannot_be_opened_any_more() {
    let bench = Bench::new().await;
    let (phone, events, copies) = phone(&bench, 3).await;
    let mut request = request(&phone, vec![copies[0].clone(), copies[2].clone()]);
    assert_eq!(hand_in(&bench, &request).await, [Received, Waiting]);
    assert_eq!(log_length(&bench).await, 1);
    request.for_good = true;
    assert_eq!(hand_in(&bench, &request).await, [Received, Received]);
    let aside = bench.state.db.read(|tx| tx.quarantine(None)).await.unwrap();
    assert_eq!(aside.len(), 1);
    assert_eq!(
        (aside[0].code.as_str(), aside[0].child),
        ("behind-a-gap", Some(bench.child("c1").await))
    );
    assert_eq!(aside[0].bytes, events[2].body.get());
    assert_eq!(hand_in(&bench, &request).await, [Received, Received]);
    assert_eq!(bench.state.db.read(|tx| tx.quarantine(None)).await.unwrap().len(), 1);
}

#[tokio::test]
async fn only_what_the_device_made_and_the_server_can_open_is_taken() {
    let bench = Bench::new().await;
    let (phone, events, copies) = phone(&bench, 3).await;
    let other = bench.phone("ben").await;
    let mut changed = copies[0].clone();
    changed.copy.0[50] ^= 1;
    let mut moved = copies[1].clone();
    moved.seq = 1;
    let forged = Phone { key: other.key.clone(), ..phone.clone() };
    let stranger = SealingKey::of(&[5; 32]);
    let rows = [
        ("a changed byte", changed),
        ("another place", moved),
        ("signed by another key", copy(&forged, 1, &events[0], &key(&bench))),
        ("sealed to a key that is not here", copy(&phone, 1, &events[0], &stranger)),
    ];
    for (what, copy) in rows {
        assert_eq!(hand_in(&bench, &request(&phone, vec![copy])).await, [Unsound], "{what}");
    }
    assert_eq!(log_length(&bench).await, 0);
    let as_other = HandIn { device: other.device, ..request(&phone, copies.clone()) };
    assert_eq!(hand_in(&bench, &as_other).await, [Unsound, Unsound, Unsound]);
    // One that is not sound holds up nobody else.
    let mut spoilt = copies.clone();
    spoilt[1].proof.0[3] ^= 1;
    assert_eq!(hand_in(&bench, &request(&phone, spoilt)).await, [Received, Unsound, Waiting]);
    assert_eq!(log_length(&bench).await, 1);
}

#[tokio::test]
async fn a_key_that_was_replaced_still_opens_what_was_sealed_to_it() {
    let bench = Bench::new().await;
    let (phone, _, copies) = phone(&bench, 1).await;
    sealing::rotate(bench.folder.path(), &bench.state.ambient).unwrap();
    let restarted = Bench { state: restarted(&bench), ..bench };
    assert_ne!(key(&restarted).id, copies[0].key);
    assert_eq!(hand_in(&restarted, &request(&phone, copies)).await, [Received]);
}

fn restarted(bench: &Bench) -> crate::AppState {
    let (config, policy) = (bench.state.config.as_ref().clone(), (*bench.state.policy).clone());
    crate::AppState::new(config, bench.state.db.clone(), policy, bench.state.ambient.clone())
}

#[tokio::test]
async fn a_fork_is_kept_aside_and_what_follows_it_waits() {
    let bench = Bench::new().await;
    let child = bench.child("c1").await;
    let (mut phone, _, _) = phone(&bench, 0).await;
    let before = phone.clone();
    let first = phone.no_response(child, MONDAY);
    bench.push(&phone, 1, vec![Incoming::Sealed(first)]).await;
    let mut split = before;
    let events = [5, 6].map(|minute| split.no_response(child, MONDAY + TimeDelta::minutes(minute)));
    let key = key(&bench);
    let copies = (1..).zip(&events).map(|(seq, event)| copy(&split, seq, event, &key)).collect();
    assert_eq!(hand_in(&bench, &request(&split, copies)).await, [Received, Waiting]);
    let aside = bench.state.db.read(|tx| tx.quarantine(None)).await.unwrap();
    assert_eq!((aside.len(), aside[0].code.as_str()), (1, SetAside::FORK));
}

#[tokio::test]
async fn a_device_that_was_shut_out_still_hands_in_and_a_stranger_does_not() {
    let bench = Bench::new().await;
    let (phone, _, copies) = phone(&bench, 1).await;
    let id = phone.device;
    bench.clock.pass(TimeDelta::hours(1));
    let now = bench.now();
    let revoke = move |tx: &mut dyn crate::store::Tx| {
        let device = tx.device(id)?.expect("it is there");
        tx.put_device(&crate::store::devices::Device { revoked: Some(now), ..device })
    };
    bench.state.db.write(revoke).await.unwrap();
    assert_eq!(hand_in(&bench, &request(&phone, copies.clone())).await, [Received]);
    let stranger = doorstep_core::ids::DeviceId::at(MONDAY, [9; 10]);
    let asked = HandIn { device: stranger, ..request(&phone, copies.clone()) };
    let (status, text) = post(&bench, serde_json::to_string(&asked).unwrap()).await;
    let problem: Problem = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (status, problem.kind.as_str()),
        (StatusCode::UNAUTHORIZED, "/problems/unauthenticated")
    );
    let many = request(&phone, copies.iter().cycle().take(101).cloned().collect());
    let (status, _) = post(&bench, serde_json::to_string(&many).unwrap()).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
}
