//! Taking in what devices push: the real server, over HTTP, with every signature and chain checked,
//! every child assessed, escalations raised, a verdict for each event and one flush per commit.
//! Beside it, as the baseline, one process that writes the same bytes into one table.

use std::time::Duration;

use doorstep_benches::device::Device;
use doorstep_benches::office::Office;
use doorstep_benches::raw::Raw;
use doorstep_benches::server::Server;
use doorstep_benches::shift::{Shift, settle, work_off};
use doorstep_benches::{asked, head, ms, quantile, rate, row};

/// Children of each device.
const CHILDREN: usize = 20;
/// As durable as the server's own store.
const AS_DURABLE: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;";

/// Devices side by side, each pushing batches of one size.
struct Case {
    side_by_side: usize,
    batch: usize,
    /// Devices in all: each works off its batches, and the next one takes its place.
    devices: usize,
    batches_each: usize,
}

impl Case {
    /// A case with so many times the usual events. A device pushes 200 at most, since no child's
    /// history grows by more in a day.
    fn new(side_by_side: usize, batch: usize, times: usize) -> Self {
        let batches_each = (200 / batch).min(100);
        let usual = match batch {
            1 => side_by_side,
            20 => 2 * side_by_side + 20,
            _ => 2 * side_by_side + 80,
        };
        let devices = (usual * times).next_multiple_of(side_by_side);
        Self { side_by_side, batch, devices, batches_each }
    }
}

/// Measures each case.
pub fn run(full: bool) {
    let times = if full { 4 } else { 1 };
    let only = asked("--only-8x100");
    let cases: Vec<_> = [1, 8, 64]
        .into_iter()
        .flat_map(|devices| [1, 20, 100].map(|batch| Case::new(devices, batch, times)))
        .filter(|case| !only || (case.side_by_side, case.batch) == (8, 100))
        .collect();
    let mut office = Office::empty();
    let mut devices = office.hire(cases.iter().map(|case| case.devices).sum(), CHILDREN);
    let server = Server::start(office.folder());
    devices = settle(server.address, devices);
    head(&[
        "devices",
        "batch",
        "events",
        "events/s",
        "raw, same flushes",
        "ratio",
        "server's cores",
        "per event",
        "median push",
        "p99",
    ]);
    for case in &cases {
        let own = devices.drain(..case.devices).collect();
        measure(&office, &server, case, own);
    }
    drop(server);
    office.verify();
}

fn measure(office: &Office, server: &Server, case: &Case, devices: Vec<Device>) {
    let shift = |device| Shift::of(device, case.batches_each, case.batch);
    let shifts: Vec<_> = devices.into_iter().map(shift).collect();
    let raw = raw(office, case, &shifts);
    let before = server.usage().cpu;
    let worked = work_off(server.address, shifts, case.side_by_side);
    let cpu = server.usage().cpu.saturating_sub(before);
    let mut synced = worked.synced;
    let events = synced.stored;
    let (ours, raw) = (rate(events, worked.elapsed), rate(events, raw));
    row(&[
        case.side_by_side.to_string(),
        case.batch.to_string(),
        events.to_string(),
        format!("{ours:.0}"),
        format!("{raw:.0}"),
        format!("{:.2}", ours / raw),
        format!("{:.2}", cpu.as_secs_f64() / worked.elapsed.as_secs_f64()),
        format!("{:.0} µs", 1e6 / rate(events, cpu)),
        ms(quantile(&mut synced.times, 0.5)),
        ms(quantile(&mut synced.times, 0.99)),
    ]);
}

/// One process, one table, one prepared statement; as many events to a transaction as the server
/// can put to one flush at most, since that many are on their way at once.
fn raw(office: &Office, case: &Case, shifts: &[Shift]) -> Duration {
    let events: Vec<_> = shifts.iter().flat_map(Shift::events).collect();
    let name = format!("raw-{}-{}.db", case.side_by_side, case.batch);
    Raw::create(office.folder(), &name, AS_DURABLE).append(&events, case.side_by_side * case.batch)
}
