//! Passwords: how they are hashed, checked and what they must be. Slow on purpose, so it runs
//! beside the requests and only a few at once.

use std::sync::OnceLock;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

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
}

/// Checks what a new password must be.
pub fn check(login: &str, password: &str) -> Result<(), WeakPassword> {
    if password.chars().count() < LENGTH_MIN {
        Err(WeakPassword::TooShort)
    } else if password.len() > BYTES_MAX {
        Err(WeakPassword::TooLong)
    } else if password.to_lowercase().contains(login) {
        Err(WeakPassword::ContainsLogin)
    } else {
        Ok(())
    }
}

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
