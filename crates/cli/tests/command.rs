//! What holds of the command without any organisation. These tests also have the binary built that
//! the journeys drive.

use std::process::{Command, Output, Stdio};

fn doorstep(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_doorstep"));
    command.args(arguments).stdin(Stdio::null()).output().expect("the binary is built")
}

#[test]
fn exit_codes_tell_done_no_and_wrong_use_apart() {
    let nowhere = ["admin", "list", "staff", "--data", "/nowhere/at/all"];
    for (arguments, code) in [
        (&["--help"][..], 0),
        (&["--version"], 0),
        (&["completions", "bash"], 0),
        (&nowhere, 1),
        (&["device", "--dir", "/nowhere/at/all", "list"], 1),
        (&["frobnicate"], 2),
        (&["policy", "test", "/nowhere/at/all"], 2),
        (&["serve", "--listen", "everywhere"], 2),
    ] {
        let ended = doorstep(arguments);
        let stderr = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(code), "{arguments:?}: {stderr}");
        assert!(!stderr.contains("panicked"), "{arguments:?}: {stderr}");
    }
}

#[test]
fn every_subcommand_explains_itself() {
    for command in ["serve", "demo", "device", "admin", "policy", "backup", "restore", "verify"] {
        let help = doorstep(&[command, "--help"]);
        assert!(help.status.success(), "{command}");
        assert!(String::from_utf8_lossy(&help.stdout).contains("Usage: doorstep"), "{command}");
    }
}

#[test]
fn a_reader_who_leaves_early_is_no_failure() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_doorstep"));
    let process =
        command.args(["completions", "zsh"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = process.spawn().unwrap();
    drop(process.stdout.take());
    let ended = process.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(0));
    assert!(ended.stderr.is_empty(), "{}", String::from_utf8_lossy(&ended.stderr));
}
