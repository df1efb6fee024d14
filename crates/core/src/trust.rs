//! How far a device's clock is to be trusted: when a record was really made, as far as the samples
//! of its device's clock tell, and from which instant limits run. Pure.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::time::ClockReading;
use crate::words::words;

/// Up to this difference a clock counts as right: networks and people take their time.
pub const TOLERANCE: TimeDelta = TimeDelta::minutes(2);

/// A clock that is wrong by less may go unnoticed by who reads it; one that is wrong by days shows
/// another date.
const UNNOTICED: TimeDelta = TimeDelta::days(1);

words!(
    /// How sure it is when a record was made.
    Trust {
        /// By a clock that never jumps, tied to the server's.
        Anchored = "anchored",
        /// By the difference between the device's clock and the server's at other times.
        Estimated = "estimated",
        /// By nothing but the device's own claim, or by clocks that contradict each other.
        Unanchored = "unanchored",
    }
);

/// The clocks of a device and of the server at the same moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockSample {
    /// What the device's wall clock said (UTC).
    pub wall: DateTime<Utc>,
    /// What the server's clock said (UTC).
    pub server: DateTime<Utc>,
    /// Milliseconds on the device's clock that never jumps, since `boot`.
    pub monotonic_ms: Option<u64>,
    /// Which start of the device `monotonic_ms` counts from.
    pub boot: Option<Uuid>,
}

impl ClockSample {
    /// The sample of a reading that reached the server at `server`.
    pub fn of(reading: &ClockReading, server: DateTime<Utc>) -> Self {
        let ClockReading { monotonic_ms, boot, .. } = *reading;
        Self { wall: reading.wall.to_utc(), server, monotonic_ms, boot }
    }

    /// How far the server's clock was ahead of the device's; negative: behind it.
    pub fn offset(&self) -> TimeDelta {
        self.server - self.wall
    }
}

/// What is known of one record besides the samples of its device's clock.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    /// When it happened, as claimed (UTC).
    pub at: DateTime<Utc>,
    /// What the device's clocks said when it was recorded.
    pub clock: &'a ClockReading,
    /// When the server received it (UTC).
    pub received: DateTime<Utc>,
    /// When its device was enrolled (UTC): it recorded nothing before.
    pub enrolled: DateTime<Utc>,
}

/// When something happened, as judged when it was taken into the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timing {
    /// When it happened by the server's clock (UTC). Never after it was received.
    pub corrected: DateTime<Utc>,
    /// The earlier plausible instant, from which limits run (UTC).
    pub limits_from: DateTime<Utc>,
    /// How sure that is.
    pub trust: Trust,
}

impl Timing {
    /// By a clock that is the server's own.
    pub fn own(at: DateTime<Utc>, received: DateTime<Utc>) -> Self {
        let corrected = whole_ms(at.min(received));
        Self { corrected, limits_from: corrected, trust: Trust::Anchored }
    }

    /// Whether what was claimed and what is judged differ so much that people must know.
    pub fn differs_from(&self, claimed: DateTime<Utc>) -> bool {
        let far = |instant: DateTime<Utc>| (instant - claimed).abs() > TOLERANCE;
        far(self.corrected) || far(self.limits_from)
    }
}

/// Grades a claim by the samples of its device's clock, the oldest first. To the millisecond, as
/// instants are kept.
pub fn grade(claim: &Claim<'_>, samples: &[ClockSample]) -> Timing {
    let wall = claim.clock.wall.to_utc();
    let (made, trust) = made(claim, samples);
    let shift = if is_read_off(claim.at, wall, made) { made - wall } else { TimeDelta::zero() };
    let shifted = claim.at.checked_add_signed(shift).unwrap_or(claim.received);
    let corrected = shifted.min(claim.received);
    let limits_from = if is_plausible(claim, wall) { claim.at.min(corrected) } else { corrected };
    Timing { corrected: whole_ms(corrected), limits_from: whole_ms(limits_from), trust }
}

/// When a record was made by the server's clock, and how sure that is; whatever its author says of
/// when it happened.
pub fn made(claim: &Claim<'_>, samples: &[ClockSample]) -> (DateTime<Utc>, Trust) {
    let wall = claim.clock.wall.to_utc();
    let (found, trust) = anchored(claim.clock, samples)
        .map(|made| (made, Trust::Anchored))
        .or_else(|| estimated(wall, samples))
        .unwrap_or((wall, Trust::Unanchored));
    // It was made after the server last spoke to the device, and before it came.
    let bounded = found.max(known_before(claim).min(claim.received)).min(claim.received);
    let contradicted = (bounded - found).abs() > TOLERANCE;
    (bounded, if contradicted { Trust::Unanchored } else { trust })
}

/// The last instant of the server's clock that the device knew of when it made the record.
fn known_before(claim: &Claim<'_>) -> DateTime<Utc> {
    let seen = claim.clock.server_seen.filter(|seen| *seen <= claim.received);
    seen.map_or(claim.enrolled, |seen| seen.max(claim.enrolled))
}

/// Whether a claim may have been read off a wall clock that stood at `wall` when it was `made`, and
/// is wrong by what that clock was. Under a clock that shows another date people name the day by
/// what they know: such a claim was read off it only where it lies nearer to it than to the truth.
fn is_read_off(at: DateTime<Utc>, wall: DateTime<Utc>, made: DateTime<Utc>) -> bool {
    let wrong_by = (made - wall).abs();
    let nearer = (at - wall).abs() <= (at - made).abs();
    wrong_by > TOLERANCE && (wrong_by < UNNOTICED || nearer)
}

fn whole_ms(instant: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(instant.timestamp_millis()).unwrap_or(instant)
}

/// By the sample of the same start of the device that lies nearest.
fn anchored(clock: &ClockReading, samples: &[ClockSample]) -> Option<DateTime<Utc>> {
    let (boot, monotonic_ms) = (clock.boot?, clock.monotonic_ms?);
    let nearest = samples
        .iter()
        .filter(|sample| sample.boot == Some(boot))
        .filter_map(|sample| Some((sample, sample.monotonic_ms?)))
        .min_by_key(|(_, sampled_ms)| sampled_ms.abs_diff(monotonic_ms));
    let (sample, sampled_ms) = nearest?;
    let between_ms = i128::from(sampled_ms) - i128::from(monotonic_ms);
    let between = TimeDelta::try_milliseconds(i64::try_from(between_ms).ok()?)?;
    sample.server.checked_sub_signed(between)
}

/// By what the clock was wrong at the last sample; surely so only where it was wrong by the same
/// before.
fn estimated(wall: DateTime<Utc>, samples: &[ClockSample]) -> Option<(DateTime<Utc>, Trust)> {
    let (last, before) = samples.split_last()?;
    let made = wall.checked_add_signed(last.offset())?;
    let same = |sample: &ClockSample| (sample.offset() - last.offset()).abs() <= TOLERANCE;
    let steady = before.last().is_none_or(same);
    Some((made, if steady { Trust::Estimated } else { Trust::Unanchored }))
}

/// Whether it can have happened when it is said to have. A clock that stands before what its device
/// knew already is wrong, and so is a claim that was read off it.
fn is_plausible(claim: &Claim<'_>, wall: DateTime<Utc>) -> bool {
    let is_behind = |instant, known: DateTime<Utc>| known - instant > TOLERANCE;
    let read_off = !is_behind(wall, claim.at);
    claim.at <= claim.received && !(read_off && is_behind(wall, known_before(claim)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(time: &str) -> DateTime<Utc> {
        let text = if time.contains('T') { time.to_owned() } else { format!("2026-03-02T{time}") };
        format!("{text}:00Z").parse().unwrap()
    }

    const BOOT: Uuid = Uuid::from_u128(1);

    /// A sample: device, server, minutes on the clock that never jumps.
    fn sample(wall: &str, server: &str, minutes: Option<u64>) -> ClockSample {
        let monotonic_ms = minutes.map(|minutes| minutes * 60_000);
        ClockSample { wall: at(wall), server: at(server), monotonic_ms, boot: Some(BOOT) }
    }

    struct Row {
        name: &'static str,
        happened: &'static str,
        wall: &'static str,
        minutes: Option<u64>,
        seen: Option<&'static str>,
        received: &'static str,
        samples: Vec<ClockSample>,
        corrected: &'static str,
        limits_from: &'static str,
        trust: Trust,
    }

    fn check(row: &Row) {
        let clock = ClockReading {
            wall: at(row.wall).fixed_offset(),
            monotonic_ms: row.minutes.map(|minutes| minutes * 60_000),
            boot: Some(BOOT),
            server_seen: row.seen.map(at),
        };
        let claim = Claim {
            at: at(row.happened),
            clock: &clock,
            received: at(row.received),
            enrolled: at("2026-01-05T09:00"),
        };
        let expected = Timing {
            corrected: at(row.corrected),
            limits_from: at(row.limits_from),
            trust: row.trust,
        };
        assert_eq!(grade(&claim, &row.samples), expected, "{}", row.name);
    }

    #[test]
    fn limits_run_from_the_earlier_plausible_time() {
        let row = |name, samples| Row {
            name,
            happened: "10:00",
            wall: "10:05",
            minutes: None,
            seen: None,
            received: "18:00",
            samples,
            corrected: "10:00",
            limits_from: "10:00",
            trust: Trust::Estimated,
        };
        for row in [
            row("a clock that is right", vec![sample("18:00", "18:00", None)]),
            row("a clock that is right but for a minute", vec![sample("17:59", "18:00", None)]),
            Row { trust: Trust::Unanchored, ..row("nothing but the claim", vec![]) },
            Row {
                minutes: Some(5),
                trust: Trust::Anchored,
                ..row("tied to the server", vec![sample("18:00", "18:00", Some(480))])
            },
            Row {
                minutes: Some(5),
                trust: Trust::Anchored,
                happened: "13:00",
                wall: "13:05",
                ..row("put right after the visit", vec![sample("18:00", "18:00", Some(480))])
            },
            Row {
                happened: "13:00",
                wall: "13:05",
                ..row("three hours ahead", vec![sample("21:00", "18:00", None)])
            },
            Row {
                corrected: "13:00",
                ..row("three hours behind", vec![sample("15:00", "18:00", None)])
            },
            Row {
                seen: Some("12:00"),
                corrected: "13:00",
                limits_from: "13:00",
                ..row("behind what it knew already", vec![sample("15:00", "18:00", None)])
            },
            Row {
                trust: Trust::Unanchored,
                ..row(
                    "changed between two samples",
                    vec![sample("05:00", "09:00", None), sample("18:00", "18:00", None)],
                )
            },
        ] {
            check(&row);
        }
    }

    #[test]
    fn clocks_that_are_decades_off_are_bounded_by_what_is_known() {
        let row = |name, happened, wall| Row {
            name,
            happened,
            wall,
            minutes: None,
            seen: Some("09:00"),
            received: "18:00",
            samples: vec![],
            corrected: "18:00",
            limits_from: "18:00",
            trust: Trust::Unanchored,
        };
        for row in [
            row("in the future", "2046-03-02T10:00", "2046-03-02T10:00"),
            Row {
                corrected: "09:00",
                limits_from: "09:00",
                ..row("reset to 1970", "1970-01-01T00:10", "1970-01-01T00:10")
            },
            Row {
                corrected: "10:00",
                limits_from: "10:00",
                ..row("reset to 1970, the time typed by hand", "10:00", "1970-01-01T00:10")
            },
            Row {
                corrected: "10:00",
                limits_from: "10:00",
                ..row("in the future, the time typed by hand", "10:00", "2056-03-02T10:05")
            },
            Row {
                corrected: "2026-03-01T15:00",
                limits_from: "2026-03-01T15:00",
                ..row(
                    "in the future, yesterday typed by hand",
                    "2026-03-01T15:00",
                    "2056-03-02T10:05",
                )
            },
            row("as late as a clock can be", "2026-03-02T19:00", "9999-12-31T23:59"),
        ] {
            check(&row);
        }
    }

    #[test]
    fn what_happened_days_before_it_was_recorded_stays_there() {
        check(&Row {
            name: "last week",
            happened: "2026-02-23T10:00",
            wall: "10:05",
            minutes: Some(5),
            seen: Some("09:00"),
            received: "10:06",
            samples: vec![sample("10:06", "10:06", Some(6))],
            corrected: "2026-02-23T10:00",
            limits_from: "2026-02-23T10:00",
            trust: Trust::Anchored,
        });
    }

    #[test]
    fn instants_are_judged_as_they_are_kept_to_the_millisecond() {
        let clock = ClockReading::wall(at("10:05"));
        let at = at("10:00") + TimeDelta::microseconds(123_456);
        let (received, enrolled) = (at + TimeDelta::hours(1), at - TimeDelta::days(9));
        let claim = Claim { at, clock: &clock, received, enrolled };
        let kept = at - TimeDelta::microseconds(456);
        for timing in [grade(&claim, &[]), Timing::own(at, received)] {
            assert_eq!((timing.corrected, timing.limits_from), (kept, kept));
        }
    }

    #[test]
    fn a_server_time_from_the_future_proves_nothing() {
        check(&Row {
            name: "a device that claims to have heard from the future",
            happened: "10:00",
            wall: "10:05",
            minutes: None,
            seen: Some("2046-03-02T10:00"),
            received: "18:00",
            samples: vec![sample("18:00", "18:00", None)],
            corrected: "10:00",
            limits_from: "10:00",
            trust: Trust::Estimated,
        });
    }
}
