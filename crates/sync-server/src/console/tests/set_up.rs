//! Set-up is for administrators; an import with a fault changes nothing.

use axum::http::StatusCode;
use doorstep_core::ids::{ChildId, PersonId, TeamId};

use super::office::{Answer, CHILD, DESTA, MARGARET, OMAR, Office, PRIYA, id};
use crate::config::Config;
use crate::store::directory::Person;
use crate::store::{StoreError, Tx};

const BOUNDARY: &str = "a-boundary";

/// An office whose Desta administers it.
async fn office() -> Office {
    office_with(Config::default()).await
}

async fn office_with(config: Config) -> Office {
    let office = Office::open_with(config).await;
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
    for path in ["/set-up", "/set-up/import", NEW, "/set-up/allocations"] {
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
    for path in [NEW, "/set-up/allocations"] {
        let form = format!("csrf={csrf}&number=P9&name=X&role=practitioner&child=C1&person=P83");
        let answer = office.post(path, &margaret, &form).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        let forged = office.post(path, &desta, &form.replace(&csrf, "another")).await;
        assert_eq!(forged.status, StatusCode::FORBIDDEN, "{path}");
    }
    assert_eq!(called(&office, "P9").await, None);
    assert_eq!(caseloads(&office).await, [1, 0]);
    assert_eq!(names(&office).await, ["C1"]);
}

const NEW: &str = "/set-up/people/new";

/// The value of a hidden field of the page's main form.
fn hidden(page: &Answer, name: &str) -> String {
    let (_, rest) = page.text.split_once(&format!("name=\"{name}\" value=\"")).expect(name);
    rest.split_once('"').unwrap().0.to_owned()
}

async fn priya(office: &Office) -> Person {
    let look = |tx: &dyn Tx| tx.person(PersonId(id(PRIYA)));
    office.state.db.read::<_, StoreError>(look).await.unwrap().unwrap()
}

async fn called(office: &Office, number: &'static str) -> Option<Person> {
    let look = move |tx: &dyn Tx| tx.person_called(number);
    office.state.db.read::<_, StoreError>(look).await.unwrap()
}

/// Which children Priya and Omar may see.
async fn caseloads(office: &Office) -> [usize; 2] {
    let now = office.state.ambient.now();
    let look = move |tx: &dyn Tx| {
        let sees = |number| tx.caseload(PersonId(id(number)), now).map(|children| children.len());
        Ok([sees(PRIYA)?, sees(OMAR)?])
    };
    office.state.db.read::<_, StoreError>(look).await.unwrap()
}

#[tokio::test]
async fn one_person_is_added_with_what_an_import_would_find_wrong_said_at_its_field() {
    let office = office().await;
    let session = office.sign_in("desta").await;
    let page = office.get(NEW, &session).await;
    let (csrf, writer) = (page.csrf(), hidden(&page, "writer"));
    let sent = |rest: &str| format!("csrf={csrf}&writer={writer}&{rest}");

    let wrong =
        sent("number=&name=&role=&email=nobody&phone=none&hours=always&left-day=31&left-month=2");
    let answer = office.post(NEW, &session, &wrong).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.text.contains("<title>Error: Add a person"), "{}", answer.text);
    assert!(answer.text.contains("href=\"#left-day\""), "{}", answer.text);
    let answer = office.post(NEW, &session, &wrong.replace("&left-day=31&left-month=2", "")).await;
    for (field, words) in [
        ("number", "Staff number: fill this in"),
        ("name", "Full name: fill this in"),
        ("role", "Role: fill this in"),
        ("email", "is not an e-mail address"),
        ("phone", "is not a phone number"),
        ("hours", "working hours are written like"),
    ] {
        assert!(answer.text.contains(&format!("href=\"#{field}\"")), "{field}");
        assert!(answer.text.contains(&format!("id=\"{field}-error\"")), "{field}");
        assert!(answer.text.contains(words), "{words}: {}", answer.text);
    }
    assert!(answer.text.contains("value=\"nobody\""), "what was typed is still there");

    let right = sent(
        "number=P900&name=%3Cscript%3E%3D1%2B1&role=social-worker&also=line-manager\
         &also=key-worker&team=North&manager=P81&email=x%40ficton.example&hours=Mon-Fri+9:00-17:00",
    );
    for _ in 0..2 {
        let answer = office.post(NEW, &session, &right).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
        let page = office.get(&answer.location, &session).await;
        assert!(page.text.contains("Saved.") && page.text.contains("&lt;script&gt;=1+1"));
        assert!(!page.text.contains("<script>="), "a hostile name is text");
    }
    let added = called(&office, "P900").await.unwrap();
    assert_eq!(added.also.len(), 2);
    assert_eq!(added.line_manager, Some(PersonId(id(MARGARET))));
    assert_eq!(added.team, Some(TeamId(id(2))));
    // Somebody else's number is nobody's new one.
    let taken = sent("number=P82&name=Another&role=social-worker");
    let answer = office.post(NEW, &session, &taken).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.text.contains("Priya Raman has this number"), "{}", answer.text);
    assert_eq!(priya(&office).await.name, "Priya Raman");
}

#[tokio::test]
async fn one_person_is_changed_and_the_second_of_two_administrators_is_told_of_the_first() {
    let office = office().await;
    let session = office.sign_in("desta").await;
    let path = format!("/set-up/people/{}", id(PRIYA));
    let page = office.get(&path, &session).await;
    let (csrf, writer, version) = (page.csrf(), hidden(&page, "writer"), hidden(&page, "version"));
    let sent = |version: &str, rest: &str| {
        format!(
            "csrf={csrf}&writer={writer}&version={version}&role=social-worker&team=North&{rest}"
        )
    };
    let first = sent(&version, "name=Priya+Raman&phone=01632+960999");
    for _ in 0..2 {
        let answer = office.post(&path, &session, &first).await;
        assert_eq!(answer.location, format!("{path}?done=saved"), "{}", answer.text);
    }
    // Whoever opened the page before changes the name and knows nothing of the number; a fault that
    // is mended first changes nothing of that.
    let faulty = sent(&version, "name=&phone=");
    let mended = office.post(&path, &session, &faulty).await;
    assert_eq!(hidden(&mended, "version"), version);
    let second = sent(&version, "name=Priya+Raman-Smith&phone=");
    let answer = office.post(&path, &session, &second).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    for words in ["Somebody else changed this person", "01632 960999", "Priya Raman-Smith"] {
        assert!(answer.text.contains(words), "{words}: {}", answer.text);
    }
    assert_eq!(priya(&office).await.phone, Some("01632 960999".into()));
    let again = sent(&hidden(&answer, "version"), "name=Priya+Raman-Smith&phone=01632+960999");
    assert_eq!(office.post(&path, &session, &again).await.status, StatusCode::SEE_OTHER);
    assert_eq!(priya(&office).await.name, "Priya Raman-Smith");
}

#[tokio::test]
async fn whoever_leaves_is_out_at_once_and_what_they_leave_is_named() {
    let office = office().await;
    let (session, theirs) = (office.sign_in("desta").await, office.sign_in("priya").await);
    let path = format!("/set-up/people/{}", id(PRIYA));
    let page = office.get(&path, &session).await;
    let sent = format!(
        "csrf={}&writer={}&version={}&name=Priya+Raman&role=social-worker&team=North\
         &left-day=2&left-month=3&left-year=2026",
        page.csrf(),
        hidden(&page, "writer"),
        hidden(&page, "version")
    );
    assert_eq!(office.get("/inbox", &theirs).await.status, StatusCode::OK);
    assert_eq!(office.post(&path, &session, &sent).await.status, StatusCode::SEE_OTHER);
    assert_eq!(office.get("/inbox", &theirs).await.status, StatusCode::SEE_OTHER);
    let page = office.get(&path, &session).await;
    assert!(page.text.contains("1 child is still with this person"), "{}", page.text);
    assert!(page.text.contains("/set-up/allocations?child=C1"), "{}", page.text);
    assert!(!page.text.contains("Amira"), "no child is named");
    assert_eq!(caseloads(&office).await, [0, 0]);
}

#[tokio::test]
async fn a_child_moves_from_one_person_to_another_at_once_and_an_end_stays_where_it_was() {
    let office = office().await;
    let session = office.sign_in("desta").await;
    let shown = "/set-up/allocations?child=C1";
    let page = office.get(shown, &session).await;
    assert!(page.text.contains("Priya Raman (P82)") && !page.text.contains("Amira"));
    let (csrf, writer) = (page.csrf(), hidden(&page, "writer"));
    let post = async |rest: &str| {
        let form = format!("csrf={csrf}&writer={writer}&child=C1&{rest}");
        office.post("/set-up/allocations", &session, &form).await
    };
    let answer = post("person=P83&role=").await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.text.contains("href=\"#role\""), "{}", answer.text);
    let wrong = "person=P83&role=key-worker&from-day=3&from-month=3&from-year=2026\
                 &until-day=2&until-month=3&until-year=2026";
    assert!(post(wrong).await.text.contains("is not after from"));
    assert_eq!(caseloads(&office).await, [1, 0], "nothing was changed");

    // Twice, as by a double click.
    for _ in 0..2 {
        let answer = post("person=P83&role=key-worker").await;
        assert_eq!(answer.location, format!("{shown}&done=begun"), "{}", answer.text);
    }
    assert_eq!(caseloads(&office).await, [1, 1]);
    assert_eq!(
        post("person=P82&role=lead-social-worker&end=yes").await.location,
        format!("{shown}&done=ended")
    );
    assert_eq!(caseloads(&office).await, [0, 1]);
    let lines = async || {
        let look = |tx: &dyn Tx| tx.allocations(ChildId(id(CHILD)));
        office.state.db.read::<_, StoreError>(look).await.unwrap()
    };
    let ended = lines().await;
    assert_eq!(ended.len(), 2, "{ended:?}");
    office.pass(5);
    assert_eq!(
        post("person=P82&role=lead-social-worker&end=yes").await.status,
        StatusCode::SEE_OTHER
    );
    assert_eq!(lines().await, ended, "what has ended is not ended again, later");
    // Who comes back begins anew: the time between stays as it was.
    post("person=P82&role=lead-social-worker").await;
    let lines = lines().await;
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(lines.iter().all(|line| ended.contains(line) || line.until.is_none()));
    assert_eq!(caseloads(&office).await, [1, 1]);
    let unknown = office.get("/set-up/allocations?child=%3Cb%3EC9", &session).await;
    assert_eq!(unknown.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(unknown.text.contains("&lt;b&gt;C9"), "{}", unknown.text);
}

#[tokio::test]
async fn a_session_that_ends_over_a_form_of_set_up_costs_nothing_that_was_typed() {
    let office = office().await;
    let session = office.sign_in("desta").await;
    for (path, typed) in [
        (NEW, "name=Half+a+name&number=P9"),
        ("/set-up/allocations", "child=C1&person=P83&role=key-worker&from-day=31"),
    ] {
        let page = office.get("/set-up/allocations?child=C1", &session).await;
        let form = format!("csrf={}&writer={}&{typed}", page.csrf(), hidden(&page, "writer"));
        let sign_in = office.post(path, "", &form).await;
        assert_eq!(sign_in.status, StatusCode::UNAUTHORIZED, "{}", sign_in.text);
        assert!(sign_in.text.contains("name=\"kept\""), "{}", sign_in.text);
        // As the page behind the sign-in sends it.
        let anew = office.sign_in("desta").await;
        let csrf = office.get("/set-up/import", &anew).await.csrf();
        let back = form.replace(&page.csrf(), &csrf) + "&refill=yes";
        let back = office.post(path, &anew, &back).await;
        assert_eq!(back.status, StatusCode::OK, "{}", back.text);
        assert!(back.text.contains("Your session had ended"), "{}", back.text);
        let kept = if path == NEW { "value=\"Half a name\"" } else { "value=\"31\"" };
        assert!(back.text.contains(kept), "{}", back.text);
        // Somebody else who sits there now sees nothing of it.
        let other = form.replace(&hidden(&page, "writer"), &id(MARGARET).to_string());
        assert!(!office.post(path, &anew, &other).await.text.contains(kept));
    }
    assert_eq!(called(&office, "P9").await, None);
    assert_eq!(caseloads(&office).await, [1, 0]);
}

#[tokio::test]
async fn a_duty_list_that_cannot_be_written_is_said_where_administrators_look() {
    let mut config = Config::default();
    config.contingency.folder = Some("/mnt/duty".into());
    let office = office_with(config).await;
    let session = office.sign_in("desta").await;
    let page = office.get("/set-up", &session).await.text;
    assert!(page.contains("None has been written yet"), "{page}");
    let now = office.state.ambient.now();
    office.state.health.duty_list.made(Some(now));
    let page = office.get("/set-up", &session).await.text;
    assert!(page.contains("The last was written") && page.contains("/mnt/duty"), "{page}");
    office.pass(30);
    office.state.health.duty_list.failed(office.state.ambient.now(), "no room there".to_owned());
    let page = office.get("/set-up", &session).await.text;
    for words in ["No duty list could be written since", "10:50", "no room there", "10:20"] {
        assert!(page.contains(words), "{words}: {page}");
    }
}
