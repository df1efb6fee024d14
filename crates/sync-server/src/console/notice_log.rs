//! How notices are drawn: what became of each, and the delivery log.

use chrono::{DateTime, Utc};
use maud::{Markup, html};

use super::{parts, times};
use crate::store::notices::{Attempt, Notice, NoticeState, Reason, Receiver, Upshot};
use crate::store::{StoreError, Tx};

/// A notice with its attempts and the name of who is told.
pub struct Entry {
    notice: Notice,
    name: String,
    attempts: Vec<Attempt>,
}

impl Entry {
    /// Gathers what belongs to a notice.
    pub fn gather(tx: &dyn Tx, notice: Notice) -> Result<Self, StoreError> {
        let name = tx.person(notice.person)?.map_or_else(String::new, |person| person.name);
        let attempts = tx.attempts(&notice.key)?;
        Ok(Self { notice, name, attempts })
    }

    /// Whether it failed, and nobody has received it.
    pub fn is_stuck(&self) -> bool {
        let waits = self.notice.state.next().is_some();
        self.notice.state == NoticeState::GivenUp || (waits && self.notice.failures > 0)
    }
}

/// The delivery log.
pub fn table(entries: &[Entry], now: DateTime<Utc>) -> Markup {
    let columns = ["Written", "To", "About", "What became of it"];
    let rows: Vec<_> = entries.iter().map(|entry| row(entry, now)).collect();
    parts::table("The latest first", &columns, &rows)
}

fn row(entry: &Entry, now: DateTime<Utc>) -> Vec<Markup> {
    let Entry { notice, name, attempts } = entry;
    vec![
        parts::instant(notice.written, &times::short(notice.written, now)),
        html! {
            (name)
            @if notice.receiver == Receiver::Webhook { br; span.govuk-hint { "by the webhook" } }
        },
        html! {
            a.govuk-link href=(format!("/escalations/{}", notice.escalation)) {
                (about(notice.reason))
                span.govuk-visually-hidden {
                    ", to " (name) ", " (times::short(notice.written, now))
                }
            }
        },
        html! {
            (outcome(notice, now))
            @if attempts.len() > 1 {
                details."govuk-details ds-attempts" {
                    summary.govuk-details__summary {
                        span.govuk-details__summary-text { (attempts.len()) " attempts" }
                    }
                    ol."govuk-list govuk-details__text" {
                        @for attempt in attempts { li { (tried(attempt, now)) } }
                    }
                }
            }
        },
    ]
}

const fn about(reason: Reason) -> &'static str {
    match reason {
        Reason::Raised => "Escalation raised",
        Reason::MoreUrgent => "Became more urgent",
        Reason::Reopened => "Open again",
        Reason::CauseChanged => "Cause changed",
        Reason::StoodDown => "Stood down",
    }
}

fn tried(attempt: &Attempt, now: DateTime<Utc>) -> Markup {
    html! {
        (parts::instant(attempt.at, &times::short(attempt.at, now))) " " (attempt.channel.name())
        ": "
        @match attempt.upshot {
            Upshot::Delivered => { "delivered" }
            Upshot::Accepted => { "handed over" }
            Upshot::Failed | Upshot::Refused => { (attempt.why.as_deref().unwrap_or("failed")) }
        }
    }
}

/// What became of a notice, as a sentence's end.
pub fn outcome(notice: &Notice, now: DateTime<Utc>) -> Markup {
    let since = parts::instant(notice.since, &times::short(notice.since, now));
    let error = notice.last_error.as_deref().unwrap_or_default();
    html! {
        @match &notice.state {
            NoticeState::Delivered(channel) => { "delivered " (since) " by " (channel.name()) }
            NoticeState::Accepted { channel, .. } => {
                "handed over " (since) " as " (channel.name()) ", no word yet"
            }
            NoticeState::NotNeeded => { "not sent, there was nothing to tell any more" }
            NoticeState::GivenUp => { strong { "given up" } " " (since) " (" (error) ")" }
            NoticeState::Waiting { next } if notice.failures > 0 => {
                strong { "not delivered" } ", next try "
                @if *next <= now { "at once" } @else {
                    (parts::instant(*next, &times::short(*next, now)))
                }
                " (" (error) ")"
            }
            NoticeState::Waiting { next } if *next > now => {
                @if notice.digest.is_some() { "goes out with others " } @else { "goes out " }
                (parts::instant(*next, &times::short(*next, now)))
            }
            NoticeState::Waiting { .. } => { "waiting to go out" }
        }
    }
}
