//! The vocabulary: what can happen around a child, as it is recorded, sent and judged.
//!
//! The same words everywhere: these types are the JSON on the wire, the tables of a scenario file
//! and the input of the policy. Who sealed an event, and on which device, is `seal`'s affair.

mod terms;

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::attachment::{Attachment, Shows};
use crate::ids::{EventId, VisitId};
pub use terms::{
    AddressKnown, ArrangedBy, CommunicationNeed, ConcernLevel, Form, Known, KnownConcern,
    NewAppointment, Plan, Question, Referral, Role, Service, Step, Subject,
};

/// Something that happened around one child.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Event {
    /// Identity of the record.
    pub id: EventId,
    /// When it happened (UTC). Every limit runs from here.
    pub at: DateTime<Utc>,
    /// When it was recorded on the device (UTC). Only "on the day" (GA-5.4) looks at it.
    pub recorded: DateTime<Utc>,
    /// The role in which it was recorded.
    pub by: Role,
    /// What is attached to it: at most [`ATTACHMENTS_MAX`](crate::attachment::ATTACHMENTS_MAX).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    /// What happened.
    #[serde(flatten)]
    pub what: What,
}

impl Event {
    /// Whether a letter is attached to it.
    pub fn has_letter(&self) -> bool {
        self.attachments.iter().any(|attachment| attachment.shows == Shows::Letter)
    }
}

/// What happened, by its `type`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum What {
    /// A professional expected to see a child and did not (NA-3.1, GA-2.1).
    FailedContact(FailedContact),
    /// The child was seen, by the service or by another professional.
    ChildSeen(ChildSeen),
    /// The effect of a failed contact on the child was weighed (NA-4.5).
    ImpactAssessed(Note),
    /// The child's vulnerability was assessed before closing (NA-4.2).
    VulnerabilityAssessed(Note),
    /// The effect on the children of a carer leaving the service was assessed (NA-4.4).
    EffectOnChildrenAssessed(Note),
    /// Whether the needs of a child seen elsewhere are met was considered (NA-4.11).
    NeedsConsidered(Note),
    /// A plan to establish the child's safety and welfare was agreed (NA-4.12).
    PlanAgreed(Note),
    /// A service for parents or carers contributed to such a plan (NA-4.17).
    ContributionRecorded(Note),
    /// Child protection procedures were started (GA-5.6).
    ProceduresStarted(Note),
    /// Another attempt to arrange a visit was made (GA-4.3, GA-5.3).
    FurtherAttempt(Note),
    /// Another agency was asked about the child (NA-4.8, NA-4.9).
    AgencyConsulted(AgencyConsulted),
    /// The address was found to be right (GA-4.1, GA-5.1).
    AddressConfirmed(AddressChecked),
    /// The address was found to be wrong and put right (GA-4.1, GA-5.1).
    AddressCorrected(AddressChecked),
    /// A copy of a letter was put with the child's record (NA-4.15).
    LetterCopied(LetterCopied),
    /// The family got in touch after a card or letter.
    FamilyMadeContact(FamilyMadeContact),
    /// A concern about the child was recorded, apart from a contact.
    ConcernRecorded(Concern),
    /// A concern was closed. Without keys: every concern recorded so far.
    ConcernClosed(Concern),
    /// Somebody was told (GA-6.1, GA-6.3).
    Informed(Informed),
    /// The situation was discussed with somebody.
    Discussed(Discussed),
    /// A decision was taken and recorded.
    Decided(Decided),
    /// The line manager set a timeframe for a further visit (NA-7.3).
    VisitTimeframeSet(VisitTimeframeSet),
    /// The child's plans, or the visiting timescale, changed.
    PlanChanged(PlanChanged),
    /// The family moved home (NA-2.3).
    AddressChanged(Note),
    /// The child changed or left school (NA-2.2, NA-2.3).
    SchoolChanged(Note),
    /// An interpreter was arranged for the next visit (GA-3.4).
    InterpreterArranged(Note),
    /// An earlier record was wrong in part: these keys of it change.
    Corrected(Corrected),
    /// An earlier record should not have been made (the wrong child, say).
    Withdrawn(Withdrawn),
    /// Somebody asked to close the case.
    CloseRequested(Note),
}

impl What {
    /// The `type` of every kind of event that this version knows, in the order of the vocabulary.
    pub const TYPES: &'static [&'static str] = &[
        "failed-contact",
        "child-seen",
        "impact-assessed",
        "vulnerability-assessed",
        "effect-on-children-assessed",
        "needs-considered",
        "plan-agreed",
        "contribution-recorded",
        "procedures-started",
        "further-attempt",
        "agency-consulted",
        "address-confirmed",
        "address-corrected",
        "letter-copied",
        "family-made-contact",
        "concern-recorded",
        "concern-closed",
        "informed",
        "discussed",
        "decided",
        "visit-timeframe-set",
        "plan-changed",
        "address-changed",
        "school-changed",
        "interpreter-arranged",
        "corrected",
        "withdrawn",
        "close-requested",
    ];

    /// Whether this version knows events of this `type`.
    pub fn is_known_type(kind: &str) -> bool {
        Self::TYPES.contains(&kind)
    }
}

/// A failed contact: no access, not brought, or not seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FailedContact {
    /// How the contact failed.
    pub form: Form,
    /// Whether the family expected it. NA counts planned contacts only.
    #[serde(default = "yes")]
    pub planned: bool,
    /// How it was arranged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arranged_by: Option<ArrangedBy>,
    /// The visit it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visit: Option<VisitId>,
    /// The practitioner was actively prevented from seeing the child (NA-3.5).
    #[serde(default, skip_serializing_if = "is_false")]
    pub actively_prevented: bool,
    /// The reason given, in the practitioner's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What the practitioner did about it there and then.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub steps: BTreeSet<Step>,
    /// The time by which the card or letter asks for contact (UTC).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact_by: Option<DateTime<Utc>>,
    /// The practitioner's own view.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concern: Option<ConcernLevel>,
    /// The questions of section 6 answered yes.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub answers: BTreeSet<Question>,
    /// The family had agreed to this contact (NA-2.4).
    #[serde(default, skip_serializing_if = "is_false")]
    pub family_had_agreed: bool,
}

impl FailedContact {
    /// A planned failed contact of this form, with nothing else said.
    pub fn new(form: Form) -> Self {
        Self {
            form,
            planned: true,
            arranged_by: None,
            visit: None,
            actively_prevented: false,
            reason: None,
            steps: BTreeSet::new(),
            contact_by: None,
            concern: None,
            answers: BTreeSet::new(),
            family_had_agreed: false,
        }
    }
}

/// The child was seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChildSeen {
    /// `service`, or the agency that saw the child.
    #[serde(default = "service")]
    pub seen_by: Agency,
    /// Whether the child's needs are known to be met.
    #[serde(default)]
    pub needs_met: Known,
    /// Only from a distance or through a window: does not count as seen (NA-2.4).
    #[serde(default, skip_serializing_if = "is_false")]
    pub from_distance: bool,
}

/// Words of the person who recorded it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Note {
    /// Free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// What another agency said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AgencyConsulted {
    /// Which agency.
    pub agency: Agency,
    /// What it knows about the address.
    #[serde(default)]
    pub address: AddressKnown,
    /// Whether it has seen the child.
    #[serde(default)]
    pub child_seen: Known,
}

/// What followed from checking the address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AddressChecked {
    /// The appointment that was made with it.
    #[serde(default)]
    pub new_appointment: NewAppointment,
}

/// A copy of a letter is with the record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LetterCopied {
    /// The failed contact that the letter belongs to.
    pub of: EventId,
}

/// The family got in touch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FamilyMadeContact {
    /// The contact whose card or letter they answered; none: any that is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<EventId>,
}

/// A statement about concern.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Concern {
    /// How grave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concern: Option<ConcernLevel>,
    /// The questions of section 6 that it answers.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub answers: BTreeSet<Question>,
}

/// Somebody was told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Informed {
    /// Who was told.
    pub who: Role,
}

/// A discussion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Discussed {
    /// With whom.
    pub with: Role,
    /// Whether it led to a referral to children's social care (NA-4.13).
    #[serde(default)]
    pub referral: Referral,
    /// What was said, and why it was decided so: free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Discussed {
    /// A discussion of which nothing more is said.
    pub const fn new(with: Role, referral: Referral) -> Self {
        Self { with, referral, note: None }
    }
}

/// A decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Decided {
    /// What was decided on.
    pub on: Subject,
    /// What was decided, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
}

/// A timeframe for a further visit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct VisitTimeframeSet {
    /// By when the visit is to be made (UTC).
    pub by_when: DateTime<Utc>,
}

/// A change of the child's plans. A key left out leaves that part as it was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PlanChanged {
    /// The plans from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plans: Option<BTreeSet<Plan>>,
    /// The end of the agreed visiting timescale from now on (UTC).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visit_due_by: Option<DateTime<Utc>>,
}

/// A correction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Corrected {
    /// The record that is corrected.
    pub of: EventId,
    /// The keys that change, with their new values; `null` removes a key.
    pub set: serde_json::Map<String, serde_json::Value>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A withdrawal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Withdrawn {
    /// The record that is withdrawn.
    pub of: EventId,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// An agency around the family, by its local name in kebab-case; `service` is our own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Agency(pub String);

impl Agency {
    /// Our own service.
    pub fn is_service(&self) -> bool {
        self.0 == "service"
    }
}

/// What the child's record says before its first event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct ChildRecord {
    /// Whom the service is for.
    pub service: Service,
    /// The multi-agency plans in force.
    pub plans: BTreeSet<Plan>,
    /// End of the agreed visiting timescale (UTC).
    pub visit_due_by: Option<DateTime<Utc>>,
    /// The local date on which the last Child Protection Plan ended.
    pub child_protection_plan_ended: Option<NaiveDate>,
    /// Looked After by the local authority.
    pub looked_after: bool,
    /// Concerns known from before.
    pub concerns: BTreeSet<KnownConcern>,
    /// What the family needs in order to be communicated with.
    pub communication_needs: BTreeSet<CommunicationNeed>,
    /// The agencies around the family.
    pub involved_agencies: BTreeSet<Agency>,
    /// Who else lives in the home, each as one would say it: `Carol Sampleford (mother)`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub household: Vec<String>,
}

impl Default for ChildRecord {
    fn default() -> Self {
        Self {
            service: Service::Children,
            plans: BTreeSet::new(),
            visit_due_by: None,
            child_protection_plan_ended: None,
            looked_after: false,
            concerns: BTreeSet::new(),
            communication_needs: BTreeSet::new(),
            involved_agencies: BTreeSet::new(),
            household: Vec::new(),
        }
    }
}

fn yes() -> bool {
    true
}

fn service() -> Agency {
    Agency("service".to_owned())
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde's skip_serializing_if passes a reference"
)]
fn is_false(value: &bool) -> bool {
    !value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_every_type_that_it_reads_and_no_other() {
        // What the reader offers instead of a type that it does not know is all that it knows.
        let unknown = serde_json::json!({ "type": "none-such" });
        let message = serde_json::from_value::<What>(unknown).unwrap_err().to_string();
        let read: Vec<_> = message.split('`').skip(1).step_by(2).skip(1).collect();
        assert_eq!(read, What::TYPES);
        assert!(What::is_known_type("child-seen") && !What::is_known_type("none-such"));
    }
}
