//! An office to look at: two teams, three people, one child, and a clock that stands still.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use axum::Router;
use axum::body::{Body as HttpBody, to_bytes};
use axum::http::{Request, StatusCode, header};
use chrono::{DateTime, TimeDelta, Utc};
use doorstep_core::assessment::{Cause, ClauseId, Escalation, Ground, Standing, Urgency};
use doorstep_core::event::{ChildRecord, Plan, Role};
use doorstep_core::ids::{ChildId, DeviceId, EscalationId, EventId, PersonId, TeamId};
use doorstep_core::policy::Policy;
use doorstep_core::seal::{Body, Hash, Signature};
use doorstep_core::trust::Timing;
use doorstep_core::wire::Divergence;
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt as _;
use uuid::Uuid;

use crate::ambient::Ambient;
use crate::app::AppState;
use crate::config::Config;
use crate::console::accounts;
use crate::store::devices::Device;
use crate::store::directory::{Allocation, Child, Person, Team};
use crate::store::ledger::{Assessed, LedgerLine, Told};
use crate::store::log::{Access, LoggedEvent, SetAside};
use crate::store::sqlite::SqliteStore;
use crate::store::visits::PlannedVisit;
use crate::store::{Db, StoreError, Tx};

/// Monday 2 March 2026, 10:20 in London.
pub const NOW: &str = "2026-03-02T10:20:00Z";
/// The password of everybody.
pub const PASSWORD: &str = "a long pass phrase";
/// The child's name, which is hostile.
pub const HOSTILE: &str = "<script>alert('Amira')</script> & \"Hassan\"";

/// The manager of the child's team.
pub const MARGARET: u128 = 0x51;
/// Who visits, and holds the child.
pub const PRIYA: u128 = 0x52;
/// The manager of another team.
pub const OMAR: u128 = 0x53;
/// Another manager of the child's team.
pub const DESTA: u128 = 0x54;
/// The child.
pub const CHILD: u128 = 0x11;
/// An escalation to Margaret that is open.
pub const ESCALATION: u128 = 0x21;

/// Identifiers for tests.
pub fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

/// The office.
pub struct Office {
    /// What its server shares.
    pub state: AppState,
    minutes: Arc<AtomicI64>,
    folder: TempDir,
}

/// An answer, read to its end.
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Where it leads.
    pub location: String,
    /// The cookies that it sets, without their attributes.
    pub cookies: Vec<String>,
    /// Whole `Set-Cookie` lines.
    pub cookie_lines: Vec<String>,
    /// Its other headers.
    pub headers: axum::http::HeaderMap,
    /// Its text.
    pub text: String,
}

impl Answer {
    /// The token of the first form.
    pub fn csrf(&self) -> String {
        let (_, rest) = self.text.split_once("name=\"csrf\" value=\"").expect("a form");
        rest.split_once('"').unwrap().0.to_owned()
    }
}

impl Office {
    /// An office with accounts for everybody.
    pub async fn open() -> Self {
        Self::open_with(Config::default()).await
    }

    /// The same, configured otherwise.
    pub async fn open_with(config: Config) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = Config { data: folder.path().to_owned(), ..config };
        let store = SqliteStore::open(folder.path(), 2, std::time::Duration::ZERO).unwrap();
        let minutes = Arc::new(AtomicI64::new(0));
        let clock = Arc::clone(&minutes);
        let count = AtomicU64::new(1);
        let ambient = Ambient::new(
            move || utc(NOW) + TimeDelta::minutes(clock.load(Ordering::SeqCst)),
            move |bytes| {
                let count = count.fetch_add(1, Ordering::SeqCst).to_le_bytes();
                for (byte, value) in bytes.iter_mut().zip(count.into_iter().cycle()) {
                    *byte = value;
                }
            },
        );
        let state = AppState::new(config, Db::new(store), Policy::built_in(), ambient);
        let office = Self { state, minutes, folder };
        office.write(fill).await;
        for (person, login) in
            [(MARGARET, "margaret"), (PRIYA, "priya"), (OMAR, "omar"), (DESTA, "desta")]
        {
            let person = PersonId(id(person));
            accounts::set_password(
                &office.state.db,
                &office.state.ambient,
                person,
                login,
                PASSWORD,
            )
            .await
            .unwrap();
        }
        office
    }

    /// Its data folder.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// Lets time pass.
    pub fn pass(&self, minutes: i64) {
        self.minutes.fetch_add(minutes, Ordering::SeqCst);
    }

    /// Changes the store.
    pub async fn write(
        &self,
        work: impl Fn(&mut dyn Tx) -> Result<(), StoreError> + Send + 'static,
    ) {
        self.state.db.write(work).await.unwrap();
    }

    /// What the access log holds of the child, the latest first: who, and how.
    pub async fn accesses(&self) -> Vec<(u128, String)> {
        let look = |tx: &dyn Tx| tx.accesses(ChildId(id(CHILD)), 100);
        let accesses: Vec<Access> = self.state.db.read::<_, StoreError>(look).await.unwrap();
        accesses.into_iter().map(|access| (access.person.0.as_u128(), access.by)).collect()
    }

    /// The escalation as the ledger has it.
    pub async fn line(&self) -> LedgerLine {
        let look = |tx: &dyn Tx| tx.line(EscalationId(id(ESCALATION)));
        self.state.db.read::<_, StoreError>(look).await.unwrap().unwrap()
    }

    /// How many absences are written down.
    pub async fn absences(&self) -> usize {
        let look = |tx: &dyn Tx| tx.absences(DateTime::UNIX_EPOCH);
        self.state.db.read::<_, StoreError>(look).await.unwrap().len()
    }

    /// The visits that are planned to a child.
    pub async fn visits(&self, child: ChildId) -> Vec<PlannedVisit> {
        let look = move |tx: &dyn Tx| tx.planned_visits_of(child);
        self.state.db.read::<_, StoreError>(look).await.unwrap()
    }

    async fn ask(&self, request: Request<HttpBody>) -> Answer {
        let router: Router = crate::console::router().with_state(self.state.clone());
        let response = router.oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, 4 * 1024 * 1024).await.unwrap();
        let cookie_lines: Vec<String> = parts
            .headers
            .get_all(header::SET_COOKIE)
            .iter()
            .map(|line| line.to_str().unwrap().to_owned())
            .collect();
        let cookies =
            cookie_lines.iter().map(|line| line.split(';').next().unwrap().to_owned()).collect();
        let location = parts.headers.get(header::LOCATION).map(|at| at.to_str().unwrap());
        Answer {
            status: parts.status,
            location: location.unwrap_or_default().to_owned(),
            cookies,
            cookie_lines,
            text: String::from_utf8(bytes.to_vec()).unwrap(),
            headers: parts.headers,
        }
    }

    /// Asks for a page with these cookies.
    pub async fn get(&self, path: &str, cookie: &str) -> Answer {
        let request = Request::get(path).header(header::COOKIE, cookie);
        self.ask(request.body(HttpBody::empty()).unwrap()).await
    }

    /// Sends a form with these cookies.
    pub async fn post(&self, path: &str, cookie: &str, form: &str) -> Answer {
        let request = Request::post(path)
            .header(header::COOKIE, cookie)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.ask(request.body(HttpBody::from(form.to_owned())).unwrap()).await
    }

    /// Sends files to be imported, with these cookies.
    pub async fn post_files(&self, boundary: &str, cookie: &str, form: &str) -> Answer {
        let kind = format!("multipart/form-data; boundary={boundary}");
        let request = Request::post("/set-up/import")
            .header(header::COOKIE, cookie)
            .header(header::CONTENT_TYPE, kind);
        self.ask(request.body(HttpBody::from(form.to_owned())).unwrap()).await
    }

    /// Tries to sign in, and answers what came.
    pub async fn try_sign_in(&self, login: &str, password: &str, next: &str) -> Answer {
        let page = self.get("/sign-in", "").await;
        let form = format!(
            "csrf={}&login={login}&password={}&next={next}",
            page.csrf(),
            password.replace(' ', "+")
        );
        self.post("/sign-in", &page.cookies[0], &form).await
    }

    /// Signs in, and answers the session's cookie.
    pub async fn sign_in(&self, login: &str) -> String {
        let answer = self.try_sign_in(login, PASSWORD, "").await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
        answer.cookies[0].clone()
    }
}

/// An instant.
pub fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn fill(tx: &mut dyn Tx) -> Result<(), StoreError> {
    tx.put_organisation(id(1), "Fernleigh Children’s Services")?;
    for (number, name) in [(2, "North"), (3, "South")] {
        let id = TeamId(id(number));
        tx.put_team(&Team { id, external: name.to_owned(), name: name.to_owned(), phone: None })?;
    }
    tx.put_person(&person(MARGARET, "Margaret Ellison", Role::LineManager, 2))?;
    tx.put_person(&person(PRIYA, "Priya Raman", Role::SocialWorker, 2))?;
    tx.put_person(&person(OMAR, "Omar Haddad", Role::LineManager, 3))?;
    tx.put_person(&person(DESTA, "Desta Alemu", Role::TeamManager, 2))?;
    tx.put_device(&device())?;
    tx.put_child(&child())?;
    tx.put_allocation(&Allocation {
        child: ChildId(id(CHILD)),
        person: PersonId(id(PRIYA)),
        role: Role::LeadSocialWorker,
        from: utc("2026-01-01T00:00:00Z"),
        until: None,
    })?;
    let events = [
        event(
            0x31,
            "2026-02-23T10:00:00Z",
            "2026-03-02T10:15:00Z",
            &json!({
                "type": "failed-contact", "form": "no-response", "steps": ["card-left"],
            }),
        ),
        event(
            0x32,
            "2026-03-02T10:00:00Z",
            "2026-03-02T10:15:00Z",
            &json!({
                "type": "failed-contact", "form": "doorstep", "concern": "high",
                "actively_prevented": true, "reason": "<img src=x onerror=alert(1)>",
            }),
        ),
        event(
            0x33,
            "2026-03-02T10:10:00Z",
            "2026-03-02T10:15:00Z",
            &json!({
                "type": "corrected", "of": id(0x31), "set": {"form": "refused-by-third-party"},
            }),
        ),
    ];
    tx.append(&events)?;
    let history: Vec<_> = events.iter().map(|event| body(event).event).collect();
    let assessment = Policy::built_in().assess(&child().record, &history, utc(NOW));
    let next_change = assessment.next_change;
    tx.put_assessed(&Assessed { child: child().id, as_of: utc(NOW), next_change })?;
    raise(tx, &line(ESCALATION, "GA-6.1", Some("2026-03-02T11:00:00Z")))
}

/// Writes a line, and that its addressee was told.
pub fn raise(tx: &mut dyn Tx, line: &LedgerLine) -> Result<(), StoreError> {
    tx.add_line(line)?;
    let told = Told::now(line.addressee, line.raised, None);
    tx.put_told(line.id, &told)
}

fn person(number: u128, name: &str, role: Role, team: u128) -> Person {
    Person {
        id: PersonId(id(number)),
        external: format!("P{number}"),
        name: name.to_owned().into(),
        role,
        also: BTreeSet::new(),
        administrator: false,
        auditor: false,
        team: Some(TeamId(id(team))),
        email: None,
        phone: None,
        line_manager: None,
        left: None,
    }
}

fn device() -> Device {
    Device {
        id: DeviceId(id(0x41)),
        person: PersonId(id(PRIYA)),
        public_key: [0; 32],
        token_hash: Hash::ORIGIN,
        desk_key: None,
        name: "Pixel 9".to_owned(),
        app: "test".to_owned(),
        enrolled: utc("2026-01-01T00:00:00Z"),
        last_contact: None,
        unsent: 0,
        oldest_unsent: None,
        divergence: Divergence::default(),
        revoked: None,
        change: 0,
        directory: 0,
    }
}

fn child() -> Child {
    Child {
        id: ChildId(id(CHILD)),
        external: "C1".to_owned(),
        name: HOSTILE.to_owned().into(),
        born: Some("2019-05-14".parse().unwrap()),
        address: Some("14 Larch Close".to_owned().into()),
        address_protected: true,
        phone: None,
        record: ChildRecord {
            plans: BTreeSet::from([Plan::ChildProtection]),
            ..ChildRecord::default()
        },
        team: Some(TeamId(id(2))),
    }
}

/// An escalation about the child, to Margaret.
pub fn line(number: u128, clause: &str, due: Option<&str>) -> LedgerLine {
    LedgerLine {
        id: EscalationId(id(number)),
        child: ChildId(id(CHILD)),
        escalation: Escalation {
            clause: ClauseId(clause.into()),
            cause: Cause(id(0x32)),
            to: Role::LineManager,
            urgency: Urgency::Immediate,
            ground: Ground::Owed,
            standing: Standing::Open,
            due: due.map(utc),
            since: utc("2026-03-02T10:00:00Z"),
            sentence: format!("The sentence of {clause}.").into(),
            reason: "second no-access visit of the episode".into(),
            evidence: [EventId(id(0x31)), EventId(id(0x32))].into(),
        },
        addressee: PersonId(id(MARGARET)),
        raised: utc("2026-03-02T10:15:00Z"),
        told: Some(utc("2026-03-02T10:15:00Z")),
        acknowledged: None,
        ended: None,
        undelivered: false,
    }
}

/// A record of Priya's about the child.
pub fn event(number: u128, at: &str, received: &str, what: &Value) -> LoggedEvent {
    let mut body = what.clone();
    let sealed = json!({
        "child": id(CHILD), "person": id(PRIYA), "device": id(0x41), "epoch": 1,
        "seq": number, "previous": Hash::ORIGIN, "clock": {"wall": at},
        "id": id(number), "at": at, "recorded": at, "by": "social-worker",
    });
    body.as_object_mut().unwrap().extend(sealed.as_object().unwrap().clone());
    let body = body.to_string();
    LoggedEvent {
        position: 0,
        id: EventId(id(number)),
        child: ChildId(id(CHILD)),
        person: PersonId(id(PRIYA)),
        device: DeviceId(id(0x41)),
        epoch: 1,
        seq: u64::try_from(number).unwrap(),
        hash: Hash::of(body.as_bytes()),
        at: utc(at),
        received: utc(received),
        timing: Timing::own(utc(at), utc(received)),
        kind: what["type"].as_str().unwrap().to_owned(),
        handed_over: false,
        body,
        signature: Signature([0; 64]),
    }
}

fn body(event: &LoggedEvent) -> Body {
    serde_json::from_str(&event.body).unwrap()
}

/// Something that was set aside from Priya's device.
pub fn set_aside(bytes: &str) -> SetAside {
    SetAside {
        number: 0,
        device: DeviceId(id(0x41)),
        epoch: 1,
        seq: 99,
        hash: Hash::of(bytes.as_bytes()),
        code: "malformed".to_owned(),
        message: "it is not JSON of an event".to_owned(),
        child: None,
        received: utc(NOW),
        bytes: bytes.to_owned(),
        signature: None,
        decision: None,
    }
}
