//! How the access log is drawn.

use chrono::{DateTime, Utc};
use doorstep_core::access::Tie;
use maud::{Markup, html};

use super::access_log::{Asked, EXPORT_LINES_MAX, Log, Row, Sight};
use super::text::text;
use super::{happened, parts, times};
use crate::store::log::Access;

/// The content of the page.
pub fn content(log: &Log, now: DateTime<Utc>) -> Markup {
    let faults: Vec<_> = log.unknown.iter().map(|field| (*field, fault(field))).collect();
    let faults: Vec<_> = faults.iter().map(|(field, words)| (*field, words.as_str())).collect();
    html! {
        (parts::error_summary(&faults))
        h1.govuk-heading-l { (text!("access-who-looked")) }
        p.govuk-body {
            @match log.sight {
                Sight::Whole => { (text!("access-every-reading-childs-record")) }
                Sight::Team(_) => {
                    (text!("access-readings-by-people-your"))
                }
                Sight::Own(_) => { (text!("access-your-own-readings-childrens")) }
            }
        }
        (many(log))
        (form(&log.asked, log.sight))
        @if log.rows.is_empty() {
            (parts::empty(&text!("access-no-readings"), &text!("access-nothing-log-like")))
        } @else {
            @let columns = [text!("access-when"), text!("access-who"), text!("access-child"),
                text!("access-how"), text!("access-why")];
            @let rows: Vec<_> = log.rows.iter().map(|row| cells(row, now)).collect();
            (parts::table(&text!("access-readings"), &columns, &rows))
            p.govuk-body {
                a.govuk-link href=(format!("/access.csv?{}", log.asked.query(None))) {
                    (text!("access-download-as-csv"))
                }
                " " (text!("access-at-most", count = EXPORT_LINES_MAX))
            }
        }
        @if let Some(last) = log.rows.last().filter(|_| log.more) {
            p.govuk-body {
                a.govuk-link rel="next"
                    href=(format!("/access?{}", log.asked.query(Some(last.line.number)))) {
                    (text!("access-earlier-readings"))
                }
            }
        }
        (happened::drawn(&log.accounts, now))
    }
}

fn fault(field: &str) -> String {
    match field {
        "who" => text!("access-there-nobody-with-reference"),
        "child" => text!("access-there-no-child-with"),
        "from" => text!("access-first-day-date-like"),
        _ => text!("access-last-day-date-like"),
    }
}

fn many(log: &Log) -> Markup {
    html! {
        @if !log.many.is_empty() {
            div.govuk-warning-text {
                span.govuk-warning-text__icon aria-hidden="true" { "!" }
                strong.govuk-warning-text__text {
                    span.govuk-visually-hidden { (text!("access-warning")) }
                    (text!("access-many", who = many_words(log)))
                }
            }
        }
    }
}

fn many_words(log: &Log) -> String {
    let one =
        |(name, staff, records): &(String, String, u64)| format!("{name} ({staff}), {records}");
    log.many.iter().map(one).collect::<Vec<_>>().join("; ")
}

fn form(asked: &Asked, sight: Sight) -> Markup {
    html! {
        form.ds-filter method="get" action="/access" {
            @if !matches!(sight, Sight::Own(_)) {
                (field("who", &text!("access-staff-reference"), &text!("access-for-example-p1004"),
                    &asked.who))
            }
            (field("child", &text!("access-childs-reference"), &text!("access-for-example-c2001"),
                &asked.child))
            (field("from", &text!("access-from"), &text!("access-first-day-for-example"),
                &asked.from))
            (field("to", &text!("access-to"), &text!("access-last-day-for-example"), &asked.to))
            div.govuk-form-group {
                div.govuk-checkboxes data-module="govuk-checkboxes" {
                    div.govuk-checkboxes__item {
                        input.govuk-checkboxes__input #outside name="outside" type="checkbox"
                            value="1" checked[!asked.outside.is_empty()];
                        label."govuk-label govuk-checkboxes__label" for="outside" {
                            (text!("access-only-what-no-allocation"))
                        }
                    }
                }
            }
            button.govuk-button data-module="govuk-button" { (text!("access-show")) }
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
                " " (parts::tag(Some("yellow"), &text!("access-outside-allocation")))
            }
            @if is_refused(access) { " " (parts::tag(Some("red"), &text!("access-not-allowed"))) }
            @if let Some(reason) = &access.reason { br; "“" (reason) "”" }
        },
    ]
}

fn is_refused(access: &Access) -> bool {
    access.by.starts_with("refused: ")
}

/// How it was read.
fn how(access: &Access) -> String {
    match access.by.strip_prefix("refused: ").unwrap_or(&access.by) {
        "sync" => text!("access-sent-device"),
        "child" => text!("access-childs-page"),
        "escalation" => text!("access-escalations-page"),
        "set aside" => text!("access-record-was-set-aside"),
        other => other.to_owned(),
    }
}

/// Why the reader might.
fn why(access: &Access) -> String {
    match access.tie {
        Some(Tie::Allocated) => text!("access-child-allocated-them"),
        Some(Tie::Team) => text!("access-child-their-teams"),
        Some(Tie::Cover) => text!("access-they-stood-for-who"),
        Some(Tie::TeamCover) => text!("access-they-stood-for-manager"),
        Some(Tie::Told) => text!("access-they-were-told-escalation"),
        Some(Tie::Glass) => text!("access-they-opened-with-reason"),
        None if is_refused(access) => text!("access-they-may-not"),
        None => text!("access-not-known"),
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
            access.reason.clone().unwrap_or_default().into(),
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
