//! Accounts of the console, as commands make them.

use chrono::{DateTime, TimeDelta, Utc};
use doorstep_core::ids::PersonId;

use super::happened::{self, Event};
use super::password::{self, Salt, WeakPassword};
use crate::ambient::Ambient;
use crate::store::accounts::{Account, Happening};
use crate::store::directory::Person;
use crate::store::{Db, StoreError, Tx};

/// Characters that a login has at most.
pub const LOGIN_MAX: usize = 254;
/// For how long a first password opens a session.
pub const FIRST_PASSWORD_WORKS: TimeDelta = TimeDelta::hours(72);
/// What this is called: nobody's password.
const PRODUCT: &str = "doorstep";

/// Why an account was not made or changed.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// The login is empty, too long, or holds spaces.
    #[error("a name to sign in with has 1 to {LOGIN_MAX} characters and no spaces")]
    Login,
    /// The login belongs to somebody else.
    #[error("this name to sign in with belongs to somebody else")]
    Taken,
    /// There is no such person.
    #[error("there is no such person")]
    NoSuchPerson,
    /// The password is not good enough.
    #[error(transparent)]
    Password(#[from] WeakPassword),
    /// The store refused.
    #[error("the account could not be stored")]
    Store(#[from] StoreError),
}

/// Whose choice a password is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Chosen {
    /// The person's own: it stays.
    Own,
    /// Somebody else's: it opens one session, in which the person sets an own one.
    First,
}

/// A login in the form in which it is stored and compared.
pub fn normalise(login: &str) -> String {
    login.trim().to_lowercase()
}

/// What somebody would try first for this person.
pub fn context(tx: &dyn Tx, person: &Person) -> Result<Vec<String>, StoreError> {
    let organisation = tx.organisation()?.map(|found| found.name);
    let own = [Some(person.name.reveal().clone()), Some(person.external.clone()), organisation];
    Ok(own.into_iter().flatten().chain([PRODUCT.to_owned()]).collect())
}

/// Gives a person an account with this login and this password of their own, or changes both of the
/// one that is there. Ends the person's sessions and lifts a suspension. The codes at sign-in stay.
pub async fn set_password(
    db: &Db,
    ambient: &Ambient,
    person: PersonId,
    login: &str,
    password: &str,
) -> Result<(), AccountError> {
    put(db, ambient, person, (login, password), Chosen::Own).await.map(drop)
}

/// The same with a first password, which somebody else chose; answers until when it works. Whoever
/// signs in with it sets an own one before anything else.
pub async fn set_first_password(
    db: &Db,
    ambient: &Ambient,
    person: PersonId,
    login: &str,
    password: &str,
) -> Result<DateTime<Utc>, AccountError> {
    put(db, ambient, person, (login, password), Chosen::First).await
}

async fn put(
    db: &Db,
    ambient: &Ambient,
    person: PersonId,
    (login, password): (&str, &str),
    chosen: Chosen,
) -> Result<DateTime<Utc>, AccountError> {
    let login = normalise(login);
    let spaced = login.chars().any(|letter| letter.is_whitespace() || letter.is_control());
    if login.is_empty() || login.chars().count() > LOGIN_MAX || spaced {
        return Err(AccountError::Login);
    }
    let look = move |tx: &dyn Tx| {
        let found = tx.person(person)?.filter(Person::is_staff);
        context(tx, found.as_ref().ok_or(AccountError::NoSuchPerson)?).map_err(AccountError::from)
    };
    password::check(&login, db.read(look).await?, password).await?;
    let now = ambient.now();
    let until = now + FIRST_PASSWORD_WORKS;
    let salt: Salt = ambient.random();
    let hash = password::hash(password.to_owned(), salt).await;
    db.write(move |tx: &mut dyn Tx| {
        let known = tx.account_of(person)?;
        if tx.account(&login)?.is_some_and(|account| account.person != person) {
            return Err(AccountError::Taken);
        }
        let what = if known.is_some() { Happening::PasswordReset } else { Happening::Made };
        tx.put_account(&Account {
            person,
            login: login.clone(),
            password: hash.clone(),
            created: known.map_or(now, |account| account.created),
            password_set: now,
            first_until: (chosen == Chosen::First).then_some(until),
            disabled: None,
        })?;
        happened::write(tx, Event { person, what, reason: None }, now)?;
        tx.end_sessions_of(person)?;
        Ok(until)
    })
    .await
}

/// Switches a person's codes at sign-in off, because the phone and the recovery codes are gone; the
/// person and their manager are told. Answers whether they were on.
pub async fn remove_codes(
    db: &Db,
    ambient: &Ambient,
    person: PersonId,
) -> Result<bool, AccountError> {
    let now = ambient.now();
    db.write(move |tx: &mut dyn Tx| {
        if tx.second_factor(person)?.is_none() {
            return Ok(false);
        }
        tx.remove_second_factor(person)?;
        tx.end_sessions_of(person)?;
        happened::write(tx, Event { person, what: Happening::CodesRemoved, reason: None }, now)?;
        Ok(true)
    })
    .await
}

/// Suspends a person's account and ends their sessions. Nothing happens where there is none.
pub async fn disable(db: &Db, ambient: &Ambient, person: PersonId) -> Result<(), AccountError> {
    let now = ambient.now();
    db.write(move |tx: &mut dyn Tx| {
        if let Some(account) = tx.account_of(person)? {
            tx.put_account(&Account { disabled: Some(now), ..account })?;
        }
        Ok(tx.end_sessions_of(person)?)
    })
    .await
}
