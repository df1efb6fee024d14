//! What a device of a benchmark says over the network: plain HTTP on loopback, by a client that
//! costs next to nothing, since it shares the machine with the server.

use std::net::SocketAddr;
use std::time::Duration;

use doorstep_core::seal::SealedEvent;
use doorstep_core::time::ClockReading;
use doorstep_core::wire::{Cursor, SyncRequest};
use serde::Deserialize;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::device::Device;
use crate::{Stopwatch, wall};

/// A connection that stays open.
pub struct Connection {
    stream: TcpStream,
    host: SocketAddr,
    buffer: Vec<u8>,
}

/// What came back.
pub struct Answer<'a> {
    /// The status.
    pub status: u16,
    /// After which time to ask again, where it says so.
    pub retry_after: Option<Duration>,
    /// The body.
    pub body: &'a [u8],
}

impl Connection {
    /// Connects.
    pub async fn open(host: SocketAddr) -> Self {
        let stream = TcpStream::connect(host).await.expect("the server takes connections");
        stream.set_nodelay(true).expect("a connection can be set");
        Self { stream, host, buffer: Vec::new() }
    }

    /// Posts JSON.
    pub async fn post(&mut self, path: &str, token: &str, body: &[u8]) -> Answer<'_> {
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\n\
             authorization: Bearer {token}\r\ncontent-length: {}\r\n\r\n",
            self.host,
            body.len()
        );
        let request = [head.as_bytes(), body].concat();
        self.stream.write_all(&request).await.expect("the server reads");
        self.read().await
    }

    /// Asks for a page of the console, as who has this cookie.
    pub async fn get(&mut self, path: &str, cookie: &str) -> Answer<'_> {
        self.ask(path, cookie).await;
        self.read().await
    }

    /// Opens a stream of what the server says by itself; returns once it is open.
    pub async fn listen(&mut self, path: &str, cookie: &str) {
        self.ask(path, cookie).await;
        self.buffer.clear();
        while !self.buffer.windows(4).any(|four| four == b"\r\n\r\n") {
            self.read_more().await;
        }
    }

    /// Returns once the server said this on an open stream.
    pub async fn hear(&mut self, words: &str) {
        self.buffer.clear();
        while !self.buffer.windows(words.len()).any(|part| part == words.as_bytes()) {
            self.read_more().await;
        }
    }

    async fn ask(&mut self, path: &str, cookie: &str) {
        let host = self.host;
        let request = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\ncookie: {cookie}\r\n\r\n");
        self.stream.write_all(request.as_bytes()).await.expect("the server reads");
    }

    async fn read(&mut self) -> Answer<'_> {
        self.buffer.clear();
        let end_of_head = loop {
            if let Some(end) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            self.read_more().await;
        };
        let head = std::str::from_utf8(&self.buffer[..end_of_head]).expect("a head is text");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.expect("an answer has a status");
        let length = header(head, "content-length").expect("an answer has a length");
        let retry_after = header(head, "retry-after").map(|s| Duration::from_secs(s as u64));
        while self.buffer.len() < end_of_head + length {
            self.read_more().await;
        }
        Answer { status, retry_after, body: &self.buffer[end_of_head..] }
    }

    async fn read_more(&mut self) {
        self.buffer.reserve(64 * 1024);
        let read = self.stream.read_buf(&mut self.buffer).await.expect("the server answers");
        assert!(read > 0, "the server closed the connection");
    }
}

fn header(head: &str, name: &str) -> Option<usize> {
    let lines = head.lines().filter_map(|line| line.split_once(':'));
    let (_, value) = lines.into_iter().find(|(found, _)| found.eq_ignore_ascii_case(name))?;
    value.trim().parse().ok()
}

/// What a sync came to.
#[derive(Clone, Debug, Default)]
pub struct Synced {
    /// Events that the server took.
    pub stored: usize,
    /// Events that came down.
    pub received: usize,
    /// Bytes of the answers' bodies.
    pub bytes: usize,
    /// How long each exchange took, with the times that the server asked to wait.
    pub times: Vec<Duration>,
    /// How often the server said "later".
    pub later: usize,
}

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow)]
    verdicts: Vec<Verdict<'a>>,
    #[serde(borrow)]
    events: Vec<&'a serde_json::value::RawValue>,
    cursor: Cursor,
    more: bool,
}

#[derive(Deserialize)]
struct Verdict<'a> {
    verdict: &'a str,
}

/// Syncs as a device does: pushes these events, then fetches until there is nothing more.
pub async fn sync(
    connection: &mut Connection,
    device: &mut Device,
    (first_seq, events): (u64, Vec<SealedEvent>),
    synced: &mut Synced,
) {
    let pushed = events.len();
    let mut request = SyncRequest {
        cursor: device.cursor.clone(),
        ..SyncRequest::handing_in(
            "bench 1",
            ClockReading::wall(wall()),
            (device.phone.epoch, first_seq),
            events,
        )
    };
    let stored_before = synced.stored;
    loop {
        let more = exchange(connection, device, &request, synced).await;
        if !more {
            break;
        }
        request.events.clear();
        request.first_seq = device.phone.next_seq;
        request.cursor.clone_from(&device.cursor);
    }
    assert_eq!(synced.stored - stored_before, pushed, "every event is stored");
}

/// One exchange, repeated as often as the server says "later"; whether there is more.
async fn exchange(
    connection: &mut Connection,
    device: &mut Device,
    request: &SyncRequest,
    synced: &mut Synced,
) -> bool {
    let body = serde_json::to_vec(request).expect("a request has only string keys");
    let watch = Stopwatch::start();
    loop {
        let answer = connection.post("/v1/sync", &device.phone.token, &body).await;
        if let Some(wait) = answer.retry_after {
            synced.later += 1;
            tokio::time::sleep(wait).await;
            continue;
        }
        let said = || String::from_utf8_lossy(answer.body);
        assert_eq!(answer.status, 200, "{}", said());
        synced.times.push(watch.elapsed());
        let page: Page<'_> = serde_json::from_slice(answer.body).expect("an answer can be read");
        synced.bytes += answer.body.len();
        synced.received += page.events.len();
        let stored = page.verdicts.iter().filter(|verdict| verdict.verdict == "stored");
        synced.stored += stored.count();
        device.cursor = Some(page.cursor);
        return page.more;
    }
}

impl Synced {
    /// Takes in what another device came to.
    pub fn add(&mut self, other: Self) {
        self.stored += other.stored;
        self.received += other.received;
        self.bytes += other.bytes;
        self.times.extend(other.times);
        self.later += other.later;
    }
}
