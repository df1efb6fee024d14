//! Devices at work: each with what it will push, some of them side by side.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use doorstep_core::seal::SealedEvent;
use futures_util::future::join_all;

use crate::Stopwatch;
use crate::device::Device;
use crate::exchange::{Connection, Synced, sync};
use crate::office::runtime;

/// A device and what it pushes, batch by batch, sealed before the clock runs.
pub struct Shift {
    device: Device,
    batches: Vec<(u64, Vec<SealedEvent>)>,
}

impl Shift {
    /// A device that pushes so many batches of so many events.
    pub fn of(mut device: Device, batches: usize, events: usize) -> Self {
        let batches = (0..batches).map(|_| device.seal(events)).collect();
        Self { device, batches }
    }

    /// A device that only asks whether there is something for it, so many times.
    pub fn idle(device: Device, times: usize) -> Self {
        Self::of(device, times, 0)
    }

    /// The events that it will push.
    pub fn events(&self) -> impl Iterator<Item = &SealedEvent> {
        self.batches.iter().flat_map(|(_, events)| events)
    }
}

/// What devices at work came to.
pub struct Worked {
    /// From the first connection to the last answer.
    pub elapsed: Duration,
    /// What all of them said and heard.
    pub synced: Synced,
    /// The devices, as they stand now.
    pub devices: Vec<Device>,
}

/// Works off the shifts, so many at a time, each on a connection that stays open.
pub fn work_off(address: SocketAddr, shifts: Vec<Shift>, side_by_side: usize) -> Worked {
    let queue = RefCell::new(VecDeque::from(shifts));
    let watch = Stopwatch::start();
    let done = runtime()
        .block_on(async { join_all((0..side_by_side).map(|_| work(address, &queue))).await });
    let elapsed = watch.elapsed();
    let (mut synced, mut devices) = (Synced::default(), Vec::new());
    for (its, of) in done {
        synced.add(its);
        devices.extend(of);
    }
    Worked { elapsed, synced, devices }
}

/// Takes one shift after the other, on one connection.
async fn work(address: SocketAddr, queue: &RefCell<VecDeque<Shift>>) -> (Synced, Vec<Device>) {
    let mut connection = Connection::open(address).await;
    let (mut synced, mut devices) = (Synced::default(), Vec::new());
    loop {
        let next = queue.borrow_mut().pop_front();
        let Some(Shift { mut device, batches }) = next else { break };
        for batch in batches {
            sync(&mut connection, &mut device, batch, &mut synced).await;
        }
        devices.push(device);
    }
    (synced, devices)
}

/// Lets each device fetch its caseload.
pub fn settle(address: SocketAddr, devices: Vec<Device>) -> Vec<Device> {
    let shifts = devices.into_iter().map(|device| Shift::idle(device, 1)).collect();
    work_off(address, shifts, 8).devices
}
