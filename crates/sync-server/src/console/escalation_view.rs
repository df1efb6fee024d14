//! How one escalation is drawn.

use chrono::{DateTime, Utc};
use doorstep_core::assessment::{Assessment, Duty};
use maud::{Markup, html};

use super::gather::{EscalationFile, Recorded};
use super::judged::{self, Judged};
use super::page::csrf_field;
use super::record::{self, Offer};
use super::text::{rich, text};
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
        span.govuk-caption-l {
            (text!("escalation-caption", clause = raised.escalation.clause.to_string()))
        }
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
        h2.govuk-heading-m { (text!("escalation-why-you-are-told")) }
        (parts::summary_list(&why_rows(page)))
        @if let Some(judged) = &page.judged {
            (judged::draw(judged))
        }
        h2.govuk-heading-m { (text!("escalation-timeline")) }
        (timeline::timeline(&page.escalation.file.records, page.now))
        (child_view::duties(&text!("escalation-what-else-owed"), &others, page.now))
        p.govuk-body {
            a.govuk-link href=(format!("/children/{}", raised.child)) {
                (text!("escalation-open-record", child = raised.child_name.as_str()))
            }
        }
    }
}

fn notice(page: &EscalationPage<'_>) -> Markup {
    if page.said == Said::HandedOver {
        let to = page.escalation.raised.addressee_name.as_str();
        return parts::done_banner(&html! {
            p.govuk-notification-banner__heading {
                (text!("escalation-handed-over-to", person = to))
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
            p.govuk-notification-banner__heading {
                (text!("escalation-you-acknowledged", when = when))
            }
            p.govuk-body {
                @if page.owed() {
                    (text!("escalation-stays-open")) " "
                }
                a.govuk-notification-banner__link href="/inbox" { (text!("escalation-back-inbox")) }
            }
        }),
        Said::SomebodyWasFirst => html! {
            div.govuk-notification-banner role="alert" aria-labelledby="banner-title"
                data-module="govuk-notification-banner" {
                div.govuk-notification-banner__header {
                    h2.govuk-notification-banner__title #banner-title {
                        (text!("escalation-already-acknowledged"))
                    }
                }
                div.govuk-notification-banner__content {
                    p.govuk-notification-banner__heading {
                        (text!("escalation-was-first", person = first.name.as_str(), when = when))
                    }
                    p.govuk-body { (text!("escalation-there-nothing-more-do")) }
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
        section.ds-panel .(format!("ds-panel--{}",
            pressure.as_str())) aria-label=(text!("escalation-now")) {
            (parts::limit(raised.escalation.due, owed, page.now))
            @match &raised.acknowledged {
                Some(first) => {
                    p.govuk-body-s {
                        (rich!("escalation-acknowledged-by",
                            person = html! { strong { (first.name) } },
                            when = parts::instant(first.at, &times::short(first.at, page.now))))
                    }
                }
                None if raised.stage().wants_acknowledging() => {
                    form method="post" action=(format!("/escalations/{}/acknowledge", raised.id)) {
                        (csrf_field(page.csrf))
                        button.govuk-button data-module="govuk-button"
                            data-prevent-double-click="true" { (text!("escalation-acknowledge")) }
                    }
                    p.govuk-body-s {
                        (text!("escalation-says-you-have-seen"))
                    }
                }
                None => {
                    p.govuk-body-s { (text!("escalation-its-ground-has-gone")) }
                }
            }
        }
    }
}

fn why_rows(page: &EscalationPage<'_>) -> Vec<(String, Markup)> {
    let raised = &page.escalation.raised;
    let escalation = &raised.escalation;
    let mut rows = vec![(
        text!("escalation-why"),
        html! { (words::sentence_case(escalation.reason.as_str())) },
    )];
    rows.push((text!("escalation-records"), evidence(page)));
    rows.push((text!("escalation-clause"), clause(page)));
    if let Some(due) = page.duty().and_then(|duty| duty.due.as_ref()) {
        rows.push((
            text!("escalation-limit"),
            html! {
                (rich!("escalation-limit-by",
                    when = parts::instant(due.at, &times::deadline(due.at, page.now))))
                br;
                span.govuk-hint { (words::sentence_case(&times::computed(due))) }
            },
        ));
    }
    rows.push((text!("escalation-ground"), html! { (words::ground(escalation.ground)) }));
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
            ": "
            (text!("escalation-owed-by", modality = words::modality(duty.modality),
                role = words::role(duty.owner)))
            br;
            span.govuk-hint {
                (text!("escalation-pack", pack = words::plain(&duty.pack.id),
                    version = duty.pack.version.to_string()))
            }
        }
    }
}

fn evidence(page: &EscalationPage<'_>) -> Markup {
    html! {
        ul.govuk-list {
            @for record in &page.escalation.raised.evidence {
                li {
                    (rich!("escalation-evidence", record = evidence_link(record, page.now),
                        person = record.person))
                }
            }
        }
    }
}

fn evidence_link(record: &Recorded, now: DateTime<Utc>) -> Markup {
    html! {
        a.govuk-link href=(format!("#{}", timeline::anchor(record.body.event.id))) {
            (words::sentence_case(&timeline::brief(record, now)))
        }
    }
}

fn told(page: &EscalationPage<'_>) -> Markup {
    let raised = &page.escalation.raised;
    html! {
        h2.govuk-heading-m { (text!("escalation-who-told")) }
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
    let to = match notice.receiver {
        Receiver::Person => name.to_owned(),
        Receiver::Webhook => text!("escalation-webhook"),
    };
    let key = match notice.reason {
        Reason::Raised => "escalation-sent",
        Reason::MoreUrgent => "escalation-sent-more-urgent",
        Reason::Reopened => "escalation-sent-reopened",
        Reason::CauseChanged => "escalation-sent-cause-changed",
        Reason::StoodDown => "escalation-sent-stood-down",
    };
    rich!(key, to = to, outcome = notice_log::outcome(notice, now))
}

fn history(page: &EscalationPage<'_>) -> Markup {
    let raised = &page.escalation.raised;
    html! {
        h2.govuk-heading-m { (text!("escalation-history")) }
        ol.ds-timeline {
            (step(raised.escalation.since, &text!("escalation-ground-for-arose"), None, page.now))
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
            p.ds-timeline__detail {
                @match by {
                    Some(by) => (text!("escalation-step-by", what = what, person = by)),
                    None => (what),
                }
            }
        }
    }
}

/// An entry of the ledger's history. Whom it names did it, or was told.
fn happened(entry: &HistoryEntry, name: Option<&str>, now: DateTime<Utc>) -> Markup {
    let note = entry.note.as_deref().unwrap_or_default();
    match (entry.what.as_str(), name) {
        ("told", Some(name)) => {
            step(entry.at, &text!("escalation-told", person = name, how = note), None, now)
        }
        ("notice-failed", Some(name)) => {
            let words = text!("escalation-not-reached", person = name, why = note);
            step(entry.at, &words, None, now)
        }
        ("raised" | "stood-down", _) if !note.is_empty() => {
            let what = event_words(entry);
            let words = text!("escalation-with-note", what = what, note = note);
            step(entry.at, &words, name, now)
        }
        _ => step(entry.at, &event_words(entry), name, now),
    }
}

/// What an entry of the ledger's history says to people.
fn event_words(entry: &HistoryEntry) -> String {
    match entry.what.as_str() {
        "raised" => text!("escalation-records-reached-us-was"),
        "updated" => text!("escalation-brought-up-date-after"),
        "discharged" => text!("escalation-met-what-was-owed"),
        "stood-down" => text!("escalation-stood-down-its-ground"),
        "reopened" => text!("escalation-open-again"),
        "acknowledged" => text!("escalation-acknowledged"),
        "passed-on" => text!("escalation-passed-on-nobody-had"),
        "handed-over" => text!("escalation-handed-over"),
        "addressed-again" => text!("escalation-given-somebody-else-addressee"),
        "asked-again" => text!("escalation-asked-again-holder-gone"),
        "notice-sent" => text!("escalation-notice-was-handed-over"),
        "notice-failed" => text!("escalation-notice-could-not-be"),
        other => other.to_owned(),
    }
}
