//! The closed terms of the vocabulary: roles, forms, steps, levels and the like.

use crate::words::words;

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
