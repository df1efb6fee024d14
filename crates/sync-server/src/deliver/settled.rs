//! What became of a device's events that had been set aside, where the device asks.

use doorstep_core::ids::DeviceId;
use doorstep_core::wire::{Place, Settled, Settlement, WAITING_MAX};

use crate::store::log::{DecisionOutcome, Known};
use crate::store::{StoreError, Tx};

/// What people decided about those of the `waiting` events that they dealt with.
pub fn settled(
    tx: &dyn Tx,
    device: DeviceId,
    waiting: &[Place],
) -> Result<Vec<Settled>, StoreError> {
    let mut settled = Vec::new();
    for place in waiting.iter().take(WAITING_MAX) {
        let entry = tx.set_aside_under(device, place.epoch, place.seq)?;
        let Some(decision) = entry.and_then(|entry| entry.decision) else { continue };
        let settlement = match decision.outcome {
            DecisionOutcome::Corrected { event } => Settlement::Corrected { event },
            DecisionOutcome::Dismissed => Settlement::Dismissed,
            DecisionOutcome::Released => match tx.known(device, place.epoch, place.seq)? {
                Some(Known::Logged { position, .. }) => Settlement::Released { position },
                _ => return Err(StoreError::Missing { what: "event that was released" }),
            },
        };
        let by = tx.person(decision.by)?.map_or_else(String::new, |person| person.name.into());
        let (at, reason) = (decision.at, decision.reason);
        settled.push(Settled { place: *place, settlement, by, at, reason });
    }
    Ok(settled)
}
