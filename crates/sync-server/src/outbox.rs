//! The outbox: notices that were written with the ledger go out to people. At least once, every
//! attempt recorded, by the next way where one fails, and never given up silently.
//!
//! A notice is claimed before it is sent and settled after, so that several servers never send it
//! at the same time; a claim that was never settled runs out, and the notice is sent again under
//! the same reference.

mod beside;
mod plan;
mod test;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use doorstep_core::assessment::Urgency;
use doorstep_core::ids::PersonId;
use doorstep_core::seal::Hash;
use tokio::task::JoinSet;

use crate::app::AppState;
use crate::notify::{About, Channels, Message, Outcome};
use crate::private::Private;
use crate::store::ledger::{Heard, HeardBy, HistoryEntry, LedgerLine};
use crate::store::notices::{
    Attempt, Channel, Claim, Claimed, Manner, Notice, NoticeState, Reason, Receiver,
};
use crate::store::{StoreError, Tx};

pub use plan::Rules;
pub use test::send_test;

/// How many notices are sent at the same time.
const NOTICES_PER_STEP: usize = 16;
/// The longest sleep without a look.
const LOOK_EVERY: Duration = Duration::from_mins(1);
/// The shortest sleep between two looks.
const PAUSE_MIN: Duration = Duration::from_millis(200);
/// How long a claim holds beside the time that a way may take.
const CLAIM: TimeDelta = TimeDelta::minutes(2);

impl AppState {
    /// How often notices are tried.
    pub fn notice_rules(&self) -> Rules {
        let delta = |time| TimeDelta::from_std(time).unwrap_or(TimeDelta::hours(1));
        let notices = &self.config.notices;
        let (first, max) = (delta(notices.retry_first), delta(notices.retry_max));
        Rules { first, max, flag_after: notices.flag_after }
    }
}

/// Tries every notice that is due at `now`; answers how many went out.
pub async fn deliver_once(
    state: &AppState,
    channels: &Arc<Channels>,
    now: DateTime<Utc>,
) -> Result<usize, StoreError> {
    beside::tell(state, channels, now).await?;
    let mut sent = 0;
    let longest = TimeDelta::from_std(state.config.smtp.timeout).unwrap_or(CLAIM);
    // What is under way is finished before a server stops; what is not waits for the next.
    while !state.signals.is_stopping() {
        let by = hex::encode(state.ambient.random::<16>());
        let claim = Claim { by, until: now + longest + CLAIM };
        let (ways, public_url) = (state.config.ways(), state.public_url());
        let held = claim.clone();
        let work = move |tx: &mut dyn Tx| gather(tx, &held, &ways, &public_url, now);
        let jobs = state.db.write(work).await?;
        if jobs.is_empty() {
            break;
        }
        for (job, outcome) in perform(jobs, channels, now).await {
            sent += usize::from(outcome.as_ref().is_some_and(is_gone));
            record(state, job, outcome, &claim.by, now).await?;
        }
    }
    Ok(sent)
}

/// It is out of our hands.
const fn is_gone(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Delivered | Outcome::Accepted(_))
}

/// One thing to do, for one notice or for all of a digest.
#[derive(Clone)]
struct Job {
    notices: Vec<Notice>,
    /// The ways to reach the person.
    route: Vec<Channel>,
    task: Task,
}

#[derive(Clone)]
enum Task {
    /// Send this by that way.
    Send(Channel, Message),
    /// Ask what became of it.
    Look(Channel, String),
    /// Nobody can be reached.
    NoWay,
    /// There is nothing to tell any more.
    Nothing,
}

/// Claims what is due, and gathers all that is needed to send it.
fn gather(
    tx: &mut dyn Tx,
    claim: &Claim,
    ways: &[Channel],
    public_url: &str,
    now: DateTime<Utc>,
) -> Result<Vec<Job>, StoreError> {
    let mut jobs = Vec::new();
    let mut digests: BTreeMap<(PersonId, DateTime<Utc>), Vec<Claimed>> = BTreeMap::new();
    for claimed in tx.claim_notices(claim, now, NOTICES_PER_STEP)? {
        let Claimed { notice, .. } = &claimed;
        if let NoticeState::Accepted { channel, provider_id, .. } = &notice.state {
            let task = Task::Look(*channel, provider_id.clone());
            let (route, _) = route(tx, notice, ways)?;
            jobs.push(Job { notices: vec![claimed.notice], route, task });
        } else if is_moot(tx, notice, now)? {
            let notices = vec![claimed.notice];
            jobs.push(Job { notices, route: Vec::new(), task: Task::Nothing });
        } else if let Some(digest) = notice.digest {
            digests.entry((notice.person, digest)).or_default().push(claimed);
        } else {
            jobs.push(sending(tx, vec![claimed], ways, public_url, now)?);
        }
    }
    for claimed in digests.into_values() {
        jobs.push(sending(tx, claimed, ways, public_url, now)?);
    }
    Ok(jobs)
}

/// Whether there is nothing to tell any more: somebody has it in hand, or it is over.
fn is_moot(tx: &dyn Tx, notice: &Notice, now: DateTime<Utc>) -> Result<bool, StoreError> {
    if notice.receiver == Receiver::Webhook {
        return Ok(false);
    }
    let Some(line) = tx.line(notice.escalation)? else { return Ok(true) };
    // It is somebody else's by now.
    if tx.person(notice.person)?.is_none_or(|person| !person.is_active(now)) {
        return Ok(true);
    }
    if notice.reason == Reason::StoodDown {
        // Whoever never heard of it need not hear that it has gone.
        let told = tx.told(line.id)?;
        let heard = told.iter().any(|told| told.person == notice.person && told.heard.is_some());
        let earlier = tx.notices(line.id)?.into_iter().any(|earlier| {
            earlier.person == notice.person && matches!(earlier.state, NoticeState::Accepted { .. })
        });
        return Ok(!heard && !earlier);
    }
    let in_hand = line.acknowledged.is_some_and(|taken| taken.at >= notice.written);
    Ok(line.ended.is_some() || in_hand)
}

/// The ways to reach the person of a notice, and their address by each.
fn route(
    tx: &dyn Tx,
    notice: &Notice,
    ways: &[Channel],
) -> Result<(Vec<Channel>, Addresses), StoreError> {
    let Some(person) = tx.person(notice.person)? else {
        return Ok((Vec::new(), Addresses::default()));
    };
    let manner = match tx.line(notice.escalation)? {
        Some(line) => tx.preference(person.id)?.unwrap_or_default().manner(line.escalation.urgency),
        None => Manner::Email,
    };
    let route = plan::route(ways, &person, manner);
    Ok((route, Addresses { email: person.email, phone: person.phone }))
}

#[derive(Default)]
struct Addresses {
    email: Option<Private>,
    phone: Option<Private>,
}

impl Addresses {
    fn of(self, channel: Channel) -> Private {
        match channel {
            Channel::Email | Channel::NotifyEmail => self.email,
            Channel::NotifySms => self.phone,
            Channel::Webhook => None,
        }
        .unwrap_or_default()
    }
}

/// What is to be sent for notices that go out together.
fn sending(
    tx: &dyn Tx,
    claimed: Vec<Claimed>,
    ways: &[Channel],
    public_url: &str,
    now: DateTime<Utc>,
) -> Result<Job, StoreError> {
    let unsure = claimed.iter().any(|claimed| claimed.unsure);
    let notices: Vec<_> = claimed.into_iter().map(|claimed| claimed.notice).collect();
    let first = notices.first().ok_or(StoreError::Missing { what: "notice" })?;
    let (route, addresses) = route(tx, first, ways)?;
    let Some(channel) = plan::way(first, &route) else {
        return Ok(Job { notices, route, task: Task::NoWay });
    };
    let about = if first.digest.is_some() {
        About::Digest { count: notices.len() }
    } else {
        let line = tx.line(first.escalation)?;
        let urgency = line.map_or(Urgency::Immediate, |line| line.escalation.urgency);
        About::Escalation { id: first.escalation, reason: first.reason, urgency }
    };
    let message = Message {
        about,
        person: first.person,
        to: addresses.of(channel),
        reference: reference(first),
        failures: first.failures,
        unsure,
        public_url: public_url.to_owned(),
        written: first.written,
        now,
    };
    Ok(Job { notices, route, task: Task::Send(channel, message) })
}

/// The same for each attempt of the same notice or digest; says nothing of what it is about.
fn reference(notice: &Notice) -> String {
    let text = match notice.digest {
        Some(at) => format!("digest/{}/{}", notice.person, at.timestamp_millis()),
        None => notice.key.clone(),
    };
    hex::encode(&Hash::of(text.as_bytes()).0[..16])
}

/// Does all of it at the same time, so that a service that hangs holds up nobody else.
async fn perform(
    jobs: Vec<Job>,
    channels: &Arc<Channels>,
    now: DateTime<Utc>,
) -> Vec<(Job, Option<Outcome>)> {
    let mut tasks = JoinSet::new();
    for (place, job) in jobs.into_iter().enumerate() {
        let channels = Arc::clone(channels);
        tasks.spawn(async move {
            let outcome = match &job.task {
                Task::Send(channel, message) => Some(channels.send(*channel, message).await),
                Task::Look(channel, id) => channels.look(*channel, id, now).await,
                Task::NoWay | Task::Nothing => None,
            };
            (place, job, outcome)
        });
    }
    let mut done = tasks.join_all().await;
    done.sort_by_key(|(place, ..)| *place);
    done.into_iter().map(|(_, job, outcome)| (job, outcome)).collect()
}

/// Writes down what became of one job.
async fn record(
    state: &AppState,
    job: Job,
    outcome: Option<Outcome>,
    by: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let (rules, by) = (state.notice_rules(), by.to_owned());
    if let Some((_, Some(why))) = outcome.as_ref().map(Outcome::upshot) {
        let escalation = job.notices.first().map(|notice| notice.escalation.to_string());
        tracing::warn!(escalation, reason = why, "a notice did not go out");
    }
    let work = move |tx: &mut dyn Tx| {
        for notice in &job.notices {
            settle(tx, &job, notice, outcome.as_ref(), &rules, &by, now)?;
        }
        Ok::<_, StoreError>(())
    };
    state.db.write(work).await?;
    state.signals.inbox_changed();
    Ok(())
}

fn settle(
    tx: &mut dyn Tx,
    job: &Job,
    notice: &Notice,
    outcome: Option<&Outcome>,
    rules: &Rules,
    by: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let tried = match (&job.task, outcome) {
        (Task::Send(channel, _), Some(outcome)) => Some((*channel, outcome.clone())),
        (Task::Look(channel, _), found) => {
            let later = plan::still_under_way(notice.clone(), now);
            match (found, later) {
                (Some(outcome), _) => Some((*channel, outcome.clone())),
                (None, Some(later)) => {
                    tx.settle_notice(&later, by)?;
                    return Ok(());
                }
                (None, None) => Some((*channel, Outcome::failed("no word came in three days"))),
            }
        }
        _ => None,
    };
    let after = match (&tried, &job.task) {
        (Some((channel, outcome)), _) => {
            plan::after(notice.clone(), *channel, outcome, &job.route, rules, now)
        }
        (None, Task::NoWay) => plan::unreachable(notice.clone(), rules, now),
        (None, _) => plan::not_needed(notice.clone(), now),
    };
    if let Some((channel, outcome)) = &tried {
        let (upshot, why) = outcome.upshot();
        tx.add_attempt(&Attempt {
            notice: Some(notice.key.clone()),
            person: notice.person,
            at: now,
            channel: *channel,
            upshot,
            why: why.map(str::to_owned),
        })?;
    }
    // Where another has taken over, its word counts.
    if tx.settle_notice(&after, by)? {
        if let (NoticeState::Delivered(channel), Receiver::Person) = (&after.state, after.receiver)
        {
            let heard = Heard { at: now, by: HeardBy::Notice(*channel) };
            crate::judge::heard(tx, after.escalation, after.person, heard)?;
        }
        flag(tx, &after, rules, now)?;
    }
    Ok(())
}

/// Lets the escalation say whether a notice of it does not arrive.
fn flag(
    tx: &mut dyn Tx,
    notice: &Notice,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let notices = tx.notices(notice.escalation)?;
    let undelivered = notices.iter().any(|notice| plan::is_flagged(notice, rules));
    let Some(line) = tx.line(notice.escalation)? else { return Ok(()) };
    if line.undelivered == undelivered {
        return Ok(());
    }
    tx.put_line(&LedgerLine { undelivered, ..line })?;
    if undelivered {
        let (what, note) = ("notice-failed".to_owned(), notice.last_error.clone());
        let entry = HistoryEntry { at: now, what, by: Some(notice.person), note };
        tx.put_line_history(notice.escalation, &entry)?;
    }
    Ok(())
}

/// Delivers until the server stops, and then writes down what became of what is under way: whoever
/// was told just now is not told again after the start. The store is held by this server alone:
/// what an earlier run had claimed is free at once.
pub async fn deliver_for_ever(state: AppState, channels: Arc<Channels>) {
    let start = state.ambient.now();
    if let Err(error) = state.db.write(move |tx| tx.release_claims(start)).await {
        tracing::error!(error = crate::error_chain(&error), "earlier claims cannot be ended");
    }
    while !state.signals.is_stopping() {
        if let Err(error) = deliver_once(&state, &channels, state.ambient.now()).await {
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
            () = state.signals.stopped() => {}
        }
    }
}
