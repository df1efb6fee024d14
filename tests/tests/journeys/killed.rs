//! A server that is killed without warning while notices go out. Every notice arrives; one comes
//! twice only where the mail server had taken it just before, and then it is the same letter.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use doorstep_core::assessment::Urgency;
use doorstep_sync_server::store::notices::{NoticeState, Receiver};
use doorstep_sync_server::store::sqlite::SqliteStore;
use doorstep_sync_server::store::{StoreError, Tx};
use doorstep_sync_server::testing::receivers::{Letter, MailServer, Mood};
use doorstep_tests::journey::{Laptop, Organisation, Server};
use tokio::runtime::Runtime;

/// Nothing here takes so long; where it does, something was lost.
const LOST_AFTER: Duration = Duration::from_mins(1);

/// To whom, and about which escalation.
type Telling = (String, String);

/// What the store says of everything that is immediate.
#[derive(Default)]
struct Known {
    /// Whoever is to hear of it.
    told: BTreeSet<Telling>,
    /// Whoever was told, as far as the server knows.
    delivered: BTreeSet<Telling>,
}

impl Known {
    fn of(organisation: &Organisation) -> Self {
        SqliteStore::look(&organisation.data(), gather).unwrap()
    }
}

fn gather(tx: &dyn Tx) -> Result<Known, StoreError> {
    let mut known = Known::default();
    for child in tx.children()? {
        let mut lines = tx.lines(child.id)?;
        lines.retain(|line| line.escalation.urgency == Urgency::Immediate);
        for line in lines {
            assert_eq!(line.ended, None, "what is over is told to nobody");
            let telling = |person| {
                let email = tx.person(person)?.and_then(|person| person.email);
                let email = email.ok_or(StoreError::Missing { what: "e-mail address" })?;
                Ok::<_, StoreError>((String::from(email), line.id.to_string()))
            };
            for told in tx.told(line.id)? {
                known.told.insert(telling(told.person)?);
            }
            for notice in tx.notices(line.id)? {
                let is_there = matches!(notice.state, NoticeState::Delivered(_));
                if is_there && notice.receiver == Receiver::Person {
                    known.delivered.insert(telling(notice.person)?);
                }
            }
        }
    }
    Ok(known)
}

/// Whom a letter tells of what; none: it is about several, as a digest is.
fn telling(letter: &Letter) -> Option<Telling> {
    let (_, rest) = letter.text.split_once("/escalations/")?;
    Some((letter.to.clone(), rest.lines().next()?.trim().to_owned()))
}

/// The letters about what is immediate: their identities, by what they tell.
fn arrived(letters: &[Letter], told: &BTreeSet<Telling>) -> BTreeMap<Telling, Vec<String>> {
    let mut arrived: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for letter in letters {
        if let Some(telling) = telling(letter).filter(|telling| told.contains(telling)) {
            arrived.entry(telling).or_default().push(letter.header("Message-ID").unwrap());
        }
    }
    arrived
}

fn serve(organisation: &Organisation, mail: &MailServer) -> Server {
    let port = mail.port.to_string();
    let settings = [
        ("DOORSTEP_SMTP_HOST", "127.0.0.1"),
        ("DOORSTEP_SMTP_PORT", port.as_str()),
        ("DOORSTEP_SMTP_SECURITY", "none"),
        ("DOORSTEP_SMTP_FROM", "Doorstep <doorstep@ficton.example>"),
    ];
    organisation.serve_talking(&settings).0
}

/// Something that a manager must hear of at once.
fn raise(laptop: &Laptop, server: &Server, child: &str) {
    let contact = ["record", "--child", child, "--form", "no-response", "--concern", "high"];
    let _ = laptop.device(contact).well();
    // A server that starts again listens on another port.
    std::fs::write(laptop.dir.join("server.txt"), &server.url).unwrap();
    let _ = laptop.device(["sync"]).well();
}

async fn in_time<T>(wait: impl Future<Output = T>) -> T {
    tokio::time::timeout(LOST_AFTER, wait).await.expect("it comes, or was lost")
}

#[test]
fn a_server_killed_while_notices_go_out_loses_none_and_doubles_only_what_was_taken() {
    let runtime = Runtime::new().unwrap();
    let mail = runtime.block_on(MailServer::start());
    let organisation = Organisation::with_sample_caseload();
    // What the mail server had taken, and the server had not yet written down, at some kill.
    let mut unsure: BTreeSet<Telling> = BTreeSet::new();
    let kill = |server: Server, unsure: &mut BTreeSet<Telling>| {
        server.kill();
        let known = Known::of(&organisation);
        let taken = arrived(&mail.letters(), &known.told);
        unsure.extend(taken.into_keys().filter(|telling| !known.delivered.contains(telling)));
        known
    };

    // The connection stands, and nothing was said yet.
    mail.be(Mood::Mute);
    let server = serve(&organisation, &mail);
    let laptop = organisation.laptop(&server, "S-105");
    raise(&laptop, &server, "Amber");
    runtime.block_on(in_time(mail.gate.arrived()));
    let known = kill(server, &mut unsure);
    assert!(known.told.len() >= 3 && known.delivered.is_empty(), "{:?}", known.told);
    assert_eq!(mail.letters(), []);

    // It was taken, and the server did not hear that.
    mail.be(Mood::Takes);
    mail.gate.shut();
    let server = serve(&organisation, &mail);
    raise(&laptop, &server, "Toby");
    runtime.block_on(in_time(mail.took(|letters| !letters.is_empty())));
    let _ = kill(server, &mut unsure);
    assert!(!unsure.is_empty(), "it had been taken");

    // Somewhere on the way: whatever had got so far.
    mail.gate.open();
    let before = mail.letters().len();
    let server = serve(&organisation, &mail);
    raise(&laptop, &server, "Callum");
    runtime.block_on(in_time(mail.took(|letters| letters.len() > before)));
    let _ = kill(server, &mut unsure);

    let server = serve(&organisation, &mail);
    raise(&laptop, &server, "Erin");
    let told = Known::of(&organisation).told;
    let all = |letters: &[Letter]| arrived(letters, &told).len() == told.len();
    runtime.block_on(in_time(mail.took(all)));
    let (_, well) = server.stop();
    assert!(well);
    assert_eq!(Known::of(&organisation).delivered, told, "everybody was told, and that is known");
    let letters = arrived(&mail.letters(), &told);
    for (telling, ids) in &letters {
        let same: BTreeSet<_> = ids.iter().collect();
        assert_eq!(same.len(), 1, "{telling:?} is another letter: {ids:?}");
        assert!(ids.len() == 1 || unsure.contains(telling), "{telling:?} came {}", ids.len());
    }
    let doubled = letters.values().filter(|ids| ids.len() > 1).count();
    assert!(doubled > 0, "what was taken and not written down comes again");
}
