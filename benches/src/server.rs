//! The server of a benchmark: the real one, with its defaults, in a process of its own. A benchmark
//! starts its own binary a second time for it, so that nothing else has to be built or found.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::TimeDelta;
use doorstep_sync_server::{Ambient, Config, serve};

use crate::wall;

/// What the second start is asked with, before the data folder.
const SERVE: &str = "--serve";
/// The unit in which Linux counts the time that a process spends on a core.
const TICK: Duration = Duration::from_millis(10);
/// Between two looks whether a server is ready.
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// A server that runs. It stops when it is dropped.
pub struct Server {
    process: Child,
    /// Where it listens.
    pub address: SocketAddr,
}

/// What a server has used so far.
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    /// Time on a core, its own and the system's for it. Counted in hundredths of a second.
    pub cpu: Duration,
    /// The most memory that it ever held, in bytes.
    pub memory_peak: u64,
}

impl Server {
    /// Starts one on the data folder of an office, and waits until it listens.
    pub fn start(folder: &Path) -> Self {
        let this = std::env::current_exe().expect("a benchmark knows its own file");
        let mut command = Command::new(this);
        command.arg(SERVE).arg(folder).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().expect("a benchmark can start itself");
        let stdout = process.stdout.take().expect("its output is a pipe");
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).expect("its output is text");
        let address = line.trim().parse().expect("a server says where it listens");
        Self { process, address }
    }

    /// Puts the server's clock forward by so much, from where the machine's stands.
    pub fn put_clock_forward(&mut self, by: TimeDelta) {
        let stdin = self.process.stdin.as_mut().expect("its input is a pipe");
        writeln!(stdin, "{}", by.num_milliseconds()).expect("the server reads");
    }

    /// Returns once every child was assessed again, as a server does after it started.
    pub fn wait_for_first_sweep(&self) {
        while !self.is_ready() {
            std::thread::sleep(BETWEEN_LOOKS);
        }
    }

    fn is_ready(&self) -> bool {
        let mut stream = TcpStream::connect(self.address).expect("the server takes connections");
        let request = b"GET /readyz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
        stream.write_all(request).expect("the server reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("the server answers in text");
        answer.starts_with("HTTP/1.1 200")
    }

    /// What it has used so far.
    pub fn usage(&self) -> Usage {
        let read = |name: &str| {
            let file = PathBuf::from(format!("/proc/{}/{name}", self.process.id()));
            fs::read_to_string(file).expect("figures of a process are read on Linux only")
        };
        Usage { cpu: cpu(&read("stat")), memory_peak: memory_peak(&read("status")) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Its input ends, so it stops as it does when it is asked to.
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

fn cpu(stat: &str) -> Duration {
    // The fields behind the name, which may hold spaces; the 12th and 13th are the times.
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks = fields.skip(11).take(2).filter_map(|field| field.parse::<u32>().ok());
    TICK * ticks.sum()
}

fn memory_peak(status: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.expect("a process has a peak of memory") * 1024
}

/// Is the server, where this is the second start; else returns at once. A benchmark's first line.
pub fn be_the_server_if_asked() {
    let mut arguments = std::env::args().skip_while(|argument| argument != SERVE).skip(1);
    let Some(folder) = arguments.next() else { return };
    let mut config = Config { data: folder.into(), ..Config::default() };
    config.listen.set_port(0);
    // What is measured is how fast it is, not how fast it lets one device be.
    config.device_requests = NonZeroU32::MAX;
    config.person_requests = NonZeroU32::MAX;
    config.address_requests = NonZeroU32::MAX;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.expect("a runtime can be built");
    let forward = Arc::new(AtomicI64::new(0));
    let ambient = ambient(Arc::clone(&forward));
    let end_of_input = runtime.spawn_blocking(move || {
        for line in std::io::stdin().lines() {
            let by = line.ok().and_then(|line| line.parse().ok());
            forward.store(by.expect("a number of milliseconds"), Ordering::SeqCst);
        }
    });
    let shutdown = async { drop(end_of_input.await) };
    let listens = |address| {
        let mut stdout = std::io::stdout().lock();
        writeln!(stdout, "{address}").expect("somebody waits for the address");
        stdout.flush().expect("somebody waits for the address");
    };
    let served = runtime.block_on(serve(config, ambient, shutdown, listens));
    served.expect("the server stops when it is asked to");
    std::process::exit(0);
}

/// The system's randomness, and its clock put forward.
fn ambient(forward: Arc<AtomicI64>) -> Ambient {
    let fill = |bytes: &mut [u8]| getrandom::fill(bytes).expect("there is randomness");
    let now = move || wall() + TimeDelta::milliseconds(forward.load(Ordering::SeqCst));
    Ambient::new(now, fill)
}
