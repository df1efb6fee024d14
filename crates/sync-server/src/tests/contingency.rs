//! The duty list for when systems are down: what is in it, what must not be, and its schedule.

use std::collections::BTreeSet;
use std::path::Path;

use axum::http::StatusCode;
use chrono::TimeDelta;

use crate::contingency::schedule::write_if_due;
use crate::contingency::{Contingency, gather};
use crate::ingest::Incoming;
use crate::store::Tx;
use crate::store::availability::{Absence, AbsentBecause};
use crate::testing::{Bench, MONDAY};
use crate::tests::backup::readiness;

/// Where nobody may find the family.
const SECRET_ADDRESS: &str = "7 Hidden Lane";
const SECRET_PHONE: &str = "01632 960777";

/// A bench where something is owed about both children; `c1` lives at a protected address.
async fn busy(folder: Option<&Path>) -> Bench {
    let folder = folder.map(Path::to_owned);
    let bench = Bench::with(|config| {
        config.contingency.folder = folder;
        config.contingency.keep = 2;
    })
    .await;
    let work = |tx: &mut dyn Tx| {
        let mut first = tx.child_called("c1")?.unwrap();
        first.address = Some(SECRET_ADDRESS.into());
        first.phone = Some(SECRET_PHONE.into());
        first.address_protected = true;
        tx.put_child(&first)?;
        let mut second = tx.child_called("c2")?.unwrap();
        second.name = "=HYPERLINK(\"http://x\",\"Amira\") <script>".into();
        tx.put_child(&second)?;
        let id = |name| tx.person_called(name).map(|found| found.unwrap().id);
        let (person, deputy) = (id("mia")?, Some(id("ben")?));
        let (why, from, until) = (AbsentBecause::Leave, MONDAY, Some(MONDAY + TimeDelta::days(2)));
        let (recorded_by, recorded) = (person, MONDAY);
        tx.add_absence(&Absence { person, why, from, until, deputy, recorded_by, recorded })
    };
    bench.state.db.write(work).await.unwrap();
    let mut phone = bench.phone("ann").await;
    let children = [bench.child("c1").await, bench.child("c2").await];
    let events = children.map(|child| Incoming::Sealed(phone.no_response(child, MONDAY)));
    bench.push(&phone, 1, events.to_vec()).await;
    bench
}

async fn gathered(bench: &Bench) -> Contingency {
    let (policy, now) = (bench.state.policy.clone(), bench.now());
    bench.state.db.read(move |tx| gather(tx, &policy, now)).await.unwrap()
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[tokio::test]
async fn a_duty_list_says_what_is_open_and_owed_and_who_is_there() {
    let bench = busy(None).await;
    let contingency = gathered(&bench).await;
    let texts: Vec<_> = contingency.files();
    let file = |name: &str| &texts.iter().find(|(of, _)| of == name).expect(name).1;
    let open = bench.state.db.read(|tx| tx.inbox(None)).await.unwrap();
    assert_eq!(file("escalations.csv").lines().count(), open.len() + 1);
    for (name, words) in [
        ("escalations.csv", "Person mia"),
        ("escalations.csv", "not acknowledged, raised Mon 2 March, 10:00"),
        ("duties.csv", "Person ann"),
        ("duties.csv", "1 Fictitious Street"),
        ("people.csv", "Person ben stands in"),
        ("people.csv", "Practitioner, duty desk"),
        ("contingency.html", "<h2 id=\"list-escalations\">Open escalations"),
        ("contingency.html", "Duty list of Fictitious Council"),
    ] {
        assert!(file(name).contains(words), "{words} is not in {name}:\n{}", file(name));
    }
}

#[tokio::test]
async fn a_protected_address_is_in_none_of_it_and_nothing_runs_in_a_spreadsheet() {
    let bench = busy(None).await;
    let contingency = gathered(&bench).await;
    for (name, text) in contingency.files() {
        for secret in [SECRET_ADDRESS, SECRET_PHONE, "Hidden"] {
            assert!(!text.contains(secret), "{secret} is in {name}");
        }
        assert!(!text.contains("<script>") || name != "contingency.html", "{name}");
        assert!(!text.contains("\"=HYPERLINK"), "{name} has a formula");
    }
    let page = contingency.page();
    assert!(page.contains("protected: ask the team manager"));
    assert!(!page.contains("src=") && !page.contains("href="), "it needs nothing beside it");
}

#[tokio::test]
async fn duty_lists_are_written_when_due_whole_for_their_owner_and_the_newest_stay() {
    use std::os::unix::fs::PermissionsExt as _;
    let shelf = tempfile::tempdir().unwrap();
    let bench = busy(Some(shelf.path())).await;
    std::fs::write(shelf.path().join("notes.txt"), "not ours").unwrap();
    let write = async || write_if_due(&bench.state, bench.now()).await.unwrap();
    let first = write().await.expect("one that was missed is written at once");
    assert_eq!(write().await, None, "not twice for one morning");
    let held = names(&first);
    let expected =
        ["contingency.html", "duties.csv", "escalations.csv", "people.csv", "visits.csv"];
    assert_eq!(held, expected.map(str::to_owned).into());
    for name in held {
        let mode = std::fs::metadata(first.join(&name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{name} can be read by others");
    }
    bench.clock.pass(TimeDelta::hours(20));
    assert_eq!(write().await, None, "not before half past six");
    for _ in 0..3 {
        bench.clock.pass(TimeDelta::days(1));
        assert!(write().await.is_some());
    }
    let left = names(shelf.path());
    assert_eq!(left.len(), 3, "two lists, and what is not ours: {left:?}");
    assert!(left.contains("notes.txt") && !first.exists());
}

#[tokio::test]
async fn a_duty_list_that_cannot_be_written_is_said_until_one_is() {
    let shelf = tempfile::tempdir().unwrap();
    // Nobody, not even root, can make a folder below a file.
    let gone = shelf.path().join("mount");
    std::fs::write(&gone, "not a folder").unwrap();
    let bench = busy(Some(gone.join("lists").as_path())).await;
    let failed = write_if_due(&bench.state, bench.now()).await.unwrap_err();
    assert!(failed.to_string().contains("mount/lists"), "{failed}");
    bench.clock.pass(TimeDelta::minutes(5));
    write_if_due(&bench.state, bench.now()).await.unwrap_err();
    let state = bench.state.health.duty_list.state();
    let (since, reason) = state.failing.expect("it is said");
    assert_eq!((since, state.last), (MONDAY, None), "since the first time");
    assert!(reason.contains("Not a directory"), "{reason}");
    bench.state.health.swept(bench.now());
    let (status, ready) = readiness(&bench).await;
    assert_eq!((status, &ready["duty_list"]["ok"]), (StatusCode::OK, &false.into()), "{ready}");

    std::fs::remove_file(&gone).unwrap();
    bench.clock.pass(TimeDelta::minutes(5));
    write_if_due(&bench.state, bench.now()).await.unwrap().expect("it is made up for at once");
    let state = bench.state.health.duty_list.state();
    assert_eq!((state.last, state.failing), (Some(bench.now()), None));
    assert_eq!(readiness(&bench).await.1["duty_list"]["ok"], true);
    // A disk that is gone later, and comes back with the lists that it held.
    let lists = gone.join("lists");
    std::fs::rename(&lists, gone.join("elsewhere")).unwrap();
    std::fs::write(&lists, "not a folder").unwrap();
    write_if_due(&bench.state, bench.now()).await.unwrap_err();
    std::fs::remove_file(&lists).unwrap();
    std::fs::rename(gone.join("elsewhere"), &lists).unwrap();
    assert_eq!(write_if_due(&bench.state, bench.now()).await.unwrap(), None);
    let state = bench.state.health.duty_list.state();
    assert_eq!((state.last, state.failing), (Some(bench.now()), None));
}
