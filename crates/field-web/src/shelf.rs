//! Where the store's file lies: the browser's private storage, or a folder in a test.

use rusqlite::Connection;

/// A place for files.
pub trait Shelf {
    /// The names of the files that hold something.
    fn names(&self) -> Result<Vec<String>, ShelfError>;
    /// Opens a file; makes it only where `create` says so.
    fn connect(&self, name: &str, create: bool) -> Result<Connection, ShelfError>;
}

/// The storage refuses.
#[derive(Debug, thiserror::Error)]
pub enum ShelfError {
    /// The list of files cannot be read.
    #[error("this browser's storage cannot be read: {0}")]
    List(String),
    /// A file cannot be opened.
    #[error("the device's file cannot be opened")]
    Open(#[source] rusqlite::Error),
}
