//! What can be recorded, as flags: one subcommand for each type of event, each of its keys a flag.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use doorstep_core::event::{
    AddressChecked, AddressKnown, Agency, AgencyConsulted, ArrangedBy, ChildSeen, Concern,
    ConcernLevel, Decided, Discussed, FailedContact, FamilyMadeContact, Form, Informed, Known,
    LetterCopied, NewAppointment, Note, Plan, PlanChanged, Question, Referral, Role, Step, Subject,
    VisitTimeframeSet, What,
};
use doorstep_core::ids::{EventId, VisitId};

use crate::failure::{Failure, Outcome};
use crate::moment::Moment;

/// A flag whose values are the words of an enumeration, listed in `--help`.
macro_rules! word {
    ($name:ty) => {
        clap::builder::TypedValueParser::map(
            clap::builder::PossibleValuesParser::new(<$name>::ALL.iter().map(|word| word.as_str())),
            |word| word.parse::<$name>().expect("the parser lets only known words through"),
        )
    };
}
pub(crate) use word;

/// What happened.
#[derive(Clone, Debug, Subcommand)]
#[command(subcommand_value_name = "WHAT", subcommand_help_heading = "What happened")]
pub enum Kind {
    /// You expected to see the child and did not
    FailedContact(ContactFlags),
    /// The child was seen, by you or by another professional
    ChildSeen(SeenFlags),
    /// You weighed the effect of a failed contact on the child (NA-4.5)
    ImpactAssessed(NoteFlags),
    /// You assessed the child's vulnerability before closing (NA-4.2)
    VulnerabilityAssessed(NoteFlags),
    /// You assessed the effect on the children of a carer leaving (NA-4.4)
    EffectOnChildrenAssessed(NoteFlags),
    /// You considered whether the needs of a child seen elsewhere are met (NA-4.11)
    NeedsConsidered(NoteFlags),
    /// A plan to establish the child's safety was agreed (NA-4.12)
    PlanAgreed(NoteFlags),
    /// You contributed to such a plan (NA-4.17)
    ContributionRecorded(NoteFlags),
    /// Child protection procedures were started (GA-5.6)
    ProceduresStarted(NoteFlags),
    /// You tried again to arrange a visit (GA-4.3, GA-5.3)
    FurtherAttempt(NoteFlags),
    /// You asked another agency (NA-4.8, NA-4.9)
    AgencyConsulted(AgencyFlags),
    /// The address is right (GA-4.1, GA-5.1)
    AddressConfirmed(AddressFlags),
    /// The address was wrong and is put right (GA-4.1, GA-5.1)
    AddressCorrected(AddressFlags),
    /// A copy of a letter is with the record (NA-4.15)
    LetterCopied {
        /// The failed contact that the letter belongs to
        #[arg(long, value_name = "RECORD")]
        of: String,
    },
    /// The family got in touch after a card or letter
    FamilyMadeContact {
        /// The contact whose card or letter they answered [default: any that is open]
        #[arg(long, value_name = "RECORD")]
        of: Option<String>,
    },
    /// You are concerned, apart from a contact
    ConcernRecorded(ConcernFlags),
    /// A concern is closed; without flags: every one so far
    ConcernClosed(ConcernFlags),
    /// You told somebody (GA-6.1, GA-6.3)
    Informed {
        /// Whom
        #[arg(long, value_name = "ROLE", value_parser = word!(Role))]
        who: Role,
    },
    /// You discussed the situation
    Discussed {
        /// With whom
        #[arg(long, value_name = "ROLE", value_parser = word!(Role))]
        with: Role,
        /// Whether it led to a referral to children's social care (NA-4.13)
        #[arg(long, value_parser = word!(Referral), default_value = "not-considered")]
        referral: Referral,
    },
    /// A decision was taken
    Decided {
        /// On what
        #[arg(long, value_name = "SUBJECT", value_parser = word!(Subject))]
        on: Subject,
        /// What was decided
        #[arg(long, value_name = "TEXT")]
        outcome: Option<String>,
    },
    /// A timeframe for a further visit is set (NA-7.3)
    VisitTimeframeSet {
        /// By when the visit is to be made
        #[arg(long, value_name = "TIME")]
        by_when: Moment,
    },
    /// The child's plans or the visiting timescale changed
    PlanChanged(PlanFlags),
    /// The family moved home (NA-2.3)
    AddressChanged(NoteFlags),
    /// The child changed or left school (NA-2.2, NA-2.3)
    SchoolChanged(NoteFlags),
    /// An interpreter is arranged for the next visit (GA-3.4)
    InterpreterArranged(NoteFlags),
    /// Correct an earlier record
    #[command(visible_alias = "corrected")]
    Correct {
        /// The record: the last characters of its id are enough
        record: String,
        /// What changes, for example form=doorstep or steps=card-left,letter-left; KEY= removes it
        #[arg(required = true, value_name = "KEY=VALUE")]
        set: Vec<String>,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// Withdraw an earlier record that should not have been made
    #[command(visible_alias = "withdrawn")]
    Withdraw {
        /// The record: the last characters of its id are enough
        record: String,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// Ask to close the case
    CloseRequested(NoteFlags),
}

/// A failed contact.
#[derive(Args, Clone, Debug, Default, PartialEq)]
pub struct ContactFlags {
    /// How the contact failed
    #[arg(long, value_parser = word!(Form))]
    pub form: Option<Form>,
    /// The family did not expect the visit
    #[arg(long)]
    pub unannounced: bool,
    /// How it was arranged
    #[arg(long, value_name = "HOW", value_parser = word!(ArrangedBy))]
    pub arranged_by: Option<ArrangedBy>,
    /// The visit that it belongs to, where a colleague recorded it too
    #[arg(long, value_name = "ID")]
    pub visit: Option<VisitId>,
    /// You were actively prevented from seeing the child (NA-3.5)
    #[arg(long)]
    pub actively_prevented: bool,
    /// The reason given, in your words
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// What you did about it there and then; may be repeated
    #[arg(long = "step", value_name = "STEP", value_parser = word!(Step), value_delimiter = ',')]
    pub steps: Vec<Step>,
    /// The time by which the card or letter asks for contact
    #[arg(long, value_name = "TIME")]
    pub contact_by: Option<Moment>,
    /// Your own view
    #[arg(long, value_name = "LEVEL", value_parser = word!(ConcernLevel))]
    pub concern: Option<ConcernLevel>,
    /// A question of section 6 that you answer yes, NA-6.1 to NA-6.7; may be repeated
    #[arg(
        long = "answer",
        value_name = "QUESTION",
        value_parser = word!(Question),
        value_delimiter = ','
    )]
    pub answers: Vec<Question>,
    /// The family had agreed to this contact (NA-2.4)
    #[arg(long)]
    pub family_had_agreed: bool,
}

/// The child was seen.
#[derive(Args, Clone, Debug)]
pub struct SeenFlags {
    /// Who saw the child: service, or the agency, for example school
    #[arg(long, value_name = "AGENCY", default_value = "service")]
    pub by: String,
    /// Whether the child's needs are known to be met
    #[arg(long, value_parser = word!(Known), default_value = "not-known")]
    pub needs_met: Known,
    /// Only from a distance or through a window: does not count as seen
    #[arg(long)]
    pub from_distance: bool,
}

/// Words of your own.
#[derive(Args, Clone, Debug)]
pub struct NoteFlags {
    /// In your words
    #[arg(long, value_name = "TEXT")]
    pub note: Option<String>,
}

/// What another agency said.
#[derive(Args, Clone, Debug)]
pub struct AgencyFlags {
    /// Which agency, for example health-visiting
    #[arg(long)]
    pub agency: String,
    /// What it knows about the address
    #[arg(long, value_parser = word!(AddressKnown), default_value = "not-known")]
    pub address: AddressKnown,
    /// Whether it has seen the child
    #[arg(long, value_parser = word!(Known), default_value = "not-known")]
    pub child_seen: Known,
}

/// What followed from checking the address.
#[derive(Args, Clone, Debug)]
pub struct AddressFlags {
    /// The appointment that was made with it
    #[arg(long, value_parser = word!(NewAppointment), default_value = "none")]
    pub new_appointment: NewAppointment,
}

/// A concern.
#[derive(Args, Clone, Debug)]
pub struct ConcernFlags {
    /// How grave
    #[arg(long, value_name = "LEVEL", value_parser = word!(ConcernLevel))]
    pub concern: Option<ConcernLevel>,
    /// A question of section 6 that it answers, NA-6.1 to NA-6.7; may be repeated
    #[arg(
        long = "answer",
        value_name = "QUESTION",
        value_parser = word!(Question),
        value_delimiter = ','
    )]
    pub answers: Vec<Question>,
}

/// A change of plans.
#[derive(Args, Clone, Debug)]
pub struct PlanFlags {
    /// A plan from now on; may be repeated
    #[arg(long = "plan", value_name = "PLAN", value_parser = word!(Plan), value_delimiter = ',')]
    pub plans: Vec<Plan>,
    /// No plan from now on
    #[arg(long, conflicts_with = "plans")]
    pub no_plan: bool,
    /// The end of the agreed visiting timescale from now on
    #[arg(long, value_name = "TIME")]
    pub visit_due_by: Option<Moment>,
}

/// Finds a record of which the end of its id was given.
pub type Find<'a> = &'a dyn Fn(&str) -> Outcome<EventId>;

impl ContactFlags {
    /// The failed contact that they describe.
    pub fn contact(&self, now: DateTime<Utc>) -> Outcome<FailedContact> {
        let form = self.form.ok_or_else(|| {
            let forms: Vec<_> = Form::ALL.iter().map(|form| form.as_str()).collect();
            Failure::Misused(format!("say how the contact failed: --form {}", forms.join("|")))
        })?;
        Ok(FailedContact {
            form,
            planned: !self.unannounced,
            arranged_by: self.arranged_by,
            visit: self.visit,
            actively_prevented: self.actively_prevented,
            reason: self.reason.clone(),
            steps: self.steps.iter().copied().collect(),
            contact_by: self.contact_by.map(|moment| moment.at(now)),
            concern: self.concern,
            answers: self.answers.iter().copied().collect(),
            family_had_agreed: self.family_had_agreed,
        })
    }
}

impl From<&NoteFlags> for Note {
    fn from(flags: &NoteFlags) -> Self {
        Self { note: flags.note.clone() }
    }
}

impl From<&AddressFlags> for AddressChecked {
    fn from(flags: &AddressFlags) -> Self {
        Self { new_appointment: flags.new_appointment }
    }
}

impl From<&ConcernFlags> for Concern {
    fn from(flags: &ConcernFlags) -> Self {
        Self { concern: flags.concern, answers: flags.answers.iter().copied().collect() }
    }
}

impl PlanFlags {
    fn change(&self, now: DateTime<Utc>) -> Outcome<PlanChanged> {
        if self.plans.is_empty() && !self.no_plan && self.visit_due_by.is_none() {
            let sentence = "say what changed: --plan PLAN, --no-plan or --visit-due-by TIME";
            return Err(Failure::Misused(sentence.to_owned()));
        }
        let plans: BTreeSet<_> = self.plans.iter().copied().collect();
        Ok(PlanChanged {
            plans: (self.no_plan || !plans.is_empty()).then_some(plans),
            visit_due_by: self.visit_due_by.map(|moment| moment.at(now)),
        })
    }
}

impl Kind {
    /// The event that the flags describe. Corrections and withdrawals are about a record that is
    /// there already and have their own way (`amend`).
    pub fn what(&self, now: DateTime<Utc>, find: Find<'_>) -> Outcome<What> {
        Ok(match self {
            Self::FailedContact(flags) => What::FailedContact(flags.contact(now)?),
            Self::ChildSeen(flags) => What::ChildSeen(ChildSeen {
                seen_by: agency(&flags.by)?,
                needs_met: flags.needs_met,
                from_distance: flags.from_distance,
            }),
            Self::ImpactAssessed(note) => What::ImpactAssessed(note.into()),
            Self::VulnerabilityAssessed(note) => What::VulnerabilityAssessed(note.into()),
            Self::EffectOnChildrenAssessed(note) => What::EffectOnChildrenAssessed(note.into()),
            Self::NeedsConsidered(note) => What::NeedsConsidered(note.into()),
            Self::PlanAgreed(note) => What::PlanAgreed(note.into()),
            Self::ContributionRecorded(note) => What::ContributionRecorded(note.into()),
            Self::ProceduresStarted(note) => What::ProceduresStarted(note.into()),
            Self::FurtherAttempt(note) => What::FurtherAttempt(note.into()),
            Self::AgencyConsulted(flags) => What::AgencyConsulted(AgencyConsulted {
                agency: agency(&flags.agency)?,
                address: flags.address,
                child_seen: flags.child_seen,
            }),
            Self::AddressConfirmed(flags) => What::AddressConfirmed(flags.into()),
            Self::AddressCorrected(flags) => What::AddressCorrected(flags.into()),
            Self::LetterCopied { of } => What::LetterCopied(LetterCopied { of: find(of)? }),
            Self::FamilyMadeContact { of } => What::FamilyMadeContact(FamilyMadeContact {
                of: of.as_deref().map(find).transpose()?,
            }),
            Self::ConcernRecorded(flags) => What::ConcernRecorded(flags.into()),
            Self::ConcernClosed(flags) => What::ConcernClosed(flags.into()),
            Self::Informed { who } => What::Informed(Informed { who: *who }),
            Self::Discussed { with, referral } => What::Discussed(Discussed::new(*with, *referral)),
            Self::Decided { on, outcome } => {
                What::Decided(Decided { on: *on, outcome: outcome.clone() })
            }
            Self::VisitTimeframeSet { by_when } => {
                What::VisitTimeframeSet(VisitTimeframeSet { by_when: by_when.at(now) })
            }
            Self::PlanChanged(flags) => What::PlanChanged(flags.change(now)?),
            Self::AddressChanged(note) => What::AddressChanged(note.into()),
            Self::SchoolChanged(note) => What::SchoolChanged(note.into()),
            Self::InterpreterArranged(note) => What::InterpreterArranged(note.into()),
            Self::CloseRequested(note) => What::CloseRequested(note.into()),
            Self::Correct { record, set, reason } => {
                super::amend::correction(find(record)?, set, reason.clone(), now)?
            }
            Self::Withdraw { record, reason } => {
                super::amend::withdrawal(find(record)?, reason.clone())
            }
        })
    }

    /// The earlier record that this one is about, where it needs no `--child` because of it.
    pub fn amends(&self) -> Option<&str> {
        match self {
            Self::Correct { record, .. } | Self::Withdraw { record, .. } => Some(record),
            Self::LetterCopied { of } => Some(of),
            Self::FamilyMadeContact { of } => of.as_deref(),
            _ => None,
        }
    }
}

/// An agency by the name that a person typed.
pub fn agency(text: &str) -> Outcome<Agency> {
    let name = text.trim().to_lowercase().replace([' ', '_'], "-");
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
        let sentence = format!("\"{text}\" is not an agency: write it as health-visiting");
        return Err(Failure::Misused(sentence));
    }
    Ok(Agency(name))
}
