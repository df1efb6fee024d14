//! What is wrong is said, and harms nothing.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use doorstep_tests::journey::{Browser, Organisation, bytes, doorstep, run, sample_files};
use serde_json::Value;

#[test]
fn a_second_server_on_the_same_folder_is_refused_by_name() {
    let organisation = Organisation::with_sample_caseload();
    let server = organisation.serve();
    let mut second = doorstep(["serve", "--listen", "127.0.0.1:0", "--data"]);
    second.arg(organisation.data());
    let refused = run(second);
    assert_eq!(refused.code, Some(1), "{refused:#?}");
    for named in [&organisation.data().display().to_string(), &server.id().to_string()] {
        assert!(refused.stderr.contains(named.as_str()), "{refused:#?}");
    }
    let mut browser = Browser::new(&server);
    assert_eq!(browser.get("/healthz").status, 200);
}

#[test]
fn a_body_that_cannot_be_taken_gets_a_problem_document() {
    let organisation = Organisation::with_sample_caseload();
    let server = organisation.serve();
    let mut browser = Browser::new(&server);
    let deep = [vec![b'['; 40], vec![b']'; 40]].concat();
    let json = "application/json";
    for (body, content_type, status, kind) in [
        (b"{\"code\":".to_vec(), json, 400, "malformed"),
        (b"not json".to_vec(), json, 400, "malformed"),
        (deep, json, 400, "too-deep"),
        (b"{}".to_vec(), "text/plain", 415, "content-type"),
    ] {
        for path in ["/v1/enrol", "/v1/sync"] {
            // Only enrolment is open to strangers; what a stranger syncs is not looked at.
            let answered = browser.post(path, content_type, body.clone());
            if path == "/v1/sync" && answered.status == 401 {
                continue;
            }
            assert_eq!(answered.status, status, "{path}: {}", answered.body);
            assert_eq!(answered.content_type, "application/problem+json", "{path} {kind}");
            let problem: Value = serde_json::from_str(&answered.body).unwrap();
            let said = problem["type"].as_str().unwrap();
            assert!(said.ends_with(kind), "{path}: {problem}");
            assert_eq!(problem["status"], status);
            assert!(!problem["instance"].as_str().unwrap().is_empty(), "{problem}");
        }
    }
    assert_eq!(organisation.verify()["events"], 0);
}

/// The refusal comes before the body does: nobody has to send it to hear that it is too large.
#[test]
fn a_body_that_is_too_large_is_refused_before_it_is_sent() {
    let organisation = Organisation::with_sample_caseload();
    let server = organisation.serve();
    for path in ["/v1/enrol", "/v1/sync"] {
        let mut stream = TcpStream::connect(server.url.trim_start_matches("http://")).unwrap();
        write!(
            stream,
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             Content-Length: 3145728\r\nConnection: close\r\n\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 413 "), "{path}: {answer}");
        assert!(answer.contains("application/problem+json"), "{path}: {answer}");
        assert!(answer.contains("too-large"), "{path}: {answer}");
    }
}

#[test]
fn a_record_that_is_set_aside_is_shown_to_its_author_and_the_rest_is_stored() {
    let organisation = Organisation::with_sample_caseload();
    let server = organisation.serve();
    let laptop = organisation.laptop(&server, "S-105");
    let note = ["record", "--child", "amber", "further-attempt", "--note", "rang twice"];
    let _ = laptop.device(note).well();
    // The child was born in 2021: the server cannot take this for what it says.
    let _ =
        laptop.device(["record", "--child", "amber", "--at", "2019-01-01", "--form", "doorstep"]);
    let _ = laptop.device(note).well();
    let synced = laptop.device(["sync"]).well().stdout;
    assert!(synced.contains("need you"), "{synced}");
    let states: Vec<_> = laptop.records().iter().map(|row| row["state"].clone()).collect();
    assert_eq!(states, ["received", "needs-you", "received"]);
    let needs = laptop.records()[1]["needs"].clone();
    assert!(needs.as_str().unwrap().contains("born"), "{needs}");
    let verified = organisation.verify();
    assert_eq!((&verified["events"], &verified["set_aside"]), (&2.into(), &1.into()));
}

#[test]
fn a_faulty_caseload_is_refused_row_by_row_and_changes_nothing() {
    let organisation = Organisation::with_sample_caseload();
    let before = organisation.admin(["list", "children", "--json"]).well().stdout;
    let faulty = organisation.folder().join("children.csv");
    let sample = fs::read_to_string(&sample_files()[2]).unwrap();
    let sample = sample.replace("Toby", "Tobias").replace("child-protection", "child-protecton");
    fs::write(&faulty, sample.replace("2021-05-14", "14/05/2021")).unwrap();
    for flags in [&["--dry-run"][..], &[]] {
        let refused = organisation.import(&[faulty.clone()], flags);
        assert_eq!(refused.code, Some(2), "{refused:#?}");
        assert!(refused.stdout.lines().count() > 8, "every row's fault: {refused:#?}");
        let born =
            "line 2, column 3 (born): \"14/05/2021\" is not written year first; did you mean";
        assert!(refused.stdout.contains(born), "{refused:#?}");
        let plans = "(plans): \"child-protecton\" is not known; did you mean \"child-protection\"?";
        assert!(refused.stdout.contains(plans), "{refused:#?}");
        assert_eq!(organisation.admin(["list", "children", "--json"]).well().stdout, before);
    }
    let again = organisation.import(&sample_files(), &[]).well().stdout;
    assert!(again.contains("0 changed"), "{again}");
}

#[test]
fn a_wrong_passphrase_or_a_damaged_file_is_left_as_it_is() {
    let organisation = Organisation::with_sample_caseload();
    let server = organisation.serve();
    let laptop = organisation.laptop(&server, "S-105");
    let _ = laptop.device(["record", "--child", "amber", "--form", "doorstep"]).well();
    let whole = bytes(&laptop.file());

    let mut wrong = laptop.command(["list"]);
    wrong.env("DOORSTEP_PASSPHRASE", "not the passphrase");
    let refused = run(wrong);
    assert_eq!(refused.code, Some(1), "{refused:#?}");
    assert!(refused.stderr.contains("passphrase does not open"), "{refused:#?}");
    assert!(!refused.stderr.contains("panicked"), "{refused:#?}");
    assert_eq!(bytes(&laptop.file()), whole);

    let mut damaged = whole.clone();
    let middle = 64.min(damaged.len() / 2);
    for byte in &mut damaged[middle..middle + 512] {
        *byte ^= 0x5a;
    }
    fs::write(laptop.file(), &damaged).unwrap();
    let refused = laptop.device(["list"]);
    assert_eq!(refused.code, Some(1), "{refused:#?}");
    assert!(refused.stderr.contains("keep it"), "{refused:#?}");
    assert_eq!(bytes(&laptop.file()), damaged, "the damaged file was touched");

    fs::write(laptop.file(), &whole).unwrap();
    assert_eq!(laptop.records().len(), 1);
}

#[test]
fn wrong_use_ends_with_two_and_a_sentence() {
    let organisation = Organisation::with_sample_caseload();
    let server = organisation.serve();
    let laptop = organisation.laptop(&server, "S-105");
    for (arguments, says) in [
        (&["record"][..], "say what happened"),
        (&["record", "--form", "doorstep"], "say which child"),
        (&["record", "--child", "ambre", "--form", "doorstep"], "did you mean"),
        (&["record", "--child", "a", "--form", "doorstep"], "could be"),
        (&["record", "--child", "amber", "--at", "soon", "--form", "doorstep"], "is not a time"),
        (&["record", "--child", "amber", "--form", "refused"], "possible values"),
        (&["record", "withdraw", "00000000"], "holds no record"),
    ] {
        let refused = laptop.device(arguments);
        assert_eq!(refused.code, Some(2), "{arguments:?}: {refused:#?}");
        assert!(refused.stderr.contains(says), "{arguments:?}: {refused:#?}");
    }
    assert_eq!(laptop.records().len(), 0);
    let nowhere = run(doorstep(["admin", "list", "staff", "--data", "/nowhere/at/all"]));
    assert_eq!(nowhere.code, Some(1));
    assert!(nowhere.stderr.contains("there is no organisation in"), "{nowhere:#?}");
}
