//! Before a store is open: first use, enrolment and the passphrase. The pages draw the forms and
//! look at what is in them; the door does what they ask for.

use axum::Router;
use axum::http::{Method, Uri};
use axum::response::Response;
use axum::routing::get;
use doorstep_device_store::vault::PASSPHRASE_MIN;
use maud::{Markup, html};
use zeroize::Zeroizing;

use crate::app::{App, Stage};
use crate::call::{Answer, Request};
use crate::door::{Enrol, FirstUse, Place, Trouble, Work};
use crate::fields::Fields;
use crate::page::{Frame, Page, Section};
use crate::parts::{self, Faults, Input};
use crate::text::text;

/// Characters of a device's name.
const NAME_CHARS_MAX: usize = 60;

/// Adds the routes.
pub fn routes(app: &App, router: Router) -> Router {
    let mut router = router;
    for (path, draw) in [
        ("/start", start as fn(&App, &Fields, &Faults) -> Page),
        ("/enrol", enrol),
        ("/unlock", unlock),
    ] {
        let here = app.clone();
        let show = move |uri: Uri| {
            let query = Fields::read(uri.query().unwrap_or_default().as_bytes());
            std::future::ready(show(&here, path, draw, &query))
        };
        router = router.route(&app.at(path), get(show));
    }
    router
}

fn show(
    app: &App,
    path: &str,
    draw: fn(&App, &Fields, &Faults) -> Page,
    query: &Fields,
) -> Response {
    let right = match app.stage() {
        Stage::Open => "/",
        Stage::FirstUse => "/start",
        Stage::NotEnrolled => "/enrol",
        Stage::Locked => "/unlock",
    };
    if path == right {
        draw(app, query, &Faults::default()).draw(&Frame::bare(app))
    } else {
        super::redirect(&app.at(right))
    }
}

/// What a request is for.
pub fn door_work(app: &App, request: &Request) -> Work {
    if request.method != Method::POST {
        return Work::Page;
    }
    let form = Fields::read(&request.body);
    let asked = match (app.within(request.path()), app.stage()) {
        ("/start", Stage::FirstUse) => first_use(app, &form).map(Work::FirstUse),
        ("/enrol", Stage::NotEnrolled) => enrolment(app, &form).map(Work::Enrol),
        ("/unlock", Stage::Locked) => passphrase(&form).map(Work::Unlock),
        ("/sync", Stage::Open | Stage::Locked) => Ok(Work::Sync),
        ("/lock", Stage::Open | Stage::NotEnrolled) => Ok(Work::Lock),
        // A form of before: whoever sends it is shown where things stand now.
        ("/start" | "/enrol" | "/unlock" | "/sync" | "/lock", _) => Ok(Work::Answered(app.go("/"))),
        _ => Ok(Work::Page),
    };
    asked.unwrap_or_else(|faults| Work::Answered(refusal(app, request, &form, &faults)))
}

/// The form again, with what the door says.
pub fn door_refusal(app: &App, request: &Request, trouble: &Trouble) -> Answer {
    let field = match trouble.place {
        Place::Server => "server",
        Place::Code => "code",
        Place::Passphrase => "passphrase",
        Place::Form => "main-content",
    };
    let form = Fields::read(&request.body);
    let words = doorstep_core::describe::sentence_case(&trouble.words);
    refusal(app, request, &form, &Faults::one(field, words))
}

fn refusal(app: &App, request: &Request, form: &Fields, faults: &Faults) -> Answer {
    let draw = match app.within(request.path()) {
        "/start" => start,
        "/enrol" => enrol,
        _ => unlock,
    };
    Answer::of(draw(app, form, faults).refused().draw(&Frame::bare(app)))
}

fn first_use(app: &App, form: &Fields) -> Result<FirstUse, Faults> {
    let mut faults = Faults::default();
    let enrol = enrolment(app, form).unwrap_or_else(|found| {
        faults = found;
        Enrol { code: String::new(), device_name: String::new(), server: None }
    });
    // Not trimmed as other fields are: spaces belong to a passphrase.
    let chosen = form.exact("passphrase");
    if chosen.chars().count() < PASSPHRASE_MIN {
        faults.add("passphrase", text!("start-passphrase-short", count = PASSPHRASE_MIN));
    } else if chosen != form.exact("again") {
        faults.add("again", text!("start-again-differs"));
    }
    let passphrase = Zeroizing::new(chosen.to_owned());
    if faults.is_empty() { Ok(FirstUse { enrol, passphrase }) } else { Err(faults) }
}

fn enrolment(app: &App, form: &Fields) -> Result<Enrol, Faults> {
    let mut faults = Faults::default();
    let server = form.filled("server");
    if app.door().surroundings().asks_server && server.is_none() {
        faults.add("server", text!("start-server-missing"));
    }
    let code = form.get("code").to_owned();
    if code.is_empty() {
        faults.add("code", text!("start-code-missing"));
    }
    let device_name = form.filled("device-name").unwrap_or_else(|| text!("start-name-default"));
    let device_name = device_name.chars().take(NAME_CHARS_MAX).collect();
    if faults.is_empty() { Ok(Enrol { code, device_name, server }) } else { Err(faults) }
}

fn passphrase(form: &Fields) -> Result<Zeroizing<String>, Faults> {
    match form.exact("passphrase") {
        "" => Err(Faults::one("passphrase", text!("unlock-missing"))),
        given => Ok(Zeroizing::new(given.to_owned())),
    }
}

/// Where a page that needs an open store leads while there is none: back to it afterwards.
pub fn unlock_for(app: &App, uri: &Uri) -> String {
    match app.within(uri.path()) {
        "/" => app.at("/unlock"),
        path => {
            let then = form_urlencoded::byte_serialize(path.as_bytes()).collect::<String>();
            app.at(&format!("/unlock?then={then}"))
        }
    }
}

/// Where to go once the store is open: where the person wanted to be.
pub fn after_unlock(request: &Request) -> String {
    let then = Fields::read(&request.body).get("then").to_owned();
    let inside = then.starts_with('/') && !then.starts_with("//") && !then.contains('\\');
    if inside { then } else { "/".to_owned() }
}

fn start(app: &App, form: &Fields, faults: &Faults) -> Page {
    let title = text!("start-title");
    let content = html! {
        (faults.summary())
        h1.govuk-heading-l tabindex="-1" { (title) }
        p.govuk-body { (text!("start-body")) }
        form method="post" action=(app.at("/start")) novalidate {
            (enrol_fields(app, form, faults))
            (Input {
                name: "passphrase",
                label: &text!("start-passphrase"),
                hint: Some(&text!("start-passphrase-hint", count = PASSPHRASE_MIN)),
                kind: "password",
                autocomplete: "new-password",
                ..Input::default()
            }.draw(faults))
            (Input {
                name: "again",
                label: &text!("start-again"),
                kind: "password",
                autocomplete: "new-password",
                ..Input::default()
            }.draw(faults))
            p.govuk-body { (text!("start-forgotten")) }
            (parts::button(&text!("start-button")))
        }
    };
    Page::new(Section::Elsewhere, title, content)
}

fn enrol(app: &App, form: &Fields, faults: &Faults) -> Page {
    let title = text!("enrol-title");
    let content = html! {
        (faults.summary())
        h1.govuk-heading-l tabindex="-1" { (title) }
        p.govuk-body { (text!("enrol-body")) }
        form method="post" action=(app.at("/enrol")) novalidate {
            (enrol_fields(app, form, faults))
            (parts::button(&text!("start-button")))
        }
    };
    Page::new(Section::Elsewhere, title, content)
}

fn enrol_fields(app: &App, form: &Fields, faults: &Faults) -> Markup {
    html! {
        @if app.door().surroundings().asks_server {
            (Input {
                name: "server",
                label: &text!("start-server"),
                hint: Some(&text!("start-server-hint")),
                value: form.get("server"),
                kind: "url",
                ..Input::default()
            }.draw(faults))
        }
        (Input {
            name: "code",
            label: &text!("start-code"),
            hint: Some(&text!("start-code-hint")),
            value: form.get("code"),
            autocomplete: "one-time-code",
            width: Some("10"),
            ..Input::default()
        }.draw(faults))
        (Input {
            name: "device-name",
            label: &text!("start-name"),
            hint: Some(&text!("start-name-hint")),
            value: form.get("device-name"),
            ..Input::default()
        }.draw(faults))
    }
}

fn unlock(app: &App, form: &Fields, faults: &Faults) -> Page {
    let title = text!("unlock-title");
    let waiting = app.unsent();
    let content = html! {
        (faults.summary())
        h1.govuk-heading-l tabindex="-1" { (title) }
        @if waiting > 0 { p.govuk-body { (text!("unlock-unsent", count = waiting)) } }
        form method="post" action=(app.at("/unlock")) novalidate {
            @if form.has("then") { (parts::hidden("then", form.get("then"))) }
            (Input {
                name: "passphrase",
                label: &text!("unlock-passphrase"),
                hint: Some(&text!("unlock-hint")),
                kind: "password",
                autocomplete: "current-password",
                ..Input::default()
            }.draw(faults))
            (parts::button(&text!("unlock-button")))
        }
    };
    Page::new(Section::Elsewhere, title, content)
}
