//! Devices: whose they are, how far their chains go, and what was sent to them.

use chrono::{DateTime, TimeDelta, Utc};
use doorstep_core::ids::{ChildId, DeviceId, PersonId};
use doorstep_core::seal::Hash;
use doorstep_core::trust::ClockSample;
use doorstep_core::wire::Divergence;

use super::StoreError;

/// How much two samples' offsets may differ and still belong to one stretch.
pub const STRETCH: TimeDelta = TimeDelta::seconds(10);

/// A device that may speak to the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Identity.
    pub id: DeviceId,
    /// Whose device it is.
    pub person: PersonId,
    /// Its public key (Ed25519).
    pub public_key: [u8; 32],
    /// The hash of the secret that it shows with every request.
    pub token_hash: Hash,
    /// The private key, only of the server's own desk: it seals what the office changes.
    pub desk_key: Option<[u8; 32]>,
    /// What the person calls it.
    pub name: String,
    /// The app and its version, as last reported.
    pub app: String,
    /// When it was enrolled (UTC).
    pub enrolled: DateTime<Utc>,
    /// When it last spoke (UTC).
    pub last_contact: Option<DateTime<Utc>>,
    /// How many events it said that it still holds.
    pub unsent: u64,
    /// When the oldest of them was recorded, by the device's clock (UTC), as last reported.
    pub oldest_unsent: Option<DateTime<Utc>>,
    /// How often it found a child's copy to differ from the server's, as last reported.
    pub divergence: Divergence,
    /// Since when it is revoked (UTC).
    pub revoked: Option<DateTime<Utc>>,
    /// The number of the last change to what it holds.
    pub change: u64,
    /// The state of the directory that its cards were last compared with.
    pub directory: u64,
}

/// How far a device's chain goes in one epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chain {
    /// The epoch.
    pub epoch: u32,
    /// The number of the next event.
    pub next_seq: u64,
    /// The hash of the event before it.
    pub head: Hash,
}

impl Chain {
    /// The start of an epoch.
    pub const fn start(epoch: u32) -> Self {
        Self { epoch, next_seq: 1, head: Hash::ORIGIN }
    }
}

/// A one-time code for enrolment. The code itself is never stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnrolmentCode {
    /// The hash of the code.
    pub hash: Hash,
    /// For whose device it is.
    pub person: PersonId,
    /// When it stops working (UTC).
    pub expires: DateTime<Utc>,
    /// The device that was enrolled with it.
    pub used_by: Option<DeviceId>,
}

/// One child in the list of what was sent to a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The child.
    pub child: ChildId,
    /// The device is to hold it; else it is to forget it.
    pub held: bool,
    /// The number of the last change: entered, left, or its card changed.
    pub change: u64,
    /// The number of the change with which it is to be sent whole.
    pub whole: u64,
    /// The hash of the card that goes with `change`.
    pub card: Hash,
}

/// What the store knows of devices.
///
/// Laws: a device, a code and a grant are each replaced as a whole; change numbers of a device's
/// grants are given out once; a chain only grows.
pub trait Devices {
    /// One device.
    fn device(&self, id: DeviceId) -> Result<Option<Device>, StoreError>;
    /// All devices, or those of one person; the one enrolled last comes first.
    fn devices(&self, of: Option<PersonId>) -> Result<Vec<Device>, StoreError>;
    /// Writes a device.
    fn put_device(&mut self, device: &Device) -> Result<(), StoreError>;

    /// The chains of a device, by epoch.
    fn chains(&self, device: DeviceId) -> Result<Vec<Chain>, StoreError>;
    /// Writes how far a chain goes.
    fn put_chain(&mut self, device: DeviceId, chain: Chain) -> Result<(), StoreError>;

    /// The code with this hash.
    fn code(&self, hash: Hash) -> Result<Option<EnrolmentCode>, StoreError>;
    /// Writes a code.
    fn put_code(&mut self, code: &EnrolmentCode) -> Result<(), StoreError>;

    /// What a device's clocks said when it spoke, the oldest first: the last `count` stretches.
    fn clock_samples(&self, device: DeviceId, count: usize)
    -> Result<Vec<ClockSample>, StoreError>;
    /// Keeps what a device's clocks said. Where they still are as far from the server's as at the
    /// last sample ([`STRETCH`]), since the same start, it takes that sample's place.
    fn put_clock_sample(
        &mut self,
        device: DeviceId,
        sample: &ClockSample,
    ) -> Result<(), StoreError>;

    /// What was sent to a device with a change number above `after`, in the order of the changes.
    fn grants(&self, device: DeviceId, after: u64) -> Result<Vec<Grant>, StoreError>;
    /// Writes one line of what was sent to a device.
    fn put_grant(&mut self, device: DeviceId, grant: Grant) -> Result<(), StoreError>;
}
