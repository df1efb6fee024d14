//! Verifying a store: everything that can be computed again is, and compared with what is stored.
//! Reads only.

mod log;

use std::fmt;

use doorstep_core::escalation::difference;
use doorstep_core::policy::Policy;

use crate::judge::{complete, differ, entries, history};
use crate::store::directory::Child;
use crate::store::{StoreError, Tx};

/// Something that is not as it must be. Names identifiers, never people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding(pub String);

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
    /// What is not as it must be.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Everything is as it must be.
    pub fn is_sound(&self) -> bool {
        self.findings.is_empty()
    }

    fn find(&mut self, finding: impl Into<String>) {
        self.findings.push(Finding(finding.into()));
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "events in the log:      {}", self.events)?;
        writeln!(f, "events set aside:       {}", self.set_aside)?;
        writeln!(f, "devices' chains:        {}", self.devices)?;
        writeln!(f, "children assessed:      {}", self.children)?;
        writeln!(f, "escalations compared:   {}", self.escalations)?;
        if self.is_sound() {
            return writeln!(f, "everything is as it must be");
        }
        writeln!(f, "{} not as they must be:", self.findings.len())?;
        self.findings.iter().try_for_each(|finding| writeln!(f, "- {}", finding.0))
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
            report.find(format!("child {}: the digest is not that of its events", child.id));
        }
        check_child(tx, policy, &child, &mut report)?;
    }
    Ok(report)
}

/// Assesses one child again at the instant of its stored assessment, and compares.
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
    let events = tx.history(id)?;
    let Some(stored) = tx.assessment(id)? else {
        if !events.is_empty() || !lines.is_empty() {
            report.find(format!("child {id}: there are events, but no assessment"));
        }
        return Ok(());
    };
    let history = match history(&events) {
        Ok(history) => history,
        Err(error) => {
            report.find(format!("child {id}: {}", crate::error_chain(&error)));
            return Ok(());
        }
    };
    let visits = tx.planned_visits_of(id)?;
    let again = complete(policy, child, &history, &visits, stored.assessment.as_of);
    if differ(&again, &stored.assessment) {
        report.find(format!("child {id}: assessing the log again gives another answer"));
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
        report.find(format!("child {id}: {what} the ledger"));
    }
    for line in lines.iter().filter(|line| line.is_finished() != line.ended.is_some()) {
        report.find(format!("escalation {}: it is in the inbox against its state", line.id));
    }
    Ok(())
}
