//! The only place where the command reads the clock or draws randomness. Everything else is handed
//! what it needs, so that the same code answers the same in a test.
#![expect(
    clippy::disallowed_methods,
    reason = "the command is a door: clock and randomness enter here and nowhere else"
)]

use std::time::Instant;

use chrono::{DateTime, Utc};
use doorstep_core::time::ClockReading;

/// The instant now, by the machine's wall clock.
pub fn now() -> DateTime<Utc> {
    // Milliseconds are what identifiers and records carry; finer digits would only be lost later.
    let now = Utc::now();
    DateTime::from_timestamp_millis(now.timestamp_millis()).unwrap_or(now)
}

/// A reading of the clock that never jumps, for measuring how long something took.
pub fn stopwatch() -> Instant {
    Instant::now()
}

/// Random bytes from the operating system.
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    fill(&mut bytes);
    bytes
}

/// Fills `bytes` with randomness from the operating system.
pub fn fill(bytes: &mut [u8]) {
    getrandom::fill(bytes).expect("an operating system without randomness cannot run this");
}

/// What this machine's clocks say.
pub fn clock() -> ClockReading {
    let mut clock = ClockReading::wall(now());
    clock.boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .ok()
        .and_then(|id| id.trim().parse().ok());
    if clock.boot.is_some() {
        clock.monotonic_ms = uptime_ms();
    }
    clock
}

/// Milliseconds since the machine started, where the machine says so. Parsed as whole numbers, so
/// that no rounding can make it go backwards.
fn uptime_ms() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/uptime").ok()?;
    let (seconds, hundredths) = text.split_whitespace().next()?.split_once('.')?;
    Some(seconds.parse::<u64>().ok()? * 1000 + hundredths.parse::<u64>().ok()? * 10)
}
