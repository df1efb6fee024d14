//! The shape of the project: which package and which module may know of which, how long files and
//! functions may grow, and which words may not be written. Every rule is a function from files to
//! faults, and is shown to find a fault that was planted for it.

mod arrows;
mod paths;
mod sizes;
mod words;

/// Fails with every fault on a line of its own.
fn none(faults: &[String]) {
    assert!(faults.is_empty(), "{} faults:\n{}\n", faults.len(), faults.join("\n"));
}
