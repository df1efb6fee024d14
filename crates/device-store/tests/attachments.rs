//! Attachments on the device: kept with the record that names them, sent piece by piece after the
//! events, fetched when wanted, and gone no sooner and no later than they may.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use doorstep_core::attachment::{Attachment, MediaType, Shows};
use doorstep_core::event::{Form, What};
use doorstep_core::ids::EventId;
use doorstep_core::seal::{Body, Hash, Origin, SealedEvent, SigningKey};
use doorstep_core::wire::{AttachmentProgress, AttachmentState, Problem};
use doorstep_device_store::testing::{
    child, clock, connection, enrolled_store, enrolment, entropy, failed, minute, noted,
};
use doorstep_device_store::{
    AttachmentRequest, AttachmentStanding, Draft, DraftEntry, Error, Fault, NewAttachment,
    PAUSE_FIRST_SECONDS, Store,
};

mod office;

use office::{Office, sync};

/// A photograph of so many bytes.
fn photograph(bytes: usize) -> Vec<u8> {
    let mut photograph = b"\xff\xd8\xff\xe0 the door of a house ".to_vec();
    photograph.extend((0_u32..).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).take(bytes));
    photograph.truncate(bytes);
    photograph
}

fn no_response() -> Draft {
    Draft::new(minute(1), child(1), failed(Form::NoResponse))
}

fn record_with(store: &mut Store, bytes: &[u8], number: u64) -> Result<EventId, Error> {
    let mut files = [NewAttachment { shows: Shows::Letter, source: &mut &*bytes }];
    let made = store.record_with(&no_response(), &mut files, &clock(1), entropy(number))?;
    Ok(made[0])
}

fn named(store: &Store, id: EventId) -> Vec<Attachment> {
    store.event(id).unwrap().unwrap().event().unwrap().attachments.clone()
}

/// A device with one child that was in touch with its office.
fn device() -> (Store, Office) {
    let (mut store, mut office) = (enrolled_store(1), Office::new(&[1], &[1]));
    sync(&mut store, 1, &mut office, 0);
    (store, office)
}

fn answer(request: &AttachmentRequest, received: u64, bytes: u64) -> AttachmentState {
    let progress =
        if received == bytes { AttachmentProgress::Complete } else { AttachmentProgress::Partial };
    AttachmentState {
        hash: request.hash(),
        progress: progress.into(),
        received,
        bytes,
        backed_up: false,
    }
}

fn problem(status: u16, kind: &str) -> Problem {
    Problem {
        kind: format!("/problems/{kind}"),
        title: kind.to_owned(),
        status,
        detail: format!("because of {kind}"),
        instance: "urn:uuid:1".to_owned(),
    }
}

fn next(store: &Store, minutes: i64) -> Option<AttachmentRequest> {
    store.next_attachment(minute(minutes)).unwrap()
}

/// A server for attachments in a few lines: what it has of one.
#[derive(Default)]
struct Shelf {
    bytes: Vec<u8>,
}

impl Shelf {
    fn take(&mut self, store: &mut Store, request: &AttachmentRequest) {
        let of = match request {
            AttachmentRequest::Offer { offer, .. } => offer.bytes,
            AttachmentRequest::Send { offset, of, bytes, .. } => {
                assert_eq!(*offset, self.bytes.len() as u64);
                self.bytes.extend(bytes);
                *of
            }
            AttachmentRequest::Fetch { .. } => panic!("nothing is wanted"),
        };
        let answer = answer(request, self.bytes.len() as u64, of);
        store.attachment_answered(request, &answer, minute(2)).unwrap();
    }
}

#[test]
fn a_file_is_kept_with_the_record_that_names_it_or_not_at_all() {
    let (mut store, _) = device();
    let bytes = photograph(200_000);
    let id = record_with(&mut store, &bytes, 1).unwrap();
    let names = named(&store, id);
    assert_eq!(names.len(), 1);
    let Attachment { hash, media_type, bytes: size, shows } = names[0].clone();
    assert_eq!((hash, size), (Hash::of(&bytes), 200_000));
    assert_eq!((media_type.known(), shows.known()), (Some(MediaType::Jpeg), Some(Shows::Letter)));
    assert_eq!(store.attachment_standing(hash).unwrap(), AttachmentStanding::OnThisDevice);
    for (place, most) in [(0, 10), (65_530, 12), (199_990, 100), (200_000, 10)] {
        let from = usize::try_from(place).unwrap();
        let to = bytes.len().min(from + most);
        assert_eq!(store.attachment_bytes(hash, place, most).unwrap(), bytes[from..to]);
    }
    // The same photograph with another record lies here once.
    record_with(&mut store, &bytes, 2).unwrap();
    let pieces: u32 = connection(&store)
        .query_row("select count(*) from attachment_chunk", [], |row| row.get(0))
        .unwrap();
    assert_eq!(pieces, 200_000_u32.div_ceil(64 * 1024));

    let script = b"<html>not a photograph, whatever its name says</html>";
    let refused = record_with(&mut store, script, 3).unwrap_err();
    assert!(matches!(&refused, Error::Invalid(faults) if *faults == [Fault::AttachmentType]));
    let large = photograph(10 * 1024 * 1024 + 1);
    let refused = record_with(&mut store, &large, 4).unwrap_err();
    assert!(refused.to_string().contains("larger than 10.0 MB"), "{refused}");
    assert_eq!(store.own_records(10).unwrap().len(), 2);
    assert_eq!(store.status().unwrap().attachments.count, 1);
    let left: u32 = connection(&store)
        .query_row("select count(*) from attachment_chunk", [], |row| row.get(0))
        .unwrap();
    assert_eq!(left, pieces, "nothing of what was refused is left");
}

#[test]
fn a_record_names_only_what_is_here_as_it_is_named() {
    let (mut store, _) = device();
    let attachment = |hash: Hash, bytes| Attachment {
        hash,
        media_type: MediaType::Jpeg.into(),
        bytes,
        shows: Shows::Card.into(),
    };
    let bytes = photograph(100);
    record_with(&mut store, &bytes, 1).unwrap();
    let mut draft = no_response();
    for (named, kept) in [
        (attachment(Hash::of(&bytes), 100), true),
        (attachment(Hash::of(&bytes), 101), false),
        (attachment(Hash([3; 32]), 100), false),
    ] {
        let entry = DraftEntry::new(child(1), failed(Form::NoResponse));
        draft.entries = vec![DraftEntry { attachments: vec![named], ..entry }];
        let made = store.record(&draft, &clock(1), entropy(if kept { 8 } else { 9 }));
        match made {
            Ok(_) => assert!(kept),
            Err(Error::Invalid(faults)) => {
                assert_eq!((kept, faults), (false, vec![Fault::AttachmentNotHere { entry: 0 }]));
            }
            Err(other) => panic!("{other}"),
        }
    }
}

#[test]
fn a_form_keeps_its_photographs_and_takes_them_along_when_it_is_thrown_away() {
    let (mut store, _) = device();
    store.save_draft("form", "{}", minute(1)).unwrap();
    let bytes = photograph(70_000);
    let mut file = NewAttachment { shows: Shows::Card, source: &mut bytes.as_slice() };
    let kept = store.attach_to_draft("form", &mut file, minute(1)).unwrap();
    assert_eq!(store.draft_attachments("form").unwrap(), vec![kept.clone()]);
    assert_eq!(store.status().unwrap().attachments.count, 0, "a form is not sent");

    let mut draft = no_response();
    draft.saved_as = Some("form".to_owned());
    draft.entries[0].attachments = vec![kept.clone()];
    store.record(&draft, &clock(1), entropy(1)).unwrap();
    assert_eq!(store.status().unwrap().attachments.count, 1);

    store.save_draft("other", "{}", minute(1)).unwrap();
    let other = photograph(60_000);
    let mut file = NewAttachment { shows: Shows::Card, source: &mut other.as_slice() };
    let gone = store.attach_to_draft("other", &mut file, minute(1)).unwrap();
    store.delete_draft("other").unwrap();
    assert_eq!(store.attachment_standing(gone.hash).unwrap(), AttachmentStanding::NotHere);
    assert!(store.attachment_standing(kept.hash).unwrap().is_here());
}

#[test]
fn attachments_follow_the_events_and_go_on_where_they_were_broken_off() {
    let (mut store, mut office) = device();
    let bytes = photograph(600_000);
    record_with(&mut store, &bytes, 1).unwrap();
    assert_eq!(next(&store, 2), None, "its record goes first");
    sync(&mut store, 1, &mut office, 2);
    let mut shelf = Shelf::default();
    let offer = next(&store, 2).unwrap();
    assert!(matches!(&offer, AttachmentRequest::Offer { offer, .. } if offer.bytes == 600_000));
    shelf.take(&mut store, &offer);
    let first = next(&store, 2).unwrap();
    shelf.take(&mut store, &first);
    let hash = offer.hash();
    let sent = AttachmentStanding::PartSent { sent: 256 * 1024 };
    assert_eq!(store.attachment_standing(hash).unwrap(), sent);

    // A record made in the middle does not wait for the rest.
    store.record(&Draft::new(minute(3), child(1), noted("n")), &clock(3), entropy(3)).unwrap();
    assert_eq!(next(&store, 3), None);
    sync(&mut store, 1, &mut office, 3);

    // The app is gone after the server took a piece, before it heard so: an odd number of bytes.
    shelf.bytes.extend(&bytes[shelf.bytes.len()..shelf.bytes.len() + 77_777]);
    let stale = next(&store, 3).unwrap();
    assert!(store.attachment_refused(&stale, &problem(409, "attachment-offset")).unwrap());
    while let Some(request) = next(&store, 3) {
        shelf.take(&mut store, &request);
    }
    assert_eq!(shelf.bytes, bytes);
    let received = AttachmentStanding::Received { backed_up: false };
    assert_eq!(store.attachment_standing(hash).unwrap(), received);
    assert_eq!(store.status().unwrap().attachments.count, 0);
}

#[test]
fn a_failure_holds_up_attachments_only_and_makes_the_pieces_smaller() {
    let (mut store, mut office) = device();
    record_with(&mut store, &photograph(600_000), 1).unwrap();
    sync(&mut store, 1, &mut office, 2);
    let offer = next(&store, 2).unwrap();
    store.attachment_answered(&offer, &answer(&offer, 0, 600_000), minute(2)).unwrap();
    let until = store.attachment_failed(minute(2), None, u64::MAX).unwrap();
    assert_eq!((until - minute(2)).num_seconds(), PAUSE_FIRST_SECONDS);
    assert_eq!(next(&store, 2), None);
    store.record(&Draft::new(minute(2), child(1), noted("n")), &clock(2), entropy(4)).unwrap();
    assert!(store.next_request(&clock(2), "test 1").unwrap().is_some(), "events do not wait");
    sync(&mut store, 1, &mut office, 3);
    let Some(AttachmentRequest::Send { bytes, .. }) = next(&store, 3) else { panic!("a piece") };
    assert_eq!(bytes.len(), 128 * 1024);
}

#[test]
fn what_the_server_will_never_take_is_shown_and_holds_up_nothing() {
    let (mut store, mut office) = device();
    record_with(&mut store, &photograph(1000), 1).unwrap();
    record_with(&mut store, &photograph(2000), 2).unwrap();
    sync(&mut store, 1, &mut office, 2);
    let first = next(&store, 2).unwrap();
    assert!(store.attachment_refused(&first, &problem(422, "attachment-type")).unwrap());
    let reason = "because of attachment-type".to_owned();
    let standing = store.attachment_standing(first.hash()).unwrap();
    assert_eq!(standing, AttachmentStanding::Refused { reason });
    let second = next(&store, 2).unwrap();
    assert_ne!(second.hash(), first.hash());
    assert!(!store.attachment_refused(&second, &problem(503, "unavailable")).unwrap());
    assert_eq!(store.status().unwrap().attachments.refused, 1);
    assert!(store.attachment_standing(first.hash()).unwrap().is_here(), "it stays here");
}

#[test]
fn a_restored_server_is_offered_everything_again() {
    let (mut store, mut office) = device();
    let backup = office.clone();
    record_with(&mut store, &photograph(1000), 1).unwrap();
    sync(&mut store, 1, &mut office, 2);
    let offer = next(&store, 2).unwrap();
    store.attachment_answered(&offer, &answer(&offer, 1000, 1000), minute(2)).unwrap();
    assert_eq!(next(&store, 2), None);
    office.put_back(backup);
    sync(&mut store, 1, &mut office, 3);
    assert_eq!(next(&store, 3), Some(offer));
}

/// Puts an event of a colleague that names these bytes into the office's log.
fn from_a_colleague(office: &mut Office, bytes: &[u8]) -> Attachment {
    let attachment = Attachment {
        hash: Hash::of(bytes),
        media_type: MediaType::Jpeg.into(),
        bytes: bytes.len() as u64,
        shows: Shows::Letter.into(),
    };
    let colleague = enrolment(2);
    let event = doorstep_core::event::Event {
        id: EventId::at(minute(1), [9; 10]),
        at: minute(1),
        recorded: minute(1),
        by: colleague.person.role,
        attachments: vec![attachment.clone()],
        what: failed(Form::NoResponse),
    };
    let origin = Origin {
        child: child(1),
        person: colleague.person.id,
        device: colleague.device,
        epoch: 1,
        seq: 1,
        previous: Hash::ORIGIN,
        clock: clock(1),
    };
    let sealed = SealedEvent::seal(&Body { origin, event }, &SigningKey::from_bytes(&[2; 32]));
    office.put(child(1), sealed);
    attachment
}

#[test]
fn a_colleagues_attachment_is_fetched_when_wanted_and_goes_with_the_child() {
    let (mut store, mut office) = device();
    let bytes = photograph(300_000);
    let attachment = from_a_colleague(&mut office, &bytes);
    let hash = attachment.hash;
    assert!(matches!(store.want_attachment(&attachment, minute(2)), Err(Error::UnknownAttachment)));
    sync(&mut store, 1, &mut office, 2);
    assert_eq!(store.attachment_standing(hash).unwrap(), AttachmentStanding::NotHere);
    assert_eq!(next(&store, 2), None, "nothing is fetched that nobody wants");

    assert!(store.want_attachment(&attachment, minute(2)).unwrap());
    let request = AttachmentRequest::Fetch { hash, from: 0, of: 300_000 };
    assert_eq!(next(&store, 2), Some(request.clone()));
    assert!(!store.attachment_fetched(hash, 0, &bytes[..100_001]).unwrap());
    let part = AttachmentStanding::PartFetched { held: 100_001 };
    assert_eq!(store.attachment_standing(hash).unwrap(), part);
    assert!(store.attachment_fetched(hash, 7, &bytes[7..20]).is_err());
    let rest = AttachmentRequest::Fetch { hash, from: 100_001, of: 300_000 };
    assert_eq!(next(&store, 2), Some(rest));
    assert!(store.attachment_fetched(hash, 100_001, &bytes[100_001..]).unwrap());
    assert_eq!(store.attachment_bytes(hash, 0, usize::MAX).unwrap(), bytes);
    assert!(!store.want_attachment(&attachment, minute(2)).unwrap(), "it is here");

    office.caseloads.insert(1, [].into());
    sync(&mut store, 1, &mut office, 3);
    assert_eq!(store.attachment_standing(hash).unwrap(), AttachmentStanding::NotHere);
    let left: u32 = connection(&store)
        .query_row("select count(*) from attachment_chunk", [], |row| row.get(0))
        .unwrap();
    assert_eq!(left, 0);
}

#[test]
fn bytes_that_are_not_those_that_were_named_are_thrown_away() {
    let (mut store, mut office) = device();
    let bytes = photograph(1000);
    let attachment = from_a_colleague(&mut office, &bytes);
    sync(&mut store, 1, &mut office, 2);
    let mut spoilt = bytes.clone();
    spoilt[999] ^= 1;
    for wrong in [spoilt, [&bytes[..], b"x"].concat()] {
        store.want_attachment(&attachment, minute(2)).unwrap();
        let refused = store.attachment_fetched(attachment.hash, 0, &wrong).unwrap_err();
        assert!(matches!(refused, Error::Answer(_)), "{refused}");
        let standing = store.attachment_standing(attachment.hash).unwrap();
        assert_eq!(standing, AttachmentStanding::NotHere);
    }
    store.want_attachment(&attachment, minute(2)).unwrap();
    let request = next(&store, 2).unwrap();
    assert!(store.attachment_refused(&request, &problem(404, "attachment-not-here")).unwrap());
    assert_eq!(next(&store, 2), None, "it is not asked for again by itself");
}

#[test]
fn an_own_attachment_stays_until_a_backup_holds_it_though_the_child_has_left() {
    let (mut store, mut office) = device();
    let id = record_with(&mut store, &photograph(1000), 1).unwrap();
    let hash = named(&store, id)[0].hash;
    office.caseloads.insert(1, [].into());
    sync(&mut store, 1, &mut office, 2);
    let offer = next(&store, 2).unwrap();
    store.attachment_answered(&offer, &answer(&offer, 1000, 1000), minute(2)).unwrap();
    office.backed_up_to = 1;
    sync(&mut store, 1, &mut office, 3);
    assert!(store.own_records(10).unwrap().is_empty(), "the record went: a backup holds it");
    assert!(store.attachment_standing(hash).unwrap().is_here(), "the attachment did not");
    let asked = next(&store, 3).unwrap();
    assert_eq!(asked, offer, "it asks whether the backup holds the attachment too");
    store.attachment_answered(&asked, &answer(&asked, 1000, 1000), minute(3)).unwrap();
    assert_eq!(next(&store, 3), None, "and again only after the next backup");
    office.log.push(office.log[0].clone());
    office.backed_up_to = 2;
    sync(&mut store, 1, &mut office, 4);
    let asked = next(&store, 4).unwrap();
    let safe = AttachmentState { backed_up: true, ..answer(&asked, 1000, 1000) };
    store.attachment_answered(&asked, &safe, minute(4)).unwrap();
    assert_eq!(store.attachment_standing(hash).unwrap(), AttachmentStanding::NotHere);
}

#[test]
fn a_correction_cannot_put_an_attachment_in() {
    let (mut store, _) = device();
    let id = record_with(&mut store, &photograph(100), 1).unwrap();
    let event = store.event(id).unwrap().unwrap().event().unwrap().clone();
    let set = serde_json::json!({ "attachments": [] }).as_object().unwrap().clone();
    let corrected = doorstep_core::event::Corrected { of: id, set, reason: None };
    assert_eq!(doorstep_core::history::apply(&event, &corrected), None);
    assert!(matches!(event.what, What::FailedContact(_)));
}
