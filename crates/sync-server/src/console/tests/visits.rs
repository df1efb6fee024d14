//! Planning visits on the pages.

use axum::http::StatusCode;
use doorstep_core::ids::PersonId;

use super::child;
use super::office::{Answer, CHILD, MARGARET, OMAR, Office, PRIYA, id};
use crate::store::visits::PlannedVisit;

async fn send(office: &Office, session: &str, path: &str, form: &str) -> Answer {
    let csrf = office.get(&visits(), session).await.csrf();
    office.post(path, session, &format!("csrf={csrf}&{form}")).await
}

fn visits() -> String {
    format!("{}/visits", child())
}

fn form(person: u128, day: &str, time: &str) -> String {
    let person = PersonId(id(person));
    format!("person={person}&day={day}&month=3&year=2026&time={time}")
}

async fn stored(office: &Office) -> Vec<PlannedVisit> {
    let child = doorstep_core::ids::ChildId(id(CHILD));
    office.visits(child).await
}

#[tokio::test]
async fn a_visit_is_planned_once_and_called_off() {
    let office = Office::open().await;
    let session = office.sign_in("margaret").await;
    for _ in 0..2 {
        let answer = send(&office, &session, &visits(), &form(PRIYA, "3", "14:30")).await;
        assert_eq!(answer.location, visits(), "{}", answer.text);
    }
    let [visit] = stored(&office).await[..] else { panic!("one visit") };
    assert_eq!(
        (visit.at.to_rfc3339(), visit.person.0),
        ("2026-03-03T14:30:00+00:00".into(), id(PRIYA))
    );
    let page = office.get(&visits(), &session).await;
    assert!(page.text.contains("Still to come"), "{}", page.text);

    let path = format!("{}/cancel", visits());
    for _ in 0..2 {
        let answer = send(&office, &session, &path, &format!("visit={}", visit.id)).await;
        assert_eq!(answer.location, visits());
    }
    assert!(office.get(&visits(), &session).await.text.contains("Called off"));
    assert!(stored(&office).await[0].cancelled.is_some());
}

#[tokio::test]
async fn what_is_wrong_with_a_plan_is_said_and_nothing_is_planned() {
    let office = Office::open().await;
    let session = office.sign_in("margaret").await;
    for (form, words) in [
        ("day=3&month=3&year=2026&time=14:30".to_owned(), "Choose who goes"),
        (form(OMAR, "3", "14:30"), "Choose who goes"),
        (form(MARGARET, "31", "25:00"), "Enter a time"),
        (form(MARGARET, "32", "14:30"), "Enter a day"),
        (form(MARGARET, "1", "14:30"), "must lie ahead"),
    ] {
        let answer = send(&office, &session, &visits(), &form).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{form}");
        assert!(answer.text.contains(words), "{words}: {}", answer.text);
    }
    let typed = send(&office, &session, &visits(), &form(MARGARET, "3", "at noon")).await;
    assert!(typed.text.contains("at noon"), "what was typed stays");
    assert!(stored(&office).await.is_empty());
}

#[tokio::test]
async fn who_may_not_open_the_record_plans_nothing() {
    let office = Office::open().await;
    let (session, other) = (office.sign_in("omar").await, office.sign_in("margaret").await);
    assert_eq!(office.get(&visits(), &session).await.status, StatusCode::NOT_FOUND);
    let csrf = office.get("/inbox", &session).await.csrf();
    let body = format!("csrf={csrf}&{}", form(PRIYA, "3", "14:30"));
    assert_eq!(office.post(&visits(), &session, &body).await.status, StatusCode::NOT_FOUND);
    assert_eq!(office.get(&visits(), &other).await.status, StatusCode::OK);
    assert!(stored(&office).await.is_empty());
}
