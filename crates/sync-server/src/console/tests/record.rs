//! Recording from an escalation: once, by whoever is first, and without losing what was typed.

use axum::http::StatusCode;
use doorstep_core::ids::{ChildId, PersonId};
use serde_json::Value;

use super::office::{Answer, CHILD, DESTA, ESCALATION, MARGARET, Office, id};
use crate::console::record::Kind;

fn path(kind: &str) -> String {
    format!("/escalations/{}/record/{kind}", id(ESCALATION))
}

/// The form on a page, as a browser would send it, with these fields filled in.
fn filled(page: &Answer, fields: &[(&str, &str)]) -> String {
    let (_, form) = page.text.split_once("class=\"ds-form\"").expect("the form");
    let (form, _) = form.split_once("</form>").unwrap();
    let mut sent = form_urlencoded::Serializer::new(String::new());
    for input in form.split("<input type=\"hidden\"").skip(1) {
        let part = |mark: &str| input.split_once(mark).unwrap().1.split_once('"').unwrap().0;
        sent.append_pair(part("name=\""), part("value=\""));
    }
    sent.extend_pairs(fields);
    sent.finish()
}

const DISCUSSED: &[(&str, &str)] = &[("with", "line-manager"), ("referral", "not-made")];
const MEETING: &[(&str, &str)] =
    &[("decided", "strategy"), ("why", "Two visits, no sight of the child")];

/// The events of a kind in the child's log: who recorded each, and what it says.
async fn recorded(office: &Office, kind: &'static str) -> Vec<(PersonId, Value)> {
    let look = move |tx: &dyn crate::store::Tx| tx.history(ChildId(id(CHILD)));
    let events = office.state.db.read::<_, crate::store::StoreError>(look).await.unwrap();
    let of_kind = events.into_iter().filter(|event| event.kind == kind);
    of_kind.map(|event| (event.person, serde_json::from_str(&event.body).unwrap())).collect()
}

#[tokio::test]
async fn a_discussion_is_an_event_in_the_managers_name_and_twice_is_once() {
    let office = Office::open().await;
    let session = office.sign_in("margaret").await;
    let page = office.get(&path("discuss"), &session).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text);
    let form = filled(&page, DISCUSSED);
    let first = office.post(&path("discuss"), &session, &form).await;
    assert_eq!(first.location, format!("/escalations/{}?done=recorded", id(ESCALATION)));
    let events = recorded(&office, "discussed").await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].0, PersonId(id(MARGARET)));
    assert_eq!(
        (&events[0].1["with"], &events[0].1["by"]),
        (&"line-manager".into(), &"line-manager".into())
    );
    assert_eq!(events[0].1["referral"], "not-made");
    assert!(office.line().await.acknowledged.is_some_and(|by| by.by == PersonId(id(MARGARET))));
    let page = office.get(&first.location, &session).await;
    assert!(page.text.contains("Recorded."), "{}", page.text);

    // A second click, and the form that the back button brings again.
    let again = office.post(&path("discuss"), &session, &form).await;
    assert!(again.location.ends_with("?done=recorded-before"), "{}", again.location);
    let page = office.get(&again.location, &session).await;
    assert!(page.text.contains("nothing was recorded twice"));
    assert_eq!(recorded(&office, "discussed").await.len(), 1);
}

#[tokio::test]
async fn of_two_managers_the_second_is_told_who_was_first_and_keeps_what_was_typed() {
    let office = Office::open().await;
    let (margaret, desta) = (office.sign_in("margaret").await, office.sign_in("desta").await);
    let kind = path("decide-planning-or-strategy-meeting");
    let first = filled(&office.get(&kind, &margaret).await, MEETING);
    let none = [("decided", "none"), ("why", "Grandmother & Amira came by")];
    let second = filled(&office.get(&kind, &desta).await, &none);
    assert_eq!(office.post(&kind, &margaret, &first).await.status, StatusCode::SEE_OTHER);
    let answer = office.post(&kind, &desta, &second).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    for words in [
        "recorded by Margaret Ellison",
        "Hold a strategy meeting. Two visits, no sight of the child",
        "Grandmother &amp; Amira came by",
    ] {
        assert!(answer.text.contains(words), "{words}: {}", answer.text);
    }
    assert_eq!(recorded(&office, "decided").await.len(), 1);
    // Having read that, Desta records hers as well.
    let again = office.post(&kind, &desta, &filled(&answer, &none)).await;
    assert_eq!(again.status, StatusCode::SEE_OTHER, "{}", again.text);
    let events = recorded(&office, "decided").await;
    assert_eq!(events.len(), 2);
    assert_eq!(events[1].0, PersonId(id(DESTA)));
}

#[tokio::test]
async fn a_session_that_ends_in_the_middle_of_a_form_costs_nothing_typed() {
    let office = Office::open().await;
    let session = office.sign_in("margaret").await;
    let kind = path("decide-police");
    let typed = [("decided", "yes"), ("why", "Shouting inside; \"quoted\"")];
    let form = filled(&office.get(&kind, &session).await, &typed);
    office.pass(61);
    let page = office.post(&kind, &session, &form).await;
    assert_eq!(page.status, StatusCode::UNAUTHORIZED);
    assert!(page.text.contains("is not lost"), "{}", page.text);
    assert_eq!(recorded(&office, "decided").await, []);

    // A wrong password first: what was typed stays with the page.
    let wrong = sign_in(&office, &page, "margaret", "not it").await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    for (login, comes_back) in [("desta", false), ("margaret", true)] {
        let signed = sign_in(&office, &wrong, login, super::office::PASSWORD).await;
        assert_eq!(signed.status, StatusCode::OK, "{}", signed.text);
        let session = signed.cookies[0].clone();
        let back = office.post(&kind, &session, &hidden(&signed)).await;
        assert_eq!(back.status, StatusCode::OK, "{}", back.text);
        assert_eq!(
            back.text.contains("Shouting inside; &quot;quoted&quot;"),
            comes_back,
            "{login}"
        );
        assert_eq!(recorded(&office, "decided").await, []);
        if comes_back {
            let sent = office.post(&kind, &session, &filled(&back, &typed)).await;
            assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text);
        }
    }
    assert_eq!(recorded(&office, "decided").await.len(), 1);
}

/// Signs in on a page that carries what was typed.
pub async fn sign_in(office: &Office, page: &Answer, login: &str, password: &str) -> Answer {
    let mut form = form_urlencoded::Serializer::new(hidden(page));
    form.append_pair("login", login).append_pair("password", password);
    office.post("/sign-in", &page.cookies[0], &form.finish()).await
}

/// The hidden fields of a page.
pub fn hidden(page: &Answer) -> String {
    let mut sent = form_urlencoded::Serializer::new(String::new());
    for input in page.text.split("<input type=\"hidden\"").skip(1) {
        let part = |mark: &str| input.split_once(mark).unwrap().1.split_once('"').unwrap().0;
        let value = part("value=\"").replace("&quot;", "\"").replace("&lt;", "<");
        sent.append_pair(part("name=\""), &value.replace("&gt;", ">").replace("&amp;", "&"));
    }
    sent.finish()
}

#[tokio::test]
async fn what_is_missing_in_a_form_is_said_at_its_field_and_nothing_is_recorded() {
    let office = Office::open().await;
    let session = office.sign_in("margaret").await;
    for (kind, fields, fault) in [
        ("discuss", &[("with", "line-manager")][..], "what was decided about a"),
        ("discuss", &[("with", "x"), ("referral", "made")], "with whom"),
        ("decide-police", &[("decided", "yes")], "Say why"),
        ("decide-police", &[("why", "Because")], "Choose what was decided"),
        ("timeframe", &[("by-time", "17:00")], "Choose a day"),
        ("timeframe", &[("by", "2026-03-02"), ("by-time", "09:00")], "a time that has not passed"),
        ("timeframe", &[("by", "2026-03-04"), ("by-time", "x")], "Enter a time"),
        ("seen", &[("agency", "school")], "Choose an answer"),
        ("seen", &[("needs", "yes"), ("agency-other", "<b>")], "with letters"),
        ("told", &[("who", "line-manager"), ("time", "9:00")], "Enter a date"),
        ("told", &[], "Choose who was told"),
        (
            "told",
            &[
                ("who", "line-manager"),
                ("day", "3"),
                ("month", "3"),
                ("year", "2026"),
                ("time", "9:00"),
            ],
            "in the future",
        ),
        ("agree-plan", &[("words", "  ")], "Say what was done"),
    ] {
        let page = office.get(&path(kind), &session).await;
        let answer = office.post(&path(kind), &session, &filled(&page, fields)).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{kind}: {}", answer.text);
        let (_, summary) = answer.text.split_once("govuk-error-summary").expect("a summary");
        assert!(summary.contains(fault), "{kind} {fault}: {}", answer.text);
    }
    let look = |tx: &dyn crate::store::Tx| tx.history(ChildId(id(CHILD)));
    let events = office.state.db.read::<_, crate::store::StoreError>(look).await.unwrap();
    assert_eq!(events.len(), 3, "as it was");
}

#[tokio::test]
async fn every_kind_has_a_form_that_only_the_entitled_see() {
    let office = Office::open().await;
    let (margaret, omar) = (office.sign_in("margaret").await, office.sign_in("omar").await);
    for kind in Kind::all() {
        let page = office.get(&path(&kind.word()), &margaret).await;
        assert_eq!(page.status, StatusCode::OK, "{kind:?}");
        // A timeframe shows the clause whose limit it sets.
        let clause = if kind == Kind::Timeframe { "NA-7.3" } else { "GA-6.1" };
        assert!(page.text.contains(clause) && !page.text.contains("<script>alert"), "{kind:?}");
        let refused = office.get(&path(&kind.word()), &omar).await;
        assert_eq!(refused.status, StatusCode::NOT_FOUND, "{kind:?}");
    }
    assert_eq!(office.get(&path("nothing"), &margaret).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_calendar_offers_working_days_only() {
    let office = Office::open().await;
    let session = office.sign_in("margaret").await;
    let page = office.get(&path("timeframe"), &session).await;
    for (day, offered) in [("2026-03-02", true), ("2026-03-06", true), ("2026-03-07", false)] {
        assert_eq!(page.text.contains(&format!("id=\"by-{day}\"")), offered, "{day}");
    }
    let fields = [("by", "2026-03-06"), ("by-time", "12:00")];
    let answer = office.post(&path("timeframe"), &session, &filled(&page, &fields)).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
    let events = recorded(&office, "visit-timeframe-set").await;
    assert_eq!(events[0].1["by_when"], "2026-03-06T12:00:00Z");
}
