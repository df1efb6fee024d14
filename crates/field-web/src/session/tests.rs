//! The session without a browser: a folder is its storage, and the test is the shell.

use std::path::PathBuf;

use doorstep_core::event::Form;
use doorstep_core::seal::Hash;
use doorstep_core::wire::{
    ChildCard, Cursor, EnrolResponse, Expected, Limits, PROTOCOL, PlannedVisit, SyncResponse,
};
use doorstep_device_store::{Draft, DraftEntry, testing};
use rusqlite::{Connection, OpenFlags};
use tempfile::TempDir;

use super::*;
use crate::shelf::ShelfError;
use crate::surroundings::Moment;

const PASSPHRASE: &str = "correct horse battery";

struct Folder(PathBuf);

impl Shelf for Folder {
    fn names(&self) -> Result<Vec<String>, ShelfError> {
        let entries = std::fs::read_dir(&self.0).map_err(|e| ShelfError::List(e.to_string()))?;
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        // Neither the journal beside it nor the porch.
        Ok(names.filter(|name| name.strip_suffix(".db").is_some()).collect())
    }

    fn connect(&self, name: &str, create: bool) -> Result<Connection, ShelfError> {
        let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
        flags.set(OpenFlags::SQLITE_OPEN_CREATE, create);
        Connection::open_with_flags(self.0.join(name), flags).map_err(ShelfError::Open)
    }
}

/// Takes something away from a profile.
type Lose = fn(&mut Profile);

/// A browser's profile: its private storage, and what is kept beside it.
struct Profile {
    folder: TempDir,
    around: Around,
    kept: Option<String>,
    mark: Option<Mark>,
}

fn moment(minute: i64) -> Moment {
    let half = testing::entropy(u64::try_from(minute).unwrap());
    let seed = [half, half].concat().try_into().unwrap();
    Moment { clock: testing::clock(minute), seed }
}

impl Profile {
    fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder, around: Around::new("test 1", moment(0)), kept: None, mark: None }
    }

    fn begin(&self) -> Session<Folder> {
        let storage = Folder(self.folder.path().to_owned());
        Session::begin(storage, self.around.clone(), self.kept.as_deref(), self.mark.clone())
            .unwrap()
    }

    /// Sets the device up; the session goes on, open.
    fn set_up(&mut self) -> Session<Folder> {
        let mut session = self.begin();
        let (_, wants) = session.call(first_use("CODE"));
        assert_eq!(wants, Some(Wants::Enrol));
        self.kept = session.kept();
        session.enrol().unwrap();
        let answer = session.enrolled(&reply(200, &accepted()));
        assert_eq!((answer.status, answer.header("location")), (303, Some(BASE)));
        self.kept = session.kept();
        session
    }
}

fn accepted() -> String {
    let answer: EnrolResponse = testing::enrolment(1);
    serde_json::to_string(&answer).unwrap()
}

/// An answer that brings these children.
fn caseload(children: Vec<ChildCard>) -> String {
    let answer = SyncResponse {
        protocol: PROTOCOL,
        organisation: testing::ORGANISATION,
        log_epoch: 1,
        server_time: testing::minute(0),
        limits: Limits::DEFAULT,
        verdicts: Vec::new(),
        expected: Expected { epoch: 1, seq: 1, previous: Hash::ORIGIN },
        backed_up_to: 0,
        children,
        forget: Vec::new(),
        events: Vec::new(),
        digests: Vec::new(),
        policy: None,
        settled: Vec::new(),
        cursor: Cursor("1".to_owned()),
        more: false,
        children_left: 0,
        events_left: 0,
        anew: None,
        head: None,
        terms: None,
    };
    serde_json::to_string(&answer).unwrap()
}

fn reply(status: u16, body: &str) -> Reply<'_> {
    Reply { status, content_type: "application/json", retry_after: "", body }
}

fn first_use(code: &str) -> Request {
    let fields = [("code", code), ("passphrase", PASSPHRASE), ("again", PASSPHRASE)];
    Request::post("/field/start", &fields)
}

/// What is sent, as text.
fn said(outgoing: Option<Outgoing>) -> String {
    String::from_utf8(outgoing.unwrap().body).unwrap()
}

fn unlock(passphrase: &str) -> Request {
    Request::post("/field/unlock", &[("passphrase", passphrase)])
}

#[test]
fn a_first_use_makes_the_store_only_after_the_key_was_kept() {
    let mut profile = Profile::empty();
    let mut session = profile.begin();
    assert_eq!(session.standing().stage, "first-use");
    let (_, wants) = session.call(first_use("CODE"));
    assert_eq!(wants, Some(Wants::Enrol));
    let kept = session.kept().unwrap();
    assert!(session.shelf.names().unwrap().is_empty());
    assert!(!kept.contains(PASSPHRASE));
    let outgoing = session.enrol().unwrap();
    assert_eq!((outgoing.path.as_str(), outgoing.token), ("/v1/enrol", None));
    assert_eq!(session.shelf.names().unwrap().len(), 1);
    let _ = session.enrolled(&reply(200, &accepted()));
    assert_eq!(session.standing().stage, "open");
    let mark = session.standing().mark.unwrap();
    assert_eq!(mark.device, testing::enrolment(1).device.to_string());
    profile.kept = session.kept();
    assert!(profile.kept.unwrap().contains(&mark.device));
}

#[test]
fn a_first_use_that_broke_off_can_be_done_again_or_finished() {
    let mut profile = Profile::empty();
    let mut session = profile.begin();
    let _ = session.call(first_use("CODE"));
    profile.kept = session.kept();
    drop(session);
    // Nothing was in it yet.
    let mut session = profile.begin();
    assert_eq!(session.standing().stage, "first-use");
    let _ = session.call(first_use("CODE"));
    profile.kept = session.kept();
    session.enrol().unwrap();
    drop(session);
    // The store is there, the server was not reached: only the code is asked for.
    let mut session = profile.begin();
    assert_eq!(session.standing().stage, "locked");
    let (answer, _) = session.call(unlock(PASSPHRASE));
    assert_eq!(answer.status, 303);
    assert_eq!(session.standing().stage, "not-enrolled");
    let (_, wants) = session.call(Request::post("/field/enrol", &[("code", "CODE-2")]));
    assert_eq!(wants, Some(Wants::Enrol));
    assert!(said(session.enrol().ok()).contains("CODE-2"));
    let _ = session.enrolled(&reply(200, &accepted()));
    assert_eq!(session.standing().stage, "open");
}

#[test]
fn a_code_that_is_refused_is_said_on_the_form_and_asked_for_again() {
    let profile = Profile::empty();
    let mut session = profile.begin();
    let _ = session.call(first_use("CODE"));
    session.enrol().unwrap();
    let problem = r#"{"type":"x","title":"x","status":422,"instance":"1",
        "detail":"this code does not work"}"#;
    let answer = session.enrolled(&reply(422, problem));
    assert_eq!(answer.status, 422);
    assert!(answer.text().contains("This code does not work"), "{}", answer.text());
    assert_eq!(session.standing().stage, "not-enrolled");
}

#[test]
fn a_passphrase_opens_the_store_and_another_does_not() {
    let mut profile = Profile::empty();
    drop(profile.set_up());
    let mut session = profile.begin();
    assert_eq!(session.standing().stage, "locked");
    for _ in 0..5 {
        let (answer, _) = session.call(unlock("not the right words"));
        assert!(answer.text().contains("does not open this device"), "{}", answer.text());
    }
    // Closing the browser does not help.
    drop(session);
    let mut session = profile.begin();
    let (answer, _) = session.call(unlock(PASSPHRASE));
    assert!(answer.text().contains("wait 30 seconds"), "{}", answer.text());
    profile.around.at(moment(1));
    let (answer, _) = session.call(unlock(PASSPHRASE));
    assert_eq!(answer.status, 303);
    assert_eq!(session.standing().stage, "open");
}

#[test]
fn a_store_that_is_missing_is_never_replaced_in_silence() {
    let lose_the_file = |profile: &mut Profile| {
        let shelf = Folder(profile.folder.path().to_owned());
        for name in shelf.names().unwrap() {
            std::fs::remove_file(shelf.0.join(name)).unwrap();
        }
    };
    let rows: [(&str, Lose); 3] = [
        ("the file", lose_the_file),
        ("the key", |profile| profile.kept = None),
        ("the file and what lay beside it", |profile| {
            profile.mark = Kept::from_json(profile.kept.as_ref().unwrap()).unwrap().mark;
            profile.kept = None;
            std::fs::remove_dir_all(profile.folder.path()).unwrap();
            std::fs::create_dir(profile.folder.path()).unwrap();
        }),
    ];
    for (what, lose) in rows {
        let mut profile = Profile::empty();
        drop(profile.set_up());
        lose(&mut profile);
        let before = Folder(profile.folder.path().to_owned()).names().unwrap();
        let mut session = profile.begin();
        assert_eq!(session.standing().stage, "missing", "{what}");
        let (answer, wants) = session.call(first_use("CODE"));
        assert!(answer.text().contains("are missing") && wants.is_none(), "{what}");
        let (_, wants) = session.call(Request::post(START_AGAIN, &[]));
        assert_eq!(wants, Some(Wants::Forget), "{what}");
        assert_eq!(session.standing().stage, "first-use", "{what}");
        let (_, wants) = session.call(first_use("CODE"));
        assert_eq!(wants, Some(Wants::Enrol), "{what}");
        // What is there stays there.
        let after = session.shelf.names().unwrap();
        assert!(before.iter().all(|name| after.contains(name)), "{what}");
    }
}

#[test]
fn a_locked_app_hands_in_what_is_unsent_and_forgets_the_key_when_there_is_nothing() {
    let mut profile = Profile::empty();
    let mut session = profile.set_up();
    assert!(session.next_request().is_some());
    let heard = session.response(&reply(200, &caseload(vec![testing::card(1)])));
    assert_eq!((heard.trouble, heard.children), (None, 1));
    let what = testing::failed(Form::NoResponse);
    let entry = DraftEntry { child: testing::child(1), attachments: Vec::new(), what };
    let draft = Draft {
        at: testing::minute(0),
        by: None,
        visit: None,
        saved_as: None,
        entries: vec![entry],
    };
    let clock = testing::clock(0);
    let recorded = session.app.with_store(|store| store.record(&draft, &clock, [9; 32]));
    assert_eq!(recorded.unwrap().unwrap().len(), 1);
    let (answer, _) = session.call(Request::post("/field/lock", &[]));
    assert_eq!(answer.header("location"), Some("/field/unlock"));
    assert_eq!((session.standing().stage, session.standing().unsent), ("locked", 1));
    let (page, _) = session.call(Request::get("/field"));
    assert_eq!(page.status, 303, "a locked app shows nothing");
    assert!(said(session.next_request()).contains("no-response"));
    let _ = session.call(unlock(PASSPHRASE));
    assert_eq!(session.standing().stage, "open");

    let mut other = Profile::empty();
    let mut session = other.set_up();
    let _ = session.call(Request::post("/field/lock", &[]));
    assert!(session.next_request().is_none(), "nothing is unsent: the key is gone");
    assert_eq!(session.token(), None);
}

/// One record that nobody has, on a device with one child; the browser is closed then.
fn with_unsent(profile: &mut Profile) {
    let mut session = profile.set_up();
    assert!(session.next_request().is_some());
    let _ = session.response(&reply(200, &caseload(vec![testing::card(1)])));
    let draft =
        Draft::new(testing::minute(0), testing::child(1), testing::failed(Form::NoResponse));
    let clock = testing::clock(0);
    let recorded = session.app.with_store(|store| store.record(&draft, &clock, [9; 32]));
    assert_eq!(recorded.unwrap().unwrap().len(), 1);
    session.make_copies();
}

const HANDED_IN: &str = r#"{"copies":[{"epoch":1,"seq":1,"outcome":"received"}]}"#;

#[test]
fn a_browser_that_was_closed_hands_in_what_is_unsent_without_the_passphrase() {
    let mut profile = Profile::empty();
    with_unsent(&mut profile);
    let mut session = profile.begin();
    let standing = session.standing();
    assert_eq!((standing.stage, standing.unsent, standing.due.is_some()), ("locked", 1, true));
    session.sync_begins(false);
    let outgoing = session.next_request().unwrap();
    assert_eq!((outgoing.path.as_str(), outgoing.token), ("/v1/hand-in", None));
    let body = String::from_utf8(outgoing.body).unwrap();
    assert!(!body.contains("no-response") && body.contains("\"copies\":[{"), "{body}");
    let heard = session.response(&reply(200, HANDED_IN));
    assert_eq!((heard.trouble, heard.sent), (None, 1));
    assert!(session.next_request().is_none());
    assert_eq!((session.standing().unsent, session.standing().due), (0, None));
    // What became of it is learnt once the store is open.
    let _ = session.call(unlock(PASSPHRASE));
    assert!(said(session.next_request()).contains("no-response"));
}

#[test]
fn too_many_wrong_passphrases_wipe_the_browsers_device_and_lose_no_record() {
    let mut profile = Profile::empty();
    with_unsent(&mut profile);
    let mut session = profile.begin();
    let mut minute = 0;
    let (answer, wants) = loop {
        minute += 20;
        profile.around.at(moment(minute));
        match session.call(unlock("not the right words")) {
            (answer, Some(wants)) => break (answer, wants),
            (answer, None) => assert_eq!(answer.status, 422, "{}", answer.text()),
        }
    };
    assert_eq!((minute, wants), (200, Wants::Keep));
    assert!(answer.text().contains("This device was wiped"), "{}", answer.text());
    let kept = session.kept().unwrap();
    assert!(Kept::from_json(&kept).unwrap().vault.unwrap(PASSPHRASE).is_err(), "{kept}");
    // The browser ended before the vault was written: the porch knows all the same.
    drop(session);
    let mut session = profile.begin();
    let (answer, _) = session.call(unlock(PASSPHRASE));
    assert!(answer.text().contains("1 of the records that were not sent can still be handed in"));
    let (_, wants) = session.call(Request::post(START_AGAIN, &[]));
    assert_eq!(wants, Some(Wants::Keep), "not before they are");
    assert!(said(session.next_request()).contains("\"for_good\":true"));
    let _ = session.response(&reply(200, HANDED_IN));
    let (_, wants) = session.call(Request::post(START_AGAIN, &[]));
    assert_eq!(wants, Some(Wants::Forget));
    assert_eq!(session.standing().stage, "first-use");
}

#[test]
fn a_page_is_drawn_however_many_forms_stand_on_it() {
    let mut profile = Profile::empty();
    let mut session = profile.set_up();
    assert!(session.next_request().is_some());
    let planned = |number| {
        let visit = PlannedVisit { id: testing::ORGANISATION, at: testing::minute(0) };
        ChildCard { visits: vec![visit], ..testing::card(number) }
    };
    let children = (0..200).map(planned).collect();
    assert_eq!(session.response(&reply(200, &caseload(children))).trouble, None);
    let (page, _) = session.call(Request::get("/field"));
    let forms = page.text().matches("action=\"/field/record\"").count();
    assert_eq!((page.status, forms), (200, 201));
}

#[test]
fn a_sign_in_page_of_a_network_is_no_answer() {
    let mut profile = Profile::empty();
    let mut session = profile.set_up();
    session.sync_begins(true);
    let outgoing = session.next_request().unwrap();
    assert_eq!((outgoing.path.as_str(), outgoing.token.as_deref()), ("/v1/sync", Some("token-1")));
    let portal = Reply { content_type: "text/html", ..reply(200, "<h1>Welcome</h1>") };
    let heard = session.response(&portal);
    assert!(heard.trouble.unwrap().contains("is no Doorstep server"));
    session.sync_ends();
    assert!(session.standing().due.unwrap() > profile.around.now());
    assert!(session.next_request().is_none(), "it waits before it asks again");
}

#[test]
fn a_fresh_store_settles_for_a_minute() {
    let mut profile = Profile::empty();
    let session = profile.set_up();
    assert!(session.standing().settles_at.is_some());
    profile.around.at(moment(1));
    assert!(session.standing().settles_at.is_none());
}
