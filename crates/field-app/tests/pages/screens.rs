//! What holds of every screen: it can be read aloud, used without a mouse, and loads nothing that
//! its policy forbids; and what only some may show.

use std::collections::BTreeSet;

use crate::support::{Desk, Phone};
use doorstep_core::event::What;
use doorstep_device_store::testing::card;

fn phone() -> Phone {
    let mut hidden = card(1);
    "Nora Hidden".clone_into(&mut hidden.name);
    hidden.address = Some("9 Secret Street".to_owned());
    hidden.address_protected = true;
    hidden.record.household = vec!["Carol Hidden (mother)".to_owned()];
    Phone::holding(Desk::at(3), vec![hidden, card(2)])
}

/// A visit, recorded as nobody answering; the form's id.
fn recorded(phone: &Phone) -> String {
    let child = card(2).id.to_string();
    let id = phone.get(&format!("/child/{child}")).field_of("/record", "child", &child, "id");
    phone.post("/record", &[("id", &id), ("child", &child)]);
    phone.post(&format!("/record/{id}/result"), &[("result", "no-response")]);
    phone.post(&format!("/record/{id}/steps"), &[("step", "card-left")]);
    phone.post(&format!("/record/{id}/contact-by"), &[("reply-by", "next-day")]);
    phone.post(&format!("/record/{id}/concern"), &[("concern", "high")]);
    id
}

/// The addresses of every screen, in a phone that has something to show on each.
fn screens(phone: &Phone) -> Vec<String> {
    let open = recorded(phone);
    let done = recorded(phone);
    phone.post(&format!("/record/{done}/save"), &[]);
    let event = phone.records()[0].id;
    let child = format!("/child/{}", card(2).id);
    let mut screens = vec!["/".to_owned(), "/children".to_owned(), "/children?q=nora".to_owned()];
    for page in [
        "children",
        "result",
        "steps",
        "contact-by",
        "concern",
        "seen",
        "when",
        "arranged",
        "check",
    ] {
        screens.push(format!("/record/{open}/{page}"));
    }
    screens.push(format!("/record/{done}/saved"));
    for page in [
        "",
        "/do",
        "/do/inform",
        "/do/discuss?what=line-manager",
        "/do/ask-agency",
        "/do/check-address",
        "/do/decide",
        "/do/set-timeframe",
        "/do/raise-concern",
        "/do/try-again",
        "/do/seen-elsewhere",
    ] {
        screens.push(format!("{child}{page}"));
    }
    screens.push(format!("/child/{}", card(1).id));
    for page in ["", "/correct", "/withdraw"] {
        screens.push(format!("/records/{event}{page}"));
    }
    screens.extend(["/records", "/sync"].map(str::to_owned));
    screens
}

/// The values of an attribute.
fn values<'a>(html: &'a str, attribute: &str) -> Vec<&'a str> {
    let mark = format!(" {attribute}=\"");
    let parts: Vec<_> = html.match_indices(&mark).map(|(at, _)| &html[at + mark.len()..]).collect();
    parts.into_iter().filter_map(|rest| rest.split('"').next()).collect()
}

/// What is wrong with a page.
fn faults(html: &str) -> Vec<String> {
    let mut faults = Vec::new();
    if html.matches("<h1").count() != 1 {
        faults.push(format!("{} titles", html.matches("<h1").count()));
    }
    let ids = values(html, "id");
    let known: BTreeSet<_> = ids.iter().collect();
    if known.len() != ids.len() {
        faults.push("an id is there twice".to_owned());
    }
    for (attribute, what) in [("for", "label"), ("aria-describedby", "description")] {
        let named = values(html, attribute).into_iter().flat_map(str::split_whitespace);
        let lost = named.filter(|id| !known.contains(id));
        faults.extend(lost.map(|id| format!("the {what} of {id} leads nowhere")));
    }
    for input in html.split("<input").skip(1).map(|rest| rest.split('>').next().unwrap_or(rest)) {
        let labelled = values(html, "for").iter().any(|id| input.contains(&format!("id=\"{id}\"")));
        if !input.contains("type=\"hidden\"") && !labelled {
            faults.push(format!("no label for {input}"));
        }
    }
    if html.contains(" style=") || html.contains("<style") || html.contains(" onclick=") {
        faults.push("style or script in the page".to_owned());
    }
    if html.matches("<script").count() != 1 {
        faults.push("a script more or less than the one file".to_owned());
    }
    faults
}

#[test]
fn every_screen_can_be_read_aloud_and_loads_nothing_forbidden() {
    let phone = phone();
    for path in screens(&phone) {
        let page = phone.get(&path);
        assert_eq!(page.status, 200, "{path}: {}", page.text);
        assert_eq!(faults(&page.text), Vec::<String>::new(), "{path}: {}", page.text);
    }
    assert_eq!(faults("<h1>a</h1><h1>b</h1><input type=\"text\" style=\"x\">").len(), 4);
}

#[test]
fn a_protected_address_is_shown_only_where_it_was_asked_for() {
    let phone = phone();
    let hidden = format!("/child/{}", card(1).id);
    for path in screens(&phone) {
        assert!(!phone.get(&path).text.contains("Secret Street"), "{path}");
    }
    assert!(!phone.get("/children?q=secret").text.contains("Nora"), "it cannot be searched for");
    assert!(phone.get(&hidden).text.contains("Carol Hidden (mother)"));
    let shown = phone.post(&format!("{hidden}/address"), &[]);
    assert!(shown.text.contains("Secret Street") && shown.text.contains("Tell nobody"));
}

#[test]
fn what_meets_a_duty_is_one_tap_away_and_meets_it() {
    let phone = phone();
    let id = recorded(&phone);
    phone.post(&format!("/record/{id}/save"), &[]);
    let child = format!("/child/{}", card(2).id);
    for (clause, words, fields) in [
        ("NA-4.5", "I considered the effect on the child", vec![]),
        ("GA-3.1", "I looked at the windows", vec![("what", "windows-checked")]),
        ("GA-5.1", "I checked the address", vec![("address", "confirmed")]),
        (
            "GA-3.5",
            "I talked it over with the line manager",
            vec![("what", "line-manager"), ("referral", "not-made")],
        ),
    ] {
        let offered = format!("({clause}, Child 2)");
        let page = phone.get(&child);
        let before = page.text.split(words).next().expect("a text has a first part");
        assert!(page.text.contains(&offered), "{words}: {}", page.text);
        let link = values(before, "href").last().copied().expect("a link").replace("&amp;", "&");
        let form = phone.get(&link);
        let (id, path) = (form.hidden("id"), link.split('?').next().unwrap());
        let mut sent = vec![("id", id.as_str()), ("at-date", "2026-03-02"), ("at-time", "10:03")];
        let of = if form.text.contains("name=\"of\"") { form.hidden("of") } else { String::new() };
        sent.extend([("of", of.as_str())].into_iter().filter(|(_, of)| !of.is_empty()));
        sent.extend(fields);
        assert_eq!(phone.post(path, &sent).location(), format!("/record/{id}/saved"), "{words}");
        assert!(!phone.get(&child).text.contains(&offered), "{words} does not meet {clause}");
    }
    let kinds = phone.records();
    assert!(kinds.iter().any(|event| matches!(event.what, What::Corrected(_))));
}

#[test]
fn what_is_not_there_is_said_in_a_sentence() {
    let phone = phone();
    for path in [
        "/nowhere",
        "/child/7",
        &format!("/child/{}", card(9).id),
        "/records/7",
        "/record/7",
        "/record/7/check",
        &format!("/child/{}/do/dance", card(2).id),
    ] {
        let page = phone.get(path);
        assert_eq!(page.status, 404, "{path}");
        assert!(page.text.contains("Not on this device"), "{path}");
    }
}
