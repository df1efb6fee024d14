//! `doorstep admin list`: what the organisation has, as a table or as JSON.

use chrono::{DateTime, Utc};
use clap::ValueEnum;
use doorstep_core::ids::{PersonId, TeamId};
use doorstep_core::time::in_words;
use doorstep_sync_server::admin::AdminError;
use doorstep_sync_server::store::Tx;
use doorstep_sync_server::store::directory::People;
use doorstep_sync_server::store::ledger::LedgerLine;
use serde_json::{Value, json};

use super::devices;
use crate::device::describe::spaced;
use crate::failure::Outcome;
use crate::office::Office;
use crate::out::Out;

/// What can be listed.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum What {
    /// Children, with who works with them
    Children,
    /// Staff and volunteers
    Staff,
    /// Devices
    Devices,
    /// Teams
    Teams,
    /// Escalations that have not ended, the most urgent first
    Escalations,
}

/// A table and the same as JSON.
pub(super) struct Listed {
    pub head: &'static [&'static str],
    pub rows: Vec<Vec<String>>,
    pub json: Vec<Value>,
}

/// Lists.
pub fn run(office: &Office, what: What, as_json: bool, out: &mut Out) -> Outcome {
    let now = office.ambient().now();
    let listed = office.read(move |tx| {
        tx.organisation()?.ok_or(AdminError::NoOrganisation)?;
        match what {
            What::Children => children(tx, now),
            What::Staff => staff(tx),
            What::Devices => devices::listed(tx),
            What::Teams => teams(tx),
            What::Escalations => escalations(tx),
        }
    })?;
    if as_json { out.json(&listed.json) } else { out.table(listed.head, &listed.rows) }
}

fn children(tx: &dyn Tx, now: DateTime<Utc>) -> Result<Listed, AdminError> {
    let teams = tx.teams()?;
    let mut listed =
        Listed { head: &["CHILD", "NAME", "TEAM", "WITH"], rows: Vec::new(), json: Vec::new() };
    for child in tx.children()? {
        let mut with = Vec::new();
        for held in tx.allocations(child.id)?.into_iter().filter(|held| held.holds_at(now)) {
            if let Some(person) = tx.person(held.person)? {
                with.push(format!("{} ({})", person.name.reveal(), spaced(held.role.as_str())));
            }
        }
        let team = teams.iter().find(|team| Some(team.id) == child.team);
        let team = team.map(|team| team.external.clone()).unwrap_or_default();
        listed.json.push(json!({
            "id": child.id, "external": child.external,
            "name": child.name.reveal(), "born": child.born, "team": team,
            "address_protected": child.address_protected, "with": with,
        }));
        listed.rows.push(vec![child.external, child.name.into(), team, with.join(", ")]);
    }
    Ok(listed)
}

fn staff(tx: &dyn Tx) -> Result<Listed, AdminError> {
    let teams = tx.teams()?;
    let people = tx.people(People::All)?;
    let team = |id: Option<TeamId>| {
        let team = teams.iter().find(|team| Some(team.id) == id);
        team.map(|team| team.external.clone()).unwrap_or_default()
    };
    let manager = |id: Option<PersonId>| {
        let manager = people.iter().find(|person| Some(person.id) == id);
        manager.map(|manager| manager.external.clone()).unwrap_or_default()
    };
    let mut listed = Listed {
        head: &["STAFF", "NAME", "ROLE", "TEAM", "MANAGER", "PHONE"],
        rows: Vec::new(),
        json: Vec::new(),
    };
    for person in people.iter().filter(|person| person.is_staff()) {
        let account = tx.account_of(person.id)?.map(|account| account.login);
        listed.json.push(json!({
            "id": person.id, "external": person.external, "name": person.name.reveal(),
            "role": person.role, "also": person.also, "administrator": person.administrator,
            "team": team(person.team), "line_manager": manager(person.line_manager),
            "phone": person.phone.as_deref(), "left": person.left, "login": account,
        }));
        listed.rows.push(vec![
            person.external.clone(),
            person.name.clone().into(),
            spaced(person.role.as_str()),
            team(person.team),
            manager(person.line_manager),
            person.phone.clone().unwrap_or_default().into(),
        ]);
    }
    Ok(listed)
}

fn teams(tx: &dyn Tx) -> Result<Listed, AdminError> {
    let teams = tx.teams()?;
    Ok(Listed {
        head: &["TEAM", "NAME", "PHONE"],
        json: teams
            .iter()
            .map(
                |t| json!({ "id": t.id, "external": t.external, "name": t.name, "phone": t.phone }),
            )
            .collect(),
        rows: teams
            .into_iter()
            .map(|team| vec![team.external, team.name, team.phone.unwrap_or_default()])
            .collect(),
    })
}

fn escalations(tx: &dyn Tx) -> Result<Listed, AdminError> {
    let mut listed = Listed {
        head: &["CLAUSE", "TO", "URGENCY", "STANDING", "DUE", "CHILD"],
        rows: Vec::new(),
        json: Vec::new(),
    };
    for line in tx.inbox(None)? {
        let child = tx.child(line.child)?.map(|child| child.external).unwrap_or_default();
        let to =
            tx.person(line.addressee)?.map(|person| String::from(person.name)).unwrap_or_default();
        listed.json.push(escalation_json(&line, &child, &to));
        let escalation = line.escalation;
        listed.rows.push(vec![
            escalation.clause.to_string(),
            format!("{to} ({})", spaced(escalation.to.as_str())),
            escalation.urgency.as_str().to_owned(),
            escalation.standing.as_str().to_owned(),
            escalation.due.map_or_else(|| "-".to_owned(), in_words),
            child,
        ]);
    }
    Ok(listed)
}

fn escalation_json(line: &LedgerLine, child: &str, to: &str) -> Value {
    json!({
        "id": line.id, "child": child, "to": line.escalation.to, "addressee": to,
        "clause": line.escalation.clause, "urgency": line.escalation.urgency,
        "ground": line.escalation.ground, "standing": line.escalation.standing,
        "due": line.escalation.due, "sentence": line.escalation.sentence,
        "evidence": line.escalation.evidence, "raised": line.raised, "told": line.told,
        "acknowledged": line.acknowledged.map(|acknowledged| acknowledged.at),
    })
}
