//! Attachments as they lie in the store: sealed pieces, and which events name which. What a piece
//! holds is not the store's affair.

use chrono::{DateTime, Utc};
use doorstep_core::attachment::MediaType;
use doorstep_core::ids::{ChildId, DeviceId};
use doorstep_core::seal::Hash;

use super::StoreError;

/// An attachment, whole or on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// Its number; 0 before it is stored.
    pub number: u64,
    /// SHA-256 of its bytes.
    pub hash: Hash,
    /// The device that sends it.
    pub device: DeviceId,
    /// What it is: claimed while bytes are missing, by its first bytes once it is complete.
    pub media_type: MediaType,
    /// How many bytes there are.
    pub bytes: u64,
    /// How many of them have come.
    pub received: u64,
    /// The key that its pieces are sealed with.
    pub key_id: String,
    /// When the last piece came (UTC).
    pub touched: DateTime<Utc>,
    /// All bytes are there and have the hash.
    pub is_complete: bool,
    /// A backup holds it.
    pub backed_up: bool,
}

/// A piece of an attachment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Where it begins.
    pub at: u64,
    /// The sealed bytes.
    pub sealed: Vec<u8>,
}

/// An event of the log that names an attachment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Naming {
    /// Its position.
    pub position: u64,
    /// The child that it is about.
    pub child: ChildId,
    /// The device that recorded it.
    pub device: DeviceId,
    /// That device sent the bytes, or is the office's desk: the record opens them to its readers.
    pub is_sent: bool,
}

/// What the store knows of attachments.
///
/// Laws: of one hash at most one upload is complete; each device has one upload of a hash; what an
/// event names is known from the moment at which [`super::Log::append`] takes it in; an upload goes
/// with its pieces.
pub trait Attachments {
    /// The complete upload of this hash.
    fn attachment(&self, hash: Hash) -> Result<Option<Upload>, StoreError>;
    /// All complete uploads, the first completed first.
    fn attachments(&self) -> Result<Vec<Upload>, StoreError>;
    /// A device's upload of this hash, complete or not.
    fn upload(&self, hash: Hash, device: DeviceId) -> Result<Option<Upload>, StoreError>;
    /// Begins an upload; its number.
    fn begin_upload(&mut self, upload: &Upload) -> Result<u64, StoreError>;
    /// Adds a piece behind those that are there: from now on the upload has `received` bytes.
    fn add_chunk(
        &mut self,
        number: u64,
        chunk: &Chunk,
        received: u64,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError>;
    /// The piece that holds the byte at this place.
    fn chunk_at(&self, number: u64, place: u64) -> Result<Option<Chunk>, StoreError>;
    /// Puts a piece in the place of the one that begins there.
    fn replace_chunk(&mut self, number: u64, chunk: &Chunk) -> Result<(), StoreError>;
    /// Says that the pieces of an upload are sealed with another key.
    fn rekey_upload(&mut self, number: u64, key_id: &str) -> Result<(), StoreError>;
    /// Says that an upload is complete, and what it is.
    fn complete_upload(&mut self, number: u64, is: MediaType) -> Result<(), StoreError>;
    /// Says that a device sent the whole bytes of this hash.
    fn put_sender(&mut self, hash: Hash, device: DeviceId) -> Result<(), StoreError>;
    /// Whether it did.
    fn has_sent(&self, hash: Hash, device: DeviceId) -> Result<bool, StoreError>;
    /// Removes an upload with its pieces.
    fn remove_upload(&mut self, number: u64) -> Result<(), StoreError>;
    /// Removes uploads of which no piece came since `before` and that are not complete; how many.
    fn expire_uploads(&mut self, before: DateTime<Utc>) -> Result<usize, StoreError>;
    /// Bytes that a device sent, or said that it will send, of what no event in the log names.
    fn unnamed_bytes(&self, device: DeviceId) -> Result<u64, StoreError>;
    /// Whether an event of this device in the log names this hash.
    fn names(&self, device: DeviceId, hash: Hash) -> Result<bool, StoreError>;
    /// The events that name this hash, by position.
    fn naming(&self, hash: Hash) -> Result<Vec<Naming>, StoreError>;
    /// Whether an event of this device that was set aside holds this text.
    fn set_aside_holds(&self, device: DeviceId, text: &str) -> Result<bool, StoreError>;
    /// Hashes that events name and of which there is no complete upload.
    fn not_arrived(&self) -> Result<Vec<Hash>, StoreError>;
}
