//! A journey of a client in another language, written from `docs/sync-protocol.md` alone: the page
//! says enough.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use doorstep_tests::journey::{Ended, Organisation, root};

/// A Python with the package that the client needs. The set-up makes it; nothing is fetched here,
/// and nothing is left out: a journey that nobody walks proves nothing.
fn python() -> PathBuf {
    let folder = root().join(".tools/python-client");
    let wanted = fs::read_to_string(root().join("tests/python-client/requirements.txt"));
    let wanted = wanted.expect("the requirements are there");
    let made = fs::read_to_string(folder.join("made-with.txt")).unwrap_or_default();
    assert!(
        made == wanted,
        "the client in Python has no environment with its packages: run setup/install test"
    );
    folder.join("bin/python")
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
    let output = journey.arg(&server.url).args(codes).output().expect("setup/install test made it");
    let ended = Ended::from(output).well();
    assert!(ended.stdout.contains("byte for byte"), "{ended:#?}");

    let verified = organisation.verify();
    assert_eq!(verified["sound"], true, "{verified}");
    // Three were set aside for good reasons, the fourth is the other side of the fork.
    assert_eq!((&verified["events"], &verified["set_aside"]), (&4.into(), &4.into()));
}
