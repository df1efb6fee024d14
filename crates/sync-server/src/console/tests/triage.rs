//! Deciding about what was set aside, on its page.

use axum::http::StatusCode;
use doorstep_core::ids::{ChildId, PersonId};

use super::office::{CHILD, MARGARET, Office, id, set_aside};
use crate::store::log::{DecisionOutcome, SetAside};

const PAGE: &str = "/quarantine/1";

/// An office in which one record of Priya's device is set aside, and Margaret's session.
async fn one_set_aside() -> (Office, String) {
    let office = Office::open().await;
    office.write(|tx| tx.set_aside(&set_aside("{not an event"))).await;
    let session = office.sign_in("margaret").await;
    (office, session)
}

async fn entry(office: &Office) -> SetAside {
    office.state.db.read(|tx| tx.set_aside_entry(1)).await.unwrap().unwrap()
}

async fn decide(office: &Office, session: &str, form: &str) -> super::office::Answer {
    let csrf = office.get(PAGE, session).await.csrf();
    office.post(PAGE, session, &format!("csrf={csrf}&{form}")).await
}

#[tokio::test]
async fn a_manager_dismisses_what_was_set_aside_and_everybody_sees_who_and_why() {
    let (office, session) = one_set_aside().await;
    let list = office.get("/quarantine", &session).await.text;
    assert!(list.contains("href=\"/quarantine/1\""), "the list leads to the decision");
    let answer = decide(&office, &session, "decision=dismiss&reason=A+test+of+the+app").await;
    assert_eq!(answer.location, "/quarantine?done=dismissed");
    let list = office.get(&answer.location, &session).await.text;
    assert!(list.contains("Nothing is set aside") && list.contains("Set aside for good by "));
    assert!(list.contains("Margaret Ellison") && list.contains("A test of the app"));
    let decision = entry(&office).await.decision.unwrap();
    assert_eq!(
        (decision.by, decision.outcome),
        (PersonId(id(MARGARET)), DecisionOutcome::Dismissed)
    );
    let again = office.get(PAGE, &session).await;
    assert!(!again.text.contains("What becomes of it?"), "it is decided once");
}

#[tokio::test]
async fn what_a_broken_record_meant_is_recorded_by_the_manager() {
    let (office, session) = one_set_aside().await;
    let page = office.get(PAGE, &session).await.text;
    assert!(page.contains("It cannot be released") && !page.contains("value=\"release\""));
    let external = office.state.db.read(|tx| tx.child(ChildId(id(CHILD)))).await.unwrap();
    let form = format!(
        "decision=correct&reason=Priya+told+me&child={}&what=doorstep&day=2&month=3&year=2026\
         &time=09:15",
        external.unwrap().external
    );
    let answer = decide(&office, &session, &form).await;
    assert_eq!(answer.location, "/quarantine?done=corrected", "{}", answer.text);
    let list = office.get("/quarantine", &session).await.text;
    assert!(list.contains("Corrected by a record of ") && list.contains("#record-"));
    let child = office.get(&format!("/children/{}", id(CHILD)), &session).await.text;
    assert!(child.contains("Recorded by Margaret Ellison"));
}

#[tokio::test]
async fn a_form_that_lacks_something_says_what_and_decides_nothing() {
    let (office, session) = one_set_aside().await;
    for (form, words) in [
        ("reason=why", "Choose what becomes of it"),
        ("decision=dismiss&reason=+", "Say why"),
        ("decision=release&reason=why", "It cannot be released"),
        ("decision=correct&reason=why&child=nobody", "There is no child with this number"),
    ] {
        let answer = decide(&office, &session, form).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{form}");
        assert!(
            answer.text.contains("There is a problem") && answer.text.contains(words),
            "{form}"
        );
    }
    assert_eq!(entry(&office).await.decision, None);
}

#[tokio::test]
async fn nobody_else_sees_or_decides() {
    let (office, _) = one_set_aside().await;
    let stranger = office.sign_in("omar").await;
    assert_eq!(office.get(PAGE, &stranger).await.status, StatusCode::NOT_FOUND);
    let author = office.sign_in("priya").await;
    let page = office.get(PAGE, &author).await;
    assert_eq!(page.status, StatusCode::OK, "the author sees what came from the own device");
    assert!(!page.text.contains("What becomes of it?"));
    let csrf = page.csrf();
    let form = format!("csrf={csrf}&decision=dismiss&reason=mine");
    assert_eq!(office.post(PAGE, &author, &form).await.status, StatusCode::NOT_FOUND);
    assert_eq!(entry(&office).await.decision, None);
}
