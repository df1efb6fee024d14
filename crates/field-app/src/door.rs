//! What a door gives to the pages, and what the pages ask of it.

use chrono::{DateTime, Utc};
use doorstep_core::time::ClockReading;
use zeroize::Zeroizing;

use crate::call::Answer;

/// What the outside gives to the pages. Asked at every request; nothing in it may wait.
pub trait Door: Send + Sync {
    /// What the device's clocks say.
    fn clock(&self) -> ClockReading;

    /// Random bytes that were never handed out before.
    fn entropy(&self) -> [u8; 32];

    /// What the door knows of the device, for the pages to say.
    fn surroundings(&self) -> Surroundings;
}

/// What a door knows of the device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Surroundings {
    /// The app and its version, as the server hears of it.
    pub app: String,
    /// Whether the network is there.
    pub link: Link,
    /// What the person should know, the gravest first.
    pub notices: Vec<Notice>,
    /// Until when a fresh device must not take in records, because its storage is not safe against
    /// a power cut yet (UTC).
    pub settles_at: Option<DateTime<Utc>>,
    /// First use asks for the server's address; a browser knows it already.
    pub asks_server: bool,
}

/// Whether the network is there, as far as the device says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// It says that it is.
    Online,
    /// It says that it is not.
    Offline,
    /// It does not say.
    Unknown,
}

/// Something about the device that the person should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The browser may throw the storage away when space runs out.
    StorageMayBeCleared,
    /// There is little room left.
    LowSpace {
        /// Megabytes left.
        megabytes: u64,
    },
    /// A new version is there and waits for the person to say so.
    UpdateReady {
        /// The address to which a POST takes it.
        take: String,
    },
    /// Another window has the store open.
    OpenElsewhere,
}

/// What a request is for.
#[derive(Debug)]
pub enum Work {
    /// A page: [`call`](crate::call()) answers it.
    Page,
    /// It is answered already: a form with a fault in it.
    Answered(Answer),
    /// Make the store and enrol it.
    FirstUse(FirstUse),
    /// Enrol the store that is open.
    Enrol(Enrol),
    /// Open the store with this passphrase.
    Unlock(Zeroizing<String>),
    /// Lock the pages.
    Lock,
    /// Exchange with the server now.
    Sync,
}

/// The form of first use.
#[derive(Debug)]
pub struct FirstUse {
    /// Who enrols where.
    pub enrol: Enrol,
    /// The passphrase that was chosen; long enough.
    pub passphrase: Zeroizing<String>,
}

/// The form of an enrolment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enrol {
    /// The one-time code.
    pub code: String,
    /// What the person calls the device.
    pub device_name: String,
    /// The server's address, where the form asks for it.
    pub server: Option<String>,
}

/// What went wrong with a form that the door dealt with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// Where on the form.
    pub place: Place,
    /// What is wrong and what to do, in a sentence.
    pub words: String,
}

/// A part of a form that the door deals with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The server's address.
    Server,
    /// The one-time code.
    Code,
    /// The passphrase.
    Passphrase,
    /// None in particular.
    Form,
}
