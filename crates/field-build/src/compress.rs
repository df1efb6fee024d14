//! Each file as it is and compressed, in a folder that a server reads. What is there already with
//! the same content is left alone, so that a second build takes no time.

use std::collections::BTreeSet;
use std::fmt;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::assemble::Files;

/// Media that are compressed already.
const DENSE: [&str; 1] = ["png"];
/// The greatest effort of Brotli, and its widest window.
const BROTLI: (u32, u32) = (11, 22);
const BUFFER_BYTES: usize = 1 << 16;

/// What a browser downloads.
pub struct Sizes {
    plain: usize,
    gzip: usize,
    brotli: usize,
}

impl fmt::Display for Sizes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kb = |bytes: usize| bytes.div_ceil(1000);
        let (plain, gzip, brotli) = (kb(self.plain), kb(self.gzip), kb(self.brotli));
        write!(f, "{plain} KB, {gzip} KB as gzip, {brotli} KB as brotli")
    }
}

/// Writes the folder; nothing where it is there with the same version.
pub fn write(files: &Files, out: &Path) -> Result<Option<Sizes>> {
    let stamp = out.join("version.txt");
    if std::fs::read_to_string(&stamp).is_ok_and(|version| version == files.version) {
        return Ok(None);
    }
    // Without its stamp the folder is unfinished: a server takes no half of one.
    if stamp.exists() {
        std::fs::remove_file(&stamp).context("cannot begin the folder")?;
    }
    let mut sizes = Sizes { plain: 0, gzip: 0, brotli: 0 };
    let mut written = BTreeSet::from([stamp.clone()]);
    for (path, bytes) in &files.by_path {
        let mut put = |ending: &str, bytes: &[u8]| -> Result<usize> {
            let file = out.join(format!("{path}{ending}"));
            let folder = file.parent().unwrap_or(out);
            std::fs::create_dir_all(folder)
                .and_then(|()| std::fs::write(&file, bytes))
                .with_context(|| format!("cannot write {}", file.display()))?;
            written.insert(file);
            Ok(bytes.len())
        };
        let plain = put("", bytes)?;
        let dense = DENSE.iter().any(|ending| path.ends_with(ending));
        sizes.plain += plain;
        sizes.gzip += if dense { plain } else { put(".gz", &gzip(bytes)?)? };
        sizes.brotli += if dense { plain } else { put(".br", &brotli(bytes)?)? };
    }
    sweep(out, &written)?;
    std::fs::write(&stamp, &files.version).context("cannot finish the folder")?;
    Ok(Some(sizes))
}

/// Removes what an earlier version left in the folder.
fn sweep(folder: &Path, written: &BTreeSet<PathBuf>) -> Result<()> {
    for entry in std::fs::read_dir(folder).context("cannot list the folder")? {
        let path = entry.context("cannot list the folder")?.path();
        if path.is_dir() {
            sweep(&path, written)?;
            // Only where nothing is left in it.
            let _ = std::fs::remove_dir(&path);
        } else if !written.contains(&path) {
            std::fs::remove_file(&path).context("cannot tidy the folder")?;
        }
    }
    Ok(())
}

fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}

fn brotli(bytes: &[u8]) -> Result<Vec<u8>> {
    let (quality, window) = BROTLI;
    let mut out = Vec::new();
    let mut encoder = brotli::CompressorWriter::new(&mut out, BUFFER_BYTES, quality, window);
    encoder.write_all(bytes)?;
    encoder.flush()?;
    drop(encoder);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(version: &str, names: &[&str]) -> Files {
        let by_path = names.iter().map(|name| ((*name).to_owned(), vec![b'a'; 4000])).collect();
        Files { version: version.to_owned(), by_path }
    }

    #[test]
    fn writes_each_version_once_and_leaves_nothing_of_the_one_before() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path();
        let first = files("1", &["index.html", "assets/1/shell.js", "assets/1/icon.png"]);
        let sizes = write(&first, out).unwrap().unwrap();
        assert_eq!(sizes.plain, 12_000);
        assert!(sizes.brotli < 4100 && sizes.gzip < 4200, "{sizes}");
        assert!(write(&first, out).unwrap().is_none());
        write(&files("2", &["index.html"]), out).unwrap().unwrap();
        let left = std::fs::read_dir(out).unwrap().map(|entry| entry.unwrap().file_name());
        let mut left: Vec<_> = left.map(|name| name.into_string().unwrap()).collect();
        left.sort();
        assert_eq!(left, ["index.html", "index.html.br", "index.html.gz", "version.txt"]);
    }
}
