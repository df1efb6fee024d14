//! A calendar that knows working days: three weeks from which one day is chosen.

use chrono::{Datelike as _, Days, NaiveDate, Weekday};
use doorstep_core::calendar::Calendar;
use maud::{Markup, html};

use crate::console::text::text;

/// Weeks that the calendar shows, that of today first.
const WEEKS: usize = 3;

/// One day of the calendar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Day {
    /// The local date.
    pub date: NaiveDate,
    /// What can be done with it.
    pub state: DayState,
    /// The limit ends on it.
    pub is_limit: bool,
    /// The limit has ended before it.
    pub is_after: bool,
}

/// What can be done with a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DayState {
    /// It is over.
    Past,
    /// It does not count as a working day, because it is this.
    Closed(String),
    /// It can be chosen.
    Working,
}

/// The weeks from that of `today`, each from Monday to Sunday; `limit` is the last day in time.
pub fn weeks(calendar: &Calendar, today: NaiveDate, limit: Option<NaiveDate>) -> Vec<Vec<Day>> {
    let monday = today.week(Weekday::Mon).first_day();
    let day = |offset: usize| {
        let date = monday + Days::new(offset as u64);
        let state = match calendar.why_not_working(date) {
            _ if date < today => DayState::Past,
            Some(name) => DayState::Closed(name.to_owned()),
            None => DayState::Working,
        };
        let is_after = limit.is_some_and(|limit| date > limit);
        Day { date, state, is_limit: limit == Some(date), is_after }
    };
    (0..WEEKS).map(|week| (0..7).map(|place| day(week * 7 + place)).collect()).collect()
}

/// Draws the weeks, with one day chosen.
pub fn draw(weeks: &[Vec<Day>], chosen: &str, today: NaiveDate) -> Markup {
    let first = weeks.first().and_then(|week| week.first()).map_or(today, |day| day.date);
    let last = weeks.last().and_then(|week| week.last()).map_or(today, |day| day.date);
    let name = |date: NaiveDate| date.format("%-d %B").to_string();
    html! {
        table.ds-calendar {
            caption.govuk-visually-hidden {
                (text!("record-calendar-caption", first = name(first), last = name(last)))
            }
            thead {
                tr {
                    @for day in weeks.first().into_iter().flatten() {
                        th scope="col" { abbr title=(day.date.format("%A")) {
                            (day.date.format("%a"))
                        } }
                    }
                }
            }
            tbody {
                @for week in weeks {
                    tr { @for day in week { (cell(day, chosen, today)) } }
                }
            }
        }
    }
}

fn cell(day: &Day, chosen: &str, today: NaiveDate) -> Markup {
    let value = day.date.to_string();
    let id = format!("by-{value}");
    let month = if day.date.day() == 1 || day.date == today { "%-d %b" } else { "%-d" };
    html! {
        td.ds-calendar__day .ds-calendar__day--limit[day.is_limit]
            .ds-calendar__day--after[day.is_after] {
            @match &day.state {
                DayState::Past => span.ds-calendar__closed { (day.date.format(month)) },
                DayState::Closed(name) => span.ds-calendar__closed {
                    (day.date.format(month))
                    @if !["Saturday", "Sunday"].contains(&name.as_str()) {
                        br; span.ds-calendar__name { (name) }
                    }
                },
                DayState::Working => {
                    input type="radio" name="by" id=(id) value=(value) checked[chosen == value];
                    label for=(id) {
                        span.govuk-visually-hidden { (day.date.format("%A ")) }
                        (day.date.format(month))
                        span.govuk-visually-hidden { (day.date.format(" %B")) }
                        @if day.date == today {
                            span.ds-calendar__name { (text!("record-day-today")) }
                        }
                        @if day.is_limit {
                            span.ds-calendar__name { (text!("record-day-limit")) }
                        } @else if day.is_after {
                            span.govuk-visually-hidden { ", " (text!("record-day-after")) }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weekends_and_bank_holidays_cannot_be_chosen_and_say_why() {
        let date = |text: &str| text.parse::<NaiveDate>().unwrap();
        let (today, limit) = (date("2026-04-01"), date("2026-04-10"));
        let weeks = weeks(Calendar::built_in(), today, Some(limit));
        let days: Vec<_> = weeks.iter().flatten().collect();
        let of = |text: &str| days.iter().find(|day| day.date == date(text)).unwrap();
        assert_eq!((days.len(), days[0].date), (21, date("2026-03-30")));
        assert_eq!(of("2026-03-31").state, DayState::Past);
        assert_eq!(of("2026-04-01").state, DayState::Working);
        assert_eq!(of("2026-04-03").state, DayState::Closed("Good Friday".to_owned()));
        assert_eq!(of("2026-04-04").state, DayState::Closed("Saturday".to_owned()));
        assert_eq!(of("2026-04-06").state, DayState::Closed("Easter Monday".to_owned()));
        assert!(of("2026-04-10").is_limit && !of("2026-04-10").is_after);
        assert!(of("2026-04-13").is_after);
    }
}
