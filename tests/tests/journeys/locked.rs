//! A laptop that nobody opens, and one that nobody can open any more: what was recorded on them
//! still arrives.

use doorstep_tests::journey::{Ended, Laptop, Organisation, bytes, run};

fn record(laptop: &Laptop, note: &str) {
    let arguments = ["record", "--child", "andrei", "further-attempt", "--note", note];
    let _ = laptop.device(arguments).well();
}

/// The same command with another passphrase.
fn guess(laptop: &Laptop, arguments: &[&str]) -> Ended {
    let mut command = laptop.command(arguments);
    command.env("DOORSTEP_PASSPHRASE", "not the right words");
    run(command)
}

/// The same command with none at all.
fn without_passphrase(laptop: &Laptop, arguments: &[&str]) -> Ended {
    let mut command = laptop.command(arguments);
    command.env_remove("DOORSTEP_PASSPHRASE");
    run(command)
}

fn events(organisation: &Organisation) -> u64 {
    organisation.verify()["events"].as_u64().expect("a count")
}

#[test]
fn a_locked_laptop_hands_in_what_it_holds_and_hears_of_it_when_it_is_opened() {
    let organisation = Organisation::with_sample_caseload();
    let server = organisation.serve();
    let laptop = organisation.laptop(&server, "S-105");
    for note in ["first by the gate", "second by the gate"] {
        record(&laptop, note);
    }
    let outside = bytes(&laptop.dir.join("porch.db"));
    for text in ["by the gate", "Andrei", "further-attempt"] {
        let found = outside.windows(text.len()).any(|window| window == text.as_bytes());
        assert!(!found, "{text} can be read outside of the encrypted file");
    }
    let handed_in = without_passphrase(&laptop, &["sync", "--locked", "--json"]).well().json();
    assert_eq!((&handed_in["handed_in"], &handed_in["kept"]), (&2.into(), &0.into()));
    assert_eq!(events(&organisation), 2);
    let again = without_passphrase(&laptop, &["sync", "--locked", "--json"]).well().json();
    assert_eq!(again["handed_in"], 0, "each goes once");

    let synced = laptop.device(["sync", "--json"]).well().json();
    assert_eq!(synced["synced"]["sent"], 2, "{synced}");
    assert!(laptop.records().iter().all(|row| row["state"] == "received"));
    assert_eq!(events(&organisation), 2, "nothing is counted twice");
}

#[test]
fn too_many_wrong_passphrases_wipe_the_laptop_and_lose_no_record() {
    let organisation = Organisation::with_sample_caseload();
    let server = organisation.serve();
    let laptop = organisation.laptop(&server, "S-105");
    record(&laptop, "made before the laptop was lost");
    for left in ["9", "8", "7", "6", "5"] {
        let refused = guess(&laptop, &["list"]);
        assert_eq!(refused.code, Some(1));
        let told = refused.stderr.contains(&format!("{left} tries left"));
        assert_eq!(told, left == "5", "{refused:?}");
    }
    let waits = laptop.device(["list"]);
    assert!(waits.stderr.contains("too many wrong passphrases: wait"), "{waits:?}");
    // The pauses are over: nobody waits for them in a test.
    let porch = rusqlite::Connection::open(laptop.dir.join("porch.db")).expect("it opens");
    for _ in 0..5 {
        porch.execute("update tries set wait_ms = 0", []).expect("it is a plain file");
        let _ = guess(&laptop, &["list"]);
    }
    drop(porch);
    let wiped = laptop.device(["list"]);
    for words in ["can be read by nobody any more", "1 record that was not sent is still here"] {
        assert!(wiped.stderr.contains(words), "{wiped:?}");
    }
    let vault = String::from_utf8(bytes(&laptop.dir.join("vault.json"))).expect("it is text");
    assert_eq!(vault, "{\"destroyed\":true}");

    let handed_in = without_passphrase(&laptop, &["sync", "--json"]).well().json();
    assert_eq!((&handed_in["handed_in"], &handed_in["kept"]), (&1.into(), &0.into()));
    assert_eq!(events(&organisation), 1);
    let nothing_left = laptop.device(["status"]);
    assert!(
        nothing_left.stderr.contains("Every record made on it was handed in"),
        "{nothing_left:?}"
    );
}
