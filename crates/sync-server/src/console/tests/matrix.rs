//! Every route of the console for every seat, with what is theirs and with what is another's; and
//! the table of it in `docs/security.md`, which is what was found here.

use std::fmt::Write as _;
use std::path::Path;

use doorstep_core::access::Seat;
use doorstep_core::event::Role;
use doorstep_core::ids::{ChildId, PersonId, TeamId};

use super::office::{CHILD, ESCALATION, MARGARET, Office, PASSWORD, id};
use crate::console::accounts;
use crate::store::directory::{Child, Person, Team};

/// A child of another team, of which nobody here knows anything.
const FOREIGN_CHILD: u128 = 0x1f;

/// The routes that are read: each with the team's own thing, with another team's, and with an id of
/// another organisation.
fn reads() -> Vec<(&'static str, [String; 3])> {
    let child = |tail: &str| {
        [CHILD, FOREIGN_CHILD, 0xffff].map(|number| format!("/children/{}{tail}", id(number)))
    };
    let one = |path: &str| [path.to_owned(), String::new(), String::new()];
    let with = |path: &str, own: u128| {
        [format!("{path}{}", id(own)), String::new(), format!("{path}{}", id(0xffff))]
    };
    vec![
        ("/inbox", one("/inbox")),
        ("/team", one("/team")),
        ("/quarantine", one("/quarantine")),
        ("/devices", one("/devices")),
        ("/devices/enrol", one("/devices/enrol")),
        ("/devices/{id}", with("/devices/", 0x41)),
        ("/policy", one("/policy")),
        ("/access", one("/access")),
        ("/access.csv", one("/access.csv")),
        ("/glass", one("/glass")),
        ("/find", one("/find")),
        ("/account", one("/account")),
        ("/escalations/{id}", with("/escalations/", ESCALATION)),
        ("/children/{id}", child("")),
        ("/children/{id}/print", child("/print")),
        ("/children/{id}/open", child("/open")),
        ("/children/{id}/protection", child("/protection")),
        ("/children/{id}/visits", child("/visits")),
    ]
}

/// The role, administrator and auditor of somebody with this seat.
fn roles(seat: Seat) -> (Role, bool, bool) {
    let role = match seat {
        Seat::Practitioner | Seat::Administrator | Seat::Auditor => Role::Practitioner,
        Seat::DutyWorker => Role::DutyWorker,
        Seat::LineManager => Role::LineManager,
        Seat::TeamManager => Role::TeamManager,
        Seat::CaseSupervisor => Role::CaseSupervisor,
        Seat::SafeguardingLead => Role::SafeguardingLead,
    };
    (role, seat == Seat::Administrator, seat == Seat::Auditor)
}

/// An office with somebody of each seat in the child's team, and a child of a team of nobody.
async fn furnished() -> (Office, Vec<(Seat, String)>) {
    let office = Office::open().await;
    office
        .write(|tx| {
            let margaret = tx.person(PersonId(id(MARGARET)))?.unwrap();
            for (number, seat) in (0x70..).zip(Seat::ALL) {
                let (role, administrator, auditor) = roles(*seat);
                let (id, external) = (PersonId(id(number)), format!("P-{seat}"));
                let name = format!("Some {seat}");
                let person = Person {
                    id,
                    external,
                    name: name.into(),
                    role,
                    administrator,
                    auditor,
                    ..margaret.clone()
                };
                tx.put_person(&person)?;
            }
            let (other, external) = (TeamId(id(9)), "East".to_owned());
            tx.put_team(&Team { id: other, external, name: "East".to_owned(), phone: None })?;
            let card = tx.child(ChildId(id(CHILD)))?.unwrap();
            let (id, external) = (ChildId(id(FOREIGN_CHILD)), "C-foreign".to_owned());
            tx.put_child(&Child { id, external, team: Some(other), ..card })
        })
        .await;
    let mut seated = Vec::new();
    for (number, seat) in (0x70..).zip(Seat::ALL) {
        let (db, ambient) = (&office.state.db, &office.state.ambient);
        let login = seat.as_str();
        accounts::set_password(db, ambient, PersonId(id(number)), login, PASSWORD).await.unwrap();
        seated.push((*seat, office.sign_in(login).await));
    }
    (office, seated)
}

fn word(status: u16) -> &'static str {
    match status {
        200 => "yes",
        303 => "moved",
        404 => "no",
        _ => "?",
    }
}

#[tokio::test]
async fn every_route_answers_every_seat_as_the_table_says_and_never_with_anothers() {
    let (office, seated) = furnished().await;
    let mut table = String::from("| route |");
    for (seat, _) in &seated {
        let _ = write!(table, " {seat} |");
    }
    let _ = write!(table, "\n|---|{}", "---|".repeat(seated.len()));
    for (route, [own, other, unknown]) in reads() {
        let _ = write!(table, "\n| `{route}` |");
        for (seat, session) in &seated {
            let answer = office.get(&own, session).await;
            let _ = write!(table, " {} |", word(answer.status.as_u16()));
            assert!(answer.status.as_u16() < 500, "{route} {seat}: {}", answer.text);
            for foreign in [&other, &unknown].into_iter().filter(|path| !path.is_empty()) {
                let answer = office.get(foreign, session).await;
                let asks = route.ends_with("/open") && *foreign == other;
                let status = answer.status.as_u16();
                assert!(status == 404 || (asks && status == 200), "{foreign} {seat}: {status}");
                assert!(!answer.text.contains("Larch") && !answer.text.contains("Amira"), "{seat}");
            }
        }
    }
    table.push('\n');
    compare("routes", &table);
}

#[tokio::test]
async fn nobody_gets_in_without_a_session_and_no_form_counts_without_its_token() {
    let (office, seated) = furnished().await;
    for (route, [own, ..]) in reads() {
        let answer = office.get(&own, "").await;
        assert_eq!(answer.status.as_u16(), 303, "{route}");
        assert!(answer.location.starts_with("/sign-in"), "{route}: {}", answer.location);
    }
    let posts = [
        format!("/escalations/{}/acknowledge", id(ESCALATION)),
        format!("/escalations/{}/hand-over", id(ESCALATION)),
        format!("/children/{}/address", id(CHILD)),
        format!("/children/{}/open", id(CHILD)),
        format!("/children/{}/protection", id(CHILD)),
        format!("/devices/{}/revoke", id(0x41)),
        "/devices/enrol".to_owned(),
        "/find".to_owned(),
        "/glass/1".to_owned(),
        "/account".to_owned(),
        "/team".to_owned(),
        "/sign-out".to_owned(),
    ];
    for (seat, session) in &seated {
        for path in &posts {
            let status = office.post(path, session, "csrf=forged&sure=yes").await.status.as_u16();
            assert!(matches!(status, 403 | 404 | 422), "{path} {seat}: {status}");
        }
    }
    let look = |tx: &dyn crate::store::Tx| tx.device(doorstep_core::ids::DeviceId(id(0x41)));
    let device = office.state.db.read::<_, crate::store::StoreError>(look).await.unwrap().unwrap();
    assert_eq!(device.revoked, None);
}

#[test]
fn the_page_on_security_shows_the_table_that_access_follows() {
    compare("access", &doorstep_core::access::markdown());
}

#[test]
fn every_route_that_names_a_child_is_walked() {
    let table = include_str!("../mod.rs");
    let walked: Vec<_> = reads().into_iter().map(|(route, _)| route).collect();
    let elsewhere = [
        "/children/{id}/attachments/{hash}",
        "/children/{id}/address",
        "/children/{id}/visits/cancel",
    ];
    for line in table.lines().filter(|line| line.contains(".route(\"/children")) {
        let route = line.split('"').nth(1).unwrap();
        assert!(walked.contains(&route) || elsewhere.contains(&route), "{route} is not walked");
    }
}

/// Compares what stands between two marks of the page on security with what was found; writes it
/// where the command that generates runs.
fn compare(name: &str, found: &str) {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/security.md");
    let text = std::fs::read_to_string(&page).unwrap();
    let (begin, end) = (format!("<!-- begin: {name} -->\n"), format!("<!-- end: {name} -->"));
    let (before, rest) = text.split_once(&begin).expect("the page has the mark");
    let (written, after) = rest.split_once(&end).expect("the page has the mark");
    if std::env::var_os("DOORSTEP_GENERATE").is_some() {
        std::fs::write(&page, format!("{before}{begin}{found}{end}{after}")).unwrap();
    } else {
        assert!(written == found, "docs/security.md is out of date: run `make generate`");
    }
}
