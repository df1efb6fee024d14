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

const GROUPS: [(Stage, &str); 5] = [
    (Stage::New, "To acknowledge"),
    (Stage::MetUnseen, "Met before anybody acknowledged it"),
    (Stage::Acknowledged, "Acknowledged, still to be done"),
    (Stage::Met, "Met"),
    (Stage::StoodDown, "Stood down"),
];

const SHOWN: [(Show, &str); 3] =
    [(Show::Open, "open"), (Show::Closed, "closed"), (Show::All, "all")];

/// The title of the page, with how many wait.
pub fn title(inbox: &Inbox) -> String {
    match to_acknowledge(inbox) {
        0 => "Inbox".to_owned(),
        count => format!("({count}) Inbox"),
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
            h1.govuk-heading-l { "Inbox" }
            p.ds-live data-live-status { "As of " (times::short(inbox.now, inbox.now)) }
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
        @for (stage, heading) in GROUPS {
            @let rows: Vec<_> = inbox.rows.iter().filter(|row| row.stage() == stage).collect();
            @if !rows.is_empty() {
                @let count = inbox.all.iter().filter(|(of, _)| *of == stage).count();
                h2.ds-group { (heading) " " span.ds-group__count { "(" (count) ")" } }
                ul.ds-cards { @for row in rows { (card(row, inbox, csrf)) } }
            }
        }
        (parts::pagination(&inbox.filter.path_before_page(), inbox.filter.page, inbox.pages))
    }
}

fn filters(inbox: &Inbox) -> Markup {
    let Filter { whose, show, urgency, .. } = inbox.filter;
    html! {
        nav.ds-filters aria-label="Show" {
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
    let noun = if total == 1 { "escalation" } else { "escalations" };
    let waiting = inbox.all.iter().filter(|(stage, _)| *stage == Stage::New).count();
    // As the groups below count them.
    let met = match inbox.all.iter().filter(|(stage, _)| *stage == Stage::MetUnseen).count() {
        0 => String::new(),
        met => format!(", {met} met before anybody acknowledged it"),
    };
    match over {
        0 => format!("{total} {noun}: {waiting} to acknowledge{met}, none past its limit."),
        over => format!("{total} {noun}: {waiting} to acknowledge{met}, {over} past the limit."),
    }
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
            "Nothing is waiting for you",
            "When a failed contact calls for you, it appears here by itself.",
        ),
        (Show::Open | Show::All, Whose::Team) => parts::empty(
            "Nothing is waiting for your team",
            "When a failed contact calls for somebody in your team, it appears here by itself.",
        ),
        (Show::Closed, _) => parts::empty(
            "Nothing has been closed yet",
            "Escalations that were met or stood down are kept here.",
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
                    "Why: " (timeline::why(escalation.reason.as_str(), &row.evidence, now))
                }
                @if row.undelivered {
                    p.ds-card__why { strong { "The notice by e-mail does not arrive." } }
                }
                p.ds-card__meta {
                    (escalation.clause) " · "
                    @match whose {
                        Whose::Covered => {
                            @let of = row.in_place_of.as_deref().unwrap_or(&row.addressee_name);
                            (text!("inbox-for", person = of))
                        }
                        Whose::Mine => { "to you as " (words::role(escalation.to)) }
                        Whose::Team => {
                            "to " (row.addressee_name) ", " (words::role(escalation.to))
                        }
                    }
                    " · raised " (times::ago(row.entered, now))
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
        Stage::New => parts::tag(None, "New"),
        Stage::Acknowledged => parts::tag(Some("turquoise"), "Acknowledged"),
        Stage::MetUnseen | Stage::Met => parts::tag(Some("green"), "Met"),
        Stage::StoodDown => parts::tag(Some("grey"), "Stood down"),
    }
}
