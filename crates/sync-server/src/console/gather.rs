//! What the pages show, gathered from the store in one look: names beside identifiers, and the
//! records that an escalation rests on. Nothing here draws.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use doorstep_core::access::Thing;
use doorstep_core::assessment::{Assessment, Escalation, Standing};
use doorstep_core::attachment::Attachment;
use doorstep_core::event::Event;
use doorstep_core::ids::{ChildId, EscalationId, EventId, PersonId};
use doorstep_core::policy::Policy;
use doorstep_core::seal::Body;
use doorstep_core::trust::Timing;
use doorstep_core::wire::Contact;

use super::filter::{Filter, Show, Whose};
use super::text::text;
use super::viewer::Viewer;
use crate::access::Reader;
use crate::judge::standing;
use crate::store::directory::{Child, People};
use crate::store::ledger::{HistoryEntry, LedgerLine};
use crate::store::log::LoggedEvent;
use crate::store::notices::Notice;
use crate::store::{StoreError, Tx};

/// Ended escalations of one person that the inbox offers.
const ENDED_MAX: usize = 200;
/// Escalations on one page of the inbox.
pub const PAGE_ROWS: usize = 25;

/// Somebody who acknowledged, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcknowledgedBy {
    /// Who.
    pub person: PersonId,
    /// Full name.
    pub name: String,
    /// When (UTC).
    pub at: DateTime<Utc>,
}

/// An escalation with the names that belong to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Raised {
    /// Identity.
    pub id: EscalationId,
    /// The child.
    pub child: ChildId,
    /// The child's name.
    pub child_name: String,
    /// What the policy says.
    pub escalation: Escalation,
    /// When it reached the ledger (UTC).
    pub entered: DateTime<Utc>,
    /// In whose place the viewer was told of it, where that is so.
    pub in_place_of: Option<String>,
    /// To whom it is addressed.
    pub addressee: PersonId,
    /// Their name.
    pub addressee_name: String,
    /// Who acknowledged it.
    pub acknowledged: Option<AcknowledgedBy>,
    /// A notice of it does not arrive.
    pub undelivered: bool,
    /// The records that it rests on, in the order in which they happened.
    pub evidence: Vec<Recorded>,
}

/// Where an escalation stands for the people who deal with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Nobody has acknowledged it.
    New,
    /// The duty is met, but nobody has acknowledged it.
    MetUnseen,
    /// Somebody has it in hand; the duty is still owed.
    Acknowledged,
    /// The duty is met.
    Met,
    /// Its ground has gone.
    StoodDown,
}

impl Stage {
    /// Where a line stands.
    pub const fn of(line: &LedgerLine) -> Self {
        Self::from_parts(line.escalation.standing, line.acknowledged.is_some())
    }

    const fn from_parts(standing: Standing, acknowledged: bool) -> Self {
        match (standing, acknowledged) {
            (Standing::StoodDown, _) => Self::StoodDown,
            (Standing::Discharged, false) => Self::MetUnseen,
            (Standing::Discharged, true) => Self::Met,
            (Standing::Open, true) => Self::Acknowledged,
            (Standing::Open, false) => Self::New,
        }
    }

    /// The duty is still owed.
    pub const fn is_owed(self) -> bool {
        matches!(self, Self::New | Self::Acknowledged)
    }

    /// A person must still take notice.
    pub const fn wants_acknowledging(self) -> bool {
        matches!(self, Self::New | Self::MetUnseen)
    }
}

impl Raised {
    /// Where it stands.
    pub const fn stage(&self) -> Stage {
        Stage::from_parts(self.escalation.standing, self.acknowledged.is_some())
    }
}

/// A record in the log with who made it and when it came.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    /// Position in the organisation's log.
    pub position: u64,
    /// What was signed.
    pub body: Body,
    /// Full name of who recorded it.
    pub person: String,
    /// When it reached the server (UTC).
    pub received: DateTime<Utc>,
    /// When it happened, as judged then.
    pub timing: Timing,
    /// What is attached to it.
    pub attached: Vec<Attached>,
}

/// An attachment of a record.
#[derive(Clone, Debug, PartialEq)]
pub struct Attached {
    /// As the record names it.
    pub attachment: Attachment,
    /// Its bytes have arrived.
    pub is_here: bool,
}

/// Everything that the inbox shows.
#[derive(Debug)]
pub struct Inbox {
    /// What was asked for, with a page that exists.
    pub filter: Filter,
    /// How many pages there are.
    pub pages: usize,
    /// Who looks.
    pub viewer: PersonId,
    /// Whether the viewer may look at the team's.
    pub sees_team: bool,
    /// How many are open.
    pub open: Open,
    /// What the filter lets through: stage and limit of each, in order.
    pub all: Vec<(Stage, Option<DateTime<Utc>>)>,
    /// The page.
    pub rows: Vec<Raised>,
    /// This moment (UTC).
    pub now: DateTime<Utc>,
}

/// How many escalations are open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Open {
    /// The viewer's own.
    pub mine: usize,
    /// Those of the viewer's team.
    pub team: usize,
    /// Those that the viewer was told of in somebody else's place.
    pub covered: usize,
}

/// Everything that the pages show of one child.
#[derive(Clone, Debug, PartialEq)]
pub struct ChildFile {
    /// The child.
    pub child: Child,
    /// The name of its team.
    pub team: Option<String>,
    /// Who holds the child now, with their roles.
    pub contacts: Vec<Contact>,
    /// The log, in the order of positions.
    pub records: Vec<Recorded>,
    /// Records that this release cannot read.
    pub unreadable: usize,
    /// What was said when the child was last assessed, by the records that can be read.
    pub assessment: Option<Assessment>,
}

/// One escalation with everything around it.
#[derive(Clone, Debug, PartialEq)]
pub struct EscalationFile {
    /// The escalation.
    pub raised: Raised,
    /// Its child.
    pub file: ChildFile,
    /// The notices that went out, each with the name of who was told.
    pub notices: Vec<(Notice, String)>,
    /// What happened to it, each with the name of who did it.
    pub history: Vec<(HistoryEntry, Option<String>)>,
}

/// Names by identity, each asked for once.
#[derive(Default)]
struct Names(BTreeMap<PersonId, String>);

impl Names {
    fn of(&mut self, tx: &dyn Tx, person: PersonId) -> Result<String, StoreError> {
        if let Some(name) = self.0.get(&person) {
            return Ok(name.clone());
        }
        let name =
            tx.person(person)?.map_or_else(|| text!("page-somebody-unknown"), |p| p.name.into());
        self.0.insert(person, name.clone());
        Ok(name)
    }
}

/// The viewer's inbox.
pub fn inbox(
    tx: &dyn Tx,
    viewer: &Viewer,
    filter: Filter,
    now: DateTime<Utc>,
) -> Result<Inbox, StoreError> {
    let team = team_of(tx, viewer)?;
    let mut cover = tx.covered(viewer.person)?;
    let own = tx.inbox(Some(viewer.person))?;
    let mut left = left_to(tx, viewer, now)?;
    left.retain(|(line, _)| !own.iter().any(|told| told.id == line.id));
    cover.extend(left.iter().map(|(line, of)| (line.id, *of)));
    let covers =
        |line: &LedgerLine| line.addressee != viewer.person && cover.contains_key(&line.id);
    let (mut covered, mine): (Vec<_>, Vec<_>) = own.into_iter().partition(covers);
    covered.extend(left.into_iter().map(|(line, _)| line));
    let teams = told_any(tx, &team)?;
    let counts = Open { mine: mine.len(), team: teams.len(), covered: covered.len() };
    let whose = match filter.whose {
        Whose::Team if !viewer.sees_team => Whose::Mine,
        whose => whose,
    };
    let (open, people) = match whose {
        Whose::Team => (teams, team),
        Whose::Mine => (mine, vec![viewer.person]),
        Whose::Covered => (covered, vec![viewer.person]),
    };
    let mut lines = if filter.show == Show::Closed { Vec::new() } else { open };
    if filter.show != Show::Open {
        for person in people {
            lines.extend(tx.ended_lines(person, ENDED_MAX)?);
        }
        lines.sort_by_key(|line| line.id);
        lines.dedup_by_key(|line| line.id);
        lines.retain(|line| whose == Whose::Team || covers(line) == (whose == Whose::Covered));
    }
    lines.retain(|line| filter.urgency.is_none_or(|wanted| line.escalation.urgency == wanted));
    lines.sort_by_key(order);
    let pages = lines.len().div_ceil(PAGE_ROWS).max(1);
    let page = filter.page.clamp(1, pages);
    let mut names = Names::default();
    let rows = lines.iter().skip((page - 1) * PAGE_ROWS).take(PAGE_ROWS);
    Ok(Inbox {
        filter: Filter { whose, page, ..filter },
        pages,
        viewer: viewer.person,
        sees_team: viewer.sees_team,
        open: counts,
        all: lines.iter().map(|line| (Stage::of(line), line.escalation.due)).collect(),
        rows: rows
            .map(|line| {
                let in_place_of = cover.get(&line.id).map(|of| names.of(tx, *of)).transpose()?;
                Ok(Raised { in_place_of, ..raised(tx, line, &mut names)? })
            })
            .collect::<Result<_, StoreError>>()?,
        now,
    })
}

/// What those in whose place the viewer stands now have open, also what they heard of, or had in
/// hand, before they went; each with whose it is. Only of children whose record is open to the
/// viewer.
fn left_to(
    tx: &dyn Tx,
    viewer: &Viewer,
    now: DateTime<Utc>,
) -> Result<Vec<(LedgerLine, PersonId)>, StoreError> {
    let mut left = BTreeMap::new();
    let Some(reader) = Reader::of(tx, viewer.person, now)? else { return Ok(Vec::new()) };
    for absence in tx.covers_of(viewer.person)?.into_iter().filter(|it| it.holds_at(now)) {
        for line in tx.inbox(Some(absence.person))? {
            let Some(child) = tx.child(line.child)? else { continue };
            if reader.opens(tx, &child, Thing::Record)?.is_none() {
                continue;
            }
            left.insert(line.id, (line, absence.person));
        }
    }
    Ok(left.into_values().collect())
}

/// What asks for attention first: by stage, urgency, time left and age.
fn order(line: &LedgerLine) -> impl Ord + use<> {
    let due = line.escalation.due.unwrap_or(DateTime::<Utc>::MAX_UTC);
    // What is over and done with is read the other way round, the latest first.
    let ended = line.ended.map(std::cmp::Reverse);
    (Stage::of(line), ended, line.escalation.urgency, due, line.raised, line.id)
}

/// The open lines that any of these people was told of, each once.
fn told_any(tx: &dyn Tx, people: &[PersonId]) -> Result<Vec<LedgerLine>, StoreError> {
    let mut lines = BTreeMap::new();
    for person in people {
        lines.extend(tx.inbox(Some(*person))?.into_iter().map(|line| (line.id, line)));
    }
    Ok(lines.into_values().collect())
}

fn team_of(tx: &dyn Tx, viewer: &Viewer) -> Result<Vec<PersonId>, StoreError> {
    match viewer.team.filter(|_| viewer.sees_team) {
        None => Ok(vec![viewer.person]),
        Some(team) => Ok(tx.people(People::Team(team))?.into_iter().map(|p| p.id).collect()),
    }
}

fn raised(tx: &dyn Tx, line: &LedgerLine, names: &mut Names) -> Result<Raised, StoreError> {
    let evidence = evidence(tx, &line.escalation.evidence, names)?;
    let child_name = tx
        .child(line.child)?
        .map_or_else(|| text!("page-child-unknown"), |child| child.name.into());
    let acknowledged = match line.acknowledged {
        None => None,
        Some(by) => Some(AcknowledgedBy { person: by.by, name: names.of(tx, by.by)?, at: by.at }),
    };
    Ok(Raised {
        id: line.id,
        child: line.child,
        child_name,
        escalation: line.escalation.clone(),
        entered: line.raised,
        in_place_of: None,
        addressee: line.addressee,
        addressee_name: names.of(tx, line.addressee)?,
        acknowledged,
        undelivered: line.undelivered,
        evidence,
    })
}

fn evidence(
    tx: &dyn Tx,
    events: &[EventId],
    names: &mut Names,
) -> Result<Vec<Recorded>, StoreError> {
    let mut records = Vec::new();
    for id in events {
        if let Some(event) = tx.event(*id)? {
            records.extend(recorded(tx, &event, names)?);
        }
    }
    Ok(records)
}

/// A record as pages show it; none where this release cannot read it.
fn recorded(
    tx: &dyn Tx,
    event: &LoggedEvent,
    names: &mut Names,
) -> Result<Option<Recorded>, StoreError> {
    let Ok(body) = serde_json::from_str::<Body>(&event.body) else { return Ok(None) };
    let person = names.of(tx, event.person)?;
    let LoggedEvent { position, received, timing, .. } = *event;
    let mut attached = Vec::with_capacity(body.event.attachments.len());
    for attachment in &body.event.attachments {
        let is_here = tx.attachment(attachment.hash)?.is_some();
        attached.push(Attached { attachment: attachment.clone(), is_here });
    }
    Ok(Some(Recorded { position, body, person, received, timing, attached }))
}

/// Everything about one escalation; none where there is no such.
pub fn escalation(
    tx: &dyn Tx,
    policy: &Policy,
    id: EscalationId,
    now: DateTime<Utc>,
) -> Result<Option<EscalationFile>, StoreError> {
    let Some(line) = tx.line(id)? else { return Ok(None) };
    let Some(file) = child(tx, policy, line.child, now)? else { return Ok(None) };
    let mut names = Names::default();
    let mut notices = Vec::new();
    for notice in tx.notices(id)? {
        let name = names.of(tx, notice.person)?;
        notices.push((notice, name));
    }
    let mut history = Vec::new();
    for entry in tx.line_history(id)? {
        let name = entry.by.map(|by| names.of(tx, by)).transpose()?;
        history.push((entry, name));
    }
    Ok(Some(EscalationFile { raised: raised(tx, &line, &mut names)?, file, notices, history }))
}

/// The records as the policies are given them: each once, at the instant from which limits run.
pub fn events(records: &[Recorded]) -> Vec<Event> {
    let mut seen = BTreeSet::new();
    let first = records.iter().filter(|record| seen.insert(record.body.event.id));
    let judged =
        |record: &Recorded| Event { at: record.timing.limits_from, ..record.body.event.clone() };
    first.map(judged).collect()
}

/// Everything about one child; none where there is no such.
pub fn child(
    tx: &dyn Tx,
    policy: &Policy,
    id: ChildId,
    now: DateTime<Utc>,
) -> Result<Option<ChildFile>, StoreError> {
    let Some(child) = tx.child(id)? else { return Ok(None) };
    let mut names = Names::default();
    let history = tx.history(id)?;
    let mut records = Vec::with_capacity(history.len());
    for event in &history {
        records.extend(recorded(tx, event, &mut names)?);
    }
    let assessment = standing(tx, policy, &child, &events(&records))?;
    let team = match child.team {
        Some(of) => tx.teams()?.into_iter().find(|team| team.id == of).map(|team| team.name),
        None => None,
    };
    Ok(Some(ChildFile {
        team,
        contacts: contacts(tx, id, now)?,
        unreadable: history.len() - records.len(),
        records,
        assessment,
        child,
    }))
}

fn contacts(tx: &dyn Tx, child: ChildId, now: DateTime<Utc>) -> Result<Vec<Contact>, StoreError> {
    let mut contacts = Vec::new();
    for allocation in tx.allocations(child)? {
        if !allocation.holds_at(now) {
            continue;
        }
        if let Some(person) = tx.person(allocation.person)? {
            let (name, phone) = (person.name, person.phone);
            contacts.push(Contact {
                role: allocation.role.into(),
                name: name.into(),
                phone: phone.map(Into::into),
            });
        }
    }
    Ok(contacts)
}
