//! Who may see what: one table, from which lists, single reads, sync and notices all follow.
//!
//! A *seat* is what somebody is in the organisation, a *tie* is how they stand to one child. A line
//! of [`TABLE`] opens a thing to a seat by some ties; whatever no line opens is shut.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::event::Role;
use crate::words::words;

words!(
    /// What somebody is in the organisation, as far as access goes.
    Seat {
        /// Visits, and sees the children that are allocated.
        Practitioner = "practitioner",
        /// On duty for a team.
        DutyWorker = "duty-worker",
        /// Manages people of a team.
        LineManager = "line-manager",
        /// Manages a team.
        TeamManager = "team-manager",
        /// Supervises the cases that are allocated for it.
        CaseSupervisor = "case-supervisor",
        /// The designated or safeguarding lead of a team.
        SafeguardingLead = "safeguarding-lead",
        /// Runs the service: accounts, devices, the duty desk.
        Administrator = "administrator",
        /// Looks at who looked, and at no record.
        Auditor = "auditor",
    }
);

words!(
    /// How somebody stands to one child: the strongest first.
    Tie {
        /// The child is allocated to them.
        Allocated = "allocated",
        /// The child belongs to their team.
        Team = "team",
        /// They stand in for somebody to whom the child is allocated.
        Cover = "cover",
        /// They stand in for somebody who sees the child's team.
        TeamCover = "team-cover",
        /// They were told of an escalation about the child.
        Told = "told",
        /// They opened the record outside their allocation, with a reason and for a time.
        Glass = "glass",
    }
);

words!(
    /// What of a child can be seen.
    Thing {
        /// The record, on a screen of the console.
        Record = "record",
        /// The record, on a device, without a network.
        Held = "held",
        /// A protected address, on a screen of the console.
        ProtectedAddress = "protected-address",
        /// A protected address, on a device.
        HeldAddress = "held-address",
    }
);

words!(
    /// What can be done for a whole team, or for the organisation.
    Task {
        /// Read who looked at the records of the own team, and what its people looked at.
        ReadTeamLog = "read-team-log",
        /// Read the whole access log.
        ReadWholeLog = "read-whole-log",
        /// Look into records that were opened outside an allocation, and say that it was right.
        ReviewGlass = "review-glass",
        /// See the devices of the own team, shut them out, and enrol others.
        TeamDevices = "team-devices",
        /// The same for every device.
        EveryDevice = "every-device",
        /// Ask for a protected address to be protected no more, or agree to it.
        LiftProtection = "lift-protection",
        /// Open a record outside the allocation, with a reason.
        BreakGlass = "break-glass",
    }
);

/// One line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// What it opens.
    pub thing: Thing,
    /// To whom.
    pub seat: Seat,
    /// By which ties.
    pub ties: &'static [Tie],
}

const fn line(thing: Thing, seat: Seat, ties: &'static [Tie]) -> Line {
    Line { thing, seat, ties }
}

use Tie::{Allocated, Cover, Glass, Team, TeamCover, Told};

const BY_CHILD: &[Tie] = &[Allocated, Cover, TeamCover, Told, Glass];
const BY_TEAM: &[Tie] = &[Allocated, Team, Cover, TeamCover, Told, Glass];
const HELD_BY_CHILD: &[Tie] = &[Allocated, Cover, TeamCover];
const HELD_BY_TEAM: &[Tie] = &[Allocated, Team, Cover, TeamCover];

/// What of a child is open to whom.
pub const TABLE: &[Line] = &[
    line(Thing::Record, Seat::Practitioner, BY_CHILD),
    line(Thing::Record, Seat::DutyWorker, BY_TEAM),
    line(Thing::Record, Seat::LineManager, BY_TEAM),
    line(Thing::Record, Seat::TeamManager, BY_TEAM),
    line(Thing::Record, Seat::CaseSupervisor, BY_CHILD),
    line(Thing::Record, Seat::SafeguardingLead, BY_TEAM),
    line(Thing::Record, Seat::Administrator, &[Told, Glass]),
    line(Thing::Held, Seat::Practitioner, HELD_BY_CHILD),
    line(Thing::Held, Seat::DutyWorker, HELD_BY_TEAM),
    line(Thing::Held, Seat::LineManager, HELD_BY_TEAM),
    line(Thing::Held, Seat::TeamManager, HELD_BY_TEAM),
    line(Thing::Held, Seat::CaseSupervisor, HELD_BY_CHILD),
    line(Thing::Held, Seat::SafeguardingLead, HELD_BY_TEAM),
    line(Thing::ProtectedAddress, Seat::Practitioner, &[Allocated, Cover]),
    line(Thing::ProtectedAddress, Seat::DutyWorker, &[Allocated, Cover]),
    line(Thing::ProtectedAddress, Seat::LineManager, &[Allocated, Team, Cover]),
    line(Thing::ProtectedAddress, Seat::TeamManager, &[Allocated, Team, Cover]),
    line(Thing::ProtectedAddress, Seat::CaseSupervisor, &[Allocated, Cover]),
    line(Thing::ProtectedAddress, Seat::SafeguardingLead, &[Allocated, Team, Cover]),
    line(Thing::HeldAddress, Seat::Practitioner, &[Allocated, Cover]),
    line(Thing::HeldAddress, Seat::DutyWorker, &[Allocated, Cover]),
    line(Thing::HeldAddress, Seat::LineManager, &[Allocated, Cover]),
    line(Thing::HeldAddress, Seat::TeamManager, &[Allocated, Cover]),
    line(Thing::HeldAddress, Seat::CaseSupervisor, &[Allocated, Cover]),
    line(Thing::HeldAddress, Seat::SafeguardingLead, &[Allocated, Cover]),
];

/// What each seat may do beside a single child.
pub const TASKS: &[(Task, &[Seat])] = &[
    (Task::ReadTeamLog, &[Seat::LineManager, Seat::TeamManager, Seat::SafeguardingLead]),
    (Task::ReadWholeLog, &[Seat::Auditor]),
    (
        Task::ReviewGlass,
        &[Seat::LineManager, Seat::TeamManager, Seat::SafeguardingLead, Seat::Auditor],
    ),
    (Task::TeamDevices, &[Seat::LineManager, Seat::TeamManager, Seat::SafeguardingLead]),
    (Task::EveryDevice, &[Seat::Administrator]),
    (Task::LiftProtection, &[Seat::LineManager, Seat::TeamManager, Seat::SafeguardingLead]),
    (
        Task::BreakGlass,
        &[
            Seat::Practitioner,
            Seat::DutyWorker,
            Seat::LineManager,
            Seat::TeamManager,
            Seat::CaseSupervisor,
            Seat::SafeguardingLead,
        ],
    ),
];

impl Seat {
    /// The seat that goes with a role.
    pub const fn of(role: Role) -> Self {
        match role {
            Role::Practitioner | Role::SocialWorker | Role::LeadSocialWorker | Role::KeyWorker => {
                Self::Practitioner
            }
            Role::DutyWorker | Role::DutySocialWorker => Self::DutyWorker,
            Role::CaseSupervisor | Role::ProfessionalSupervisor => Self::CaseSupervisor,
            Role::LineManager => Self::LineManager,
            Role::TeamManager => Self::TeamManager,
            Role::DesignatedLead | Role::SafeguardingLead => Self::SafeguardingLead,
        }
    }
}

/// The seats of one person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seats(BTreeSet<Seat>);

impl Seats {
    /// The seats that go with these roles, and with these offices. An auditor has no other seat:
    /// who watches the watchers opens no record.
    pub fn new(roles: impl IntoIterator<Item = Role>, administrator: bool, auditor: bool) -> Self {
        if auditor {
            return Self(BTreeSet::from([Seat::Auditor]));
        }
        let mut seats: BTreeSet<_> = roles.into_iter().map(Seat::of).collect();
        if administrator {
            seats.insert(Seat::Administrator);
        }
        Self(seats)
    }

    /// The tie that opens a thing to somebody with these seats who stands like that to a child: the
    /// strongest. None: it stays shut.
    pub fn open(&self, thing: Thing, ties: &BTreeSet<Tie>) -> Option<Tie> {
        let opened = |tie: &&Tie| {
            TABLE.iter().any(|line| {
                line.thing == thing && self.0.contains(&line.seat) && line.ties.contains(tie)
            })
        };
        ties.iter().find(opened).copied()
    }

    /// Whether these seats open a thing by this tie alone.
    pub fn opens_by(&self, thing: Thing, tie: Tie) -> bool {
        self.open(thing, &BTreeSet::from([tie])).is_some()
    }

    /// Whether somebody with these seats may do this.
    pub fn may(&self, task: Task) -> bool {
        TASKS
            .iter()
            .any(|(what, seats)| *what == task && seats.iter().any(|seat| self.0.contains(seat)))
    }

    /// The seats themselves, in order.
    pub fn iter(&self) -> impl Iterator<Item = Seat> + '_ {
        self.0.iter().copied()
    }
}

/// The ties that somebody has who stands in for a person with these seats and ties: never more than
/// that person's own, and never what another lent to them.
pub fn lent(seats: &Seats, ties: &BTreeSet<Tie>) -> BTreeSet<Tie> {
    let mut lent = BTreeSet::new();
    if ties.contains(&Tie::Allocated) && seats.opens_by(Thing::Held, Tie::Allocated) {
        lent.insert(Tie::Cover);
    }
    if ties.contains(&Tie::Team) && seats.opens_by(Thing::Held, Tie::Team) {
        lent.insert(Tie::TeamCover);
    }
    lent
}

/// Both tables as Markdown, for the page on security.
pub fn markdown() -> String {
    let mut text = String::from("| seat |");
    for thing in Thing::ALL {
        let _ = write!(text, " {thing} |");
    }
    text.push_str("\n|---|");
    text.push_str(&"---|".repeat(Thing::ALL.len()));
    for seat in Seat::ALL {
        let _ = write!(text, "\n| {seat} |");
        for thing in Thing::ALL {
            let line = TABLE.iter().find(|line| line.thing == *thing && line.seat == *seat);
            let ties = line.map_or(&[] as &[Tie], |line| line.ties);
            let words: Vec<_> = ties.iter().map(|tie| tie.as_str()).collect();
            let words = if words.is_empty() { "–".to_owned() } else { words.join(", ") };
            let _ = write!(text, " {words} |");
        }
    }
    text.push_str("\n\n| task | seats |\n|---|---|");
    for (task, seats) in TASKS {
        let words: Vec<_> = seats.iter().map(|seat| seat.as_str()).collect();
        let _ = write!(text, "\n| {task} | {} |", words.join(", "));
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seats(roles: &[Role]) -> Seats {
        Seats::new(roles.iter().copied(), false, false)
    }

    #[test]
    fn a_table_without_two_lines_for_one_question() {
        for (place, line) in TABLE.iter().enumerate() {
            let again = TABLE[..place].iter().any(|o| o.thing == line.thing && o.seat == line.seat);
            assert!(!again, "{} {}", line.thing, line.seat);
        }
    }

    #[test]
    fn each_seat_sees_what_its_ties_open_and_nothing_else() {
        let all: BTreeSet<_> = Tie::ALL.iter().copied().collect();
        for (roles, thing, without, strongest) in [
            (&[Role::SocialWorker][..], Thing::Record, None, Some(Tie::Allocated)),
            (&[Role::SocialWorker], Thing::Record, Some(Tie::Allocated), Some(Tie::Cover)),
            (&[Role::TeamManager], Thing::Record, Some(Tie::Allocated), Some(Tie::Team)),
            (
                &[Role::SocialWorker, Role::SafeguardingLead],
                Thing::Held,
                Some(Tie::Allocated),
                Some(Tie::Team),
            ),
            (&[Role::CaseSupervisor], Thing::HeldAddress, Some(Tie::Allocated), Some(Tie::Cover)),
        ] {
            let ties = all.iter().copied().filter(|tie| Some(*tie) != without).collect();
            assert_eq!(seats(roles).open(thing, &ties), strongest, "{roles:?} {thing}");
        }
        for thing in Thing::ALL {
            assert_eq!(seats(Role::ALL).open(*thing, &BTreeSet::new()), None);
            assert_eq!(Seats::new(Role::ALL.iter().copied(), true, true).open(*thing, &all), None);
            let told = BTreeSet::from([Tie::Told, Tie::Glass]);
            let only_record = seats(Role::ALL).open(*thing, &told).is_some();
            assert_eq!(only_record, *thing == Thing::Record, "{thing}");
        }
    }

    #[test]
    fn what_is_on_a_device_may_be_read_on_a_screen_and_so_may_its_address() {
        for (narrow, wide) in [
            (Thing::Held, Thing::Record),
            (Thing::HeldAddress, Thing::ProtectedAddress),
            (Thing::ProtectedAddress, Thing::Record),
            (Thing::HeldAddress, Thing::Held),
        ] {
            for line in TABLE.iter().filter(|line| line.thing == narrow) {
                let seats = Seats(BTreeSet::from([line.seat]));
                for tie in line.ties {
                    assert!(seats.opens_by(wide, *tie), "{narrow} {wide} {} {tie}", line.seat);
                }
            }
        }
    }

    #[test]
    fn who_stands_in_is_lent_no_more_than_there_is() {
        let both = BTreeSet::from([Tie::Allocated, Tie::Team]);
        let cover = BTreeSet::from([Tie::Cover]);
        assert_eq!(lent(&seats(&[Role::SocialWorker]), &both), cover);
        let more = BTreeSet::from([Tie::Cover, Tie::TeamCover]);
        assert_eq!(lent(&seats(&[Role::LineManager]), &both), more);
        assert_eq!(lent(&seats(&[Role::LineManager]), &more), BTreeSet::new());
        assert_eq!(lent(&Seats::new([Role::LineManager], false, true), &both), BTreeSet::new());
    }
}
