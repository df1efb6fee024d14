//! One record from the door to the manager and back, with a clock that stands still between the
//! steps: device, sync, notice, acknowledgement by a deputy, decision, discharge. Each time is
//! stamped.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use chrono::{DateTime, TimeDelta, Utc};
use doorstep_core::assessment::Standing;
use doorstep_core::event::{Agency, ChildSeen, FailedContact, Form, Known, What};
use doorstep_core::ids::{ChildId, EscalationId};
use doorstep_core::seal::Hash;
use doorstep_core::time::ClockReading;
use doorstep_core::wire::{EnrolResponse, SyncResponse};
use doorstep_device_store::{Draft, Invitation, Key, Store};
use doorstep_sync_server::admin;
use doorstep_sync_server::config::SmtpSecurity;
use doorstep_sync_server::console::accounts;
use doorstep_sync_server::http;
use doorstep_sync_server::notify::Channels;
use doorstep_sync_server::outbox::deliver_once;
use doorstep_sync_server::store::availability::{Absence, AbsentBecause};
use doorstep_sync_server::store::ledger::{HistoryEntry, LedgerLine, Told};
use doorstep_sync_server::store::{StoreError, Tx};
use doorstep_sync_server::sweep::sweep_once;
use doorstep_sync_server::testing::receivers::MailServer;
use doorstep_sync_server::testing::{Bench, MONDAY};
use tower::ServiceExt as _;

const PASSWORD: &str = "a+long+pass+phrase";

/// The server's answer to a request, read to its end.
struct Answer {
    status: StatusCode,
    location: String,
    cookie: String,
    text: String,
}

async fn ask(bench: &Bench, request: Request<Body>) -> Answer {
    let response = http::router(bench.state.clone()).oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let text = to_bytes(body, usize::MAX).await.unwrap().to_vec();
    let field = |name| {
        let value = parts.headers.get(name).and_then(|value| value.to_str().ok());
        value.and_then(|value| value.split(';').next()).unwrap_or_default().to_owned()
    };
    Answer {
        status: parts.status,
        location: field(header::LOCATION),
        cookie: field(header::SET_COOKIE),
        text: String::from_utf8(text).unwrap(),
    }
}

/// A device of Ann's: the real store, and the sync machine over the real router.
struct Device {
    store: Store,
    drawn: u64,
}

impl Device {
    async fn enrolled(bench: &Bench) -> Self {
        let (judge, lifetime) = (bench.state.judge(), bench.state.config.enrol_code_lifetime);
        let issue = move |tx: &mut dyn Tx| admin::issue_code(tx, &judge, "ann", lifetime);
        let code = bench.state.db.write(issue).await.unwrap().code;
        let conn = rusqlite::Connection::open_in_memory().unwrap();
        let mut store = Store::create(conn, &Key([0x5a; 48])).unwrap();
        let invitation = Invitation { code, device_name: "Phone".into(), app: "test 1".into() };
        let request = store.prepare(&invitation, Hash::of(b"device").0).unwrap();
        let body = serde_json::to_vec(&request).unwrap();
        let request = Request::post("/v1/enrol").header(header::CONTENT_TYPE, "application/json");
        let answer = ask(bench, request.body(body.into()).unwrap()).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        let enrolled: EnrolResponse = serde_json::from_str(&answer.text).unwrap();
        store.enrolled(&enrolled).unwrap();
        Self { store, drawn: 0 }
    }

    /// Records something that happens now; without the network.
    fn record(&mut self, bench: &Bench, child: ChildId, what: What) {
        self.drawn += 1;
        let entropy = Hash::of(&self.drawn.to_be_bytes()).0;
        let draft = Draft::new(bench.now(), child, what);
        self.store.record(&draft, &ClockReading::wall(bench.now()), entropy).unwrap();
    }

    /// Exchanges with the server until neither side has anything new.
    async fn sync(&mut self, bench: &Bench) {
        let token = self.store.enrolment().unwrap().unwrap().token;
        self.store.sync_now().unwrap();
        let clock = ClockReading::wall(bench.now());
        while let Some(request) = self.store.next_request(&clock, "test 1").unwrap() {
            let body = serde_json::to_vec(&request).unwrap();
            let request = Request::post("/v1/sync")
                .header(header::CONTENT_TYPE, "application/json")
                .header(header::AUTHORIZATION, format!("Bearer {token}"));
            let answer = ask(bench, request.body(body.into()).unwrap()).await;
            assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
            let answer: SyncResponse = serde_json::from_str(&answer.text).unwrap();
            self.store.receive(&answer).unwrap();
        }
    }
}

/// Somebody signed in to the console.
struct Browser {
    cookie: String,
}

impl Browser {
    async fn signed_in(bench: &Bench, login: &str) -> Self {
        let page = ask(bench, Request::get("/sign-in").body(Body::empty()).unwrap()).await;
        let csrf = doorstep_tests::journey::hidden_field(&page.text, "csrf").unwrap();
        let form = format!("csrf={csrf}&login={login}&password={PASSWORD}");
        let answer = Self { cookie: page.cookie }.post(bench, "/sign-in", form).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
        Self { cookie: answer.cookie }
    }

    async fn get(&self, bench: &Bench, path: &str) -> Answer {
        let request = Request::get(path).header(header::COOKIE, &self.cookie);
        ask(bench, request.body(Body::empty()).unwrap()).await
    }

    async fn post(&self, bench: &Bench, path: &str, form: String) -> Answer {
        let request = Request::post(path)
            .header(header::COOKIE, &self.cookie)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        ask(bench, request.body(form.into()).unwrap()).await
    }
}

/// What the ledger says of one escalation.
async fn ledger(bench: &Bench, id: EscalationId) -> (LedgerLine, Vec<Told>, Vec<HistoryEntry>) {
    let look = move |tx: &dyn Tx| {
        let line = tx.line(id)?.expect("nothing leaves the ledger");
        Ok::<_, StoreError>((line, tx.told(id)?, tx.line_history(id)?))
    };
    bench.state.db.read(look).await.unwrap()
}

/// Mia is on leave this week, and Ben stands in; both have accounts.
async fn with_a_deputy(bench: &Bench) {
    for login in ["mia", "ben"] {
        let (db, ambient) = (&bench.state.db, &bench.state.ambient);
        let person = bench.person(login).await;
        let password = PASSWORD.replace('+', " ");
        accounts::set_password(db, ambient, person, login, &password).await.unwrap();
    }
    let (person, deputy) = (bench.person("mia").await, Some(bench.person("ben").await));
    let (why, from, until) = (AbsentBecause::Leave, MONDAY, Some(MONDAY + TimeDelta::days(5)));
    let absence =
        Absence { person, why, from, until, deputy, recorded_by: person, recorded: MONDAY };
    let work = move |tx: &mut dyn Tx| tx.add_absence(&absence);
    bench.state.db.write(work).await.unwrap();
}

#[tokio::test]
async fn a_record_at_a_door_goes_all_the_way_and_each_time_is_stamped() {
    let mail = MailServer::start().await;
    let bench = Bench::with(|config| {
        config.smtp.host = "127.0.0.1".into();
        config.smtp.port = mail.port;
        config.smtp.security = SmtpSecurity::None;
        config.smtp.from = "Doorstep <doorstep@council.example>".into();
        config.public_url = "https://doorstep.example".into();
    })
    .await;
    let channels = Arc::new(Channels::new(&bench.state.config).unwrap());
    with_a_deputy(&bench).await;
    let (child, mia) = (bench.child("c1").await, bench.person("mia").await);
    let mut phone = Device::enrolled(&bench).await;
    phone.sync(&bench).await;
    let at = |minutes: i64| -> DateTime<Utc> { MONDAY + TimeDelta::minutes(minutes) };
    let go_on = |minutes: i64| bench.clock.pass(at(minutes) - bench.now());

    // At the door, without signal.
    go_on(2);
    let failed = FailedContact::new(Form::NoResponse);
    phone.record(&bench, child, What::FailedContact(failed));
    // Back in the car there is signal.
    go_on(40);
    phone.sync(&bench).await;
    let lines = bench.state.db.read(move |tx| tx.lines(child)).await.unwrap();
    let is_it = |line: &&LedgerLine| {
        line.addressee == mia
            && &*line.escalation.clause.0 == "NA-7.2"
            && line.escalation.standing == Standing::Open
    };
    let id = lines.iter().find(is_it).expect("the manager must hear of it").id;

    // A minute later the mail server has it: the deputy is told, in her place.
    go_on(41);
    deliver_once(&bench.state, &channels, bench.now()).await.unwrap();
    let address = format!("https://doorstep.example/escalations/{id}");
    let letters = mail.letters();
    let to: Vec<_> = letters.iter().filter(|letter| letter.text.contains(&address)).collect();
    assert_eq!(to.len(), 1, "who is away gets none");
    assert_eq!(to[0].to, "ben@doorstep.example");

    // He opens the link and takes it in hand; she looks from home.
    go_on(50);
    taken_in_hand(&bench, id).await;

    // He talks with the practitioner, and says on the console what was decided: the duty is met.
    go_on(60);
    decided(&bench, id).await;
    // Later the child is seen. What is over stays over.
    go_on(105);
    let seen_by = Agency("service".into());
    let seen = ChildSeen { seen_by, needs_met: Known::Yes, from_distance: false };
    phone.record(&bench, child, What::ChildSeen(seen));
    go_on(110);
    phone.sync(&bench).await;
    sweep_once(&bench.state, bench.now()).await.unwrap();

    every_time_is_stamped(&bench, id, child).await;
}

/// Ben acknowledges it. His second click, and hers five minutes later, change nothing.
async fn taken_in_hand(bench: &Bench, id: EscalationId) {
    let browser = Browser::signed_in(bench, "ben").await;
    let path = format!("/escalations/{id}");
    let page = browser.get(bench, &path).await;
    assert!(page.text.contains("in place of Person mia"), "{}", page.text);
    let csrf = doorstep_tests::journey::hidden_field(&page.text, "csrf").unwrap();
    let acknowledge = format!("{path}/acknowledge");
    for _ in 0..2 {
        let answer = browser.post(bench, &acknowledge, format!("csrf={csrf}")).await;
        assert_eq!(answer.location, format!("{path}?done=acknowledged"));
    }
    bench.clock.pass(TimeDelta::minutes(5));
    let hers = Browser::signed_in(bench, "mia").await;
    let page = hers.get(bench, &path).await;
    let csrf = doorstep_tests::journey::hidden_field(&page.text, "csrf").unwrap();
    let answer = hers.post(bench, &acknowledge, format!("csrf={csrf}")).await;
    let second = hers.get(bench, &answer.location).await;
    assert!(second.text.contains("Person ben was first, today 10:50."), "{}", second.text);
}

/// Ben records the discussion and that no referral follows.
async fn decided(bench: &Bench, id: EscalationId) {
    let browser = Browser::signed_in(bench, "ben").await;
    let path = format!("/escalations/{id}/record/discuss");
    let page = browser.get(bench, &path).await;
    let (_, form) = page.text.split_once("class=\"ds-form\"").expect("there is a form");
    let (form, _) = form.split_once("</form>").expect("it ends");
    let coded = |text: &str| text.replace('%', "%25").replace('+', "%2B").replace('&', "%26");
    let mut fields: Vec<_> = form
        .split("<input type=\"hidden\"")
        .skip(1)
        .map(|input| {
            let part = |mark| input.split_once(mark).and_then(|(_, rest)| rest.split_once('"'));
            let part = |mark| part(mark).map_or("", |(value, _)| value);
            format!("{}={}", part("name=\""), coded(part("value=\"")))
        })
        .collect();
    fields.push("with=team-manager&referral=not-made&when=now".to_owned());
    let answer = browser.post(bench, &path, fields.join("&")).await;
    let recorded = format!("/escalations/{id}?done=recorded");
    assert_eq!(answer.location, recorded, "{}", answer.text);
}

/// What the ledger and the log say of each step, in minutes after ten o'clock.
async fn every_time_is_stamped(bench: &Bench, id: EscalationId, child: ChildId) {
    let (mia, ben) = (bench.person("mia").await, bench.person("ben").await);
    let at = |minutes: i64| -> DateTime<Utc> { MONDAY + TimeDelta::minutes(minutes) };
    let (line, told, history) = ledger(bench, id).await;
    let events = bench.state.db.read(move |tx| tx.history(child)).await.unwrap();
    let first = |what: &str| {
        let entry = history.iter().find(|entry| entry.what == what);
        entry.unwrap_or_else(|| panic!("it was never {what}: {history:#?}")).at
    };
    let heard = |person| {
        let told = told.iter().find(|told| told.person == person).expect("was told");
        told.heard.map(|heard| heard.at)
    };
    let stamps = [
        ("happened at the door", events[0].at, 2),
        ("reached the server", events[0].received, 40),
        ("raised", line.raised, 40),
        ("the deputy was told", heard(ben).expect("by e-mail"), 41),
        ("the history says so", first("told"), 41),
        ("acknowledged", line.acknowledged.expect("by the deputy").at, 50),
        ("she saw it on the console", heard(mia).expect("from home"), 55),
        ("decided", events[1].at, 60),
        ("discharged", first("discharged"), 60),
        ("left the inbox", line.ended.expect("there is nothing left to do"), 60),
        ("the child was seen", events[2].at, 105),
    ];
    for (what, stamp, minutes) in stamps {
        assert_eq!(stamp, at(minutes), "{what}");
    }
    assert_eq!(line.acknowledged.map(|taken| taken.by), Some(ben));
    assert_eq!(line.escalation.standing, Standing::Discharged);
    assert_eq!(line.addressee, mia, "the responsibility stays where it was");
    let taken = history.iter().filter(|entry| entry.what == "acknowledged").count();
    assert_eq!(taken, 1, "two clicks and two people are one acknowledgement");
}
