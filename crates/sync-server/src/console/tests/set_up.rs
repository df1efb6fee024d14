//! Set-up is for administrators; an import with a fault changes nothing.

use axum::http::StatusCode;
use doorstep_core::ids::PersonId;

use super::office::{DESTA, Office, id};
use crate::store::directory::Person;

const BOUNDARY: &str = "a-boundary";

/// An office whose Desta administers it.
async fn office() -> Office {
    let office = Office::open().await;
    office
        .write(|tx| {
            let desta = tx.person(PersonId(id(DESTA)))?.expect("is there");
            tx.put_person(&Person { administrator: true, ..desta })
        })
        .await;
    office
}

/// A form with files, as a browser sends it.
fn form(csrf: &str, button: &str, files: &[(&str, &str)]) -> String {
    let part = |head: String, body: &str| {
        format!("--{BOUNDARY}\r\nContent-Disposition: form-data; {head}\r\n\r\n{body}\r\n")
    };
    let mut sent = part("name=\"csrf\"".to_owned(), csrf);
    for (name, text) in files {
        sent += &part(format!("name=\"files\"; filename=\"{name}\""), text);
    }
    if !button.is_empty() {
        sent += &part(format!("name=\"{button}\""), "yes");
    }
    sent + &format!("--{BOUNDARY}--\r\n")
}

async fn names(office: &Office) -> Vec<String> {
    let look = |tx: &dyn crate::store::Tx| tx.children();
    let children = office.state.db.read::<_, crate::store::StoreError>(look).await.unwrap();
    children.into_iter().map(|child| child.external).collect()
}

const CHILDREN: &str = "child_id,name,team_id\nC7,Amber Sampleford,North\n";
const FAULTY: &str = "child_id,name,team_id\nC8,Amber,Nowhere\n,=1+1<script>,North\n";

#[tokio::test]
async fn an_import_is_checked_first_and_done_then() {
    let office = office().await;
    let session = office.sign_in("desta").await;
    let csrf = office.get("/set-up/import", &session).await.csrf();
    let files = [("children.csv", CHILDREN)];
    let checked = office.post_files(BOUNDARY, &session, &form(&csrf, "trial", &files)).await;
    assert_eq!(checked.status, StatusCode::OK, "{}", checked.text);
    assert!(checked.text.contains("children: 1 new, 0 changed, 0 the same"), "{}", checked.text);
    assert_eq!(names(&office).await, ["C1"]);
    let done = office.post_files(BOUNDARY, &session, &form(&csrf, "", &files)).await;
    assert!(done.text.contains("Imported"), "{}", done.text);
    assert_eq!(names(&office).await.len(), 2);
    let page = office.get("/set-up", &session).await;
    for words in ["North", "Priya Raman", "As priya", "1 child is allocated to nobody."] {
        assert!(page.text.contains(words), "{words}: {}", page.text);
    }
    assert!(!page.text.contains("Amber"), "no child is named");
}

#[tokio::test]
async fn every_fault_of_a_file_is_shown_and_nothing_is_changed() {
    let office = office().await;
    let session = office.sign_in("desta").await;
    let csrf = office.get("/set-up/import", &session).await.csrf();
    let files = [("good.csv", CHILDREN), ("children.csv", FAULTY)];
    let answer = office.post_files(BOUNDARY, &session, &form(&csrf, "", &files)).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    for words in ["Nothing was changed: 2 faults", "children.csv", "team_id", "child_id", "Nowhere"]
    {
        assert!(answer.text.contains(words), "{words}: {}", answer.text);
    }
    assert!(!answer.text.contains("<script>,"), "hostile cells are text");
    assert_eq!(names(&office).await, ["C1"]);
    let none = office.post_files(BOUNDARY, &session, &form(&csrf, "", &[])).await;
    assert!(none.text.contains("Choose a file"));
}

#[tokio::test]
async fn set_up_is_for_administrators_and_for_forms_of_their_own_session() {
    let office = office().await;
    let (margaret, desta) = (office.sign_in("margaret").await, office.sign_in("desta").await);
    for path in ["/set-up", "/set-up/import"] {
        assert_eq!(office.get(path, &margaret).await.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(office.get(path, &desta).await.status, StatusCode::OK, "{path}");
    }
    let files = [("children.csv", CHILDREN)];
    let csrf = office.get("/inbox", &margaret).await.csrf();
    for (session, csrf, status) in [
        (&margaret, csrf.as_str(), StatusCode::NOT_FOUND),
        (&desta, "another", StatusCode::FORBIDDEN),
    ] {
        let answer = office.post_files(BOUNDARY, session, &form(csrf, "", &files)).await;
        assert_eq!(answer.status, status);
    }
    assert_eq!(names(&office).await, ["C1"]);
}
