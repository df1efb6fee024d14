//! Passwords: how they are hashed, checked and what they must be. Slow on purpose, so it runs
//! beside the requests and only a few at once.

use std::sync::OnceLock;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;
use zxcvbn::{Score, zxcvbn};

/// Characters that a password has at least.
pub const LENGTH_MIN: usize = 12;
/// Bytes that a password has at most.
pub const BYTES_MAX: usize = 512;
/// Memory of one hash in KiB, and passes over it: what OWASP's cheat sheet asks for at least.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
/// Passwords that are hashed at the same time; the others wait.
const AT_ONCE: usize = 2;

static TURN: Semaphore = Semaphore::const_new(AT_ONCE);

/// What a new password must reach against whoever tries the usual ones first: the thirty thousand
/// most common, words and names in every language of the lists, dates, keys side by side, and what
/// is put together from these.
const SCORE_MIN: Score = Score::Three;

/// Letters and digits that a password has at least beside the words of the context, and letters of
/// a word that counts as one of these.
const OWN_LETTERS_MIN: usize = 8;
const CONTEXT_WORD_MIN: usize = 4;

/// Random bytes for one hash.
pub type Salt = [u8; 16];

/// Why a password is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WeakPassword {
    /// It is too short.
    #[error("a password has at least {LENGTH_MIN} characters")]
    TooShort,
    /// It is too long.
    #[error("a password has at most {BYTES_MAX} bytes")]
    TooLong,
    /// It contains the name to sign in with.
    #[error("a password does not contain the name to sign in with")]
    ContainsLogin,
    /// It is one of those that are tried first.
    #[error(
        "this password is among those that are tried first: common words, names, dates and what is \
         put together from them; take several words that have nothing to do with each other"
    )]
    Common,
}

/// Checks what a new password must be. `context` is what somebody would try first for this person:
/// the login, their name, the organisation's.
pub async fn check(login: &str, context: Vec<String>, password: &str) -> Result<(), WeakPassword> {
    if password.chars().count() < LENGTH_MIN {
        return Err(WeakPassword::TooShort);
    }
    if password.len() > BYTES_MAX {
        return Err(WeakPassword::TooLong);
    }
    if password.to_lowercase().contains(login) {
        return Err(WeakPassword::ContainsLogin);
    }
    let password = Zeroizing::new(password.to_owned());
    let common = aside(move || is_common(&password, &context)).await;
    if common { Err(WeakPassword::Common) } else { Ok(()) }
}

/// Whether a password is among those that are tried first.
fn is_common(password: &str, context: &[String]) -> bool {
    let words: Vec<&str> = context
        .iter()
        .flat_map(|text| std::iter::once(text.as_str()).chain(text.split(NOT_IN_A_WORD)))
        .filter(|word| !word.is_empty())
        .collect();
    own_letters(password, &words) < OWN_LETTERS_MIN || zxcvbn(password, &words).score() < SCORE_MIN
}

/// How many letters and digits are left where the words of the context are taken out.
fn own_letters(password: &str, context: &[&str]) -> usize {
    let mut left = password.to_lowercase();
    for word in context.iter().filter(|word| word.chars().count() >= CONTEXT_WORD_MIN) {
        left = left.replace(&word.to_lowercase(), " ");
    }
    left.chars().filter(|letter| letter.is_alphanumeric()).count()
}

/// What stands between the words of a name.
const NOT_IN_A_WORD: fn(char) -> bool = |letter| !letter.is_alphanumeric();

/// The PHC string of a password.
pub async fn hash(password: String, salt: Salt) -> String {
    aside(move || hash_now(&password, salt)).await
}

/// Whether `password` is the one behind `stored`. Without `stored` it takes as long and says no, so
/// that the time does not tell which names have an account.
pub async fn verify(password: String, stored: Option<String>) -> bool {
    aside(move || {
        let known = stored.is_some();
        let stored = stored.unwrap_or_else(|| nobodys().to_owned());
        let matches = password.len() <= BYTES_MAX
            && PasswordHash::new(&stored)
                .is_ok_and(|hash| argon2().verify_password(password.as_bytes(), &hash).is_ok());
        known && matches
    })
    .await
}

async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let turn = TURN.acquire().await.expect("the semaphore is never closed");
    let result = tokio::task::spawn_blocking(work).await.expect("hashing does not panic");
    drop(turn);
    result
}

fn hash_now(password: &str, salt: Salt) -> String {
    argon2()
        .hash_password_with_salt(password.as_bytes(), &salt)
        .expect("the salt and the parameters are within Argon2's limits")
        .to_string()
}

fn argon2() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, None)
        .expect("the parameters are within Argon2's limits");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

fn nobodys() -> &'static str {
    static NOBODYS: OnceLock<String> = OnceLock::new();
    NOBODYS.get_or_init(|| hash_now("the password of no account", [0; 16]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn passwords_that_are_tried_first_are_not_taken() {
        let context = || vec!["Margaret Ellison".to_owned(), "Fernleigh Services".to_owned()];
        let weak = async |password: &str| check("margaret", context(), password).await.err();
        for (password, expected) in [
            ("short", Some(WeakPassword::TooShort)),
            ("MARGARET and more", Some(WeakPassword::ContainsLogin)),
            ("password1234", Some(WeakPassword::Common)),
            ("P@ssw0rd2026!", Some(WeakPassword::Common)),
            ("qwertyuiop12", Some(WeakPassword::Common)),
            ("123456789012", Some(WeakPassword::Common)),
            ("aaaaaaaaaaaaaa", Some(WeakPassword::Common)),
            ("letmeinletmein", Some(WeakPassword::Common)),
            ("iloveyouforever", Some(WeakPassword::Common)),
            ("liverpool2024", Some(WeakPassword::Common)),
            ("Fernleigh2026", Some(WeakPassword::Common)),
            ("EllisonEllison1", Some(WeakPassword::Common)),
            ("Ellison-Ellison", Some(WeakPassword::Common)),
            ("my fernleigh services", Some(WeakPassword::Common)),
            ("an otter at Fernleigh", None),
            ("a long pass phrase", None),
            ("correct horse battery", None),
            ("kettle-orbit-walnut", None),
            ("Xq7-tender-moss-88", None),
        ] {
            assert_eq!(weak(password).await, expected, "{password}");
        }
        let long = "word ".repeat(BYTES_MAX);
        assert_eq!(weak(&long).await, Some(WeakPassword::TooLong));
    }
}
