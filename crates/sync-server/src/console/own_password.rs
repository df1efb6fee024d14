//! Setting one's own password on `/account`: with the password of now, and a code where codes are
//! on. It ends every other session, and the one in which it happens goes on under a new token.

use axum::extract::{Form, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use doorstep_core::seal::Hash;
use maud::{Markup, html};
use serde::Deserialize;

use super::happened::{self, Event};
use super::page::{Page, Section, csrf_field};
use super::password::{self, LENGTH_MIN, Salt, WeakPassword};
use super::problem::{self, Refusal};
use super::second_factor::{self, Sealing};
use super::session::{Jar, Owed, SignedIn, Token};
use super::text::text;
use super::{accounts, form, parts, sign_in};
use crate::app::AppState;
use crate::store::accounts::{Account, Happening, Session};
use crate::store::directory::Person;
use crate::store::{StoreError, Tx};

/// What was typed.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Typed {
    csrf: String,
    now: String,
    new: String,
    code: String,
}

/// What checking needs of the account.
struct Known {
    account: Account,
    context: Vec<String>,
    has_codes: bool,
    must_wait: bool,
}

/// What is wrong with what was typed.
enum Wrong {
    /// The password of now, or the code, or it came too early after others that were wrong.
    Proof,
    /// The new password is the one of now.
    Same,
    /// The new password is not good enough.
    Weak(WeakPassword),
}

impl Wrong {
    fn fault(&self) -> form::Fault {
        match self {
            Self::Proof => ("password-now", text!("password-wrong")),
            Self::Same => ("password-new", text!("password-same")),
            Self::Weak(why) => ("password-new", weak(*why)),
        }
    }
}

/// Why a password is not taken, for the page.
fn weak(why: WeakPassword) -> String {
    match why {
        WeakPassword::TooShort => text!("password-weak-short", count = LENGTH_MIN),
        WeakPassword::TooLong => text!("password-weak-long", count = password::BYTES_MAX),
        WeakPassword::ContainsLogin => text!("password-weak-login"),
        WeakPassword::Common => text!("password-weak-common"),
    }
}

/// The page of whoever has to set one before anything else.
pub fn first_page(signed: &SignedIn, has_codes: bool, faults: &[form::Fault]) -> Response {
    let summary: Vec<_> = faults.iter().map(|(field, words)| (*field, words.as_str())).collect();
    let status = if faults.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = Page {
        title: super::page::title(text!("password-first-title"), !faults.is_empty()),
        section: Section::Elsewhere,
        signed: Some(signed.signed()),
        back: None,
        content: html! {
            (parts::error_summary(&summary))
            h1.govuk-heading-l { (text!("password-first-title")) }
            p.govuk-body { (text!("password-first-words")) }
            (fields(&signed.csrf, has_codes, faults))
        },
    };
    (status, page.draw()).into_response()
}

/// The part of the page of one's account.
pub fn part(signed: &SignedIn, has_codes: bool, faults: &[form::Fault]) -> Markup {
    html! {
        h2.govuk-heading-m { (text!("password-title")) }
        (fields(&signed.csrf, has_codes, faults))
    }
}

fn fields(csrf: &str, has_codes: bool, faults: &[form::Fault]) -> Markup {
    let hint = text!("password-new-hint", count = LENGTH_MIN);
    html! {
        form method="post" action="/account/password" novalidate {
            (csrf_field(csrf))
            (field("now", "current-password", &text!("password-now"), "", faults))
            (field("new", "new-password", &text!("password-new"), &hint, faults))
            @if has_codes {
                (form::group("password-code", &text!("sign-in-code"),
                    &text!("password-code-hint"), &[], &html! {
                        input."govuk-input govuk-input--width-10" #password-code name="code"
                            type="text" autocomplete="one-time-code" spellcheck="false"
                            autocapitalize="none" aria-describedby="password-code-hint";
                    }))
            }
            button.govuk-button data-module="govuk-button" { (text!("password-change")) }
        }
    }
}

/// A field for a password, which can be shown.
fn field(name: &str, kind: &str, label: &str, hint: &str, faults: &[form::Fault]) -> Markup {
    let id = format!("password-{name}");
    let fault = form::fault_of(faults, &id);
    html! {
        div."govuk-form-group govuk-password-input" .govuk-form-group--error[fault.is_some()]
            data-module="govuk-password-input" {
            label.govuk-label for=(id) { (label) }
            @if !hint.is_empty() { div.govuk-hint id=(format!("{id}-hint")) { (hint) } }
            (form::error_message(&id, fault))
            div."govuk-input__wrapper govuk-password-input__wrapper" {
                input."govuk-input govuk-password-input__input govuk-js-password-input-input"
                    .govuk-input--error[fault.is_some()] id=(id) name=(name) type="password"
                    autocomplete=(kind) spellcheck="false" autocapitalize="none"
                    aria-describedby=(format!("{id}-hint {id}-error"));
                button."govuk-button govuk-button--secondary govuk-password-input__toggle \
                        govuk-js-password-input-toggle" type="button" aria-controls=(id)
                    aria-label=(text!("sign-in-show-password")) hidden { (text!("sign-in-show")) }
            }
        }
    }
}

/// `POST /account/password`.
pub async fn change(
    State(state): State<AppState>,
    signed: SignedIn,
    Form(typed): Form<Typed>,
) -> Response {
    problem::or_page(&signed, act(&state, &signed, &typed).await)
}

async fn act(state: &AppState, signed: &SignedIn, typed: &Typed) -> Result<Response, Refusal> {
    signed.check(&typed.csrf)?;
    let (person, now) = (signed.viewer.person, state.ambient.now());
    let look = move |tx: &dyn Tx| gather(tx, person, now);
    let known = state.db.read(look).await?.ok_or(Refusal::NotFound)?;
    let has_codes = known.has_codes;
    let was_first = signed.owed == Some(Owed::OwnPassword);
    match exchange(state, signed, typed, known).await? {
        Ok(fresh) => {
            let mut response = if was_first {
                Redirect::to("/").into_response()
            } else {
                let signed =
                    SignedIn { csrf: fresh.csrf(), token: fresh.clone(), ..signed.clone() };
                super::account::changed(state, &signed).await?
            };
            Jar::Session.give(state, &fresh, &mut response);
            Ok(response)
        }
        Err(wrong) if was_first => Ok(first_page(signed, has_codes, &[wrong.fault()])),
        Err(wrong) => super::account::with_faults(state, signed, &[wrong.fault()]).await,
    }
}

fn gather(
    tx: &dyn Tx,
    person: doorstep_core::ids::PersonId,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<Option<Known>, StoreError> {
    // Whoever uses the emergency access asks for another one-time password instead.
    let Some(found) = tx.person(person)?.filter(Person::is_staff) else { return Ok(None) };
    let Some(account) = tx.account_of(person)? else { return Ok(None) };
    let factor = tx.second_factor(person)?;
    let failures = tx.failures(Hash::of(account.login.as_bytes()))?;
    Ok(Some(Known {
        context: accounts::context(tx, &found)?,
        has_codes: factor.is_some_and(|factor| factor.confirmed.is_some()),
        must_wait: failures.is_some_and(|failures| sign_in::must_wait(failures, now)),
        account,
    }))
}

/// Changes the password; answers the token under which the session goes on.
async fn exchange(
    state: &AppState,
    signed: &SignedIn,
    typed: &Typed,
    known: Known,
) -> Result<Result<Token, Wrong>, Refusal> {
    let Known { account, context, must_wait, .. } = known;
    let login_hash = Hash::of(account.login.as_bytes());
    if must_wait {
        return Ok(Err(Wrong::Proof));
    }
    let (old, new) = (typed.now.clone(), typed.new.clone());
    if !password::verify(old.clone(), Some(account.password.clone())).await {
        sign_in::fail(state, login_hash).await?;
        return Ok(Err(Wrong::Proof));
    }
    if old == new {
        return Ok(Err(Wrong::Same));
    }
    if let Err(why) = password::check(&account.login, context, &new).await {
        return Ok(Err(Wrong::Weak(why)));
    }
    let salt: Salt = state.ambient.random();
    let hash = password::hash(new, salt).await;
    let fresh = Token::new(state.ambient.random());
    let (sealing, code, now) = (Sealing::of(state)?, typed.code.clone(), state.ambient.now());
    let (person, before, token_hash) = (signed.viewer.person, signed.token.hash(), fresh.hash());
    let work = move |tx: &mut dyn Tx| {
        // The session may have been ended, and the password changed, while this one was hashed.
        let Some(session) = tx.session(before)? else { return Ok::<_, StoreError>(false) };
        let unchanged = |found: &Account| found.password == account.password;
        let Some(found) = tx.account_of(person)?.filter(unchanged) else { return Ok(false) };
        if let Some(factor) = tx.second_factor(person)?.filter(|factor| factor.confirmed.is_some())
            && !second_factor::admit(tx, &sealing, &factor, &code, now)?
        {
            return Ok(false);
        }
        tx.put_account(&Account {
            password: hash.clone(),
            password_set: now,
            first_until: None,
            ..found
        })?;
        tx.end_sessions_of(person)?;
        tx.clear_failures(login_hash)?;
        tx.put_session(&Session { token_hash, person, started: session.started, seen: now })?;
        happened::write(tx, Event { person, what: Happening::PasswordChanged, reason: None }, now)?;
        Ok(true)
    };
    if state.db.write(work).await? {
        return Ok(Ok(fresh));
    }
    sign_in::fail(state, login_hash).await?;
    Ok(Err(Wrong::Proof))
}
