//! How often one device, one person and one address may come. Whoever comes too often is told when
//! to come back; all others do not notice.

use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use doorstep_core::ids::{DeviceId, PersonId};
use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

use crate::config::Config;

/// How many are remembered at once, of each kind. Beyond it those are forgotten who have not come
/// for a while; where that is not enough, all of them.
const REMEMBERED_MAX: usize = 100_000;
/// What of an IPv6 address counts: who has one address has 2^64 of them.
const IPV6_PREFIX: u128 = !0 << 64;

/// The limits of the server. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Paces {
    /// Syncs of a device.
    pub device: Pace<DeviceId>,
    /// Pages of a person.
    pub person: Pace<PersonId>,
    /// Requests from an address, whoever makes them.
    pub address: Pace<IpAddr>,
    /// Tries to sign in, or to enrol a device, from an address.
    pub entry: Pace<IpAddr>,
}

impl Paces {
    /// The limits that are configured.
    pub fn new(config: &Config) -> Self {
        Self {
            device: Pace::new(config.device_requests),
            person: Pace::new(config.person_requests),
            address: Pace::new(config.address_requests),
            entry: Pace::new(config.address_sign_ins),
        }
    }
}

/// The address at the other end of a connection.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// The address that a request came from, as far as it is counted.
#[derive(Clone, Copy, Debug)]
pub struct Address(pub IpAddr);

/// The part of an address by which it is counted.
pub fn counted(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(long) => match long.to_ipv4_mapped() {
            Some(short) => IpAddr::V4(short),
            None => IpAddr::V6(Ipv6Addr::from_bits(long.to_bits() & IPV6_PREFIX)),
        },
    }
}

/// So often a minute each may come. Cheap to clone.
#[derive(Debug)]
pub struct Pace<K: Hash + Eq + Clone>(Arc<Mutex<Kept<K>>>);

impl<K: Hash + Eq + Clone> Clone for Pace<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

type Limiter<K> = RateLimiter<K, HashMapStateStore<K>, Passed, NoOpMiddleware<Duration>>;

#[derive(Debug)]
struct Kept<K: Hash + Eq + Clone> {
    quota: Quota,
    limiter: Limiter<K>,
    passed: Passed,
    last: DateTime<Utc>,
}

/// The time that has passed since the server began to count. It never goes back.
#[derive(Clone, Debug, Default)]
struct Passed(Arc<AtomicU64>);

impl Clock for Passed {
    type Instant = Duration;

    fn now(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::Relaxed))
    }
}

impl<K: Hash + Eq + Clone> Pace<K> {
    /// So often a minute, and at most so many at once.
    pub fn new(a_minute: NonZeroU32) -> Self {
        let (quota, passed) = (Quota::per_minute(a_minute), Passed::default());
        let limiter = RateLimiter::hashmap_with_clock(quota, passed.clone());
        let last = DateTime::UNIX_EPOCH;
        Self(Arc::new(Mutex::new(Kept { quota, limiter, passed, last })))
    }

    /// Somebody comes. Where that is too often: how many seconds to wait.
    pub fn visit(&self, who: &K, now: DateTime<Utc>) -> Result<(), u64> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.move_on(now);
        if kept.limiter.len() >= REMEMBERED_MAX {
            kept.forget();
        }
        let come = kept.limiter.check_key(who);
        come.map_err(|early| {
            let wait = early.wait_time_from(kept.passed.now());
            wait.as_secs() + 1
        })
    }

    /// How many are remembered.
    #[cfg(test)]
    fn remembered(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).limiter.len()
    }
}

impl<K: Hash + Eq + Clone> Kept<K> {
    /// Counts the time since the last visit. Where the clock was put back, none has passed, and
    /// nobody waits for it to catch up.
    fn move_on(&mut self, now: DateTime<Utc>) {
        let passed = u64::try_from((now - self.last).num_milliseconds()).unwrap_or(0);
        self.passed.0.fetch_add(passed, Ordering::Relaxed);
        self.last = now;
    }

    fn forget(&mut self) {
        self.limiter.retain_recent();
        if self.limiter.len() >= REMEMBERED_MAX {
            self.limiter = RateLimiter::hashmap_with_clock(self.quota, self.passed.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::testing::MONDAY;

    fn at(seconds: i64) -> DateTime<Utc> {
        MONDAY + TimeDelta::seconds(seconds)
    }

    #[test]
    fn whoever_comes_too_often_waits_and_no_other_does() {
        let pace = Pace::new(NonZeroU32::new(2).unwrap());
        for (who, second, expected) in [
            (0, 0, Ok(())),
            (0, 10, Ok(())),
            (0, 20, Err(11)),
            (1, 20, Ok(())),
            (0, 31, Ok(())),
            (0, 32, Err(29)),
            // The clock was put back: nobody waits for it to catch up.
            (0, -3600, Err(29)),
            (0, -3571, Ok(())),
        ] {
            assert_eq!(pace.visit(&who, at(second)), expected, "{who} {second}");
        }
    }

    #[test]
    fn however_many_come_only_so_many_are_remembered() {
        let pace = Pace::new(NonZeroU32::new(2).unwrap());
        for who in 0..REMEMBERED_MAX + 10 {
            pace.visit(&who, at(0)).unwrap();
        }
        assert!(pace.remembered() <= REMEMBERED_MAX);
        // Those who have been away for a while go first.
        pace.visit(&1, at(120)).unwrap();
        for who in 0..REMEMBERED_MAX {
            pace.visit(&who, at(240)).unwrap();
        }
        assert!(pace.remembered() <= REMEMBERED_MAX);
    }

    #[test]
    fn one_house_counts_as_one_address() {
        for (address, expected) in [
            ("192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
            ("2001:db8:1:3:3:4:5:6", "2001:db8:1:3::"),
        ] {
            let address: IpAddr = address.parse().unwrap();
            assert_eq!(counted(address), expected.parse::<IpAddr>().unwrap());
        }
    }
}
