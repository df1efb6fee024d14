//! Reading the cells of one row, so that every fault of a row is found, not only the first.

use std::collections::BTreeSet;
use std::str::FromStr;
use std::sync::Arc;

use crate::store::availability::{BadHours, WorkingHours};
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use doorstep_core::calendar::WORKING_DAY_ENDS;
use doorstep_core::event::Agency;
use doorstep_core::time::london;
use doorstep_core::words::UnknownWord;

use super::columns::Kind;
use super::{Fault, did_you_mean};

/// Characters in one cell.
const CELL_CHARACTERS_MAX: usize = 500;

/// One row's cells by the name of their column, and the faults found in them so far.
pub(super) struct Cells<'a> {
    /// The name of the file.
    pub file: &'a str,
    /// The line on which the row begins.
    pub line: u64,
    /// The kind of file.
    pub kind: Kind,
    /// The header.
    pub header: &'a Arc<[String]>,
    /// The cells, as many as the header has.
    pub row: Vec<String>,
    /// What is wrong.
    pub faults: Vec<Fault>,
}

impl Cells<'_> {
    /// Something is wrong with the cell of this column.
    pub fn fault(&mut self, name: &str, what: impl Into<String>) {
        self.faults.push(Fault {
            file: self.file.to_owned(),
            line: self.line,
            column: self.header.iter().position(|cell| cell == name).map(|index| index + 1),
            name: Some(name.to_owned()),
            what: what.into(),
        });
    }

    /// The text of a cell, where the column is there and the cell is not empty.
    pub fn text(&mut self, name: &str) -> Option<String> {
        let index = self.header.iter().position(|cell| cell == name)?;
        let text = self.row.get(index)?.trim().to_owned();
        if text.chars().count() > CELL_CHARACTERS_MAX {
            self.fault(name, format!("is longer than {CELL_CHARACTERS_MAX} characters"));
            return None;
        }
        if text.chars().any(|c| c.is_control() && c != '\n' && c != '\r') {
            self.fault(name, "holds a control character; remove it");
            return None;
        }
        let required =
            self.kind.columns().iter().any(|column| column.name == name && column.required);
        if text.is_empty() && required {
            self.fault(name, "is empty; every row needs it");
        }
        (!text.is_empty()).then_some(text)
    }

    /// The text of a cell that every row needs; empty where it is missing, and a fault then.
    pub fn needed(&mut self, name: &str) -> String {
        self.text(name).unwrap_or_default()
    }

    fn read<T>(&mut self, name: &str, read: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        let text = self.text(name)?;
        match read(&text) {
            Ok(value) => Some(value),
            Err(what) => {
                self.fault(name, what);
                None
            }
        }
    }

    /// A word of the vocabulary.
    pub fn word<T: FromStr<Err = UnknownWord>>(&mut self, name: &str) -> Option<T> {
        self.read(name, word)
    }

    /// Words of the vocabulary with semicolons between them.
    pub fn words<T: FromStr<Err = UnknownWord> + Ord>(&mut self, name: &str) -> BTreeSet<T> {
        let Some(text) = self.text(name) else { return BTreeSet::new() };
        let mut words = BTreeSet::new();
        for part in text.split(';').map(str::trim).filter(|part| !part.is_empty()) {
            match word(part) {
                Ok(value) => drop(words.insert(value)),
                Err(what) => self.fault(name, what),
            }
        }
        words
    }

    /// Texts with semicolons between them.
    pub fn lines(&mut self, name: &str) -> Vec<String> {
        let text = self.text(name).unwrap_or_default();
        let parts = text.split(';').map(str::trim).filter(|part| !part.is_empty());
        parts.map(str::to_owned).collect()
    }

    /// Agencies with semicolons between them.
    pub fn agencies(&mut self, name: &str) -> BTreeSet<Agency> {
        let Some(text) = self.text(name) else { return BTreeSet::new() };
        let mut agencies = BTreeSet::new();
        for part in text.split(';').map(str::trim).filter(|part| !part.is_empty()) {
            if part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-') {
                agencies.insert(Agency(part.to_owned()));
            } else {
                let kebab = part.to_lowercase().replace([' ', '_'], "-");
                let what = format!(
                    "\"{part}\" is not written like an agency (small letters and hyphens); \
                     did you mean \"{kebab}\"?"
                );
                self.fault(name, what);
            }
        }
        agencies
    }

    /// `yes` or `no`; empty is no.
    pub fn flag(&mut self, name: &str) -> bool {
        self.read(name, |text| match text {
            "yes" => Ok(true),
            "no" => Ok(false),
            other => Err(format!("\"{other}\" is neither yes nor no")),
        })
        .unwrap_or_default()
    }

    /// A date.
    pub fn date(&mut self, name: &str) -> Option<NaiveDate> {
        self.read(name, date)
    }

    /// A date that is not after `today`.
    pub fn past_date(&mut self, name: &str, today: NaiveDate) -> Option<NaiveDate> {
        let date = self.date(name)?;
        if date > today {
            self.fault(name, format!("{date} is in the future"));
            return None;
        }
        Some(date)
    }

    /// The end of something; a date and time without an offset is local, a date alone is its 17:00.
    pub fn instant(&mut self, name: &str) -> Option<DateTime<Utc>> {
        self.instant_or(name, WORKING_DAY_ENDS)
    }

    /// The start of something; a date alone is the midnight that begins it.
    pub fn first_instant(&mut self, name: &str) -> Option<DateTime<Utc>> {
        self.instant_or(name, NaiveTime::MIN)
    }

    fn instant_or(&mut self, name: &str, time: NaiveTime) -> Option<DateTime<Utc>> {
        self.read(name, |text| {
            if let Ok(at) = DateTime::parse_from_rfc3339(text) {
                return Ok(at.to_utc());
            }
            for form in ["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"] {
                if let Ok(at) = NaiveDateTime::parse_from_str(text, form) {
                    return Ok(london(at.date(), at.time()));
                }
            }
            let day = text.split_once([' ', 'T']).map_or(text, |(day, _)| day);
            let date = date(day)?;
            if day == text {
                return Ok(london(date, time));
            }
            Err(format!("\"{text}\" is not a time; write it as {date} 17:00"))
        })
    }

    /// A phone number as dialled.
    pub fn phone(&mut self, name: &str) -> Option<String> {
        const DIGITS: std::ops::RangeInclusive<usize> = 3..=15;
        self.read(name, |text| {
            let digits = text.chars().filter(char::is_ascii_digit).count();
            let dialled = text.chars().all(|c| c.is_ascii_digit() || "+() -".contains(c));
            if dialled && DIGITS.contains(&digits) {
                Ok(text.to_owned())
            } else {
                Err(format!("\"{text}\" is not a phone number; write digits and spaces"))
            }
        })
    }

    /// The hours that somebody works.
    pub fn working_hours(&mut self, name: &str) -> Option<WorkingHours> {
        self.read(name, |text| text.parse().map_err(|bad: BadHours| format!("\"{text}\": {bad}")))
    }

    /// An e-mail address.
    pub fn email(&mut self, name: &str) -> Option<String> {
        self.read(name, |text| match text.split_once('@') {
            Some((who, at))
                if !who.is_empty()
                    && !at.is_empty()
                    && !at.contains('@')
                    && !text.contains(' ') =>
            {
                Ok(text.to_owned())
            }
            _ => Err(format!("\"{text}\" is not an e-mail address")),
        })
    }
}

fn word<T: FromStr<Err = UnknownWord>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|unknown: UnknownWord| {
        let hint = did_you_mean(&unknown.word, unknown.known.iter().copied());
        if hint.is_empty() { unknown.to_string() } else { format!("\"{text}\" is not known{hint}") }
    })
}

fn date(text: &str) -> Result<NaiveDate, String> {
    if let Ok(date) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        return Ok(date);
    }
    let turned = ["%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y", "%d %B %Y", "%d %b %Y"]
        .iter()
        .find_map(|form| NaiveDate::parse_from_str(text, form).ok());
    Err(match turned {
        Some(date) => format!("\"{text}\" is not written year first; did you mean \"{date}\"?"),
        None => format!("\"{text}\" is not a date; write it as 2019-04-30"),
    })
}
