//! Who may look, who looked, and what takes two people.

use axum::http::StatusCode;
use doorstep_core::access::Tie;
use doorstep_core::ids::{ChildId, PersonId};

use super::office::{Answer, CHILD, DESTA, MARGARET, NOW, OMAR, Office, PASSWORD, PRIYA, id, utc};
use super::{child, escalation};
use crate::console::accounts;
use crate::store::availability::{Absence, AbsentBecause};
use crate::store::directory::{Child, Person};

const REASON: &str = "The+school+phoned,+nobody+of+the+team+answers";

async fn auditor(office: &Office) -> String {
    office
        .write(|tx| {
            let margaret = tx.person(PersonId(id(MARGARET)))?.unwrap();
            tx.put_person(&Person {
                id: PersonId(id(0x59)),
                external: "P-audit".to_owned(),
                name: "Ayo Auditor".to_owned().into(),
                auditor: true,
                ..margaret
            })
        })
        .await;
    let (db, ambient) = (&office.state.db, &office.state.ambient);
    accounts::set_password(db, ambient, PersonId(id(0x59)), "ayo", PASSWORD).await.unwrap();
    office.sign_in("ayo").await
}

fn open() -> String {
    format!("{}/open", child())
}

async fn break_glass(office: &Office, session: &str, reason: &str) -> Answer {
    let csrf = office.get(&open(), session).await.csrf();
    office.post(&open(), session, &format!("csrf={csrf}&reason={reason}")).await
}

#[tokio::test]
async fn the_glass_opens_one_record_for_a_time_and_tells_why() {
    let office = Office::open().await;
    let omar = office.sign_in("omar").await;
    assert_eq!(office.get(&child(), &omar).await.status, StatusCode::NOT_FOUND);
    let short = break_glass(&office, &omar, "because").await;
    assert_eq!(short.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(office.get(&child(), &omar).await.status, StatusCode::NOT_FOUND);

    assert_eq!(break_glass(&office, &omar, REASON).await.location, child());
    let page = office.get(&child(), &omar).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(!page.text.contains("Larch"));
    let csrf = page.csrf();
    let address = format!("{}/address", child());
    let shown = office.post(&address, &omar, &format!("csrf={csrf}")).await;
    assert_eq!(shown.status, StatusCode::NOT_FOUND, "the glass opens no protected address");

    let log = office.get("/access?outside=1", &omar).await.text;
    assert!(log.contains("nobody of the team answers"), "{log}");
    office.pass(4 * 60);
    let omar = office.sign_in("omar").await;
    assert_eq!(office.get(&child(), &omar).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_was_opened_is_looked_into_by_somebody_else() {
    let office = Office::open().await;
    let omar = office.sign_in("omar").await;
    break_glass(&office, &omar, REASON).await;
    let own = office.get("/glass", &omar).await;
    assert!(own.text.contains("Somebody else has to look into"), "{}", own.text);
    let csrf = office.get("/access", &omar).await.csrf();
    let verdict = |csrf: &str| format!("csrf={csrf}&verdict=justified&reason=phoned+the+school");
    let alone = office.post("/glass/1", &omar, &verdict(&csrf)).await;
    assert_eq!(alone.status, StatusCode::NOT_FOUND);

    let priya = office.sign_in("priya").await;
    assert_eq!(office.get("/glass", &priya).await.status, StatusCode::NOT_FOUND);
    let desta = office.sign_in("desta").await;
    let waits = office.get("/glass", &desta).await;
    assert!(waits.text.contains("It was justified") && waits.text.contains("Omar Haddad"));
    let done = office.post("/glass/1", &desta, &verdict(&waits.csrf())).await;
    assert_eq!(done.location, "/glass");
    let twice = office.post("/glass/1", &desta, &verdict(&waits.csrf())).await;
    assert_eq!(twice.status, StatusCode::NOT_FOUND);
    assert!(office.get("/glass", &desta).await.text.contains("phoned the school"));
}

#[tokio::test]
async fn an_auditor_sees_who_looked_in_a_month_and_why_and_no_record() {
    let office = Office::open().await;
    let (priya, omar) = (office.sign_in("priya").await, office.sign_in("omar").await);
    office.get(&child(), &priya).await;
    office.get(&escalation(), &omar).await;
    let ayo = auditor(&office).await;
    assert_eq!(office.get(&child(), &ayo).await.status, StatusCode::NOT_FOUND);
    assert_eq!(office.get(&open(), &ayo).await.status, StatusCode::NOT_FOUND);

    let march = "/access?child=C1&from=2026-03-01&to=2026-03-31";
    let text = office.get(march, &ayo).await.text;
    for words in ["Priya Raman", "the child is allocated to them", "Omar Haddad", "Not allowed"] {
        assert!(text.contains(words), "{words} in {text}");
    }
    assert!(!text.contains("Amira"), "the log names no child");
    let outside = office.get(&format!("{march}&outside=1"), &ayo).await.text;
    assert!(!outside.contains("Priya Raman") && outside.contains("Omar Haddad"));
    let april = office.get("/access?child=C1&from=2026-04-01", &ayo).await.text;
    assert!(april.contains("No readings"));
    let nobody = office.get("/access?who=P-nobody", &ayo).await.text;
    assert!(nobody.contains("There is nobody with this reference"));

    let file = office.get("/access.csv?child=C1", &ayo).await;
    assert_eq!(file.headers["content-type"], "text/csv; charset=utf-8");
    assert!(
        file.text.contains(",\"Priya Raman\",\"C1\",\"child\",\"allocated\","),
        "{}",
        file.text
    );
    assert!(!file.text.contains("Amira"));
}

#[tokio::test]
async fn everybody_sees_their_own_readings_and_a_manager_the_teams() {
    let office = Office::open().await;
    let (priya, desta) = (office.sign_in("priya").await, office.sign_in("desta").await);
    let omar = office.sign_in("omar").await;
    office.get(&child(), &priya).await;
    office.get(&child(), &desta).await;
    let own = office.get("/access?who=P81", &priya).await.text;
    assert!(own.contains("Your own readings") && own.contains("Priya Raman"));
    assert!(!own.contains("Desta Alemu"));
    let team = office.get("/access", &desta).await.text;
    assert!(team.contains("Priya Raman") && team.contains("Desta Alemu"));
    let other = office.get("/access", &omar).await.text;
    assert!(!other.contains("Priya Raman") && other.contains("No readings"));
}

#[tokio::test]
async fn the_access_log_is_only_ever_added_to() {
    let office = Office::open().await;
    let priya = office.sign_in("priya").await;
    office.get(&child(), &priya).await;
    let file = crate::store::sqlite::SqliteStore::file(office.folder());
    let conn = rusqlite::Connection::open(file).unwrap();
    for sql in ["DELETE FROM access_log", "UPDATE access_log SET by_what = 'nothing'"] {
        let refused = conn.execute(sql, []).unwrap_err().to_string();
        assert!(refused.contains("only added to"), "{refused}");
    }
}

#[tokio::test]
async fn it_takes_two_people_to_protect_an_address_no_more() {
    let office = Office::open().await;
    let path = format!("{}/protection", child());
    let margaret = office.sign_in("margaret").await;
    let desta = office.sign_in("desta").await;
    let priya = office.sign_in("priya").await;
    assert_eq!(office.get(&path, &priya).await.status, StatusCode::NOT_FOUND);
    let protected = async || {
        let look = |tx: &dyn crate::store::Tx| tx.child(ChildId(id(CHILD)));
        let found = office.state.db.read::<_, crate::store::StoreError>(look).await;
        found.unwrap().unwrap().address_protected
    };
    let csrf = office.get(&path, &margaret).await.csrf();
    let ask = format!("csrf={csrf}&answer=ask&reason=the+order+has+ended");
    office.post(&path, &margaret, &ask).await;
    assert_eq!(
        office.post(&path, &margaret, &format!("csrf={csrf}&answer=agree")).await.status,
        StatusCode::NOT_FOUND
    );
    assert!(protected().await);
    let page = office.get(&path, &desta).await;
    assert!(page.text.contains("the order has ended"), "{}", page.text);
    office.post(&path, &desta, &format!("csrf={}&answer=agree", page.csrf())).await;
    assert!(!protected().await);
}

#[tokio::test]
async fn a_deputy_opens_what_the_absent_manager_would_and_only_meanwhile() {
    let office = Office::open().await;
    office
        .write(|tx| {
            tx.add_absence(&Absence {
                person: PersonId(id(DESTA)),
                why: AbsentBecause::Leave,
                from: utc(NOW),
                until: Some(utc("2026-03-02T12:20:00Z")),
                deputy: Some(PersonId(id(OMAR))),
                recorded_by: PersonId(id(DESTA)),
                recorded: utc(NOW),
            })
        })
        .await;
    let omar = office.sign_in("omar").await;
    assert_eq!(office.get(&child(), &omar).await.status, StatusCode::OK);
    let look = |tx: &dyn crate::store::Tx| tx.accesses(ChildId(id(CHILD)), 1);
    let read = office.state.db.read::<_, crate::store::StoreError>(look).await.unwrap();
    assert_eq!(read[0].tie, Some(Tie::TeamCover));
    office.pass(120);
    let omar = office.sign_in("omar").await;
    assert_eq!(office.get(&child(), &omar).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_search_shows_the_least_that_tells_children_apart() {
    let office = Office::open().await;
    let omar = office.sign_in("omar").await;
    let csrf = office.get("/find", &omar).await.csrf();
    let found = office.post("/find", &omar, &format!("csrf={csrf}&sought=amira")).await.text;
    assert!(found.contains("C1") && found.contains("2019"), "{found}");
    for hidden in ["Larch", "05-14", "14 May", "North"] {
        assert!(!found.contains(hidden), "{hidden}");
    }
    let short = office.post("/find", &omar, &format!("csrf={csrf}&sought=am")).await;
    assert_eq!(short.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn unusually_many_records_are_shown_to_who_watches() {
    let config = crate::config::Config { reads_alarm: 2, ..Default::default() };
    let office = Office::open_with(config).await;
    office
        .write(|tx| {
            let card = tx.child(ChildId(id(CHILD)))?.unwrap();
            for number in 0x61..0x64 {
                let external = format!("C{number}");
                tx.put_child(&Child { id: ChildId(id(number)), external, ..card.clone() })?;
            }
            Ok(())
        })
        .await;
    let desta = office.sign_in("desta").await;
    for number in 0x61..0x64 {
        office.get(&format!("/children/{}", id(number)), &desta).await;
    }
    let ayo = auditor(&office).await;
    let text = office.get("/access", &ayo).await.text;
    assert!(text.contains("Unusually many records") && text.contains("Desta Alemu"), "{text}");
    let _ = PRIYA;
}

#[tokio::test]
async fn a_lost_device_is_shut_out_by_who_answers_for_its_person() {
    let office = Office::open().await;
    let path = format!("/devices/{}", id(0x41));
    let omar = office.sign_in("omar").await;
    let csrf = office.get("/access", &omar).await.csrf();
    let sure = |csrf: &str| format!("csrf={csrf}&sure=yes");
    let revoke = format!("{path}/revoke");
    assert_eq!(office.post(&revoke, &omar, &sure(&csrf)).await.status, StatusCode::NOT_FOUND);

    let desta = office.sign_in("desta").await;
    let page = office.get(&path, &desta).await;
    let asked = office.post(&revoke, &desta, &format!("csrf={}", page.csrf())).await;
    assert_eq!(asked.location, format!("{path}?sure=ask"));
    assert!(!office.get(&path, &desta).await.text.contains("What is known"));
    assert!(office.get(&asked.location, &desta).await.text.contains("Yes, shut this device out"));
    office.post(&revoke, &desta, &sure(&page.csrf())).await;
    let known = office.get(&path, &desta).await.text;
    for words in ["What is known", "never spoken to the server", "nobody can say how much"] {
        assert!(known.contains(words), "{words} in {known}");
    }
}

#[tokio::test]
async fn a_device_code_is_shown_once_as_text_and_picture_to_who_may_issue_it() {
    let office = Office::open().await;
    let priya = office.sign_in("priya").await;
    assert_eq!(office.get("/devices/enrol", &priya).await.status, StatusCode::NOT_FOUND);
    let desta = office.sign_in("desta").await;
    let form = office.get("/devices/enrol", &desta).await;
    assert!(form.text.contains("Priya Raman") && !form.text.contains("Omar Haddad"));
    let wanted = |person| format!("csrf={}&person={}", form.csrf(), id(person));
    let foreign = office.post("/devices/enrol", &desta, &wanted(OMAR)).await;
    assert_eq!(foreign.status, StatusCode::NOT_FOUND);
    let issued = office.post("/devices/enrol", &desta, &wanted(PRIYA)).await;
    assert!(issued.text.contains("<svg") && issued.text.contains("works once"));
    let again = office.get("/devices/enrol", &desta).await.text;
    assert!(!again.contains("<svg"));
}
