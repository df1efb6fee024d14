//! A session that ends over a form costs nothing that was typed, whatever the form.

use axum::http::StatusCode;
use doorstep_core::ids::{ChildId, PersonId};

use super::child;
use super::office::{CHILD, DESTA, OMAR, Office, PASSWORD, id, utc};
use super::record::{hidden, sign_in};
use crate::console::session::IDLE_MAX;
use crate::store::oversight::Glass;

const WORDS: &str = "The school phoned, nobody of the team answers";

/// Something that Omar opened, for Desta to look into.
async fn opened(office: &Office) {
    let glass = Glass {
        number: 0,
        person: PersonId(id(OMAR)),
        child: ChildId(id(CHILD)),
        reason: "The school phoned".into(),
        from: utc("2026-03-02T09:00:00Z"),
        until: utc("2026-03-02T13:00:00Z"),
        manager: Some(PersonId(id(DESTA))),
        told: None,
        review: None,
    };
    office.write(move |tx| tx.add_glass(&glass).map(|_| ())).await;
}

#[tokio::test]
async fn what_was_typed_comes_back_after_the_sign_in_and_to_nobody_else() {
    for (login, page, path, fields) in [
        ("omar", format!("{}/open", child()), format!("{}/open", child()), "reason="),
        (
            "desta",
            format!("{}/protection", child()),
            format!("{}/protection", child()),
            "answer=ask&reason=",
        ),
        ("desta", "/glass".to_owned(), "/glass/1".to_owned(), "verdict=justified&reason="),
    ] {
        let office = Office::open().await;
        opened(&office).await;
        if login == "omar" {
            office.pass(3 * 60);
        }
        let session = office.sign_in(login).await;
        let form = hidden_of(&office.get(&page, &session).await.text, &path);
        let form = format!("{form}&{fields}{}", WORDS.replace(' ', "+"));
        office.pass(IDLE_MAX.num_minutes());
        let kept = office.post(&path, &session, &form).await;
        assert_eq!(kept.status, StatusCode::UNAUTHORIZED, "{path}: {}", kept.text);
        for (again, comes_back) in [("margaret", false), (login, true)] {
            let signed = sign_in(&office, &kept, again, PASSWORD).await;
            assert_eq!(signed.status, StatusCode::OK, "{path}: {}", signed.text);
            let back = office.post(&path, &signed.cookies[0], &hidden(&signed)).await;
            assert_eq!(back.text.contains(WORDS), comes_back, "{path} {again}: {}", back.text);
            if comes_back {
                assert_eq!(back.status, StatusCode::OK, "{path}: {}", back.text);
            }
        }
    }
}

/// The hidden fields of the form that is sent to `path`.
fn hidden_of(page: &str, path: &str) -> String {
    let (_, form) = page.split_once(&format!("action=\"{path}\"")).expect(path);
    let (form, _) = form.split_once("</form>").expect("it ends");
    let part = |input: &str, mark: &str| {
        let (_, rest) = input.split_once(mark).expect("a hidden field has both");
        rest.split_once('"').expect("it ends").0.to_owned()
    };
    let fields = form.split("<input type=\"hidden\"").skip(1);
    let field = |input: &str| format!("{}={}", part(input, "name=\""), part(input, "value=\""));
    fields.map(field).collect::<Vec<_>>().join("&")
}

#[tokio::test]
async fn preferences_come_back_as_they_were_chosen() {
    let office = Office::open().await;
    let session = office.sign_in("margaret").await;
    let path = "/notices/preferences";
    let csrf = office.get(path, &session).await.csrf();
    let form = format!(
        "csrf={csrf}&immediate=text&same-day=email&routine=digest&when=hours&hours=Mon-Fri+09:00"
    );
    office.pass(IDLE_MAX.num_minutes());
    let kept = office.post(path, &session, &form).await;
    let signed = sign_in(&office, &kept, "margaret", PASSWORD).await;
    let back = office.post(path, &signed.cookies[0], &hidden(&signed)).await;
    assert_eq!(back.status, StatusCode::OK);
    assert!(back.text.contains("value=\"Mon-Fri 09:00\""), "{}", back.text);
    assert!(!back.text.contains("There is a problem"), "{}", back.text);
}
