//! What to do after an answer: a plan made from what the device holds and what the server expects.
//! Pure; `sync` carries it out.

use doorstep_core::seal::Hash;
use doorstep_core::wire::Expected;

use crate::outbox::Place;

/// Where the device's log stands, once the verdicts of an answer are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    /// The epoch of the chain.
    pub epoch: u32,
    /// The number that the next event to be recorded will have.
    pub next: u64,
    /// The number of the first event still to be sent; `next` where there is none.
    pub first_pending: u64,
    /// The hash before `first_pending`; none where that event is not held any more.
    pub before_pending: Option<Hash>,
    /// The server gave a receipt before for something from `expected` on, in an earlier epoch.
    pub receipted_earlier: bool,
    /// The same, in the epoch of the chain.
    pub receipted_now: bool,
    /// Everything of the epoch from the expected number on is still held.
    pub holds_expected: bool,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Course {
    /// Go on as before.
    GoOn,
    /// The server lost what it had: take back the receipts from this number on and send again.
    OfferAgain {
        /// The first number.
        from: u64,
    },
    /// The chain cannot go on: open this epoch and seal everything from this place on again.
    OpenEpoch {
        /// The new epoch.
        epoch: u32,
        /// The first event to be sealed again.
        from: Place,
    },
}

/// Chooses the course. `fork` is the number at which the server said that the chain split.
pub(crate) fn plan(standing: Standing, expected: Expected, fork: Option<u64>) -> Course {
    let open = |from: Place| Course::OpenEpoch {
        epoch: standing.epoch.max(expected.epoch).saturating_add(1),
        from,
    };
    let pending = (standing.epoch, standing.first_pending);
    if let Some(seq) = fork {
        return open((standing.epoch, seq));
    }
    if expected.epoch > standing.epoch {
        // The device was put back to a state from before it opened that epoch.
        return open(pending);
    }
    if expected.epoch < standing.epoch {
        return match (standing.receipted_earlier, standing.receipted_now) {
            // The server has not heard of this epoch yet.
            (false, false) => Course::GoOn,
            // It has lost the epoch, all of which is still here.
            (false, true) if standing.holds_expected => Course::OfferAgain { from: 1 },
            _ => open((expected.epoch, expected.seq)),
        };
    }
    if expected.seq > standing.next {
        // The server has events of this epoch that the device does not remember.
        return open(pending);
    }
    if expected.seq < standing.first_pending {
        // The server was put back to a state from before it had these.
        return if standing.holds_expected {
            Course::OfferAgain { from: expected.seq }
        } else {
            open((expected.epoch, expected.seq))
        };
    }
    let split = expected.seq == standing.first_pending
        && standing.before_pending.is_some_and(|before| before != expected.previous);
    if split { open(pending) } else { Course::GoOn }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: Hash = Hash([1; 32]);
    const OTHER: Hash = Hash([2; 32]);

    /// Five events in epoch 3, of which the fourth and fifth are still to be sent.
    const STANDING: Standing = Standing {
        epoch: 3,
        next: 6,
        first_pending: 4,
        before_pending: Some(OURS),
        receipted_earlier: false,
        receipted_now: false,
        holds_expected: true,
    };

    fn expected(epoch: u32, seq: u64) -> Expected {
        Expected { epoch, seq, previous: OURS }
    }

    #[test]
    fn chooses_the_course() {
        let lost_now = Standing { receipted_now: true, ..STANDING };
        let lost_earlier = Standing { receipted_earlier: true, ..STANDING };
        let open = |epoch, from| Course::OpenEpoch { epoch, from };
        for (name, standing, expected, fork, course) in [
            ("in step", STANDING, expected(3, 4), None, Course::GoOn),
            ("the reply was lost", STANDING, expected(3, 5), None, Course::GoOn),
            ("all replies were lost", STANDING, expected(3, 6), None, Course::GoOn),
            ("a fork", STANDING, expected(3, 5), Some(4), open(4, (3, 4))),
            ("a fork before a later epoch", STANDING, expected(7, 2), Some(4), open(8, (3, 4))),
            ("the device was put back", STANDING, expected(3, 7), None, open(4, (3, 4))),
            ("put back by an epoch", STANDING, expected(4, 1), None, open(5, (3, 4))),
            (
                "the server was put back",
                STANDING,
                expected(3, 2),
                None,
                Course::OfferAgain { from: 2 },
            ),
            (
                "the server was put back before what is held",
                Standing { holds_expected: false, ..STANDING },
                expected(3, 2),
                None,
                open(4, (3, 2)),
            ),
            ("an epoch not heard of", STANDING, expected(2, 9), None, Course::GoOn),
            ("an epoch lost", lost_now, expected(2, 9), None, Course::OfferAgain { from: 1 }),
            ("two epochs lost", lost_earlier, expected(2, 5), None, open(4, (2, 5))),
            (
                "another event before",
                STANDING,
                Expected { previous: OTHER, ..expected(3, 4) },
                None,
                open(4, (3, 4)),
            ),
            (
                "the event before is gone",
                Standing { before_pending: None, ..STANDING },
                Expected { previous: OTHER, ..expected(3, 4) },
                None,
                Course::GoOn,
            ),
        ] {
            assert_eq!(plan(standing, expected, fork), course, "{name}");
        }
    }
}
