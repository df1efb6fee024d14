//! The laws of the storage traits, as functions that any backend's tests run on a fresh store.

mod attachments;
mod notices;

use chrono::TimeDelta;
use doorstep_core::event::{ChildRecord, Role};
use doorstep_core::ids::{ChildId, DeviceId, EventId, PersonId, TeamId};
use doorstep_core::seal::{Hash, Signature};
use doorstep_core::trust::{ClockSample, Timing};
use doorstep_core::wire::Divergence;
use uuid::Uuid;

use super::availability::{Absence, AbsentBecause, NumberedAbsence};
use super::devices::{Chain, Device, Grant};
use super::directory::{Allocation, Child, Person, Team};
use super::log::{Decision, DecisionOutcome, Known, LoggedEvent, SetAside};
use super::visits::PlannedVisit;
use super::{Db, StoreError, Tx};
use crate::testing::MONDAY;

/// Runs every law on the store that `fresh` makes, each on one of its own.
pub async fn all(mut fresh: impl FnMut() -> Db) {
    undone_work_leaves_nothing_and_disturbs_nobody(&fresh()).await;
    positions_are_gapless_in_the_order_of_commits(&fresh()).await;
    an_event_is_stored_once_under_its_number(&fresh()).await;
    what_is_set_aside_is_kept_once_and_known(&fresh()).await;
    what_is_set_aside_is_decided_about_once(&fresh()).await;
    a_page_holds_at_least_one_event(&fresh()).await;
    a_put_replaces_and_counts_as_a_change(&fresh()).await;
    an_external_id_belongs_to_one(&fresh()).await;
    a_caseload_follows_allocations_and_teams(&fresh()).await;
    a_chain_only_grows(&fresh()).await;
    a_planned_visit_is_one_for_child_person_and_instant(&fresh()).await;
    a_clock_sample_stands_for_its_stretch(&fresh()).await;
    a_reading_sees_one_instant(&fresh()).await;
    news_are_of_children_that_were_sent_whole(&fresh()).await;
    attachments::all(&mut fresh).await;
    notices::all(&mut fresh).await;
    an_absence_is_kept_and_can_end_early(&fresh()).await;
    working_hours_are_one_set_or_none(&fresh()).await;
}

fn person(n: u8) -> Person {
    Person {
        id: PersonId::at(MONDAY, [n; 10]),
        external: format!("p{n}"),
        name: format!("Person {n}").into(),
        role: Role::SocialWorker,
        also: [Role::DutyWorker].into(),
        administrator: n == 9,
        auditor: false,
        team: None,
        email: None,
        phone: Some("01632 960000".into()),
        line_manager: None,
        left: None,
    }
}

fn child(n: u8) -> Child {
    Child {
        id: ChildId::at(MONDAY, [n; 10]),
        external: format!("c{n}"),
        name: format!("Child {n}").into(),
        born: "2019-05-06".parse().ok(),
        address: Some("2 Fictitious Road".into()),
        address_protected: n.is_multiple_of(2),
        phone: None,
        record: ChildRecord { looked_after: true, ..ChildRecord::default() },
        team: None,
    }
}

fn device(n: u8) -> Device {
    Device {
        id: DeviceId::at(MONDAY, [n; 10]),
        person: person(1).id,
        public_key: [n; 32],
        token_hash: Hash([n; 32]),
        desk_key: None,
        name: "phone".into(),
        app: "test 1".into(),
        enrolled: MONDAY,
        last_contact: None,
        unsent: 0,
        oldest_unsent: None,
        divergence: Divergence { found: 3, healed: 2 },
        revoked: None,
        change: 0,
        directory: 0,
    }
}

/// An event of device 1 about child 1.
fn event(seq: u64) -> LoggedEvent {
    let body = format!("{{\"seq\":{seq}}}");
    let mut entropy = [0; 10];
    entropy[..8].copy_from_slice(&seq.to_le_bytes());
    LoggedEvent {
        position: 0,
        id: EventId::at(MONDAY, entropy),
        child: child(1).id,
        person: person(1).id,
        device: device(1).id,
        epoch: 1,
        seq,
        hash: Hash::of(body.as_bytes()),
        at: MONDAY,
        received: MONDAY,
        timing: Timing::own(MONDAY, MONDAY),
        kind: "failed-contact".into(),
        handed_over: false,
        body,
        signature: Signature([7; 64]),
    }
}

/// An organisation with one person, two children and one device.
async fn furnish(db: &Db) {
    let work = |tx: &mut dyn Tx| {
        tx.put_organisation(Uuid::nil(), "Fictitious Council")?;
        tx.put_person(&person(1))?;
        tx.put_child(&child(1))?;
        tx.put_child(&child(2))?;
        tx.put_device(&device(1))
    };
    db.write(work).await.expect("a fresh store takes an organisation");
}

async fn append(db: &Db, seq: u64) -> Result<Vec<u64>, StoreError> {
    db.write(move |tx| tx.append(&[event(seq)])).await
}

/// Work that fails is undone, and only it, however much is under way.
pub async fn undone_work_leaves_nothing_and_disturbs_nobody(db: &Db) {
    furnish(db).await;
    let mut running = Vec::new();
    for seq in 1..=40 {
        let db = db.clone();
        running.push(tokio::spawn(async move {
            let work = move |tx: &mut dyn Tx| {
                tx.append(&[event(seq)])?;
                match seq % 4 {
                    0 => Err(StoreError::Missing { what: "reason to keep it" }),
                    1 => panic!("a piece of work may even panic"),
                    _ => Ok(()),
                }
            };
            (seq, db.write(work).await.is_ok())
        }));
    }
    for task in running {
        let (seq, kept) = task.await.expect("the task itself does not panic");
        assert_eq!(kept, seq % 4 > 1, "number {seq}");
    }
    let log = db.read(|tx| tx.log_page(0, 100)).await.expect("reads");
    let positions: Vec<_> = log.iter().map(|event| event.position).collect();
    assert_eq!(positions, (1..=20).collect::<Vec<_>>());
    assert!(log.iter().all(|event| event.seq % 4 > 1));
    let hashes =
        |tx: &dyn Tx| Ok::<_, StoreError>([tx.hash_at(0)?, tx.hash_at(20)?, tx.hash_at(21)?]);
    let found = db.read(hashes).await.expect("reads");
    assert_eq!(found, [None, Some(log[19].hash), None]);
}

/// Each transaction takes the next positions, without holes, in the order of the commits.
pub async fn positions_are_gapless_in_the_order_of_commits(db: &Db) {
    furnish(db).await;
    let mut running = Vec::new();
    for first in (1..=90).step_by(3) {
        let db = db.clone();
        let work =
            move |tx: &mut dyn Tx| tx.append(&[event(first), event(first + 1), event(first + 2)]);
        running.push(tokio::spawn(async move { db.write(work).await }));
    }
    let mut given = Vec::new();
    for task in running {
        let positions: Vec<u64> = task.await.expect("no panic").expect("appends");
        assert!(positions.windows(2).all(|pair| pair[1] == pair[0] + 1));
        given.extend(positions);
    }
    given.sort_unstable();
    assert_eq!(given, (1..=90).collect::<Vec<_>>());
    let organisation = db.read(|tx| tx.organisation()).await.expect("reads").expect("is there");
    assert_eq!(organisation.head, 90);
    let log = db.read(|tx| tx.child_log(child(1).id)).await.expect("reads");
    assert_eq!((log.digest.count, log.last_position), (90, 90));
}

/// A second event under the same number is an error, takes no position and changes no digest.
pub async fn an_event_is_stored_once_under_its_number(db: &Db) {
    furnish(db).await;
    assert_eq!(append(db, 1).await.expect("appends"), [1]);
    let before = db.read(|tx| tx.child_log(child(1).id)).await.expect("reads");
    assert!(append(db, 1).await.is_err());
    let after = db.read(|tx| tx.child_log(child(1).id)).await.expect("reads");
    assert_eq!(before, after);
    assert_eq!(append(db, 2).await.expect("appends"), [2]);
    let known = db.read(|tx| tx.known(device(1).id, 1, 2)).await.expect("reads");
    assert_eq!(known, Some(Known::Logged { position: 2, hash: event(2).hash }));
    let stored = db.read(|tx| tx.event(event(2).id)).await.expect("reads").expect("is there");
    assert_eq!(stored, LoggedEvent { position: 2, ..event(2) });
}

fn set_aside(seq: u64, code: &str) -> SetAside {
    SetAside {
        number: 0,
        device: device(1).id,
        epoch: 1,
        seq,
        hash: Hash::of(b"what came"),
        code: code.into(),
        message: "why".into(),
        child: None,
        received: MONDAY,
        bytes: "what came".into(),
        signature: None,
        decision: None,
    }
}

/// A decision about what was set aside is made once and kept; the entry stays where it is.
pub async fn what_is_set_aside_is_decided_about_once(db: &Db) {
    furnish(db).await;
    for (seq, code) in [(1, "malformed"), (2, SetAside::FORK), (3, "too-large")] {
        let entry = set_aside(seq, code);
        db.write(move |tx| tx.set_aside(&entry)).await.expect("sets aside");
    }
    let decision = |minutes, outcome| Decision {
        at: MONDAY + TimeDelta::minutes(minutes),
        by: person(1).id,
        reason: format!("because of {minutes}"),
        outcome,
    };
    let corrected = DecisionOutcome::Corrected { event: event(1).id };
    let (first, second) = (decision(1, corrected), decision(2, DecisionOutcome::Dismissed));
    let (kept, later) = (first.clone(), second.clone());
    db.write(move |tx| {
        tx.decide(1, &first)?;
        tx.decide(3, &second)
    })
    .await
    .expect("decides");
    for number in [1, 99] {
        let again = decision(3, DecisionOutcome::Released);
        let refused = db.write(move |tx| tx.decide(number, &again)).await;
        assert!(matches!(refused, Err(StoreError::Missing { .. })), "{number}");
    }
    let decided = db.read(|tx| tx.decided(10)).await.expect("reads");
    let decisions: Vec<_> = decided.into_iter().filter_map(|entry| entry.decision).collect();
    assert_eq!(decisions, [later, kept.clone()]);
    assert_eq!(db.read(|tx| tx.decided(1)).await.expect("reads").len(), 1);
    let open = db.read(|tx| tx.quarantine(None)).await.expect("reads");
    assert_eq!(open.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [2]);
    let under = |seq| move |tx: &dyn Tx| tx.set_aside_under(device(1).id, 1, seq);
    let found = db.read(under(1)).await.expect("reads").expect("is there");
    assert_eq!((found.number, found.decision), (1, Some(kept)));
    assert_eq!(db.read(under(2)).await.expect("reads"), None, "a fork stands beside the chain");
    let by_number = db.read(|tx| tx.set_aside_entry(2)).await.expect("reads");
    assert_eq!(by_number.map(|entry| entry.code), Some(SetAside::FORK.to_owned()));
}

/// There is one visit for child, person and instant; lists are in the order of the instants.
pub async fn a_planned_visit_is_one_for_child_person_and_instant(db: &Db) {
    furnish(db).await;
    let visit = |id: u128, hours: i64| PlannedVisit {
        id: Uuid::from_u128(id),
        child: child(1).id,
        person: person(1).id,
        at: MONDAY + TimeDelta::hours(hours),
        silent: None,
        cancelled: None,
    };
    let (first, second) = (visit(2, 1), visit(1, 2));
    let silent = PlannedVisit { silent: Some(MONDAY), ..first };
    db.write(move |tx| {
        tx.put_planned_visit(&second)?;
        tx.put_planned_visit(&first)?;
        tx.put_planned_visit(&silent)
    })
    .await
    .expect("writes them");
    assert!(db.write(move |tx| tx.put_planned_visit(&visit(3, 1))).await.is_err());
    let all = db.read(|tx| tx.planned_visits_of(child(1).id)).await.expect("reads");
    assert_eq!(all, [silent, second]);
    let until = MONDAY + TimeDelta::hours(2);
    let between = db.read(move |tx| tx.planned_visits_between(MONDAY, until)).await;
    assert_eq!(between.expect("reads"), [silent]);
    assert_eq!(db.read(|tx| tx.silent_visits(person(1).id)).await.expect("reads"), [silent]);
    let one = db.read(move |tx| tx.planned_visit(second.id)).await.expect("reads");
    assert_eq!(one, Some(second));
}

/// Samples of one stretch are one, with its last moment; a jump or a new start begins another.
pub async fn a_clock_sample_stands_for_its_stretch(db: &Db) {
    furnish(db).await;
    let sample = |minutes: i64, ahead_s: i64, boot: u128| ClockSample {
        wall: MONDAY + TimeDelta::minutes(minutes) + TimeDelta::seconds(ahead_s),
        server: MONDAY + TimeDelta::minutes(minutes),
        monotonic_ms: u64::try_from(minutes * 60_000).ok(),
        boot: Some(Uuid::from_u128(boot)),
    };
    let kept = [sample(1, 4, 1), sample(2, 3600, 1), sample(3, 3600, 2), sample(9, 3601, 2)];
    let [.., before, last] = kept;
    let all = [sample(0, 0, 1), kept[0], kept[1], before, last];
    db.write(move |tx| all.iter().try_for_each(|sample| tx.put_clock_sample(device(1).id, sample)))
        .await
        .expect("keeps them");
    let read = |count| move |tx: &dyn Tx| tx.clock_samples(device(1).id, count);
    assert_eq!(db.read(read(9)).await.expect("reads"), [kept[0], kept[1], last]);
    assert_eq!(db.read(read(1)).await.expect("reads"), [last]);
    assert_eq!(db.read(|tx| tx.clock_samples(device(2).id, 9)).await.expect("reads"), []);
}

/// What was set aside is kept once; a fork stands beside the chain.
pub async fn what_is_set_aside_is_kept_once_and_known(db: &Db) {
    furnish(db).await;
    let (odd, fork) = (set_aside(1, "malformed"), set_aside(2, SetAside::FORK));
    let work = move |tx: &mut dyn Tx| {
        tx.set_aside(&odd)?;
        tx.set_aside(&odd)?;
        tx.set_aside(&fork)
    };
    db.write(work).await.expect("sets aside");
    let kept = db.read(|tx| tx.quarantine(Some(device(1).id))).await.expect("reads");
    assert_eq!(kept.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [1, 2]);
    let known = db.read(|tx| tx.known(device(1).id, 1, 1)).await.expect("reads");
    assert!(matches!(known, Some(Known::SetAside { code, .. }) if code == "malformed"));
    assert_eq!(db.read(|tx| tx.known(device(1).id, 1, 2)).await.expect("reads"), None);
}

/// A page ends where its bytes are full, but never empty.
pub async fn a_page_holds_at_least_one_event(db: &Db) {
    furnish(db).await;
    for seq in 1..=5 {
        append(db, seq).await.expect("appends");
    }
    let body = event(1).body.len();
    for (bytes_max, expected) in [(0, 1), (body, 1), (2 * body, 2), (100 * body, 4)] {
        let page = db.read(move |tx| tx.history_page(child(1).id, 1, bytes_max)).await;
        assert_eq!(page.expect("reads").len(), expected, "{bytes_max} bytes");
    }
}

/// A put replaces the row of its id as a whole, and counts as a change of the directory.
pub async fn a_put_replaces_and_counts_as_a_change(db: &Db) {
    furnish(db).await;
    let count = |tx: &dyn Tx| Ok::<_, StoreError>(tx.organisation()?.map(|found| found.directory));
    let before = db.read(count).await.expect("reads").expect("is there");
    let changed = Person { also: [].into(), phone: None, left: Some(MONDAY), ..person(1) };
    let wanted = changed.clone();
    db.write(move |tx| tx.put_person(&changed)).await.expect("replaces");
    assert_eq!(db.read(|tx| tx.person(person(1).id)).await.expect("reads"), Some(wanted));
    assert_eq!(db.read(|tx| tx.child(child(1).id)).await.expect("reads"), Some(child(1)));
    assert!(db.read(count).await.expect("reads").expect("is there") > before);
}

/// An external id belongs to one row of its kind.
pub async fn an_external_id_belongs_to_one(db: &Db) {
    furnish(db).await;
    let thief = Person { external: "p1".into(), ..person(2) };
    assert!(db.write(move |tx| tx.put_person(&thief)).await.is_err());
    let found = db.read(|tx| tx.person_called("p1")).await.expect("reads");
    assert_eq!(found.map(|person| person.id), Some(person(1).id));
}

/// Who visits sees what is allocated, for as long as it is; who answers for a team sees the team's.
pub async fn a_caseload_follows_allocations_and_teams(db: &Db) {
    furnish(db).await;
    let team = TeamId::at(MONDAY, [1; 10]);
    let work = move |tx: &mut dyn Tx| {
        tx.put_team(&Team { id: team, external: "t".into(), name: "Team".into(), phone: None })?;
        tx.put_person(&Person { also: [].into(), team: Some(team), ..person(1) })?;
        let manager = Person { role: Role::TeamManager, team: Some(team), ..person(2) };
        tx.put_person(&manager)?;
        tx.put_child(&Child { team: Some(team), ..child(2) })?;
        tx.put_allocation(&Allocation {
            child: child(1).id,
            person: person(1).id,
            role: Role::SocialWorker,
            from: MONDAY,
            until: Some(MONDAY + TimeDelta::days(1)),
        })
    };
    db.write(work).await.expect("writes");
    for (who, hours, expected) in [
        (1, -1, vec![]),
        (1, 0, vec![child(1).id]),
        (1, 23, vec![child(1).id]),
        (1, 24, vec![]),
        (2, 0, vec![child(2).id]),
    ] {
        let at = MONDAY + TimeDelta::hours(hours);
        let seen = db.read(move |tx| tx.caseload(person(who).id, at)).await.expect("reads");
        assert_eq!(seen, expected, "person {who} after {hours} hours");
    }
    let left =
        Person { role: Role::TeamManager, team: Some(team), left: Some(MONDAY), ..person(2) };
    db.write(move |tx| tx.put_person(&left)).await.expect("writes");
    assert!(db.read(|tx| tx.caseload(person(2).id, MONDAY)).await.expect("reads").is_empty());
}

/// Writing an older end of a chain changes nothing.
pub async fn a_chain_only_grows(db: &Db) {
    furnish(db).await;
    let at = |next_seq| Chain { epoch: 1, next_seq, head: Hash::of(&[1]) };
    for next_seq in [3, 2] {
        db.write(move |tx| tx.put_chain(device(1).id, at(next_seq))).await.expect("writes");
    }
    assert_eq!(db.read(|tx| tx.chains(device(1).id)).await.expect("reads"), [at(3)]);
}

/// What is committed while somebody reads is not seen by that reading.
pub async fn a_reading_sees_one_instant(db: &Db) {
    furnish(db).await;
    let (begun, wait) = (tokio::sync::oneshot::channel(), std::sync::mpsc::channel());
    let reader = db.clone();
    let reading = tokio::spawn(async move {
        let look = move |tx: &dyn Tx| {
            let before = tx.log_page(0, 10)?.len();
            begun.0.send(()).expect("somebody waits");
            wait.1.recv().expect("somebody goes on");
            Ok::<_, StoreError>((before, tx.log_page(0, 10)?.len()))
        };
        reader.read(look).await
    });
    begun.1.await.expect("the reading begins");
    append(db, 1).await.expect("a reading does not hold up a write");
    wait.0.send(()).expect("the reading waits");
    assert_eq!(reading.await.expect("no panic").expect("reads"), (0, 0));
}

/// News are events behind a position of children that the device holds and was sent whole.
pub async fn news_are_of_children_that_were_sent_whole(db: &Db) {
    furnish(db).await;
    for seq in 1..=3 {
        append(db, seq).await.expect("appends");
    }
    let card = Hash::ORIGIN;
    for (held, whole, seen) in [(true, 5, 0), (true, 4, 2), (false, 4, 0)] {
        let grant = Grant { child: child(1).id, held, change: whole, whole, card };
        db.write(move |tx| tx.put_grant(device(1).id, grant)).await.expect("writes");
        let news = db.read(|tx| tx.news(device(1).id, 4, 1, 10_000)).await.expect("reads");
        assert_eq!(news.len(), seen, "held {held}, whole with {whole}");
    }
}

/// An absence is listed until it is over; its end may be moved, and it is over where it has none.
pub async fn an_absence_is_kept_and_can_end_early(db: &Db) {
    furnish(db).await;
    let hour = TimeDelta::hours(1);
    let absence = Absence {
        person: person(1).id,
        why: AbsentBecause::Leave,
        from: MONDAY,
        until: Some(MONDAY + hour * 8),
        deputy: None,
        recorded_by: person(1).id,
        recorded: MONDAY,
    };
    let later = Absence { from: MONDAY + hour * 24, until: None, ..absence.clone() };
    let both = [absence.clone(), later.clone()];
    let add = move |tx: &mut dyn Tx| both.iter().try_for_each(|absence| tx.add_absence(absence));
    db.write(add).await.expect("writes");
    let listed = db.read(move |tx| tx.absences(MONDAY + hour)).await.expect("reads");
    let numbered = |number, absence: &Absence| NumberedAbsence { number, absence: absence.clone() };
    assert_eq!(listed, [numbered(1, &absence), numbered(2, &later)]);
    let end = move |tx: &mut dyn Tx| {
        tx.end_absence(1, MONDAY + hour)?;
        tx.end_absence(2, MONDAY + hour)
    };
    db.write(end).await.expect("writes");
    assert_eq!(db.read(move |tx| tx.absences(MONDAY + hour)).await.expect("reads"), []);
    let before = db.read(move |tx| tx.absences(MONDAY)).await.expect("reads");
    assert_eq!(before.len(), 2, "they are kept");
}

/// A person has one set of working hours, or none.
pub async fn working_hours_are_one_set_or_none(db: &Db) {
    furnish(db).await;
    let id = person(1).id;
    for hours in [Some("Mon-Fri 09:00-17:00"), Some("Sat 10:00-12:00"), None] {
        let hours = hours.map(|text| text.parse().expect("hours"));
        let put = hours.clone();
        db.write(move |tx| tx.put_working_hours(id, put.as_ref())).await.expect("writes");
        let read = db.read(move |tx| tx.working_hours(id)).await.expect("reads");
        assert_eq!(read, hours);
    }
}
