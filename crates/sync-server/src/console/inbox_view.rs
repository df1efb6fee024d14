//! How the inbox is drawn.

use chrono::{DateTime, Utc};
use doorstep_core::assessment::Urgency;
use doorstep_core::ids::EscalationId;
use maud::{Markup, html};

use super::filter::{Filter, Show, Whose};
use super::gather::{Inbox, Raised, Stage};
use super::page::csrf_field;
use super::text::text;
use super::times::{self, Pressure};
use super::{parts, timeline, words};

/// The groups of the page, each with the key of its heading.
const GROUPS: [(Stage, &str); 5] = [
    (Stage::New, "inbox-group-new"),
    (Stage::MetUnseen, "inbox-group-met-unseen"),
    (Stage::Acknowledged, "inbox-group-acknowledged"),
    (Stage::Met, "inbox-group-met"),
    (Stage::StoodDown, "inbox-group-stood-down"),
];

const SHOWN: [(Show, &str); 3] =
    [(Show::Open, "open"), (Show::Closed, "closed"), (Show::All, "all")];

/// The title of the page, with how many wait.
pub fn title(inbox: &Inbox) -> String {
    match to_acknowledge(inbox) {
        0 => text!("inbox-title"),
        count => text!("inbox-title-waiting", count = count),
    }
}

fn to_acknowledge(inbox: &Inbox) -> usize {
    inbox.all.iter().filter(|(stage, _)| stage.wants_acknowledging()).count()
}

/// Who acknowledged what the viewer has just pressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The escalation.
    pub id: EscalationId,
    /// The child's name.
    pub child: String,
    /// Who was first.
    pub name: String,
    /// It was the viewer.
    pub is_own: bool,
    /// When (UTC).
    pub at: DateTime<Utc>,
}

/// The content of the page.
pub fn content(inbox: &Inbox, said: Option<&Said>, csrf: &str) -> Markup {
    let live = format!("/inbox/live{}", inbox.filter.query(1));
    html! {
        @if let Some(said) = said { (banner(said, inbox.now)) }
        div.ds-title-row {
            h1.govuk-heading-l { (text!("inbox-title")) }
            p.ds-live data-live-status {
                (text!("inbox-as-of", when = times::short(inbox.now, inbox.now)))
             }
        }
        p.govuk-visually-hidden role="status" data-announce {}
        div data-live=(live) data-count=(to_acknowledge(inbox)) { (changing(inbox, csrf)) }
    }
}

/// The part that changes while somebody watches.
fn changing(inbox: &Inbox, csrf: &str) -> Markup {
    html! {
        (filters(inbox))
        @if inbox.all.is_empty() {
            (nothing(inbox.filter))
        } @else {
            p.ds-facts { (summary(inbox)) }
        }
        @for (stage, key) in GROUPS {
            @let rows: Vec<_> = inbox.rows.iter().filter(|row| row.stage() == stage).collect();
            @if !rows.is_empty() {
                @let count = inbox.all.iter().filter(|(of, _)| *of == stage).count();
                h2.ds-group { (text!(key)) " " span.ds-group__count { "(" (count) ")" } }
                ul.ds-cards { @for row in rows { (card(row, inbox, csrf)) } }
            }
        }
        (parts::pagination(&inbox.filter.path_before_page(), inbox.filter.page, inbox.pages))
    }
}

fn filters(inbox: &Inbox) -> Markup {
    let Filter { whose, show, urgency, .. } = inbox.filter;
    html! {
        nav.ds-filters aria-label=(text!("inbox-filters")) {
            ul.ds-filters__group {
                (choice("mine", Filter::new(Whose::Mine, show), whose == Whose::Mine,
                    &text!("inbox-mine", count = inbox.open.mine)))
                @if inbox.sees_team {
                    (choice("team", Filter::new(Whose::Team, show), whose == Whose::Team,
                        &text!("inbox-team", count = inbox.open.team)))
                }
                (choice("covered", Filter::new(Whose::Covered, show), whose == Whose::Covered,
                    &text!("inbox-covered", count = inbox.open.covered)))
            }
            ul.ds-filters__group {
                @for (of, word) in SHOWN {
                    (choice(word, Filter::new(whose, of).with_urgency(urgency), show == of,
                        &text!(&format!("inbox-show-{word}"))))
                }
            }
            ul.ds-filters__group {
                @let filter = Filter::new(whose, show);
                (choice("any", filter, urgency.is_none(), &text!("inbox-any-urgency")))
                @for of in Urgency::ALL.iter().copied() {
                    (choice(of.as_str(), filter.with_urgency(Some(of)), urgency == Some(of),
                        words::urgency(of)))
                }
            }
        }
    }
}

fn choice(id: &str, filter: Filter, current: bool, words: &str) -> Markup {
    html! {
        li.ds-filters__item {
            a id=(format!("show-{id}")) href=(format!("/inbox{}", filter.query(1)))
                aria-current=[current.then_some("true")] { (words) }
        }
    }
}

fn summary(inbox: &Inbox) -> String {
    let over = inbox
        .all
        .iter()
        .filter(|(stage, due)| stage.is_owed() && Pressure::of(*due, inbox.now) == Pressure::Over)
        .count();
    let total = inbox.all.len();
    let waiting = inbox.all.iter().filter(|(stage, _)| *stage == Stage::New).count();
    // As the groups below count them.
    let met = inbox.all.iter().filter(|(stage, _)| *stage == Stage::MetUnseen).count();
    text!("inbox-summary", total = total, waiting = waiting, met = met, over = over)
}

fn nothing(filter: Filter) -> Markup {
    if filter.urgency.is_some() {
        return parts::empty(&text!("inbox-none-urgency"), &text!("inbox-none-urgency-words"));
    }
    match (filter.show, filter.whose) {
        (Show::Open | Show::All, Whose::Covered) => {
            parts::empty(&text!("inbox-none-covered"), &text!("inbox-none-covered-words"))
        }
        (Show::Open | Show::All, Whose::Mine) => parts::empty(
            &text!("inbox-nothing-waiting-for-you"),
            &text!("inbox-when-failed-contact-calls"),
        ),
        (Show::Open | Show::All, Whose::Team) => parts::empty(
            &text!("inbox-nothing-waiting-for-your"),
            &text!("inbox-when-failed-contact-calls-2"),
        ),
        (Show::Closed, _) => parts::empty(
            &text!("inbox-nothing-has-been-closed"),
            &text!("inbox-escalations-were-met-or"),
        ),
    }
}

/// Who acknowledged it, said where the button was pressed.
fn banner(said: &Said, now: DateTime<Utc>) -> Markup {
    let (child, when) = (said.child.as_str(), times::spoken(said.at, now));
    let words = if said.is_own {
        text!("inbox-acknowledged", child = child, when = when)
    } else {
        text!("inbox-first", child = child, person = said.name.as_str(), when = when)
    };
    parts::done_banner(&html! {
        p.govuk-notification-banner__heading { (words) }
        p.govuk-body {
            a.govuk-notification-banner__link href=(format!("/escalations/{}", said.id)) {
                (text!("inbox-open-it"))
            }
        }
    })
}

/// Taking notice of an escalation without opening it.
fn acknowledge(row: &Raised, filter: Filter, csrf: &str) -> Markup {
    html! {
        form.ds-card__act method="post" action=(format!("/escalations/{}/acknowledge", row.id)) {
            (csrf_field(csrf))
            input type="hidden" name="inbox" value=(filter.path());
            button."govuk-button govuk-button--secondary" data-module="govuk-button"
                data-prevent-double-click="true" id=(format!("acknowledge-{}", row.id)) {
                (text!("inbox-acknowledge"))
                span.govuk-visually-hidden { ": " (row.child_name) ", " (row.escalation.clause) }
            }
        }
    }
}

fn card(row: &Raised, inbox: &Inbox, csrf: &str) -> Markup {
    let (whose, now) = (inbox.filter.whose, inbox.now);
    let escalation = &row.escalation;
    let owed = row.stage().is_owed();
    let pressure = if owed { Pressure::of(escalation.due, now) } else { Pressure::Quiet };
    html! {
        li.ds-card .(format!("ds-card--{}", pressure.as_str())) {
            div {
                p.ds-card__tags {
                    @if owed { (parts::urgency_tag(escalation.urgency)) }
                    (stage_tag(row.stage()))
                }
                h3.ds-card__name {
                    a.govuk-link href=(format!("/escalations/{}", row.id))
                        id=(format!("escalation-{}", row.id)) { (row.child_name) }
                }
                p.ds-card__sentence { (escalation.sentence) }
                p.ds-card__why {
                    @let why = timeline::why(escalation.reason.as_str(), &row.evidence, now);
                    (text!("inbox-why", why = why))
                }
                @if row.undelivered {
                    p.ds-card__why { strong { (text!("inbox-notice-by-email-does")) } }
                }
                p.ds-card__meta {
                    (escalation.clause) " · "
                    @match whose {
                        Whose::Covered => {
                            @let of = row.in_place_of.as_deref().unwrap_or(&row.addressee_name);
                            (text!("inbox-for", person = of))
                        }
                        Whose::Mine if row.addressee != inbox.viewer => {
                            (text!("inbox-passed-on", person = row.addressee_name.as_str(),
                                role = words::role(escalation.to)))
                        }
                        Whose::Mine => (text!("inbox-to-you", role = words::role(escalation.to))),
                        Whose::Team => (text!("inbox-to", person = row.addressee_name.as_str(),
                            role = words::role(escalation.to))),
                    }
                    " · " (text!("inbox-raised", ago = times::ago(row.entered, now)))
                }
            }
            div.ds-card__side {
                (parts::limit(escalation.due, owed, now))
                @if row.stage().wants_acknowledging() {
                    (acknowledge(row, inbox.filter, csrf))
                }
            }
        }
    }
}

/// Where an escalation stands, as a tag.
pub fn stage_tag(stage: Stage) -> Markup {
    match stage {
        Stage::New => parts::tag(None, &text!("inbox-new")),
        Stage::Acknowledged => parts::tag(Some("turquoise"), &text!("inbox-acknowledged-2")),
        Stage::MetUnseen | Stage::Met => parts::tag(Some("green"), &text!("inbox-group-met")),
        Stage::StoodDown => parts::tag(Some("grey"), &text!("inbox-group-stood-down")),
    }
}
