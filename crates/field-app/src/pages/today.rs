//! Today: whom to phone now, what is planned, what is owed, and how the device stands.

use maud::{Markup, html};

use super::{Asked, Outcome, Reply};
use crate::page::{Page, Section};
use crate::text::text;

/// `GET /`.
pub fn show(asked: &mut Asked<'_>) -> Outcome {
    let title = text!("today-title");
    let children = asked.open.judged.all(&asked.open.store, asked.me.person.role, asked.now)?;
    let content = html! {
        h1.govuk-heading-l tabindex="-1" { (title) }
        @if children.is_empty() { (nothing()) }
    };
    Ok(Reply::Page(Page::new(Section::Today, title, content)))
}

fn nothing() -> Markup {
    html! { p.govuk-body { (text!("today-nothing")) } }
}
