//! A child moves from one practitioner to another while both are offline.

use std::collections::BTreeSet;

use doorstep_sync_server::Ambient;
use doorstep_tests::journey::{Laptop, Organisation, Server};
use serde_json::Value;

use super::office;

/// The child: Anna Walkabout's (S-105) before, Cem Farrow-Example's (S-107) after.
const CHILD: (&str, &str) = ("C-013", "andrei");

fn record(laptop: &Laptop, note: &str) -> String {
    let arguments = ["record", "--child", CHILD.1, "--json", "further-attempt", "--note", note];
    let made = laptop.device(arguments).well().json();
    made["saved"][0].as_str().expect("an id is a text").to_owned()
}

fn sync(laptop: &Laptop) -> Value {
    laptop.device(["sync", "--json"]).well().json()["synced"].clone()
}

/// The state of each of the device's own records of these.
fn states(laptop: &Laptop, ids: &[&String]) -> Vec<String> {
    let records = laptop.records();
    let state = |id: &&String| {
        let row = records.iter().find(|row| row["id"] == id.as_str());
        row.map_or_else(|| "gone".to_owned(), |row| row["state"].as_str().unwrap_or("").to_owned())
    };
    ids.iter().map(state).collect()
}

/// The ids of what a device holds of the child; none where it does not hold the child.
fn held(laptop: &Laptop) -> Option<BTreeSet<String>> {
    let shown = laptop.device(["show", CHILD.1, "--json"]);
    if shown.code != Some(0) {
        return None;
    }
    let rows = shown.json()["records"].as_array().expect("a list").clone();
    let ids: BTreeSet<_> =
        rows.iter().map(|row| row["id"].as_str().expect("an id").to_owned()).collect();
    assert_eq!(ids.len(), rows.len(), "a record is held twice: {rows:#?}");
    Some(ids)
}

/// The office gives the child to Cem from now on.
fn hand_over(organisation: &Organisation) {
    let now = Ambient::system().now().to_rfc3339();
    let file = organisation.folder().join("moved.csv");
    let rows = format!(
        "child_id,staff_id,role,from,until\n{0},S-105,practitioner,,{now}\n\
         {0},S-107,practitioner,{now},\n",
        CHILD.0
    );
    std::fs::write(&file, rows).expect("there is room");
    let _ = organisation.import(&[file], &[]).well();
}

struct Team {
    organisation: Organisation,
    server: Server,
    anna: Laptop,
    cem: Laptop,
    manager: Laptop,
}

/// The child has moved. Anna has one record of it at the server, one made before the move and one
/// made after it on her laptop, which knows nothing of it; Cem has fetched the child and recorded.
fn moved() -> (Team, [String; 4]) {
    let organisation = Organisation::with_sample_caseload();
    let server = organisation.serve();
    let [anna, cem, manager] =
        ["S-105", "S-107", "S-102"].map(|person| organisation.laptop(&server, person));
    let known = record(&anna, "known to the server");
    sync(&anna);
    let before = record(&anna, "made before the move");
    assert_eq!(held(&cem), None);
    hand_over(&organisation);
    let fetched = sync(&cem);
    assert_eq!((&fetched["children"], &fetched["received"]), (&1.into(), &1.into()), "{fetched}");
    assert_eq!(held(&cem), Some([known.clone()].into()), "the child came whole, old records too");
    let theirs = record(&cem, "by the new worker");
    let after = record(&anna, "made after the move");
    (Team { organisation, server, anna, cem, manager }, [known, before, after, theirs])
}

#[test]
fn a_child_moves_while_both_are_offline_and_nothing_is_lost_or_doubled() {
    for anna_first in [true, false] {
        let (team, [known, before, after, theirs]) = moved();
        let Team { organisation, anna, cem, manager, .. } = &team;
        if anna_first {
            sync(anna);
            sync(cem);
        } else {
            sync(cem);
            sync(anna);
        }
        // Made while she held the child: in the log. Made after it: a manager looks at it.
        let own = [&known, &before, &after];
        assert_eq!(states(anna, &own), ["received", "received", "needs-you"], "{anna_first}");
        assert_eq!(states(cem, &[&theirs]), ["received"]);
        assert_eq!(held(anna), None, "the child has left her caseload");
        let data = organisation.data();
        let mut logged = vec![known.clone(), before.clone(), theirs.clone()];
        logged.sort();
        assert_eq!(office::logged(&data, CHILD.0), logged);
        sync(cem);
        sync(manager);
        let everything: BTreeSet<_> = logged.iter().cloned().collect();
        assert_eq!(held(cem), Some(everything.clone()), "handed over, and seen by who holds it");
        assert_eq!(held(manager), Some(everything));

        let listed = organisation.admin(["quarantine", "list", "--json"]).well().json();
        assert_eq!(listed.as_array().expect("a list").len(), 1, "{listed}");
        assert_eq!(listed[0]["code"], "outside-entitlement");
        let number = listed[0]["number"].to_string();
        let why = ["--by", "S-102", "--reason", "she had not heard of the move"];
        let release = ["quarantine", "release", number.as_str()];
        let _ = organisation.admin([release.as_slice(), why.as_slice()].concat()).well();
        for laptop in [anna, cem, manager] {
            sync(laptop);
        }
        assert_eq!(states(anna, &own), ["received", "received", "received"]);
        logged.push(after.clone());
        logged.sort();
        assert_eq!(office::logged(&data, CHILD.0), logged);
        let everything: BTreeSet<_> = logged.into_iter().collect();
        assert_eq!((held(cem), held(manager)), (Some(everything.clone()), Some(everything)));

        // Her own records stay on her laptop until the server has them backed up, and go then.
        let _ = organisation.back_up("backup.db");
        sync(anna);
        assert_eq!(states(anna, &own), ["gone", "gone", "gone"]);
        let verified = organisation.verify();
        assert_eq!((&verified["sound"], &verified["events"]), (&true.into(), &4.into()));
        let shown = office::escalations(&data);
        assert!(shown.values().all(|(count, _)| *count == 1), "{shown:#?}");
    }
}

#[test]
fn an_unsent_record_of_a_child_that_left_stays_until_the_server_has_it() {
    let (team, [_, before, after, _]) = moved();
    let Team { organisation, server, anna, .. } = team;
    server.kill();
    let failed = anna.device(["sync"]);
    assert_eq!(failed.code, Some(1), "{failed:#?}");
    assert_eq!(states(&anna, &[&before, &after]), ["on-this-device", "on-this-device"]);
    let server = organisation.serve();
    std::fs::write(anna.dir.join("server.txt"), &server.url).expect("the folder is there");
    let synced = sync(&anna);
    assert_eq!((&synced["sent"], &synced["left"]), (&2.into(), &1.into()), "{synced}");
    assert_eq!(states(&anna, &[&before, &after]), ["received", "needs-you"]);
}
