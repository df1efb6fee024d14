//! The questions of the form, one a page.

use std::collections::BTreeSet;

use doorstep_core::describe::{self, sentence_case, times};
use doorstep_core::event::{
    ArrangedBy, CommunicationNeed, ConcernLevel, Form, Known, Question, Step,
};
use doorstep_core::wire::ChildCard;
use maud::{Markup, html};

use super::super::calls::dial;
use super::super::children::at_same_address;
use super::super::{Asked, Problem};
use super::form::{Ask, ReplyBy, Result as CameOf, Visit, Written};
use super::{names, photo};
use crate::page::{Page, Section};
use crate::parts::{self, Choice, Choices, Faults, Input, Pick, Row};
use crate::text::text;

/// Draws a question.
pub fn page(
    asked: &mut Asked<'_>,
    id: &str,
    visit: &Visit,
    ask: Ask,
    faults: &Faults,
) -> Result<Page, Problem> {
    let (title, content, button) = match ask {
        Ask::Children => (text!("record-children"), children(asked, visit, faults)?, true),
        Ask::Result => (text!("record-result"), came_of(visit, faults), false),
        Ask::Steps => (text!("record-steps"), steps(asked, visit, faults)?, true),
        Ask::ContactBy => (text!("record-reply"), contact_by(visit, faults), true),
        Ask::Concern => (text!("record-concern"), concern(asked, visit, faults)?, true),
        Ask::Seen => (text!("record-seen"), seen(visit, faults), true),
        Ask::When => (text!("record-when"), when(visit, faults), true),
        Ask::Arranged => (text!("record-arranged"), arranged(visit, faults), true),
        Ask::Check => return check(asked, id, visit, faults),
    };
    let path = asked.at(&format!("/record/{id}/{}", ask.as_str()));
    let about = names(asked, &visit.children)?;
    let happened = times::spoken(visit.at, asked.now);
    let content = html! {
        (faults.summary())
        p.govuk-caption-l {
            @if ask == Ask::Children { (text!("record-caption")) }
            @else { (text!("record-about", names = about, at = happened)) }
        }
        form method="post" action=(path) data-keep=(format!("{path}/keep")) novalidate {
            (content)
            p.govuk-error-message data-unkept hidden role="alert" { (text!("record-unkept")) }
            @if button { (parts::button(&text!("continue"))) }
        }
        (discard(asked, id))
    };
    let back = before(visit, ask).map(|ask| format!("/record/{id}/{}", ask.as_str()));
    let page = Page::new(Section::Elsewhere, title, content);
    Ok(page.back(back.unwrap_or_else(|| "/".to_owned()), text!("back")))
}

/// The question before this one, on the way that this visit takes.
fn before(visit: &Visit, ask: Ask) -> Option<Ask> {
    match ask {
        Ask::Children => None,
        Ask::Result => Some(Ask::Children),
        Ask::Steps | Ask::Seen => Some(Ask::Result),
        Ask::Concern if visit.left_something() => Some(Ask::ContactBy),
        Ask::ContactBy | Ask::Concern => Some(Ask::Steps),
        Ask::When | Ask::Arranged => Some(Ask::Check),
        Ask::Check if visit.result == Some(CameOf::Seen) => Some(Ask::Seen),
        Ask::Check => Some(Ask::Concern),
    }
}

fn discard(asked: &Asked<'_>, id: &str) -> Markup {
    html! {
        p {
            a.df-discard href=(asked.at(&format!("/record/{id}/discard"))) {
                (text!("record-discard"))
            }
        }
    }
}

fn children(asked: &mut Asked<'_>, visit: &Visit, faults: &Faults) -> Result<Markup, Problem> {
    let cards = if asked.is_readable() {
        asked.open.judged.cards(&asked.open.store)?
    } else {
        let chosen =
            visit.children.iter().filter_map(|child| asked.store().child(*child).transpose());
        chosen.collect::<Result<_, _>>()?
    };
    let mut near: BTreeSet<_> = visit.children.clone();
    for card in cards.iter().filter(|card| visit.children.contains(&card.id)) {
        near.extend(at_same_address(&cards, card));
    }
    let is_planned = |card: &ChildCard| {
        let today = doorstep_core::time::local_date(asked.now);
        card.visits.iter().any(|visit| doorstep_core::time::local_date(visit.at) == today)
    };
    let mut cards: Vec<_> = cards.iter().collect();
    cards.sort_by_key(|card| (!near.contains(&card.id), !is_planned(card)));
    let choices: Vec<_> = cards
        .into_iter()
        .map(|card| {
            let address = card.address.clone().filter(|_| !card.address_protected);
            Choice::new(card.id.to_string(), card.name.clone(), visit.children.contains(&card.id))
                .with(address)
        })
        .collect();
    let question = Choices {
        name: "child",
        legend: &text!("record-children"),
        is_title: true,
        hint: Some(&text!("record-children-hint")),
        pick: Pick::Any,
    };
    Ok(question.draw(&choices, faults))
}

/// Each answer is a button: one tap, and on to the next question.
fn came_of(visit: &Visit, faults: &Faults) -> Markup {
    html! {
        h1.govuk-heading-l #result tabindex="-1" { (text!("record-result")) }
        @if let Some(words) = faults.of("result") { p.govuk-error-message { (words) } }
        @for result in CameOf::all() {
            button.df-choice name="result" value=(result)
                aria-pressed=[(visit.result == Some(result)).then_some("true")] {
                (result_words(result))
            }
        }
    }
}

/// What came of a visit, as somebody who was there says it.
pub fn result_words(result: CameOf) -> String {
    text!(&format!("result-{result}"))
}

/// The steps that are asked about after each form.
fn steps_for(form: Form) -> &'static [Step] {
    match form {
        Form::NoResponse => Step::ALL,
        Form::RefusedByParentOrCarer | Form::RefusedByThirdParty | Form::Doorstep => &[
            Step::FamilyPhoned,
            Step::PhoneNotPossible,
            Step::InterpreterUsed,
            Step::CardLeft,
            Step::LetterLeft,
        ],
        Form::WasNotBrought | Form::ChildUnseen => {
            &[Step::FamilyPhoned, Step::PhoneNotPossible, Step::InterpreterUsed, Step::LetterLeft]
        }
    }
}

fn steps(asked: &Asked<'_>, visit: &Visit, faults: &Faults) -> Result<Markup, Problem> {
    let form = match visit.result {
        Some(CameOf::Failed(form)) => form,
        _ => Form::NoResponse,
    };
    let taken = visit.steps.clone().unwrap_or_default();
    let mut phone = None;
    let mut needs = BTreeSet::new();
    for child in &visit.children {
        let Some(card) = asked.store().child(*child)? else { continue };
        phone = phone.or(card.phone);
        needs.extend(card.record.communication_needs);
    }
    let choices: Vec<_> = steps_for(form)
        .iter()
        .map(|step| {
            let hint = match step {
                Step::FamilyPhoned => {
                    phone.as_ref().map(|phone| text!("step-phone-hint", phone = phone.as_str()))
                }
                Step::InterpreterUsed => needs
                    .contains(&CommunicationNeed::Interpreter)
                    .then(|| text!("step-interpreter-hint")),
                Step::CardLeft | Step::LetterLeft => needs
                    .contains(&CommunicationNeed::DoesNotRead)
                    .then(|| text!("step-does-not-read-hint")),
                _ => None,
            };
            Choice::new(step.as_str(), text!(&format!("step-{step}")), taken.contains(step))
                .with(hint)
        })
        .collect();
    let question = Choices {
        name: "step",
        legend: &text!("record-steps"),
        is_title: true,
        hint: Some(&text!("record-steps-hint")),
        pick: Pick::Any,
    };
    Ok(html! {
        @if let Some(phone) = &phone {
            a.df-phone href=(dial(phone)) { (text!("step-phone-now", phone = phone.as_str())) }
        }
        (question.draw(&choices, faults))
    })
}

fn contact_by(visit: &Visit, faults: &Faults) -> Markup {
    let choices: Vec<_> = ReplyBy::ALL
        .into_iter()
        .map(|by| {
            let word = by.as_str();
            Choice::new(word, text!(&format!("reply-{word}")), visit.reply_by == Some(by))
        })
        .collect();
    let question = Choices {
        name: "reply-by",
        legend: &text!("record-reply"),
        is_title: true,
        hint: Some(&text!("record-reply-hint")),
        pick: Pick::One,
    };
    let other = date_and_time("reply", &visit.reply_at, faults);
    html! {
        (question.draw(&choices, faults))
        (parts::details(&text!("reply-other-time"), &other))
    }
}

fn date_and_time(name: &str, written: &Written, faults: &Faults) -> Markup {
    let (date, time) = (format!("{name}-date"), format!("{name}-time"));
    html! {
        (Input {
            name: &date,
            label: &text!("date"),
            value: &written.date,
            kind: "date",
            width: Some("10"),
            ..Input::default()
        }.draw(faults))
        (Input {
            name: &time,
            label: &text!("time"),
            value: &written.time,
            kind: "time",
            width: Some("5"),
            ..Input::default()
        }.draw(faults))
    }
}

fn concern(asked: &mut Asked<'_>, visit: &Visit, faults: &Faults) -> Result<Markup, Problem> {
    let mut known: BTreeSet<Question> = BTreeSet::new();
    for child in &visit.children {
        if let Some(card) = asked.store().child(*child)?.filter(|_| asked.is_readable()) {
            let role = asked.me.person.role;
            let child = asked.open.judged.child(&asked.open.store, &card, role, asked.now)?;
            known.extend(&child.assessment.answered);
        }
    }
    let answers = visit.answers.as_ref().unwrap_or(&known);
    let levels: Vec<_> = ConcernLevel::ALL
        .iter()
        .map(|level| {
            let hint =
                (*level == ConcernLevel::ChildProtectionIssue).then(|| text!("concern-hint"));
            Choice::new(
                level.as_str(),
                text!(&format!("concern-{level}")),
                visit.concern == Some(*level),
            )
            .with(hint)
        })
        .collect();
    let questions: Vec<_> = Question::ALL
        .iter()
        .map(|of| {
            let hint = known.contains(of).then(|| text!("question-known"));
            let label = text!(&format!("question-{}", of.as_str().replace('.', "-")));
            Choice::new(of.as_str(), label, answers.contains(of)).with(hint)
        })
        .collect();
    let level = Choices {
        name: "concern",
        legend: &text!("record-concern"),
        is_title: true,
        hint: Some(&text!("record-concern-hint")),
        pick: Pick::One,
    };
    let question = Choices {
        name: "answer",
        legend: &text!("record-questions"),
        is_title: false,
        hint: Some(&text!("record-questions-hint")),
        pick: Pick::Any,
    };
    let prevented = Choices {
        name: "prevented",
        legend: &text!("record-prevented"),
        is_title: false,
        hint: None,
        pick: Pick::Any,
    };
    let yes = [Choice::new("yes", text!("record-prevented-yes"), visit.prevented)];
    Ok(html! {
        (level.draw(&levels, faults))
        (question.draw(&questions, faults))
        (prevented.draw(&yes, faults))
        (parts::textarea("note", &text!("record-note"), Some(&text!("record-note-hint")),
            &visit.note, faults))
    })
}

fn seen(visit: &Visit, faults: &Faults) -> Markup {
    let choices: Vec<_> = Known::ALL
        .iter()
        .map(|known| {
            Choice::new(
                known.as_str(),
                text!(&format!("needs-{known}")),
                visit.needs_met == Some(*known),
            )
        })
        .collect();
    let question = Choices {
        name: "needs-met",
        legend: &text!("record-seen"),
        is_title: true,
        hint: Some(&text!("record-seen-hint")),
        pick: Pick::One,
    };
    let distance = Choices {
        name: "from-distance",
        legend: &text!("record-distance"),
        is_title: false,
        hint: None,
        pick: Pick::Any,
    };
    let yes = [Choice::new("yes", text!("record-distance-yes"), visit.from_distance)];
    html! { (question.draw(&choices, faults)) (distance.draw(&yes, faults)) }
}

fn when(visit: &Visit, faults: &Faults) -> Markup {
    html! {
        h1.govuk-heading-l tabindex="-1" { (text!("record-when")) }
        (date_and_time("at", &Written::at(visit.at), faults))
    }
}

fn arranged(visit: &Visit, faults: &Faults) -> Markup {
    let expected = Choices {
        name: "expected",
        legend: &text!("record-expected"),
        is_title: false,
        hint: Some(&text!("record-expected-hint")),
        pick: Pick::One,
    };
    let how = Choices {
        name: "arranged",
        legend: &text!("record-how"),
        is_title: false,
        hint: None,
        pick: Pick::One,
    };
    let hows: Vec<_> = ArrangedBy::ALL
        .iter()
        .map(|by| {
            Choice::new(
                by.as_str(),
                text!(&format!("arranged-{by}")),
                visit.arranged_by == Some(*by),
            )
        })
        .collect();
    let agreed = Choices {
        name: "agreed",
        legend: &text!("record-agreed"),
        is_title: false,
        hint: None,
        pick: Pick::Any,
    };
    html! {
        h1.govuk-heading-l tabindex="-1" { (text!("record-arranged")) }
        (expected.draw(&[
            Choice::new("yes", text!("yes"), !visit.unannounced),
            Choice::new("no", text!("no"), visit.unannounced),
        ], faults))
        (how.draw(&hows, faults))
        (agreed.draw(&[Choice::new("yes", text!("record-agreed-yes"), visit.agreed)], faults))
    }
}

/// Everything that was answered, before it is saved.
fn check(asked: &mut Asked<'_>, id: &str, visit: &Visit, faults: &Faults) -> Result<Page, Problem> {
    let title = text!("record-check");
    let rows = check_rows(asked, id, visit)?;
    let settles = asked.settles_in_seconds();
    let missing = visit.next();
    let content = html! {
        (faults.summary())
        h1.govuk-heading-l tabindex="-1" { (title) }
        (parts::summary_list(&rows))
        // Not beside the countdown: a page with a field in it does not change by itself.
        @if settles.is_none() { (photo::block(asked, id, visit, faults)?) }
        @if visit.is_ahead(asked.now) { p.govuk-inset-text { (text!("record-ahead")) } }
        @if let Some(seconds) = settles {
            p.govuk-inset-text role="status" { (text!("record-settling", seconds = seconds)) }
        } @else if missing == Ask::Check {
            form method="post" action=(asked.at(&format!("/record/{id}/save"))) {
                (parts::button(&text!("record-save")))
            }
        } @else {
            @let path = format!("/record/{id}/{}", missing.as_str());
            a."govuk-button df-wide" href=(asked.at(&path)) {
                (text!("record-missing"))
            }
        }
        (discard(asked, id))
    };
    let mut page = Page::new(Section::Elsewhere, title, content);
    page.again_ms = settles.map(|_| 1000);
    let back = before(visit, Ask::Check).map_or("", Ask::as_str);
    Ok(page.back(format!("/record/{id}/{back}"), text!("back")))
}

fn check_rows(asked: &Asked<'_>, id: &str, visit: &Visit) -> Result<Vec<Row>, Problem> {
    let at = |ask: Ask| asked.at(&format!("/record/{id}/{}", ask.as_str()));
    let row = |key: &str, value: String, ask: Ask| {
        Row::changed_at(text!(key), html! { (value) }, at(ask))
    };
    let mut rows = vec![
        row("check-children", names(asked, &visit.children)?, Ask::Children),
        row("check-when", sentence_case(&times::spoken(visit.at, asked.now)), Ask::When),
        row(
            "check-result",
            visit.result.map_or_else(|| text!("check-open"), result_words),
            Ask::Result,
        ),
    ];
    if visit.result == Some(CameOf::Seen) {
        let needs = visit
            .needs_met
            .map_or_else(|| text!("check-open"), |known| text!(&format!("needs-{known}")));
        rows.push(row("check-needs", needs, Ask::Seen));
        if visit.from_distance {
            rows.push(row("check-distance", text!("yes"), Ask::Seen));
        }
        return Ok(rows);
    }
    let steps: Vec<_> = visit.steps.iter().flatten().map(|step| describe::step(*step)).collect();
    let steps =
        if steps.is_empty() { text!("check-no-steps") } else { sentence_case(&steps.join(", ")) };
    rows.push(row("check-steps", steps, Ask::Steps));
    if visit.left_something() {
        let by = visit
            .contact_by()
            .map_or_else(|| text!("reply-unstated"), |by| times::spoken(by, asked.now));
        rows.push(row("check-reply", by, Ask::ContactBy));
    }
    let level = visit
        .concern
        .map_or_else(|| text!("check-open"), |level| text!(&format!("concern-{level}")));
    rows.push(row("check-concern", level, Ask::Concern));
    let answers: Vec<_> =
        visit.answers.iter().flatten().map(|of| describe::question(*of)).collect();
    if !answers.is_empty() {
        rows.push(row("check-answers", sentence_case(&answers.join("; ")), Ask::Concern));
    }
    if visit.prevented {
        rows.push(row("check-prevented", text!("yes"), Ask::Concern));
    }
    if !visit.note.is_empty() {
        rows.push(row("check-note", visit.note.clone(), Ask::Concern));
    }
    let planned =
        if visit.unannounced { text!("check-unannounced") } else { text!("check-planned") };
    rows.push(row("check-arranged", planned, Ask::Arranged));
    Ok(rows)
}
