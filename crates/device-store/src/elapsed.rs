//! How much time has passed between two readings of a device's clocks, where the wall clock may
//! have been put back or forward in between.

use chrono::{DateTime, TimeDelta, Utc};
use doorstep_core::time::ClockReading;
use rusqlite::Row;
use uuid::Uuid;

/// A wall clock that goes back no further was only corrected.
pub(crate) const CORRECTION: TimeDelta = TimeDelta::minutes(10);

/// What the clocks said at some moment, as it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    pub wall: DateTime<Utc>,
    pub monotonic_ms: Option<u64>,
    pub boot: Option<Uuid>,
}

impl Reading {
    pub fn of(clock: &ClockReading) -> Self {
        Self { wall: clock.wall.to_utc(), monotonic_ms: clock.monotonic_ms, boot: clock.boot }
    }

    /// From three columns, the first of them `column`: wall clock, monotonic clock, boot.
    pub fn from_row(row: &Row<'_>, column: usize) -> rusqlite::Result<Self> {
        let boot: Option<String> = row.get(column + 2)?;
        Ok(Self {
            wall: crate::instant(row.get(column)?),
            monotonic_ms: row.get(column + 1)?,
            boot: boot.and_then(|boot| boot.parse().ok()),
        })
    }

    /// The three columns.
    pub fn columns(&self) -> (i64, Option<u64>, Option<String>) {
        let boot = self.boot.map(|boot| boot.to_string());
        (self.wall.timestamp_millis(), self.monotonic_ms, boot)
    }

    /// By the clock that never jumps, where both were read since the same start of the device.
    pub fn steady_since(&self, before: &Self) -> Option<TimeDelta> {
        if self.boot.is_none() || self.boot != before.boot {
            return None;
        }
        let passed = self.monotonic_ms?.checked_sub(before.monotonic_ms?)?;
        i64::try_from(passed).ok().map(TimeDelta::milliseconds)
    }

    /// By the wall clock; less than nothing where it was put back.
    pub fn wall_since(&self, before: &Self) -> TimeDelta {
        self.wall - before.wall
    }
}
