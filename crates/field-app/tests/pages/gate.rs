//! What a person meets before a store is open, and what a door is asked to do.

use crate::support::Desk;
use doorstep_device_store::testing::{enrolled_store, fresh_store};
use doorstep_field_app::{App, Begin, Place, Request, Stage, Trouble, Work, call};

const ENOUGH: &str = "four words and more";

#[test]
fn leads_to_what_is_missing() {
    let app = App::new(Desk::at(0), "/field", Begin::FirstUse);
    let router = app.router();
    let asked = |path: &str| call(&router, Request::get(path));
    assert_eq!(asked("/field").header("location"), Some("/field/start"));
    assert_eq!(asked("/field/start").status, 200);
    app.opened(fresh_store());
    assert_eq!(app.stage(), Stage::NotEnrolled);
    assert_eq!(asked("/field").header("location"), Some("/field/enrol"));
    app.opened(enrolled_store(1));
    assert_eq!(asked("/field").status, 200);
    assert_eq!(asked("/field/start").header("location"), Some("/field"));
    app.lock();
    assert_eq!(asked("/field/child/x").header("location"), Some("/field/unlock?then=%2Fchild%2Fx"));
    assert_eq!(asked("/field/nowhere").status, 303);
}

#[test]
fn hands_the_forms_of_the_gate_to_the_door() {
    let app = App::new(Desk::at(0), "", Begin::FirstUse);
    let fields = [("code", "7KQ4"), ("passphrase", ENOUGH), ("again", ENOUGH)];
    let Work::FirstUse(form) = app.work(&Request::post("/start", &fields)) else {
        panic!("the door makes the store");
    };
    assert_eq!((form.enrol.code.as_str(), form.passphrase.as_str()), ("7KQ4", ENOUGH));
    app.opened(enrolled_store(1));
    assert!(matches!(app.work(&Request::post("/sync", &[])), Work::Sync));
    assert!(matches!(app.work(&Request::post("/lock", &[])), Work::Lock));
    assert!(matches!(app.work(&Request::get("/sync")), Work::Page));
    app.lock();
    let form = Request::post("/unlock", &[("passphrase", ENOUGH), ("then", "/child/7")]);
    assert!(matches!(app.work(&form), Work::Unlock(given) if given.as_str() == ENOUGH));
    assert_eq!(app.go_on(&form).header("location"), Some("/child/7"));
    let away = Request::post("/unlock", &[("then", "//elsewhere.example")]);
    assert_eq!(app.go_on(&away).header("location"), Some("/"));
}

#[test]
fn a_form_with_a_fault_comes_back_with_what_was_written_but_no_passphrase() {
    let app = App::new(Desk::at(0), "", Begin::FirstUse);
    let fields = [("code", "7KQ4"), ("passphrase", ENOUGH), ("again", "something else")];
    let request = Request::post("/start", &fields);
    let Work::Answered(answer) = app.work(&request) else { panic!("it is answered") };
    let page = answer.text();
    assert_eq!(answer.status, 422);
    assert!(page.contains("There is a problem") && page.contains("href=\"#again\""));
    assert!(page.contains("value=\"7KQ4\"") && !page.contains(ENOUGH));

    let words = "the code was used before".to_owned();
    let answer = app.refused(&request, &Trouble { place: Place::Code, words });
    assert_eq!(answer.status, 422);
    assert!(answer.text().contains("The code was used before"));
}

#[test]
fn locks_by_itself_when_nobody_is_there() {
    let desk = Desk::at(0);
    let app = App::new(desk.clone(), "", Begin::Unlock);
    app.opened(enrolled_store(1));
    desk.set(9);
    assert!(!app.lock_if_idle());
    desk.set(11);
    assert!(app.lock_if_idle());
    assert_eq!(app.stage(), Stage::Locked);
}
