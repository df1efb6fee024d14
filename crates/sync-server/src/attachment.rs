//! Attachments: taking their bytes in, in pieces and in any number of tries; giving them to those
//! who may read a record that names them; and keeping them encrypted in between.
//!
//! Bytes count only when they are there whole and have the hash by which a record names them. No
//! record waits for them, and no assessment looks at them.

mod give;
mod key;
pub mod key_file;
mod rotate;
mod send;
mod take;
mod whole;

use chrono::TimeDelta;
use doorstep_core::attachment::MediaType;

use crate::store::StoreError;

pub use give::{bytes_of, readable_by, standing};
pub use key::{AttachmentKey, KEY_FILE};
pub use rotate::{Resealed, rotate};
pub use send::{headers, stream};
pub use take::{Piece, offer, take};
pub use whole::{Whole, finish, read_whole};

/// What came of an attachment without getting whole is removed when no piece of it came for so
/// long. The device still has it, and begins again.
pub const PARTIAL_KEPT: TimeDelta = TimeDelta::days(7);
/// Bytes that a device may send of attachments before any record names them.
pub const UNNAMED_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Why a piece, an offer or a question is refused. Nothing stored was changed, except where bytes
/// that were not what they had to be were thrown away.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is larger than the limit, or empty.
    #[error("an attachment may have 1 to {limit} bytes: make it smaller, or send it another way")]
    Size {
        /// The limit in bytes.
        limit: u64,
    },
    /// The piece is larger than the limit, or empty.
    #[error("a piece of an attachment may have 1 to {limit} bytes: send less at once")]
    ChunkSize {
        /// The limit in bytes.
        limit: usize,
    },
    /// The piece goes beyond the end.
    #[error("the attachment was said to have {bytes} bytes, and this piece goes beyond them")]
    BeyondEnd {
        /// How many bytes were announced.
        bytes: u64,
    },
    /// The piece begins behind what is there.
    #[error("the first {received} bytes are here: send what follows them")]
    Offset {
        /// How many bytes are here.
        received: u64,
    },
    /// Nobody said what is to be sent.
    #[error("say first with PUT what is to be sent: how many bytes, and of what type")]
    NotOffered,
    /// The bytes do not have the hash.
    #[error(
        "the bytes do not have the hash that the attachment is named by: they were thrown away; \
         send the right ones from the beginning"
    )]
    Mismatch,
    /// The bytes are nothing that may be attached, or not what they were said to be.
    #[error("{}", type_words(*claimed, *found))]
    MediaType {
        /// What they were said to be.
        claimed: MediaType,
        /// What they begin as.
        found: Option<MediaType>,
    },
    /// Too much that no record names.
    #[error(
        "no record here names this attachment, and this device sent too much of that kind: send \
         the records first"
    )]
    Unnamed,
    /// Its bytes are not here.
    #[error("the bytes of this attachment have not arrived: ask again when its author has synced")]
    NotHere,
    /// The range lies beyond the end.
    #[error("the attachment has {bytes} bytes: ask for some of these")]
    Range {
        /// How many it has.
        bytes: u64,
    },
    /// The device was shut out.
    #[error("this device was shut out: it may send what its own records name, and nothing else")]
    ShutOut,
}

fn type_words(claimed: MediaType, found: Option<MediaType>) -> String {
    let found = found.map_or("nothing that may be attached", MediaType::name);
    format!(
        "this was said to be {}, and its bytes are {found}: attach a JPEG, PNG, WebP or PDF as \
         what it is; what came was thrown away",
        claimed.name()
    )
}

/// What a refusal and a failure of the store have in common.
#[derive(Debug, thiserror::Error)]
pub enum AttachmentError {
    /// It was refused.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
