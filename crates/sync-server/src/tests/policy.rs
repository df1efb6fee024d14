//! An organisation's own policies: taken into use, delivered, compared.

use chrono::TimeDelta;
use doorstep_core::policy::{Policy, PolicyDocument};

use crate::admin::{self, AdminError, policy};
use crate::ingest::Incoming;
use crate::testing::Bench;
use crate::verify::verify;

fn document(contacts: u32) -> PolicyDocument {
    let pack = format!(
        "id = \"ours\"\nversion = \"2\"\neffective_from = 2020-01-01\n\
         extends = \"failure-to-gain-access\"\n\
         [[clause]]\nid = \"GA-3.9\"\nparameters = {{ contacts = {contacts} }}\n"
    );
    PolicyDocument { packs: vec![pack], ..PolicyDocument::default() }
}

async fn two_visits() -> Bench {
    let bench = Bench::new().await;
    let mut phone = bench.phone("ann").await;
    let child = bench.child("c1").await;
    let visits = [0, 2].map(|hours| bench.now() - TimeDelta::hours(hours));
    let events = visits.map(|at| Incoming::Sealed(phone.no_response(child, at)));
    bench.push(&phone, 1, events.to_vec()).await;
    bench
}

#[tokio::test]
async fn every_child_is_judged_again_by_a_policy_that_is_taken_into_use() {
    let bench = two_visits().await;
    let (judge, child) = (bench.state.judge(), bench.child("c1").await);
    let adopt = move |tx: &mut dyn crate::store::Tx| policy::put_policy(tx, &judge, &document(2));
    assert_eq!(bench.state.db.write(adopt).await.unwrap(), 1);
    let ours = Policy::of(&document(2)).unwrap();
    let look = move |tx: &dyn crate::store::Tx| Ok((tx.lines(child)?, verify(tx, &ours)?));
    let (lines, report): (Vec<_>, _) =
        bench.state.db.read::<_, crate::store::StoreError>(look).await.unwrap();
    assert!(lines.iter().any(|line| &*line.escalation.clause.0 == "GA-3.9"), "it is raised");
    assert!(report.is_sound(), "{report}");
}

#[tokio::test]
async fn a_weaker_policy_is_refused_and_nothing_changes() {
    let bench = two_visits().await;
    let judge = bench.state.judge();
    let adopt = move |tx: &mut dyn crate::store::Tx| policy::put_policy(tx, &judge, &document(4));
    let refusal = bench.state.db.write(adopt).await.unwrap_err();
    assert!(matches!(refusal, AdminError::Policy(_)), "{refusal}");
    assert!(refusal.to_string().contains("GA-3.9: the threshold is higher"), "{refusal}");
    let look = |tx: &dyn crate::store::Tx| tx.organisation();
    let organisation = bench.state.db.read(look).await.unwrap().unwrap();
    assert_eq!((organisation.policy, organisation.policy_revision), (PolicyDocument::default(), 0));
}

#[tokio::test]
async fn a_comparison_says_what_would_change_and_changes_nothing() {
    let bench = two_visits().await;
    let now = bench.now();
    let look = move |tx: &dyn crate::store::Tx| {
        let (one, other) = (Policy::built_in(), Policy::of(&document(2)).expect("not weaker"));
        let same = policy::compare(tx, (&one, &one), now, |_| {})?;
        Ok((same, policy::compare(tx, (&one, &other), now, |_| {})?))
    };
    let (same, found) = bench.state.db.read::<_, admin::AdminError>(look).await.unwrap();
    assert!(same.is_empty());
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].external, "c1");
    let said = found[0].changes.join("; ");
    assert!(said.contains("duty GA-3.9: would be open"), "{said}");
    assert!(said.contains("escalation GA-3.9 to line-manager: would be open"), "{said}");
    assert!(!said.contains("GA-3.8"), "the version alone is no difference: {said}");
}
