//! `doorstep admin import`: read, plan, and either say every fault or write everything.

use std::fs;
use std::path::PathBuf;

use doorstep_core::time::local_date;
use doorstep_sync_server::admin::AdminError;
use doorstep_sync_server::admin::import::{apply, planned as plan_in};
use doorstep_sync_server::caseload::{Fault, File, Kind, Plan, Tally, read};
use serde_json::json;

use crate::failure::{Failure, OrFail as _, Outcome};
use crate::office::Office;
use crate::out::Out;

/// A file that was read, before it is understood.
pub struct Source {
    /// Its name, for faults.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Reads files from the disk.
pub fn sources(paths: &[PathBuf]) -> Outcome<Vec<Source>> {
    let source = |path: &PathBuf| {
        let name = path.display().to_string();
        let bytes = fs::read(path).or_no(&format!("cannot read {name}"))?;
        Ok(Source { name, bytes })
    };
    paths.iter().map(source).collect()
}

/// Imports files, or says what an import would do. Any fault in any row: nothing is changed.
pub fn run(
    office: &Office,
    paths: &[PathBuf],
    dry_run: bool,
    as_json: bool,
    out: &mut Out,
) -> Outcome {
    let sources = sources(paths)?;
    let plan = match planned(office, &sources)? {
        Ok(plan) => plan,
        Err(faults) => return Err(say(&faults, as_json, out)?),
    };
    let summary = summary(&plan);
    let tallies: serde_json::Map<_, _> = Kind::ALL
        .iter()
        .zip(&plan.tallies)
        .map(|(kind, tally)| (kind.as_str().to_owned(), json!(tally)))
        .collect();
    if !dry_run {
        write(office, plan)?;
    }
    if as_json {
        return out.json(&json!({ "dry_run": dry_run, "rows": tallies }));
    }
    for line in summary {
        out.line(line)?;
    }
    if dry_run { out.line("This was a dry run: nothing was changed.") } else { Ok(()) }
}

/// Prints every fault; the failure that ends the command.
fn say(faults: &[Fault], as_json: bool, out: &mut Out) -> Outcome<Failure> {
    if as_json {
        out.json(&json!({ "faults": faults }))?;
    } else {
        for fault in faults {
            out.line(fault.to_string())?;
        }
    }
    let count = faults.len();
    let noun = if count == 1 { "fault" } else { "faults" };
    let sentence =
        format!("{count} {noun}; nothing was changed: put the files right and try again");
    Ok(Failure::Misused(sentence))
}

/// The plan of an import into this office, or every fault.
pub fn planned(office: &Office, sources: &[Source]) -> Outcome<Result<Plan, Vec<Fault>>> {
    let files: Vec<_> =
        sources.iter().map(|source| File { name: &source.name, bytes: &source.bytes }).collect();
    let now = office.ambient().now();
    let read = read(&files, local_date(now));
    office.read(move |tx| match tx.organisation()? {
        Some(_) => Ok(plan_in(tx, read, now)?),
        None => Err(AdminError::NoOrganisation),
    })
}

/// Writes a plan in one transaction.
pub fn write(office: &Office, plan: Plan) -> Outcome {
    if plan.is_empty() {
        return Ok(());
    }
    let judge = office.judge();
    office.write(move |tx| apply(tx, &plan, &judge))
}

fn summary(plan: &Plan) -> Vec<String> {
    let line = |(kind, tally): (&Kind, &Tally)| {
        format!(
            "{}: {} new, {} changed, {} the same",
            kind.as_str(),
            tally.new,
            tally.changed,
            tally.same
        )
    };
    let mut lines: Vec<_> = Kind::ALL.iter().zip(&plan.tallies).map(line).collect();
    if plan.is_empty() {
        lines.push("0 changed: the store says all of this already.".to_owned());
    }
    lines
}
