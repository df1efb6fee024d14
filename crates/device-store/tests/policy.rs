//! A device judges by the policy that its organisation decided on.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod office;

use doorstep_core::policy::PolicyDocument;
use doorstep_device_store::testing::{clock, enrolled_store};
use office::Office;

#[test]
fn judges_by_the_policy_that_the_organisation_sent() {
    let (mut store, mut office) = (enrolled_store(1), Office::new(&[1], &[1]));
    assert!(store.policy().unwrap().unreadable.is_none());
    let pack = "id = \"ours\"\nversion = \"7\"\neffective_from = 2026-01-01\n\
                extends = \"no-access\"\n";
    for (packs, version, readable) in [(pack, "7", true), ("id = 1", "1", false)] {
        store.sync_now().unwrap();
        let request = store.next_request(&clock(2), "test 1").unwrap().unwrap();
        let mut answer = office.answer(1, &request);
        let packs = vec![packs.to_owned()];
        answer.policy = Some(PolicyDocument { packs, ..PolicyDocument::default() });
        store.receive(&answer).unwrap();
        let held = store.policy().unwrap();
        let newest = held.policy.packs().newest().find(|pack| &*pack.line == "no-access").unwrap();
        assert_eq!(&*newest.version, version);
        assert_eq!(held.unreadable.is_none(), readable, "{:?}", held.unreadable);
    }
}
