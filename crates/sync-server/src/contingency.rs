//! What is needed when systems are down for a week: who is on duty, what is open and owed, which
//! visits are planned. One page to print, and a CSV file for each list.
//!
//! A protected address is in none of it, nor the phone number of such a home.

pub mod schedule;

mod csv_file;
mod gather;
mod html;

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use crate::store::StoreError;

pub use gather::gather;

/// The page to print.
pub const PAGE_FILE: &str = "contingency.html";

/// One list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sheet {
    /// Its name, and its file's.
    pub name: &'static str,
    /// Its heading.
    pub title: &'static str,
    /// What stands under the heading.
    pub hint: &'static str,
    /// The names of its columns.
    pub head: &'static [&'static str],
    /// Its rows.
    pub rows: Vec<Vec<String>>,
}

/// Everything that is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contingency {
    /// The organisation.
    pub organisation: String,
    /// When it was gathered (UTC).
    pub made: DateTime<Utc>,
    /// The lists.
    pub sheets: Vec<Sheet>,
}

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum ContingencyError {
    /// There is no organisation yet.
    #[error("there is no organisation here yet: make it first")]
    NoOrganisation,
    /// The folder, or a file in it, cannot be written.
    #[error("cannot write the duty list to {path}")]
    Write {
        /// Which file or folder.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Contingency {
    /// The page, complete in itself.
    pub fn page(&self) -> String {
        html::page(self).into_string()
    }

    /// Every file: its name and its text.
    pub fn files(&self) -> Vec<(String, String)> {
        let page = (PAGE_FILE.to_owned(), self.page());
        let lists = self.sheets.iter().map(|sheet| (file_name(sheet.name), csv_file::text(sheet)));
        std::iter::once(page).chain(lists).collect()
    }

    /// Writes every file into `folder`, which is made; for its owner only, and flushed.
    pub fn write(&self, folder: &Path) -> Result<(), ContingencyError> {
        let fault = |path: &Path| {
            let path = path.to_owned();
            move |source| ContingencyError::Write { path, source }
        };
        make_private(folder).map_err(fault(folder))?;
        for (name, text) in self.files() {
            let file = folder.join(name);
            write_private(&file, text.as_bytes()).map_err(fault(&file))?;
        }
        Ok(())
    }
}

fn file_name(sheet: &str) -> String {
    format!("{sheet}.csv")
}

fn make_private(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn write_private(file: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut opened = options.open(file)?;
    std::io::Write::write_all(&mut opened, bytes)?;
    opened.sync_all()
}
