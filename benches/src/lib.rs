//! Measuring: medians of many runs of two things in turn, so that what else the machine does falls
//! on both, and their ratio.

pub mod messages;

use std::hint::black_box;
use std::io::Write as _;
use std::time::{Duration, Instant};

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
    times.into_iter().map(|times| median(times).unwrap_or_default()).collect()
}

#[expect(clippy::disallowed_methods, reason = "measuring time is what this package is for")]
fn time(run: &mut dyn FnMut()) -> Duration {
    let start = Instant::now();
    run();
    start.elapsed()
}

fn median(mut times: Vec<Duration>) -> Option<Duration> {
    times.sort();
    times.get(times.len() / 2).copied()
}

/// Prints a row of a Markdown table.
pub fn row(cells: &[String]) {
    // Nobody reading the table is no reason to fail.
    let _ = writeln!(std::io::stdout().lock(), "| {} |", cells.join(" | "));
}

/// Prints the head of a Markdown table.
pub fn head(cells: &[&str]) {
    row(&cells.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>());
    row(&vec!["---".to_owned(); cells.len()]);
}
