//! Passwords of one's own, first passwords, recovery codes of both kinds, and the emergency access.

use axum::http::StatusCode;
use chrono::TimeDelta;
use doorstep_core::event::Role;
use doorstep_core::ids::PersonId;
use doorstep_core::seal::Hash;

use super::office::{Answer, MARGARET, OMAR, Office, PASSWORD, PRIYA, id};
use super::second_factor::{app, press, recovery_codes};
use super::{child, escalation};
use crate::config::{Config, SecondFactorFor};
use crate::console::accounts::{self, AccountError};
use crate::console::emergency;
use crate::console::second_factor::{RECOVERY_CODES, Sealing};
use crate::store::accounts::{Happening, SecondFactor};
use crate::store::directory::Person;
use crate::store::sqlite::SqliteStore;
use crate::store::{StoreError, Tx};

const OWN: &str = "kettle orbit walnut";
const FIRST: &str = "first words for somebody";

/// Sets an own password on the page of one's account.
async fn change(office: &Office, session: &str, now: &str, new: &str, code: &str) -> Answer {
    let csrf = office.get("/account", session).await.csrf();
    let typed = |words: &str| words.replace(' ', "+");
    let form = format!("csrf={csrf}&now={}&new={}&code={code}", typed(now), typed(new));
    office.post("/account/password", session, &form).await
}

/// What happened to somebody's account, the latest first.
async fn happened(office: &Office, person: PersonId) -> Vec<Happening> {
    let look = move |tx: &dyn Tx| tx.account_events(Some(person), 100);
    let events = office.state.db.read::<_, StoreError>(look).await.unwrap();
    events.into_iter().map(|event| event.what).collect()
}

/// Who is still to hear of what.
async fn to_hear(office: &Office) -> Vec<(Happening, u128)> {
    let look = |tx: &dyn Tx| tx.untold_account_events(100);
    let untold = office.state.db.read::<_, StoreError>(look).await.unwrap();
    untold.into_iter().map(|(event, person)| (event.what, person.0.as_u128())).collect()
}

async fn first_password(office: &Office) {
    let (db, ambient, margaret) = (&office.state.db, &office.state.ambient, PersonId(id(MARGARET)));
    accounts::set_first_password(db, ambient, margaret, "margaret", FIRST).await.unwrap();
}

#[tokio::test]
async fn somebody_changes_their_own_password_and_is_signed_out_everywhere_else() {
    let office = Office::open().await;
    let (elsewhere, session) = (office.sign_in("margaret").await, office.sign_in("margaret").await);
    let other = office.sign_in("desta").await;
    let done = change(&office, &session, PASSWORD, OWN, "").await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text);
    assert!(done.text.contains("Your password is changed"), "{}", done.text);
    let fresh = done.cookies[0].clone();
    assert_ne!(fresh, session, "the session goes on under a new token");
    assert_eq!(office.get("/inbox", &fresh).await.status, StatusCode::OK);
    for ended in [&elsewhere, &session] {
        assert_eq!(office.get("/inbox", ended).await.status, StatusCode::SEE_OTHER);
    }
    assert_eq!(office.get("/inbox", &other).await.status, StatusCode::OK);
    let old = office.try_sign_in("margaret", PASSWORD, "").await;
    assert_eq!(old.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(office.try_sign_in("margaret", OWN, "").await.status, StatusCode::SEE_OTHER);

    let margaret = PersonId(id(MARGARET));
    assert_eq!(happened(&office, margaret).await[0], Happening::PasswordChanged);
    assert_eq!(to_hear(&office).await, [(Happening::PasswordChanged, MARGARET)]);
    let log = office.get("/access", &fresh).await.text;
    assert!(log.contains("Own password set"), "{log}");
    assert!(!office.get("/access?child=C1", &fresh).await.text.contains("Own password set"));
    let stranger = office.sign_in("omar").await;
    let others = office.get("/access", &stranger).await.text;
    assert!(!others.contains("Margaret"), "another team's accounts are none of theirs");
}

#[tokio::test]
async fn a_new_password_is_not_taken_without_the_old_one_nor_where_it_is_weak() {
    let office = Office::open().await;
    let session = office.sign_in("margaret").await;
    for (now, new, words) in [
        ("not it", OWN, "This is not your password"),
        (PASSWORD, PASSWORD, "Choose another password"),
        (PASSWORD, "short", "Use at least 12 characters"),
        (PASSWORD, "margaret and me", "Leave your username out"),
        (PASSWORD, "password1234", "among those that are tried first"),
        (PASSWORD, "Ellison-Ellison", "among those that are tried first"),
        (PASSWORD, "Fernleigh2026", "among those that are tried first"),
    ] {
        let answer = change(&office, &session, now, new, "").await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{new}");
        assert!(answer.text.contains(words), "{new}: {}", answer.text);
        assert!(!answer.text.contains(now) && !answer.text.contains(new), "it is not sent back");
    }
    let forged = format!("csrf=forged&now={PASSWORD}&new={OWN}").replace(' ', "+");
    let answer = office.post("/account/password", &session, &forged).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert_eq!(office.try_sign_in("margaret", PASSWORD, "").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn whoever_guesses_the_password_of_an_open_session_waits() {
    let office = Office::open().await;
    let session = office.sign_in("margaret").await;
    for _ in 0..5 {
        change(&office, &session, "not the password", OWN, "").await;
    }
    let right = change(&office, &session, PASSWORD, OWN, "").await;
    assert_eq!(right.status, StatusCode::UNPROCESSABLE_ENTITY, "a minute is to pass first");
    office.pass(1);
    assert_eq!(change(&office, &session, PASSWORD, OWN, "").await.status, StatusCode::OK);
}

#[tokio::test]
async fn where_codes_are_on_a_new_password_takes_one_and_trying_codes_takes_time() {
    let office = Office::open().await;
    let session = office.sign_in("margaret").await;
    press(&office, &session, "begin", "").await;
    press(&office, &session, "confirm", &app(&office).await).await;
    office.pass(1);
    for wrong in ["", "000000"] {
        let answer = change(&office, &session, PASSWORD, OWN, wrong).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
    }
    let done = change(&office, &session, PASSWORD, OWN, &app(&office).await).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text);
    let session = done.cookies[0].clone();
    office.pass(1);
    for _ in 0..5 {
        press(&office, &session, "off", "000000").await;
    }
    let right = press(&office, &session, "off", &app(&office).await).await;
    assert_eq!(right.status, StatusCode::UNPROCESSABLE_ENTITY, "a minute is to pass first");
}

#[tokio::test]
async fn a_first_password_opens_nothing_but_the_page_to_set_an_own_one() {
    let office = Office::open().await;
    first_password(&office).await;
    let entered = office.try_sign_in("margaret", FIRST, "").await;
    let session = entered.cookies[0].clone();
    for path in ["/inbox", "/access.csv", &child(), &escalation(), "/numbers", "/inbox/live"] {
        assert_eq!(office.get(path, &session).await.location, "/account", "{path}");
    }
    let page = office.get("/account", &session).await;
    assert!(page.text.contains("Choose your own password"), "{}", page.text);
    let begun = press(&office, &session, "begin", "").await;
    assert_eq!(begun.location, "/account", "all else waits");
    let weak = change(&office, &session, FIRST, "password1234", "").await;
    assert_eq!(weak.status, StatusCode::UNPROCESSABLE_ENTITY);
    let same = change(&office, &session, FIRST, FIRST, "").await;
    assert_eq!(same.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", same.text);
    let done = change(&office, &session, FIRST, OWN, "").await;
    assert_eq!((done.status, done.location.as_str()), (StatusCode::SEE_OTHER, "/"));
    assert_eq!(office.get("/inbox", &done.cookies[0]).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_first_password_that_nobody_used_in_time_opens_nothing() {
    let office = Office::open().await;
    first_password(&office).await;
    let hours = accounts::FIRST_PASSWORD_WORKS.num_hours();
    office.pass(hours * 60 - 1);
    let entered = office.try_sign_in("margaret", FIRST, "").await;
    assert_eq!(entered.status, StatusCode::SEE_OTHER);
    office.pass(1);
    let late = office.try_sign_in("margaret", FIRST, "").await;
    assert_eq!(late.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(late.text.contains("password or the code is not right"), "it says no more than else");
}

#[tokio::test]
async fn a_reset_leaves_the_codes_on_and_switching_them_off_is_told() {
    let office = Office::open().await;
    office
        .write(|tx| {
            let margaret = tx.person(PersonId(id(MARGARET)))?.unwrap();
            tx.put_person(&Person { line_manager: Some(PersonId(id(OMAR))), ..margaret })
        })
        .await;
    let session = office.sign_in("margaret").await;
    press(&office, &session, "begin", "").await;
    press(&office, &session, "confirm", &app(&office).await).await;
    office.pass(1);
    first_password(&office).await;
    assert_eq!(
        to_hear(&office).await,
        [(Happening::PasswordReset, MARGARET), (Happening::PasswordReset, OMAR)]
    );
    let without = office.try_sign_in("margaret", FIRST, "").await;
    assert_eq!(without.status, StatusCode::UNPROCESSABLE_ENTITY, "the code is still asked for");

    let (db, ambient, margaret) = (&office.state.db, &office.state.ambient, PersonId(id(MARGARET)));
    assert!(accounts::remove_codes(db, ambient, margaret).await.unwrap());
    assert!(!accounts::remove_codes(db, ambient, margaret).await.unwrap());
    assert_eq!(
        to_hear(&office).await[2..],
        [(Happening::CodesRemoved, MARGARET), (Happening::CodesRemoved, OMAR)]
    );
    let entered = office.try_sign_in("margaret", FIRST, "").await;
    assert_eq!(entered.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn recovery_codes_are_long_and_those_of_the_older_kind_go_on_working() {
    let office = Office::open().await;
    let session = office.sign_in("margaret").await;
    press(&office, &session, "begin", "").await;
    let on = press(&office, &session, "confirm", &app(&office).await).await;
    let codes = recovery_codes(&on);
    let letters = |code: &String| code.chars().filter(char::is_ascii_alphanumeric).count();
    assert_eq!(codes.len(), RECOVERY_CODES);
    // Five random bits in each letter, and 112 are asked for.
    assert!(codes.iter().all(|code| letters(code) * 5 >= 112), "{codes:?}");
    let page = office.get("/account", &session).await.text;
    assert!(!page.contains("older, shorter kind"), "{page}");

    let file = rusqlite::Connection::open(SqliteStore::file(office.folder())).unwrap();
    let short = Hash::of(b"ABCDEFGHJK");
    let sql = "INSERT INTO recovery_code (person, hash) VALUES (?1, ?2)";
    file.execute(sql, rusqlite::params![id(MARGARET).to_string(), short.0]).unwrap();
    let page = office.get("/account", &session).await.text;
    assert!(page.contains("older, shorter kind"), "{page}");
    press(&office, &session, "off", "abcde-fghjk").await;
    office.sign_in("margaret").await;
}

async fn open_emergency(office: &Office) -> emergency::Opened {
    let (db, ambient) = (&office.state.db, &office.state.ambient);
    let reason = "the identity provider is down, a child is missing";
    emergency::open(db, ambient, reason, emergency::OPEN).await.unwrap()
}

async fn emergency_person(office: &Office) -> Person {
    let look = |tx: &dyn Tx| tx.person_called(Person::EMERGENCY);
    office.state.db.read::<_, StoreError>(look).await.unwrap().unwrap()
}

#[tokio::test]
async fn the_emergency_access_opens_once_for_four_hours_and_everybody_in_charge_hears() {
    let config = Config { second_factor: SecondFactorFor::All, ..Config::default() };
    let office = Office::open_with(config).await;
    office
        .write(|tx| {
            let omar = tx.person(PersonId(id(OMAR)))?.unwrap();
            tx.put_person(&Person { administrator: true, ..omar })?;
            let priya = tx.person(PersonId(id(PRIYA)))?.unwrap();
            tx.put_person(&Person { role: Role::SafeguardingLead, ..priya })
        })
        .await;
    let opened = open_emergency(&office).await;
    let entered = office.try_sign_in(emergency::LOGIN, &opened.password, "").await;
    assert_eq!(entered.status, StatusCode::SEE_OTHER, "{}", entered.text);
    let session = entered.cookies[0].clone();
    let again = office.try_sign_in(emergency::LOGIN, &opened.password, "").await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY, "it works once");
    for path in ["/inbox", "/set-up", "/devices", "/access"] {
        assert_eq!(office.get(path, &session).await.status, StatusCode::OK, "{path}");
    }
    let account = office.get("/account", &session).await;
    assert!(!account.text.contains("New password"), "its password is not changed there");
    let begun = press(&office, &session, "begin", "").await;
    assert_eq!(begun.status, StatusCode::NOT_FOUND, "and it has no codes");

    let heard = to_hear(&office).await;
    for person in [OMAR, PRIYA, super::office::DESTA] {
        for what in [Happening::EmergencyOpened, Happening::EmergencyUsed] {
            assert!(heard.contains(&(what, person)), "{what:?} {person:x} in {heard:?}");
        }
    }
    assert!(!heard.iter().any(|(_, person)| *person == MARGARET), "a line manager of one team");
    office.pass(4 * 60);
    assert_eq!(office.get("/inbox", &session).await.status, StatusCode::SEE_OTHER);
    let late = open_emergency(&office).await;
    office.pass(4 * 60);
    let late = office.try_sign_in(emergency::LOGIN, &late.password, "").await;
    assert_eq!(late.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn what_is_read_with_the_emergency_access_takes_a_reason_and_is_in_the_access_log() {
    let office = Office::open().await;
    let opened = open_emergency(&office).await;
    let entered = office.try_sign_in(emergency::LOGIN, &opened.password, "").await;
    let session = entered.cookies[0].clone();
    assert_eq!(office.get(&child(), &session).await.status, StatusCode::NOT_FOUND);
    let open = format!("{}/open", child());
    let csrf = office.get(&open, &session).await.csrf();
    let form = format!("csrf={csrf}&reason=The+police+ask+where+she+lives+now");
    assert_eq!(office.post(&open, &session, &form).await.location, child());
    assert_eq!(office.get(&child(), &session).await.status, StatusCode::OK);
    let person = emergency_person(&office).await;
    let log = office.accesses().await;
    assert!(log.contains(&(person.id.0.as_u128(), "child".to_owned())), "{log:?}");

    let margaret = office.sign_in("margaret").await;
    let inbox = office.get("/inbox", &margaret).await.text;
    assert!(inbox.contains("Somebody signed in with the emergency access"), "{inbox}");
    let page = office.get("/access", &margaret).await.text;
    for words in ["Emergency access opened", "the identity provider is down", "The police ask"] {
        assert!(page.contains(words), "{words} in {page}");
    }
    let priya = office.sign_in("priya").await;
    let inbox = office.get("/inbox", &priya).await.text;
    assert!(!inbox.contains("emergency access"), "whoever visits need not know");
}

#[tokio::test]
async fn the_emergency_access_is_no_colleague_and_ends_when_it_is_ended() {
    let office = Office::open().await;
    let opened = open_emergency(&office).await;
    let person = emergency_person(&office).await;
    assert_eq!(person.left, Some(opened.until));
    let desk = |tx: &dyn Tx| tx.people(crate::store::directory::People::Administrators);
    let desk = office.state.db.read::<_, StoreError>(desk).await.unwrap();
    assert!(!desk.contains(&person), "no escalation goes to where nobody sits");
    let margaret = office.sign_in("margaret").await;
    for path in ["/devices/enrol", "/team"] {
        let text = office.get(path, &margaret).await.text;
        assert!(!text.contains("Emergency access"), "{path}");
    }
    let (db, ambient) = (&office.state.db, &office.state.ambient);
    let as_account = accounts::set_password(db, ambient, person.id, "somebody", OWN).await;
    assert!(matches!(as_account, Err(AccountError::NoSuchPerson)));

    let entered = office.try_sign_in(emergency::LOGIN, &opened.password, "").await;
    assert!(emergency::end(db, ambient).await.unwrap());
    assert!(!emergency::end(db, ambient).await.unwrap(), "it was ended already");
    let ended = office.get("/inbox", &entered.cookies[0]).await;
    assert_eq!(ended.status, StatusCode::SEE_OTHER);
    assert_eq!(
        happened(&office, person.id).await,
        [Happening::EmergencyEnded, Happening::EmergencyUsed, Happening::EmergencyOpened]
    );
    let long = emergency::open(db, ambient, "a reason of some length", TimeDelta::days(9)).await;
    assert_eq!(long.unwrap().until - ambient.now(), emergency::OPEN_MAX);
}

#[tokio::test]
async fn what_happened_to_accounts_is_only_ever_added_to() {
    let office = Office::open().await;
    first_password(&office).await;
    let file = rusqlite::Connection::open(SqliteStore::file(office.folder())).unwrap();
    for sql in ["UPDATE account_event SET what = 'made'", "DELETE FROM account_event"] {
        let refused = file.execute(sql, []).unwrap_err().to_string();
        assert!(refused.contains("only added to"), "{refused}");
    }
    // Sealed with a key that is gone, a second factor opens nothing; it does not open everything.
    let margaret = PersonId(id(MARGARET));
    let sealing = Sealing::of(&office.state).unwrap();
    let mut secret = sealing.seal(margaret, [7; 20], [9; 24]);
    secret[30] ^= 1;
    office
        .write(move |tx| {
            let confirmed = Some(super::office::utc(super::office::NOW));
            let secret = secret.clone();
            tx.put_second_factor(&SecondFactor {
                person: margaret,
                secret,
                confirmed,
                last_step: 0,
            })
        })
        .await;
    let entered = office.try_sign_in("margaret", FIRST, "").await;
    assert_eq!(entered.status, StatusCode::UNPROCESSABLE_ENTITY);
}
