//! How much the server takes on at once. What is let in is answered; what would be too much is sent
//! away at once, with a time to come back: a queue that only grows helps nobody.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use doorstep_core::ids::DeviceId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Requests of devices between their head and their answer.
pub const REQUESTS_MAX: usize = 4096;
/// Bytes of their bodies, as they came and expanded.
pub const BODY_BYTES_MAX: usize = 64 * 1024 * 1024;
/// The shortest time after which who was sent away is asked to come back, in seconds.
pub const BUSY_SECONDS: u64 = 5;
/// So many seconds more, at most: those who were sent away together come back one by one.
pub const BUSY_SPREAD_SECONDS: u64 = 10;

/// Counts what is under way. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Gate {
    requests: Arc<Semaphore>,
    bytes: Arc<Semaphore>,
    visits: Arc<Mutex<Visits>>,
}

/// How often each device came in the present minute.
#[derive(Debug, Default)]
struct Visits {
    minute: DateTime<Utc>,
    of: HashMap<DeviceId, u32>,
}

/// There is no room now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

/// A request that was let in. Its room is free again when this is dropped.
#[derive(Debug)]
pub struct Pass {
    _request: OwnedSemaphorePermit,
    bytes: Arc<Semaphore>,
    held: Option<OwnedSemaphorePermit>,
}

impl Default for Gate {
    fn default() -> Self {
        Self::with_room(REQUESTS_MAX, BODY_BYTES_MAX)
    }
}

impl Gate {
    /// A gate with room for so many requests, and so many bytes of their bodies.
    pub fn with_room(requests: usize, bytes: usize) -> Self {
        Self {
            requests: Arc::new(Semaphore::new(requests)),
            bytes: Arc::new(Semaphore::new(bytes)),
            visits: Arc::default(),
        }
    }

    /// Lets a request in.
    pub fn enter(&self) -> Result<Pass, Full> {
        let request = Arc::clone(&self.requests).try_acquire_owned().map_err(|_| Full)?;
        Ok(Pass { _request: request, bytes: Arc::clone(&self.bytes), held: None })
    }

    /// A device comes. Where it came `limit` times in this minute already: how many seconds to
    /// wait.
    pub fn visit(&self, device: DeviceId, limit: u32, now: DateTime<Utc>) -> Result<(), u64> {
        let minute = TimeDelta::minutes(1);
        let mut visits = self.visits.lock().unwrap_or_else(PoisonError::into_inner);
        let age = now - visits.minute;
        if age >= minute || age < TimeDelta::zero() {
            // Forgetting everybody keeps the list as short as the devices of a minute.
            *visits = Visits { minute: now, of: HashMap::new() };
        }
        let left = (visits.minute + minute - now).num_seconds().max(1);
        let count = visits.of.entry(device).or_default();
        if *count >= limit {
            return Err(u64::try_from(left).unwrap_or(60));
        }
        *count += 1;
        Ok(())
    }
}

impl Pass {
    /// Takes room for so many more bytes.
    pub fn hold(&mut self, bytes: usize) -> Result<(), Full> {
        let more = u32::try_from(bytes).map_err(|_| Full)?;
        let more = Arc::clone(&self.bytes).try_acquire_many_owned(more).map_err(|_| Full)?;
        match &mut self.held {
            Some(held) => held.merge(more),
            None => self.held = Some(more),
        }
        Ok(())
    }

    /// Gives so many bytes back.
    pub fn release(&mut self, bytes: usize) {
        drop(self.held.as_mut().and_then(|held| held.split(bytes)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::MONDAY;

    #[test]
    fn lets_in_as_much_as_there_is_room_for() {
        let gate = Gate::with_room(2, 100);
        let mut first = gate.enter().unwrap();
        let mut second = gate.enter().unwrap();
        assert!(gate.enter().is_err());
        first.hold(60).unwrap();
        assert_eq!(second.hold(41), Err(Full));
        second.hold(40).unwrap();
        first.release(10);
        second.hold(10).unwrap();
        drop(first);
        gate.enter().unwrap().hold(50).unwrap();
    }

    #[test]
    fn a_device_that_comes_too_often_waits_for_the_next_minute_and_no_other_does() {
        let gate = Gate::default();
        let devices = [1, 2].map(|byte| DeviceId::at(MONDAY, [byte; 10]));
        let at = |seconds| MONDAY + TimeDelta::seconds(seconds);
        for (device, second, expected) in [
            (0, 0, Ok(())),
            (0, 10, Ok(())),
            (0, 20, Err(40)),
            (1, 20, Ok(())),
            (0, 59, Err(1)),
            (0, 60, Ok(())),
            // The clock was put back: nobody waits for it to catch up.
            (0, -3600, Ok(())),
        ] {
            assert_eq!(gate.visit(devices[device], 2, at(second)), expected, "{device} {second}");
        }
    }
}
