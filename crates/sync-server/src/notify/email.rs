//! E-mail by SMTP.

use lettre::message::header::ContentType;
use lettre::message::{Mailbox, MessageBuilder};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};

use super::{Failure, Mailer, Message, Sending};
use crate::config::{Smtp, SmtpSecurity};

/// Sends by SMTP, one connection for each message.
pub struct SmtpMailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    domain: String,
}

impl SmtpMailer {
    /// A mailer for this server; `Err` says what of the settings cannot be.
    pub fn new(settings: &Smtp) -> Result<Self, Failure> {
        let from: Mailbox =
            settings.from.parse().map_err(|_| Failure::new("smtp_from is not an address"))?;
        let host = settings.host.clone();
        let parameters = || {
            TlsParameters::new(host.clone())
                .map_err(|_| Failure::new("smtp_host is not a name that TLS can check"))
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
            let password = settings.password.reveal().to_owned();
            builder = builder.credentials(Credentials::new(settings.user.clone(), password));
        }
        let domain = from.email.domain().to_owned();
        Ok(Self { transport: builder.build(), from, domain })
    }

    fn compose(&self, message: Message) -> Result<lettre::Message, Failure> {
        let to: Mailbox =
            message.to.parse().map_err(|_| Failure::new("the person's address is not one"))?;
        let reference = message.reference.replace('/', ".");
        MessageBuilder::new()
            .from(self.from.clone())
            .to(to)
            .subject(message.subject)
            .message_id(Some(format!("<{reference}@{}>", self.domain)))
            .header(ContentType::TEXT_PLAIN)
            .body(message.text)
            .map_err(|_| Failure::new("the message could not be composed"))
    }
}

impl Mailer for SmtpMailer {
    fn send(&self, message: Message) -> Sending<'_> {
        Box::pin(async move {
            let message = self.compose(message)?;
            self.transport.send(message).await.map(drop).map_err(|error| reason(&error))
        })
    }
}

/// What went wrong, in our own words: a mail server's answer may repeat the address.
fn reason(error: &lettre::transport::smtp::Error) -> Failure {
    if let Some(code) = error.status() {
        return Failure::new(format!("the mail server refused it with code {code}"));
    }
    Failure::new(if error.is_timeout() {
        "the mail server did not answer in time"
    } else if error.is_tls() {
        "the connection to the mail server could not be protected"
    } else {
        "the mail server could not be reached"
    })
}
