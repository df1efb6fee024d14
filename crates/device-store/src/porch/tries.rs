//! Wrong passphrases: after a few, a pause that doubles; after the last one, the key to the
//! encrypted file is destroyed. What was not handed in stays in the porch.
//!
//! The pause is kept over restarts, and a clock that is put back does not shorten it. Who copies
//! vault and file is not slowed down by this, but by what a guess at the vault costs.

use chrono::{DateTime, TimeDelta, Utc};
use doorstep_core::time::ClockReading;
use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior};

use super::Porch;
use crate::db::Key;
use crate::elapsed::Reading;
use crate::error::Error;
use crate::vault::{Vault, VaultError};

/// The first wrong passphrase that is followed by a pause.
const FIRST_PAUSED: u32 = 5;
/// The first pause.
const PAUSE_FIRST_SECONDS: i64 = 30;
/// The longest pause.
const PAUSE_SECONDS_MAX: i64 = 15 * 60;
/// From so many tries left on, a person is told how many.
const TOLD_FROM: u32 = 5;

/// Why a passphrase does not open the device.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// Too many wrong ones came: it is not looked at.
    #[error(
        "too many wrong passphrases: wait {seconds} seconds, then try again; nothing was tried now"
    )]
    Wait {
        /// How long to wait.
        seconds: i64,
    },
    /// It is a wrong one.
    #[error("{}", in_words(*left, *wait_seconds))]
    Wrong {
        /// How many tries are left.
        left: u32,
        /// How long to wait before the next.
        wait_seconds: i64,
    },
    /// The last try was a wrong one, now or before.
    #[error(
        "a wrong passphrase was given too often: what this device held of children can be read by \
         nobody any more. {}",
        handed_in_words(*.copies)
    )]
    Destroyed {
        /// Records that wait to be handed in.
        copies: u64,
    },
    /// The vault does not give its key, whatever the passphrase.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The porch fails.
    #[error(transparent)]
    Porch(#[from] Error),
}

fn in_words(left: u32, wait_seconds: i64) -> String {
    let mut words = VaultError::WrongPassphrase.to_string();
    if left <= TOLD_FROM {
        let tries = if left == 1 { "1 try".to_owned() } else { format!("{left} tries") };
        words = format!(
            "{words}. {tries} left: after that, nobody can read what this device holds of children \
             any more, and it has to be set up anew; records that were not sent stay, and can \
             still be handed in"
        );
    }
    if wait_seconds > 0 {
        words = format!("{words}. Wait {wait_seconds} seconds before the next");
    }
    words
}

fn handed_in_words(copies: u64) -> String {
    let records = match copies {
        0 => "Every record made on it was handed in".to_owned(),
        1 => "1 record that was not sent is still here and can be handed in: sync".to_owned(),
        copies => {
            format!("{copies} records that were not sent are still here and can be handed in: sync")
        }
    };
    format!("{records}. Then set this device up anew with a code from your manager")
}

/// How it stands with the wrong passphrases.
#[derive(Clone, Copy, Debug)]
struct Tries {
    wrong: u32,
    wait: TimeDelta,
    at: Reading,
}

impl Porch {
    /// The key in the vault, for whoever knows the passphrase. A wrong one is counted; after the
    /// last, the door has to remove the vault, and nothing is ever tried again here.
    pub fn unlock(
        &self,
        vault: &Vault,
        passphrase: &str,
        clock: &ClockReading,
    ) -> Result<Key, Refused> {
        self.refuse_destroyed()?;
        let now = Reading::of(clock);
        if let Some(seconds) = self.wait_seconds(now)? {
            return Err(Refused::Wait { seconds });
        }
        match vault.unwrap(passphrase) {
            Ok(key) => {
                self.conn().execute("delete from tries", []).map_err(Error::from)?;
                Ok(key)
            }
            Err(VaultError::WrongPassphrase) => Err(self.wrong(now)?),
            Err(error) => Err(error.into()),
        }
    }

    /// Refuses a device whose key was destroyed.
    pub fn refuse_destroyed(&self) -> Result<(), Refused> {
        match self.destroyed()? {
            Some(_) => Err(Refused::Destroyed { copies: self.copies()? }),
            None => Ok(()),
        }
    }

    /// How many seconds there are still to wait; none when a passphrase may be tried.
    fn wait_seconds(&self, now: Reading) -> Result<Option<i64>, Error> {
        let conn = self.conn();
        let Some(tries) = read(&conn)? else { return Ok(None) };
        let left = tries.left(now);
        if now.wall_since(&tries.at) < TimeDelta::zero() && left > TimeDelta::zero() {
            // It is counted from here on: nobody waits for the clock to come back.
            keep(&conn, &Tries { wait: left, at: now, ..tries })?;
        }
        Ok(Some(seconds(left)).filter(|seconds| *seconds > 0))
    }

    /// A wrong one was given.
    fn wrong(&self, now: Reading) -> Result<Refused, Error> {
        let mut conn = self.conn();
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let before = read(&tx)?;
        let wrong = before.map_or(0, |tries| tries.wrong).saturating_add(1);
        let most: u32 =
            tx.query_row("select wrong_passphrases from porch", [], |row| row.get(0))?;
        let left = most.saturating_sub(wrong);
        if left == 0 {
            destroy(&tx, now.wall)?;
            let copies = tx.query_row("select count(*) from copy", [], |row| row.get(0))?;
            tx.commit()?;
            return Ok(Refused::Destroyed { copies });
        }
        let wait = pause(wrong);
        keep(&tx, &Tries { wrong, wait, at: now })?;
        tx.commit()?;
        Ok(Refused::Wrong { left, wait_seconds: wait.num_seconds() })
    }
}

fn destroy(tx: &Transaction<'_>, at: DateTime<Utc>) -> Result<(), Error> {
    tx.execute("delete from tries", [])?;
    tx.execute("update porch set destroyed_ms = ?1", [at.timestamp_millis()])?;
    Ok(())
}

/// The pause after so many wrong ones running.
fn pause(wrong: u32) -> TimeDelta {
    let Some(beyond) = wrong.checked_sub(FIRST_PAUSED) else { return TimeDelta::zero() };
    let seconds = PAUSE_FIRST_SECONDS.saturating_mul(1 << beyond.min(16));
    TimeDelta::seconds(seconds.min(PAUSE_SECONDS_MAX))
}

impl Tries {
    /// What is left of the pause: by the clock that never jumps where the device runs since, and
    /// else by the wall clock, where that went forward.
    fn left(&self, now: Reading) -> TimeDelta {
        let passed = now.steady_since(&self.at).unwrap_or_else(|| now.wall_since(&self.at));
        (self.wait - passed.max(TimeDelta::zero())).max(TimeDelta::zero())
    }
}

fn seconds(left: TimeDelta) -> i64 {
    (left.num_milliseconds() + 999) / 1000
}

fn read(conn: &Connection) -> Result<Option<Tries>, Error> {
    let sql = "select wrong, wait_ms, wall_ms, monotonic_ms, boot from tries";
    let row = conn.query_row(sql, [], |row| {
        let wait = TimeDelta::milliseconds(row.get(1)?);
        Ok(Tries { wrong: row.get(0)?, wait, at: Reading::from_row(row, 2)? })
    });
    Ok(row.optional()?)
}

fn keep(conn: &Connection, tries: &Tries) -> Result<(), Error> {
    let (wall_ms, monotonic_ms, boot) = tries.at.columns();
    conn.execute(
        "insert or replace into tries (one, wrong, wait_ms, wall_ms, monotonic_ms, boot)
         values (1, ?1, ?2, ?3, ?4, ?5)",
        (tries.wrong, tries.wait.num_milliseconds(), wall_ms, monotonic_ms, boot),
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{KEY, clock, minute};
    use crate::vault::Cost;
    use uuid::Uuid;

    const RIGHT: &str = "correct horse battery";

    fn porch() -> Porch {
        Porch::open(Connection::open_in_memory().unwrap()).unwrap()
    }

    fn vault() -> Vault {
        Vault::wrap(&KEY, RIGHT, Cost::LEAST, &[3; 40]).unwrap()
    }

    /// A clock at this second, since this start of the device.
    fn at(second: i64, boot: u128, steady_seconds: u64) -> ClockReading {
        let mut clock = ClockReading::wall(minute(0) + TimeDelta::seconds(second));
        clock.boot = Some(Uuid::from_u128(boot));
        clock.monotonic_ms = Some(steady_seconds * 1000);
        clock
    }

    fn wrong(porch: &Porch, clock: &ClockReading) -> Refused {
        porch.unlock(&vault(), "not the right words", clock).unwrap_err()
    }

    fn right(porch: &Porch, clock: &ClockReading) -> Result<Key, String> {
        porch.unlock(&vault(), RIGHT, clock).map_err(|refused| refused.to_string())
    }

    /// A hundred tries one after the other, each as soon as it may be.
    #[test]
    fn a_wrong_passphrase_a_hundred_times_is_slowed_down_and_told_and_then_the_key_is_gone() {
        let porch = porch();
        let (mut second, mut said) = (0, Vec::new());
        for _ in 0..100 {
            let refused = match wrong(&porch, &at(second, 1, second.unsigned_abs())) {
                Refused::Wait { seconds } => {
                    second += seconds;
                    wrong(&porch, &at(second, 1, second.unsigned_abs()))
                }
                refused => refused,
            };
            said.push(match refused {
                Refused::Wrong { left, wait_seconds } => (left, wait_seconds),
                Refused::Destroyed { copies: 0 } => (0, 0),
                other => panic!("{other}"),
            });
        }
        let first =
            [(9, 0), (8, 0), (7, 0), (6, 0), (5, 30), (4, 60), (3, 120), (2, 240), (1, 480)];
        assert_eq!(said[..9], first);
        assert!(said[9..].iter().all(|said| *said == (0, 0)), "{said:?}");
        assert!(porch.destroyed().unwrap().is_some());
        let refused = right(&porch, &at(second, 1, 1)).unwrap_err();
        assert!(refused.contains("can be read by nobody any more"), "{refused}");
    }

    #[test]
    fn a_person_is_told_before_the_last_try() {
        let words = Refused::Wrong { left: 2, wait_seconds: 240 }.to_string();
        assert!(words.contains("2 tries left") && words.contains("Wait 240 seconds"), "{words}");
        assert!(words.contains("can still be handed in"), "{words}");
        let words = Refused::Wrong { left: 1, wait_seconds: 0 }.to_string();
        assert!(words.contains("1 try left"), "{words}");
        assert!(!Refused::Wrong { left: 9, wait_seconds: 0 }.to_string().contains("left"));
    }

    #[test]
    fn the_right_one_ends_the_count_but_not_a_pause() {
        let porch = porch();
        for _ in 0..4 {
            wrong(&porch, &clock(0));
        }
        assert_eq!(right(&porch, &clock(0)), Ok(KEY));
        for left in [9, 8, 7, 6, 5] {
            assert!(
                matches!(wrong(&porch, &clock(0)), Refused::Wrong { left: l, .. } if l == left)
            );
        }
        assert!(right(&porch, &clock(0)).unwrap_err().contains("wait 30 seconds"));
        assert_eq!(right(&porch, &clock(1)), Ok(KEY));
    }

    #[test]
    fn neither_a_restart_nor_a_clock_that_is_moved_shortens_a_pause() {
        let rows: [(&str, ClockReading, i64); 6] = [
            ("the clock is put back", at(-86_400, 1, 10), 20),
            ("the clock is put forward while the device runs", at(86_400, 1, 10), 20),
            ("the device was started again", at(10, 2, 3), 20),
            ("started again, and the clock put back", at(-86_400, 2, 3), 30),
            ("nothing but time", at(10, 1, 10), 20),
            ("a clock without a counter", ClockReading::wall(minute(0)), 30),
        ];
        for (what, clock, expected) in rows {
            let porch = porch();
            for _ in 0..5 {
                wrong(&porch, &at(0, 1, 0));
            }
            match porch.unlock(&vault(), RIGHT, &clock) {
                Err(Refused::Wait { seconds }) => assert_eq!(seconds, expected, "{what}"),
                other => panic!("{what}: {other:?}"),
            }
        }
    }

    #[test]
    fn a_clock_that_was_put_back_locks_nobody_out() {
        let porch = porch();
        for _ in 0..5 {
            wrong(&porch, &clock(0));
        }
        assert!(right(&porch, &clock(-60 * 24 * 365)).unwrap_err().contains("wait 30 seconds"));
        assert_eq!(right(&porch, &clock(-60 * 24 * 365 + 1)), Ok(KEY));
    }
}
