//! How each device stands with the server: last contact, what it still holds, how its clock goes,
//! and what was put on it.

use chrono::{DateTime, TimeDelta, Utc};
use doorstep_core::ids::{DeviceId, PersonId};
use doorstep_core::trust::ClockSample;

use super::AdminError;
use crate::store::devices::Device;
use crate::store::directory::{Child, Person};
use crate::store::{StoreError, Tx};

/// Numbers of a device's chain that the server has not got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The epoch.
    pub epoch: u32,
    /// The first number.
    pub from: u64,
    /// The last number.
    pub to: u64,
}

/// How a device stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceState {
    /// The device.
    pub device: Device,
    /// Whose it is.
    pub person: Person,
    /// What it said that it still holds, as numbers of its chain.
    pub missing: Option<Missing>,
    /// What its clocks said when it last spoke.
    pub clock: Option<ClockSample>,
    /// How many children are on it.
    pub children: usize,
    /// Events of it that were set aside and wait for a decision.
    pub set_aside: usize,
}

impl DeviceState {
    /// How far its clock is ahead of the server's; negative: behind it.
    pub fn clock_ahead(&self) -> Option<TimeDelta> {
        self.clock.map(|sample| -sample.offset())
    }

    /// When it last spoke or was enrolled (UTC).
    pub fn silent_since(&self) -> DateTime<Utc> {
        self.device.last_contact.unwrap_or(self.device.enrolled)
    }
}

/// The devices of some people, or of all; the one that is silent for longest first, those that are
/// shut out last. Without the office's own.
pub fn all(tx: &dyn Tx, of: Option<&[PersonId]>) -> Result<Vec<DeviceState>, StoreError> {
    let mut states = Vec::new();
    for device in tx.devices(None)? {
        let wanted = of.is_none_or(|people| people.contains(&device.person));
        if wanted && device.desk_key.is_none() {
            states.push(state(tx, device)?);
        }
    }
    states.sort_by_key(|state| {
        (state.device.revoked.is_some(), state.silent_since(), state.device.id)
    });
    Ok(states)
}

/// One device, and the children that are on it, by name.
pub fn one(tx: &dyn Tx, id: DeviceId) -> Result<(DeviceState, Vec<Child>), AdminError> {
    let device = tx.device(id)?.filter(|device| device.desk_key.is_none());
    let device = device.ok_or_else(|| super::unknown("device", &id.to_string()))?;
    let mut children = Vec::new();
    for grant in tx.grants(id, 0)?.into_iter().filter(|grant| grant.held) {
        children.extend(tx.child(grant.child)?);
    }
    children.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
    Ok((state(tx, device)?, children))
}

fn state(tx: &dyn Tx, device: Device) -> Result<DeviceState, StoreError> {
    let person = tx.person(device.person)?.ok_or(StoreError::Missing { what: "person" })?;
    let chain = tx.chains(device.id)?.pop();
    let (epoch, from) = chain.map_or((1, 1), |chain| (chain.epoch, chain.next_seq));
    let to = (from + device.unsent).saturating_sub(1);
    let missing = (device.unsent > 0).then_some(Missing { epoch, from, to });
    let clock = tx.clock_samples(device.id, 1)?.pop();
    let children = tx.grants(device.id, 0)?.iter().filter(|grant| grant.held).count();
    let set_aside = tx.quarantine(Some(device.id))?.len();
    Ok(DeviceState { device, person, missing, clock, children, set_aside })
}
