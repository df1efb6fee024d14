//! The server is lost, and yesterday's backup is put in place under devices that are ahead of it.

use std::collections::BTreeSet;
use std::path::PathBuf;

use doorstep_tests::journey::{Browser, Laptop, Organisation, Server, hidden_field};
use serde_json::Value;

use super::office;

const PASSWORD: &str = "a long password, for a test";
/// A child whom both practitioners visit.
const SHARED: (&str, &str) = ("C-001", "amber");

/// Records that a child was not seen; the record's id.
fn record(laptop: &Laptop, child: &str, form: &str) -> String {
    let arguments = ["record", "--child", child, "--form", form, "--concern", "some", "--json"];
    let made = laptop.device(arguments).well().json();
    made["saved"][0].as_str().expect("an id is a text").to_owned()
}

fn state(laptop: &Laptop, id: &str) -> String {
    let records = laptop.records();
    let found = records.iter().find(|row| row["id"] == id);
    let found = found.unwrap_or_else(|| panic!("{id} is not in {records:#?}"));
    found["state"].as_str().expect("a state is a word").to_owned()
}

/// The ids of the records that a device holds of a child, in order; none of them is missing there.
fn held(laptop: &Laptop, child: &str) -> Vec<String> {
    let shown = laptop.device(["show", child, "--json"]).well().json();
    let rows = shown["records"].as_array().expect("a list").clone();
    assert!(rows.iter().all(|row| row["state"] != "missing-on-the-server"), "{rows:#?}");
    let ids: BTreeSet<String> =
        rows.iter().map(|row| row["id"].as_str().expect("an id").to_owned()).collect();
    assert_eq!(ids.len(), rows.len(), "a record is held twice: {rows:#?}");
    ids.into_iter().collect()
}

/// Takes notice of one escalation about a child in the manager's inbox; its address.
fn acknowledge(server: &Server, organisation: &Organisation, child: &str) -> String {
    let mut browser = signed_in(server);
    let open = organisation
        .escalations(child)
        .into_iter()
        .find(|line| line["acknowledged"].is_null() && line["addressee"] == "Marion Placeholder");
    let id = open.expect("something is open to the manager")["id"].clone();
    let path = format!("/escalations/{}", id.as_str().expect("an id"));
    let page = browser.get(&path).body;
    let csrf = hidden_field(&page, "csrf").expect("the page has a form");
    let kind = "application/x-www-form-urlencoded";
    let form = format!("csrf={csrf}").into_bytes();
    let answered = browser.post(&format!("{path}/acknowledge"), kind, form);
    assert_eq!(answered.status, 303, "{}", answered.body);
    path
}

fn signed_in(server: &Server) -> Browser {
    Browser::new(server).signed_in("marion", &PASSWORD.replace(", ", "%2C+"))
}

fn is_acknowledged(organisation: &Organisation, path: &str) -> bool {
    let lines = organisation.admin(["list", "escalations", "--json"]).well().json();
    let lines = lines.as_array().expect("a list").clone();
    let id = path.rsplit('/').next().expect("a path ends in an id");
    let line = lines.iter().find(|line| line["id"] == id).expect("it is in an inbox");
    !line["acknowledged"].is_null()
}

/// Lets the manager release what is set aside; how many records that were.
fn release(organisation: &Organisation) -> usize {
    let listed = organisation.admin(["quarantine", "list", "--json"]).well().json();
    let waiting = listed.as_array().expect("a list").clone();
    for entry in &waiting {
        let number = entry["number"].to_string();
        let reason = ["--by", "S-102", "--reason", "it was seen with a colleague"];
        let release = ["quarantine", "release", number.as_str()];
        let _ = organisation.admin([release.as_slice(), reason.as_slice()].concat()).well();
    }
    waiting.len()
}

/// Syncs; the server may be at another address than before.
fn sync(laptop: &Laptop, server: &Server) -> Value {
    std::fs::write(laptop.dir.join("server.txt"), &server.url).expect("the folder is there");
    laptop.device(["sync", "--json"]).well().json()
}

/// What everybody had before the loss.
struct Before {
    /// Everything about the shared child that was saved on a device, in order.
    shared: Vec<String>,
    /// What was set aside before the backup and released after it.
    released: String,
    /// An escalation that was acknowledged before the backup, and one acknowledged after it.
    acknowledged: [String; 2],
    escalations: BTreeSet<String>,
    events: u64,
}

/// A day's work with a backup in the middle of it.
fn day(organisation: &Organisation, server: &Server, team: &[Laptop; 3]) -> (Before, PathBuf) {
    let [ann, ben, manager] = team;
    let (child, name) = SHARED;
    let mut shared = vec![record(ann, name, "no-response")];
    // A child who left Anna's caseload, of which her laptop has not heard.
    let ended = organisation.folder().join("ended.csv");
    let rows = "child_id,staff_id,role,until\nC-019,S-105,practitioner,2026-01-06\n";
    std::fs::write(&ended, rows).expect("there is room");
    let _ = organisation.import(&[ended], &[]).well();
    let released = record(ann, "kian", "was-not-brought");
    sync(ann, server);
    assert_eq!(state(ann, &released), "needs-you");
    let first = acknowledge(server, organisation, child);

    let file = organisation.back_up("yesterday.db");

    shared.push(record(ben, name, "doorstep"));
    sync(ben, server);
    shared
        .extend(["no-response", "refused-by-parent-or-carer"].map(|form| record(ann, name, form)));
    sync(ann, server);
    let second = acknowledge(server, organisation, child);
    assert_eq!(release(organisation), 1);
    for laptop in [ann, ben, manager] {
        sync(laptop, server);
    }
    assert_eq!(state(ann, &released), "received");
    shared.sort();
    for laptop in [ann, ben, manager] {
        assert_eq!(held(laptop, name), shared);
    }
    let before = Before {
        shared,
        released,
        acknowledged: [first, second],
        escalations: office::escalations(&organisation.data()).into_keys().collect(),
        events: office::head(&organisation.data()),
    };
    (before, file)
}

#[test]
fn yesterdays_backup_under_devices_that_are_ahead_ends_with_nothing_lost() {
    let organisation = Organisation::with_sample_caseload();
    let server = organisation.serve();
    organisation.account("S-102", "marion", PASSWORD);
    let team = ["S-105", "S-106", "S-102"].map(|person| organisation.laptop(&server, person));
    let (mut before, file) = day(&organisation, &server, &team);
    server.kill();
    let [ann, ben, manager] = &team;
    let (child, name) = SHARED;
    before.shared.push(record(ben, name, "no-response"));
    // The disk is lost; the backup takes its place.
    std::fs::rename(organisation.data(), organisation.folder().join("lost")).unwrap();
    organisation.restore(&file);
    assert_eq!(office::logged(&organisation.data(), child).len(), 1, "the rest was lost");

    let server = organisation.serve();
    // Three exchanges each at most, whoever comes first; the manager has nothing to offer.
    sync(manager, &server);
    for laptop in [ben, ann, ben, manager] {
        sync(laptop, &server);
    }
    before.shared.sort();
    assert_eq!(office::logged(&organisation.data(), child), before.shared);
    for laptop in [ann, ben, manager] {
        assert_eq!(held(laptop, name), before.shared);
    }
    // The decision of the manager was lost with the server, and is asked for again.
    assert_eq!(state(ann, &before.released), "needs-you");
    assert_eq!(release(&organisation), 1);
    sync(ann, &server);
    assert_eq!(state(ann, &before.released), "received");
    assert_eq!(office::head(&organisation.data()), before.events + 1);
    // What was acknowledged before the backup still is; what was acknowledged after it is open.
    let [first, second] = &before.acknowledged;
    assert!(is_acknowledged(&organisation, first));
    let after = office::escalations(&organisation.data());
    assert!(after.values().all(|(count, _)| *count == 1), "{after:#?}");
    let missing: Vec<_> =
        before.escalations.iter().filter(|key| !after.contains_key(*key)).collect();
    assert!(missing.is_empty(), "not raised again: {missing:#?}");
    assert_ne!(acknowledge(&server, &organisation, child), *second, "it is another line now");

    let verified = organisation.verify();
    assert_eq!((&verified["sound"], &verified["set_aside"]), (&true.into(), &1.into()));
    assert_eq!(verified["events"], before.events + 1, "{verified}");
    organisation.back_up("today.db");
    for laptop in [ann, ben] {
        sync(laptop, &server);
    }
    let own = ann.records().into_iter().chain(ben.records());
    let unsafe_still: Vec<_> = own.filter(|row| row["state"] != "backed-up").collect();
    assert!(unsafe_still.is_empty(), "{unsafe_still:#?}");
}

#[test]
fn a_device_enrolled_after_the_backup_enrols_again_and_loses_nothing() {
    let organisation = Organisation::with_sample_caseload();
    let server = organisation.serve();
    let file = organisation.back_up("yesterday.db");
    let laptop = organisation.laptop(&server, "S-105");
    let (child, name) = SHARED;
    let received = record(&laptop, name, "no-response");
    sync(&laptop, &server);
    server.kill();
    let unsent = record(&laptop, name, "doorstep");
    std::fs::rename(organisation.data(), organisation.folder().join("lost")).unwrap();
    organisation.restore(&file);
    let server = organisation.serve();
    std::fs::write(laptop.dir.join("server.txt"), &server.url).unwrap();

    let refused = laptop.device(["sync"]);
    assert_eq!(refused.code, Some(1), "{refused:#?}");
    assert!(refused.stderr.contains("enrol again"), "{refused:#?}");
    let strange = organisation.device_code("S-106");
    let strange = laptop.device(["enrol", &strange, "--server", &server.url]);
    assert_eq!(strange.code, Some(1), "it stays its person's: {strange:#?}");
    assert_eq!(laptop.records().len(), 2);
    let code = organisation.device_code("S-105");
    let _ = laptop.device(["enrol", &code, "--server", &server.url]).well();
    sync(&laptop, &server);
    let mut all = vec![received, unsent];
    assert!(all.iter().all(|id| state(&laptop, id) == "received"));
    all.sort();
    assert_eq!(office::logged(&organisation.data(), child), all);
    assert_eq!(held(&laptop, name), all);
    let verified = organisation.verify();
    assert_eq!((&verified["sound"], &verified["events"]), (&true.into(), &2.into()));
}
