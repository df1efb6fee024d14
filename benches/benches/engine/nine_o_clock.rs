//! Nine o'clock on Monday: 2,000 devices come back from a weekend at once, each with 20 records.

use doorstep_benches::office::Office;
use doorstep_benches::server::Server;
use doorstep_benches::shift::{Shift, settle, work_off};
use doorstep_benches::{head, mb, ms, quantile, rate, row};

/// Children of each device.
const CHILDREN: usize = 20;
/// Events of each device.
const EVENTS: usize = 20;

/// Measures it.
pub fn run(full: bool) {
    let count = if full { 2_000 } else { 400 };
    let mut office = Office::empty();
    let devices = office.hire(count, CHILDREN);
    let server = Server::start(office.folder());
    let devices = settle(server.address, devices);
    drop(server);
    let shifts: Vec<_> = devices.into_iter().map(|device| Shift::of(device, 1, EVENTS)).collect();
    // A fresh process, so that its peak of memory is that of nine o'clock.
    let server = Server::start(office.folder());
    let worked = work_off(server.address, shifts, count);
    let peak = server.usage().memory_peak;
    let mut synced = worked.synced;
    head(&[
        "devices",
        "events",
        "drained in",
        "events/s",
        "median sync",
        "p99",
        "told \"later\"",
        "peak memory",
    ]);
    row(&[
        count.to_string(),
        synced.stored.to_string(),
        ms(worked.elapsed),
        format!("{:.0}", rate(synced.stored, worked.elapsed)),
        ms(quantile(&mut synced.times, 0.5)),
        ms(quantile(&mut synced.times, 0.99)),
        synced.later.to_string(),
        mb(peak),
    ]);
    drop(server);
    office.verify();
}
