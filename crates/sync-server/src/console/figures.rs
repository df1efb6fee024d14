//! What the numbers page counts, from what the store holds. Nothing here draws, and nothing is
//! counted by practitioner: numbers about people are questions for a conversation, not a table.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc, Weekday};
use doorstep_core::event::Form;
use doorstep_core::ids::TeamId;
use doorstep_core::time::{local_date, london};

use super::timeline::LATE;
use crate::store::console::{ContactFigure, EscalationFigure};

/// The weeks that can be asked for.
pub const WEEKS: [u32; 4] = [4, 12, 26, 52];

/// The weeks that are counted: the Monday of each, the earliest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weeks(pub Vec<NaiveDate>);

impl Weeks {
    /// The last `count` weeks up to that of `now`.
    pub fn until(now: DateTime<Utc>, count: u32) -> Self {
        let this = local_date(now).week(Weekday::Mon).first_day();
        let back = |weeks: u32| this - Days::new(u64::from(weeks) * 7);
        Self((0..count).rev().map(back).collect())
    }

    /// When the first begins and the last ends (UTC).
    pub fn span(&self) -> (DateTime<Utc>, DateTime<Utc>) {
        let begins = |monday: Option<&NaiveDate>, more| {
            monday
                .map_or(DateTime::UNIX_EPOCH, |day| london(*day + Days::new(more), NaiveTime::MIN))
        };
        (begins(self.0.first(), 0), begins(self.0.last(), 7))
    }

    /// The number of the week in which an instant lies.
    pub fn of(&self, at: DateTime<Utc>) -> Option<usize> {
        let monday = local_date(at).week(Weekday::Mon).first_day();
        self.0.binary_search(&monday).ok()
    }

    /// `2 Mar`, for each week.
    pub fn labels(&self) -> Vec<String> {
        self.0.iter().map(|monday| monday.format("%-d %b").to_string()).collect()
    }
}

/// What the page shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figures {
    /// The weeks.
    pub weeks: Weeks,
    /// Failed contacts by form: for each week.
    pub by_form: Vec<(Form, Vec<usize>)>,
    /// Failed contacts by the name of the team: for each week.
    pub by_team: Vec<(String, Vec<usize>)>,
    /// Failed contacts that came late, and all: for each week.
    pub late: Vec<(usize, usize)>,
    /// How long each step took.
    pub steps: Vec<(Step, Spread)>,
    /// Duties that are owed past their limit, by clause: how many, and the earliest limit.
    pub overdue: Vec<(String, usize, DateTime<Utc>)>,
    /// Limits that passed with the duty still owed, by clause: for each week.
    pub breaches: Vec<(String, Vec<usize>)>,
}

/// A step from the door to the manager.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// From the door to the server.
    Arrived,
    /// From the server to somebody who is told.
    Told,
    /// From being told to taking notice.
    Acknowledged,
}

impl Step {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Arrived => "arrived",
            Self::Told => "told",
            Self::Acknowledged => "acknowledged",
        }
    }
}

/// How long something took, over many times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spread {
    /// How many times.
    pub count: usize,
    /// Half of them took no longer.
    pub median: TimeDelta,
    /// Nine of ten took no longer.
    pub most: TimeDelta,
}

impl Spread {
    /// The spread of these; none of none.
    pub fn of(mut times: Vec<TimeDelta>) -> Option<Self> {
        times.sort_unstable();
        let at = |tenths: usize| {
            let place = (times.len() * tenths).div_ceil(10).saturating_sub(1);
            times.get(place).copied()
        };
        Some(Self { count: times.len(), median: at(5)?, most: at(9)? })
    }
}

/// Whose figures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The teams that are counted, with their names.
    pub teams: BTreeMap<TeamId, String>,
    /// Children of no team are counted as well, under this name.
    pub without: Option<String>,
}

impl Scope {
    fn name(&self, team: Option<TeamId>) -> Option<&str> {
        match team {
            Some(team) => self.teams.get(&team).map(String::as_str),
            None => self.without.as_deref(),
        }
    }
}

/// Counts what lies in the weeks and in the scope.
pub fn count(
    weeks: Weeks,
    scope: &Scope,
    contacts: &[ContactFigure],
    escalations: &[EscalationFigure],
    now: DateTime<Utc>,
) -> Figures {
    let contacts: Vec<_> = contacts
        .iter()
        .filter_map(|it| Some((weeks.of(it.at)?, scope.name(it.team)?, it)))
        .collect();
    let escalations: Vec<_> =
        escalations.iter().filter(|it| scope.name(it.team).is_some()).collect();
    let none = || vec![0; weeks.0.len()];
    let mut by_form: Vec<_> = Form::ALL.iter().map(|form| (*form, none())).collect();
    let mut by_team = BTreeMap::new();
    let mut late = vec![(0, 0); weeks.0.len()];
    for (week, team, contact) in &contacts {
        if let Some((_, counts)) =
            by_form.iter_mut().find(|(form, _)| form.as_str() == contact.form)
        {
            counts[*week] += 1;
        }
        by_team.entry((*team).to_owned()).or_insert_with(none)[*week] += 1;
        late[*week].0 += usize::from(contact.received - contact.at > LATE);
        late[*week].1 += 1;
    }
    let steps = steps(&weeks, contacts.iter().map(|(_, _, contact)| *contact), &escalations);
    let (overdue, breaches) = (overdue(&escalations, now), breaches(&weeks, &escalations, now));
    by_form.retain(|(_, counts)| counts.iter().any(|count| *count > 0));
    let by_team = by_team.into_iter().collect();
    Figures { weeks, by_form, by_team, late, steps, overdue, breaches }
}

fn steps<'a>(
    weeks: &Weeks,
    contacts: impl Iterator<Item = &'a ContactFigure>,
    escalations: &[&EscalationFigure],
) -> Vec<(Step, Spread)> {
    let span = |from: DateTime<Utc>, until: DateTime<Utc>| (until - from).max(TimeDelta::zero());
    let raised = || escalations.iter().filter(|it| weeks.of(it.raised).is_some());
    let arrived = contacts.map(|it| span(it.at, it.received)).collect();
    let told = raised().filter_map(|it| Some(span(it.raised, it.told?))).collect();
    let seen = raised().filter_map(|it| Some(span(it.told?, it.acknowledged?))).collect();
    [(Step::Arrived, arrived), (Step::Told, told), (Step::Acknowledged, seen)]
        .into_iter()
        .filter_map(|(step, times)| Some((step, Spread::of(times)?)))
        .collect()
}

fn overdue(
    escalations: &[&EscalationFigure],
    now: DateTime<Utc>,
) -> Vec<(String, usize, DateTime<Utc>)> {
    let mut duties = BTreeSet::new();
    let mut clauses: BTreeMap<&str, (usize, DateTime<Utc>)> = BTreeMap::new();
    for it in escalations.iter().filter(|it| it.is_owed) {
        let Some(due) = it.due.filter(|due| *due < now) else { continue };
        if duties.insert((it.child, &it.clause, &it.cause)) {
            let entry = clauses.entry(&it.clause).or_insert((0, due));
            *entry = (entry.0 + 1, entry.1.min(due));
        }
    }
    let mut rows: Vec<_> =
        clauses.into_iter().map(|(clause, (count, due))| (clause.to_owned(), count, due)).collect();
    rows.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    rows
}

fn breaches(
    weeks: &Weeks,
    escalations: &[&EscalationFigure],
    now: DateTime<Utc>,
) -> Vec<(String, Vec<usize>)> {
    let mut duties = BTreeSet::new();
    let mut clauses: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for it in escalations {
        let Some(due) = it.due.filter(|due| *due < now) else { continue };
        let Some(week) = weeks.of(due) else { continue };
        let passed = it.is_owed || it.ended.is_some_and(|ended| ended > due);
        if passed && duties.insert((it.child, &it.clause, &it.cause)) {
            clauses.entry(&it.clause).or_insert_with(|| vec![0; weeks.0.len()])[week] += 1;
        }
    }
    clauses.into_iter().map(|(clause, counts)| (clause.to_owned(), counts)).collect()
}

#[cfg(test)]
mod tests {
    use doorstep_core::ids::ChildId;
    use uuid::Uuid;

    use super::*;

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn contact(team: u128, at: &str, received: &str) -> ContactFigure {
        let team = Some(TeamId(Uuid::from_u128(team)));
        ContactFigure { team, form: "doorstep".to_owned(), at: utc(at), received: utc(received) }
    }

    fn escalation(cause: &str, due: &str, ended: Option<&str>) -> EscalationFigure {
        EscalationFigure {
            child: ChildId(Uuid::from_u128(1)),
            clause: "GA-6.1".to_owned(),
            cause: cause.to_owned(),
            team: Some(TeamId(Uuid::from_u128(2))),
            raised: utc("2026-03-02T10:00:00Z"),
            told: Some(utc("2026-03-02T10:00:05Z")),
            acknowledged: ended.map(utc),
            due: Some(utc(due)),
            ended: ended.map(utc),
            is_owed: ended.is_none(),
        }
    }

    #[test]
    fn counts_by_week_form_and_team_and_one_duty_once() {
        let now = utc("2026-03-11T10:00:00Z");
        let weeks = Weeks::until(now, 4);
        assert_eq!(weeks.labels(), ["16 Feb", "23 Feb", "2 Mar", "9 Mar"]);
        let team = TeamId(Uuid::from_u128(2));
        let teams = BTreeMap::from([(team, "North".to_owned())]);
        let scope = Scope { teams, without: None };
        let contacts = [
            contact(2, "2026-03-02T10:00:00Z", "2026-03-02T10:01:00Z"),
            contact(2, "2026-03-08T23:30:00Z", "2026-03-09T09:30:00Z"),
            contact(3, "2026-03-02T10:00:00Z", "2026-03-02T10:01:00Z"),
            contact(2, "2025-03-02T10:00:00Z", "2025-03-02T10:01:00Z"),
        ];
        let escalations = [
            escalation("a", "2026-03-02T11:00:00Z", None),
            escalation("a", "2026-03-02T11:00:00Z", None),
            escalation("b", "2026-03-02T11:00:00Z", Some("2026-03-02T10:30:00Z")),
            escalation("c", "2026-03-10T11:00:00Z", Some("2026-03-10T12:00:00Z")),
            escalation("d", "2026-03-12T11:00:00Z", None),
        ];
        let figures = count(weeks, &scope, &contacts, &escalations, now);
        assert_eq!(figures.by_form, [(Form::Doorstep, vec![0, 0, 2, 0])]);
        assert_eq!(figures.by_team, [("North".to_owned(), vec![0, 0, 2, 0])]);
        assert_eq!(figures.late[2], (1, 2));
        let due = utc("2026-03-02T11:00:00Z");
        assert_eq!(figures.overdue, [("GA-6.1".to_owned(), 1, due)]);
        assert_eq!(figures.breaches, [("GA-6.1".to_owned(), vec![0, 0, 1, 1])]);
        let (step, spread) = figures.steps[1];
        assert_eq!((step, spread.count, spread.median), (Step::Told, 5, TimeDelta::seconds(5)));
    }

    #[test]
    fn half_and_nine_of_ten_are_times_that_were_taken() {
        let spread = Spread::of((1..=10).map(TimeDelta::minutes).collect()).unwrap();
        assert_eq!((spread.median, spread.most), (TimeDelta::minutes(5), TimeDelta::minutes(9)));
        assert_eq!(Spread::of(Vec::new()), None);
    }
}
