//! How the numbers are drawn: each chart with the table behind it, each table with its CSV.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use doorstep_core::ids::TeamId;
use maud::{Markup, html};

use super::chart::Bars;
use super::csv_file::Sheet;
use super::figures::{Figures, WEEKS};
use super::numbers::Asked;
use super::text::text;
use super::{parts, policy, times, words};

/// Everything that the page shows.
#[derive(Clone, Copy, Debug)]
pub struct NumbersPage<'a> {
    /// What was asked for.
    pub asked: &'a Asked,
    /// The teams to choose from.
    pub teams: &'a BTreeMap<TeamId, String>,
    /// The figures.
    pub figures: &'a Figures,
    /// This moment (UTC).
    pub now: DateTime<Utc>,
}

/// One of the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// Failed contacts by form.
    Forms,
    /// Failed contacts by team.
    Teams,
    /// Late records.
    Late,
    /// From the door to the manager.
    Steps,
    /// Duties owed past their limit.
    Overdue,
    /// Limits that passed unmet.
    Breaches,
}

impl Table {
    const ALL: [Self; 6] =
        [Self::Forms, Self::Teams, Self::Late, Self::Steps, Self::Overdue, Self::Breaches];

    /// The word for it in a path.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Forms => "forms",
            Self::Teams => "teams",
            Self::Late => "late",
            Self::Steps => "steps",
            Self::Overdue => "overdue",
            Self::Breaches => "breaches",
        }
    }

    /// The table with this word.
    pub fn called(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|table| table.as_str() == word)
    }

    /// The table in figures.
    pub fn sheet(self, figures: &Figures) -> Sheet {
        let weeks = figures.weeks.labels();
        match self {
            Self::Forms => by_week(&weeks, &forms(figures)),
            Self::Teams => by_week(&weeks, &figures.by_team),
            Self::Breaches => by_week(&weeks, &figures.breaches),
            Self::Late => late(figures, weeks),
            Self::Steps => steps(figures),
            Self::Overdue => overdue(figures),
        }
    }
}

fn forms(figures: &Figures) -> Vec<(String, Vec<usize>)> {
    let named = |(form, counts): &(_, Vec<usize>)| {
        (words::sentence_case(words::form(*form)), counts.clone())
    };
    figures.by_form.iter().map(named).collect()
}

/// Weeks down, names across, and their sum: the shape in which a year still fits a page.
fn by_week(weeks: &[String], series: &[(String, Vec<usize>)]) -> Sheet {
    let names = series.iter().map(|(name, _)| name.clone());
    let mut columns = vec![text!("numbers-week")];
    columns.extend(names);
    columns.push(text!("numbers-all-forms"));
    let row = |(place, week): (usize, &String)| {
        let counts: Vec<usize> = series.iter().map(|(_, counts)| counts[place]).collect();
        let sum = counts.iter().sum::<usize>();
        let mut row = vec![week.clone()];
        row.extend(counts.into_iter().chain([sum]).map(|count| count.to_string()));
        row
    };
    Sheet { columns, rows: weeks.iter().enumerate().map(row).collect() }
}

fn late(figures: &Figures, weeks: Vec<String>) -> Sheet {
    let columns = ["numbers-week", "numbers-late-late", "numbers-late-of", "numbers-late-share"];
    let share = |late: usize, all: usize| match all {
        0 => String::new(),
        all => format!("{} %", late * 100 / all),
    };
    let rows = weeks.into_iter().zip(&figures.late).map(|(week, (late, all))| {
        vec![week, late.to_string(), all.to_string(), share(*late, *all)]
    });
    Sheet { columns: columns.map(|key| text!(key)).to_vec(), rows: rows.collect() }
}

fn steps(figures: &Figures) -> Sheet {
    let columns = ["numbers-step", "numbers-half", "numbers-nine", "numbers-count"];
    let rows = figures.steps.iter().map(|(step, spread)| {
        vec![
            text!(&format!("numbers-step-{}", step.as_str())),
            times::span(spread.median),
            times::span(spread.most),
            spread.count.to_string(),
        ]
    });
    Sheet { columns: columns.map(|key| text!(key)).to_vec(), rows: rows.collect() }
}

fn overdue(figures: &Figures) -> Sheet {
    let columns = ["numbers-clause", "numbers-count", "numbers-earliest"];
    let rows = figures.overdue.iter().map(|(clause, count, since)| {
        vec![clause.clone(), count.to_string(), doorstep_core::time::in_words(*since)]
    });
    Sheet { columns: columns.map(|key| text!(key)).to_vec(), rows: rows.collect() }
}

/// The content of the page.
pub fn content(page: &NumbersPage<'_>) -> Markup {
    let figures = page.figures;
    html! {
        h1.govuk-heading-l { (text!("numbers-title")) }
        p.govuk-body { (text!("numbers-intro")) }
        (filters(page))
        (steps_section(page))
        (contacts_section(page))
        h2.govuk-heading-m { (text!("numbers-late")) }
        p.govuk-body { (text!("numbers-late-words")) }
        @let late: Vec<_> = figures.late.iter().map(|(late, _)| *late).collect();
        @if late.iter().any(|count| *count > 0) {
            (bars(figures, text!("numbers-late"), vec![(text!("numbers-late-late"), late)]).draw())
        }
        (behind(page, Table::Late, &text!("numbers-late-table")))
        @if figures.overdue.is_empty() {
            h2.govuk-heading-m { (text!("numbers-overdue")) }
            p.govuk-body { (text!("numbers-overdue-none")) }
        } @else {
            (overdue_table(figures, page.now))
            (csv_link(page, Table::Overdue, &text!("numbers-overdue")))
        }
        h2.govuk-heading-m { (text!("numbers-breaches")) }
        @if figures.breaches.is_empty() {
            p.govuk-body { (text!("numbers-breaches-none")) }
        } @else {
            (bars(figures, text!("numbers-breaches"), figures.breaches.clone()).draw())
            (behind(page, Table::Breaches, &text!("numbers-breaches-table")))
        }
    }
}

fn filters(page: &NumbersPage<'_>) -> Markup {
    let weeks = page.asked.count();
    let path = |team: &str, weeks: u32| {
        let team = if team.is_empty() { String::new() } else { format!("team={team}&") };
        format!("/numbers?{team}weeks={weeks}")
    };
    let item = |path: String, current: bool, words: &str| {
        html! {
            li.ds-filters__item {
                a href=(path) aria-current=[current.then_some("true")] { (words) }
            }
        }
    };
    html! {
        nav.ds-filters aria-label=(text!("numbers-whose")) {
            ul.ds-filters__group {
                @if page.teams.len() > 1 {
                    (item(path("", weeks), page.asked.team.is_empty(), &text!("numbers-all")))
                }
                @for (team, name) in page.teams {
                    @let id = team.to_string();
                    @let current = page.asked.team == id || page.teams.len() == 1;
                    (item(path(&id, weeks), current, name))
                }
            }
            ul.ds-filters__group {
                @for count in WEEKS {
                    (item(path(&page.asked.team, count), count == weeks,
                        &text!("numbers-weeks", count = count)))
                }
            }
        }
    }
}

fn steps_section(page: &NumbersPage<'_>) -> Markup {
    html! {
        h2.govuk-heading-m { (text!("numbers-steps")) }
        @if page.figures.steps.is_empty() {
            p.govuk-body { (text!("numbers-nothing")) }
        } @else {
            p.govuk-body { (text!("numbers-steps-words")) }
            (sheet_table(&text!("numbers-steps"), &Table::Steps.sheet(page.figures)))
            (csv_link(page, Table::Steps, &text!("numbers-steps")))
        }
    }
}

fn contacts_section(page: &NumbersPage<'_>) -> Markup {
    let figures = page.figures;
    html! {
        h2.govuk-heading-m { (text!("numbers-contacts")) }
        @if figures.by_form.is_empty() {
            (parts::empty(&text!("numbers-nothing"), &text!("numbers-nothing-words")))
        } @else {
            (bars(figures, text!("numbers-contacts"), forms(figures)).draw())
            (behind(page, Table::Forms, &text!("numbers-contacts-table")))
            (behind(page, Table::Teams, &text!("numbers-teams-table")))
        }
    }
}

fn bars(figures: &Figures, title: String, series: Vec<(String, Vec<usize>)>) -> Bars {
    Bars { title, labels: figures.weeks.labels(), series }
}

/// The table behind a chart, folded up until somebody asks for it.
fn behind(page: &NumbersPage<'_>, table: Table, caption: &str) -> Markup {
    html! {
        details.govuk-details {
            summary.govuk-details__summary {
                span.govuk-details__summary-text { (caption) }
            }
            div.govuk-details__text {
                (sheet_table(caption, &table.sheet(page.figures)))
                (csv_link(page, table, caption))
            }
        }
    }
}

fn csv_link(page: &NumbersPage<'_>, table: Table, caption: &str) -> Markup {
    let (team, weeks) = (&page.asked.team, page.asked.count());
    let team = team.parse::<TeamId>().map(|id| format!("team={id}&")).unwrap_or_default();
    html! {
        p.govuk-body-s {
            a.govuk-link href=(format!("/numbers/{}.csv?{team}weeks={weeks}", table.as_str())) {
                (text!("numbers-csv"))
                span.govuk-visually-hidden { ": " (caption) }
            }
        }
    }
}

/// A table of figures, scrolled sideways in its own box where it is wide.
fn sheet_table(caption: &str, sheet: &Sheet) -> Markup {
    html! {
        div.ds-scroll tabindex="0" role="region" aria-label=(caption) {
            table."govuk-table govuk-table--small-text-until-tablet" {
                caption.govuk-visually-hidden { (caption) }
                thead.govuk-table__head {
                    tr.govuk-table__row {
                        @for column in &sheet.columns {
                            th.govuk-table__header scope="col" { (column) }
                        }
                    }
                }
                tbody.govuk-table__body {
                    @for row in &sheet.rows {
                        tr.govuk-table__row {
                            @for (place, cell) in row.iter().enumerate() {
                                @if place == 0 {
                                    th.govuk-table__header scope="row" { (cell) }
                                } @else {
                                    td.govuk-table__cell { (cell) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn overdue_table(figures: &Figures, now: DateTime<Utc>) -> Markup {
    let rows: Vec<_> = figures
        .overdue
        .iter()
        .map(|(clause, count, since)| {
            vec![
                html! { a.govuk-link href=(policy::anchor(clause)) { (clause) } },
                html! { (count) },
                parts::instant(*since, &times::deadline(*since, now)),
            ]
        })
        .collect();
    let columns = ["numbers-clause", "numbers-count", "numbers-earliest"].map(|key| text!(key));
    parts::table(&text!("numbers-overdue"), &columns.each_ref().map(String::as_str), &rows)
}
