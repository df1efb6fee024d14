//! Who can be told of something now: absences with those who stand in, and working hours.

use chrono::{DateTime, Datelike as _, Days, NaiveTime, Utc, Weekday};
use doorstep_core::calendar::Calendar;
use doorstep_core::ids::PersonId;
use doorstep_core::time::{local_date, local_time, london};

use super::StoreError;

/// How far ahead working hours are looked for: no row of bank holidays is longer.
const DAYS_AHEAD: u64 = 21;

/// Why somebody is away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AbsentBecause {
    /// On leave.
    Leave,
    /// Ill.
    Ill,
    /// Not available for the moment.
    NotAvailable,
}

impl AbsentBecause {
    /// Every reason.
    pub const ALL: [Self; 3] = [Self::Leave, Self::Ill, Self::NotAvailable];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Leave => "leave",
            Self::Ill => "ill",
            Self::NotAvailable => "not-available",
        }
    }
}

/// Somebody is away for a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Absence {
    /// Who.
    pub person: PersonId,
    /// Why.
    pub why: AbsentBecause,
    /// From when (UTC).
    pub from: DateTime<Utc>,
    /// Until when, not included (UTC); none: until the person says otherwise.
    pub until: Option<DateTime<Utc>>,
    /// Who stands in; none: whoever is next in the chain.
    pub deputy: Option<PersonId>,
    /// Who said so.
    pub recorded_by: PersonId,
    /// When that was said (UTC).
    pub recorded: DateTime<Utc>,
}

impl Absence {
    /// Whether it holds at `instant`.
    pub fn holds_at(&self, instant: DateTime<Utc>) -> bool {
        self.from <= instant && self.until.is_none_or(|until| instant < until)
    }
}

/// An absence as the store has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberedAbsence {
    /// Its number: from 1, in the order in which they were said.
    pub number: u64,
    /// What was said.
    pub absence: Absence,
}

/// The hours that somebody works, in local time: days of the week, each with a beginning and an
/// end. Bank holidays are outside them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkingHours(Vec<Stretch>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stretch {
    first: Weekday,
    last: Weekday,
    begins: NaiveTime,
    ends: NaiveTime,
}

/// Working hours that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("working hours are written like \"Mon-Fri 09:00-17:00\", several with commas between them")]
pub struct BadHours;

impl WorkingHours {
    /// Whether `instant` lies in them.
    pub fn contain(&self, instant: DateTime<Utc>, calendar: &Calendar) -> bool {
        let (date, time) = (local_date(instant), local_time(instant));
        let day = date.weekday();
        let weekend = matches!(day, Weekday::Sat | Weekday::Sun);
        if !weekend && calendar.why_not_working(date).is_some() {
            return false;
        }
        self.0.iter().any(|stretch| {
            let from_first = |day: Weekday| day.days_since(stretch.first);
            from_first(day) <= from_first(stretch.last)
                && stretch.begins <= time
                && time < stretch.ends
        })
    }

    /// The first instant at `from` or later that lies in them; `from` itself where none of the next
    /// weeks does.
    pub fn first_from(&self, from: DateTime<Utc>, calendar: &Calendar) -> DateTime<Utc> {
        let days = (0..DAYS_AHEAD).map(|days| local_date(from) + Days::new(days));
        let begins = |date| self.0.iter().map(move |stretch| london(date, stretch.begins));
        let instants = std::iter::once(from).chain(days.flat_map(begins));
        let within = instants.filter(|at| *at >= from && self.contain(*at, calendar));
        within.min().unwrap_or(from)
    }
}

impl std::str::FromStr for WorkingHours {
    type Err = BadHours;

    fn from_str(text: &str) -> Result<Self, BadHours> {
        text.split(',')
            .map(|part| stretch(part).ok_or(BadHours))
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

fn stretch(text: &str) -> Option<Stretch> {
    let (days, times) = text.trim().split_once(' ')?;
    let (first, last) = days.split_once('-').unwrap_or((days, days));
    let (begins, ends) = times.trim().split_once('-')?;
    let time = |text: &str| NaiveTime::parse_from_str(text.trim(), "%H:%M").ok();
    let (begins, ends) = (time(begins)?, time(ends)?);
    let (first, last) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
    (begins < ends).then_some(Stretch { first, last, begins, ends })
}

impl std::fmt::Display for WorkingHours {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (place, Stretch { first, last, begins, ends }) in self.0.iter().enumerate() {
            let comma = if place == 0 { "" } else { ", " };
            write!(f, "{comma}{first}")?;
            if first != last {
                write!(f, "-{last}")?;
            }
            write!(f, " {}-{}", begins.format("%H:%M"), ends.format("%H:%M"))?;
        }
        Ok(())
    }
}

/// What the store knows of who can be told.
///
/// Laws: absences come in the order of their numbers; none is ever removed, but its end may be
/// moved; a person has one set of working hours, or none.
pub trait Availability {
    /// The absences that hold at `at` or begin later, of everybody.
    fn absences(&self, at: DateTime<Utc>) -> Result<Vec<NumberedAbsence>, StoreError>;
    /// The absences in which this person stands in, those that ended too.
    fn covers_of(&self, deputy: PersonId) -> Result<Vec<Absence>, StoreError>;
    /// Writes down an absence.
    fn add_absence(&mut self, absence: &Absence) -> Result<(), StoreError>;
    /// Moves the end of an absence.
    fn end_absence(&mut self, number: u64, until: DateTime<Utc>) -> Result<(), StoreError>;
    /// When a person works; none where that is not known.
    fn working_hours(&self, person: PersonId) -> Result<Option<WorkingHours>, StoreError>;
    /// Writes when a person works.
    fn put_working_hours(
        &mut self,
        person: PersonId,
        hours: Option<&WorkingHours>,
    ) -> Result<(), StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_local_and_leave_bank_holidays_out() {
        let office: WorkingHours = "Mon-Fri 09:00-17:00, Sat 10:00-12:00".parse().unwrap();
        for (at, within) in [
            ("2026-03-02T09:00:00Z", true),
            ("2026-03-02T08:59:59Z", false),
            ("2026-03-02T17:00:00Z", false),
            ("2026-06-01T08:00:00Z", true),
            ("2026-03-07T11:00:00Z", true),
            ("2026-03-08T11:00:00Z", false),
            ("2026-04-03T11:00:00Z", false),
        ] {
            let instant = at.parse().unwrap();
            assert_eq!(office.contain(instant, Calendar::built_in()), within, "{at}");
        }
        let over_the_weekend: WorkingHours = "Fri-Mon 9:00-10:00".parse().unwrap();
        assert!(
            over_the_weekend.contain("2026-03-08T09:30:00Z".parse().unwrap(), Calendar::built_in())
        );
        assert_eq!(over_the_weekend.to_string(), "Fri-Mon 09:00-10:00");
    }

    #[test]
    fn what_comes_outside_them_waits_for_their_next_beginning() {
        let office: WorkingHours = "Mon-Fri 09:00-17:00".parse().unwrap();
        for (from, first) in [
            ("2026-03-02T10:00:00Z", "2026-03-02T10:00:00Z"),
            ("2026-03-02T17:00:00Z", "2026-03-03T09:00:00Z"),
            ("2026-03-06T18:00:00Z", "2026-03-09T09:00:00Z"),
            ("2026-04-02T18:00:00Z", "2026-04-07T08:00:00Z"),
        ] {
            let (from, first): (DateTime<Utc>, DateTime<Utc>) =
                (from.parse().unwrap(), first.parse().unwrap());
            assert_eq!(office.first_from(from, Calendar::built_in()), first, "{from}");
        }
    }

    #[test]
    fn refuses_hours_that_are_none() {
        for text in
            ["", "Mon", "Mon 9-17", "Mon-Fry 09:00-17:00", "Mon 17:00-09:00", "Mon 9:00-9:00"]
        {
            assert_eq!(text.parse::<WorkingHours>(), Err(BadHours), "{text}");
        }
    }
}
