//! A journey of a client in another language, written from `docs/sync-protocol.md` alone: the page
//! says enough.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use doorstep_tests::journey::{Ended, Organisation, root};

/// Says what is missing instead of being left out: a journey that nobody walks proves nothing.
fn made_well(what: &str, made: std::io::Result<Output>) {
    let output = made.unwrap_or_else(|error| {
        panic!(
            "{what}: {error}\nThe client in Python needs python3 with venv: run setup/install test"
        )
    });
    let ended = Ended::from(output);
    assert_eq!(
        ended.code,
        Some(0),
        "{what} failed:\n{}{}\nThe client in Python needs python3 with venv (setup/install test), \
         and pip must reach a package index once: in a closed network point PIP_INDEX_URL or \
         PIP_FIND_LINKS at one of your own",
        ended.stdout,
        ended.stderr
    );
}

/// A Python with the one package that the client needs, made once beside what is built.
fn python() -> PathBuf {
    let requirements = root().join("tests/python-client/requirements.txt");
    let wanted = fs::read_to_string(&requirements).expect("the requirements are there");
    let test = std::env::current_exe().expect("a test knows its own file");
    let target = test.ancestors().nth(3).expect("tests lie in target/*/deps");
    let folder = target.join("python-client");
    let (python, made) = (folder.join("bin/python"), folder.join("made-with.txt"));
    if fs::read_to_string(&made).is_ok_and(|with| with == wanted) {
        return python;
    }
    let mut venv = Command::new("python3");
    made_well("making a Python environment", venv.args(["-m", "venv"]).arg(&folder).output());
    let mut install = Command::new(&python);
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    install.args(["--retries", "1", "--timeout", "20", "--requirement"]).arg(&requirements);
    made_well("installing the client's package with pip", install.output());
    fs::write(made, wanted).expect("the folder was made just now");
    python
}

fn script(python: &Path) -> Command {
    let mut command = Command::new(python);
    command.arg(root().join("tests/python-client/journey.py"));
    command.arg(root().join("docs/sync-protocol.md")).env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

#[test]
fn a_client_written_from_the_page_alone_keeps_up() {
    let python = python();
    let organisation = Organisation::with_sample_caseload();
    let server = organisation.serve();
    // Two people who share a child.
    let codes = ["S-105", "S-106"].map(|person| organisation.device_code(person));
    let mut journey = script(&python);
    let output = journey.arg(&server.url).args(codes).output().expect("the environment has Python");
    let ended = Ended::from(output).well();
    assert!(ended.stdout.contains("byte for byte"), "{ended:#?}");

    let verified = organisation.verify();
    assert_eq!(verified["sound"], true, "{verified}");
    // Three were set aside for good reasons, the fourth is the other side of the fork.
    assert_eq!((&verified["events"], &verified["set_aside"]), (&4.into(), &4.into()));
}
