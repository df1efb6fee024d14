//! Patterns over a history that are shown to a person. None of them decides anything; being
//! actively prevented is cause for concern besides (`concern`).

use std::sync::Arc;

use chrono::TimeDelta;

use super::case::{Case, Episode, Seek, is_seen};
use super::pack::{Clause, Parameters};
use crate::assessment::Indicator;
use crate::event::{Event, What};
use crate::ids::EventId;

/// The indicator of this clause, where its pattern is there.
pub fn find(case: &Case<'_>, episodes: &[Episode<'_>], clause: &Clause) -> Option<Indicator> {
    let id = clause.means.as_ref().unwrap_or(&clause.id);
    let (name, evidence) = match &*id.0 {
        "NA-2.2" => ("closure", closure(case, episodes, &clause.parameters)),
        "NA-2.3" => ("flight", flight(case, &clause.parameters)),
        "NA-2.4" => ("disguised compliance", compliance(case, episodes, &clause.parameters)),
        "NA-3.5" => ("risk", prevented(case)),
        _ => return None,
    };
    (!evidence.is_empty()).then(|| Indicator {
        clause: clause.id.clone(),
        name: name.to_owned(),
        sentence: Arc::clone(&clause.sentence),
        evidence: evidence.into(),
    })
}

/// NA-2.2: doors unanswered, refused or not opened wide, in the latest episode; fewer are enough
/// when the child left or changed school meanwhile.
fn closure(case: &Case<'_>, episodes: &[Episode<'_>], parameters: &Parameters) -> Vec<EventId> {
    let Some(episode) = episodes.last() else { return Vec::new() };
    let mut evidence: Vec<EventId> = episode
        .contacts
        .iter()
        .filter(|contact| contact.no_access)
        .map(|contact| contact.records[0])
        .collect();
    let left_school = case.all(Seek::Moved).find(|(position, event)| {
        episode.span.contains(position) && matches!(event.what, What::SchoolChanged(_))
    });
    let enough = parameters.contacts.unwrap_or(3) as usize;
    let enough_with_school = parameters.contacts_with_school_change.unwrap_or(2) as usize;
    match left_school {
        Some((_, event)) if evidence.len() >= enough_with_school => evidence.push(event.id),
        _ if evidence.len() >= enough => {}
        _ => evidence.clear(),
    }
    evidence
}

/// NA-2.3: changes of address close together, or one with a change of school.
fn flight(case: &Case<'_>, parameters: &Parameters) -> Vec<EventId> {
    let within = TimeDelta::days(i64::from(parameters.days.unwrap_or(365)));
    let moves = parameters.moves.unwrap_or(2) as usize;
    let changes: Vec<&Event> = case.all(Seek::Moved).map(|(_, event)| event).collect();
    for (index, last) in changes.iter().enumerate().rev() {
        let near: Vec<&Event> = changes[..=index]
            .iter()
            .copied()
            .filter(|event| last.at - event.at <= within)
            .collect();
        let homes = near.iter().filter(|event| matches!(event.what, What::AddressChanged(_)));
        let homes = homes.count();
        if homes >= moves || (homes >= 1 && homes < near.len()) {
            return near.iter().map(|event| event.id).collect();
        }
    }
    Vec::new()
}

/// NA-2.4: contacts that the family had agreed to and that failed, close together; or a child who
/// was let be seen from a distance only.
fn compliance(case: &Case<'_>, episodes: &[Episode<'_>], parameters: &Parameters) -> Vec<EventId> {
    let within = TimeDelta::days(i64::from(parameters.days.unwrap_or(180)));
    let enough = parameters.contacts.unwrap_or(2) as usize;
    let agreed: Vec<_> = episodes
        .iter()
        .flat_map(|episode| episode.contacts.iter())
        .filter(|contact| contact.family_had_agreed)
        .collect();
    let close = agreed.iter().rev().find_map(|last| {
        let near: Vec<EventId> = agreed
            .iter()
            .filter(|contact| contact.at <= last.at && last.at - contact.at <= within)
            .map(|contact| contact.records[0])
            .collect();
        (near.len() >= enough).then_some(near)
    });
    let mut evidence = close.unwrap_or_default();
    let last_seen = case.all(Seek::Seen).rfind(|(_, event)| is_seen(&event.what));
    let after = last_seen.map_or(0, |(position, _)| position + 1);
    let from_distance = case.all(Seek::Seen).filter(|(position, _)| *position >= after);
    evidence.extend(from_distance.map(|(_, event)| event.id));
    evidence
}

/// NA-3.5: the practitioner was actively prevented from seeing the child.
fn prevented(case: &Case<'_>) -> Vec<EventId> {
    let contacts = case.history.contacts.iter().filter(|contact| contact.actively_prevented);
    contacts.map(|contact| contact.records[0]).collect()
}
