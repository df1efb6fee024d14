//! What has happened in the demonstration organisation before today. Every record goes the way of a
//! real one: enrolled phone, seal, ingest, assessment, ledger; only the clock is set.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveTime, TimeDelta, Utc};
use doorstep_core::calendar::Calendar;
use doorstep_core::event::{
    Agency, AgencyConsulted, ChildSeen, ConcernLevel, Discussed, FailedContact, Form, Informed,
    Known, Note, Referral, Role, Step, What, Withdrawn,
};
use doorstep_core::time::{local_date, london};
use doorstep_sync_server::admin::AdminError;
use doorstep_sync_server::judge::Judge;
use doorstep_sync_server::store::{StoreError, Tx};

use super::at;
use super::phone::Phone;

/// How long before today the phones were enrolled, in working days.
const ENROLLED: u64 = 20;

/// One record of the history.
struct Line {
    /// The child, by external id.
    child: &'static str,
    /// Who recorded it, by external id.
    by: &'static str,
    /// So many working days before today.
    days_ago: u64,
    /// The local time, as hours and minutes.
    time: (u32, u32),
    /// It reached the server so many hours later.
    late: u32,
    /// What happened.
    what: What,
}

const fn line(
    child: &'static str,
    by: &'static str,
    days_ago: u64,
    time: (u32, u32),
    what: What,
) -> Line {
    Line { child, by, days_ago, time, late: 1, what }
}

fn failed(form: Form, steps: &[Step], concern: ConcernLevel) -> What {
    let mut contact = FailedContact::new(form);
    contact.steps = steps.iter().copied().collect();
    contact.concern = Some(concern);
    What::FailedContact(contact)
}

fn seen(by: &str, needs_met: Known) -> What {
    What::ChildSeen(ChildSeen { seen_by: Agency(by.to_owned()), needs_met, from_distance: false })
}

fn discussed(with: Role) -> What {
    What::Discussed(Discussed::new(with, Referral::NotMade))
}

fn asked(agency: &str) -> What {
    What::AgencyConsulted(AgencyConsulted {
        agency: Agency(agency.to_owned()),
        address: doorstep_core::event::AddressKnown::Confirmed,
        child_seen: Known::NotKnown,
    })
}

/// The history, in no particular order.
fn lines() -> Vec<Line> {
    use ConcernLevel::{High, None, Some};
    use Step::{CardLeft, FamilyPhoned, LetterLeft, WindowsChecked};
    let note = |text: &str| Note { note: Option::Some(text.to_owned()) };
    vec![
        // On a child protection plan, refused at the door, and nobody was told yet.
        line("C-013", "S-105", 1, (15, 40), failed(Form::RefusedByParentOrCarer, &[], High)),
        // Two visits without an answer; the managers know of the first.
        line("C-003", "S-106", 4, (10, 5), failed(Form::NoResponse, &[WindowsChecked], Some)),
        line("C-003", "S-106", 4, (10, 20), What::Informed(Informed { who: Role::LineManager })),
        line(
            "C-003",
            "S-106",
            4,
            (10, 30),
            What::Informed(Informed { who: Role::LeadSocialWorker }),
        ),
        line("C-003", "S-107", 1, (11, 10), failed(Form::NoResponse, &[LetterLeft], Some)),
        // Three visits without access: a meeting is to be considered.
        line("C-020", "S-106", 9, (9, 30), failed(Form::NoResponse, &[WindowsChecked], None)),
        line("C-020", "S-106", 6, (14, 0), failed(Form::Doorstep, &[CardLeft], None)),
        line("C-020", "S-106", 2, (16, 15), failed(Form::NoResponse, &[FamilyPhoned], Some)),
        line("C-020", "S-106", 6, (14, 30), asked("health-visiting")),
        // Seen elsewhere, but nobody knows yet whether needs are met.
        line("C-007", "S-106", 5, (13, 0), failed(Form::NoResponse, &[FamilyPhoned], None)),
        line("C-007", "S-106", 3, (9, 15), seen("school", Known::NotKnown)),
        // A first contact that failed, and its effect was weighed.
        line("C-010", "S-107", 2, (10, 45), failed(Form::NoResponse, &[CardLeft], None)),
        line("C-010", "S-107", 2, (12, 0), What::ImpactAssessed(note("call again on Thursday"))),
        // Not brought, then seen with needs met: nothing is left.
        line("C-005", "S-105", 7, (9, 0), failed(Form::WasNotBrought, &[FamilyPhoned], None)),
        line("C-005", "S-105", 5, (11, 30), seen("service", Known::Yes)),
        // In the other team: a child protection plan, not seen within the timescale.
        line("C-033", "S-205", 3, (15, 0), failed(Form::ChildUnseen, &[], Some)),
        line("C-021", "S-205", 6, (10, 0), failed(Form::Doorstep, &[WindowsChecked], Some)),
        line("C-021", "S-205", 6, (10, 15), What::Informed(Informed { who: Role::LineManager })),
        line(
            "C-021",
            "S-205",
            6,
            (10, 25),
            What::Informed(Informed { who: Role::LeadSocialWorker }),
        ),
        line("C-021", "S-205", 6, (15, 0), discussed(Role::LineManager)),
        line("C-028", "S-206", 8, (14, 20), failed(Form::NoResponse, &[WindowsChecked], None)),
    ]
}

/// Tells the history: every record in the order in which it reached the server, then today.
pub fn tell(tx: &mut dyn Tx, judge: &Judge, now: DateTime<Utc>) -> Result<(), AdminError> {
    let mut lines: Vec<_> = lines()
        .into_iter()
        .map(|line| {
            let at = day_before(now, line.days_ago, line.time);
            (at + TimeDelta::hours(i64::from(line.late)), at, line)
        })
        .collect();
    lines.sort_by_key(|(received, at, _)| (*received, *at));
    let mut phones: BTreeMap<&str, Phone> = BTreeMap::new();
    let enrolled = set(judge, day_before(now, ENROLLED, (9, 0)));
    for (received, at, line) in lines {
        let judge = set(judge, received.min(now));
        if !phones.contains_key(line.by) {
            phones.insert(line.by, Phone::enrol(tx, &enrolled, line.by)?);
        }
        let child = tx.child_called(line.child)?.ok_or(StoreError::Missing { what: "child" })?;
        if let Some(phone) = phones.get_mut(line.by) {
            phone.push(tx, &judge, child.id, at, line.what)?;
        }
    }
    if let Some(phone) = phones.get_mut("S-107") {
        wrong_child(tx, judge, phone, now)?;
    }
    for child in tx.children()? {
        judge.assess_stored(tx, child.id, now)?;
    }
    Ok(())
}

/// A record made for the wrong child, and withdrawn the next morning: what it raised is stood down.
fn wrong_child(
    tx: &mut dyn Tx,
    judge: &Judge,
    phone: &mut Phone,
    now: DateTime<Utc>,
) -> Result<(), AdminError> {
    let child = tx.child_called("C-001")?.ok_or(StoreError::Missing { what: "child" })?;
    let made = day_before(now, 1, (16, 30));
    let wrong = failed(Form::NoResponse, &[Step::WindowsChecked], ConcernLevel::None);
    let of = phone.push(tx, &set(judge, made), child.id, made, wrong)?;
    let withdrawn = made + TimeDelta::minutes(50);
    let reason = Some("recorded for the wrong child".to_owned());
    let what = What::Withdrawn(Withdrawn { of, reason });
    phone.push(tx, &set(judge, withdrawn), child.id, withdrawn, what)?;
    Ok(())
}

fn set(judge: &Judge, now: DateTime<Utc>) -> Judge {
    Judge { ambient: at(&judge.ambient, now), ..judge.clone() }
}

/// A local time on the working day that lies so many working days before today.
fn day_before(now: DateTime<Utc>, days: u64, (hours, minutes): (u32, u32)) -> DateTime<Utc> {
    let mut date = local_date(now);
    for _ in 0..days {
        date = date - Days::new(1);
        while Calendar::built_in().why_not_working(date).is_some() {
            date = date - Days::new(1);
        }
    }
    london(date, NaiveTime::from_hms_opt(hours, minutes, 0).unwrap_or(NaiveTime::MIN))
}
