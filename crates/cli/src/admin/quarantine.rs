//! `doorstep admin quarantine`: what was set aside, and what a person decides about it.

use chrono::{DateTime, Utc};
use clap::Subcommand;
use doorstep_core::time::in_words;
use doorstep_sync_server::admin::AdminError;
use doorstep_sync_server::admin::triage::{self, Ruling};
use doorstep_sync_server::store::Tx;
use doorstep_sync_server::store::log::{DecisionOutcome, SetAside};
use serde_json::{Value, json};

use super::find_person;
use crate::failure::Outcome;
use crate::office::Office;
use crate::out::Out;

#[derive(Clone, Debug, Subcommand)]
pub enum Action {
    /// List what waits for a decision
    List {
        /// Everything that was ever set aside, decided about or not
        #[arg(long)]
        all: bool,
        /// Print it as JSON
        #[arg(long)]
        json: bool,
    },
    /// It is good as it is: take it into the log
    Release(Decided),
    /// Keep it aside for good
    Dismiss(Decided),
}

/// Who decides about which record, and why.
#[derive(clap::Args, Clone, Debug)]
pub struct Decided {
    /// The number of the record in the list
    number: u64,
    /// Who decides: an administrator or a manager of the child, by external id or name
    #[arg(long, value_name = "PERSON")]
    by: String,
    /// Why, in a sentence; the author reads it
    #[arg(long)]
    reason: String,
}

/// Runs it.
pub fn run(office: &Office, action: &Action, out: &mut Out) -> Outcome {
    match action {
        Action::List { all, json } => list(office, *all, *json, out),
        Action::Release(decided) => {
            let (judge, ruling) = (office.judge(), ruling(office, decided)?);
            let position = office.write(move |tx| triage::release(tx, &judge, &ruling))?;
            out.line(format!("Record {} is in the log, at position {position}.", decided.number))
        }
        Action::Dismiss(decided) => {
            let (judge, ruling) = (office.judge(), ruling(office, decided)?);
            office.write(move |tx| triage::dismiss(tx, &judge, &ruling))?;
            out.line(format!("Record {} stays aside for good.", decided.number))
        }
    }
}

fn ruling(office: &Office, decided: &Decided) -> Outcome<Ruling> {
    let by = find_person(office, &decided.by)?.id;
    Ok(Ruling { number: decided.number, by, reason: decided.reason.clone() })
}

/// An entry with the names that belong to it.
struct Listed {
    entry: SetAside,
    device: String,
    person: String,
    child: Option<String>,
    decided_by: Option<String>,
}

fn list(office: &Office, all: bool, as_json: bool, out: &mut Out) -> Outcome {
    let listed = office.read(move |tx| gather(tx, all))?;
    if as_json {
        return out.json(&listed.iter().map(to_json).collect::<Vec<_>>());
    }
    if listed.is_empty() {
        return out.line("Nothing is set aside: every record that came in was taken.");
    }
    let rows: Vec<_> = listed.iter().map(row).collect();
    out.table(&["NUMBER", "WHY", "CAME", "DEVICE", "CHILD", "DECIDED"], &rows)?;
    if listed.iter().all(|line| line.entry.decision.is_some()) {
        return Ok(());
    }
    out.gap()?;
    out.line("Decide: doorstep admin quarantine release|dismiss NUMBER --by PERSON --reason WHY")?;
    out.line("To record what a broken one meant, open it in the console under Set aside.")
}

fn gather(tx: &dyn Tx, all: bool) -> Result<Vec<Listed>, AdminError> {
    tx.organisation()?.ok_or(AdminError::NoOrganisation)?;
    let entries = if all { tx.all_set_aside()? } else { tx.quarantine(None)? };
    let mut listed = Vec::with_capacity(entries.len());
    for entry in entries {
        let device = tx.device(entry.device)?;
        let person = device.as_ref().map_or(Ok(None), |device| tx.person(device.person))?;
        let child = entry.child.map_or(Ok(None), |child| tx.child(child))?;
        let by = entry.decision.as_ref().map_or(Ok(None), |decision| tx.person(decision.by))?;
        listed.push(Listed {
            device: device.map(|device| device.name).unwrap_or_default(),
            person: person.map(|person| person.name).unwrap_or_default().into(),
            child: child.map(|child| child.external),
            decided_by: by.map(|person| person.name).map(Into::into),
            entry,
        });
    }
    Ok(listed)
}

fn row(line: &Listed) -> Vec<String> {
    let decided = match (&line.entry.decision, &line.decided_by) {
        (Some(decision), Some(by)) => format!("{} by {by}", decision.outcome.as_str()),
        _ => "-".to_owned(),
    };
    vec![
        line.entry.number.to_string(),
        line.entry.code.clone(),
        in_words(line.entry.received),
        format!("{}, {}", line.device, line.person),
        line.child.clone().unwrap_or_else(|| "-".to_owned()),
        decided,
    ]
}

fn to_json(line: &Listed) -> Value {
    let decision = line.entry.decision.as_ref();
    let event = decision.and_then(|decision| match decision.outcome {
        DecisionOutcome::Corrected { event } => Some(event),
        DecisionOutcome::Released | DecisionOutcome::Dismissed => None,
    });
    let at: Option<DateTime<Utc>> = decision.map(|decision| decision.at);
    json!({
        "number": line.entry.number, "code": line.entry.code, "message": line.entry.message,
        "received": line.entry.received, "device": line.entry.device,
        "device_name": line.device, "person": line.person, "epoch": line.entry.epoch,
        "seq": line.entry.seq, "child": line.child,
        "decision": decision.map(|decision| decision.outcome.as_str()), "event": event,
        "decided": at, "decided_by": line.decided_by,
        "reason": decision.map(|decision| &decision.reason),
    })
}
