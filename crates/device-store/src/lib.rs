//! What a device remembers: its own records, its caseload, and where it stands with the server.
//!
//! A door opens an encrypted SQLite file and hands the connection in; [`Store`] is the same code on
//! a laptop, on a phone and in a browser. It never waits, knows no network, reads no clock and
//! draws no random number: instants and entropy are arguments.
//!
//! * [`Store::create`], [`Store::open`]: the key, the settings, the schema ([`Key`], [`vault`]);
//! * [`porch`]: what lies beside the encrypted file, for when nobody can open it;
//! * [`Store::prepare`], [`Store::enrolled`]: whose device it is;
//! * [`Store::record`]: a [`Draft`] becomes sealed events, whole or not at all;
//!   [`Store::record_with`] keeps files with them;
//! * [`Store::children`], [`Store::timeline`], [`Store::assess`]: what the device can tell;
//! * [`Store::next_request`], [`Store::receive`], [`Store::failed`]: the sync machine;
//! * [`Store::next_attachment`] and what follows it: attachments, after the events;
//! * [`Store::status`]: what a person must know about all this.

mod anew;
mod attachment;
mod contact;
mod copies;
mod course;
mod db;
mod drafts;
mod elapsed;
mod error;
mod head;
mod history;
mod identity;
mod inbox;
mod lease;
mod link;
mod migrate;
mod outbox;
mod policy;
pub mod porch;
mod record;
mod settled;
mod status;
mod sync;
mod terms;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod vault;

use std::time::Duration;

use chrono::{DateTime, Utc};
use doorstep_core::attachment::Attachment;
use doorstep_core::ids::{ChildId, EventId};
use doorstep_core::policy::Policy;
use doorstep_core::seal::Hash;
use doorstep_core::time::ClockReading;
use doorstep_core::wire::{
    AttachmentState, ChildCard, EnrolRequest, EnrolResponse, KeptHead, Problem, SyncRequest,
    SyncResponse,
};
use rusqlite::{Connection, Transaction, TransactionBehavior};

pub use crate::attachment::{
    AttachmentRequest, AttachmentStanding, AttachmentsLeft, NewAttachment,
};
pub use crate::db::Key;
pub use crate::drafts::SavedDraft;
pub use crate::error::{Error, OpenError};
pub use crate::head::HeadKeyChange;
pub use crate::history::{AHEAD_MINUTES_MAX, ChildAssessment, Content, Held, Source, Unreadable};
pub use crate::identity::{Enrolment, Invitation};
pub use crate::lease::ReadLease;
pub use crate::link::GOOD_ANSWERS;
pub use crate::outbox::RecordState;
pub use crate::policy::HeldPolicy;
pub use crate::porch::Porch;
pub use crate::record::{
    Draft, DraftEntry, ENTRIES_MAX, EVENT_BYTES_MAX, Fault, TEXT_CHARS_MAX, YEAR_MAX, YEAR_MIN,
};
pub use crate::status::Status;
pub use crate::sync::{
    AGAIN_EAGER_MAX, PAUSE_FIRST_SECONDS, PAUSE_SECONDS_MAX, POLL_SECONDS, Progress,
    RETRY_AFTER_SECONDS_MAX, STALL_SECONDS,
};

/// A device's store: one open file, and the request that is under way.
#[derive(Debug)]
pub struct Store {
    conn: Connection,
    in_flight: Option<sync::InFlight>,
    wanted: bool,
    porch: Option<Porch>,
    copies_later: bool,
    lease: ReadLease,
}

/// Opening. Nothing here ever deletes, replaces or repairs a file.
impl Store {
    /// Makes a store in a file that holds nothing yet; refuses any other.
    pub fn create(mut conn: Connection, key: &Key) -> Result<Self, OpenError> {
        db::create(&mut conn, key)?;
        Ok(Self::on(conn))
    }

    /// Opens a store that is there and brings it to this version's schema; a file without one is
    /// [`OpenError::Missing`], never made anew in silence.
    pub fn open(mut conn: Connection, key: &Key) -> Result<Self, OpenError> {
        db::open(&mut conn, key)?;
        Ok(Self::on(conn))
    }

    fn on(conn: Connection) -> Self {
        let (porch, lease) = (None, ReadLease::Open);
        Self { conn, in_flight: None, wanted: true, porch, copies_later: false, lease }
    }

    /// The same store with its porch, where sealed copies of what is still to be sent are kept.
    #[must_use]
    pub fn with_porch(self, porch: Porch) -> Self {
        let store = Self { porch: Some(porch), ..self };
        store.make_copies();
        store
    }

    /// The same store, for a door that answers the person first: recording waits for its own file
    /// only, and the door calls [`Store::make_copies`] right after it has answered.
    #[must_use]
    pub fn with_copies_later(self) -> Self {
        Self { copies_later: true, ..self }
    }

    /// Makes the porch hold what is still to be sent. What fails is done with the next write: the
    /// records themselves are safe.
    pub fn make_copies(&self) {
        if let Some(porch) = &self.porch {
            let _ = copies::mirror(&self.conn, porch);
        }
    }

    /// Reads every page and every index: the faults found, none in a sound file.
    pub fn check(&self) -> Result<Vec<String>, Error> {
        Ok(db::check(&self.conn)?)
    }
}

/// Enrolment.
impl Store {
    /// Makes the device's signing key from `entropy` and keeps it, before the network is used.
    /// Asked again, it gives the same key, so that a lost answer can be asked for again.
    pub fn prepare(
        &mut self,
        invitation: &Invitation,
        entropy: [u8; 32],
    ) -> Result<EnrolRequest, Error> {
        self.write(|tx| identity::prepare(tx, invitation, entropy))
    }

    /// Keeps the server's answer: from now on the device can record.
    pub fn enrolled(&mut self, answer: &EnrolResponse) -> Result<(), Error> {
        self.write(|tx| identity::enrolled(tx, answer))?;
        self.make_copies();
        Ok(())
    }

    /// Whose device it is; none before the enrolment.
    pub fn enrolment(&self) -> Result<Option<Enrolment>, Error> {
        identity::enrolment(&self.conn)
    }
}

/// Recording.
impl Store {
    /// Seals a draft and keeps it in one durable transaction, whole or not at all. The ids are in
    /// the order of the draft's entries. `entropy` must never have been used before.
    pub fn record(
        &mut self,
        draft: &Draft,
        clock: &ClockReading,
        entropy: [u8; 32],
    ) -> Result<Vec<EventId>, Error> {
        self.record_with(draft, &mut [], clock, entropy)
    }

    /// The same, with files that belong to each of its entries. They are read to their ends and
    /// kept in that transaction.
    pub fn record_with(
        &mut self,
        draft: &Draft,
        files: &mut [NewAttachment<'_>],
        clock: &ClockReading,
        entropy: [u8; 32],
    ) -> Result<Vec<EventId>, Error> {
        let made = self.write(|tx| record::record(tx, draft, files, clock, entropy))?;
        if !self.copies_later {
            self.make_copies();
        }
        Ok(made)
    }

    /// What would keep a draft from being recorded, as far as the draft itself tells.
    pub fn faults(draft: &Draft) -> Vec<Fault> {
        record::faults(draft)
    }

    /// The records that came from the form with this id, in the order of its entries; none while it
    /// was not recorded.
    pub fn recorded_from(&self, form: &str) -> Result<Vec<EventId>, Error> {
        drafts::recorded(&self.conn, form)
    }

    /// Saves a form that is being filled in, in place of what was saved under this id.
    pub fn save_draft(
        &mut self,
        id: &str,
        document: &str,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        self.write(|tx| drafts::save(tx, id, document, now))
    }

    /// A saved form.
    pub fn draft(&self, id: &str) -> Result<Option<SavedDraft>, Error> {
        drafts::load(&self.conn, id)
    }

    /// Every saved form, the latest first.
    pub fn drafts(&self) -> Result<Vec<SavedDraft>, Error> {
        drafts::list(&self.conn)
    }

    /// Removes a saved form and what was only with it; whether there was one.
    pub fn delete_draft(&mut self, id: &str) -> Result<bool, Error> {
        self.write(|tx| {
            let deleted = drafts::delete(tx, id)?;
            attachment::prune(tx)?;
            Ok(deleted)
        })
    }

    /// Puts a file with a saved form, for the record that will come of it to name.
    pub fn attach_to_draft(
        &mut self,
        id: &str,
        file: &mut NewAttachment<'_>,
        now: DateTime<Utc>,
    ) -> Result<Attachment, Error> {
        self.write(|tx| attachment::keep_with_draft(tx, id, file, now))
    }

    /// Takes a file away from a saved form; whether it was with it.
    pub fn detach_from_draft(&mut self, id: &str, hash: Hash) -> Result<bool, Error> {
        self.write(|tx| attachment::drop_from_draft(tx, id, hash))
    }

    /// What is with a saved form.
    pub fn draft_attachments(&self, id: &str) -> Result<Vec<Attachment>, Error> {
        attachment::of_draft(&self.conn, id)
    }
}

/// Attachments, and the requests about them. They go one at a time, and only while no event waits.
impl Store {
    /// Where an attachment stands.
    pub fn attachment_standing(&self, hash: Hash) -> Result<AttachmentStanding, Error> {
        attachment::standing(&self.conn, hash)
    }

    /// Bytes of an attachment that is here: at most `most` from `place` on, none behind its end.
    pub fn attachment_bytes(&self, hash: Hash, place: u64, most: usize) -> Result<Vec<u8>, Error> {
        self.readable()?;
        let row = attachment::whole(&self.conn, hash)?.ok_or(Error::AttachmentNotHere)?;
        attachment::read(&self.conn, &row, place, most)
    }

    /// A person wants an attachment that a record here names. Whether there is something to fetch.
    pub fn want_attachment(
        &mut self,
        attachment: &Attachment,
        now: DateTime<Utc>,
    ) -> Result<bool, Error> {
        self.write(|tx| attachment::want(tx, attachment, now))
    }

    /// The next request about an attachment; none while a sync has something to do first.
    pub fn next_attachment(&self, now: DateTime<Utc>) -> Result<Option<AttachmentRequest>, Error> {
        attachment::next(&self.conn, now)
    }

    /// Takes in the server's answer to `PUT` or `PATCH`.
    pub fn attachment_answered(
        &mut self,
        request: &AttachmentRequest,
        answer: &AttachmentState,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        self.write(|tx| attachment::answered(tx, request, answer, now))
    }

    /// Keeps bytes that came for `GET`, from `from` on; whether it is here whole now. Bytes that
    /// turn out to be others than the record names are thrown away.
    pub fn attachment_fetched(
        &mut self,
        hash: Hash,
        from: u64,
        bytes: &[u8],
    ) -> Result<bool, Error> {
        self.write(|tx| attachment::fetched(tx, hash, from, bytes))?
    }

    /// The server answered with a problem. Whether the machine may go on; where not, the door calls
    /// [`Store::attachment_failed`].
    pub fn attachment_refused(
        &mut self,
        request: &AttachmentRequest,
        problem: &Problem,
    ) -> Result<bool, Error> {
        self.write(|tx| attachment::refused(tx, request, problem))
    }

    /// The last request about an attachment got no answer, or one that said "later". Events do not
    /// wait for it. Gives the instant at which the machine will ask again.
    pub fn attachment_failed(
        &mut self,
        now: DateTime<Utc>,
        retry_after: Option<Duration>,
        jitter: u64,
    ) -> Result<DateTime<Utc>, Error> {
        self.write(|tx| attachment::failed(tx, now, retry_after, jitter))
    }
}

/// What the device can tell. While the read lease is over, nothing of children but the name that a
/// record needs.
impl Store {
    /// How the read lease stands. A door asks before it shows anything: from then on, until the
    /// next contact, the store keeps to the answer.
    pub fn look(&mut self, clock: &ClockReading) -> Result<ReadLease, Error> {
        self.lease = self.write(|tx| lease::look(tx, clock))?;
        Ok(self.lease)
    }

    /// How the read lease stood when a door last asked.
    pub const fn lease(&self) -> ReadLease {
        self.lease
    }

    /// The caseload, by name.
    pub fn children(&self) -> Result<Vec<ChildCard>, Error> {
        self.readable()?;
        inbox::cards(&self.conn)
    }

    /// A child's card, while the child is in the caseload. While the read lease is over, it says
    /// the name and nothing else.
    pub fn child(&self, child: ChildId) -> Result<Option<ChildCard>, Error> {
        let card = inbox::card(&self.conn, child)?;
        Ok(if self.lease == ReadLease::Open { card } else { card.map(inbox::name_only) })
    }

    /// The children of the caseload with exactly this full name, however it is capitalised: for a
    /// record, while the read lease is over.
    pub fn named(&self, name: &str) -> Result<Vec<ChildId>, Error> {
        let wanted = name.trim().to_lowercase();
        let cards = inbox::cards(&self.conn)?.into_iter();
        Ok(cards.filter(|card| card.name.to_lowercase() == wanted).map(|card| card.id).collect())
    }

    /// Everything held of a child, once each, by when it happened.
    pub fn timeline(&self, child: ChildId) -> Result<Vec<Held>, Error> {
        self.readable()?;
        history::timeline(&self.conn, child)
    }

    /// One event by its id.
    pub fn event(&self, id: EventId) -> Result<Option<Held>, Error> {
        self.readable()?;
        history::event(&self.conn, id)
    }

    /// The newest `limit` records made on this device, newest first.
    pub fn own_records(&self, limit: u32) -> Result<Vec<Held>, Error> {
        self.readable()?;
        history::own_records(&self.conn, limit)
    }

    /// What the policies say about a child at `as_of`, from everything that is held. An event that
    /// cannot be read is listed, and is not in the way.
    pub fn assess(
        &self,
        child: ChildId,
        policy: &Policy,
        as_of: DateTime<Utc>,
    ) -> Result<ChildAssessment, Error> {
        self.readable()?;
        history::assess(&self.conn, child, policy, as_of)
    }

    /// The policy that the organisation judges by, as it came with a sync; the built-in one before.
    pub fn policy(&self) -> Result<HeldPolicy, Error> {
        policy::held(&self.conn)
    }

    /// A number that changes whenever another connection, of this program or of another, wrote to
    /// the file: whoever keeps what was read looks again then.
    pub fn changed_elsewhere(&self) -> Result<u64, Error> {
        Ok(self.conn.query_row("pragma data_version", [], |row| row.get(0))?)
    }

    /// What the server signed about its logs, as this device keeps it: the oldest epoch first.
    pub fn kept_heads(&self) -> Result<Vec<KeptHead>, Error> {
        head::all(&self.conn)
    }

    /// A person compared the mark of the server's new key ([`HeadKeyChange`]) with whoever runs the
    /// server, and it is right. Whether it was that key that the device met.
    pub fn trust_head_key(&mut self, met: &str) -> Result<bool, Error> {
        self.write(|tx| head::trust(tx, met))
    }

    /// What a person must know about the device.
    pub fn status(&self) -> Result<Status, Error> {
        status::status(&self.conn)
    }
}

/// The sync machine.
impl Store {
    /// The next request; none while nothing is due or the machine pauses. `app` is the app and its
    /// version. A request that is asked for while another is under way takes its place.
    pub fn next_request(
        &mut self,
        clock: &ClockReading,
        app: &str,
    ) -> Result<Option<SyncRequest>, Error> {
        let Some((request, in_flight)) = sync::next_request(&self.conn, clock, app, self.wanted)?
        else {
            return Ok(None);
        };
        self.in_flight = Some(in_flight);
        Ok(Some(request))
    }

    /// Takes in the answer to the last request, whole or not at all. An answer without a request,
    /// or the same one a second time, is refused and harms nothing.
    pub fn receive(&mut self, response: &SyncResponse) -> Result<Progress, Error> {
        let in_flight = self.in_flight.take().ok_or(Error::Answer("belongs to no request"))?;
        let progress = self.write(|tx| sync::receive(tx, &in_flight, response))?;
        self.wanted = false;
        self.lease = ReadLease::Open;
        self.make_copies();
        Ok(progress)
    }

    /// The last request got no answer, or one that said "later" (`retry_after`). Gives the instant
    /// at which the machine will ask again. `jitter` is random.
    pub fn failed(
        &mut self,
        now: DateTime<Utc>,
        retry_after: Option<Duration>,
        jitter: u64,
    ) -> Result<DateTime<Utc>, Error> {
        self.in_flight = None;
        self.write(|tx| sync::failed(tx, now, retry_after, jitter))
    }

    /// Somebody asked to sync, or the server said that there is something: the next request is due
    /// now, and a pause ends.
    pub fn sync_now(&mut self) -> Result<(), Error> {
        self.wanted = true;
        self.write(sync::resume)
    }
}

impl Store {
    /// Runs `body` in one transaction that is on the disk when this returns, or that never was.
    fn write<T>(
        &mut self,
        body: impl FnOnce(&Transaction<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let tx = self.conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let done = body(&tx)?;
        tx.commit()?;
        Ok(done)
    }

    /// Refuses to show what the device holds of children while the read lease is over.
    fn readable(&self) -> Result<(), Error> {
        if self.lease == ReadLease::Open { Ok(()) } else { Err(Error::ReadLease(self.lease)) }
    }
}

/// An instant from its column. The last representable one where the number cannot be meant.
fn instant(ms: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(ms).unwrap_or(DateTime::<Utc>::MAX_UTC)
}
