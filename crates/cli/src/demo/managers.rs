//! What the managers see: the ledger of one child, read from the story's server's own store.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use chrono_tz::Europe::London;
use doorstep_core::assessment::{Assessment, Ground, Standing};
use doorstep_core::event::Role;
use doorstep_core::ids::{ChildId, EscalationId, EventId};
use doorstep_core::time::deadline_in_words;
use doorstep_sync_server::admin::AdminError;
use doorstep_sync_server::judge::{self, events_of, history, standing};
use doorstep_sync_server::store::ledger::LedgerLine;
use doorstep_sync_server::store::{StoreError, Tx};

use crate::device::describe::spaced;
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
        let policy = office.judge().policy;
        let view = office.read(move |tx: &dyn Tx| {
            let Some(found) = tx.child(child)? else { return Ok(None) };
            let records = history(&tx.history(child)?)?;
            let Some(assessment) = standing(tx, &policy, &found, &judge::events(&records))? else {
                return Ok(None);
            };
            let lines = tx.lines(child)?;
            let mut names = BTreeMap::new();
            for line in &lines {
                let person = tx.person(line.addressee)?;
                names.insert(
                    line.id,
                    person.map(|person| String::from(person.name)).unwrap_or_default(),
                );
            }
            let mut events = BTreeMap::new();
            for record in records {
                let author = tx.person(record.author)?.map(|person| person.name);
                let author = author.unwrap_or_default();
                let first = author.split(' ').next().unwrap_or_default();
                let at = record.event.at.with_timezone(&London).format("%-d %b %H:%M");
                events.insert(record.event.id, format!("{first}'s record of {at}"));
            }
            Ok::<_, AdminError>(Some(Self { assessment, lines, names, events }))
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
    /// What goes to several people for the same reason is told once; `told` holds the clauses whose
    /// sentence was printed before.
    pub fn print_since(
        &self,
        before: Option<&Self>,
        now: DateTime<Utc>,
        told: &mut BTreeSet<String>,
        out: &mut Out,
    ) -> Outcome {
        let known: BTreeMap<_, _> = before
            .into_iter()
            .flat_map(|view| &view.lines)
            .map(|line| (line.id, line.escalation.standing))
            .collect();
        let is_news = |line: &&LedgerLine| {
            known.get(&line.id).is_none_or(|standing| *standing != line.escalation.standing)
        };
        let mut groups: BTreeMap<_, Vec<&LedgerLine>> = BTreeMap::new();
        for line in self.lines.iter().filter(is_news) {
            let e = &line.escalation;
            let due = e.due.unwrap_or(DateTime::<Utc>::MAX_UTC);
            let key = (e.standing, e.urgency, due, e.clause.clone(), e.cause, e.ground);
            groups.entry(key).or_default().push(line);
        }
        for group in groups.values() {
            self.print(group, now, told, out)?;
        }
        let others = self.lines.iter().filter(|line| !is_news(line)).count();
        if others > 0 {
            out.line(format!("  ({others} earlier escalations stand as before)"))?;
        }
        Ok(())
    }

    fn print(
        &self,
        group: &[&LedgerLine],
        now: DateTime<Utc>,
        told: &mut BTreeSet<String>,
        out: &mut Out,
    ) -> Outcome {
        let Some(escalation) = group.first().map(|line| &line.escalation) else { return Ok(()) };
        let people: Vec<_> = group.iter().map(|line| self.addressee(line)).collect();
        let above = escalation.ground == Ground::Breach;
        let standing = match escalation.standing {
            Standing::Open if above => "open, because nobody below kept the limit",
            Standing::Open => "open",
            Standing::Discharged => "discharged",
            Standing::StoodDown => "STOOD DOWN",
        };
        let people = people.join(" and ");
        out.hanging("  * ", format!("{} to {people}: {standing}", escalation.clause))?;
        if told.insert(escalation.clause.to_string()) {
            out.prose(4, &*escalation.sentence)?;
        }
        let limit = match escalation.due {
            Some(due) if now > due => format!("limit: {}, passed", deadline_in_words(due)),
            Some(due) => format!("limit: {}", deadline_in_words(due)),
            None => "no limit".to_owned(),
        };
        let rests: Vec<_> = escalation.evidence.iter().map(|id| self.record(*id)).collect();
        out.prose(4, format!("{limit}; rests on {}", rests.join(", ")))
    }

    fn addressee(&self, line: &LedgerLine) -> String {
        let name = self.names.get(&line.id).map_or("?", String::as_str);
        format!("{name} ({})", spaced(line.escalation.to.as_str()))
    }

    fn record(&self, id: EventId) -> &str {
        self.events.get(&id).map_or("a record", String::as_str)
    }
}

/// What the server's policies say of a child at `now`, from what the server holds.
pub fn judged(office: &Office, child: ChildId, now: DateTime<Utc>) -> Outcome<Assessment> {
    let policy = office.judge().policy;
    office.read(move |tx: &dyn Tx| {
        let card = tx.child(child)?.ok_or(StoreError::Missing { what: "child" })?;
        Ok::<_, StoreError>(policy.assess(&card.record, &events_of(tx, child)?, now))
    })
}
