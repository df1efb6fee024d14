//! One row of the caseload, as an administrator types it. It is read, checked and written by what
//! imports whole files, so that there is no second rule; here it only finds its way to its fields.

use doorstep_core::event::Role;
use doorstep_core::time::local_date;
use maud::{Markup, html};
use serde::Deserialize;

use super::form::{self, DateParts, Fault};
use super::text::text;
use super::words;
use crate::admin::AdminError;
use crate::admin::import::{apply, planned};
use crate::caseload::{self, Kind};
use crate::judge::Judge;
use crate::store::Tx;
use crate::store::directory::{Person, Team};

/// A cell of a row, by the name of its column.
pub type Cell = (&'static str, String);

/// The fields of a form, as they were typed, those that are there several times too.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Fields(pub Vec<(String, String)>);

impl Fields {
    /// What was typed into a field; nothing where it was not there.
    pub fn get(&self, field: &str) -> &str {
        let found = self.0.iter().find(|(name, _)| name == field);
        found.map_or("", |(_, value)| value.as_str())
    }

    /// Everything that was chosen under one name.
    pub fn all<'a>(&'a self, field: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(name, _)| name == field).map(|(_, value)| value.as_str())
    }

    /// Puts a value into a field that is not there yet.
    pub fn put(&mut self, field: &str, value: impl Into<String>) {
        self.0.push((field.to_owned(), value.into()));
    }

    /// The date whose parts are the fields `day`, `month` and `year` behind this.
    pub fn date(&self, prefix: &str) -> DateParts<'_> {
        DateParts(["day", "month", "year"].map(|part| self.get(&format!("{prefix}{part}"))))
    }
}

/// A column, as a form asks for it.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// Its name in a file.
    pub column: &'static str,
    /// The field that the error summary leads to.
    pub field: &'static str,
    /// The key of what people call it.
    pub label: &'static str,
}

/// What a row came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Came {
    /// It is what is there already.
    Same,
    /// It was written.
    Written,
    /// Nothing was changed.
    Faults(Vec<caseload::Fault>),
}

/// Reads, plans and writes one row, as an import of a file with it would.
pub fn take(tx: &mut dyn Tx, judge: &Judge, kind: Kind, row: &[Cell]) -> Result<Came, AdminError> {
    let now = judge.now();
    let read = caseload::read_one(kind, row, local_date(now));
    match planned(tx, read, now)? {
        Err(faults) => Ok(Came::Faults(faults)),
        Ok(plan) if plan.is_empty() => Ok(Came::Same),
        Ok(plan) => {
            apply(tx, &plan, judge)?;
            Ok(Came::Written)
        }
    }
}

/// What is wrong with a row, at the fields that it was typed into.
pub fn at_fields(faults: &[caseload::Fault], row: &[Cell], asked: &[Asked]) -> Vec<Fault> {
    let words = |fault: &caseload::Fault| {
        let column = fault.name.as_deref().unwrap_or_default();
        let it = asked.iter().find(|it| it.column == column).or_else(|| asked.first())?;
        let is_empty = row.iter().any(|(name, cell)| *name == column && cell.trim().is_empty());
        let words = if is_empty {
            text!("one-row-enter", what = text!(it.label))
        } else {
            text!("one-row-fault", what = text!(it.label), fault = fault.what.as_str())
        };
        Some((it.field, words))
    };
    faults.iter().filter_map(words).collect()
}

/// A field for words, with its label, hint and error.
pub fn input(field: &str, label: &str, hint: &str, typed: &str, faults: &[Fault]) -> Markup {
    let input = html! {
        input.govuk-input id=(field) name=(field) type="text" value=(typed) autocomplete="off"
            aria-describedby=(format!("{field}-hint {field}-error"));
    };
    form::group(field, label, hint, faults, &input)
}

/// Every role, to choose from.
pub fn roles() -> Vec<(String, String)> {
    let role = |role: &Role| (role.as_str().to_owned(), words::sentence_case(&words::role(*role)));
    Role::ALL.iter().map(role).collect()
}

/// These people, to choose from.
pub fn people(people: &[Person]) -> Vec<(String, String)> {
    let person = |person: &Person| {
        let words = format!("{} ({})", person.name.reveal(), person.external);
        (person.external.clone(), words)
    };
    people.iter().map(person).collect()
}

/// These teams, to choose from.
pub fn teams(teams: &[Team]) -> Vec<(String, String)> {
    teams.iter().map(|team| (team.external.clone(), team.name.clone())).collect()
}

/// These choices behind one that is none.
pub fn or_none(words: String, choices: Vec<(String, String)>) -> Vec<(String, String)> {
    std::iter::once((String::new(), words)).chain(choices).collect()
}
