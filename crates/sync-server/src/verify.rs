//! Verifying a store: everything that can be computed again is, and compared with what is stored.
//! Reads only.

mod attachments;
mod log;
mod trees;

use std::fmt;

use doorstep_core::escalation::difference;
use doorstep_core::policy::Policy;

use crate::judge::{complete, entries, events, history, just_after};
use crate::store::directory::Child;
use crate::store::{StoreError, Tx};

pub use attachments::attachments;
pub use trees::trees;

/// What is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Check {
    /// Positions run from 1 to the head without holes.
    Positions,
    /// Each event's bytes are those that were hashed.
    Hashes,
    /// Each event's bytes are those that its device signed.
    Signatures,
    /// Each event is filed as what its bytes say, with times that can be.
    Filing,
    /// Each device's numbers run without holes, each event naming the one before it.
    Chains,
    /// What was set aside is as it came, and in the log only where somebody released it.
    SetAside,
    /// Each child's count and sum are those of its events.
    Digests,
    /// Judging each child's whole history again gives what is stored.
    Assessments,
    /// The ledger is what these judgements give.
    Ledger,
    /// Each attachment can be opened and is the one that its hash names.
    Attachments,
    /// The Merkle trees over the logs are those of their lines.
    Trees,
    /// What devices kept of how the logs stood is still true.
    Heads,
}

impl Check {
    /// Every check, in the order of the report.
    pub const ALL: [Self; 12] = [
        Self::Positions,
        Self::Hashes,
        Self::Signatures,
        Self::Filing,
        Self::Chains,
        Self::SetAside,
        Self::Digests,
        Self::Assessments,
        Self::Ledger,
        Self::Attachments,
        Self::Trees,
        Self::Heads,
    ];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Positions => "positions",
            Self::Hashes => "hashes",
            Self::Signatures => "signatures",
            Self::Filing => "filing",
            Self::Chains => "chains",
            Self::SetAside => "set-aside",
            Self::Digests => "digests",
            Self::Assessments => "assessments",
            Self::Ledger => "ledger",
            Self::Attachments => "attachments",
            Self::Trees => "trees",
            Self::Heads => "heads",
        }
    }

    const fn sentence(self) -> &'static str {
        match self {
            Self::Positions => "the log's positions have no hole",
            Self::Hashes => "every event is the one that was hashed",
            Self::Signatures => "every event is the one that its device signed",
            Self::Filing => "every event is filed as what it says",
            Self::Chains => "every device's chain is whole",
            Self::SetAside => "what was set aside is as it came",
            Self::Digests => "every child's digest is that of its events",
            Self::Assessments => "judging every child again gives the same",
            Self::Ledger => "the ledger is what that gives",
            Self::Attachments => "every attachment is the one that is named",
            Self::Trees => "the trees over the logs are those of their lines",
            Self::Heads => "the logs continue what devices kept of them",
        }
    }
}

/// Something that is not as it must be. Names identifiers, never people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// By which check it was found.
    pub check: Check,
    /// What it is.
    pub what: String,
}

/// Findings of one check that the report spells out.
const SHOWN_MAX: usize = 20;

/// What a verification found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Events that were read.
    pub events: u64,
    /// Events that were set aside.
    pub set_aside: u64,
    /// Devices whose chains were followed.
    pub devices: u64,
    /// Children that were assessed again.
    pub children: u64,
    /// Lines of the ledger that were compared.
    pub escalations: u64,
    /// Attachments that were opened and compared with their hashes.
    pub attachments: u64,
    /// Attachments that records name and that have not arrived.
    pub not_arrived: u64,
    /// Heads of this epoch that devices kept, and that were compared.
    pub heads: u64,
    /// What is not as it must be.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Everything is as it must be.
    pub fn is_sound(&self) -> bool {
        self.findings.is_empty()
    }

    /// What this check found.
    pub fn found_by(&self, check: Check) -> impl Iterator<Item = &str> {
        let of_it = self.findings.iter().filter(move |finding| finding.check == check);
        of_it.map(|finding| finding.what.as_str())
    }

    fn find(&mut self, check: Check, what: impl Into<String>) {
        self.findings.push(Finding { check, what: what.into() });
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "events in the log:      {}", self.events)?;
        writeln!(f, "events set aside:       {}", self.set_aside)?;
        writeln!(f, "devices' chains:        {}", self.devices)?;
        writeln!(f, "children assessed:      {}", self.children)?;
        writeln!(f, "escalations compared:   {}", self.escalations)?;
        writeln!(f, "attachments:            {}", self.attachments)?;
        writeln!(f, "not arrived yet:        {}", self.not_arrived)?;
        writeln!(f, "heads from devices:     {}", self.heads)?;
        writeln!(f)?;
        for check in Check::ALL {
            let faults = self.found_by(check).count();
            let verdict = if faults == 0 { "yes".to_owned() } else { format!("NO: {faults}") };
            writeln!(f, "{:<46}  {verdict}", check.sentence())?;
            self.found_by(check).take(SHOWN_MAX).try_for_each(|what| writeln!(f, "  - {what}"))?;
            if faults > SHOWN_MAX {
                writeln!(f, "  and {} more; --json lists them all", faults - SHOWN_MAX)?;
            }
        }
        writeln!(f)?;
        if self.is_sound() {
            return writeln!(f, "everything is as it must be");
        }
        writeln!(
            f,
            "{} things are not as they must be: keep this data folder as it is,",
            self.findings.len()
        )?;
        writeln!(f, "restore the newest backup into another one, and verify that")
    }
}

/// Checks positions, hashes, signatures, chains and digests, and assesses every child again.
pub fn verify(tx: &dyn Tx, policy: &Policy) -> Result<Report, StoreError> {
    let mut report = Report::default();
    let sums = log::check(tx, &mut report)?;
    for child in tx.children()? {
        let log = tx.child_log(child.id)?;
        let computed = sums.get(&child.id).copied().unwrap_or_default();
        if log.digest != computed.digest || log.last_position != computed.last_position {
            report.find(
                Check::Digests,
                format!("child {}: the digest is not that of its events", child.id),
            );
        }
        check_child(tx, policy, &child, &mut report)?;
    }
    Ok(report)
}

/// Assesses one child again at the instant at which it was assessed last, and compares.
fn check_child(
    tx: &dyn Tx,
    policy: &Policy,
    child: &Child,
    report: &mut Report,
) -> Result<(), StoreError> {
    report.children += 1;
    let id = child.id;
    let lines = tx.lines(id)?;
    report.escalations += u64::try_from(lines.len()).unwrap_or(u64::MAX);
    let logged = tx.history(id)?;
    let Some(stored) = tx.assessed(id)? else {
        if !logged.is_empty() || !lines.is_empty() {
            report.find(
                Check::Assessments,
                format!("child {id}: there are events, but no assessment"),
            );
        }
        return Ok(());
    };
    let events = match history(&logged) {
        Ok(history) => events(&history),
        Err(error) => {
            report.find(Check::Assessments, format!("child {id}: {}", crate::error_chain(&error)));
            return Ok(());
        }
    };
    let visits = tx.planned_visits_of(id)?;
    let again = complete(policy, child, &events, &visits, stored.as_of);
    if again.next_change.map(just_after) != stored.next_change {
        report.find(
            Check::Assessments,
            format!("child {id}: assessing the log again gives another next limit"),
        );
    }
    for change in difference(&entries(&lines), &again) {
        let what = match change {
            doorstep_core::escalation::LedgerChange::Raise(escalation) => {
                format!("{} to {} is missing in", escalation.clause, escalation.to)
            }
            doorstep_core::escalation::LedgerChange::Update(escalation) => {
                format!("{} to {} is not up to date in", escalation.clause, escalation.to)
            }
            doorstep_core::escalation::LedgerChange::StandDown(key) => {
                format!("{} to {} has no ground any more in", key.clause, key.to)
            }
        };
        report.find(Check::Ledger, format!("child {id}: {what} the ledger"));
    }
    for line in lines.iter().filter(|line| line.is_finished() != line.ended.is_some()) {
        report.find(
            Check::Ledger,
            format!("escalation {}: it is in the inbox against its state", line.id),
        );
    }
    Ok(())
}
