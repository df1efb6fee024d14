//! Recording: a draft becomes sealed events in one durable transaction, whole or not at all.
//!
//! A draft is refused only for what cannot be kept; never for what seems unlikely, because a visit
//! that is not recorded helps nobody. Corrections and withdrawals are events like any other.

use std::fmt::{self, Write as _};

use chrono::{DateTime, Datelike as _, Utc};
use doorstep_core::attachment::{ATTACHMENTS_MAX, Attachment, size_in_words};
use doorstep_core::event::{Event, Role, What};
use doorstep_core::ids::{ChildId, Entropy, EventId, VisitId};
use doorstep_core::seal::{Body, Hash, Origin, SealedEvent};
use doorstep_core::time::ClockReading;
use doorstep_core::wire::Limits;
use rusqlite::{OptionalExtension as _, Transaction};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::attachment::NewAttachment;
use crate::error::Error;
use crate::{attachment, contact, drafts, identity, inbox, outbox};

/// The most characters of one text.
pub const TEXT_CHARS_MAX: usize = 4000;
/// The most entries of one draft.
pub const ENTRIES_MAX: usize = 50;
/// The first year in which something can have happened.
pub const YEAR_MIN: i32 = 2000;
/// The last year that a date on the wire can have.
pub const YEAR_MAX: i32 = 9999;
/// The most bytes of one sealed event.
pub const EVENT_BYTES_MAX: usize = Limits::DEFAULT.event_bytes;
/// The deepest nesting of a correction's values.
const DEPTH_MAX: usize = 8;

/// Something to record: one visit or one act, about one or several children.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Draft {
    /// When it happened (UTC).
    pub at: DateTime<Utc>,
    /// The role in which it is recorded; none: the one in which the person is enrolled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Role>,
    /// A visit that a colleague recorded already and that this belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visit: Option<VisitId>,
    /// The saved form that this comes from. It goes in the same transaction, so that a second
    /// press of the button cannot record it twice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saved_as: Option<String>,
    /// What happened, child by child.
    pub entries: Vec<DraftEntry>,
}

/// What happened with one child.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DraftEntry {
    /// The child.
    pub child: ChildId,
    /// What is attached: files that came with the saved form, or that are here already.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    /// What happened.
    #[serde(flatten)]
    pub what: What,
}

impl DraftEntry {
    /// An entry without attachments.
    pub const fn new(child: ChildId, what: What) -> Self {
        Self { child, attachments: Vec::new(), what }
    }
}

impl Draft {
    /// A draft about one child.
    pub fn new(at: DateTime<Utc>, child: ChildId, what: What) -> Self {
        let entries = vec![DraftEntry::new(child, what)];
        Self { at, by: None, visit: None, saved_as: None, entries }
    }

    /// The same visit, with one more child.
    #[must_use]
    pub fn and(mut self, child: ChildId, what: What) -> Self {
        self.entries.push(DraftEntry::new(child, what));
        self
    }
}

/// Why a draft cannot be kept as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "fault", rename_all = "kebab-case")]
pub enum Fault {
    /// There is nothing in it.
    Empty,
    /// There are too many entries.
    TooManyEntries,
    /// The year of `at` cannot be meant.
    AbsurdDate,
    /// The device has never held this child.
    UnknownChild {
        /// The entry, from 0.
        entry: usize,
    },
    /// A text is too long.
    TextTooLong {
        /// The entry, from 0.
        entry: usize,
        /// The key of the text in the entry's JSON.
        key: String,
        /// How many characters it has.
        chars: usize,
    },
    /// A text holds a character that cannot be stored (NUL).
    UnusableCharacter {
        /// The entry, from 0.
        entry: usize,
        /// The key of the text in the entry's JSON.
        key: String,
    },
    /// The entry as a whole is too large, or nested too deeply.
    TooLarge {
        /// The entry, from 0.
        entry: usize,
    },
    /// Too much is attached.
    TooManyAttachments {
        /// The entry, from 0.
        entry: usize,
    },
    /// What is said to be attached is not on this device.
    AttachmentNotHere {
        /// The entry, from 0.
        entry: usize,
    },
    /// A file to attach is too large.
    AttachmentTooLarge {
        /// The most bytes that it may have.
        limit: u64,
    },
    /// A file to attach is of no type that may be attached.
    AttachmentType,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("it says nothing about any child"),
            Self::TooManyEntries => write!(f, "it has more than {ENTRIES_MAX} entries"),
            Self::AbsurdDate => write!(f, "its date is not between {YEAR_MIN} and {YEAR_MAX}"),
            Self::UnknownChild { entry } => {
                write!(f, "the child of entry {} is not on this device", entry + 1)
            }
            Self::TextTooLong { entry, key, chars } => write!(
                f,
                "\"{key}\" of entry {} has {chars} characters, and {TEXT_CHARS_MAX} is the most",
                entry + 1
            ),
            Self::UnusableCharacter { entry, key } => {
                write!(f, "\"{key}\" of entry {} has a character that cannot be kept", entry + 1)
            }
            Self::TooLarge { entry } => write!(f, "entry {} is too large", entry + 1),
            Self::TooManyAttachments { entry } => {
                write!(f, "entry {} has more than {ATTACHMENTS_MAX} attachments", entry + 1)
            }
            Self::AttachmentNotHere { entry } => write!(
                f,
                "an attachment of entry {} is not on this device as it is named",
                entry + 1
            ),
            Self::AttachmentTooLarge { limit } => write!(
                f,
                "a file to attach is larger than {}: make it smaller, or photograph it again",
                size_in_words(*limit)
            ),
            Self::AttachmentType => f.write_str(
                "a file to attach is no JPEG, PNG, WebP or PDF by its first bytes, whatever its \
                 name says",
            ),
        }
    }
}

/// Several faults in one sentence.
pub(crate) fn in_words(faults: &[Fault]) -> String {
    let mut words = String::new();
    for (place, fault) in faults.iter().enumerate() {
        let comma = if place == 0 { "" } else { "; " };
        write!(words, "{comma}{fault}").expect("writing to a string does not fail");
    }
    words
}

/// Seals a draft and keeps it, with files that belong to each of its entries. The ids are in the
/// order of the entries.
pub(crate) fn record(
    tx: &Transaction<'_>,
    draft: &Draft,
    files: &mut [NewAttachment<'_>],
    clock: &ClockReading,
    entropy: [u8; 32],
) -> Result<Vec<EventId>, Error> {
    let enrolment = identity::required(tx)?;
    let mut faults = faults(draft);
    for (entry, of) in draft.entries.iter().enumerate() {
        if !inbox::knows(tx, of.child)? {
            faults.push(Fault::UnknownChild { entry });
        }
    }
    if !faults.is_empty() {
        return Err(Error::Invalid(faults));
    }
    let recorded = clock.wall.to_utc();
    let files = files.iter_mut().map(|file| attachment::keep(tx, file, recorded));
    let files = files.collect::<Result<Vec<_>, _>>()?;
    let attached = attached(tx, draft, &files)?;
    if let Some(saved) = &draft.saved_as
        && !drafts::delete(tx, saved)?
    {
        return Err(Error::AlreadyRecorded);
    }
    let key = identity::signing_key(tx)?;
    let clock = contact::with_server_time(tx, clock)?;
    let visit = visit(draft, recorded, entropy);
    let mut ids = Vec::with_capacity(draft.entries.len());
    for (entry, of) in draft.entries.iter().enumerate() {
        let id = EventId::at(recorded, chance(entropy, entry + 1));
        let last = outbox::chain(tx)?;
        let body = Body {
            origin: Origin {
                child: of.child,
                person: enrolment.person.id,
                device: enrolment.device,
                epoch: last.epoch,
                seq: last.seq + 1,
                previous: last.hash,
                clock: clock.clone(),
            },
            event: Event {
                id,
                at: draft.at,
                recorded,
                by: draft.by.unwrap_or(enrolment.person.role),
                attachments: attached[entry].clone(),
                what: at_visit(of.what.clone(), visit),
            },
        };
        let sealed = SealedEvent::seal(&body, &key);
        if sealed.body.get().len() > EVENT_BYTES_MAX {
            return Err(Error::Invalid(vec![Fault::TooLarge { entry }]));
        }
        refuse_known(tx, id)?;
        let child = of.child.to_string();
        outbox::append(tx, &id.to_string(), &child, recorded.timestamp_millis(), &sealed)?;
        if let Some(form) = &draft.saved_as {
            drafts::note_recorded(tx, form, entry, id)?;
        }
        ids.push(id);
    }
    Ok(ids)
}

/// What is attached to each entry: each file once, all of them here.
fn attached(
    tx: &Transaction<'_>,
    draft: &Draft,
    files: &[Attachment],
) -> Result<Vec<Vec<Attachment>>, Error> {
    let (mut attached, mut faults) = (Vec::with_capacity(draft.entries.len()), Vec::new());
    for (entry, of) in draft.entries.iter().enumerate() {
        let mut all: Vec<Attachment> = Vec::new();
        for named in of.attachments.iter().chain(files) {
            if all.iter().all(|other| other.hash != named.hash) {
                all.push(named.clone());
            }
        }
        if all.len() > ATTACHMENTS_MAX {
            faults.push(Fault::TooManyAttachments { entry });
        }
        for named in &all {
            if !attachment::own(tx, named)? {
                faults.push(Fault::AttachmentNotHere { entry });
            }
        }
        attached.push(all);
    }
    if faults.is_empty() { Ok(attached) } else { Err(Error::Invalid(faults)) }
}

/// What is wrong with a draft, as far as the draft itself tells.
pub(crate) fn faults(draft: &Draft) -> Vec<Fault> {
    let mut faults = Vec::new();
    if draft.entries.is_empty() {
        faults.push(Fault::Empty);
    }
    if draft.entries.len() > ENTRIES_MAX {
        faults.push(Fault::TooManyEntries);
    }
    if !(YEAR_MIN..=YEAR_MAX).contains(&draft.at.year()) {
        faults.push(Fault::AbsurdDate);
    }
    for (entry, of) in draft.entries.iter().enumerate() {
        match serde_json::to_value(&of.what) {
            Ok(value) => text_faults(&value, "", entry, 0, &mut faults),
            Err(_) => faults.push(Fault::TooLarge { entry }),
        }
    }
    faults
}

fn text_faults(value: &Value, key: &str, entry: usize, depth: usize, faults: &mut Vec<Fault>) {
    if depth > DEPTH_MAX {
        faults.push(Fault::TooLarge { entry });
        return;
    }
    match value {
        Value::String(text) => {
            let chars = text.chars().count();
            if chars > TEXT_CHARS_MAX {
                faults.push(Fault::TextTooLong { entry, key: key.to_owned(), chars });
            }
            if text.contains('\0') {
                faults.push(Fault::UnusableCharacter { entry, key: key.to_owned() });
            }
        }
        Value::Array(values) => {
            for value in values {
                text_faults(value, key, entry, depth + 1, faults);
            }
        }
        Value::Object(fields) => {
            for (name, value) in fields {
                text_faults(value, name, entry, depth + 1, faults);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The visit that the failed contacts of a draft share: the one it names, or a new one where there
/// are several children.
fn visit(draft: &Draft, recorded: DateTime<Utc>, entropy: [u8; 32]) -> Option<VisitId> {
    let failed = |entry: &&DraftEntry| matches!(entry.what, What::FailedContact(_));
    let several = draft.entries.iter().filter(failed).count() > 1;
    draft.visit.or_else(|| several.then(|| VisitId::at(recorded, chance(entropy, 0))))
}

/// A visit that the entry names itself wins: it is what the person chose for this child.
fn at_visit(mut what: What, visit: Option<VisitId>) -> What {
    if let What::FailedContact(contact) = &mut what {
        contact.visit = contact.visit.or(visit);
    }
    what
}

/// The `place`-th identifier's share of the entropy.
fn chance(entropy: [u8; 32], place: usize) -> Entropy {
    let mut bytes = entropy.to_vec();
    bytes.extend((place as u64).to_be_bytes());
    let Hash(digest) = Hash::of(&bytes);
    let mut chance = Entropy::default();
    let (head, _) = digest.split_at(size_of::<Entropy>());
    chance.copy_from_slice(head);
    chance
}

fn refuse_known(tx: &Transaction<'_>, id: EventId) -> Result<(), Error> {
    let sql = "select 1 from own_event where event = ?1";
    match tx.query_row(sql, [id.to_string()], |_| Ok(())).optional()? {
        Some(()) => Err(Error::EntropyRepeated),
        None => Ok(()),
    }
}
