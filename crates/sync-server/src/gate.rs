//! How much the server takes on at once. What is let in is answered; what would be too much is sent
//! away at once, with a time to come back: a queue that only grows helps nobody.

use std::sync::Arc;

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
        }
    }

    /// Whether one more request would be let in.
    #[cfg(test)]
    pub fn has_room(&self) -> bool {
        self.requests.available_permits() > 0
    }

    /// Lets a request in.
    pub fn enter(&self) -> Result<Pass, Full> {
        let request = Arc::clone(&self.requests).try_acquire_owned().map_err(|_| Full)?;
        Ok(Pass { _request: request, bytes: Arc::clone(&self.bytes), held: None })
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
}
