//! The small parts that pages are put together from: GOV.UK Frontend's components, and a few of
//! ours.

use chrono::{DateTime, Utc};
use maud::{Markup, html};

use super::text::{rich, text};
use super::times::{self, Pressure};

/// A coloured word. The word says it; the colour only repeats it.
pub fn tag(colour: Option<&str>, word: &str) -> Markup {
    let class =
        colour.map_or_else(|| "govuk-tag".to_owned(), |c| format!("govuk-tag govuk-tag--{c}"));
    html! { strong class=(class) { (word) } }
}

/// The urgency of an escalation as a tag.
pub fn urgency_tag(urgency: doorstep_core::assessment::Urgency) -> Markup {
    use doorstep_core::assessment::Urgency;
    let colour = match urgency {
        Urgency::Immediate => "red",
        Urgency::SameDay => "orange",
        Urgency::Routine => "grey",
    };
    tag(Some(colour), super::words::urgency(urgency))
}

/// An instant that a machine can read too.
pub fn instant(at: DateTime<Utc>, words: &str) -> Markup {
    html! { time datetime=(at.to_rfc3339()) { (words) } }
}

/// A limit: what is left, large, and when it ends. Where nothing is owed any more, only the words.
pub fn limit(due: Option<DateTime<Utc>>, owed: bool, now: DateTime<Utc>) -> Markup {
    let pressure = if owed { Pressure::of(due, now) } else { Pressure::Quiet };
    let class = format!("ds-limit ds-limit--{}", pressure.as_str());
    html! {
        p class=(class) {
            @match (due, owed) {
                (Some(due), true) => {
                    span.ds-limit__left { (times::left(due, now)) }
                    @let by = instant(due, &times::deadline(due, now));
                    @if due <= now { (rich!("limit-was-due", when = by)) } @else {
                        (rich!("limit-due", when = by))
                    }
                }
                (Some(due), false) => {
                    span.ds-limit__left { (text!("page-nothing-left-do")) }
                    (rich!("limit-was-due", when = instant(due, &times::deadline(due, now))))
                }
                (None, true) => {
                    span.ds-limit__left { (text!("page-no-time-limit")) }
                    (text!("page-open-until-done"))
                }
                (None, false) => { span.ds-limit__left { (text!("page-nothing-left-do")) } }
            }
        }
    }
}

/// A summary list: names and values.
pub fn summary_list(rows: &[(String, Markup)]) -> Markup {
    html! {
        dl.govuk-summary-list {
            @for (name, value) in rows {
                div.govuk-summary-list__row {
                    dt.govuk-summary-list__key { (name) }
                    dd.govuk-summary-list__value { (value) }
                }
            }
        }
    }
}

/// A table with a caption, whose rows become blocks on a narrow screen. The first cell names its
/// row.
pub fn table(caption: &str, columns: &[impl AsRef<str>], rows: &[Vec<Markup>]) -> Markup {
    html! {
        table."govuk-table ds-table" {
            caption."govuk-table__caption govuk-table__caption--m" { (caption) }
            thead.govuk-table__head {
                tr.govuk-table__row {
                    @for column in columns {
                        th.govuk-table__header scope="col" { (column.as_ref()) }
                    }
                }
            }
            tbody.govuk-table__body {
                @for row in rows { (table_row(columns, row)) }
            }
        }
    }
}

fn table_row(columns: &[impl AsRef<str>], row: &[Markup]) -> Markup {
    html! {
        tr.govuk-table__row {
            @for (index, (column, cell)) in columns.iter().zip(row).enumerate() {
                @if index == 0 {
                    th.govuk-table__header scope="row" { (cell) }
                } @else {
                    td.govuk-table__cell data-label=(column.as_ref()) { (cell) }
                }
            }
        }
    }
}

/// What is wrong with a form, at the top of the page. Each error is the id of a field and words.
pub fn error_summary(errors: &[(&str, &str)]) -> Markup {
    html! {
        @if !errors.is_empty() {
            div.govuk-error-summary data-module="govuk-error-summary" {
                div role="alert" {
                    h2.govuk-error-summary__title { (text!("page-there-problem")) }
                    div.govuk-error-summary__body {
                        ul."govuk-list govuk-error-summary__list" {
                            @for (field, words) in errors {
                                li { a href=(format!("#{field}")) { (words) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// A banner that says that something was done.
pub fn done_banner(content: &Markup) -> Markup {
    html! {
        div."govuk-notification-banner govuk-notification-banner--success" role="alert"
            aria-labelledby="banner-title" data-module="govuk-notification-banner" {
            div.govuk-notification-banner__header {
                h2.govuk-notification-banner__title #banner-title { (text!("page-done")) }
            }
            div.govuk-notification-banner__content { (content) }
        }
    }
}

/// What a list shows when there is nothing in it.
pub fn empty(title: &str, words: &str) -> Markup {
    html! {
        div.ds-empty {
            p.govuk-heading-m { (title) }
            p.govuk-body { (words) }
        }
    }
}

/// Links to the page before and the page after; `path` ends where the page's number goes.
pub fn pagination(path: &str, page: usize, pages: usize) -> Markup {
    html! {
        @if pages > 1 {
            nav.govuk-pagination aria-label=(text!("page-pages")) {
                @if page > 1 {
                    (page_link(&format!("{path}{}", page - 1), "prev", &text!("page-previous")))
                }
                ul.govuk-pagination__list {
                    li."govuk-pagination__item" { (text!("page-of", page = page, pages = pages)) }
                }
                @if page < pages {
                    (page_link(&format!("{path}{}", page + 1), "next", &text!("page-next")))
                }
            }
        }
    }
}

fn page_link(path: &str, direction: &str, word: &str) -> Markup {
    html! {
        div class=(format!("govuk-pagination__{direction}")) {
            a."govuk-link govuk-pagination__link" href=(path) rel=(direction) {
                span.govuk-pagination__link-title {
                    (word) " " span.govuk-visually-hidden { (text!("page-page")) }
                }
            }
        }
    }
}
