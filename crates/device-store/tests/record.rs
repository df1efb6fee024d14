//! Recording: what a person enters is on the disk, signed and chained, or it is nowhere.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod office;

use doorstep_core::event::{Corrected, FailedContact, Form, Note, Role, What, Withdrawn};
use doorstep_core::policy::Policy;
use doorstep_core::seal::Hash;
use doorstep_core::wire::EnrolResponse;
use doorstep_device_store::testing::{
    card, child, clock, enrol, enrolled_store, enrolment, entropy, failed, fresh_store, invitation,
    minute, noted,
};
use doorstep_device_store::{
    Draft, Error, Fault, Held, RecordState, Source, Store, TEXT_CHARS_MAX,
};
use office::{Office, sync, verifying_key};

/// A device with children 1 to 3.
fn device() -> (Store, Office) {
    let mut office = Office::new(&[1], &[1, 2, 3]);
    let mut store = enrolled_store(1);
    sync(&mut store, 1, &mut office, 0);
    (store, office)
}

fn state(held: &Held) -> &RecordState {
    match &held.source {
        Source::Own(state) => state,
        Source::Pulled { .. } => panic!("the record was made here"),
    }
}

#[test]
fn a_record_is_sealed_signed_and_shown_as_on_this_device() {
    let (mut store, _) = device();
    let draft = Draft::new(minute(1), child(1), failed(Form::NoResponse));
    let ids = store.record(&draft, &clock(2), entropy(1)).unwrap();

    let held = store.event(ids[0]).unwrap().unwrap();
    held.sealed.verify(&verifying_key(1)).unwrap();
    let body = held.sealed.open().unwrap();
    assert_eq!((body.origin.epoch, body.origin.seq), (1, 1));
    assert_eq!(body.origin.previous, Hash::ORIGIN);
    assert_eq!(body.origin.device, enrolment(1).device);
    assert_eq!(body.origin.person, enrolment(1).person.id);
    assert_eq!(body.origin.clock.server_seen, Some(minute(0)));
    assert_eq!(body.event.at, minute(1));
    assert_eq!(body.event.recorded, minute(2));
    assert_eq!(body.event.by, Role::SocialWorker);
    assert_eq!(ids[0].0.get_version_num(), 7);
    assert_eq!(state(&held).as_str(), "on-this-device");
}

#[test]
fn each_record_carries_the_hash_of_the_one_before() {
    let (mut store, _) = device();
    for number in 1..=4_u8 {
        let draft = Draft::new(minute(i64::from(number)), child(1 + number % 2), noted("tried"));
        store.record(&draft, &clock(9), entropy(number.into())).unwrap();
    }
    let mut records = store.own_records(10).unwrap();
    records.reverse();
    let mut previous = Hash::ORIGIN;
    for (held, seq) in records.iter().zip(1..) {
        let origin = held.sealed.open().unwrap().origin;
        assert_eq!((origin.seq, origin.previous), (seq, previous));
        previous = held.hash;
    }
    assert_eq!(records.len(), 4);
}

#[test]
fn several_children_at_one_visit_share_the_visit() {
    let (mut store, _) = device();
    let draft = Draft::new(minute(1), child(1), failed(Form::Doorstep))
        .and(child(2), failed(Form::Doorstep))
        .and(child(3), noted("not at home"));
    let ids = store.record(&draft, &clock(2), entropy(1)).unwrap();
    assert_eq!(ids.len(), 3);
    let visits: Vec<_> = ids
        .iter()
        .map(|id| match store.event(*id).unwrap().unwrap().event().unwrap().what.clone() {
            What::FailedContact(contact) => contact.visit,
            _ => None,
        })
        .collect();
    assert!(visits[0].is_some());
    assert_eq!(visits[0], visits[1]);
    assert_eq!(visits[2], None);
    for (number, id) in (1..).zip(&ids) {
        assert_eq!(store.timeline(child(number)).unwrap()[0].id(), Some(*id));
    }
}

#[test]
fn a_visit_that_a_colleague_recorded_can_be_joined() {
    let (mut store, _) = device();
    let visit = doorstep_core::ids::VisitId::at(minute(0), [9; 10]);
    let mut draft = Draft::new(minute(1), child(1), failed(Form::NoResponse));
    draft.visit = Some(visit);
    let ids = store.record(&draft, &clock(2), entropy(1)).unwrap();
    let held = store.event(ids[0]).unwrap().unwrap();
    let What::FailedContact(contact) = &held.event().unwrap().what else { panic!("not a contact") };
    assert_eq!(contact.visit, Some(visit));
}

#[test]
fn a_draft_is_kept_whole_or_not_at_all() {
    let (mut store, _) = device();
    let draft = Draft::new(minute(1), child(1), noted("one")).and(child(9), noted("two"));
    let refusal = store.record(&draft, &clock(2), entropy(1)).unwrap_err();
    assert!(
        matches!(refusal, Error::Invalid(faults) if faults == [Fault::UnknownChild { entry: 1 }])
    );
    assert_eq!(store.own_records(10).unwrap().len(), 0);
    assert_eq!(store.status().unwrap().on_this_device, 0);
}

#[test]
fn names_what_is_wrong_with_a_draft() {
    let (mut store, _) = device();
    let long = "ö".repeat(TEXT_CHARS_MAX + 1);
    let deep =
        |depth| (0..depth).fold(serde_json::json!("x"), |value, _| serde_json::json!([value]));
    let corrected = |value| {
        let set = [("note".to_owned(), value)].into_iter().collect();
        let of = doorstep_core::ids::EventId::at(minute(0), [1; 10]);
        What::Corrected(Corrected { of, set, reason: None })
    };
    let far = |text: &str| text.parse().unwrap();
    let one = |what| Draft::new(minute(1), child(1), what);
    let empty = Draft { entries: Vec::new(), ..one(noted("x")) };
    let many = (0..50).fold(one(noted("x")), |draft, _| draft.and(child(1), noted("x")));
    let text = |chars| Fault::TextTooLong { entry: 0, key: "note".to_owned(), chars };
    let crowd =
        |texts: usize| corrected(serde_json::Value::from(vec!["x".repeat(TEXT_CHARS_MAX); texts]));
    for (name, draft, faults) in [
        ("nothing", empty, vec![Fault::Empty]),
        ("too many", many, vec![Fault::TooManyEntries]),
        ("long text", one(noted(&long)), vec![text(TEXT_CHARS_MAX + 1)]),
        ("longest text", one(noted(&long[2..])), vec![]),
        ("long correction", one(corrected(long.as_str().into())), vec![text(TEXT_CHARS_MAX + 1)]),
        ("deep correction", one(corrected(deep(20))), vec![Fault::TooLarge { entry: 0 }]),
        ("large correction", one(crowd(20)), vec![Fault::TooLarge { entry: 0 }]),
        (
            "unusable character",
            one(noted("a\0b")),
            vec![Fault::UnusableCharacter { entry: 0, key: "note".to_owned() }],
        ),
        (
            "long ago",
            Draft { at: far("1999-12-31T23:59:59Z"), ..one(noted("x")) },
            vec![Fault::AbsurdDate],
        ),
        (
            "unknown child",
            Draft::new(minute(1), child(7), noted("x")),
            vec![Fault::UnknownChild { entry: 0 }],
        ),
    ] {
        let outcome = store.record(&draft, &clock(2), entropy(faults.len() as u64));
        match outcome {
            Ok(ids) => assert!(faults.is_empty() && ids.len() == draft.entries.len(), "{name}"),
            Err(Error::Invalid(found)) => assert_eq!(found, faults, "{name}"),
            Err(other) => panic!("{name}: {other}"),
        }
    }
    assert_eq!(store.own_records(10).unwrap().len(), 1);
}

#[test]
fn a_record_from_the_future_is_kept_and_flagged() {
    let (mut store, _) = device();
    for (number, ahead_minutes, is_ahead) in
        [(1, -60, false), (2, 0, false), (3, 5, false), (4, 6, true), (5, 60 * 24 * 365, true)]
    {
        let draft = Draft::new(minute(ahead_minutes), child(1), noted("seen"));
        let ids = store.record(&draft, &clock(0), entropy(number)).unwrap();
        let held = store.event(ids[0]).unwrap().unwrap();
        assert_eq!(held.is_ahead(), is_ahead, "{ahead_minutes}");
    }
}

#[test]
fn corrections_and_withdrawals_are_records_too() {
    let (mut store, _) = device();
    let draft = Draft::new(minute(1), child(1), failed(Form::NoResponse));
    let first = store.record(&draft, &clock(1), entropy(1)).unwrap()[0];
    let set = [("form".to_owned(), "doorstep".into())].into_iter().collect();
    let corrected = What::Corrected(Corrected { of: first, set, reason: None });
    let withdrawn = What::Withdrawn(Withdrawn { of: first, reason: Some("wrong child".into()) });
    for (number, what) in [(2, corrected), (3, withdrawn)] {
        store.record(&Draft::new(minute(2), child(1), what), &clock(2), entropy(number)).unwrap();
    }
    assert_eq!(store.timeline(child(1)).unwrap().len(), 3);
    assert_eq!(store.event(first).unwrap().unwrap().event().unwrap().at, minute(1));
}

#[test]
fn a_form_is_saved_restored_and_recorded_once() {
    let (mut store, _) = device();
    let mut draft = Draft::new(minute(1), child(1), noted("half a sen"));
    draft.saved_as = Some("form-1".to_owned());
    let document = serde_json::to_string(&draft).unwrap();
    store.save_draft("form-1", "{}", minute(1)).unwrap();
    store.save_draft("form-1", &document, minute(2)).unwrap();
    store.save_draft("form-2", "{}", minute(1)).unwrap();

    let saved = store.draft("form-1").unwrap().unwrap();
    assert_eq!((saved.saved, saved.document.as_str()), (minute(2), document.as_str()));
    assert_eq!(store.drafts().unwrap().len(), 2);
    let restored: Draft = serde_json::from_str(&saved.document).unwrap();
    assert_eq!(restored, draft);

    store.record(&restored, &clock(3), entropy(1)).unwrap();
    let again = store.record(&restored, &clock(3), entropy(2)).unwrap_err();
    assert!(matches!(again, Error::AlreadyRecorded));
    assert_eq!(store.own_records(10).unwrap().len(), 1);
    assert!(store.draft("form-1").unwrap().is_none());
    assert!(store.delete_draft("form-2").unwrap());
    assert!(!store.delete_draft("form-2").unwrap());
}

#[test]
fn a_form_that_cannot_be_recorded_stays_saved() {
    let (mut store, _) = device();
    store.save_draft("form-1", "{}", minute(1)).unwrap();
    let mut draft = Draft::new(minute(1), child(8), noted("x"));
    draft.saved_as = Some("form-1".to_owned());
    assert!(store.record(&draft, &clock(3), entropy(1)).is_err());
    assert!(store.draft("form-1").unwrap().is_some());
}

#[test]
fn entropy_that_repeats_itself_is_refused() {
    let (mut store, _) = device();
    let draft = Draft::new(minute(1), child(1), noted("x"));
    store.record(&draft, &clock(1), entropy(1)).unwrap();
    let refusal = store.record(&draft, &clock(1), entropy(1)).unwrap_err();
    assert!(matches!(refusal, Error::EntropyRepeated));
}

#[test]
fn nothing_is_recorded_before_the_enrolment() {
    let mut store = fresh_store();
    let draft = Draft::new(minute(1), child(1), noted("x"));
    assert!(matches!(store.record(&draft, &clock(1), entropy(1)), Err(Error::NotEnrolled)));
    assert!(matches!(store.next_request(&clock(1), "test 1"), Err(Error::NotEnrolled)));
    assert!(matches!(store.enrolled(&enrolment(1)), Err(Error::NotPrepared)));
    let status = store.status().unwrap();
    assert_eq!((status.enrolment, status.device_name), (None, None));
}

#[test]
fn an_enrolment_whose_answer_was_lost_is_asked_for_with_the_same_key() {
    let mut store = fresh_store();
    let first = store.prepare(&invitation(1), [1; 32]).unwrap();
    let second = store.prepare(&invitation(2), [2; 32]).unwrap();
    assert_eq!(first.public_key, hex::encode(verifying_key(1).as_bytes()));
    assert_eq!(first.public_key, second.public_key);
    assert_eq!(second.code, "CODE-2");
    store.enrolled(&enrolment(1)).unwrap();
    store.enrolled(&enrolment(1)).unwrap();
    assert!(matches!(store.enrolled(&enrolment(2)), Err(Error::AlreadyEnrolled)));
    let again = store.prepare(&invitation(3), [3; 32]).unwrap();
    let known = again.known_as.unwrap();
    assert_eq!((known.device, known.person), (enrolment(1).device, enrolment(1).person.id));
    assert_eq!(again.public_key, first.public_key);
    let renewed = EnrolResponse { token: "token-3".into(), ..enrolment(1) };
    store.enrolled(&renewed).unwrap();
    assert_eq!(store.enrolment().unwrap().unwrap().token, "token-3");
    assert_eq!(store.enrolment().unwrap().unwrap().person, enrolment(1).person);
    assert!(!format!("{:?}", store.enrolment().unwrap()).contains("token-1"));
}

#[test]
fn the_status_says_what_is_only_here() {
    let (mut store, mut office) = device();
    for number in [3, 1, 2] {
        let draft = Draft::new(minute(0), child(1), noted("x"));
        store.record(&draft, &clock(number), entropy(number.unsigned_abs())).unwrap();
    }
    let status = store.status().unwrap();
    assert_eq!(status.on_this_device, 3);
    assert_eq!(status.oldest_unsent, Some(minute(1)));
    assert_eq!(status.device_name.as_deref(), Some("Phone 1"));
    assert_eq!(status.enrolment.unwrap().person.name, "Person 1");
    assert_eq!(status.children, 3);
    assert_eq!(status.last_contact, Some(minute(0)));
    sync(&mut store, 1, &mut office, 10);
    let status = store.status().unwrap();
    assert_eq!((status.on_this_device, status.oldest_unsent), (0, None));
    assert_eq!(status.last_contact, Some(minute(10)));
}

#[test]
fn an_assessment_rests_on_own_and_pulled_records_and_names_what_it_cannot_read() {
    let (mut store, mut office) = device();
    let mut colleague = enrolled_store(2);
    office.caseloads.insert(2, [1].into());
    sync(&mut colleague, 2, &mut office, 1);
    let theirs = Draft::new(minute(1), child(1), failed(Form::NoResponse));
    colleague.record(&theirs, &clock(1), entropy(1)).unwrap();
    sync(&mut colleague, 2, &mut office, 2);
    let newer = theirs_from_a_newer_app(&colleague);
    office.put(child(1), newer);

    let what =
        What::FailedContact(FailedContact { planned: false, ..FailedContact::new(Form::Doorstep) });
    store.record(&Draft::new(minute(3), child(1), what), &clock(3), entropy(2)).unwrap();
    sync(&mut store, 1, &mut office, 4);

    let policy = Policy::built_in();
    let answer = store.assess(child(1), &policy, minute(5)).unwrap();
    let timeline = store.timeline(child(1)).unwrap();
    assert_eq!(timeline.len(), 3);
    let events: Vec<_> = timeline.iter().filter_map(|held| held.event().cloned()).collect();
    assert_eq!(events.len(), 2);
    assert_eq!(answer.assessment, policy.assess(&card(1).record, &events, minute(5)));
    assert_eq!(answer.unreadable.len(), 1);
    assert_eq!(answer.unreadable[0].kind.as_deref(), Some("hologram-left"));
    assert!(answer.unreadable[0].id.is_some());
    assert!(matches!(
        store.assess(child(9), &policy, minute(5)),
        Err(Error::UnknownChild(unknown)) if unknown == child(9)
    ));
}

/// The colleague's record with another id and a type that this version does not know.
fn theirs_from_a_newer_app(colleague: &Store) -> doorstep_core::seal::SealedEvent {
    let held = colleague.own_records(1).unwrap().remove(0);
    let id = held.id().unwrap().to_string();
    let other = doorstep_core::ids::EventId::at(minute(1), [8; 10]).to_string();
    let body =
        held.sealed.body.get().replace("failed-contact", "hologram-left").replace(&id, &other);
    let body = serde_json::value::RawValue::from_string(body).unwrap();
    doorstep_core::seal::SealedEvent { body, ..held.sealed }
}

#[test]
fn a_note_without_words_is_a_record() {
    let (mut store, _) = device();
    let draft = Draft::new(minute(1), child(1), What::PlanAgreed(Note::default()));
    assert!(Store::faults(&draft).is_empty());
    store.record(&draft, &clock(1), entropy(1)).unwrap();
}

#[test]
fn a_second_device_has_a_chain_of_its_own() {
    let mut second = fresh_store();
    enrol(&mut second, 2);
    let mut office = Office::new(&[2], &[1]);
    sync(&mut second, 2, &mut office, 0);
    second.record(&Draft::new(minute(1), child(1), noted("x")), &clock(1), entropy(1)).unwrap();
    let origin = second.own_records(1).unwrap()[0].sealed.open().unwrap().origin;
    assert_eq!((origin.device, origin.seq), (enrolment(2).device, 1));
}
