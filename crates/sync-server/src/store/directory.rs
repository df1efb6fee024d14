//! Who is who: the organisation, its teams, people and children, and who holds which child.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};
use doorstep_core::access::{Seats, Thing, Tie};
use doorstep_core::event::{ChildRecord, Role};
use doorstep_core::ids::{ChildId, PersonId, TeamId};
use doorstep_core::policy::PolicyDocument;
use doorstep_core::seal::Digest;
use uuid::Uuid;

use super::StoreError;
use crate::private::Private;

/// The organisation that the store belongs to. A store holds exactly one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organisation {
    /// Identity: devices never trust another store with their cursor.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// One more each time the store was restored from a backup.
    pub log_epoch: u32,
    /// The position of the last event in the log; positions run from 1 without holes.
    pub head: u64,
    /// The log is safely backed up to this position.
    pub backed_up_to: u64,
    /// One more each time anything in the directory changed.
    pub directory: u64,
    /// What it decided about its policies.
    pub policy: PolicyDocument,
    /// One more each time that changed.
    pub policy_revision: u64,
}

/// A team.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Team {
    /// Identity.
    pub id: TeamId,
    /// What the organisation's own system calls it.
    pub external: String,
    /// Its name.
    pub name: String,
    /// Its phone number, as dialled.
    pub phone: Option<String>,
}

/// A member of staff or a volunteer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Identity.
    pub id: PersonId,
    /// What the organisation's own system calls this person.
    pub external: String,
    /// Full name.
    pub name: Private,
    /// The role in which this person records.
    pub role: Role,
    /// Further roles held for the team, for example the safeguarding lead's.
    pub also: BTreeSet<Role>,
    /// May administer the organisation; administrators are its duty desk.
    pub administrator: bool,
    /// Looks at who looked, and at no record.
    pub auditor: bool,
    /// The team.
    pub team: Option<TeamId>,
    /// Address for notices.
    pub email: Option<Private>,
    /// Phone number as dialled.
    pub phone: Option<Private>,
    /// To whom this person answers.
    pub line_manager: Option<PersonId>,
    /// Since when this person no longer works here (UTC).
    pub left: Option<DateTime<Utc>>,
}

impl Person {
    /// The external id of the office itself: what an administrator changes is recorded by it.
    pub const OFFICE: &'static str = "doorstep:office";

    /// The external id under which whoever uses the emergency access acts.
    pub const EMERGENCY: &'static str = "doorstep:emergency";

    /// Whether this is somebody of the organisation: neither the office nor the emergency access.
    pub fn is_staff(&self) -> bool {
        self.external != Self::OFFICE && !self.is_emergency()
    }

    /// Whether this is the emergency access.
    pub fn is_emergency(&self) -> bool {
        self.external == Self::EMERGENCY
    }

    /// Whether this person holds `role`, as a main or a further one.
    pub fn holds(&self, role: Role) -> bool {
        self.role == role || self.also.contains(&role)
    }

    /// Whether this person works here at `now`.
    pub fn is_active(&self, now: DateTime<Utc>) -> bool {
        self.left.is_none_or(|left| now < left)
    }

    /// Whether this person sees every child of the own team: managers, supervisors, leads and duty
    /// workers do; who visits sees the children that are allocated.
    pub fn sees_team(&self) -> bool {
        self.seats().opens_by(Thing::Held, Tie::Team)
    }

    /// What this person is, as far as access goes.
    pub fn seats(&self) -> Seats {
        let roles = std::iter::once(self.role).chain(self.also.iter().copied());
        Seats::new(roles, self.administrator, self.auditor)
    }
}

/// A child, as the directory has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Child {
    /// Identity.
    pub id: ChildId,
    /// What the organisation's own system calls this child.
    pub external: String,
    /// Full name.
    pub name: Private,
    /// Date of birth.
    pub born: Option<NaiveDate>,
    /// Where the child lives, as one would write it on an envelope.
    pub address: Option<Private>,
    /// The address must not become known: never in a notice, a log or an export.
    pub address_protected: bool,
    /// The family's phone number.
    pub phone: Option<Private>,
    /// What the record said before the first event.
    pub record: ChildRecord,
    /// The team.
    pub team: Option<TeamId>,
}

/// What the log holds of a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChildLog {
    /// Count and sum of the child's events.
    pub digest: Digest,
    /// The position of the last of them; 0 without any.
    pub last_position: u64,
}

/// Somebody holds a child in a role for a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allocation {
    /// The child.
    pub child: ChildId,
    /// Who holds it.
    pub person: PersonId,
    /// In which role.
    pub role: Role,
    /// From when (UTC).
    pub from: DateTime<Utc>,
    /// Until when, not included (UTC); none: for the time being.
    pub until: Option<DateTime<Utc>>,
}

impl Allocation {
    /// Whether it holds at `instant`.
    pub fn holds_at(&self, instant: DateTime<Utc>) -> bool {
        self.from <= instant && self.until.is_none_or(|until| instant < until)
    }
}

/// Which people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum People {
    /// Everybody.
    All,
    /// Those of a team.
    Team(TeamId),
    /// The organisation's duty desk: its own administrators.
    Administrators,
}

/// What the store knows of who is who.
///
/// Laws: each `put` replaces the row of the same id as a whole; an external id belongs to one row
/// of its kind; every `put` raises [`Organisation::directory`]. Lists come in the order of their
/// names.
pub trait Directory {
    /// The organisation; none in a fresh store.
    fn organisation(&self) -> Result<Option<Organisation>, StoreError>;
    /// Names the organisation, or writes it for the first time.
    fn put_organisation(&mut self, id: Uuid, name: &str) -> Result<(), StoreError>;
    /// Writes what the organisation decided about its policies, and raises
    /// [`Organisation::policy_revision`].
    fn put_policy(&mut self, document: &PolicyDocument) -> Result<(), StoreError>;
    /// Records up to where the log is backed up. Never goes back, and never beyond the head.
    fn put_backed_up_to(&mut self, position: u64) -> Result<(), StoreError>;

    /// All teams.
    fn teams(&self) -> Result<Vec<Team>, StoreError>;
    /// Writes a team.
    fn put_team(&mut self, team: &Team) -> Result<(), StoreError>;

    /// One person.
    fn person(&self, id: PersonId) -> Result<Option<Person>, StoreError>;
    /// The person with this external id.
    fn person_called(&self, external: &str) -> Result<Option<Person>, StoreError>;
    /// Some people.
    fn people(&self, which: People) -> Result<Vec<Person>, StoreError>;
    /// Writes a person.
    fn put_person(&mut self, person: &Person) -> Result<(), StoreError>;

    /// One child.
    fn child(&self, id: ChildId) -> Result<Option<Child>, StoreError>;
    /// The child with this external id.
    fn child_called(&self, external: &str) -> Result<Option<Child>, StoreError>;
    /// All children.
    fn children(&self) -> Result<Vec<Child>, StoreError>;
    /// Writes a child; what the log holds of it stays.
    fn put_child(&mut self, child: &Child) -> Result<(), StoreError>;
    /// What the log holds of a child; nothing for one that is not known.
    fn child_log(&self, id: ChildId) -> Result<ChildLog, StoreError>;

    /// Who holds or held a child, the earliest first.
    fn allocations(&self, child: ChildId) -> Result<Vec<Allocation>, StoreError>;
    /// Which children a person holds or held, the earliest first.
    fn allocations_of(&self, person: PersonId) -> Result<Vec<Allocation>, StoreError>;
    /// Writes an allocation: same child, person, role and start replace.
    fn put_allocation(&mut self, allocation: &Allocation) -> Result<(), StoreError>;
    /// The children that a person may see at `now`: those allocated to the person, those of the
    /// person's team where [`Person::sees_team`], and the same of those in whose place the person
    /// stands. In the order of their ids; nothing for a person who left. An administrator's office
    /// does not widen it.
    fn caseload(&self, person: PersonId, now: DateTime<Utc>) -> Result<Vec<ChildId>, StoreError>;
}
