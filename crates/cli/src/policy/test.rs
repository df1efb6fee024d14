//! `doorstep policy test` and `coverage`: scenario files, run and counted.

use std::path::{Path, PathBuf};

use doorstep_core::policy::scenario::{Difference, Scenario};
use doorstep_core::policy::{Coverage, Policy};
use doorstep_core::time::in_words;
use serde::Serialize;

use super::files;
use crate::failure::{Failure, Outcome};
use crate::out::{Out, complain};

#[derive(Serialize)]
struct Report<'a> {
    file: &'a Path,
    title: &'a str,
    holds: bool,
    differences: Vec<Told>,
}

#[derive(Serialize)]
struct Told {
    as_of: String,
    expected: String,
    found: String,
    why: String,
}

impl From<Difference> for Told {
    fn from(difference: Difference) -> Self {
        Self {
            as_of: difference.as_of.to_rfc3339(),
            expected: difference.expected,
            found: difference.found,
            why: difference.why,
        }
    }
}

/// Runs every scenario, those after a malformed one too.
pub fn run(paths: &[PathBuf], policy: &Policy, json: bool, out: &mut Out) -> Outcome {
    let mut reports = Vec::new();
    let mut malformed = 0;
    let mut differing = 0;
    let files = files::scenarios(paths)?;
    for file in &files {
        match judged(file, policy) {
            Ok((scenario, differences)) => {
                differing += usize::from(!differences.is_empty());
                if json {
                    reports.push((file, scenario, differences));
                } else {
                    tell(file, &scenario, &differences, out)?;
                }
            }
            Err(failure) => {
                malformed += 1;
                complain(failure.sentence().unwrap_or("a scenario cannot be read"));
            }
        }
    }
    if json {
        print_json(reports, out)?;
    } else {
        let held = files.len() - differing - malformed;
        out.gap()?;
        out.line(format!("{held} hold, {differing} differ, {malformed} malformed"))?;
    }
    match (malformed, differing) {
        (0, 0) => Ok(()),
        (0, _) => Err(Failure::Told),
        _ => Err(Failure::Misused("correct the malformed files named above".to_owned())),
    }
}

fn judged(file: &Path, policy: &Policy) -> Outcome<(Scenario, Vec<Difference>)> {
    let scenario = files::scenario(file)?;
    let differences = scenario.run(policy).map_err(|pack| {
        Failure::Misused(format!("{}: there is no pack \"{pack}\"", file.display()))
    })?;
    Ok((scenario, differences))
}

fn tell(file: &Path, scenario: &Scenario, differences: &[Difference], out: &mut Out) -> Outcome {
    let mark = if differences.is_empty() { "holds  " } else { "DIFFERS" };
    out.line(format!("{mark}  {}  ({})", scenario.title, file.display()))?;
    for difference in differences {
        out.line(format!("    on {}", in_words(difference.as_of)))?;
        out.hanging("      expected  ", &difference.expected)?;
        out.hanging("      found     ", &difference.found)?;
        out.hanging("      why       ", &difference.why)?;
    }
    Ok(())
}

fn print_json(judged: Vec<(&PathBuf, Scenario, Vec<Difference>)>, out: &mut Out) -> Outcome {
    let titles: Vec<String> =
        judged.iter().map(|(_, scenario, _)| scenario.title.clone()).collect();
    let reports: Vec<Report<'_>> = judged
        .into_iter()
        .zip(&titles)
        .map(|((file, _, differences), title)| Report {
            file,
            title,
            holds: differences.is_empty(),
            differences: differences.into_iter().map(Told::from).collect(),
        })
        .collect();
    out.json(&reports)
}

/// Says which clauses in which states the scenarios pin down.
pub fn coverage(paths: &[PathBuf], json: bool, out: &mut Out) -> Outcome {
    let policy = Policy::built_in();
    let mut coverage = Coverage::of(&policy);
    for file in files::scenarios(paths)? {
        let (scenario, differences) = judged(&file, &policy)?;
        if differences.is_empty() {
            coverage.add(&scenario);
        } else {
            complain(&format!("{}: differs, and so covers nothing", file.display()));
        }
    }
    let (reached, of) = coverage.total();
    if json {
        let rows: Vec<_> = coverage.rows().map(row_as_json).collect();
        out.json(&serde_json::json!({ "reached": reached, "of": of, "clauses": rows }))?;
    } else {
        print_rows(&coverage, out)?;
        let percent = reached * 100 / of.max(1);
        out.gap()?;
        out.line(format!("{reached} of {of} states of the clauses are reached: {percent} %"))?;
    }
    if reached == of { Ok(()) } else { Err(Failure::Told) }
}

type Row<'a> = (
    &'a doorstep_core::assessment::ClauseId,
    &'a std::collections::BTreeMap<doorstep_core::policy::Reached, bool>,
);

fn row_as_json((clause, states): Row<'_>) -> serde_json::Value {
    let named = |wanted: bool| -> Vec<&str> {
        let states = states.iter().filter(|(_, reached)| **reached == wanted);
        states.map(|(state, _)| state.as_str()).collect()
    };
    serde_json::json!({ "clause": clause, "reached": named(true), "missing": named(false) })
}

fn print_rows(coverage: &Coverage, out: &mut Out) -> Outcome {
    let rows: Vec<Vec<String>> = coverage
        .rows()
        .map(|(clause, states)| {
            let named = |wanted: bool| {
                let states = states.iter().filter(|(_, reached)| **reached == wanted);
                states.map(|(state, _)| state.as_str()).collect::<Vec<_>>().join(", ")
            };
            vec![clause.to_string(), named(false), named(true)]
        })
        .collect();
    out.table(&["clause", "missing", "reached"], &rows)
}
