//! The sync machine against a small office: nothing is lost, nothing comes twice, whatever is lost,
//! repeated, restored or split on the way.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod office;
mod restored;

use std::collections::BTreeSet;
use std::time::Duration;

use doorstep_core::event::Form;
use doorstep_core::ids::EventId;
use doorstep_core::wire::{
    ChildDigest, Divergence, Expected, Limits, Outcome, Place, QuarantineCode, Settled, Settlement,
    SyncRequest, SyncResponse,
};
use doorstep_device_store::testing::{
    HEAD_SECRET, KEY, card, child, clock, connection, enrol, enrolled_store, entropy, failed,
    fresh_store, minute, noted, terms,
};
use doorstep_device_store::{
    Draft, Error, GOOD_ANSWERS, Held, PAUSE_FIRST_SECONDS, PAUSE_SECONDS_MAX, POLL_SECONDS,
    RecordState, Source, Store,
};
use office::{Fault, Office, sync, sync_with};
use rusqlite::Connection;

/// Devices 1 and 2 with children 1 to 3, synced once.
fn two_devices() -> (Store, Store, Office) {
    let mut office = Office::new(&[1, 2], &[1, 2, 3]);
    let (mut first, mut second) = (enrolled_store(1), enrolled_store(2));
    sync(&mut first, 1, &mut office, 0);
    sync(&mut second, 2, &mut office, 0);
    (first, second, office)
}

fn one_device() -> (Store, Office) {
    let mut office = Office::new(&[1], &[1, 2, 3]);
    let mut store = enrolled_store(1);
    sync(&mut store, 1, &mut office, 0);
    (store, office)
}

/// Records `what` about a child; `number` is its minute and its entropy.
fn record(store: &mut Store, about: u8, number: u64) -> EventId {
    let at = i64::try_from(number).unwrap();
    let draft = Draft::new(minute(at), child(about), failed(Form::NoResponse));
    store.record(&draft, &clock(at), entropy(number)).unwrap()[0]
}

fn state(store: &Store, id: EventId) -> RecordState {
    match store.event(id).unwrap().unwrap().source {
        Source::Own(state) => state,
        Source::Pulled { .. } => panic!("the record was made here"),
    }
}

fn hashes(store: &Store, about: u8) -> Vec<String> {
    store.timeline(child(about)).unwrap().iter().map(|held| held.hash.to_string()).collect()
}

fn unique(ids: &[EventId]) -> usize {
    ids.iter().collect::<BTreeSet<_>>().len()
}

/// The device as it is now, on another phone: as a backup of the phone would give it.
fn copy(store: &Store) -> Store {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup.db");
    let attach = format!("attach ?1 as backup key \"x'{}'\"", hex::encode(KEY.0));
    connection(store).execute(&attach, [path.to_str().unwrap()]).unwrap();
    let export = "select sqlcipher_export('backup')";
    connection(store).query_row(export, [], |_| Ok(())).unwrap();
    connection(store).execute_batch("detach backup").unwrap();

    let copy = fresh_store();
    let conn = connection(&copy);
    conn.execute(&attach, [path.to_str().unwrap()]).unwrap();
    conn.execute_batch("pragma foreign_keys = off").unwrap();
    for table in tables(conn).iter().filter(|table| *table != "schema_step") {
        let insert = format!("insert into main.{table} select * from backup.{table}");
        conn.execute(&insert, []).unwrap();
    }
    conn.execute_batch("pragma foreign_keys = on; detach backup").unwrap();
    copy
}

fn tables(conn: &Connection) -> Vec<String> {
    let sql = "select name from sqlite_schema where type = 'table' order by name";
    let mut statement = conn.prepare(sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

#[test]
fn every_device_ends_with_the_same_history_in_whatever_order_they_sync() {
    let mut ends = BTreeSet::new();
    for order in [[1, 2, 1], [2, 1, 2], [1, 1, 2], [2, 2, 1]] {
        let (mut first, mut second, mut office) = two_devices();
        for number in [30, 10, 20] {
            record(&mut first, 1, number);
            record(&mut second, 1, number + 1);
        }
        for (step, device) in (0..).zip(order) {
            let store = if device == 1 { &mut first } else { &mut second };
            sync(store, device, &mut office, 40 + step);
        }
        sync(&mut first, 1, &mut office, 50);
        sync(&mut second, 2, &mut office, 51);
        assert_eq!(hashes(&first, 1), hashes(&second, 1));
        assert_eq!(office.log.len(), 6);
        ends.insert(hashes(&first, 1));
    }
    assert_eq!(ends.len(), 1);
}

#[test]
fn a_record_goes_from_this_device_to_received_to_backed_up() {
    let (mut store, mut office) = one_device();
    let id = record(&mut store, 1, 1);
    assert_eq!(state(&store, id), RecordState::OnThisDevice);
    sync(&mut store, 1, &mut office, 2);
    assert_eq!(state(&store, id), RecordState::Received { handed_over: false });
    office.backed_up_to = 1;
    sync(&mut store, 1, &mut office, 3);
    assert_eq!(state(&store, id), RecordState::BackedUp { handed_over: false });
}

#[test]
fn a_fault_at_any_step_ends_as_if_there_had_been_none() {
    let story = |fault: &dyn Fn(usize) -> Option<Fault>| {
        let (mut first, mut second, mut office) = two_devices();
        office.page_events = 2;
        office.limits.batch_events = 2;
        sync(&mut first, 1, &mut office, 0);
        sync(&mut second, 2, &mut office, 0);
        for number in 1..=5 {
            record(&mut first, 1 + u8::try_from(number % 2).unwrap(), number);
            record(&mut second, 1, number + 10);
        }
        sync_with(&mut first, 1, &mut office, 20, fault);
        sync_with(&mut second, 2, &mut office, 21, fault);
        sync_with(&mut first, 1, &mut office, 22, fault);
        assert_eq!(first.status().unwrap().on_this_device, 0);
        assert_eq!(first.status().unwrap().differing, 0);
        assert_eq!((office.log.len(), unique(&office.ids())), (10, 10));
        assert!(office.set_aside.is_empty());
        (hashes(&first, 1), hashes(&second, 1), hashes(&first, 2))
    };
    let calm = story(&|_| None);
    assert_eq!(calm.0.len(), 7);
    assert_eq!(calm.0, calm.1);
    for fault in [
        Fault::RequestLost,
        Fault::ReplyLost,
        Fault::RequestTwice,
        Fault::ReplyTwice,
        Fault::AppStops,
    ] {
        for step in 0..6 {
            assert_eq!(story(&|at| (at == step).then_some(fault)), calm, "{fault:?} at {step}");
        }
        assert_eq!(story(&|at| (at % 2 == 0).then_some(fault)), calm, "{fault:?} half the time");
    }
}

#[test]
fn an_own_record_is_shown_once_whether_the_office_returns_it_or_not() {
    for returns_own in [true, false] {
        let (mut store, mut office) = one_device();
        office.returns_own = returns_own;
        let id = record(&mut store, 1, 1);
        sync(&mut store, 1, &mut office, 2);
        sync(&mut store, 1, &mut office, 3);
        assert_eq!(store.timeline(child(1)).unwrap().len(), 1);
        assert_eq!(state(&store, id), RecordState::Received { handed_over: false });
        assert_eq!(store.status().unwrap().differing, 0);
    }
}

#[test]
fn batches_stay_within_what_the_server_told() {
    let (mut store, mut office) = one_device();
    office.limits = Limits { batch_events: 3, ..Limits::DEFAULT };
    sync(&mut store, 1, &mut office, 0);
    for number in 1..=7 {
        record(&mut store, 1, number);
    }
    let sent: Vec<_> =
        sync(&mut store, 1, &mut office, 8).iter().map(|step| step.receipts).collect();
    assert_eq!(sent, [3, 3, 1]);

    office.limits = Limits { batch_bytes: 5000, ..Limits::DEFAULT };
    sync(&mut store, 1, &mut office, 9);
    for number in 11..=20 {
        record(&mut store, 1, number);
    }
    let long = Draft::new(minute(21), child(1), noted(&"x".repeat(4000)));
    store.record(&long, &clock(21), entropy(21)).unwrap();
    let request = store.next_request(&clock(22), "test 1").unwrap().unwrap();
    assert_eq!(request.unsent_beyond + request.events.len() as u64, 11);
    assert!((1..10).contains(&request.events.len()));
    sync(&mut store, 1, &mut office, 22);
    assert_eq!(office.log.len(), 18);
}

#[test]
fn nothing_is_due_after_a_sync_until_something_happens() {
    let (mut store, mut office) = one_device();
    let due = |store: &mut Store, seconds: i64| {
        let at = minute(0) + chrono::TimeDelta::seconds(seconds);
        let reading = doorstep_core::time::ClockReading::wall(at);
        store.next_request(&reading, "test 1").unwrap().is_some()
    };
    assert!(!due(&mut store, 1));
    assert!(!due(&mut store, POLL_SECONDS - 1));
    assert!(due(&mut store, POLL_SECONDS));
    assert!(due(&mut store, -1), "a clock that was put back must not stop the sync");
    store.sync_now().unwrap();
    assert!(due(&mut store, 1));
    sync(&mut store, 1, &mut office, 0);
    record(&mut store, 1, 0);
    assert!(due(&mut store, 1));
}

#[test]
fn pauses_grow_with_each_failure_and_depend_on_chance() {
    let (mut store, _) = one_device();
    let mut pause = |jitter: u64, retry_after: Option<u64>| {
        let until = store.failed(minute(0), retry_after.map(Duration::from_secs), jitter).unwrap();
        (until - minute(0)).num_seconds()
    };
    assert_eq!(pause(0, None), PAUSE_FIRST_SECONDS / 2);
    assert_eq!(pause(u64::MAX, None), 2 * PAUSE_FIRST_SECONDS);
    assert_eq!(pause(u64::MAX / 2 + 1, None), 3 * PAUSE_FIRST_SECONDS);
    assert_eq!(pause(0, Some(600)), 600);
    assert_eq!(pause(u64::MAX, Some(600)), 661);
    for _ in 0..40 {
        assert!(pause(u64::MAX, None) <= PAUSE_SECONDS_MAX);
    }
    assert_eq!(pause(u64::MAX, None), PAUSE_SECONDS_MAX);
    assert!(pause(0, Some(u64::MAX)) <= 3600);
}

#[test]
fn a_pause_ends_by_itself_by_request_or_with_an_answer() {
    let (mut store, mut office) = one_device();
    record(&mut store, 1, 1);
    store.failed(minute(1), Some(Duration::from_mins(10)), 0).unwrap();
    assert!(store.next_request(&clock(10), "test 1").unwrap().is_none());
    assert_eq!(store.status().unwrap().failures, 1);
    assert!(store.next_request(&clock(11), "test 1").unwrap().is_some());
    store.failed(minute(11), None, 0).unwrap();
    store.sync_now().unwrap();
    let request = store.next_request(&clock(11), "test 1").unwrap().unwrap();
    store.receive(&office.answer(1, &request)).unwrap();
    assert_eq!(store.status().unwrap().retry_at, None);

    store.failed(minute(60 * 24 * 365), None, 0).unwrap();
    let request = store.next_request(&clock(20), "test 1").unwrap();
    assert!(request.is_some(), "a clock that was a year ahead must not stop the sync for a year");
}

#[test]
fn a_quarantined_record_needs_somebody_and_is_not_sent_again() {
    let (mut store, mut office) = one_device();
    office.unknown_children.insert(child(2));
    let bad = record(&mut store, 2, 1);
    let good = record(&mut store, 1, 2);
    let progress = sync(&mut store, 1, &mut office, 3);
    assert_eq!((progress[0].receipts, progress[0].needs_you), (2, 1));
    assert_eq!(
        state(&store, bad),
        RecordState::NeedsYou {
            code: QuarantineCode::UnknownChild.into(),
            message: "set aside: unknown-child".to_owned()
        }
    );
    assert_eq!(state(&store, good), RecordState::Received { handed_over: false });
    let status = store.status().unwrap();
    assert_eq!((status.needs_you, status.on_this_device), (1, 0));
    record(&mut store, 1, 4);
    store.sync_now().unwrap();
    let request = store.next_request(&clock(5), "test 1").unwrap().unwrap();
    assert_eq!((request.first_seq, request.events.len()), (3, 1));
    office.answer(1, &request);
    assert_eq!(office.set_aside.len(), 1);
}

/// A decision of the team's manager.
fn settled(seq: u64, settlement: Settlement) -> Settled {
    let place = Place { epoch: 1, seq };
    let (by, reason) = ("Mia Manager".to_owned(), "spoke with the author".to_owned());
    Settled { place, settlement, by, at: minute(5), reason }
}

/// A store with one record that was set aside, and the answer that says what became of it.
fn decided(settlement: Settlement) -> (Store, Office, EventId) {
    let (mut store, mut office) = one_device();
    office.unknown_children.insert(child(2));
    let id = record(&mut store, 2, 1);
    sync(&mut store, 1, &mut office, 3);
    store.sync_now().unwrap();
    let request = store.next_request(&clock(6), "test 1").unwrap().unwrap();
    assert_eq!(request.waiting, [Place { epoch: 1, seq: 1 }]);
    let mut answer = office.answer(1, &request);
    answer.settled = vec![settled(1, settlement), settled(99, Settlement::Dismissed)];
    store.receive(&answer).unwrap();
    (store, office, id)
}

#[test]
fn what_a_person_decided_about_a_record_that_was_set_aside_is_seen_on_its_device() {
    let other = EventId::at(minute(5), [7; 10]);
    let (by, reason) = ("Mia Manager".to_owned(), "spoke with the author".to_owned());
    for (settlement, expected) in [
        (Settlement::Released { position: 1 }, RecordState::Received { handed_over: false }),
        (
            Settlement::Corrected { event: other },
            RecordState::Corrected { by: by.clone(), reason: reason.clone(), event: other },
        ),
        (Settlement::Dismissed, RecordState::Dismissed { by, reason }),
    ] {
        let (mut store, _, id) = decided(settlement);
        assert_eq!(state(&store, id), expected);
        assert_eq!(store.status().unwrap().needs_you, 0);
        store.sync_now().unwrap();
        let request = store.next_request(&clock(7), "test 1").unwrap().unwrap();
        assert!(request.waiting.is_empty() && request.events.is_empty());
    }
}

#[test]
fn every_record_that_was_set_aside_is_asked_after_however_many_nobody_decides_about() {
    let (mut store, mut office) = one_device();
    office.unknown_children.insert(child(2));
    for number in 1..=250 {
        record(&mut store, 2, number);
    }
    sync(&mut store, 1, &mut office, 251);
    assert_eq!(store.status().unwrap().needs_you, 250);
    let mut asked = BTreeSet::new();
    for at in 252..255 {
        store.sync_now().unwrap();
        let request = store.next_request(&clock(at), "test 1").unwrap().unwrap();
        assert!((50..=100).contains(&request.waiting.len()));
        asked.extend(request.waiting.iter().map(|place| place.seq));
        store.receive(&office.answer(1, &request)).unwrap();
    }
    assert_eq!(asked.len(), 250);
}

#[test]
fn what_a_newer_server_says_is_kept_and_holds_nothing_up() {
    let (mut store, mut office) = one_device();
    let odd = record(&mut store, 1, 1);
    let good = record(&mut store, 1, 2);
    let request = store.next_request(&clock(3), "test 1").unwrap().unwrap();
    let mut answer = serde_json::to_value(office.answer(1, &request)).unwrap();
    answer["verdicts"][0] = serde_json::json!({ "seq": 1, "verdict": "admired", "by": "all" });
    let answer = serde_json::from_value(answer).unwrap();
    let progress = store.receive(&answer).unwrap();
    assert_eq!((progress.receipts, progress.needs_you, progress.unsent), (2, 1, 0));
    assert_eq!(state(&store, good), RecordState::Received { handed_over: false });
    let found = state(&store, odd);
    let RecordState::NeedsYou { code, message } = &found else { panic!("{found:?}") };
    assert_eq!(code.to_string(), "admired");
    assert!(message.contains("a newer app"), "{message}");
}

#[test]
fn a_restored_server_is_asked_again_what_people_decided() {
    for settlement in [Settlement::Released { position: 1 }, Settlement::Dismissed] {
        let (mut store, mut office, id) = decided(settlement);
        office.log_epoch += 1;
        store.sync_now().unwrap();
        let request = store.next_request(&clock(7), "test 1").unwrap().unwrap();
        store.receive(&office.answer(1, &request)).unwrap();
        assert!(matches!(state(&store, id), RecordState::NeedsYou { .. }));
        store.sync_now().unwrap();
        let request = store.next_request(&clock(8), "test 1").unwrap().unwrap();
        assert_eq!(request.waiting, [Place { epoch: 1, seq: 1 }]);
    }
}

#[test]
fn a_request_says_when_the_oldest_of_what_it_leaves_behind_was_recorded() {
    let (mut store, mut office) = one_device();
    office.limits.batch_events = 1;
    sync(&mut store, 1, &mut office, 0);
    for minutes in 1..=3 {
        record(&mut store, 1, minutes);
    }
    let request = store.next_request(&clock(4), "test 1").unwrap().unwrap();
    assert_eq!((request.events.len(), request.unsent_beyond), (1, 2));
    assert_eq!(request.oldest_unsent, Some(minute(2)));
}

#[test]
fn a_record_that_was_set_aside_and_released_is_received() {
    let (mut store, mut office) = one_device();
    office.unknown_children.insert(child(2));
    let id = record(&mut store, 2, 1);
    sync(&mut store, 1, &mut office, 3);
    let released = office.set_aside.remove(0);
    office.put(child(2), released);
    sync(&mut store, 1, &mut office, 4);
    assert_eq!(state(&store, id), RecordState::Received { handed_over: false });
    assert_eq!(store.status().unwrap().needs_you, 0);
}

#[test]
fn a_child_that_leaves_is_removed_but_not_what_was_not_received() {
    let (mut first, mut second, mut office) = two_devices();
    record(&mut second, 1, 1);
    sync(&mut second, 2, &mut office, 2);
    sync(&mut first, 1, &mut office, 3);
    let sent = record(&mut first, 1, 4);
    sync(&mut first, 1, &mut office, 5);
    // The child leaves while a visit is under way: the request for it is out already.
    office.caseloads.insert(1, [2, 3].into());
    first.sync_now().unwrap();
    let request = first.next_request(&clock(6), "test 1").unwrap().unwrap();
    let unsent = record(&mut first, 1, 7);
    let progress = first.receive(&office.answer(1, &request)).unwrap();
    assert_eq!((progress.forgotten, progress.unsent), (1, 1));

    assert!(first.child(child(1)).unwrap().is_none());
    assert!(!first.children().unwrap().iter().any(|card| card.id == child(1)));
    let held: Vec<_> = first.timeline(child(1)).unwrap().iter().filter_map(Held::id).collect();
    assert_eq!(held, [sent, unsent], "the colleague's record is gone, our own are not");
    let late = record(&mut first, 1, 8);
    sync(&mut first, 1, &mut office, 9);
    assert_eq!(state(&first, late), RecordState::Received { handed_over: false });
    assert_eq!(first.timeline(child(1)).unwrap().len(), 3, "received, but not backed up");

    office.backed_up_to = 3;
    sync(&mut first, 1, &mut office, 10);
    assert_eq!(first.timeline(child(1)).unwrap().len(), 1);
    office.backed_up_to = 4;
    sync(&mut first, 1, &mut office, 11);
    assert_eq!(first.timeline(child(1)).unwrap().len(), 0);

    record(&mut first, 2, 12);
    sync(&mut first, 1, &mut office, 13);
    assert_eq!(office.log.len(), 5, "the chain goes on past what was pruned");
    assert!(office.set_aside.is_empty());
}

#[test]
fn a_child_that_comes_back_comes_whole() {
    let (mut first, mut second, mut office) = two_devices();
    record(&mut second, 1, 1);
    record(&mut first, 1, 2);
    sync(&mut second, 2, &mut office, 3);
    sync(&mut first, 1, &mut office, 4);
    let before = hashes(&first, 1);
    office.backed_up_to = 2;
    office.caseloads.insert(1, [2].into());
    sync(&mut first, 1, &mut office, 5);
    assert!(hashes(&first, 1).is_empty());
    office.caseloads.insert(1, [1, 2].into());
    sync(&mut first, 1, &mut office, 6);
    assert_eq!(hashes(&first, 1), before);
    assert_eq!(first.status().unwrap().differing, 0);
}

#[test]
fn a_copy_that_differs_is_noticed_counted_and_asked_for_again() {
    let (mut first, mut second, mut office) = two_devices();
    for number in [1, 2, 3] {
        record(&mut second, 1, number);
    }
    sync(&mut second, 2, &mut office, 4);
    first.sync_now().unwrap();
    let request = first.next_request(&clock(5), "test 1").unwrap().unwrap();
    let mut answer = office.answer(1, &request);
    answer.events.remove(1);
    let progress = first.receive(&answer).unwrap();
    assert_eq!(progress.differing, 1);
    assert_eq!(first.status().unwrap().differing, 1);
    assert_eq!(request.divergence, Divergence::default());

    let request = first.next_request(&clock(5), "test 1").unwrap().unwrap();
    assert_eq!(request.again, [child(1)]);
    assert_eq!(request.divergence, Divergence { found: 1, healed: 0 });
    let progress = first.receive(&office.answer(1, &request)).unwrap();
    assert_eq!((progress.differing, progress.new_events), (0, 1));
    assert_eq!(hashes(&first, 1).len(), 3);
    assert!(first.next_request(&clock(5), "test 1").unwrap().is_none());
    // The count stays, and is told from then on.
    let healed = Divergence { found: 1, healed: 1 };
    assert_eq!(first.status().unwrap().divergence, healed);
    first.sync_now().unwrap();
    let request = first.next_request(&clock(6), "test 1").unwrap().unwrap();
    assert_eq!(request.divergence, healed);
}

#[test]
fn a_copy_that_never_agrees_does_not_keep_the_machine_busy() {
    let (mut store, mut office) = one_device();
    let mut exchanges = 0;
    store.sync_now().unwrap();
    while let Some(request) = store.next_request(&clock(1), "test 1").unwrap() {
        let mut answer = office.answer(1, &request);
        let mut wrong = office.digest(child(1));
        wrong.digest.count += 1;
        answer.digests = vec![wrong];
        store.receive(&answer).unwrap();
        exchanges += 1;
        assert!(exchanges < 10);
    }
    let status = store.status().unwrap();
    assert_eq!(status.differing, 1);
    assert_eq!(status.divergence, Divergence { found: 1, healed: 0 }, "it is one, however long");
    let request = store.next_request(&clock(60), "test 1").unwrap().unwrap();
    assert_eq!(request.again, [child(1)], "it is still asked for when a sync is due");
}

#[test]
fn what_the_server_no_longer_has_is_marked_and_still_shown() {
    let (mut first, mut second, mut office) = two_devices();
    for number in [1, 2] {
        record(&mut second, 1, number);
    }
    sync(&mut second, 2, &mut office, 3);
    sync(&mut first, 1, &mut office, 4);
    office.log.pop();
    office.log_epoch += 1;
    sync(&mut first, 1, &mut office, 5);
    assert_eq!(first.status().unwrap().differing, 0);
    let sources: Vec<_> =
        first.timeline(child(1)).unwrap().into_iter().map(|held| held.source).collect();
    assert_eq!(sources, [Source::Pulled { missing: false }, Source::Pulled { missing: true }]);
}

#[test]
fn pages_in_any_order_give_the_same_history() {
    let (mut first, mut second, mut office) = two_devices();
    for number in 1..=6 {
        record(&mut second, 1 + u8::try_from(number % 2).unwrap(), number);
    }
    sync(&mut second, 2, &mut office, 7);
    sync(&mut first, 1, &mut office, 8);
    let whole = (hashes(&first, 1), hashes(&first, 2));
    for order in [[0, 1, 2, 3, 4, 5], [5, 4, 3, 2, 1, 0], [3, 0, 5, 1, 1, 4]] {
        let mut store = enrolled_store(1);
        sync(&mut store, 1, &mut Office::new(&[1], &[1, 2]), 0);
        let mut missing: BTreeSet<_> = (0..6).collect();
        for place in order.into_iter().chain([0, 1, 2, 3, 4, 5]) {
            store.sync_now().unwrap();
            let request = store.next_request(&clock(9), "test 1").unwrap().unwrap();
            missing.remove(&place);
            let mut page = bare_answer(&request);
            page.events = vec![office.log[place].clone()];
            page.digests = if missing.is_empty() {
                vec![office.digest(child(1)), office.digest(child(2))]
            } else {
                Vec::new()
            };
            store.receive(&page).unwrap();
        }
        assert_eq!((hashes(&store, 1), hashes(&store, 2)), whole);
        assert_eq!(store.status().unwrap().differing, 0);
    }
}

/// An answer that changes nothing.
fn bare_answer(request: &SyncRequest) -> SyncResponse {
    let mut office = Office::new(&[1], &[]);
    let mut answer = office.answer(1, &SyncRequest { cursor: None, ..request.clone() });
    answer.cursor.0.push_str("-bare");
    answer.anew = None;
    answer
}

#[test]
fn another_organisation_is_refused_and_nothing_of_it_is_kept() {
    let (mut store, mut office) = one_device();
    record(&mut store, 1, 1);
    let request = store.next_request(&clock(2), "test 1").unwrap().unwrap();
    let mut answer = office.answer(1, &request);
    answer.organisation = uuid::Uuid::from_u128(9);
    answer.children = vec![card(9)];
    let refusal = store.receive(&answer).unwrap_err();
    assert!(matches!(refusal, Error::OtherOrganisation { .. }), "{refusal}");
    assert!(store.child(child(9)).unwrap().is_none());
    assert_eq!(store.status().unwrap().on_this_device, 1);
}

#[test]
fn an_answer_that_does_not_fit_is_refused_and_nothing_of_it_is_kept() {
    type Change = fn(&mut SyncResponse);
    let changes: [(&str, Change); 5] = [
        ("newer protocol", |answer| answer.protocol = 99),
        ("too many verdicts", |answer| answer.verdicts.push(answer.verdicts[0].clone())),
        ("another number", |answer| answer.verdicts[0].seq = 7),
        ("out of order", |answer| answer.verdicts.reverse()),
        ("fork of itself", |answer| {
            let stored = answer.events[0].event.hash();
            answer.verdicts[0].outcome = Outcome::Fork { stored };
        }),
    ];
    for (name, change) in changes {
        let (mut store, mut office) = one_device();
        record(&mut store, 1, 1);
        record(&mut store, 1, 2);
        let request = store.next_request(&clock(3), "test 1").unwrap().unwrap();
        let mut answer = office.answer(1, &request);
        answer.children = vec![card(9)];
        change(&mut answer);
        assert!(store.receive(&answer).is_err(), "{name}");
        assert!(store.child(child(9)).unwrap().is_none(), "{name}");
        assert_eq!(store.status().unwrap().on_this_device, 2, "{name}");
        sync(&mut store, 1, &mut office, 4);
        assert_eq!((office.log.len(), store.status().unwrap().on_this_device), (2, 0), "{name}");
    }
}

#[test]
fn an_answer_without_a_request_is_refused() {
    let (mut store, mut office) = one_device();
    store.sync_now().unwrap();
    let request = store.next_request(&clock(1), "test 1").unwrap().unwrap();
    let answer = office.answer(1, &request);
    store.receive(&answer).unwrap();
    assert!(matches!(store.receive(&answer), Err(Error::Answer(_))));
}

#[test]
fn an_answer_that_leads_nowhere_makes_the_machine_pause() {
    let (mut store, mut office) = one_device();
    record(&mut store, 1, 1);
    let request = store.next_request(&clock(2), "test 1").unwrap().unwrap();
    let mut deaf = bare_answer(&request);
    deaf.verdicts.clear();
    deaf.expected = Expected { epoch: 1, seq: 1, previous: doorstep_core::seal::Hash::ORIGIN };
    assert!(store.receive(&deaf).unwrap().stalled);
    assert!(store.next_request(&clock(2), "test 1").unwrap().is_none());
    assert!(store.next_request(&clock(3), "test 1").unwrap().is_some());
    sync(&mut store, 1, &mut office, 4);
    assert_eq!(office.log.len(), 1);
}

#[test]
fn a_record_made_while_a_request_is_under_way_goes_with_the_next() {
    let (mut store, mut office) = one_device();
    record(&mut store, 1, 1);
    let request = store.next_request(&clock(2), "test 1").unwrap().unwrap();
    record(&mut store, 1, 3);
    let progress = store.receive(&office.answer(1, &request)).unwrap();
    assert_eq!((progress.receipts, progress.unsent), (1, 1));
    sync(&mut store, 1, &mut office, 4);
    assert_eq!(office.log.len(), 2);
}

#[test]
fn two_windows_on_one_file_do_not_harm_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("device.db");
    let mut first = Store::create(Connection::open(&path).unwrap(), &KEY).unwrap();
    enrol(&mut first, 1);
    let mut second = Store::open(Connection::open(&path).unwrap(), &KEY).unwrap();
    let mut office = Office::new(&[1], &[1]);
    sync(&mut first, 1, &mut office, 0);
    let (mut other_phone, _) = one_device();
    record(&mut other_phone, 1, 1);
    sync(&mut other_phone, 1, &mut office, 2);

    record(&mut first, 1, 3);
    record(&mut second, 1, 4);
    let early = first.next_request(&clock(5), "test 1").unwrap().unwrap();
    let request = second.next_request(&clock(5), "test 1").unwrap().unwrap();
    let forked = office.answer(1, &early);
    second.receive(&office.answer(1, &request)).unwrap();
    assert!(matches!(first.receive(&forked), Err(Error::Answer(_))));
    sync(&mut first, 1, &mut office, 7);
    sync(&mut second, 1, &mut office, 8);
    assert_eq!((office.log.len(), unique(&office.ids())), (3, 3));
    assert_eq!(second.timeline(child(1)).unwrap().len(), 3);
}

#[test]
fn less_is_sent_at_a_time_after_each_failure_and_all_of_it_after_an_answer() {
    let (mut store, mut office) = one_device();
    for number in 1..=40 {
        record(&mut store, 1, number);
    }
    let mut sent = Vec::new();
    for _ in 0..11 {
        store.sync_now().unwrap();
        sent.push(store.next_request(&clock(50), "test 1").unwrap().unwrap().events.len());
        store.failed(minute(50), None, 0).unwrap();
    }
    assert_eq!(sent[0], 40);
    assert!(sent.is_sorted_by(|more, less| more >= less));
    assert_eq!(sent[10], 1);
    let receipts: Vec<_> =
        sync(&mut store, 1, &mut office, 51).iter().map(|step| step.receipts).collect();
    assert_eq!(receipts, [1, 39]);
}

#[test]
fn a_weak_link_is_asked_for_smaller_pages_until_they_come_and_for_larger_ones_later() {
    let (mut store, mut office) = one_device();
    let asks = |store: &mut Store, office: &mut Office, arrives: bool| {
        store.sync_now().unwrap();
        let request = store.next_request(&clock(1), "test 1").unwrap().unwrap();
        if arrives {
            store.receive(&office.answer(1, &request)).unwrap();
        } else {
            store.failed(minute(1), None, 0).unwrap();
        }
        request.page_bytes
    };
    let whole = Limits::DEFAULT.page_bytes;
    assert_eq!(asks(&mut store, &mut office, false), None);
    assert_eq!(asks(&mut store, &mut office, false), Some(whole / 2));
    // A server that says "later" says nothing of the link.
    store.failed(minute(1), Some(Duration::from_secs(1)), 0).unwrap();
    for _ in 0..GOOD_ANSWERS {
        assert_eq!(asks(&mut store, &mut office, true), Some(whole / 4));
    }
    for _ in 0..GOOD_ANSWERS {
        assert_eq!(asks(&mut store, &mut office, true), Some(whole / 2));
    }
    assert_eq!(asks(&mut store, &mut office, true), None);
    for _ in 0..20 {
        store.failed(minute(1), None, 0).unwrap();
    }
    assert_eq!(asks(&mut store, &mut office, true), Some(whole >> 9), "there is a least page");
}

#[test]
fn a_storage_fault_at_any_write_leaves_everything_as_it_was() {
    for (table, operation) in [
        ("own_event", "insert"),
        ("chain", "update"),
        ("receipt", "insert"),
        ("resealed", "insert"),
        ("pulled_event", "insert"),
        ("pulled_event", "delete"),
        ("child", "delete"),
        ("former_child", "insert"),
        ("server", "insert"),
    ] {
        let (mut store, mut office) = eventful();
        let trigger = format!(
            "create temp trigger fault before {operation} on main.{table}
             begin select raise(abort, 'the disk is gone'); end"
        );
        connection(&store).execute_batch(&trigger).unwrap();
        let mut hit = false;
        let draft = Draft::new(minute(30), child(2), noted("x")).and(child(3), noted("y"));
        let before = dump(&store);
        let recorded = store.record(&draft, &clock(30), entropy(30)).is_ok();
        if !recorded {
            hit = true;
            assert_eq!(dump(&store), before, "{operation} {table}");
        }
        let before = dump(&store);
        let request = store.next_request(&clock(31), "test 1").unwrap().unwrap();
        if store.receive(&office.answer(1, &request)).is_err() {
            hit = true;
            assert_eq!(dump(&store), before, "{operation} {table}");
        }
        assert!(hit, "{operation} on {table} never happened");
        connection(&store).execute_batch("drop trigger fault").unwrap();
        if !recorded {
            store.record(&draft, &clock(30), entropy(30)).unwrap();
        }
        sync(&mut store, 1, &mut office, 40);
        sync(&mut store, 1, &mut office, 42);
        assert_eq!((office.log.len(), unique(&office.ids())), (7, 7), "{operation} {table}");
    }
}

/// A restored device with two unsent records, one of which the office has from before; the office
/// has let a child go and has news of others.
fn eventful() -> (Store, Office) {
    let (mut first, mut second, mut office) = two_devices();
    record(&mut second, 1, 1);
    sync(&mut second, 2, &mut office, 2);
    sync(&mut first, 1, &mut office, 3);
    record(&mut first, 3, 2);
    let mut restored = copy(&first);
    record(&mut first, 2, 4);
    sync(&mut first, 1, &mut office, 5);
    record(&mut second, 2, 6);
    sync(&mut second, 2, &mut office, 7);
    office.caseloads.insert(1, [2, 3].into());
    record(&mut restored, 3, 8);
    (restored, office)
}

/// Everything that is stored, as text.
fn dump(store: &Store) -> Vec<String> {
    let conn = connection(store);
    let mut rows = Vec::new();
    for table in tables(conn) {
        let mut statement = conn.prepare(&format!("select * from {table}")).unwrap();
        let columns = statement.column_count();
        let mut found = statement.query([]).unwrap();
        while let Some(row) = found.next().unwrap() {
            let values: Vec<_> =
                (0..columns).map(|column| format!("{:?}", row.get_ref(column).unwrap())).collect();
            rows.push(format!("{table}: {}", values.join(" ")));
        }
    }
    rows
}

#[test]
fn a_digest_of_a_child_that_is_not_held_is_of_nothing() {
    let empty = ChildDigest { child: child(9), digest: doorstep_core::seal::Digest::EMPTY };
    assert_eq!(Office::new(&[1], &[1]).digest(child(9)), empty);
}

#[test]
fn an_enrolled_device_asks_for_everything_first() {
    let mut store = enrolled_store(1);
    let request = store.next_request(&clock(0), "test 1").unwrap().unwrap();
    assert_eq!((request.epoch, request.first_seq, request.cursor), (1, 1, None));
    let mut other = fresh_store();
    enrol(&mut other, 2);
    assert!(other.next_request(&clock(0), "test 1").unwrap().is_some());
}

#[test]
fn a_log_that_goes_back_is_noticed_and_the_evidence_is_kept() {
    let (mut store, mut office) = one_device();
    let key = doorstep_core::seal::SigningKey::from_bytes(&HEAD_SECRET);
    let head = |size: u64| {
        let mut tree = doorstep_core::merkle::Tree::default();
        for leaf in 0..size {
            tree.add(doorstep_core::merkle::leaf(&leaf.to_be_bytes()));
        }
        tree.head()
    };
    let mut exchange = |log: u64| {
        store.sync_now().unwrap();
        let request = store.next_request(&clock(2), "test 1").unwrap().unwrap();
        let mut answer = office.answer(1, &request);
        let of = (answer.organisation, answer.log_epoch, answer.server_time);
        let signed = doorstep_core::wire::KeptHead::sign(of, (&head(log), &head(1)), &key);
        answer.head = Some(signed.head);
        store.receive(&answer).unwrap();
        let kept: Vec<_> = store.kept_heads().unwrap().iter().map(|kept| kept.head.log).collect();
        (kept, store.status().unwrap().log_contradicted)
    };
    assert_eq!(exchange(4), (vec![4], false));
    assert_eq!(exchange(6), (vec![6], false));
    assert_eq!(exchange(5), (vec![6], true), "what was kept before stays");
    assert_eq!(exchange(7), (vec![7], true), "and that it happened is not forgotten");
}

#[test]
fn a_server_that_signs_with_another_key_is_told_of_and_is_no_evidence() {
    use doorstep_core::merkle::Tree;
    use doorstep_core::seal::{Hash, SigningKey};
    use doorstep_core::wire::{KeptHead, Terms};
    let (mut store, mut office) = one_device();
    let [right, other] = [HEAD_SECRET, [7; 32]].map(|secret| SigningKey::from_bytes(&secret));
    let mut exchange = |key: &SigningKey, named: Option<&SigningKey>| {
        store.sync_now().unwrap();
        let request = store.next_request(&clock(2), "test 1").unwrap().unwrap();
        let mut answer = office.answer(1, &request);
        let of = (answer.organisation, answer.log_epoch, answer.server_time);
        let head = Tree::default().head();
        answer.head = Some(KeptHead::sign(of, (&head, &head), key).head);
        let of_named = |key: &SigningKey| Hash(key.verifying_key().to_bytes());
        answer.terms = named.map(|key| Terms { head_key: of_named(key), ..terms() });
        store.receive(&answer).unwrap();
        let changed = store.status().unwrap().head_key_changed;
        (changed, store.kept_heads().unwrap().len())
    };
    assert_eq!(exchange(&right, None), (None, 1));
    let (changed, kept) = exchange(&other, Some(&other));
    let changed = changed.expect("the other key is noticed");
    assert_eq!((kept, changed.known == changed.met), (1, false));
    for words in ["compare", "tell your safeguarding lead", "sent all the same", &changed.met] {
        assert!(changed.to_string().contains(words), "{words} in {changed}");
    }
    assert_eq!(exchange(&right, None).0, Some(changed.clone()), "that it happened stays");
    assert!(!store.trust_head_key(&changed.known).unwrap());
    assert!(store.trust_head_key(&format!(" {} ", changed.met.to_lowercase())).unwrap());
    assert_eq!(store.status().unwrap().head_key_changed, None);
}
