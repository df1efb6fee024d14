//! What a person must know about the device, on one screen.

use chrono::{DateTime, Utc};
use doorstep_core::wire::Divergence;
use rusqlite::Connection;

use crate::attachment::{self, AttachmentsLeft};
use crate::error::Error;
use crate::head::HeadKeyChange;
use crate::identity::{self, Enrolment};
use crate::{contact, head, inbox, instant, outbox, settled, sync};

/// How the device stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// What the person calls the device; none before the enrolment was prepared.
    pub device_name: Option<String>,
    /// Whose device it is; none before the enrolment.
    pub enrolment: Option<Enrolment>,
    /// Records that are only here.
    pub on_this_device: u64,
    /// When the oldest of them was recorded (UTC).
    pub oldest_unsent: Option<DateTime<Utc>>,
    /// Records that the server set aside and about which nobody has decided yet.
    pub needs_you: u64,
    /// Own attachments that are not sent yet, or were refused.
    pub attachments: AttachmentsLeft,
    /// Children in the caseload.
    pub children: u64,
    /// Children still to come.
    pub children_left: u64,
    /// Children whose copy differs from the server's.
    pub differing: u64,
    /// How often a copy differed since the device was enrolled.
    pub divergence: Divergence,
    /// The server's log once went back, or was another than before: tell somebody who is not at the
    /// server.
    pub log_contradicted: bool,
    /// The server signs with another key than the one by which the device knows it.
    pub head_key_changed: Option<HeadKeyChange>,
    /// When the server last answered, by the device's clock (UTC).
    pub last_contact: Option<DateTime<Utc>>,
    /// Exchanges that failed running.
    pub failures: u32,
    /// When the machine asks again after them (UTC).
    pub retry_at: Option<DateTime<Utc>>,
}

pub(crate) fn status(conn: &Connection) -> Result<Status, Error> {
    let (on_this_device, oldest_ms) = outbox::pending(conn)?;
    let server = contact::server(conn)?;
    let pause = sync::pause(conn)?;
    Ok(Status {
        device_name: identity::device_name(conn)?,
        enrolment: identity::enrolment(conn)?,
        on_this_device,
        oldest_unsent: oldest_ms.map(instant),
        needs_you: settled::count_waiting(conn)?,
        attachments: attachment::left(conn)?,
        children: inbox::count(conn)?,
        children_left: server.as_ref().map_or(0, |server| server.children_left),
        differing: inbox::differing(conn)?.0,
        divergence: inbox::divergence(conn)?,
        head_key_changed: head::changed_key(conn)?,
        log_contradicted: head::contradiction(conn)?.is_some(),
        last_contact: server.map(|server| server.contact),
        failures: pause.map_or(0, |(failures, _)| failures),
        retry_at: pause.map(|(_, until)| until).filter(|until| *until > DateTime::UNIX_EPOCH),
    })
}
