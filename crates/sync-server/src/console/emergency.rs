//! The emergency access: an account of its own for when nobody can sign in. It is made only at the
//! server's own machine, by whoever can read the data folder; its password opens one session, and
//! all of it ends after some hours. Whoever uses it administers, holds no child, and opens a record
//! with a typed reason like everybody else; each step is told to those who answer for the service.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use doorstep_core::event::Role;
use doorstep_core::ids::PersonId;

use super::accounts::AccountError;
use super::happened::{self, Event};
use super::password::{self, Salt};
use crate::ambient::Ambient;
use crate::enrol::code_of;
use crate::store::accounts::{Account, Happening};
use crate::store::directory::Person;
use crate::store::{Db, Tx};

/// The name to sign in with.
pub const LOGIN: &str = "emergency-access";
/// For how long it is open where nobody says otherwise.
pub const OPEN: TimeDelta = TimeDelta::hours(4);
/// For how long it is open at most.
pub const OPEN_MAX: TimeDelta = TimeDelta::hours(12);
/// Letters of the password: 125 bits.
const PASSWORD_LETTERS: usize = 25;
/// How it is called where its deeds are shown.
const NAME: &str = "Emergency access";

/// What was opened. The password is shown once, and stored nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The password, for one session.
    pub password: String,
    /// When all of it ends (UTC).
    pub until: DateTime<Utc>,
}

/// Opens it, for this reason and this long; where it is open already, with a new password and for
/// longer, and the sessions of before are ended.
pub async fn open(
    db: &Db,
    ambient: &Ambient,
    reason: &str,
    time: TimeDelta,
) -> Result<Opened, AccountError> {
    let now = ambient.now();
    let until = now + time.min(OPEN_MAX);
    let password = code_of(&ambient.random::<PASSWORD_LETTERS>());
    let salt: Salt = ambient.random();
    let hash = password::hash(password.clone(), salt).await;
    let (fresh, reason) = (PersonId::at(now, ambient.entropy()), reason.to_owned());
    db.write(move |tx: &mut dyn Tx| {
        let known = tx.person_called(Person::EMERGENCY)?;
        let person = known.map_or(fresh, |known| known.id);
        if tx.account(LOGIN)?.is_some_and(|account| account.person != person) {
            return Err(AccountError::Taken);
        }
        tx.put_person(&whoever(person, until))?;
        tx.end_sessions_of(person)?;
        tx.put_account(&Account {
            person,
            login: LOGIN.to_owned(),
            password: hash.clone(),
            created: now,
            password_set: now,
            first_until: Some(until),
            disabled: None,
        })?;
        let reason = Some(reason.clone().into());
        happened::write(tx, Event { person, what: Happening::EmergencyOpened, reason }, now)?;
        Ok(())
    })
    .await?;
    Ok(Opened { password, until })
}

/// Whoever uses it.
fn whoever(id: PersonId, until: DateTime<Utc>) -> Person {
    Person {
        id,
        external: Person::EMERGENCY.to_owned(),
        name: NAME.into(),
        role: Role::DutyWorker,
        also: BTreeSet::new(),
        administrator: true,
        auditor: false,
        team: None,
        email: None,
        phone: None,
        line_manager: None,
        left: Some(until),
    }
}

/// Ends it before its time; answers whether it was open.
pub async fn end(db: &Db, ambient: &Ambient) -> Result<bool, AccountError> {
    let now = ambient.now();
    db.write(move |tx: &mut dyn Tx| {
        let known = tx.person_called(Person::EMERGENCY)?;
        let Some(known) = known.filter(|known| known.is_active(now)) else { return Ok(false) };
        let person = known.id;
        tx.put_person(&Person { left: Some(now), ..known })?;
        tx.end_sessions_of(person)?;
        let what = Happening::EmergencyEnded;
        happened::write(tx, Event { person, what, reason: None }, now)?;
        Ok(true)
    })
    .await
}
