//! What happened to accounts: written down for good, told to those whom it concerns, and shown on
//! the page of who looked.

use chrono::{DateTime, TimeDelta, Utc};
use doorstep_core::access::{Seat, Task};
use doorstep_core::ids::PersonId;
use maud::{Markup, html};

use super::text::{rich, text};
use super::viewer::Viewer;
use super::{parts, times};
use crate::private::Private;
use crate::store::accounts::{AccountEvent, Happening};
use crate::store::directory::{People, Person};
use crate::store::{StoreError, Tx};

/// Lines that the page shows.
const SHOWN_MAX: usize = 50;
/// Lines that are looked through for those that the viewer may see.
const LOOKED_THROUGH_MAX: usize = 2000;
/// For how long the inbox says that the emergency access was used.
const EMERGENCY_SHOWN: TimeDelta = TimeDelta::days(7);

/// What happens to an account.
#[derive(Clone, Debug)]
pub struct Event {
    /// Whose.
    pub person: PersonId,
    /// What.
    pub what: Happening,
    /// Why, where that is asked.
    pub reason: Option<Private>,
}

/// Writes it down, with those who are to hear of it.
pub fn write(tx: &mut dyn Tx, event: Event, at: DateTime<Utc>) -> Result<(), StoreError> {
    let Event { person, what, reason } = event;
    let hear = hearers(tx, person, what, at)?;
    tracing::warn!(%person, what = what.as_str(), "an account was changed");
    tx.add_account_event(&AccountEvent { number: 0, at, person, what, reason }, &hear)?;
    Ok(())
}

/// Whom it concerns: the person; where somebody else did it, their manager as well; for the
/// emergency access all administrators, team managers and safeguarding leads.
fn hearers(
    tx: &dyn Tx,
    person: PersonId,
    what: Happening,
    now: DateTime<Utc>,
) -> Result<Vec<PersonId>, StoreError> {
    match what {
        Happening::Made => Ok(Vec::new()),
        Happening::PasswordChanged => Ok(vec![person]),
        Happening::PasswordReset | Happening::CodesRemoved => {
            let found = tx.person(person)?;
            let manager = found.and_then(|found| found.line_manager);
            let manager = manager.map_or(Ok(None), |id| tx.person(id))?;
            let mut hear = vec![person];
            match manager.filter(|manager| manager.is_active(now)) {
                Some(manager) => hear.push(manager.id),
                None => hear.extend(ids(tx.people(People::Administrators)?, now)),
            }
            Ok(hear)
        }
        Happening::EmergencyOpened | Happening::EmergencyUsed | Happening::EmergencyEnded => {
            let mut people = tx.people(People::All)?;
            people.retain(|person| person.is_staff() && answers_for_many(person));
            Ok(ids(people, now).collect())
        }
    }
}

fn ids(people: Vec<Person>, now: DateTime<Utc>) -> impl Iterator<Item = PersonId> {
    people.into_iter().filter(move |person| person.is_active(now)).map(|person| person.id)
}

/// Whether this person hears of the emergency access.
fn answers_for_many(person: &Person) -> bool {
    person.seats().iter().any(|seat| {
        matches!(seat, Seat::Administrator | Seat::TeamManager | Seat::SafeguardingLead)
    })
}

/// A line as it is shown.
#[derive(Clone, Debug)]
pub struct Shown {
    event: AccountEvent,
    name: String,
    staff: String,
}

/// What the viewer may see of it: auditors and administrators all, managers what concerns their
/// team's people, everybody their own; the emergency access is for managers, too.
pub fn gather(tx: &dyn Tx, viewer: &Viewer) -> Result<Vec<Shown>, StoreError> {
    let whole = viewer.administrator || viewer.seats.may(Task::ReadWholeLog);
    let team = viewer.team.filter(|_| viewer.seats.may(Task::ReadTeamLog));
    let manages = viewer.seats.may(Task::ReviewGlass);
    let mut shown = Vec::new();
    for event in tx.account_events(None, LOOKED_THROUGH_MAX)? {
        let Some(person) = tx.person(event.person)? else { continue };
        let own = person.id == viewer.person;
        let of_team = team.is_some() && person.team == team;
        if whole || own || of_team || (manages && event.what.is_emergency()) {
            let (name, staff) = (person.name.into(), person.external);
            shown.push(Shown { event, name, staff });
        }
        if shown.len() >= SHOWN_MAX {
            break;
        }
    }
    Ok(shown)
}

/// The part of the page.
pub fn drawn(shown: &[Shown], now: DateTime<Utc>) -> Markup {
    let rows: Vec<_> = shown.iter().map(|line| row(line, now)).collect();
    html! {
        @if !rows.is_empty() {
            (parts::table(&text!("happened-title"), &[text!("access-when"), text!("happened-whose"),
                text!("happened-what"), text!("access-why")], &rows))
        }
    }
}

fn row(line: &Shown, now: DateTime<Utc>) -> Vec<Markup> {
    let Shown { event, name, staff } = line;
    vec![
        parts::instant(event.at, &times::short(event.at, now)),
        html! { (name) br; span.govuk-hint { (staff) } },
        html! {
            (text!(&format!("happened-{}", event.what.as_str())))
            @if event.what.is_emergency() {
                " " (parts::tag(Some("red"), &text!("happened-emergency")))
            }
        },
        html! { @if let Some(reason) = &event.reason { "“" (reason) "”" } },
    ]
}

/// The latest that happened to the emergency access, where the viewer is to know and it is not long
/// ago.
pub fn emergency(
    tx: &dyn Tx,
    viewer: &Viewer,
    now: DateTime<Utc>,
) -> Result<Option<AccountEvent>, StoreError> {
    if !viewer.administrator && !viewer.seats.may(Task::ReviewGlass) {
        return Ok(None);
    }
    let Some(account) = tx.person_called(Person::EMERGENCY)? else { return Ok(None) };
    let latest = tx.account_events(Some(account.id), 1)?.pop();
    Ok(latest.filter(|event| now - event.at < EMERGENCY_SHOWN))
}

/// What the inbox says of it.
pub fn warning(latest: Option<&AccountEvent>, now: DateTime<Utc>) -> Markup {
    html! {
        @if let Some(event) = latest {
            div.govuk-warning-text {
                span.govuk-warning-text__icon aria-hidden="true" { "!" }
                strong.govuk-warning-text__text {
                    span.govuk-visually-hidden { (text!("access-warning")) }
                    @let when = parts::instant(event.at, &times::short(event.at, now));
                    (rich!(&format!("happened-inbox-{}", event.what.as_str()), when = when)) " "
                    a.govuk-link href="/access" { (text!("happened-look")) }
                }
            }
        }
    }
}
