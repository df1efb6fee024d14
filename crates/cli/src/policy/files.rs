//! Finding and reading the files of a policy lead: scenarios and packs.

use std::fs;
use std::path::{Path, PathBuf};

use doorstep_core::policy::scenario::{Scenario, read};
use doorstep_core::policy::{AdoptError, Policy};

use crate::failure::{Failure, Outcome};

/// The built-in policy with these packs of an organisation's own; a weaker one is refused.
pub fn policy(own: &[PathBuf]) -> Outcome<Policy> {
    let mut policy = Policy::built_in();
    for file in own {
        policy.adopt(&text(file)?).map_err(|refusal| {
            let sentence = format!("{}: {refusal}", file.display());
            match refusal {
                AdoptError::Malformed(_) => Failure::Misused(sentence),
                _ => Failure::No(sentence),
            }
        })?;
    }
    Ok(policy)
}

/// A file's text.
pub fn text(file: &Path) -> Outcome<String> {
    fs::read_to_string(file)
        .map_err(|error| Failure::Misused(format!("cannot read {}: {error}", file.display())))
}

/// The scenario in a file, or what is wrong with it: file, line and key.
pub fn scenario(file: &Path) -> Outcome<Scenario> {
    read(&text(file)?).map_err(|fault| Failure::Misused(format!("{}: {fault}", file.display())))
}

/// The scenario files named, and those in the folders named, in the order of their paths.
pub fn scenarios(paths: &[PathBuf]) -> Outcome<Vec<PathBuf>> {
    let mut found = Vec::new();
    for path in paths {
        collect(path, &mut found)?;
    }
    if found.is_empty() {
        let sentence = "there is no scenario file (*.toml) there: name one, or a folder of them";
        return Err(Failure::Misused(sentence.to_owned()));
    }
    found.sort();
    found.dedup();
    Ok(found)
}

fn collect(path: &Path, found: &mut Vec<PathBuf>) -> Outcome {
    if !path.is_dir() {
        found.push(path.to_owned());
        return Ok(());
    }
    let unreadable =
        |error| Failure::Misused(format!("cannot read the folder {}: {error}", path.display()));
    for entry in fs::read_dir(path).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.is_dir() || path.extension().is_some_and(|ending| ending == "toml") {
            collect(&path, found)?;
        }
    }
    Ok(())
}
