//! What the shell tells with every request: the clocks, random bytes, and what it knows of the
//! device. The pages ask for it while the request is answered.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use doorstep_core::seal::Hash;
use doorstep_core::time::ClockReading;
use doorstep_field_app::{Door, Link, Notice, Surroundings};
use serde::Deserialize;

/// Random bytes that come with every request. What is drawn from them are hashes of them and of a
/// count, so a page may draw as often as it likes: one with many forms once found none left.
pub const SEED_BYTES: usize = 64;

/// Room under which the person is told, in bytes.
const LOW_SPACE_BYTES: u64 = 50 * 1024 * 1024;
/// Where a POST takes the new version. The shell answers it, not the pages.
const TAKE_UPDATE: &str = "/field/update";

/// What a request brings besides itself.
#[derive(Clone, Debug)]
pub struct Moment {
    /// What the device's clocks say.
    pub clock: ClockReading,
    /// Random, and never used before.
    pub seed: [u8; SEED_BYTES],
}

/// What the shell knows of the device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Said {
    /// The browser says that there is a network.
    pub online: Option<bool>,
    /// The browser promised to keep the data.
    pub persisted: Option<bool>,
    /// Bytes that are left for it.
    pub room: Option<u64>,
    /// A new version waits.
    pub update: bool,
    /// The person asked from a window that does not own the store.
    pub elsewhere: bool,
}

/// The shell's side of the pages' door. Cheap to clone; every clone is the same.
#[derive(Clone)]
pub struct Around(Arc<Mutex<Inner>>);

struct Inner {
    app: String,
    moment: Moment,
    /// Hashes that were taken of the moment's seed.
    drawn: u64,
    said: Said,
    settles_at: Option<DateTime<Utc>>,
}

impl Around {
    /// The surroundings of `app`, at the moment at which it starts.
    pub fn new(app: &str, moment: Moment) -> Self {
        let (said, app) = (Said::default(), app.to_owned());
        Self(Arc::new(Mutex::new(Inner { app, moment, drawn: 0, said, settles_at: None })))
    }

    /// From here on it is this moment.
    pub fn at(&self, moment: Moment) {
        let mut inner = self.inner();
        inner.moment = moment;
        inner.drawn = 0;
    }

    /// What the shell knows of the device.
    pub fn say(&self, said: Said) {
        self.inner().said = said;
    }

    /// Until when the store has not settled.
    pub(crate) fn settles_at(&self, at: Option<DateTime<Utc>>) {
        self.inner().settles_at = at;
    }

    /// The instant.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.inner().moment.clock.wall.to_utc()
    }

    /// Bytes that nobody had before and nobody can foretell.
    pub(crate) fn draw<const N: usize>(&self) -> [u8; N] {
        let mut inner = self.inner();
        let mut bytes = [0; N];
        for part in bytes.chunks_mut(32) {
            let counted = [&inner.moment.seed[..], &inner.drawn.to_be_bytes()].concat();
            inner.drawn += 1;
            part.copy_from_slice(&Hash::of(&counted).0[..part.len()]);
        }
        bytes
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Door for Around {
    fn clock(&self) -> ClockReading {
        self.inner().moment.clock.clone()
    }

    fn entropy(&self) -> [u8; 32] {
        self.draw()
    }

    fn surroundings(&self) -> Surroundings {
        let inner = self.inner();
        Surroundings {
            app: inner.app.clone(),
            link: match inner.said.online {
                Some(true) => Link::Online,
                Some(false) => Link::Offline,
                None => Link::Unknown,
            },
            notices: notices(inner.said),
            settles_at: inner.settles_at,
            asks_server: false,
        }
    }
}

/// The gravest first.
fn notices(said: Said) -> Vec<Notice> {
    let mut notices = Vec::new();
    if let Some(room) = said.room.filter(|room| *room < LOW_SPACE_BYTES) {
        notices.push(Notice::LowSpace { megabytes: room / (1024 * 1024) });
    }
    if said.persisted == Some(false) {
        notices.push(Notice::StorageMayBeCleared);
    }
    if said.update {
        notices.push(Notice::UpdateReady { take: TAKE_UPDATE.to_owned() });
    }
    if said.elsewhere {
        notices.push(Notice::OpenElsewhere);
    }
    notices
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn around() -> Around {
        let clock = doorstep_device_store::testing::clock(0);
        Around::new("test 1", Moment { clock, seed: [7; SEED_BYTES] })
    }

    #[test]
    fn a_page_draws_as_often_as_it_likes_and_never_the_same() {
        let around = around();
        let mut drawn: BTreeSet<_> = (0..1000).map(|_| around.entropy()).collect();
        drawn
            .extend(around.draw::<64>().chunks(32).map(|half| <[u8; 32]>::try_from(half).unwrap()));
        assert_eq!(drawn.len(), 1002);
        let mut moment = around.inner().moment.clone();
        moment.seed[SEED_BYTES - 1] ^= 1;
        around.at(moment);
        drawn.insert(around.entropy());
        assert_eq!(drawn.len(), 1003, "every byte of the seed counts");
    }

    #[test]
    fn what_is_gravest_is_said_first() {
        let around = around();
        assert!(around.surroundings().notices.is_empty());
        let room = Some(3 * 1024 * 1024 + 5);
        let persisted = Some(false);
        around.say(Said { online: Some(false), persisted, room, update: true, elsewhere: true });
        let surroundings = around.surroundings();
        assert_eq!(surroundings.link, Link::Offline);
        assert_eq!(surroundings.notices[0], Notice::LowSpace { megabytes: 3 });
        assert_eq!(surroundings.notices.len(), 4);
        around.say(Said { persisted: Some(true), room: Some(LOW_SPACE_BYTES), ..Said::default() });
        assert!(around.surroundings().notices.is_empty());
    }
}
