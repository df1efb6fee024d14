//! Limits that pass unmet, and escalations that end.

use chrono::TimeDelta;
use doorstep_core::assessment::Standing;
use doorstep_core::event::{ChildSeen, Known, What};
use doorstep_core::policy::Policy;

use crate::ingest::Incoming;
use crate::judge::acknowledge;
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
