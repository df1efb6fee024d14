//! A child: what one needs at the door (GA-3.0). Where, who, how to talk to them, the plan and its
//! timescale, what happened before, what is owed and what to consider.

use std::sync::Arc;

use doorstep_core::describe::{facts, known_concern, plain, plan, sentence_case, times, title};
use doorstep_core::event::{CommunicationNeed, Event, What};
use doorstep_core::history::History;
use doorstep_core::time::local_date;
use doorstep_core::wire::ChildCard;
use doorstep_device_store::{Content, Held, Source};
use maud::{Markup, html};

use super::calls::{self, dial};
use super::children::at_same_address;
use super::owed::{self, is_own};
use super::record::start_button;
use super::{Asked, Outcome, Problem, Reply, drawing};
use crate::judged::Child;
use crate::page::{Page, Section};
use crate::parts::{self, Row};
use crate::text::text;

/// Earlier failed contacts that are named.
const CONTACTS_NAMED_MAX: usize = 3;

/// `GET /child/{child}`.
pub fn show(asked: &mut Asked<'_>) -> Outcome {
    page(asked, false)
}

/// `POST /child/{child}/address`: shows a protected address on this one page.
pub fn show_address(asked: &mut Asked<'_>) -> Outcome {
    page(asked, true)
}

fn page(asked: &mut Asked<'_>, address_shown: bool) -> Outcome {
    let card = asked.card()?;
    let role = asked.role();
    let child = asked.open.judged.child(&asked.open.store, &card, role, asked.now)?;
    let held = asked.store().timeline(card.id)?;
    let events: Vec<_> = held.iter().filter_map(Held::event).cloned().collect();
    let (own, others): (Vec<_>, Vec<_>) =
        child.owed().into_iter().partition(|duty| is_own(duty, role));
    let content = html! {
        h1."govuk-heading-l df-child__name" tabindex="-1" { (card.name) }
        (alerts(&card))
        (calls::cards(asked, std::slice::from_ref(&child)))
        (start_button(asked, Some(&card)))
        (at_the_door(asked, &card, address_shown)?)
        h2.govuk-heading-m { (text!("child-before")) }
        (before(&events, &child, asked))
        h2.govuk-heading-m #owed { (text!("child-owed")) }
        @if own.is_empty() { (parts::empty(&text!("child-nothing-owed"))) }
        (owed::duties(asked, &child, &own))
        @if !others.is_empty() {
            (parts::details(&text!("child-owed-others", count = others.len()),
                &owed::duties(asked, &child, &others)))
        }
        p {
            a.df-act href=(asked.at(&format!("/child/{}/do", card.id))) {
                (text!("child-other-act"))
            }
        }
        (consider(asked, &child)?)
        (people(&card))
        (timeline(asked, &held))
    };
    let page = Page::new(Section::Children, card.name.clone(), content);
    Ok(Reply::Page(page.back("/children".to_owned(), text!("nav-children"))))
}

/// What must not be overlooked.
fn alerts(card: &ChildCard) -> Markup {
    let record = &card.record;
    let mut words = Vec::new();
    words.extend(record.plans.iter().map(|of| plan(*of).to_owned()));
    if record.looked_after {
        words.push(text!("child-looked-after"));
    }
    html! {
        p.df-tags {
            @for word in &words { (parts::tag("purple", word)) " " }
            @for concern in &record.concerns {
                (parts::tag("orange", &sentence_case(&known_concern(*concern)))) " "
            }
            @for need in &record.communication_needs {
                (parts::tag("blue", &need_words(*need))) " "
            }
        }
    }
}

fn need_words(need: CommunicationNeed) -> String {
    text!(&format!("need-{need}"))
}

fn at_the_door(
    asked: &Asked<'_>,
    card: &ChildCard,
    address_shown: bool,
) -> Result<Markup, Problem> {
    let mut rows = vec![Row::new(text!("child-address"), address(asked, card, address_shown))];
    if let Some(phone) = &card.phone {
        let link = html! { a.govuk-link href=(dial(phone)) { (phone) } };
        rows.push(Row::new(text!("child-phone"), link));
    }
    if let Some(born) = card.born {
        let years = local_date(asked.now).years_since(born).unwrap_or(0);
        let words =
            text!("child-born-words", date = born.format("%-d %B %Y").to_string(), years = years);
        rows.push(Row::new(text!("child-born"), html! { (words) }));
    }
    let cards = asked.store().children()?;
    let siblings = at_same_address(&cards, card);
    let siblings: Vec<_> = cards.iter().filter(|other| siblings.contains(&other.id)).collect();
    if !siblings.is_empty() || !card.record.household.is_empty() {
        rows.push(Row::new(text!("child-household"), household(asked, card, &siblings)));
    }
    if let Some(due) = card.record.visit_due_by {
        let words = times::short(due, asked.now);
        let value = html! { (parts::instant(due, &words)) br; (times::left(due, asked.now)) };
        rows.push(Row::new(text!("child-timescale"), value));
    }
    let next = card.visits.iter().map(|visit| visit.at).find(|at| *at >= asked.now);
    if let Some(next) = next {
        rows.push(Row::new(
            text!("child-next-visit"),
            parts::instant(next, &times::short(next, asked.now)),
        ));
    }
    let agencies: Vec<_> = card.record.involved_agencies.iter().map(|it| plain(&it.0)).collect();
    if !agencies.is_empty() {
        let agencies = sentence_case(&agencies.join(", "));
        rows.push(Row::new(text!("child-agencies"), html! { (agencies) }));
    }
    Ok(parts::summary_list(&rows))
}

fn address(asked: &Asked<'_>, card: &ChildCard, shown: bool) -> Markup {
    match &card.address {
        None => html! { (text!("address-none")) },
        Some(_) if card.address_protected && !shown => html! {
            (parts::tag("red", &text!("address-protected")))
            form method="post" action=(asked.at(&format!("/child/{}/address", card.id))) {
                button."govuk-button govuk-button--secondary df-inline" { (text!("address-show")) }
            }
            p.df-small { (text!("address-warning")) }
        },
        Some(address) => html! {
            (address)
            @if card.address_protected {
                br; (parts::tag("red", &text!("address-protected")))
                p.df-small { (text!("address-warning")) }
            }
        },
    }
}

fn household(asked: &Asked<'_>, card: &ChildCard, siblings: &[&ChildCard]) -> Markup {
    html! {
        ul."govuk-list df-tight" {
            @for sibling in siblings {
                li {
                    a.govuk-link href=(asked.at(&format!("/child/{}", sibling.id))) {
                        (sibling.name)
                    }
                }
            }
            @for person in &card.record.household { li { (person) } }
        }
    }
}

/// What happened before: drawn small, counted, and the latest failed contacts by name.
fn before(events: &[Event], child: &Arc<Child>, asked: &Asked<'_>) -> Markup {
    let history = History::fold(events, asked.now);
    let failed: Vec<&Event> = history
        .contacts
        .iter()
        .filter_map(|contact| history.events.get(contact.position))
        .map(AsRef::as_ref)
        .collect();
    let assessment = &child.assessment;
    html! {
        (drawing::history(&history, asked.now))
        p.govuk-body {
            (text!("child-counts", failed = assessment.failed_contacts,
                no_access = assessment.no_access_visits))
        }
        @if child.not_judged > 0 {
            p.govuk-inset-text { (text!("child-not-judged", count = child.not_judged)) }
        }
        ul."govuk-list df-tight" {
            @for event in failed.iter().rev().take(CONTACTS_NAMED_MAX) {
                li {
                    strong { (times::short(event.at, asked.now)) } ": " (title(&event.what))
                    @if let What::FailedContact(contact) = &event.what {
                        @if let Some(reason) = &contact.reason { " (“" (reason) "”)" }
                    }
                }
            }
        }
    }
}

/// Patterns and questions for a person, never a decision.
fn consider(asked: &mut Asked<'_>, child: &Child) -> Result<Markup, Problem> {
    let policy = asked.open.judged.policy(&asked.open.store)?;
    let prompts = policy.policy.prompts(&child.assessment);
    Ok(html! {
        @for indicator in &child.assessment.indicators {
            div.govuk-inset-text {
                strong { (sentence_case(&plain(&indicator.name))) } " (" (indicator.clause) "): "
                (indicator.sentence)
            }
        }
        (parts::details(&text!("child-consider"), &html! {
            ul."govuk-list govuk-list--spaced" {
                @for prompt in &prompts {
                    li {
                        (prompt.question) " (" (prompt.clause) ")"
                        @if prompt.answered_yes { " " strong { (text!("child-answered")) } }
                    }
                }
            }
        }))
    })
}

fn people(card: &ChildCard) -> Markup {
    html! {
        @if !card.contacts.is_empty() {
            (parts::details(&text!("child-people"), &html! {
                ul."govuk-list govuk-list--spaced" {
                    @for contact in &card.contacts {
                        li {
                            (sentence_case(&plain(&contact.role.to_string()))) ": " (contact.name)
                            @if let Some(phone) = &contact.phone {
                                ", " a.govuk-link href=(dial(phone)) { (phone) }
                            }
                        }
                    }
                }
            }))
        }
    }
}

/// Everything that is held, newest first.
fn timeline(asked: &Asked<'_>, held: &[Held]) -> Markup {
    html! {
        (parts::details(&text!("child-timeline", count = held.len()), &html! {
            ol.df-timeline {
                @for held in held.iter().rev() { (entry(asked, held)) }
            }
        }))
    }
}

fn entry(asked: &Asked<'_>, held: &Held) -> Markup {
    html! {
        li {
            @match &held.content {
                Content::Readable(body) => {
                    p.df-small { (times::short(body.event.at, asked.now)) }
                    p {
                        strong { (title(&body.event.what)) }
                        @if matches!(held.source, Source::Own(_)) {
                            @let path = format!("/records/{}", body.event.id);
                            " " a.govuk-link href=(asked.at(&path)) {
                                (text!("child-yours"))
                                span.govuk-visually-hidden { ": " (title(&body.event.what)) }
                            }
                        }
                    }
                    @for fact in facts(&body.event.what) { p.df-small { (fact) } }
                },
                Content::Unreadable(_) => p { (text!("record-unreadable")) },
            }
        }
    }
}
