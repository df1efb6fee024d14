//! The caseload: every child held on this device, to be found by name or street.

use std::sync::Arc;

use doorstep_core::describe::times;
use doorstep_core::ids::ChildId;
use doorstep_core::wire::ChildCard;
use maud::{Markup, html};

use super::owed::{earliest, is_own, owing, plans_line};
use super::{Asked, Outcome, Reply};
use crate::judged::Child;
use crate::page::{Page, Section};
use crate::parts::{self, Faults, Input};
use crate::text::text;

/// `GET /children`.
pub fn show(asked: &mut Asked<'_>) -> Outcome {
    let title = text!("children-title");
    let sought = asked.query.get("q").to_owned();
    let children = asked.open.judged.all(&asked.open.store, asked.me.person.role, asked.now)?;
    let only_owed = asked.query.has("owed");
    let mut found: Vec<&Arc<Child>> = if only_owed {
        owing(&children, asked.role()).into_iter().map(|(child, _)| child).collect()
    } else {
        children.iter().collect()
    };
    found.retain(|child| matches(&child.card, &sought));
    let content = html! {
        h1.govuk-heading-l tabindex="-1" { (title) }
        form.df-search method="get" action=(asked.at("/children")) role="search" {
            (Input {
                name: "q",
                label: &text!("children-search"),
                value: &sought,
                kind: "search",
                ..Input::default()
            }.draw(&Faults::default()))
            @if only_owed { (parts::hidden("owed", "1")) }
            button."govuk-button govuk-button--secondary" { (text!("children-search-button")) }
        }
        p.df-small role="status" {
            @if only_owed {
                (text!("children-owed", count = found.len())) " "
                a.govuk-link href=(asked.at("/children")) { (text!("children-all")) }
            } @else { (text!("children-count", count = found.len())) }
        }
        ul.df-list { @for child in &found { (row(asked, child)) } }
    };
    Ok(Reply::Page(Page::new(Section::Children, title, content)))
}

/// Whether every word that is sought is in the name or the address that may be shown.
fn matches(card: &ChildCard, sought: &str) -> bool {
    let address = card.address.as_deref().filter(|_| !card.address_protected).unwrap_or_default();
    let text = format!("{} {address}", card.name).to_lowercase();
    sought.to_lowercase().split_whitespace().all(|word| text.contains(word))
}

fn row(asked: &Asked<'_>, child: &Arc<Child>) -> Markup {
    let own: Vec<_> = child.owed().into_iter().filter(|duty| is_own(duty, asked.role())).collect();
    html! {
        li.df-row {
            a.df-row__link href=(asked.at(&format!("/child/{}", child.card.id))) {
                span.df-row__name { (child.card.name) }
                span.df-small {
                    (plans_line(&child.card))
                    @if let Some(due) = earliest(&own) {
                        @if !child.card.record.plans.is_empty() { " · " }
                        (times::left(due, asked.now))
                    }
                }
            }
            @if !child.calls.is_empty() { (parts::tag("red", &text!("children-call"))) }
        }
    }
}

/// The children who live at the same address, this one left out.
pub fn at_same_address(cards: &[ChildCard], card: &ChildCard) -> Vec<ChildId> {
    let Some(address) = &card.address else { return Vec::new() };
    let same = |other: &&ChildCard| other.id != card.id && other.address.as_ref() == Some(address);
    cards.iter().filter(same).map(|other| other.id).collect()
}
