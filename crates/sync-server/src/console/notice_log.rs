//! How notices are drawn: what became of each, and the delivery log.

use chrono::{DateTime, Utc};
use maud::{Markup, html};

use super::text::{rich, text};
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
        let name = tx.person(notice.person)?.map_or_else(String::new, |person| person.name.into());
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
    let columns = [
        text!("notices-written"),
        text!("notices-to"),
        text!("notices-about"),
        text!("notices-became"),
    ];
    let rows: Vec<_> = entries.iter().map(|entry| row(entry, now)).collect();
    parts::table(&text!("notices-latest-first"), &columns, &rows)
}

fn row(entry: &Entry, now: DateTime<Utc>) -> Vec<Markup> {
    let Entry { notice, name, attempts } = entry;
    vec![
        parts::instant(notice.written, &times::short(notice.written, now)),
        html! {
            (name)
            @if notice.receiver == Receiver::Webhook {
                br; span.govuk-hint { (text!("notices-by-webhook")) }
            }
        },
        html! {
            a.govuk-link href=(format!("/escalations/{}", notice.escalation)) {
                (about(notice.reason))
                span.govuk-visually-hidden {
                    (text!("notices-about-whom", person = name.as_str(),
                        when = times::short(notice.written, now)))
                }
            }
        },
        html! {
            (outcome(notice, now))
            @if attempts.len() > 1 {
                details."govuk-details ds-attempts" {
                    summary.govuk-details__summary {
                        span.govuk-details__summary-text {
                            (text!("notices-attempts", count = attempts.len()))
                        }
                    }
                    ol."govuk-list govuk-details__text" {
                        @for attempt in attempts { li { (tried(attempt, now)) } }
                    }
                }
            }
        },
    ]
}

fn about(reason: Reason) -> String {
    match reason {
        Reason::Raised => text!("notices-escalation-raised"),
        Reason::MoreUrgent => text!("notices-became-more-urgent"),
        Reason::Reopened => text!("notices-open-again"),
        Reason::CauseChanged => text!("notices-cause-changed"),
        Reason::StoodDown => text!("notices-stood-down"),
    }
}

fn tried(attempt: &Attempt, now: DateTime<Utc>) -> Markup {
    html! {
        (parts::instant(attempt.at, &times::short(attempt.at, now))) " " (attempt.channel.name())
        ": "
        @match attempt.upshot {
            Upshot::Delivered => { "delivered" }
            Upshot::Accepted => { (text!("notices-handed-over-2")) }
            Upshot::Failed | Upshot::Refused => {
                @match attempt.why.as_deref() {
                    Some(why) => (why),
                    None => (text!("notices-failed")),
                }
            }
        }
    }
}

/// What became of a notice, as a sentence's end.
pub fn outcome(notice: &Notice, now: DateTime<Utc>) -> Markup {
    let since = parts::instant(notice.since, &times::short(notice.since, now));
    let error = notice.last_error.as_deref().unwrap_or_default();
    html! {
        @match &notice.state {
            NoticeState::Delivered(channel) => {
                (rich!("notices-delivered", when = since, way = channel.name()))
            }
            NoticeState::Accepted { channel, .. } => {
                (rich!("notices-handed-over", when = since, way = channel.name()))
            }
            NoticeState::NotNeeded => { (text!("notices-not-sent-there-was")) }
            NoticeState::GivenUp => {
                strong { (text!("notices-given-up")) } " "
                (rich!("notices-given-up-when", when = since, why = error))
            }
            NoticeState::Waiting { next } if notice.failures > 0 => {
                @let state = html! { strong { (text!("notices-not-delivered")) } };
                @if *next <= now { (rich!("notices-try-now", state = state, why = error)) }
                @else {
                    (rich!("notices-try", state = state, why = error,
                        when = parts::instant(*next, &times::short(*next, now))))
                }
            }
            NoticeState::Waiting { next } if *next > now => {
                @let when = parts::instant(*next, &times::short(*next, now));
                @if notice.digest.is_some() { (rich!("notices-goes-with-others", when = when)) }
                @else { (rich!("notices-goes", when = when)) }
            }
            NoticeState::Waiting { .. } => { (text!("notices-waiting-go-out")) }
        }
    }
}
