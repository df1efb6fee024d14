//! The vocabulary: what can happen around a child, as it is recorded, sent and judged.
//!
//! The same words everywhere: these types are the JSON on the wire, the tables of a scenario file
//! and the input of the policy. Who sealed an event, and on which device, is `seal`'s affair.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::ids::{EventId, VisitId};
use crate::words::words;

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
    /// What happened.
    #[serde(flatten)]
    pub what: What,
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

words!(
    /// How a contact failed (NA-3.2 to NA-3.4).
    Form {
        /// Nobody answered.
        NoResponse = "no-response",
        /// A parent or carer refused.
        RefusedByParentOrCarer = "refused-by-parent-or-carer",
        /// Somebody else refused.
        RefusedByThirdParty = "refused-by-third-party",
        /// The door was opened, without an invitation in.
        Doorstep = "doorstep",
        /// The child was not brought to an appointment outside the home.
        WasNotBrought = "was-not-brought",
        /// Access was gained but the child was not seen.
        ChildUnseen = "child-unseen",
    }
);

impl Form {
    /// Nobody from the service got into the home.
    pub const fn is_no_access(self) -> bool {
        matches!(
            self,
            Self::NoResponse
                | Self::RefusedByParentOrCarer
                | Self::RefusedByThirdParty
                | Self::Doorstep
        )
    }

    /// It was a visit to the home, whether access was gained or not.
    pub const fn is_visit(self) -> bool {
        !matches!(self, Self::WasNotBrought)
    }
}

words!(
    /// How a contact was arranged.
    ArrangedBy {
        /// In writing.
        Letter = "letter",
        /// By word of mouth or phone.
        Word = "word",
    }
);

words!(
    /// A step taken at a failed contact.
    Step {
        /// The windows were looked at for movement in the house (GA-3.1).
        WindowsChecked = "windows-checked",
        /// The family was phoned (GA-3.2).
        FamilyPhoned = "family-phoned",
        /// There was no way of phoning the family (GA-3.2).
        PhoneNotPossible = "phone-not-possible",
        /// An interpreter was used (GA-3.4).
        InterpreterUsed = "interpreter-used",
        /// A calling card was left (GA-4.2).
        CardLeft = "card-left",
        /// A letter was left (GA-4.2, GA-5.2).
        LetterLeft = "letter-left",
    }
);

words!(
    /// How grave a concern is, in rising order.
    ConcernLevel {
        /// None.
        None = "none",
        /// Some.
        Some = "some",
        /// High (GA-3.7).
        High = "high",
        /// A clear child protection issue (GA-5.6).
        ChildProtectionIssue = "child-protection-issue",
    }
);

words!(
    /// The seven questions of section 6 of NA.
    Question {
        /// Does the failed contact raise concern for safety or welfare now?
        SafetyNow = "NA-6.1",
        /// Have earlier concerns led to a support package?
        EarlierConcerns = "NA-6.2",
        /// Is there an Early Help, Child in Need or Child Protection Plan now?
        PlanNow = "NA-6.3",
        /// Is the child Looked After?
        LookedAfter = "NA-6.4",
        /// Was there a Child Protection Plan within the last year?
        PlanWithinYear = "NA-6.5",
        /// Have there been concerns about violence between family members?
        FamilyViolence = "NA-6.6",
        /// Are there religious or cultural reasons to believe the child is at risk?
        ReligiousOrCultural = "NA-6.7",
    }
);

words!(
    /// What is known of a yes-or-no matter.
    Known {
        /// Yes.
        Yes = "yes",
        /// No.
        No = "no",
        /// Not known. Absence of knowledge is never taken for safety.
        NotKnown = "not-known",
    }
);

words!(
    /// What an agency knows of the address.
    AddressKnown {
        /// It is right.
        Confirmed = "confirmed",
        /// It was wrong; the right one is known now.
        Corrected = "corrected",
        /// The agency does not know.
        NotKnown = "not-known",
    }
);

words!(
    /// The appointment made after an address was checked.
    NewAppointment {
        /// None.
        None = "none",
        /// An ordinary one.
        Ordinary = "ordinary",
        /// An urgent one.
        Urgent = "urgent",
    }
);

words!(
    /// Whether a discussion led to a referral to children's social care.
    Referral {
        /// A referral was made.
        Made = "made",
        /// It was decided not to refer.
        NotMade = "not-made",
        /// A referral was not considered.
        NotConsidered = "not-considered",
    }
);

words!(
    /// What a decision is on.
    Subject {
        /// A planning meeting, strategy meeting or discussion (GA-3.9, GA-4.5).
        PlanningOrStrategyMeeting = "planning-or-strategy-meeting",
        /// A section 47 strategy meeting (GA-6.6).
        Section47StrategyMeeting = "section-47-strategy-meeting",
        /// Approaching the police (GA-3.7).
        Police = "police",
        /// Phoning known contacts (GA-3.6).
        KnownContacts = "known-contacts",
        /// Talking with the wider agencies (GA-4.4).
        WiderAgencies = "wider-agencies",
        /// How urgent the next visit is (GA-6.4).
        VisitUrgency = "visit-urgency",
    }
);

words!(
    /// A role that a person has towards a child or in the organisation.
    Role {
        /// Whoever visits: the default.
        Practitioner = "practitioner",
        /// A social worker.
        SocialWorker = "social-worker",
        /// A duty worker.
        DutyWorker = "duty-worker",
        /// The lead social worker of a child protection plan.
        LeadSocialWorker = "lead-social-worker",
        /// The case supervisor.
        CaseSupervisor = "case-supervisor",
        /// The duty social worker.
        DutySocialWorker = "duty-social-worker",
        /// The key worker or lead professional.
        KeyWorker = "key-worker",
        /// The line manager.
        LineManager = "line-manager",
        /// The team manager.
        TeamManager = "team-manager",
        /// The professional or safeguarding supervisor.
        ProfessionalSupervisor = "professional-supervisor",
        /// The designated child protection lead.
        DesignatedLead = "designated-lead",
        /// The service's safeguarding lead.
        SafeguardingLead = "safeguarding-lead",
    }
);

words!(
    /// A multi-agency plan.
    Plan {
        /// An Early Help plan.
        EarlyHelp = "early-help",
        /// A Child in Need plan.
        ChildInNeed = "child-in-need",
        /// A Child Protection Plan.
        ChildProtection = "child-protection",
    }
);

words!(
    /// Whom the service is for.
    Service {
        /// Children.
        Children = "children",
        /// Parents or carers (NA-4.16).
        ParentsOrCarers = "parents-or-carers",
    }
);

words!(
    /// A concern that the child's record holds from before.
    KnownConcern {
        /// A health need that may go unmet (NA-6.1).
        UnmetHealthNeed = "unmet-health-need",
        /// Earlier concerns with a support package (NA-6.2).
        EarlierConcerns = "earlier-concerns",
        /// Violence between family members (NA-6.6).
        ViolenceBetweenFamilyMembers = "violence-between-family-members",
        /// Religious or cultural risk (NA-6.7).
        ReligiousOrCulturalRisk = "religious-or-cultural-risk",
        /// A severe health condition (NA-4.6).
        SevereHealthCondition = "severe-health-condition",
        /// The way a parent presents (NA-4.6).
        ParentalPresentation = "parental-presentation",
    }
);

impl KnownConcern {
    /// The question of section 6 that it answers yes, where there is one.
    pub const fn question(self) -> Option<Question> {
        match self {
            Self::UnmetHealthNeed => Some(Question::SafetyNow),
            Self::EarlierConcerns => Some(Question::EarlierConcerns),
            Self::ViolenceBetweenFamilyMembers => Some(Question::FamilyViolence),
            Self::ReligiousOrCulturalRisk => Some(Question::ReligiousOrCultural),
            Self::SevereHealthCondition | Self::ParentalPresentation => None,
        }
    }
}

words!(
    /// What a family needs in order to be communicated with.
    CommunicationNeed {
        /// An interpreter (GA-3.4).
        Interpreter = "interpreter",
        /// Somebody does not read the language of cards and letters (GA-4.2, GA-5.2).
        DoesNotRead = "does-not-read",
        /// Hearing (NA-5.12).
        Hearing = "hearing",
        /// Mobility (NA-5.12).
        Mobility = "mobility",
    }
);

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
        }
    }
}

macro_rules! default_word {
    ($($name:ident::$variant:ident),+) => {
        $(impl Default for $name {
            fn default() -> Self {
                Self::$variant
            }
        })+
    };
}
default_word!(
    Known::NotKnown,
    AddressKnown::NotKnown,
    NewAppointment::None,
    Referral::NotConsidered,
    Role::Practitioner
);

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
