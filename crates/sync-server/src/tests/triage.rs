//! What was set aside is decided about by a person, and its author's device hears of it.

use chrono::TimeDelta;
use doorstep_core::event::{FailedContact, Form, What};
use doorstep_core::ids::{DeviceId, PersonId};
use doorstep_core::seal::{SealedEvent, Signature};
use doorstep_core::wire::{Outcome, Place, Settlement};

use crate::admin::triage::{self, Meant, REASON_CHARS_MAX, Ruling, TriageError};
use crate::deliver;
use crate::ingest::Incoming;
use crate::store::devices::Chain;
use crate::store::log::SetAside;
use crate::store::{Db, StoreError, Tx};
use crate::testing::{Bench, MONDAY, Phone};
use crate::verify::verify;

/// A bench on which Ann recorded one visit after the child was taken from her: it was set aside.
async fn outside() -> (Bench, Phone) {
    let bench = Bench::new().await;
    let child = bench.child("c1").await;
    let mut phone = bench.phone("ann").await;
    bench.clock.pass(TimeDelta::hours(1));
    bench.take_away("c1", "ann").await;
    let event = phone.no_response(child, bench.now());
    let pushed = bench.push(&phone, 1, vec![Incoming::Sealed(event)]).await;
    assert!(matches!(pushed.verdicts[0].outcome, Outcome::Quarantined { .. }));
    (bench, phone)
}

fn ruling(number: u64, by: PersonId) -> Ruling {
    Ruling { number, by, reason: "spoke with the author".into() }
}

async fn entries(db: &Db) -> Vec<SetAside> {
    db.read(|tx| tx.quarantine(None)).await.unwrap()
}

async fn rule<T: Send + 'static>(
    bench: &Bench,
    work: impl Fn(&mut dyn Tx, &crate::judge::Judge) -> Result<T, TriageError> + Send + 'static,
) -> Result<T, TriageError> {
    let judge = bench.state.judge();
    bench.state.db.write(move |tx: &mut dyn Tx| work(tx, &judge)).await
}

async fn heard(bench: &Bench, device: DeviceId) -> Vec<Settlement> {
    let places = [Place { epoch: 1, seq: 1 }, Place { epoch: 1, seq: 9 }];
    let look = move |tx: &dyn Tx| deliver::settled(tx, device, &places);
    let settled = bench.state.db.read(look).await.unwrap();
    settled.into_iter().map(|decision| decision.settlement).collect()
}

async fn findings(bench: &Bench) -> Vec<String> {
    let policy = bench.state.policy.clone();
    let report = bench.state.db.read(move |tx| verify(tx, &policy)).await.unwrap();
    report.findings.into_iter().map(|finding| finding.what).collect()
}

/// Has an older server set events aside as of a kind that it did not know, as the phone sent them.
async fn set_aside_by_an_older_server(bench: &Bench, phone: &Phone, events: &[SealedEvent]) {
    let (device, received) = (phone.device, bench.now());
    // A type is not known, or a word of a type that is.
    let codes = ["unknown-type", "unknown-type", "malformed", "unknown-type"];
    let entry = |((seq, event), code): ((u64, &SealedEvent), &str)| SetAside {
        number: 0,
        device,
        epoch: 1,
        seq,
        hash: event.hash(),
        code: code.into(),
        message: "a newer app made it".into(),
        child: None,
        received,
        bytes: event.body.get().to_owned(),
        signature: Some(event.signature),
        decision: None,
    };
    let entries: Vec<_> = (1..).zip(events).zip(codes).map(entry).collect();
    let chain = Chain { epoch: 1, next_seq: phone.next_seq, head: phone.previous };
    let work = move |tx: &mut dyn Tx| {
        entries.iter().try_for_each(|entry| tx.set_aside(entry))?;
        tx.put_chain(device, chain)
    };
    bench.state.db.write(work).await.unwrap();
}

#[tokio::test]
async fn what_a_newer_server_knows_is_released_when_it_starts() {
    let bench = Bench::new().await;
    let (child, other) = (bench.child("c1").await, bench.child("c2").await);
    let mut phone = bench.phone("ann").await;
    let known = phone.no_response(child, MONDAY);
    let unknown = {
        use ed25519_dalek::Signer as _;
        let what = What::FailedContact(FailedContact::new(Form::NoResponse));
        let text = serde_json::to_string(&phone.body(child, MONDAY, what)).unwrap();
        let text = text.replace("failed-contact", "seen-by-drone");
        let body = serde_json::value::RawValue::from_string(text).unwrap();
        let signature = Signature(phone.key.sign(body.get().as_bytes()).to_bytes());
        let event = SealedEvent { body, signature };
        (phone.previous, phone.next_seq) = (event.hash(), phone.next_seq + 1);
        event
    };
    let with_a_word = phone.no_response(child, MONDAY);
    bench.clock.pass(TimeDelta::hours(1));
    bench.take_away("c2", "ann").await;
    let outside = phone.no_response(other, bench.now());
    let events = [known.clone(), unknown, with_a_word, outside];
    set_aside_by_an_older_server(&bench, &phone, &events).await;

    for released in [2, 0] {
        let found = rule(&bench, triage::release_known).await.unwrap();
        assert_eq!(found, released, "the second start finds nothing more");
    }
    let log = bench.state.db.read(|tx| tx.log_page(0, 10)).await.unwrap();
    assert_eq!(log.len(), 2);
    assert_eq!((log[0].hash, log[0].handed_over), (known.hash(), false));
    let left: Vec<_> = entries(&bench.state.db).await.into_iter().map(|entry| entry.seq).collect();
    assert_eq!(left, [2, 4], "one is not known yet; one is for a person to judge");
    let places = [Place { epoch: 1, seq: 1 }];
    let device = phone.device;
    let look = move |tx: &dyn Tx| deliver::settled(tx, device, &places);
    let settled = bench.state.db.read(look).await.unwrap().remove(0);
    assert_eq!(settled.settlement, Settlement::Released { position: 1 });
    assert_eq!((settled.by.as_str(), settled.reason.as_str()), ("The office", triage::KNOWN_NOW));
    let assessment = bench.assessment(child).await;
    assert_eq!(assessment.failed_contacts, 2);
    assert_eq!(findings(&bench).await, [""; 0]);
}

#[tokio::test]
async fn a_released_record_is_judged_and_keeps_its_bytes_number_and_signature() {
    let (bench, mut phone) = outside().await;
    let (child, manager) = (bench.child("c1").await, bench.person("mia").await);
    assert_eq!(heard(&bench, phone.device).await, []);
    let before = entries(&bench.state.db).await.remove(0);
    let released = rule(&bench, move |tx, judge| triage::release(tx, judge, &ruling(1, manager)));
    assert_eq!(released.await.unwrap(), 1);
    let log = bench.state.db.read(|tx| tx.log_page(0, 10)).await.unwrap();
    assert_eq!((log[0].body.as_str(), log[0].hash), (before.bytes.as_str(), before.hash));
    assert_eq!((log[0].seq, log[0].received), (1, before.received));
    assert!(log[0].handed_over);
    let assessment = bench.assessment(child).await;
    assert_eq!(assessment.failed_contacts, 1);
    let lines = bench.state.db.read(move |tx| tx.lines(child)).await.unwrap();
    assert!(!lines.is_empty(), "a released record is escalated like any other");
    assert_eq!(heard(&bench, phone.device).await, [Settlement::Released { position: 1 }]);
    assert_eq!(entries(&bench.state.db).await, []);
    // The chain goes on behind it, and the whole store is as it must be.
    bench.allocate("c1", "ann").await;
    let next = phone.no_response(child, bench.now());
    let pushed = bench.push(&phone, 2, vec![Incoming::Sealed(next)]).await;
    assert!(matches!(pushed.verdicts[0].outcome, Outcome::Stored { position: 2 }));
    assert_eq!(findings(&bench).await, [""; 0]);
}

#[tokio::test]
async fn a_record_that_is_offered_again_after_its_release_is_a_duplicate() {
    let (bench, phone) = outside().await;
    let manager = bench.person("mia").await;
    let entry = entries(&bench.state.db).await.remove(0);
    rule(&bench, move |tx, judge| triage::release(tx, judge, &ruling(1, manager))).await.unwrap();
    let body = serde_json::value::RawValue::from_string(entry.bytes).unwrap();
    let again = SealedEvent { body, signature: entry.signature.unwrap() };
    let pushed = bench.push(&phone, 1, vec![Incoming::Sealed(again)]).await;
    assert!(matches!(pushed.verdicts[0].outcome, Outcome::Duplicate { position: 1 }));
}

#[tokio::test]
async fn a_correction_is_a_record_by_the_person_who_decides() {
    let (bench, phone) = outside().await;
    let (child, manager) = (bench.child("c1").await, bench.person("mia").await);
    let meant =
        Meant { child, at: MONDAY, what: What::FailedContact(FailedContact::new(Form::Doorstep)) };
    let work = move |tx: &mut dyn Tx, judge: &crate::judge::Judge| {
        triage::correct(tx, judge, &ruling(1, manager), &meant)
    };
    let event = rule(&bench, work).await.unwrap();
    let logged = bench.state.db.read(move |tx| tx.event(event)).await.unwrap().unwrap();
    assert_eq!((logged.person, logged.at, logged.child), (manager, MONDAY, child));
    assert_eq!(heard(&bench, phone.device).await, [Settlement::Corrected { event }]);
    assert_eq!(findings(&bench).await, [""; 0]);
}

#[tokio::test]
async fn a_dismissed_record_stays_aside_with_who_and_why() {
    let (bench, phone) = outside().await;
    let office = bench.person("ada").await;
    rule(&bench, move |tx, judge| triage::dismiss(tx, judge, &ruling(1, office))).await.unwrap();
    let all = bench.state.db.read(|tx| tx.all_set_aside()).await.unwrap();
    let decision = all[0].decision.as_ref().unwrap();
    assert_eq!((decision.by, decision.reason.as_str()), (office, "spoke with the author"));
    assert_eq!(heard(&bench, phone.device).await, [Settlement::Dismissed]);
    let twice = rule(&bench, move |tx, judge| triage::dismiss(tx, judge, &ruling(1, office)));
    assert!(matches!(twice.await, Err(TriageError::Decided(1))));
    assert_eq!(findings(&bench).await, [""; 0]);
}

#[tokio::test]
async fn only_a_manager_of_the_child_or_an_administrator_decides_and_gives_a_reason() {
    let (bench, _) = outside().await;
    for (person, reason, expected) in [
        ("ann", "mine", "no record 1"),
        ("ben", "hers", "no record 1"),
        ("mia", "  ", "a reason has"),
        ("mia", &*"x".repeat(REASON_CHARS_MAX + 1), "a reason has"),
    ] {
        let by = bench.person(person).await;
        let ruling = Ruling { number: 1, by, reason: reason.to_owned() };
        let refused = rule(&bench, move |tx, judge| triage::release(tx, judge, &ruling)).await;
        let words = refused.unwrap_err().to_string();
        assert!(words.contains(expected), "{person}: {words}");
    }
    assert_eq!(entries(&bench.state.db).await.len(), 1);
}

#[tokio::test]
async fn what_cannot_be_proved_is_never_released() {
    let bench = Bench::new().await;
    let child = bench.child("c1").await;
    let manager = bench.person("mia").await;
    let mut phone = bench.phone("ann").await;
    let forged = SealedEvent { signature: Signature([1; 64]), ..phone.no_response(child, MONDAY) };
    bench.push(&phone, 1, vec![Incoming::Sealed(forged)]).await;
    let mut stranger = phone.clone();
    stranger.person = manager;
    let body =
        stranger.body(child, MONDAY, What::FailedContact(FailedContact::new(Form::Doorstep)));
    let other = phone.seal(&body);
    bench.push(&phone, 2, vec![Incoming::Sealed(other)]).await;
    bench.push(&phone, 3, vec![Incoming::Unreadable("?".into())]).await;
    let entries = entries(&bench.state.db).await;
    assert_eq!(
        entries.iter().map(|entry| entry.code.as_str()).collect::<Vec<_>>(),
        ["bad-signature", "wrong-person", "malformed"]
    );
    for entry in entries {
        let refused = rule(&bench, move |tx, judge| {
            triage::release(tx, judge, &ruling(entry.number, manager))
        });
        assert!(matches!(refused.await, Err(TriageError::Unsound(_))), "{}", entry.code);
    }
    let log = bench.state.db.read(|tx| Ok::<_, StoreError>(tx.log_page(0, 9)?.len())).await;
    assert_eq!(log.unwrap(), 0);
}
