//! Notices on their way to real receivers: a mail server, a webhook, and a stand-in that speaks the
//! published API of GOV.UK Notify.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use doorstep_core::assessment::Urgency;
use doorstep_core::ids::EscalationId;
use sha2::{Digest as _, Sha256};

use crate::config::{Config, SmtpSecurity};
use crate::console::{accounts, emergency};
use crate::judge::acknowledge;
use crate::notify::Channels;
use crate::outbox::{deliver_for_ever, deliver_once, send_test};
use crate::store::directory::Person;
use crate::store::ledger::{HeardBy, LedgerLine};
use crate::store::notices::{
    Attempt, Channel, Claim, Manner, Notice, NoticeState, Preference, Receiver, Upshot,
};
use crate::store::oversight::Glass;
use crate::store::{StoreError, Tx};
use crate::sweep::sweep_once;
use crate::testing::receivers::{
    EMAIL_TEMPLATE, HookReceiver, MailServer, Mood, NotifyStandIn, SMS_TEMPLATE,
};
use crate::testing::{Bench, FrozenClock, MONDAY};

/// The secret of Standard Webhooks' published example.
const WHSEC: &str = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// What a server is set up with.
#[derive(Clone, Copy, Default)]
struct Set<'a> {
    mail: Option<&'a MailServer>,
    hook: Option<&'a HookReceiver>,
    govuk: Option<&'a NotifyStandIn>,
}

/// A file that only its owner may read.
fn secret(folder: &std::path::Path, name: &str, text: &str) -> PathBuf {
    use std::os::unix::fs::PermissionsExt;
    let file = folder.join(name);
    std::fs::write(&file, text).unwrap();
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).unwrap();
    file
}

fn set_up(config: &mut Config, set: Set<'_>) {
    config.public_url = "https://doorstep.example".into();
    if let Some(mail) = set.mail {
        config.smtp.host = "127.0.0.1".into();
        config.smtp.port = mail.port;
        config.smtp.security = SmtpSecurity::None;
        config.smtp.from = "Doorstep <doorstep@council.example>".into();
    }
    if let Some(hook) = set.hook {
        config.notices.webhook.url = hook.url.clone();
        let file = secret(&config.data, "hook", &format!("whsec_{WHSEC}"));
        config.notices.webhook.secret_file = Some(file);
    }
    if let Some(govuk) = set.govuk {
        config.notices.govuk.url = govuk.url.clone();
        let file = secret(&config.data, "key", &NotifyStandIn::key());
        config.notices.govuk.key_file = Some(file);
        config.notices.govuk.email_template = EMAIL_TEMPLATE.into();
        config.notices.govuk.sms_template = SMS_TEMPLATE.into();
    }
}

/// A server with these ways, and the ways.
async fn office(set: Set<'_>) -> (Bench, Arc<Channels>) {
    let bench = Bench::with(|config| set_up(config, set)).await;
    let channels = Channels::new(&bench.state.config).unwrap();
    (bench, Arc::new(channels))
}

/// The same, with a stand-in for GOV.UK Notify that has its clock.
async fn office_with_govuk(mail: Option<&MailServer>) -> (Bench, Arc<Channels>, NotifyStandIn) {
    let clock = FrozenClock::at(MONDAY);
    let govuk = NotifyStandIn::start(&clock).await;
    let set = Set { mail, govuk: Some(&govuk), ..Set::default() };
    let bench = Bench::with_clock(clock, |config| set_up(config, set)).await;
    let channels = Arc::new(Channels::new(&bench.state.config).unwrap());
    (bench, channels, govuk)
}

/// Gives Mia other addresses.
async fn reach_mia(bench: &Bench, email: Option<&'static str>, phone: Option<&'static str>) {
    let work = move |tx: &mut dyn Tx| {
        let mut mia = tx.person_called("mia")?.unwrap();
        mia.email = email.map(str::to_owned).map(Into::into);
        mia.phone = phone.map(str::to_owned).map(Into::into);
        tx.put_person(&mia)
    };
    bench.state.db.write(work).await.unwrap();
}

async fn prefer(bench: &Bench, person: &'static str, preference: Preference) {
    let (person, now) = (bench.person(person).await, bench.now());
    let work = move |tx: &mut dyn Tx| tx.put_preference(person, &preference, now);
    bench.state.db.write(work).await.unwrap();
}

async fn deliver(bench: &Bench, channels: &Arc<Channels>) -> usize {
    deliver_once(&bench.state, channels, bench.now()).await.unwrap()
}

async fn deliver_at(bench: &Bench, channels: &Arc<Channels>, at: DateTime<Utc>) -> usize {
    bench.clock.pass(at - bench.now());
    deliver(bench, channels).await
}

/// The notice of a line to this receiver, with its attempts.
async fn notice(bench: &Bench, id: EscalationId, receiver: Receiver) -> (Notice, Vec<Attempt>) {
    let look = move |tx: &dyn Tx| {
        let found = tx.notices(id)?.into_iter().find(|notice| notice.receiver == receiver);
        let found = found.expect("there is a notice");
        let attempts = tx.attempts(&found.key)?;
        Ok::<_, StoreError>((found, attempts))
    };
    bench.state.db.read(look).await.unwrap()
}

async fn line(bench: &Bench, id: EscalationId) -> LedgerLine {
    bench.state.db.read(move |tx| tx.line(id)).await.unwrap().unwrap()
}

/// How Mia heard of a line.
async fn heard(bench: &Bench, id: EscalationId) -> Option<(TimeDelta, HeardBy)> {
    let mia = bench.person("mia").await;
    let told = bench.state.db.read(move |tx| tx.told(id)).await.unwrap();
    let told = told.into_iter().find(|told| told.person == mia)?;
    told.heard.map(|heard| (heard.at - MONDAY, heard.by))
}

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

#[tokio::test]
async fn notices_say_what_kind_and_how_urgent_and_name_nobody() {
    let (mail, hook) = (MailServer::start().await, HookReceiver::start().await);
    let set = Set { mail: Some(&mail), hook: Some(&hook), govuk: None };
    let (bench, channels) = office(set).await;
    let id = bench.raised(Urgency::Immediate).await.id;
    assert!(deliver(&bench, &channels).await > 0);
    assert_eq!(deliver(&bench, &channels).await, 0, "sent once");
    let letters = mail.letters();
    let subject = "Doorstep: an escalation was raised to you (immediate: look at it now)";
    let link = format!("https://doorstep.example/escalations/{id}");
    let about = letters.iter().find(|letter| letter.text.contains(&link)).unwrap();
    assert_eq!(about.to, "mia@doorstep.example");
    assert_eq!(about.header("Subject").as_deref(), Some(subject));
    let child = bench.child("c1").await.to_string();
    let texts = letters.into_iter().map(|letter| letter.text);
    for text in texts.chain(hook.posted().into_iter().map(|posted| posted.body)) {
        for private in ["Child", "Street", "Person ", "NA-", &child] {
            assert!(!text.contains(private), "{private} is in\n{text}");
        }
    }
}

#[tokio::test]
async fn told_is_when_a_notice_was_delivered_and_not_when_it_was_written() {
    let mail = MailServer::start().await;
    let (bench, channels) = office(Set { mail: Some(&mail), ..Set::default() }).await;
    let id = bench.raised(Urgency::Immediate).await.id;
    assert_eq!(heard(&bench, id).await, None);
    bench.clock.pass(TimeDelta::seconds(5));
    deliver(&bench, &channels).await;
    let by_mail = (TimeDelta::seconds(5), HeardBy::Notice(Channel::Email));
    assert_eq!(heard(&bench, id).await, Some(by_mail));
    let history = bench.state.db.read(move |tx| tx.line_history(id)).await.unwrap();
    let told: Vec<_> = history.iter().filter(|entry| entry.what == "told").collect();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].by, Some(bench.person("mia").await));
}

#[tokio::test]
async fn a_mail_server_that_is_down_for_a_day_loses_nothing_and_stops_no_escalation() {
    let mail = MailServer::start().await;
    mail.be(Mood::Down);
    let (bench, channels) = office(Set { mail: Some(&mail), ..Set::default() }).await;
    let id = bench.raised(Urgency::Immediate).await.id;
    let mut tries = Vec::new();
    while bench.now() < MONDAY + TimeDelta::days(1) {
        assert_eq!(deliver(&bench, &channels).await, 0);
        let (found, attempts) = notice(&bench, id, Receiver::Person).await;
        tries.push((found.state.next().unwrap() - bench.now()).num_seconds());
        assert_eq!(attempts.len(), tries.len(), "each attempt is written down");
        assert_eq!(line(&bench, id).await.undelivered, tries.len() >= 5);
        bench.clock.pass(found.state.next().unwrap() - bench.now());
        sweep_once(&bench.state, bench.now()).await.unwrap();
    }
    assert_eq!(tries[..7], [30, 60, 120, 240, 480, 960, 1920]);
    assert!(tries[7..].iter().all(|pause| *pause == 3600));
    let failing = bench.state.db.read(|tx| tx.failing_notices(5)).await.unwrap().unwrap();
    assert_eq!(failing.since, MONDAY, "the console can say since when");
    let told = bench.state.db.read(move |tx| tx.told(id)).await.unwrap();
    let ada = bench.person("ada").await;
    assert!(told.iter().any(|told| told.person == ada), "it went up the chain all the same");

    mail.be(Mood::Takes);
    bench.clock.pass(TimeDelta::hours(2));
    deliver(&bench, &channels).await;
    assert_eq!(bench.state.db.read(|tx| tx.failing_notices(1)).await.unwrap(), None);
    assert!(!line(&bench, id).await.undelivered);
    let letters = mail.letters();
    let ids: BTreeSet<_> =
        letters.iter().map(|letter| letter.header("Message-ID").unwrap()).collect();
    assert_eq!(ids.len(), letters.len(), "nobody gets the same one twice");
    let link = format!("/escalations/{id}");
    let mias = |letter: &&crate::testing::receivers::Letter| {
        letter.to == "mia@doorstep.example" && letter.text.contains(&link)
    };
    assert_eq!(letters.iter().filter(mias).count(), 1);
}

#[tokio::test]
async fn what_somebody_has_in_hand_meanwhile_is_not_sent_late() {
    let mail = MailServer::start().await;
    mail.be(Mood::Refuses(451));
    let (bench, channels) = office(Set { mail: Some(&mail), ..Set::default() }).await;
    let raised = bench.raised(Urgency::Immediate).await;
    deliver(&bench, &channels).await;
    let (found, _) = notice(&bench, raised.id, Receiver::Person).await;
    let error = found.last_error.unwrap();
    assert!(error.contains("451") && !error.contains('@'), "{error}");
    let (id, ada, now) = (raised.id, bench.person("ada").await, bench.now());
    bench.state.db.write(move |tx| acknowledge(tx, id, ada, now)).await.unwrap();
    mail.be(Mood::Takes);
    deliver_at(&bench, &channels, MONDAY + TimeDelta::minutes(5)).await;
    let (found, _) = notice(&bench, id, Receiver::Person).await;
    assert_eq!(found.state, NoticeState::NotNeeded);
}

#[tokio::test]
async fn a_webhook_that_fails_is_tried_again_with_the_same_id_and_a_signature_of_its_time() {
    let hook = HookReceiver::start().await;
    let refusal = |status: u16| StatusCode::from_u16(status).unwrap().into_response();
    let busy = (StatusCode::SERVICE_UNAVAILABLE, [("retry-after", "120")]).into_response();
    hook.answer([refusal(500), busy, refusal(302)]);
    let (bench, channels) = office(Set { hook: Some(&hook), ..Set::default() }).await;
    let id = bench.raised(Urgency::Immediate).await.id;
    let all = bench.state.db.read(move |tx| tx.notices(id)).await.unwrap();
    assert_eq!(all.len(), 1, "where nobody can be told otherwise, no notice is written to them");

    let work = move |tx: &mut dyn Tx| keep_only(tx, id);
    bench.state.db.write(work).await.unwrap();
    let mut at = vec![bench.now()];
    deliver(&bench, &channels).await;
    while let Some(next) = notice(&bench, id, Receiver::Webhook).await.0.state.next() {
        deliver_at(&bench, &channels, next).await;
        at.push(next);
    }
    let seconds: Vec<_> = at.iter().map(|at| (*at - MONDAY).num_seconds()).collect();
    assert_eq!(seconds, [0, 5, 5 + 300, 5 + 300 + 1800]);
    let (_, attempts) = notice(&bench, id, Receiver::Webhook).await;
    let upshots: Vec<_> = attempts.iter().map(|attempt| attempt.upshot).collect();
    assert_eq!(upshots, [Upshot::Failed, Upshot::Failed, Upshot::Failed, Upshot::Delivered]);
    assert_eq!(attempts[0].why.as_deref(), Some("the webhook answered 500"));

    let posted = hook.posted();
    let ids: BTreeSet<_> = posted.iter().map(|posted| posted.header("webhook-id")).collect();
    assert_eq!((posted.len(), ids.len()), (4, 1), "a receiver can tell repetitions");
    for (posted, at) in posted.iter().zip(at) {
        let timestamp = at.timestamp().to_string();
        assert_eq!(posted.header("webhook-timestamp"), timestamp);
        let signed = format!("{}.{timestamp}.{}", posted.header("webhook-id"), posted.body);
        assert_eq!(posted.header("webhook-signature"), format!("v1,{}", hmac(&signed)));
        assert_eq!(posted.header("content-type"), "application/cloudevents+json");
    }
    let event = posted[0].event();
    assert_eq!(event["specversion"], "1.0");
    assert_eq!(event["id"], posted[0].header("webhook-id"));
    assert_eq!(event["source"], "https://doorstep.example");
    assert_eq!(event["type"], "doorstep.escalation.raised");
    assert_eq!(event["subject"], id.to_string());
    assert_eq!(event["time"], "2026-03-02T10:00:00.000Z");
    assert_eq!(event["data"]["urgency"], "immediate");
}

/// Sets all notices but those of one line to be over, so that a test sees only these.
fn keep_only(tx: &mut dyn Tx, id: EscalationId) -> Result<(), StoreError> {
    let claim = Claim { by: "test".into(), until: MONDAY };
    for claimed in tx.claim_notices(&claim, MONDAY + TimeDelta::days(365), usize::MAX)? {
        let mut notice = claimed.notice;
        if notice.escalation != id {
            notice.state = NoticeState::NotNeeded;
        }
        tx.settle_notice(&notice, "test")?;
    }
    Ok(())
}

/// HMAC-SHA256 (RFC 2104) of its own, so that the server's is not compared with itself.
fn hmac(text: &str) -> String {
    let mut key = BASE64_STANDARD.decode(WHSEC).unwrap();
    key.resize(64, 0);
    let pad = |with: u8| key.iter().map(|byte| byte ^ with).collect::<Vec<_>>();
    let inner = Sha256::new_with_prefix(pad(0x36)).chain_update(text).finalize();
    let outer = Sha256::new_with_prefix(pad(0x5c)).chain_update(inner).finalize();
    BASE64_STANDARD.encode(outer)
}

#[test]
fn the_independent_signature_is_that_of_the_published_example() {
    let text = "msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{\"test\": 2432232314}";
    assert_eq!(hmac(text), "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

#[tokio::test]
async fn a_webhook_that_is_given_up_can_be_tried_again_by_hand() {
    let hook = HookReceiver::start().await;
    hook.answer((0..10).map(|_| StatusCode::BAD_GATEWAY.into_response()));
    let (bench, channels) = office(Set { hook: Some(&hook), ..Set::default() }).await;
    let id = bench.raised(Urgency::Immediate).await.id;
    bench.state.db.write(move |tx| keep_only(tx, id)).await.unwrap();
    deliver(&bench, &channels).await;
    while let Some(next) = notice(&bench, id, Receiver::Webhook).await.0.state.next() {
        deliver_at(&bench, &channels, next).await;
    }
    let days = (bench.now() - MONDAY).num_days();
    assert_eq!((hook.posted().len(), days), (10, 3));
    let (given_up, _) = notice(&bench, id, Receiver::Webhook).await;
    assert_eq!(given_up.state, NoticeState::GivenUp);
    let now = bench.now();
    let again = bench.state.db.write(move |tx| tx.try_again(now)).await.unwrap();
    assert_eq!((again, deliver(&bench, &channels).await), (1, 1));
    let (delivered, _) = notice(&bench, id, Receiver::Webhook).await;
    assert_eq!(delivered.state, NoticeState::Delivered(Channel::Webhook));
}

#[tokio::test]
async fn govuk_notify_is_asked_what_became_of_a_message() {
    let (bench, channels, govuk) = office_with_govuk(None).await;
    reach_mia(&bench, None, Some("07700900123")).await;
    let id = bench.raised(Urgency::Immediate).await.id;
    deliver(&bench, &channels).await;
    let mias = govuk.taken().into_iter().find(|taken| taken.to == "07700900123").unwrap();
    assert_eq!(mias.kind, "sms");
    assert_eq!(mias.personalisation["kind"], "an escalation was raised to you");
    let link = format!("https://doorstep.example/escalations/{id}");
    assert_eq!(mias.personalisation["link"], link);
    assert_eq!(heard(&bench, id).await, None, "taken is not delivered");
    deliver_at(&bench, &channels, MONDAY + TimeDelta::seconds(15)).await;
    assert_eq!(heard(&bench, id).await, None, "it is still being sent");
    deliver_at(&bench, &channels, MONDAY + TimeDelta::seconds(30)).await;
    let by_text = (TimeDelta::seconds(30), HeardBy::Notice(Channel::NotifySms));
    assert_eq!(heard(&bench, id).await, Some(by_text));
}

#[tokio::test]
async fn what_govuk_notify_cannot_deliver_goes_the_next_way() {
    use Channel::{Email, NotifyEmail, NotifySms};
    for (email, phone, ways) in [
        ("perm-fail@simulator.notify", Some("07700900123"), &[NotifyEmail, NotifySms][..]),
        ("temp-fail@simulator.notify", Some("07700900123"), &[NotifyEmail, NotifySms]),
        ("mia@doorstep.example", Some("07700900002"), &[NotifyEmail]),
        ("not an address", Some("07700900123"), &[NotifyEmail, NotifySms]),
    ] {
        let (bench, channels, _govuk) = office_with_govuk(None).await;
        reach_mia(&bench, Some(email), phone).await;
        let id = bench.raised(Urgency::Immediate).await.id;
        for _ in 0..6 {
            deliver(&bench, &channels).await;
            bench.clock.pass(TimeDelta::seconds(15));
        }
        let (found, attempts) = notice(&bench, id, Receiver::Person).await;
        let tried: BTreeSet<_> = attempts.iter().map(|attempt| attempt.channel).collect();
        assert_eq!(tried, ways.iter().copied().collect(), "{email}: {attempts:#?}");
        assert_eq!(found.state, NoticeState::Delivered(ways[ways.len() - 1]), "{email}");
    }

    // By text message first, and by the organisation's own mail server where the phone is dead.
    for number in ["07700900002", "07700900003"] {
        let mail = MailServer::start().await;
        let (bench, channels, govuk) = office_with_govuk(Some(&mail)).await;
        reach_mia(&bench, Some("mia@doorstep.example"), Some(number)).await;
        let text = Preference { immediate: Manner::Text, ..Preference::default() };
        prefer(&bench, "mia", text).await;
        let id = bench.raised(Urgency::Immediate).await.id;
        for _ in 0..4 {
            deliver(&bench, &channels).await;
            bench.clock.pass(TimeDelta::seconds(15));
        }
        let (found, attempts) = notice(&bench, id, Receiver::Person).await;
        assert_eq!(found.state, NoticeState::Delivered(Email), "{attempts:#?}");
        assert_eq!(attempts[0].channel, NotifySms);
        assert!(govuk.taken().iter().any(|taken| taken.to == number));
    }
}

#[tokio::test]
async fn whoever_cannot_be_reached_at_all_is_seen_on_the_console_at_once() {
    let mail = MailServer::start().await;
    let (bench, channels) = office(Set { mail: Some(&mail), ..Set::default() }).await;
    reach_mia(&bench, None, Some("01632 960000")).await;
    let id = bench.raised(Urgency::Immediate).await.id;
    deliver(&bench, &channels).await;
    assert!(line(&bench, id).await.undelivered);
    reach_mia(&bench, Some("mia@doorstep.example"), None).await;
    deliver_at(&bench, &channels, MONDAY + TimeDelta::hours(1)).await;
    assert!(!line(&bench, id).await.undelivered, "once the address is put right it arrives");
}

#[tokio::test]
async fn routine_ones_come_together_and_not_on_a_bank_holiday() {
    let mail = MailServer::start().await;
    let (bench, channels) = office(Set { mail: Some(&mail), ..Set::default() }).await;
    // The Thursday before Easter, after the last digest of the day.
    bench.clock.pass(utc("2026-04-02T15:00:00Z") - bench.now());
    let child = bench.child("c1").await;
    let line = bench.raised(Urgency::SameDay).await;
    let routine = LedgerLine {
        escalation: doorstep_core::assessment::Escalation {
            urgency: Urgency::Routine,
            ..line.escalation.clone()
        },
        ..line
    };
    let (judge, now) = (bench.state.judge(), bench.now());
    let work = move |tx: &mut dyn Tx| {
        keep_only(tx, EscalationId::at(MONDAY, [0; 10]))?;
        let child = tx.child(child)?.unwrap();
        tx.put_line(&routine)?;
        for minutes in 1..=3 {
            let now = now + TimeDelta::minutes(minutes);
            let reason = crate::store::notices::Reason::Raised;
            let roster = &mut crate::judge::Roster::default();
            crate::judge::tell_first(&judge, tx, roster, &child, &routine, reason, now)?;
        }
        Ok::<_, StoreError>(())
    };
    bench.state.db.write(work).await.unwrap();
    for quiet in ["2026-04-02T23:00:00Z", "2026-04-03T08:00:00Z", "2026-04-06T12:00:00Z"] {
        assert_eq!(deliver_at(&bench, &channels, utc(quiet)).await, 0, "{quiet}");
    }
    deliver_at(&bench, &channels, utc("2026-04-07T08:00:00Z")).await;
    let letters = mail.letters();
    assert_eq!(letters.len(), 1, "three notices, one letter");
    let subject = "Doorstep: 3 escalations wait for you (look at them within a working day)";
    assert_eq!(letters[0].header("Subject").as_deref(), Some(subject));
    assert!(letters[0].text.contains("https://doorstep.example/inbox"));
}

#[tokio::test]
async fn a_person_s_hours_hold_back_what_is_not_immediate() {
    let mail = MailServer::start().await;
    for (urgency, arrives) in
        [(Urgency::Immediate, "2026-03-02T10:00:00Z"), (Urgency::SameDay, "2026-03-02T13:00:00Z")]
    {
        let (bench, channels) = office(Set { mail: Some(&mail), ..Set::default() }).await;
        let hours = Some("Mon-Fri 13:00-16:00".parse().unwrap());
        prefer(&bench, "mia", Preference { hours, ..Preference::default() }).await;
        let id = bench.raised(urgency).await.id;
        for minutes in [0, 179, 180] {
            deliver_at(&bench, &channels, MONDAY + TimeDelta::minutes(minutes)).await;
        }
        let (at, _) = heard(&bench, id).await.expect("it arrives");
        assert_eq!(MONDAY + at, utc(arrives), "{urgency:?}");
    }
}

#[tokio::test]
async fn a_server_that_is_killed_between_sending_and_writing_it_down_neither_loses_nor_doubles() {
    let hook = HookReceiver::start().await;
    let (bench, channels) = office(Set { hook: Some(&hook), ..Set::default() }).await;
    let id = bench.raised(Urgency::Immediate).await.id;
    bench.state.db.write(move |tx| keep_only(tx, id)).await.unwrap();
    hook.gate.shut();
    let (state, ways, now) = (bench.state.clone(), Arc::clone(&channels), bench.now());
    let killed = tokio::spawn(async move { deliver_once(&state, &ways, now).await });
    hook.gate.arrived().await;
    killed.abort();
    assert!(killed.await.is_err(), "it was killed");
    hook.gate.open();
    assert_eq!(deliver(&bench, &channels).await, 0, "another may still be sending it");
    let (claimed, _) = notice(&bench, id, Receiver::Webhook).await;
    assert_eq!(claimed.failures, 0);
    assert_eq!(deliver_at(&bench, &channels, MONDAY + TimeDelta::minutes(3)).await, 1);
    assert_eq!(deliver_at(&bench, &channels, MONDAY + TimeDelta::days(4)).await, 0);
    let posted = hook.posted();
    assert_eq!(posted.len(), 2);
    assert_eq!(posted[0].header("webhook-id"), posted[1].header("webhook-id"));
    assert_eq!(posted[0].body, posted[1].body);
}

#[tokio::test]
async fn a_server_that_stops_writes_down_what_it_was_sending_so_that_nobody_is_told_twice() {
    let mail = MailServer::start().await;
    let (bench, channels) = office(Set { mail: Some(&mail), ..Set::default() }).await;
    let id = bench.raised(Urgency::Immediate).await.id;
    bench.state.db.write(move |tx| keep_only(tx, id)).await.unwrap();
    mail.gate.shut();
    let telling = tokio::spawn(deliver_for_ever(bench.state.clone(), Arc::clone(&channels)));
    mail.took(|letters| letters.len() == 1).await;
    bench.state.signals.stop();
    mail.gate.open();
    telling.await.unwrap();
    let (told, attempts) = notice(&bench, id, Receiver::Person).await;
    assert_eq!(told.state, NoticeState::Delivered(Channel::Email));
    assert_eq!(attempts.len(), 1);
    assert_eq!(mail.letters().len(), 1);
}

#[tokio::test]
async fn govuk_notify_which_knows_no_repetition_is_asked_before_it_is_told_again() {
    let (bench, channels, govuk) = office_with_govuk(None).await;
    reach_mia(&bench, None, Some("07700900123")).await;
    let id = bench.raised(Urgency::Immediate).await.id;
    bench.state.db.write(move |tx| keep_only(tx, id)).await.unwrap();
    govuk.gate.shut();
    let (state, ways, now) = (bench.state.clone(), Arc::clone(&channels), bench.now());
    let killed = tokio::spawn(async move { deliver_once(&state, &ways, now).await });
    govuk.gate.arrived().await;
    killed.abort();
    assert!(killed.await.is_err(), "it was killed");
    govuk.gate.open();
    // A server that starts holds the store alone: what the killed one had claimed is free.
    bench.state.db.write(move |tx| tx.release_claims(now)).await.unwrap();
    for seconds in [1, 20, 40] {
        deliver_at(&bench, &channels, MONDAY + TimeDelta::seconds(seconds)).await;
    }
    assert_eq!(govuk.taken().len(), 1, "the phone rings once");
    assert!(heard(&bench, id).await.is_some());
}

#[tokio::test]
async fn two_servers_at_once_send_each_notice_once() {
    let mail = MailServer::start().await;
    let (bench, channels) = office(Set { mail: Some(&mail), ..Set::default() }).await;
    bench.raised(Urgency::Immediate).await;
    let now = bench.now();
    let (one, other) = tokio::join!(
        deliver_once(&bench.state, &channels, now),
        deliver_once(&bench.state, &channels, now)
    );
    let letters = mail.letters();
    let ids: BTreeSet<_> =
        letters.iter().map(|letter| letter.header("Message-ID").unwrap()).collect();
    assert_eq!(one.unwrap() + other.unwrap(), letters.len());
    assert_eq!(ids.len(), letters.len());
}

#[tokio::test]
async fn a_test_goes_out_by_the_way_that_is_named_and_says_what_came_of_it() {
    let (mail, hook) = (MailServer::start().await, HookReceiver::start().await);
    let set = Set { mail: Some(&mail), hook: Some(&hook), govuk: None };
    let (bench, _) = office(set).await;
    let mia = bench.person("mia").await;
    for channel in [Channel::Email, Channel::Webhook] {
        let (upshot, why) = send_test(&bench.state, mia, channel).await.unwrap();
        assert_eq!((upshot, why), (Upshot::Delivered, None));
    }
    assert!(mail.letters()[0].header("Subject").unwrap().contains("this is a test"));
    assert_eq!(hook.posted()[0].event()["type"], "doorstep.escalation.test");
    mail.be(Mood::Refuses(550));
    let (upshot, why) = send_test(&bench.state, mia, Channel::Email).await.unwrap();
    assert_eq!(upshot, Upshot::Refused);
    assert_eq!(why.as_deref(), Some("the mail server refused it with code 550"));
    let (upshot, why) = send_test(&bench.state, mia, Channel::NotifySms).await.unwrap();
    assert_eq!(upshot, Upshot::Failed);
    assert!(why.unwrap().contains("no address or number"));
}

#[tokio::test]
async fn a_manager_is_mailed_that_a_record_was_opened_and_not_whose() {
    let mail = MailServer::start().await;
    let (bench, channels) = office(Set { mail: Some(&mail), ..Set::default() }).await;
    let (ben, mia) = (bench.person("ben").await, bench.person("mia").await);
    let (child, from) = (bench.child("c1").await, bench.now());
    let work = move |tx: &mut dyn Tx| {
        tx.add_glass(&Glass {
            number: 0,
            person: ben,
            child,
            reason: "The school phoned about Child c1".into(),
            from,
            until: from + TimeDelta::hours(4),
            manager: Some(mia),
            told: None,
            review: None,
        })
    };
    bench.state.db.write(work).await.unwrap();
    mail.be(Mood::Down);
    deliver(&bench, &channels).await;
    assert_eq!(mail.letters(), []);
    mail.be(Mood::Takes);
    deliver(&bench, &channels).await;
    deliver(&bench, &channels).await;
    let letters = mail.letters();
    assert_eq!(letters.len(), 1, "told once: {letters:?}");
    assert_eq!(letters[0].to, "mia@doorstep.example");
    let text = &letters[0].text;
    assert!(text.contains("opened outside the allocation") && text.contains("/glass"), "{text}");
    for hidden in ["Child c1", "Person ben", "school", "Fictitious"] {
        assert!(!text.contains(hidden), "{hidden}: {text}");
    }
}

#[tokio::test]
async fn whoever_is_concerned_is_mailed_what_happened_to_an_account_and_not_whose() {
    let mail = MailServer::start().await;
    let (bench, channels) = office(Set { mail: Some(&mail), ..Set::default() }).await;
    let mia = bench.person("mia").await;
    let work = move |tx: &mut dyn Tx| {
        let mia = tx.person(mia)?.expect("mia works here");
        tx.put_person(&Person { administrator: true, ..mia })
    };
    bench.state.db.write(work).await.unwrap();
    let (db, ambient) = (&bench.state.db, &bench.state.ambient);
    let first = "kettle orbit walnut";
    accounts::set_password(db, ambient, mia, "mia", first).await.unwrap();
    accounts::set_first_password(db, ambient, mia, "mia", first).await.unwrap();
    let reason = "nobody of the duty desk can sign in";
    let opened = emergency::open(db, ambient, reason, emergency::OPEN).await.unwrap();
    mail.be(Mood::Down);
    deliver(&bench, &channels).await;
    assert_eq!(mail.letters(), []);
    mail.be(Mood::Takes);
    deliver(&bench, &channels).await;
    deliver(&bench, &channels).await;
    // Mia's own, and what administrators hear: each once.
    let letters = mail.letters();
    let letters: Vec<_> =
        letters.iter().filter(|letter| letter.to == "mia@doorstep.example").collect();
    assert_eq!(letters.len(), 2, "of the reset and of the emergency: {letters:?}");
    assert!(letters[0].text.contains("password or the codes of an account"), "{letters:?}");
    assert!(letters[1].text.contains("emergency access was opened"), "{letters:?}");
    for hidden in [first, opened.password.as_str(), reason, "Person mia"] {
        assert!(!letters.iter().any(|letter| letter.text.contains(hidden)), "{hidden}");
    }
}
