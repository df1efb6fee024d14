//! Notices in the console: the delivery log, tests, preferences, and what counts as told.

use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use doorstep_core::ids::{EscalationId, PersonId};

use super::office::{ESCALATION, MARGARET, NOW, Office, PRIYA, id, utc};
use crate::config::{Config, SmtpSecurity};
use crate::store::Tx;
use crate::store::ledger::HeardBy;
use crate::store::notices::{Manner, Notice, NoticeState, Reason, Receiver};
use crate::testing::receivers::{MailServer, Mood};

/// An office whose notices go to this mail server. Margaret and Priya can be reached.
async fn office_with(mail: &MailServer) -> Office {
    let mut config = Config::default();
    config.smtp.host = "127.0.0.1".into();
    config.smtp.port = mail.port;
    config.smtp.security = SmtpSecurity::None;
    config.smtp.from = "doorstep@council.example".into();
    config.public_url = "https://doorstep.example".into();
    let office = Office::open_with(config).await;
    office
        .write(|tx| {
            for (number, name) in [(MARGARET, "margaret"), (PRIYA, "priya")] {
                let mut person = tx.person(PersonId(id(number)))?.unwrap();
                person.email = Some(format!("{name}@council.example").into());
                tx.put_person(&person)?;
            }
            Ok(())
        })
        .await;
    office
}

fn notice(key: &str, person: u128, state: NoticeState, failures: u32) -> Notice {
    let written: DateTime<Utc> = utc("2026-03-02T10:15:00Z");
    Notice {
        key: key.to_owned(),
        escalation: EscalationId(id(ESCALATION)),
        person: PersonId(id(person)),
        receiver: Receiver::Person,
        reason: Reason::Raised,
        digest: None,
        written,
        state,
        since: written,
        failures,
        refused: Vec::new(),
        last_error: (failures > 0).then(|| "the mail server could not be reached".to_owned()),
    }
}

async fn heard(office: &Office) -> Option<HeardBy> {
    let look = |tx: &dyn Tx| tx.told(EscalationId(id(ESCALATION)));
    let told = office.state.db.read(look).await.unwrap();
    told[0].heard.map(|heard| heard.by)
}

#[tokio::test]
async fn the_inbox_on_the_screen_counts_as_told_and_only_to_whom_it_is_told() {
    let office = Office::open().await;
    let desta = office.sign_in("desta").await;
    let _ = office.get("/inbox?whose=team", &desta).await;
    assert_eq!(heard(&office).await, None, "desta was not told of it");
    let margaret = office.sign_in("margaret").await;
    let _ = office.get("/inbox", &margaret).await;
    assert_eq!(heard(&office).await, Some(HeardBy::Console));
    office.pass(5);
    let page = office.get(&super::escalation(), &margaret).await;
    assert!(page.text.contains("Margaret Ellison was told, on the console"), "{}", page.text);
    let history = |tx: &dyn Tx| tx.line_history(EscalationId(id(ESCALATION)));
    let history = office.state.db.read(history).await.unwrap();
    let told: Vec<_> = history.iter().filter(|entry| entry.what == "told").collect();
    assert_eq!((told.len(), told[0].at), (1, utc(NOW)), "the first time counts, once");
}

#[tokio::test]
async fn the_delivery_log_shows_what_became_of_the_notices_that_the_viewer_answers_for() {
    let office = Office::open().await;
    office
        .write(|tx| {
            let next = utc("2026-03-02T11:00:00Z");
            tx.put_notice(&notice("a", MARGARET, NoticeState::Waiting { next }, 6))?;
            tx.put_notice(&notice("b", PRIYA, NoticeState::NotNeeded, 0))
        })
        .await;
    let at = "<time datetime=\"2026-03-02T11:00:00+00:00\">Mon 2 March, 11:00</time>";
    let why = "(the mail server could not be reached)";
    let failed = format!("not delivered</strong>, next try {at} {why}");
    for (login, sees_margarets) in [("margaret", true), ("desta", true), ("priya", false)] {
        let session = office.sign_in(login).await;
        let page = office.get("/notices", &session).await;
        assert_eq!(page.status, StatusCode::OK);
        assert_eq!(page.text.contains(&failed), sees_margarets, "{login}: {}", page.text);
        assert!(page.text.contains("there was nothing to tell any more"), "{login}");
    }
    let omar = office.sign_in("omar").await;
    assert!(office.get("/notices", &omar).await.text.contains("Nothing here"));
    let margaret = office.sign_in("margaret").await;
    let open = office.get("/notices?show=open&page=999999", &margaret).await;
    assert_eq!(open.status, StatusCode::OK);
    for page in ["/inbox", "/notices"] {
        let text = office.get(page, &margaret).await.text;
        assert!(text.contains("One notice has not been delivered since"), "{page}");
        assert!(text.contains("phone people about what is immediate"), "{page}");
    }
}

#[tokio::test]
async fn a_test_goes_to_whoever_asks_and_says_what_came_of_it() {
    let mail = MailServer::start().await;
    let office = office_with(&mail).await;
    let session = office.sign_in("margaret").await;
    let page = office.get("/notices", &session).await;
    let form = format!("csrf={}&channel=email", page.csrf());
    let sent = office.post("/notices/test", &session, &form).await;
    assert!(sent.text.contains("The test by e-mail was handed over."), "{}", sent.text);
    assert_eq!(mail.letters()[0].to, "margaret@council.example");
    mail.be(Mood::Refuses(550));
    let refused = office.post("/notices/test", &session, &form).await;
    assert!(refused.text.contains("The test by e-mail did not go out."));
    assert!(refused.text.contains("the mail server refused it with code 550"));
    for channel in ["webhook", "notify-sms", "pigeon", ""] {
        let form = format!("csrf={}&channel={channel}", page.csrf());
        let answer = office.post("/notices/test", &session, &form).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{channel}");
    }
    let foreign = office.post("/notices/test", &session, "csrf=x&channel=email").await;
    assert_eq!(foreign.status, StatusCode::FORBIDDEN);
    assert_eq!(mail.letters().len(), 1);
    let again = office.post("/notices/again", &session, &format!("csrf={}", page.csrf())).await;
    assert_eq!(again.status, StatusCode::NOT_FOUND, "only administrators");
}

#[tokio::test]
async fn what_is_immediate_cannot_be_switched_off() {
    let office = Office::open().await;
    let session = office.sign_in("margaret").await;
    let path = "/notices/preferences";
    let csrf = office.get(path, &session).await.csrf();
    let margaret = PersonId(id(MARGARET));
    let held = async || {
        let look = move |tx: &dyn Tx| tx.preference(margaret);
        office.state.db.read(look).await.unwrap()
    };
    for (typed, words) in [
        ("immediate=console&same-day=email&routine=digest&when=any", "Choose one of these"),
        ("immediate=email&same-day=digest&routine=digest&when=any", "Choose one of these"),
        ("immediate=email&same-day=email&routine=email&when=", "Choose whether they may come"),
        (
            "immediate=email&same-day=email&routine=email&when=hours&hours=%3Cb%3E9+to+5",
            "Enter your hours like",
        ),
    ] {
        let answer = office.post(path, &session, &format!("csrf={csrf}&{typed}")).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{typed}");
        assert!(answer.text.contains(words) && answer.text.contains("There is a problem"));
        assert!(!typed.contains("%3Cb%3E") || answer.text.contains("&lt;b&gt;9 to 5"), "kept");
        assert_eq!(held().await, None, "{typed}");
    }
    let typed =
        "immediate=text&same-day=console&routine=email&when=hours&hours=Mon-Thu+09:00-15:30";
    let saved = office.post(path, &session, &format!("csrf={csrf}&{typed}")).await;
    assert_eq!(saved.location, "/notices");
    let preference = held().await.unwrap();
    assert_eq!((preference.immediate, preference.same_day), (Manner::Text, Manner::Console));
    assert_eq!(preference.hours.unwrap().to_string(), "Mon-Thu 09:00-15:30");
    let page = office.get("/notices", &session).await;
    assert!(page.text.contains("Immediate: text message, at once"));
    assert!(page.text.contains("in your hours: Mon-Thu 09:00-15:30"));
}
