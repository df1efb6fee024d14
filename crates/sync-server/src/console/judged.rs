//! How a duty was judged, in the sentences that the device shows too: the clause and where it
//! stands, what it rests on, how its limit was computed, what was not counted, which times were
//! trusted.

use doorstep_core::ids::EventId;
use doorstep_core::policy::{Account, Explanation, Policy, Source, TimeSource};
use maud::{Markup, html};

use super::gather::{EscalationFile, Recorded, events};
use super::text::text;
use super::words;

/// The account of the child's duties, with the explanation of the one that an escalation is about.
#[derive(Debug)]
pub struct Judged {
    account: Account,
    duty: Option<Explanation>,
}

/// The records of a child as the policy was given them.
struct Records<'a>(&'a [Recorded]);

impl Source for Records<'_> {
    fn name(&self, _: EventId) -> Option<String> {
        None
    }

    fn time(&self, event: EventId) -> TimeSource {
        let earlier = |record: &Recorded| record.timing.limits_from < record.body.event.at;
        let record = self.0.iter().find(|record| record.body.event.id == event);
        if record.is_some_and(earlier) { TimeSource::Earlier } else { TimeSource::Stated }
    }
}

/// Gives an account of an escalation; none where the child was never judged.
pub fn of(policy: &Policy, file: &EscalationFile) -> Option<Judged> {
    let assessment = file.file.assessment.as_ref()?;
    let escalation = &file.raised.escalation;
    let records = &file.file.records;
    let events = events(records);
    let mut account = policy.explain(assessment, &events, &Records(records));
    let place = assessment
        .duties
        .iter()
        .position(|duty| duty.clause == escalation.clause && duty.cause == escalation.cause);
    let duty = place.map(|place| account.duties.swap_remove(place));
    Some(Judged { account, duty })
}

/// The account, folded up until somebody asks for it.
pub fn draw(judged: &Judged) -> Markup {
    html! {
        details.govuk-details {
            summary.govuk-details__summary {
                span.govuk-details__summary-text { (text!("judged-how-was-judged")) }
            }
            div.govuk-details__text {
                @if let Some(duty) = &judged.duty {
                    (rows(duty))
                }
                p { (words::sentence_case(&judged.account.counted)) "." }
                @if !judged.account.not_counted.is_empty() {
                    p { (text!("judged-not-counted")) }
                    (list(&judged.account.not_counted))
                }
                p { (words::sentence_case(&judged.account.times)) "." }
            }
        }
    }
}

fn rows(duty: &Explanation) -> Markup {
    html! {
        p { strong { (duty.clause) } " · " (duty.citation) }
        p { (duty.sentence) }
        p {
            (text!("judged-owed-by", who = duty.owed_by.as_str(), state = duty.state.as_str(),
                reason = duty.reason.as_str()))
        }
        (list(&duty.because))
        @if !duty.settled_by.is_empty() {
            p { (text!("judged-settled-by")) }
            (list(&duty.settled_by))
        }
        @if let Some(limit) = &duty.limit {
            p { (text!("judged-limit", limit = limit.as_str())) }
        }
        p {
            (text!("judged-pack", pack = duty.pack.id.to_string(),
                version = duty.pack.version.to_string()))
        }
    }
}

fn list(lines: &[String]) -> Markup {
    html! {
        ul.govuk-list.govuk-list--bullet {
            @for line in lines {
                li { (words::sentence_case(line)) }
            }
        }
    }
}
