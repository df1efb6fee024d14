//! Notices to people: what waits, what went out, every attempt, and how somebody wants to be told.

use chrono::{DateTime, Utc};
use doorstep_core::assessment::Urgency;
use doorstep_core::ids::{EscalationId, PersonId};

use super::StoreError;
use super::availability::WorkingHours;

/// A way of telling. The console's inbox needs none: it shows the ledger itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// E-mail by the organisation's own mail server.
    Email,
    /// E-mail by GOV.UK Notify.
    NotifyEmail,
    /// A text message by GOV.UK Notify.
    NotifySms,
    /// The organisation's webhook.
    Webhook,
}

impl Channel {
    /// Every way.
    pub const ALL: [Self; 4] = [Self::Email, Self::NotifyEmail, Self::NotifySms, Self::Webhook];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::NotifyEmail => "notify-email",
            Self::NotifySms => "notify-sms",
            Self::Webhook => "webhook",
        }
    }

    /// What people call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Email => "e-mail",
            Self::NotifyEmail => "e-mail by GOV.UK Notify",
            Self::NotifySms => "text message by GOV.UK Notify",
            Self::Webhook => "webhook",
        }
    }
}

/// Why a person is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// The escalation is there.
    Raised,
    /// It became more urgent.
    MoreUrgent,
    /// It had ended, and is open again.
    Reopened,
    /// It stands in place of another, whose cause changed when an earlier or corrected record came.
    CauseChanged,
    /// Its ground has gone after the person was told.
    StoodDown,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 5] =
        [Self::Raised, Self::MoreUrgent, Self::Reopened, Self::CauseChanged, Self::StoodDown];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Raised => "raised",
            Self::MoreUrgent => "more-urgent",
            Self::Reopened => "reopened",
            Self::CauseChanged => "cause-changed",
            Self::StoodDown => "stood-down",
        }
    }
}

/// Who receives a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receiver {
    /// The person, by the first way that works.
    Person,
    /// The organisation's own systems.
    Webhook,
}

impl Receiver {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::Person, Self::Webhook];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Webhook => "webhook",
        }
    }
}

/// Where a notice stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoticeState {
    /// It goes out at `next` (UTC), or is tried again then.
    Waiting {
        /// When (UTC).
        next: DateTime<Utc>,
    },
    /// A provider has it, and has not said yet what became of it.
    Accepted {
        /// By which way.
        channel: Channel,
        /// What the provider calls it.
        provider_id: String,
        /// When the provider is asked next (UTC).
        next: DateTime<Utc>,
    },
    /// It arrived, as far as its way can know.
    Delivered(Channel),
    /// There was nothing to be told any more before it went out.
    NotNeeded,
    /// It was tried for three days. Only a webhook is ever given up.
    GivenUp,
}

impl NoticeState {
    /// When it is looked at next (UTC); none: it is over.
    pub const fn next(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Waiting { next } | Self::Accepted { next, .. } => Some(*next),
            Self::Delivered(_) | Self::NotNeeded | Self::GivenUp => None,
        }
    }

    /// The word for it.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Waiting { .. } => "waiting",
            Self::Accepted { .. } => "accepted",
            Self::Delivered(_) => "delivered",
            Self::NotNeeded => "not-needed",
            Self::GivenUp => "given-up",
        }
    }
}

/// A notice to one receiver about one escalation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The same for the same notice whoever writes it, so that it is written once.
    pub key: String,
    /// The escalation.
    pub escalation: EscalationId,
    /// Who is told.
    pub person: PersonId,
    /// Who receives it.
    pub receiver: Receiver,
    /// Why.
    pub reason: Reason,
    /// Those of a person with the same instant (UTC) go out as one message; none: alone.
    pub digest: Option<DateTime<Utc>>,
    /// When it was written (UTC).
    pub written: DateTime<Utc>,
    /// Where it stands.
    pub state: NoticeState,
    /// Since when (UTC).
    pub since: DateTime<Utc>,
    /// How many attempts failed, by whatever way.
    pub failures: u32,
    /// The ways that will never bring it to this person.
    pub refused: Vec<Channel>,
    /// What went wrong last, without personal data.
    pub last_error: Option<String>,
}

/// What an attempt came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Upshot {
    /// It arrived, as far as the way can know.
    Delivered,
    /// The provider has it.
    Accepted,
    /// It did not go out.
    Failed,
    /// It will never go out by this way.
    Refused,
}

impl Upshot {
    /// Every upshot.
    pub const ALL: [Self; 4] = [Self::Delivered, Self::Accepted, Self::Failed, Self::Refused];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Accepted => "accepted",
            Self::Failed => "failed",
            Self::Refused => "refused",
        }
    }
}

/// One attempt to send, or one word of a provider about an earlier one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Of which notice; none: of a test.
    pub notice: Option<String>,
    /// To whom.
    pub person: PersonId,
    /// When (UTC).
    pub at: DateTime<Utc>,
    /// By which way.
    pub channel: Channel,
    /// What it came to.
    pub upshot: Upshot,
    /// Why, without personal data.
    pub why: Option<String>,
}

/// A notice that nobody else sends until the claim is settled or has run out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// The notice.
    pub notice: Notice,
    /// An earlier claim was never settled: whether that attempt went out is not known.
    pub unsure: bool,
}

/// Who sends, and for how long nobody else may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// A word that no other run of a server has.
    pub by: String,
    /// Until when (UTC).
    pub until: DateTime<Utc>,
}

/// A way of telling, as a person chooses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// By e-mail, at once.
    Email,
    /// By text message, at once.
    Text,
    /// Together with others, by e-mail.
    Digest,
    /// Not at all: it stands in the inbox.
    Console,
}

impl Manner {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Text => "text",
            Self::Digest => "digest",
            Self::Console => "console",
        }
    }

    /// What can be chosen for this urgency; the first is what holds where nobody chose.
    pub const fn choices(urgency: Urgency) -> &'static [Self] {
        match urgency {
            Urgency::Immediate => &[Self::Email, Self::Text],
            Urgency::SameDay => &[Self::Email, Self::Text, Self::Console],
            Urgency::Routine => &[Self::Digest, Self::Email, Self::Text, Self::Console],
        }
    }

    /// The manner that `word` names, where it can be chosen for this urgency.
    pub fn of(urgency: Urgency, word: &str) -> Option<Self> {
        Self::choices(urgency).iter().copied().find(|manner| manner.as_str() == word)
    }
}

/// How somebody wants to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preference {
    /// Of what is immediate: never not at all.
    pub immediate: Manner,
    /// Of what is due the same day.
    pub same_day: Manner,
    /// Of what is routine.
    pub routine: Manner,
    /// When what is not immediate may come; none: at any hour.
    pub hours: Option<WorkingHours>,
}

impl Default for Preference {
    fn default() -> Self {
        let first = |urgency| Manner::choices(urgency)[0];
        Self {
            immediate: first(Urgency::Immediate),
            same_day: first(Urgency::SameDay),
            routine: first(Urgency::Routine),
            hours: None,
        }
    }
}

impl Preference {
    /// How this person is told of what is so urgent.
    pub const fn manner(&self, urgency: Urgency) -> Manner {
        match urgency {
            Urgency::Immediate => self.immediate,
            Urgency::SameDay => self.same_day,
            Urgency::Routine => self.routine,
        }
    }
}

/// Which notices of the delivery log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogFilter {
    /// To whom; none: to anybody.
    pub people: Option<Vec<PersonId>>,
    /// Only those that are not over, or were given up.
    pub only_open: bool,
    /// How many are left out, and how many there are at most.
    pub skip: usize,
    /// How many there are at most.
    pub count: usize,
}

/// How many notices fail, and since when the oldest of them waits (UTC).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failing {
    /// How many.
    pub count: usize,
    /// Since when (UTC).
    pub since: DateTime<Utc>,
}

/// What the store knows of notices.
///
/// Laws: a notice with a key that is there already is not written again, and none is ever removed;
/// a notice that is claimed is given to nobody else until it is settled or the claim has run out;
/// settling under a claim that another has taken over changes nothing.
pub trait Notices {
    /// Writes a notice, unless one with its key is there.
    fn put_notice(&mut self, notice: &Notice) -> Result<(), StoreError>;
    /// Claims notices to be looked at by `now`, the oldest first, about `count`: a digest comes
    /// whole.
    fn claim_notices(
        &mut self,
        claim: &Claim,
        now: DateTime<Utc>,
        count: usize,
    ) -> Result<Vec<Claimed>, StoreError>;
    /// Writes where a claimed notice stands, and ends the claim; whether it was still held.
    fn settle_notice(&mut self, notice: &Notice, by: &str) -> Result<bool, StoreError>;
    /// Ends all claims at `now`, as when they run out: whoever held them has ended.
    fn release_claims(&mut self, now: DateTime<Utc>) -> Result<(), StoreError>;
    /// When a notice is to be looked at next (UTC).
    fn next_notice(&self) -> Result<Option<DateTime<Utc>>, StoreError>;
    /// The notices of an escalation, in the order in which they were written.
    fn notices(&self, escalation: EscalationId) -> Result<Vec<Notice>, StoreError>;
    /// The delivery log, the latest first.
    fn notice_log(&self, filter: &LogFilter) -> Result<Vec<Notice>, StoreError>;
    /// The notices that wait after at least so many failures; none: there are none.
    fn failing_notices(&self, failures: u32) -> Result<Option<Failing>, StoreError>;
    /// Lets every notice that waits after a failure, and every one that was given up, be tried at
    /// `now`; how many these are.
    fn try_again(&mut self, now: DateTime<Utc>) -> Result<usize, StoreError>;
    /// Writes down an attempt.
    fn add_attempt(&mut self, attempt: &Attempt) -> Result<(), StoreError>;
    /// The attempts of a notice, the first first.
    fn attempts(&self, notice: &str) -> Result<Vec<Attempt>, StoreError>;
    /// How a person wants to be told; none where they never said.
    fn preference(&self, person: PersonId) -> Result<Option<Preference>, StoreError>;
    /// Writes how a person wants to be told.
    fn put_preference(
        &mut self,
        person: PersonId,
        preference: &Preference,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError>;
}
