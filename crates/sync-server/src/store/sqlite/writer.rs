//! The one connection that writes, on its own thread, with group commit: work that arrives within a
//! few milliseconds shares one flush to the disk. Each piece of work has its own savepoint, so one
//! that fails takes nothing else with it; answers go out after the commit.

use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::{oneshot, watch};

use super::{SqliteTx, failed};
use crate::ambient::stopwatch;
use crate::store::{Outcome, StoreError, Work};

/// How many pieces of work share a commit at most.
const GROUP_MAX: usize = 256;

/// How long work that nobody waits for is kept, so that it shares a flush with other work.
const BEHIND: Duration = Duration::from_millis(500);

/// Work that somebody waits for.
struct Job {
    work: Work,
    reply: oneshot::Sender<Result<(), StoreError>>,
}

enum Message {
    Now(Job),
    Behind(Work),
}

/// The writing thread.
pub struct Writer {
    jobs: Option<Sender<Message>>,
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
        if jobs.send(Message::Now(Job { work, reply })).is_err() {
            return Err(self.ended());
        }
        answer.await.unwrap_or_else(|_| Err(self.ended()))
    }

    /// Runs `work` with the next that is waited for, or soon. Where the thread has ended, that was
    /// said through `stopped`, and the work is lost with all that came after it.
    pub fn run_behind(&self, work: Work) {
        let jobs = self.jobs.as_ref().expect("the channel is closed only by drop");
        let _ = jobs.send(Message::Behind(work));
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
    inbox: &Receiver<Message>,
    group_commit: Duration,
    stopped: &watch::Sender<Option<String>>,
) {
    let mut group = Group { conn, inbox, patience: group_commit, company: 1, behind: Vec::new() };
    while let ControlFlow::Continue(first) = group.next() {
        if let Err(reason) = group.write(first) {
            tracing::error!(reason, "a commit failed: nothing more is written until a restart");
            stopped.send_replace(Some(reason));
            return;
        }
    }
    // The journal is folded into the file, so that the file alone is the whole store.
    if let Err(error) = conn.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)") {
        tracing::warn!(error = &error as &dyn std::error::Error, "the journal was not folded in");
    }
}

/// What shares one flush to the disk.
struct Group<'a> {
    conn: &'a Connection,
    inbox: &'a Receiver<Message>,
    /// How long it waits for company.
    patience: Duration,
    /// How many pieces of work shared the last flush.
    company: usize,
    /// Work that nobody waits for.
    behind: Vec<Work>,
}

impl Group<'_> {
    /// Waits until there is a reason to write: the first work that somebody waits for, or none
    /// where there is only such as nobody waits for. Breaks off when the channel is closed and
    /// everything is written.
    fn next(&mut self) -> ControlFlow<(), Option<Job>> {
        let mut deadline = None;
        loop {
            let came = match deadline {
                None => self.inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(deadline) => self.inbox.recv_timeout(left_until(deadline)),
            };
            match came {
                Ok(Message::Now(job)) => return ControlFlow::Continue(Some(job)),
                Ok(Message::Behind(work)) => {
                    self.behind.push(work);
                    deadline.get_or_insert_with(|| stopwatch() + BEHIND);
                    if self.behind.len() < GROUP_MAX {
                        continue;
                    }
                }
                Err(_) if self.behind.is_empty() => return ControlFlow::Break(()),
                Err(_) => {}
            }
            return ControlFlow::Continue(None);
        }
    }

    /// Writes one group in one transaction. It waits only for as many as came last time, so that
    /// who is alone never waits. An error means that the commit failed.
    fn write(&mut self, first: Option<Job>) -> Result<(), String> {
        let mut done = Vec::new();
        if let Err(error) = self.conn.execute_batch("BEGIN IMMEDIATE") {
            if let Some(first) = first {
                let _ = first.reply.send(Err(failed("begin a transaction")(error)));
            }
            return Ok(());
        }
        self.write_behind()?;
        let deadline = stopwatch() + self.patience;
        let mut next = first;
        while let Some(job) = next {
            let result = in_savepoint(self.conn, &job.work)?;
            done.push((job.reply, result));
            next = self.company_for(done.len(), deadline);
        }
        self.write_behind()?;
        self.company = done.len().max(1);
        let commit = self.conn.execute_batch("COMMIT");
        for (reply, result) in done {
            let answer = match &commit {
                Ok(()) => result,
                Err(error) => {
                    Err(StoreError::Stopped { reason: format!("commit failed: {error}") })
                }
            };
            // Whoever asked may have gone; the work is done all the same.
            let _ = reply.send(answer);
        }
        commit.map_err(|error| format!("commit failed: {error}"))
    }

    /// The next work that may share the flush of the `came` that are done.
    fn company_for(&mut self, came: usize, deadline: Instant) -> Option<Job> {
        if came >= GROUP_MAX {
            return None;
        }
        loop {
            let message = if came < self.company {
                self.inbox.recv_timeout(left_until(deadline)).ok()
            } else {
                self.inbox.try_recv().ok()
            };
            match message? {
                Message::Now(job) => return Some(job),
                Message::Behind(work) => self.behind.push(work),
            }
        }
    }

    fn write_behind(&mut self) -> Result<(), String> {
        for work in self.behind.drain(..) {
            // Work that fails says so itself; nobody waits to hear of it.
            let _ = in_savepoint(self.conn, &work)?;
        }
        Ok(())
    }
}

fn left_until(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(stopwatch())
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
            Ok(Err(StoreError::Panicked))
        }
    }
}
