//! Who is signed in: the cookie, the session behind it, and the token that every form carries.

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse as _, Redirect, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use doorstep_core::seal::Hash;
use subtle::ConstantTimeEq as _;

use super::kept::Kept;
use super::page::Signed;
use super::problem::{self, Refusal};
use super::sign_in;
use super::viewer::{self, Viewer};
use crate::app::AppState;
use crate::config::SecondFactorFor;
use crate::store::accounts::{Account, Session};
use crate::store::directory::Person;
use crate::store::{StoreError, Tx};

/// A session ends when its person asks for nothing for so long.
pub const IDLE_MAX: TimeDelta = TimeDelta::minutes(60);
/// A session ends so long after it began, whatever happens in it.
pub const AGE_MAX: TimeDelta = TimeDelta::hours(12);
/// When a session was last seen is written no more often than this.
const SEEN_STEP: TimeDelta = TimeDelta::minutes(1);
/// The header with which the inbox's script marks a request that no person asked for.
const BY_ITSELF: &str = "doorstep-by-itself";

/// A random 256-bit value that a cookie holds.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// A token of these random bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// As the cookie holds it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the store keeps of it.
    pub fn hash(&self) -> Hash {
        Hash::of(self.0.as_bytes())
    }

    /// The token that the forms of this session carry. It cannot be had without the cookie, and the
    /// cookie cannot be had from it.
    pub fn csrf(&self) -> String {
        Hash::of(format!("form\n{}", self.0).as_bytes()).to_string()
    }

    /// Whether a form carried the right token.
    pub fn accepts(&self, csrf: &str) -> bool {
        self.csrf().as_bytes().ct_eq(csrf.as_bytes()).into()
    }
}

/// The two cookies of the console.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Jar {
    /// The session of who is signed in.
    Session,
    /// Protects the sign-in form of who is not.
    Visitor,
}

impl Jar {
    const fn name(self, secure: bool) -> &'static str {
        match (self, secure) {
            (Self::Session, true) => "__Host-doorstep-session",
            (Self::Session, false) => "doorstep-session",
            (Self::Visitor, true) => "__Host-doorstep-visitor",
            (Self::Visitor, false) => "doorstep-visitor",
        }
    }

    /// The token in this cookie, if the browser sent one.
    pub fn read(self, state: &AppState, headers: &HeaderMap) -> Option<Token> {
        let name = self.name(state.config.is_secure());
        headers
            .get_all(COOKIE)
            .iter()
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split("; "))
            .filter_map(|pair| pair.split_once('='))
            .find(|(key, _)| *key == name)
            .map(|(_, value)| Token(value.to_owned()))
    }

    /// Gives the browser this cookie until it closes.
    pub fn give(self, state: &AppState, token: &Token, response: &mut Response) {
        self.set(state, &token.0, "", response);
    }

    /// Takes the cookie back.
    pub fn take(self, state: &AppState, response: &mut Response) {
        self.set(state, "", "; Max-Age=0", response);
    }

    fn set(self, state: &AppState, value: &str, more: &str, response: &mut Response) {
        let secure = state.config.is_secure();
        let name = self.name(secure);
        let flag = if secure { "; Secure" } else { "" };
        let line = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{flag}{more}");
        let line = HeaderValue::from_str(&line).expect("names and base64url are visible ASCII");
        response.headers_mut().append(SET_COOKIE, line);
    }
}

/// What somebody has to do on the page of their account before anything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owed {
    /// Set a password of their own: somebody else chose the one that they have.
    OwnPassword,
    /// Set up the second factor that is asked of them.
    SecondFactor,
}

/// Who asks.
#[derive(Clone)]
pub struct SignedIn {
    /// The person.
    pub viewer: Viewer,
    /// The session's token.
    pub token: Token,
    /// The token of the forms.
    pub csrf: String,
    /// What has to be done before anything else.
    pub owed: Option<Owed>,
}

impl SignedIn {
    /// What a page shows of it.
    pub fn signed(&self) -> Signed<'_> {
        Signed { viewer: &self.viewer, csrf: &self.csrf }
    }

    /// Refuses a form that did not come from this session.
    pub fn check(&self, csrf: &str) -> Result<(), Refusal> {
        if self.token.accepts(csrf) { Ok(()) } else { Err(Refusal::StaleForm) }
    }
}

impl FromRequestParts<AppState> for SignedIn {
    type Rejection = Response;

    async fn from_request_parts(
        parts: &mut Parts,
        state: &AppState,
    ) -> Result<Self, Self::Rejection> {
        let Some(token) = Jar::Session.read(state, &parts.headers) else {
            return Err(to_sign_in(parts, state));
        };
        let by_itself = parts.headers.contains_key(BY_ITSELF);
        match find(state, &token, by_itself).await {
            Ok(Some((_, Some(_)))) if !BEFORE_ALL_ELSE.contains(&parts.uri.path()) => {
                Err(Redirect::to("/account").into_response())
            }
            Ok(Some((viewer, owed))) => {
                let csrf = token.csrf();
                let signed = Self { viewer, token, csrf, owed };
                match state.paces.person.visit(&signed.viewer.person, state.ambient.now()) {
                    Ok(()) => Ok(signed),
                    Err(seconds) => Err(problem::too_often(seconds, Some(signed.signed()))),
                }
            }
            Ok(None) => Err(to_sign_in(parts, state)),
            Err(error) => Err(problem::failed(&error, None)),
        }
    }
}

impl OptionalFromRequestParts<AppState> for SignedIn {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        state: &AppState,
    ) -> Result<Option<Self>, Self::Rejection> {
        Ok(<Self as FromRequestParts<AppState>>::from_request_parts(parts, state).await.ok())
    }
}

/// The pages on which somebody does what they owe; all else waits for that.
const BEFORE_ALL_ELSE: [&str; 3] = ["/account", "/account/password", "/sign-out"];

/// The person behind a token, whose session counts as seen unless the page asked by itself; and
/// what they have to do before anything else.
async fn find(
    state: &AppState,
    token: &Token,
    by_itself: bool,
) -> Result<Option<(Viewer, Option<Owed>)>, StoreError> {
    let now = state.ambient.now();
    let asked_of = state.config.second_factor.clone();
    let hash = token.hash();
    let found = state
        .db
        .read(move |tx: &dyn Tx| {
            let Some(session) = tx.session(hash)?.filter(|session| is_alive(session, now)) else {
                return Ok::<_, StoreError>(None);
            };
            let account = tx.account_of(session.person)?;
            let Some(account) = account.filter(|account| account.disabled.is_none()) else {
                return Ok(None);
            };
            let owed = owed(tx, &account, &asked_of)?;
            let viewer = viewer::find(tx, session.person, now)?;
            Ok(viewer.map(|viewer| (session, viewer, owed)))
        })
        .await?;
    let Some((session, viewer, owed)) = found else { return Ok(None) };
    if !by_itself && now - session.seen >= SEEN_STEP {
        state
            .db
            .write(move |tx: &mut dyn Tx| {
                // It may have been ended meanwhile, and must not come back.
                match tx.session(hash)? {
                    Some(session) => tx.put_session(&Session { seen: now, ..session }),
                    None => Ok(()),
                }
            })
            .await?;
    }
    Ok(Some((viewer, owed)))
}

/// What the person has to do before anything else. Whoever uses the emergency access owes nothing:
/// its password works once, and it is there for when the second factors are gone.
fn owed(
    tx: &dyn Tx,
    account: &Account,
    asked_of: &SecondFactorFor,
) -> Result<Option<Owed>, StoreError> {
    let Some(person) = tx.person(account.person)?.filter(Person::is_staff) else {
        return Ok(None);
    };
    if account.first_until.is_some() {
        return Ok(Some(Owed::OwnPassword));
    }
    if !asked_of.asks(&person) {
        return Ok(None);
    }
    let factor = tx.second_factor(person.id)?;
    let lacks = factor.is_none_or(|factor| factor.confirmed.is_none());
    Ok(lacks.then_some(Owed::SecondFactor))
}

/// Whether a session still holds at `now`.
pub fn is_alive(session: &Session, now: DateTime<Utc>) -> bool {
    now - session.seen < IDLE_MAX && now - session.started < AGE_MAX
}

/// To the sign-in page, and afterwards back to the page asked for; for a form, to the page it is
/// on, with what was typed.
fn to_sign_in(parts: &Parts, state: &AppState) -> Response {
    if let Some(kept) = parts.extensions.get::<Kept>() {
        return sign_in::with_kept(state, &parts.headers, kept);
    }
    let path = parts.uri.path();
    let wanted = if parts.method.is_safe() {
        parts.uri.path_and_query().map_or(path, |whole| whole.as_str())
    } else {
        path.rsplit_once('/').map_or("/", |(page, _)| page)
    };
    Redirect::to(&format!("/sign-in?next={}", escape(wanted))).into_response()
}

/// Escapes a path for use as a value in a query.
fn escape(path: &str) -> String {
    use std::fmt::Write as _;
    let mut escaped = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            write!(escaped, "%{byte:02X}").expect("writing to a string cannot fail");
        }
    }
    escaped
}

/// A path of this console to go to, whatever was asked for: never another site.
pub fn safe_path(next: &str) -> &str {
    let local = next.starts_with('/')
        && !next.starts_with("//")
        && !next.contains('\\')
        && next.bytes().all(|byte| byte.is_ascii_graphic());
    if local && !next.starts_with("/sign-") { next } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn console_never_sends_anybody_to_another_site() {
        for (next, goes_to) in [
            ("/escalations/7?x=1", "/escalations/7?x=1"),
            ("//evil.example", "/"),
            ("/\\evil.example", "/"),
            ("https://evil.example", "/"),
            ("/inbox\r\nset-cookie: a=b", "/"),
            ("/sign-out", "/"),
            ("", "/"),
        ] {
            assert_eq!(safe_path(next), goes_to, "{next:?}");
        }
    }
}
