//! Ways of telling a person. A message never holds a name or an address of a child, a carer or a
//! worker: what kind, how urgent, and a link.
//!
//! A way sends one message once and says what came of it. Who is told when, and what is tried next,
//! is the outbox's.

mod email;
mod govuk;
mod request;
pub mod webhook;

use chrono::{DateTime, TimeDelta, Utc};
use doorstep_core::assessment::Urgency;
use doorstep_core::ids::{EscalationId, PersonId};

use crate::config::{Config, SecretError};
use crate::private::Private;
use crate::store::notices::{Channel, Reason, Upshot};

use email::SmtpMailer;
use govuk::GovukNotify;
use webhook::Webhook;

/// What a message is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// One escalation.
    Escalation {
        /// Which.
        id: EscalationId,
        /// Why the person is told.
        reason: Reason,
        /// How urgent it is.
        urgency: Urgency,
    },
    /// Several that are not urgent.
    Digest {
        /// How many.
        count: usize,
    },
    /// Somebody opened a record outside the allocation.
    Glass,
    /// Something happened to an account that concerns the receiver.
    Account,
    /// Something happened to the emergency access.
    Emergency,
    /// Nothing: somebody tries whether messages arrive.
    Test,
}

/// One message to one receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// What it is about.
    pub about: About,
    /// The person who is told.
    pub person: PersonId,
    /// Their address or number; the webhook has one of its own.
    pub to: Private,
    /// The same for each attempt of the same notice, so that a receiver can tell repetitions.
    pub reference: String,
    /// How many attempts failed before.
    pub failures: u32,
    /// An earlier attempt may have gone out without anybody having written it down.
    pub unsure: bool,
    /// How people reach the console, without a slash at the end.
    pub public_url: String,
    /// When what it tells happened (UTC).
    pub written: DateTime<Utc>,
    /// This moment (UTC).
    pub now: DateTime<Utc>,
}

impl Message {
    /// Where it can be looked at, after signing in.
    pub fn link(&self) -> String {
        match self.about {
            About::Escalation { id, .. } => format!("{}/escalations/{id}", self.public_url),
            About::Digest { .. } => format!("{}/inbox", self.public_url),
            About::Glass => format!("{}/glass", self.public_url),
            About::Account | About::Emergency => format!("{}/access", self.public_url),
            About::Test => format!("{}/notices", self.public_url),
        }
    }

    /// What kind of thing it tells, as the end of a sentence's beginning.
    pub fn kind(&self) -> String {
        match self.about {
            About::Escalation { reason, .. } => match reason {
                Reason::Raised => "an escalation was raised to you",
                Reason::MoreUrgent => "an escalation to you became more urgent",
                Reason::Reopened => "an escalation to you is open again",
                Reason::CauseChanged => "the cause of an escalation to you changed",
                Reason::StoodDown => "an escalation to you was stood down",
            }
            .to_owned(),
            About::Digest { count: 1 } => "1 escalation waits for you".to_owned(),
            About::Digest { count } => format!("{count} escalations wait for you"),
            About::Glass => "a record was opened outside the allocation".to_owned(),
            About::Account => "the password or the codes of an account were changed".to_owned(),
            About::Emergency => "the emergency access was opened, used or ended".to_owned(),
            About::Test => "this is a test, nothing has happened".to_owned(),
        }
    }

    /// How urgent it is.
    pub const fn urgency(&self) -> &'static str {
        match self.about {
            About::Escalation { reason: Reason::StoodDown, .. } | About::Test => "no action is due",
            About::Escalation { urgency, .. } => match urgency {
                Urgency::Immediate => "immediate: look at it now",
                Urgency::SameDay => "look at it today",
                Urgency::Routine => "look at it within a working day",
            },
            About::Digest { .. } => "look at them within a working day",
            About::Glass | About::Account => "look into it",
            About::Emergency => "look into it now",
        }
    }
}

/// What came of sending a message, or of asking about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It arrived, as far as the way can know.
    Delivered,
    /// The provider has it, and calls it so.
    Accepted(String),
    /// It did not go out, or did not arrive.
    Failed {
        /// Why, without personal data.
        why: String,
        /// How long the receiver wants to be left alone.
        after: Option<TimeDelta>,
    },
    /// It will never arrive by this way, for this reason without personal data.
    Refused(String),
}

impl Outcome {
    /// A failure that may pass.
    pub fn failed(why: impl Into<String>) -> Self {
        Self::Failed { why: why.into(), after: None }
    }

    /// What it comes to, and why.
    pub fn upshot(&self) -> (Upshot, Option<&str>) {
        match self {
            Self::Delivered => (Upshot::Delivered, None),
            Self::Accepted(_) => (Upshot::Accepted, None),
            Self::Failed { why, .. } => (Upshot::Failed, Some(why)),
            Self::Refused(why) => (Upshot::Refused, Some(why)),
        }
    }
}

/// Why the ways of telling cannot be put together.
#[derive(Debug, thiserror::Error)]
pub enum ChannelsError {
    /// A setting cannot be.
    #[error("{0}")]
    Setting(&'static str),
    /// A file with a secret is refused.
    #[error(transparent)]
    Secret(#[from] SecretError),
}

/// Every way of telling that is configured.
pub struct Channels {
    email: Option<SmtpMailer>,
    govuk: Option<GovukNotify>,
    webhook: Option<Webhook>,
}

impl Channels {
    /// Puts them together, and reads their secrets.
    pub fn new(config: &Config) -> Result<Self, ChannelsError> {
        let smtp = &config.smtp;
        let email = (!smtp.host.is_empty()).then(|| SmtpMailer::new(smtp));
        Ok(Self {
            email: email.transpose()?,
            govuk: GovukNotify::new(&config.notices.govuk)?,
            webhook: Webhook::new(&config.notices.webhook)?,
        })
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.email.is_none() && self.govuk.is_none() && self.webhook.is_none()
    }

    /// Sends `message` once.
    pub async fn send(&self, channel: Channel, message: &Message) -> Outcome {
        match (channel, &self.email, &self.govuk, &self.webhook) {
            (Channel::Email, Some(mailer), ..) => mailer.send(message).await,
            (Channel::NotifyEmail | Channel::NotifySms, _, Some(govuk), _) => {
                govuk.send(channel, message).await
            }
            (Channel::Webhook, .., Some(webhook)) => webhook.send(message).await,
            _ => Outcome::failed(format!("{} is not set up any more", channel.name())),
        }
    }

    /// Asks what became of a message that a provider accepted; none: it does not know yet, or
    /// cannot be asked now.
    pub async fn look(
        &self,
        channel: Channel,
        provider_id: &str,
        now: DateTime<Utc>,
    ) -> Option<Outcome> {
        match (channel, &self.govuk) {
            (Channel::NotifyEmail | Channel::NotifySms, Some(govuk)) => {
                govuk.look(provider_id, now).await
            }
            _ => Some(Outcome::failed(format!("{} is not set up any more", channel.name()))),
        }
    }
}
