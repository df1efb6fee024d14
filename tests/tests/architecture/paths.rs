//! Every path that the architecture page names exists; and no file's name says nothing.

use doorstep_tests::tree::{self, TextFile};

/// Pages whose paths are checked.
const PAGES: &[&str] = &["README.md", "docs/architecture.md", "docs/style.md"];

/// What a path begins with: a folder of the root.
const FOLDERS: &[&str] = &[".ci", "benches", "crates", "docs", "schema", "setup", "tests", "web"];

/// Words that say nothing of what is inside, between the dots and underscores of a name.
const EMPTY_NAMES: &[&str] =
    &["common", "helper", "helpers", "misc", "new", "old", "util", "utils", "v2"];

/// The paths that a page names, between backticks or as the target of a link.
fn named_paths(page: &TextFile) -> Vec<String> {
    let in_backticks = page.text.split('`').skip(1).step_by(2);
    let linked = page.text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let folder = page.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let from_root = in_backticks
        .filter(|words| words.split('/').next().is_some_and(|first| FOLDERS.contains(&first)))
        .filter(|words| words.contains('/') && !words.contains([' ', '*', '<', '\n']))
        .map(str::to_owned);
    let from_here = linked
        .filter(|target| !target.contains("://") && !target.starts_with('#'))
        .map(|target| target.split('#').next().unwrap_or_default())
        .map(|target| format!("{folder}/{target}").trim_start_matches('/').to_owned());
    from_root.chain(from_here).collect()
}

fn missing_paths(page: &TextFile) -> Vec<String> {
    let missing = named_paths(page).into_iter().filter(|path| !tree::root().join(path).exists());
    missing.map(|path| format!("{}: `{path}` does not exist", page.path)).collect()
}

fn empty_names(file: &TextFile) -> Vec<String> {
    file.path
        .split('/')
        .filter(|part| part.split(['.', '_']).any(|word| EMPTY_NAMES.contains(&word)))
        .map(|part| format!("{}: `{part}` says nothing of what is inside", file.path))
        .collect()
}

#[test]
fn every_path_that_a_page_names_exists() {
    super::none(
        &PAGES.iter().flat_map(|page| missing_paths(&tree::read(page))).collect::<Vec<_>>(),
    );
}

#[test]
fn every_name_says_what_is_inside() {
    super::none(&tree::files().iter().flat_map(empty_names).collect::<Vec<_>>());
}

#[test]
fn planted_faults_are_found() {
    for (text, faults) in [
        ("see `crates/core/src/lib.rs`", 0),
        ("see `crates/gone/src/lib.rs`", 1),
        ("see [it](style.md#names)", 0),
        ("see [it](gone.md)", 1),
        ("see [it](../README.md)", 0),
        ("`crates/*/src`, `and/or`, `/v1/sync`, [out](https://example.org/docs/x)", 0),
    ] {
        let found = missing_paths(&TextFile::planted("docs/planted.md", text));
        assert_eq!(found.len(), faults, "{text}: {found:?}");
    }
    for (path, faults) in [
        ("crates/core/src/event.rs", 0),
        ("crates/core/src/common.rs", 1),
        ("crates/core/src/test_utils.rs", 1),
        ("crates/helpers/src/lib.rs", 1),
        ("crates/core/src/newborn.rs", 0),
        ("schema/policy/scenarios/new-year.toml", 0),
    ] {
        let found = empty_names(&TextFile::planted(path, ""));
        assert_eq!(found.len(), faults, "{path}: {found:?}");
    }
}
