//! The exchange with the server: how it stands, what came and went, what was refused and why.

use doorstep_core::describe::{sentence_case, times};
use maud::{Markup, html};

use super::{Asked, Outcome, Reply};
use crate::door::Link;
use crate::page::{Page, Section, state_line};
use crate::parts::{self, Row};
use crate::text::text;

/// Milliseconds after which the page is asked for again while something is under way.
const UNDER_WAY_MS: u32 = 800;
/// Milliseconds after which it is asked for again otherwise.
const CALM_MS: u32 = 10_000;

/// `GET /sync`.
pub fn show(asked: &mut Asked<'_>) -> Outcome {
    let title = text!("sync-title");
    let status = asked.store().status()?;
    let exchange = asked.exchange;
    let contact = status.last_contact.map(|at| times::spoken(at, asked.now));
    let contact = contact.unwrap_or_else(|| text!("sync-never"));
    let mut rows = vec![
        Row::new(text!("sync-here"), html! { (status.on_this_device) }),
        Row::new(text!("sync-contact"), html! { (contact) }),
    ];
    if let Some(oldest) = status.oldest_unsent {
        rows.push(Row::new(text!("sync-oldest"), html! { (times::spoken(oldest, asked.now)) }));
    }
    if let Some(again) = status.retry_at.filter(|again| *again > asked.now) {
        rows.push(Row::new(text!("sync-again"), html! { (times::spoken(again, asked.now)) }));
    }
    if status.differing > 0 {
        rows.push(Row::new(text!("sync-differing"), html! { (status.differing) }));
    }
    let content = html! {
        h1.govuk-heading-l tabindex="-1" { (title) }
        p."govuk-body-l df-lead" role="status" {
            @if exchange.under_way { (text!("sync-under-way")) }
            @else { (state_line(&status, asked)) }
        }
        @if exchange.under_way { (progress(asked)) }
        @if asked.surroundings.link == Link::Offline { p.govuk-body { (text!("sync-offline")) } }
        form method="post" action=(asked.at("/sync")) {
            (parts::button(&text!("sync-now")))
        }
        @if let Some(why) = &exchange.failed {
            div.govuk-inset-text role="alert" { (sentence_case(why)) "." }
        }
        (parts::summary_list(&rows))
        (last(asked))
        @if status.needs_you > 0 {
            p.govuk-inset-text {
                a.govuk-link href=(asked.at("/records")) {
                    (text!("state-needs-you", count = status.needs_you))
                }
            }
        }
        p.df-small { (text!("sync-automatic")) }
        (about(asked, status.device_name.as_deref()))
    };
    let mut page = Page::new(Section::Sync, title, content);
    page.again_ms = Some(if exchange.under_way { UNDER_WAY_MS } else { CALM_MS });
    Ok(Reply::Page(page))
}

fn progress(asked: &Asked<'_>) -> Markup {
    let exchange = asked.exchange;
    let done = exchange.sent + exchange.received + exchange.children;
    let left = exchange.unsent + exchange.children_left;
    html! {
        label.govuk-visually-hidden for="exchange" { (text!("sync-progress")) }
        progress.df-progress #exchange max=(done + left) value=(done) {}
    }
}

/// What the last exchange came to.
fn last(asked: &Asked<'_>) -> Markup {
    let exchange = asked.exchange;
    let Some(ended) = exchange.ended.filter(|_| exchange.answers > 0) else { return html! {} };
    let counts = [
        ("sync-sent", exchange.sent),
        ("sync-received", exchange.received),
        ("sync-children", exchange.children),
        ("sync-left", exchange.left),
        ("sync-set-aside", exchange.set_aside),
    ];
    html! {
        h2.govuk-heading-m { (text!("sync-last", at = times::spoken(ended, asked.now))) }
        ul."govuk-list govuk-list--bullet" {
            @for (key, count) in counts {
                @if count > 0 { li { (text!(key, count = count)) } }
            }
            @if counts.iter().all(|(_, count)| *count == 0) { li { (text!("sync-nothing")) } }
        }
    }
}

fn about(asked: &Asked<'_>, device: Option<&str>) -> Markup {
    let rows = [
        Row::new(text!("about-person"), html! { (asked.me.person.name) }),
        Row::new(text!("about-organisation"), html! { (asked.me.organisation_name) }),
        Row::new(text!("about-device"), html! { (device.unwrap_or_default()) }),
        Row::new(text!("about-version"), html! { (asked.surroundings.app) }),
    ];
    parts::details(&text!("about-title"), &parts::summary_list(&rows))
}
