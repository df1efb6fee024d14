//! Whom to phone: one card for one call, however many children it is about.

use doorstep_core::event::{Plan, Role, What};
use doorstep_core::wire::{ChildCard, Contact};
use doorstep_device_store::testing::card;

use crate::support::{Desk, Phone};

const MARION: (Role, &str) = (Role::LineManager, "Marion Placeholder");

/// A child on a child protection plan with these people to phone.
fn child(number: u8, people: &[(Role, &str)]) -> ChildCard {
    let mut card = card(number);
    card.record.plans.insert(Plan::ChildProtection);
    card.contacts = people
        .iter()
        .map(|(role, name)| Contact {
            role: (*role).into(),
            name: (*name).to_owned(),
            phone: Some("07700 900102".to_owned()),
        })
        .collect();
    card
}

/// A phone with these children, on which a visit to each was recorded at which nobody answered.
fn phone(children: &[ChildCard]) -> Phone {
    let phone = Phone::holding(Desk::at(3), children.to_vec());
    for card in children {
        let child = card.id.to_string();
        let id = phone.get(&format!("/child/{child}")).field_of("/record", "child", &child, "id");
        phone.post("/record", &[("id", &id), ("child", &child)]);
        phone.post(&format!("/record/{id}/result"), &[("result", "no-response")]);
        phone.post(&format!("/record/{id}/steps"), &[("step", "windows-checked")]);
        phone.post(&format!("/record/{id}/concern"), &[("concern", "some")]);
        let saved = phone.post(&format!("/record/{id}/save"), &[]);
        assert!(saved.location().ends_with("/saved"), "{}", saved.text);
    }
    phone
}

fn count(page: &str, words: &str) -> usize {
    page.matches(words).count()
}

#[test]
fn one_manager_of_many_children_is_one_card_and_one_tap() {
    let children: Vec<_> = (1..=12).map(|number| child(number, &[MARION])).collect();
    let phone = phone(&children);
    let today = phone.get("/").text;
    assert_eq!(count(&today, "Phone the line manager now"), 1, "{today}");
    assert_eq!(count(&today, "df-phone--first"), 1);
    for said in
        ["About 12 children, in one call", "I told them about all 12", "and 9 more children"]
    {
        assert!(today.contains(said), "{said}\n{today}");
    }
    let form = today
        .split("<form")
        .find(|form| form.contains("about all 12") && form.contains("value=\"line-manager\""));
    let form = form.unwrap();
    let values = |name: &str| {
        let mark = format!("name=\"{name}\" value=\"");
        let found = form.split(mark.as_str()).skip(1).map(|it| it.split('"').next().unwrap());
        found.map(str::to_owned).collect::<Vec<_>>()
    };
    let (ids, told) = (values("id"), values("child"));
    assert_eq!((ids.len(), told.len()), (1, 12));
    let mut fields = vec![("id", ids[0].as_str()), ("role", "line-manager")];
    fields.extend(told.iter().map(|child| ("child", child.as_str())));
    for _ in 0..2 {
        assert_eq!(phone.post("/told", &fields).location(), format!("/record/{}/saved", ids[0]));
    }
    let informed = |what: &What| matches!(what, What::Informed(it) if it.who == Role::LineManager);
    assert_eq!(phone.records().iter().filter(|record| informed(&record.what)).count(), 12);
    assert!(!phone.get("/").text.contains("Phone the line manager now"));
}

#[test]
fn each_child_can_be_told_about_by_itself() {
    let phone = phone(&[child(1, &[MARION]), child(2, &[MARION])]);
    let today = phone.get("/");
    let first = card(1).id.to_string();
    let form = today.text.split("<form").find(|form| {
        form.contains("about this child") && form.contains(&format!("value=\"{first}\""))
    });
    assert!(form.is_some(), "{}", today.text);
    let id = phone.get(&format!("/child/{first}")).field_of("/told", "role", "line-manager", "id");
    phone.post("/told", &[("id", &id), ("role", "line-manager"), ("child", &first)]);
    let today = phone.get("/").text;
    assert!(today.contains("About Child 2") && !today.contains("About Child 1"), "{today}");
}

#[test]
fn other_people_are_other_cards() {
    let other = (Role::LineManager, "Olive Otherway");
    let phone = phone(&[child(1, &[MARION]), child(2, &[other])]);
    let today = phone.get("/").text;
    assert_eq!(count(&today, "Phone the line manager now"), 2, "{today}");
    assert!(today.contains("About Child 1") && today.contains("About Child 2"));
}

#[test]
fn a_large_caseload_does_not_make_a_wall_of_duties() {
    let children: Vec<_> = (1..=30).map(|number| child(number, &[MARION])).collect();
    let phone = phone(&children);
    let today = phone.get("/").text;
    assert_eq!(count(&today, "#owed\""), 20);
    assert!(today.contains("10 more children for whom something is owed"), "{today}");
    let all = phone.get("/children?owed=1").text;
    assert!(all.contains("30 children for whom something is owed"), "{all}");
}

#[test]
fn nothing_is_recorded_before_the_storage_is_safe() {
    let desk = Desk::at(3);
    let phone = Phone::holding(desk.clone(), vec![child(1, &[MARION])]);
    desk.settles(5);
    let first = card(1).id.to_string();
    let path = format!("/child/{first}/do/inform");
    let id = phone.get(&path).hidden("id");
    let at = [("at-date", "2026-03-02"), ("at-time", "10:03")];
    let fields = [&at[..], &[("id", id.as_str()), ("what", "line-manager")]].concat();
    let refused = phone.post(&path, &fields);
    assert_eq!(refused.status, 503);
    assert!(refused.text.contains("making its storage safe"), "{}", refused.text);
    let told = [("id", id.as_str()), ("role", "line-manager"), ("child", &first)];
    assert_eq!(phone.post("/told", &told).status, 503);
    assert_eq!(phone.records().len(), 0);
    desk.set(5);
    phone.post("/told", &told);
    assert_eq!(phone.records().len(), 1);
}
