//! A device is lost with records on it that nobody else has.

use doorstep_tests::journey::{Browser, Organisation, hidden_field};

const FORM: &str = "application/x-www-form-urlencoded";
const PASSWORD: &str = "a-long-pass-phrase";

#[test]
fn a_lost_device_is_shut_out_and_the_manager_sees_exactly_what_is_known() {
    let organisation = Organisation::with_sample_caseload();
    organisation.account("S-102", "manager", PASSWORD);
    let server = organisation.serve();
    let laptop = organisation.laptop(&server, "S-105");
    let record = |note: &str| {
        let arguments = ["record", "--child", "andrei", "further-attempt", "--note", note];
        let _ = laptop.device(arguments).well();
    };
    for note in ["first", "second", "third"] {
        record(note);
    }

    let mut browser = Browser::new(&server).signed_in("manager", PASSWORD);
    let listed = browser.get("/devices").body;
    let at = listed.find("href=\"/devices/0").expect("the device is listed") + 6;
    let path = listed[at..].split('"').next().expect("a link ends").to_owned();
    let page = browser.get(&path).body;
    let csrf = hidden_field(&page, "csrf").expect("the page has forms");
    let form = format!("csrf={csrf}&sure=yes").into_bytes();
    let answered = browser.post(&format!("{path}/revoke"), FORM, form);
    assert_eq!(answered.status, 303, "{}", answered.body);
    let known = browser.get(&path).body;
    for words in [
        "What is known",
        "everything recorded on it had been handed in",
        "nobody can say how much it is",
        "with a protected address",
        "Children on it",
        "Andrei",
    ] {
        assert!(known.contains(words), "{words} in {known}");
    }

    // It is found: what was recorded before it was shut out is taken, what came after is looked at.
    record("made after it was shut out");
    let synced = laptop.device(["sync", "--json"]);
    let states: Vec<_> =
        laptop.records().iter().map(|row| row["state"].as_str().unwrap_or("").to_owned()).collect();
    assert_eq!(states, ["needs-you", "received", "received", "received"], "{synced:?}");
    let after = browser.get(&path).body;
    assert!(after.contains("1 of its records are set aside"), "{after}");
    assert_eq!(organisation.verify()["findings"].as_array().map(Vec::len), Some(0));
}
