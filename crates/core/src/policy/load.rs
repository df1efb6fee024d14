//! Reading a pack: TOML into [`Pack`], with a sentence, a line and a key for whatever is wrong.
//!
//! A pack that extends another one says only what differs: numbers, owners, chains, words, and
//! clauses of its own that are built from existing ones.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::NaiveDate;
use serde::Deserialize;
use toml::Spanned;

use super::clauses::{Meaning, ids, meaning};
use super::pack::{Clause, Counting, Kind, Limit, Pack, Packs, Parameters};
use crate::assessment::{ClauseId, Modality, Urgency};
use crate::event::Role;
use crate::words::{closest, hint};

const NO_ACCESS: &str = include_str!("../../../../schema/policy/no-access.toml");
const FAILURE_TO_GAIN_ACCESS: &str =
    include_str!("../../../../schema/policy/failure-to-gain-access.toml");

/// Why a pack cannot be used: a sentence with the line it is about. Nothing of it was loaded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct PackError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong, and what could be meant.
    pub message: String,
}

/// The two packs that are built in.
pub(super) fn built_in() -> Packs {
    let mut packs = Packs::default();
    for text in [NO_ACCESS, FAILURE_TO_GAIN_ACCESS] {
        let pack = read_pack(text, &Packs::default());
        packs.add(pack.expect("the built-in packs are checked by a test"));
    }
    packs
}

/// A pack as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PackText {
    id: Spanned<Arc<str>>,
    version: String,
    effective_from: toml::value::Date,
    title: Option<String>,
    extends: Option<Spanned<String>>,
    counting: Option<Counting>,
    #[serde(default, rename = "clause")]
    clauses: Vec<Spanned<ClauseText>>,
}

/// A clause as it is written: what is left out comes from the pack that is extended.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClauseText {
    id: Spanned<ClauseId>,
    kind: Option<Kind>,
    section: Option<String>,
    sentence: Option<Arc<str>>,
    question: Option<String>,
    modality: Option<Modality>,
    owner: Option<Role>,
    tell: Option<Vec<Vec<Role>>>,
    urgency: Option<Urgency>,
    limit: Option<Spanned<Limit>>,
    ends_when_assured: Option<bool>,
    means: Option<Spanned<ClauseId>>,
    parameters: Option<Parameters>,
}

/// Reads a pack. `known` are the packs that it may extend.
pub fn read_pack(text: &str, known: &Packs) -> Result<Pack, PackError> {
    let reader = Reader { text };
    let written: PackText = toml::from_str(text).map_err(|error| reader.malformed(&error))?;
    let base =
        written.extends.as_ref().map(|id| reader.base(id, &written.id, known)).transpose()?;
    let effective_from = NaiveDate::from_ymd_opt(
        i32::from(written.effective_from.year),
        u32::from(written.effective_from.month),
        u32::from(written.effective_from.day),
    );
    let effective_from = effective_from
        .ok_or_else(|| reader.at(written.id.span().start, "effective_from is not a date".into()))?;
    let start = written.id.span().start;
    let missing = |key: &str| reader.at(start, format!("\"{key}\" is missing"));
    let mut pack = Pack {
        line: base.map_or_else(|| written.id.get_ref().clone(), |base| base.line.clone()),
        id: written.id.into_inner(),
        version: written.version.into(),
        effective_from,
        title: written
            .title
            .or_else(|| base.map(|base| base.title.clone()))
            .ok_or_else(|| missing("title"))?,
        counting: written
            .counting
            .or_else(|| base.map(|base| base.counting.clone()))
            .ok_or_else(|| missing("counting"))?,
        clauses: base.map(|base| base.clauses.clone()).unwrap_or_default(),
    };
    let mut seen = BTreeSet::new();
    for clause in written.clauses {
        let span = clause.span().start;
        let clause = clause.into_inner();
        if !seen.insert(clause.id.get_ref().clone()) {
            let twice = format!("clause {} stands here twice", clause.id.get_ref());
            return Err(reader.at(clause.id.span().start, twice));
        }
        reader.put(&mut pack, clause, span)?;
    }
    Ok(pack)
}

struct Reader<'a> {
    text: &'a str,
}

impl Reader<'_> {
    fn at(&self, offset: usize, message: String) -> PackError {
        let before = self.text.get(..offset).unwrap_or(self.text);
        PackError { line: before.matches('\n').count() + 1, message }
    }

    fn malformed(&self, error: &toml::de::Error) -> PackError {
        let message = error.message();
        self.at(error.span().map_or(0, |span| span.start), format!("{message}{}", hint(message)))
    }

    fn base<'p>(
        &self,
        id: &Spanned<String>,
        own: &Spanned<Arc<str>>,
        known: &'p Packs,
    ) -> Result<&'p Pack, PackError> {
        let wanted = id.get_ref().as_str();
        if wanted == &**own.get_ref() {
            let message = format!("pack \"{wanted}\" extends itself: give it an id of its own");
            return Err(self.at(id.span().start, message));
        }
        let found = known.lines().flatten().filter(|pack| &*pack.id == wanted).last();
        found.map(|pack| &**pack).ok_or_else(|| {
            let ids: Vec<&str> = known.lines().flatten().map(|pack| &*pack.id).collect();
            let message = format!("there is no pack \"{wanted}\"{}", closest(wanted, &ids));
            self.at(id.span().start, message)
        })
    }

    /// Puts a clause into the pack: over the one it changes, or as a new one.
    fn put(&self, pack: &mut Pack, text: ClauseText, span: usize) -> Result<(), PackError> {
        let id = text.id.get_ref().clone();
        self.check_meaning(pack, &text)?;
        if let Some(limit) = &text.limit
            && limit.get_ref().is_nothing()
        {
            let message = format!("the limit of {id} is zero: nobody could keep it");
            return Err(self.at(limit.span().start, message));
        }
        let existing = pack.clauses.iter().position(|clause| clause.id == id);
        let like = existing.map(|index| Arc::clone(&pack.clauses[index])).or_else(|| {
            let means = text.means.as_ref()?;
            pack.clause(&means.get_ref().0).cloned()
        });
        let clause = match like {
            Some(like) => text.over(&like),
            None => text
                .alone()
                .map_err(|key| self.at(span, format!("clause {id}: \"{key}\" is missing")))?,
        };
        match existing {
            Some(index) => pack.clauses[index] = Arc::new(clause),
            None => pack.clauses.push(Arc::new(clause)),
        }
        Ok(())
    }

    /// An id must have a meaning of its own, or name the clause whose meaning it has.
    fn check_meaning(&self, pack: &Pack, text: &ClauseText) -> Result<(), PackError> {
        let id = text.id.get_ref();
        match &text.means {
            None if meaning(&id.0).is_some() || pack.clause(&id.0).is_some() => Ok(()),
            None => {
                let known: Vec<&str> = ids().collect();
                let message = format!(
                    "clause {id} is not known{}; a clause of your own needs \"means\"",
                    closest(&id.0, &known)
                );
                Err(self.at(text.id.span().start, message))
            }
            Some(means) if means.get_ref() == id => {
                Err(self.at(means.span().start, format!("clause {id} means itself")))
            }
            Some(means) => match meaning(&means.get_ref().0) {
                Some(Meaning::InEpisode(_) | Meaning::Overall(_) | Meaning::Indicator) => Ok(()),
                Some(Meaning::Elsewhere(_)) | None => {
                    let message =
                        format!("\"means\" names {}, which gives rise to nothing", means.get_ref());
                    Err(self.at(means.span().start, message))
                }
            },
        }
    }
}

impl ClauseText {
    /// The clause that it makes of another one.
    fn over(self, like: &Clause) -> Clause {
        let means = self.means.map(Spanned::into_inner).or_else(|| like.means.clone());
        Clause {
            id: self.id.into_inner(),
            kind: self.kind.unwrap_or(like.kind),
            section: self.section.unwrap_or_else(|| like.section.clone()),
            sentence: self.sentence.unwrap_or_else(|| like.sentence.clone()),
            question: self.question.or_else(|| like.question.clone()),
            modality: self.modality.unwrap_or(like.modality),
            owner: self.owner.unwrap_or(like.owner),
            tell: self.tell.unwrap_or_else(|| like.tell.clone()),
            urgency: self.urgency.unwrap_or(like.urgency),
            limit: self.limit.map(Spanned::into_inner).or(like.limit),
            ends_when_assured: self.ends_when_assured.unwrap_or(like.ends_when_assured),
            means,
            parameters: self.parameters.map_or_else(
                || like.parameters.clone(),
                |parameters| parameters.over(&like.parameters),
            ),
        }
    }

    /// The clause that stands for itself; the missing key, where it does not.
    fn alone(self) -> Result<Clause, &'static str> {
        Ok(Clause {
            id: self.id.into_inner(),
            kind: self.kind.ok_or("kind")?,
            section: self.section.ok_or("section")?,
            sentence: self.sentence.ok_or("sentence")?,
            question: self.question,
            modality: self.modality.unwrap_or(Modality::Should),
            owner: self.owner.unwrap_or(Role::Practitioner),
            tell: self.tell.unwrap_or_default(),
            urgency: self.urgency.unwrap_or(Urgency::Routine),
            limit: self.limit.map(Spanned::into_inner),
            ends_when_assured: self.ends_when_assured.unwrap_or(false),
            means: self.means.map(Spanned::into_inner),
            parameters: self.parameters.unwrap_or_default(),
        })
    }
}

impl Parameters {
    /// These numbers, and where they say nothing the others.
    fn over(self, base: &Self) -> Self {
        Self {
            contacts: self.contacts.or(base.contacts),
            contacts_with_school_change: self
                .contacts_with_school_change
                .or(base.contacts_with_school_change),
            moves: self.moves.or(base.moves),
            days: self.days.or(base.days),
            concern: self.concern.or(base.concern),
            reply_hours: self.reply_hours.or(base.reply_hours),
            with: if self.with.is_empty() { base.with.clone() } else { self.with },
        }
    }
}
