//! `/sign-in` and `/sign-out`.

use axum::Extension;
use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Redirect, Response};
use chrono::{DateTime, TimeDelta, Utc};
use doorstep_core::ids::PersonId;
use doorstep_core::seal::Hash;
use maud::{Markup, html};
use serde::Deserialize;

use super::happened::{self, Event};
use super::kept::Kept;
use super::page::{Page, Section, csrf_field};
use super::problem::{self, Refusal};
use super::second_factor::{self, Sealing};
use super::session::{AGE_MAX, IDLE_MAX, Jar, SignedIn, Token, safe_path};
use super::text::text;
use super::{accounts, parts, password};
use crate::app::AppState;
use crate::pace::Address;
use crate::store::accounts::{Account, Failures, Happening, Session};
use crate::store::{StoreError, Tx};

/// Failures in a row that cost no waiting.
const FREE_FAILURES: u32 = 5;
/// The longest waiting.
const WAIT_MAX: TimeDelta = TimeDelta::minutes(15);
/// Failures are forgotten after so long without another.
const FAILURES_KEPT: TimeDelta = TimeDelta::hours(24);

/// Where to go after signing in.
#[derive(Debug, Default, Deserialize)]
pub struct Next {
    /// A path of the console.
    #[serde(default)]
    next: String,
}

/// What was typed.
#[derive(Deserialize)]
pub struct Typed {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    next: String,
    #[serde(default)]
    login: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    code: String,
    #[serde(default, rename = "kept-path")]
    kept_path: String,
    #[serde(default)]
    kept: String,
}

impl Typed {
    /// The form in the middle of which a session had ended.
    fn kept(&self) -> Option<Kept> {
        Kept::of(safe_path(&self.kept_path), &self.kept)
    }
}

/// `GET /sign-in`.
pub async fn show(
    State(state): State<AppState>,
    Query(next): Query<Next>,
    headers: HeaderMap,
    signed: Option<SignedIn>,
) -> Response {
    if signed.is_some() {
        return Redirect::to(safe_path(&next.next)).into_response();
    }
    let asked = Asked { next: &next.next, ..Asked::default() };
    form_page(&state, &headers, StatusCode::OK, &asked)
}

/// The page for somebody whose session ended in the middle of a form.
pub fn with_kept(state: &AppState, headers: &HeaderMap, kept: &Kept) -> Response {
    let asked = Asked { kept: Some(kept), ..Asked::default() };
    form_page(state, headers, StatusCode::UNAUTHORIZED, &asked)
}

/// `POST /sign-in`.
pub async fn submit(
    State(state): State<AppState>,
    headers: HeaderMap,
    address: Option<Extension<Address>>,
    Form(typed): Form<Typed>,
) -> Response {
    if let Some(Extension(Address(address))) = address
        && let Err(seconds) = state.paces.entry.visit(&address, state.ambient.now())
    {
        return problem::too_often(seconds, None);
    }
    let kept = typed.kept();
    let again = |status, error| {
        let (next, login, error) = (typed.next.as_str(), typed.login.as_str(), Some(error));
        form_page(&state, &headers, status, &Asked { next, login, error, kept: kept.as_ref() })
    };
    if !Jar::Visitor.read(&state, &headers).is_some_and(|visitor| visitor.accepts(&typed.csrf)) {
        return again(StatusCode::FORBIDDEN, &text!("sign-in-page-was-open-for"));
    }
    let before = Jar::Session.read(&state, &headers);
    match enter(&state, &typed, before).await {
        Err(error) => problem::failed(&error, None),
        Ok(None) => again(StatusCode::UNPROCESSABLE_ENTITY, REFUSAL),
        Ok(Some(token)) => {
            let mut response = match &kept {
                None => Redirect::to(safe_path(&typed.next)).into_response(),
                Some(kept) => way_back(kept, &token),
            };
            Jar::Session.give(&state, &token, &mut response);
            Jar::Visitor.take(&state, &mut response);
            response
        }
    }
}

/// The same words for an unknown name, a wrong password, a suspended account and too many tries.
const REFUSAL: &str = "The username, the password or the code is not right. After several tries, \
                       wait a few minutes";

/// Opens a session if name and password are right and no waiting is due.
async fn enter(
    state: &AppState,
    typed: &Typed,
    before: Option<Token>,
) -> Result<Option<Token>, StoreError> {
    let login = accounts::normalise(&typed.login);
    let login_hash = Hash::of(login.as_bytes());
    let now = state.ambient.now();
    let look = login.clone();
    let (failures, account) = state
        .db
        .read(move |tx: &dyn Tx| {
            let works = |account: &Account| {
                account.disabled.is_none() && account.first_until.is_none_or(|until| now < until)
            };
            let account = tx.account(&look)?.filter(works);
            let person = account.as_ref().map(|account| tx.person(account.person)).transpose()?;
            let active = person.flatten().is_some_and(|person| person.is_active(now));
            Ok::<_, StoreError>((tx.failures(login_hash)?, account.filter(|_| active)))
        })
        .await?;
    if failures.is_some_and(|failures| must_wait(failures, now)) {
        return Ok(None);
    }
    let stored = account.as_ref().map(|account| account.password.clone());
    let right = password::verify(typed.password.clone(), stored).await;
    match account.filter(|_| right) {
        Some(account) if second_factor(state, account.person, &typed.code).await? => {
            open(state, account, login_hash, before).await
        }
        _ => fail(state, login_hash).await.map(|()| None),
    }
}

/// Whether the person has no second factor, or what was typed is a code of it.
async fn second_factor(state: &AppState, person: PersonId, code: &str) -> Result<bool, StoreError> {
    let (sealing, code, now) = (Sealing::of(state)?, code.to_owned(), state.ambient.now());
    let work = move |tx: &mut dyn Tx| match tx.second_factor(person)? {
        Some(factor) if factor.confirmed.is_some() => {
            second_factor::admit(tx, &sealing, &factor, &code, now)
        }
        _ => Ok(true),
    };
    state.db.write(work).await
}

/// Whether another try has to wait: one minute after the fifth failure, then twice as long each
/// time.
pub(super) fn must_wait(failures: Failures, now: DateTime<Utc>) -> bool {
    let Some(over) = failures.count.checked_sub(FREE_FAILURES) else { return false };
    let wait = TimeDelta::minutes(1 << over.min(5)).min(WAIT_MAX);
    now - failures.last < wait
}

/// Opens a session, unless the password was changed or used up meanwhile.
async fn open(
    state: &AppState,
    account: Account,
    login_hash: Hash,
    before: Option<Token>,
) -> Result<Option<Token>, StoreError> {
    let person = account.person;
    let token = Token::new(state.ambient.random());
    let token_hash = token.hash();
    let before = before.map(|token| token.hash());
    let now = state.ambient.now();
    let opened = state
        .db
        .write(move |tx: &mut dyn Tx| {
            if tx.account_of(person)?.as_ref() != Some(&account) {
                return Ok::<_, StoreError>(false);
            }
            if tx.person(person)?.is_some_and(|person| person.is_emergency()) {
                use_up(tx, &account, now)?;
            }
            tx.clear_failures(login_hash)?;
            tx.clear_failures_before(now - FAILURES_KEPT)?;
            tx.end_stale_sessions(now - AGE_MAX, now - IDLE_MAX)?;
            if let Some(before) = before {
                tx.end_session(before)?;
            }
            tx.put_session(&Session { token_hash, person, started: now, seen: now })?;
            Ok(true)
        })
        .await?;
    if opened {
        tracing::info!(%person, "signed in");
    }
    Ok(opened.then_some(token))
}

/// The password of the emergency access opens one session.
fn use_up(tx: &mut dyn Tx, account: &Account, now: DateTime<Utc>) -> Result<(), StoreError> {
    tx.put_account(&Account { first_until: Some(now), ..account.clone() })?;
    let (person, what) = (account.person, Happening::EmergencyUsed);
    happened::write(tx, Event { person, what, reason: None }, now)
}

pub(super) async fn fail(state: &AppState, login_hash: Hash) -> Result<(), StoreError> {
    tracing::warn!("a sign-in was refused");
    let now = state.ambient.now();
    state
        .db
        .write(move |tx: &mut dyn Tx| {
            let before = tx.failures(login_hash)?.filter(|f| now - f.last < FAILURES_KEPT);
            let count = before.map_or(0, |failures| failures.count).saturating_add(1);
            tx.put_failures(login_hash, Failures { count, last: now })
        })
        .await
}

/// `POST /sign-out`.
pub async fn leave(
    State(state): State<AppState>,
    signed: SignedIn,
    Form(form): Form<OnlyCsrf>,
) -> Response {
    problem::or_page(&signed, end(&state, &signed, &form.csrf).await)
}

async fn end(state: &AppState, signed: &SignedIn, csrf: &str) -> Result<Response, Refusal> {
    signed.check(csrf)?;
    let hash = signed.token.hash();
    state.db.write(move |tx: &mut dyn Tx| tx.end_session(hash)).await?;
    let mut response = Redirect::to("/sign-in").into_response();
    Jar::Session.take(state, &mut response);
    Ok(response)
}

/// A form that is only a button.
#[derive(Deserialize)]
pub struct OnlyCsrf {
    /// The session's token.
    #[serde(default)]
    pub csrf: String,
}

/// What the page begins with.
#[derive(Default)]
struct Asked<'a> {
    next: &'a str,
    login: &'a str,
    error: Option<&'a str>,
    kept: Option<&'a Kept>,
}

fn form_page(
    state: &AppState,
    headers: &HeaderMap,
    status: StatusCode,
    asked: &Asked<'_>,
) -> Response {
    let known = Jar::Visitor.read(state, headers);
    let visitor = known.unwrap_or_else(|| Token::new(state.ambient.random()));
    let page = Page {
        title: super::page::title(text!("sign-in-title"), asked.error.is_some()),
        section: Section::Elsewhere,
        signed: None,
        back: None,
        content: form(&visitor.csrf(), asked),
    };
    let mut response = (status, page.draw()).into_response();
    Jar::Visitor.give(state, &visitor, &mut response);
    response
}

/// The page from which what was typed goes back to where it was typed.
fn way_back(kept: &Kept, token: &Token) -> Response {
    let page = Page {
        title: text!("kept-title"),
        section: Section::Elsewhere,
        signed: None,
        back: None,
        content: kept.way_back(&token.csrf()),
    };
    page.draw().into_response()
}

fn form(csrf: &str, asked: &Asked<'_>) -> Markup {
    let Asked { next, login, error, kept } = *asked;
    let errors: Vec<_> = error.iter().map(|words| ("login", *words)).collect();
    html! {
        div.ds-sign-in {
            (parts::error_summary(&errors))
            h1.govuk-heading-l { (text!("sign-in-title")) }
            @if kept.is_some() {
                div.govuk-inset-text role="status" {
                    p.govuk-body { strong { (text!("kept-ended")) } }
                    p.govuk-body { (text!("kept-nothing-lost")) }
                }
            }
            form method="post" action="/sign-in" novalidate {
                (csrf_field(csrf))
                @if let Some(kept) = kept { (kept.carry()) }
                input type="hidden" name="next" value=(safe_path(next));
                (login_field(login, error))
                (password_field())
                (code_field())
                button.govuk-button data-module="govuk-button" { (text!("sign-in-title")) }
            }
            p.govuk-body-s {
                (text!("sign-in-no-account-or-forgotten"))
            }
        }
    }
}

fn login_field(login: &str, error: Option<&str>) -> Markup {
    html! {
        div.govuk-form-group .govuk-form-group--error[error.is_some()] {
            label.govuk-label for="login" { (text!("sign-in-username")) }
            @if let Some(words) = error {
                p.govuk-error-message #login-error {
                    span.govuk-visually-hidden { (text!("form-error")) " " } (words)
                }
            }
            input.govuk-input .govuk-input--error[error.is_some()] #login name="login" type="text"
                value=(login) autocomplete="username" spellcheck="false" autocapitalize="none"
                aria-describedby=[error.map(|_| "login-error")];
        }
    }
}

fn password_field() -> Markup {
    html! {
        div."govuk-form-group govuk-password-input" data-module="govuk-password-input" {
            label.govuk-label for="password" { (text!("sign-in-password")) }
            div."govuk-input__wrapper govuk-password-input__wrapper" {
                input."govuk-input govuk-password-input__input govuk-js-password-input-input"
                    #password name="password" type="password" autocomplete="current-password"
                    spellcheck="false" autocapitalize="none";
                button."govuk-button govuk-button--secondary govuk-password-input__toggle \
                        govuk-js-password-input-toggle" type="button" aria-controls="password"
                    aria-label=(text!("sign-in-show-password")) hidden { (text!("sign-in-show")) }
            }
        }
    }
}

fn code_field() -> Markup {
    html! {
        div.govuk-form-group {
            label.govuk-label for="code" { (text!("sign-in-code")) }
            div.govuk-hint #code-hint {
                (text!("sign-in-from-your-authenticator-app"))
            }
            input."govuk-input govuk-input--width-10" #code name="code" type="text"
                autocomplete="one-time-code" spellcheck="false" autocapitalize="none"
                aria-describedby="code-hint";
        }
    }
}
