//! What a device keeps for when nobody can open it, and what it shows when it was out of contact
//! for long.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use chrono::TimeDelta;
use doorstep_core::seal::{SealedEvent, SigningKey};
use doorstep_core::time::ClockReading;
use doorstep_core::wire::{
    HandIn, HandInAnswer, HandInOutcome, HandedIn, SealingKey, SyncRequest, Terms,
};
use doorstep_device_store::testing::{
    SEALING, child, clock, enrolled_store, enrolment, entropy, minute, noted, terms,
};
use doorstep_device_store::vault::{Cost, Vault};
use doorstep_device_store::{Draft, Error, Key, Porch, ReadLease, Store};
use rusqlite::Connection;
use uuid::Uuid;

mod office;

use office::{Office, sync};

const SECRET: &str = "the curtains were drawn and nobody came to the door";

fn porch() -> Porch {
    Porch::open(Connection::open_in_memory().unwrap()).unwrap()
}

/// An enrolled device with its caseload, and its porch.
fn with_porch() -> (Store, Porch, Office) {
    let porch = porch();
    let mut store = enrolled_store(1).with_porch(porch.clone());
    let mut office = Office::new(&[1], &[1]);
    sync(&mut store, 1, &mut office, 0);
    (store, porch, office)
}

fn record(store: &mut Store, number: u64) {
    let draft = Draft::new(minute(1), child(1), noted(SECRET));
    store.record(&draft, &clock(1), entropy(number)).unwrap();
}

/// What a server says to each copy.
fn answer(request: &HandIn, outcome: HandInOutcome) -> HandInAnswer {
    let said =
        |place: (u32, u64)| HandedIn { epoch: place.0, seq: place.1, outcome: outcome.into() };
    HandInAnswer { copies: request.copies.iter().map(|c| said((c.epoch, c.seq))).collect() }
}

/// The texts of the copies, for whoever has the server's key.
fn opened(request: &HandIn, private: &[u8; 32]) -> Vec<String> {
    request.copies.iter().filter_map(|copy| copy.open(request.device, private)).collect()
}

#[test]
fn each_unsent_record_lies_sealed_on_the_porch_until_the_server_has_it() {
    let (mut store, porch, mut office) = with_porch();
    assert_eq!(porch.copies().unwrap(), 0);
    record(&mut store, 1);
    record(&mut store, 2);
    let request = porch.next_hand_in(None).unwrap().unwrap();
    assert_eq!((request.device, request.copies.len()), (enrolment(1).device, 2));
    let travels = serde_json::to_string(&request).unwrap();
    assert!(!travels.contains("curtains"));
    for text in opened(&request, &SEALING) {
        let event: SealedEvent = serde_json::from_str(&text).unwrap();
        assert!(event.body.get().contains(SECRET));
        event.verify(&SigningKey::from_bytes(&[1; 32]).verifying_key()).unwrap();
    }
    assert!(opened(&request, &[9; 32]).is_empty(), "only the server's key opens them");
    let key = SigningKey::from_bytes(&[1; 32]).verifying_key();
    let mut copies = request.copies.clone();
    assert!(copies.iter().all(|copy| copy.is_proved_by(request.device, &key)));
    copies[0].seq = 7;
    copies[1].copy.0[40] ^= 1;
    assert!(!copies.iter().any(|copy| copy.is_proved_by(request.device, &key)));

    sync(&mut store, 1, &mut office, 2);
    assert_eq!(porch.copies().unwrap(), 0, "what was synced lies there no longer");
}

#[test]
fn a_door_that_answers_first_makes_the_copies_after_that() {
    let (store, porch, mut office) = with_porch();
    let mut store = store.with_copies_later();
    record(&mut store, 1);
    assert_eq!(porch.copies().unwrap(), 0);
    store.make_copies();
    assert_eq!(porch.copies().unwrap(), 1);
    sync(&mut store, 1, &mut office, 2);
    assert_eq!(porch.copies().unwrap(), 0, "what came back needs no second call");
}

#[test]
fn what_was_handed_in_goes_and_is_synced_as_ever() {
    let (mut store, porch, mut office) = with_porch();
    for number in 1..=3 {
        record(&mut store, number);
    }
    let request = porch.next_hand_in(None).unwrap().unwrap();
    let mut said = answer(&request, HandInOutcome::Received);
    said.copies[2].outcome = HandInOutcome::Waiting.into();
    let over = porch.handed_in(&request, &said).unwrap();
    assert_eq!((over.received, over.kept, porch.copies().unwrap()), (2, 1, 1));
    assert!(porch.next_hand_in(Some((1, 3))).unwrap().is_none(), "each is offered once a time");
    // The device itself knows nothing of it: it has all three to send, and hears of them then.
    assert_eq!(store.status().unwrap().on_this_device, 3);
    sync(&mut store, 1, &mut office, 2);
    assert_eq!((store.status().unwrap().on_this_device, porch.copies().unwrap()), (0, 0));
}

#[test]
fn the_porch_is_made_good_from_the_store() {
    let (mut store, _, _) = with_porch();
    record(&mut store, 1);
    // It was lost, or the app ended between the record and its copy.
    let other = porch();
    let store = store.with_porch(other.clone());
    let first = other.next_hand_in(None).unwrap().unwrap();
    // The same record always gives the same copy.
    let again = porch();
    let _store = store.with_porch(again.clone());
    assert_eq!(again.next_hand_in(None).unwrap().unwrap(), first);
}

#[test]
fn a_new_key_of_the_server_takes_the_place_of_the_old_one() {
    let (mut store, porch, mut office) = with_porch();
    record(&mut store, 1);
    let renewed = Terms::new(24, 4, SealingKey::of(&[7; 32]), terms().head_key);
    let request = store.next_request(&clock(2), "test 1").unwrap().unwrap();
    assert_eq!(request.terms, Some(terms().mark));
    let empty = SyncRequest { events: Vec::new(), ..request };
    let mut said = office.answer(1, &empty);
    said.terms = Some(renewed.clone());
    store.receive(&said).unwrap();
    let request = porch.next_hand_in(None).unwrap().unwrap();
    assert_eq!((opened(&request, &[7; 32]).len(), opened(&request, &SEALING).len()), (1, 0));
    let next = store.next_request(&clock(100), "test 1").unwrap().unwrap();
    assert_eq!(next.terms, Some(renewed.mark));
}

#[test]
fn a_wiped_device_still_hands_in_what_it_cannot_read() {
    let (mut store, porch, _) = with_porch();
    record(&mut store, 1);
    drop(store);
    let vault = Vault::wrap(&Key([7; 48]), "correct horse battery", Cost::LEAST, &[3; 40]).unwrap();
    let mut at = 2;
    while porch.destroyed().unwrap().is_none() {
        let _ = porch.unlock(&vault, "not the right words", &clock(at));
        at += 20;
    }
    assert!(porch.unlock(&vault, "correct horse battery", &clock(at)).is_err());
    let request = porch.next_hand_in(None).unwrap().unwrap();
    assert!(request.for_good, "what is before it never comes");
    assert_eq!(opened(&request, &SEALING).len(), 1);
}

fn at(days: i64, hours: i64) -> ClockReading {
    ClockReading::wall(minute(0) + TimeDelta::days(days) + TimeDelta::hours(hours))
}

/// A clock that also counts since this start of the device.
fn steady(days: i64, boot: u128, counted_days: i64) -> ClockReading {
    let mut clock = at(days, 0);
    clock.boot = Some(Uuid::from_u128(boot));
    clock.monotonic_ms = u64::try_from(TimeDelta::days(counted_days).num_milliseconds()).ok();
    clock
}

#[test]
fn a_device_without_contact_shows_nothing_of_children_until_it_syncs() {
    let (mut store, _, mut office) = with_porch();
    record(&mut store, 1);
    assert_eq!(store.look(&at(6, 23)).unwrap(), ReadLease::Open);
    assert_eq!(store.children().unwrap().len(), 1);
    let ended = ReadLease::Ended { last_contact: minute(0), hours: 168 };
    assert_eq!(store.look(&at(7, 0)).unwrap(), ended);
    let words = store.children().unwrap_err().to_string();
    for said in ["Monday 2 March 2026, 10:00", "7 days", "sync to see it again", "go on recording"]
    {
        assert!(words.contains(said), "{said} in {words}");
    }
    assert!(matches!(store.timeline(child(1)), Err(Error::ReadLease(_))));
    assert!(matches!(store.own_records(5), Err(Error::ReadLease(_))));
    let card = store.child(child(1)).unwrap().unwrap();
    assert_eq!((card.name.as_str(), card.address), ("Child 1", None), "a name, and nothing else");
    // Recording goes on, by the name that somebody knows.
    assert_eq!(store.named("child 1").unwrap(), [child(1)]);
    assert!(store.named("child").unwrap().is_empty());
    record(&mut store, 2);
    sync(&mut store, 1, &mut office, 60 * 24 * 7 + 5);
    assert_eq!(store.look(&at(7, 1)).unwrap(), ReadLease::Open);
    assert_eq!(store.timeline(child(1)).unwrap().len(), 2);
}

#[test]
fn a_clock_that_is_put_back_does_not_lengthen_the_lease() {
    let rows: [(&str, Vec<ClockReading>, bool); 6] = [
        ("nothing happens", vec![steady(6, 1, 6)], true),
        ("put back after six days, and two days more", vec![at(6, 0), at(1, 0), at(3, 0)], false),
        ("put back before it is opened again", vec![at(-3, 0)], false),
        ("put back while it runs", vec![steady(1, 1, 1), steady(0, 1, 8)], false),
        ("set right by a few minutes", vec![at(2, 0), at(2, 0), at(1, 24)], true),
        ("put back, and then forward again", vec![at(5, 0), at(1, 0), at(6, 0)], false),
    ];
    for (what, readings, open) in rows {
        let (mut store, _, _) = with_porch();
        let looks: Vec<_> = readings.iter().map(|clock| store.look(clock).unwrap()).collect();
        let last = *looks.last().unwrap();
        assert_eq!(last == ReadLease::Open, open, "{what}: {looks:?}");
    }
}
