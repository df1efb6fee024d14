//! The schedule of backups: when one is due, where it goes, and which old ones make room. What a
//! backup is stays with [`super::backup`]; the command and the schedule make the same.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Days, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use doorstep_core::time::{local_date, london};
use uuid::Uuid;

use super::{BackupError, Copied, backup};
use crate::app::AppState;

/// How often it is looked whether a backup is due: a clock may jump.
const LOOK_EVERY: Duration = Duration::from_mins(1);
/// The pause after a backup that failed: copying a large store for nothing is not free.
const RETRY_AFTER: Duration = Duration::from_mins(15);
/// How the instant of a backup stands in its name (UTC).
const STAMP: &str = "%Y%m%dT%H%M%SZ";

/// When the server makes backups by itself, and how many of them stay.
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
    /// The last instant at or before `now` (UTC) for which a backup is wanted.
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

/// What one look came to.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Look {
    made: Option<Copied>,
    newest: Option<DateTime<Utc>>,
}

/// Makes a backup where one is due at `now`, and then removes the oldest beyond those that stay.
pub async fn back_up_if_due(
    state: &AppState,
    now: DateTime<Utc>,
) -> Result<Option<Copied>, BackupError> {
    let plan = state.config.backup.clone();
    let Some(folder) = plan.folder.clone() else { return Ok(None) };
    let Some(organisation) = state.db.read(|tx| tx.organisation()).await? else {
        return Ok(None);
    };
    let data = state.config.data.clone();
    let work = move || Shelf::of(&folder, organisation.id).look(&plan, &data, now);
    let looked = tokio::task::spawn_blocking(work).await;
    let looked = looked.unwrap_or_else(|error| Err(BackupError::Ended(error.to_string())));
    match looked {
        Ok(Look { made, newest }) => {
            if made.is_some() {
                state.health.backed_up(newest);
            } else {
                state.health.found_backup(newest);
            }
            Ok(made)
        }
        Err(error) => {
            state.health.backup_failed(now, crate::error_chain(&error));
            Err(error)
        }
    }
}

/// Looks after the schedule until the task is dropped.
pub async fn back_up_for_ever(state: AppState) {
    loop {
        let pause = match back_up_if_due(&state, state.ambient.now()).await {
            Ok(Some(Copied { head, bytes, .. })) => {
                tracing::info!(head, bytes, "backed up");
                LOOK_EVERY
            }
            Ok(None) => LOOK_EVERY,
            Err(error) => {
                tracing::error!(error = crate::error_chain(&error), "the backup failed");
                RETRY_AFTER
            }
        };
        tokio::time::sleep(pause).await;
    }
}

/// One organisation's backups in a folder. Files of others, and those with other names, are neither
/// counted nor touched.
struct Shelf<'a> {
    folder: &'a Path,
    prefix: String,
}

impl<'a> Shelf<'a> {
    fn of(folder: &'a Path, organisation: Uuid) -> Self {
        let id = organisation.simple().to_string();
        Self { folder, prefix: format!("doorstep-{}-", &id[id.len() - 12..]) }
    }

    fn look(&self, plan: &Plan, data: &Path, now: DateTime<Utc>) -> Result<Look, BackupError> {
        let fault = |source| BackupError::Folder { folder: self.folder.to_owned(), source };
        std::fs::create_dir_all(self.folder).map_err(fault)?;
        let there = self.files(".db", now).map_err(fault)?;
        let newest = there.last_key_value().map(|(at, _)| *at);
        if newest.is_some_and(|at| at >= plan.last_slot(now)) {
            return Ok(Look { made: None, newest });
        }
        let target = self.folder.join(format!("{}{}.db", self.prefix, now.format(STAMP)));
        let copied = backup(data, &target)?;
        // Only now, with a good one on the disk, may others go; never this one.
        let others = there.into_values().rev().skip(plan.keep.max(1) - 1);
        let broken_off = self.files(".db.partial", now).map_err(fault)?.into_values();
        for file in others.chain(broken_off) {
            if let Err(error) = std::fs::remove_file(&file) {
                tracing::warn!(file = %file.display(), %error, "an old backup cannot be removed");
            }
        }
        Ok(Look { made: Some(copied), newest: Some(now) })
    }

    /// The files whose names end so, by the instant in their name. A name from the future was given
    /// by a clock that was wrong: it stands for nothing until its time comes.
    fn files(
        &self,
        ending: &str,
        now: DateTime<Utc>,
    ) -> std::io::Result<BTreeMap<DateTime<Utc>, PathBuf>> {
        let mut files = BTreeMap::new();
        for entry in std::fs::read_dir(self.folder)? {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let stamp = name.strip_prefix(&self.prefix).and_then(|rest| rest.strip_suffix(ending));
            let at = stamp.and_then(|stamp| NaiveDateTime::parse_from_str(stamp, STAMP).ok());
            if let Some(at) = at.map(|at| at.and_utc()).filter(|at| *at <= now) {
                files.insert(at, path);
            }
        }
        Ok(files)
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
