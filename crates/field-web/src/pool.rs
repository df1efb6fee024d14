//! The browser's private storage as a shelf: a pool of files that one worker holds open.

use std::rc::Rc;

use rusqlite::{Connection, OpenFlags};
use sqlite_wasm_rs::WasmOsCallback;
use sqlite_wasm_vfs::sahpool::{OpfsSAHPoolCfgBuilder, OpfsSAHPoolUtil, install};

use crate::shelf::{Shelf, ShelfError};

const NAME: &str = "doorstep";
/// The database, the porch, a journal for each, and room for one more of all: slots are never added
/// in the field.
const SLOTS: usize = 8;

/// The pool, held until this worker ends.
#[derive(Clone)]
pub(crate) struct Pool(Rc<OpfsSAHPoolUtil>);

impl Pool {
    /// Takes hold of the pool; makes its empty slots the first time.
    pub(crate) async fn take() -> Result<Self, ShelfError> {
        let shape = OpfsSAHPoolCfgBuilder::new()
            .vfs_name(NAME)
            .directory(NAME)
            .initial_capacity(SLOTS)
            .build();
        let pool = install::<WasmOsCallback>(&shape, false).await;
        Ok(Self(Rc::new(pool.map_err(|error| ShelfError::List(error.to_string()))?)))
    }
}

impl Shelf for Pool {
    fn names(&self) -> Result<Vec<String>, ShelfError> {
        use rsqlite_vfs::VfsFilesManager as _;
        let names = self.0.names().map_err(|error| ShelfError::List(error.to_string()))?;
        Ok(names.into_iter().filter(|name| name.ends_with(".db")).collect())
    }

    fn connect(&self, name: &str, create: bool) -> Result<Connection, ShelfError> {
        let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        flags.set(OpenFlags::SQLITE_OPEN_CREATE, create);
        let file =
            Connection::open_with_flags_and_vfs(name, flags, NAME).map_err(ShelfError::Open)?;
        // One worker owns the storage: no transaction need ask whether others wrote.
        file.execute_batch("pragma locking_mode = exclusive").map_err(ShelfError::Open)?;
        Ok(file)
    }
}
