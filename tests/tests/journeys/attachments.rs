//! A letter on its way: photographed at a door without a network, sent in pieces over cuts, read by
//! a colleague and a manager, and there again after a restore.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use doorstep_tests::journey::{Browser, Laptop, Organisation, Server, doorstep, run};
use serde_json::Value;

/// Who visits Amber, and who visits nobody whom she visits.
const VISITS: &str = "S-105";
/// Bytes of the photograph: many pieces, so that a kill after a few of them is in the middle.
const BYTES: usize = 8_000_001;

/// A photograph of a letter, in a file of this folder.
fn letter(folder: &Path) -> (PathBuf, Vec<u8>) {
    let mut bytes = b"\xff\xd8\xff\xe0 the plain words of a letter ".to_vec();
    bytes.extend((0_u32..).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).take(BYTES));
    bytes.truncate(BYTES);
    let file = folder.join("IMG_2042 Amber Lee, for Mrs Lee.jpg");
    fs::write(&file, &bytes).unwrap();
    (file, bytes)
}

/// The one attachment of a child's records, as a laptop shows it.
fn attachment(laptop: &Laptop, child: &str) -> Value {
    let shown = laptop.device(["show", child, "--json"]).well().json();
    let records = shown["records"].as_array().unwrap();
    let attached: Vec<_> =
        records.iter().filter_map(|record| record["attachments"].as_array()).flatten().collect();
    assert_eq!(attached.len(), 1, "{shown:#}");
    attached[0].clone()
}

fn short(attachment: &Value) -> String {
    attachment["hash"].as_str().unwrap()[..8].to_owned()
}

/// Syncs until so many pieces were sent, then is killed without warning.
fn sync_and_be_killed_after(laptop: &Laptop, pieces: usize) {
    let mut command = laptop.command(["sync"]);
    let command = command.stdout(Stdio::piped()).stderr(Stdio::null());
    let mut process = command.spawn().unwrap();
    let lines = BufReader::new(process.stdout.take().unwrap()).lines().map(Result::unwrap);
    let sent = lines.filter(|line| line.starts_with("attachment "));
    assert_eq!(sent.take(pieces).count(), pieces);
    process.kill().unwrap();
    process.wait().unwrap();
}

fn verify(data: &Path) -> Value {
    let mut command = doorstep(["verify", "--json", "--data"]);
    command.arg(data);
    run(command).json()
}

#[test]
fn a_letter_is_photographed_offline_sent_over_cuts_fetched_and_restored() {
    let organisation = Organisation::with_sample_caseload();
    let (file, bytes) = letter(organisation.folder());
    let server = organisation.serve();
    let laptop = organisation.laptop(&server, VISITS);
    let manager = organisation.laptop(&server, "S-102");
    let stranger = organisation.laptop(&server, "S-205");
    drop(server);

    // At the door there is no server. The duty to keep a copy is met by the photograph.
    let mut record = laptop.command(["record", "--child", "amber", "--form", "no-response"]);
    record.args(["--step", "letter-left", "--json", "--attach"]).arg(&file);
    let recorded = run(record).well();
    assert!(!recorded.stdout.contains("NA-4.15"), "{}", recorded.stdout);
    let here = attachment(&laptop, "amber");
    assert_eq!(here["standing"], "on-this-device");
    assert_eq!(here["what"], "letter, JPEG, 7.6 MB");
    assert_eq!(here["name"], format!("letter-{}.jpg", short(&here)));
    for text in ["Mrs Lee", "IMG_2042", "plain words"] {
        let stored = fs::read(laptop.file()).unwrap();
        assert!(!stored.windows(text.len()).any(|window| window == text.as_bytes()), "{text}");
        assert!(!recorded.stdout.contains(text), "{text}");
    }

    // The device is killed in the middle of the upload; then the server is.
    let server = restart(&organisation, &[&laptop, &manager, &stranger]);
    sync_and_be_killed_after(&laptop, 3);
    let part = attachment(&laptop, "amber");
    assert_eq!(part["standing"], "part-sent", "{part}");
    assert!(part["sent"].as_u64().unwrap() >= 262_144, "{part}");
    let _ = manager.device(["sync"]).well();
    let seen = attachment(&manager, "amber");
    assert_eq!(seen["standing"], "not-here", "the record came, its letter did not yet");
    let early = manager.device(["fetch", &short(&seen)]);
    assert_eq!(early.code, Some(1), "{early:?}");
    assert!(early.stderr.contains("have not arrived"), "{}", early.stderr);
    organisation.account("S-102", "manager", "a long pass phrase");
    let page = child_page(&server, &laptop);
    assert!(page.contains("Letter, JPEG, 7.6 MB: not yet arrived"), "{page}");
    server.kill();

    let server = restart(&organisation, &[&laptop, &manager, &stranger]);
    let resumed = laptop.device(["sync"]).well();
    let first = resumed.stdout.lines().find(|line| line.starts_with("attachment ")).unwrap();
    assert!(!first.contains(": 0 of"), "it goes on, and does not begin again: {first}");
    assert_eq!(attachment(&laptop, "amber")["standing"], "received");

    // Who may read the record fetches it; who may not, does not even hear of it.
    let saved = organisation.folder().join("saved.jpg");
    let fetch = |laptop: &Laptop, hash: &str, to: &Path| {
        let mut command = laptop.command(["fetch", hash, "--to"]);
        command.arg(to);
        run(command)
    };
    let _ = fetch(&manager, &short(&seen), &saved).well();
    assert_eq!(fs::read(&saved).unwrap(), bytes);
    let again = fetch(&manager, &short(&seen), &saved);
    assert_eq!(again.code, Some(1), "a file is never written over");
    let refused = fetch(&stranger, &short(&seen), &organisation.folder().join("none.jpg"));
    assert_eq!(refused.code, Some(2), "{refused:?}");
    let page = child_page(&server, &laptop);
    assert!(page.contains(">Letter, JPEG, 7.6 MB</a>"), "{page}");
    drop(server);

    restored_from_a_backup(&organisation, &laptop, &bytes);
}

/// What was recorded is served again: devices keep the address, so it must stay the same.
fn restart(organisation: &Organisation, laptops: &[&Laptop]) -> Server {
    let server = organisation.serve();
    for laptop in laptops {
        fs::write(laptop.dir.join("server.txt"), &server.url).unwrap();
    }
    server
}

/// The child's page, as its manager sees it.
fn child_page(server: &Server, laptop: &Laptop) -> String {
    let shown = laptop.device(["show", "amber", "--json"]).well().json();
    let child = shown["card"]["id"].as_str().unwrap().to_owned();
    let mut browser = Browser::new(server).signed_in("manager", "a long pass phrase");
    browser.get(&format!("/children/{child}")).body
}

fn restored_from_a_backup(organisation: &Organisation, laptop: &Laptop, bytes: &[u8]) {
    let backups = organisation.folder().join("backups");
    fs::create_dir(&backups).unwrap();
    let file = backups.join("monday.db");
    let mut backup = doorstep(["backup", "--data"]);
    backup.arg(organisation.data()).arg(&file);
    let told = run(backup).well();
    assert!(told.stdout.contains("The attachments in it are opened by"), "{}", told.stdout);
    let stored = fs::read(&file).unwrap();
    assert!(!stored.windows(11).any(|window| window == b"plain words"), "it lies in the clear");

    let restored = organisation.folder().join("restored");
    let mut restore = doorstep(["restore", "--data"]);
    restore.arg(&restored).arg(&file);
    let _ = run(restore).well();
    let verified = verify(&restored);
    assert_eq!((&verified["sound"], &verified["attachments"]), (&true.into(), &1.into()));

    // Without the key the letter is lost to the server, and its device sends it again.
    fs::remove_file(restored.join("attachments.key")).unwrap();
    assert_eq!(verify(&restored)["sound"], false);
    let server = Server::start(&restored);
    fs::write(laptop.dir.join("server.txt"), &server.url).unwrap();
    let again = laptop.device(["sync"]).well();
    let sent = format!("{0} of {0} bytes sent", bytes.len());
    assert!(again.stdout.contains(&sent), "{}", again.stdout);
    drop(server);
    assert_eq!(verify(&restored)["sound"], true);
}
