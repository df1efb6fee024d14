//! The project's own files, as the tests of its shape read them: what is built, installed or kept
//! for one developer only is left out.

use std::fs;
use std::path::{Path, PathBuf};

/// Folders that hold nothing of the project's own.
const NOT_OURS: &[&str] = &[".doorstep", ".git", ".tools", "node_modules", "target"];

/// What `make generate` sets: write what is generated instead of comparing it.
pub const GENERATE: &str = "DOORSTEP_GENERATE";

/// A text file of the project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextFile {
    /// Its path from the project's root, with `/` between the parts.
    pub path: String,
    /// What is in it.
    pub text: String,
}

impl TextFile {
    /// A file that is nowhere but in a test.
    pub fn planted(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    /// Whether its name ends in one of these extensions.
    pub fn has_extension(&self, extensions: &[&str]) -> bool {
        let extension = Path::new(&self.path).extension().and_then(|extension| extension.to_str());
        extension.is_some_and(|extension| extensions.contains(&extension))
    }

    /// Its lines with their numbers, from 1.
    pub fn numbered(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }

    /// Its lines with their numbers, up to the tests that stand at the end of a Rust file. A file
    /// `tests.rs` is such tests as a whole.
    pub fn before_tests(&self) -> impl Iterator<Item = (usize, &str)> {
        let is_tests = self.path.ends_with("/tests.rs");
        self.numbered().take_while(move |(_, line)| !is_tests && line.trim() != "#[cfg(test)]")
    }
}

/// The project's root.
pub fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    root.expect("this package lies in a folder of the project").to_owned()
}

/// One text file, by its path from the root.
///
/// # Panics
///
/// Where it is not there or is not text.
pub fn read(path: &str) -> TextFile {
    let text = fs::read_to_string(root().join(path));
    TextFile { path: path.to_owned(), text: text.unwrap_or_else(|error| panic!("{path}: {error}")) }
}

/// Every text file of the project, sorted by path.
///
/// # Panics
///
/// Where a folder cannot be listed.
pub fn files() -> Vec<TextFile> {
    let root = root();
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of the project can be listed") {
            let path = entry.expect("an entry of a folder can be read").path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if path.is_dir() && !NOT_OURS.contains(&name) {
                folders.push(path);
            } else if let Ok(text) = fs::read_to_string(&path) {
                let relative = path.strip_prefix(&root).expect("it was found below the root");
                let path = relative.to_string_lossy().replace('\\', "/");
                found.push(TextFile { path, text });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}
