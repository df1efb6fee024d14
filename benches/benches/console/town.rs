//! The organisation: practitioners with 20 children each whose past is done with, a team with
//! escalations that are open, and a team that pushes while something is measured.

use chrono::{DateTime, TimeDelta, Utc};
use doorstep_benches::device::Device;
use doorstep_benches::happenings::{calm, fifth_on_a_plan, on_a_plan};
use doorstep_benches::office::Office;
use doorstep_benches::wall;
use doorstep_core::calendar::Calendar;
use doorstep_core::event::{ChildRecord, FailedContact, Form, What};
use doorstep_core::ids::{ChildId, PersonId};
use doorstep_sync_server::ingest::{Batch, Incoming};
use doorstep_sync_server::store::directory::People;
use doorstep_sync_server::store::sqlite::SqliteStore;
use doorstep_sync_server::testing::Phone;

/// Children of each practitioner, and events of each child.
const CHILDREN: usize = 20;
const EVENTS_EACH: usize = 40;
/// Open escalations, all in the inbox of one manager.
const OPEN: usize = 500;
/// The practitioners of that manager, and children of each.
const BUSY: usize = 8;
const BUSY_CHILDREN: usize = 63;
/// Devices that push while something is measured.
pub const PUSHING: usize = 8;
/// Records that go into one batch while the store is filled.
const TOGETHER: usize = 100;

/// The organisation, and who plays a part in what is measured.
pub struct Town {
    /// Everything.
    pub office: Office,
    /// Practitioners with a past.
    pub quiet: Vec<Device>,
    /// The one with open escalations, for who looks at an inbox.
    pub busy: Vec<Device>,
    /// Those who push.
    pub pushing: Vec<Device>,
    /// The manager of whoever is busy, and their cookie.
    pub busy_person: PersonId,
    pub busy_manager: String,
    /// The cookie of the manager of a quiet team, and that team's children.
    pub quiet_manager: String,
    pub quiet_children: Vec<ChildId>,
}

impl Town {
    /// Fills a store with so many practitioners.
    pub fn found(people: usize) -> Self {
        let mut office = Office::empty();
        office.set_record(fifth_on_a_plan);
        let mut quiet = office.hire(people, CHILDREN);
        for device in &mut quiet {
            device.happening = calm;
        }
        let quiet = office.fill(quiet, CHILDREN * EVENTS_EACH);
        // Whoever comes next begins a team.
        office.hire(people.next_multiple_of(BUSY) - people, 0);
        office.set_record(|_| on_a_plan());
        let busy = office.hire(BUSY, BUSY_CHILDREN);
        office.set_record(|_| ChildRecord::default());
        let pushing = office.hire(PUSHING, CHILDREN);
        let quiet_manager = manager_of(&office, &quiet[quiet.len() / 2]);
        let theirs = |device: &&Device| manager_of(&office, device) == quiet_manager;
        let busy_person = manager_of(&office, &busy[0]);
        let quiet_children = quiet.iter().filter(theirs).flat_map(|it| it.children.clone());
        let mut town = Self {
            quiet_children: quiet_children.collect(),
            quiet_manager: office.sign_in(quiet_manager),
            busy_person,
            busy_manager: office.sign_in(busy_person),
            office,
            quiet,
            busy,
            pushing,
        };
        town.open_escalations();
        town
    }

    /// Lets contacts fail until as many escalations are open as there are to be.
    fn open_escalations(&mut self) {
        let at = wall() - TimeDelta::minutes(20);
        for place in 0..BUSY_CHILDREN {
            let missing = OPEN.saturating_sub(self.open());
            // Apart by a little: an id is of its instant.
            let failed =
                (0_i64..).zip(self.busy.iter_mut().take(missing)).map(|(apart, device)| {
                    let child = device.children[place];
                    push_of(device, vec![(child, at + TimeDelta::milliseconds(apart))])
                });
            let failed: Vec<_> = failed.collect();
            if failed.is_empty() {
                break;
            }
            self.office.take(failed);
        }
    }

    /// Escalations that are open.
    pub fn open(&self) -> usize {
        self.office.look(|tx| Ok(tx.inbox(None)?.len()))
    }

    /// Children whose limit has passed at `now`.
    pub fn due(&self, now: DateTime<Utc>) -> usize {
        self.office.look(|tx| Ok(tx.due_children(now, usize::MAX)?.len()))
    }

    /// Contacts fail around so many children on a plan, five working days before 17:00 of the next
    /// working day: so long has a line manager to see to a further visit (NA-7.3). That instant.
    pub fn limits_at_five(&mut self, children: usize) -> DateTime<Utc> {
        let calendar = Calendar::built_in();
        let (five, _) = calendar.end_of_working_day(wall());
        let days_before = |days| five - TimeDelta::days(days) - TimeDelta::hours(5);
        let contact =
            (5..20).map(days_before).find(|at| calendar.after_working_days(*at, 5).0 == five);
        let contact = contact.expect("five working days lie within three weeks");
        let mut left = children;
        for device in &mut self.quiet {
            let on_a_plan: Vec<_> = device.children.iter().copied().step_by(5).take(left).collect();
            left -= on_a_plan.len();
            let failed = on_a_plan.into_iter().map(|child| (child, contact)).collect();
            self.office.take(vec![push_of(device, failed)]);
            if left == 0 {
                break;
            }
        }
        five
    }

    /// What there is, in words.
    pub fn figures(&self) -> String {
        let (children, people) =
            self.office.look(|tx| Ok((tx.children()?.len(), tx.people(People::All)?.len())));
        let file = SqliteStore::file(self.office.folder());
        let size = std::fs::metadata(file).map_or(0, |file| file.len() / 1_000_000);
        let (events, open) = (self.office.events(), self.open());
        format!(
            "{children} children, {events} events, {people} people, {open} open escalations, \
             {size} MB"
        )
    }
}

/// What a device pushes: a failed contact with each of these children.
fn push_of(device: &mut Device, children: Vec<(ChildId, DateTime<Utc>)>) -> (Phone, Batch) {
    assert!(children.len() <= TOGETHER, "a batch has its limit");
    let (phone, first_seq) = (device.phone.clone(), device.phone.next_seq);
    let failed = |(child, at)| {
        let what = What::FailedContact(FailedContact::new(Form::NoResponse));
        Incoming::Sealed(device.seal_one(child, at, what))
    };
    let events = children.into_iter().map(failed).collect();
    let batch = Batch { epoch: phone.epoch, first_seq, events };
    (phone, batch)
}

/// The manager of whose device this is.
fn manager_of(office: &Office, device: &Device) -> PersonId {
    let person = office.look(|tx| tx.person(device.phone.person)).expect("the person is there");
    person.line_manager.expect("every practitioner has a manager")
}
