//! The laws of notices.

use chrono::TimeDelta;
use doorstep_core::assessment::{Cause, ClauseId, Escalation, Ground, Standing, Urgency};
use doorstep_core::event::Role;
use doorstep_core::ids::EscalationId;
use uuid::Uuid;

use super::{child, furnish, person};
use crate::store::ledger::LedgerLine;
use crate::store::notices::{
    Channel, Claim, LogFilter, Manner, Notice, NoticeState, Preference, Reason, Receiver,
};
use crate::store::{Db, StoreError, Tx};
use crate::testing::MONDAY;

/// Runs every law of notices.
pub async fn all(fresh: &mut impl FnMut() -> Db) {
    a_notice_is_written_once(&fresh()).await;
    a_claim_keeps_others_off_until_it_is_settled_or_runs_out(&fresh()).await;
    a_digest_is_claimed_whole(&fresh()).await;
    a_preference_is_one_for_each_person(&fresh()).await;
}

fn line() -> LedgerLine {
    LedgerLine {
        id: EscalationId::at(MONDAY, [1; 10]),
        child: child(1).id,
        escalation: Escalation {
            clause: ClauseId("NA-7.2".into()),
            cause: Cause(Uuid::nil()),
            to: Role::LineManager,
            urgency: Urgency::Routine,
            ground: Ground::Owed,
            standing: Standing::Open,
            due: None,
            since: MONDAY,
            sentence: "sentence".into(),
            reason: "reason".into(),
            evidence: [].into(),
        },
        addressee: person(1).id,
        raised: MONDAY,
        told: Some(MONDAY),
        acknowledged: None,
        ended: None,
        undelivered: false,
    }
}

fn notice(key: &str) -> Notice {
    Notice {
        key: key.to_owned(),
        escalation: line().id,
        person: person(1).id,
        receiver: Receiver::Person,
        reason: Reason::Raised,
        digest: None,
        written: MONDAY,
        state: NoticeState::Waiting { next: MONDAY },
        since: MONDAY,
        failures: 0,
        refused: Vec::new(),
        last_error: None,
    }
}

async fn put(db: &Db, notices: Vec<Notice>) {
    furnish(db).await;
    let work = move |tx: &mut dyn Tx| {
        tx.add_line(&line())?;
        notices.iter().try_for_each(|notice| tx.put_notice(notice))
    };
    db.write(work).await.expect("the law allows it");
}

async fn claimed(db: &Db, by: &'static str, minutes: i64, count: usize) -> Vec<(String, bool)> {
    let now = MONDAY + TimeDelta::minutes(minutes);
    let claim = Claim { by: by.to_owned(), until: now + TimeDelta::minutes(5) };
    let work = move |tx: &mut dyn Tx| tx.claim_notices(&claim, now, count);
    let found = db.write::<_, StoreError>(work).await.expect("the law allows it");
    found.into_iter().map(|claimed| (claimed.notice.key, claimed.unsure)).collect()
}

async fn settled(db: &Db, by: &'static str, state: NoticeState) -> bool {
    let notice = Notice { state, failures: 3, refused: vec![Channel::Email], ..notice("a") };
    let work = move |tx: &mut dyn Tx| tx.settle_notice(&notice, by);
    db.write::<_, StoreError>(work).await.expect("the law allows it")
}

async fn held(db: &Db) -> Vec<Notice> {
    let filter = LogFilter { count: 10, ..LogFilter::default() };
    db.read::<_, StoreError>(move |tx| tx.notice_log(&filter)).await.expect("reads")
}

async fn a_notice_is_written_once(db: &Db) {
    let other = Notice { reason: Reason::StoodDown, ..notice("a") };
    put(db, vec![notice("a"), other]).await;
    assert_eq!(held(db).await, [notice("a")]);
}

async fn a_claim_keeps_others_off_until_it_is_settled_or_runs_out(db: &Db) {
    put(db, vec![notice("a")]).await;
    assert_eq!(claimed(db, "one", 0, 9).await, [("a".to_owned(), false)]);
    assert_eq!(claimed(db, "other", 1, 9).await, []);
    assert!(!settled(db, "other", NoticeState::NotNeeded).await, "it is not theirs");
    assert_eq!(held(db).await, [notice("a")]);
    assert_eq!(claimed(db, "other", 5, 9).await, [("a".to_owned(), true)], "it has run out");
    assert!(!settled(db, "one", NoticeState::NotNeeded).await, "another has taken over");
    assert!(settled(db, "other", NoticeState::Delivered(Channel::NotifySms)).await);
    let after = held(db).await.remove(0);
    assert_eq!(after.state, NoticeState::Delivered(Channel::NotifySms));
    assert_eq!((after.failures, after.refused), (3, vec![Channel::Email]));
    assert_eq!(claimed(db, "one", 60, 9).await, [], "it is over");

    db.write(|tx| tx.put_notice(&notice("b"))).await.expect("the law allows it");
    assert_eq!(claimed(db, "one", 0, 9).await.len(), 1);
    db.write(|tx| tx.release_claims(MONDAY)).await.expect("the law allows it");
    assert_eq!(claimed(db, "other", 0, 9).await, [("b".to_owned(), true)]);
}

async fn a_digest_is_claimed_whole(db: &Db) {
    let digest = |key| Notice { digest: Some(MONDAY), ..notice(key) };
    put(db, vec![digest("a"), digest("b"), digest("c"), notice("d")]).await;
    let keys: Vec<_> = claimed(db, "one", 0, 1).await.into_iter().map(|(key, _)| key).collect();
    assert_eq!(keys, ["a", "b", "c"]);
}

async fn a_preference_is_one_for_each_person(db: &Db) {
    furnish(db).await;
    let hours = "Mon-Fri 09:00-17:00".parse().ok();
    let first = Preference { hours, ..Preference::default() };
    let second = Preference { routine: Manner::Console, ..Preference::default() };
    let get = async || {
        let look = |tx: &dyn Tx| tx.preference(person(1).id);
        db.read::<_, StoreError>(look).await.expect("reads")
    };
    assert_eq!(get().await, None);
    for preference in [first, second] {
        let put = preference.clone();
        let work = move |tx: &mut dyn Tx| tx.put_preference(person(1).id, &put, MONDAY);
        db.write::<_, StoreError>(work).await.expect("the law allows it");
        assert_eq!(get().await, Some(preference));
    }
}
