//! Lists, single reads, what a device is sent and who is told agree, whatever an organisation looks
//! like: compared with an oracle that asks every question from plain lists, slowly, by itself.

use chrono::{DateTime, TimeDelta, Utc};
use doorstep_core::access::Thing;
use doorstep_core::assessment::{Cause, ClauseId, Escalation, Ground, Standing, Urgency};
use doorstep_core::event::{ChildRecord, Role};
use doorstep_core::ids::{ChildId, DeviceId, EscalationId, PersonId, TeamId};
use doorstep_core::seal::Hash;
use doorstep_core::wire::Divergence;
use uuid::Uuid;

use crate::access::Reader;
use crate::deliver;
use crate::store::availability::{Absence, AbsentBecause};
use crate::store::devices::Device;
use crate::store::directory::{Allocation, Child, Person, Team};
use crate::store::ledger::{LedgerLine, Told};
use crate::store::oversight::Glass;
use crate::store::{StoreError, Tx};
use crate::testing::{MONDAY, open};

const PEOPLE: u64 = 7;
const CHILDREN: u64 = 6;
const ROUNDS: u64 = 60;

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 += 1;
        let hash = Hash::of(&self.0.to_le_bytes());
        u64::from_le_bytes(hash.0[..8].try_into().unwrap()) % limit
    }

    fn hours(&mut self, from: i64, to: i64) -> DateTime<Utc> {
        let span = u64::try_from(to - from).unwrap();
        MONDAY + TimeDelta::hours(from + i64::try_from(self.below(span)).unwrap())
    }

    fn chance(&mut self, in_ten: u64) -> bool {
        self.below(10) < in_ten
    }
}

fn uuid(kind: u128, round: u64, number: u64) -> Uuid {
    Uuid::from_u128((kind << 96) | (u128::from(round) << 32) | u128::from(number + 1))
}

/// One organisation, as plain lists.
#[derive(Clone, Default)]
struct Plain {
    people: Vec<Person>,
    children: Vec<Child>,
    allocations: Vec<Allocation>,
    absences: Vec<Absence>,
    told: Vec<(LedgerLine, PersonId)>,
    glass: Vec<Glass>,
}

fn roll(round: u64) -> Plain {
    let mut dice = Dice(round * 10_000);
    let team = |dice: &mut Dice| dice.chance(8).then(|| TeamId(uuid(1, 0, dice.below(2))));
    let mut plain = Plain::default();
    for number in 0..PEOPLE {
        let role = Role::ALL[usize::try_from(dice.below(12)).unwrap()];
        let also = Role::ALL[usize::try_from(dice.below(12)).unwrap()];
        plain.people.push(Person {
            id: PersonId(uuid(2, round, number)),
            external: format!("p{round}-{number}"),
            name: "N".into(),
            role,
            also: dice.chance(2).then_some(also).into_iter().collect(),
            administrator: dice.chance(2),
            auditor: dice.chance(1),
            team: team(&mut dice),
            email: None,
            phone: None,
            line_manager: None,
            left: dice.chance(1).then(|| dice.hours(-5, 5)),
        });
    }
    for number in 0..CHILDREN {
        plain.children.push(Child {
            id: ChildId(uuid(3, round, number)),
            external: format!("c{round}-{number}"),
            name: "C".into(),
            born: None,
            address: Some("1 Fictitious Street".into()),
            address_protected: dice.chance(5),
            phone: None,
            record: ChildRecord::default(),
            team: team(&mut dice),
        });
    }
    tie(&mut plain, &mut dice, round);
    plain
}

fn tie(plain: &mut Plain, dice: &mut Dice, round: u64) {
    let person = |dice: &mut Dice| PersonId(uuid(2, round, dice.below(PEOPLE)));
    let child = |dice: &mut Dice| ChildId(uuid(3, round, dice.below(CHILDREN)));
    for _ in 0..8 {
        let (child, person, from) = (child(dice), person(dice), dice.hours(-8, 4));
        let until =
            dice.chance(5).then(|| from + TimeDelta::hours(dice.hours(1, 8).timestamp() % 9));
        plain.allocations.push(Allocation { child, person, role: Role::SocialWorker, from, until });
    }
    for _ in 0..3 {
        let (absent, deputy, from) = (person(dice), person(dice), dice.hours(-8, 4));
        let until = dice.chance(7).then(|| from + TimeDelta::hours(3));
        let deputy = Some(deputy).filter(|deputy| *deputy != absent);
        let (why, recorded_by, recorded) = (AbsentBecause::Leave, absent, MONDAY);
        plain.absences.push(Absence {
            person: absent,
            why,
            from,
            until,
            deputy,
            recorded_by,
            recorded,
        });
    }
    for number in 0..2 {
        let (to, ended) = (person(dice), dice.chance(5));
        let days = i64::try_from(20 + dice.below(20)).unwrap();
        let line = line(uuid(4, round, number), child(dice), to);
        let ended = ended.then(|| MONDAY - TimeDelta::days(days));
        plain.told.push((LedgerLine { ended, ..line }, to));
    }
    let (from, person, child) = (dice.hours(-6, 1), person(dice), child(dice));
    let until = from + TimeDelta::hours(4);
    let reason = "because".to_owned();
    let (manager, told, review) = (None, None, None);
    plain.glass.push(Glass {
        number: 0,
        person,
        child,
        reason: reason.into(),
        from,
        until,
        manager,
        told,
        review,
    });
}

fn line(id: Uuid, child: ChildId, to: PersonId) -> LedgerLine {
    LedgerLine {
        id: EscalationId(id),
        child,
        escalation: Escalation {
            clause: ClauseId("NA-4.5".into()),
            cause: Cause(id),
            to: Role::LineManager,
            urgency: Urgency::Routine,
            ground: Ground::Owed,
            standing: Standing::Open,
            due: None,
            since: MONDAY,
            sentence: "s".into(),
            reason: "r".into(),
            evidence: [].into(),
        },
        addressee: to,
        raised: MONDAY,
        told: Some(MONDAY),
        acknowledged: None,
        ended: None,
        undelivered: false,
    }
}

fn store(tx: &mut dyn Tx, plain: &Plain) -> Result<(), StoreError> {
    tx.put_organisation(Uuid::from_u128(1), "Fictitious Council")?;
    for number in 0..2 {
        let (id, external) = (TeamId(uuid(1, 0, number)), format!("t{number}"));
        tx.put_team(&Team { id, external, name: "T".into(), phone: None })?;
    }
    plain.people.iter().try_for_each(|person| tx.put_person(person))?;
    plain.children.iter().try_for_each(|child| tx.put_child(child))?;
    plain.allocations.iter().try_for_each(|line| tx.put_allocation(line))?;
    plain.absences.iter().try_for_each(|absence| tx.add_absence(absence))?;
    for (line, person) in &plain.told {
        tx.add_line(line)?;
        let told = Told::now(*person, MONDAY, None);
        tx.put_told(line.id, &told)?;
    }
    plain.glass.iter().try_for_each(|glass| tx.add_glass(glass).map(drop))
}

/// The slow oracle.
impl Plain {
    fn works(person: &Person, at: DateTime<Utc>) -> bool {
        person.left.is_none_or(|left| left > at) && !person.auditor
    }

    fn sees_team(person: &Person) -> bool {
        let all = std::iter::once(person.role).chain(person.also.iter().copied());
        all.into_iter().any(|role| {
            [
                "duty-worker",
                "duty-social-worker",
                "line-manager",
                "team-manager",
                "designated-lead",
                "safeguarding-lead",
            ]
            .contains(&role.as_str())
        })
    }

    fn allocated(&self, person: &Person, child: &Child, at: DateTime<Utc>) -> bool {
        self.allocations.iter().any(|line| {
            line.person == person.id
                && line.child == child.id
                && line.from <= at
                && line.until.is_none_or(|until| at < until)
        })
    }

    fn of_team(person: &Person, child: &Child) -> bool {
        Self::sees_team(person) && person.team.is_some() && person.team == child.team
    }

    /// Those in whose place somebody stands.
    fn stands_in_for(&self, person: &Person, at: DateTime<Utc>) -> Vec<&Person> {
        let theirs = self.absences.iter().filter(|absence| {
            absence.deputy == Some(person.id)
                && absence.from <= at
                && absence.until.is_none_or(|until| at < until)
        });
        let absent = theirs.filter_map(|a| self.people.iter().find(|p| p.id == a.person));
        absent.filter(|absent| Self::works(absent, at)).collect()
    }

    fn held(&self, person: &Person, child: &Child, at: DateTime<Utc>) -> bool {
        let own = |p: &Person| self.allocated(p, child, at) || Self::of_team(p, child);
        Self::works(person, at)
            && (own(person) || self.stands_in_for(person, at).into_iter().any(own))
    }

    fn read(&self, person: &Person, child: &Child, at: DateTime<Utc>) -> bool {
        let told = self.told.iter().any(|(line, told)| {
            *told == person.id
                && line.child == child.id
                && line.ended.is_none_or(|ended| at - ended < TimeDelta::days(30))
        });
        let glass = self.glass.iter().any(|glass| {
            (glass.person, glass.child) == (person.id, child.id)
                && glass.from <= at
                && at < glass.until
        });
        Self::works(person, at) && (self.held(person, child, at) || told || glass)
    }

    fn address_held(&self, person: &Person, child: &Child, at: DateTime<Utc>) -> bool {
        let covered = self.stands_in_for(person, at);
        let allocated = self.allocated(person, child, at)
            || covered.into_iter().any(|absent| self.allocated(absent, child, at));
        self.held(person, child, at) && (!child.address_protected || allocated)
    }
}

fn device(person: PersonId, round: u64, number: u64) -> Device {
    Device {
        id: DeviceId(uuid(5, round, number)),
        person,
        public_key: [0; 32],
        token_hash: Hash::ORIGIN,
        desk_key: None,
        name: "D".into(),
        app: "test".into(),
        enrolled: MONDAY,
        last_contact: None,
        unsent: 0,
        oldest_unsent: None,
        divergence: Divergence::default(),
        revoked: None,
        change: 0,
        directory: 0,
    }
}

/// What the real code answers, beside what the oracle says.
fn compare(tx: &mut dyn Tx, plain: &Plain, round: u64) -> Result<u64, StoreError> {
    let mut opened = 0;
    for (number, person) in (0..).zip(&plain.people) {
        let mut device = device(person.id, round, number);
        tx.put_device(&device)?;
        for hours in -6..6 {
            let at = MONDAY + TimeDelta::hours(hours);
            let who = format!("round {round}, person {number}, {hours} h, {person:?}");
            let list = tx.caseload(person.id, at)?;
            let reader = Reader::of(tx, person.id, at)?;
            let organisation = tx.organisation()?.unwrap();
            let place = deliver::Place::read(tx, None, &organisation, &device)?;
            deliver::reconcile(tx, &mut device, &organisation, (&[], &place), at)?;
            let grants = tx.grants(device.id, 0)?;
            for child in &plain.children {
                let held = plain.held(person, child, at);
                assert_eq!(list.contains(&child.id), held, "list: {who}, {child:?}");
                let sent = grants.iter().any(|grant| grant.held && grant.child == child.id);
                assert_eq!(sent, held, "sync: {who}, {child:?}");
                let Some(reader) = &reader else { continue };
                let single = reader.held(tx, child)?.is_some();
                assert_eq!(single, held, "single: {who}, {child:?}");
                let page = reader.opens(tx, child, Thing::Record)?.is_some();
                assert_eq!(page, plain.read(person, child, at), "page: {who}, {child:?}");
                let address = held && reader.holds_address(tx, child)?;
                let expected = plain.address_held(person, child, at);
                assert_eq!(address, expected, "address: {who}, {child:?}");
                opened += u64::from(page);
            }
            for (line, told) in plain.told.iter().filter(|(line, _)| line.ended.is_none()) {
                let child = plain.children.iter().find(|child| child.id == line.child).unwrap();
                let told_works = *told == person.id && Plain::works(person, at);
                if let Some(reader) = reader.as_ref().filter(|_| told_works) {
                    assert!(reader.opens(tx, child, Thing::Record)?.is_some(), "told: {who}");
                }
            }
        }
    }
    Ok(opened)
}

#[tokio::test]
async fn lists_single_reads_sync_and_notices_agree_with_a_slow_oracle() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(folder.path());
    let mut opened = 0;
    for round in 0..ROUNDS {
        let plain = roll(round);
        let work = move |tx: &mut dyn Tx| {
            store(tx, &plain)?;
            compare(tx, &plain, round)
        };
        opened += db.write::<_, StoreError>(work).await.unwrap();
    }
    assert!(opened > 1000, "the rounds hardly opened anything: {opened}");
}
