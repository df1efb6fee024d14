//! `POST /v1/sync`.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use chrono::{DateTime, Utc};
use doorstep_core::ids::{ChildId, DeviceId};
use doorstep_core::time::ClockReading;
use doorstep_core::trust::ClockSample;
use doorstep_core::wire::{
    Cursor, Divergence, Expected, Limits, Outcome, PROTOCOL, Place, Settled, SyncResponse,
};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::problem::Refusal;
use super::{bearer, body, coding};
use crate::app::AppState;
use crate::deliver::{self, Page};
use crate::enrol::authenticate;
use crate::head;
use crate::ingest::{self, Batch, ExaminedBatch, Incoming, Pushed};
use crate::judge::{Judge, visits};
use crate::store::devices::Device;
use crate::store::directory::{Organisation, Person};
use crate::store::tree::Heads;
use crate::store::{StoreError, Tx};

/// The longest text that an app may say of itself, in bytes.
const APP_BYTES_MAX: usize = 200;

#[derive(Deserialize)]
struct Version {
    protocol: u16,
}

/// The request as it is read: each event by itself, so that one that cannot be read does not hold
/// up the others.
#[derive(Clone, Debug, Deserialize)]
struct PushAndPull {
    app: String,
    epoch: u32,
    first_seq: u64,
    events: Vec<Box<RawValue>>,
    clock: Option<ClockReading>,
    #[serde(default)]
    unsent_beyond: u64,
    oldest_unsent: Option<DateTime<Utc>>,
    cursor: Option<Cursor>,
    #[serde(default)]
    again: Vec<ChildId>,
    #[serde(default)]
    waiting: Vec<Place>,
    #[serde(default)]
    divergence: Divergence,
    page_bytes: Option<usize>,
    terms: Option<String>,
}

impl PushAndPull {
    /// Whether it only asks for news.
    fn brings_nothing(&self) -> bool {
        self.events.is_empty() && self.again.is_empty()
    }

    /// The limits of its page: no more than it asks for, but something.
    fn of_page(&self, limits: &Limits) -> Limits {
        let asked = self.page_bytes.unwrap_or(limits.page_bytes).max(1);
        Limits { page_bytes: limits.page_bytes.min(asked), ..*limits }
    }

    fn batch(&self) -> Batch {
        let events = self.events.iter().map(|raw| Incoming::of(raw)).collect();
        Batch { epoch: self.epoch, first_seq: self.first_seq, events }
    }
}

/// Takes events up, and brings a page down, in one transaction.
#[cfg_attr(feature = "schema", utoipa::path(
    post, path = "/v1/sync", tag = "devices", security(("device" = [])),
    request_body(
        content = ref("#/components/schemas/SyncRequest"), content_type = "application/json"
    ),
    responses((
        status = 200, description = "A verdict for each event, and a page of what is new.",
        body = ref("#/components/schemas/SyncResponse"), content_type = "application/json"
    ))
))]
pub async fn sync(State(app): State<AppState>, request: Request) -> Result<Response, Refusal> {
    let token = bearer::token(request.headers());
    let wanted = coding::wanted(request.headers());
    let arrived = body::read(&app, request).await?;
    let token = token.ok_or(Refusal::Unauthenticated)?;
    let (limits, now) = (app.limits, app.ambient.now());
    let shown = token.clone();
    let known = app.db.read(move |tx| authenticate(tx, &shown)).await?;
    let known = known.ok_or(Refusal::Unauthenticated)?;
    let often = app.paces.device.visit(&known.id, now);
    often.map_err(|retry_after| Refusal::TooOften { retry_after })?;
    let request = Arc::new(parse(&arrived.bytes, &limits)?);
    let key = app.head_key()?;
    let terms = Some(app.terms()?).filter(|terms| request.terms.as_ref() != Some(&terms.mark));
    if let Some(cursor) = request.cursor.clone().filter(|_| request.brings_nothing()) {
        let (shown, asked) = (token.clone(), Arc::clone(&request));
        let look = move |tx: &dyn Tx| {
            let device = authenticate(tx, &shown)?.ok_or(Refusal::Unauthenticated)?;
            let answer = answer_quietly(tx, &device, &asked, &cursor, &limits, now)?;
            answer.map(|answer| Ok::<_, Refusal>((answer, tx.heads()?))).transpose()
        };
        if let Some((mut response, heads)) = app.db.read(look).await? {
            response.head = Some(head::sign(&heads, &key, &response));
            response.terms = terms;
            app.db.write_behind(move |tx| note_contact_of(tx, known.id, &request, now)).await;
            return Ok(coding::answer(wanted, &response));
        }
    }
    let batch = examine(request.batch(), known.public_key, limits).await?;
    let exchange = Exchange { app: app.clone(), token, request, limits, now };
    let mut outcome = exchange.run(batch.clone()).await;
    if let Err(Refusal::Stumbled) = outcome {
        exchange.one_by_one(batch.clone()).await?;
        app.signals.events_came();
        outcome = exchange.run(batch).await;
    }
    let (mut response, ledger_changed, heads) = outcome?;
    response.head = Some(head::sign(&heads, &key, &response));
    response.terms = terms;
    if ledger_changed {
        app.signals.ledger_changed();
    }
    if response.verdicts.iter().any(|verdict| brings_news(&verdict.outcome)) {
        app.signals.events_came();
    }
    Ok(coding::answer(wanted, &response))
}

/// One device's turn at the store.
struct Exchange {
    app: AppState,
    token: String,
    request: Arc<PushAndPull>,
    limits: Limits,
    now: DateTime<Utc>,
}

impl Exchange {
    /// Takes the batch in and brings a page, in one transaction. Answers as well whether somebody's
    /// inbox may have changed, and how the logs stand then.
    async fn run(&self, batch: ExaminedBatch) -> Result<(SyncResponse, bool, Heads), Refusal> {
        let (token, request) = (self.token.clone(), Arc::clone(&self.request));
        let (judge, limits, now) = (self.app.judge(), self.limits, self.now);
        let work = move |tx: &mut dyn Tx| {
            let device = authenticate(tx, &token)?.ok_or(Refusal::Unauthenticated)?;
            let (answer, changed) = exchange(tx, &judge, device, &request, &batch, &limits, now)?;
            Ok::<_, Refusal>((answer, changed, tx.heads()?))
        };
        self.app.db.write(work).await
    }

    /// Takes the batch in event by event. One that the server stumbles over is set aside, so that
    /// it holds up neither those beside it nor those that come after.
    async fn one_by_one(&self, batch: ExaminedBatch) -> Result<(), Refusal> {
        for one in batch.one_by_one() {
            if let Err(Refusal::Stumbled) = self.push(one.clone()).await {
                tracing::error!("stumbled over a record of a device: it is set aside");
                self.push(one.to_be_set_aside()).await?;
            }
        }
        Ok(())
    }

    async fn push(&self, batch: ExaminedBatch) -> Result<(), Refusal> {
        let (judge, token, now) = (self.app.judge(), self.token.clone(), self.now);
        let work = move |tx: &mut dyn Tx| {
            let device = authenticate(tx, &token)?.ok_or(Refusal::Unauthenticated)?;
            ingest::push(tx, &judge, &device, &batch, now).map(drop).map_err(Refusal::from)
        };
        self.app.db.write(work).await
    }
}

/// Checks what needs no look at the store beside the threads that answer requests, and before the
/// one that writes: signatures are most of what a push costs.
async fn examine(batch: Batch, key: [u8; 32], limits: Limits) -> Result<ExaminedBatch, StoreError> {
    if batch.events.is_empty() {
        return Ok(batch.examine(&key, &limits));
    }
    let examined = tokio::task::spawn_blocking(move || batch.examine(&key, &limits));
    examined.await.map_err(|_| StoreError::Stopped { reason: "a check ended in a panic".into() })
}

/// Whether an event came into the log that was not there before.
const fn brings_news(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Stored { .. } | Outcome::HandedOver { .. })
}

fn parse(text: &[u8], limits: &Limits) -> Result<PushAndPull, Refusal> {
    let Version { protocol } = body::parse(text)?;
    if protocol != PROTOCOL {
        return Err(Refusal::Protocol);
    }
    let request: PushAndPull = body::parse(text)?;
    if request.events.len() > limits.batch_events {
        return Err(Refusal::TooManyEvents { limit: limits.batch_events });
    }
    if request.app.len() > APP_BYTES_MAX {
        return Err(Refusal::Malformed { what: "app is too long".into() });
    }
    Ok(request)
}

/// The answer to a device that brings nothing and for which there is nothing new; none where there
/// may be. It needs nothing of the store but a look.
fn answer_quietly(
    tx: &dyn Tx,
    device: &Device,
    request: &PushAndPull,
    cursor: &Cursor,
    limits: &Limits,
    now: DateTime<Utc>,
) -> Result<Option<SyncResponse>, Refusal> {
    let person = tx.person(device.person)?.ok_or(StoreError::Missing { what: "person" })?;
    if is_shut_out(device, &person, now) {
        return Err(Refusal::Revoked);
    }
    if !tx.silent_visits(device.person)?.is_empty() {
        return Ok(None);
    }
    let organisation = tx.organisation()?.ok_or(StoreError::Missing { what: "organisation" })?;
    let of_page = request.of_page(limits);
    let page = deliver::quiet_page(tx, device, &organisation, cursor, &of_page, now)?;
    let Some(page) = page else { return Ok(None) };
    let expected = ingest::expected(tx, device.id, request.epoch)?;
    let pushed = Pushed { verdicts: Vec::new(), expected, ledger_changed: false };
    let settled = deliver::settled(tx, device.id, &request.waiting)?;
    Ok(Some(answer(&organisation, pushed, page, settled, limits, now)))
}

fn is_shut_out(device: &Device, person: &Person, now: DateTime<Utc>) -> bool {
    device.revoked.is_some_and(|at| at <= now) || !person.is_active(now)
}

/// Writes down, some time after it, that a device spoke at `now`.
fn note_contact_of(
    tx: &mut dyn Tx,
    id: DeviceId,
    request: &PushAndPull,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let mut device = tx.device(id)?.ok_or(StoreError::Missing { what: "device" })?;
    note_contact(tx, &mut device, request, now)?;
    device.unsent = unsent(request, &ingest::expected(tx, id, request.epoch)?);
    tx.put_device(&device)
}

/// How many events a device has made that are not here: those that it says it holds beyond the
/// request, and those in the request or before it that the chain has not come to.
fn unsent(request: &PushAndPull, expected: &Expected) -> u64 {
    let count = u64::try_from(request.events.len()).unwrap_or(u64::MAX);
    let told = request.first_seq.saturating_add(count);
    request.unsent_beyond.saturating_add(told.saturating_sub(expected.seq))
}

/// Takes what a device says of itself at `now` into `device`, which the caller writes.
fn note_contact(
    tx: &mut dyn Tx,
    device: &mut Device,
    request: &PushAndPull,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    if let Some(clock) = &request.clock {
        tx.put_clock_sample(device.id, &ClockSample::of(clock, now))?;
    }
    device.last_contact = Some(now);
    device.oldest_unsent = request.oldest_unsent;
    device.divergence = request.divergence;
    device.app.clone_from(&request.app);
    Ok(())
}

fn exchange(
    tx: &mut dyn Tx,
    judge: &Judge,
    mut device: Device,
    request: &PushAndPull,
    batch: &ExaminedBatch,
    limits: &Limits,
    now: DateTime<Utc>,
) -> Result<(SyncResponse, bool), Refusal> {
    let person = tx.person(device.person)?.ok_or(StoreError::Missing { what: "person" })?;
    let shut_out = is_shut_out(&device, &person, now);
    if shut_out && batch.is_empty() {
        return Err(Refusal::Revoked);
    }
    note_contact(tx, &mut device, request, now)?;
    let heard = visits::heard_from(tx, judge, device.person, now)?;
    let pushed = ingest::push(tx, judge, &device, batch, now)?;
    device.unsent = unsent(request, &pushed.expected);
    let organisation = tx.organisation()?.ok_or(StoreError::Missing { what: "organisation" })?;
    let cursor = request.cursor.as_ref();
    let (page, settled) = if shut_out {
        (Page::nothing(cursor), Vec::new())
    } else {
        let place = deliver::Place::read(tx, cursor, &organisation, &device)?;
        let asked = (request.again.as_slice(), &place);
        deliver::reconcile(tx, &mut device, &organisation, asked, now)?;
        let of_page = request.of_page(limits);
        let page = deliver::page(tx, &device, &organisation, place, &of_page, now)?;
        (page, deliver::settled(tx, device.id, &request.waiting)?)
    };
    tx.put_device(&device)?;
    let ledger_changed = pushed.ledger_changed || heard;
    Ok((answer(&organisation, pushed, page, settled, limits, now), ledger_changed))
}

fn answer(
    organisation: &Organisation,
    pushed: Pushed,
    page: Page,
    settled: Vec<Settled>,
    limits: &Limits,
    now: DateTime<Utc>,
) -> SyncResponse {
    SyncResponse {
        protocol: PROTOCOL,
        organisation: organisation.id,
        log_epoch: organisation.log_epoch,
        server_time: now,
        limits: *limits,
        verdicts: pushed.verdicts,
        expected: pushed.expected,
        backed_up_to: organisation.backed_up_to,
        children: page.children,
        forget: page.forget,
        events: page.events,
        digests: page.digests,
        policy: page.policy,
        settled,
        cursor: page.cursor,
        more: page.more,
        children_left: page.children_left,
        events_left: page.events_left,
        anew: page.anew,
        head: None,
        terms: None,
    }
}
