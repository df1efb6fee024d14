//! Ways of telling a person. A message never holds a name or an address of a child, a carer or a
//! worker: what kind, how urgent, and a link.

mod email;

use std::pin::Pin;

use doorstep_core::assessment::Urgency;

use crate::store::ledger::{Notice, Reason};

pub use email::SmtpMailer;

/// One message to one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The person's address.
    pub to: String,
    /// The subject line.
    pub subject: String,
    /// The text.
    pub text: String,
    /// The same for each attempt of the same notice, so that a receiver can tell repetitions.
    pub reference: String,
}

impl Message {
    /// The message of a notice about an escalation of this urgency.
    pub fn about(notice: &Notice, urgency: Urgency, to: String, public_url: &str) -> Self {
        let urgent = match urgency {
            Urgency::Immediate => "immediate: look at it now",
            Urgency::SameDay => "look at it today",
            Urgency::Routine => "look at it within a working day",
        };
        let (subject, first) = match notice.reason {
            Reason::Raised => ("an escalation for you", "An escalation was raised to you"),
            Reason::MoreUrgent => {
                ("an escalation became more urgent", "An escalation to you became more urgent")
            }
            Reason::Reopened => {
                ("an escalation is open again", "An escalation to you is open again")
            }
            Reason::StoodDown => {
                ("an escalation was stood down", "An escalation to you was stood down")
            }
        };
        let how = if notice.reason == Reason::StoodDown { "no action is due" } else { urgent };
        let link = format!("{public_url}/escalations/{}", notice.escalation);
        Self {
            to,
            subject: format!("Doorstep: {subject} ({how})"),
            text: format!(
                "{first} ({how}).\r\n\r\nSign in to see it:\r\n{link}\r\n\r\n\
                 This message says nothing about whom it concerns, on purpose.\r\n"
            ),
            reference: notice.key.clone(),
        }
    }
}

/// Why a message did not go out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure(String);

impl Failure {
    /// A failure for this reason, which holds no personal data.
    pub fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }

    /// The reason.
    pub fn reason(&self) -> &str {
        &self.0
    }
}

/// A message on its way.
pub type Sending<'a> = Pin<Box<dyn Future<Output = Result<(), Failure>> + Send + 'a>>;

/// Something that sends messages by e-mail.
pub trait Mailer: Send + Sync {
    /// Sends one message; `Ok` once somebody else is answerable for it.
    fn send(&self, message: Message) -> Sending<'_>;
}
