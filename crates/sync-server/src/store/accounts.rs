//! Sign-in to the console: accounts, sessions and failed attempts.

use chrono::{DateTime, Utc};
use doorstep_core::ids::PersonId;
use doorstep_core::seal::Hash;
use doorstep_core::words::UnknownWord;

use super::StoreError;
use crate::private::Private;

/// An account of the console.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Whose it is.
    pub person: PersonId,
    /// The name to sign in with, in lower case.
    pub login: String,
    /// The password's hash, a PHC string of Argon2id.
    pub password: String,
    /// When the account was made (UTC).
    pub created: DateTime<Utc>,
    /// When the password was set last (UTC).
    pub password_set: DateTime<Utc>,
    /// Until when a password that somebody else set opens a session (UTC), in which the person sets
    /// an own one before anything else; none: the password is the person's own.
    pub first_until: Option<DateTime<Utc>>,
    /// Since when it may not be used (UTC); none: it may.
    pub disabled: Option<DateTime<Utc>>,
}

/// Somebody is signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The hash of the token in the browser's cookie.
    pub token_hash: Hash,
    /// Who.
    pub person: PersonId,
    /// Since when (UTC).
    pub started: DateTime<Utc>,
    /// When the person last asked for something (UTC).
    pub seen: DateTime<Utc>,
}

/// Failed attempts in a row to sign in with one name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failures {
    /// How many.
    pub count: u32,
    /// The last of them (UTC).
    pub last: DateTime<Utc>,
}

/// A second factor at sign-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecondFactor {
    /// Whose.
    pub person: PersonId,
    /// The secret, sealed.
    pub secret: Vec<u8>,
    /// Since when a code is asked for (UTC); none: no first code was shown yet.
    pub confirmed: Option<DateTime<Utc>>,
    /// The last step whose code was used.
    pub last_step: i64,
}

/// What happened to an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happening {
    /// It was made, with a first password.
    Made,
    /// Somebody else set a first password again.
    PasswordReset,
    /// Its person set an own password.
    PasswordChanged,
    /// Somebody else switched the codes at sign-in off.
    CodesRemoved,
    /// The emergency access was opened.
    EmergencyOpened,
    /// Somebody signed in with the emergency access.
    EmergencyUsed,
    /// The emergency access was ended before its time.
    EmergencyEnded,
}

impl Happening {
    /// Every value.
    pub const ALL: &'static [Self] = &[
        Self::Made,
        Self::PasswordReset,
        Self::PasswordChanged,
        Self::CodesRemoved,
        Self::EmergencyOpened,
        Self::EmergencyUsed,
        Self::EmergencyEnded,
    ];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Made => "made",
            Self::PasswordReset => "password-reset",
            Self::PasswordChanged => "password-changed",
            Self::CodesRemoved => "codes-removed",
            Self::EmergencyOpened => "emergency-opened",
            Self::EmergencyUsed => "emergency-used",
            Self::EmergencyEnded => "emergency-ended",
        }
    }

    /// Whether it is about the emergency access.
    pub const fn is_emergency(self) -> bool {
        matches!(self, Self::EmergencyOpened | Self::EmergencyUsed | Self::EmergencyEnded)
    }
}

impl std::str::FromStr for Happening {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        let found = Self::ALL.iter().copied().find(|value| value.as_str() == text);
        found.ok_or_else(|| UnknownWord {
            word: text.to_owned(),
            known: Self::ALL.iter().map(|value| value.as_str()).collect(),
        })
    }
}

/// Something happened to an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountEvent {
    /// Its number; 0 before it is written.
    pub number: u64,
    /// When (UTC).
    pub at: DateTime<Utc>,
    /// Whose account.
    pub person: PersonId,
    /// What.
    pub what: Happening,
    /// Why, in the words of whoever did it, where that is asked.
    pub reason: Option<Private>,
}

/// What the store knows of accounts.
///
/// Laws: a person has one account and a login belongs to one; each `put` replaces the row of the
/// same key as a whole; what was ended or cleared is not there any more.
pub trait Accounts {
    /// The account with this login.
    fn account(&self, login: &str) -> Result<Option<Account>, StoreError>;
    /// The account of a person.
    fn account_of(&self, person: PersonId) -> Result<Option<Account>, StoreError>;
    /// Writes an account.
    fn put_account(&mut self, account: &Account) -> Result<(), StoreError>;

    /// The session with this token.
    fn session(&self, token_hash: Hash) -> Result<Option<Session>, StoreError>;
    /// Writes a session.
    fn put_session(&mut self, session: &Session) -> Result<(), StoreError>;
    /// Ends one session.
    fn end_session(&mut self, token_hash: Hash) -> Result<(), StoreError>;
    /// Ends all sessions of a person.
    fn end_sessions_of(&mut self, person: PersonId) -> Result<(), StoreError>;
    /// Ends the sessions that started, or were last seen, before these instants.
    fn end_stale_sessions(
        &mut self,
        started_before: DateTime<Utc>,
        seen_before: DateTime<Utc>,
    ) -> Result<(), StoreError>;

    /// The sessions of a person, the one begun last first.
    fn sessions_of(&self, person: PersonId) -> Result<Vec<Session>, StoreError>;

    /// The second factor of a person.
    fn second_factor(&self, person: PersonId) -> Result<Option<SecondFactor>, StoreError>;
    /// Everybody's.
    fn second_factors(&self) -> Result<Vec<SecondFactor>, StoreError>;
    /// Writes a second factor.
    fn put_second_factor(&mut self, factor: &SecondFactor) -> Result<(), StoreError>;
    /// Removes the second factor of a person, with its recovery codes.
    fn remove_second_factor(&mut self, person: PersonId) -> Result<(), StoreError>;
    /// Replaces the recovery codes of a person; those that are written are of the long kind.
    fn put_recovery_codes(&mut self, person: PersonId, codes: &[Hash]) -> Result<(), StoreError>;
    /// Uses a recovery code up; whether there was one that was not used yet.
    fn use_recovery_code(
        &mut self,
        person: PersonId,
        code: Hash,
        at: DateTime<Utc>,
    ) -> Result<bool, StoreError>;
    /// How many recovery codes a person has left.
    fn recovery_codes_left(&self, person: PersonId) -> Result<usize, StoreError>;
    /// Whether one of those that are left is of the older, shorter kind.
    fn has_short_recovery_codes(&self, person: PersonId) -> Result<bool, StoreError>;

    /// Writes what happened to an account, and who is to hear of it; answers its number.
    fn add_account_event(
        &mut self,
        event: &AccountEvent,
        hear: &[PersonId],
    ) -> Result<u64, StoreError>;
    /// What happened to accounts, of one person or of all, the latest first.
    fn account_events(
        &self,
        person: Option<PersonId>,
        count: usize,
    ) -> Result<Vec<AccountEvent>, StoreError>;
    /// Who was not told yet of what, the oldest first.
    fn untold_account_events(
        &self,
        count: usize,
    ) -> Result<Vec<(AccountEvent, PersonId)>, StoreError>;
    /// Writes that somebody was told.
    fn told_account_event(
        &mut self,
        number: u64,
        person: PersonId,
        at: DateTime<Utc>,
    ) -> Result<(), StoreError>;

    /// The failures under the hash of a login.
    fn failures(&self, login_hash: Hash) -> Result<Option<Failures>, StoreError>;
    /// Writes the failures under the hash of a login.
    fn put_failures(&mut self, login_hash: Hash, failures: Failures) -> Result<(), StoreError>;
    /// Forgets the failures under the hash of a login.
    fn clear_failures(&mut self, login_hash: Hash) -> Result<(), StoreError>;
    /// Forgets failures whose last is before `instant`.
    fn clear_failures_before(&mut self, instant: DateTime<Utc>) -> Result<(), StoreError>;
}
