//! A pack: the words and numbers of one policy, as data. What its clauses mean is code (`clauses`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::Deserialize;

use crate::assessment::{ClauseId, Due, Modality, PackRef, Urgency};
use crate::calendar::Calendar;
use crate::event::{ConcernLevel, Form, Role};
use crate::history::Contact;
use crate::time::next_midnight;
use crate::words::words;

/// One version of one policy.
#[derive(Clone, Debug, PartialEq)]
pub struct Pack {
    /// Identity, for example `no-access`.
    pub id: Arc<str>,
    /// Version, for example `1`.
    pub version: Arc<str>,
    /// The local date from which on events are judged by it.
    pub effective_from: NaiveDate,
    /// The title of the document.
    pub title: String,
    /// The policy that it is a version of: its own id, or that of the pack that it extends.
    pub line: Arc<str>,
    /// Which failed contacts count.
    pub counting: Counting,
    /// Its clauses, in the document's order.
    pub clauses: Vec<Arc<Clause>>,
}

/// Which failed contacts a policy counts.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counting {
    /// Those at a contact that the family did not expect, too.
    pub unannounced: bool,
    /// The forms that count.
    pub forms: BTreeSet<Form>,
}

impl Counting {
    /// Whether it counts this contact.
    pub fn counts(&self, contact: &Contact) -> bool {
        (contact.planned || self.unannounced) && self.forms.contains(&contact.form)
    }
}

words!(
    /// What a clause is.
    Kind {
        /// Shapes the model.
        Definition = "definition",
        /// Something that must not be let happen.
        Gate = "gate",
        /// Somebody owes something.
        Duty = "duty",
        /// A question put to the practitioner, never a rule.
        Prompt = "prompt",
        /// A pattern shown to a person, never a decision.
        Indicator = "indicator",
        /// How things are worded and shown.
        Principle = "principle",
    }
);

/// One clause of a policy.
#[derive(Clone, Debug, PartialEq)]
pub struct Clause {
    /// Identity, for example `NA-4.5`.
    pub id: ClauseId,
    /// What it is.
    pub kind: Kind,
    /// Where it stands in the document.
    pub section: String,
    /// What it says, in a sentence of plain English.
    pub sentence: Arc<str>,
    /// The question, for a prompt.
    pub question: Option<String>,
    /// How strongly it binds.
    pub modality: Modality,
    /// Who owes it.
    pub owner: Role,
    /// Who must hear of it: one list for each person, with those who stand in for that person.
    pub tell: Vec<Vec<Role>>,
    /// How fast they must take notice.
    pub urgency: Urgency,
    /// Its limit, where there is one.
    pub limit: Option<Limit>,
    /// The child's being assured ends it: it was owed only in order to reach the child.
    pub ends_when_assured: bool,
    /// The clause whose meaning it has, where an organisation added it to its own pack.
    pub means: Option<ClauseId>,
    /// Its numbers.
    pub parameters: Parameters,
}

/// The numbers of a clause.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// From how many contacts on.
    pub contacts: Option<u32>,
    /// From how many on, where the child also left or changed school.
    pub contacts_with_school_change: Option<u32>,
    /// From how many changes of address on.
    pub moves: Option<u32>,
    /// Within how many days of each other.
    pub days: Option<u32>,
    /// From which level of concern on.
    pub concern: Option<ConcernLevel>,
    /// Hours that a card or letter gives where it states no time.
    pub reply_hours: Option<u32>,
    /// The roles with whom a discussion meets it.
    pub with: BTreeSet<Role>,
}

/// A limit. It runs from when the duty arose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Limit {
    /// This many minutes.
    Minutes(u32),
    /// This many hours, exactly.
    Hours(u32),
    /// 17:00 local on this many working days after the local date of the start.
    WorkingDays(u32),
    /// Before the next local midnight.
    OnTheDay,
    /// 17:00 local that day, or of the next working day.
    EndOfWorkingDay,
}

impl Limit {
    /// When a duty that arose at `since` is due.
    pub fn due(self, since: DateTime<Utc>, calendar: &Calendar) -> Due {
        let ((at, stepped_over), before) = match self {
            Self::Minutes(n) => ((since + TimeDelta::minutes(i64::from(n)), Vec::new()), false),
            Self::Hours(n) => ((since + TimeDelta::hours(i64::from(n)), Vec::new()), false),
            Self::WorkingDays(n) => (calendar.after_working_days(since, n), false),
            Self::OnTheDay => ((next_midnight(since), Vec::new()), true),
            Self::EndOfWorkingDay => (calendar.end_of_working_day(since), false),
        };
        Due { at, limit: self.in_words().into(), stepped_over: stepped_over.into(), before }
    }

    /// The limit in words.
    pub fn in_words(self) -> String {
        let plural = |n: u32, unit: &str| {
            if n == 1 { format!("within 1 {unit}") } else { format!("within {n} {unit}s") }
        };
        match self {
            Self::Minutes(n) if n % 60 == 0 => plural(n / 60, "hour"),
            Self::Minutes(n) => plural(n, "minute"),
            Self::Hours(n) => plural(n, "hour"),
            Self::WorkingDays(n) => plural(n, "working day"),
            Self::OnTheDay => "on the day".to_owned(),
            Self::EndOfWorkingDay => "before the end of the working day".to_owned(),
        }
    }

    /// A limit of nothing can never be kept.
    pub const fn is_nothing(self) -> bool {
        matches!(self, Self::Minutes(0) | Self::Hours(0) | Self::WorkingDays(0))
    }
}

impl Clause {
    /// The id under which its meaning stands: its own, or that of the clause it was built from.
    pub fn meaning_id(&self) -> &ClauseId {
        self.means.as_ref().unwrap_or(&self.id)
    }
}

impl Pack {
    /// The pack and its version.
    pub fn reference(&self) -> PackRef {
        PackRef { id: self.id.clone(), version: self.version.clone() }
    }

    /// The clause with this id.
    pub fn clause(&self, id: &str) -> Option<&Arc<Clause>> {
        self.clauses.iter().find(|clause| &*clause.id.0 == id)
    }
}

/// The packs of an organisation, each with its versions in the order in which they take effect.
#[derive(Clone, Debug, Default)]
pub struct Packs {
    by_line: BTreeMap<Arc<str>, Vec<Arc<Pack>>>,
}

impl Packs {
    /// Adds a version. Of two with the same date the one added later holds.
    pub fn add(&mut self, pack: Pack) {
        let versions = self.by_line.entry(pack.line.clone()).or_default();
        let at = versions.partition_point(|other| other.effective_from <= pack.effective_from);
        versions.insert(at, Arc::new(pack));
    }

    /// Only the policies of these base packs; an id that is not there is handed back.
    pub fn only(&self, ids: &[&str]) -> Result<Self, String> {
        let mut packs = Self::default();
        for id in ids {
            let (line, versions) =
                self.by_line.get_key_value(*id).ok_or_else(|| (*id).to_owned())?;
            packs.by_line.insert(line.clone(), versions.clone());
        }
        Ok(packs)
    }

    /// The versions of each pack, earliest first.
    pub fn lines(&self) -> impl Iterator<Item = &[Arc<Pack>]> {
        self.by_line.values().map(Vec::as_slice)
    }

    /// The newest version of each pack.
    pub fn newest(&self) -> impl Iterator<Item = &Pack> {
        self.by_line.values().filter_map(|versions| versions.last()).map(|pack| &**pack)
    }
}

/// The version in force on a local date: the last one to have taken effect, or the first of all for
/// what happened before any did.
pub fn in_force(versions: &[Arc<Pack>], on: NaiveDate) -> &Arc<Pack> {
    let after = versions.partition_point(|pack| pack.effective_from <= on);
    &versions[after.saturating_sub(1)]
}
