//! GOV.UK Frontend's components as the pages use them.

use chrono::{DateTime, Utc};
use doorstep_core::describe::times::{self, Pressure};
use maud::{Markup, html};

use crate::text::text;

/// What is wrong with a form: the id of a field, and words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults(Vec<(String, String)>);

impl Faults {
    /// One more.
    pub fn add(&mut self, field: &str, words: String) {
        self.0.push((field.to_owned(), words));
    }

    /// One alone.
    pub fn one(field: &str, words: String) -> Self {
        Self(vec![(field.to_owned(), words)])
    }

    /// Whether there is nothing wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The words about a field.
    pub fn of(&self, field: &str) -> Option<&str> {
        self.0.iter().find(|(id, _)| id == field).map(|(_, words)| words.as_str())
    }

    /// All of them, at the top of the page.
    pub fn summary(&self) -> Markup {
        html! {
            @if !self.is_empty() {
                div.govuk-error-summary data-module="govuk-error-summary" tabindex="-1" {
                    div role="alert" {
                        h2.govuk-error-summary__title { (text!("error-summary")) }
                        div.govuk-error-summary__body {
                            ul."govuk-list govuk-error-summary__list" {
                                @for (field, words) in &self.0 {
                                    li { a href=(format!("#{field}")) { (words) } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    pub fn message(&self, field: &str) -> Markup {
        html! {
            @if let Some(words) = self.of(field) {
                p.govuk-error-message id=(format!("{field}-error")) {
                    span.govuk-visually-hidden { (text!("error-prefix")) " " } (words)
                }
            }
        }
    }

    pub fn described_by(&self, field: &str, hint: bool) -> Option<String> {
        let hint = hint.then(|| format!("{field}-hint"));
        let error = self.of(field).map(|_| format!("{field}-error"));
        let ids: Vec<_> = hint.into_iter().chain(error).collect();
        (!ids.is_empty()).then(|| ids.join(" "))
    }
}

/// A field in which one writes.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// Its name and id.
    pub name: &'a str,
    /// What it asks for.
    pub label: &'a str,
    /// What helps to fill it in.
    pub hint: Option<&'a str>,
    /// What is in it.
    pub value: &'a str,
    /// `text`, `password`, `date`, `time`, `search`.
    pub kind: &'a str,
    /// What a browser may fill in by itself.
    pub autocomplete: &'a str,
    /// The last part of the class that sets its width, for example `10`.
    pub width: Option<&'a str>,
}

impl Default for Input<'_> {
    fn default() -> Self {
        Self {
            name: "",
            label: "",
            hint: None,
            value: "",
            kind: "text",
            autocomplete: "off",
            width: None,
        }
    }
}

impl Input<'_> {
    /// Draws it.
    pub fn draw(&self, faults: &Faults) -> Markup {
        let wrong = faults.of(self.name).is_some();
        let width = self.width.map(|width| format!("govuk-input--width-{width}"));
        html! {
            div.govuk-form-group .govuk-form-group--error[wrong] {
                label.govuk-label for=(self.name) { (self.label) }
                (hint(self.name, self.hint))
                (faults.message(self.name))
                input.govuk-input.(width.unwrap_or_default()) .govuk-input--error[wrong]
                    id=(self.name) name=(self.name) type=(self.kind) value=(self.value)
                    autocomplete=(self.autocomplete)
                    aria-describedby=[faults.described_by(self.name, self.hint.is_some())];
            }
        }
    }
}

fn hint(name: &str, words: Option<&str>) -> Markup {
    html! {
        @if let Some(words) = words {
            div.govuk-hint id=(format!("{name}-hint")) { (words) }
        }
    }
}

/// A field for several lines.
pub fn textarea(
    name: &str,
    label: &str,
    help: Option<&str>,
    value: &str,
    faults: &Faults,
) -> Markup {
    let wrong = faults.of(name).is_some();
    html! {
        div.govuk-form-group .govuk-form-group--error[wrong] {
            label."govuk-label govuk-label--m" for=(name) { (label) }
            (hint(name, help))
            (faults.message(name))
            textarea.govuk-textarea .govuk-textarea--error[wrong] id=(name) name=(name) rows="4"
                aria-describedby=[faults.described_by(name, help.is_some())] { (value) }
        }
    }
}

/// One of several things to choose.
#[derive(Clone, Debug)]
pub struct Choice {
    /// What the form sends.
    pub value: String,
    /// What it says.
    pub label: String,
    /// What helps to choose.
    pub hint: Option<String>,
    /// It is chosen.
    pub chosen: bool,
}

impl Choice {
    /// A choice.
    pub fn new(value: impl Into<String>, label: String, chosen: bool) -> Self {
        Self { value: value.into(), label, hint: None, chosen }
    }

    /// The same with a hint.
    #[must_use]
    pub fn with(mut self, hint: Option<String>) -> Self {
        self.hint = hint;
        self
    }
}

/// How many of the choices may be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pick {
    /// One.
    One,
    /// Any.
    Any,
}

/// A question with choices.
#[derive(Clone, Copy, Debug)]
pub struct Choices<'a> {
    /// The field's name; the id of its first choice.
    pub name: &'a str,
    /// The question.
    pub legend: &'a str,
    /// The question is the title of the page.
    pub is_title: bool,
    /// What helps to answer.
    pub hint: Option<&'a str>,
    /// How many may be chosen.
    pub pick: Pick,
}

impl Choices<'_> {
    /// Draws it.
    pub fn draw(&self, choices: &[Choice], faults: &Faults) -> Markup {
        let wrong = faults.of(self.name).is_some();
        let (kind, class) = match self.pick {
            Pick::One => ("radio", "radios"),
            Pick::Any => ("checkbox", "checkboxes"),
        };
        html! {
            div.govuk-form-group .govuk-form-group--error[wrong] {
                fieldset.govuk-fieldset
                    aria-describedby=[faults.described_by(self.name, self.hint.is_some())] {
                    (self.legend())
                    (hint(self.name, self.hint))
                    (faults.message(self.name))
                    div class=(format!("govuk-{class}")) data-module=(format!("govuk-{class}")) {
                        @for (place, choice) in choices.iter().enumerate() {
                            (self.choice(place, choice, kind, class))
                        }
                    }
                }
            }
        }
    }

    fn legend(&self) -> Markup {
        html! {
            @if self.is_title {
                legend."govuk-fieldset__legend govuk-fieldset__legend--l" {
                    h1.govuk-fieldset__heading tabindex="-1" { (self.legend) }
                }
            } @else {
                legend."govuk-fieldset__legend govuk-fieldset__legend--m" { (self.legend) }
            }
        }
    }

    fn choice(&self, place: usize, choice: &Choice, kind: &str, class: &str) -> Markup {
        let id = if place == 0 { self.name.to_owned() } else { format!("{}-{place}", self.name) };
        let help = choice.hint.as_ref().map(|_| format!("{id}-help"));
        html! {
            div class=(format!("govuk-{class}__item")) {
                input class=(format!("govuk-{class}__input")) id=(id) name=(self.name) type=(kind)
                    value=(choice.value) checked[choice.chosen] aria-describedby=[help.as_deref()];
                label class=(format!("govuk-label govuk-{class}__label")) for=(id) {
                    (choice.label)
                }
                @if let Some(words) = &choice.hint {
                    div class=(format!("govuk-hint govuk-{class}__hint"))
                        id=(help.unwrap_or_default()) { (words) }
                }
            }
        }
    }
}

/// A hidden field.
pub fn hidden(name: &str, value: &str) -> Markup {
    html! { input type="hidden" name=(name) value=(value); }
}

/// The button of a form.
pub fn button(words: &str) -> Markup {
    html! {
        button.govuk-button data-module="govuk-button" data-prevent-double-click="true" { (words) }
    }
}

/// A coloured word. The word says it; the colour only repeats it.
pub fn tag(colour: &str, word: &str) -> Markup {
    html! { strong class=(format!("govuk-tag govuk-tag--{colour}")) { (word) } }
}

/// An instant that a machine can read too.
pub fn instant(at: DateTime<Utc>, words: &str) -> Markup {
    html! { time datetime=(at.to_rfc3339()) { (words) } }
}

/// A limit: what is left, and when it ends.
pub fn limit(due: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Markup {
    let class = format!("df-limit df-limit--{}", Pressure::of(due, now).as_str());
    html! {
        p class=(class) {
            @match due {
                Some(due) => {
                    strong { (times::left(due, now)) }
                    ", "
                    @let words = times::deadline(due, now);
                    @let key = if due <= now { "limit-was" } else { "limit-by" };
                    (instant(due, &text!(key, at = words)))
                },
                None => (text!("limit-none")),
            }
        }
    }
}

/// A summary list: names, values, and where each can be changed.
pub fn summary_list(rows: &[Row]) -> Markup {
    html! {
        dl.govuk-summary-list {
            @for row in rows {
                div.govuk-summary-list__row {
                    dt.govuk-summary-list__key { (row.name) }
                    dd.govuk-summary-list__value { (row.value) }
                    @if let Some(change) = &row.change {
                        dd.govuk-summary-list__actions {
                            a.govuk-link href=(change) {
                                (text!("change"))
                                span.govuk-visually-hidden { " " (row.name.to_lowercase()) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// A row of a summary list.
#[derive(Clone, Debug)]
pub struct Row {
    /// What it is.
    pub name: String,
    /// What it says.
    pub value: Markup,
    /// The address at which it can be changed.
    pub change: Option<String>,
}

impl Row {
    /// A row that cannot be changed.
    pub fn new(name: String, value: Markup) -> Self {
        Self { name, value, change: None }
    }

    /// A row that can.
    pub fn changed_at(name: String, value: Markup, change: String) -> Self {
        Self { name, value, change: Some(change) }
    }
}

/// Words behind a line that opens them.
pub fn details(summary: &str, content: &Markup) -> Markup {
    html! {
        details.govuk-details {
            summary.govuk-details__summary {
                span.govuk-details__summary-text { (summary) }
            }
            div.govuk-details__text { (content) }
        }
    }
}

/// What a list shows when there is nothing in it.
pub fn empty(words: &str) -> Markup {
    html! { p."govuk-body df-empty" { (words) } }
}
