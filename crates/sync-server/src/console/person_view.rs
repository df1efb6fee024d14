//! One person, drawn as a form.

use maud::{Markup, html};

use super::one_row::{self, Cell, Fields, input};
use super::person::{Around, Shown, version};
use super::session::SignedIn;
use super::text::text;
use super::{form, kept, parts};

/// Children that are named by number; how many more there are is said.
const HOLDS_MAX: usize = 50;

/// The page.
pub fn content(
    around: &Around,
    title: &str,
    signed: &SignedIn,
    fields: &Fields,
    shown: &Shown,
) -> Markup {
    let meanwhile = (!shown.meanwhile.is_empty()).then(|| text!("person-meanwhile"));
    let mut errors: Vec<_> =
        shown.faults.iter().map(|(field, words)| (*field, words.as_str())).collect();
    errors.extend(meanwhile.as_deref().map(|words| ("name", words)));
    html! {
        (parts::error_summary(&errors))
        @if shown.done == "saved" { (parts::done_banner(&html! {
            p.govuk-notification-banner__heading { (text!("person-saved")) }
        })) }
        h1.govuk-heading-l { (title) }
        @if shown.is_kept { div.govuk-inset-text { (text!("person-kept")) } }
        @if !shown.meanwhile.is_empty() {
            p.govuk-body { (text!("person-meanwhile-words")) }
            (parts::summary_list(&there_now(&shown.meanwhile)))
        }
        (holds(around))
        form method="post" action=(around.path()) novalidate {
            (kept::fields(signed))
            @if let Some((_, row)) = &around.person {
                input type="hidden" name="version" value=(seen(fields, shown, &row.cells()));
            }
            (who(around, fields, shown))
            (place(around, fields, shown))
            (reach(fields, shown))
            (form::date(
                "left-",
                &text!("person-left"),
                &text!("person-left-hint"),
                fields.date("left-"),
                &shown.faults,
            ))
            button.govuk-button data-module="govuk-button" data-prevent-double-click="true" {
                (text!("person-save"))
            }
        }
    }
}

/// Stands for what was seen of the person before this was typed: after a fault it is what it was,
/// so that what somebody else wrote meanwhile is still told.
fn seen(fields: &Fields, shown: &Shown, there: &[Cell]) -> String {
    match fields.get("version") {
        seen if shown.meanwhile.is_empty() && !seen.is_empty() => seen.to_owned(),
        _ => version(there),
    }
}

fn there_now(meanwhile: &[(String, String)]) -> Vec<(String, Markup)> {
    let row = |(label, there): &(String, String)| {
        let there = if there.is_empty() { "–" } else { there };
        (label.clone(), html! { (there) })
    };
    meanwhile.iter().map(row).collect()
}

/// What somebody who leaves leaves behind.
fn holds(around: &Around) -> Markup {
    let left = around.person.as_ref().and_then(|(person, _)| person.left);
    html! {
        @if left.is_some() && !around.holds.is_empty() {
            p.govuk-body { (text!("person-holds", count = around.holds.len())) }
            ul."govuk-list govuk-list--bullet" {
                @for number in around.holds.iter().take(HOLDS_MAX) {
                    @let query = form_urlencoded::Serializer::new(String::new())
                        .append_pair("child", number).finish();
                    li { a.govuk-link href=(format!("/set-up/allocations?{query}")) { (number) } }
                }
            }
        }
    }
}

fn who(around: &Around, fields: &Fields, shown: &Shown) -> Markup {
    let faults = &shown.faults;
    html! {
        @match &around.person {
            Some((person, _)) => {
                p.govuk-body { (text!("person-number")) ": " strong { (person.external) } }
            }
            None => {
                (input("number", &text!("person-number"), &text!("person-number-hint"),
                    fields.get("number"), faults))
            }
        }
        (input("name", &text!("person-name"), "", fields.get("name"), faults))
        (form::group("role", &text!("person-role"), &text!("person-role-hint"), faults,
            &form::select("role", &one_row::or_none(text!("person-choose-role"), one_row::roles()),
                fields.get("role"))))
        details.govuk-details open[fields.all("also").any(|role| !role.is_empty())] {
            summary.govuk-details__summary {
                span.govuk-details__summary-text { (text!("person-also")) }
            }
            div.govuk-details__text { (also(fields, shown)) }
        }
        (flags(fields))
    }
}

fn also(fields: &Fields, shown: &Shown) -> Markup {
    let fault = form::fault_of(&shown.faults, "also");
    html! {
        fieldset.govuk-fieldset {
            legend.govuk-visually-hidden { (text!("person-also")) }
            (form::error_message("also", fault))
            div."govuk-checkboxes govuk-checkboxes--small" {
                @for (place, (role, words)) in one_row::roles().iter().enumerate() {
                    @let id = if place == 0 { "also".to_owned() } else { format!("also-{role}") };
                    (checkbox(&id, "also", role, words, fields.all("also").any(|it| it == role)))
                }
            }
        }
    }
}

fn flags(fields: &Fields) -> Markup {
    html! {
        fieldset."govuk-fieldset govuk-form-group" {
            legend."govuk-fieldset__legend govuk-fieldset__legend--s" { (text!("person-duties")) }
            div.govuk-checkboxes {
                @for (field, label) in [
                    ("administrator", text!("person-administrator")),
                    ("auditor", text!("person-auditor")),
                ] {
                    (checkbox(field, field, "yes", &label, fields.get(field) == "yes"))
                }
            }
        }
    }
}

fn checkbox(id: &str, field: &str, value: &str, label: &str, is_checked: bool) -> Markup {
    html! {
        div.govuk-checkboxes__item {
            input.govuk-checkboxes__input id=(id) name=(field) type="checkbox" value=(value)
                checked[is_checked];
            label."govuk-label govuk-checkboxes__label" for=(id) { (label) }
        }
    }
}

fn place(around: &Around, fields: &Fields, shown: &Shown) -> Markup {
    let none = || text!("person-none");
    let teams = one_row::or_none(none(), one_row::teams(&around.teams));
    let others = one_row::or_none(none(), one_row::people(&around.others));
    html! {
        (form::group("team", &text!("person-team"), "", &shown.faults,
            &form::select("team", &teams, fields.get("team"))))
        (form::group("manager", &text!("person-manager"), &text!("person-manager-hint"),
            &shown.faults, &form::select("manager", &others, fields.get("manager"))))
    }
}

fn reach(fields: &Fields, shown: &Shown) -> Markup {
    html! {
        (input("phone", &text!("person-phone"), &text!("person-phone-hint"),
            fields.get("phone"), &shown.faults))
        (input("email", &text!("person-email"), &text!("person-email-hint"),
            fields.get("email"), &shown.faults))
        (input("hours", &text!("person-hours"), &text!("person-hours-hint"),
            fields.get("hours"), &shown.faults))
    }
}
