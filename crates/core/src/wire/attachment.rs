//! Attachments on the wire: `PUT`, `PATCH` and `GET /v1/attachments/{hash}`. Their bytes travel
//! apart from events, in pieces that may be sent again, and count only when they are there whole.

use serde::{Deserialize, Serialize};

use crate::attachment::MediaType;
use crate::seal::Hash;
use crate::words::{Word, words};

/// What a device says of an attachment before it sends it: `PUT /v1/attachments/{hash}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AttachmentOffer {
    /// How many bytes it has.
    pub bytes: u64,
    /// What it is.
    pub media_type: MediaType,
}

/// How much of an attachment the server has: the answer to `PUT` and `PATCH`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AttachmentState {
    /// SHA-256 of its bytes.
    pub hash: Hash,
    /// How far it has come.
    pub progress: Word<AttachmentProgress>,
    /// How many bytes from its beginning the server has: the next piece begins there.
    pub received: u64,
    /// How many there are in all.
    pub bytes: u64,
    /// A backup holds it.
    pub backed_up: bool,
}

words!(
    /// How far an attachment has come.
    AttachmentProgress {
        /// Bytes are missing.
        Partial = "partial",
        /// It is there whole, and its hash is right.
        Complete = "complete",
    }
);

impl AttachmentState {
    /// Whether the server has it whole.
    pub fn is_complete(&self) -> bool {
        self.progress == AttachmentProgress::Complete
    }
}
