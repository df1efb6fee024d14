//! Wrong passphrases: after a few, a pause that doubles. It slows down a person who guesses on the
//! device; what stops one who copies the file is the cost of the vault.

use chrono::{DateTime, TimeDelta, Utc};

/// Wrong passphrases before the first pause.
const FREE: u32 = 5;
/// The first pause.
const PAUSE_FIRST_SECONDS: i64 = 30;
/// The longest pause.
const PAUSE_SECONDS_MAX: i64 = 15 * 60;

/// How often a wrong passphrase was given running.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tries {
    wrong: u32,
    until: Option<DateTime<Utc>>,
}

impl Tries {
    /// How many seconds there are still to wait; none when a passphrase may be tried.
    pub(crate) fn wait_seconds(&self, now: DateTime<Utc>) -> Option<i64> {
        let left = (self.until? - now).num_seconds() + 1;
        // A clock that was put back does not lock anybody out.
        (1..=PAUSE_SECONDS_MAX + 1).contains(&left).then_some(left)
    }

    /// A wrong one was given.
    pub(crate) fn wrong(&mut self, now: DateTime<Utc>) {
        self.wrong += 1;
        if let Some(beyond) = self.wrong.checked_sub(FREE) {
            let pause = PAUSE_FIRST_SECONDS.saturating_mul(1 << beyond.min(16));
            self.until = Some(now + TimeDelta::seconds(pause.min(PAUSE_SECONDS_MAX)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + second, 0).unwrap()
    }

    #[test]
    fn pauses_after_five_wrong_ones_and_for_longer_each_time() {
        let mut tries = Tries::default();
        for _ in 0..4 {
            tries.wrong(at(0));
            assert_eq!(tries.wait_seconds(at(0)), None);
        }
        for (second, pause) in [(0, 30), (30, 60), (90, 120), (210, 240), (450, 480), (930, 900)] {
            tries.wrong(at(second));
            assert_eq!(tries.wait_seconds(at(second + pause - 1)), Some(2));
            assert_eq!(tries.wait_seconds(at(second + pause + 1)), None);
        }
    }

    #[test]
    fn a_clock_that_is_put_back_locks_nobody_out() {
        let mut tries = Tries::default();
        for _ in 0..5 {
            tries.wrong(at(0));
        }
        assert_eq!(tries.wait_seconds(at(-86_400)), None);
    }
}
