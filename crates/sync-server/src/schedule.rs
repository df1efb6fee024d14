//! What the server makes by itself at times of the day, as backups and duty lists: when one is due,
//! how old ones are told apart by their names, and how it is looked after. What is made is the
//! affair of whoever makes it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Days, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use doorstep_core::time::{local_date, london};

/// How often it is looked whether something is due: a clock may jump.
const LOOK_EVERY: Duration = Duration::from_mins(1);
/// How an instant stands in a name (UTC).
const STAMP: &str = "%Y%m%dT%H%M%SZ";

/// When the server makes something by itself, and how many of them stay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Where they go; none: the server makes none by itself.
    pub folder: Option<PathBuf>,
    /// The local time of day (Europe/London) from which they count.
    pub at: NaiveTime,
    /// How long from one to the next; it divides a day.
    pub every: Duration,
    /// How many stay, at least one.
    pub keep: usize,
}

impl Default for Plan {
    fn default() -> Self {
        let at = NaiveTime::from_hms_opt(2, 30, 0).expect("a time of day");
        Self { folder: None, at, every: Duration::from_hours(24), keep: 14 }
    }
}

impl Plan {
    /// The last instant at or before `now` (UTC) for which one is wanted.
    pub fn last_slot(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        let every = TimeDelta::from_std(self.every).unwrap_or(TimeDelta::days(1));
        let today = local_date(now);
        let days = [today - Days::new(1), today].map(|day| london(day, self.at));
        let start = days.into_iter().rfind(|start| *start <= now).unwrap_or(days[0]);
        let past = (now - start).num_seconds() / every.num_seconds().max(1);
        // The night on which the clocks go back is longer: its last hour belongs to the day before.
        let in_a_day = TimeDelta::days(1).num_seconds() / every.num_seconds().max(1);
        let step = i32::try_from(past.min(in_a_day - 1)).unwrap_or(0);
        start + every * step
    }
}

/// The name of what is made at `at` (UTC).
pub fn name(prefix: &str, at: DateTime<Utc>, ending: &str) -> String {
    format!("{prefix}{}{ending}", at.format(STAMP))
}

/// What lies in `folder` under such names, by the instant in them. Whatever has another name is
/// neither counted nor touched. A name from the future was given by a clock that was wrong: it
/// stands for nothing until its time comes.
pub fn dated(
    folder: &Path,
    prefix: &str,
    ending: &str,
    now: DateTime<Utc>,
) -> std::io::Result<BTreeMap<DateTime<Utc>, PathBuf>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let stamp = name.strip_prefix(prefix).and_then(|rest| rest.strip_suffix(ending));
        let at = stamp.and_then(|stamp| NaiveDateTime::parse_from_str(stamp, STAMP).ok());
        if let Some(at) = at.map(|at| at.and_utc()).filter(|at| *at <= now) {
            found.insert(at, path);
        }
    }
    Ok(found)
}

/// Looks after a schedule until the task is dropped: `look` makes what is due, and answers whether
/// that went well. Where it did not, the next look comes `retry_after`.
pub async fn look_after<F: Future<Output = bool>>(retry_after: Duration, look: impl Fn() -> F) {
    loop {
        let pause = if look().await { LOOK_EVERY } else { retry_after };
        tokio::time::sleep(pause).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_slot_is_counted_in_local_time_from_the_time_of_day() {
        let plan = |hours| Plan { every: Duration::from_hours(hours), ..Plan::default() };
        for (hours, now, slot) in [
            (24, "2026-03-02T10:00:00Z", "2026-03-02T02:30:00Z"),
            (24, "2026-03-02T02:29:59Z", "2026-03-01T02:30:00Z"),
            (24, "2026-03-02T02:30:00Z", "2026-03-02T02:30:00Z"),
            (24, "2026-06-02T10:00:00Z", "2026-06-02T01:30:00Z"),
            (6, "2026-03-02T10:00:00Z", "2026-03-02T08:30:00Z"),
            (6, "2026-03-02T02:00:00Z", "2026-03-01T20:30:00Z"),
            (1, "2026-03-02T02:29:00Z", "2026-03-02T01:30:00Z"),
            // The clocks went forward over half past one, and back to it.
            (24, "2026-03-29T12:00:00Z", "2026-03-29T01:30:00Z"),
            (12, "2026-10-25T02:29:00Z", "2026-10-24T13:30:00Z"),
            (24, "2026-10-25T02:30:00Z", "2026-10-25T02:30:00Z"),
        ] {
            let (now, slot): (DateTime<Utc>, DateTime<Utc>) =
                (now.parse().unwrap(), slot.parse().unwrap());
            assert_eq!(plan(hours).last_slot(now), slot, "every {hours} h at {now}");
        }
    }
}
