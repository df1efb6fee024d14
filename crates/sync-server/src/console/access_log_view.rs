//! How the access log is drawn.

use chrono::{DateTime, Utc};
use doorstep_core::access::Tie;
use maud::{Markup, html};

use super::access_log::{Asked, EXPORT_LINES_MAX, Log, Row, Sight};
use super::{parts, times};
use crate::store::log::Access;

/// The content of the page.
pub fn content(log: &Log, now: DateTime<Utc>) -> Markup {
    let faults: Vec<_> = log.unknown.iter().map(|field| (*field, fault(field))).collect();
    html! {
        (parts::error_summary(&faults))
        h1.govuk-heading-l { "Who looked" }
        p.govuk-body {
            @match log.sight {
                Sight::Whole => { "Every reading of a child’s record, the latest first." }
                Sight::Team(_) => {
                    "Readings by people of your team, and of the records of its children, the "
                    "latest first."
                }
                Sight::Own(_) => { "Your own readings of children’s records, the latest first." }
            }
        }
        (many(log))
        (form(&log.asked, log.sight))
        @if log.rows.is_empty() {
            (parts::empty("No readings", "Nothing in the log is like that."))
        } @else {
            @let columns = ["When", "Who", "Child", "How", "Why"];
            @let rows: Vec<_> = log.rows.iter().map(|row| cells(row, now)).collect();
            (parts::table("Readings", &columns, &rows))
            p.govuk-body {
                a.govuk-link href=(format!("/access.csv?{}", log.asked.query(None))) {
                    "Download as CSV"
                }
                ", at most " (EXPORT_LINES_MAX) " lines."
            }
        }
        @if let Some(last) = log.rows.last().filter(|_| log.more) {
            p.govuk-body {
                a.govuk-link rel="next"
                    href=(format!("/access?{}", log.asked.query(Some(last.line.number)))) {
                    "Earlier readings"
                }
            }
        }
    }
}

fn fault(field: &str) -> &'static str {
    match field {
        "who" => "There is nobody with this reference",
        "child" => "There is no child with this reference",
        "from" => "The first day is a date like 2026-03-01",
        _ => "The last day is a date like 2026-03-31",
    }
}

fn many(log: &Log) -> Markup {
    html! {
        @if !log.many.is_empty() {
            div.govuk-warning-text {
                span.govuk-warning-text__icon aria-hidden="true" { "!" }
                strong.govuk-warning-text__text {
                    span.govuk-visually-hidden { "Warning" }
                    "Unusually many records opened in 24 hours: "
                    @for (place, (name, staff, records)) in log.many.iter().enumerate() {
                        @if place > 0 { "; " }
                        (name) " (" (staff) "), " (records)
                    }
                    "."
                }
            }
        }
    }
}

fn form(asked: &Asked, sight: Sight) -> Markup {
    html! {
        form.ds-filter method="get" action="/access" {
            @if !matches!(sight, Sight::Own(_)) {
                (field("who", "Staff reference", "For example P1004", &asked.who))
            }
            (field("child", "Child’s reference", "For example C-2001", &asked.child))
            (field("from", "From", "The first day, for example 2026-03-01", &asked.from))
            (field("to", "To", "The last day, for example 2026-03-31", &asked.to))
            div.govuk-form-group {
                div.govuk-checkboxes data-module="govuk-checkboxes" {
                    div.govuk-checkboxes__item {
                        input.govuk-checkboxes__input #outside name="outside" type="checkbox"
                            value="1" checked[!asked.outside.is_empty()];
                        label."govuk-label govuk-checkboxes__label" for="outside" {
                            "Only what no allocation explains"
                        }
                    }
                }
            }
            button.govuk-button data-module="govuk-button" { "Show" }
        }
    }
}

fn field(name: &str, label: &str, hint: &str, value: &str) -> Markup {
    html! {
        div.govuk-form-group {
            label.govuk-label for=(name) { (label) }
            div.govuk-hint id=(format!("{name}-hint")) { (hint) }
            input."govuk-input govuk-input--width-10" id=(name) name=(name) type="text"
                value=(value) spellcheck="false" aria-describedby=(format!("{name}-hint"));
        }
    }
}

fn cells(row: &Row, now: DateTime<Utc>) -> Vec<Markup> {
    let access = &row.line.access;
    vec![
        parts::instant(access.at, &times::short(access.at, now)),
        html! { (row.name) br; span.govuk-hint { (row.staff) } },
        html! { (row.child) },
        html! {
            (how(access))
            @if let Some(device) = &row.device { br; span.govuk-hint { (device) } }
        },
        html! {
            (why(access))
            @if access.tie == Some(Tie::Glass) {
                " " (parts::tag(Some("yellow"), "Outside allocation"))
            }
            @if is_refused(access) { " " (parts::tag(Some("red"), "Refused")) }
            @if let Some(reason) = &access.reason { br; "“" (reason) "”" }
        },
    ]
}

fn is_refused(access: &Access) -> bool {
    access.by.starts_with("refused: ")
}

/// How it was read.
fn how(access: &Access) -> &str {
    match access.by.strip_prefix("refused: ").unwrap_or(&access.by) {
        "sync" => "sent to a device",
        "child" => "child’s page",
        "escalation" => "escalation’s page",
        "set aside" => "record that was set aside",
        other => other,
    }
}

/// Why the reader might.
fn why(access: &Access) -> &'static str {
    match access.tie {
        Some(Tie::Allocated) => "the child is allocated to them",
        Some(Tie::Team) => "the child is their team’s",
        Some(Tie::Cover) => "they stood in for who holds the child",
        Some(Tie::TeamCover) => "they stood in for a manager of the child’s team",
        Some(Tie::Told) => "they were told of an escalation",
        Some(Tie::Glass) => "they opened it with a reason",
        None if is_refused(access) => "they may not",
        None => "not known",
    }
}

/// The lines as CSV. A cell that a spreadsheet would take for a formula begins with an apostrophe.
pub fn csv(rows: &[Row]) -> String {
    let mut text = String::from("number,at,staff,name,child,how,tie,reason,device\r\n");
    for row in rows {
        let access = &row.line.access;
        let tie = access.tie.map_or("", Tie::as_str);
        let cells = [
            row.line.number.to_string(),
            access.at.to_rfc3339(),
            row.staff.clone(),
            row.name.clone(),
            row.child.clone(),
            access.by.clone(),
            tie.to_owned(),
            access.reason.clone().unwrap_or_default(),
            row.device.clone().unwrap_or_default(),
        ];
        let cells: Vec<_> = cells.iter().map(|cell| quoted(cell)).collect();
        text.push_str(&cells.join(","));
        text.push_str("\r\n");
    }
    text
}

fn quoted(cell: &str) -> String {
    let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let apostrophe = if formula { "'" } else { "" };
    format!("\"{apostrophe}{}\"", cell.replace('"', "\"\""))
}
