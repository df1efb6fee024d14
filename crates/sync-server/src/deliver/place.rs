//! Where a device stands: the text of its cursor. Opaque to the device.

use doorstep_core::seal::Hash;
use doorstep_core::wire::Cursor;

use crate::store::devices::Device;
use crate::store::directory::Organisation;
use crate::store::{StoreError, Tx};

/// Where a device stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Whose place it is: numbers of another organisation, or of another device, mean nothing here.
    owner: u32,
    /// The log's epoch that the positions belong to.
    log_epoch: u32,
    /// News of the children that were sent whole were delivered up to here.
    pub position: u64,
    /// The beginning of the hash of the event at `position`: a log that was put back to an older
    /// copy and grew again has another one there.
    mark: u32,
    /// The list of what the device holds was delivered up to this change.
    pub change: u64,
    /// The organisation's policy was delivered up to this revision; none: never.
    pub policy: Option<u64>,
    /// The child that the last page broke off in.
    pub partial: Option<Partial>,
    /// It begins anew.
    pub anew: bool,
}

/// A child that is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partial {
    /// The change with which it is sent.
    pub change: u64,
    /// The position of the last of its events that was sent.
    pub after: u64,
}

impl Place {
    /// Reads a cursor. One that is missing, not ours, of another epoch, ahead of the store or of
    /// another log begins anew: everything that the device is to hold comes again, and the log
    /// counts from its head.
    pub fn read(
        tx: &dyn Tx,
        cursor: Option<&Cursor>,
        organisation: &Organisation,
        device: &Device,
    ) -> Result<Self, StoreError> {
        let anew = Self {
            owner: owner(organisation, device),
            log_epoch: organisation.log_epoch,
            position: organisation.head,
            mark: 0,
            change: 0,
            policy: None,
            partial: None,
            anew: true,
        };
        let known = |place: &Self| {
            place.owner == anew.owner
                && place.log_epoch == organisation.log_epoch
                && place.position <= organisation.head
                && place.change <= device.change
                && place.policy <= Some(organisation.policy_revision)
        };
        let place = cursor.and_then(|cursor| Self::parse(&cursor.0)).filter(known);
        Ok(match place {
            Some(place) if mark(tx, place.position)? == place.mark => place,
            _ => anew,
        })
    }

    fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.split('.');
        let owner = u32::from_str_radix(numbers.next()?, 16).ok()?;
        let mark = u32::from_str_radix(numbers.next()?, 16).ok()?;
        let mut next = || numbers.next()?.parse::<u64>().ok();
        let (log_epoch, position, change, policy) = (next()?, next()?, next()?, Some(next()?));
        let partial = next().zip(next()).map(|(change, after)| Partial { change, after });
        let log_epoch = u32::try_from(log_epoch).ok()?;
        Some(Self { owner, log_epoch, position, mark, change, policy, partial, anew: false })
    }

    /// The cursor that says this.
    pub fn write(&self, tx: &dyn Tx) -> Result<Cursor, StoreError> {
        let Self { owner, log_epoch, position, change, policy, partial, .. } = self;
        let mark = mark(tx, *position)?;
        let policy = policy.unwrap_or_default();
        let partial =
            partial.map_or_else(String::new, |part| format!(".{}.{}", part.change, part.after));
        let text =
            format!("{owner:06x}.{mark:x}.{log_epoch}.{position}.{change}.{policy}{partial}");
        Ok(Cursor(text))
    }
}

/// 32 bits of the event at `position`; 0 before the first.
fn mark(tx: &dyn Tx, position: u64) -> Result<u32, StoreError> {
    let Hash([first, second, third, fourth, ..]) = tx.hash_at(position)?.unwrap_or(Hash::ORIGIN);
    Ok(u32::from_be_bytes([first, second, third, fourth]))
}

/// 24 bits of organisation and device, so that a cursor that strayed is noticed.
fn owner(organisation: &Organisation, device: &Device) -> u32 {
    let both = [organisation.id.as_bytes().as_slice(), device.id.0.as_bytes()].concat();
    let Hash([first, second, third, ..]) = Hash::of(&both);
    u32::from_be_bytes([0, first, second, third])
}
