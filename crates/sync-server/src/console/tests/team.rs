//! Saying who is away, and giving an escalation to somebody else, on the pages.

use axum::http::StatusCode;
use doorstep_core::ids::{EscalationId, PersonId};

use super::escalation;
use super::office::{DESTA, ESCALATION, MARGARET, NOW, OMAR, Office, PRIYA, id, utc};
use crate::store::Tx;
use crate::store::ledger::Told;

fn path_of(person: u128) -> String {
    PersonId(id(person)).to_string()
}

/// Posts a form with the page's token.
async fn send(office: &Office, session: &str, path: &str, form: &str) -> super::office::Answer {
    let csrf = office.get("/team", session).await.csrf();
    office.post(path, session, &format!("csrf={csrf}&{form}")).await
}

#[tokio::test]
async fn not_available_now_is_one_click_and_so_is_being_back() {
    let office = Office::open().await;
    let session = office.sign_in("margaret").await;
    let answer = send(&office, &session, "/team/not-available", "").await;
    assert_eq!(answer.location, "/team?done=not-available");
    let again = send(&office, &session, "/team/not-available", "").await;
    assert_eq!(again.status, StatusCode::SEE_OTHER);
    let page = office.get("/team", &session).await;
    assert!(page.text.contains("Not available"), "{}", page.text);
    assert!(page.text.contains("I am back"));

    let answer = send(&office, &session, "/team/back", "number=1").await;
    assert_eq!(answer.location, "/team?done=back");
    let page = office.get("/team", &session).await;
    assert!(page.text.contains("I am not available now"));
    let repeated = send(&office, &session, "/team/back", "number=1").await;
    assert_eq!(repeated.status, StatusCode::SEE_OTHER, "a second click changes nothing");
}

#[tokio::test]
async fn an_absence_of_the_team_is_written_down_with_who_stands_in() {
    let office = Office::open().await;
    let session = office.sign_in("margaret").await;
    let form = format!(
        "person={}&why=leave&from-day=3&from-month=3&from-year=2026&until-day=6&until-month=3\
         &until-year=2026&deputy={}",
        path_of(PRIYA),
        path_of(MARGARET)
    );
    let answer = send(&office, &session, "/team", &form).await;
    assert_eq!(answer.location, "/team?done=absent");
    let page = office.get("/team", &session).await;
    for words in
        ["On leave from Tue 3 March", "until Sat 7 March, 00:00", "Margaret Ellison stands in"]
    {
        assert!(page.text.contains(words), "{words}\n{}", page.text);
    }
}

#[tokio::test]
async fn a_second_click_is_no_second_absence_that_would_go_on_when_the_first_is_ended() {
    let office = Office::open().await;
    let session = office.sign_in("margaret").await;
    let dated = "from-day=3&from-month=3&from-year=2026&until-day=6&until-month=3&until-year=2026";
    for form in [
        format!("person={}&why=leave&{dated}", path_of(PRIYA)),
        format!("person={}&why=ill", path_of(MARGARET)),
    ] {
        for _ in 0..2 {
            let answer = send(&office, &session, "/team", &form).await;
            assert_eq!(answer.location, "/team?done=absent");
            office.pass(1);
        }
    }
    assert_eq!(office.absences().await, 2);
    let other = format!("person={}&why=leave&{}", path_of(PRIYA), dated.replace("=6&", "=7&"));
    send(&office, &session, "/team", &other).await;
    assert_eq!(office.absences().await, 3, "another end is another absence");
}

#[tokio::test]
async fn who_stands_in_sees_what_the_absent_one_had_open_before() {
    let office = Office::open().await;
    let (margaret, desta) = (office.sign_in("margaret").await, office.sign_in("desta").await);
    let path = format!("/escalations/{}", id(ESCALATION));
    let csrf = office.get(&path, &margaret).await.csrf();
    office.post(&format!("{path}/acknowledge"), &margaret, &format!("csrf={csrf}")).await;
    let covered = async || office.get("/inbox?whose=covered", &desta).await.text;
    assert!(!covered().await.contains(&path), "while she is there it is hers");
    let form = format!("person={}&why=leave&deputy={}", path_of(MARGARET), path_of(DESTA));
    send(&office, &margaret, "/team", &form).await;
    let page = covered().await;
    assert!(page.contains(&path) && page.contains("in the place of Margaret Ellison"), "{page}");
    assert!(!office.get("/inbox", &desta).await.text.contains(&path), "it is not Desta's own");
    send(&office, &margaret, "/team/back", "number=1").await;
    assert!(!covered().await.contains(&path));
}

#[tokio::test]
async fn what_was_passed_on_says_to_whom_it_is_addressed() {
    let office = Office::open().await;
    let desta = office.sign_in("desta").await;
    let told = Told::now(PersonId(id(DESTA)), utc(NOW), None);
    office.write(move |tx| tx.put_told(EscalationId(id(ESCALATION)), &told)).await;
    let page = office.get("/inbox", &desta).await.text;
    let words = "to Margaret Ellison as line manager, passed on to you";
    assert!(page.contains(words), "{page}");
    let hers = office.get("/inbox", &office.sign_in("margaret").await).await.text;
    assert!(hers.contains("to you as line manager"), "{hers}");
}

#[tokio::test]
async fn a_faulty_absence_says_all_that_is_wrong_and_keeps_what_was_typed() {
    let office = Office::open().await;
    let session = office.sign_in("margaret").await;
    for (form, words) in [
        ("person=&why=leave".to_owned(), "Choose who is away"),
        (format!("person={}&why=bored", path_of(PRIYA)), "Choose why"),
        (format!("person={}&why=ill", path_of(OMAR)), "Choose who is away"),
        (
            format!("person={0}&why=ill&deputy={0}", path_of(PRIYA)),
            "nobody stands in for themselves",
        ),
        (
            format!("person={}&why=ill&from-day=31&from-month=2&from-year=2026", path_of(PRIYA)),
            "Enter a date",
        ),
        (
            format!("person={}&why=ill&until-day=1&until-month=3&until-year=2026", path_of(PRIYA)),
            "The last day must not lie before the first",
        ),
    ] {
        let answer = send(&office, &session, "/team", &form).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{form}");
        assert!(answer.text.contains(words), "{form}: {}", answer.text);
        assert!(answer.text.contains("<title>Error: Team"), "{form}");
    }
    let kept = "person=&why=ill&until-day=99&until-month=3&until-year=2026";
    let answer = send(&office, &session, "/team", kept).await;
    assert!(answer.text.contains("value=\"99\""), "{}", answer.text);
    assert_eq!(office.absences().await, 0);
}

#[tokio::test]
async fn who_does_not_answer_for_a_team_speaks_only_for_themselves() {
    let office = Office::open().await;
    let session = office.sign_in("priya").await;
    let page = office.get("/team", &session).await;
    assert!(!page.text.contains("Margaret Ellison"), "{}", page.text);
    let form = format!("person={}&why=ill", path_of(MARGARET));
    let answer = send(&office, &session, "/team", &form).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn an_escalation_is_handed_over_to_a_colleague_and_to_nobody_else() {
    let office = Office::open().await;
    let session = office.sign_in("margaret").await;
    let page = office.get(&escalation(), &session).await;
    assert!(page.text.contains("Next: "), "{}", page.text);
    let path = format!("{}/hand-over", escalation());
    let foreign = send(&office, &session, &path, &format!("to={}", path_of(OMAR))).await;
    assert_eq!(foreign.status, StatusCode::NOT_FOUND);
    let answer = send(&office, &session, &path, &format!("to={}", path_of(PRIYA))).await;
    assert_eq!(answer.location, format!("{}?done=handed-over", escalation()));
    let page = office.get(&answer.location, &session).await;
    assert!(page.text.contains("Handed over to Priya Raman"), "{}", page.text);
    let line = office.line().await;
    assert_eq!((line.addressee, line.id.0), (PersonId(id(PRIYA)), id(ESCALATION)));
    let both = office.write(|tx: &mut dyn Tx| {
        let told = tx.told(doorstep_core::ids::EscalationId(id(ESCALATION)))?;
        assert_eq!(told.len(), 2);
        Ok(())
    });
    both.await;
}

#[tokio::test]
async fn an_escalation_leads_to_the_words_of_its_clause() {
    let office = Office::open().await;
    let session = office.sign_in("margaret").await;
    let page = office.get(&escalation(), &session).await;
    assert!(page.text.contains("href=\"/policy#GA-6.1\""), "{}", page.text);
    let policies = office.get("/policy", &session).await;
    for clause in ["GA-6.1", "NA-4.5", "NA-7.3"] {
        assert!(policies.text.contains(&format!("id=\"{clause}\"")), "{clause}");
    }
}
