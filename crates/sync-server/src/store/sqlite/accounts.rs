//! Accounts on SQLite.

use chrono::{DateTime, Utc};
use doorstep_core::ids::PersonId;
use doorstep_core::seal::Hash;
use rusqlite::types::Type;
use rusqlite::{OptionalExtension as _, Row, params};

use super::SqliteTx;
use crate::store::StoreError;
use crate::store::accounts::{Account, Accounts, Failures, Session};

const ACCOUNT: &str =
    "select person, login, password, created_ms, password_ms, disabled_ms from account";

impl Accounts for SqliteTx<'_> {
    fn account(&self, login: &str) -> Result<Option<Account>, StoreError> {
        self.conn
            .prepare_cached(&format!("{ACCOUNT} where login = ?1"))
            .and_then(|mut query| query.query_row(params![login], account).optional())
            .map_err(failed("read an account"))
    }

    fn account_of(&self, person: PersonId) -> Result<Option<Account>, StoreError> {
        self.conn
            .prepare_cached(&format!("{ACCOUNT} where person = ?1"))
            .and_then(|mut query| query.query_row([person.to_string()], account).optional())
            .map_err(failed("read an account"))
    }

    fn put_account(&mut self, account: &Account) -> Result<(), StoreError> {
        self.run(
            "write an account",
            "insert into account (person, login, password, created_ms, password_ms, disabled_ms)
             values (?1, ?2, ?3, ?4, ?5, ?6)
             on conflict (person) do update set login = excluded.login,
                 password = excluded.password, created_ms = excluded.created_ms,
                 password_ms = excluded.password_ms, disabled_ms = excluded.disabled_ms",
            params![
                account.person.to_string(),
                account.login,
                account.password,
                account.created.timestamp_millis(),
                account.password_set.timestamp_millis(),
                account.disabled.map(|at| at.timestamp_millis()),
            ],
        )
    }

    fn session(&self, token_hash: Hash) -> Result<Option<Session>, StoreError> {
        self.conn
            .prepare_cached("select person, started_ms, seen_ms from session where token_hash = ?1")
            .and_then(|mut query| {
                let session = |row: &Row<'_>| {
                    Ok(Session {
                        token_hash,
                        person: person(row, 0)?,
                        started: instant(row, 1)?,
                        seen: instant(row, 2)?,
                    })
                };
                query.query_row([token_hash.0], session).optional()
            })
            .map_err(failed("read a session"))
    }

    fn put_session(&mut self, session: &Session) -> Result<(), StoreError> {
        self.run(
            "write a session",
            "insert into session (token_hash, person, started_ms, seen_ms)
             values (?1, ?2, ?3, ?4)
             on conflict (token_hash) do update set person = excluded.person,
                 started_ms = excluded.started_ms, seen_ms = excluded.seen_ms",
            params![
                session.token_hash.0,
                session.person.to_string(),
                session.started.timestamp_millis(),
                session.seen.timestamp_millis(),
            ],
        )
    }

    fn end_session(&mut self, token_hash: Hash) -> Result<(), StoreError> {
        self.run(
            "end a session",
            "delete from session where token_hash = ?1",
            params![token_hash.0],
        )
    }

    fn end_sessions_of(&mut self, person: PersonId) -> Result<(), StoreError> {
        self.run(
            "end the sessions of a person",
            "delete from session where person = ?1",
            params![person.to_string()],
        )
    }

    fn end_stale_sessions(
        &mut self,
        started_before: DateTime<Utc>,
        seen_before: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.run(
            "end stale sessions",
            "delete from session where started_ms < ?1 or seen_ms < ?2",
            params![started_before.timestamp_millis(), seen_before.timestamp_millis()],
        )
    }

    fn failures(&self, login_hash: Hash) -> Result<Option<Failures>, StoreError> {
        self.conn
            .prepare_cached("select count, last_ms from sign_in_failure where login_hash = ?1")
            .and_then(|mut query| {
                let failures =
                    |row: &Row<'_>| Ok(Failures { count: row.get(0)?, last: instant(row, 1)? });
                query.query_row([login_hash.0], failures).optional()
            })
            .map_err(failed("read failed sign-ins"))
    }

    fn put_failures(&mut self, login_hash: Hash, failures: Failures) -> Result<(), StoreError> {
        self.run(
            "write failed sign-ins",
            "insert into sign_in_failure (login_hash, count, last_ms) values (?1, ?2, ?3)
             on conflict (login_hash) do update set count = excluded.count,
                 last_ms = excluded.last_ms",
            params![login_hash.0, failures.count, failures.last.timestamp_millis()],
        )
    }

    fn clear_failures(&mut self, login_hash: Hash) -> Result<(), StoreError> {
        self.run(
            "forget failed sign-ins",
            "delete from sign_in_failure where login_hash = ?1",
            params![login_hash.0],
        )
    }

    fn clear_failures_before(&mut self, instant: DateTime<Utc>) -> Result<(), StoreError> {
        self.run(
            "forget failed sign-ins",
            "delete from sign_in_failure where last_ms < ?1",
            params![instant.timestamp_millis()],
        )
    }
}

impl SqliteTx<'_> {
    fn run(
        &self,
        operation: &'static str,
        statement: &str,
        values: impl rusqlite::Params,
    ) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(statement)
            .and_then(|mut prepared| prepared.execute(values))
            .map(|_| ())
            .map_err(failed(operation))
    }
}

fn account(row: &Row<'_>) -> rusqlite::Result<Account> {
    let disabled: Option<i64> = row.get(5)?;
    Ok(Account {
        person: person(row, 0)?,
        login: row.get(1)?,
        password: row.get(2)?,
        created: instant(row, 3)?,
        password_set: instant(row, 4)?,
        disabled: disabled.map(|_| instant(row, 5)).transpose()?,
    })
}

fn person(row: &Row<'_>, column: usize) -> rusqlite::Result<PersonId> {
    let text: String = row.get(column)?;
    text.parse().map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error))
    })
}

fn instant(row: &Row<'_>, column: usize) -> rusqlite::Result<DateTime<Utc>> {
    let millis: i64 = row.get(column)?;
    DateTime::from_timestamp_millis(millis)
        .ok_or(rusqlite::Error::IntegralValueOutOfRange(column, millis))
}

fn failed(operation: &'static str) -> impl FnOnce(rusqlite::Error) -> StoreError {
    move |source| StoreError::Query { operation, source: Box::new(source) }
}
