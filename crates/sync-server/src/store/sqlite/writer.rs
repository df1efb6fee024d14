//! The one connection that writes, on its own thread, with group commit: work that arrives within a
//! few milliseconds shares one flush to the disk. Each piece of work has its own savepoint, so one
//! that fails takes nothing else with it; answers go out after the commit.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::{oneshot, watch};

use super::{SqliteTx, failed};
use crate::ambient::stopwatch;
use crate::store::{Outcome, StoreError, Work};

/// How many pieces of work share a commit at most.
const GROUP_MAX: usize = 256;

struct Job {
    work: Work,
    reply: oneshot::Sender<Result<(), StoreError>>,
}

/// The writing thread.
pub struct Writer {
    jobs: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
    stopped: watch::Receiver<Option<String>>,
}

impl Writer {
    /// Starts the thread. It waits up to `group_commit` for as many as shared the last commit.
    pub fn start(conn: Connection, group_commit: Duration) -> Self {
        let (jobs, inbox) = channel();
        let (tell, stopped) = watch::channel(None);
        let thread = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || write_until_closed(&conn, &inbox, group_commit, &tell))
            .expect("a process that cannot start a thread cannot serve");
        Self { jobs: Some(jobs), thread: Some(thread), stopped }
    }

    /// Runs `work`; answers once it is on the disk.
    pub async fn run(&self, work: Work) -> Result<(), StoreError> {
        let (reply, answer) = oneshot::channel();
        let jobs = self.jobs.as_ref().expect("the channel is closed only by drop");
        if jobs.send(Job { work, reply }).is_err() {
            return Err(self.ended());
        }
        answer.await.unwrap_or_else(|_| Err(self.ended()))
    }

    /// Says once, with the reason, that nothing is written any more.
    pub fn stopped(&self) -> watch::Receiver<Option<String>> {
        self.stopped.clone()
    }

    fn ended(&self) -> StoreError {
        let reason = self.stopped.borrow().clone();
        StoreError::Stopped { reason: reason.unwrap_or_else(|| "it was closed".into()) }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.jobs.take();
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was said through `stopped`; nothing is left to do with it here.
            let _ = thread.join();
        }
    }
}

fn write_until_closed(
    conn: &Connection,
    inbox: &Receiver<Job>,
    group_commit: Duration,
    stopped: &watch::Sender<Option<String>>,
) {
    let mut company = 1;
    while let Ok(first) = inbox.recv() {
        match write_group(conn, first, inbox, (group_commit, company)) {
            Ok(came) => company = came,
            Err(reason) => {
                tracing::error!(reason, "a commit failed: nothing more is written until a restart");
                stopped.send_replace(Some(reason));
                return;
            }
        }
    }
    // The journal is folded into the file, so that the file alone is the whole store.
    if let Err(error) = conn.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)") {
        tracing::warn!(error = &error as &dyn std::error::Error, "the journal was not folded in");
    }
}

/// Runs one group in one transaction; answers how many came. It waits only for as many as came last
/// time, so that who is alone never waits. An error means that the commit failed.
fn write_group(
    conn: &Connection,
    first: Job,
    inbox: &Receiver<Job>,
    (group_commit, company): (Duration, usize),
) -> Result<usize, String> {
    let mut done = Vec::new();
    if let Err(error) = conn.execute_batch("BEGIN IMMEDIATE") {
        let _ = first.reply.send(Err(failed("begin a transaction")(error)));
        return Ok(company);
    }
    let deadline = stopwatch() + group_commit;
    let mut next = Some(first);
    while let Some(job) = next {
        let result = in_savepoint(conn, &job.work)?;
        done.push((job.reply, result));
        next = match done.len() {
            GROUP_MAX.. => None,
            came if came < company => {
                inbox.recv_timeout(deadline.saturating_duration_since(stopwatch())).ok()
            }
            _ => inbox.try_recv().ok(),
        };
    }
    let came = done.len();
    let commit = conn.execute_batch("COMMIT");
    for (reply, result) in done {
        let answer = match &commit {
            Ok(()) => result,
            Err(error) => Err(StoreError::Stopped { reason: format!("commit failed: {error}") }),
        };
        // Whoever asked may have gone; the work is done all the same.
        let _ = reply.send(answer);
    }
    commit.map(|()| came).map_err(|error| format!("commit failed: {error}"))
}

/// Runs one piece of work by itself. The outer error means that the transaction cannot be saved.
fn in_savepoint(conn: &Connection, work: &Work) -> Result<Result<(), StoreError>, String> {
    let say = |sql| conn.execute_batch(sql).map_err(|error| format!("{sql} failed: {error}"));
    say("SAVEPOINT work")?;
    let outcome = catch_unwind(AssertUnwindSafe(|| work(&mut SqliteTx::on(conn))));
    match outcome {
        Ok(Outcome::Keep) => {
            say("RELEASE work")?;
            Ok(Ok(()))
        }
        Ok(Outcome::Undo) => {
            say("ROLLBACK TO work; RELEASE work")?;
            Ok(Ok(()))
        }
        Err(_) => {
            say("ROLLBACK TO work; RELEASE work")?;
            Ok(Err(StoreError::Stopped { reason: "a piece of work ended in a panic".into() }))
        }
    }
}
