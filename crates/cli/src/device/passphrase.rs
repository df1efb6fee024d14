//! Where the passphrase comes from: a file, the environment, or the person at the terminal.

use std::fs;
use std::io::{self, IsTerminal as _};
use std::path::PathBuf;

use zeroize::Zeroizing;

use crate::failure::{Failure, OrFail as _, Outcome};

/// The environment variable that holds the passphrase.
pub const VARIABLE: &str = "DOORSTEP_PASSPHRASE";

/// The passphrase of a device that is there.
pub fn known(file: Option<&PathBuf>) -> Outcome<Zeroizing<String>> {
    match given(file)? {
        Some(passphrase) => Ok(passphrase),
        None => ask("Passphrase of this device: "),
    }
}

/// The passphrase of a device that is being made: at the terminal it is asked for twice.
pub fn chosen(file: Option<&PathBuf>) -> Outcome<Zeroizing<String>> {
    if let Some(passphrase) = given(file)? {
        return Ok(passphrase);
    }
    let first = ask("Choose a passphrase for this device: ")?;
    let second = ask("Once more: ")?;
    if first == second {
        Ok(first)
    } else {
        Err(Failure::Misused("the two passphrases differ: try again".to_owned()))
    }
}

/// The passphrase that needs no asking, where there is one.
pub fn given(file: Option<&PathBuf>) -> Outcome<Option<Zeroizing<String>>> {
    if let Some(file) = file {
        let text = fs::read_to_string(file).or_no(&format!("cannot read {}", file.display()))?;
        let text = Zeroizing::new(text);
        let line = text.lines().next().unwrap_or_default();
        return Ok(Some(Zeroizing::new(line.to_owned())));
    }
    Ok(std::env::var(VARIABLE).ok().map(Zeroizing::new))
}

fn ask(prompt: &str) -> Outcome<Zeroizing<String>> {
    if !io::stdin().is_terminal() {
        return Err(Failure::Misused(format!(
            "there is no terminal to ask for the passphrase: give it with --passphrase-file or \
             {VARIABLE}"
        )));
    }
    rpassword::prompt_password(prompt).map(Zeroizing::new).or_no("cannot ask for the passphrase")
}
