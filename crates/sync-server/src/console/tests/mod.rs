//! The console through its router, on a real store, with a clock that stands still.

mod attachments;
mod kept;
mod matrix;
mod notices;
mod numbers;
mod office;
mod oversight;
mod own_password;
mod record;
mod second_factor;
mod set_up;
mod team;
mod triage;
mod visits;

use axum::http::StatusCode;
use chrono::TimeDelta;
use doorstep_core::assessment::Standing;
use doorstep_core::ids::{ChildId, DeviceId, EventId, PersonId};
use doorstep_core::seal::Hash;
use doorstep_core::trust::{ClockSample, Timing, Trust};
use doorstep_core::wire::Divergence;
use serde_json::json;

use crate::config::Config;
use crate::console::accounts::{self, AccountError};
use crate::console::session::{AGE_MAX, IDLE_MAX};
use crate::store::devices::{Device, Grant};
use crate::store::{StoreError, Tx};
use office::{
    Answer, CHILD, DESTA, ESCALATION, HOSTILE, MARGARET, OMAR, Office, PASSWORD, PRIYA, event, id,
    line, raise, set_aside,
};

fn escalation() -> String {
    format!("/escalations/{}", id(ESCALATION))
}

fn child() -> String {
    format!("/children/{}", id(CHILD))
}

fn assert_leads_to_sign_in(answer: &Answer, next: &str) {
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(answer.location, format!("/sign-in?next={next}"));
}

#[tokio::test]
async fn signing_in_leads_to_the_page_asked_for_and_signing_out_ends_the_session() {
    let office = Office::open().await;
    assert_leads_to_sign_in(&office.get(&escalation(), "").await, &escalation());
    assert_leads_to_sign_in(&office.get("/inbox?whose=team", "").await, "/inbox%3Fwhose%3Dteam");

    let answer = office.try_sign_in("Margaret", PASSWORD, &escalation()).await;
    assert_eq!(answer.location, escalation());
    let session = &answer.cookies[0];
    let page = office.get(&escalation(), session).await;
    assert_eq!(page.status, StatusCode::OK);

    let left = office.post("/sign-out", session, &format!("csrf={}", page.csrf())).await;
    assert_eq!(left.location, "/sign-in");
    assert_leads_to_sign_in(&office.get("/inbox", session).await, "/inbox");
}

#[tokio::test]
async fn cookies_are_out_of_reach_of_scripts_and_change_at_every_sign_in() {
    let office = Office::open().await;
    let first = office.try_sign_in("margaret", PASSWORD, "").await;
    for line in &first.cookie_lines {
        assert!(line.contains("; HttpOnly; SameSite=Lax"), "{line}");
        assert!(!line.contains("Secure"), "plain HTTP on loopback would lose it: {line}");
    }
    let second = office.try_sign_in("margaret", PASSWORD, "").await;
    assert_ne!(first.cookies[0], second.cookies[0]);

    let config = Config { behind_proxy: true, ..Config::default() };
    let office = Office::open_with(config).await;
    let answer = office.try_sign_in("margaret", PASSWORD, "").await;
    assert!(answer.cookies[0].starts_with("__Host-doorstep-session="), "{:?}", answer.cookies);
    assert!(answer.cookie_lines[0].contains("; Secure"), "{:?}", answer.cookie_lines);
}

#[tokio::test]
async fn refusals_at_sign_in_say_the_same_whatever_is_wrong() {
    let office = Office::open().await;
    let priya = PersonId(id(PRIYA));
    accounts::disable(&office.state.db, &office.state.ambient, priya).await.unwrap();
    let mut texts = Vec::new();
    for (login, password) in [
        ("margaret", "not the password"),
        ("nobody", PASSWORD),
        ("priya", PASSWORD),
        ("margaret", ""),
    ] {
        let answer = office.try_sign_in(login, password, "").await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{login}");
        assert!(answer.text.contains("password or the code is not right"), "{login}");
        assert!(answer.text.contains("<title>Error: Sign in"), "{login}");
        assert!(!answer.text.contains("not the password"), "{login}");
        let csrf = answer.csrf();
        texts.push(answer.text.replace(login, "").replace(&csrf, ""));
    }
    texts.dedup();
    assert_eq!(texts.len(), 1);
}

#[tokio::test]
async fn makes_whoever_fails_repeatedly_wait_longer_each_time() {
    let office = Office::open().await;
    for _ in 0..5 {
        office.try_sign_in("margaret", "wrong", "").await;
    }
    let right = office.try_sign_in("margaret", PASSWORD, "").await;
    assert_eq!(right.status, StatusCode::UNPROCESSABLE_ENTITY);
    office.pass(1);
    office.try_sign_in("margaret", "wrong", "").await;
    office.pass(1);
    let early = office.try_sign_in("margaret", PASSWORD, "").await;
    assert_eq!(early.status, StatusCode::UNPROCESSABLE_ENTITY);
    office.pass(1);
    office.sign_in("margaret").await;
}

#[tokio::test]
async fn forms_without_the_sessions_token_change_nothing() {
    let office = Office::open().await;
    let session = office.sign_in("margaret").await;
    let other = office.sign_in("desta").await;
    let foreign = office.get(&escalation(), &other).await.csrf();
    for form in [String::new(), "csrf=".to_owned(), format!("csrf={foreign}")] {
        for path in [
            format!("{}/acknowledge", escalation()),
            format!("{}/address", child()),
            "/sign-out".to_owned(),
        ] {
            let answer = office.post(&path, &session, &form).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path} {form}");
            assert!(!answer.text.contains("Larch"), "{path} {form}");
        }
    }
    assert_eq!(office.line().await.acknowledged, None);
    assert_eq!(office.get("/inbox", &session).await.status, StatusCode::OK);
    let blind = office.post("/sign-in", "", &format!("login=margaret&password={PASSWORD}")).await;
    assert_eq!(blind.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn an_expired_session_leads_back_to_the_page_after_signing_in() {
    let office = Office::open().await;
    let session = office.sign_in("margaret").await;
    let csrf = office.get(&escalation(), &session).await.csrf();
    office.pass(IDLE_MAX.num_minutes());
    let form = format!("csrf={csrf}");
    let acknowledge = format!("{}/acknowledge", escalation());
    let answer = office.post(&acknowledge, &session, &form).await;
    assert_leads_to_sign_in(&answer, &escalation());
    assert_eq!(office.line().await.acknowledged, None);
}

#[tokio::test]
async fn a_session_in_use_stays_alive_but_not_for_ever() {
    let office = Office::open().await;
    let session = office.sign_in("margaret").await;
    let step = IDLE_MAX.num_minutes() - 1;
    for _ in 1..=AGE_MAX.num_minutes() / IDLE_MAX.num_minutes() {
        office.pass(step);
        assert_eq!(office.get("/inbox", &session).await.status, StatusCode::OK);
    }
    office.pass(step);
    assert_leads_to_sign_in(&office.get("/inbox", &session).await, "/inbox");
}

#[tokio::test]
async fn a_new_password_ends_the_sessions_that_the_old_one_opened() {
    let office = Office::open().await;
    let session = office.sign_in("margaret").await;
    let (db, ambient) = (&office.state.db, &office.state.ambient);
    let margaret = PersonId(id(MARGARET));
    let change = async |login: &'static str, password: &'static str| {
        accounts::set_password(db, ambient, margaret, login, password).await
    };
    assert!(matches!(change("margaret", "short").await, Err(AccountError::Password(_))));
    assert!(matches!(
        change("margaret", "margaret margaret").await,
        Err(AccountError::Password(_))
    ));
    assert!(matches!(change("omar", "another pass phrase").await, Err(AccountError::Taken)));
    assert!(matches!(change("two words", "another pass phrase").await, Err(AccountError::Login)));
    change("margaret", "another pass phrase").await.unwrap();
    assert_leads_to_sign_in(&office.get("/inbox", &session).await, "/inbox");
}

#[tokio::test]
async fn the_inbox_says_what_is_owed_why_and_how_long_is_left() {
    let office = Office::open().await;
    office.write(|tx| raise(tx, &line(0x22, "GA-3.9", None))).await;
    office.write(|tx| raise(tx, &line(0x23, "NA-7.2", Some("2026-03-02T08:10:00Z")))).await;
    let session = office.sign_in("margaret").await;
    let text = office.get("/inbox", &session).await.text;
    for words in [
        "<title>(3) Inbox",
        "The sentence of GA-6.1.",
        "40 minutes left",
        "Mon 2 March, 11:00",
        "2 hours over",
        "No time limit",
        "Second no-access visit of the episode: no response at the door (Mon 23 February, 10:00)",
        "raised 5 minutes ago",
        "For me (3)",
        "3 escalations: 3 to acknowledge, 1 past the limit.",
    ] {
        assert!(text.contains(words), "{words} is missing");
    }
    let place = |words| text.find(words).unwrap();
    assert!(place("NA-7.2") < place("GA-6.1") && place("GA-6.1") < place("GA-3.9"));
}

#[tokio::test]
async fn the_teams_inbox_is_for_those_who_answer_for_the_team() {
    let office = Office::open().await;
    for (login, whose, sees) in [
        ("desta", "", false),
        ("desta", "?whose=team", true),
        ("omar", "?whose=team", false),
        ("priya", "?whose=team", false),
        ("margaret", "?whose=team", true),
        ("margaret", "?whose=nobody&page=x", true),
        ("margaret", "?show=closed", false),
    ] {
        let session = office.sign_in(login).await;
        let answer = office.get(&format!("/inbox{whose}"), &session).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.text.contains("The sentence of GA-6.1."), sees, "{login} {whose}");
    }
}

#[tokio::test]
async fn acknowledging_twice_says_who_was_first() {
    let office = Office::open().await;
    let mut changes = office.state.signals.inbox();
    let margaret = office.sign_in("margaret").await;
    let desta = office.sign_in("desta").await;
    let acknowledge = format!("{}/acknowledge", escalation());
    let form = async |session: &str| format!("csrf={}", office.get("/inbox", session).await.csrf());

    let first = office.post(&acknowledge, &margaret, &form(&margaret).await).await;
    assert_eq!(first.location, format!("{}?done=acknowledged", escalation()));
    assert!(changes.has_changed().unwrap());
    changes.mark_unchanged();
    let page = office.get(&first.location, &margaret).await;
    assert!(page.text.contains("You acknowledged this today 10:20."));
    assert!(!page.text.contains("/acknowledge\""), "the button is gone");

    office.pass(5);
    let again = office.post(&acknowledge, &margaret, &form(&margaret).await).await;
    assert_eq!(again.status, StatusCode::SEE_OTHER);
    let second = office.post(&acknowledge, &desta, &form(&desta).await).await;
    let page = office.get(&second.location, &desta).await;
    assert!(page.text.contains("Margaret Ellison was first, today 10:20."));
    assert!(!changes.has_changed().unwrap(), "nothing changed, so nobody is told");
    let line = office.line().await;
    assert_eq!(line.acknowledged.unwrap().by, PersonId(id(MARGARET)));
    assert_eq!(line.ended, None, "the duty is still owed");
}

#[tokio::test]
async fn what_was_met_leaves_the_inbox_once_somebody_took_notice() {
    let office = Office::open().await;
    office
        .write(|tx| {
            let mut met = line(ESCALATION, "GA-6.1", None);
            met.escalation.standing = Standing::Discharged;
            tx.put_line(&met)
        })
        .await;
    let session = office.sign_in("margaret").await;
    let inbox = office.get("/inbox", &session).await;
    assert!(inbox.text.contains("Met before anybody acknowledged it"));
    let form = format!("csrf={}", inbox.csrf());
    office.post(&format!("{}/acknowledge", escalation()), &session, &form).await;
    assert!(office.get("/inbox", &session).await.text.contains("Nothing is waiting for you"));
    let closed = office.get("/inbox?show=closed", &session).await;
    assert!(closed.text.contains("The sentence of GA-6.1."));
}

#[tokio::test]
async fn without_entitlement_a_record_looks_like_none_and_the_attempt_is_logged() {
    let office = Office::open().await;
    let session = office.sign_in("omar").await;
    let csrf = office.get("/inbox", &session).await.csrf();
    let missing = office.get(&format!("/children/{}", id(0x99)), &session).await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
    for (path, page) in [(child(), "refused: child"), (escalation(), "refused: escalation")] {
        let answer = office.get(&path, &session).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
        assert_eq!(answer.text, missing.text, "the refusal tells nothing");
        assert_eq!(office.accesses().await[0], (OMAR, page.to_owned()));
    }
    let form = format!("csrf={csrf}");
    for path in [format!("{}/acknowledge", escalation()), format!("{}/address", child())] {
        let answer = office.post(&path, &session, &form).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
    }
    assert_eq!(office.line().await.acknowledged, None);
    for path in ["/children/x", "/escalations/x", "/nothing-here"] {
        assert_eq!(office.get(path, &session).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn every_reading_of_a_record_is_in_the_access_log() {
    let office = Office::open().await;
    for (login, person) in [("margaret", MARGARET), ("priya", PRIYA), ("desta", DESTA)] {
        let session = office.sign_in(login).await;
        assert_eq!(office.get(&child(), &session).await.status, StatusCode::OK, "{login}");
        assert_eq!(office.accesses().await[0], (person, "child".to_owned()));
    }
    let session = office.sign_in("margaret").await;
    office.get(&escalation(), &session).await;
    assert_eq!(office.accesses().await[0], (MARGARET, "escalation".to_owned()));
}

#[tokio::test]
async fn a_protected_address_is_shown_only_on_purpose_and_that_is_logged() {
    let office = Office::open().await;
    let session = office.sign_in("margaret").await;
    for path in [child(), escalation(), "/inbox".to_owned()] {
        assert!(!office.get(&path, &session).await.text.contains("Larch"), "{path}");
    }
    let csrf = office.get(&child(), &session).await.csrf();
    let shown =
        office.post(&format!("{}/address", child()), &session, &format!("csrf={csrf}")).await;
    assert!(shown.text.contains("14 Larch Close"));
    assert_eq!(office.accesses().await[0], (MARGARET, "protected address".to_owned()));
    assert!(!office.get(&child(), &session).await.text.contains("Larch"));
}

#[tokio::test]
async fn hostile_names_and_words_are_shown_as_text() {
    let office = Office::open().await;
    office.write(|tx| tx.set_aside(&set_aside("</pre><script>1</script>\u{202e}\u{1}"))).await;
    let session = office.sign_in("margaret").await;
    for path in ["/inbox".to_owned(), escalation(), child(), "/quarantine".to_owned()] {
        let answer = office.get(&path, &session).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert!(!answer.text.contains("<script>alert"), "{path}");
        assert!(!answer.text.contains("<script>1"), "{path}");
        assert!(!answer.text.contains("<img src=x"), "{path}");
        assert!(!answer.text.contains(HOSTILE), "{path}");
    }
    let quarantine = office.get("/quarantine", &session).await.text;
    assert!(quarantine.contains(r"&lt;/pre&gt;&lt;script&gt;1&lt;/script&gt;\u{202e}\u{1}"));
    assert!(quarantine.contains("Cannot be read") && quarantine.contains("Pixel 9"));
    let other = office.sign_in("omar").await;
    assert!(office.get("/quarantine", &other).await.text.contains("Nothing is set aside"));
}

#[tokio::test]
async fn the_pages_of_a_child_say_what_came_late_and_what_was_corrected() {
    let office = Office::open().await;
    let session = office.sign_in("margaret").await;
    let text = office.get(&child(), &session).await.text;
    for words in [
        "Arrived late: happened Mon 23 February, 10:00, reached us Mon 2 March, 10:15",
        "Corrected Mon 2 March, 10:10 by Priya Raman: form is now refused by third party",
        "Child Protection Plan",
        "14 May 2019 (6 years)",
        "Lead social worker: Priya Raman",
        "May it be closed?",
        "It cannot be closed yet, because:",
        "Failed contact",
        "2 failed contacts, the child not seen, 1 record came late",
        "Open: the child is not assured yet",
        "2, 2 of them no-access visits",
        "No agency is named in the record",
        "No letter is attached",
    ] {
        assert!(text.contains(words), "{words} is missing");
    }
}

#[tokio::test]
async fn a_record_of_a_newer_app_is_counted_and_hides_nothing_else() {
    let office = Office::open().await;
    let session = office.sign_in("margaret").await;
    let before = office.get(&child(), &session).await.text;
    let add = |tx: &mut dyn Tx| {
        let (at, what) = ("2026-03-02T10:20:00Z", json!({"type": "not-known-yet"}));
        tx.append(&[event(0x3f, at, at, &what)])
    };
    office.state.db.write::<_, StoreError>(add).await.unwrap();
    for path in [child(), escalation()] {
        let page = office.get(&path, &session).await;
        assert_eq!(page.status, StatusCode::OK, "{path}: {}", page.text);
    }
    let text = office.get(&child(), &session).await.text;
    assert!(text.contains("Recorded by a newer app and not shown here: 1."));
    for words in ["It cannot be closed yet, because:", "2, 2 of them no-access visits"] {
        assert!(before.contains(words) && text.contains(words), "{words} is missing");
    }
}

#[tokio::test]
async fn pages_load_nothing_but_our_own_files_and_are_not_kept() {
    let office = Office::open().await;
    let session = office.sign_in("margaret").await;
    let page = office.get("/inbox", &session).await;
    assert_eq!(page.headers["cache-control"], "no-store");
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    assert!(!page.text.contains(" style=") && !page.text.contains("onclick"), "inline");
    let files: Vec<_> = page
        .text
        .split(['"'])
        .filter(|text| text.starts_with("/assets/"))
        .map(str::to_owned)
        .collect();
    assert!(files.len() >= 3);
    for path in files {
        let file = office.get(&path, "").await;
        assert_eq!(file.status, StatusCode::OK, "{path}");
        assert!(file.headers["cache-control"].to_str().unwrap().contains("immutable"), "{path}");
    }
    assert_eq!(office.get("/assets/0/console.css", "").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_live_inbox_asks_for_a_session_and_tells_of_changes() {
    use axum::body::Body;
    use axum::http::{Request, header};
    use tower::ServiceExt as _;

    let office = Office::open().await;
    assert_leads_to_sign_in(&office.get("/inbox/live", "").await, "/inbox/live");
    let session = office.sign_in("margaret").await;
    let router = crate::console::router().with_state(office.state.clone());
    let request = Request::get("/inbox/live").header(header::COOKIE, session);
    let response = router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(response.headers()[header::CONTENT_TYPE], "text/event-stream");
    office.state.signals.ledger_changed();
    let mut frames = response.into_body().into_data_stream();
    let frame = futures_util::StreamExt::next(&mut frames).await.unwrap().unwrap();
    assert!(std::str::from_utf8(&frame).unwrap().contains("event: changed"));
}

#[tokio::test]
async fn a_clock_that_was_wrong_is_named_where_its_record_is_shown() {
    let office = Office::open().await;
    let mut event = office.state.db.read(|tx| tx.log_page(0, 9)).await.unwrap().remove(1);
    let at = office::utc("2026-03-02T08:00:00Z");
    event.timing = Timing { corrected: at, limits_from: at, trust: Trust::Anchored };
    (event.id, event.seq, event.position) = (EventId(id(0x77)), 0x77, 0);
    event.body = event.body.replace(&id(0x32).to_string(), &id(0x77).to_string());
    office.write(move |tx| tx.append(std::slice::from_ref(&event)).map(drop)).await;
    let session = office.sign_in("margaret").await;
    let page = office.get(&child(), &session).await.text;
    assert!(page.contains("The clock of its device was not right: it happened"), "{page}");
    assert!(page.contains("and limits run from then"));
}

#[tokio::test]
async fn a_manager_sees_how_the_teams_devices_stand_and_nobody_elses() {
    let office = Office::open().await;
    let device = DeviceId(id(0x41));
    let server = office::utc(office::NOW);
    let oldest = office::utc("2026-03-01T09:30:00Z");
    let wall = server + TimeDelta::hours(3);
    let sample = ClockSample { wall, server, monotonic_ms: None, boot: None };
    let report = move |tx: &mut dyn Tx| {
        let known = tx.device(device)?.expect("is there");
        let (last_contact, oldest_unsent) = (Some(server), Some(oldest));
        let divergence = Divergence { found: 3, healed: 2 };
        let unsent = 3;
        tx.put_device(&Device { last_contact, unsent, oldest_unsent, divergence, ..known })?;
        tx.put_clock_sample(device, &sample)
    };
    office.write(report).await;
    let session = office.sign_in("margaret").await;
    let page = office.get("/devices", &session).await.text;
    for words in ["Priya Raman", "Pixel 9", "3 records", "Sun 1 March, 09:30", "3 hours ahead"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(page.contains("Missing: number "), "{page}");
    let stranger = office.sign_in("omar").await;
    let page = office.get("/devices", &stranger).await.text;
    assert!(page.contains("No devices") && !page.contains("Priya Raman"));
    let path = format!("/devices/{device}");
    assert_eq!(office.get(&path, &stranger).await.status, StatusCode::NOT_FOUND);
    assert_eq!(office.get("/devices/nothing", &session).await.status, StatusCode::NOT_FOUND);
    let page = office.get(&path, &session).await.text;
    let differed = ["3 found, 2 mended", "Being mended"];
    let shown = ["Pixel 9", "3 records", "3 hours ahead", "Children on it", "None."];
    for words in shown.into_iter().chain(differed) {
        assert!(page.contains(words), "{words}: {page}");
    }
    let child = ChildId(id(CHILD));
    let sent = Grant { child, held: true, change: 1, whole: 1, card: Hash::ORIGIN };
    office.write(move |tx: &mut dyn Tx| tx.put_grant(device, sent)).await;
    let page = office.get(&path, &session).await.text;
    assert!(page.contains("Amira") && !page.contains("<script>alert") && !page.contains("None."));
}

#[tokio::test]
async fn a_backup_that_fails_is_shown_where_the_devices_are() {
    let mut config = Config::default();
    config.backup.folder = Some("somewhere".into());
    let office = Office::open_with(config).await;
    let session = office.sign_in("margaret").await;
    let page = office.get("/devices", &session).await.text;
    assert!(page.contains("has not been backed up yet"), "{page}");
    let (last, failed) = (office::utc("2026-03-01T02:30:00Z"), office::utc("2026-03-02T02:30:00Z"));
    office.state.health.backup.made(Some(last));
    office.state.health.backup.failed(failed, "no room in /mnt/backup".to_owned());
    let page = office.get("/devices", &session).await.text;
    for words in ["Sun 1 March, 02:30", "has failed since", "Mon 2 March, 02:30", "administrator"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(!page.contains("/mnt/backup"), "the server's folders are an administrator's affair");
}
