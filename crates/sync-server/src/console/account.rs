//! `/account`: what is one's own. Where one is signed in, and ending it; the second factor, and its
//! recovery codes.

use axum::extract::{Form, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use chrono::{DateTime, Utc};
use doorstep_core::seal::Hash;
use maud::{Markup, html};
use serde::Deserialize;

use super::page::{Page, Section, csrf_field};
use super::problem::{self, Refusal};
use super::second_factor::{self, Sealing};
use super::session::{Owed, SignedIn, is_alive};
use super::text::{rich, text};
use super::{enrolling, form, own_password, parts, sign_in, times};
use crate::app::AppState;
use crate::enrol::hash_of_code;
use crate::store::accounts::{Account, SecondFactor, Session};
use crate::store::directory::Person;
use crate::store::{StoreError, Tx};

/// What was typed or pressed.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Typed {
    csrf: String,
    what: String,
    code: String,
}

/// What the page shows.
struct Own {
    account: Account,
    sessions: Vec<Session>,
    factor: Option<SecondFactor>,
    codes_left: usize,
    short_codes: bool,
    is_staff: bool,
}

/// What a page says besides.
#[derive(Default)]
struct Said<'a> {
    faults: &'a [form::Fault],
    fresh_codes: &'a [String],
    password_changed: bool,
}

fn gather(tx: &dyn Tx, signed: &SignedIn, now: DateTime<Utc>) -> Result<Option<Own>, StoreError> {
    let person = signed.viewer.person;
    let Some(account) = tx.account_of(person)? else { return Ok(None) };
    let mut sessions = tx.sessions_of(person)?;
    sessions.retain(|session| is_alive(session, now));
    let factor = tx.second_factor(person)?;
    let is_staff = tx.person(person)?.is_some_and(|person| person.is_staff());
    let codes_left = tx.recovery_codes_left(person)?;
    let short_codes = tx.has_short_recovery_codes(person)?;
    Ok(Some(Own { account, sessions, factor, codes_left, short_codes, is_staff }))
}

/// `GET /account`.
pub async fn show(State(state): State<AppState>, signed: SignedIn) -> Response {
    problem::or_page(&signed, draw(&state, &signed, Said::default()).await)
}

/// The page, once the own password was changed.
pub async fn changed(state: &AppState, signed: &SignedIn) -> Result<Response, Refusal> {
    draw(state, signed, Said { password_changed: true, ..Said::default() }).await
}

/// The page, with what is wrong.
pub async fn with_faults(
    state: &AppState,
    signed: &SignedIn,
    faults: &[form::Fault],
) -> Result<Response, Refusal> {
    draw(state, signed, Said { faults, ..Said::default() }).await
}

async fn draw(state: &AppState, signed: &SignedIn, said: Said<'_>) -> Result<Response, Refusal> {
    let Said { faults, fresh_codes, password_changed } = said;
    let (who, now) = (signed.clone(), state.ambient.now());
    let own = state.db.read(move |tx: &dyn Tx| gather(tx, &who, now)).await?;
    let own = own.ok_or(Refusal::NotFound)?;
    let has_codes = own.factor.as_ref().is_some_and(|factor| factor.confirmed.is_some());
    if signed.owed == Some(Owed::OwnPassword) {
        return Ok(own_password::first_page(signed, has_codes, faults));
    }
    let sealing = Sealing::of(state)?;
    let pending = own.factor.as_ref().filter(|factor| factor.confirmed.is_none());
    let secret = pending.and_then(|factor| sealing.open(factor.person, &factor.secret));
    let summary: Vec<_> = faults.iter().map(|(field, words)| (*field, words.as_str())).collect();
    let status = if faults.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = Page {
        title: text!("account-your-account"),
        section: Section::Elsewhere,
        signed: Some(signed.signed()),
        back: Some(("/inbox", &text!("page-back-to-inbox"))),
        content: html! {
            (parts::error_summary(&summary))
            h1.govuk-heading-l { (text!("account-your-account")) }
            @if password_changed {
                div.govuk-inset-text role="status" {
                    p.govuk-body { (text!("password-changed")) }
                }
            }
            @if own.is_staff {
                (codes(fresh_codes))
                (second_factor_part(&own, secret.as_deref(), signed, faults))
                (own_password::part(signed, has_codes, faults))
            }
            (sessions(&own.sessions, signed, now))
        },
    };
    Ok((status, page.draw()).into_response())
}

fn second_factor_part(
    own: &Own,
    secret: Option<&[u8]>,
    signed: &SignedIn,
    faults: &[form::Fault],
) -> Markup {
    html! {
        h2.govuk-heading-m { (text!("account-codes-at-signin")) }
        @match (&own.factor, secret) {
            (Some(factor), _) if factor.confirmed.is_some() => {
                p.govuk-body {
                    (parts::tag(Some("green"), &text!("account-on")))
                    " " (text!("account-code-asked")) " "
                    (text!("account-codes-left", count = own.codes_left))
                    @if own.short_codes { " " (text!("account-codes-short")) }
                }
                (button(&signed.csrf, "codes", &text!("account-make-new-recovery-codes"),
                    faults, true))
                (button(&signed.csrf, "off", &text!("account-switch-codes-off"), faults, true))
            }
            (Some(_), Some(secret)) => { (set_up(&own.account.login, secret, signed, faults)) }
            _ => {
                p.govuk-body {
                    (parts::tag(Some("yellow"), &text!("account-off")))
                    " " (text!("account-code-off"))
                }
                (button(&signed.csrf, "begin", &text!("account-set-up-codes"), faults, false))
            }
        }
    }
}

fn codes(fresh: &[String]) -> Markup {
    html! {
        @if !fresh.is_empty() {
            div.govuk-inset-text {
                p.govuk-body {
                    (text!("account-your-recovery-codes-shown"))
                }
                ul.govuk-list { @for code in fresh { li { code { (code) } } } }
            }
        }
    }
}

fn set_up(login: &str, secret: &[u8], signed: &SignedIn, faults: &[form::Fault]) -> Markup {
    html! {
        p.govuk-body { (text!("account-scan-picture-with-your")) }
        @let link = second_factor::link(secret, login);
        @if let Some(picture) = enrolling::picture(&link) { (picture) }
        p.govuk-body {
            (rich!("account-key", key = html! { code { (second_factor::base32(secret)) } }))
        }
        (button(&signed.csrf, "confirm", &text!("account-switch-codes-on"), faults, true))
    }
}

/// A form of one button, with a field for a code where one is asked for.
fn button(csrf: &str, what: &str, label: &str, faults: &[form::Fault], code: bool) -> Markup {
    html! {
        form method="post" action="/account" {
            (csrf_field(csrf))
            @if code {
                @let id = format!("code-{what}");
                @let wrong = form::fault_of(faults, "code").is_some();
                div.govuk-form-group .govuk-form-group--error[wrong] {
                    label.govuk-label for=(id) { (text!("account-code-from-app")) }
                    (form::error_message(&id, form::fault_of(faults, "code")))
                    input."govuk-input govuk-input--width-10" id=(id) name="code" type="text"
                        inputmode="numeric" autocomplete="one-time-code";
                }
            }
            button."govuk-button govuk-button--secondary" name="what" value=(what) { (label) }
        }
    }
}

fn sessions(sessions: &[Session], signed: &SignedIn, now: DateTime<Utc>) -> Markup {
    let this = signed.token.hash();
    let rows: Vec<_> = sessions
        .iter()
        .map(|session| {
            vec![
                parts::instant(session.started, &times::short(session.started, now)),
                parts::instant(session.seen, &times::short(session.seen, now)),
                html! {
                    @if session.token_hash == this { (text!("account-one")) }
                    @else { (text!("account-another")) }
                },
            ]
        })
        .collect();
    html! {
        (parts::table(&text!("account-where-you-are-signed"), &[&text!("account-since"),
            &text!("account-last-used"), &text!("account-which")], &rows))
        @if sessions.len() > 1 {
            (button(&signed.csrf, "end-others", &text!("account-end-all-but-one"), &[], false))
        }
    }
}

/// `POST /account`.
pub async fn change(
    State(state): State<AppState>,
    signed: SignedIn,
    Form(typed): Form<Typed>,
) -> Response {
    problem::or_page(&signed, act(&state, &signed, &typed).await)
}

async fn act(state: &AppState, signed: &SignedIn, typed: &Typed) -> Result<Response, Refusal> {
    signed.check(&typed.csrf)?;
    if signed.owed == Some(Owed::OwnPassword) {
        return Ok(Redirect::to("/account").into_response());
    }
    if typed.what != "end-others" && !is_staff(state, signed).await? {
        return Err(Refusal::NotFound);
    }
    match typed.what.as_str() {
        "begin" => begin(state, signed).await?,
        "end-others" => end_others(state, signed).await?,
        "confirm" | "codes" | "off" => return with_code(state, signed, typed).await,
        _ => return Err(Refusal::NotFound),
    }
    Ok(Redirect::to("/account").into_response())
}

/// Whether this is somebody of the organisation: the emergency access has no codes.
async fn is_staff(state: &AppState, signed: &SignedIn) -> Result<bool, StoreError> {
    let person = signed.viewer.person;
    let look = move |tx: &dyn Tx| tx.person(person);
    Ok(state.db.read(look).await?.is_some_and(|person: Person| person.is_staff()))
}

/// Makes a secret that counts once a first code was shown.
async fn begin(state: &AppState, signed: &SignedIn) -> Result<(), Refusal> {
    let person = signed.viewer.person;
    let sealing = Sealing::of(state)?;
    let secret = sealing.seal(person, state.ambient.random(), state.ambient.random());
    let work = move |tx: &mut dyn Tx| {
        if tx.second_factor(person)?.is_some_and(|factor| factor.confirmed.is_some()) {
            return Ok::<_, StoreError>(());
        }
        let secret = secret.clone();
        tx.put_second_factor(&SecondFactor { person, secret, confirmed: None, last_step: 0 })
    };
    Ok(state.db.write(work).await?)
}

async fn end_others(state: &AppState, signed: &SignedIn) -> Result<(), Refusal> {
    let (person, this) = (signed.viewer.person, signed.token.hash());
    let work = move |tx: &mut dyn Tx| {
        for session in tx.sessions_of(person)?.iter().filter(|other| other.token_hash != this) {
            tx.end_session(session.token_hash)?;
        }
        Ok::<_, StoreError>(())
    };
    Ok(state.db.write(work).await?)
}

/// What takes a code: switching on and off, and new recovery codes.
async fn with_code(
    state: &AppState,
    signed: &SignedIn,
    typed: &Typed,
) -> Result<Response, Refusal> {
    let (person, now) = (signed.viewer.person, state.ambient.now());
    let (sealing, code) = (Sealing::of(state)?, typed.code.clone());
    let look = move |tx: &dyn Tx| {
        let Some(account) = tx.account_of(person)? else { return Ok(None) };
        let login_hash = Hash::of(account.login.as_bytes());
        let failures = tx.failures(login_hash)?;
        let must_wait = failures.is_some_and(|failures| sign_in::must_wait(failures, now));
        Ok::<_, StoreError>(Some((login_hash, must_wait)))
    };
    let (login_hash, must_wait) = state.db.read(look).await?.ok_or(Refusal::NotFound)?;
    let fresh = second_factor::recovery_codes(state);
    let hashes: Vec<Hash> = fresh.iter().map(|code| hash_of_code(code)).collect();
    let what = typed.what.clone();
    let work = move |tx: &mut dyn Tx| {
        let Some(factor) = tx.second_factor(person)? else { return Ok::<_, StoreError>(false) };
        if !second_factor::admit(tx, &sealing, &factor, &code, now)? {
            return Ok(false);
        }
        if what == "off" {
            tx.remove_second_factor(person)?;
            return Ok(true);
        }
        let Some(factor) = tx.second_factor(person)? else { return Ok(false) };
        let confirmed = factor.confirmed.or(Some(now));
        tx.put_second_factor(&SecondFactor { confirmed, ..factor })?;
        tx.put_recovery_codes(person, &hashes)?;
        Ok(true)
    };
    // As at the sign-in: whoever has found an open window cannot try all codes.
    let right = !must_wait && state.db.write(work).await?;
    if !right {
        if !must_wait {
            sign_in::fail(state, login_hash).await?;
        }
        return with_faults(state, signed, &[("code", text!("account-wrong-code"))]).await;
    }
    match typed.what.as_str() {
        "off" => Ok(Redirect::to("/account").into_response()),
        _ => draw(state, signed, Said { fresh_codes: &fresh, ..Said::default() }).await,
    }
}
