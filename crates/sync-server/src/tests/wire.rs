//! What the protocol answers: enrolment, sync page by page, and problem documents.

use std::collections::{BTreeMap, BTreeSet};

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use chrono::TimeDelta;
use doorstep_core::ids::ChildId;
use doorstep_core::policy::PolicyDocument;
use doorstep_core::seal::{Digest, Hash, SealedEvent};
use doorstep_core::time::ClockReading;
use doorstep_core::wire::{
    Anew, Cursor, Divergence, EnrolRequest, EnrolResponse, Expected, KnownAs, Outcome, Problem,
    SyncRequest, SyncResponse,
};
use serde_json::Value;
use tower::ServiceExt as _;

use crate::admin::visits::{VisitEntry, plan};
use crate::http;
use crate::ingest::Incoming;
use crate::store::Tx;
use crate::store::devices::Chain;
use crate::store::sqlite::SqliteStore;
use crate::testing::{Bench, MONDAY, Phone};

struct Answer {
    status: StatusCode,
    headers: axum::http::HeaderMap,
    text: Vec<u8>,
}

async fn ask(bench: &Bench, request: Request<Body>) -> Answer {
    let response = http::router(bench.state.clone()).oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let text = to_bytes(body, usize::MAX).await.unwrap().to_vec();
    Answer { status: parts.status, headers: parts.headers, text }
}

fn post(path: &str, token: Option<&str>, body: impl Into<Body>) -> Request<Body> {
    let mut request = Request::post(path).header(header::CONTENT_TYPE, "application/json");
    if let Some(token) = token {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    request.body(body.into()).unwrap()
}

fn sync_request(phone: &Phone, events: Vec<SealedEvent>, cursor: Option<Cursor>) -> SyncRequest {
    SyncRequest {
        cursor,
        ..SyncRequest::handing_in(
            "test 1",
            ClockReading::wall(MONDAY),
            (phone.epoch, phone.next_seq - u64::try_from(events.len()).unwrap()),
            events,
        )
    }
}

async fn sync(bench: &Bench, phone: &Phone, request: &SyncRequest) -> SyncResponse {
    let body = serde_json::to_vec(request).unwrap();
    let answer = ask(bench, post("/v1/sync", Some(&phone.token), body)).await;
    let text = String::from_utf8_lossy(&answer.text).into_owned();
    assert_eq!(answer.status, StatusCode::OK, "{text}");
    serde_json::from_slice(&answer.text).unwrap()
}

/// What a device holds: applies pages as they come.
#[derive(Default)]
struct Held {
    events: BTreeMap<ChildId, BTreeMap<u64, SealedEvent>>,
    cards: BTreeSet<ChildId>,
    cursor: Option<Cursor>,
    pages: usize,
    order: Vec<ChildId>,
    /// How often everything began to come again.
    begun: usize,
    /// Events of each page, and how many it said were still to come.
    told: Vec<(usize, u64)>,
}

impl Held {
    fn apply(&mut self, page: SyncResponse) -> bool {
        if page.anew.is_some() {
            self.begun += 1;
            self.events.clear();
            self.cards.clear();
        }
        for child in page.forget {
            self.events.remove(&child);
            self.cards.remove(&child);
        }
        for card in page.children {
            self.cards.insert(card.id);
            self.order.push(card.id);
            self.events.entry(card.id).or_default();
        }
        self.told.push((page.events.len(), page.events_left));
        for placed in page.events {
            let held = self.events.get_mut(&placed.child).expect("a card comes before events");
            held.insert(placed.position, placed.event);
        }
        for completed in page.digests {
            let held = self.events[&completed.child].values();
            let digest = held.fold(Digest::EMPTY, |digest, event| digest.with(event.hash()));
            assert_eq!(digest, completed.digest, "a completed child equals the server's");
        }
        self.cursor = Some(page.cursor);
        self.pages += 1;
        page.more
    }

    async fn catch_up(&mut self, bench: &Bench, phone: &Phone) {
        (self.pages, self.told) = (0, Vec::new());
        loop {
            assert!(self.pages < 200, "it must come to an end");
            let request = sync_request(phone, Vec::new(), self.cursor.clone());
            if !self.apply(sync(bench, phone, &request).await) {
                break;
            }
        }
        let mut came = 0;
        for (events, left) in self.told.iter().rev() {
            assert_eq!(*left, came, "what is still to come is told: {:?}", self.told);
            came += u64::try_from(*events).unwrap();
        }
    }
}

async fn record(bench: &Bench, phone: &mut Phone, child: ChildId, count: usize) {
    for _ in 0..count {
        let event = phone.no_response(child, bench.now());
        bench.push(phone, phone.next_seq - 1, vec![Incoming::Sealed(event)]).await;
    }
}

#[tokio::test]
async fn a_caseload_comes_whole_and_goes_page_by_page() {
    let mut bench = Bench::new().await;
    bench.state.limits.page_bytes = 700;
    let (c1, c2) = (bench.child("c1").await, bench.child("c2").await);
    let (mut ann, ben) = (bench.phone("ann").await, bench.phone("ben").await);
    record(&bench, &mut ann, c2, 4).await;
    record(&bench, &mut ann, c1, 5).await;

    let mut held = Held::default();
    held.catch_up(&bench, &ann).await;
    assert!(held.pages > 4, "the pages are small");
    assert_eq!((held.events[&c1].len(), held.events[&c2].len()), (5, 4));
    assert_eq!(held.order[0], c1, "the most urgent comes first");

    // News of what is held; nothing of what is not.
    record(&bench, &mut ann, c1, 3).await;
    held.catch_up(&bench, &ann).await;
    assert_eq!(held.events[&c1].len(), 8);
    let mut of_ben = Held::default();
    of_ben.catch_up(&bench, &ben).await;
    assert!(of_ben.cards.is_empty());

    // A child changes hands: out with one, whole in with the other, old events too.
    bench.clock.pass(TimeDelta::minutes(1));
    bench.allocate("c1", "ben").await;
    bench.take_away("c1", "ann").await;
    held.catch_up(&bench, &ann).await;
    of_ben.catch_up(&bench, &ben).await;
    assert_eq!(held.cards, [c2].into());
    assert_eq!(of_ben.events[&c1].len(), 8);

    // And comes back.
    bench.clock.pass(TimeDelta::minutes(1));
    bench.allocate("c1", "ann").await;
    held.catch_up(&bench, &ann).await;
    assert_eq!(held.events[&c1].len(), 8);
    let accesses = bench.state.db.read(move |tx| tx.accesses(c1, 100)).await.unwrap();
    assert!(accesses.iter().any(|access| access.person == ben.person && access.by == "sync"));
}

#[tokio::test]
async fn a_device_behind_a_weak_link_asks_for_small_pages_and_gets_everything() {
    let bench = Bench::new().await;
    let c1 = bench.child("c1").await;
    let mut phone = bench.phone("ann").await;
    record(&bench, &mut phone, c1, 6).await;
    for (asked, least) in [(Some(0), 6), (Some(700), 3), (Some(usize::MAX), 1), (None, 1)] {
        let mut held = Held::default();
        for _ in 0..30 {
            let request = sync_request(&phone, Vec::new(), held.cursor.clone());
            let request = SyncRequest { page_bytes: asked, ..request };
            let page = sync(&bench, &phone, &request).await;
            assert_eq!(page.limits, bench.state.limits, "what the server takes is the same");
            if !held.apply(page) {
                break;
            }
        }
        assert_eq!((held.events[&c1].len(), held.cards.len()), (6, 2), "{asked:?}");
        assert!(held.pages >= least && (least > 1 || held.pages == 1), "{asked:?}: {}", held.pages);
    }
}

#[tokio::test]
async fn a_log_that_was_put_back_and_grew_again_skips_nothing() {
    // Two servers with one past, as a machine and its snapshot are.
    let (lost, kept) = (Bench::new().await, Bench::new().await);
    let (c1, c2) = (kept.child("c1").await, kept.child("c2").await);
    let mut phone = lost.phone("ann").await;
    let mut same = kept.phone("ann").await;
    assert_eq!(phone.device, same.device);
    let mut held = Held::default();
    record(&lost, &mut phone, c1, 3).await;
    held.catch_up(&lost, &phone).await;

    // The snapshot knows the caseload of the phone, so that only the log is another.
    Held::default().catch_up(&kept, &same).await;
    let mut other = kept.phone("ann").await;
    record(&kept, &mut other, c2, 3).await;
    kept.clock.pass(TimeDelta::minutes(1));
    record(&kept, &mut same, c1, 1).await;
    held.catch_up(&kept, &same).await;
    assert_eq!(held.begun, 2, "it began anew, once");
    assert_eq!((held.events[&c1].len(), held.events[&c2].len()), (1, 3));
    record(&kept, &mut other, c2, 1).await;
    held.catch_up(&kept, &same).await;
    assert_eq!((held.begun, held.events[&c2].len()), (2, 4));
}

#[tokio::test]
async fn a_cursor_that_is_not_known_is_answered_with_how_far_the_device_is_known() {
    let bench = Bench::new().await;
    let c1 = bench.child("c1").await;
    let mut phone = bench.phone("ann").await;
    let first = sync(&bench, &phone, &sync_request(&phone, Vec::new(), None)).await;
    let begins = Expected { epoch: 1, seq: 1, previous: Hash::ORIGIN };
    assert_eq!(first.anew, Some(Anew { chains: vec![begins] }));
    record(&bench, &mut phone, c1, 2).await;
    let known = sync(&bench, &phone, &sync_request(&phone, Vec::new(), Some(first.cursor))).await;
    assert_eq!(known.anew, None);
    let strange = Some(Cursor("nonsense".into()));
    let event = phone.no_response(c1, MONDAY);
    let strange = sync(&bench, &phone, &sync_request(&phone, vec![event], strange)).await;
    let next = Expected { epoch: 1, seq: 4, previous: phone.previous };
    assert_eq!(strange.anew, Some(Anew { chains: vec![next] }), "with what this request brought");
    assert_eq!((strange.children.len(), strange.events.len()), (2, 3));
}

#[tokio::test]
async fn a_lost_answer_is_given_again_and_a_copy_that_differs_is_sent_again() {
    let bench = Bench::new().await;
    let c1 = bench.child("c1").await;
    let mut phone = bench.phone("ann").await;
    let event = phone.no_response(c1, MONDAY);
    let request = sync_request(&phone, vec![event], None);
    let lost = sync(&bench, &phone, &request).await;
    assert_eq!(lost.verdicts[0].outcome, Outcome::Stored { position: 1 });
    let again = sync(&bench, &phone, &request).await;
    assert_eq!(again.verdicts[0].outcome, Outcome::Duplicate { position: 1 });
    assert_eq!(again.events.len(), lost.events.len());
    let mut held = Held::default();
    assert!(!held.apply(again));

    held.events.insert(c1, BTreeMap::new());
    let mut request = sync_request(&phone, Vec::new(), held.cursor.clone());
    request.again = vec![c1];
    request.divergence = Divergence { found: 1, healed: 0 };
    held.apply(sync(&bench, &phone, &request).await);
    assert_eq!(held.events[&c1].len(), 1);
    assert_eq!(bench.device(phone.device).await.divergence, request.divergence);
    let quiet = sync(&bench, &phone, &sync_request(&phone, Vec::new(), held.cursor.clone())).await;
    assert!(quiet.events.is_empty() && quiet.children.is_empty() && !quiet.more);
}

#[tokio::test]
async fn a_long_child_that_is_asked_for_with_every_page_arrives() {
    let mut bench = Bench::new().await;
    bench.state.limits.page_bytes = 700;
    let c1 = bench.child("c1").await;
    let mut phone = bench.phone("ann").await;
    record(&bench, &mut phone, c1, 9).await;
    let mut held = Held::default();
    held.catch_up(&bench, &phone).await;
    held.events.insert(c1, BTreeMap::new());
    let mut pages = 0;
    // As a client does that names a child until its copy agrees.
    while held.events[&c1].len() < 9 {
        pages += 1;
        assert!(pages < 20, "it must come to an end");
        let request = sync_request(&phone, Vec::new(), held.cursor.clone());
        held.apply(sync(&bench, &phone, &SyncRequest { again: vec![c1], ..request }).await);
    }
    assert!(pages > 3, "it takes several pages: {pages}");
    // A copy that differs after that is a new question.
    held.events.insert(c1, BTreeMap::new());
    let request = sync_request(&phone, Vec::new(), held.cursor.clone());
    held.apply(sync(&bench, &phone, &SyncRequest { again: vec![c1], ..request }).await);
    held.catch_up(&bench, &phone).await;
    assert_eq!(held.events[&c1].len(), 9);
}

#[tokio::test]
async fn the_policy_comes_first_and_again_when_it_changed() {
    let bench = Bench::new().await;
    let phone = bench.phone("ann").await;
    let mut cursor = None;
    for (adopt, comes) in [(false, true), (false, false), (true, true), (false, false)] {
        if adopt {
            let judge = bench.state.judge();
            let work = move |tx: &mut dyn Tx| {
                crate::admin::policy::put_policy(tx, &judge, &PolicyDocument::default())
            };
            bench.state.db.write(work).await.unwrap();
        }
        let page = sync(&bench, &phone, &sync_request(&phone, Vec::new(), cursor)).await;
        assert_eq!(page.policy.is_some(), comes, "{adopt}");
        cursor = Some(page.cursor);
    }
}

#[tokio::test]
async fn a_changed_card_comes_without_the_events() {
    let bench = Bench::new().await;
    let c1 = bench.child("c1").await;
    let mut phone = bench.phone("ann").await;
    record(&bench, &mut phone, c1, 2).await;
    let mut held = Held::default();
    held.catch_up(&bench, &phone).await;
    let judge = bench.state.judge();
    let import = move |tx: &mut dyn Tx| {
        let mut entries = crate::testing::organisation();
        entries.children[0].address = Some("3 Other Street".into());
        crate::admin::import(tx, &judge, &entries)
    };
    bench.state.db.write(import).await.unwrap();
    let page = sync(&bench, &phone, &sync_request(&phone, Vec::new(), held.cursor.clone())).await;
    assert_eq!(page.children.len(), 1);
    assert_eq!(page.children[0].address.as_deref(), Some("3 Other Street"));
    assert!(page.events.is_empty());
    let roles: Vec<_> =
        page.children[0].contacts.iter().map(|contact| contact.role.known()).collect();
    assert!(roles.contains(&Some(doorstep_core::event::Role::LineManager)), "{roles:?}");
}

#[tokio::test]
async fn a_revoked_device_is_sent_nothing_but_may_hand_in() {
    let bench = Bench::new().await;
    let c1 = bench.child("c1").await;
    let mut phone = bench.phone("ann").await;
    let event = phone.no_response(c1, MONDAY);
    bench.clock.pass(TimeDelta::hours(1));
    let (judge, id) = (bench.state.judge(), phone.device);
    let revoke = move |tx: &mut dyn Tx| crate::admin::revoke_device(tx, &judge, id);
    bench.state.db.write(revoke).await.unwrap();
    let clock = ClockReading::wall(bench.now());
    let request = SyncRequest { clock, ..sync_request(&phone, vec![event], None) };
    let page = sync(&bench, &phone, &request).await;
    assert_eq!(page.verdicts[0].outcome, Outcome::Stored { position: 1 });
    assert!(page.children.is_empty() && page.events.is_empty() && page.digests.is_empty());
    let body = serde_json::to_vec(&sync_request(&phone, Vec::new(), None)).unwrap();
    let answer = ask(&bench, post("/v1/sync", Some(&phone.token), body)).await;
    assert_problem(&answer, StatusCode::FORBIDDEN, "revoked");
}

fn assert_problem(answer: &Answer, status: StatusCode, kind: &str) {
    let text = String::from_utf8_lossy(&answer.text).into_owned();
    assert_eq!(answer.status, status, "{text}");
    assert_eq!(answer.headers[header::CONTENT_TYPE], "application/problem+json", "{text}");
    let problem: Problem = serde_json::from_slice(&answer.text).unwrap();
    assert_eq!(problem.kind, format!("/problems/{kind}"));
    assert_eq!(problem.status, status.as_u16());
    let request = answer.headers["doorstep-request"].to_str().unwrap();
    assert_eq!(problem.instance, format!("urn:uuid:{request}"));
}

#[tokio::test]
async fn every_refusal_is_a_problem_document() {
    let bench = Bench::new().await;
    let phone = bench.phone("ann").await;
    let token = Some(phone.token.as_str());
    let sound = serde_json::to_value(sync_request(&phone, Vec::new(), None)).unwrap();
    let with = |key: &str, value: Value| {
        let mut body = sound.clone();
        body[key] = value;
        body.to_string()
    };
    let large = vec![b' '; bench.state.limits.batch_bytes + 1];
    let unknown_length =
        Body::from_stream(futures_util::stream::iter([Ok::<_, std::io::Error>(large.clone())]));
    let many = Value::from(vec![Value::Null; bench.state.limits.batch_events + 1]);
    let mut other = phone.token.clone();
    other.replace_range(other.len() - 1.., "x");
    let plain = Request::post("/v1/sync").body(Body::from("{}")).unwrap();
    let cases = [
        (post("/v1/sync", None, large), 413, "too-large"),
        (post("/v1/sync", token, unknown_length), 413, "too-large"),
        (plain, 415, "content-type"),
        (post("/v1/sync", None, "[".repeat(100)), 400, "too-deep"),
        (post("/v1/sync", None, sound.to_string()), 401, "unauthenticated"),
        (post("/v1/sync", Some("nonsense"), sound.to_string()), 401, "unauthenticated"),
        (post("/v1/sync", Some(&other), sound.to_string()), 401, "unauthenticated"),
        (post("/v1/sync", token, "nonsense"), 400, "malformed"),
        (post("/v1/sync", token, with("epoch", "one".into())), 400, "malformed"),
        (post("/v1/sync", token, with("protocol", 2.into())), 400, "protocol"),
        (post("/v1/sync", token, with("events", many)), 413, "too-many-events"),
        (post("/v1/enrol", None, "{}"), 400, "malformed"),
        (post("/v1/nothing", None, "{}"), 404, "not-found"),
        (Request::get("/v1/sync").body(Body::empty()).unwrap(), 405, "method-not-allowed"),
    ];
    for (request, status, kind) in cases {
        let answer = ask(&bench, request).await;
        assert_problem(&answer, StatusCode::from_u16(status).unwrap(), kind);
    }
}

#[tokio::test]
async fn who_takes_a_child_over_sees_its_planned_visit() {
    let bench = Bench::new().await;
    let child = bench.child("c1").await;
    let (judge, at) = (bench.state.judge(), MONDAY + TimeDelta::hours(2));
    let entry = VisitEntry { child: "c1".into(), person: "ann".into(), at };
    let work = move |tx: &mut dyn Tx| plan(tx, &judge, &entry);
    bench.state.db.write(work).await.unwrap();
    let visits = async |person| {
        let phone = bench.phone(person).await;
        let page = sync(&bench, &phone, &sync_request(&phone, Vec::new(), None)).await;
        page.children.iter().find(|card| card.id == child).map(|card| card.visits.len())
    };
    assert_eq!((visits("ann").await, visits("ben").await), (Some(1), None));
    assert_eq!(visits("mia").await, Some(0), "a manager does not make it");
    bench.allocate("c1", "ben").await;
    assert_eq!((visits("ann").await, visits("ben").await), (Some(1), Some(0)));
    bench.clock.pass(TimeDelta::minutes(1));
    bench.take_away("c1", "ann").await;
    assert_eq!((visits("ben").await, visits("mia").await), (Some(1), Some(0)));
}

#[tokio::test]
async fn the_office_is_told_of_a_hole_in_what_a_device_sends() {
    let bench = Bench::new().await;
    let child = bench.child("c1").await;
    let mut phone = bench.phone("ann").await;
    let events: Vec<_> = (0..5).map(|_| phone.no_response(child, MONDAY)).collect();
    for (sent, unsent) in [(0..1, 0), (3..5, 4), (5..5, 4), (1..5, 0)] {
        let first_seq = u64::try_from(sent.start).unwrap() + 1;
        let request = sync_request(&phone, events[sent].to_vec(), None);
        sync(&bench, &phone, &SyncRequest { first_seq, ..request }).await;
        assert_eq!(bench.device(phone.device).await.unsent, unsent);
    }
}

/// What is stored of one child cannot be read: every record about it would fail.
#[tokio::test]
async fn an_event_over_which_the_server_stumbles_is_set_aside_and_holds_up_nobody() {
    let bench = Bench::new().await;
    let (odd, child) = (bench.child("c1").await, bench.child("c2").await);
    let mut phone = bench.phone("ann").await;
    let mut events = vec![phone.no_response(odd, MONDAY)];
    sync(&bench, &phone, &sync_request(&phone, events.clone(), None)).await;
    let beside = rusqlite::Connection::open(SqliteStore::file(bench.folder.path())).unwrap();
    beside.execute("UPDATE event SET body = '{}'", []).unwrap();
    for about in [child, odd, child] {
        events.push(phone.no_response(about, MONDAY));
    }
    let request = sync_request(&phone, events, None);
    for _ in 0..2 {
        let body = serde_json::to_vec(&request).unwrap();
        let answer = ask(&bench, post("/v1/sync", Some(&phone.token), body)).await;
        assert_eq!(answer.status, StatusCode::OK);
        let answer: serde_json::Value = serde_json::from_slice(&answer.text).unwrap();
        let verdicts = answer["verdicts"].as_array().unwrap();
        let words: Vec<_> = verdicts.iter().map(|it| it["verdict"].as_str().unwrap()).collect();
        assert_eq!(words, ["duplicate", "duplicate", "quarantined", "duplicate"]);
    }
    let aside = bench.state.db.read(|tx| tx.quarantine(None)).await.unwrap();
    assert_eq!((aside.len(), aside[0].seq, aside[0].code.as_str()), (1, 3, "malformed"));
    assert!(aside[0].message.contains("can be taken in when the server is mended"));
}

#[tokio::test]
async fn one_unreadable_event_does_not_hold_up_the_request() {
    let bench = Bench::new().await;
    let c1 = bench.child("c1").await;
    let mut phone = bench.phone("ann").await;
    let first = phone.no_response(c1, MONDAY);
    let body = serde_json::to_string(&sync_request(&phone, vec![first], None)).unwrap();
    let body = body.replace("],\"unsent_beyond\"", ",{\"signature\":\"short\"}],\"unsent_beyond\"");
    let answer = ask(&bench, post("/v1/sync", Some(&phone.token), body)).await;
    let answer: SyncResponse = serde_json::from_slice(&answer.text).unwrap();
    assert_eq!(answer.verdicts[0].outcome, Outcome::Stored { position: 1 });
    assert!(matches!(answer.verdicts[1].outcome, Outcome::Quarantined { .. }));
}

async fn enrol(bench: &Bench, code: &str, key: u8) -> Answer {
    enrol_as(bench, code, key, None).await
}

async fn enrol_as(bench: &Bench, code: &str, key: u8, known_as: Option<KnownAs>) -> Answer {
    let key = doorstep_core::seal::SigningKey::from_bytes(&[key; 32]);
    let request = EnrolRequest {
        known_as,
        code: code.into(),
        public_key: hex::encode(key.verifying_key().as_bytes()),
        device_name: "phone".into(),
        app: "test 1".into(),
    };
    ask(bench, post("/v1/enrol", None, serde_json::to_vec(&request).unwrap())).await
}

#[tokio::test]
async fn a_code_works_once_for_one_device_and_ten_minutes() {
    let bench = Bench::new().await;
    let (judge, lifetime) = (bench.state.judge(), bench.state.config.enrol_code_lifetime);
    let issue = move |tx: &mut dyn Tx| crate::admin::issue_code(tx, &judge, "ann", lifetime);
    let code = bench.state.db.write(issue).await.unwrap().code;
    let typed = code.to_lowercase().replace('-', " ");
    let answer = enrol(&bench, &typed, 1).await;
    assert_eq!(answer.status, StatusCode::OK);
    let first: EnrolResponse = serde_json::from_slice(&answer.text).unwrap();
    // The answer was lost: the same device asks again.
    let second: EnrolResponse =
        serde_json::from_slice(&enrol(&bench, &code, 1).await.text).unwrap();
    assert_eq!(first.device, second.device);
    assert_ne!(first.token, second.token);
    assert_problem(&enrol(&bench, &code, 2).await, StatusCode::FORBIDDEN, "enrolment");

    let (judge, clock) = (bench.state.judge(), bench.clock.clone());
    let issue = move |tx: &mut dyn Tx| crate::admin::issue_code(tx, &judge, "ann", lifetime);
    let late = bench.state.db.write(issue).await.unwrap().code;
    clock.pass(TimeDelta::minutes(10));
    assert_problem(&enrol(&bench, &late, 3).await, StatusCode::FORBIDDEN, "enrolment");
}

async fn code_for(bench: &Bench, person: &'static str) -> String {
    let (judge, lifetime) = (bench.state.judge(), bench.state.config.enrol_code_lifetime);
    let issue = move |tx: &mut dyn Tx| crate::admin::issue_code(tx, &judge, person, lifetime);
    bench.state.db.write(issue).await.unwrap().code
}

/// Enrols with `known_as`; the identity that was given, or none where it was refused.
async fn again(
    bench: &Bench,
    person: &'static str,
    key: u8,
    known_as: KnownAs,
) -> Option<EnrolResponse> {
    let code = code_for(bench, person).await;
    let answer = enrol_as(bench, &code, key, Some(known_as)).await;
    if answer.status != StatusCode::OK {
        assert_problem(&answer, StatusCode::FORBIDDEN, "enrolment");
        return None;
    }
    Some(serde_json::from_slice(&answer.text).unwrap())
}

#[tokio::test]
async fn an_identity_goes_back_only_to_its_own_key_and_person() {
    // What is known, and what a server of the same organisation lost.
    let (known, lost) = (Bench::new().await, Bench::new().await);
    let code = code_for(&known, "ann").await;
    let first: EnrolResponse = serde_json::from_slice(&enrol(&known, &code, 1).await.text).unwrap();
    let own = KnownAs { device: first.device, person: first.person.id };
    let code = code_for(&known, "ben").await;
    let ben: EnrolResponse = serde_json::from_slice(&enrol(&known, &code, 2).await.text).unwrap();
    let device = first.device;
    let advanced = Chain { epoch: 1, next_seq: 8, head: Hash([7; 32]) };
    known.state.db.write(move |tx| tx.put_chain(device, advanced)).await.unwrap();
    for bench in [&known, &lost] {
        for (what, person, key, known_as) in [
            ("another key", "ann", 2, own),
            ("another person's code", "ben", 1, own),
            ("a claim for somebody else", "ben", 1, KnownAs { person: ben.person.id, ..own }),
            ("both another's", "ben", 2, KnownAs { person: ben.person.id, ..own }),
            ("ann's code for ben's device", "ann", 1, KnownAs { device: ben.device, ..own }),
        ] {
            assert!(again(bench, person, key, known_as).await.is_none(), "{what}");
        }
        let answer = again(bench, "ann", 1, own).await.expect("its own key and person");
        assert_eq!(answer.device, first.device);
        assert_ne!(answer.token, first.token);
    }
    let read = move |tx: &dyn Tx| tx.chains(device);
    assert_eq!(known.state.db.read(read).await.unwrap(), [advanced], "the chain goes on");
    assert_eq!(lost.state.db.read(read).await.unwrap(), [Chain::start(1)]);
}

#[tokio::test]
async fn guessing_codes_is_slowed_down() {
    let bench = Bench::with(|config| config.enrol_attempts = 3).await;
    for _ in 0..3 {
        assert_problem(&enrol(&bench, "AAAAA-AAAAA", 1).await, StatusCode::FORBIDDEN, "enrolment");
    }
    let answer = enrol(&bench, "AAAAA-AAAAA", 1).await;
    assert_problem(&answer, StatusCode::TOO_MANY_REQUESTS, "too-many-attempts");
    assert_eq!(answer.headers[header::RETRY_AFTER], "60");
    bench.clock.pass(TimeDelta::minutes(1));
    assert_problem(&enrol(&bench, "AAAAA-AAAAA", 1).await, StatusCode::FORBIDDEN, "enrolment");
}

#[tokio::test]
async fn ready_once_a_sweep_has_run_lately() {
    let bench = Bench::new().await;
    let get = |path: &str| Request::get(path).body(Body::empty()).unwrap();
    assert_eq!(ask(&bench, get("/healthz")).await.status, StatusCode::OK);
    assert_eq!(ask(&bench, get("/readyz")).await.status, StatusCode::SERVICE_UNAVAILABLE);
    crate::sweep::sweep_once(&bench.state, bench.now()).await.unwrap();
    assert_eq!(ask(&bench, get("/readyz")).await.status, StatusCode::OK);
    bench.clock.pass(TimeDelta::minutes(5));
    assert_eq!(ask(&bench, get("/readyz")).await.status, StatusCode::SERVICE_UNAVAILABLE);
}
