//! `doorstep admin visits`: what is planned, so that silence about it is noticed.

use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use clap::Subcommand;
use csv::StringRecord;
use doorstep_core::time::in_words;
use doorstep_sync_server::admin::visits::{self, ListedVisit, VisitEntry};
use doorstep_sync_server::judge::visits::Known;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::failure::{Failure, OrFail as _, Outcome};
use crate::moment::Moment;
use crate::office::Office;
use crate::out::Out;

/// Days before and after today that are listed unless told otherwise.
const DAYS: i64 = 7;
/// Days that can be listed on each side.
const DAYS_MAX: i64 = 3660;
/// Bytes in one file.
const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// The columns of a file.
const COLUMNS: [&str; 3] = ["child_id", "staff_id", "when"];

#[derive(Clone, Debug, Subcommand)]
pub enum Action {
    /// List planned visits, and whether their outcome is known
    List {
        /// So many days before and after today
        #[arg(long, default_value_t = DAYS)]
        days: i64,
        /// Print it as JSON
        #[arg(long)]
        json: bool,
    },
    /// Import planned visits from a CSV file with the columns `child_id`, `staff_id`, `when`
    #[command(after_help = "A moment is local, as in `2026-03-02 14:30`. A visit that is planned \
                            already stays as it is. Any fault in any row: nothing is changed.")]
    Import {
        /// The file (RFC 4180, UTF-8)
        file: PathBuf,
    },
    /// Call a visit off: nothing is expected of it any more
    Cancel {
        /// Its id, as `list --json` prints it
        visit: Uuid,
    },
}

/// Runs it.
pub fn run(office: &Office, action: &Action, out: &mut Out) -> Outcome {
    match action {
        Action::List { days, json } => list(office, *days, *json, out),
        Action::Import { file } => import(office, file, out),
        Action::Cancel { visit } => {
            let (judge, id) = (office.judge(), *visit);
            office.write(move |tx| visits::cancel(tx, &judge, id))?;
            out.line("The visit is called off.")
        }
    }
}

fn list(office: &Office, days: i64, as_json: bool, out: &mut Out) -> Outcome {
    let now = office.ambient().now();
    let span = TimeDelta::days(days.clamp(0, DAYS_MAX));
    let listed = office.read(move |tx| visits::list(tx, now - span, now + span, now))?;
    if as_json {
        return out.json(&listed.iter().map(to_json).collect::<Vec<_>>());
    }
    if listed.is_empty() {
        return out.line("No visits are planned in these days.");
    }
    let rows: Vec<_> = listed.iter().map(row).collect();
    out.table(&["WHEN", "CHILD", "WHO", "OUTCOME"], &rows)
}

fn row(line: &ListedVisit) -> Vec<String> {
    let outcome = match line.known {
        Known::Cancelled => "called off".to_owned(),
        Known::Yes => "a record arrived".to_owned(),
        Known::NotYet => "not yet".to_owned(),
        Known::Silent(since) => format!("device silent, raised {}", in_words(since)),
        Known::No(since) => format!("not known since {}", in_words(since)),
    };
    let (child, person) = (line.child.external.clone(), line.person.name.clone());
    vec![in_words(line.visit.at), child, person.into(), outcome]
}

fn to_json(line: &ListedVisit) -> Value {
    let (outcome, since) = match line.known {
        Known::Cancelled => ("cancelled", line.visit.cancelled),
        Known::Yes => ("known", None),
        Known::NotYet => ("not-yet", None),
        Known::Silent(since) => ("device-silent", Some(since)),
        Known::No(since) => ("not-known", Some(since)),
    };
    json!({
        "id": line.visit.id, "child": line.child.external, "person": line.person.external,
        "at": line.visit.at, "outcome": outcome, "since": since,
    })
}

fn import(office: &Office, file: &Path, out: &mut Out) -> Outcome {
    let name = file.display().to_string();
    let doing = format!("cannot read {name}");
    if std::fs::metadata(file).or_no(&doing)?.len() > FILE_BYTES_MAX {
        return Err(Failure::Misused(format!("{name} is larger than {FILE_BYTES_MAX} bytes")));
    }
    let bytes = std::fs::read(file).or_no(&doing)?;
    let entries = read(&name, &bytes, office.ambient().now()).map_err(Failure::Misused)?;
    let (judge, rows) = (office.judge(), entries.len());
    let new = office.write(move |tx| {
        entries.iter().try_fold(0_usize, |new, entry| {
            Ok::<_, doorstep_sync_server::admin::AdminError>(
                new + usize::from(visits::plan(tx, &judge, entry)?),
            )
        })
    })?;
    out.line(format!("visits: {new} new, {} the same", rows - new))
}

/// The rows of a file, or the first fault in it.
fn read(name: &str, bytes: &[u8], now: DateTime<Utc>) -> Result<Vec<VisitEntry>, String> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(bytes);
    let fault = |error: csv::Error| format!("{name}: {error}");
    let header = reader.headers().map_err(fault)?.clone();
    let place = |column: &str| {
        let found = header.iter().position(|cell| cell.eq_ignore_ascii_case(column));
        found.ok_or_else(|| {
            format!("{name}: there is no column {column}; a file of visits has {COLUMNS:?}")
        })
    };
    let places = [place(COLUMNS[0])?, place(COLUMNS[1])?, place(COLUMNS[2])?];
    let mut entries = Vec::new();
    for record in reader.records() {
        let record: StringRecord = record.map_err(fault)?;
        let line = record.position().map_or(0, csv::Position::line);
        let [child, person, when] = places.map(|place| record.get(place).unwrap_or_default());
        let moment: Moment = when
            .parse()
            .map_err(|error| format!("{name}, line {line}: \"{when}\" is not a moment: {error}"))?;
        if child.is_empty() || person.is_empty() {
            return Err(format!("{name}, line {line}: a visit names a child and who makes it"));
        }
        let (child, person) = (child.to_owned(), person.to_owned());
        entries.push(VisitEntry { child, person, at: moment.at(now) });
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_visits_is_read_in_local_time_or_refused_with_its_line() {
        let now = DateTime::UNIX_EPOCH;
        let text = b"\xef\xbb\xbfwhen,child_id,staff_id\n2026-06-01 10:00, C-1 ,S-1\n";
        let expected = VisitEntry {
            child: "C-1".to_owned(),
            person: "S-1".to_owned(),
            at: "2026-06-01T09:00:00Z".parse().unwrap(),
        };
        assert_eq!(read("visits.csv", text, now), Ok(vec![expected]));
        for (text, words) in [
            ("child_id,staff_id\n", "there is no column when"),
            ("child_id,staff_id,when\nC-1,S-1,soonish\n", "line 2"),
            ("child_id,staff_id,when\n,S-1,2026-06-01 10:00\n", "line 2"),
            ("child_id,staff_id,when\nC-1\n", "visits.csv"),
        ] {
            let fault = read("visits.csv", text.as_bytes(), now).unwrap_err();
            assert!(fault.contains(words), "{text}: {fault}");
        }
    }
}
