//! What the story claims, each claim checked where it is printed.

use crate::failure::Outcome;
use crate::out::Out;

/// The claims so far.
#[derive(Debug, Default)]
pub struct Claims {
    held: usize,
    broken: Vec<String>,
}

impl Claims {
    /// Prints a claim with whether it holds.
    pub fn claim(&mut self, out: &mut Out, holds: bool, text: &str) -> Outcome {
        if holds {
            self.held += 1;
            out.hanging("  [true]  ", text)
        } else {
            self.broken.push(text.to_owned());
            out.hanging("  [FALSE] ", text)
        }
    }

    /// How many claims held.
    pub fn held(&self) -> usize {
        self.held
    }

    /// The claims that did not hold.
    pub fn broken(&self) -> &[String] {
        &self.broken
    }
}
