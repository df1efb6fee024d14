//! Real receivers on loopback: a mail server, a webhook that fails when it is told to, and a
//! stand-in that speaks the published API of GOV.UK Notify, with its numbers that fail.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};

use super::FrozenClock;

type Shared<T> = Arc<Mutex<T>>;

fn with<T, A>(shared: &Shared<T>, act: impl FnOnce(&mut T) -> A) -> A {
    act(&mut shared.lock().unwrap_or_else(PoisonError::into_inner))
}

async fn listen() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has free ports");
    let port = listener.local_addr().expect("it is bound").port();
    (listener, port)
}

/// How a mail server takes what it is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// Gladly.
    Takes,
    /// It answers each recipient with this code.
    Refuses(u16),
    /// It takes the connection and says nothing.
    Mute,
    /// It hangs up.
    Down,
}

/// A letter that a mail server took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// The recipient of the envelope.
    pub to: String,
    /// Header and text.
    pub text: String,
}

impl Letter {
    /// A field of its header, unfolded.
    pub fn header(&self, name: &str) -> Option<String> {
        let (header, _) = self.text.split_once("\n\n")?;
        let unfolded = header.replace("\n ", " ");
        let mut fields = unfolded.lines().filter_map(|line| line.split_once(": "));
        fields.find(|(of, _)| *of == name).map(|(_, value)| value.to_owned())
    }
}

/// A mail server.
pub struct MailServer {
    /// Where it listens.
    pub port: u16,
    /// Where it stops: between having taken a letter and saying so, and, while it is mute, as soon
    /// as somebody has connected.
    pub gate: Gate,
    mood: Shared<Mood>,
    letters: watch::Sender<Vec<Letter>>,
}

impl MailServer {
    /// Starts one.
    pub async fn start() -> Self {
        let (listener, port) = listen().await;
        let mood = Shared::new(Mutex::new(Mood::Takes));
        let (gate, letters) = (Gate::default(), watch::Sender::new(Vec::new()));
        let (held, stop, taken) = (Arc::clone(&mood), gate.clone(), letters.clone());
        let server = Self { port, gate, mood, letters };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let mood = with(&held, |mood| *mood);
                let (stop, taken) = (stop.clone(), taken.clone());
                tokio::spawn(async move { take_letter(stream, mood, &stop, &taken).await });
            }
        });
        server
    }

    /// Changes how it takes what it is given from now on.
    pub fn be(&self, mood: Mood) {
        with(&self.mood, |held| *held = mood);
    }

    /// What it took.
    pub fn letters(&self) -> Vec<Letter> {
        self.letters.borrow().clone()
    }

    /// Returns what it took once that is enough.
    pub async fn took(&self, enough: impl Fn(&[Letter]) -> bool) -> Vec<Letter> {
        let mut letters = self.letters.subscribe();
        let taken = letters.wait_for(|letters| enough(letters)).await;
        taken.expect("the receiver is there").clone()
    }
}

/// Speaks SMTP until the other side is gone; a letter counts as taken before that is said.
async fn take_letter(
    stream: TcpStream,
    mood: Mood,
    gate: &Gate,
    letters: &watch::Sender<Vec<Letter>>,
) -> Option<()> {
    match mood {
        Mood::Down => return None,
        Mood::Mute => gate.stop().await,
        Mood::Takes | Mood::Refuses(_) => {}
    }
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(b"220 receiver\r\n").await.ok()?;
    let mut to = String::new();
    while let Ok(Some(line)) = lines.next_line().await {
        let verb = line.split(' ').next().unwrap_or_default().to_uppercase();
        let answer = match (verb.as_str(), mood) {
            ("RCPT", Mood::Refuses(code)) => format!("{code} not for ann@doorstep.example\r\n"),
            ("RCPT", _) => {
                let inside = line.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
                inside.map_or("", |(address, _)| address).clone_into(&mut to);
                "250 well\r\n".to_owned()
            }
            ("DATA", _) => {
                write.write_all(b"354 go on\r\n").await.ok()?;
                let mut text = String::new();
                while let Ok(Some(line)) = lines.next_line().await {
                    if line == "." {
                        break;
                    }
                    text.push_str(&line);
                    text.push('\n');
                }
                let letter = Letter { to: to.clone(), text };
                letters.send_modify(|letters| letters.push(letter));
                gate.pass().await;
                "250 taken\r\n".to_owned()
            }
            ("QUIT", _) => {
                write.write_all(b"221 bye\r\n").await.ok()?;
                break;
            }
            _ => "250 well\r\n".to_owned(),
        };
        write.write_all(answer.as_bytes()).await.ok()?;
    }
    Some(())
}

/// Where a receiver stops between having taken something and answering.
#[derive(Clone, Default)]
pub struct Gate(Arc<GateState>);

#[derive(Default)]
struct GateState {
    shut: watch::Sender<bool>,
    arrived: Notify,
}

impl Gate {
    /// Nobody is answered any more.
    pub fn shut(&self) {
        self.0.shut.send_replace(true);
    }

    /// Whoever stands before it is answered, and whoever comes from now on.
    pub fn open(&self) {
        self.0.shut.send_replace(false);
    }

    /// Returns once somebody stands before it.
    pub async fn arrived(&self) {
        self.0.arrived.notified().await;
    }

    async fn pass(&self) {
        let mut shut = self.0.shut.subscribe();
        if *shut.borrow() {
            self.0.arrived.notify_one();
            // An error means that the receiver is gone, and its gate with it.
            let _ = shut.wait_for(|shut| !shut).await;
        }
    }

    async fn stop(&self) {
        self.0.arrived.notify_one();
        std::future::pending::<()>().await;
    }
}

/// A request that a webhook got.
#[derive(Clone, Debug)]
pub struct Posted {
    /// Its header.
    pub headers: HeaderMap,
    /// Its body.
    pub body: String,
}

impl Posted {
    /// A line of its header.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The event in it.
    pub fn event(&self) -> Value {
        serde_json::from_str(&self.body).expect("it is JSON")
    }
}

/// A webhook's receiver.
pub struct HookReceiver {
    /// Where it listens.
    pub url: String,
    /// Where it stops before it answers.
    pub gate: Gate,
    answers: Shared<VecDeque<Response>>,
    posted: Shared<Vec<Posted>>,
}

type HookState = (Gate, Shared<VecDeque<Response>>, Shared<Vec<Posted>>);

impl HookReceiver {
    /// Starts one that takes everything.
    pub async fn start() -> Self {
        let (listener, port) = listen().await;
        let state: HookState = HookState::default();
        let (gate, answers, posted) = state.clone();
        let router = Router::new().route("/hook", post(take_hook)).with_state(state);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url: format!("http://127.0.0.1:{port}/hook"), gate, answers, posted }
    }

    /// Answers the next requests so, in this order.
    pub fn answer(&self, answers: impl IntoIterator<Item = Response>) {
        with(&self.answers, |held| held.extend(answers));
    }

    /// What it got.
    pub fn posted(&self) -> Vec<Posted> {
        with(&self.posted, |posted| posted.clone())
    }
}

async fn take_hook(
    State((gate, answers, posted)): State<HookState>,
    headers: HeaderMap,
    body: String,
) -> Response {
    with(&posted, |posted| posted.push(Posted { headers, body }));
    gate.pass().await;
    let answer = with(&answers, VecDeque::pop_front);
    answer.unwrap_or_else(|| StatusCode::NO_CONTENT.into_response())
}

/// A message that GOV.UK Notify took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// What it is called.
    pub id: String,
    /// The sender's reference.
    pub reference: String,
    /// `sms` or `email`.
    pub kind: String,
    /// The number or address.
    pub to: String,
    /// What fills the template.
    pub personalisation: Value,
    asked: u32,
}

impl Taken {
    /// What is said of it, the so manieth time that somebody asks: first that it is under way.
    fn status(&self) -> &'static str {
        match (self.asked, self.to.as_str()) {
            (0, _) => "sending",
            (_, "07700900003" | "temp-fail@simulator.notify") => "temporary-failure",
            (_, "07700900002" | "perm-fail@simulator.notify") => "permanent-failure",
            _ => "delivered",
        }
    }

    fn as_json(&self) -> Value {
        let field = if self.kind == "sms" { "phone_number" } else { "email_address" };
        json!({
            "id": self.id, "reference": self.reference, "type": self.kind, field: self.to,
            "status": self.status(), "template": {"id": EMAIL_TEMPLATE, "version": 1},
            "body": "You have an item to review.", "created_at": "2026-03-02 10:00:00.000000",
        })
    }
}

/// The service of the stand-in's key.
const SERVICE: &str = "26785a09-ab16-4eb0-8407-a37497a57506";
/// The secret of the stand-in's key.
const SECRET: &str = "3d844edf-8d35-48ac-975b-e847b4f122b0";
/// The stand-in's template for e-mails.
pub const EMAIL_TEMPLATE: &str = "9d751e0e-f929-4891-82a1-a3e1c3c18ee3";
/// The stand-in's template for text messages.
pub const SMS_TEMPLATE: &str = "f33517ff-2a88-4f6e-b855-c550268ce08a";

/// A stand-in for GOV.UK Notify.
pub struct NotifyStandIn {
    /// Where it listens.
    pub url: String,
    /// Where it stops before it answers what it took.
    pub gate: Gate,
    taken: Shared<Vec<Taken>>,
}

#[derive(Clone)]
struct NotifyState {
    gate: Gate,
    taken: Shared<Vec<Taken>>,
    clock: FrozenClock,
}

impl NotifyStandIn {
    /// Starts one whose clock is `clock`.
    pub async fn start(clock: &FrozenClock) -> Self {
        let (listener, port) = listen().await;
        let taken: Shared<Vec<Taken>> = Shared::default();
        let gate = Gate::default();
        let (clock, held) = (clock.clone(), Arc::clone(&taken));
        let state = NotifyState { gate: gate.clone(), taken: held, clock };
        let router = Router::new()
            .route("/v2/notifications/{id}", get(notify_look).post(notify_take))
            .route("/v2/notifications", get(notify_list))
            .with_state(state);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url: format!("http://127.0.0.1:{port}"), gate, taken }
    }

    /// The API key that it knows, as the service shows it.
    pub fn key() -> String {
        format!("my_test_key-{SERVICE}-{SECRET}")
    }

    /// What it took.
    pub fn taken(&self) -> Vec<Taken> {
        with(&self.taken, |taken| taken.clone())
    }
}

fn refusal(status: StatusCode, error: &str, message: &str) -> Response {
    let errors = json!([{"error": error, "message": message}]);
    (status, Json(json!({"status_code": status.as_u16(), "errors": errors}))).into_response()
}

/// Whether a request carries a token of the service, no older than half a minute.
fn is_theirs(headers: &HeaderMap, now: DateTime<Utc>) -> bool {
    let token = headers.get("authorization").and_then(|value| value.to_str().ok());
    let Some((signed, signature)) =
        token.and_then(|token| token.strip_prefix("Bearer ")?.rsplit_once('.'))
    else {
        return false;
    };
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("any key does");
    mac.update(signed.as_bytes());
    let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap_or_default();
    let part = |part: &str| {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(part).unwrap_or_default();
        serde_json::from_slice::<Value>(&bytes).unwrap_or_default()
    };
    let (header, payload) = signed.split_once('.').unwrap_or_default();
    let (header, payload) = (part(header), part(payload));
    let age = now.timestamp() - payload["iat"].as_i64().unwrap_or_default();
    mac.verify_slice(&signature).is_ok()
        && header == json!({"typ": "JWT", "alg": "HS256"})
        && payload["iss"] == SERVICE
        && (-30..=30).contains(&age)
}

async fn notify_take(
    State(NotifyState { gate, taken, clock }): State<NotifyState>,
    Path(kind): Path<String>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    if !is_theirs(&headers, clock.now()) {
        return refusal(StatusCode::FORBIDDEN, "AuthError", "Invalid token");
    }
    let (field, template) = match kind.as_str() {
        "sms" => ("phone_number", SMS_TEMPLATE),
        "email" => ("email_address", EMAIL_TEMPLATE),
        _ => return refusal(StatusCode::NOT_FOUND, "NoResultFound", "No result found"),
    };
    let allowed = [field, "template_id", "reference", "personalisation"];
    let strange = body.as_object().into_iter().flat_map(|fields| fields.keys());
    if let Some(name) = strange.into_iter().find(|name| !allowed.contains(&name.as_str())) {
        let message = format!("Additional properties are not allowed ({name} was unexpected)");
        return refusal(StatusCode::BAD_REQUEST, "ValidationError", &message);
    }
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    let to = text(field);
    let is_good = if kind == "sms" {
        to.chars().filter(char::is_ascii_digit).count() >= 11 && to.starts_with(['0', '+'])
    } else {
        to.contains('@')
    };
    if !is_good || text("template_id") != template {
        let message = format!("{field} {to} is not valid");
        return refusal(StatusCode::BAD_REQUEST, "ValidationError", &message);
    }
    let answer = with(&taken, |taken| {
        let id = format!("740e5834-3a29-46b4-9a6f-{:012}", taken.len() + 1);
        let personalisation = body["personalisation"].clone();
        let reference = text("reference");
        taken.push(Taken { id, reference, kind, to, personalisation, asked: 0 });
        (StatusCode::CREATED, Json(taken[taken.len() - 1].as_json())).into_response()
    });
    gate.pass().await;
    answer
}

async fn notify_look(
    State(NotifyState { taken, clock, .. }): State<NotifyState>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    if !is_theirs(&headers, clock.now()) {
        return refusal(StatusCode::FORBIDDEN, "AuthError", "Invalid token");
    }
    with(&taken, |taken| match taken.iter_mut().find(|message| message.id == id) {
        Some(message) => {
            let answer = Json(message.as_json()).into_response();
            message.asked += 1;
            answer
        }
        None => refusal(StatusCode::NOT_FOUND, "NoResultFound", "No result found"),
    })
}

#[derive(Deserialize)]
struct ByReference {
    reference: String,
}

async fn notify_list(
    State(NotifyState { taken, clock, .. }): State<NotifyState>,
    Query(by): Query<ByReference>,
    headers: HeaderMap,
) -> Response {
    if !is_theirs(&headers, clock.now()) {
        return refusal(StatusCode::FORBIDDEN, "AuthError", "Invalid token");
    }
    let found: Vec<_> = with(&taken, |taken| {
        let theirs = taken.iter().filter(|message| message.reference == by.reference);
        theirs.map(Taken::as_json).collect()
    });
    Json(json!({"notifications": found, "links": {}})).into_response()
}
