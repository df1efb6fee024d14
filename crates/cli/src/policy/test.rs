//! `doorstep policy test`: a line for each scenario, a readable difference for each that fails.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use doorstep_core::policy::Policy;
use doorstep_core::policy::scenario::{Difference, read};
use doorstep_core::time::in_words;
use serde::Serialize;

use crate::failure::{Failure, Outcome};
use crate::out::{Out, complain};

/// Folders inside folders, at the most.
const DEPTH_MAX: u32 = 16;

/// What became of one file.
#[derive(Debug, Serialize)]
struct Tried {
    file: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    title: String,
    #[serde(flatten)]
    result: Tested,
}

#[derive(Debug, Serialize)]
#[serde(tag = "result", rename_all = "kebab-case")]
enum Tested {
    Holds,
    Fails { differences: Vec<Shown> },
    Malformed { fault: String },
}

#[derive(Debug, Serialize)]
struct Shown {
    as_of: String,
    expected: String,
    found: String,
    why: String,
}

/// Runs every scenario that `paths` name.
pub fn run(paths: &[PathBuf], json: bool, out: &mut Out) -> Outcome {
    let policy = Policy::built_in();
    let files = files(paths)?;
    if files.is_empty() {
        return Err(Failure::Misused("there is no scenario (*.toml) in these folders".to_owned()));
    }
    let tried: Vec<_> = files.iter().map(|file| try_file(file, &policy)).collect();
    if json {
        out.json(&tried)?;
    } else {
        for tried in &tried {
            print(tried, out)?;
        }
    }
    let failed = tried.iter().filter(|t| matches!(t.result, Tested::Fails { .. })).count();
    let malformed = tried.iter().filter(|t| matches!(t.result, Tested::Malformed { .. })).count();
    if !json {
        let held = tried.len() - failed - malformed;
        out.line(format!("{held} hold, {failed} do not, {malformed} malformed"))?;
    }
    match (malformed, failed) {
        (0, 0) => Ok(()),
        (0, _) => Err(Failure::Told),
        _ => Err(Failure::Misused("put the malformed files right and try again".to_owned())),
    }
}

fn try_file(file: &Path, policy: &Policy) -> Tried {
    let name = file.display().to_string();
    let malformed = |fault| Tried {
        file: name.clone(),
        title: String::new(),
        result: Tested::Malformed { fault },
    };
    let text = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) => return malformed(error.to_string()),
    };
    let scenario = match read(&text) {
        Ok(scenario) => scenario,
        Err(fault) => return malformed(fault.to_string()),
    };
    let result = match scenario.run(policy) {
        Ok(differences) if differences.is_empty() => Tested::Holds,
        Ok(differences) => {
            Tested::Fails { differences: differences.into_iter().map(shown).collect() }
        }
        Err(pack) => return malformed(format!("packs: there is no pack \"{pack}\"")),
    };
    Tried { file: name, title: scenario.title, result }
}

fn shown(difference: Difference) -> Shown {
    Shown {
        as_of: in_words(difference.as_of),
        expected: difference.expected,
        found: difference.found,
        why: difference.why,
    }
}

fn print(tried: &Tried, out: &mut Out) -> Outcome {
    match &tried.result {
        Tested::Holds => out.line(format!("ok    {}: {}", tried.file, tried.title)),
        Tested::Malformed { fault } => {
            complain(&format!("{}: {fault}", tried.file));
            out.line(format!("????  {}: malformed", tried.file))
        }
        Tested::Fails { differences } => {
            out.heading(format!("FAIL  {}: {}", tried.file, tried.title))?;
            for difference in differences {
                out.prose(6, format!("as of {}", difference.as_of))?;
                out.hanging("        expected  ", &difference.expected)?;
                out.hanging("        found     ", &difference.found)?;
                out.hanging("        why       ", &difference.why)?;
            }
            Ok(())
        }
    }
}

/// The files that `paths` name, folders opened, each once, in the order of their names.
fn files(paths: &[PathBuf]) -> Outcome<BTreeSet<PathBuf>> {
    let mut found = BTreeSet::new();
    for path in paths {
        gather(path, 0, &mut found)
            .map_err(|error| Failure::Misused(format!("{}: {error}", path.display())))?;
    }
    Ok(found)
}

fn gather(path: &Path, depth: u32, found: &mut BTreeSet<PathBuf>) -> io::Result<()> {
    if !path.is_dir() {
        fs::metadata(path)?;
        found.insert(path.to_owned());
        return Ok(());
    }
    if depth == DEPTH_MAX {
        return Err(io::Error::other(format!("more than {DEPTH_MAX} folders inside each other")));
    }
    for entry in fs::read_dir(path)? {
        let path = entry?.path();
        if path.is_dir() || path.extension().is_some_and(|extension| extension == "toml") {
            gather(&path, depth + 1, found)?;
        }
    }
    Ok(())
}
