//! The outbox: notices that were written with the ledger go out to people. At least once, every
//! attempt recorded, with growing pauses, and never given up silently.

mod glass;

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use doorstep_core::assessment::Urgency;

use crate::app::AppState;
use crate::notify::{Failure, Mailer, Message};
use crate::store::ledger::{HistoryEntry, LedgerLine, Notice};
use crate::store::{StoreError, Tx};

/// How many notices are read at once.
const NOTICES_PER_STEP: usize = 20;
/// The longest sleep without a look.
const LOOK_EVERY: Duration = Duration::from_mins(1);
/// The shortest sleep between two looks.
const PAUSE_MIN: Duration = Duration::from_millis(200);

/// Tries every notice that is due at `now`; answers how many went out.
pub async fn deliver_once(
    state: &AppState,
    mailer: &dyn Mailer,
    now: DateTime<Utc>,
) -> Result<usize, StoreError> {
    glass::tell(state, mailer, now).await?;
    let mut sent = 0;
    loop {
        let due = state.db.read(move |tx| gather(tx, now)).await?;
        if due.is_empty() {
            return Ok(sent);
        }
        for (notice, letter) in due {
            let result = match &letter {
                Some(letter) => mailer.send(letter.message(state)).await,
                None => Err(Failure::new("the person has no e-mail address any more")),
            };
            sent += usize::from(result.is_ok());
            record(state, notice, result, now).await?;
        }
    }
}

/// What is needed to write one message.
struct Letter {
    to: String,
    urgency: Urgency,
    notice: Notice,
}

impl Letter {
    fn message(&self, state: &AppState) -> Message {
        Message::about(&self.notice, self.urgency, self.to.clone(), &state.public_url())
    }
}

fn gather(tx: &dyn Tx, now: DateTime<Utc>) -> Result<Vec<(Notice, Option<Letter>)>, StoreError> {
    let mut due = Vec::new();
    for notice in tx.due_notices(now, NOTICES_PER_STEP)? {
        let line = tx.line(notice.escalation)?;
        let urgency = line.map_or(Urgency::Immediate, |line| line.escalation.urgency);
        let email = tx.person(notice.person)?.and_then(|person| person.email);
        let letter = email.map(|to| Letter { to, urgency, notice: notice.clone() });
        due.push((notice, letter));
    }
    Ok(due)
}

/// Writes down what became of one attempt.
async fn record(
    state: &AppState,
    mut notice: Notice,
    result: Result<(), Failure>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    notice.attempts += 1;
    let (what, note) = match result {
        Ok(()) => {
            notice.sent = Some(now);
            notice.last_error = None;
            ("notice-sent", None)
        }
        Err(failure) => {
            tracing::warn!(
                escalation = %notice.escalation,
                attempts = notice.attempts,
                reason = failure.reason(),
                "a notice did not go out"
            );
            notice.next_try = now + backoff(state, notice.attempts);
            notice.last_error = Some(failure.reason().to_owned());
            ("notice-failed", Some(failure.reason().to_owned()))
        }
    };
    let flagged = notice.sent.is_none() && notice.attempts >= state.config.notice_flag_after;
    let entry = HistoryEntry { at: now, what: what.into(), by: None, note };
    let work = move |tx: &mut dyn Tx| {
        tx.update_notice(&notice)?;
        tx.put_line_history(notice.escalation, &entry)?;
        if let Some(line) = tx.line(notice.escalation)?.filter(|line| line.undelivered != flagged) {
            tx.put_line(&LedgerLine { undelivered: flagged, ..line })?;
        }
        Ok::<_, StoreError>(())
    };
    state.db.write(work).await?;
    state.signals.inbox_changed();
    Ok(())
}

/// The pause after so many attempts: it doubles up to a limit.
fn backoff(state: &AppState, attempts: u32) -> TimeDelta {
    let first = state.config.notice_retry_first;
    let doubled = first.saturating_mul(1 << attempts.saturating_sub(1).min(16));
    let pause = doubled.min(state.config.notice_retry_max).max(first);
    TimeDelta::from_std(pause).unwrap_or(TimeDelta::hours(1))
}

/// Delivers until the task is dropped.
pub async fn deliver_for_ever(state: AppState, mailer: Box<dyn Mailer>) {
    loop {
        if let Err(error) = deliver_once(&state, mailer.as_ref(), state.ambient.now()).await {
            tracing::error!(error = crate::error_chain(&error), "the outbox failed");
        }
        let next =
            state.db.read(|tx| tx.next_notice()).await.unwrap_or_else(|error: StoreError| {
                tracing::error!(error = crate::error_chain(&error), "the outbox cannot be read");
                None
            });
        let now = state.ambient.now();
        let left = next.map_or(LOOK_EVERY, |next| (next - now).to_std().unwrap_or_default());
        tokio::select! {
            () = tokio::time::sleep(left.clamp(PAUSE_MIN, LOOK_EVERY)) => {}
            () = state.signals.outbox_wanted() => {}
        }
    }
}
