//! `doorstep admin account` and `doorstep admin emergency-access`: accounts for the console. A
//! password comes from standard input or is asked for at the terminal; never from a flag, which
//! others on the machine can read.

use std::io::{self, BufRead as _, IsTerminal as _};

use chrono::TimeDelta;
use clap::Args;
use doorstep_core::time::in_words;
use doorstep_sync_server::console::accounts::{remove_codes, set_first_password};
use doorstep_sync_server::console::emergency;
use zeroize::Zeroizing;

use super::find_person;
use crate::failure::{Failure, OrFail as _, Outcome, chain};
use crate::office::Office;
use crate::out::Out;

/// Letters that a reason has at least.
const REASON_MIN: usize = 20;

/// Whose account, and what is to be done with it.
#[derive(Args, Clone, Debug)]
pub struct AccountArgs {
    /// The person, by external id or name
    person: String,
    /// The name to sign in with
    #[arg(long, value_name = "NAME")]
    login: String,
    /// Switch their codes at sign-in off as well, where the phone and the recovery codes are lost.
    /// They and their manager are told
    #[arg(long)]
    remove_codes: bool,
}

/// For how long, and why.
#[derive(Args, Clone, Debug)]
pub struct EmergencyArgs {
    /// Why it is needed: managers and administrators read it
    #[arg(long, value_name = "WORDS", required_unless_present = "end")]
    reason: Option<String>,
    /// For how many hours
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=12))]
    hours: u8,
    /// End it now
    #[arg(long, conflicts_with_all = ["reason", "hours"])]
    end: bool,
}

/// Makes the account, or sets a first password.
pub fn run(office: &Office, args: &AccountArgs, out: &mut Out) -> Outcome {
    let AccountArgs { person, login, remove_codes: codes } = args;
    let person = find_person(office, person)?;
    let password = password()?;
    let set = set_first_password(office.db(), office.ambient(), person.id, login, &password);
    let until = office.wait(set).map_err(|error| Failure::No(chain(&error)))?;
    let name = person.name.reveal();
    out.line(format!("{name} can sign in to the console as \"{login}\" now."))?;
    out.line(format!(
        "The password works until {}, to set one of their own with.",
        in_words(until)
    ))?;
    if *codes {
        let removed = remove_codes(office.db(), office.ambient(), person.id);
        if office.wait(removed).map_err(|error| Failure::No(chain(&error)))? {
            out.line("Their codes at sign-in are off. They and their manager are told.")?;
        }
    }
    Ok(())
}

/// Opens the emergency access, or ends it.
pub fn emergency(office: &Office, args: &EmergencyArgs, out: &mut Out) -> Outcome {
    let Some(reason) = args.reason.as_deref().map(str::trim).filter(|_| !args.end) else {
        let ended = office.wait(emergency::end(office.db(), office.ambient()));
        let ended = ended.map_err(|error| Failure::No(chain(&error)))?;
        let words = if ended { "It is ended." } else { "It was not open." };
        return out.line(words);
    };
    if reason.chars().count() < REASON_MIN {
        let words = format!("say why in {REASON_MIN} letters or more: managers read it");
        return Err(Failure::Misused(words));
    }
    let time = TimeDelta::hours(args.hours.into());
    let opened = office.wait(emergency::open(office.db(), office.ambient(), reason, time));
    let opened = opened.map_err(|error| Failure::No(chain(&error)))?;
    out.line(format!("Sign in as \"{}\" with the password", emergency::LOGIN))?;
    out.line(format!("  {}", opened.password))?;
    out.line(format!("It works once. All of it ends {}.", in_words(opened.until)))?;
    out.line("Managers and administrators are told that it was opened, and each time it is used.")
}

fn password() -> Outcome<Zeroizing<String>> {
    if io::stdin().is_terminal() {
        let ask = |prompt: &str| {
            rpassword::prompt_password(prompt)
                .map(Zeroizing::new)
                .or_no("cannot ask for the password")
        };
        let first = ask("First password: ")?;
        if *first == *ask("Once more: ")? {
            return Ok(first);
        }
        return Err(Failure::Misused("the two passwords differ: try again".to_owned()));
    }
    let mut line = Zeroizing::new(String::new());
    io::stdin().lock().read_line(&mut line).or_no("cannot read the password")?;
    Ok(Zeroizing::new(line.trim_end_matches(['\n', '\r']).to_owned()))
}
