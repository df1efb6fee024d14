//! Recording a visit: one question a page, kept at every change, checked before it is saved, and at
//! once to what is owed.

mod ask;
pub mod form;
pub mod photo;
mod saved;

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use doorstep_core::describe::sentence_case;
use doorstep_core::ids::ChildId;
use doorstep_core::wire::ChildCard;
use doorstep_device_store::{Draft, Error};
use maud::{Markup, html};

use self::form::{Ask, Visit};
use super::children::at_same_address;
use super::{Asked, Outcome, Problem, Reply, lease};
use crate::page::{Page, Section};
use crate::parts::{self, Faults};
use crate::text::text;

pub use saved::saved;

/// A form that was begun and not saved.
pub struct OpenDraft {
    /// Its id.
    pub id: String,
    /// What it is about.
    pub about: String,
    /// When it was kept last (UTC).
    pub saved: DateTime<Utc>,
}

/// The button that begins a record, about a child or in general.
pub fn start_button(asked: &Asked<'_>, card: Option<&ChildCard>) -> Markup {
    html! {
        form method="post" action=(asked.at("/record")) {
            (parts::hidden("id", &asked.fresh_id()))
            @if let Some(card) = card { (parts::hidden("child", &card.id.to_string())) }
            button."govuk-button df-wide" data-module="govuk-button"
                data-prevent-double-click="true" {
                (text!("record-start"))
                @if let Some(card) = card { span.govuk-visually-hidden { ": " (card.name) } }
            }
        }
    }
}

/// Every form that was begun and not saved, the latest first.
pub fn open_drafts(asked: &Asked<'_>) -> Result<Vec<OpenDraft>, Problem> {
    let mut open = Vec::new();
    for draft in asked.store().drafts()? {
        let Ok(visit) = serde_json::from_str::<Visit>(&draft.document) else { continue };
        let about = names(asked, &visit.children)?;
        open.push(OpenDraft { id: draft.id, about, saved: draft.saved });
    }
    Ok(open)
}

/// The names of children in a line.
pub fn names(asked: &Asked<'_>, children: &BTreeSet<ChildId>) -> Result<String, Problem> {
    let mut names = Vec::new();
    for child in children {
        names.extend(asked.store().child(*child)?.map(|card| card.name));
    }
    Ok(if names.is_empty() { text!("record-no-child") } else { names.join(", ") })
}

/// `POST /record`: begins a form under the id that the button carries.
pub fn begin(asked: &mut Asked<'_>) -> Outcome {
    let id = id(asked.form.get("id"))?;
    if !asked.store().recorded_from(&id)?.is_empty() {
        return Ok(Reply::Go(format!("/record/{id}/saved")));
    }
    if asked.store().draft(&id)?.is_none() {
        let mut visit = Visit { at: asked.now, ..Visit::default() };
        if !asked.is_readable() {
            let named = asked.store().named(asked.form.get("name"))?;
            let [child] = named.as_slice() else { return Ok(lease::no_such_name(asked)) };
            visit.children.insert(*child);
            visit.children_asked = true;
        } else if let Some(child) = asked.form.read_as::<ChildId>("child") {
            let card = asked.store().child(child)?.ok_or(Problem::NotHere)?;
            visit.children.insert(child);
            visit.children_asked = at_same_address(&asked.store().children()?, &card).is_empty();
        }
        keep(asked, &id, &visit)?;
    }
    Ok(Reply::Go(format!("/record/{id}")))
}

/// `GET /record/{form}`: where the person left off.
pub fn resume(asked: &mut Asked<'_>) -> Outcome {
    let id = id(asked.param("form"))?;
    let Some(visit) = load(asked, &id)? else { return gone(asked, &id) };
    let left_at = visit.left_at.as_deref().and_then(|ask| ask.parse::<Ask>().ok());
    Ok(Reply::Go(format!("/record/{id}/{}", left_at.unwrap_or(visit.next()).as_str())))
}

/// `GET /record/{form}/{ask}`: a question.
pub fn question(asked: &mut Asked<'_>) -> Outcome {
    let (id, ask) = (id(asked.param("form"))?, ask_of(asked)?);
    let Some(visit) = load(asked, &id)? else { return gone(asked, &id) };
    ask::page(asked, &id, &visit, ask, &Faults::default()).map(Reply::Page)
}

/// `POST /record/{form}/{ask}`: its answer.
pub fn answer(asked: &mut Asked<'_>) -> Outcome {
    let (id, ask) = (id(asked.param("form"))?, ask_of(asked)?);
    let Some(mut visit) = load(asked, &id)? else { return gone(asked, &id) };
    let faults = visit.take_in(ask, &asked.form);
    visit.left_at = None;
    if let Err(Problem::Store(error)) = keep(asked, &id, &visit) {
        // What was written is only on this page: it stays there, with what is in the way.
        let faults = Faults::one("main-content", sentence_case(&error.to_string()));
        return Ok(Reply::Page(ask::page(asked, &id, &visit, ask, &faults)?.refused()));
    }
    if !faults.is_empty() {
        return Ok(Reply::Page(ask::page(asked, &id, &visit, ask, &faults)?.refused()));
    }
    Ok(Reply::Go(format!("/record/{id}/{}", visit.next().as_str())))
}

/// `POST /record/{form}/{ask}/keep`: keeps what is being written, whatever it is.
pub fn keep_answer(asked: &mut Asked<'_>) -> Outcome {
    let (id, ask) = (id(asked.param("form"))?, ask_of(asked)?);
    if let Some(before) = load(asked, &id)? {
        let mut visit = before.clone();
        let _ = visit.take_in(ask, &asked.form);
        visit.left_at = Some(ask.as_str().to_owned());
        // Children that are only being ticked are not chosen yet.
        visit.children_asked = before.children_asked;
        keep(asked, &id, &visit)?;
    }
    Ok(Reply::Kept)
}

/// `GET /record/{form}/discard`.
pub fn ask_discard(asked: &mut Asked<'_>) -> Outcome {
    let id = id(asked.param("form"))?;
    let Some(visit) = load(asked, &id)? else { return gone(asked, &id) };
    let title = text!("discard-title");
    let content = html! {
        p.govuk-caption-l { (names(asked, &visit.children)?) }
        h1.govuk-heading-l tabindex="-1" { (title) }
        p.govuk-body { (text!("discard-body")) }
        form method="post" action=(asked.at(&format!("/record/{id}/discard"))) {
            button."govuk-button govuk-button--warning" data-module="govuk-button" {
                (text!("record-discard"))
            }
        }
    };
    let page = Page::new(Section::Elsewhere, title, content);
    Ok(Reply::Page(page.back(format!("/record/{id}"), text!("back"))))
}

/// `POST /record/{form}/discard`.
pub fn discard(asked: &mut Asked<'_>) -> Outcome {
    let id = id(asked.param("form"))?;
    asked.open.store.delete_draft(&id)?;
    Ok(Reply::Go("/".to_owned()))
}

/// `POST /record/{form}/save`: seals it and keeps it, once, however often it is asked.
pub fn save(asked: &mut Asked<'_>) -> Outcome {
    let id = id(asked.param("form"))?;
    let Some(visit) = load(asked, &id)? else { return gone(asked, &id) };
    if asked.settles_in_seconds().is_some() {
        return Ok(Reply::Go(format!("/record/{id}/check")));
    }
    let kept = asked.store().draft_attachments(&id)?;
    match visit.draft(&id, &kept) {
        Some(draft) => record(asked, &draft)?,
        None => return Ok(Reply::Go(format!("/record/{id}/{}", visit.next().as_str()))),
    }
    Ok(Reply::Go(format!("/record/{id}/saved")))
}

/// Records a draft whose form was kept before; a second time does nothing.
pub fn record(asked: &mut Asked<'_>, draft: &Draft) -> Result<(), Problem> {
    let (clock, entropy) = (asked.app.door().clock(), asked.app.door().entropy());
    for entry in &draft.entries {
        asked.open.judged.forget_child(entry.child);
    }
    match asked.open.store.record(draft, &clock, entropy) {
        Ok(_) | Err(Error::AlreadyRecorded) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Records something that is not kept while it is written, under the id that its button carries.
pub fn record_at_once(asked: &mut Asked<'_>, id: &str, mut draft: Draft) -> Result<(), Problem> {
    if !asked.store().recorded_from(id)?.is_empty() {
        return Ok(());
    }
    if asked.settles_in_seconds().is_some() {
        return Err(Problem::Settling);
    }
    asked.open.store.save_draft(id, "{}", asked.now)?;
    draft.saved_as = Some(id.to_owned());
    let recorded = record(asked, &draft);
    if recorded.is_err() {
        // Nothing was recorded: the empty form must not lie about.
        asked.open.store.delete_draft(id)?;
    }
    recorded
}

/// The form's id, as it was made when its button was drawn.
pub fn id(text: &str) -> Result<String, Problem> {
    let id: doorstep_core::ids::EventId = text.parse().map_err(|_| Problem::NotHere)?;
    Ok(id.to_string())
}

fn ask_of(asked: &Asked<'_>) -> Result<Ask, Problem> {
    asked.param("ask").parse().map_err(|()| Problem::NotHere)
}

fn load(asked: &Asked<'_>, id: &str) -> Result<Option<Visit>, Problem> {
    let draft = asked.store().draft(id)?;
    Ok(draft.and_then(|draft| serde_json::from_str(&draft.document).ok()))
}

fn keep(asked: &mut Asked<'_>, id: &str, visit: &Visit) -> Result<(), Problem> {
    let document = serde_json::to_string(visit).expect("a visit has only string keys");
    Ok(asked.open.store.save_draft(id, &document, asked.now)?)
}

/// A form that is not there any more: it was saved, or thrown away.
fn gone(asked: &Asked<'_>, id: &str) -> Outcome {
    if asked.store().recorded_from(id)?.is_empty() {
        return Err(Problem::NotHere);
    }
    Ok(Reply::Go(format!("/record/{id}/saved")))
}
