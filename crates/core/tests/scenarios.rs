//! Every scenario of the project holds under the built-in packs.

use std::path::{Path, PathBuf};

use doorstep_core::policy::{Policy, scenario};

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder)
        .expect("the folder is there")
        .map(|entry| entry.expect("the folder can be read").path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let mut files: Vec<_> = files
        .into_iter()
        .filter(|path| path.extension().is_some_and(|ext| ext == "toml"))
        .collect();
    files.extend(folders.iter().flat_map(|folder| crate::files(folder)));
    files.sort();
    files
}

#[test]
fn every_scenario_holds() {
    let policy = Policy::built_in();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schema/policy/scenarios");
    let files = files(&folder);
    assert!(files.len() >= 12, "the scenarios are there");
    let mut failures = Vec::new();
    for file in files {
        let scenario = scenario::read(&std::fs::read_to_string(&file).unwrap())
            .unwrap_or_else(|fault| panic!("{}: {fault}", file.display()));
        for difference in scenario.run(&policy).unwrap() {
            failures.push(format!("{}: {difference:#?}", file.display()));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
