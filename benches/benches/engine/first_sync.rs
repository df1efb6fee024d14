//! A device's first sync: 200 children with 100 events each, from the real server over HTTP into an
//! encrypted file. And the same without a device behind it, which is the server's share.

use std::time::Duration;

use doorstep_benches::device::Device;
use doorstep_benches::exchange::Connection;
use doorstep_benches::office::{Office, runtime};
use doorstep_benches::server::Server;
use doorstep_benches::shift::{Shift, work_off};
use doorstep_benches::{Stopwatch, head, ms, quantile, rate, row, say, wall};
use doorstep_core::policy::Policy;
use doorstep_core::time::ClockReading;
use doorstep_core::wire::{EnrolResponse, SyncResponse};
use doorstep_device_store::{Invitation, Store, testing};
use rusqlite::Connection as File;

/// A caseload that is larger than any.
const CHILDREN: usize = 200;
const EVENTS_EACH: usize = 100;
/// Devices that are filled, one after the other.
const ROUNDS: usize = 5;

/// What one first sync came to.
#[derive(Default)]
struct First {
    events: usize,
    bytes: usize,
    whole: Duration,
    /// Of it: the device reading the answers and writing its file.
    in_device: Duration,
    /// Until the first child can be opened and judged on the device.
    usable: Duration,
}

/// Measures it.
pub fn run(_full: bool) {
    let mut office = Office::empty();
    let author = office.hire(1, CHILDREN);
    let author = office.fill(author, CHILDREN * EVENTS_EACH).remove(0);
    let colleagues = office.hire(ROUNDS, 0);
    for colleague in &colleagues {
        office.share(&author, colleague);
    }
    let codes: Vec<_> = (1..=ROUNDS).map(|number| office.device_code(number)).collect();
    let server = Server::start(office.folder());
    let firsts: Vec<_> = codes.iter().map(|code| first_sync(&server, code)).collect();
    let share = servers_share(&server, colleagues);
    drop(server);
    tell(&firsts, &share);
    office.verify();
}

/// Enrols a device and fetches everything, as the command does.
fn first_sync(server: &Server, code: &str) -> First {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let file = File::open(folder.path().join("device.db")).expect("the folder can be written to");
    let mut store = Store::create(file, &testing::KEY).expect("the file is new");
    let (runtime, policy) = (runtime(), Policy::built_in());
    let mut connection = runtime.block_on(Connection::open(server.address));
    let mut post = |path, token: &str, body: &[u8]| {
        let answer = runtime.block_on(connection.post(path, token, body));
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(answer.body));
        answer.body.to_vec()
    };
    let invitation =
        Invitation { code: code.into(), device_name: "A phone".into(), app: "bench 1".into() };
    let request = store.prepare(&invitation, testing::entropy(1)).expect("it is a new file");
    let request = serde_json::to_vec(&request).expect("it has only string keys");
    let answer: EnrolResponse =
        serde_json::from_slice(&post("/v1/enrol", "", &request)).expect("an answer can be read");
    store.enrolled(&answer).expect("it was prepared");
    let mut first = First::default();
    let watch = Stopwatch::start();
    store.sync_now().expect("the file is sound");
    loop {
        let request = store.next_request(&ClockReading::wall(wall()), "bench 1");
        let Some(request) = request.expect("the file is sound") else { break };
        let body = serde_json::to_vec(&request).expect("it has only string keys");
        let body = post("/v1/sync", &answer.token, &body);
        let received = Stopwatch::start();
        let page: SyncResponse = serde_json::from_slice(&body).expect("an answer can be read");
        let progress = store.receive(&page).expect("the page is sound");
        if first.events == 0 {
            let most_urgent = page.children.first().expect("children come first").id;
            let judged = store.assess(most_urgent, &policy, wall()).expect("it is held");
            assert!(!judged.assessment.duties.is_empty(), "there is something to do for it");
            first.usable = watch.elapsed();
        }
        first.in_device += received.elapsed();
        first.bytes += body.len();
        first.events += page.events.len();
        if !progress.more {
            break;
        }
    }
    first.whole = watch.elapsed();
    assert_eq!(first.events, CHILDREN * EVENTS_EACH, "everything came");
    first
}

/// The same pages, fetched by something that only counts: how long each device took.
fn servers_share(server: &Server, colleagues: Vec<Device>) -> Vec<Duration> {
    let fetch = |device| {
        let worked = work_off(server.address, vec![Shift::idle(device, 1)], 1);
        assert_eq!(worked.synced.received, CHILDREN * EVENTS_EACH, "everything came");
        worked.elapsed
    };
    colleagues.into_iter().map(fetch).collect()
}

fn tell(firsts: &[First], share: &[Duration]) {
    let median =
        |of: fn(&First) -> Duration| quantile(&mut firsts.iter().map(of).collect::<Vec<_>>(), 0.5);
    let (events, bytes) = (firsts[0].events, firsts[0].bytes);
    let (whole, in_device) = (median(|first| first.whole), median(|first| first.in_device));
    let share = quantile(&mut share.to_vec(), 0.5);
    head(&["first sync of 200 children with 100 events each", "time", "events/s"]);
    let line = |what: &str, time| {
        row(&[what.to_owned(), ms(time), format!("{:.0}", rate(events, time))]);
    };
    line("whole, into an encrypted file", whole);
    line("of it: the device reads and writes", in_device);
    line("by something that only counts: the server's share", share);
    say(&format!("\n{} bytes of answers per event, not compressed", bytes / events));
    say(&format!("the most urgent child usable after {}", ms(median(|first| first.usable))));
}
