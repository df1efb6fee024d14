//! While there was no contact for too long: why nothing of children is shown, and how to record all
//! the same.

use doorstep_core::describe::sentence_case;
use doorstep_device_store::Error;
use maud::html;

use super::today::MINUTE_MS;
use super::{Asked, Outcome, Reply};
use crate::page::{Page, Section};
use crate::parts::{self, Faults, Input};
use crate::text::text;

/// In the place of every page that would show something.
#[expect(clippy::unnecessary_wraps, reason = "it is a page's handler, and those can fail")]
pub fn show(asked: &mut Asked<'_>) -> Outcome {
    Ok(Reply::Page(draw(asked, &Faults::default())))
}

/// The same, because no child here is called what was written.
pub fn no_such_name(asked: &Asked<'_>) -> Reply {
    let faults = Faults::one("name", text!("lease-no-such-name"));
    Reply::Page(draw(asked, &faults).refused())
}

fn draw(asked: &Asked<'_>, faults: &Faults) -> Page {
    let title = text!("lease-title");
    let why = Error::ReadLease(asked.lease).to_string();
    let content = html! {
        (faults.summary())
        h1.govuk-heading-l tabindex="-1" { (title) }
        div.govuk-inset-text role="alert" { (sentence_case(&why)) "." }
        form method="post" action=(asked.at("/sync")) { (parts::button(&text!("sync-now"))) }
        h2.govuk-heading-m { (text!("lease-record")) }
        form method="post" action=(asked.at("/record")) novalidate {
            (parts::hidden("id", &asked.fresh_id()))
            (Input {
                name: "name",
                label: &text!("lease-name"),
                hint: Some(&text!("lease-name-hint")),
                value: asked.form.get("name"),
                autocomplete: "off",
                ..Input::default()
            }.draw(faults))
            (parts::button(&text!("record-start")))
        }
    };
    let mut page = Page::new(Section::Today, title, content);
    page.again_ms = Some(MINUTE_MS);
    page
}
