//! The numbers: for whom, as charts with tables, and as CSV.

use axum::http::StatusCode;

use super::office::Office;

#[tokio::test]
async fn the_numbers_of_a_team_are_charts_with_tables_and_name_no_practitioner() {
    let office = Office::open().await;
    let session = office.sign_in("margaret").await;
    let page = office.get("/numbers", &session).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text);
    for words in [
        "<svg class=\"ds-chart\"",
        "From the door to the server",
        "From the server to somebody who is told",
        "Door opened, no invitation in",
        "/numbers/forms.csv?weeks=12",
        "North",
    ] {
        assert!(page.text.contains(words), "{words}: {}", page.text);
    }
    let (_, main) = page.text.split_once("<main").unwrap();
    assert!(!main.contains("Priya") && !main.contains("South"), "{main}");
}

#[tokio::test]
async fn every_table_is_a_csv_file_of_the_same_figures() {
    let office = Office::open().await;
    let session = office.sign_in("margaret").await;
    // Two contacts in two weeks, one of them late; and one escalation past its limit.
    office.pass(45);
    for (table, line) in [
        ("forms", "\"2 Mar\",\"0\",\"1\",\"1\""),
        ("teams", "\"23 Feb\",\"1\",\"1\""),
        ("late", "\"23 Feb\",\"1\",\"1\",\"100 %\""),
        ("steps", "\"From the door to the server\",\"15 minutes\",\"7 days\",\"2\""),
        ("overdue", "\"GA-6.1\",\"1\","),
        ("breaches", "\"2 Mar\",\"1\",\"1\""),
    ] {
        let file = office.get(&format!("/numbers/{table}.csv?weeks=4"), &session).await;
        assert_eq!(file.status, StatusCode::OK, "{table}");
        assert_eq!(file.headers["content-type"], "text/csv; charset=utf-8");
        assert!(file.text.contains(line), "{table}: {}", file.text);
    }
    assert_eq!(office.get("/numbers/x.csv", &session).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn numbers_are_for_those_who_answer_for_a_team() {
    let office = Office::open().await;
    for (login, status) in [("priya", StatusCode::NOT_FOUND), ("omar", StatusCode::OK)] {
        let session = office.sign_in(login).await;
        let page = office.get("/numbers", &session).await;
        assert_eq!(page.status, status, "{login}");
        assert!(!page.text.contains("Door opened"), "{login} sees another team");
    }
}
