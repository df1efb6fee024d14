//! The escalation ledger: what changes in it when a child has been assessed again.
//!
//! An escalation is identified by child, clause, cause and addressee, so assessing again, on any
//! server and in any order, never raises one twice. Nothing is ever removed from the ledger.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::assessment::{Assessment, Cause, ClauseId, Escalation, Standing};
use crate::event::Role;

/// What identifies an escalation of one child.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EscalationKey {
    /// The clause.
    pub clause: ClauseId,
    /// What set it off.
    pub cause: Cause,
    /// Who must hear of it.
    pub to: Role,
}

impl EscalationKey {
    /// The key of an escalation.
    pub fn of(escalation: &Escalation) -> Self {
        Self { clause: escalation.clause.clone(), cause: escalation.cause, to: escalation.to }
    }
}

/// One change to the ledger of one child.
#[derive(Clone, Debug, PartialEq)]
pub enum LedgerChange {
    /// Not in the ledger yet. With a standing other than open (it was met before anybody heard of
    /// it) it is kept for the record and nobody is told.
    Raise(Escalation),
    /// In the ledger; its urgency, limit, standing or evidence is now as here.
    Update(Escalation),
    /// In the ledger, but the ground has gone: a late or corrected record took it away.
    StandDown(EscalationKey),
}

/// What the ledger knows of one escalation, for the comparison.
#[derive(Clone, Debug, PartialEq)]
pub struct LedgerEntry {
    /// The escalation as it was written last.
    pub escalation: Escalation,
}

/// Compares a child's ledger with its assessment. Applying the changes and comparing again gives
/// none.
pub fn difference(ledger: &[LedgerEntry], assessment: &Assessment) -> Vec<LedgerChange> {
    let mut known: BTreeMap<_, _> = ledger
        .iter()
        .map(|entry| (EscalationKey::of(&entry.escalation), &entry.escalation))
        .collect();
    let mut changes: Vec<_> = assessment
        .escalations
        .iter()
        .filter_map(|escalation| match known.remove(&EscalationKey::of(escalation)) {
            None => Some(LedgerChange::Raise(escalation.clone())),
            Some(before) if before == escalation => None,
            Some(_) => Some(LedgerChange::Update(escalation.clone())),
        })
        .collect();
    let groundless = known.into_iter().filter(|(_, before)| before.standing != Standing::StoodDown);
    changes.extend(groundless.map(|(key, _)| LedgerChange::StandDown(key)));
    changes
}
