//! Power cuts: whatever was said to be safe is there afterwards, once.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use doorstep_core::event::{ConcernLevel, FailedContact, Form, Note, What};
use doorstep_core::ids::EventId;
use doorstep_core::policy::Policy;
use doorstep_core::seal::Hash;
use doorstep_core::time::ClockReading;
use doorstep_core::wire::{EnrolResponse, SyncRequest, SyncResponse};
use doorstep_device_store::{Draft, Invitation, Key, Store};
use doorstep_sync_server::Ambient;
use doorstep_sync_server::admin::{AdminError, issue_code};
use doorstep_sync_server::judge::{Judge, Ways};
use doorstep_sync_server::store::sqlite::SqliteStore;
use doorstep_sync_server::store::{Db, StoreError, Tx};
use doorstep_tests::journey::{Organisation, Server, client};
use reqwest::Client;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;

const PHONES: u64 = 200;
const EVENTS_EACH: u64 = 3;
/// So many answers arrive before the server is killed.
const ANSWERS_BEFORE: usize = 20;
const APP: &str = "journey";

/// Who has a phone.
const PEOPLE: [&str; 6] = ["S-105", "S-106", "S-107", "S-205", "S-206", "S-207"];

#[test]
fn a_server_killed_in_the_middle_of_200_pushes_has_every_acknowledged_record_once() {
    let organisation = Organisation::with_sample_caseload();
    let runtime = Runtime::new().unwrap();
    let http = client();
    let codes = runtime.block_on(codes(&organisation.data()));
    // All phones are enrolled from one address within a minute.
    let (server, _) = organisation.serve_talking(&[("DOORSTEP_ADDRESS_SIGN_INS", "1000")]);
    let mut phones: Vec<_> = codes
        .into_iter()
        .enumerate()
        .map(|(number, code)| Phone::enrol(&runtime, &http, &server, number as u64, &code))
        .collect();
    for phone in &mut phones {
        phone.record();
    }

    let answers = runtime.block_on(push_all_and_kill(&mut phones, server));
    let acknowledged = answers.iter().filter(|answer| answer.is_some()).count();
    assert!(acknowledged >= ANSWERS_BEFORE && acknowledged < phones.len(), "{acknowledged}");
    let stored = runtime.block_on(read(&organisation.data(), logged));
    let once: BTreeSet<_> = stored.iter().copied().collect();
    assert_eq!(once.len(), stored.len(), "an event is there twice");
    for (phone, answer) in phones.iter_mut().zip(answers) {
        if let Some(answer) = answer {
            assert!(phone.made.iter().all(|id| once.contains(id)), "an acknowledged event is lost");
            phone.store.receive(&answer).unwrap();
        } else {
            phone.store.failed(now(), None, 0).unwrap();
        }
    }

    let server = organisation.serve();
    for phone in &mut phones {
        phone.sync(&runtime, &server);
        assert_eq!(phone.store.status().unwrap().on_this_device, 0);
    }
    let stored = runtime.block_on(read_beside_nobody(server, &organisation.data(), logged));
    let once: BTreeSet<_> = stored.iter().copied().collect();
    let made: BTreeSet<_> = phones.iter().flat_map(|phone| phone.made.iter().copied()).collect();
    assert_eq!((stored.len(), &once), (made.len(), &made));
    let lines = runtime.block_on(read(&organisation.data(), escalations));
    let different: BTreeSet<_> = lines.iter().collect();
    assert!(!lines.is_empty() && different.len() == lines.len(), "an escalation is there twice");
    let verified = organisation.verify();
    assert_eq!(verified["sound"], true, "{verified}");
    assert_eq!(verified["events"], PHONES * EVENTS_EACH);
}

#[test]
fn a_device_killed_while_it_records_loses_nothing_that_it_said_was_saved() {
    let organisation = Organisation::with_sample_caseload();
    let server = organisation.serve();
    let laptop = organisation.laptop(&server, "S-105");
    let journal = laptop.dir.join("device.db-journal");
    let mut printed = BTreeSet::new();
    for turn in 0..30 {
        let note = format!("turn {turn}");
        let record = ["record", "--child", "amber", "further-attempt", "--note", &note];
        let mut process = laptop.command(record).stdout(Stdio::piped()).spawn().unwrap();
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        match turn % 3 {
            0 => {
                stdout.read_line(&mut line).unwrap();
            }
            // In the middle of its transaction, as far as that can be seen from outside.
            1 => while process.try_wait().unwrap().is_none() && is_empty(&journal) {},
            _ => {}
        }
        process.kill().unwrap();
        process.wait().unwrap();
        if line.is_empty() {
            stdout.read_line(&mut line).unwrap();
        }
        if let Some(rest) =
            line.strip_suffix('\n').and_then(|l| l.strip_prefix("Saved on this device: "))
        {
            printed.insert(rest[..8].to_owned());
        }
    }
    assert!(printed.len() >= 10, "{printed:?}");
    let kept: BTreeSet<_> = laptop
        .records()
        .iter()
        .map(|row| row["id"].as_str().unwrap().to_owned())
        .map(|id| id[id.len() - 8..].to_owned())
        .collect();
    assert!(kept.is_superset(&printed), "lost: {:?}", printed.difference(&kept));
    let _ = laptop.device(["sync"]).well();
    let verified = organisation.verify();
    assert_eq!(verified["events"], kept.len());
}

fn is_empty(file: &Path) -> bool {
    fs::metadata(file).map_or(true, |metadata| metadata.len() == 0)
}

/// A phone: a real store, in memory.
struct Phone {
    number: u64,
    store: Store,
    token: String,
    http: Client,
    made: Vec<EventId>,
    drawn: u64,
}

impl Phone {
    fn enrol(runtime: &Runtime, http: &Client, server: &Server, number: u64, code: &str) -> Self {
        let conn = rusqlite::Connection::open_in_memory().unwrap();
        let store = Store::create(conn, &Key([0x5a; 48])).unwrap();
        let (token, made) = (String::new(), Vec::new());
        let mut phone = Self { number, store, token, http: http.clone(), made, drawn: 0 };
        let invitation = Invitation {
            code: code.to_owned(),
            device_name: format!("phone {number}"),
            app: APP.to_owned(),
        };
        let chance = phone.chance();
        let request = phone.store.prepare(&invitation, chance).unwrap();
        let url = format!("{}/v1/enrol", server.url);
        let answer: EnrolResponse = runtime.block_on(async {
            let response = http.post(url).json(&request).send().await.unwrap();
            response.error_for_status().unwrap().json().await.unwrap()
        });
        phone.store.enrolled(&answer).unwrap();
        phone.token = answer.token;
        phone.sync(runtime, server);
        phone
    }

    /// Bytes that differ each time, and are the same in every run.
    fn chance(&mut self) -> [u8; 32] {
        self.drawn += 1;
        Hash::of(format!("{} {}", self.number, self.drawn).as_bytes()).0
    }

    /// Records a few events about the children of the caseload.
    fn record(&mut self) {
        let children = self.store.children().unwrap();
        let at = now() - TimeDelta::hours(i64::try_from(self.number).unwrap());
        for turn in 0..EVENTS_EACH {
            let place = usize::try_from(self.number + turn).unwrap() % children.len();
            let mut contact = FailedContact::new(Form::NoResponse);
            contact.concern = Some(ConcernLevel::Some);
            let what = match turn {
                0 => What::FailedContact(contact),
                _ => What::FurtherAttempt(Note { note: Some(format!("attempt {turn}")) }),
            };
            let draft = Draft::new(at, children[place].id, what);
            let chance = self.chance();
            let made = self.store.record(&draft, &ClockReading::wall(now()), chance).unwrap();
            self.made.extend(made);
        }
    }

    fn sync(&mut self, runtime: &Runtime, server: &Server) {
        self.store.sync_now().unwrap();
        while let Some(request) = self.store.next_request(&clock(), APP).unwrap() {
            let answer =
                runtime.block_on(post(&self.http, &server.url, &self.token, &request)).unwrap();
            self.store.receive(&answer).unwrap();
        }
    }
}

fn now() -> DateTime<Utc> {
    Ambient::system().now()
}

fn clock() -> ClockReading {
    ClockReading::wall(now())
}

/// One push; none where the server is gone.
async fn post(
    http: &Client,
    url: &str,
    token: &str,
    request: &SyncRequest,
) -> Option<SyncResponse> {
    let url = format!("{url}/v1/sync");
    let response = http.post(url).bearer_auth(token).json(request).send().await.ok()?;
    response.error_for_status().ok()?.json().await.ok()
}

/// All phones push at once; the server is killed when some of them have their answer.
async fn push_all_and_kill(phones: &mut [Phone], server: Server) -> Vec<Option<SyncResponse>> {
    let (tell, mut hear) = mpsc::unbounded_channel();
    for (place, phone) in phones.iter_mut().enumerate() {
        phone.store.sync_now().unwrap();
        let request = phone.store.next_request(&clock(), APP).unwrap().unwrap();
        let (url, token, tell) = (server.url.clone(), phone.token.clone(), tell.clone());
        let http = phone.http.clone();
        tokio::spawn(async move {
            let answer = post(&http, &url, &token, &request).await;
            tell.send((place, answer)).unwrap();
        });
    }
    drop(tell);
    let mut answers: Vec<_> = phones.iter().map(|_| None).collect();
    let (mut server, mut arrived) = (Some(server), 0);
    while let Some((place, answer)) = hear.recv().await {
        arrived += usize::from(answer.is_some());
        answers[place] = answer;
        if arrived >= ANSWERS_BEFORE
            && let Some(server) = server.take()
        {
            server.kill();
        }
    }
    answers
}

fn open(data: &Path) -> Db {
    Db::new(SqliteStore::open(data, 1, Duration::ZERO).unwrap())
}

async fn read<T: Send + 'static>(data: &Path, look: fn(&dyn Tx) -> Result<T, StoreError>) -> T {
    open(data).read(look).await.unwrap()
}

/// Stops the server first.
async fn read_beside_nobody<T: Send + 'static>(
    server: Server,
    data: &Path,
    look: fn(&dyn Tx) -> Result<T, StoreError>,
) -> T {
    server.kill();
    read(data, look).await
}

/// A code for each phone.
async fn codes(data: &Path) -> Vec<String> {
    let judge = Judge {
        policy: Arc::new(Policy::built_in()),
        ambient: Ambient::system(),
        ways: Ways::default(),
    };
    let issue = move |tx: &mut dyn Tx| {
        let people = PEOPLE.iter().cycle().take(usize::try_from(PHONES).unwrap_or(0));
        let code = |person: &&str| {
            let lifetime = Duration::from_mins(10);
            Ok::<_, AdminError>(issue_code(tx, &judge, person, lifetime)?.code)
        };
        people.map(code).collect::<Result<Vec<_>, _>>()
    };
    open(data).write(issue).await.unwrap()
}

fn logged(tx: &dyn Tx) -> Result<Vec<EventId>, StoreError> {
    let mut ids = Vec::new();
    for child in tx.children()? {
        ids.extend(tx.history(child.id)?.into_iter().map(|event| event.id));
    }
    Ok(ids)
}

/// What identifies each escalation.
fn escalations(tx: &dyn Tx) -> Result<Vec<String>, StoreError> {
    let mut keys = Vec::new();
    for child in tx.children()? {
        keys.extend(tx.lines(child.id)?.into_iter().map(|line| {
            let told = line.escalation;
            format!("{} {} {} {}", line.child, told.clause, told.cause.0, told.to)
        }));
    }
    Ok(keys)
}
