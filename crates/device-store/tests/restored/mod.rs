//! A device or a server that was put back to an earlier state: what either of them lost comes back
//! from the other, once.

use doorstep_device_store::testing::{child, connection};
use doorstep_device_store::{Held, RecordState};

use super::office::{self, sync};
use super::{copy, hashes, one_device, record, state, two_devices, unique};

#[test]
fn a_device_that_was_restored_opens_an_epoch_and_loses_nothing() {
    for records_after_the_backup in [1, 3] {
        for records_after_the_restore in [1, 2, 5] {
            let (mut store, mut office) = one_device();
            office.expects_by_epoch = records_after_the_restore != 2;
            record(&mut store, 1, 1);
            sync(&mut store, 1, &mut office, 2);
            let mut restored = copy(&store);
            for number in 0..records_after_the_backup {
                record(&mut store, 1, 10 + number);
            }
            sync(&mut store, 1, &mut office, 20);
            let ids: Vec<_> = (0..records_after_the_restore)
                .map(|number| record(&mut restored, 1, 30 + number))
                .collect();
            let old = restored.event(ids[0]).unwrap().unwrap();
            let progress = sync(&mut restored, 1, &mut office, 40);

            assert_eq!(progress[0].opened_epoch, Some(2));
            assert_eq!(office.set_aside.len(), 1, "the office keeps both");
            let all = 1 + records_after_the_backup + records_after_the_restore;
            let all = usize::try_from(all).unwrap();
            assert_eq!((office.log.len(), unique(&office.ids())), (all, all));
            for id in ids {
                assert_eq!(state(&restored, id), RecordState::Received { handed_over: false });
            }
            assert_eq!(restored.timeline(child(1)).unwrap().len(), all);
            assert_eq!(restored.status().unwrap().on_this_device, 0);
            assert_eq!(restored.status().unwrap().differing, 0);
            let kept: u32 = connection(&restored)
                .query_row("select count(*) from own_event where hash = ?1", [old.hash.0], |row| {
                    row.get(0)
                })
                .unwrap();
            assert_eq!(kept, 1, "the device keeps the old bytes");
        }
    }
}

#[test]
fn what_is_sealed_again_says_the_same_and_is_signed() {
    let (mut store, mut office) = one_device();
    let mut restored = copy(&store);
    record(&mut store, 1, 1);
    sync(&mut store, 1, &mut office, 2);
    let id = record(&mut restored, 1, 3);
    let before = restored.event(id).unwrap().unwrap();
    sync(&mut restored, 1, &mut office, 4);
    let after = restored.event(id).unwrap().unwrap();
    after.sealed.verify(&office::verifying_key(1)).unwrap();
    assert_eq!(after.event(), before.event());
    let origin = after.sealed.open().unwrap().origin;
    assert_eq!((origin.epoch, origin.seq), (2, 1));
}

#[test]
fn a_restored_device_without_records_opens_an_epoch_before_it_records() {
    let (mut store, mut office) = one_device();
    let mut restored = copy(&store);
    record(&mut store, 1, 1);
    sync(&mut store, 1, &mut office, 2);
    let progress = sync(&mut restored, 1, &mut office, 3);
    assert_eq!(progress[0].opened_epoch, Some(2));
    let id = record(&mut restored, 1, 4);
    sync(&mut restored, 1, &mut office, 5);
    assert!(office.set_aside.is_empty());
    assert_eq!(state(&restored, id), RecordState::Received { handed_over: false });
    assert_eq!(restored.timeline(child(1)).unwrap().len(), 2);
}

#[test]
fn a_device_can_be_restored_twice() {
    let (mut store, mut office) = one_device();
    let (mut once, mut twice) = (copy(&store), copy(&store));
    for (number, device) in (1..).zip([&mut store, &mut once, &mut twice]) {
        record(device, 1, 10 * number);
        record(device, 1, 10 * number + 1);
        for attempt in 0..4 {
            sync(device, 1, &mut office, 100 + attempt);
        }
        assert_eq!(device.status().unwrap().on_this_device, 0);
    }
    assert_eq!((office.log.len(), unique(&office.ids())), (6, 6));
}

#[test]
fn a_server_that_was_restored_is_offered_what_it_lost() {
    let (mut first, mut second, mut office) = two_devices();
    record(&mut first, 1, 1);
    sync(&mut first, 1, &mut office, 2);
    let backup = office.clone();
    let lost = record(&mut first, 1, 3);
    record(&mut second, 1, 4);
    sync(&mut first, 1, &mut office, 5);
    sync(&mut second, 2, &mut office, 6);
    sync(&mut first, 1, &mut office, 7);
    let before = hashes(&first, 1);
    assert_eq!(before.len(), 3);

    office.put_back(backup);
    let progress = sync(&mut first, 1, &mut office, 8);
    assert_eq!(progress[0].offered_again, 1);
    assert_eq!(state(&first, lost), RecordState::Received { handed_over: false });
    assert_eq!(hashes(&first, 1), before, "what only the second device can offer is still shown");
    sync(&mut second, 2, &mut office, 9);
    sync(&mut first, 1, &mut office, 10);
    assert_eq!(hashes(&first, 1), before);
    assert_eq!((office.log.len(), unique(&office.ids())), (3, 3));
    assert_eq!(first.status().unwrap().differing, 0);
}

#[test]
fn what_a_restored_server_lost_is_offered_at_once_before_what_is_still_unsent() {
    let (mut store, mut office) = one_device();
    let backup = office.clone();
    let lost = record(&mut store, 1, 1);
    sync(&mut store, 1, &mut office, 2);
    let unsent = record(&mut store, 1, 3);
    office.put_back(backup);
    let progress = sync(&mut store, 1, &mut office, 4);
    assert!(progress.iter().all(|progress| !progress.stalled), "{progress:#?}");
    assert_eq!(office.ids(), [lost, unsent]);
    assert_eq!(store.status().unwrap().on_this_device, 0);
}

#[test]
fn a_server_that_lost_an_epoch_gets_all_of_it_again() {
    let (mut store, mut office) = one_device();
    let mut restored = copy(&store);
    record(&mut store, 1, 1);
    sync(&mut store, 1, &mut office, 2);
    let backup = office.clone();
    for number in [3, 4] {
        record(&mut restored, 1, number);
    }
    sync(&mut restored, 1, &mut office, 5);
    sync(&mut restored, 1, &mut office, 7);
    assert_eq!(office.log.len(), 3);
    office.put_back(backup);
    sync(&mut restored, 1, &mut office, 8);
    sync(&mut restored, 1, &mut office, 10);
    assert_eq!((office.log.len(), unique(&office.ids())), (3, 3));
    assert_eq!(restored.status().unwrap().on_this_device, 0);
    assert_eq!(restored.status().unwrap().differing, 0);
}

#[test]
fn a_restored_server_is_offered_what_it_lost_of_earlier_epochs() {
    for expects_by_epoch in [true, false] {
        let (mut store, mut office) = one_device();
        office.expects_by_epoch = expects_by_epoch;
        let mut restored = copy(&store);
        record(&mut store, 1, 1);
        sync(&mut store, 1, &mut office, 2);
        // The chain opens epoch 2, and after another restore epoch 3.
        let backed_up = record(&mut restored, 1, 3);
        sync(&mut restored, 1, &mut office, 4);
        office.backed_up_to = 2;
        sync(&mut restored, 1, &mut office, 8);
        let backup = office.clone();
        let mut again = copy(&restored);
        record(&mut restored, 1, 9);
        let lost = record(&mut again, 1, 10);
        sync(&mut restored, 1, &mut office, 11);
        sync(&mut again, 1, &mut office, 12);
        let newest = record(&mut again, 1, 13);
        sync(&mut again, 1, &mut office, 14);
        assert_eq!(office.log.len(), 5);

        office.put_back(backup);
        for at in 15..18 {
            sync(&mut again, 1, &mut office, at);
        }
        let ids = office.ids();
        assert_eq!((ids.len(), unique(&ids)), (5, 5), "{expects_by_epoch}");
        assert!([backed_up, lost, newest].iter().all(|id| ids.contains(id)));
        assert_eq!(again.status().unwrap().on_this_device, 0);
        assert_eq!(again.status().unwrap().differing, 0);
    }
}

#[test]
fn what_a_restored_server_may_have_lost_of_an_earlier_epoch_is_sealed_again() {
    let (mut store, mut office) = one_device();
    let safe = record(&mut store, 1, 1);
    sync(&mut store, 1, &mut office, 2);
    office.backed_up_to = 1;
    let mut restored = copy(&store);
    let mut all = vec![safe, record(&mut store, 1, 3)];
    let backup = office.clone();
    sync(&mut store, 1, &mut office, 4);
    // On the restored phone: an event of epoch 2, then of epoch 3.
    let lost = record(&mut restored, 1, 5);
    sync(&mut restored, 1, &mut office, 6);
    sync(&mut restored, 1, &mut office, 8);
    let third = copy(&restored);
    all.push(record(&mut restored, 2, 9));
    sync(&mut restored, 1, &mut office, 10);
    let mut store = third;
    let newest = record(&mut store, 2, 11);
    sync(&mut store, 1, &mut office, 12);
    sync(&mut store, 1, &mut office, 14);
    let epoch = store.event(newest).unwrap().unwrap().sealed.open().unwrap().origin.epoch;
    assert_eq!(epoch, 3);

    office.put_back(backup);
    for at in 16..20 {
        sync(&mut store, 1, &mut office, at);
    }
    let mut ids = office.ids();
    ids.sort();
    all.extend([lost, newest]);
    all.sort();
    assert_eq!(ids, all, "also what the lost phones had handed in");
    assert_eq!(store.timeline(child(1)).unwrap().iter().filter_map(Held::id).count(), 3);
    assert_eq!(store.status().unwrap().differing, 0);
}

#[test]
fn a_backup_older_than_the_newest_costs_nothing_of_an_earlier_epoch() {
    let (mut store, mut office) = one_device();
    let old = office.clone();
    let first = record(&mut store, 1, 1);
    sync(&mut store, 1, &mut office, 2);
    // A newer backup holds it, and the device knows; but that one will not be restored.
    office.backed_up_to = 1;
    sync(&mut store, 1, &mut office, 3);
    let mut phone = copy(&store);
    let elsewhere = record(&mut store, 1, 4);
    sync(&mut store, 1, &mut office, 5);
    let newest = record(&mut phone, 1, 6);
    sync(&mut phone, 1, &mut office, 7);
    sync(&mut phone, 1, &mut office, 8);
    assert_eq!(office.log.len(), 3);

    office.put_back(old);
    let begun = phone.status().unwrap().divergence;
    for at in 9..12 {
        sync(&mut phone, 1, &mut office, at);
    }
    let mut ids = office.ids();
    ids.sort();
    let mut all = [first, elsewhere, newest];
    all.sort();
    assert_eq!(ids, all, "also what the phone has only because the server once sent it");
    assert_eq!(state(&phone, first), RecordState::Received { handed_over: false });
    assert_eq!(phone.timeline(child(1)).unwrap().len(), 3);
    let status = phone.status().unwrap();
    assert_eq!((status.on_this_device, status.differing), (0, 0));
    assert_eq!(status.divergence, begun, "what a restored server lost is no divergence");
    let bytes = office.log.len();
    sync(&mut phone, 1, &mut office, 13);
    assert_eq!(office.log.len(), bytes, "it is offered once");
}

#[test]
fn a_child_of_whom_a_restored_server_does_not_know_that_it_is_here_is_forgotten() {
    let (mut store, mut office) = one_device();
    let backup = office.clone();
    office.caseloads.insert(1, [1, 2, 3, 4].into());
    sync(&mut store, 1, &mut office, 1);
    assert!(store.child(child(4)).unwrap().is_some());
    let unsent = record(&mut store, 4, 2);
    office.put_back(backup);
    // The pages in between say nothing of who left: only the last one does.
    store.sync_now().unwrap();
    let request = store.next_request(&super::clock(3), "test 1").unwrap().unwrap();
    let page = office.answer(1, &request);
    assert!(page.more && store.receive(&page).unwrap().forgotten == 0);
    let progress = sync(&mut store, 1, &mut office, 4);
    assert_eq!(progress.iter().map(|step| step.forgotten).sum::<u64>(), 1);
    assert!(store.child(child(4)).unwrap().is_none());
    assert_eq!(store.children().unwrap().len(), 3);
    assert_eq!(office.ids(), [unsent], "what was recorded of it is handed in all the same");
}

#[test]
fn a_restored_server_that_has_a_record_of_a_child_that_left_lets_it_go() {
    let (mut store, mut office) = one_device();
    let id = record(&mut store, 1, 1);
    sync(&mut store, 1, &mut office, 2);
    office.caseloads.insert(1, [2, 3].into());
    sync(&mut store, 1, &mut office, 3);
    let backup = office.clone();
    office.put_back(backup);
    sync(&mut store, 1, &mut office, 4);
    assert_eq!(state(&store, id), RecordState::Received { handed_over: false });
    office.backed_up_to = 1;
    sync(&mut store, 1, &mut office, 5);
    sync(&mut store, 1, &mut office, 6);
    assert!(store.event(id).unwrap().is_none(), "it is backed up: nothing keeps it here");
    assert_eq!(office.log.len(), 1);
}

#[test]
fn a_server_that_is_an_older_copy_of_itself_is_offered_what_it_lost() {
    // As a machine does that was put back to a snapshot: nothing says that the log is another.
    let (mut store, mut office) = one_device();
    let before = office.clone();
    let mut phone = copy(&store);
    record(&mut store, 1, 1);
    sync(&mut store, 1, &mut office, 2);
    let own = record(&mut phone, 2, 3);
    sync(&mut phone, 1, &mut office, 4);
    sync(&mut phone, 1, &mut office, 5);
    let later = record(&mut phone, 2, 6);
    sync(&mut phone, 1, &mut office, 7);
    office = before;
    for at in 8..11 {
        sync(&mut phone, 1, &mut office, at);
    }
    let ids = office.ids();
    assert_eq!((ids.len(), unique(&ids)), (3, 3));
    assert!([own, later].iter().all(|id| ids.contains(id)));
    assert_eq!(phone.status().unwrap().differing, 0);
}

#[test]
fn after_a_restore_only_what_the_server_still_has_counts_as_backed_up() {
    for returns_own in [true, false] {
        let (mut store, mut office) = one_device();
        office.returns_own = returns_own;
        let empty = office.clone();
        let id = record(&mut store, 1, 1);
        office.backed_up_to = 1;
        sync(&mut store, 1, &mut office, 2);
        sync(&mut store, 1, &mut office, 3);
        assert_eq!(state(&store, id).as_str(), "backed-up");
        let same = office.clone();
        office.put_back(same);
        sync(&mut store, 1, &mut office, 4);
        assert_eq!(state(&store, id).as_str(), "backed-up", "that backup was restored");
        office.put_back(empty);
        sync(&mut store, 1, &mut office, 5);
        assert_eq!(state(&store, id).as_str(), "received", "no backup of this store has it");
        office.backed_up_to = 1;
        sync(&mut store, 1, &mut office, 6);
        assert_eq!(state(&store, id).as_str(), "backed-up");
    }
}

#[test]
fn a_server_restored_to_before_what_was_pruned_gets_what_is_left() {
    let (mut store, mut office) = one_device();
    let backup = office.clone();
    record(&mut store, 1, 1);
    let kept = record(&mut store, 2, 2);
    office.backed_up_to = 2;
    office.caseloads.insert(1, [2, 3].into());
    sync(&mut store, 1, &mut office, 3);
    assert!(store.timeline(child(1)).unwrap().is_empty());
    office.put_back(backup);
    for at in 4..8 {
        sync(&mut store, 1, &mut office, at);
    }
    assert_eq!(office.ids(), [kept]);
    assert_eq!(store.status().unwrap().on_this_device, 0);
    assert_eq!(store.status().unwrap().differing, 0);
}
