//! What can go wrong, sorted by what the caller can do next. Messages are for the person who holds
//! the device: they say what to do, and never name a child.

use doorstep_core::ids::ChildId;
use uuid::Uuid;

use crate::lease::ReadLease;
use crate::record::Fault;

/// Why a device's file cannot be opened or made. The file is as it was before the attempt.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The SQLite at hand cannot encrypt; going on would write records in the clear.
    #[error(
        "this build cannot encrypt its storage, so it will not keep records: install a build with \
         SQLCipher"
    )]
    NoEncryption,
    /// The key does not open the file, or the file's first page is damaged.
    #[error(
        "this key does not open the device's file, or the file's beginning is damaged; the file is \
         unchanged: keep it, and ask for help before enrolling again"
    )]
    WrongKey(#[source] rusqlite::Error),
    /// A page of the file is not what was written.
    #[error(
        "the device's file is damaged; it is unchanged: keep it, because records that were not \
         sent may still be read from a copy, and ask for help before enrolling again"
    )]
    Damaged(#[source] rusqlite::Error),
    /// There is no store in the file: it is missing or empty. It is never made anew in silence.
    #[error(
        "there is no device store here: if this device was enrolled before, its records are \
         missing: look for the file before you enrol again"
    )]
    Missing,
    /// A store was to be made where there is one.
    #[error("there is a device store here already: open it, or choose another place")]
    Exists,
    /// The file opens, but it is not a device's store.
    #[error("this file is not a device store: choose another file")]
    Foreign,
    /// A newer version of the app wrote the file.
    #[error(
        "this file was last written by a newer app (schema {file}, \"{file_name}\"), and this app \
         knows schema {app}, \"{app_name}\", at most: update the app; nothing was changed"
    )]
    Newer {
        /// The schema of the file.
        file: usize,
        /// The name of its last step.
        file_name: String,
        /// The newest schema that this version knows.
        app: usize,
        /// The name of that schema's step.
        app_name: &'static str,
    },
    /// Another process is writing.
    #[error("another program is using the device's file: close it and try again")]
    InUse(#[source] rusqlite::Error),
    /// There is no room left.
    #[error("there is no room left on this device: free some space and try again")]
    Full(#[source] rusqlite::Error),
    /// Anything else that the storage refuses.
    #[error("the device's file cannot be opened")]
    Storage(#[source] rusqlite::Error),
}

/// Why an operation on an open store failed. Nothing of it was kept.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The device has no identity yet.
    #[error("this device is not enrolled yet: enrol it with a code from your manager")]
    NotEnrolled,
    /// An enrolment came back for a device that never asked for one.
    #[error("this device has not prepared for enrolment: begin the enrolment again")]
    NotPrepared,
    /// The device belongs to somebody already.
    #[error(
        "this device is enrolled already: to enrol anew, make another device in another folder"
    )]
    AlreadyEnrolled,
    /// The draft cannot be kept as it is.
    #[error("the record cannot be kept yet: {}", crate::record::in_words(.0))]
    Invalid(Vec<Fault>),
    /// The draft with this id was kept before, or deleted.
    #[error("this form was saved already: look for its record before you fill it in again")]
    AlreadyRecorded,
    /// The same entropy was handed in before: two records would share an identity.
    #[error("the device's source of chance repeated itself: try again")]
    EntropyRepeated,
    /// A file that is to be attached cannot be read.
    #[error("the file to attach cannot be read, so nothing was saved: {0}")]
    Source(#[source] std::io::Error),
    /// No record on this device names such an attachment, or none that this version can fetch.
    #[error("no record on this device has such an attachment, or a newer app made it")]
    UnknownAttachment,
    /// The bytes of an attachment are not here.
    #[error("this attachment is not on this device: fetch it first")]
    AttachmentNotHere,
    /// The device does not know this child.
    #[error("this device does not hold the child {0}")]
    UnknownChild(ChildId),
    /// There was no contact for too long.
    #[error("{}", crate::lease::in_words(.0))]
    ReadLease(ReadLease),
    /// The answer came from another organisation's server. Nothing of it was used.
    #[error(
        "the server belongs to another organisation ({answered}) than this device ({enrolled}): \
         check the server's address"
    )]
    OtherOrganisation {
        /// Where the device is enrolled.
        enrolled: Uuid,
        /// Who answered.
        answered: Uuid,
    },
    /// The answer is in a newer protocol than this version speaks.
    #[error(
        "the server answered in protocol {answered}, and this app speaks {spoken}: update the app"
    )]
    NewerProtocol {
        /// The protocol of the answer.
        answered: u16,
        /// The newest protocol of this version.
        spoken: u16,
    },
    /// The answer does not belong to the last request, or contradicts it. Nothing of it was used.
    #[error("the server's answer was set aside, because it {0}")]
    Answer(&'static str),
    /// A row that this version cannot read.
    #[error("a stored {what} cannot be read by this version of the app: update it")]
    Unreadable {
        /// What the row holds.
        what: &'static str,
        /// Why it cannot be read.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A page of the file is not what was written.
    #[error(
        "the device's file is damaged: keep it, stop recording on this device and ask for help"
    )]
    Damaged(#[source] rusqlite::Error),
    /// Another process is writing.
    #[error("another program is using the device's file: close it and try again")]
    InUse(#[source] rusqlite::Error),
    /// There is no room left.
    #[error(
        "there is no room left on this device, so nothing was saved: free some space and try again"
    )]
    Full(#[source] rusqlite::Error),
    /// Anything else that the storage refuses.
    #[error("the device's storage failed, so nothing was saved: try again")]
    Storage(#[source] rusqlite::Error),
}

impl Error {
    /// An error about a stored thing that cannot be read.
    pub(crate) fn unreadable(
        what: &'static str,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Unreadable { what, source: source.into() }
    }
}

impl From<rusqlite::Error> for Error {
    fn from(source: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{
            DatabaseBusy, DatabaseCorrupt, DatabaseLocked, DiskFull, NotADatabase,
        };
        match source.sqlite_error_code() {
            Some(NotADatabase | DatabaseCorrupt) => Self::Damaged(source),
            Some(DatabaseBusy | DatabaseLocked) => Self::InUse(source),
            Some(DiskFull) => Self::Full(source),
            _ => Self::Storage(source),
        }
    }
}

impl From<rusqlite::Error> for OpenError {
    fn from(source: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{
            DatabaseBusy, DatabaseCorrupt, DatabaseLocked, DiskFull, NotADatabase,
        };
        match source.sqlite_error_code() {
            Some(NotADatabase) => Self::WrongKey(source),
            Some(DatabaseCorrupt) => Self::Damaged(source),
            Some(DatabaseBusy | DatabaseLocked) => Self::InUse(source),
            Some(DiskFull) => Self::Full(source),
            _ => Self::Storage(source),
        }
    }
}
