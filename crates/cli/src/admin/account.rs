//! `doorstep admin account`: an account for the console, its password from standard input or asked
//! for at the terminal; never from a flag, which others on the machine can read.

use std::io::{self, BufRead as _, IsTerminal as _};

use doorstep_sync_server::console::accounts::set_password;
use zeroize::Zeroizing;

use super::find_person;
use crate::failure::{Failure, OrFail as _, Outcome};
use crate::office::Office;
use crate::out::Out;

/// Makes the account, or sets its password.
pub fn run(office: &Office, person: &str, login: &str, out: &mut Out) -> Outcome {
    let person = find_person(office, person)?;
    let password = password()?;
    office
        .wait(set_password(office.db(), office.ambient(), person.id, login, &password))
        .map_err(|error| Failure::No(crate::failure::chain(&error)))?;
    out.line(format!("{} can sign in to the console as \"{login}\" now.", person.name.reveal()))
}

fn password() -> Outcome<Zeroizing<String>> {
    if io::stdin().is_terminal() {
        let ask = |prompt: &str| {
            rpassword::prompt_password(prompt)
                .map(Zeroizing::new)
                .or_no("cannot ask for the password")
        };
        let first = ask("New password: ")?;
        if *first == *ask("Once more: ")? {
            return Ok(first);
        }
        return Err(Failure::Misused("the two passwords differ: try again".to_owned()));
    }
    let mut line = Zeroizing::new(String::new());
    io::stdin().lock().read_line(&mut line).or_no("cannot read the password")?;
    Ok(Zeroizing::new(line.trim_end_matches(['\n', '\r']).to_owned()))
}
