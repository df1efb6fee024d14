//! Fields of forms, each with its label, its hint, and what is wrong with it.

use super::text::text;
use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use doorstep_core::time::london;
use maud::{Markup, html};

/// What is wrong with a form: the id of a field, and words.
pub type Fault = (&'static str, String);

/// What is wrong with this field, if anything.
pub fn fault_of<'a>(faults: &'a [Fault], field: &str) -> Option<&'a str> {
    faults.iter().find(|(of, _)| *of == field).map(|(_, words)| words.as_str())
}

/// The words at a field that is wrong.
pub fn error_message(field: &str, fault: Option<&str>) -> Markup {
    html! {
        @if let Some(words) = fault {
            p.govuk-error-message id=(format!("{field}-error")) {
                span.govuk-visually-hidden { (text!("form-error")) " " } (words)
            }
        }
    }
}

/// A field with its label, hint and error around `input`.
pub fn group(field: &str, label: &str, hint: &str, faults: &[Fault], input: &Markup) -> Markup {
    let fault = fault_of(faults, field);
    html! {
        div.govuk-form-group .govuk-form-group--error[fault.is_some()] {
            label.govuk-label for=(field) { (label) }
            @if !hint.is_empty() { div.govuk-hint id=(format!("{field}-hint")) { (hint) } }
            (error_message(field, fault))
            (input)
        }
    }
}

/// A choice of one from a list; `choices` are values with their labels.
pub fn select(field: &str, choices: &[(String, String)], chosen: &str) -> Markup {
    html! {
        select.govuk-select id=(field) name=(field)
            aria-describedby=(format!("{field}-hint {field}-error")) {
            @for (value, label) in choices {
                option value=(value) selected[value == chosen] { (label) }
            }
        }
    }
}

/// A choice of one, each with a button; `answers` are values with their labels.
pub fn radios(
    field: &str,
    question: &str,
    hint: &str,
    answers: &[(String, String)],
    chosen: &str,
    faults: &[Fault],
) -> Markup {
    let fault = fault_of(faults, field);
    // The error summary leads to the first of them.
    let id = |place| if place == 0 { field.to_owned() } else { format!("{field}-{place}") };
    html! {
        div.govuk-form-group .govuk-form-group--error[fault.is_some()] {
            fieldset.govuk-fieldset aria-describedby=(format!("{field}-hint {field}-error")) {
                legend."govuk-fieldset__legend govuk-fieldset__legend--s" { (question) }
                @if !hint.is_empty() { div.govuk-hint id=(format!("{field}-hint")) { (hint) } }
                (error_message(field, fault))
                div.govuk-radios data-module="govuk-radios" {
                    @for (place, (value, label)) in answers.iter().enumerate() {
                        div.govuk-radios__item {
                            input.govuk-radios__input id=(id(place)) name=(field) type="radio"
                                value=(value) checked[value == chosen];
                            label."govuk-label govuk-radios__label" for=(id(place)) { (label) }
                        }
                    }
                }
            }
        }
    }
}

/// A date in three parts, as it was typed: day, month, year.
#[derive(Clone, Copy, Debug, Default)]
pub struct DateParts<'a>(pub [&'a str; 3]);

impl DateParts<'_> {
    /// Nothing was typed.
    pub fn is_empty(self) -> bool {
        self.0.iter().all(|part| part.trim().is_empty())
    }

    /// The date, where it is one.
    pub fn date(self) -> Option<NaiveDate> {
        let [day, month, year] = self.0.map(str::trim);
        NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)
    }

    /// The local midnight that begins the date.
    pub fn begins(self) -> Option<DateTime<Utc>> {
        Some(london(self.date()?, NaiveTime::MIN))
    }

    /// The local midnight that ends the date.
    pub fn ends(self) -> Option<DateTime<Utc>> {
        Some(london(self.date()? + Days::new(1), NaiveTime::MIN))
    }
}

/// A field for a date. `prefix` stands before the names `day`, `month` and `year` of its parts.
pub fn date(
    prefix: &str,
    legend: &str,
    hint: &str,
    typed: DateParts<'_>,
    faults: &[Fault],
) -> Markup {
    let first = format!("{prefix}day");
    let fault = fault_of(faults, &first);
    let parts = [
        ("day", text!("form-day"), 2),
        ("month", text!("form-month"), 2),
        ("year", text!("form-year"), 4),
    ];
    html! {
        div.govuk-form-group .govuk-form-group--error[fault.is_some()] {
            fieldset.govuk-fieldset role="group"
                aria-describedby=(format!("{first}-hint {first}-error")) {
                legend.govuk-fieldset__legend { (legend) }
                div.govuk-hint id=(format!("{first}-hint")) { (hint) }
                (error_message(&first, fault))
                div.govuk-date-input {
                    @for ((name, label, width), value) in parts.iter().zip(typed.0) {
                        @let id = format!("{prefix}{name}");
                        div.govuk-date-input__item {
                            label."govuk-label govuk-date-input__label" for=(id) { (label) }
                            input class=(format!(
                                "govuk-input govuk-date-input__input govuk-input--width-{width}"
                            )) id=(id) name=(id) type="text" inputmode="numeric" value=(value);
                        }
                    }
                }
            }
        }
    }
}
