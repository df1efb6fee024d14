//! Too much, too slow and too often: what is let in is answered, what is sent away is told when to
//! come back, and a refusal reaches whoever still sends.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use chrono::TimeDelta;
use doorstep_core::seal::SealedEvent;
use doorstep_core::time::ClockReading;
use doorstep_core::wire::SyncRequest;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::gate::{BUSY_SECONDS, BUSY_SPREAD_SECONDS, Gate};
use crate::serve::serve_state;
use crate::store::{StoreError, Tx};
use crate::testing::{Bench, MONDAY, Phone};

fn times(count: u32) -> NonZeroU32 {
    NonZeroU32::new(count).unwrap()
}

struct Answer {
    status: u16,
    retry_after: Option<u64>,
    body: Value,
}

impl Answer {
    fn kind(&self) -> &str {
        self.body["type"].as_str().unwrap_or_default().trim_start_matches("/problems/")
    }
}

async fn served(bench: &Bench) -> SocketAddr {
    let (bound, hear) = tokio::sync::oneshot::channel();
    let on_bound = move |address| bound.send(address).expect("the test waits");
    tokio::spawn(serve_state(bench.state.clone(), std::future::pending(), on_bound));
    hear.await.unwrap()
}

fn head(phone: &Phone, more: &str) -> String {
    format!(
        "POST /v1/sync HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
         content-type: application/json\r\nauthorization: Bearer {}\r\n{more}\r\n",
        phone.token
    )
}

async fn read(mut stream: TcpStream) -> Answer {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("the answer arrives whole");
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer has a head");
    let retry_after = head.lines().find_map(|line| line.strip_prefix("retry-after: "));
    Answer {
        status: head.split(' ').nth(1).unwrap().parse().unwrap(),
        retry_after: retry_after.map(|seconds| seconds.parse().unwrap()),
        body: serde_json::from_str(body).expect("every answer is JSON"),
    }
}

async fn send(address: SocketAddr, phone: &Phone, body: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = head(phone, &format!("content-length: {}\r\n", body.len()));
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body).await.expect("the whole body is taken");
    read(stream).await
}

fn push(phone: &Phone, events: Vec<SealedEvent>) -> Vec<u8> {
    let request = SyncRequest::handing_in(
        "test 1",
        ClockReading::wall(MONDAY),
        (phone.epoch, phone.next_seq - u64::try_from(events.len()).unwrap()),
        events,
    );
    serde_json::to_vec(&request).unwrap()
}

/// Keeps the writer busy until the sender is dropped.
async fn hold_the_writer(bench: &Bench) -> mpsc::Sender<()> {
    let (release, held) = mpsc::channel::<()>();
    let held = Arc::new(Mutex::new(held));
    let (began, begins) = tokio::sync::oneshot::channel();
    let began = Mutex::new(Some(began));
    let db = bench.state.db.clone();
    tokio::spawn(async move {
        let work = move |_: &mut dyn Tx| {
            if let Some(began) = began.lock().unwrap().take() {
                began.send(()).unwrap();
            }
            // An error says that the test lets go.
            let _ = held.lock().unwrap().recv();
            Ok::<_, StoreError>(())
        };
        db.write(work).await.unwrap();
    });
    begins.await.unwrap();
    release
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_let_in_is_answered_and_the_rest_comes_back_later() {
    let mut bench = Bench::new().await;
    bench.state.gate = Gate::with_room(3, 1_000_000);
    let address = served(&bench).await;
    let child = bench.child("c1").await;
    let release = hold_the_writer(&bench).await;
    let (tell, mut hear) = tokio::sync::mpsc::unbounded_channel();
    // Codes are written before the writer is held, so the phones' events are what waits.
    drop(release);
    let mut phones = Vec::new();
    for _ in 0..8 {
        let mut phone = bench.phone("ann").await;
        let event = phone.no_response(child, MONDAY);
        phones.push((push(&phone, vec![event]), phone));
    }
    let release = hold_the_writer(&bench).await;
    for (place, (body, phone)) in phones.iter().enumerate() {
        let (body, phone, tell) = (body.clone(), phone.clone(), tell.clone());
        tokio::spawn(async move { tell.send((place, send(address, &phone, &body).await)) });
    }
    let mut sent_away = Vec::new();
    for _ in 0..5 {
        let (place, answer) = hear.recv().await.unwrap();
        assert_eq!((answer.status, answer.kind()), (503, "busy"));
        let retry_after = answer.retry_after.expect("it says when to come back");
        assert!((BUSY_SECONDS..=BUSY_SECONDS + BUSY_SPREAD_SECONDS).contains(&retry_after));
        sent_away.push(place);
    }
    drop(release);
    for _ in 0..3 {
        let (_, answer) = hear.recv().await.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    for place in sent_away {
        let (body, phone) = &phones[place];
        let answer = send(address, phone, body).await;
        assert_eq!(answer.body["verdicts"][0]["verdict"], "stored");
    }
    let history = bench.state.db.read(move |tx| tx.history(child)).await.unwrap();
    assert_eq!(history.len(), 8);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_have_so_much_room_and_no_more() {
    let mut bench = Bench::new().await;
    bench.state.gate = Gate::with_room(100, 10_000);
    let address = served(&bench).await;
    let phone = bench.phone("ann").await;
    // A small body that expands counts with what it expands to.
    let blanks = [push(&phone, Vec::new()), vec![b' '; 20_000]].concat();
    let plain = send(address, &phone, &blanks).await;
    assert_eq!((plain.status, plain.kind()), (503, "busy"));
    let chosen = doorstep_coding::Chosen::hopeful();
    let (_, coded) = doorstep_coding::encode(chosen, blanks);
    assert!(coded.len() < 1_000);
    let mut stream = TcpStream::connect(address).await.unwrap();
    let more = format!("content-encoding: zstd\r\ncontent-length: {}\r\n", coded.len());
    stream.write_all(head(&phone, &more).as_bytes()).await.unwrap();
    stream.write_all(&coded).await.unwrap();
    assert_eq!(read(stream).await.kind(), "busy");
    assert_eq!(send(address, &phone, &push(&phone, Vec::new())).await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_that_comes_too_often_waits_and_another_does_not() {
    let bench = Bench::with(|config| config.device_requests = times(2)).await;
    let address = served(&bench).await;
    let (ann, ben) = (bench.phone("ann").await, bench.phone("ben").await);
    let quiet = push(&ann, Vec::new());
    for (phone, pass, status, retry_after) in [
        (&ann, 0, 200, None),
        (&ann, 10, 200, None),
        (&ann, 10, 429, Some(11)),
        (&ben, 0, 200, None),
        (&ann, 40, 200, None),
    ] {
        bench.clock.pass(TimeDelta::seconds(pass));
        let answer = send(address, phone, &quiet).await;
        assert_eq!((answer.status, answer.retry_after), (status, retry_after), "{}", answer.body);
    }
}

/// Asks with this request line and body, and nothing that says who asks.
async fn ask(address: SocketAddr, line: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "{line} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\
         content-type: application/x-www-form-urlencoded\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("the answer arrives whole");
    (answer.split(' ').nth(1).unwrap().parse().unwrap(), answer)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_from_which_too_much_comes_waits_whatever_it_asks_for() {
    let bench = Bench::with(|config| config.address_requests = times(3)).await;
    let address = served(&bench).await;
    let phone = bench.phone("ann").await;
    for _ in 0..3 {
        assert_eq!(ask(address, "GET /healthz", "").await.0, 200);
    }
    let refused = send(address, &phone, &push(&phone, Vec::new())).await;
    assert_eq!((refused.status, refused.kind()), (429, "too-many-requests"));
    assert_eq!(refused.retry_after, Some(21));
    let (status, answer) = ask(address, "GET /sign-in", "").await;
    assert!(status == 429 && answer.contains("application/problem+json"), "{answer}");
    bench.clock.pass(TimeDelta::seconds(21));
    assert_eq!(send(address, &phone, &push(&phone, Vec::new())).await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_tries_names_and_codes_from_one_address_waits() {
    let bench = Bench::with(|config| config.address_sign_ins = times(2)).await;
    let address = served(&bench).await;
    for _ in 0..2 {
        assert_eq!(ask(address, "POST /sign-in", "login=some&password=any").await.0, 403);
    }
    let (status, answer) = ask(address, "POST /sign-in", "login=other&password=any").await;
    assert!(status == 429 && answer.contains("retry-after: 31"), "{answer}");
    let (status, answer) = ask(address, "POST /v1/enrol", "").await;
    assert!(status == 429 && answer.contains("too-many-attempts"), "{answer}");
    assert_eq!(ask(address, "GET /sign-in", "").await.0, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forms_of_strangers_are_short_and_have_a_room_of_their_own() {
    let mut bench = Bench::new().await;
    bench.state.forms = Gate::with_room(1, 96 * 1024);
    let address = served(&bench).await;
    let long = "x".repeat(65 * 1024);
    for path in ["/sign-in", "/set-up/import", "/find"] {
        assert_eq!(ask(address, &format!("POST {path}"), &long).await.0, 413, "{path}");
    }
    let mut begun = TcpStream::connect(address).await.unwrap();
    let head = "POST /sign-in HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n";
    begun.write_all(head.as_bytes()).await.unwrap();
    while bench.state.forms.has_room() {
        tokio::task::yield_now().await;
    }
    assert_eq!(ask(address, "POST /sign-in", "login=some").await.0, 503);
    let phone = bench.phone("ann").await;
    assert_eq!(send(address, &phone, &push(&phone, Vec::new())).await.status, 200);
}

/// The client writes everything before it reads. Without lingering the system would reset the
/// connection, and the refusal be lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_reaches_a_client_that_still_sends() {
    let bench = Bench::new().await;
    let address = served(&bench).await;
    let phone = bench.phone("ann").await;
    let answer = send(address, &phone, &vec![b' '; 16 * 1024 * 1024]).await;
    assert_eq!((answer.status, answer.kind()), (413, "too-large"));

    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = head(&phone, "transfer-encoding: chunked\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let chunk = [b"100000\r\n".as_slice(), &vec![b' '; 0x10_0000], b"\r\n"].concat();
    for _ in 0..8 {
        stream.write_all(&chunk).await.expect("the whole body is taken");
    }
    stream.write_all(b"0\r\n\r\n").await.expect("the end is taken");
    assert_eq!(read(stream).await.kind(), "too-large");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_trickles_is_cut_off_and_nobody_waits_for_it() {
    let timeout = Duration::from_secs(2);
    let bench = Bench::with(|config| config.request_timeout = timeout).await;
    let address = served(&bench).await;
    let (slow, other) = (bench.phone("ann").await, bench.phone("ben").await);
    let mut in_the_head = TcpStream::connect(address).await.unwrap();
    in_the_head.write_all(b"POST /v1/sync HTTP/1.1\r\nhost: x\r\n").await.unwrap();
    let mut in_the_body = TcpStream::connect(address).await.unwrap();
    let begun = head(&slow, "content-length: 100\r\n") + "{\"protocol\":";
    in_the_body.write_all(begun.as_bytes()).await.unwrap();
    let mut in_a_form = TcpStream::connect(address).await.unwrap();
    let form =
        "POST /sign-in HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 9\r\n\r\n";
    in_a_form.write_all(form.as_bytes()).await.unwrap();

    assert_eq!(send(address, &other, &push(&other, Vec::new())).await.status, 200);
    let mut rest = Vec::new();
    in_the_head.read_to_end(&mut rest).await.unwrap();
    assert!(rest.is_empty(), "there is no request to answer");
    for stream in [in_the_body, in_a_form] {
        let answer = read(stream).await;
        assert_eq!((answer.status, answer.kind()), (408, "too-slow"));
    }
}
