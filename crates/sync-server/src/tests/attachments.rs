//! Attachments through the router: taken in pieces and any number of tries, counted only whole,
//! given only to whoever may read a record that names them, kept encrypted, and part of every
//! backup.

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use chrono::TimeDelta;
use doorstep_core::attachment::{Attachment, MediaType, Shows};
use doorstep_core::event::{FailedContact, Form, What};
use doorstep_core::ids::ChildId;
use doorstep_core::seal::Hash;
use doorstep_core::wire::{AttachmentProgress, AttachmentState, Problem};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::attachment::{AttachmentKey, KEY_FILE, PARTIAL_KEPT, key_file, rotate};
use crate::backup::{backup, restore};
use crate::http;
use crate::ingest::Incoming;
use crate::store::sqlite::SqliteStore;
use crate::store::{StoreError, Tx};
use crate::sweep::sweep_once;
use crate::testing::{Bench, Phone};
use crate::verify::{Report, attachments as verify_attachments};

/// A letter of so many bytes.
fn letter(bytes: usize) -> Vec<u8> {
    let mut letter = b"%PDF-1.7\nthe plain words of a letter\n".to_vec();
    letter.extend((0_u32..).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).take(bytes));
    letter.truncate(bytes);
    letter
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    bytes: Vec<u8>,
}

impl Answer {
    fn state(&self) -> AttachmentState {
        assert_eq!(self.status, StatusCode::OK, "{}", String::from_utf8_lossy(&self.bytes));
        serde_json::from_slice(&self.bytes).unwrap()
    }

    /// Status, type and detail of a problem.
    fn problem(&self) -> (u16, String, String) {
        let problem: Problem = serde_json::from_slice(&self.bytes).unwrap();
        assert_eq!(problem.status, self.status.as_u16());
        let kind = problem.kind.strip_prefix("/problems/").unwrap().to_owned();
        (problem.status, kind, problem.detail)
    }

    /// Status and type of a problem.
    fn refusal(&self) -> (u16, String) {
        let (status, kind, _) = self.problem();
        (status, kind)
    }
}

async fn ask(bench: &Bench, request: Request<Body>) -> Answer {
    let response = http::router(bench.state.clone()).oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap().to_vec();
    Answer { status: parts.status, headers: parts.headers, bytes }
}

/// A device that speaks of one attachment.
struct Sender<'a> {
    bench: &'a Bench,
    token: String,
    hash: Hash,
}

impl<'a> Sender<'a> {
    fn of(bench: &'a Bench, phone: &Phone, hash: Hash) -> Self {
        Self { bench, token: phone.token.clone(), hash }
    }

    fn request(&self, method: &str, query: &str, kind: &str) -> axum::http::request::Builder {
        Request::builder()
            .method(method)
            .uri(format!("/v1/attachments/{}{query}", self.hash))
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
            .header(header::CONTENT_TYPE, kind)
    }

    async fn put(&self, offer: Value) -> Answer {
        let request = self.request("PUT", "", "application/json");
        ask(self.bench, request.body(Body::from(offer.to_string())).unwrap()).await
    }

    async fn offer(&self, bytes: usize) -> AttachmentState {
        self.put(json!({ "bytes": bytes, "media_type": "application/pdf" })).await.state()
    }

    async fn patch(&self, offset: usize, bytes: &[u8]) -> Answer {
        let query = format!("?offset={offset}");
        let request = self.request("PATCH", &query, "application/octet-stream");
        ask(self.bench, request.body(Body::from(bytes.to_vec())).unwrap()).await
    }

    async fn get(&self, range: Option<&str>) -> Answer {
        let mut request = self.request("GET", "", "application/json");
        if let Some(range) = range {
            request = request.header(header::RANGE, range);
        }
        ask(self.bench, request.body(Body::empty()).unwrap()).await
    }

    /// Sends all of it.
    async fn send(&self, bytes: &[u8]) -> AttachmentState {
        let mut state = self.offer(bytes.len()).await;
        while !state.is_complete() {
            let at = usize::try_from(state.received).unwrap();
            let end = bytes.len().min(at + 100_000);
            state = self.patch(at, &bytes[at..end]).await.state();
        }
        state
    }
}

/// Records a failed contact that names these bytes.
async fn record_naming(bench: &Bench, phone: &mut Phone, child: ChildId, bytes: &[u8]) {
    let what = What::FailedContact(FailedContact::new(Form::NoResponse));
    let mut body = phone.body(child, bench.now(), what);
    body.event.attachments = vec![Attachment {
        hash: Hash::of(bytes),
        media_type: MediaType::Pdf.into(),
        bytes: bytes.len() as u64,
        shows: Shows::Letter.into(),
    }];
    let event = phone.seal(&body);
    bench.push(phone, phone.next_seq - 1, vec![Incoming::Sealed(event)]).await;
}

async fn verified(bench: &Bench) -> Report {
    let key = bench.state.attachment_key().unwrap();
    let look = move |tx: &dyn Tx| {
        let mut report = Report::default();
        verify_attachments(tx, Some(&key), &mut report)?;
        Ok::<_, StoreError>(report)
    };
    bench.state.db.read(look).await.unwrap()
}

#[tokio::test]
async fn an_attachment_comes_in_pieces_and_any_number_of_tries() {
    let bench = Bench::new().await;
    let (mut ann, child) = (bench.phone("ann").await, bench.child("c1").await);
    let whole = letter(300_000);
    record_naming(&bench, &mut ann, child, &whole).await;
    let sender = Sender::of(&bench, &ann, Hash::of(&whole));

    let state = sender.offer(whole.len()).await;
    assert_eq!((state.received, state.bytes, state.is_complete()), (0, 300_000, false));
    assert_eq!(sender.patch(0, &whole[..70_001]).await.state().received, 70_001);
    assert_eq!(sender.offer(whole.len()).await.received, 70_001, "it goes on from any byte");
    // Twice the same, and a piece that begins before what is there and ends behind it.
    assert_eq!(sender.patch(0, &whole[..70_001]).await.state().received, 70_001);
    assert_eq!(sender.patch(60_000, &whole[60_000..90_000]).await.state().received, 90_000);
    let early = sender.get(None).await;
    assert_eq!(early.refusal(), (404, "attachment-not-here".into()), "a part is nothing yet");
    let last = sender.send(&whole).await;
    assert_eq!(last.progress, AttachmentProgress::Complete);
    assert_eq!((last.received, last.backed_up), (300_000, false));
    // An answer that was lost: the last piece, and the offer, once more.
    assert!(sender.patch(299_000, &whole[299_000..]).await.state().is_complete());
    assert!(sender.offer(whole.len()).await.is_complete());
    assert_eq!(sender.get(None).await.bytes, whole);
    assert_eq!(verified(&bench).await.findings, []);
}

#[tokio::test]
async fn what_is_not_right_gets_its_exact_answer_and_nothing_is_stored() {
    let bench = Bench::new().await;
    let (mut ann, child) = (bench.phone("ann").await, bench.child("c1").await);
    let whole = letter(5000);
    record_naming(&bench, &mut ann, child, &whole).await;
    let sender = Sender::of(&bench, &ann, Hash::of(&whole));
    let offer = |bytes: u64, kind: &str| json!({ "bytes": bytes, "media_type": kind });

    let before = sender.patch(0, &whole).await.problem();
    let detail = "say first with PUT what is to be sent: how many bytes, and of what type";
    assert_eq!(before, (409, "attachment-not-offered".into(), detail.into()));
    for bytes in [0, 10 * 1024 * 1024 + 1, u64::MAX] {
        let detail = "an attachment may have 1 to 10485760 bytes: make it smaller, or send it \
                      another way";
        let refused = sender.put(offer(bytes, "application/pdf")).await.problem();
        assert_eq!(refused, (413, "attachment-size".into(), detail.into()), "{bytes}");
    }
    let html = sender.put(offer(5000, "text/html")).await.refusal();
    assert_eq!(html, (400, "malformed".into()));

    sender.offer(whole.len()).await;
    let detail = "the first 0 bytes are here: send what follows them";
    let hole = sender.patch(1, &whole[1..]).await.problem();
    assert_eq!(hole, (409, "attachment-offset".into(), detail.into()));
    let detail = "the attachment was said to have 5000 bytes, and this piece goes beyond them";
    let beyond = [&whole[..], b"x"].concat();
    let refused = sender.patch(0, &beyond).await.problem();
    assert_eq!(refused, (400, "attachment-beyond-end".into(), detail.into()));
    let far = sender.patch(usize::MAX, b"x").await.refusal();
    assert_eq!(far, (400, "attachment-beyond-end".into()));
    let detail = "a piece of an attachment may have 1 to 262144 bytes: send less at once";
    for piece in [vec![], vec![b'%'; 262_145]] {
        let refused = sender.patch(0, &piece).await.problem();
        assert_eq!(refused, (413, "attachment-piece-size".into(), detail.into()));
    }
    let typed = sender.request("PATCH", "?offset=0", "application/json");
    let typed = ask(&bench, typed.body(Body::from("{}")).unwrap()).await;
    assert_eq!(typed.refusal(), (415, "content-type".into()));
    for query in ["", "?offset=-1", "?offset=x"] {
        let request = sender.request("PATCH", query, "application/octet-stream");
        let answer = ask(&bench, request.body(Body::from("x")).unwrap()).await;
        assert_eq!(answer.refusal(), (400, "malformed".into()), "{query}");
    }
    assert_eq!(sender.offer(whole.len()).await.received, 0);
}

#[tokio::test]
async fn bytes_that_are_not_what_a_record_names_are_thrown_away() {
    let bench = Bench::new().await;
    let (mut ann, child) = (bench.phone("ann").await, bench.child("c1").await);
    let whole = letter(5000);
    record_naming(&bench, &mut ann, child, &whole).await;
    let sender = Sender::of(&bench, &ann, Hash::of(&whole));

    let mut spoilt = whole.clone();
    spoilt[4000] ^= 1;
    sender.offer(5000).await;
    assert_eq!(sender.patch(0, &spoilt[..3000]).await.state().received, 3000);
    let detail = "the bytes do not have the hash that the attachment is named by: they were thrown \
                  away; send the right ones from the beginning";
    let mismatch = sender.patch(3000, &spoilt[3000..]).await.problem();
    assert_eq!(mismatch, (422, "attachment-mismatch".into(), detail.into()));
    assert_eq!(sender.get(None).await.refusal(), (404, "attachment-not-here".into()));
    assert!(sender.send(&whole).await.is_complete(), "the right ones are still welcome");

    // A script in a letter's clothes: its name and claimed type decide nothing.
    let script = b"<html><script>alert(1)</script></html>".to_vec();
    record_naming(&bench, &mut ann, child, &script).await;
    let sender = Sender::of(&bench, &ann, Hash::of(&script));
    sender.offer(script.len()).await;
    let detail = "this was said to be PDF, and its bytes are nothing that may be attached: attach \
                  a JPEG, PNG, WebP or PDF as what it is; what came was thrown away";
    let refused = sender.patch(0, &script).await.problem();
    assert_eq!(refused, (422, "attachment-type".into(), detail.into()));
    // In pieces too small to tell, it is told at the end.
    sender.patch(0, &script[..5]).await.state();
    let late = sender.patch(5, &script[5..]).await.refusal();
    assert_eq!(late, (422, "attachment-type".into()));

    let photograph = [b"\xff\xd8\xff\xe0".as_slice(), &letter(100)].concat();
    record_naming(&bench, &mut ann, child, &photograph).await;
    let sender = Sender::of(&bench, &ann, Hash::of(&photograph));
    sender.offer(photograph.len()).await;
    let (status, _, detail) = sender.patch(0, &photograph).await.problem();
    assert_eq!(status, 422);
    assert!(detail.starts_with("this was said to be PDF, and its bytes are JPEG"), "{detail}");
    let said = json!({ "bytes": photograph.len(), "media_type": "image/jpeg" });
    sender.put(said).await.state();
    assert!(sender.patch(0, &photograph).await.state().is_complete());
}

#[tokio::test]
async fn only_who_may_read_a_record_that_names_it_is_given_it() {
    let bench = Bench::new().await;
    let (mut ann, child) = (bench.phone("ann").await, bench.child("c1").await);
    let (ben, mia) = (bench.phone("ben").await, bench.phone("mia").await);
    let whole = letter(5000);
    record_naming(&bench, &mut ann, child, &whole).await;
    let hash = Hash::of(&whole);
    Sender::of(&bench, &ann, hash).send(&whole).await;

    let bens = Sender::of(&bench, &ben, hash);
    let nothing = Sender::of(&bench, &ben, Hash::of(b"nothing")).get(None).await.problem();
    assert_eq!(bens.get(None).await.problem(), nothing, "the refusal reveals nothing");
    assert_eq!(nothing.0, 404);
    assert_eq!(Sender::of(&bench, &mia, hash).get(None).await.bytes, whole);
    let by = bench.person("mia").await;
    let read = bench.state.db.read(move |tx: &dyn Tx| tx.accesses(child, 1)).await.unwrap();
    assert_eq!((read[0].person, read[0].by.as_str()), (by, "attachment"));
    assert_eq!(read[0].device, Some(mia.device));

    bench.allocate("c1", "ben").await;
    assert_eq!(bens.get(None).await.bytes, whole);
    bench.take_away("c1", "ben").await;
    assert_eq!(bens.get(None).await.status, StatusCode::NOT_FOUND);
    let stranger = Sender { token: "no.token".into(), ..Sender::of(&bench, &ben, hash) };
    for answer in [stranger.get(None).await, stranger.patch(0, b"x").await] {
        assert_eq!(answer.refusal(), (401, "unauthenticated".into()));
    }
}

#[tokio::test]
async fn to_name_a_hash_is_not_to_have_its_bytes() {
    let bench = Bench::new().await;
    let (mut ann, child) = (bench.phone("ann").await, bench.child("c1").await);
    let (mut ben, own) = (bench.phone("ben").await, bench.child("c2").await);
    bench.allocate("c2", "ben").await;
    let whole = letter(5000);
    record_naming(&bench, &mut ann, child, &whole).await;
    let hash = Hash::of(&whole);
    Sender::of(&bench, &ann, hash).send(&whole).await;

    record_naming(&bench, &mut ben, own, &whole).await;
    let bens = Sender::of(&bench, &ben, hash);
    assert_eq!(bens.get(None).await.status, StatusCode::NOT_FOUND);
    let told = bens.offer(whole.len()).await;
    assert_eq!((told.received, told.is_complete()), (0, false), "that it is here is not told");
    let mut wrong = whole.clone();
    wrong[4000] ^= 1;
    assert_eq!(bens.patch(0, &wrong).await.problem().0, 422);
    assert_eq!(bens.get(None).await.status, StatusCode::NOT_FOUND);
    assert!(bens.send(&whole).await.is_complete());
    assert_eq!(bens.get(None).await.bytes, whole);
    assert!(bens.patch(0, &whole).await.state().is_complete(), "again, and nothing changes");
    assert_eq!(verified(&bench).await.findings, []);
}

#[tokio::test]
async fn a_device_that_was_shut_out_may_send_what_its_records_name_and_have_nothing() {
    let bench = Bench::new().await;
    let (mut ann, child) = (bench.phone("ann").await, bench.child("c1").await);
    let whole = letter(5000);
    record_naming(&bench, &mut ann, child, &whole).await;
    let mut device = bench.device(ann.device).await;
    device.revoked = Some(bench.now());
    bench.state.db.write(move |tx: &mut dyn Tx| tx.put_device(&device)).await.unwrap();
    let sender = Sender::of(&bench, &ann, Hash::of(&whole));
    assert!(sender.send(&whole).await.is_complete());
    assert_eq!(sender.get(None).await.refusal(), (403, "attachment-shut-out".into()));
    let other = Sender::of(&bench, &ann, Hash::of(b"other"));
    let refused = other.put(json!({ "bytes": 5, "media_type": "image/png" })).await;
    assert_eq!(refused.refusal(), (403, "attachment-shut-out".into()));
}

#[tokio::test]
async fn an_attachment_may_come_before_its_record_but_not_without_measure() {
    let bench = Bench::new().await;
    let (mut ann, child) = (bench.phone("ann").await, bench.child("c1").await);
    let whole = letter(5000);
    let sender = Sender::of(&bench, &ann, Hash::of(&whole));
    assert!(sender.send(&whole).await.is_complete());
    assert_eq!(sender.get(None).await.refusal(), (404, "not-found".into()));
    record_naming(&bench, &mut ann, child, &whole).await;
    let sender = Sender::of(&bench, &ann, Hash::of(&whole));
    assert_eq!(sender.get(None).await.bytes, whole);

    let mut answers = Vec::new();
    for number in 0_u8..8 {
        let sender = Sender::of(&bench, &ann, Hash([number; 32]));
        let offer = json!({ "bytes": 10 * 1024 * 1024, "media_type": "image/png" });
        answers.push(sender.put(offer).await);
    }
    let taken = answers.iter().filter(|answer| answer.status == StatusCode::OK).count();
    assert_eq!(taken, 6, "64 MiB that no record names");
    assert_eq!(answers[7].refusal(), (409, "attachment-unnamed".into()));
}

#[tokio::test]
async fn a_range_is_given_with_headers_under_which_a_browser_runs_nothing() {
    let bench = Bench::new().await;
    let (mut ann, child) = (bench.phone("ann").await, bench.child("c1").await);
    let whole = letter(250_000);
    record_naming(&bench, &mut ann, child, &whole).await;
    let hash = Hash::of(&whole);
    let sender = Sender::of(&bench, &ann, hash);
    sender.send(&whole).await;
    for (range, status, from, to) in [
        (None, 200, 0, 250_000),
        (Some("bytes=99999-100001"), 206, 99_999, 100_002),
        (Some("bytes=120000-"), 206, 120_000, 250_000),
        (Some("bytes=-1"), 206, 249_999, 250_000),
        (Some("furlongs=1-2"), 200, 0, 250_000),
    ] {
        let answer = sender.get(range).await;
        assert_eq!(answer.status.as_u16(), status, "{range:?}");
        assert_eq!(answer.bytes, whole[from..to], "{range:?}");
        assert_eq!(answer.headers["content-length"], (to - from).to_string());
        let said = answer.headers.get("content-range").map(|said| said.to_str().unwrap());
        let expected = format!("bytes {from}-{}/250000", to - 1);
        assert_eq!(said, (status == 206).then_some(expected.as_str()));
    }
    let detail = "the attachment has 250000 bytes: ask for some of these";
    let beyond = sender.get(Some("bytes=250000-")).await.problem();
    assert_eq!(beyond, (416, "attachment-range".into(), detail.into()));
    let headers = sender.get(None).await.headers;
    let name = format!("attachment; filename=\"attachment-{}.pdf\"", &hash.to_string()[..8]);
    for (header, value) in [
        ("content-type", "application/pdf"),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "sandbox; default-src 'none'"),
        ("cache-control", "no-store"),
        ("content-disposition", &name),
    ] {
        assert_eq!(headers[header], value);
    }
}

#[tokio::test]
async fn what_never_got_whole_goes_after_a_week_and_may_begin_again() {
    let bench = Bench::new().await;
    let (mut ann, child) = (bench.phone("ann").await, bench.child("c1").await);
    let (whole, other) = (letter(5000), letter(6000));
    record_naming(&bench, &mut ann, child, &whole).await;
    let sender = Sender::of(&bench, &ann, Hash::of(&whole));
    let complete = Sender::of(&bench, &ann, Hash::of(&other));
    complete.send(&other).await;
    sender.offer(5000).await;
    sender.patch(0, &whole[..4000]).await.state();
    bench.clock.pass(PARTIAL_KEPT - TimeDelta::minutes(1));
    sweep_once(&bench.state, bench.now()).await.unwrap();
    assert_eq!(sender.offer(5000).await.received, 4000);
    bench.clock.pass(TimeDelta::minutes(2));
    sweep_once(&bench.state, bench.now()).await.unwrap();
    assert_eq!(sender.patch(4000, &whole[4000..]).await.refusal().1, "attachment-not-offered");
    assert!(sender.send(&whole).await.is_complete());
    assert!(complete.offer(6000).await.is_complete(), "what is whole stays");
}

#[tokio::test]
async fn it_lies_encrypted_under_a_key_of_its_own_and_in_every_backup() {
    let bench = Bench::new().await;
    let (mut ann, child) = (bench.phone("ann").await, bench.child("c1").await);
    let whole = letter(50_000);
    record_naming(&bench, &mut ann, child, &whole).await;
    let sender = Sender::of(&bench, &ann, Hash::of(&whole));
    sender.send(&whole).await;

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("monday.db");
    let copied = backup(bench.folder.path(), &file).unwrap();
    let bytes = std::fs::read(&file).unwrap();
    let plain = b"the plain words of a letter";
    assert!(!bytes.windows(plain.len()).any(|window| window == plain));
    let id = bench.state.attachment_key().unwrap().id();
    assert_eq!(copied.key, Some(folder.path().join(format!("attachments-{id}.key"))));
    assert!(sender.offer(50_000).await.backed_up, "its device may let go of it");
    backup(bench.folder.path(), &folder.path().join("tuesday.db")).unwrap();

    let restored = folder.path().join("restored");
    let again = restore(&file, &restored, bench.now()).unwrap();
    assert_eq!(again.key, Some(restored.join(KEY_FILE)));
    assert_eq!(check(&restored), Vec::<String>::new());

    // Without its key the attachment is as good as lost, and that is said.
    std::fs::remove_file(copied.key.unwrap()).unwrap();
    let keyless = folder.path().join("keyless");
    assert_eq!(restore(&file, &keyless, bench.now()).unwrap().key, None);
    let findings = check(&keyless);
    assert_eq!(findings.len(), 1);
    assert!(findings[0].contains(&format!("the key {id} that opens it is not")), "{findings:?}");
}

fn check(folder: &std::path::Path) -> Vec<String> {
    let key = AttachmentKey::read(folder).unwrap();
    let look = move |tx: &dyn Tx| {
        let mut report = Report::default();
        verify_attachments(tx, key.as_ref(), &mut report)?;
        Ok(report)
    };
    let report = SqliteStore::look(folder, look).unwrap();
    assert_eq!((report.attachments, report.not_arrived), (1, 0));
    report.findings.into_iter().map(|finding| finding.what).collect()
}

#[tokio::test]
async fn a_server_that_lost_one_takes_it_again_and_damage_is_found() {
    let bench = Bench::new().await;
    let (mut ann, child) = (bench.phone("ann").await, bench.child("c1").await);
    let whole = letter(50_000);
    record_naming(&bench, &mut ann, child, &whole).await;
    let sender = Sender::of(&bench, &ann, Hash::of(&whole));
    assert_eq!(verified(&bench).await.not_arrived, 1);
    sender.send(&whole).await;
    assert_eq!(verified(&bench).await.findings, []);

    // One flipped bit of the ciphertext.
    let beside = rusqlite::Connection::open(SqliteStore::file(bench.folder.path())).unwrap();
    let mut sealed: Vec<u8> =
        beside.query_row("SELECT sealed FROM attachment_chunk", [], |row| row.get(0)).unwrap();
    sealed[1000] ^= 1;
    beside.execute("UPDATE attachment_chunk SET sealed = ?1", [sealed]).unwrap();
    let findings = verified(&bench).await.findings;
    assert_eq!(findings.len(), 1);
    assert!(findings[0].what.ends_with("a piece is missing or damaged"), "{findings:?}");

    // The key went: what lies under it makes room for what its device still has.
    beside.execute("UPDATE attachment SET key_id = 'gone'", []).unwrap();
    assert_eq!(sender.get(None).await.refusal(), (404, "attachment-not-here".into()));
    assert!(sender.send(&whole).await.is_complete());
    assert_eq!(sender.get(None).await.bytes, whole);
    assert_eq!(verified(&bench).await.findings, []);
}

#[tokio::test]
async fn attachments_get_another_key_and_what_broke_off_is_gone_on_with() {
    let bench = Bench::new().await;
    let (mut ann, child) = (bench.phone("ann").await, bench.child("c1").await);
    for bytes in [50_000, 150_000] {
        let whole = letter(bytes);
        record_naming(&bench, &mut ann, child, &whole).await;
        Sender::of(&bench, &ann, Hash::of(&whole)).send(&whole).await;
    }
    let (db, folder, ambient) = (&bench.state.db, bench.folder.path(), &bench.state.ambient);
    let old = bench.state.attachment_key().unwrap();
    // It broke off after one of the two: nothing may use the folder meanwhile.
    let next = folder.join(key_file::next(KEY_FILE));
    let new = AttachmentKey::new(*key_file::read_or_make(&next, || [9; 32]).unwrap());
    for refused in [
        format!("{:?}", AttachmentKey::read(folder).unwrap_err()),
        format!("{:?}", backup(folder, &folder.join("b.db")).unwrap_err()),
    ] {
        assert!(refused.contains("rotate-key"), "{refused}");
    }
    let done = rotate(db, folder, ambient).await.unwrap();
    assert_eq!((done.attachments, done.unopened), (2, 0));
    let key = AttachmentKey::read(folder).unwrap().unwrap();
    assert!(key == new && key != old);
    let kept = AttachmentKey::read_file(&done.kept.unwrap()).unwrap();
    assert_eq!(kept.as_ref(), Some(&old), "backups of before need it");
    let look = move |tx: &dyn Tx| {
        let mut report = Report::default();
        verify_attachments(tx, Some(&key), &mut report)?;
        Ok::<_, StoreError>((report.attachments, report.findings.len()))
    };
    assert_eq!(db.read(look).await.unwrap(), (2, 0));
    let again = rotate(db, folder, ambient).await.unwrap();
    assert_eq!((again.attachments, again.unopened), (2, 0));
    let elsewhere = tempfile::tempdir().unwrap();
    let file = elsewhere.path().join("after.db");
    let copied = backup(folder, &file).unwrap();
    let newest = AttachmentKey::read(folder).unwrap();
    assert_eq!(AttachmentKey::read_file(&copied.key.unwrap()).unwrap(), newest);
}
