//! What a server takes and gives. It tells its own; a device reckons with them until then.

use serde::{Deserialize, Serialize};

/// What a server takes in one request and gives in one answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Limits {
    /// Events in one push.
    pub batch_events: usize,
    /// Bytes of one request's body.
    pub batch_bytes: usize,
    /// Bytes of one sealed event's body.
    pub event_bytes: usize,
    /// Bytes of events in one page of an answer (one event more than fits is still sent).
    pub page_bytes: usize,
    /// Bytes of one attachment.
    #[serde(default = "attachment_bytes")]
    pub attachment_bytes: u64,
    /// Bytes of an attachment in one request.
    #[serde(default = "attachment_chunk_bytes")]
    pub attachment_chunk_bytes: usize,
}

impl Limits {
    /// What this version offers.
    pub const DEFAULT: Self = Self {
        batch_events: 500,
        batch_bytes: 2 * 1024 * 1024,
        event_bytes: 64 * 1024,
        page_bytes: 1024 * 1024,
        attachment_bytes: 10 * 1024 * 1024,
        attachment_chunk_bytes: 256 * 1024,
    };
}

/// A server that tells none is older than attachments; what is kept for it waits.
const fn attachment_bytes() -> u64 {
    Limits::DEFAULT.attachment_bytes
}

const fn attachment_chunk_bytes() -> usize {
    Limits::DEFAULT.attachment_chunk_bytes
}
