//! The schedule of duty lists: when one is due, where it goes, and which old ones make room.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, Utc};

use super::{Contingency, ContingencyError, PAGE_FILE, file_name, gather};
use crate::app::AppState;

/// How often it is looked whether one is due: a clock may jump.
const LOOK_EVERY: Duration = Duration::from_mins(1);
/// The pause after one failed.
const RETRY_AFTER: Duration = Duration::from_mins(5);
/// What stands before the instant in the name of a folder.
const PREFIX: &str = "doorstep-duty-list-";
/// How the instant stands in the name (UTC).
const STAMP: &str = "%Y%m%dT%H%M%SZ";
/// The lists of this release and those before it.
const LISTS: [&str; 4] = ["escalations", "duties", "visits", "people"];

/// Writes a duty list where one is due at `now`, and then removes the oldest beyond those that
/// stay; answers where it is.
pub async fn write_if_due(
    state: &AppState,
    now: DateTime<Utc>,
) -> Result<Option<PathBuf>, ContingencyError> {
    let plan = state.config.contingency.clone();
    let Some(folder) = plan.folder.clone() else { return Ok(None) };
    let made = made(&folder, now)?;
    if made.first().is_some_and(|(at, _)| *at >= plan.last_slot(now)) {
        return Ok(None);
    }
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
    loop {
        let pause = match write_if_due(&state, state.ambient.now()).await {
            Ok(Some(folder)) => {
                tracing::info!(folder = %folder.display(), "wrote the duty list");
                LOOK_EVERY
            }
            Ok(None) => LOOK_EVERY,
            Err(error) => {
                tracing::error!(error = crate::error_chain(&error), "the duty list failed");
                RETRY_AFTER
            }
        };
        tokio::time::sleep(pause).await;
    }
}

/// The duty lists in `folder` that were made by `now`, the latest first. A name from the future was
/// given by a clock that was wrong.
fn made(
    folder: &Path,
    now: DateTime<Utc>,
) -> Result<Vec<(DateTime<Utc>, PathBuf)>, ContingencyError> {
    let fault = |source| ContingencyError::Write { path: folder.to_owned(), source };
    std::fs::create_dir_all(folder).map_err(fault)?;
    let mut made = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(fault)? {
        let path = entry.map_err(fault)?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let stamp = name.strip_prefix(PREFIX);
        let at = stamp.and_then(|stamp| NaiveDateTime::parse_from_str(stamp, STAMP).ok());
        made.extend(at.map(|at| at.and_utc()).filter(|at| *at <= now).map(|at| (at, path)));
    }
    made.sort_by(|a, b| b.cmp(a));
    Ok(made)
}

/// Writes one beside the others: under its name it is whole.
fn put(contingency: &Contingency, folder: &Path, keep: usize) -> Result<PathBuf, ContingencyError> {
    let name = format!("{PREFIX}{}", contingency.made.format(STAMP));
    let (target, partial) = (folder.join(&name), folder.join(format!("{name}.partial")));
    contingency.write(&partial)?;
    std::fs::rename(&partial, &target)
        .map_err(|source| ContingencyError::Write { path: target.clone(), source })?;
    for (_, old) in made(folder, contingency.made)?.into_iter().skip(keep) {
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
