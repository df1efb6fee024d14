//! The server gets other keys while a device is away: it says so when it comes back, goes on
//! syncing, and knows the server again once its person compared a mark.

use std::fs;
use std::path::Path;

use doorstep_tests::journey::{Laptop, Organisation, doorstep, run};

fn record(laptop: &Laptop, note: &str) {
    let arguments = ["record", "--child", "andrei", "further-attempt", "--note", note];
    let _ = laptop.device(arguments).well();
}

/// The exit code of `verify` beside what a device kept, and what it found.
fn verified(data: &Path, head: &Path) -> (Option<i32>, String) {
    let mut command = doorstep(["verify", "--json", "--data"]);
    command.arg(data).arg("--head").arg(head);
    let ended = run(command);
    (ended.code, ended.json()["findings"].to_string())
}

#[test]
fn a_server_with_other_keys_takes_what_a_device_that_was_away_brings_and_is_known_again() {
    let organisation = Organisation::with_sample_caseload();
    let server = organisation.serve();
    let laptop = organisation.laptop(&server, "S-105");
    let _ = laptop.device(["sync"]).well();
    let refused = organisation.admin(["rotate-key", "signing"]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.stderr.contains("stop the server first"), "{refused:?}");
    // It records while it is away, sealed to the key that it knows.
    record(&laptop, "recorded far away");
    let (_, well) = server.stop();
    assert!(well);
    let head = organisation.folder().join("heads.json");
    fs::write(&head, laptop.device(["head"]).well().stdout).expect("there is room");

    for kind in ["sealing", "attachments", "sessions"] {
        let _ = organisation.admin(["rotate-key", kind]).well();
    }
    let told = organisation.admin(["rotate-key", "signing"]).well().stdout;
    let mark = told.split_whitespace().find(|word| word.matches('-').count() == 2);
    let mark = mark.unwrap_or_else(|| panic!("no mark in {told}")).to_owned();
    let (code, findings) = verified(&organisation.data(), &head);
    assert_eq!(code, Some(0), "what the old key signed is evidence still: {findings}");

    let server = organisation.serve();
    fs::write(laptop.dir.join("server.txt"), &server.url).expect("it knows where the server is");
    let locked = laptop.device(["sync", "--locked"]);
    assert_eq!(locked.code, Some(0), "what was sealed to the old key is handed in: {locked:?}");
    let _ = laptop.device(["sync"]).well();
    let _ = laptop.device(["sync"]).well();
    let status = laptop.device(["status"]).well().stdout;
    assert!(status.contains("signs with another key") && status.contains(&mark), "{status}");
    let _ = laptop.device(["trust-server", &mark]).well();
    let _ = laptop.device(["sync"]).well();
    let status = laptop.device(["status"]).well().stdout;
    assert!(!status.contains("another key"), "{status}");
    assert_eq!(organisation.verify()["sound"], true);
    let (_, well) = server.stop();
    assert!(well);
}
