//! E-mail by SMTP.

use lettre::message::header::ContentType;
use lettre::message::{Mailbox, MessageBuilder};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};

use super::{ChannelsError, Message, Outcome};
use crate::config::{Smtp, SmtpSecurity};

/// What a mail server says of an address that it will never deliver to (RFC 5321, RFC 7504).
const NEVER: [u16; 4] = [550, 551, 553, 556];

/// Sends by SMTP, one connection for each message.
pub struct SmtpMailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    domain: String,
}

impl SmtpMailer {
    /// A mailer for this server; `Err` says what of the settings cannot be.
    pub fn new(settings: &Smtp) -> Result<Self, ChannelsError> {
        let setting = ChannelsError::Setting;
        let from: Mailbox =
            settings.from.parse().map_err(|_| setting("smtp_from is not an address"))?;
        let host = settings.host.clone();
        let parameters = || {
            TlsParameters::new(host.clone())
                .map_err(|_| setting("smtp_host is not a name that TLS can check"))
        };
        let tls = match settings.security {
            SmtpSecurity::None => Tls::None,
            SmtpSecurity::StartTls => Tls::Required(parameters()?),
            SmtpSecurity::Tls => Tls::Wrapper(parameters()?),
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&settings.host)
            .port(settings.port)
            .timeout(Some(settings.timeout))
            .tls(tls);
        if !settings.user.is_empty() {
            let password = settings.password()?.reveal().to_owned();
            builder = builder.credentials(Credentials::new(settings.user.clone(), password));
        }
        let domain = from.email.domain().to_owned();
        Ok(Self { transport: builder.build(), from, domain })
    }

    /// Hands one message over.
    pub async fn send(&self, message: &Message) -> Outcome {
        let message = match self.compose(message) {
            Ok(message) => message,
            Err(refused) => return refused,
        };
        match self.transport.send(message).await {
            Ok(_) => Outcome::Delivered,
            Err(error) => outcome(&error),
        }
    }

    fn compose(&self, message: &Message) -> Result<lettre::Message, Outcome> {
        let refused = |why: &str| Outcome::Refused(why.to_owned());
        let to: Mailbox =
            message.to.parse().map_err(|_| refused("the person's e-mail address is not one"))?;
        let (kind, urgency, link) = (message.kind(), message.urgency(), message.link());
        let mut first = kind.clone();
        if let Some(letter) = first.get_mut(..1) {
            letter.make_ascii_uppercase();
        }
        let text = format!(
            "{first} ({urgency}).\r\n\r\nSign in to see it:\r\n{link}\r\n\r\n\
             This message says nothing about whom it concerns, on purpose.\r\n"
        );
        MessageBuilder::new()
            .from(self.from.clone())
            .to(to)
            .subject(format!("Doorstep: {kind} ({urgency})"))
            .message_id(Some(format!("<{}@{}>", message.reference, self.domain)))
            .header(ContentType::TEXT_PLAIN)
            .body(text)
            .map_err(|_| refused("the message could not be composed"))
    }
}

/// What went wrong, in our own words: a mail server's answer may repeat the address.
fn outcome(error: &lettre::transport::smtp::Error) -> Outcome {
    if let Some(code) = error.status() {
        let why = format!("the mail server refused it with code {code}");
        let never = code.to_string().parse().is_ok_and(|code: u16| NEVER.contains(&code));
        return if never { Outcome::Refused(why) } else { Outcome::failed(why) };
    }
    Outcome::failed(if error.is_timeout() {
        "the mail server did not answer in time"
    } else if error.is_tls() {
        "the connection to the mail server could not be protected"
    } else {
        "the mail server could not be reached"
    })
}
