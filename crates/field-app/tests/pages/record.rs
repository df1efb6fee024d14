//! Recording at a door: how many taps, that nothing is lost or doubled, and what is said at once.

use crate::support::{Desk, Phone};
use doorstep_core::event::{CommunicationNeed, Plan, Role, What};
use doorstep_core::wire::{ChildCard, Contact, PlannedVisit};
use doorstep_device_store::testing::{card, minute};
use doorstep_field_app::Request;
use uuid::Uuid;

/// A child on a child protection plan, to be visited now, with somebody to phone.
fn amber() -> ChildCard {
    let contact = |role: Role, name: &str, phone: &str| Contact {
        role: role.into(),
        name: name.to_owned(),
        phone: Some(phone.to_owned()),
    };
    let mut card = card(1);
    "Amber Sampleford".clone_into(&mut card.name);
    card.phone = Some("07700 900301".to_owned());
    card.record.plans.insert(Plan::ChildProtection);
    card.record.communication_needs.insert(CommunicationNeed::Interpreter);
    card.contacts = vec![
        contact(Role::LineManager, "Marion Placeholder", "07700 900102"),
        contact(Role::TeamManager, "Terence Mockford", "07700 900101"),
        contact(Role::LeadSocialWorker, "Leonard Leadsom", "07700 900104"),
    ];
    card.visits = vec![PlannedVisit { id: Uuid::from_u128(7), at: minute(0) }];
    card
}

fn phone() -> Phone {
    Phone::holding(Desk::at(3), vec![amber(), card(2)])
}

/// Begins a record from Today's button for Amber.
fn begin(phone: &Phone) -> String {
    let today = phone.get("/");
    let id = today.field_of("/record", "child", &amber().id.to_string(), "id");
    let begun = phone.post("/record", &[("id", &id), ("child", &amber().id.to_string())]);
    assert_eq!(begun.location(), format!("/record/{id}"));
    id
}

#[test]
fn the_plainest_record_takes_nine_taps_and_says_at_once_what_is_owed() {
    let phone = phone();
    assert!(phone.get("/").text.contains("Amber Sampleford"));
    let id = begin(&phone); // 1: "Record a visit" beside the planned visit
    let path = |page: &str| format!("/record/{id}/{page}");
    assert_eq!(phone.get(&format!("/record/{id}")).location(), path("result"));
    // 2: "Nobody answered the door"
    let next = phone.post(&path("result"), &[("result", "no-response")]);
    assert_eq!(next.location(), path("steps"));
    // 3, 4: windows, phoned; 5: "Continue"
    let steps = [("step", "windows-checked"), ("step", "family-phoned")];
    assert_eq!(phone.post(&path("steps"), &steps).location(), path("concern"));
    let concern = phone.get(&path("concern"));
    assert!(concern.is_ticked("answer", "NA-6.3"), "the record says that there is a plan");
    assert!(!concern.is_ticked("answer", "NA-6.6"));
    // 6: "Not concerned"; 7: "Continue"
    let answers = [("concern", "none"), ("answer", "NA-6.3")];
    assert_eq!(phone.post(&path("concern"), &answers).location(), path("check"));
    assert!(phone.get(&path("check")).text.contains("Nobody answered the door"));
    // 8: "Save". The ninth is for the phone call: the number is a link.
    assert_eq!(phone.post(&path("save"), &[]).location(), path("saved"));
    let saved = phone.get(&path("saved"));
    for said in [
        "Safe on this device at 10:03",
        "Phone the line manager now",
        "href=\"tel:07700900102\"",
        "Terence Mockford",
        "Nobody else knows yet",
        "GA-6.1",
    ] {
        assert!(saved.text.contains(said), "{said}\n{}", saved.text);
    }
    assert_eq!(phone.records().len(), 1);
}

#[test]
fn a_request_that_comes_twice_records_once() {
    let phone = phone();
    let id = begin(&phone);
    let path = |page: &str| format!("/record/{id}/{page}");
    phone.post(&path("result"), &[("result", "seen")]);
    phone.post(&path("seen"), &[("needs-met", "yes")]);
    for _ in 0..2 {
        assert_eq!(phone.post(&path("save"), &[]).location(), path("saved"));
    }
    // The button of a page that was still open begins nothing new.
    let again = phone.post("/record", &[("id", &id), ("child", &amber().id.to_string())]);
    assert_eq!(again.location(), path("saved"));
    assert_eq!(phone.get(&path("steps")).location(), path("saved"));
    assert_eq!(phone.records().len(), 1);
    assert!(matches!(phone.records()[0].what, What::ChildSeen(_)));
}

#[test]
fn what_is_being_written_is_kept_and_found_again() {
    let phone = phone();
    let id = begin(&phone);
    let path = |page: &str| format!("/record/{id}/{page}");
    phone.post(&path("result"), &[("result", "doorstep")]);
    phone.post(&path("steps"), &[("step", "letter-left")]);
    assert_eq!(phone.get(&format!("/record/{id}")).location(), path("contact-by"));
    phone.post(&path("contact-by"), &[("reply-by", "same-day")]);
    let half = [("note", "a voice upstairs"), ("concern", "some")];
    assert_eq!(phone.post(&path("concern/keep"), &half).status, 204);
    let reopened = phone.restarted();
    assert!(reopened.get("/").text.contains("Not saved yet: Amber Sampleford"));
    assert_eq!(reopened.get(&format!("/record/{id}")).location(), path("concern"));
    let page = reopened.get(&path("concern"));
    assert!(page.text.contains("a voice upstairs") && page.is_ticked("concern", "some"));
    assert_eq!(reopened.post(&format!("/record/{id}/discard"), &[]).location(), "/");
    assert!(!reopened.get("/").text.contains("Not saved yet"));
}

#[test]
fn a_fault_is_said_where_it_is_and_nothing_written_is_lost() {
    let phone = phone();
    let id = begin(&phone);
    let path = |page: &str| format!("/record/{id}/{page}");
    phone.post(&path("result"), &[("result", "no-response")]);
    phone.post(&path("steps"), &[("step", "card-left")]);
    for (page, fields, field) in [
        ("result", vec![("result", "nonsense")], "#result"),
        ("contact-by", vec![("reply-by", "other"), ("reply-date", "soon")], "#reply-date"),
        ("concern", vec![("note", "a long story")], "#concern"),
        ("when", vec![("at-date", "2026-03-02"), ("at-time", "late")], "#at-date"),
        ("children", vec![], "#child"),
    ] {
        let answer = phone.post(&path(page), &fields);
        assert_eq!(answer.status, 422, "{page}");
        assert!(answer.text.contains(&format!("href=\"{field}\"")), "{page}: {}", answer.text);
        assert!(answer.text.contains(&format!("id=\"{}\"", &field[1..])), "{page}");
    }
    assert!(phone.get(&path("concern")).text.contains("a long story"));
}

#[test]
fn several_children_share_one_visit() {
    let mut toby = card(2);
    toby.address = amber().address;
    let phone = Phone::holding(Desk::at(3), vec![amber(), toby.clone(), card(3)]);
    let id = begin(&phone);
    let path = |page: &str| format!("/record/{id}/{page}");
    let page = phone.get(&phone.get(&format!("/record/{id}")).location());
    assert!(page.is_ticked("child", &amber().id.to_string()), "the same address is asked about");
    let both = [("child", amber().id.to_string()), ("child", toby.id.to_string())];
    let both: Vec<_> = both.iter().map(|(name, id)| (*name, id.as_str())).collect();
    phone.post(&path("children"), &both);
    phone.post(&path("result"), &[("result", "was-not-brought")]);
    phone.post(&path("steps"), &[]);
    phone.post(&path("concern"), &[("concern", "none")]);
    phone.post(&path("save"), &[]);
    let visits: Vec<_> = phone
        .records()
        .into_iter()
        .map(|event| match event.what {
            What::FailedContact(contact) => contact.visit.expect("a visit that they share"),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(visits.len(), 2);
    assert_eq!(visits[0], visits[1]);
}

#[test]
fn whoever_was_told_is_not_to_be_phoned_again() {
    let phone = phone();
    let id = begin(&phone);
    let path = |page: &str| format!("/record/{id}/{page}");
    phone.post(&path("result"), &[("result", "no-response")]);
    phone.post(&path("steps"), &[("step", "windows-checked")]);
    phone.post(&path("concern"), &[("concern", "some")]);
    phone.post(&path("save"), &[]);
    let today = phone.get("/");
    assert!(today.text.contains("Phone the line manager now"));
    let told = today.field_of("/told", "role", "line-manager", "id");
    let child = amber().id.to_string();
    let fields = [("id", told.as_str()), ("child", &child), ("role", "line-manager")];
    for _ in 0..2 {
        assert_eq!(phone.post("/told", &fields).location(), format!("/record/{told}/saved"));
    }
    let today = phone.get("/");
    assert!(!today.text.contains("Phone the line manager now"));
    assert!(today.text.contains("Phone the lead social worker now"));
    assert_eq!(phone.records().len(), 2);
}

#[test]
fn a_fresh_device_takes_in_nothing_before_its_storage_is_safe() {
    let desk = Desk::at(3);
    let phone = Phone::holding(desk.clone(), vec![amber()]);
    desk.settles(5);
    let id = begin(&phone);
    let path = |page: &str| format!("/record/{id}/{page}");
    phone.post(&path("result"), &[("result", "seen")]);
    phone.post(&path("seen"), &[("needs-met", "yes")]);
    assert!(phone.get(&path("check")).text.contains("making its storage safe"));
    assert_eq!(phone.post(&path("save"), &[]).location(), path("check"));
    assert_eq!(phone.records().len(), 0);
    desk.set(5);
    assert_eq!(phone.post(&path("save"), &[]).location(), path("saved"));
    assert_eq!(phone.records().len(), 1);
}

#[test]
fn a_record_is_corrected_and_withdrawn_with_a_reason() {
    let phone = phone();
    let id = begin(&phone);
    let path = |page: &str| format!("/record/{id}/{page}");
    phone.post(&path("result"), &[("result", "no-response")]);
    phone.post(&path("steps"), &[]);
    phone.post(&path("concern"), &[("concern", "none")]);
    phone.post(&path("save"), &[]);
    let record = format!("/records/{}", phone.records()[0].id);
    let correct = format!("{record}/correct");
    let form = phone.get(&correct);
    assert!(form.is_ticked("form", "no-response"));
    let at = [("at-date", "2026-03-02"), ("at-time", "10:03"), ("id", &form.hidden("id"))];
    let without = [&at[..], &[("form", "doorstep"), ("concern", "none")]].concat();
    assert_eq!(phone.post(&correct, &without).status, 422, "a reason is asked for");
    let with = [&without[..], &[("why", "ticked the wrong line")]].concat();
    assert_eq!(phone.post(&correct, &with).status, 303);
    let What::Corrected(corrected) = &phone.records()[0].what else { panic!("a correction") };
    assert_eq!(serde_json::to_string(&corrected.set).unwrap(), r#"{"form":"doorstep"}"#);
    assert!(phone.get(&record).text.contains("It was corrected"));
    let withdraw = format!("{record}/withdraw");
    let id = phone.get(&withdraw).hidden("id");
    assert_eq!(phone.post(&withdraw, &[("id", &id)]).status, 422);
    let fields = [("id", id.as_str()), ("why", "the wrong child")];
    assert_eq!(phone.post(&withdraw, &fields).status, 303);
    assert!(phone.get(&record).text.contains("was withdrawn"));
    assert_eq!(phone.records().len(), 3);
}

#[test]
fn looking_again_does_not_count_as_being_there() {
    let desk = Desk::at(0);
    let phone = Phone::holding(desk.clone(), vec![amber()]);
    desk.set(9);
    assert_eq!(phone.ask(Request::get("/sync?again=1")).status, 200);
    desk.set(11);
    assert!(phone.app.lock_if_idle());
}

/// A form with a file in it, as browsers send it.
fn with_file(target: &str, bytes: &[u8]) -> Request {
    let head = "--limit\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"a.jpg\"\r\n\
                Content-Type: image/jpeg\r\n\r\n";
    let body = [head.as_bytes(), bytes, b"\r\n--limit--\r\n"].concat();
    let media_type = "multipart/form-data; boundary=limit".to_owned();
    Request { body, media_type, ..Request::post(target, &[]) }
}

#[test]
fn a_photograph_of_the_card_is_kept_with_the_form_and_named_by_the_record() {
    let phone = phone();
    let id = begin(&phone);
    let path = |page: &str| format!("/record/{id}/{page}");
    phone.post(&path("result"), &[("result", "no-response")]);
    phone.post(&path("steps"), &[("step", "windows-checked")]);
    phone.post(&path("concern"), &[("concern", "none")]);
    assert!(!phone.get(&path("check")).text.contains("A photograph of it"), "nothing was left");
    phone.post(&path("steps"), &[("step", "card-left")]);
    phone.post(&path("contact-by"), &[("reply-by", "same-day")]);
    let refused = phone.ask(with_file(&path("photo"), b"no picture at all"));
    assert_eq!(refused.status, 422);
    assert!(refused.text.contains("href=\"#photo\""), "{}", refused.text);
    assert_eq!(phone.ask(with_file(&path("photo"), b"")).status, 422);
    let photograph = [&[0xff, 0xd8, 0xff, 0xe0][..], &[7; 5000]].concat();
    assert_eq!(phone.ask(with_file(&path("photo"), &photograph)).location(), path("check"));
    let phone = phone.restarted();
    let kept = phone.get(&path("check"));
    assert!(kept.text.contains("card, JPEG"), "{}", kept.text);
    let hash = kept.hidden("hash");
    phone.post(&path("photo/remove"), &[("hash", &hash)]);
    assert!(!phone.get(&path("check")).text.contains("card, JPEG"));
    phone.ask(with_file(&path("photo"), &photograph));
    phone.post(&path("save"), &[]);
    let record = &phone.records()[0];
    assert_eq!(record.attachments.len(), 1);
    assert_eq!(record.attachments[0].hash.to_string(), hash);
}
