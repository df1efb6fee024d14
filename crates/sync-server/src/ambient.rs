//! The server's only source of time and randomness. Everything else is handed an [`Ambient`], so
//! that tests and simulations run on a clock and a seed of their own.

use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, Utc};
use doorstep_core::ids::Entropy;

type Now = dyn Fn() -> DateTime<Utc> + Send + Sync;
type Fill = dyn Fn(&mut [u8]) + Send + Sync;

/// Where the server gets the time and its randomness from.
#[derive(Clone)]
pub struct Ambient {
    now: Arc<Now>,
    fill: Arc<Fill>,
}

impl std::fmt::Debug for Ambient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ambient")
    }
}

impl Ambient {
    /// A clock (UTC) and a source of random bytes of the caller's own.
    pub fn new(
        now: impl Fn() -> DateTime<Utc> + Send + Sync + 'static,
        fill: impl Fn(&mut [u8]) + Send + Sync + 'static,
    ) -> Self {
        Self { now: Arc::new(now), fill: Arc::new(fill) }
    }

    /// The machine's clock, in whole milliseconds, and the operating system's randomness.
    #[expect(
        clippy::disallowed_methods,
        reason = "the door: clock and randomness enter the server here and nowhere else"
    )]
    pub fn system() -> Self {
        Self::new(
            || {
                let now = Utc::now();
                DateTime::from_timestamp_millis(now.timestamp_millis()).unwrap_or(now)
            },
            |bytes| {
                getrandom::fill(bytes)
                    .expect("an operating system without randomness cannot serve");
            },
        )
    }

    /// The instant now (UTC).
    pub fn now(&self) -> DateTime<Utc> {
        (self.now)()
    }

    /// Random bytes.
    pub fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        (self.fill)(&mut bytes);
        bytes
    }

    /// The random part of one identifier.
    pub fn entropy(&self) -> Entropy {
        self.random()
    }
}

/// A reading of the clock that never jumps: for how long to wait, never for what is recorded.
#[expect(
    clippy::disallowed_methods,
    reason = "how long the disk is waited for is no matter of the records' time"
)]
pub(crate) fn stopwatch() -> Instant {
    Instant::now()
}
