//! How a command ends when it does not end well, and the exit code that says so to a script.

use std::error::Error;
use std::fmt::Write as _;
use std::io;

/// Why a command did not do what was asked.
#[derive(Debug)]
pub enum Failure {
    /// The answer is no, or something failed; everything was already said on standard output.
    Told,
    /// The answer is no, or something failed. One sentence that says what to do next.
    No(String),
    /// The command was used wrongly, or what it was given to read is malformed.
    Misused(String),
    /// Whoever read the output has gone; there is nobody left to tell.
    ClosedPipe,
}

/// What a command returns.
pub type Outcome<T = ()> = Result<T, Failure>;

impl Failure {
    /// The sentence for standard error, where there is one.
    pub fn sentence(&self) -> Option<&str> {
        match self {
            Self::No(sentence) | Self::Misused(sentence) => Some(sentence),
            Self::Told | Self::ClosedPipe => None,
        }
    }

    /// The exit code: 0, 1 (no, or failed) or 2 (used wrongly, or malformed input).
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::ClosedPipe => 0,
            Self::Told | Self::No(_) => 1,
            Self::Misused(_) => 2,
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::ClosedPipe
        } else {
            Self::No(format!("cannot write the output: {error}"))
        }
    }
}

/// An error with its causes, on one line, without saying the same thing twice.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !text.contains(&said) {
            let _ = write!(text, ": {said}");
        }
        cause = error.source();
    }
    text
}

/// Turns an error into a failure whose sentence begins with what was being done.
pub trait OrFail<T> {
    /// Fails with `doing: the error and its causes`.
    fn or_no(self, doing: &str) -> Outcome<T>;
}

impl<T, E: Error> OrFail<T> for Result<T, E> {
    fn or_no(self, doing: &str) -> Outcome<T> {
        self.map_err(|error| Failure::No(format!("{doing}: {}", chain(&error))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_ending_has_its_exit_code() {
        let broken = io::Error::from(io::ErrorKind::BrokenPipe);
        let full = io::Error::from(io::ErrorKind::StorageFull);
        for (failure, code) in [
            (Failure::from(broken), 0),
            (Failure::from(full), 1),
            (Failure::Told, 1),
            (Failure::No("no".to_owned()), 1),
            (Failure::Misused("not so".to_owned()), 2),
        ] {
            assert_eq!(failure.exit_code(), code, "{failure:?}");
        }
    }

    #[test]
    fn a_chain_says_each_cause_once() {
        #[derive(Debug, thiserror::Error)]
        #[error("outer: inner")]
        struct Outer(#[source] Inner);
        #[derive(Debug, thiserror::Error)]
        #[error("inner")]
        struct Inner(#[source] Innermost);
        #[derive(Debug, thiserror::Error)]
        #[error("innermost cause")]
        struct Innermost;
        assert_eq!(chain(&Outer(Inner(Innermost))), "outer: inner: innermost cause");
    }
}
