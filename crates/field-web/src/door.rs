//! What the shell sees: one object, strings and bytes in and out. No rule lives here.

use axum::http::Method;
use doorstep_core::time::ClockReading;
use doorstep_field_app::{Answer, Request};
use wasm_bindgen::JsError;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::kept::Mark;
use crate::pool::Pool;
use crate::reply::{Outgoing, Reply};
use crate::session::{Session, Wants};
use crate::surroundings::{Around, Moment, SEED_BYTES, Said};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = console, js_name = error)]
    fn complain(text: &str);
}

/// One device in this browser.
#[wasm_bindgen]
pub struct Door {
    session: Session<Pool>,
    around: Around,
}

/// What a request gets.
#[wasm_bindgen(getter_with_clone)]
#[derive(Clone)]
pub struct Shown {
    /// The HTTP status.
    pub status: u16,
    /// Where to go on; empty where the body is the page.
    pub location: String,
    /// The body.
    pub body: Vec<u8>,
    /// What to do first: `enrol`, `forget`, `keep`, `sync` or nothing.
    pub wants: String,
}

/// What to send to the server, or the answer to the form where that cannot be said.
#[wasm_bindgen(getter_with_clone)]
pub struct Send {
    /// The method.
    pub method: String,
    /// Where on the server.
    pub path: String,
    /// The secret to show; none at the enrolment.
    pub token: Option<String>,
    /// What the body is.
    pub media_type: String,
    /// The body.
    pub body: Vec<u8>,
    /// The form again.
    pub refused: Option<Shown>,
}

/// What the server answered.
#[wasm_bindgen]
pub struct Got {
    status: u16,
    content_type: String,
    retry_after: String,
    body: String,
}

#[wasm_bindgen]
impl Got {
    /// Puts it together. Status 0 where there was no answer.
    #[wasm_bindgen(constructor)]
    pub fn new(status: u16, content_type: String, retry_after: String, body: String) -> Self {
        Self { status, content_type, retry_after, body }
    }

    fn reply(&self) -> Reply<'_> {
        Reply {
            status: self.status,
            content_type: &self.content_type,
            retry_after: &self.retry_after,
            body: &self.body,
        }
    }
}

#[wasm_bindgen]
impl Door {
    /// Takes hold of the storage and looks what is there. `kept` is what was kept beside the file;
    /// `mark` is what another place remembers of an enrolment.
    pub async fn open(
        app: String,
        kept: Option<String>,
        mark: Option<String>,
        clock: String,
        seed: Vec<u8>,
    ) -> Result<Door, JsError> {
        // Where it happened, and nothing of what was in hand.
        std::panic::set_hook(Box::new(|panic| {
            let place = panic.location().map(ToString::to_string).unwrap_or_default();
            complain(&format!("the app broke at {place}"));
        }));
        let around = Around::new(&app, moment(&clock, &seed)?);
        let pool = Pool::take().await?;
        let mark = mark.and_then(|text| serde_json::from_str::<Mark>(&text).ok());
        let session = Session::begin(pool, around.clone(), kept.as_deref(), mark)?;
        Ok(Self { session, around })
    }

    /// It is this moment from here on. Asked before everything else.
    pub fn now(&self, clock: &str, seed: &[u8]) -> Result<(), JsError> {
        self.around.at(moment(clock, seed)?);
        Ok(())
    }

    /// Answers a request of a window, which also says what it knows of the device.
    pub fn call(
        &mut self,
        method: &str,
        target: String,
        media_type: String,
        body: Vec<u8>,
        said: &str,
    ) -> Result<Shown, JsError> {
        self.around.say(serde_json::from_str::<Said>(said)?);
        let method = if method == "POST" { Method::POST } else { Method::GET };
        let (answer, wants) = self.session.call(Request { method, target, body, media_type });
        Ok(Shown { wants: wants.map_or("", word).to_owned(), ..answer.into() })
    }

    /// How the device stands, as JSON.
    pub fn standing(&self) -> Result<String, JsError> {
        Ok(serde_json::to_string(&self.session.standing())?)
    }

    /// Seals what was recorded, so that it can be handed in while locked. Asked right after the
    /// answer is on its way to the window.
    pub fn make_copies(&self) {
        self.session.make_copies();
    }

    /// Locks the pages where nobody used them for long; whether it did.
    pub fn lock_if_idle(&self) -> bool {
        self.session.lock_if_idle()
    }

    /// What to keep beside the file, durably, before `enrol`.
    pub fn kept(&self) -> Option<String> {
        self.session.kept()
    }

    /// Makes the store where there is none, and says what to show to the server.
    pub fn enrol(&mut self) -> Send {
        self.session.enrol().map_or_else(
            |answer| Send {
                method: String::new(),
                path: String::new(),
                token: None,
                media_type: String::new(),
                body: Vec::new(),
                refused: Some((*answer).into()),
            },
            Send::from,
        )
    }

    /// Takes in what the server answered to that, and answers the form.
    pub fn enrolled(&mut self, got: &Got) -> Shown {
        self.session.enrolled(&got.reply()).into()
    }

    /// An exchange begins; one that a person or the server asked for ends a pause.
    pub fn sync_begins(&mut self, asked: bool) {
        self.session.sync_begins(asked);
    }

    /// What to send now, if anything.
    pub fn next_request(&mut self) -> Option<Send> {
        self.session.next_request().map(Send::from)
    }

    /// Takes in what came back; what became of it, as JSON.
    pub fn response(&mut self, got: &Got) -> Result<String, JsError> {
        Ok(serde_json::to_string(&self.session.response(&got.reply()))?)
    }

    /// The exchange is over.
    pub fn sync_ends(&self) {
        self.session.sync_ends();
    }

    /// The secret with which the device may listen for news.
    pub fn token(&self) -> Option<String> {
        self.session.token()
    }
}

impl From<Answer> for Shown {
    fn from(answer: Answer) -> Self {
        let location = answer.header("location").unwrap_or_default().to_owned();
        Self { status: answer.status, location, body: answer.body, wants: String::new() }
    }
}

impl From<Outgoing> for Send {
    fn from(outgoing: Outgoing) -> Self {
        let Outgoing { method, path, token, media_type, body } = outgoing;
        let (method, media_type) = (method.to_owned(), media_type.to_owned());
        Self { method, path, token, media_type, body, refused: None }
    }
}

const fn word(wants: Wants) -> &'static str {
    match wants {
        Wants::Enrol => "enrol",
        Wants::Forget => "forget",
        Wants::Keep => "keep",
        Wants::Sync => "sync",
    }
}

fn moment(clock: &str, seed: &[u8]) -> Result<Moment, JsError> {
    let clock: ClockReading = serde_json::from_str(clock)?;
    let seed = <[u8; SEED_BYTES]>::try_from(seed)
        .map_err(|_| JsError::new("a request needs its own random bytes"))?;
    Ok(Moment { clock, seed })
}
