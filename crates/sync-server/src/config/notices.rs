//! How notices go out: the mail server, the webhook, GOV.UK Notify, and how often each is tried.
//! Secrets lie in files that only the server may read, and are never printed.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::NaiveTime;

use super::url;
use crate::store::notices::Channel;

/// Where GOV.UK Notify answers.
const GOVUK_NOTIFY: &str = "https://api.notifications.service.gov.uk";

/// A value that is never printed.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(pub(super) String);

impl Secret {
    /// A value that is not to be printed.
    pub fn new(value: &str) -> Self {
        Self(value.to_owned())
    }

    /// The value itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "(none)" } else { "(secret)" })
    }
}

/// Why a file with a secret is refused.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// It cannot be read.
    #[error("cannot read the secret in {file}")]
    File {
        /// The file.
        file: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// Others may read it.
    #[error("{file} can be read by others: chmod 600 it, and make a new secret")]
    Open {
        /// The file.
        file: PathBuf,
    },
    /// It is empty.
    #[error("{file} is empty: it must hold the secret")]
    Empty {
        /// The file.
        file: PathBuf,
    },
}

impl Secret {
    /// The secret that `file` holds, where nobody but its owner may read it.
    pub fn read(file: &Path) -> Result<Self, SecretError> {
        let fault = |source| SecretError::File { file: file.to_owned(), source };
        let metadata = std::fs::metadata(file).map_err(fault)?;
        if is_open(&metadata) {
            return Err(SecretError::Open { file: file.to_owned() });
        }
        let text = std::fs::read_to_string(file).map_err(fault)?;
        let text = text.trim();
        if text.is_empty() {
            return Err(SecretError::Empty { file: file.to_owned() });
        }
        Ok(Self(text.to_owned()))
    }
}

#[cfg(unix)]
fn is_open(metadata: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    metadata.mode() & 0o077 != 0
}

#[cfg(not(unix))]
fn is_open(_: &std::fs::Metadata) -> bool {
    false
}

/// How the connection to the mail server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmtpSecurity {
    /// Plain first, then TLS, which is required.
    StartTls,
    /// TLS from the start.
    Tls,
    /// None.
    None,
}

/// The mail server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Smtp {
    /// Its host name; empty: no mail.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub security: SmtpSecurity,
    /// The name to sign in with; empty: no sign-in.
    pub user: String,
    /// The password to sign in with.
    pub password: Secret,
    /// The file that holds the password.
    pub password_file: Option<PathBuf>,
    /// The sender.
    pub from: String,
    /// How long one e-mail may take.
    pub timeout: Duration,
}

/// The organisation's webhook.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WebhookSettings {
    /// Where it takes notices; empty: nowhere.
    pub url: String,
    /// The file that holds the secret to sign with.
    pub secret_file: Option<PathBuf>,
}

/// GOV.UK Notify.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GovukSettings {
    /// Where it answers, without a slash at the end.
    pub url: String,
    /// The file that holds the API key; none: it is not used.
    pub key_file: Option<PathBuf>,
    /// The template for e-mails; empty: none are sent.
    pub email_template: String,
    /// The template for text messages; empty: none are sent.
    pub sms_template: String,
}

/// How notices go out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticeSettings {
    /// The organisation's webhook.
    pub webhook: WebhookSettings,
    /// GOV.UK Notify.
    pub govuk: GovukSettings,
    /// When digests go out, local time, on working days.
    pub digest_at: Vec<NaiveTime>,
    /// The pause after every way failed first.
    pub retry_first: Duration,
    /// The longest pause between two tries.
    pub retry_max: Duration,
    /// Failures after which the console says so.
    pub flag_after: u32,
}

impl Default for Smtp {
    fn default() -> Self {
        Self {
            host: String::new(),
            port: 587,
            security: SmtpSecurity::StartTls,
            user: String::new(),
            password: Secret::default(),
            password_file: None,
            from: String::new(),
            timeout: Duration::from_secs(20),
        }
    }
}

impl Default for NoticeSettings {
    fn default() -> Self {
        let time = |hour| NaiveTime::from_hms_opt(hour, 0, 0).expect("an hour of the day");
        Self {
            webhook: WebhookSettings::default(),
            govuk: GovukSettings {
                url: GOVUK_NOTIFY.to_owned(),
                key_file: None,
                email_template: String::new(),
                sms_template: String::new(),
            },
            digest_at: vec![time(9), time(13)],
            retry_first: Duration::from_secs(30),
            retry_max: Duration::from_hours(1),
            flag_after: 5,
        }
    }
}

impl Smtp {
    /// The password, from its file where there is one.
    pub fn password(&self) -> Result<Secret, SecretError> {
        self.password_file.as_deref().map_or_else(|| Ok(self.password.clone()), Secret::read)
    }

    pub(super) fn assign(&mut self, name: &str, value: &str) -> Option<()> {
        match name {
            "smtp_host" => value.clone_into(&mut self.host),
            "smtp_port" => self.port = value.parse().ok()?,
            "smtp_security" => {
                self.security = match value {
                    "starttls" => SmtpSecurity::StartTls,
                    "tls" => SmtpSecurity::Tls,
                    "none" => SmtpSecurity::None,
                    _ => return None,
                }
            }
            "smtp_user" => value.clone_into(&mut self.user),
            "smtp_password" => self.password = Secret(value.to_owned()),
            "smtp_password_file" => self.password_file = file(value),
            "smtp_from" => value.clone_into(&mut self.from),
            "smtp_timeout" => self.timeout = seconds(value, 1)?,
            _ => return None,
        }
        Some(())
    }

    fn contradiction(&self) -> Option<&'static str> {
        if !self.password.0.is_empty() && self.password_file.is_some() {
            return Some("smtp_password_file: give the password there or as smtp_password");
        }
        (!self.host.is_empty() && !self.from.contains('@'))
            .then_some("smtp_from: give the sender's address with smtp_host")
    }
}

impl NoticeSettings {
    pub(super) fn assign(&mut self, name: &str, value: &str) -> Option<()> {
        match name {
            "webhook_url" => {
                self.webhook.url = if value.is_empty() { String::new() } else { url(value)? }
            }
            "webhook_secret_file" => self.webhook.secret_file = file(value),
            "notify_key_file" => self.govuk.key_file = file(value),
            "notify_url" => self.govuk.url = url(value)?,
            "notify_email_template" => value.clone_into(&mut self.govuk.email_template),
            "notify_sms_template" => value.clone_into(&mut self.govuk.sms_template),
            "notice_digest_at" => self.digest_at = times(value)?,
            "notice_retry_first" => self.retry_first = seconds(value, 1)?,
            "notice_retry_max" => self.retry_max = seconds(value, 0)?,
            "notice_flag_after" => self.flag_after = value.parse().ok()?,
            _ => return None,
        }
        Some(())
    }

    fn contradiction(&self) -> Option<&'static str> {
        let Self { webhook, govuk, .. } = self;
        if !webhook.url.is_empty() && webhook.secret_file.is_none() {
            return Some("webhook_secret_file: give the secret to sign with beside webhook_url");
        }
        if is_plain_and_far(&webhook.url) || is_plain_and_far(&govuk.url) {
            return Some("webhook_url, notify_url: only https leaves this machine");
        }
        let templates = !govuk.email_template.is_empty() || !govuk.sms_template.is_empty();
        (govuk.key_file.is_some() != templates).then_some(
            "notify_key_file: it goes with notify_email_template, notify_sms_template or both",
        )
    }
}

/// Why the settings of notices do not go together, if they do not.
pub(super) fn contradiction(smtp: &Smtp, notices: &NoticeSettings) -> Option<&'static str> {
    smtp.contradiction().or_else(|| notices.contradiction())
}

/// The ways in which people can be told, the one that is tried first in front.
pub(super) fn ways(smtp: &Smtp, notices: &NoticeSettings) -> Vec<Channel> {
    let govuk = &notices.govuk;
    let has_key = govuk.key_file.is_some();
    [
        (Channel::Email, !smtp.host.is_empty()),
        (Channel::NotifyEmail, has_key && !govuk.email_template.is_empty()),
        (Channel::NotifySms, has_key && !govuk.sms_template.is_empty()),
    ]
    .into_iter()
    .filter_map(|(channel, is_there)| is_there.then_some(channel))
    .collect()
}

/// Plain HTTP to another machine.
pub(super) fn is_plain_and_far(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("http://") else { return false };
    let host = rest.split('/').next().unwrap_or_default();
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
    !matches!(host, "127.0.0.1" | "localhost" | "[::1]")
}

pub(super) fn file(value: &str) -> Option<PathBuf> {
    (!value.is_empty()).then(|| value.into())
}

fn seconds(value: &str, least: u64) -> Option<Duration> {
    value.parse().ok().filter(|seconds| *seconds >= least).map(Duration::from_secs)
}

/// Times of day with commas between them, in their order.
fn times(value: &str) -> Option<Vec<NaiveTime>> {
    let time = |text: &str| NaiveTime::parse_from_str(text.trim(), "%H:%M").ok();
    let mut times = value.split(',').map(time).collect::<Option<Vec<_>>>()?;
    times.sort_unstable();
    times.dedup();
    Some(times)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_secret_that_others_may_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        std::fs::write(&file, "  hush\n").unwrap();
        for (mode, held) in [(0o600, true), (0o400, true), (0o640, false), (0o604, false)] {
            std::fs::set_permissions(&file, PermissionsExt::from_mode(mode)).unwrap();
            let read = Secret::read(&file);
            assert_eq!(read.as_ref().is_ok_and(|key| key.reveal() == "hush"), held, "{mode:o}");
            if let Err(error) = read {
                assert!(error.to_string().contains("chmod 600"), "{error}");
            }
        }
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).unwrap();
        std::fs::write(&file, "\n").unwrap();
        assert!(matches!(Secret::read(&file), Err(SecretError::Empty { .. })));
        let missing = Secret::read(&folder.path().join("none")).unwrap_err();
        assert!(matches!(missing, SecretError::File { .. }));
    }

    #[test]
    fn plain_http_does_not_leave_this_machine() {
        for (url, far) in [
            ("https://hooks.example/a", false),
            ("http://127.0.0.1:9/a", false),
            ("http://localhost/a", false),
            ("http://127.0.0.1.example/a", true),
            ("http://hooks.example:80/a", true),
        ] {
            assert_eq!(is_plain_and_far(url), far, "{url}");
        }
    }
}
