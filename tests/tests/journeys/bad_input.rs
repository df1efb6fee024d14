//! What is wrong is said, and harms nothing.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use doorstep_core::ids::{ChildId, EventId};
use doorstep_core::seal::{Hash, Signature, SigningKey};
use doorstep_core::wire::EnrolResponse;
use doorstep_tests::journey::{Browser, Organisation, bytes, doorstep, run, sample_files};
use ed25519_dalek::Signer as _;
use serde_json::{Value, json};

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
        let refused = organisation.import(std::slice::from_ref(&faulty), flags);
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

/// What one device pushes by hand, as a newer app would, or one that has gone wrong.
struct HandMade {
    key: SigningKey,
    identity: EnrolResponse,
    child: ChildId,
    head: Hash,
    events: Vec<String>,
}

impl HandMade {
    /// A record like any other, with this for what happened.
    fn event(&self, what: &Value) -> String {
        let seq = self.events.len() as u64 + 1;
        let at = self.identity.server_time;
        let id = EventId::at(at, [u8::try_from(seq).expect("there are few events"); 10]);
        let mut body = json!({
            "child": self.child, "person": self.identity.person.id, "device": self.identity.device,
            "epoch": 1, "seq": seq, "previous": self.head, "clock": { "wall": at },
            "id": id, "at": at, "recorded": at, "by": "practitioner",
        });
        let object = body.as_object_mut().expect("it is an object");
        object.extend(what.as_object().expect("it is an object").clone());
        body.to_string()
    }

    /// Puts a record at the end of the chain, sealed.
    fn seal(&mut self, what: &Value) {
        let body = self.event(what);
        self.head = Hash::of(body.as_bytes());
        let signature = Signature(self.key.sign(body.as_bytes()).to_bytes());
        let signature = serde_json::to_string(&signature).expect("a signature is a text");
        self.events.push(format!(r#"{{"body":{body},"signature":{signature}}}"#));
    }

    /// Puts something else at the end of the chain.
    fn put(&mut self, text: &str) {
        self.head = Hash::of(text.as_bytes());
        self.events.push(text.to_owned());
    }

    fn request(&self) -> String {
        let events = self.events.join(",");
        let wall = self.identity.server_time.to_rfc3339();
        format!(
            r#"{{"protocol":1,"app":"hand-made","clock":{{"wall":"{wall}"}},"epoch":1,"first_seq":1,
                "events":[{events}],"unsent_beyond":0,"cursor":null}}"#
        )
    }
}

#[test]
fn what_cannot_be_read_is_set_aside_with_a_code_and_the_rest_of_its_batch_is_stored() {
    let organisation = Organisation::with_sample_caseload();
    let server = organisation.serve();
    let key = SigningKey::from_bytes(&[9; 32]);
    let enrol = json!({
        "code": organisation.device_code("S-105"),
        "public_key": hex::encode(key.verifying_key().as_bytes()),
        "device_name": "phone", "app": "hand-made",
    });
    let mut browser = Browser::new(&server);
    let answered = browser.post("/v1/enrol", "application/json", enrol.to_string().into_bytes());
    let identity: EnrolResponse = serde_json::from_str(&answered.body).unwrap();
    let children = organisation.admin(["list", "children", "--json"]).well().json();
    let amber = children.as_array().unwrap().iter().find(|child| child["external"] == "C-001");
    let child = serde_json::from_value(amber.unwrap()["id"].clone()).unwrap();
    let token = identity.token.clone();
    let mut device = HandMade { key, identity, child, head: Hash::ORIGIN, events: Vec::new() };
    device.seal(&json!({ "type": "further-attempt", "note": "rang" }));
    device.seal(&json!({ "type": "telepathy", "strength": 9 }));
    device.seal(&json!({ "type": "failed-contact", "form": "vanished" }));
    device.put(r#"{"nonsense":[1,2,3]}"#);
    device.seal(&json!({ "type": "further-attempt", "note": "rang again" }));

    for turn in ["first", "again"] {
        let body = device.request().into_bytes();
        let answered = browser.post_as(&token, "/v1/sync", "application/json", body);
        assert_eq!(answered.status, 200, "{}", answered.body);
        let answer: Value = serde_json::from_str(&answered.body).unwrap();
        let verdicts = answer["verdicts"].as_array().unwrap();
        let said = |verdict: &Value| {
            let word = verdict["verdict"].as_str().unwrap();
            verdict["code"].as_str().map_or(word.to_owned(), |code| format!("{word} {code}"))
        };
        let stored = if turn == "first" { "stored" } else { "duplicate" };
        let said: Vec<_> = verdicts.iter().map(said).collect();
        let malformed = "quarantined malformed";
        assert_eq!(said, [stored, "quarantined unknown-type", malformed, malformed, stored]);
    }
    let verified = organisation.verify();
    assert_eq!((&verified["events"], &verified["set_aside"]), (&2.into(), &3.into()));
}
