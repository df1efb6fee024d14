//! What a server with a long past costs: taking in events, and telling an up-to-date device that
//! there is nothing, with more and more events in the log.

use doorstep_benches::device::Device;
use doorstep_benches::office::Office;
use doorstep_benches::server::Server;
use doorstep_benches::shift::{Shift, settle, work_off};
use doorstep_benches::{asked, head, mb, ms, quantile, rate, row};

/// Children of each device.
const CHILDREN: usize = 20;
/// Events that each device of the past recorded: 50 about each child.
const PAST: usize = 1_000;
/// Batches of 100 that are measured, by eight devices side by side.
const BATCHES: usize = 2;
const SIDE_BY_SIDE: usize = 8;
/// Devices that push, and syncs of one that is up to date, at each size.
const PUSHING: usize = 64;
const IDLE_SYNCS: usize = 1_000;

/// Measures it at each size.
pub fn run(full: bool) {
    let sizes: &[usize] = match (full, asked("--five-million")) {
        (_, true) => &[10_000, 1_000_000, 5_000_000],
        (true, false) => &[10_000, 1_000_000],
        (false, false) => &[10_000, 100_000],
    };
    let mut office = Office::empty();
    let devices = office.hire(sizes.len() * PUSHING, CHILDREN);
    // Their caseloads are fetched before there is a past.
    let server = Server::start(office.folder());
    let mut devices = settle(server.address, devices);
    drop(server);
    head(&[
        "events in the log",
        "ingest, 8 × 100",
        "p99 of a push",
        "idle sync, median",
        "p99",
        "server's core, per idle sync",
        "peak memory",
    ]);
    for size in sizes {
        let missing = size.saturating_sub(usize::try_from(office.events()).unwrap_or(usize::MAX));
        let past = office.hire((missing / PAST).max(1), CHILDREN);
        let idle = office.fill(past, PAST).pop().expect("somebody recorded the past");
        let own = devices.split_off(devices.len() - PUSHING);
        measure(&office, idle, own);
    }
    if sizes.iter().all(|size| *size <= 100_000) {
        office.verify();
    }
}

/// Measures a device that holds histories and is up to date, and devices that push.
fn measure(office: &Office, idle: Device, devices: Vec<Device>) {
    let in_log = office.events();
    let server = Server::start(office.folder());
    server.wait_for_first_sweep();
    // What changed in the directory since their last sync is compared once.
    let devices = settle(server.address, devices);
    let idle = settle(server.address, vec![idle]);
    let before = server.usage().cpu;
    let shifts = idle.into_iter().map(|device| Shift::idle(device, IDLE_SYNCS)).collect();
    let idle = work_off(server.address, shifts, 1);
    let cpu = server.usage().cpu.saturating_sub(before);
    let shifts = devices.into_iter().map(|device| Shift::of(device, BATCHES, 100)).collect();
    let pushed = work_off(server.address, shifts, SIDE_BY_SIDE);
    let (mut idle, mut push) = (idle.synced.times, pushed.synced.times);
    row(&[
        in_log.to_string(),
        format!("{:.0} events/s", rate(pushed.synced.stored, pushed.elapsed)),
        ms(quantile(&mut push, 0.99)),
        ms(quantile(&mut idle, 0.5)),
        ms(quantile(&mut idle, 0.99)),
        ms(cpu / u32::try_from(IDLE_SYNCS).unwrap_or(u32::MAX)),
        mb(server.usage().memory_peak),
    ]);
}
