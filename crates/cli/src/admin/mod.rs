//! `doorstep admin`: the organisation, its people and children, devices and accounts.

mod account;
pub mod demo;
mod devices;
mod duty_list;
pub mod import;
mod list;
mod notices;
mod quarantine;
mod rotate;
mod visits;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use doorstep_core::ids::DeviceId;
use doorstep_core::time::in_words;
use doorstep_sync_server::admin::{self, AdminError, IssuedCode};
use doorstep_sync_server::caseload::did_you_mean;
use doorstep_sync_server::store::Tx;
use doorstep_sync_server::store::directory::{People, Person};
use serde_json::json;

use crate::failure::{Failure, Outcome};
use crate::office::Office;
use crate::out::Out;
use crate::settings::Settings;

/// Administer the organisation: its people, children, devices and accounts
#[derive(Args, Clone, Debug)]
#[command(after_help = "Works beside a running server on the same folder.\n\nExamples:\n  \
    doorstep admin init \"Ficton Children's Services\" --data ficton\n  \
    doorstep admin import docs/examples/caseload/*.csv --dry-run --data ficton\n  \
    doorstep admin device-code S-105 --data ficton\n  \
    echo \"$PASSWORD\" | doorstep admin account S-102 --login marion --data ficton")]
pub struct AdminArgs {
    #[command(flatten)]
    settings: Settings,
    #[command(subcommand)]
    action: Action,
}

#[derive(Clone, Debug, Subcommand)]
enum Action {
    /// Make the organisation, or give it another name
    Init {
        /// Its name
        name: String,
    },
    /// Import teams, staff, children and allocations from CSV files, by their external ids
    #[command(
        after_help = "The kind of a file is told by its header. Nothing is ever removed: who is \
                            not named stays. Any fault in any row: nothing is changed."
    )]
    Import {
        /// CSV files (RFC 4180, UTF-8)
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Say what it would do, and every faulty row; change nothing
        #[arg(long)]
        dry_run: bool,
        /// Print the result as JSON
        #[arg(long)]
        json: bool,
    },
    /// Issue a one-time code with which a person enrols a device
    DeviceCode {
        /// The person, by external id or name
        person: String,
        /// Print it as JSON
        #[arg(long)]
        json: bool,
    },
    /// List what the organisation has
    List {
        /// What
        what: list::What,
        /// Print it as JSON
        #[arg(long)]
        json: bool,
    },
    /// How every device stands: last contact, what it still holds, how its clock goes
    Devices {
        /// Print it as JSON
        #[arg(long)]
        json: bool,
    },
    /// One device
    Device {
        #[command(subcommand)]
        action: DeviceAction,
    },
    /// What was set aside: list it, release it into the log, or dismiss it
    Quarantine {
        #[command(subcommand)]
        action: quarantine::Action,
    },
    /// Planned visits: list, import, call off
    Visits {
        #[command(subcommand)]
        action: visits::Action,
    },
    /// Notices to people: what became of each, a test, trying again
    Notices {
        #[command(subcommand)]
        action: notices::Action,
    },
    /// Write who is on duty, what is open and owed: a page to print, and CSV files
    #[command(after_help = "For the week when systems are down. Protected addresses are left out.")]
    DutyList {
        /// The folder to write into
        folder: PathBuf,
    },
    /// Make an account for the console, or set a first password again
    #[command(after_help = "The password works for three days, to set an own one with. Codes at \
                            sign-in stay on.")]
    Account(account::AccountArgs),
    /// Open an account for when nobody can sign in: for some hours, with a password that works once
    #[command(after_help = "It administers, and opens a record with a typed reason. All that is \
                            done with it is logged and told to managers and administrators.")]
    EmergencyAccess(account::EmergencyArgs),
    /// Give the server another key of one kind, while it stands still
    RotateKey {
        /// Which
        kind: rotate::Kind,
    },
    /// Make the demonstration organisation, unless it is there
    Demo {
        /// Print the sign-ins as JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Clone, Debug, Subcommand)]
enum DeviceAction {
    /// Show how it stands, and what is on it
    Show {
        /// Its id
        device: DeviceId,
        /// Print it as JSON
        #[arg(long)]
        json: bool,
    },
    /// Shut it out from now on
    Revoke {
        /// Its id
        device: DeviceId,
    },
}

/// Runs it.
pub fn run(args: &AdminArgs, out: &mut Out) -> Outcome {
    let config = args.settings.load(&[])?;
    let make = matches!(args.action, Action::Init { .. } | Action::Demo { .. });
    let office = Office::open(config, make)?;
    match &args.action {
        Action::Init { name } => init(&office, name, out),
        Action::Import { files, dry_run, json } => {
            import::run(&office, files, *dry_run, *json, out)
        }
        Action::DeviceCode { person, json } => device_code(&office, person, *json, out),
        Action::List { what, json } => list::run(&office, *what, *json, out),
        Action::Devices { json } => list::run(&office, list::What::Devices, *json, out),
        Action::Device { action: DeviceAction::Show { device, json } } => {
            devices::show(&office, *device, *json, out)
        }
        Action::Device { action: DeviceAction::Revoke { device } } => {
            let (judge, id) = (office.judge(), *device);
            office.write(move |tx| admin::revoke_device(tx, &judge, id))?;
            out.line("The device is shut out. What it recorded before is still taken.")
        }
        Action::Quarantine { action } => quarantine::run(&office, action, out),
        Action::Visits { action } => visits::run(&office, action, out),
        Action::Notices { action } => notices::run(&office, action, out),
        Action::DutyList { folder } => duty_list::run(&office, folder, out),
        Action::Account(args) => account::run(&office, args, out),
        Action::EmergencyAccess(args) => account::emergency(&office, args, out),
        Action::RotateKey { kind } => rotate::run(&office, *kind, out),
        Action::Demo { json } => demo::run(&office, *json, out),
    }
}

/// Makes the organisation.
pub fn init(office: &Office, name: &str, out: &mut Out) -> Outcome {
    let name = name.trim().to_owned();
    if name.is_empty() {
        return Err(Failure::Misused("give the organisation a name".to_owned()));
    }
    let judge = office.judge();
    let made = office.write(move |tx| admin::put_organisation(tx, &judge, &name))?;
    let folder = office.config().data.display().to_string();
    out.line(format!("The organisation \"{}\" is in {folder}.", made.name))?;
    out.line(format!("Next: doorstep admin import FILE.csv... --data {folder}"))
}

/// Issues a code for a device of the person.
pub fn issue_code(office: &Office, person: &str) -> Outcome<IssuedCode> {
    let person = find_person(office, person)?;
    let judge = office.judge();
    let lifetime = office.config().enrol_code_lifetime;
    office.write(move |tx| admin::issue_code(tx, &judge, &person.external, lifetime))
}

fn device_code(office: &Office, person: &str, as_json: bool, out: &mut Out) -> Outcome {
    let issued = issue_code(office, person)?;
    if as_json {
        return out.json(&json!({
            "code": issued.code,
            "person": issued.person.external,
            "name": issued.person.name.reveal(),
            "expires": issued.expires,
        }));
    }
    out.line(format!("Code for one device of {}: {}", issued.person.name.reveal(), issued.code))?;
    out.line(format!("It works once, until {}.", in_words(issued.expires)))?;
    out.line("On the device: doorstep device enrol CODE --server URL")
}

/// The person whom `text` names: by external id, or by a part of the name.
pub fn find_person(office: &Office, text: &str) -> Outcome<Person> {
    let people = office.read(|tx: &dyn Tx| {
        tx.organisation()?.ok_or(AdminError::NoOrganisation)?;
        Ok::<_, AdminError>(tx.people(People::All)?)
    })?;
    if let Some(person) = people.iter().find(|person| person.external == text) {
        return Ok(person.clone());
    }
    let wanted = text.to_lowercase();
    let meant: Vec<_> = people
        .iter()
        .filter(|person| person.is_staff() && person.name.to_lowercase().contains(&wanted))
        .collect();
    match meant.as_slice() {
        [person] => Ok((*person).clone()),
        [] => {
            let ids = people.iter().map(|person| person.external.as_str());
            let hint = did_you_mean(text, ids);
            let sentence = format!("there is no member of staff \"{text}\"{hint}");
            Err(Failure::No(format!("{sentence}; `doorstep admin list staff` shows them")))
        }
        _ => Err(Failure::Misused(format!("\"{text}\" could be several people: give the id"))),
    }
}
