//! What the managers see: the ledger of one child, read from the story's server's own store.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use doorstep_core::assessment::{Assessment, Ground, Standing};
use doorstep_core::event::Role;
use doorstep_core::ids::{ChildId, EscalationId, EventId};
use doorstep_core::time::in_words;
use doorstep_sync_server::admin::AdminError;
use doorstep_sync_server::judge::{assessment, history};
use doorstep_sync_server::store::ledger::LedgerLine;
use doorstep_sync_server::store::{StoreError, Tx};

use crate::device::describe::{self, spaced};
use crate::failure::{Failure, Outcome};
use crate::office::Office;
use crate::out::Out;

/// The ledger of one child at one moment.
pub struct View {
    /// What the server's policy says of the child.
    pub assessment: Assessment,
    /// The child's lines, in the order in which they were raised.
    pub lines: Vec<LedgerLine>,
    names: BTreeMap<EscalationId, String>,
    events: BTreeMap<EventId, String>,
}

impl View {
    /// Looks.
    pub fn of(office: &Office, child: ChildId) -> Outcome<Self> {
        let view = office.read(move |tx: &dyn Tx| {
            let Some(stored) = tx.assessment(child)? else { return Ok(None) };
            let lines = tx.lines(child)?;
            let mut names = BTreeMap::new();
            for line in &lines {
                let person = tx.person(line.addressee)?;
                names.insert(line.id, person.map(|person| person.name).unwrap_or_default());
            }
            let events = history(&tx.history(child)?)?;
            let events = events.iter().map(|record| {
                let told = describe::event(&record.event);
                (record.event.id, told)
            });
            let events = events.collect();
            Ok::<_, AdminError>(Some(Self { assessment: stored.assessment, lines, names, events }))
        })?;
        view.ok_or_else(|| Failure::No("the server has not judged the child".to_owned()))
    }

    /// Whether a line stands like this.
    pub fn has(&self, clause: &str, to: Role, standing: Standing) -> bool {
        self.find(clause, to).any(|line| line.escalation.standing == standing)
    }

    /// Whether a limit passed unmet and somebody one step up heard of it.
    pub fn has_breach(&self, clause: &str, to: Role) -> bool {
        self.find(clause, to).any(|line| line.escalation.ground == Ground::Breach)
    }

    /// The lines of a clause to a role.
    pub fn find(&self, clause: &str, to: Role) -> impl Iterator<Item = &LedgerLine> {
        let clause = clause.to_owned();
        self.lines
            .iter()
            .filter(move |line| *line.escalation.clause.0 == *clause && line.escalation.to == to)
    }

    /// Every (clause, cause, role) is there once.
    pub fn each_once(&self) -> bool {
        let keys: BTreeSet<_> = self
            .lines
            .iter()
            .map(|line| (&line.escalation.clause, line.escalation.cause, line.escalation.to))
            .collect();
        keys.len() == self.lines.len()
    }

    /// Prints the lines that are new or stand otherwise than in `before`, and counts the others.
    pub fn print_since(&self, before: Option<&Self>, now: DateTime<Utc>, out: &mut Out) -> Outcome {
        let known: BTreeMap<_, _> = before
            .into_iter()
            .flat_map(|view| &view.lines)
            .map(|line| (line.id, line.escalation.standing))
            .collect();
        let mut unchanged = 0;
        for line in &self.lines {
            match known.get(&line.id) {
                Some(standing) if *standing == line.escalation.standing => unchanged += 1,
                Some(_) => self.print("changed", line, now, out)?,
                None => self.print("new", line, now, out)?,
            }
        }
        if unchanged > 0 {
            out.line(format!("  ({unchanged} earlier escalations stand as before)"))?;
        }
        Ok(())
    }

    fn print(&self, mark: &str, line: &LedgerLine, now: DateTime<Utc>, out: &mut Out) -> Outcome {
        let escalation = &line.escalation;
        let name = self.names.get(&line.id).map_or("?", String::as_str);
        let role = spaced(escalation.to.as_str());
        let ground = if escalation.ground == Ground::Breach { ", limit passed below" } else { "" };
        let standing = spaced(escalation.standing.as_str());
        out.hanging(
            "  * ",
            format!("{} to {name} ({role}): {standing} [{mark}{ground}]", escalation.clause),
        )?;
        out.prose(6, &*escalation.sentence)?;
        let limit = match escalation.due {
            Some(due) if now > due => format!("limit: passed, {}", in_words(due)),
            Some(due) => format!("limit: {}", in_words(due)),
            None => "limit: none".to_owned(),
        };
        let rests: Vec<_> = escalation
            .evidence
            .iter()
            .map(|id| self.events.get(id).map_or("?", String::as_str))
            .collect();
        out.prose(6, format!("{limit}; rests on: {}", rests.join(" / ")))
    }
}

/// What the server's policies say of a child at `now`, from what the server holds.
pub fn judged(office: &Office, child: ChildId, now: DateTime<Utc>) -> Outcome<Assessment> {
    let policy = office.judge().policy;
    office.read(move |tx: &dyn Tx| {
        let card = tx.child(child)?.ok_or(StoreError::Missing { what: "child" })?;
        Ok::<_, StoreError>(assessment(&policy, &card, &history(&tx.history(child)?)?, now))
    })
}
