//! What the app keeps between requests.

use doorstep_core::time::ClockReading;
use doorstep_device_store::testing;

use super::*;
use crate::door::{Link, Surroundings};

struct Still;

impl Door for Still {
    fn clock(&self) -> ClockReading {
        testing::clock(0)
    }

    fn entropy(&self) -> [u8; 32] {
        [7; 32]
    }

    fn surroundings(&self) -> Surroundings {
        let (app, notices) = ("test 1".to_owned(), Vec::new());
        Surroundings { app, link: Link::Unknown, notices, settles_at: None, asks_server: false }
    }
}

#[test]
fn asking_how_the_device_stands_judges_no_child_anew() {
    let app = App::new(Still, "", Begin::Unlock);
    app.opened(testing::enrolled_store(1));
    let judge = || {
        let mut state = app.state();
        let Open { store, judged, .. } = state.open.as_mut().unwrap();
        let own = testing::enrolment(1).person.role;
        judged.child(store, &testing::card(1), own, testing::minute(0)).unwrap()
    };
    let before = judge();
    assert_eq!(app.status().unwrap().children, 0);
    assert!(Arc::ptr_eq(&before, &judge()));
    app.with_store(|_| ()).unwrap();
    assert!(!Arc::ptr_eq(&before, &judge()));
}
