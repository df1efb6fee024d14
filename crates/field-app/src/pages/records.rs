//! Records: everything that this device made, where each stands, and putting one right.

use std::collections::BTreeSet;

use doorstep_core::describe::{facts, form as form_words, sentence_case, times, title};
use doorstep_core::event::{
    ConcernLevel, Corrected, Event, FailedContact, Form, Known, Step, What, Withdrawn,
};
use doorstep_core::history::History;
use doorstep_core::ids::EventId;
use doorstep_device_store::{Draft, Held, RecordState, Source, TEXT_CHARS_MAX};
use maud::{Markup, html};
use serde_json::{Map, Value, json};

use super::record::form::Written;
use super::record::{id, record_at_once};
use super::{Asked, Outcome, Problem, Reply};
use crate::fields::Fields;
use crate::page::{Page, Section};
use crate::parts::{self, Choice, Choices, Faults, Input, Pick, Row};
use crate::text::text;

/// Records on one page.
const RECORDS_MAX: u32 = 200;

/// `GET /records`.
pub fn list(asked: &mut Asked<'_>) -> Outcome {
    let page_title = text!("records-title");
    let records = asked.store().own_records(RECORDS_MAX)?;
    let cards = asked.open.judged.cards(&asked.open.store)?;
    let name = |held: &Held| {
        let card = cards.iter().find(|card| card.id == held.child);
        card.map_or_else(|| text!("record-left-caseload"), |card| card.name.clone())
    };
    let needing: Vec<_> = records.iter().filter(|held| needs_you(held)).collect();
    let content = html! {
        h1.govuk-heading-l tabindex="-1" { (page_title) }
        @if records.is_empty() { (parts::empty(&text!("records-none"))) }
        @if !needing.is_empty() {
            h2.govuk-heading-m { (text!("records-need-you")) }
            ul.df-list { @for held in &needing { (row(asked, held, &name(held))) } }
            h2.govuk-heading-m { (text!("records-others")) }
        }
        ul.df-list {
            @for held in records.iter().filter(|held| !needs_you(held)) {
                (row(asked, held, &name(held)))
            }
        }
        @if records.len() >= RECORDS_MAX as usize {
            p.df-small { (text!("records-newest", count = RECORDS_MAX)) }
        }
    };
    Ok(Reply::Page(Page::new(Section::Records, page_title, content)))
}

fn needs_you(held: &Held) -> bool {
    matches!(&held.source, Source::Own(RecordState::NeedsYou { .. }))
}

fn row(asked: &Asked<'_>, held: &Held, name: &str) -> Markup {
    html! {
        li.df-row {
            @match (held.event(), held.id()) {
                (Some(event), Some(id)) => {
                    a.df-row__link href=(asked.at(&format!("/records/{id}"))) {
                        span.df-row__name { (title(&event.what)) }
                        span.df-small { (name) ", " (times::spoken(event.at, asked.now)) }
                    }
                },
                _ => span.df-row__link { (text!("record-unreadable")) },
            }
            (state_tag(&held.source))
        }
    }
}

fn state_tag(source: &Source) -> Markup {
    let Source::Own(state) = source else { return html! {} };
    let colour = match state {
        RecordState::OnThisDevice => "orange",
        RecordState::Received { .. } => "blue",
        RecordState::BackedUp { .. } => "green",
        RecordState::NeedsYou { .. } => "red",
        RecordState::Corrected { .. } | RecordState::Dismissed { .. } => "grey",
    };
    parts::tag(colour, &text!(&format!("record-state-{}", state.as_str())))
}

/// What a record's state means, and what to do.
fn state_words(state: &RecordState) -> String {
    match state {
        RecordState::OnThisDevice => text!("state-words-here"),
        RecordState::Received { handed_over: false } => text!("state-words-received"),
        RecordState::BackedUp { handed_over: false } => text!("state-words-backed-up"),
        RecordState::Received { handed_over: true }
        | RecordState::BackedUp { handed_over: true } => {
            text!("state-words-handed-over")
        }
        RecordState::NeedsYou { message, .. } => {
            text!("state-words-needs-you", why = sentence_case(message))
        }
        RecordState::Corrected { by, reason, .. } => {
            text!("state-words-corrected", by = by.as_str(), reason = reason.as_str())
        }
        RecordState::Dismissed { by, reason } => {
            text!("state-words-dismissed", by = by.as_str(), reason = reason.as_str())
        }
    }
}

/// A record that was found, with the name of its child.
struct Found {
    held: Held,
    event: Event,
    name: String,
}

fn find(asked: &Asked<'_>) -> Result<Found, Problem> {
    let id: EventId = asked.param("event").parse().map_err(|_| Problem::NotHere)?;
    let held = asked.store().event(id)?.ok_or(Problem::NotHere)?;
    let event = held.event().cloned().ok_or(Problem::NotHere)?;
    let card = asked.store().child(held.child)?;
    let name = card.map_or_else(|| text!("record-left-caseload"), |card| card.name);
    Ok(Found { held, event, name })
}

/// What a record says now: corrected where it was, none where it was withdrawn.
fn as_it_stands(asked: &Asked<'_>, found: &Found) -> Result<Option<Event>, Problem> {
    let held = asked.store().timeline(found.held.child)?;
    let events: Vec<_> = held.iter().filter_map(Held::event).cloned().collect();
    // A record that is dated ahead stands too.
    let history = History::fold(&events, asked.now.max(found.event.at));
    let stands = history.events.iter().find(|event| event.id == found.event.id);
    Ok(stands.map(|event| event.clone().into_owned()))
}

/// `GET /records/{event}`.
pub fn show(asked: &mut Asked<'_>) -> Outcome {
    let found = find(asked)?;
    let stands = as_it_stands(asked, &found)?;
    let event = stands.as_ref().unwrap_or(&found.event);
    let amends = matches!(event.what, What::Corrected(_) | What::Withdrawn(_));
    let own = matches!(found.held.source, Source::Own(_));
    let page_title = title(&event.what);
    let rows = [
        Row::new(text!("records-child"), html! { (found.name) }),
        Row::new(text!("records-at"), html! { (times::short(event.at, asked.now)) }),
        Row::new(text!("records-made"), html! { (times::short(event.recorded, asked.now)) }),
    ];
    let link = |what: &str| asked.at(&format!("/records/{}/{what}", event.id));
    let content = html! {
        p.govuk-caption-l { (found.name) }
        h1.govuk-heading-l tabindex="-1" { (page_title) }
        p { (state_tag(&found.held.source)) }
        @if let Source::Own(state) = &found.held.source { p.govuk-body { (state_words(state)) } }
        (parts::summary_list(&rows))
        ul."govuk-list govuk-list--bullet" { @for fact in facts(&event.what) { li { (fact) } } }
        @if stands.is_none() && !amends {
            p.govuk-inset-text { (text!("records-withdrawn")) }
        } @else if own && !amends {
            @if *event != found.event { p.govuk-inset-text { (text!("records-was-corrected")) } }
            @for what in ["correct", "withdraw"] {
                p {
                    a."govuk-button govuk-button--secondary" href=(link(what)) {
                        (text!(&format!("records-{what}")))
                    }
                }
            }
        }
    };
    let page = Page::new(Section::Records, page_title, content);
    Ok(Reply::Page(page.back("/records".to_owned(), text!("nav-records"))))
}

/// `GET /records/{event}/correct`.
pub fn correct_form(asked: &mut Asked<'_>) -> Outcome {
    let found = find(asked)?;
    let Some(event) = as_it_stands(asked, &found)? else { return Err(Problem::NotHere) };
    let id = asked.fresh_id();
    let given = given_of(&event);
    Ok(Reply::Page(draw_correction(asked, &found, &event, &id, &given, &Faults::default())))
}

/// `POST /records/{event}/correct`.
pub fn correct(asked: &mut Asked<'_>) -> Outcome {
    let found = find(asked)?;
    let id = id(asked.form.get("id"))?;
    let Some(event) = as_it_stands(asked, &found)? else { return Err(Problem::NotHere) };
    let form = asked.form.clone();
    let mut faults = Faults::default();
    let set = changes(&event, &form, &mut faults);
    let reason = reason(&form, &mut faults);
    if set.is_empty() && faults.is_empty() {
        faults.add("at-date", text!("correct-nothing"));
    }
    if !faults.is_empty() {
        let page = draw_correction(asked, &found, &event, &id, &form, &faults);
        return Ok(Reply::Page(page.refused()));
    }
    let what = What::Corrected(Corrected { of: event.id, set, reason });
    record_at_once(asked, &id, Draft::new(asked.now, found.held.child, what))?;
    Ok(Reply::Go(format!("/record/{id}/saved")))
}

/// The fields as the record fills them in.
fn given_of(event: &Event) -> Fields {
    let mut given = Fields::default();
    let at = Written::at(event.at);
    given.set("at-date", &at.date);
    given.set("at-time", &at.time);
    if let What::ChildSeen(seen) = &event.what {
        given.set("needs-met", seen.needs_met.as_str());
    }
    if let What::FailedContact(contact) = &event.what {
        given.set("form", contact.form.as_str());
        given.set("planned", if contact.planned { "yes" } else { "no" });
        given.set("concern", contact.concern.unwrap_or(ConcernLevel::None).as_str());
        given.set("note", contact.reason.as_deref().unwrap_or_default());
        for step in &contact.steps {
            given.push("step", step.as_str());
        }
    }
    given
}

/// The keys that the form changes.
fn changes(event: &Event, form: &Fields, faults: &mut Faults) -> Map<String, Value> {
    let mut set = Map::new();
    let at = Written::of(form, "at");
    match at.instant() {
        None => faults.add("at-date", text!("record-when-fault")),
        Some(instant) if at != Written::at(event.at) => {
            set.insert("at".to_owned(), json!(instant));
        }
        Some(_) => {}
    }
    match &event.what {
        What::FailedContact(contact) => contact_changes(contact, form, &mut set, faults),
        What::ChildSeen(seen) => {
            let needs_met = form.read_as::<Known>("needs-met");
            if let Some(needs_met) = needs_met.filter(|known| *known != seen.needs_met) {
                set.insert("needs_met".to_owned(), json!(needs_met));
            }
        }
        _ => {}
    }
    set
}

fn contact_changes(
    contact: &FailedContact,
    form: &Fields,
    set: &mut Map<String, Value>,
    faults: &mut Faults,
) {
    if let Some(form) = form.read_as::<Form>("form").filter(|form| *form != contact.form) {
        set.insert("form".to_owned(), json!(form));
    }
    let planned = form.get("planned") != "no";
    if planned != contact.planned {
        set.insert("planned".to_owned(), json!(planned));
    }
    let steps: BTreeSet<Step> = form.all("step").collect();
    if steps != contact.steps {
        set.insert("steps".to_owned(), json!(steps));
    }
    let level = form.read_as::<ConcernLevel>("concern");
    if level.is_some() && level != Some(contact.concern.unwrap_or(ConcernLevel::None)) {
        set.insert("concern".to_owned(), json!(level));
    }
    let note = form.filled("note");
    let chars = note.as_ref().map_or(0, |note| note.chars().count());
    if chars > TEXT_CHARS_MAX {
        faults.add("note", text!("record-note-long", count = chars, most = TEXT_CHARS_MAX));
    }
    if note != contact.reason {
        set.insert("reason".to_owned(), json!(note));
    }
}

fn reason(form: &Fields, faults: &mut Faults) -> Option<String> {
    let reason = form.filled("why");
    if reason.is_none() {
        faults.add("why", text!("correct-why-missing"));
    }
    reason
}

fn draw_correction(
    asked: &Asked<'_>,
    found: &Found,
    event: &Event,
    id: &str,
    given: &Fields,
    faults: &Faults,
) -> Page {
    let page_title = text!("correct-title");
    let path = asked.at(&format!("/records/{}/correct", event.id));
    let part = |name: &str, kind: &str, label: String, width: &str| {
        let value = given.get(name);
        Input { name, label: &label, value, kind, width: Some(width), ..Input::default() }
            .draw(faults)
    };
    let content = html! {
        (faults.summary())
        p.govuk-caption-l { (found.name) ": " (title(&event.what)) }
        h1.govuk-heading-l tabindex="-1" { (page_title) }
        p.govuk-body { (text!("correct-body")) }
        form method="post" action=(path) novalidate {
            (parts::hidden("id", id))
            (part("at-date", "date", text!("correct-date"), "10"))
            (part("at-time", "time", text!("time"), "5"))
            @match event.what {
                What::FailedContact(_) => (contact_fields(given, faults)),
                What::ChildSeen(_) => (seen_fields(given, faults)),
                _ => {}
            }
            (parts::textarea("why", &text!("correct-why"), None, given.get("why"), faults))
            (parts::button(&text!("correct-save")))
        }
    };
    let page = Page::new(Section::Records, page_title, content);
    page.back(format!("/records/{}", event.id), text!("back"))
}

fn seen_fields(given: &Fields, faults: &Faults) -> Markup {
    let choice = |known: &Known| {
        let word = known.as_str();
        Choice::new(word, text!(&format!("needs-{word}")), given.get("needs-met") == word)
    };
    let choices: Vec<_> = Known::ALL.iter().map(choice).collect();
    let legend = text!("record-seen");
    Choices { name: "needs-met", legend: &legend, is_title: false, hint: None, pick: Pick::One }
        .draw(&choices, faults)
}

fn contact_fields(given: &Fields, faults: &Faults) -> Markup {
    let question = |name: &str, legend: &str, pick, choices: &[Choice]| {
        Choices { name, legend, is_title: false, hint: None, pick }.draw(choices, faults)
    };
    let taken: BTreeSet<Step> = given.all("step").collect();
    let forms: Vec<_> = Form::ALL
        .iter()
        .map(|of| {
            Choice::new(
                of.as_str(),
                sentence_case(form_words(*of)),
                given.get("form") == of.as_str(),
            )
        })
        .collect();
    let steps: Vec<_> = Step::ALL
        .iter()
        .map(|step| {
            Choice::new(step.as_str(), text!(&format!("step-{step}")), taken.contains(step))
        })
        .collect();
    let levels: Vec<_> = ConcernLevel::ALL
        .iter()
        .map(|level| {
            let word = level.as_str();
            Choice::new(word, text!(&format!("concern-{word}")), given.get("concern") == word)
        })
        .collect();
    let planned = given.get("planned") != "no";
    html! {
        (question("form", &text!("record-result"), Pick::One, &forms))
        (question("planned", &text!("record-expected"), Pick::One, &[
            Choice::new("yes", text!("yes"), planned),
            Choice::new("no", text!("no"), !planned),
        ]))
        (question("step", &text!("record-steps"), Pick::Any, &steps))
        (question("concern", &text!("record-concern"), Pick::One, &levels))
        (parts::textarea("note", &text!("record-note"), None, given.get("note"), faults))
    }
}

/// `GET /records/{event}/withdraw`.
pub fn withdraw_form(asked: &mut Asked<'_>) -> Outcome {
    let found = find(asked)?;
    let id = asked.fresh_id();
    Ok(Reply::Page(draw_withdrawal(asked, &found, &id, &Fields::default(), &Faults::default())))
}

/// `POST /records/{event}/withdraw`.
pub fn withdraw(asked: &mut Asked<'_>) -> Outcome {
    let found = find(asked)?;
    let id = id(asked.form.get("id"))?;
    let form = asked.form.clone();
    let mut faults = Faults::default();
    let reason = reason(&form, &mut faults);
    if !faults.is_empty() {
        let page = draw_withdrawal(asked, &found, &id, &form, &faults);
        return Ok(Reply::Page(page.refused()));
    }
    let what = What::Withdrawn(Withdrawn { of: found.event.id, reason });
    record_at_once(asked, &id, Draft::new(asked.now, found.held.child, what))?;
    Ok(Reply::Go(format!("/record/{id}/saved")))
}

fn draw_withdrawal(
    asked: &Asked<'_>,
    found: &Found,
    id: &str,
    given: &Fields,
    faults: &Faults,
) -> Page {
    let page_title = text!("withdraw-title");
    let path = asked.at(&format!("/records/{}/withdraw", found.event.id));
    let content = html! {
        (faults.summary())
        p.govuk-caption-l { (found.name) ": " (title(&found.event.what)) }
        h1.govuk-heading-l tabindex="-1" { (page_title) }
        p.govuk-body { (text!("withdraw-body")) }
        form method="post" action=(path) novalidate {
            (parts::hidden("id", id))
            (parts::textarea("why", &text!("correct-why"), None, given.get("why"), faults))
            button."govuk-button govuk-button--warning" data-module="govuk-button"
                data-prevent-double-click="true" {
                (text!("withdraw-save"))
            }
        }
    };
    let page = Page::new(Section::Records, page_title, content);
    page.back(format!("/records/{}", found.event.id), text!("back"))
}
