//! The table of bad input in `docs/sync-protocol.md`: each row is sent to a real server over HTTP,
//! with another device that syncs meanwhile; the row says what came back. Nothing is lost by it.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use doorstep_coding::{Chosen, Coding, encode};
use doorstep_core::event::{FailedContact, Form, Note, What};
use doorstep_core::ids::ChildId;
use doorstep_core::seal::{Hash, SealedEvent};
use doorstep_core::time::ClockReading;
use doorstep_core::wire::{Cursor, Limits, SyncRequest};
use doorstep_sync_server::serve::serve_state;
use doorstep_sync_server::testing::{Bench, MONDAY, Phone};
use doorstep_sync_server::verify;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// What is sent. The rest of the head is as it should be.
struct Sent {
    token: String,
    coding: Option<&'static str>,
    body: Vec<u8>,
    /// So many bytes of the body are held back, and the connection is closed.
    cut: usize,
}

/// What came back: the status and the body; nothing where the connection broke off.
type Came = Option<(u16, Value)>;

/// A server with two children of Ann's, and where it listens.
struct World {
    bench: Bench,
    address: SocketAddr,
    child: ChildId,
    other: Phone,
}

/// What a phone did before: its first event is in the log, and it took the caseload in.
struct Start {
    first: SealedEvent,
    cursor: Cursor,
}

/// A bad thing to send, made for a phone that has begun well.
type Make = fn(&World, &mut Phone, &Start) -> Sent;

fn plain(phone: &Phone, request: &SyncRequest) -> Sent {
    let body = serde_json::to_vec(request).expect("a request has only string keys");
    Sent { token: phone.token.clone(), coding: None, body, cut: 0 }
}

fn request(phone: &Phone, first_seq: u64, events: Vec<SealedEvent>) -> SyncRequest {
    SyncRequest::handing_in(
        "ficton-field 1.0",
        ClockReading::wall(MONDAY),
        (phone.epoch, first_seq),
        events,
    )
}

/// A request of a device that took the caseload in.
fn up_to_date(start: &Start, request: SyncRequest) -> SyncRequest {
    SyncRequest { cursor: Some(start.cursor.clone()), ..request }
}

fn sound(world: &World, phone: &mut Phone) -> SealedEvent {
    phone.no_response(world.child, MONDAY)
}

fn happened(world: &World, phone: &mut Phone, at: DateTime<Utc>) -> SealedEvent {
    let body = phone.body(world.child, at, What::FailedContact(FailedContact::new(Form::Doorstep)));
    phone.seal(&body)
}

/// As many blanks as expand to one byte more than a request may have.
fn bomb(coding: Coding, dictionary: bool) -> Vec<u8> {
    let blanks = vec![b' '; Limits::DEFAULT.batch_bytes + 1];
    let dictionary = Chosen::hopeful().dictionary.filter(|_| dictionary);
    encode(Chosen { coding, dictionary }, blanks).1
}

/// A quiet request, but this coded body instead of its own.
fn coded(phone: &Phone, coding: &'static str, body: Vec<u8>) -> Sent {
    Sent { coding: Some(coding), body, ..plain(phone, &request(phone, 2, Vec::new())) }
}

/// A quiet request, well coded; `change` spoils it.
fn spoilt(phone: &Phone, coding: Coding, dictionary: bool, change: fn(&mut Vec<u8>)) -> Sent {
    let sent = plain(phone, &request(phone, 2, Vec::new()));
    let dictionary = Chosen::hopeful().dictionary.filter(|_| dictionary);
    let (coding, mut body) = encode(Chosen { coding, dictionary }, sent.body);
    change(&mut body);
    Sent { coding: Some(coding.name()), body, ..sent }
}

/// A quiet request with this cursor.
fn at_cursor(phone: &Phone, cursor: &str) -> Sent {
    let cursor = Some(Cursor(cursor.to_owned()));
    plain(phone, &SyncRequest { cursor, ..request(phone, 2, Vec::new()) })
}

/// A quiet request with this in the place of one of its keys.
fn with_key(phone: &Phone, start: &Start, key: &str, value: Value) -> Sent {
    let quiet = up_to_date(start, request(phone, 2, Vec::new()));
    let mut body = serde_json::to_value(quiet).expect("it is an object");
    body[key] = value;
    Sent { body: body.to_string().into_bytes(), ..plain(phone, &request(phone, 2, Vec::new())) }
}

/// A signature of the right form.
const NO_SIGNATURE: &str = concat!(
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
);

/// An item with this body and signature, and a sound event that follows it.
fn beside_a_sound_one(world: &World, phone: &mut Phone, body: &str, signature: &str) -> Sent {
    phone.next_seq += 1;
    phone.previous = Hash::of(body.as_bytes());
    let sound = serde_json::to_string(&sound(world, phone)).expect("an event is JSON");
    let odd = format!("{{\"body\":{body},\"signature\":\"{signature}\"}}");
    let text = serde_json::to_string(&request(phone, 2, Vec::new())).expect("JSON");
    let text = text.replace("\"events\":[]", &format!("\"events\":[{odd},{sound}]"));
    Sent { body: text.into_bytes(), ..at_cursor(phone, "") }
}

/// What comes, how it is made, and what is answered.
const ROWS: &[(&str, Make, &str)] = &[
    (
        "a request that was answered before, again",
        |_, phone, start| plain(phone, &request(phone, 1, vec![start.first.clone()])),
        "200, `duplicate`",
    ),
    (
        "a connection that breaks off in the middle of the body",
        |world, phone, _| {
            let event = sound(world, phone);
            Sent { cut: 100, ..plain(phone, &request(phone, 2, vec![event])) }
        },
        "400 `malformed`",
    ),
    (
        "a body that ends in the middle",
        |world, phone, _| {
            let event = sound(world, phone);
            let mut sent = plain(phone, &request(phone, 2, vec![event]));
            sent.body.truncate(sent.body.len() / 2);
            sent
        },
        "400 `malformed`",
    ),
    (
        "text that is no JSON",
        |_, phone, _| Sent { body: b"nonsense".to_vec(), ..at_cursor(phone, "") },
        "400 `malformed`",
    ),
    (
        "bytes that are no UTF-8",
        |_, phone, _| Sent {
            body: b"{\"protocol\":1,\"app\":\"\xff\"}".to_vec(),
            ..at_cursor(phone, "")
        },
        "400 `malformed`",
    ),
    (
        "more than 32 levels",
        |_, phone, _| Sent { body: b"[".repeat(100_000), ..at_cursor(phone, "") },
        "400 `too-deep`",
    ),
    (
        "another version",
        |_, phone, start| with_key(phone, start, "protocol", 2.into()),
        "400 `protocol`",
    ),
    (
        "a body of more than `batch_bytes`",
        |_, phone, _| Sent { body: vec![b' '; 8 * 1024 * 1024], ..at_cursor(phone, "") },
        "413 `too-large`",
    ),
    (
        "more than `batch_events` events",
        |_, phone, start| with_key(phone, start, "events", vec![Value::Null; 501].into()),
        "413 `too-many-events`",
    ),
    (
        "a small gzip body that expands beyond `batch_bytes`",
        |_, phone, _| coded(phone, "gzip", bomb(Coding::Gzip, false)),
        "413 `too-large`",
    ),
    (
        "the same with zstd",
        |_, phone, _| coded(phone, "zstd", bomb(Coding::Zstd, false)),
        "413 `too-large`",
    ),
    (
        "the same with zstd and the dictionary",
        |_, phone, _| coded(phone, "zstd", bomb(Coding::Zstd, true)),
        "413 `too-large`",
    ),
    (
        "a gzip body that breaks off",
        |_, phone, _| spoilt(phone, Coding::Gzip, false, |body| body.truncate(body.len() - 1)),
        "400 `malformed`",
    ),
    (
        "a zstd body that breaks off",
        |_, phone, _| spoilt(phone, Coding::Zstd, true, |body| body.truncate(body.len() - 1)),
        "400 `malformed`",
    ),
    (
        "a body that is not what its coding says",
        |_, phone, _| Sent { coding: Some("zstd"), ..at_cursor(phone, "") },
        "400 `malformed`",
    ),
    (
        "a content coding that is not spoken, or two of them",
        |_, phone, _| Sent { coding: Some("gzip, zstd"), ..at_cursor(phone, "") },
        "415 `content-coding`",
    ),
    (
        "a dictionary that the server does not know",
        |_, phone, _| {
            // Behind the magic number and the frame's descriptor stands the dictionary's number.
            spoilt(phone, Coding::Zstd, true, |body| body[5..7].copy_from_slice(&[0xff, 0xff]))
        },
        "415 `content-coding`",
    ),
    (
        "a token that is not one of a device here",
        |_, phone, _| Sent { token: format!("{}0", phone.token), ..at_cursor(phone, "") },
        "401 `unauthenticated`",
    ),
    (
        "two events in each other's place",
        |world, phone, _| {
            let (second, third) = (sound(world, phone), sound(world, phone));
            plain(phone, &request(phone, 2, vec![third, second]))
        },
        "200, `quarantined` `broken-chain`, `quarantined` `broken-chain`",
    ),
    (
        "an event twice in a request",
        |world, phone, _| {
            let second = sound(world, phone);
            plain(phone, &request(phone, 2, vec![second.clone(), second]))
        },
        "200, `stored`, `quarantined` `broken-chain`",
    ),
    (
        "an event whose `previous` is another hash",
        |world, phone, _| {
            phone.previous = Hash::of(b"something else");
            let second = sound(world, phone);
            plain(phone, &request(phone, 2, vec![second]))
        },
        "200, `quarantined` `broken-chain`",
    ),
    (
        "an event that was changed after it was signed",
        |world, phone, _| {
            let second = sound(world, phone);
            let text = serde_json::to_string(&request(phone, 2, vec![second])).expect("JSON");
            let body = text.replace("no-response", "doorstep").into_bytes();
            Sent { body, ..at_cursor(phone, "") }
        },
        "200, `quarantined` `bad-signature`",
    ),
    (
        "an event of another device",
        |world, phone, _| {
            let mut other = world.other.clone();
            let second = sound(world, &mut other);
            plain(phone, &request(phone, 2, vec![second]))
        },
        "200, `quarantined` `bad-signature`",
    ),
    (
        "an event of more than `event_bytes`",
        |world, phone, _| {
            let note = Note { note: Some("x".repeat(70_000)) };
            let body = phone.body(world.child, MONDAY, What::FurtherAttempt(note));
            let second = phone.seal(&body);
            plain(phone, &request(phone, 2, vec![second]))
        },
        "200, `quarantined` `too-large`",
    ),
    (
        "something in an event's place, and a sound event behind it",
        |world, phone, _| {
            phone.next_seq += 1;
            phone.previous = Hash::of(b"7");
            let third = serde_json::to_string(&sound(world, phone)).expect("an event is JSON");
            let text = serde_json::to_string(&request(phone, 2, Vec::new())).expect("JSON");
            let text = text.replace("\"events\":[]", &format!("\"events\":[7,{third}]"));
            Sent { body: text.into_bytes(), ..at_cursor(phone, "") }
        },
        "200, `quarantined` `malformed`, `stored`",
    ),
    (
        "a body with a signature that is none, and a sound event behind it",
        |world, phone, _| beside_a_sound_one(world, phone, "{\"at\":1}", "?"),
        "200, `quarantined` `malformed`, `stored`",
    ),
    (
        "an event nested deeper than 32 levels, and a sound event behind it",
        |world, phone, _| {
            let deep = format!("{}{}", "[".repeat(40), "]".repeat(40));
            beside_a_sound_one(world, phone, &deep, NO_SIGNATURE)
        },
        "200, `quarantined` `malformed`, `stored`",
    ),
    (
        "a hole: an event after one that was left out",
        |world, phone, start| {
            let (_, third) = (sound(world, phone), sound(world, phone));
            plain(phone, &up_to_date(start, request(phone, 3, vec![third])))
        },
        "200, no verdict, `expected` 2",
    ),
    (
        "a fork: two devices with one key and one past",
        |world, phone, _| {
            (phone.next_seq, phone.previous) = (1, Hash::ORIGIN);
            let other = happened(world, phone, MONDAY + TimeDelta::seconds(1));
            plain(phone, &request(phone, 1, vec![other]))
        },
        "200, `fork`",
    ),
    (
        "a cursor from the future",
        |_, phone, start| {
            let (owner, _) = start.cursor.0.split_once('.').expect("a cursor has parts");
            at_cursor(phone, &format!("{owner}.0.1.99999999.99999999.9"))
        },
        "200, no verdict, `expected` 2, everything",
    ),
    (
        "a cursor of another device or organisation",
        |_, phone, start| {
            let (_, place) = start.cursor.0.split_once('.').expect("a cursor has parts");
            at_cursor(phone, &format!("0badca.{place}"))
        },
        "200, no verdict, `expected` 2, everything",
    ),
    (
        "a cursor that is none",
        |_, phone, _| at_cursor(phone, &"x".repeat(10_000)),
        "200, no verdict, `expected` 2, everything",
    ),
    (
        "a child asked for `again` that the device may not hold",
        |_, phone, start| with_key(phone, start, "again", json!([ChildId::at(MONDAY, [7; 10])])),
        "200, no verdict, `expected` 2",
    ),
    (
        "an event that happened thirty years ago, before the child was born",
        |world, phone, _| {
            let what = What::FailedContact(FailedContact::new(Form::Doorstep));
            let mut body = phone.body(world.child, MONDAY - TimeDelta::days(30 * 365), what);
            body.origin.clock.wall = MONDAY.fixed_offset();
            let second = phone.seal(&body);
            plain(phone, &request(phone, 2, vec![second]))
        },
        "200, `quarantined` `before-birth`",
    ),
    (
        "an event of a clock that stands thirty years ago",
        |world, phone, _| {
            let second = happened(world, phone, MONDAY - TimeDelta::days(30 * 365));
            plain(phone, &request(phone, 2, vec![second]))
        },
        "200, `stored`",
    ),
    (
        "an event of a clock that is thirty years ahead",
        |world, phone, _| {
            let second = happened(world, phone, MONDAY + TimeDelta::days(30 * 365));
            plain(phone, &request(phone, 2, vec![second]))
        },
        "200, `stored`",
    ),
    (
        "a request of a clock that is thirty years behind",
        |_, phone, start| {
            with_key(phone, start, "clock", json!({ "wall": "1996-03-02T10:00:00Z" }))
        },
        "200, no verdict, `expected` 2",
    ),
];

impl World {
    async fn new() -> Self {
        let bench = Bench::new().await;
        let (child, other) = (bench.child("c1").await, bench.phone("ben").await);
        let (bound, hear) = tokio::sync::oneshot::channel();
        let on_bound = move |address| bound.send(address).expect("the test waits");
        tokio::spawn(serve_state(bench.state.clone(), std::future::pending(), on_bound));
        let address = hear.await.expect("the server says where it listens");
        Self { bench, address, child, other }
    }

    /// Sends the whole body, and only then reads: as a simple client does.
    async fn send(&self, sent: &Sent) -> Came {
        let mut stream = TcpStream::connect(self.address).await.expect("the server listens");
        let Sent { token, coding, body, cut } = sent;
        let coding = coding.map_or(String::new(), |name| format!("content-encoding: {name}\r\n"));
        let head = format!(
            "POST /v1/sync HTTP/1.1\r\nhost: doorstep.example\r\nconnection: close\r\n\
             content-type: application/json\r\nauthorization: Bearer {token}\r\n{coding}\
             content-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).await.expect("the head is taken");
        stream.write_all(&body[..body.len() - cut]).await.expect("the body is taken");
        if *cut > 0 {
            stream.shutdown().await.expect("the connection is there");
        }
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("the answer arrives whole");
        let (head, body) = answer.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1).and_then(|word| word.parse().ok()).expect("a status");
        Some((status, serde_json::from_str(body).expect("every answer is JSON")))
    }

    /// A bad row, beside another device that syncs; what was there before is there afterwards.
    async fn row(&self, make: Make) -> Came {
        let mut phone = self.bench.phone("ann").await;
        let first = sound(self, &mut phone);
        let opening = plain(&phone, &request(&phone, 1, vec![first.clone()]));
        let begun = self.send(&opening).await;
        assert_eq!(say(begun.as_ref()), "200, `stored`");
        let (_, begun) = begun.expect("it was answered");
        let cursor = Cursor(begun["cursor"].as_str().expect("a cursor is a text").to_owned());
        let bad = make(self, &mut phone, &Start { first, cursor });
        let quiet = plain(&self.other, &request(&self.other, 1, Vec::new()));
        let (came, others) = tokio::join!(self.send(&bad), self.send(&quiet));
        assert_eq!(others.map(|(status, _)| status), Some(200), "another device was held up");
        let again = self.send(&opening).await.expect("the server goes on");
        assert_eq!(again.1["verdicts"][0]["verdict"], "duplicate", "what was stored is lost");
        came
    }
}

/// What the table says of an answer.
fn say(came: Option<&(u16, Value)>) -> String {
    let Some((status, body)) = came else { return "nothing".into() };
    if *status != 200 {
        let kind = body["type"].as_str().expect("a problem has a type");
        assert_eq!(body["status"], *status);
        return format!("{status} `{}`", kind.trim_start_matches("/problems/"));
    }
    let mut text = "200".to_owned();
    let verdicts = body["verdicts"].as_array().expect("verdicts are a list");
    for verdict in verdicts {
        let word = |key: &str| verdict[key].as_str().map(|word| format!(" `{word}`"));
        let words = [word("verdict"), word("code")].into_iter().flatten().collect::<String>();
        write!(text, ",{words}").expect("text takes text");
    }
    if verdicts.is_empty() {
        write!(text, ", no verdict, `expected` {}", body["expected"]["seq"]).expect("text");
    }
    // Who has no cursor is given everything with any answer: nothing to say of a row with verdicts.
    if verdicts.is_empty() && !body["children"].as_array().expect("children are a list").is_empty()
    {
        text.push_str(", everything");
    }
    text
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_input_gets_its_answer_and_harms_nobody() {
    let world = World::new().await;
    let mut table = "| what comes | what is answered |\n|---|---|\n".to_owned();
    let mut others = Vec::new();
    for (name, make, expected) in ROWS {
        let said = say(world.row(*make).await.as_ref());
        if said != *expected {
            others.push(format!("{name}: {said}, not {expected}"));
        }
        writeln!(table, "| {name} | {expected} |").expect("text takes text");
    }
    assert!(others.is_empty(), "{others:#?}");
    let policy = Arc::clone(&world.bench.state.policy);
    let report = world.bench.state.db.read(move |tx| verify::verify(tx, &policy)).await;
    let report = report.expect("the store can be read");
    assert!(report.is_sound(), "{report}");
    crate::compare("docs/sync-protocol.md", "bad-input", &table);
}
