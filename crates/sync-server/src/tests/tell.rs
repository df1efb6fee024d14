//! Limits that pass unmet, and people who are told of it by a real mail server.

use std::sync::{Arc, Mutex};

use chrono::TimeDelta;
use doorstep_core::assessment::Standing;
use doorstep_core::event::{ChildSeen, Known, What};
use doorstep_core::policy::Policy;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::config::{Config, SmtpSecurity};
use crate::ingest::Incoming;
use crate::judge::acknowledge;
use crate::notify::SmtpMailer;
use crate::outbox::deliver_once;
use crate::store::ledger::LedgerLine;
use crate::sweep::sweep_once;
use crate::testing::{Bench, MONDAY};
use crate::verify::verify;

async fn lines(bench: &Bench) -> Vec<LedgerLine> {
    let child = bench.child("c1").await;
    bench.state.db.read(move |tx| tx.lines(child)).await.unwrap()
}

async fn sound(bench: &Bench) {
    let report = bench.state.db.read(|tx| verify(tx, &Policy::built_in())).await.unwrap();
    assert!(report.is_sound(), "{report}");
}

#[tokio::test]
async fn a_limit_that_passes_unmet_is_escalated_by_the_sweep() {
    let bench = Bench::new().await;
    let child = bench.child("c1").await;
    let mut phone = bench.phone("ann").await;
    let event = phone.no_response(child, MONDAY);
    bench.push(&phone, 1, vec![Incoming::Sealed(event)]).await;
    let before = lines(&bench).await.len();
    let next = bench.state.db.read(|tx| tx.next_change()).await.unwrap().expect("a limit runs");
    bench.clock.pass(next - bench.now() - TimeDelta::milliseconds(1));
    assert_eq!(sweep_once(&bench.state, bench.now()).await.unwrap(), 0);
    bench.clock.pass(TimeDelta::days(30));
    assert_eq!(sweep_once(&bench.state, bench.now()).await.unwrap(), 1);
    let after = lines(&bench).await;
    assert!(after.len() > before, "a month of silence concerns more people");
    assert!(after.iter().all(|line| line.told.is_some() || line.ended.is_some()));
    sound(&bench).await;
    assert_eq!(sweep_once(&bench.state, bench.now()).await.unwrap(), 0, "nothing is due twice");
}

#[tokio::test]
async fn an_escalation_ends_only_acknowledged_and_met_or_stood_down() {
    let bench = Bench::new().await;
    let child = bench.child("c1").await;
    let mut phone = bench.phone("ann").await;
    let event = phone.no_response(child, MONDAY);
    bench.push(&phone, 1, vec![Incoming::Sealed(event)]).await;
    let open = lines(&bench).await;
    let line = open.iter().find(|line| line.escalation.standing == Standing::Open).unwrap();
    let (id, by, now) = (line.id, line.addressee, bench.now());
    let taken = bench.state.db.write(move |tx| acknowledge(tx, id, by, now)).await.unwrap();
    assert!(taken.acknowledged.is_some() && taken.ended.is_none());

    bench.clock.pass(TimeDelta::hours(2));
    let seen = ChildSeen {
        seen_by: doorstep_core::event::Agency("service".into()),
        needs_met: Known::Yes,
        from_distance: false,
    };
    let body = phone.body(child, bench.now(), What::ChildSeen(seen));
    let event = phone.seal(&body);
    bench.push(&phone, 2, vec![Incoming::Sealed(event)]).await;
    for line in lines(&bench).await {
        assert_eq!(line.is_finished(), line.ended.is_some());
        let finished = line.escalation.standing != Standing::Open;
        assert!(finished || line.ended.is_none());
    }
    let inbox = bench.state.db.read(|tx| tx.inbox(None)).await.unwrap();
    assert!(inbox.iter().all(|line| line.ended.is_none()));
    sound(&bench).await;
}

/// A mail server on loopback that takes what it is given; the first `refusals` times it says no.
struct Receiver {
    port: u16,
    letters: Arc<Mutex<Vec<String>>>,
}

impl Receiver {
    async fn start(refusals: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let letters = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&letters);
        tokio::spawn(async move {
            let mut refusals = refusals;
            while let Ok((stream, _)) = listener.accept().await {
                let refuse = refusals > 0;
                refusals = refusals.saturating_sub(1);
                if let Some(letter) = take_letter(stream, refuse).await {
                    kept.lock().unwrap().push(letter);
                }
            }
        });
        Self { port, letters }
    }

    fn letters(&self) -> Vec<String> {
        self.letters.lock().unwrap().clone()
    }
}

async fn take_letter(stream: TcpStream, refuse: bool) -> Option<String> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(b"220 receiver\r\n").await.ok()?;
    let mut letter = None;
    while let Ok(Some(line)) = lines.next_line().await {
        let verb = line.split(' ').next().unwrap_or_default().to_uppercase();
        let answer: &[u8] = match verb.as_str() {
            "EHLO" | "HELO" => b"250 receiver\r\n",
            "RCPT" if refuse => b"451 not now, ann@doorstep.example\r\n",
            "DATA" => {
                write.write_all(b"354 go on\r\n").await.ok()?;
                let mut text = String::new();
                while let Ok(Some(line)) = lines.next_line().await {
                    if line == "." {
                        break;
                    }
                    text.push_str(&line);
                    text.push('\n');
                }
                letter = Some(text);
                b"250 taken\r\n"
            }
            "QUIT" => {
                write.write_all(b"221 bye\r\n").await.ok()?;
                break;
            }
            _ => b"250 well\r\n",
        };
        write.write_all(answer).await.ok()?;
    }
    letter
}

fn mailed(receiver: &Receiver) -> impl FnOnce(&mut Config) + use<> {
    let port = receiver.port;
    move |config| {
        config.smtp.host = "127.0.0.1".into();
        config.smtp.port = port;
        config.smtp.security = SmtpSecurity::None;
        config.smtp.from = "Doorstep <doorstep@council.example>".into();
        config.public_url = "https://doorstep.example".into();
        config.notice_flag_after = 2;
    }
}

#[tokio::test]
async fn notices_reach_the_mail_server_and_name_nobody() {
    let receiver = Receiver::start(0).await;
    let bench = Bench::with(mailed(&receiver)).await;
    let child = bench.child("c1").await;
    let mut phone = bench.phone("ann").await;
    let event = phone.no_response(child, MONDAY);
    bench.push(&phone, 1, vec![Incoming::Sealed(event)]).await;
    let mailer = SmtpMailer::new(&bench.state.config.smtp).unwrap();
    let told = lines(&bench).await.iter().filter(|line| line.told.is_some()).count();
    let sent = deliver_once(&bench.state, &mailer, bench.now()).await.unwrap();
    assert_eq!(sent, told);
    assert_eq!(deliver_once(&bench.state, &mailer, bench.now()).await.unwrap(), 0, "sent once");
    let letters = receiver.letters();
    assert_eq!(letters.len(), sent);
    for letter in letters {
        assert!(letter.contains("https://doorstep.example/escalations/"), "{letter}");
        assert!(letter.contains("Subject: Doorstep: an escalation for you"), "{letter}");
        for private in ["Child", "Street", "Person ", "NA-", &child.to_string()] {
            assert!(!letter.contains(private), "{private} is in\n{letter}");
        }
    }
}

#[tokio::test]
async fn a_notice_that_fails_is_tried_again_and_never_silently_given_up() {
    let receiver = Receiver::start(1000).await;
    let bench = Bench::with(mailed(&receiver)).await;
    let child = bench.child("c1").await;
    let mut phone = bench.phone("ann").await;
    let event = phone.no_response(child, MONDAY);
    bench.push(&phone, 1, vec![Incoming::Sealed(event)]).await;
    let mailer = SmtpMailer::new(&bench.state.config.smtp).unwrap();
    let id = lines(&bench).await.into_iter().find(|line| line.told.is_some()).unwrap().id;
    let mut pauses = Vec::new();
    for attempt in 1..=4_u32 {
        assert_eq!(deliver_once(&bench.state, &mailer, bench.now()).await.unwrap(), 0);
        let notice = bench.state.db.read(move |tx| tx.notices(id)).await.unwrap().remove(0);
        assert_eq!(notice.attempts, attempt);
        let error = notice.last_error.unwrap();
        assert!(error.contains("451") && !error.contains('@'), "{error}");
        pauses.push((notice.next_try - bench.now()).num_seconds());
        let line = bench.state.db.read(move |tx| tx.line(id)).await.unwrap().unwrap();
        assert_eq!(line.undelivered, attempt >= 2, "after {attempt} failures");
        bench.clock.pass(notice.next_try - bench.now());
    }
    assert_eq!(pauses, [30, 60, 120, 240]);
    let history = bench.state.db.read(move |tx| tx.line_history(id)).await.unwrap();
    assert_eq!(history.iter().filter(|entry| entry.what == "notice-failed").count(), 4);

    let willing = Receiver::start(0).await;
    let mut settings = bench.state.config.smtp.clone();
    settings.port = willing.port;
    let mailer = SmtpMailer::new(&settings).unwrap();
    assert!(deliver_once(&bench.state, &mailer, bench.now()).await.unwrap() > 0);
    let line = bench.state.db.read(move |tx| tx.line(id)).await.unwrap().unwrap();
    assert!(!line.undelivered);
}
