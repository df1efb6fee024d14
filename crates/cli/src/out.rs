//! The one place that prints. A reader who closes the pipe ends the command quietly, not in a
//! panic.

use std::io::{self, IsTerminal as _, Write};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use crate::failure::{Failure, Outcome};

/// The width of a line of prose when the output is not a terminal, and the widest on one.
const COLUMNS_MAX: usize = 88;
/// A terminal narrower than this is written to as if it were this wide.
const COLUMNS_MIN: usize = 40;

/// Standard output, or what stands in for it.
pub struct Out {
    sink: Box<dyn Write>,
    columns: usize,
    styled: bool,
}

impl Out {
    /// Standard output.
    pub fn stdout() -> Self {
        let stdout = io::stdout();
        let terminal = stdout.is_terminal();
        Self {
            sink: Box::new(stdout.lock()),
            columns: COLUMNS_MAX,
            styled: terminal && std::env::var_os("NO_COLOR").is_none(),
        }
    }

    /// Something that stands in for standard output: plain text.
    #[cfg(test)]
    pub fn to(sink: impl Write + 'static) -> Self {
        Self { sink: Box::new(sink), columns: COLUMNS_MAX, styled: false }
    }

    /// One line as it is. It is out when this returns: a reader may be waiting for it.
    pub fn line(&mut self, text: impl AsRef<str>) -> Outcome {
        writeln!(self.sink, "{}", text.as_ref())?;
        Ok(self.sink.flush()?)
    }

    /// An empty line.
    pub fn gap(&mut self) -> Outcome {
        self.line("")
    }

    /// A line that stands out on a terminal.
    pub fn heading(&mut self, text: impl AsRef<str>) -> Outcome {
        let text = text.as_ref();
        if self.styled { self.line(format!("\x1b[1m{text}\x1b[0m")) } else { self.line(text) }
    }

    /// Prose, wrapped at the width, each line after `indent` spaces.
    pub fn prose(&mut self, indent: usize, text: impl AsRef<str>) -> Outcome {
        self.hanging(&" ".repeat(indent), text)
    }

    /// Prose after `mark` on its first line; the lines that follow stand under the first word.
    pub fn hanging(&mut self, mark: &str, text: impl AsRef<str>) -> Outcome {
        let indent = mark.chars().count();
        let width = self.columns.max(COLUMNS_MIN).saturating_sub(indent).max(20);
        let mut before = mark.to_owned();
        for line in wrap(text.as_ref(), width) {
            self.line(format!("{before}{line}"))?;
            before = " ".repeat(indent);
        }
        Ok(())
    }

    /// A table: each column as wide as its widest cell, the last one as it comes.
    pub fn table(&mut self, head: &[&str], rows: &[Vec<String>]) -> Outcome {
        let mut widths: Vec<_> = head.iter().map(|cell| cell.chars().count()).collect();
        for row in rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        self.heading(aligned(head.iter().copied(), &widths))?;
        for row in rows {
            self.line(aligned(row.iter().map(String::as_str), &widths))?;
        }
        Ok(())
    }

    /// A value as JSON, indented, with a line end.
    pub fn json(&mut self, value: &impl Serialize) -> Outcome {
        let text = serde_json::to_string_pretty(value)
            .map_err(|error| Failure::No(format!("cannot write the answer as JSON: {error}")))?;
        self.line(text)
    }

    /// A question, left open at the end of its line.
    pub fn ask(&mut self, text: &str) -> Outcome {
        write!(self.sink, "{text} ")?;
        Ok(self.sink.flush()?)
    }
}

/// Says something on standard error. Nobody listening there is no reason to fail.
pub fn complain(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// A bar on standard error for work that takes long; nothing where that is not a terminal.
pub fn progress(what: &'static str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{bar:32} {pos}/{len} {msg}") {
        bar.set_style(style);
    }
    bar.with_message(what)
}

fn aligned<'a>(cells: impl Iterator<Item = &'a str>, widths: &[usize]) -> String {
    let mut line = String::new();
    for (cell, width) in cells.zip(widths) {
        line.push_str(cell);
        line.extend(std::iter::repeat_n(' ', width - cell.chars().count() + 2));
    }
    line.trim_end().to_owned()
}

/// Breaks text at spaces into lines of at most `width` characters; a longer word has its own line.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if used > 0 && used + 1 + length > width {
            lines.push(String::new());
            used = 0;
        }
        let line = lines.last_mut().expect("there is always a line to write on");
        if used > 0 {
            line.push(' ');
            used += 1;
        }
        line.push_str(word);
        used += length;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Gone;

    impl Write for Gone {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_who_left_ends_the_command_without_an_error() {
        let failure = Out::to(Gone).line("anybody there?").unwrap_err();
        assert!(matches!(failure, Failure::ClosedPipe));
        assert_eq!(failure.exit_code(), 0);
    }

    #[test]
    fn prose_is_broken_between_words() {
        assert_eq!(wrap("phone your line manager now", 12), ["phone your", "line manager", "now"]);
        assert_eq!(wrap("", 12), [""]);
        assert_eq!(wrap("incomprehensibilities", 5), ["incomprehensibilities"]);
    }

    #[test]
    fn columns_line_up() {
        let line = aligned(["a", "bc", "d"].into_iter(), &[3, 2, 1]);
        assert_eq!(line, "a    bc  d");
    }
}
