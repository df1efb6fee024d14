//! The schedule of backups: where one that is due goes, and which old ones make room. What a
//! backup is stays with [`super::backup`]; the command and the schedule make the same.

use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{BackupError, Copied, backup};
use crate::app::AppState;
use crate::schedule::{Plan, dated, look_after, name};

/// The pause after a backup that failed: copying a large store for nothing is not free.
const RETRY_AFTER: Duration = Duration::from_mins(15);

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
                state.health.backup.made(newest);
            } else {
                state.health.backup.found(newest);
            }
            Ok(made)
        }
        Err(error) => {
            state.health.backup.failed(now, crate::error_chain(&error));
            Err(error)
        }
    }
}

/// Looks after the schedule until the task is dropped.
pub async fn back_up_for_ever(state: AppState) {
    look_after(RETRY_AFTER, || async {
        match back_up_if_due(&state, state.ambient.now()).await {
            Ok(made) => {
                if let Some(Copied { head, bytes, .. }) = made {
                    tracing::info!(head, bytes, "backed up");
                }
                true
            }
            Err(error) => {
                tracing::error!(error = crate::error_chain(&error), "the backup failed");
                false
            }
        }
    })
    .await;
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
        let there = dated(self.folder, &self.prefix, ".db", now).map_err(fault)?;
        let newest = there.last_key_value().map(|(at, _)| *at);
        if newest.is_some_and(|at| at >= plan.last_slot(now)) {
            return Ok(Look { made: None, newest });
        }
        let target = self.folder.join(name(&self.prefix, now, ".db"));
        let copied = backup(data, &target)?;
        // Only now, with a good one on the disk, may others go; never this one.
        let others = there.into_values().rev().skip(plan.keep.max(1) - 1);
        let broken_off =
            dated(self.folder, &self.prefix, ".db.partial", now).map_err(fault)?.into_values();
        for file in others.chain(broken_off) {
            if let Err(error) = std::fs::remove_file(&file) {
                tracing::warn!(file = %file.display(), %error, "an old backup cannot be removed");
            }
        }
        Ok(Look { made: Some(copied), newest: Some(now) })
    }
}
