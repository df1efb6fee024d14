//! The second factor at sign-in: codes by time (RFC 6238, SHA-1, six digits, thirty seconds, as
//! every authenticator app makes them), and recovery codes. The secret is stored sealed.

use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;
use subtle::ConstantTimeEq as _;

use crate::app::AppState;
pub use crate::factor_key::Sealing;

use crate::enrol::{code_of, hash_of_code};
use crate::store::accounts::SecondFactor;
use crate::store::{StoreError, Tx};

/// How long one code holds, in seconds.
const STEP_SECONDS: i64 = 30;
/// Steps before and after the present one whose codes are taken: clocks differ.
const STEPS_OFF: i64 = 1;
/// Recovery codes that are given out at once.
pub const RECOVERY_CODES: usize = 8;
/// Letters of a recovery code: 125 bits, so that a fast hash of it is enough (ASVS 6.5.2 draws the
/// line at 112) and a try at one costs the server nothing that somebody could exhaust.
const RECOVERY_LETTERS: usize = 25;
/// Letters of base32.
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The number of the step at `now`.
fn step(now: DateTime<Utc>) -> i64 {
    now.timestamp().div_euclid(STEP_SECONDS)
}

/// The code of a step.
fn code(secret: &[u8], step: i64) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(secret).expect("a key of any length will do");
    mac.update(&step.to_be_bytes());
    let digest = mac.finalize().into_bytes();
    let offset = usize::from(digest[19] & 0x0f);
    let number = u32::from_be_bytes([
        digest[offset] & 0x7f,
        digest[offset + 1],
        digest[offset + 2],
        digest[offset + 3],
    ]);
    format!("{:06}", number % 1_000_000)
}

/// The code of this moment, as an app shows it.
#[cfg(test)]
pub fn code_at(secret: &[u8], now: DateTime<Utc>) -> String {
    code(secret, step(now))
}

/// The step whose code was typed, where it is one of now and later than `after`.
pub fn matching_step(secret: &[u8], typed: &str, after: i64, now: DateTime<Utc>) -> Option<i64> {
    let typed: String = typed.chars().filter(char::is_ascii_digit).collect();
    let steps = (step(now) - STEPS_OFF)..=(step(now) + STEPS_OFF);
    steps
        .into_iter()
        .filter(|step| *step > after)
        .find(|step| bool::from(code(secret, *step).as_bytes().ct_eq(typed.as_bytes())))
}

/// Whether what was typed opens the account of somebody with this second factor: a code of now that
/// was not used yet, or a recovery code. It is used up by that.
pub fn admit(
    tx: &mut dyn Tx,
    sealing: &Sealing,
    factor: &SecondFactor,
    typed: &str,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let secret = sealing.open(factor.person, &factor.secret);
    let step = secret.and_then(|secret| matching_step(&secret, typed, factor.last_step, now));
    if let Some(step) = step {
        tx.put_second_factor(&SecondFactor { last_step: step, ..factor.clone() })?;
        return Ok(true);
    }
    tx.use_recovery_code(factor.person, hash_of_code(typed), now)
}

/// Fresh recovery codes.
pub fn recovery_codes(state: &AppState) -> Vec<String> {
    let fresh = || code_of(&state.ambient.random::<RECOVERY_LETTERS>());
    (0..RECOVERY_CODES).map(|_| fresh()).collect()
}

/// The secret as people type it.
pub fn base32(secret: &[u8]) -> String {
    let mut text = String::new();
    let (mut bits, mut held) = (0_u32, 0);
    for byte in secret {
        bits = (bits << 8) | u32::from(*byte);
        held += 8;
        while held >= 5 {
            held -= 5;
            let place = (bits >> held) & 31;
            text.push(char::from(BASE32[usize::try_from(place).unwrap_or_default()]));
        }
    }
    if held > 0 {
        let place = (bits << (5 - held)) & 31;
        text.push(char::from(BASE32[usize::try_from(place).unwrap_or_default()]));
    }
    text
}

/// The link that an authenticator app scans. It names the organisation's service, not the person.
pub fn link(secret: &[u8], login: &str) -> String {
    let escaped: String = form_urlencoded::byte_serialize(login.as_bytes()).collect();
    format!("otpauth://totp/Doorstep:{escaped}?secret={}&issuer=Doorstep", base32(secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8; 20] = b"12345678901234567890";

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    #[test]
    fn codes_are_those_of_the_published_vectors() {
        // RFC 6238, appendix B, the last six of the eight digits.
        for (seconds, expected) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(code(SECRET, step(at(seconds))), expected, "{seconds}");
        }
        assert_eq!(base32(SECRET), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert_eq!(base32(b"foob"), "MZXW6YQ");
    }

    #[test]
    fn a_code_holds_for_a_step_around_and_once() {
        let now = at(1_234_567_890);
        let present = step(now);
        let typed = code(SECRET, present);
        assert_eq!(matching_step(SECRET, &typed, 0, now), Some(present));
        assert_eq!(matching_step(SECRET, " 005 924 ", 0, now), Some(present));
        assert_eq!(matching_step(SECRET, &typed, present, now), None, "it was used");
        assert_eq!(matching_step(SECRET, &typed, 0, at(1_234_567_890 + 60)), None);
        assert_eq!(matching_step(SECRET, &typed, 0, at(1_234_567_890 + 30)), Some(present));
        for wrong in ["", "000000", "00592", "0059244"] {
            assert_eq!(matching_step(SECRET, wrong, 0, now), None, "{wrong}");
        }
    }
}
