//! Follow-up: what meets a duty, one tap from the duty, on one short form each.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use doorstep_core::describe::{role, sentence_case, subject};
use doorstep_core::event::{
    AddressChecked, AddressKnown, Agency, AgencyConsulted, ChildSeen, Concern, ConcernLevel,
    Corrected, Decided, Discussed, FamilyMadeContact, Informed, Known, LetterCopied,
    NewAppointment, Note, Referral, Role, Step, Subject, VisitTimeframeSet, What,
};
use doorstep_core::history::History;
use doorstep_core::ids::{ChildId, EventId};
use doorstep_core::wire::ChildCard;
use doorstep_device_store::{Draft, DraftEntry, Held, TEXT_CHARS_MAX};
use maud::{Markup, html};

use super::act::Kind;
use super::record::form::Written;
use super::record::{id, record_at_once};
use super::{Asked, Outcome, Problem, Reply};
use crate::fields::Fields;
use crate::page::{Page, Section};
use crate::parts::{self, Choice, Choices, Faults, Input, Pick};
use crate::text::text;

/// `POST /told`: "I told them", recorded with the time, of each child that the call was about.
pub fn told(asked: &mut Asked<'_>) -> Outcome {
    let id = id(asked.form.get("id"))?;
    let who: Role = asked.form.read_as("role").ok_or(Problem::NotHere)?;
    let told = |child| DraftEntry::new(child, What::Informed(Informed { who }));
    let children: BTreeSet<ChildId> = asked.form.all("child").collect();
    let entries: Vec<_> = children.into_iter().map(told).collect();
    if entries.is_empty() {
        return Err(Problem::NotHere);
    }
    record_at_once(
        asked,
        &id,
        Draft { at: asked.now, by: None, visit: None, saved_as: None, entries },
    )?;
    Ok(Reply::Go(format!("/record/{id}/saved")))
}

/// `GET /child/{child}/do`: everything that can be recorded besides a visit.
pub fn list(asked: &mut Asked<'_>) -> Outcome {
    let card = asked.card()?;
    let title = text!("follow-title");
    let content = html! {
        p.govuk-caption-l { (card.name) }
        h1.govuk-heading-l tabindex="-1" { (title) }
        ul.df-list {
            @for kind in Kind::ALL.into_iter().filter(|kind| !kind.is_about_a_contact()) {
                li.df-row {
                    @let path = format!("/child/{}/do/{}", card.id, kind.as_str());
                    a.df-row__link href=(asked.at(&path)) {
                        span.df-row__name { (title_of(kind)) }
                    }
                }
            }
        }
    };
    let page = Page::new(Section::Children, title, content);
    Ok(Reply::Page(page.back(format!("/child/{}", card.id), card.name)))
}

fn title_of(kind: Kind) -> String {
    text!(&format!("act-{}", kind.as_str()))
}

/// `GET /child/{child}/do/{act}`.
pub fn ask(asked: &mut Asked<'_>) -> Outcome {
    let kind = Kind::parse(asked.param("act")).ok_or(Problem::NotHere)?;
    let id = asked.fresh_id();
    let mut given = asked.query.clone();
    let now = Written::at(asked.now);
    given.set("at-date", &now.date);
    given.set("at-time", &now.time);
    draw(asked, kind, &id, &given, &Faults::default()).map(Reply::Page)
}

/// `POST /child/{child}/do/{act}`.
pub fn act(asked: &mut Asked<'_>) -> Outcome {
    let card = asked.card()?;
    let kind = Kind::parse(asked.param("act")).ok_or(Problem::NotHere)?;
    let id = id(asked.form.get("id"))?;
    let form = asked.form.clone();
    let mut faults = Faults::default();
    let at = at(&form, asked.now, &mut faults);
    let what = what(asked, &card, kind, &form, &mut faults)?;
    let Some(what) = what.filter(|_| faults.is_empty()) else {
        return Ok(Reply::Page(draw(asked, kind, &id, &form, &faults)?.refused()));
    };
    record_at_once(asked, &id, Draft::new(at, card.id, what))?;
    Ok(Reply::Go(format!("/record/{id}/saved")))
}

/// When it happened: now, where the minute on the form is still this one.
fn at(form: &Fields, now: DateTime<Utc>, faults: &mut Faults) -> DateTime<Utc> {
    let written = Written::of(form, "at");
    if written == Written::at(now) {
        return now;
    }
    written.instant().unwrap_or_else(|| {
        faults.add("at-date", text!("record-when-fault"));
        now
    })
}

fn what(
    asked: &Asked<'_>,
    card: &ChildCard,
    kind: Kind,
    form: &Fields,
    faults: &mut Faults,
) -> Result<Option<What>, Problem> {
    let text = form.get("note");
    let chars = text.chars().count();
    if chars > TEXT_CHARS_MAX {
        faults.add("note", text!("record-note-long", count = chars, most = TEXT_CHARS_MAX));
    }
    let mut need = |name: &str| {
        if form.get(name).is_empty() {
            faults.add(name, text!("follow-choose"));
        }
    };
    Ok(match kind {
        Kind::Inform => {
            need("what");
            form.read_as("what").map(|who| What::Informed(Informed { who }))
        }
        Kind::Discuss => {
            need("what");
            need("referral");
            let referral = form.read_as::<Referral>("referral");
            form.read_as("what")
                .zip(referral)
                .map(|(with, referral)| What::Discussed(Discussed::new(with, referral)))
        }
        Kind::AskAgency | Kind::SeenElsewhere => elsewhere(kind, form, faults),
        Kind::CheckAddress => {
            need("address");
            let new_appointment = form.read_as::<NewAppointment>("appointment").unwrap_or_default();
            let checked = AddressChecked { new_appointment };
            Some(match form.get("address") {
                "corrected" => What::AddressCorrected(checked),
                _ => What::AddressConfirmed(checked),
            })
        }
        Kind::Decide => {
            need("what");
            need("note");
            let outcome = form.filled("note");
            form.read_as::<Subject>("what").map(|on| What::Decided(Decided { on, outcome }))
        }
        Kind::AddStep => {
            need("what");
            match (form.read_as::<EventId>("of"), form.read_as::<Step>("what")) {
                (Some(of), Some(step)) => add_step(asked, card, of, step)?,
                _ => None,
            }
        }
        Kind::CopyLetter => form.read_as("of").map(|of| What::LetterCopied(LetterCopied { of })),
        Kind::SetTimeframe => timeframe(form, faults),
        Kind::RaiseConcern => {
            need("concern");
            let concern = form.read_as::<ConcernLevel>("concern");
            Some(What::ConcernRecorded(Concern { concern, ..Concern::default() }))
        }
        Kind::CloseConcern => Some(What::ConcernClosed(Concern::default())),
        Kind::FamilyMadeContact => Some(What::FamilyMadeContact(FamilyMadeContact::default())),
        _ => noted(kind, Note { note: form.filled("note") }),
    })
}

/// What another agency said of the child, or saw.
fn elsewhere(kind: Kind, form: &Fields, faults: &mut Faults) -> Option<What> {
    let agency = agency(form, faults)?;
    if kind == Kind::SeenElsewhere {
        let needs_met = form.read_as::<Known>("needs-met").unwrap_or_default();
        let seen = ChildSeen { seen_by: agency, needs_met, from_distance: false };
        return Some(What::ChildSeen(seen));
    }
    let address = form.read_as::<AddressKnown>("address").unwrap_or_default();
    let child_seen = form.read_as::<Known>("child-seen").unwrap_or_default();
    Some(What::AgencyConsulted(AgencyConsulted { agency, address, child_seen }))
}

fn timeframe(form: &Fields, faults: &mut Faults) -> Option<What> {
    let by_when = Written::of(form, "by").instant();
    if by_when.is_none() {
        faults.add("by-date", text!("record-when-fault"));
    }
    Some(What::VisitTimeframeSet(VisitTimeframeSet { by_when: by_when? }))
}

/// What a form with nothing but words records.
fn noted(kind: Kind, note: Note) -> Option<What> {
    Some(match kind {
        Kind::TryAgain => What::FurtherAttempt(note),
        Kind::WeighImpact => What::ImpactAssessed(note),
        Kind::AssessVulnerability => What::VulnerabilityAssessed(note),
        Kind::AssessEffectOnChildren => What::EffectOnChildrenAssessed(note),
        Kind::ConsiderNeeds => What::NeedsConsidered(note),
        Kind::AgreePlan => What::PlanAgreed(note),
        Kind::Contribute => What::ContributionRecorded(note),
        Kind::ArrangeInterpreter => What::InterpreterArranged(note),
        Kind::StartProcedures => What::ProceduresStarted(note),
        _ => return None,
    })
}

fn agency(form: &Fields, faults: &mut Faults) -> Option<Agency> {
    let chosen = form.filled("agency-other").or_else(|| form.filled("agency"));
    let Some(chosen) = chosen else {
        faults.add("agency-other", text!("follow-choose"));
        return None;
    };
    let name = chosen.to_lowercase().replace([' ', '_'], "-");
    if name.chars().all(|c| c.is_alphanumeric() || c == '-') {
        return Some(Agency(name));
    }
    faults.add("agency-other", text!("follow-agency-fault"));
    None
}

/// A correction that says that a step was taken at that contact after all.
fn add_step(
    asked: &Asked<'_>,
    card: &ChildCard,
    of: EventId,
    step: Step,
) -> Result<Option<What>, Problem> {
    let held = asked.store().timeline(card.id)?;
    let events: Vec<_> = held.iter().filter_map(Held::event).cloned().collect();
    let history = History::fold(&events, asked.now);
    let contact = history.events.iter().find(|event| event.id == of);
    let Some(What::FailedContact(contact)) = contact.map(|event| &event.what) else {
        return Ok(None);
    };
    let mut steps = contact.steps.clone();
    steps.insert(step);
    let mut set = serde_json::Map::new();
    set.insert("steps".to_owned(), serde_json::json!(steps));
    Ok(Some(What::Corrected(Corrected { of, set, reason: Some(text!("follow-step-reason")) })))
}

fn draw(
    asked: &Asked<'_>,
    kind: Kind,
    id: &str,
    given: &Fields,
    faults: &Faults,
) -> Result<Page, Problem> {
    let card = asked.card()?;
    let title = title_of(kind);
    let path = asked.at(&format!("/child/{}/do/{}", card.id, kind.as_str()));
    let content = html! {
        (faults.summary())
        p.govuk-caption-l { (card.name) }
        h1.govuk-heading-l tabindex="-1" { (title) }
        form method="post" action=(path) novalidate {
            (parts::hidden("id", id))
            @if given.has("of") { (parts::hidden("of", given.get("of"))) }
            (questions(kind, &card, given, faults))
            (when(given, faults))
            (parts::button(&text!("record-save")))
        }
    };
    let page = Page::new(Section::Children, title, content);
    Ok(page.back(format!("/child/{}", card.id), card.name))
}

fn when(given: &Fields, faults: &Faults) -> Markup {
    html! {
        fieldset.govuk-fieldset {
            legend."govuk-fieldset__legend govuk-fieldset__legend--m" { (text!("follow-when")) }
            div.df-when {
                (field("at-date", "date", &text!("date"), given, faults))
                (field("at-time", "time", &text!("time"), given, faults))
            }
        }
    }
}

fn questions(kind: Kind, card: &ChildCard, given: &Fields, faults: &Faults) -> Markup {
    let note = |label: String| parts::textarea("note", &label, None, given.get("note"), faults);
    let ask = |name: &str, legend: String, prefix: &str, of: &[&str]| {
        choose(name, &legend, &words(given, name, of, prefix), faults)
    };
    let whom = || choose("what", &text!("follow-whom"), &roles(card, given), faults);
    match kind {
        Kind::Inform => whom(),
        Kind::Discuss => html! {
            (whom())
            (ask("referral", text!("follow-referral"), "referral",
                &each(Referral::ALL, Referral::as_str)))
        },
        Kind::AskAgency => html! {
            (agencies(card, given, faults))
            (ask("address", text!("follow-address"), "address",
                &each(AddressKnown::ALL, AddressKnown::as_str)))
            (ask("child-seen", text!("follow-child-seen"), "known",
                &each(Known::ALL, Known::as_str)))
        },
        Kind::SeenElsewhere => html! {
            (agencies(card, given, faults))
            (ask("needs-met", text!("record-seen"), "needs", &each(Known::ALL, Known::as_str)))
        },
        Kind::CheckAddress => html! {
            (ask("address", text!("follow-address-found"), "found", &["confirmed", "corrected"]))
            (ask("appointment", text!("follow-appointment"), "appointment",
                &each(NewAppointment::ALL, NewAppointment::as_str)))
        },
        Kind::Decide => html! {
            (choose("what", &text!("follow-subject"), &subjects(given), faults))
            (note(text!("follow-decision")))
        },
        Kind::AddStep => ask("what", text!("record-steps"), "step", &each(Step::ALL, Step::as_str)),
        Kind::SetTimeframe => html! {
            (field("by-date", "date", &text!("follow-by-date"), given, faults))
            (field("by-time", "time", &text!("time"), given, faults))
        },
        Kind::RaiseConcern => {
            let levels = each(&ConcernLevel::ALL[1..], ConcernLevel::as_str);
            ask("concern", text!("record-concern"), "concern", &levels)
        }
        Kind::CloseConcern => html! { p.govuk-body { (text!("follow-close-concern")) } },
        Kind::CopyLetter => html! { p.govuk-body { (text!("follow-copy-letter")) } },
        Kind::FamilyMadeContact => html! { p.govuk-body { (text!("follow-family")) } },
        _ => note(text!("follow-note")),
    }
}

fn each<T: Copy>(all: &[T], word: fn(T) -> &'static str) -> Vec<&'static str> {
    all.iter().copied().map(word).collect()
}

/// A field for a date or a time.
fn field(name: &str, kind: &str, label: &str, given: &Fields, faults: &Faults) -> Markup {
    let width = Some(if kind == "date" { "10" } else { "5" });
    Input { name, label, value: given.get(name), kind, width, ..Input::default() }.draw(faults)
}

fn choose(name: &str, legend: &str, choices: &[Choice], faults: &Faults) -> Markup {
    let question = Choices { name, legend, is_title: false, hint: None, pick: Pick::One };
    question.draw(choices, faults)
}

fn words(given: &Fields, name: &str, words: &[&str], prefix: &str) -> Vec<Choice> {
    let choice = |word: &&str| {
        Choice::new(*word, text!(&format!("{prefix}-{word}")), given.get(name) == *word)
    };
    words.iter().map(choice).collect()
}

/// The roles that somebody can be told in: first those whom the device can name.
fn roles(card: &ChildCard, given: &Fields) -> Vec<Choice> {
    let chosen = given.get("what");
    let named = |of: &Role| card.contacts.iter().find(|contact| contact.role == *of);
    let mut roles: Vec<_> = Role::ALL.iter().filter(|of| **of != Role::Practitioner).collect();
    roles.sort_by_key(|of| (of.as_str() != chosen, named(of).is_none()));
    roles
        .into_iter()
        .map(|of| {
            let hint = named(of).map(|contact| {
                format!("{} {}", contact.name, contact.phone.as_deref().unwrap_or_default())
            });
            Choice::new(of.as_str(), sentence_case(&role(*of)), of.as_str() == chosen).with(hint)
        })
        .collect()
}

fn subjects(given: &Fields) -> Vec<Choice> {
    let chosen = given.get("what");
    let choice =
        |on: &Subject| Choice::new(on.as_str(), sentence_case(subject(*on)), on.as_str() == chosen);
    Subject::ALL.iter().map(choice).collect()
}

fn agencies(card: &ChildCard, given: &Fields, faults: &Faults) -> Markup {
    let chosen = given.get("agency");
    let choices: Vec<_> = card
        .record
        .involved_agencies
        .iter()
        .map(|it| Choice::new(it.0.clone(), sentence_case(&it.0.replace('-', " ")), it.0 == chosen))
        .collect();
    html! {
        @if !choices.is_empty() { (choose("agency", &text!("follow-agency"), &choices, faults)) }
        (Input {
            name: "agency-other",
            label: &text!("follow-agency-other"),
            value: given.get("agency-other"),
            ..Input::default()
        }.draw(faults))
    }
}
