//! `doorstep admin demo`: the demonstration organisation. The people and children are the sample
//! caseload of `docs/examples`; some history, told in days before today, gives its managers an
//! inbox.

mod history;
mod phone;

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

use chrono::{DateTime, Days, NaiveDate, Utc};
use doorstep_core::time::{local_date, local_time, london};
use doorstep_sync_server::admin::AdminError;
use doorstep_sync_server::admin::import::apply;
use doorstep_sync_server::caseload::{Caseload, File, plan, read};
use doorstep_sync_server::console::accounts::set_password;
use doorstep_sync_server::store::Tx;
use doorstep_sync_server::{Ambient, admin};
use serde::Serialize;

use crate::ambient;
use crate::device::describe::spaced;
use crate::failure::{Failure, OrFail as _, Outcome, chain};
use crate::office::Office;
use crate::out::Out;

/// The demonstration organisation's name.
pub const NAME: &str = "Ficton Children's Services (demonstration)";

/// The files of the sample caseload.
const FILES: [File<'static>; 4] = [
    File {
        name: "teams.csv",
        bytes: include_bytes!("../../../../../docs/examples/caseload/teams.csv"),
    },
    File {
        name: "staff.csv",
        bytes: include_bytes!("../../../../../docs/examples/caseload/staff.csv"),
    },
    File {
        name: "children.csv",
        bytes: include_bytes!("../../../../../docs/examples/caseload/children.csv"),
    },
    File {
        name: "allocations.csv",
        bytes: include_bytes!("../../../../../docs/examples/caseload/allocations.csv"),
    },
];

/// The Monday on which the sample caseload was written: its visiting timescales are moved by as
/// many weeks as have passed since.
const SAMPLE_DAY: NaiveDate = NaiveDate::from_ymd_opt(2026, 3, 9).expect("a date that exists");

/// Who can sign in to the demonstration's console.
const SIGN_INS: [(&str, &str); 5] = [
    ("S-102", "marion"),
    ("S-202", "lorcan"),
    ("S-101", "terence"),
    ("S-104", "leonard"),
    ("S-100", "odette"),
];

/// Where the demonstration keeps its password, which is made by chance.
const PASSWORD_FILE: &str = "demo-password.txt";

/// A sign-in that is printed.
#[derive(Debug, Serialize)]
struct SignIn {
    login: &'static str,
    password: String,
    name: String,
    role: &'static str,
}

/// Makes it, unless it is there; prints the sign-ins either way.
pub fn run(office: &Office, json: bool, out: &mut Out) -> Outcome {
    let there = office.read(|tx: &dyn Tx| tx.organisation())?;
    match there {
        None => fill(office, true)?,
        Some(organisation) if organisation.name == NAME => {}
        Some(organisation) => {
            return Err(Failure::No(format!(
                "{} holds another organisation (\"{}\"): choose another folder with --data",
                office.config().data.display(),
                organisation.name
            )));
        }
    }
    let sign_ins = accounts(office)?;
    if json {
        return out.json(&sign_ins);
    }
    out.line(format!("{NAME} is in {}.", office.config().data.display()))?;
    out.line("Sign in to the console as:")?;
    for sign_in in &sign_ins {
        let SignIn { login, password, name, role } = sign_in;
        let role = spaced(role);
        out.line(format!("  {login:<8} {password}   {name}, {role}"))?;
    }
    Ok(())
}

/// Fills an empty store with the sample caseload, and with its history if that is wanted.
pub fn fill(office: &Office, with_history: bool) -> Outcome {
    let now = office.ambient().now();
    let caseload = caseload(now)?;
    let judge = office.judge();
    office.write(move |tx| {
        admin::put_organisation(tx, &judge, NAME)?;
        let plan = plan(&Caseload::default(), &caseload).unwrap_or_default();
        apply(tx, &plan, &judge)?;
        if with_history {
            history::tell(tx, &judge, now)?;
        }
        Ok::<_, AdminError>(())
    })
}

/// The sample caseload, with its timescales moved to today.
fn caseload(now: DateTime<Utc>) -> Outcome<Caseload> {
    let today = local_date(now);
    let (mut caseload, faults) = read(&FILES, today);
    if let Some(fault) = faults.first() {
        return Err(Failure::No(format!("the sample caseload is faulty: {fault}")));
    }
    let weeks = (today - SAMPLE_DAY).num_days().max(0).unsigned_abs() / 7;
    for at in &mut caseload.children {
        let due = &mut at.row.record.visit_due_by;
        *due = due.map(|due| london(local_date(due) + Days::new(weeks * 7), local_time(due)));
    }
    Ok(caseload)
}

/// Makes the accounts; the password of the one with this login.
pub fn password_of(office: &Office, login: &str) -> Outcome<String> {
    let account = accounts(office)?.into_iter().find(|sign_in| sign_in.login == login);
    let account = account.map(|sign_in| sign_in.password);
    account.ok_or_else(|| Failure::No(format!("the demonstration has no \"{login}\"")))
}

fn accounts(office: &Office) -> Outcome<Vec<SignIn>> {
    let password = password(office)?;
    let mut sign_ins = Vec::new();
    for (external, login) in SIGN_INS {
        let found = office.read(move |tx: &dyn Tx| {
            let person = tx.person_called(external)?;
            let account = match &person {
                Some(person) => tx.account_of(person.id)?,
                None => None,
            };
            Ok::<_, AdminError>(person.map(|person| (person, account.is_some())))
        })?;
        let Some((person, has_account)) = found else { continue };
        if !has_account {
            office
                .wait(set_password(office.db(), office.ambient(), person.id, login, &password))
                .map_err(|error| Failure::No(chain(&error)))?;
        }
        let role = person.role.as_str();
        sign_ins.push(SignIn { login, password: password.clone(), name: person.name.into(), role });
    }
    Ok(sign_ins)
}

/// The demonstration's password: made by chance once, so that no two demonstrations share one.
fn password(office: &Office) -> Outcome<String> {
    const LETTERS: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz023456789";
    let file: PathBuf = office.config().data.join(PASSWORD_FILE);
    if let Ok(text) = fs::read_to_string(&file) {
        return Ok(text.trim().to_owned());
    }
    let random: [u8; 15] = ambient::random();
    let mut password = String::new();
    for (place, byte) in random.into_iter().enumerate() {
        if place > 0 && place % 5 == 0 {
            password.push('-');
        }
        password.push(char::from(LETTERS[usize::from(byte) % LETTERS.len()]));
    }
    let doing = format!("cannot write {}", file.display());
    let mut made = tempfile::NamedTempFile::new_in(&office.config().data).or_no(&doing)?;
    writeln!(made, "{password}").or_no(&doing)?;
    made.persist(&file).map_err(|error| error.error).or_no(&doing)?;
    Ok(password)
}

/// The same source of chance, with a clock that stands still at `now`.
fn at(ambient: &Ambient, now: DateTime<Utc>) -> Ambient {
    let chance = ambient.clone();
    Ambient::new(
        move || now,
        move |bytes| {
            for chunk in bytes.chunks_mut(32) {
                let random: [u8; 32] = chance.random();
                chunk.copy_from_slice(&random[..chunk.len()]);
            }
        },
    )
}
