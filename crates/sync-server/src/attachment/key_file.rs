//! A key of 32 bytes in a file of its own, for its owner only.

use std::io::Write as _;
use std::path::Path;

use zeroize::Zeroizing;

use crate::store::StoreError;

/// The key in this file; none where there is no such file. One that others may read is refused.
pub fn read(file: &Path) -> Result<Option<Zeroizing<[u8; 32]>>, StoreError> {
    let text = match std::fs::read_to_string(file) {
        Ok(text) => Zeroizing::new(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(fault("read", file)(source)),
    };
    check_owner_only(file)?;
    let mut bytes = Zeroizing::new([0; 32]);
    let read = hex::decode_to_slice(text.trim(), bytes.as_mut_slice());
    read.map_err(|source| StoreError::Row { what: "key file", source: Box::new(source) })?;
    Ok(Some(bytes))
}

/// Refuses a file that others than its owner may read or write.
#[cfg(unix)]
pub fn check_owner_only(file: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(file).map_err(fault("look at", file))?.permissions().mode();
    if mode.trailing_zeros() >= 6 {
        return Ok(());
    }
    let words = "others may read it: make it yours alone with chmod 600, and change the key if \
                 somebody may have read it";
    Err(fault("use", file)(std::io::Error::new(std::io::ErrorKind::PermissionDenied, words)))
}

#[cfg(not(unix))]
pub fn check_owner_only(_file: &Path) -> Result<(), StoreError> {
    Ok(())
}

/// The key in this file; a new one where there is none yet.
pub fn read_or_make(
    file: &Path,
    random: impl FnOnce() -> [u8; 32],
) -> Result<Zeroizing<[u8; 32]>, StoreError> {
    if let Some(key) = read(file)? {
        return Ok(key);
    }
    let key = Zeroizing::new(random());
    match write(file, &key) {
        // Another process was faster: there is one key.
        Err(StoreError::File { source, .. })
            if source.kind() == std::io::ErrorKind::AlreadyExists =>
        {
            read(file)?.ok_or(StoreError::Missing { what: "key file" })
        }
        written => written.map(|()| key),
    }
}

/// Writes a key to a file that is not there yet, for its owner only, and flushes it. The file has
/// its name only once it is whole: whoever reads meanwhile finds all of it or nothing.
pub fn write(file: &Path, key: &[u8; 32]) -> Result<(), StoreError> {
    // For its owner only from the start.
    let mut partial =
        tempfile::NamedTempFile::new_in(folder_of(file)).map_err(fault("make", file))?;
    let text = Zeroizing::new(format!("{}\n", hex::encode(key)));
    partial.write_all(text.as_bytes()).map_err(fault("write", file))?;
    partial.as_file().sync_all().map_err(fault("flush", file))?;
    partial.persist_noclobber(file).map_err(|error| fault("name", file)(error.error))?;
    flush_folder(file)
}

/// The name of the key that is to follow the one of this name, while everything is put under it.
pub fn next(name: &str) -> String {
    format!("{name}.next")
}

/// Refuses a folder in which a change of this key was broken off: some is under the one, some under
/// the other.
pub fn refuse_unfinished(folder: &Path, name: &str) -> Result<(), StoreError> {
    let file = folder.join(next(name));
    if !file.exists() {
        return Ok(());
    }
    let words = "a change of this key was broken off: run the same `doorstep admin rotate-key` \
                 again, with the server stopped, before anything else";
    Err(fault("go on with", &file)(std::io::Error::other(words)))
}

/// Puts the key that is to follow in the place of the one before, which goes.
pub fn take_over(next: &Path, file: &Path) -> Result<(), StoreError> {
    std::fs::rename(next, file).map_err(fault("name", file))?;
    flush_folder(file)
}

/// Writes other lines into a file with a secret, for its owner only: all of them or none.
pub fn replace(file: &Path, lines: &str) -> Result<(), StoreError> {
    let mut partial =
        tempfile::NamedTempFile::new_in(folder_of(file)).map_err(fault("make", file))?;
    writeln!(partial, "{lines}").map_err(fault("write", file))?;
    partial.as_file().sync_all().map_err(fault("flush", file))?;
    partial.persist(file).map_err(|error| fault("name", file)(error.error))?;
    flush_folder(file)
}

fn folder_of(file: &Path) -> &Path {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new("."))
}

fn flush_folder(file: &Path) -> Result<(), StoreError> {
    let folder = folder_of(file);
    let opened = std::fs::File::open(folder).map_err(fault("open", folder))?;
    opened.sync_all().map_err(fault("flush", folder))
}

fn fault(operation: &'static str, file: &Path) -> impl FnOnce(std::io::Error) -> StoreError {
    let file = file.to_owned();
    move |source| StoreError::File { operation, file, source }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::os::unix::fs::PermissionsExt as _;
    use std::sync::Barrier;

    #[test]
    fn who_comes_first_makes_the_key_and_the_others_read_it() {
        for _ in 0..50 {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("some.key");
            let start = Barrier::new(8);
            let keys: BTreeSet<[u8; 32]> = std::thread::scope(|scope| {
                let make = |byte| {
                    start.wait();
                    *read_or_make(&file, || [byte; 32]).unwrap()
                };
                let threads = [1, 2, 3, 4, 5, 6, 7, 8].map(|byte| scope.spawn(move || make(byte)));
                threads.map(|thread| thread.join().unwrap()).into()
            });
            assert_eq!(keys.len(), 1);
        }
    }

    #[test]
    fn a_key_that_others_may_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("some.key");
        assert_eq!(read(&file).unwrap(), None);
        let key = read_or_make(&file, || [7; 32]).unwrap();
        assert_eq!(read_or_make(&file, || [8; 32]).unwrap(), key);
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(read(&file).unwrap_err().to_string().starts_with("cannot use"));
    }
}
