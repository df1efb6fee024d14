//! Five o'clock: the limits of a fifth of the children pass at once, and every one is assessed
//! again, while devices go on syncing. How long that takes, and what it does to a push.

use std::cell::Cell;
use std::net::SocketAddr;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use doorstep_benches::device::Device;
use doorstep_benches::exchange::{Connection, Synced, sync};
use doorstep_benches::office::runtime;
use doorstep_benches::server::Server;
use doorstep_benches::shift::settle;
use doorstep_benches::{Stopwatch, head, ms, quantile, row, wall};
use futures_util::future::{join, join_all};

use crate::town::Town;

/// Devices push so often, so many records each time.
const BETWEEN_PUSHES: Duration = Duration::from_millis(100);
const RECORDS: usize = 5;
/// How long they push before five o'clock, and after all is done.
const BEFORE: Duration = Duration::from_secs(5);
const AFTER: Duration = Duration::from_secs(1);
/// Between two looks at what is still to be done.
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// Pushes before, and from five o'clock on.
#[derive(Default)]
struct Pushes {
    before: Synced,
    meanwhile: Synced,
}

/// Measures it.
pub fn measure(town: &mut Town) {
    let children = town.quiet.iter().map(|device| device.children.len() / 5).sum();
    let passed = town.limits_at_five(children) + TimeDelta::seconds(1);
    assert!(town.due(passed) >= children, "all of these limits pass at five");
    let open = town.open();
    let mut server = Server::start(town.office.folder());
    server.wait_for_first_sweep();
    let devices = settle(server.address, town.pushing.drain(..).collect());
    let (took, mut pushes) = runtime().block_on(five_o_clock(town, &mut server, devices, passed));
    head(&["at 17:00", "", "p99 of a push", "slowest"]);
    let line = |what: &str, took: String, synced: &mut Synced| {
        let times = &mut synced.times;
        row(&[what.to_owned(), took, ms(quantile(times, 0.99)), ms(quantile(times, 1.0))]);
    };
    let count = |synced: &Synced| format!("{} pushes", synced.times.len());
    line("before", count(&pushes.before), &mut pushes.before);
    let what = format!("{children} children assessed again, in");
    line(&what, ms(took), &mut pushes.meanwhile);
    doorstep_benches::say(&format!(
        "\n{} more escalations are open than before",
        town.open().saturating_sub(open)
    ));
}

async fn five_o_clock(
    town: &Town,
    server: &mut Server,
    devices: Vec<Device>,
    passed: DateTime<Utc>,
) -> (Duration, Pushes) {
    let (is_five, is_over) = (Cell::new(false), Cell::new(false));
    let address = server.address;
    let pushing = join_all(devices.into_iter().map(|it| push(address, it, &is_five, &is_over)));
    let waiting = async {
        tokio::time::sleep(BEFORE).await;
        is_five.set(true);
        server.put_clock_forward(passed - wall());
        let watch = Stopwatch::start();
        while town.due(passed) > 0 {
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
        let took = watch.elapsed();
        tokio::time::sleep(AFTER).await;
        is_over.set(true);
        took
    };
    let (all, took) = join(pushing, waiting).await;
    let mut pushes = Pushes::default();
    for its in all {
        pushes.before.add(its.before);
        pushes.meanwhile.add(its.meanwhile);
    }
    (took, pushes)
}

async fn push(
    address: SocketAddr,
    mut device: Device,
    is_five: &Cell<bool>,
    is_over: &Cell<bool>,
) -> Pushes {
    let mut connection = Connection::open(address).await;
    let mut pushes = Pushes::default();
    while !is_over.get() {
        let batch = device.seal(RECORDS);
        let meanwhile = is_five.get();
        let synced = if meanwhile { &mut pushes.meanwhile } else { &mut pushes.before };
        sync(&mut connection, &mut device, batch, synced).await;
        tokio::time::sleep(BETWEEN_PUSHES).await;
    }
    pushes
}
