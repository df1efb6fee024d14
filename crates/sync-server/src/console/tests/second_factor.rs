//! Codes at sign-in, recovery codes, and ending one's other sessions.

use axum::http::StatusCode;
use doorstep_core::event::Role;
use doorstep_core::ids::PersonId;

use super::office::{Answer, MARGARET, Office, PASSWORD, id};
use crate::config::{Config, SecondFactorFor, Whose};
use crate::console::second_factor::{self, Sealing};
use crate::store::StoreError;
use crate::store::Tx;

/// What an authenticator app would show now, from the secret that the store holds sealed.
pub async fn app(office: &Office) -> String {
    let margaret = PersonId(id(MARGARET));
    let look = move |tx: &dyn Tx| tx.second_factor(margaret);
    let factor = office.state.db.read::<_, StoreError>(look).await.unwrap().unwrap();
    let secret = Sealing::of(&office.state).unwrap().open(margaret, &factor.secret).unwrap();
    second_factor::code_at(&secret, office.state.ambient.now())
}

pub async fn press(office: &Office, session: &str, what: &str, code: &str) -> Answer {
    let csrf = office.get("/account", session).await.csrf();
    office.post("/account", session, &format!("csrf={csrf}&what={what}&code={code}")).await
}

async fn sign_in(office: &Office, code: &str) -> Answer {
    let page = office.get("/sign-in", "").await;
    let password = PASSWORD.replace(' ', "+");
    let form = format!("csrf={}&login=margaret&password={password}&code={code}", page.csrf());
    office.post("/sign-in", &page.cookies[0], &form).await
}

/// The recovery codes that a page shows.
pub fn recovery_codes(page: &Answer) -> Vec<String> {
    let parts = page.text.split("<li><code>").skip(1);
    parts.map(|part| part.split('<').next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_code_is_asked_for_once_it_was_shown_to_work() {
    let office = Office::open().await;
    let session = office.sign_in("margaret").await;
    press(&office, &session, "begin", "").await;
    office.sign_in("margaret").await;
    let wrong = press(&office, &session, "confirm", "000000").await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let on = press(&office, &session, "confirm", &app(&office).await).await;
    assert_eq!(recovery_codes(&on).len(), second_factor::RECOVERY_CODES, "{}", on.text);

    office.pass(1);
    for wrong in ["", "000000"] {
        assert_eq!(sign_in(&office, wrong).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let code = app(&office).await;
    assert_eq!(sign_in(&office, &code).await.status, StatusCode::SEE_OTHER);
    let again = sign_in(&office, &code).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY, "a code works once");
}

#[tokio::test]
async fn a_recovery_code_opens_the_account_once_and_codes_can_be_switched_off() {
    let office = Office::open().await;
    let session = office.sign_in("margaret").await;
    press(&office, &session, "begin", "").await;
    let on = press(&office, &session, "confirm", &app(&office).await).await;
    let codes = recovery_codes(&on);
    assert_eq!(sign_in(&office, &codes[0]).await.status, StatusCode::SEE_OTHER);
    let twice = sign_in(&office, &codes[0]).await;
    assert_eq!(twice.status, StatusCode::UNPROCESSABLE_ENTITY);
    let text = office.get("/account", &session).await.text;
    assert!(text.contains("Recovery codes left: 7"), "{text}");
    press(&office, &session, "off", &codes[1]).await;
    office.sign_in("margaret").await;
}

#[tokio::test]
async fn one_ends_ones_other_sessions() {
    let office = Office::open().await;
    let (first, second) = (office.sign_in("margaret").await, office.sign_in("margaret").await);
    let other = office.sign_in("desta").await;
    press(&office, &second, "end-others", "").await;
    assert_eq!(office.get("/account", &first).await.status, StatusCode::SEE_OTHER);
    for alive in [&second, &other] {
        assert_eq!(office.get("/account", alive).await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn whoever_must_have_a_second_factor_sets_it_up_before_anything_else() {
    let whose = [Whose::Role(Role::LineManager)].into_iter().collect();
    let second_factor = SecondFactorFor::Some(whose);
    let office = Office::open_with(Config { second_factor, ..Config::default() }).await;
    let priya = office.sign_in("priya").await;
    assert_eq!(office.get("/inbox", &priya).await.status, StatusCode::OK, "not asked of her");

    let session = office.sign_in("margaret").await;
    for path in ["/inbox", "/access.csv", "/find", "/inbox/live"] {
        assert_eq!(office.get(path, &session).await.location, "/account", "{path}");
    }
    let csrf = office.get("/account", &session).await.csrf();
    let sought = office.post("/find", &session, &format!("csrf={csrf}&sought=amira")).await;
    assert!(sought.location == "/account" && !sought.text.contains("Amira"));
    press(&office, &session, "begin", "").await;
    assert_eq!(office.get("/inbox", &session).await.location, "/account", "it is not shown yet");
    press(&office, &session, "confirm", &app(&office).await).await;
    assert_eq!(office.get("/inbox", &session).await.status, StatusCode::OK);
    office.pass(1);
    press(&office, &session, "off", &app(&office).await).await;
    assert_eq!(office.get("/inbox", &session).await.location, "/account");
}

#[tokio::test]
async fn a_session_that_somebody_planted_in_the_browser_opens_nothing_and_is_replaced() {
    let office = Office::open().await;
    let planted = "doorstep-session=planted-by-somebody-else";
    assert_eq!(office.get("/inbox", planted).await.status, StatusCode::SEE_OTHER);
    let page = office.get("/sign-in", planted).await;
    let both = format!("{planted}; {}", page.cookies[0]);
    let password = PASSWORD.replace(' ', "+");
    let form = format!("csrf={}&login=margaret&password={password}", page.csrf());
    let entered = office.post("/sign-in", &both, &form).await;
    assert_eq!(entered.status, StatusCode::SEE_OTHER);
    assert_ne!(entered.cookies[0], planted, "the session is the server's own");
    assert_eq!(office.get("/inbox", planted).await.status, StatusCode::SEE_OTHER);
    assert_eq!(office.get("/inbox", &entered.cookies[0]).await.status, StatusCode::OK);
}
