//! Every route of the console for every seat, with what is theirs and with what is another's; and
//! the table of it in `docs/security.md`, which is what was found here.
//!
//! The routes are read from where the router is put together: one that nobody lists here fails.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use chrono::TimeDelta;
use doorstep_core::access::Seat;
use doorstep_core::event::Role;
use doorstep_core::ids::{ChildId, DeviceId, EscalationId, PersonId, TeamId};
use doorstep_core::seal::Hash;

use super::attachments::{arrive, attach};
use super::office::{
    Answer, CHILD, DESTA, ESCALATION, MARGARET, NOW, OMAR, Office, PASSWORD, PRIYA, id, line,
    raise, set_aside, utc,
};
use crate::access::GLASS_OPEN;
use crate::console::accounts;
use crate::store::availability::{Absence, AbsentBecause};
use crate::store::devices::Device;
use crate::store::directory::{Child, Person, Team};
use crate::store::ledger::LedgerLine;
use crate::store::log::SetAside;
use crate::store::oversight::Glass;
use crate::store::visits::PlannedVisit;
use crate::store::{StoreError, Tx};

/// A child of another team, of which nobody here knows anything.
const FOREIGN_CHILD: u128 = 0x1f;
/// An escalation about that child, and the device of somebody of another team.
const FOREIGN_ESCALATION: u128 = 0x2f;
const FOREIGN_DEVICE: u128 = 0x4f;
/// What belongs to another organisation.
const UNKNOWN: u128 = 0xffff;
/// The letter that a record of the child names.
const LETTER: &[u8] = b"%PDF-1.7 a letter";
/// What is decided once is there once for each seat; the next is another team's.
const SEATS: u64 = Seat::ALL.len() as u64;
const FOREIGN_NUMBER: u64 = SEATS + 1;

/// Routes that nobody needs a session for.
const OPEN_TO_ALL: [&str; 4] =
    ["GET /", "GET /sign-in", "POST /sign-in", "GET /assets/{hash}/{name}"];
/// Routes that take nobody's id, and change or show only what is one's own: no seat differs.
const OF_ONESELF: [&str; 8] = [
    "GET /inbox/live",
    "POST /sign-out",
    "POST /account",
    "POST /account/password",
    "POST /notices/test",
    "POST /notices/preferences",
    "POST /team/not-available",
    "POST /find",
];

/// A request: a path, and the fields of a form beside its token.
type Asked = (String, String);

/// One route, with what is asked of it.
struct Walk {
    route: &'static str,
    /// With the team's own thing, for the seat of this number.
    own: Box<dyn Fn(u64) -> Asked>,
    /// With another team's.
    other: Vec<Asked>,
    /// Seats whose sight does not end at the team.
    sees_others: &'static [Seat],
}

fn walk(route: &'static str, own: impl Fn(u64) -> Asked + 'static) -> Walk {
    Walk { route, own: Box::new(own), other: Vec::new(), sees_others: &[] }
}

/// A page or form that takes no id.
fn whole(route: &'static str, form: &'static str) -> Walk {
    let path = route.split_once(' ').unwrap().1;
    walk(route, move |_| (path.to_owned(), form.to_owned()))
}

impl Walk {
    /// Another team's, and another organisation's.
    fn or(mut self, paths: impl IntoIterator<Item = String>, form: &str) -> Self {
        self.other.extend(paths.into_iter().map(|path| (path, form.to_owned())));
        self
    }

    fn with(mut self, asked: impl IntoIterator<Item = Asked>) -> Self {
        self.other.extend(asked);
        self
    }

    fn but(mut self, sees_others: &'static [Seat]) -> Self {
        self.sees_others = sees_others;
        self
    }
}

/// A route under one thing: the team's own, another team's and another organisation's.
fn thing(
    route: &'static str,
    (prefix, tail): (&'static str, &'static str),
    numbers: [u128; 3],
    form: &'static str,
) -> Walk {
    let path = move |number| format!("{prefix}{}{tail}", id(number));
    let [own, other, unknown] = numbers;
    walk(route, move |_| (path(own), form.to_owned())).or([path(other), path(unknown)], form)
}

fn child(route: &'static str, tail: &'static str, form: &'static str) -> Walk {
    thing(route, ("/children/", tail), [CHILD, FOREIGN_CHILD, UNKNOWN], form)
}

fn escalation(route: &'static str, tail: &'static str, form: &'static str) -> Walk {
    thing(route, ("/escalations/", tail), [ESCALATION, FOREIGN_ESCALATION, UNKNOWN], form)
}

fn device(route: &'static str, tail: &'static str, form: &'static str) -> Walk {
    thing(route, ("/devices/", tail), [0x41, FOREIGN_DEVICE, UNKNOWN], form)
        .but(&[Seat::Administrator])
}

/// The page of somebody in the set-up.
fn person(number: u128) -> String {
    format!("/set-up/people/{}", PersonId(id(number)))
}

/// The planned visit that is there for a seat.
fn visit(number: u64) -> u128 {
    0xb00 + u128::from(number)
}

/// Calls a visit off, at this child.
fn cancel(child: u128, visit: u128) -> Asked {
    (format!("/children/{}/visits/cancel", id(child)), format!("visit={}", id(visit)))
}

fn numbered(route: &'static str, prefix: &'static str, form: &'static str) -> Walk {
    let path = move |number: u64| format!("{prefix}{number}");
    walk(route, move |seat| (path(seat), form.to_owned()))
        .or([path(FOREIGN_NUMBER), path(99_999)], form)
}

/// Every route, those that change something behind those that are read.
fn walks() -> Vec<Walk> {
    let mut walks = reads();
    walks.extend(forms());
    walks
}

fn reads() -> Vec<Walk> {
    let letter = format!("/attachments/{}", Hash::of(LETTER));
    let letter: &'static str = Box::leak(letter.into_boxed_str());
    vec![
        whole("GET /inbox", ""),
        whole("GET /team", ""),
        whole("GET /quarantine", ""),
        numbered("GET /quarantine/{number}", "/quarantine/", "").but(&[Seat::Administrator]),
        whole("GET /devices", ""),
        whole("GET /devices/enrol", ""),
        device("GET /devices/{id}", "", ""),
        whole("GET /numbers", ""),
        walk("GET /numbers/{table}", |_| ("/numbers/forms.csv".to_owned(), String::new()))
            .or(["/numbers/unknown.csv".to_owned()], ""),
        whole("GET /notices", ""),
        whole("GET /notices/preferences", ""),
        whole("GET /policy", ""),
        whole("GET /access", ""),
        whole("GET /access.csv", ""),
        whole("GET /glass", ""),
        whole("GET /find", ""),
        whole("GET /account", ""),
        whole("GET /set-up", ""),
        whole("GET /set-up/import", ""),
        walk("GET /set-up/people/{id}", |_| (person(PRIYA), String::new()))
            .or([person(UNKNOWN)], ""),
        walk("GET /set-up/allocations", |_| {
            ("/set-up/allocations?child=C1".to_owned(), String::new())
        }),
        escalation("GET /escalations/{id}", "", ""),
        escalation("GET /escalations/{id}/record/{kind}", "/record/discuss", ""),
        child("GET /children/{id}", "", ""),
        child("GET /children/{id}/print", "/print", ""),
        child("GET /children/{id}/attachments/{hash}", letter, ""),
        // With a child of another team it asks for a reason; that is what it is for.
        walk("GET /children/{id}/open", |_| {
            (format!("/children/{}/open", id(CHILD)), String::new())
        })
        .or([format!("/children/{}/open", id(UNKNOWN))], ""),
        child("GET /children/{id}/protection", "/protection", ""),
        child("GET /children/{id}/visits", "/visits", ""),
    ]
}

fn forms() -> Vec<Walk> {
    vec![
        escalation("POST /escalations/{id}/record/{kind}", "/record/discuss", ""),
        escalation("POST /escalations/{id}/acknowledge", "/acknowledge", ""),
        // To whom it does not belong yet: each seat hands it over from the one before.
        walk("POST /escalations/{id}/hand-over", |seat| {
            let to = id(if matches!(seat, 3 | 6) { MARGARET } else { DESTA });
            (format!("/escalations/{}/hand-over", id(ESCALATION)), format!("to={to}"))
        })
        .or(
            [FOREIGN_ESCALATION, UNKNOWN].map(|of| format!("/escalations/{}/hand-over", id(of))),
            "to=00000000-0000-0000-0000-000000000054",
        ),
        child("POST /children/{id}/address", "/address", ""),
        child("POST /children/{id}/protection", "/protection", "answer=ask&reason=short"),
        child("POST /children/{id}/visits", "/visits", ""),
        // Another's visit under one's own child as well.
        walk("POST /children/{id}/visits/cancel", |seat| cancel(CHILD, visit(seat)))
            .with([cancel(FOREIGN_CHILD, visit(FOREIGN_NUMBER))])
            .with([cancel(CHILD, visit(FOREIGN_NUMBER)), cancel(CHILD, UNKNOWN)]),
        numbered("POST /quarantine/{number}", "/quarantine/", "decision=dismiss&reason=A+test")
            .but(&[Seat::Administrator]),
        numbered("POST /glass/{number}", "/glass/", "verdict=justified&reason=phoned")
            .but(&[Seat::Auditor]),
        whole("POST /devices/enrol", "person=00000000-0000-0000-0000-000000000052")
            .or(["/devices/enrol".to_owned()], "person=00000000-0000-0000-0000-00000000ffff"),
        device("POST /devices/{id}/revoke", "/revoke", "sure=yes"),
        whole("POST /team", "person=00000000-0000-0000-0000-000000000052&why=sick")
            .or(["/team".to_owned()], "person=00000000-0000-0000-0000-00000000ffff&why=sick"),
        walk("POST /team/back", |seat| ("/team/back".to_owned(), format!("number={seat}")))
            .or(["/team/back".to_owned()], "number=9")
            .but(&[Seat::Administrator]),
        whole("POST /notices/again", ""),
        whole("POST /set-up/import", ""),
        walk("POST /set-up/people/{id}", |_| (person(PRIYA), String::new()))
            .or([person(UNKNOWN)], ""),
        whole("POST /set-up/allocations", ""),
        walk("POST /children/{id}/open", |_| {
            let reason = "reason=The+school+phoned+and+nobody+answers";
            (format!("/children/{}/open", id(CHILD)), reason.to_owned())
        })
        .or([format!("/children/{}/open", id(UNKNOWN))], "reason=The+school+phoned+and+waits"),
    ]
}

/// Method and path of every route that a source puts into a router.
fn routes_of(source: &str) -> Vec<String> {
    let mut routes = Vec::new();
    for part in source.split(".route(").skip(1) {
        let first = part.trim_start();
        let (path, rest) = match first.strip_prefix('"') {
            Some(text) => text.split_once('"').expect("a path ends"),
            None => first.split_once(',').expect("a handler follows"),
        };
        let path = if path == "importing::PATH" { crate::console::importing::PATH } else { path };
        // Up to the end of this call: a route's handlers hold no semicolon and no other route.
        let handlers = rest.split("\n        .").next().unwrap_or(rest);
        for (call, method) in [("get(", "GET"), ("post(", "POST"), ("put(", "PUT")] {
            let called = |place: usize| {
                let before = handlers[..place].chars().next_back();
                before.is_none_or(|letter| !letter.is_alphanumeric() && letter != ':')
            };
            if handlers.match_indices(call).any(|(place, _)| called(place)) {
                routes.push(format!("{method} {path}"));
            }
        }
    }
    routes
}

#[test]
fn every_route_of_the_router_is_walked_and_no_other() {
    let source = include_str!("../mod.rs");
    let found: BTreeSet<_> = routes_of(source).into_iter().collect();
    assert!(found.len() >= source.matches(".route(").count(), "each route has a method: {found:?}");
    let walked = walks().into_iter().map(|walk| walk.route);
    let listed = walked.chain(OPEN_TO_ALL).chain(OF_ONESELF);
    let listed: BTreeSet<_> = listed.map(str::to_owned).collect();
    assert_eq!(found.difference(&listed).collect::<Vec<_>>(), [""; 0], "list these here");
    assert_eq!(listed.difference(&found).collect::<Vec<_>>(), [""; 0], "these are gone");
    let planted =
        "Router::new()\n        .route(\"/new/{id}\", get(new::show).post(new::budget))\n";
    assert_eq!(routes_of(planted), ["GET /new/{id}", "POST /new/{id}"]);
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

/// An office with somebody of each seat in the child's team, and a team of others.
async fn furnished() -> (Office, Vec<(Seat, String)>) {
    let office = Office::open().await;
    office.write(|tx| seat_people(tx).and_then(|()| others(tx))).await;
    office.write(once_for_each_seat).await;
    let (key, ambient) = (office.state.attachment_key().unwrap(), office.state.ambient.clone());
    let hash = Hash::of(LETTER);
    let bytes = key.seal(&ambient, hash, 0, LETTER);
    office
        .write(move |tx| {
            attach(tx, hash)?;
            arrive(tx, hash, &key.id(), &bytes)
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

fn seat_people(tx: &mut dyn Tx) -> Result<(), StoreError> {
    let margaret = tx.person(PersonId(id(MARGARET)))?.unwrap();
    for (number, seat) in (0x70..).zip(Seat::ALL) {
        let (role, administrator, auditor) = roles(*seat);
        let (id, external) = (PersonId(id(number)), format!("P-{seat}"));
        let name = format!("Some {seat}").into();
        let person =
            Person { id, external, name, role, administrator, auditor, ..margaret.clone() };
        tx.put_person(&person)?;
    }
    Ok(())
}

/// A team that nobody here belongs to, with its child, its escalation and its device.
fn others(tx: &mut dyn Tx) -> Result<(), StoreError> {
    let (other, external) = (TeamId(id(9)), "East".to_owned());
    tx.put_team(&Team { id: other, external, name: "East".to_owned(), phone: None })?;
    let card = tx.child(ChildId(id(CHILD)))?.unwrap();
    let (number, external) = (ChildId(id(FOREIGN_CHILD)), "C-foreign".to_owned());
    tx.put_child(&Child { id: number, external, team: Some(other), ..card })?;
    let own = tx.device(DeviceId(id(0x41)))?.unwrap();
    let (device, omar) = (DeviceId(id(FOREIGN_DEVICE)), PersonId(id(OMAR)));
    let token_hash = Hash::of(b"another token");
    tx.put_device(&Device { id: device, person: omar, public_key: [7; 32], token_hash, ..own })?;
    let foreign = line(FOREIGN_ESCALATION, "GA-6.1", None);
    raise(
        tx,
        &LedgerLine {
            id: EscalationId(id(FOREIGN_ESCALATION)),
            child: ChildId(id(FOREIGN_CHILD)),
            addressee: omar,
            ..foreign
        },
    )
}

/// What is decided once: as many as there are seats, and one of another team.
fn once_for_each_seat(tx: &mut dyn Tx) -> Result<(), StoreError> {
    let now = utc(NOW);
    for number in 1..=FOREIGN_NUMBER {
        let foreign = number == FOREIGN_NUMBER;
        let (person, child, device) =
            if foreign { (OMAR, FOREIGN_CHILD, FOREIGN_DEVICE) } else { (PRIYA, CHILD, 0x41) };
        let (person, child) = (PersonId(id(person)), ChildId(id(child)));
        let entry = set_aside(&format!("{{not event {number}"));
        tx.set_aside(&SetAside {
            device: DeviceId(id(device)),
            seq: 100 + number,
            child: foreign.then_some(child),
            ..entry
        })?;
        tx.add_glass(&Glass {
            number: 0,
            person,
            child,
            reason: "The school phoned".into(),
            from: now,
            until: now + GLASS_OPEN,
            manager: None,
            told: None,
            review: None,
        })?;
        tx.put_planned_visit(&PlannedVisit {
            id: id(visit(number)),
            child,
            person,
            at: now + TimeDelta::days(i64::try_from(number).unwrap()),
            silent: None,
            cancelled: None,
        })?;
        tx.add_absence(&Absence {
            person,
            why: AbsentBecause::Ill,
            from: now,
            until: None,
            deputy: None,
            recorded_by: person,
            recorded: now,
        })?;
    }
    Ok(())
}

fn word(status: u16) -> &'static str {
    match status {
        200 | 303 | 422 => "yes",
        404 => "no",
        _ => "?",
    }
}

/// Asks as the method of the route says, in a form with the session's own token.
async fn ask(office: &Office, route: &str, asked: &Asked, session: &str) -> Answer {
    let (path, form) = asked;
    if route.starts_with("GET") {
        return office.get(path, session).await;
    }
    let csrf = office.get("/account", session).await.csrf();
    if path == crate::console::importing::PATH {
        let body = format!(
            "--X\r\ncontent-disposition: form-data; name=\"csrf\"\r\n\r\n{csrf}\r\n--X--\r\n"
        );
        return office.post_files("X", session, &body).await;
    }
    office.post(path, session, &format!("csrf={csrf}&{form}")).await
}

#[tokio::test]
async fn every_route_answers_every_seat_as_the_table_says_and_never_with_anothers() {
    let (office, seated) = furnished().await;
    let mut table = String::from("| route |");
    for (seat, _) in &seated {
        let _ = write!(table, " {seat} |");
    }
    let _ = write!(table, "\n|---|{}", "---|".repeat(seated.len()));
    for Walk { route, own, other, sees_others } in walks() {
        let _ = write!(table, "\n| `{}` |", route.trim_start_matches("GET "));
        // First what is not theirs: what is done with their own thing may open more to them.
        for (seat, session) in seated.iter().filter(|(seat, _)| !sees_others.contains(seat)) {
            for foreign in &other {
                let answer = ask(&office, route, foreign, session).await;
                let status = answer.status.as_u16();
                let refused = status == 404 || (route.ends_with("/team") && status == 422);
                assert!(refused, "{route} {foreign:?} {seat}: {status} {}", answer.text);
                for told in ["Larch", "C-foreign", "Amira"] {
                    assert!(
                        !answer.text.contains(told) || route.ends_with("/team"),
                        "{route} {seat}"
                    );
                }
            }
        }
        for (number, (seat, session)) in (1..).zip(&seated) {
            let answer = ask(&office, route, &own(number), session).await;
            let found = word(answer.status.as_u16());
            assert!(found != "?", "{route} {seat}: {} {}", answer.status, answer.text);
            let _ = write!(table, " {found} |");
        }
    }
    table.push('\n');
    compare("routes", &table);
}

#[tokio::test]
async fn nobody_gets_in_without_a_session_and_no_form_counts_without_its_token() {
    let (office, seated) = furnished().await;
    let form_alone = ["POST /set-up/import", "POST /escalations/{id}/record/{kind}"];
    let mut posts: Vec<String> = OF_ONESELF
        .iter()
        .filter_map(|route| route.strip_prefix("POST "))
        .map(str::to_owned)
        .collect();
    for Walk { route, own, .. } in walks() {
        let (path, _) = own(1);
        if route.starts_with("GET") {
            let answer = office.get(&path, "").await;
            assert_eq!(answer.status.as_u16(), 303, "{route}");
            assert!(answer.location.starts_with("/sign-in"), "{route}: {}", answer.location);
        } else if !form_alone.contains(&route) {
            posts.push(path);
        }
    }
    // What changes something asks for the token: a forged one changes nothing, whoever sends it.
    let before = everything(&office).await;
    for (seat, session) in &seated {
        for path in &posts {
            let form = "csrf=forged&sure=yes&number=1&to=x&decision=dismiss&verdict=justified";
            let status = office.post(path, session, form).await.status.as_u16();
            assert!(matches!(status, 403 | 404 | 422), "{path} {seat}: {status}");
        }
    }
    assert_eq!(everything(&office).await, before);
}

/// What a forged form might have changed.
async fn everything(office: &Office) -> (bool, usize, usize, usize) {
    let look = |tx: &dyn Tx| {
        let device = tx.device(DeviceId(id(0x41)))?.expect("it is there");
        let glass = tx.all_glass(100)?.iter().filter(|glass| glass.review.is_some()).count();
        let absences = tx.absences(utc(NOW))?.len();
        let decided = (1..=FOREIGN_NUMBER).map(|number| tx.set_aside_entry(number));
        let decided = decided.filter(|entry| {
            entry.as_ref().is_ok_and(|entry| entry.as_ref().is_some_and(|e| e.decision.is_some()))
        });
        Ok::<_, StoreError>((device.revoked.is_some(), glass, absences, decided.count()))
    };
    office.state.db.read(look).await.unwrap()
}

#[test]
fn the_page_on_security_shows_the_table_that_access_follows() {
    compare("access", &doorstep_core::access::markdown());
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
