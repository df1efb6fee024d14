//! A visit that is being recorded: what was answered so far, as it is kept at every change, and
//! what is still to be asked.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use doorstep_core::attachment::Attachment;
use doorstep_core::calendar::WORKING_DAY_ENDS;
use doorstep_core::event::{
    ArrangedBy, ChildSeen, ConcernLevel, FailedContact, Form, Known, Question, Step, What,
};
use doorstep_core::ids::ChildId;
use doorstep_core::time::{local_date, london};
use doorstep_device_store::{Draft, DraftEntry, TEXT_CHARS_MAX};
use serde::{Deserialize, Serialize};

use crate::fields::Fields;
use crate::parts::Faults;
use crate::text::text;

/// What came of a visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Result {
    /// The child was seen.
    Seen,
    /// The child was not seen.
    #[serde(untagged)]
    Failed(Form),
}

impl Result {
    /// Every result, in the order in which they are offered.
    pub fn all() -> impl Iterator<Item = Self> {
        Form::ALL.iter().copied().map(Self::Failed).chain([Self::Seen])
    }
}

impl fmt::Display for Result {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Seen => f.write_str("seen"),
            Self::Failed(form) => form.fmt(f),
        }
    }
}

impl FromStr for Result {
    type Err = ();

    fn from_str(text: &str) -> std::result::Result<Self, ()> {
        Self::all().find(|result| result.to_string() == text).ok_or(())
    }
}

/// A question of the form: one page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Which children.
    Children,
    /// What came of it.
    Result,
    /// What was done there and then.
    Steps,
    /// By when the card or letter asks for contact.
    ContactBy,
    /// How concerned the practitioner is, and a note.
    Concern,
    /// How the child was seen.
    Seen,
    /// When it happened.
    When,
    /// How it was arranged.
    Arranged,
    /// Everything, before it is saved.
    Check,
}

impl Ask {
    /// Every question.
    pub const ALL: [Self; 9] = [
        Self::Children,
        Self::Result,
        Self::Steps,
        Self::ContactBy,
        Self::Concern,
        Self::Seen,
        Self::When,
        Self::Arranged,
        Self::Check,
    ];

    /// Its part of the address.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Children => "children",
            Self::Result => "result",
            Self::Steps => "steps",
            Self::ContactBy => "contact-by",
            Self::Concern => "concern",
            Self::Seen => "seen",
            Self::When => "when",
            Self::Arranged => "arranged",
            Self::Check => "check",
        }
    }
}

impl FromStr for Ask {
    type Err = ();

    fn from_str(text: &str) -> std::result::Result<Self, ()> {
        Self::ALL.into_iter().find(|ask| ask.as_str() == text).ok_or(())
    }
}

/// When a card or letter asks for contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReplyBy {
    /// It states no time.
    Unstated,
    /// Before the end of the working day.
    SameDay,
    /// Before the end of the day after.
    NextDay,
    /// At another time.
    Other,
}

impl ReplyBy {
    /// Every answer, in the order in which they are offered.
    pub const ALL: [Self; 4] = [Self::SameDay, Self::NextDay, Self::Other, Self::Unstated];

    /// Its word in the form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unstated => "unstated",
            Self::SameDay => "same-day",
            Self::NextDay => "next-day",
            Self::Other => "other",
        }
    }
}

/// A date and a time as they were written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// The date, `2026-03-02` as browsers send it.
    pub date: String,
    /// The time, `10:15`.
    pub time: String,
}

impl Written {
    /// The fields `NAME-date` and `NAME-time`.
    pub fn of(fields: &Fields, name: &str) -> Self {
        let field = |part: &str| fields.get(&format!("{name}-{part}")).to_owned();
        Self { date: field("date"), time: field("time") }
    }

    /// An instant as it is written.
    pub fn at(at: DateTime<Utc>) -> Self {
        let time = doorstep_core::time::local_time(at).format("%H:%M").to_string();
        Self { date: local_date(at).to_string(), time }
    }

    /// The instant that is meant, in the local time of Europe/London.
    pub fn instant(&self) -> Option<DateTime<Utc>> {
        let date: NaiveDate = ["%Y-%m-%d", "%d/%m/%Y", "%d %m %Y"]
            .iter()
            .find_map(|form| NaiveDate::parse_from_str(&self.date, form).ok())?;
        let time: NaiveTime = ["%H:%M", "%H:%M:%S", "%H.%M", "%H%M"]
            .iter()
            .find_map(|form| NaiveTime::parse_from_str(&self.time, form).ok())?;
        Some(london(date, time))
    }
}

/// What was answered so far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Visit {
    /// The children.
    pub children: BTreeSet<ChildId>,
    /// The children were looked at by the person: nobody lives at the same address, or the question
    /// was answered.
    pub children_asked: bool,
    /// The question that the person was in the middle of when it was kept last.
    pub left_at: Option<String>,
    /// When it happened (UTC): when the form was begun, until that is changed.
    pub at: DateTime<Utc>,
    /// What came of it.
    pub result: Option<Result>,
    /// What was done there and then; none: not asked yet.
    pub steps: Option<BTreeSet<Step>>,
    /// When the card or letter asks for contact; none: not asked yet.
    pub reply_by: Option<ReplyBy>,
    /// The other time.
    pub reply_at: Written,
    /// How concerned the practitioner is.
    pub concern: Option<ConcernLevel>,
    /// The questions answered yes; none: not asked yet, so that the record fills them in.
    pub answers: Option<BTreeSet<Question>>,
    /// The practitioner was actively prevented from seeing the child.
    pub prevented: bool,
    /// In the practitioner's words.
    pub note: String,
    /// Whether the child's needs are known to be met.
    pub needs_met: Option<Known>,
    /// The child was seen from a distance only.
    pub from_distance: bool,
    /// The family did not expect it.
    pub unannounced: bool,
    /// How it was arranged.
    pub arranged_by: Option<ArrangedBy>,
    /// The family had agreed to it.
    pub agreed: bool,
}

impl Default for Visit {
    fn default() -> Self {
        Self {
            children: BTreeSet::new(),
            children_asked: false,
            left_at: None,
            at: DateTime::UNIX_EPOCH,
            result: None,
            steps: None,
            reply_by: None,
            reply_at: Written::default(),
            concern: None,
            answers: None,
            prevented: false,
            note: String::new(),
            needs_met: None,
            from_distance: false,
            unannounced: false,
            arranged_by: None,
            agreed: false,
        }
    }
}

impl Visit {
    /// What is still to be asked, first things first.
    pub fn next(&self) -> Ask {
        if self.children.is_empty() || !self.children_asked {
            return Ask::Children;
        }
        match self.result {
            None => Ask::Result,
            Some(Result::Seen) if self.needs_met.is_none() => Ask::Seen,
            Some(Result::Failed(_)) if self.steps.is_none() => Ask::Steps,
            Some(Result::Failed(_)) if self.left_something() && self.reply_by.is_none() => {
                Ask::ContactBy
            }
            Some(Result::Failed(_)) if self.concern.is_none() => Ask::Concern,
            Some(Result::Seen | Result::Failed(_)) => Ask::Check,
        }
    }

    /// A card or a letter was left.
    pub fn left_something(&self) -> bool {
        self.steps.as_ref().is_some_and(|steps| {
            steps.contains(&Step::CardLeft) || steps.contains(&Step::LetterLeft)
        })
    }

    /// Takes in what a page's form says, and tells what is wrong with it. What is wrong is kept as
    /// far as it can be, so that nothing that was written is lost.
    pub fn take_in(&mut self, ask: Ask, form: &Fields) -> Faults {
        let mut faults = Faults::default();
        match ask {
            Ask::Children => {
                self.children = form.all("child").collect();
                self.children_asked = true;
                if self.children.is_empty() {
                    faults.add("child", text!("record-children-none"));
                }
            }
            Ask::Result => match form.read_as("result") {
                Some(result) => self.result = Some(result),
                None => faults.add("result", text!("record-result-none")),
            },
            Ask::Steps => self.steps = Some(form.all("step").collect()),
            Ask::ContactBy => self.take_reply(form, &mut faults),
            Ask::Concern => self.take_concern(form, &mut faults),
            Ask::Seen => {
                self.from_distance = form.has("from-distance");
                match form.read_as("needs-met") {
                    Some(known) => self.needs_met = Some(known),
                    None => faults.add("needs-met", text!("record-needs-none")),
                }
            }
            Ask::When => match Written::of(form, "at").instant() {
                Some(at) => self.at = at,
                None => faults.add("at-date", text!("record-when-fault")),
            },
            Ask::Arranged => {
                self.unannounced = form.get("expected") == "no";
                self.arranged_by = form.read_as("arranged");
                self.agreed = form.has("agreed");
            }
            Ask::Check => {}
        }
        faults
    }

    fn take_reply(&mut self, form: &Fields, faults: &mut Faults) {
        let word = form.get("reply-by");
        self.reply_by = ReplyBy::ALL.into_iter().find(|by| by.as_str() == word);
        self.reply_at = Written::of(form, "reply");
        match self.reply_by {
            None => faults.add("reply-by", text!("record-reply-none")),
            Some(ReplyBy::Other) if self.reply_at.instant().is_none() => {
                faults.add("reply-date", text!("record-when-fault"));
            }
            Some(_) => {}
        }
    }

    fn take_concern(&mut self, form: &Fields, faults: &mut Faults) {
        self.answers = Some(form.all("answer").collect());
        self.prevented = form.has("prevented");
        form.get("note").clone_into(&mut self.note);
        match form.read_as("concern") {
            Some(level) => self.concern = Some(level),
            None => faults.add("concern", text!("record-concern-none")),
        }
        let chars = self.note.chars().count();
        if chars > TEXT_CHARS_MAX {
            faults.add("note", text!("record-note-long", count = chars, most = TEXT_CHARS_MAX));
        }
    }

    /// By when the card or letter asks for contact (UTC).
    pub fn contact_by(&self) -> Option<DateTime<Utc>> {
        if !self.left_something() {
            return None;
        }
        let day = local_date(self.at);
        match self.reply_by? {
            ReplyBy::Unstated => None,
            ReplyBy::SameDay => Some(london(day, WORKING_DAY_ENDS)),
            ReplyBy::NextDay => Some(london(day + chrono::Days::new(1), WORKING_DAY_ENDS)),
            ReplyBy::Other => self.reply_at.instant(),
        }
    }

    /// It is said to have happened after the instant that the device's clock shows.
    pub fn is_ahead(&self, now: DateTime<Utc>) -> bool {
        self.at - now > TimeDelta::minutes(doorstep_device_store::AHEAD_MINUTES_MAX)
    }

    /// What is to be recorded, with what was kept with the form, once everything is answered.
    pub fn draft(&self, saved_as: &str, attachments: &[Attachment]) -> Option<Draft> {
        let what = match (self.next(), self.result?) {
            (Ask::Check, Result::Seen) => What::ChildSeen(ChildSeen {
                seen_by: doorstep_core::event::Agency("service".to_owned()),
                needs_met: self.needs_met?,
                from_distance: self.from_distance,
            }),
            (Ask::Check, Result::Failed(form)) => What::FailedContact(FailedContact {
                planned: !self.unannounced,
                arranged_by: self.arranged_by,
                actively_prevented: self.prevented,
                reason: Some(self.note.clone()).filter(|note| !note.is_empty()),
                steps: self.steps.clone()?,
                contact_by: self.contact_by(),
                concern: self.concern,
                answers: self.answers.clone().unwrap_or_default(),
                family_had_agreed: self.agreed,
                ..FailedContact::new(form)
            }),
            _ => return None,
        };
        let entry = |child: &ChildId| DraftEntry {
            child: *child,
            attachments: attachments.to_vec(),
            what: what.clone(),
        };
        Some(Draft {
            at: self.at,
            by: None,
            visit: None,
            saved_as: Some(saved_as.to_owned()),
            entries: self.children.iter().map(entry).collect(),
        })
    }
}
