//! After saving: that it is safe, whom to phone, and what is owed because of it.

use std::sync::Arc;

use doorstep_core::describe::title;
use doorstep_core::ids::EventId;
use doorstep_core::time::local_time;
use maud::{Markup, html};

use super::super::calls;
use super::super::owed::{self, is_own};
use super::super::{Asked, Outcome, Problem, Reply};
use super::id;
use crate::judged::Child;
use crate::page::{Page, Section};
use crate::parts;
use crate::text::text;

/// `GET /record/{form}/saved`.
pub fn saved(asked: &mut Asked<'_>) -> Outcome {
    let made = asked.store().recorded_from(&id(asked.param("form"))?)?;
    if !asked.is_readable() && !made.is_empty() {
        return Ok(Reply::Page(saved_unseen(asked)));
    }
    let mut children: Vec<Arc<Child>> = Vec::new();
    let mut lines = Vec::new();
    for record in &made {
        let Some(held) = asked.store().event(*record)? else { continue };
        let Some(event) = held.event().cloned() else { continue };
        let role = asked.role();
        let Some(card) = asked.store().child(held.child)? else {
            lines.push((text!("record-left-caseload"), title(&event.what)));
            continue;
        };
        lines.push((card.name.clone(), title(&event.what)));
        let child = asked.open.judged.child(&asked.open.store, &card, role, asked.now)?;
        if !children.iter().any(|known| known.card.id == child.card.id) {
            children.push(child);
        }
    }
    if lines.is_empty() {
        return Err(Problem::NotHere);
    }
    let heading = text!("saved-title");
    let blocks: Vec<_> = children.iter().map(|child| block(asked, child, &made)).collect();
    let unsent = children.iter().any(|child| made.iter().any(|id| child.unsent.contains(id)));
    let now = local_time(asked.now).format("%H:%M").to_string();
    let safe = if unsent { text!("saved-here", at = now) } else { text!("saved-sent") };
    let content = html! {
        div."govuk-panel df-saved" {
            h1.df-saved__title tabindex="-1" { (heading) }
            p { (safe) }
        }
        ul."govuk-list df-tight" {
            @for (name, what) in &lines { li { strong { (name) } ": " (what) } }
        }
        (calls::cards(asked, &children))
        @for block in blocks { (block) }
        p { a."govuk-button df-wide" href=(asked.at("/")) { (text!("saved-today")) } }
    };
    Ok(Reply::Page(Page::new(Section::Elsewhere, heading, content)))
}

/// While nothing of children is shown: that it is safe, and nothing else.
fn saved_unseen(asked: &Asked<'_>) -> Page {
    let heading = text!("saved-title");
    let now = local_time(asked.now).format("%H:%M").to_string();
    let content = html! {
        div."govuk-panel df-saved" {
            h1.df-saved__title tabindex="-1" { (heading) }
            p { (text!("saved-here", at = now)) }
        }
        p.govuk-body { (text!("lease-saved")) }
        p { a."govuk-button df-wide" href=(asked.at("/")) { (text!("saved-today")) } }
    };
    Page::new(Section::Elsewhere, heading, content)
}

fn block(asked: &mut Asked<'_>, child: &Child, made: &[EventId]) -> Markup {
    let role = asked.role();
    let (new, before) = owed::split_new(child, made);
    let (own, others): (Vec<_>, Vec<_>) = new.into_iter().partition(|duty| is_own(duty, role));
    let own_list = owed::duties(asked, child, &own);
    let other_list = owed::duties(asked, child, &others);
    let before_list = owed::duties(asked, child, &before);
    html! {
        section {
            h2.govuk-heading-m { (child.card.name) }
            @if own.is_empty() && others.is_empty() { (parts::empty(&text!("saved-nothing"))) }
            @if !own.is_empty() {
                h3.govuk-heading-s { (text!("saved-own", count = own.len())) }
                (own_list)
            }
            @if !others.is_empty() {
                h3.govuk-heading-s { (text!("saved-others", count = others.len())) }
                (other_list)
            }
            @if !before.is_empty() {
                (parts::details(&text!("saved-before", count = before.len()), &before_list))
            }
            p {
                a.govuk-link href=(asked.at(&format!("/child/{}", child.card.id))) {
                    (text!("saved-child", name = child.card.name.as_str()))
                }
            }
        }
    }
}
