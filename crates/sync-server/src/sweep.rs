//! The sweep: "nothing happened for too long" is a child assessed again at a later instant. It
//! wakes at the next limit, when the ledger changed, and at least once an interval.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use doorstep_core::ids::ChildId;

use crate::app::AppState;
use crate::attachment::PARTIAL_KEPT;
use crate::judge::{pass_on_unacknowledged, visits};
use crate::store::{StoreError, Tx};

/// How many children are assessed in one transaction.
const CHILDREN_PER_STEP: usize = 50;
/// At least so often the inboxes are looked through for what is to be passed on: what became more
/// urgent leaves less time than it did.
const LOOK_THROUGH: TimeDelta = TimeDelta::minutes(1);
/// The shortest pause between two looks: due limits come in bursts.
const PAUSE_MIN: Duration = Duration::from_millis(200);

/// Assesses every child whose time has come at `now`, a few in each transaction; answers how many.
pub async fn sweep_once(state: &AppState, now: DateTime<Utc>) -> Result<usize, StoreError> {
    let mut done = BTreeSet::new();
    loop {
        let wanted = CHILDREN_PER_STEP + done.len();
        let due: Vec<_> = state
            .db
            .read(move |tx| tx.due_children(now, wanted))
            .await?
            .into_iter()
            .filter(|child| !done.contains(child))
            .take(CHILDREN_PER_STEP)
            .collect();
        if due.is_empty() {
            pass_on(state, now).await?;
            state.health.swept(now);
            return Ok(done.len());
        }
        done.extend(due.iter().copied());
        assess(state, due, now).await?;
    }
}

/// Assesses every child of the organisation at `now`: after a start, when the policies may be newer
/// than the stored assessments.
pub async fn sweep_all(state: &AppState, now: DateTime<Utc>) -> Result<usize, StoreError> {
    let children = state.db.read(|tx| tx.children()).await?;
    let ids: Vec<_> = children.iter().map(|child| child.id).collect();
    for step in ids.chunks(CHILDREN_PER_STEP) {
        assess(state, step.to_vec(), now).await?;
    }
    pass_on(state, now).await?;
    state.health.swept(now);
    Ok(ids.len())
}

/// Notes whose devices are silent, and moves up what nobody took notice of in time. While nobody's
/// time can have run out, the inboxes are not looked through.
async fn pass_on(state: &AppState, now: DateTime<Utc>) -> Result<(), StoreError> {
    let judge = state.judge();
    let patience = state.patience();
    let silence = TimeDelta::from_std(state.config.silence).unwrap_or(TimeDelta::hours(4));
    let look = state.health.is_time_to_look(now);
    let work = move |tx: &mut dyn Tx| {
        tx.expire_uploads(now - PARTIAL_KEPT)?;
        let noted = visits::note_silence(tx, &judge, silence, now)?;
        let pass_on = || pass_on_unacknowledged(tx, &judge, &patience, now);
        Ok::<_, StoreError>((noted, look.then(pass_on).transpose()?))
    };
    let (noted, passed) = state.db.write(work).await?;
    if let Some(passed) = passed {
        state.health.look_again_at(passed.none_before.min(now + LOOK_THROUGH));
    }
    if noted || passed.is_some_and(|passed| passed.count > 0) {
        state.signals.inbox_changed();
    }
    Ok(())
}

async fn assess(
    state: &AppState,
    children: Vec<ChildId>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let judge = state.judge();
    let work = move |tx: &mut dyn Tx| {
        children.iter().try_fold(false, |changed, child| {
            Ok::<_, StoreError>(changed | judge.assess_stored(tx, *child, now)?)
        })
    };
    if state.db.write(work).await? {
        state.signals.inbox_changed();
    }
    Ok(())
}

/// Sweeps until the task is dropped.
pub async fn sweep_for_ever(state: AppState) {
    let mut first = true;
    loop {
        let now = state.ambient.now();
        let swept =
            if first { sweep_all(&state, now).await } else { sweep_once(&state, now).await };
        match swept {
            Ok(_) => first = false,
            Err(error) => tracing::error!(error = crate::error_chain(&error), "a sweep failed"),
        }
        let pause = pause(&state).await;
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = state.signals.sweep_wanted() => tokio::time::sleep(PAUSE_MIN).await,
        }
    }
}

/// How long until the next limit, at most an interval.
async fn pause(state: &AppState) -> Duration {
    let longest = state.config.sweep_interval;
    let next = state.db.read(|tx| tx.next_change()).await;
    let next = next.unwrap_or_else(|error: StoreError| {
        tracing::error!(error = crate::error_chain(&error), "the next limit cannot be read");
        None
    });
    let next = [next, state.health.look_again()].into_iter().flatten().min();
    let Some(next) = next else { return longest };
    let left = (next - state.ambient.now()).to_std().unwrap_or(Duration::ZERO);
    left.clamp(PAUSE_MIN.min(longest), longest)
}
