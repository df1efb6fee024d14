//! Accounts on SQLite.

use chrono::{DateTime, Utc};
use doorstep_core::ids::PersonId;
use doorstep_core::seal::Hash;
use rusqlite::{Row, params};

use super::SqliteTx;
use super::oversight::limit;
use super::values::{hash, instant, instant_option, ms, ms_option, parsed, signed};
use crate::store::StoreError;
use crate::store::accounts::{Account, AccountEvent, Accounts, Failures, SecondFactor, Session};

impl Accounts for SqliteTx<'_> {
    fn account(&self, login: &str) -> Result<Option<Account>, StoreError> {
        self.one("read an account", "SELECT * FROM account WHERE login = ?1", [login], account)
    }

    fn account_of(&self, person: PersonId) -> Result<Option<Account>, StoreError> {
        let sql = "SELECT * FROM account WHERE person = ?1";
        self.one("read an account", sql, [person.to_string()], account)
    }

    fn put_account(&mut self, account: &Account) -> Result<(), StoreError> {
        let sql = "INSERT INTO account
                (person, login, password, created_ms, password_ms, disabled_ms, first_until_ms)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
            ON CONFLICT (person) DO UPDATE SET login = excluded.login,
                password = excluded.password, created_ms = excluded.created_ms,
                password_ms = excluded.password_ms, disabled_ms = excluded.disabled_ms,
                first_until_ms = excluded.first_until_ms";
        let values = params![
            account.person.to_string(),
            account.login,
            account.password,
            ms(account.created),
            ms(account.password_set),
            ms_option(account.disabled),
            ms_option(account.first_until),
        ];
        self.execute("write an account", sql, values).map(drop)
    }

    fn session(&self, token_hash: Hash) -> Result<Option<Session>, StoreError> {
        let sql = "SELECT * FROM session WHERE token_hash = ?1";
        self.one("read a session", sql, [token_hash.0], session)
    }

    fn put_session(&mut self, session: &Session) -> Result<(), StoreError> {
        let sql = "INSERT INTO session (token_hash, person, started_ms, seen_ms)
            VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT (token_hash) DO UPDATE SET person = excluded.person,
                started_ms = excluded.started_ms, seen_ms = excluded.seen_ms";
        let values = params![
            session.token_hash.0,
            session.person.to_string(),
            ms(session.started),
            ms(session.seen),
        ];
        self.execute("write a session", sql, values).map(drop)
    }

    fn end_session(&mut self, token_hash: Hash) -> Result<(), StoreError> {
        let sql = "DELETE FROM session WHERE token_hash = ?1";
        self.execute("end a session", sql, [token_hash.0]).map(drop)
    }

    fn end_sessions_of(&mut self, person: PersonId) -> Result<(), StoreError> {
        let sql = "DELETE FROM session WHERE person = ?1";
        self.execute("end the sessions of a person", sql, [person.to_string()]).map(drop)
    }

    fn end_stale_sessions(
        &mut self,
        started_before: DateTime<Utc>,
        seen_before: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let sql = "DELETE FROM session WHERE started_ms < ?1 OR seen_ms < ?2";
        let values = [ms(started_before), ms(seen_before)];
        self.execute("end stale sessions", sql, values).map(drop)
    }

    fn sessions_of(&self, person: PersonId) -> Result<Vec<Session>, StoreError> {
        let sql = "SELECT * FROM session WHERE person = ?1 ORDER BY started_ms DESC";
        self.all("list a person's sessions", sql, [person.to_string()], session)
    }

    fn second_factor(&self, person: PersonId) -> Result<Option<SecondFactor>, StoreError> {
        let sql = "SELECT secret, confirmed_ms, last_step FROM second_factor WHERE person = ?1";
        self.one("read a second factor", sql, [person.to_string()], |row| {
            let confirmed = instant_option(row, "confirmed_ms")?;
            let (secret, last_step) = (row.get("secret")?, row.get("last_step")?);
            Ok(SecondFactor { person, secret, confirmed, last_step })
        })
    }

    fn second_factors(&self) -> Result<Vec<SecondFactor>, StoreError> {
        let sql = "SELECT person, secret, confirmed_ms, last_step FROM second_factor";
        self.all("list second factors", sql, [], |row| {
            let (person, confirmed) =
                (parsed(row, "person")?, instant_option(row, "confirmed_ms")?);
            let (secret, last_step) = (row.get("secret")?, row.get("last_step")?);
            Ok(SecondFactor { person, secret, confirmed, last_step })
        })
    }

    fn put_second_factor(&mut self, factor: &SecondFactor) -> Result<(), StoreError> {
        let sql = "INSERT INTO second_factor (person, secret, confirmed_ms, last_step)
            VALUES (?1, ?2, ?3, ?4) ON CONFLICT (person) DO UPDATE SET secret = excluded.secret,
                confirmed_ms = excluded.confirmed_ms, last_step = excluded.last_step";
        let SecondFactor { person, secret, confirmed, last_step } = factor;
        let values = params![person.to_string(), secret, ms_option(*confirmed), last_step];
        self.execute("write a second factor", sql, values).map(drop)
    }

    fn remove_second_factor(&mut self, person: PersonId) -> Result<(), StoreError> {
        self.put_recovery_codes(person, &[])?;
        let sql = "DELETE FROM second_factor WHERE person = ?1";
        self.execute("remove a second factor", sql, [person.to_string()]).map(drop)
    }

    fn put_recovery_codes(&mut self, person: PersonId, codes: &[Hash]) -> Result<(), StoreError> {
        let sql = "DELETE FROM recovery_code WHERE person = ?1";
        self.execute("replace recovery codes", sql, [person.to_string()])?;
        let sql = "INSERT INTO recovery_code (person, hash, is_short) VALUES (?1, ?2, 0)";
        for code in codes {
            self.execute("write a recovery code", sql, params![person.to_string(), code.0])?;
        }
        Ok(())
    }

    fn use_recovery_code(
        &mut self,
        person: PersonId,
        code: Hash,
        at: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE recovery_code SET used_ms = ?3
            WHERE person = ?1 AND hash = ?2 AND used_ms IS NULL";
        let values = params![person.to_string(), code.0, ms(at)];
        Ok(self.execute("use a recovery code", sql, values)? > 0)
    }

    fn recovery_codes_left(&self, person: PersonId) -> Result<usize, StoreError> {
        let sql = "SELECT count(*) AS n FROM recovery_code WHERE person = ?1 AND used_ms IS NULL";
        let left =
            self.one("count recovery codes", sql, [person.to_string()], |row| row.get("n"))?;
        Ok(left.unwrap_or_default())
    }

    fn has_short_recovery_codes(&self, person: PersonId) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM recovery_code
            WHERE person = ?1 AND used_ms IS NULL AND is_short) AS any";
        let any =
            self.one("look at recovery codes", sql, [person.to_string()], |row| row.get("any"))?;
        Ok(any.unwrap_or_default())
    }

    fn add_account_event(
        &mut self,
        event: &AccountEvent,
        hear: &[PersonId],
    ) -> Result<u64, StoreError> {
        let sql = "INSERT INTO account_event (at_ms, person, what, reason) VALUES (?1, ?2, ?3, ?4)";
        let AccountEvent { at, person, what, reason, .. } = event;
        let values = params![ms(*at), person.to_string(), what.as_str(), reason];
        self.execute("write what happened to an account", sql, values)?;
        let number = self.last_number()?;
        let sql = "INSERT OR IGNORE INTO account_event_told (event, person) VALUES (?1, ?2)";
        for person in hear {
            let values = params![signed(number), person.to_string()];
            self.execute("write who is to hear of an account", sql, values)?;
        }
        Ok(number)
    }

    fn account_events(
        &self,
        person: Option<PersonId>,
        count: usize,
    ) -> Result<Vec<AccountEvent>, StoreError> {
        let sql = "SELECT * FROM account_event WHERE ?1 IS NULL OR person = ?1
            ORDER BY number DESC LIMIT ?2";
        let person = person.map(|person| person.to_string());
        let values = params![person, limit(count)];
        self.all("list what happened to accounts", sql, values, account_event)
    }

    fn untold_account_events(
        &self,
        count: usize,
    ) -> Result<Vec<(AccountEvent, PersonId)>, StoreError> {
        let sql = "SELECT account_event.*, told.person AS hears FROM account_event_told AS told
            JOIN account_event ON account_event.number = told.event
            WHERE told.told_ms IS NULL ORDER BY told.event LIMIT ?1";
        self.all("list who was not told of an account", sql, [limit(count)], |row| {
            Ok((account_event(row)?, parsed(row, "hears")?))
        })
    }

    fn told_account_event(
        &mut self,
        number: u64,
        person: PersonId,
        at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE account_event_told SET told_ms = ?3
            WHERE event = ?1 AND person = ?2 AND told_ms IS NULL";
        let values = params![signed(number), person.to_string(), ms(at)];
        self.execute("write who was told of an account", sql, values).map(drop)
    }

    fn failures(&self, login_hash: Hash) -> Result<Option<Failures>, StoreError> {
        let sql = "SELECT * FROM sign_in_failure WHERE login_hash = ?1";
        self.one("read failed sign-ins", sql, [login_hash.0], |row| {
            Ok(Failures { count: row.get("count")?, last: instant(row, "last_ms")? })
        })
    }

    fn put_failures(&mut self, login_hash: Hash, failures: Failures) -> Result<(), StoreError> {
        let sql = "INSERT INTO sign_in_failure (login_hash, count, last_ms) VALUES (?1, ?2, ?3)
            ON CONFLICT (login_hash) DO UPDATE SET count = excluded.count,
                last_ms = excluded.last_ms";
        let values = params![login_hash.0, failures.count, ms(failures.last)];
        self.execute("write failed sign-ins", sql, values).map(drop)
    }

    fn clear_failures(&mut self, login_hash: Hash) -> Result<(), StoreError> {
        let sql = "DELETE FROM sign_in_failure WHERE login_hash = ?1";
        self.execute("forget failed sign-ins", sql, [login_hash.0]).map(drop)
    }

    fn clear_failures_before(&mut self, instant: DateTime<Utc>) -> Result<(), StoreError> {
        let sql = "DELETE FROM sign_in_failure WHERE last_ms < ?1";
        self.execute("forget failed sign-ins", sql, [ms(instant)]).map(drop)
    }
}

fn account(row: &Row<'_>) -> rusqlite::Result<Account> {
    Ok(Account {
        person: parsed(row, "person")?,
        login: row.get("login")?,
        password: row.get("password")?,
        created: instant(row, "created_ms")?,
        password_set: instant(row, "password_ms")?,
        disabled: instant_option(row, "disabled_ms")?,
        first_until: instant_option(row, "first_until_ms")?,
    })
}

fn account_event(row: &Row<'_>) -> rusqlite::Result<AccountEvent> {
    Ok(AccountEvent {
        number: row.get("number")?,
        at: instant(row, "at_ms")?,
        person: parsed(row, "person")?,
        what: parsed(row, "what")?,
        reason: row.get("reason")?,
    })
}

fn session(row: &Row<'_>) -> rusqlite::Result<Session> {
    Ok(Session {
        token_hash: hash(row, "token_hash")?,
        person: parsed(row, "person")?,
        started: instant(row, "started_ms")?,
        seen: instant(row, "seen_ms")?,
    })
}
