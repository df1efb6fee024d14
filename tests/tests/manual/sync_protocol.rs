//! `docs/sync-protocol.md`: its examples are what a real server answers, and its tables name what
//! the code knows.

use std::fmt::Write as _;

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use chrono::{DateTime, TimeDelta, Utc};
use doorstep_coding::{Chosen, Coding, DICTIONARIES, DICTIONARY_HEADER, decode, encode};
use doorstep_core::attachment::MediaType;
use doorstep_core::event::{FailedContact, Form, Note, Role, What};
use doorstep_core::ids::{ChildId, EventId};
use doorstep_core::seal::{self, Digest, Hash, Origin, SealedEvent, SigningKey};
use doorstep_core::time::ClockReading;
use doorstep_core::wire::{
    AttachmentOffer, AttachmentState, Cursor, EnrolRequest, EnrolResponse, HandIn, HandInAnswer,
    Limits, Problem, QuarantineCode, SealedCopy, SyncRequest, SyncResponse,
};
use doorstep_sync_server::store::Tx;
use doorstep_sync_server::testing::{Bench, MONDAY};
use doorstep_sync_server::{admin, http};
use doorstep_tests::tree;
use serde::Serialize;
use serde_json::{Value, json};
use tower::ServiceExt as _;

const PAGE: &str = "docs/sync-protocol.md";

/// Compares an example with what stands in the page.
fn example(name: &str, value: &impl Serialize) {
    let text = serde_json::to_string_pretty(value).expect("an example has only string keys");
    crate::compare(PAGE, name, &format!("```json\n{text}\n```\n"));
}

async fn post(bench: &Bench, path: &str, token: Option<&str>, body: &Value) -> (StatusCode, Value) {
    let text = body.to_string();
    let (status, answer) = send(bench, path, token, text).await;
    (status, serde_json::from_str(&answer).expect("every answer is JSON"))
}

async fn send(
    bench: &Bench,
    path: &str,
    token: Option<&str>,
    body: String,
) -> (StatusCode, String) {
    let mut request = Request::post(path).header(header::CONTENT_TYPE, "application/json");
    if let Some(token) = token {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    answer_to(bench, request.body(Body::from(body)).expect("the request is sound")).await
}

async fn answer_to(bench: &Bench, request: Request<Body>) -> (StatusCode, String) {
    let router = http::router(bench.state.clone());
    let response = router.oneshot(request).await.expect("the router answers");
    let status = response.status();
    let bytes = to_bytes(response.into_body(), usize::MAX).await.expect("the body arrives");
    (status, String::from_utf8(bytes.to_vec()).expect("an answer is text"))
}

/// A device made from the page alone: the key that the page names, and what it was told.
struct Device {
    key: SigningKey,
    enrolled: EnrolResponse,
    next_seq: u64,
    previous: Hash,
}

impl Device {
    fn seal(&mut self, child: ChildId, what: What) -> SealedEvent {
        let at = MONDAY + TimeDelta::minutes(5);
        let number = u8::try_from(self.next_seq).expect("few events");
        let body = seal::Body {
            origin: Origin {
                child,
                person: self.enrolled.person.id,
                device: self.enrolled.device,
                epoch: 1,
                seq: self.next_seq,
                previous: self.previous,
                clock: clock(at, self.enrolled.server_time),
            },
            event: doorstep_core::event::Event {
                id: EventId::at(at, [number; 10]),
                at,
                recorded: at,
                by: Role::SocialWorker,
                attachments: Vec::new(),
                what,
            },
        };
        let sealed = SealedEvent::seal(&body, &self.key);
        self.previous = sealed.hash();
        self.next_seq += 1;
        sealed
    }

    async fn sync(&self, bench: &Bench, request: &SyncRequest) -> SyncResponse {
        let text = serde_json::to_string(request).expect("a request has only string keys");
        let (status, answer) = send(bench, "/v1/sync", Some(&self.enrolled.token), text).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        serde_json::from_str(&answer).expect("an answer is what the types say")
    }
}

fn clock(at: DateTime<Utc>, server_seen: DateTime<Utc>) -> ClockReading {
    let mut clock = ClockReading::wall(at);
    clock.server_seen = Some(server_seen);
    clock
}

fn request(device: &Device, first_seq: u64, events: Vec<SealedEvent>) -> SyncRequest {
    SyncRequest::handing_in(
        "ficton-field 1.0",
        clock(MONDAY + TimeDelta::minutes(9), device.enrolled.server_time),
        (1, first_seq),
        events,
    )
}

async fn enrolled(bench: &Bench) -> Device {
    let (judge, lifetime) = (bench.state.judge(), bench.state.config.enrol_code_lifetime);
    let issue = move |tx: &mut dyn Tx| admin::issue_code(tx, &judge, "ann", lifetime);
    let code = bench.state.db.write(issue).await.expect("ann is active").code;
    let key = SigningKey::from_bytes(&[9; 32]);
    let asked = EnrolRequest {
        known_as: None,
        code,
        public_key: Hash(key.verifying_key().to_bytes()).to_string(),
        device_name: "Ann's phone".into(),
        app: "ficton-field 1.0".into(),
    };
    example("enrol-request", &asked);
    let asked = serde_json::to_value(&asked).expect("a request has only string keys");
    let (status, answer) = post(bench, "/v1/enrol", None, &asked).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let enrolled: EnrolResponse = serde_json::from_value(answer).expect("an enrolment");
    example("enrol-answer", &enrolled);
    Device { key, enrolled, next_seq: 1, previous: Hash::ORIGIN }
}

/// Goes through what the page shows, in one test: what is generated goes into one page.
#[tokio::test]
async fn the_examples_are_what_a_server_answers() {
    let bench = Bench::new().await;
    let child = bench.child("c1").await;
    let mut device = enrolled(&bench).await;
    bench.clock.pass(TimeDelta::minutes(9));

    let first = device.seal(child, What::FailedContact(FailedContact::new(Form::NoResponse)));
    crate::compare(PAGE, "first-body", &format!("```json\n{}\n```\n", first.body.get()));
    example("first-seal", &json!({ "hash": first.hash(), "signature": first.signature }));
    let asked = request(&device, 1, vec![first.clone()]);
    example("first-request", &asked);
    let answer = device.sync(&bench, &asked).await;
    example("first-answer", &answer);
    compressed(&bench, &device, answer.cursor).await;
    let repeated = device.sync(&bench, &asked).await;
    example("repeated-verdicts", &json!({ "verdicts": repeated.verdicts }));

    let second = device.seal(child, What::SchoolChanged(Note::default()));
    let third = device.seal(child, What::SchoolChanged(Note::default()));
    let hole = device.sync(&bench, &request(&device, 3, vec![third.clone()])).await;
    example("hole-answer", &json!({ "verdicts": hole.verdicts, "expected": hole.expected }));

    (device.next_seq, device.previous) = (1, Hash::ORIGIN);
    let other = device.seal(child, What::AddressChanged(Note::default()));
    let fork = device.sync(&bench, &request(&device, 1, vec![other])).await;
    example("fork-answer", &json!({ "verdicts": fork.verdicts, "expected": fork.expected }));

    let mut spoilt = second.clone();
    spoilt.signature = first.signature;
    let last = third.hash();
    let spoilt = device.sync(&bench, &request(&device, 2, vec![spoilt, third])).await;
    example("quarantined-verdicts", &json!({ "verdicts": spoilt.verdicts }));
    (device.next_seq, device.previous) = (4, last);
    handed_in(&bench, &mut device, child).await;

    let hashes = [first.hash(), second.hash()];
    let sum = hashes.iter().fold(Digest::EMPTY, |digest, hash| digest.with(*hash));
    example("digest-sum", &json!({ "hashes": hashes, "digest": sum }));

    attachments(&bench, &device).await;

    let (_, refused) = post(&bench, "/v1/sync", None, &json!({})).await;
    let refused: Problem = serde_json::from_value(refused).expect("a problem document");
    example("problem", &refused);

    crate::compare(PAGE, "types", &list(What::TYPES));
    crate::compare(
        PAGE,
        "roles",
        &list(&Role::ALL.iter().map(|role| role.as_str()).collect::<Vec<_>>()),
    );
}

/// What the page says of compression: a quiet request as it travels, and the dictionaries.
async fn compressed(bench: &Bench, device: &Device, cursor: Cursor) {
    let quiet = SyncRequest { cursor: Some(cursor), ..request(device, 2, Vec::new()) };
    let plain = serde_json::to_vec(&quiet).expect("a request has only string keys");
    let (coding, coded) = encode(Chosen::hopeful(), plain.clone());
    let asked = Request::post("/v1/sync")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::CONTENT_ENCODING, coding.name())
        .header(header::ACCEPT_ENCODING, "zstd")
        .header(DICTIONARY_HEADER, DICTIONARIES[0].id)
        .header(header::AUTHORIZATION, format!("Bearer {}", device.enrolled.token))
        .body(Body::from(coded.clone()))
        .expect("the request is sound");
    let router = http::router(bench.state.clone());
    let response = router.oneshot(asked).await.expect("the router answers");
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()[header::CONTENT_ENCODING], "zstd");
    let bytes = to_bytes(response.into_body(), usize::MAX).await.expect("the body arrives");
    let answer = decode(Coding::Zstd, &bytes, 1_000_000).expect("it is what its head says");
    let answer: SyncResponse = serde_json::from_slice(&answer).expect("an answer");
    assert!(answer.events.is_empty() && answer.children.is_empty());

    let mut text = "```text\n".to_owned();
    for line in hex::encode(&coded).as_bytes().chunks(96) {
        writeln!(text, "{}", String::from_utf8_lossy(line)).expect("text takes text");
    }
    let plain = String::from_utf8(plain).expect("a request is text");
    write!(text, "```\n\n```json\n{plain}\n```\n").expect("text takes text");
    crate::compare(PAGE, "compressed", &text);

    let mut table = "| number | bytes | SHA-256 |\n|---|---|---|\n".to_owned();
    for known in &DICTIONARIES {
        let (bytes, hash) = (known.bytes.len(), Hash::of(known.bytes));
        writeln!(table, "| {} | {bytes} | `{hash}` |", known.id).expect("text takes text");
    }
    crate::compare(PAGE, "dictionaries", &table);
}

/// What a locked device says, and what it is told.
async fn handed_in(bench: &Bench, device: &mut Device, child: ChildId) {
    let terms = device.enrolled.terms.clone().expect("the server names its terms");
    let (id, mut copies) = (device.enrolled.device, Vec::new());
    let event = device.seal(child, What::SchoolChanged(Note::default()));
    copies.extend(SealedCopy::seal(id, (1, 4), &event, &terms.sealing_key, &device.key));
    let asked = HandIn { protocol: 1, device: id, copies, for_good: false };
    example("hand-in-request", &asked);
    let asked = serde_json::to_value(&asked).expect("a request has only string keys");
    let (status, answer) = post(bench, "/v1/hand-in", None, &asked).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let answer: HandInAnswer = serde_json::from_value(answer).expect("an answer");
    example("hand-in-answer", &answer);
}

/// The exchanges about one attachment, and one whose bytes are others than were named.
async fn attachments(bench: &Bench, device: &Device) {
    let letter = b"%PDF-1.7\nDear Mr and Mrs Example, we called today and could not see you.\n";
    let offer = AttachmentOffer { bytes: letter.len() as u64, media_type: MediaType::Pdf };
    let text = serde_json::to_string(&offer).expect("an offer has only string keys");
    example("attachment-offer", &offer);
    let of = |hash: Hash| format!("/v1/attachments/{hash}");
    let (token, path) = (&device.enrolled.token, of(Hash::of(letter)));
    let json = "application/json";
    let (_, begun) = speak(bench, "PUT", &path, token, json, text.clone().into()).await;
    example("attachment-begun", &read::<AttachmentState>(&begun));
    let octets = "application/octet-stream";
    let piece = letter[..40].to_vec();
    let at = format!("{path}?offset=0");
    let (_, part) = speak(bench, "PATCH", &at, token, octets, piece).await;
    example("attachment-part", &read::<AttachmentState>(&part));
    let at = format!("{path}?offset=40");
    let (_, complete) = speak(bench, "PATCH", &at, token, octets, letter[40..].to_vec()).await;
    example("attachment-complete", &read::<AttachmentState>(&complete));

    let other = of(Hash::of(b"something else"));
    speak(bench, "PUT", &other, token, json, text.into()).await;
    let at = format!("{other}?offset=0");
    let (status, refused) = speak(bench, "PATCH", &at, token, octets, letter.to_vec()).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    example("attachment-mismatch", &read::<Problem>(&refused));
}

fn read<T: serde::de::DeserializeOwned>(text: &str) -> T {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error} in {text}"))
}

async fn speak(
    bench: &Bench,
    method: &str,
    path: &str,
    token: &str,
    kind: &str,
    body: Vec<u8>,
) -> (StatusCode, String) {
    let request = Request::builder().method(method).uri(path).header(header::CONTENT_TYPE, kind);
    let request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    answer_to(bench, request.body(Body::from(body)).expect("the request is sound")).await
}

fn list(words: &[&str]) -> String {
    let mut text = String::new();
    for line in words.chunks(5) {
        let quoted: Vec<_> = line.iter().map(|word| format!("`{word}`")).collect();
        write!(text, "{}{}", if text.is_empty() { "" } else { ",\n" }, quoted.join(", "))
            .expect("text can be written to a string");
    }
    format!("{text}.\n")
}

/// The cells of the rows between two marks of the page.
fn rows(name: &str) -> Vec<Vec<String>> {
    let page = tree::read(PAGE).text;
    let (_, rest) = page.split_once(&format!("<!-- begin: {name} -->\n")).expect("it begins");
    let (table, _) = rest.split_once("<!-- end:").expect("it ends");
    let cells = |line: &str| {
        line.trim_matches('|').split('|').map(|cell| cell.trim().replace('`', "")).collect()
    };
    table.lines().skip(2).map(cells).collect()
}

#[test]
fn every_quarantine_code_is_named() {
    let named: Vec<_> = rows("codes").into_iter().map(|mut row| row.remove(0)).collect();
    let known: Vec<_> = QuarantineCode::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(named, known);
}

/// The source of the one mapping is read: what it can answer is in no list of its own.
#[test]
fn every_problem_is_named_with_its_status() {
    let source = tree::read("crates/sync-server/src/http/problem.rs").text;
    let source = source.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut known: Vec<(String, String)> = source
        .split("(S::")
        .skip(1)
        .map(|rest| {
            let (status, rest) = rest.split_once(',').expect("a status and a word");
            let word = rest.split('"').nth(1).expect("a word in quotes");
            (status.to_owned(), word.to_owned())
        })
        .collect();
    let mut named: Vec<(String, String)> = rows("problems")
        .into_iter()
        .map(|row| {
            let status: StatusCode = row[0].parse().expect("a status");
            let reason = status.canonical_reason().expect("a status that has a name");
            (reason.to_uppercase().replace(' ', "_"), row[1].clone())
        })
        .collect();
    known.sort();
    named.sort();
    assert_eq!(named, known);
}

#[test]
fn every_limit_is_named_with_its_value() {
    let limits = serde_json::to_value(Limits::DEFAULT).expect("limits are numbers");
    let page = tree::read(PAGE).text;
    for (name, value) in limits.as_object().expect("limits have names") {
        let mut rows = page.lines().filter(|line| line.starts_with(&format!("| `{name}`")));
        assert!(rows.any(|row| row.contains(&format!("| {value} |"))), "{name} {value}");
    }
}
