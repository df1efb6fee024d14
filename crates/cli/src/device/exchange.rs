//! Enrolling and syncing: the ten-line loop over the store's machine, and what it says meanwhile.

use std::io::{self, IsTerminal as _};
use std::time::Duration;

use chrono::{DateTime, Utc};
use doorstep_core::attachment::size_in_words;
use doorstep_core::time::ClockReading;
use doorstep_core::wire::{EnrolResponse, HandInAnswer, SyncResponse};
use doorstep_device_store::porch::{HandedOver, Porch};
use doorstep_device_store::{Invitation, Progress, Store};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use super::attachments::{self, Moved};
use super::client::{Client, NoAnswer};
use super::folder::Folder;
use crate::ambient;
use crate::failure::{Failure, OrFail as _, Outcome};
use crate::out::Out;

/// The app and its version, as the server hears of it.
pub const APP: &str = concat!("doorstep ", env!("CARGO_PKG_VERSION"));

/// Exchanges of one sync. At a batch each, more than any device holds.
const EXCHANGES_MAX: u32 = 100_000;
/// How often a progress bar is drawn.
const TICK: Duration = Duration::from_millis(100);

/// What a sync came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Synced {
    /// Requests that were answered.
    pub exchanges: u32,
    /// Own records that the server has now.
    pub sent: u64,
    /// Those of them that it set aside.
    pub set_aside: u64,
    /// Records that came from others.
    pub received: u64,
    /// Bytes of the records and cards that came.
    pub received_bytes: u64,
    /// Children who entered, or whose card changed.
    pub children: u64,
    /// Children who left.
    pub left: u64,
    /// Own records still to be sent.
    pub unsent: u64,
}

/// Exchanges a code for an identity.
pub fn enrol(
    store: &mut Store,
    folder: &Folder,
    server: &str,
    code: &str,
    device_name: &str,
) -> Outcome<EnrolResponse> {
    let client = Client::new(server)?;
    let invitation = Invitation {
        code: code.trim().to_owned(),
        device_name: device_name.to_owned(),
        app: APP.to_owned(),
    };
    let request = store
        .prepare(&invitation, ambient::random())
        .map_err(|error| Failure::No(error.to_string()))?;
    let answer: EnrolResponse =
        client.post("/v1/enrol", None, &request).map_err(|error| Failure::No(error.to_string()))?;
    folder.put_server(server)?;
    store.enrolled(&answer).map_err(|error| Failure::No(error.to_string()))?;
    Ok(answer)
}

/// What one exchange was about.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// Records.
    Records(Progress),
    /// A piece of an attachment.
    Attachment(Moved),
}

/// Exchanges with the server until neither side has anything new: records first, then attachments,
/// piece by piece, and records again in between. `clock` says what the device's clocks say; `tell`
/// hears of every answer.
pub fn sync(
    store: &mut Store,
    server: &str,
    clock: impl Fn() -> ClockReading,
    mut tell: impl FnMut(&Synced, &Step) -> Outcome,
) -> Outcome<Synced> {
    let client = Client::new(server)?;
    let token = store
        .enrolment()
        .or_no("cannot read the device's enrolment")?
        .ok_or_else(|| Failure::No(doorstep_device_store::Error::NotEnrolled.to_string()))?
        .token;
    store.sync_now().or_no("cannot begin to sync")?;
    let mut synced = Synced::default();
    while synced.exchanges < EXCHANGES_MAX {
        let request = store.next_request(&clock(), APP).or_no("cannot prepare a request")?;
        let Some(request) = request else {
            let moved = attachments::exchange_one(store, &client, &token)?;
            let Some(moved) = moved else { break };
            synced.exchanges += 1;
            tell(&synced, &Step::Attachment(moved))?;
            continue;
        };
        let answer = client.post::<SyncResponse>("/v1/sync", Some(&token), &request);
        let answer = answer.map_err(|error| no_answer(store, clock().wall.to_utc(), &error))?;
        let progress = store.receive(&answer).map_err(|error| Failure::No(error.to_string()))?;
        synced.add(&progress);
        tell(&synced, &Step::Records(progress))?;
    }
    Ok(synced)
}

/// Hands in what lies sealed on the porch, without opening the device.
pub fn hand_in(porch: &Porch, server: &str) -> Outcome<HandedOver> {
    let client = Client::new(server)?;
    let (mut over, mut after) = (HandedOver::default(), None);
    while let Some(request) = porch.next_hand_in(after).or_no("cannot read the sealed copies")? {
        let answer = client.post::<HandInAnswer>("/v1/hand-in", None, &request);
        let answer = answer.map_err(|error| Failure::No(error.to_string()))?;
        let step = porch.handed_in(&request, &answer).or_no("cannot note what was handed in")?;
        over.received += step.received;
        over.kept += step.kept;
        after = request.copies.last().map(|copy| (copy.epoch, copy.seq));
    }
    Ok(over)
}

/// Lets the machine know, so that it waits before it asks again.
fn no_answer(store: &mut Store, now: DateTime<Utc>, error: &NoAnswer) -> Failure {
    let jitter = u64::from_le_bytes(ambient::random());
    match store.failed(now, error.retry_after(), jitter) {
        Ok(_) => Failure::No(error.to_string()),
        Err(store) => Failure::No(format!("{error}; and {store}")),
    }
}

impl Synced {
    fn add(&mut self, progress: &Progress) {
        self.exchanges += 1;
        self.sent += progress.receipts;
        self.set_aside += progress.needs_you;
        self.received += progress.new_events;
        self.received_bytes += progress.new_bytes;
        self.children += progress.cards;
        self.left += progress.forgotten;
        self.unsent = progress.unsent;
    }

    /// What it came to, in a line.
    pub fn sentence(&self) -> String {
        let mut text = format!("sent {}, received {}", self.sent, self.received);
        if self.received_bytes > 0 {
            text = format!("{text} ({})", size_in_words(self.received_bytes));
        }
        for (count, words) in [
            (self.children, "children new or changed"),
            (self.left, "children left your caseload"),
            (self.set_aside, "records need you"),
            (self.unsent, "records still to be sent"),
        ] {
            if count > 0 {
                text = format!("{text}, {count} {words}");
            }
        }
        text
    }
}

/// What the server still has for the device, as the end of a sentence.
fn still_to_come(progress: &Progress) -> String {
    let Progress { children_left, events_left, bytes_left, .. } = *progress;
    match (progress.more, children_left, events_left) {
        (false, ..) => String::new(),
        (true, 0, 0) => "; more to come".to_owned(),
        (true, ..) => format!(
            "; still to come: {children_left} children, {events_left} records, about {}",
            size_in_words(bytes_left)
        ),
    }
}

/// Syncs with a bar on a terminal, and with plain lines elsewhere.
pub fn sync_and_show(
    store: &mut Store,
    server: &str,
    quiet: bool,
    out: &mut Out,
) -> Outcome<Synced> {
    if quiet {
        return sync(store, server, ambient::clock, |_, _| Ok(()));
    }
    if !io::stderr().is_terminal() {
        return sync(store, server, ambient::clock, |synced, step| match step {
            Step::Records(progress) => {
                let (sentence, left) = (synced.sentence(), still_to_come(progress));
                out.line(format!("exchange {}: {sentence}{left}", synced.exchanges))
            }
            Step::Attachment(moved) => out.line(moved.sentence()),
        });
    }
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{spinner} {bar:30} {pos}/{len} {msg}");
    bar.set_style(style.expect("the template is a constant"));
    bar.enable_steady_tick(TICK);
    let synced = sync(store, server, ambient::clock, |synced, step| {
        match step {
            Step::Records(progress) => {
                let done = synced.sent + synced.received + synced.children;
                let left = progress.unsent + progress.children_left + progress.events_left;
                bar.set_length(done + left);
                bar.set_position(done);
                bar.set_message(format!("{}{}", synced.sentence(), still_to_come(progress)));
            }
            Step::Attachment(moved) => {
                bar.set_length(moved.of);
                bar.set_position(moved.done);
                bar.set_message(moved.sentence());
            }
        }
        Ok(())
    });
    bar.finish_and_clear();
    synced
}
