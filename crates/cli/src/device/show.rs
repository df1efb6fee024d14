//! What a device shows: today, the list of its records, a child, what is owed, how it stands.

use chrono::{DateTime, Utc};
use doorstep_core::attachment::size_in_words;
use doorstep_core::time::{in_words, local_date};
use doorstep_core::wire::{ChildCard, Divergence};
use doorstep_device_store::{AttachmentsLeft, Content, Held, RecordState, Source, Status, Store};
use serde::Serialize;

use super::advice::counted;
use super::attachments::AttachmentRow;
use super::describe::{self, short, spaced};
use super::{judge, policy};
use crate::ambient;
use crate::failure::{OrFail as _, Outcome};
use crate::out::Out;

/// How many records `list` shows unless told otherwise.
pub const RECORDS_DEFAULT: u32 = 20;

/// One record as a script sees it.
#[derive(Serialize)]
struct Row {
    id: Option<String>,
    child: String,
    at: Option<DateTime<Utc>>,
    what: String,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    needs: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attachments: Vec<AttachmentRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<serde_json::Value>,
}

impl Row {
    fn of(store: &Store, held: &Held, child: &str) -> Outcome<Self> {
        let event = held.event();
        let needs = match &held.source {
            Source::Own(RecordState::NeedsYou { message, .. }) => Some(message.clone()),
            _ => None,
        };
        Ok(Self {
            id: held.id().map(|id| id.to_string()),
            child: child.to_owned(),
            at: event.map(|event| event.at),
            what: what(held),
            state: state(&held.source),
            needs,
            attachments: AttachmentRow::of(store, held)?,
            event: event.and_then(|event| serde_json::to_value(event).ok()),
        })
    }
}

fn what(held: &Held) -> String {
    match &held.content {
        Content::Readable(body) => describe::what(&body.event.what),
        Content::Unreadable(unreadable) => {
            let kind = unreadable.kind.as_deref().unwrap_or("a record");
            format!("{kind}, recorded by a newer app: update this one to read it")
        }
    }
}

fn state(source: &Source) -> &'static str {
    match source {
        Source::Own(state) => state.as_str(),
        Source::Pulled { missing: false } => "from-the-server",
        Source::Pulled { missing: true } => "missing-on-the-server",
    }
}

/// Today: each child with something owed, whom to phone, what was recorded today.
pub fn today(store: &Store, json: bool, out: &mut Out) -> Outcome {
    let now = ambient::now();
    let policy = policy(store)?;
    let children = store.children().or_no("cannot read the caseload")?;
    let mut advice = Vec::new();
    for card in &children {
        advice.push(judge(store, &policy, card, &[], now)?);
    }
    advice.retain(|advice| !advice.duties.is_empty() || !advice.calls.is_empty());
    if json {
        return out.json(&advice);
    }
    out.heading(in_words(now))?;
    let recorded = store.own_records(u32::MAX).or_no("cannot read the device's records")?;
    let of_today = |held: &&Held| {
        held.event().is_some_and(|event| local_date(event.recorded) == local_date(now))
    };
    let count = recorded.iter().filter(of_today).count();
    out.line(format!(
        "{} in your caseload, {} made today, {} with something owed",
        counted(number(children.len()), "child"),
        counted(number(count), "record"),
        advice.len()
    ))?;
    for advice in &advice {
        out.gap()?;
        advice.print(out)?;
    }
    Ok(())
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// The newest records made on this device.
pub fn list(store: &Store, limit: u32, json: bool, out: &mut Out) -> Outcome {
    let records = store.own_records(limit).or_no("cannot read the device's records")?;
    let children = store.children().or_no("cannot read the caseload")?;
    let name = |held: &Held| {
        let card = children.iter().find(|card| card.id == held.child);
        card.map_or_else(|| "(left your caseload)".to_owned(), |card| card.name.clone())
    };
    let rows = records.iter().map(|held| Row::of(store, held, &name(held)));
    let rows = rows.collect::<Outcome<Vec<_>>>()?;
    if json {
        return out.json(&rows);
    }
    print_rows(&records, &rows, out)
}

fn print_rows(records: &[Held], rows: &[Row], out: &mut Out) -> Outcome {
    if rows.is_empty() {
        return out.line("Nothing is recorded here yet.");
    }
    let cells: Vec<_> = records
        .iter()
        .zip(rows)
        .map(|(held, row)| {
            let id = held.id().map_or_else(|| "-".to_owned(), short);
            let at = row.at.map_or_else(|| "-".to_owned(), in_words);
            vec![id, at, spaced(row.state), row.child.clone(), row.what.clone()]
        })
        .collect();
    out.table(&["RECORD", "HAPPENED", "STATE", "CHILD", "WHAT"], &cells)?;
    for row in rows {
        if let (Some(id), Some(needs)) = (&row.id, &row.needs) {
            out.hanging("! ", format!("{}: {needs}", &id[id.len() - 8..]))?;
        }
        for attachment in &row.attachments {
            let record = row.id.as_deref().unwrap_or("--------");
            let record = &record[record.len() - 8..];
            out.hanging("+ ", format!("{record}: {}", attachment.line()))?;
        }
    }
    Ok(())
}

/// A child: the card, whom to phone, everything that is held.
pub fn child(store: &Store, card: &ChildCard, json: bool, out: &mut Out) -> Outcome {
    let held = store.timeline(card.id).or_no("cannot read the device's records")?;
    let rows = held.iter().map(|held| Row::of(store, held, &card.name));
    let rows = rows.collect::<Outcome<Vec<_>>>()?;
    if json {
        return out.json(&serde_json::json!({ "card": card, "records": rows }));
    }
    out.heading(&card.name)?;
    let born = card.born.map(|born| format!("born {born}"));
    let plans: Vec<_> = card.record.plans.iter().map(|plan| spaced(plan.as_str())).collect();
    let needs = &card.record.communication_needs;
    let needs: Vec<_> = needs.iter().map(|need| spaced(need.as_str())).collect();
    let agencies: Vec<_> = card.record.involved_agencies.iter().map(|a| spaced(&a.0)).collect();
    let address = card.address.as_ref().map(|address| {
        let guard = if card.address_protected { " (PROTECTED: tell nobody)" } else { "" };
        format!("lives at {address}{guard}")
    });
    let phone = card.phone.as_ref().map(|phone| format!("family's phone {phone}"));
    let list = |what: &str, words: &[String]| {
        (!words.is_empty()).then(|| format!("{what}: {}", words.join(", ")))
    };
    let parts = [
        born,
        address,
        phone,
        list("plans", &plans),
        list("needs", &needs),
        list("agencies", &agencies),
    ];
    for part in parts.into_iter().flatten() {
        out.prose(2, part)?;
    }
    for contact in &card.contacts {
        let phone = contact.phone.as_deref().unwrap_or("no number");
        out.prose(2, format!("{}: {}, {phone}", spaced(&contact.role.to_string()), contact.name))?;
    }
    out.gap()?;
    print_rows(&held, &rows, out)
}

/// What is owed, for one child or for all.
pub fn duties(store: &Store, children: &[ChildCard], json: bool, out: &mut Out) -> Outcome {
    let now = ambient::now();
    let policy = policy(store)?;
    let advice = children.iter().map(|card| judge(store, &policy, card, &[], now));
    let mut advice = advice.collect::<Outcome<Vec<_>>>()?;
    if children.len() > 1 {
        advice.retain(|advice| !advice.duties.is_empty() || !advice.calls.is_empty());
    }
    if json {
        return out.json(&advice);
    }
    if advice.is_empty() {
        return out.line("Nothing is owed by what this device holds.");
    }
    for (index, advice) in advice.iter().enumerate() {
        if index > 0 {
            out.gap()?;
        }
        advice.print(out)?;
    }
    Ok(())
}

/// How the device stands, as a script sees it.
#[derive(Serialize)]
struct Standing<'a> {
    device_name: Option<&'a str>,
    device: Option<String>,
    person: Option<&'a str>,
    role: Option<&'static str>,
    organisation: Option<&'a str>,
    server: Option<&'a str>,
    on_this_device: u64,
    oldest_unsent: Option<DateTime<Utc>>,
    attachments: AttachmentsLeft,
    needs_you: u64,
    children: u64,
    children_left: u64,
    differing: u64,
    divergence: Divergence,
    last_contact: Option<DateTime<Utc>>,
}

/// How the device stands.
pub fn status(status: &Status, server: Option<&str>, json: bool, out: &mut Out) -> Outcome {
    let enrolment = status.enrolment.as_ref();
    if json {
        return out.json(&Standing {
            device_name: status.device_name.as_deref(),
            device: enrolment.map(|enrolment| enrolment.device.to_string()),
            person: enrolment.map(|enrolment| enrolment.person.name.as_str()),
            role: enrolment.map(|enrolment| enrolment.person.role.as_str()),
            organisation: enrolment.map(|enrolment| enrolment.organisation_name.as_str()),
            server,
            on_this_device: status.on_this_device,
            oldest_unsent: status.oldest_unsent,
            attachments: status.attachments,
            needs_you: status.needs_you,
            children: status.children,
            children_left: status.children_left,
            differing: status.differing,
            divergence: status.divergence,
            last_contact: status.last_contact,
        });
    }
    let Some(enrolment) = enrolment else {
        return out
            .line("This device is not enrolled yet: `doorstep device enrol CODE --server URL`.");
    };
    let role = spaced(enrolment.person.role.as_str());
    out.line(format!("{}, {role}, at {}", enrolment.person.name, enrolment.organisation_name))?;
    out.line(format!("{} held here", counted(status.children, "child")))?;
    match status.oldest_unsent {
        Some(oldest) => out.line(format!(
            "{} only on this device, the oldest since {}",
            counted(status.on_this_device, "record"),
            in_words(oldest)
        ))?,
        None => out.line("every record has reached the server")?,
    }
    let AttachmentsLeft { count, bytes, refused } = status.attachments;
    if count > 0 {
        let size = size_in_words(bytes);
        let attachments = counted(count, "attachment");
        out.line(format!("{attachments} still to be sent, {size}"))?;
    }
    if refused > 0 {
        let attachments = counted(refused, "attachment");
        out.line(format!("{attachments} refused: see `doorstep device list`"))?;
    }
    if status.needs_you > 0 {
        let records = counted(status.needs_you, "record");
        out.line(format!("{records} waiting for you: see `doorstep device list`"))?;
    }
    if !status.divergence.is_none() {
        let Divergence { found, healed } = status.divergence;
        out.line(format!(
            "the copy of a child differed from the server's {found} times; mended by itself: \
             {healed}"
        ))?;
    }
    about_server(status, out)?;
    match status.last_contact {
        Some(at) => out.line(format!("last contact with the server: {}", in_words(at))),
        None => out.line("never in contact with the server yet: `doorstep device sync`"),
    }
}

/// What somebody who does not run the server should hear of it.
fn about_server(status: &Status, out: &mut Out) -> Outcome {
    if let Some(changed) = &status.head_key_changed {
        out.line(changed.to_string())?;
    }
    if status.log_contradicted {
        out.line(
            "the server's log went back, or is another than before: tell somebody who does not \
             run it, with what `doorstep device head` prints",
        )?;
    }
    Ok(())
}
