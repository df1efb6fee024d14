//! The schedule of duty lists: where one that is due goes, and which old ones make room.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{Contingency, ContingencyError, PAGE_FILE, file_name, gather};
use crate::app::AppState;
use crate::schedule::{dated, look_after, name};

/// The pause after one failed.
const RETRY_AFTER: Duration = Duration::from_mins(5);
/// What stands before the instant in the name of a folder.
const PREFIX: &str = "doorstep-duty-list-";
/// The lists of this release and those before it.
const LISTS: [&str; 4] = ["escalations", "duties", "visits", "people"];

/// Writes a duty list where one is due at `now`, and then removes the oldest beyond those that
/// stay; answers where it is.
pub async fn write_if_due(
    state: &AppState,
    now: DateTime<Utc>,
) -> Result<Option<PathBuf>, ContingencyError> {
    let written = look(state, now).await;
    match &written {
        Ok(Some(_)) => state.health.duty_list.made(Some(now)),
        Ok(None) => {}
        Err(error) => state.health.duty_list.failed(now, crate::error_chain(error)),
    }
    written
}

async fn look(state: &AppState, now: DateTime<Utc>) -> Result<Option<PathBuf>, ContingencyError> {
    let plan = state.config.contingency.clone();
    let Some(folder) = plan.folder.clone() else { return Ok(None) };
    let newest = made(&folder, now)?.last_key_value().map(|(at, _)| *at);
    if newest.is_some_and(|at| at >= plan.last_slot(now)) {
        state.health.duty_list.made(newest);
        return Ok(None);
    }
    state.health.duty_list.found(newest);
    let policy = Arc::clone(&state.policy);
    let contingency = match state.db.read(move |tx| gather(tx, &policy, now)).await {
        Err(ContingencyError::NoOrganisation) => return Ok(None),
        gathered => gathered?,
    };
    let keep = plan.keep.max(1);
    let work = move || put(&contingency, &folder, keep);
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| {
        let source = std::io::Error::other(error);
        Err(ContingencyError::Write { path: PathBuf::new(), source })
    })
    .map(Some)
}

/// Looks after the schedule until the task is dropped.
pub async fn write_for_ever(state: AppState) {
    look_after(RETRY_AFTER, || async {
        match write_if_due(&state, state.ambient.now()).await {
            Ok(made) => {
                if let Some(folder) = made {
                    tracing::info!(folder = %folder.display(), "wrote the duty list");
                }
                true
            }
            Err(error) => {
                tracing::error!(error = crate::error_chain(&error), "the duty list failed");
                false
            }
        }
    })
    .await;
}

/// The duty lists in `folder` that were made by `now`.
fn made(
    folder: &Path,
    now: DateTime<Utc>,
) -> Result<BTreeMap<DateTime<Utc>, PathBuf>, ContingencyError> {
    std::fs::create_dir_all(folder)
        .and_then(|()| dated(folder, PREFIX, "", now))
        .map_err(|source| ContingencyError::Write { path: folder.to_owned(), source })
}

/// Writes one beside the others: under its name it is whole.
fn put(contingency: &Contingency, folder: &Path, keep: usize) -> Result<PathBuf, ContingencyError> {
    let named = |ending| folder.join(name(PREFIX, contingency.made, ending));
    let (target, partial) = (named(""), named(".partial"));
    contingency.write(&partial)?;
    std::fs::rename(&partial, &target)
        .map_err(|source| ContingencyError::Write { path: target.clone(), source })?;
    for old in made(folder, contingency.made)?.into_values().rev().skip(keep) {
        if let Err(error) = remove(&old) {
            tracing::warn!(folder = %old.display(), %error, "an old duty list cannot be removed");
        }
    }
    Ok(target)
}

/// Removes what this program wrote there, and the folder where nothing else is in it.
fn remove(folder: &Path) -> std::io::Result<()> {
    let names = LISTS.map(file_name).into_iter().chain([PAGE_FILE.to_owned()]);
    for name in names {
        match std::fs::remove_file(folder.join(name)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    std::fs::remove_dir(folder)
}
