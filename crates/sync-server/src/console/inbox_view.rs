//! How the inbox is drawn.

use chrono::{DateTime, Utc};
use maud::{Markup, html};

use super::filter::{Filter, Show, Whose};
use super::gather::{Inbox, Raised, Stage};
use super::times::{self, Pressure};
use super::{parts, timeline, words};

const GROUPS: [(Stage, &str); 5] = [
    (Stage::New, "To acknowledge"),
    (Stage::MetUnseen, "Met before anybody acknowledged it"),
    (Stage::Acknowledged, "Acknowledged, still to be done"),
    (Stage::Met, "Met"),
    (Stage::StoodDown, "Stood down"),
];

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

/// The content of the page.
pub fn content(inbox: &Inbox) -> Markup {
    let live = format!("/inbox/live{}", inbox.filter.query(1));
    html! {
        div.ds-title-row {
            h1.govuk-heading-l { "Inbox" }
            p.ds-live data-live-status { "As of " (times::short(inbox.now, inbox.now)) }
        }
        p.govuk-visually-hidden role="status" data-announce {}
        div data-live=(live) data-count=(to_acknowledge(inbox)) { (changing(inbox)) }
    }
}

/// The part that changes while somebody watches.
fn changing(inbox: &Inbox) -> Markup {
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
                ul.ds-cards { @for row in rows { (card(row, inbox.filter.whose, inbox.now)) } }
            }
        }
        (parts::pagination(&inbox.filter.path_before_page(), inbox.filter.page, inbox.pages))
    }
}

fn filters(inbox: &Inbox) -> Markup {
    let Filter { whose, show, .. } = inbox.filter;
    html! {
        nav.ds-filters aria-label="Show" {
            ul.ds-filters__group {
                (choice("mine", Filter::new(Whose::Mine, show), whose == Whose::Mine,
                    &format!("For me ({})", inbox.open.0)))
                @if inbox.sees_team {
                    (choice("team", Filter::new(Whose::Team, show), whose == Whose::Team,
                        &format!("My team’s ({})", inbox.open.1)))
                }
            }
            ul.ds-filters__group {
                (choice("open", Filter::new(whose, Show::Open), show == Show::Open, "Open"))
                (choice("closed", Filter::new(whose, Show::Closed), show == Show::Closed, "Closed"))
                (choice("all", Filter::new(whose, Show::All), show == Show::All, "All"))
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
    let waiting = to_acknowledge(inbox);
    match over {
        0 => format!("{total} {noun}: {waiting} to acknowledge, none past its limit."),
        over => format!("{total} {noun}: {waiting} to acknowledge, {over} past the limit."),
    }
}

fn nothing(filter: Filter) -> Markup {
    match (filter.show, filter.whose) {
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

fn card(row: &Raised, whose: Whose, now: DateTime<Utc>) -> Markup {
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
                        Whose::Mine => { "to you as " (words::role(escalation.to)) }
                        Whose::Team => {
                            "to " (row.addressee_name) ", " (words::role(escalation.to))
                        }
                    }
                    " · raised " (times::ago(row.entered, now))
                }
            }
            (parts::limit(escalation.due, owed, now))
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
