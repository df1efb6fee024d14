//! Accounts of the console, as commands make them.

use doorstep_core::ids::PersonId;

use super::password::{self, Salt, WeakPassword};
use crate::ambient::Ambient;
use crate::store::accounts::Account;
use crate::store::{Db, StoreError, Tx};

/// Characters that a login has at most.
pub const LOGIN_MAX: usize = 254;

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

/// A login in the form in which it is stored and compared.
pub fn normalise(login: &str) -> String {
    login.trim().to_lowercase()
}

/// Gives a person an account with this login and password, or changes both of the one that is
/// there. Ends the person's sessions, lifts a suspension, and switches codes at sign-in off.
pub async fn set_password(
    db: &Db,
    ambient: &Ambient,
    person: PersonId,
    login: &str,
    password: &str,
) -> Result<(), AccountError> {
    let login = normalise(login);
    let spaced = login.chars().any(|letter| letter.is_whitespace() || letter.is_control());
    if login.is_empty() || login.chars().count() > LOGIN_MAX || spaced {
        return Err(AccountError::Login);
    }
    password::check(&login, password)?;
    let now = ambient.now();
    let salt: Salt = ambient.random();
    let hash = password::hash(password.to_owned(), salt).await;
    db.write(move |tx: &mut dyn Tx| {
        if tx.person(person)?.is_none() {
            return Err(AccountError::NoSuchPerson);
        }
        if tx.account(&login)?.is_some_and(|account| account.person != person) {
            return Err(AccountError::Taken);
        }
        let created = tx.account_of(person)?.map_or(now, |account| account.created);
        tx.put_account(&Account {
            person,
            login: login.clone(),
            password: hash.clone(),
            created,
            password_set: now,
            disabled: None,
        })?;
        // Whoever lost the phone comes back in this way, too.
        tx.remove_second_factor(person)?;
        Ok(tx.end_sessions_of(person)?)
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
