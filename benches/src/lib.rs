//! What the benchmarks share: measuring (medians of many runs of two things in turn, so that what
//! else the machine does falls on both, and their ratio), an organisation with devices, and a
//! server in a process of its own.

pub mod device;
pub mod exchange;
pub mod happenings;
pub mod office;
pub mod raw;
pub mod server;
pub mod shift;

pub mod messages;

use std::hint::black_box;
use std::io::Write as _;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

/// One thing to measure, by its name.
pub struct Subject<'a> {
    /// What it is called in the table.
    pub name: &'a str,
    /// What is run and timed.
    pub run: Box<dyn FnMut() + 'a>,
}

impl<'a> Subject<'a> {
    /// A subject; what it returns is kept from being optimised away.
    pub fn new<T>(name: &'a str, mut run: impl FnMut() -> T + 'a) -> Self {
        Self { name, run: Box::new(move || drop(black_box(run()))) }
    }
}

/// Runs every subject in turn, `rounds` times, and gives each one's median.
pub fn medians(subjects: &mut [Subject<'_>], rounds: usize) -> Vec<Duration> {
    let mut times = vec![Vec::with_capacity(rounds); subjects.len()];
    for _ in 0..rounds {
        for (subject, times) in subjects.iter_mut().zip(&mut times) {
            times.push(time(&mut subject.run));
        }
    }
    times.into_iter().map(|mut times| quantile(&mut times, 0.5)).collect()
}

/// How long this takes.
pub fn time<T>(run: impl FnOnce() -> T) -> Duration {
    let watch = Stopwatch::start();
    drop(black_box(run()));
    watch.elapsed()
}

/// The time below which this share of the times lies; zero without any.
pub fn quantile(times: &mut [Duration], share: f64) -> Duration {
    times.sort_unstable();
    let last = times.len().saturating_sub(1);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a place between the first and the last"
    )]
    let place = (last as f64 * share).round() as usize;
    times.get(place).copied().unwrap_or_default()
}

/// How many a second.
#[expect(clippy::cast_precision_loss, reason = "no count comes near 2^52")]
pub fn rate(count: usize, within: Duration) -> f64 {
    count as f64 / within.as_secs_f64()
}

/// A time in milliseconds, for a table.
pub fn ms(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}

/// A size in megabytes, for a table.
pub fn mb(bytes: u64) -> String {
    format!("{} MB", bytes / 1_000_000)
}

/// Time that passes.
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// From now on.
    #[expect(clippy::disallowed_methods, reason = "measuring time is what this package is for")]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// So far.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// The wall clock, in whole milliseconds.
#[expect(clippy::disallowed_methods, reason = "a benchmark's devices live in the present")]
pub fn wall() -> DateTime<Utc> {
    let now = Utc::now();
    DateTime::from_timestamp_millis(now.timestamp_millis()).unwrap_or(now)
}

/// Whether this word is among the arguments: `cargo bench --bench NAME -- WORD`.
pub fn asked(word: &str) -> bool {
    std::env::args().any(|argument| argument == word)
}

/// Prints a line.
pub fn say(line: &str) {
    // Nobody reading the table is no reason to fail.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

/// Says what the figures were made on: how many cores, and how busy the machine was before.
pub fn say_the_load() {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or("?").to_owned();
    say(&format!("\n{cores} cores, load {load} before it began\n"));
}

/// Prints a row of a Markdown table.
pub fn row(cells: &[String]) {
    say(&format!("| {} |", cells.join(" | ")));
}

/// Prints the head of a Markdown table.
pub fn head(cells: &[&str]) {
    row(&cells.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>());
    row(&vec!["---".to_owned(); cells.len()]);
}
