//! A door for tests: a clock that the test sets, and chance that only counts.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use doorstep_core::time::ClockReading;
use doorstep_device_store::testing;
use doorstep_field_app::{Door, Link, Surroundings};

/// The door.
#[derive(Clone)]
pub struct Desk(Arc<(AtomicI64, AtomicU64)>);

impl Desk {
    /// A door whose clock stands at this minute.
    pub fn at(minute: i64) -> Self {
        Self(Arc::new((AtomicI64::new(minute), AtomicU64::new(1_000_000))))
    }

    /// Sets the clock.
    pub fn set(&self, minute: i64) {
        self.0.0.store(minute, Ordering::Relaxed);
    }
}

impl Door for Desk {
    fn clock(&self) -> ClockReading {
        testing::clock(self.0.0.load(Ordering::Relaxed))
    }

    fn entropy(&self) -> [u8; 32] {
        testing::entropy(self.0.1.fetch_add(1, Ordering::Relaxed))
    }

    fn surroundings(&self) -> Surroundings {
        Surroundings {
            app: "test 1".to_owned(),
            link: Link::Unknown,
            notices: Vec::new(),
            settles_at: None,
            asks_server: false,
        }
    }
}
