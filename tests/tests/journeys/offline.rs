//! The main job: recorded without a network, judged at once, heard of by the manager.

use doorstep_tests::journey::{Browser, Organisation, doorstep, run};
use serde_json::Value;

const CHILD: &str = "Amber Sampleford";

#[test]
fn a_record_made_while_the_server_is_down_reaches_the_managers_inbox() {
    let organisation = Organisation::with_sample_caseload();
    let server = organisation.serve();
    let laptop = organisation.laptop(&server, "S-105");
    let (said, well) = server.stop();
    assert!(well && said.ends_with("Stopped.\n"), "{said}");

    let record = ["record", "--child", "amber", "--form", "doorstep", "--concern", "some"];
    let recorded = laptop.device(record).well().stdout;
    assert!(recorded.starts_with("Saved on this device: "), "{recorded}");
    let phone = "You are offline: phone your line manager now: Marion Placeholder, 07700 900102";
    assert!(recorded.contains(phone), "{recorded}");
    assert!(recorded.contains("GA-6.1"), "{recorded}");

    let failed = laptop.device(["sync"]);
    assert_eq!(failed.code, Some(1), "{failed:#?}");
    assert!(failed.stderr.contains("your records are safe on this device"), "{failed:#?}");
    assert_eq!(laptop.records()[0]["state"], "on-this-device");

    let server = organisation.serve();
    // The address is another one now: it is where the operator says.
    std::fs::write(laptop.dir.join("server.txt"), &server.url).unwrap();
    let synced = laptop.device(["sync", "--json"]).well().json();
    assert_eq!(synced["synced"]["sent"], 1, "{synced}");
    assert_eq!(laptop.records()[0]["state"], "received");

    let told: Vec<_> = organisation
        .escalations("C-001")
        .into_iter()
        .filter(|line| line["clause"] == "GA-6.1" && line["standing"] == "open")
        .map(|line| line["to"].clone())
        .collect();
    assert!(told.contains(&"line-manager".into()), "{told:?}");
    assert!(told.contains(&"lead-social-worker".into()), "{told:?}");

    let password = "a long password, for a test";
    organisation.account("S-102", "marion", password);
    let mut browser = Browser::new(&server).signed_in("marion", &password.replace(", ", "%2C+"));
    let inbox = browser.get("/inbox").body;
    assert!(inbox.contains("GA-6.1") && inbox.contains(CHILD), "{inbox}");
}

#[test]
fn several_children_at_one_visit_are_one_visit_and_a_withdrawal_takes_it_back() {
    let organisation = Organisation::with_sample_caseload();
    let server = organisation.serve();
    let laptop = organisation.laptop(&server, "S-105");
    let both = ["record", "--child", "amber", "--child", "toby", "--form", "no-response", "--json"];
    let made = laptop.device(both).well().json();
    let ids: Vec<_> = made["saved"].as_array().unwrap().iter().map(as_text).collect();
    assert_eq!(ids.len(), 2);
    let visits: Vec<_> = laptop.records().iter().map(|row| row["event"]["visit"].clone()).collect();
    assert!(visits[0].is_string() && visits[0] == visits[1], "{visits:?}");

    let of = &ids[0][ids[0].len() - 8..];
    let _ = laptop.device(["record", "withdraw", of, "--reason", "the wrong child"]).well();
    let owed = laptop.device(["duties", "amber", "--json"]).well().json();
    assert_eq!(owed[0]["failed_contacts"], 0, "{owed}");
    let owed = laptop.device(["duties", "toby", "--json"]).well().json();
    assert_eq!(owed[0]["failed_contacts"], 1, "{owed}");
    let _ = laptop.device(["sync"]).well();
    assert_eq!(organisation.verify()["events"], 3);
}

#[test]
fn the_story_holds() {
    let told = run(doorstep(["demo"])).well();
    assert!(told.stdout.contains("claims were checked and are true"), "{}", told.stdout);
    assert!(!told.stdout.contains("[FALSE]") && !told.stdout.contains('\x1b'), "{}", told.stdout);
}

#[test]
fn the_demonstration_has_an_inbox_and_is_made_once() {
    let folder = tempfile::tempdir().unwrap();
    let demo = || {
        let mut command = doorstep(["admin", "demo", "--json", "--data"]);
        command.arg(folder.path());
        run(command).well().json()
    };
    let first = demo();
    assert_eq!(demo(), first, "the sign-ins stay");
    let mut list = doorstep(["admin", "list", "escalations", "--json", "--data"]);
    list.arg(folder.path());
    let lines = run(list).well().json();
    let lines = lines.as_array().unwrap();
    assert!(lines.iter().any(|line| line["clause"] == "GA-3.9"), "{lines:#?}");
    assert!(lines.iter().any(|line| line["ground"] == "breach"), "{lines:#?}");
}

fn as_text(value: &Value) -> String {
    value.as_str().expect("an id is a text").to_owned()
}
