//! The sweep: "nothing happened for too long" is a child assessed again at a later instant. It
//! wakes at the next limit, when the ledger changed, and at least once an interval.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use doorstep_core::ids::ChildId;

use crate::ambient::stopwatch;
use crate::app::AppState;
use crate::attachment::PARTIAL_KEPT;
use crate::judge::{self, Judge, Roster, visits};
use crate::store::{StoreError, Tx};

/// Due children that are looked up at once.
const DUE_AT_ONCE: usize = 10_000;
/// After so long whoever waits to write has a turn: devices that push, people who acknowledge.
const TURN: Duration = Duration::from_millis(15);
/// At least so often the inboxes are looked through for what is to be passed on: what became more
/// urgent leaves less time than it did.
const LOOK_THROUGH: TimeDelta = TimeDelta::minutes(1);
/// The shortest pause between two looks: due limits come in bursts.
const PAUSE_MIN: Duration = Duration::from_millis(200);

/// Assesses every child whose time has come at `now`, a few in each transaction; answers how many.
pub async fn sweep_once(state: &AppState, now: DateTime<Utc>) -> Result<usize, StoreError> {
    let mut done = BTreeSet::new();
    loop {
        let wanted = DUE_AT_ONCE + done.len();
        let mut due = state.db.read(move |tx| tx.due_children(now, wanted)).await?;
        due.retain(|child| done.insert(*child));
        if due.is_empty() {
            pass_on(state, now).await?;
            state.health.swept(now);
            return Ok(done.len());
        }
        assess(state, due, now).await?;
    }
}

/// Assesses every child of the organisation at `now`: after a start, when the policies may be newer
/// than the stored assessments.
pub async fn sweep_all(state: &AppState, now: DateTime<Utc>) -> Result<usize, StoreError> {
    let children = state.db.read(|tx| tx.children()).await?;
    let ids: Vec<_> = children.iter().map(|child| child.id).collect();
    let count = ids.len();
    assess(state, ids, now).await?;
    pass_on(state, now).await?;
    state.health.swept(now);
    Ok(count)
}

/// Notes whose devices are silent, and moves up what nobody took notice of in time. While nobody's
/// time can have run out, the inboxes are not looked through.
async fn pass_on(state: &AppState, now: DateTime<Utc>) -> Result<(), StoreError> {
    let judge = state.judge();
    let silence = TimeDelta::from_std(state.config.silence).unwrap_or(TimeDelta::hours(4));
    let work = move |tx: &mut dyn Tx| {
        tx.expire_uploads(now - PARTIAL_KEPT)?;
        visits::note_silence(tx, &judge, silence, now)
    };
    if state.db.write(work).await? {
        state.signals.inbox_changed();
    }
    if !state.health.is_time_to_look(now) {
        return Ok(());
    }
    let (judge, patience) = (state.judge(), state.patience());
    let look = move |tx: &dyn Tx| judge::unacknowledged(tx, &judge, &patience, now);
    let waiting = state.db.read(look).await?;
    in_turns(state, waiting.due, move |tx, judge, roster, id| {
        judge::pass_on(tx, judge, roster, &patience, *id, now)
    })
    .await?;
    state.health.look_again_at(waiting.none_before.min(now + LOOK_THROUGH));
    Ok(())
}

async fn assess(
    state: &AppState,
    children: Vec<ChildId>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    in_turns(state, children, move |tx, judge, roster, child| {
        judge.assess_among(tx, roster, *child, now)
    })
    .await
}

/// Does this to one after the other, as many in each transaction as a turn has time for. What is
/// done says whether inboxes may have changed.
async fn in_turns<T: Send + Sync + 'static>(
    state: &AppState,
    items: Vec<T>,
    work: impl Fn(&mut dyn Tx, &Judge, &mut Roster, &T) -> Result<bool, StoreError>
    + Send
    + Sync
    + 'static,
) -> Result<(), StoreError> {
    let (items, work) = (Arc::new(items), Arc::new(work));
    let mut done = 0;
    while done < items.len() {
        let (judge, items, work) = (state.judge(), Arc::clone(&items), Arc::clone(&work));
        let turn = move |tx: &mut dyn Tx| {
            let (begun, mut roster) = (stopwatch(), Roster::default());
            let (mut count, mut changed) = (0, false);
            for item in &items[done..] {
                changed |= work(tx, &judge, &mut roster, item)?;
                count += 1;
                if begun.elapsed() >= TURN {
                    break;
                }
            }
            Ok::<_, StoreError>((count, changed))
        };
        let (count, changed) = state.db.write(turn).await?;
        done += count;
        if changed {
            state.signals.inbox_changed();
        }
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
