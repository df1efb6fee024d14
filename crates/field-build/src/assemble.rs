//! The files of the app under the paths at which a browser asks for them. What the shell loads
//! lies under the version, which is a hash of everything: a window that was opened with one version
//! never gets a file of another.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use crate::bind::Bound;

/// What the shell's files say where the path of the versioned files belongs.
const ASSETS: &str = "{{assets}}";
/// Where the version belongs.
const VERSION: &str = "{{version}}";
/// Digits of a version.
const VERSION_DIGITS: usize = 8;

/// The folders that files are taken from, later ones first.
const FOLDERS: [&str; 2] = ["crates/field-app/assets", "crates/field-web/shell"];
/// Files of the pages' folder that only `doorstep device serve` has a use for.
const NOT_FOR_BROWSERS: [&str; 1] = ["field.js"];
/// Files with an address of their own, without the version in it.
const ROOTED: [(&str, &str); 3] = [
    ("index.html", "index.html"),
    ("manifest.webmanifest", "manifest.webmanifest"),
    ("service-worker.js", "sw.js"),
];
/// What the pages ask for by a plain name.
const PLAIN: [&str; 1] = ["mark.svg"];

/// The shell's and the pages' files by name.
pub struct Sources(BTreeMap<String, Vec<u8>>);

/// Everything that a server serves, by path under `/field/`.
pub struct Files {
    /// The version.
    pub version: String,
    /// Path and content.
    pub by_path: BTreeMap<String, Vec<u8>>,
}

impl Sources {
    /// Reads the project's files.
    pub fn of(project: &Path) -> Result<Self> {
        let mut files = BTreeMap::new();
        for folder in FOLDERS {
            for file in list(&project.join(folder))? {
                let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
                if !NOT_FOR_BROWSERS.contains(&name) {
                    let bytes = std::fs::read(&file)
                        .with_context(|| format!("cannot read {}", file.display()))?;
                    files.insert(name.to_owned(), bytes);
                }
            }
        }
        Ok(Self(files))
    }

    /// Puts them at their places, together with the module.
    pub fn assemble(mut self, bound: Bound) -> Result<Files> {
        self.0.insert("door.js".into(), bound.script);
        self.0.insert("door_bg.wasm".into(), bound.module);
        self.0.extend(bound.beside);
        let version = self.version();
        let assets = format!("assets/{version}/");
        let mut by_path = BTreeMap::new();
        for (name, bytes) in self.0 {
            if PLAIN.contains(&name.as_str()) {
                by_path.insert(format!("assets/{name}"), bytes.clone());
            }
            match ROOTED.iter().find(|(rooted, _)| *rooted == name) {
                Some((_, path)) => {
                    let text = String::from_utf8(bytes).context("a page of the shell is text")?;
                    let text = text.replace(ASSETS, &format!("/field/{assets}"));
                    by_path.insert((*path).to_owned(), text.replace(VERSION, &version).into());
                }
                None => drop(by_path.insert(format!("{assets}{name}"), bytes)),
            }
        }
        let list = list_for_the_service_worker(&version, &by_path);
        let worker = by_path.get_mut("sw.js").context("the service worker is missing")?;
        *worker = [list.as_bytes(), worker].concat();
        Ok(Files { version, by_path })
    }

    fn version(&self) -> String {
        let mut sha = Sha256::new();
        for (name, bytes) in &self.0 {
            sha.update(name.len().to_be_bytes());
            sha.update(name);
            sha.update(bytes.len().to_be_bytes());
            sha.update(bytes);
        }
        hex::encode(sha.finalize())[..VERSION_DIGITS].to_owned()
    }
}

/// Each file with the hash that its content must have.
fn list_for_the_service_worker(version: &str, files: &BTreeMap<String, Vec<u8>>) -> String {
    let kept = files.iter().filter(|(path, _)| *path != "sw.js" && !path.contains("LICENSE"));
    let lines = kept.map(|(path, bytes)| {
        let path = if path == "index.html" { "" } else { path };
        let hash = STANDARD.encode(Sha256::digest(bytes));
        format!("  {{ path: '/field/{path}', integrity: 'sha256-{hash}' }}")
    });
    let lines = lines.collect::<Vec<_>>().join(",\n");
    format!("const SHELL = {{ version: '{version}', files: [\n{lines}\n] }}\n")
}

fn list(folder: &Path) -> Result<Vec<PathBuf>> {
    let failed = || format!("cannot list {}", folder.display());
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(failed)? {
        files.push(entry.with_context(failed)?.path());
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(shell: &str) -> Sources {
        let files = [
            ("index.html", "<script src={{assets}}shell.js>{{version}}"),
            ("service-worker.js", "work()"),
            ("shell.js", shell),
            ("mark.svg", "<svg/>"),
            ("LICENSE.txt", "free"),
        ];
        Sources(files.map(|(name, text)| (name.to_owned(), text.into())).into())
    }

    fn assembled(shell: &str) -> Files {
        let bound = Bound {
            script: b"glue".to_vec(),
            module: b"module".to_vec(),
            beside: vec![("snippets/a/inline0.js".into(), b"beside".to_vec())],
        };
        sources(shell).assemble(bound).unwrap()
    }

    #[test]
    fn everything_but_the_entrances_lies_under_the_version() {
        let files = assembled("go()");
        let assets = format!("assets/{}/", files.version);
        let index = String::from_utf8(files.by_path["index.html"].clone()).unwrap();
        assert_eq!(index, format!("<script src=/field/{assets}shell.js>{}", files.version));
        let paths: Vec<_> = files.by_path.keys().map(|path| path.replace(&assets, "A/")).collect();
        let expected = [
            "A/LICENSE.txt",
            "A/door.js",
            "A/door_bg.wasm",
            "A/mark.svg",
            "A/shell.js",
            "A/snippets/a/inline0.js",
            "assets/mark.svg",
            "index.html",
            "sw.js",
        ];
        assert_eq!(paths, expected);
    }

    #[test]
    fn the_service_worker_knows_the_hash_of_every_file_that_it_keeps() {
        let files = assembled("go()");
        let worker = String::from_utf8(files.by_path["sw.js"].clone()).unwrap();
        assert!(worker.ends_with("work()"), "{worker}");
        for (path, bytes) in &files.by_path {
            let hash = STANDARD.encode(Sha256::digest(bytes));
            let kept = !path.contains("LICENSE") && path != "sw.js";
            assert_eq!(worker.contains(&hash), kept, "{path}");
        }
        assert!(worker.contains("path: '/field/',"), "{worker}");
    }

    #[test]
    fn any_change_makes_another_version() {
        assert_eq!(assembled("go()").version, assembled("go()").version);
        assert_ne!(assembled("go()").version, assembled("go( )").version);
    }
}
