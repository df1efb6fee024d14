//! A manager watches the inbox while a device syncs a failed contact: how long until the browser is
//! told, and until it has the new inbox.

use std::net::SocketAddr;
use std::time::Duration;

use doorstep_benches::exchange::{Connection, Synced, sync};
use doorstep_benches::office::runtime;
use doorstep_benches::server::Server;
use doorstep_benches::{Stopwatch, head, ms, quantile, row, wall};
use doorstep_core::event::{FailedContact, Form, What};

use crate::town::Town;

/// How often it is measured.
const TIMES: usize = 20;

/// What was measured once each time.
#[derive(Default)]
struct Seen {
    synced: Vec<Duration>,
    told: Vec<Duration>,
    shown: Vec<Duration>,
}

/// Measures it.
pub fn measure(town: &mut Town, server: &Server) {
    let mut seen = runtime().block_on(watch(town, server.address));
    head(&["from the start of the sync", "median", "slowest"]);
    let line = |what: &str, times: &mut Vec<Duration>| {
        row(&[what.to_owned(), ms(quantile(times, 0.5)), ms(quantile(times, 1.0))]);
    };
    line("the device has its answer", &mut seen.synced);
    line("the manager's browser is told", &mut seen.told);
    line("it has the inbox with what is new", &mut seen.shown);
}

async fn watch(town: &mut Town, address: SocketAddr) -> Seen {
    let cookie = &town.busy_manager;
    let device = &mut town.busy[0];
    let mut seen = Seen::default();
    let mut pushing = Connection::open(address).await;
    let mut watching = Connection::open(address).await;
    let mut pages = Connection::open(address).await;
    sync(&mut pushing, device, (device.phone.next_seq, Vec::new()), &mut Synced::default()).await;
    watching.listen("/inbox/live", cookie).await;
    for _ in 0..TIMES {
        let first_seq = device.phone.next_seq;
        let what = What::FailedContact(FailedContact::new(Form::NoResponse));
        let failed = device.seal_one(device.children[0], wall(), what);
        let watch = Stopwatch::start();
        let mut synced = Synced::default();
        sync(&mut pushing, device, (first_seq, vec![failed]), &mut synced).await;
        seen.synced.push(watch.elapsed());
        watching.hear("event: changed").await;
        seen.told.push(watch.elapsed());
        let answer = pages.get("/inbox", cookie).await;
        assert_eq!(answer.status, 200, "the manager is signed in");
        seen.shown.push(watch.elapsed());
    }
    seen
}
