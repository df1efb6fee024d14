//! How one escalation is drawn.

use chrono::{DateTime, Utc};
use doorstep_core::assessment::{Assessment, Duty};
use maud::{Markup, html};

use super::gather::EscalationFile;
use super::judged::{self, Judged};
use super::page::csrf_field;
use super::record::{self, Offer};
use super::text::text;
use super::times::{self, Pressure};
use super::{chain_view, child_view, inbox_view, notice_log, parts, policy, timeline, words};
use crate::judge::visits;
use crate::store::ledger::HistoryEntry;
use crate::store::notices::{Notice, Reason, Receiver};

/// Everything that the page shows.
#[derive(Debug)]
pub struct EscalationPage<'a> {
    /// The escalation and what is around it.
    pub escalation: &'a EscalationFile,
    /// Who was told, and who is next.
    pub standing: &'a chain_view::Standing,
    /// How it was judged.
    pub judged: Option<Judged>,
    /// What can be recorded.
    pub offer: Offer,
    /// What somebody has just done, if anything.
    pub said: Said,
    /// The token of the form.
    pub csrf: &'a str,
    /// This moment (UTC).
    pub now: DateTime<Utc>,
}

/// What a person is told after acknowledging.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// Nothing.
    Nothing,
    /// Their acknowledgement was recorded.
    Recorded,
    /// Somebody was before them.
    SomebodyWasFirst,
    /// It was given to somebody else.
    HandedOver,
    /// What they did was recorded.
    Written,
    /// What they did had been recorded before.
    WrittenBefore,
}

impl EscalationPage<'_> {
    fn duty(&self) -> Option<&Duty> {
        duty(self.escalation)
    }

    fn owed(&self) -> bool {
        self.escalation.raised.stage().is_owed()
    }
}

/// The duty that an escalation is about; none where the organisation's own rule raised it.
pub fn duty(file: &EscalationFile) -> Option<&Duty> {
    let escalation = &file.raised.escalation;
    let duties = &file.file.assessment.as_ref()?.duties;
    duties.iter().find(|d| d.clause == escalation.clause && d.cause == escalation.cause)
}

/// The content of the page.
pub fn content(page: &EscalationPage<'_>) -> Markup {
    let raised = &page.escalation.raised;
    html! {
        (notice(page))
        span.govuk-caption-l { "Escalation · " (raised.escalation.clause) }
        h1.govuk-heading-l { (raised.child_name) }
        div.ds-tags {
            @if page.owed() { (parts::urgency_tag(raised.escalation.urgency)) }
            (inbox_view::stage_tag(raised.stage()))
        }
        div.ds-columns {
            div.ds-columns__lead { p.ds-lead { (raised.escalation.sentence) } }
            div.ds-columns__aside {
                div.ds-columns__panel { (panel(page)) }
                div.ds-columns__side {
                    (told(page))
                    (history(page))
                }
            }
            div.ds-columns__main {
                (record::offered(&page.offer, page.owed(), &|kind| record::path(raised.id, kind)))
                (reasons(page))
            }
        }
    }
}

fn reasons(page: &EscalationPage<'_>) -> Markup {
    let raised = &page.escalation.raised;
    let this = |duty: &&Duty| {
        duty.clause == raised.escalation.clause && duty.cause == raised.escalation.cause
    };
    let owed = page.escalation.file.assessment.iter().flat_map(Assessment::owed);
    let others: Vec<_> = owed.filter(|duty| !this(duty)).collect();
    html! {
        h2.govuk-heading-m { "Why you are told" }
        (parts::summary_list(&why_rows(page)))
        @if let Some(judged) = &page.judged {
            (judged::draw(judged))
        }
        h2.govuk-heading-m { "Timeline" }
        (timeline::timeline(&page.escalation.file.records, page.now))
        (child_view::duties("What else is owed", &others, page.now))
        p.govuk-body {
            a.govuk-link href=(format!("/children/{}", raised.child)) {
                "Open the record of " (raised.child_name)
            }
        }
    }
}

fn notice(page: &EscalationPage<'_>) -> Markup {
    if page.said == Said::HandedOver {
        return parts::done_banner(&html! {
            p.govuk-notification-banner__heading {
                "Handed over to " (page.escalation.raised.addressee_name) "."
            }
        });
    }
    let written = match page.said {
        Said::Written if page.owed() => Some(text!("record-done-owed")),
        Said::Written => Some(text!("record-done-met")),
        Said::WrittenBefore => Some(text!("record-done-before")),
        _ => None,
    };
    if let Some(words) = written {
        return parts::done_banner(&html! {
            p.govuk-notification-banner__heading { (words) }
        });
    }
    let Some(first) = &page.escalation.raised.acknowledged else { return html! {} };
    let when = times::spoken(first.at, page.now);
    match page.said {
        Said::Nothing | Said::HandedOver | Said::Written | Said::WrittenBefore => html! {},
        Said::Recorded => parts::done_banner(&html! {
            p.govuk-notification-banner__heading { "You acknowledged this " (when) "." }
            p.govuk-body {
                @if page.owed() {
                    "It stays open until it is done. "
                }
                a.govuk-notification-banner__link href="/inbox" { "Back to the inbox" }
            }
        }),
        Said::SomebodyWasFirst => html! {
            div.govuk-notification-banner role="alert" aria-labelledby="banner-title"
                data-module="govuk-notification-banner" {
                div.govuk-notification-banner__header {
                    h2.govuk-notification-banner__title #banner-title { "Already acknowledged" }
                }
                div.govuk-notification-banner__content {
                    p.govuk-notification-banner__heading {
                        (first.name) " was first, " (when) "."
                    }
                    p.govuk-body { "There is nothing more to do here for now." }
                }
            }
        },
    }
}

fn panel(page: &EscalationPage<'_>) -> Markup {
    let raised = &page.escalation.raised;
    let owed = page.owed();
    let pressure =
        if owed { Pressure::of(raised.escalation.due, page.now) } else { Pressure::Quiet };
    html! {
        section.ds-panel .(format!("ds-panel--{}", pressure.as_str())) aria-label="What to do now" {
            (parts::limit(raised.escalation.due, owed, page.now))
            @match &raised.acknowledged {
                Some(first) => {
                    p.govuk-body-s {
                        "Acknowledged by " strong { (first.name) } ", "
                        (parts::instant(first.at, &times::short(first.at, page.now))) "."
                    }
                }
                None if raised.stage().wants_acknowledging() => {
                    form method="post" action=(format!("/escalations/{}/acknowledge", raised.id)) {
                        (csrf_field(page.csrf))
                        button.govuk-button data-module="govuk-button"
                            data-prevent-double-click="true" { "Acknowledge" }
                    }
                    p.govuk-body-s {
                        "This says that you have seen it and have it in hand. What is owed stays "
                        "owed until it is recorded."
                    }
                }
                None => {
                    p.govuk-body-s { "Its ground has gone. There is nothing to acknowledge." }
                }
            }
        }
    }
}

fn why_rows(page: &EscalationPage<'_>) -> Vec<(&'static str, Markup)> {
    let raised = &page.escalation.raised;
    let escalation = &raised.escalation;
    let mut rows = vec![("Why", html! { (words::sentence_case(escalation.reason.as_str())) })];
    rows.push(("Records", evidence(page)));
    rows.push(("Clause", clause(page)));
    if let Some(due) = page.duty().and_then(|duty| duty.due.as_ref()) {
        rows.push((
            "Limit",
            html! {
                "By " (parts::instant(due.at, &times::deadline(due.at, page.now)))
                br;
                span.govuk-hint { (words::sentence_case(&times::computed(due))) }
            },
        ));
    }
    rows.push(("Ground", html! { (words::ground(escalation.ground)) }));
    rows
}

fn clause(page: &EscalationPage<'_>) -> Markup {
    html! {
        @let id = page.escalation.raised.escalation.clause.to_string();
        @if visits::is_own_rule(&page.escalation.raised.escalation.clause) {
            strong { (id) }
        } @else {
            a.govuk-link href=(policy::anchor(&id)) { (id) }
        }
        @if let Some(duty) = page.duty() {
            ": " (words::modality(duty.modality)) " by the " (words::role(duty.owner))
            br;
            span.govuk-hint {
                "Policy " (words::plain(&duty.pack.id)) ", version " (duty.pack.version)
            }
        }
    }
}

fn evidence(page: &EscalationPage<'_>) -> Markup {
    html! {
        ul.govuk-list {
            @for record in &page.escalation.raised.evidence {
                li {
                    a.govuk-link href=(format!("#{}", timeline::anchor(record.body.event.id))) {
                        (words::sentence_case(&timeline::brief(record, page.now)))
                    }
                    ", recorded by " (record.person)
                }
            }
        }
    }
}

fn told(page: &EscalationPage<'_>) -> Markup {
    let raised = &page.escalation.raised;
    html! {
        h2.govuk-heading-m { "Who is told" }
        p.govuk-body {
            strong { (raised.addressee_name) }
            br;
            (words::sentence_case(&words::role(raised.escalation.to)))
        }
        (chain_view::draw(page.standing, page.now))
        (chain_view::hand_over(page.standing, raised.id, page.csrf))
        ul.govuk-list {
            @for (notice, name) in &page.escalation.notices {
                li { (sent(notice, name, page.now)) }
            }
        }
    }
}

fn sent(notice: &Notice, name: &str, now: DateTime<Utc>) -> Markup {
    let about = match notice.reason {
        Reason::Raised => "",
        Reason::MoreUrgent => ", that it became more urgent",
        Reason::Reopened => ", that it is open again",
        Reason::CauseChanged => ", that its cause changed",
        Reason::StoodDown => ", that it was stood down",
    };
    let to = match notice.receiver {
        Receiver::Person => name,
        Receiver::Webhook => "the webhook",
    };
    html! { "To " (to) (about) ": " (notice_log::outcome(notice, now)) }
}

fn history(page: &EscalationPage<'_>) -> Markup {
    let raised = &page.escalation.raised;
    html! {
        h2.govuk-heading-m { "History" }
        ol.ds-timeline {
            (step(raised.escalation.since, "The ground for this arose", None, page.now))
            @for (entry, by) in &page.escalation.history {
                (happened(entry, by.as_deref(), page.now))
            }
        }
    }
}

fn step(at: DateTime<Utc>, what: &str, by: Option<&str>, now: DateTime<Utc>) -> Markup {
    html! {
        li.ds-timeline__entry {
            p.ds-timeline__when { (parts::instant(at, &times::short(at, now))) }
            p.ds-timeline__detail { (what) @if let Some(by) = by { " by " (by) } }
        }
    }
}

/// An entry of the ledger's history. Whom it names did it, or was told.
fn happened(entry: &HistoryEntry, name: Option<&str>, now: DateTime<Utc>) -> Markup {
    let note = entry.note.as_deref().unwrap_or_default();
    match (entry.what.as_str(), name) {
        ("told", Some(name)) => step(entry.at, &format!("{name} was told, {note}"), None, now),
        ("notice-failed", Some(name)) => {
            step(entry.at, &format!("No notice reached {name} yet: {note}"), None, now)
        }
        ("raised" | "stood-down", _) if !note.is_empty() => {
            step(entry.at, &format!("{}: {note}", event_words(entry)), name, now)
        }
        _ => step(entry.at, event_words(entry), name, now),
    }
}

/// What an entry of the ledger's history says to people.
fn event_words(entry: &HistoryEntry) -> &str {
    match entry.what.as_str() {
        "raised" => "The records reached us and it was raised",
        "updated" => "Brought up to date after a later or corrected record",
        "discharged" => "Met: what was owed is done",
        "stood-down" => "Stood down: its ground has gone",
        "reopened" => "Open again",
        "acknowledged" => "Acknowledged",
        "passed-on" => "Passed on: nobody had acknowledged it in time",
        "handed-over" => "Handed over",
        "addressed-again" => "Given to somebody else: the addressee no longer works here",
        "notice-sent" => "A notice was handed over",
        "notice-failed" => "A notice could not be delivered",
        other => other,
    }
}
