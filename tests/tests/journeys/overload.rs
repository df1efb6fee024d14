//! More phones than a server takes on at once: some are sent away with a time to come back, their
//! machines wait for it, and in the end everything is there, once.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use doorstep_core::event::{FailedContact, Form, What};
use doorstep_core::ids::ChildId;
use doorstep_core::seal::Hash;
use doorstep_core::time::ClockReading;
use doorstep_core::wire::{EnrolResponse, SyncRequest, SyncResponse};
use doorstep_device_store::{Draft, Invitation, Key, Store};
use doorstep_sync_server::gate::Gate;
use doorstep_sync_server::serve::serve_state;
use doorstep_sync_server::store::{StoreError, Tx};
use doorstep_sync_server::testing::{Bench, MONDAY};
use doorstep_sync_server::{admin, verify};
use doorstep_tests::journey::client;
use reqwest::Client;

const PHONES: usize = 12;
const LET_IN: usize = 4;
const APP: &str = "journey";

/// An answer, or after which time to ask again.
type Answer = Result<SyncResponse, Duration>;

struct Phone {
    store: Store,
    token: String,
}

impl Phone {
    async fn enrolled(bench: &Bench, http: &Client, url: &str, number: u8) -> Self {
        let (judge, lifetime) = (bench.state.judge(), bench.state.config.enrol_code_lifetime);
        let issue = move |tx: &mut dyn Tx| admin::issue_code(tx, &judge, "ann", lifetime);
        let code = bench.state.db.write(issue).await.unwrap().code;
        let conn = rusqlite::Connection::open_in_memory().unwrap();
        let mut store = Store::create(conn, &Key([0x5a; 48])).unwrap();
        let invitation =
            Invitation { code, device_name: format!("phone {number}"), app: APP.to_owned() };
        let request = store.prepare(&invitation, [number; 32]).unwrap();
        let response = http.post(format!("{url}/v1/enrol")).json(&request).send().await.unwrap();
        let answer: EnrolResponse = response.json().await.unwrap();
        store.enrolled(&answer).unwrap();
        Self { store, token: answer.token }
    }

    fn record(&mut self, child: ChildId, number: u8) {
        let what = What::FailedContact(FailedContact::new(Form::NoResponse));
        let draft = Draft::new(MONDAY, child, what);
        let chance = Hash::of(&[number]).0;
        self.store.record(&draft, &ClockReading::wall(MONDAY), chance).unwrap();
    }

    fn ask(&mut self, now: DateTime<Utc>) -> Option<SyncRequest> {
        self.store.next_request(&ClockReading::wall(now), APP).unwrap()
    }
}

async fn post(http: &Client, url: &str, token: &str, request: &SyncRequest) -> Answer {
    let url = format!("{url}/v1/sync");
    let response = http.post(url).bearer_auth(token).json(request).send().await.unwrap();
    if response.status() == 503 {
        let seconds = response.headers()["retry-after"].to_str().unwrap().parse().unwrap();
        return Err(Duration::from_secs(seconds));
    }
    assert_eq!(response.status(), 200);
    Ok(response.json().await.unwrap())
}

/// Keeps the writer busy until the sender is dropped.
async fn hold_the_writer(bench: &Bench) -> mpsc::Sender<()> {
    let (release, held) = mpsc::channel::<()>();
    let (began, begins) = tokio::sync::oneshot::channel();
    let (held, began) = (Arc::new(Mutex::new(held)), Mutex::new(Some(began)));
    let db = bench.state.db.clone();
    let work = move |_: &mut dyn Tx| {
        if let Some(began) = began.lock().unwrap().take() {
            began.send(()).unwrap();
        }
        // An error says that the test lets go.
        let _ = held.lock().unwrap().recv();
        Ok::<_, StoreError>(())
    };
    tokio::spawn(async move { db.write(work).await.unwrap() });
    begins.await.unwrap();
    release
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn phones_that_were_sent_away_come_back_and_nothing_is_lost() {
    let mut bench = Bench::new().await;
    bench.state.gate = Gate::with_room(LET_IN, 1_000_000);
    let (bound, hear) = tokio::sync::oneshot::channel();
    let on_bound = move |address| bound.send(address).unwrap();
    tokio::spawn(serve_state(bench.state.clone(), std::future::pending(), on_bound));
    let (url, http) = (format!("http://{}", hear.await.unwrap()), client());
    let child = bench.child("c1").await;
    let mut phones = Vec::new();
    for number in 0..PHONES {
        let number = u8::try_from(number).unwrap();
        let mut phone = Phone::enrolled(&bench, &http, &url, number).await;
        let request = phone.ask(MONDAY).unwrap();
        let answer = post(&http, &url, &phone.token, &request).await.unwrap();
        phone.store.receive(&answer).unwrap();
        phone.record(child, number);
        phones.push(phone);
    }

    let release = hold_the_writer(&bench).await;
    let (tell, mut hear) = tokio::sync::mpsc::unbounded_channel();
    for (place, phone) in phones.iter_mut().enumerate() {
        let request = phone.ask(MONDAY).expect("an event waits");
        let (http, url, token, tell) =
            (http.clone(), url.clone(), phone.token.clone(), tell.clone());
        tokio::spawn(async move {
            tell.send((place, post(&http, &url, &token, &request).await)).unwrap();
        });
    }
    let mut pauses = BTreeSet::new();
    for _ in LET_IN..PHONES {
        let (place, answer) = hear.recv().await.unwrap();
        let asked = answer.expect_err("there is no room for it");
        let jitter = u64::MAX / PHONES as u64 * place as u64;
        let until = phones[place].store.failed(MONDAY, Some(asked), jitter).unwrap();
        assert!(until >= MONDAY + TimeDelta::from_std(asked).unwrap());
        assert!(phones[place].ask(until - TimeDelta::milliseconds(1)).is_none(), "it waits");
        pauses.insert(until);
    }
    assert!(pauses.len() > 2, "they come back one by one: {pauses:?}");
    drop(release);
    for _ in 0..LET_IN {
        let (place, answer) = hear.recv().await.unwrap();
        phones[place].store.receive(&answer.expect("who is let in is answered")).unwrap();
    }

    let later = MONDAY + TimeDelta::minutes(1);
    bench.clock.pass(TimeDelta::minutes(1));
    for phone in &mut phones {
        while let Some(request) = phone.ask(later) {
            let answer = post(&http, &url, &phone.token, &request).await.unwrap();
            phone.store.receive(&answer).unwrap();
        }
        assert_eq!(phone.store.status().unwrap().on_this_device, 0);
    }
    let policy = Arc::clone(&bench.state.policy);
    let report = bench.state.db.read(move |tx| verify::verify(tx, &policy)).await.unwrap();
    assert!(report.is_sound(), "{report}");
    assert_eq!(report.events, PHONES as u64);
}
