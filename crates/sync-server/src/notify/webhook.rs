//! The organisation's webhook: a `CloudEvents` 1.0 event as JSON, signed as Standard Webhooks says.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::StatusCode;
use serde_json::json;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::request::{ask, client};
use super::{About, ChannelsError, Message, Outcome};
use crate::config::{Secret, WebhookSettings};

/// The bytes that a secret may have, as the specification says.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// The key that requests are signed with.
pub struct SigningSecret(Zeroizing<Vec<u8>>);

impl SigningSecret {
    /// Reads `whsec_` and Base64; none where it is not that.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let coded = text.strip_prefix("whsec_").unwrap_or(text);
        let bytes = Zeroizing::new(BASE64_STANDARD.decode(coded).ok()?);
        SECRET_BYTES.contains(&bytes.len()).then_some(Self(bytes))
    }

    /// The signature of a request: `v1,` and the Base64 of the HMAC-SHA256 of its id, its time in
    /// seconds since 1970 and its body, with dots between them.
    pub fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any size");
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body);
        format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()))
    }
}

/// Sends to the organisation's webhook.
pub struct Webhook {
    http: reqwest::Client,
    url: String,
    secrets: Vec<SigningSecret>,
}

impl Webhook {
    /// The webhook, where there is one.
    pub fn new(settings: &WebhookSettings) -> Result<Option<Self>, ChannelsError> {
        let Some(file) = settings.secret_file.as_deref().filter(|_| !settings.url.is_empty())
        else {
            return Ok(None);
        };
        let held = Secret::read(file)?;
        let lines = held.reveal().lines().filter(|line| !line.trim().is_empty());
        let secrets: Option<Vec<_>> = lines.map(SigningSecret::parse).collect();
        let secrets = secrets.ok_or(ChannelsError::Setting(
            "webhook_secret_file must hold whsec_ and the Base64 of 24 to 64 random bytes",
        ))?;
        Ok(Some(Self { http: client()?, url: settings.url.clone(), secrets }))
    }

    /// Posts one event.
    pub async fn send(&self, message: &Message) -> Outcome {
        let id = format!("msg_{}", message.reference);
        let body = event(&id, message).to_string();
        let timestamp = message.now.timestamp();
        let sign = |secret: &SigningSecret| secret.sign(&id, timestamp, body.as_bytes());
        let signatures: Vec<_> = self.secrets.iter().map(sign).collect();
        let request = self
            .http
            .post(&self.url)
            .header("content-type", "application/cloudevents+json")
            .header("webhook-id", id.as_str())
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", signatures.join(" "))
            .body(body);
        match ask(request, "the webhook").await {
            Ok(answer) if answer.status.is_success() => Outcome::Delivered,
            // The receiver says that it is gone for good.
            Ok(answer) if answer.status == StatusCode::GONE => {
                Outcome::Refused("the webhook answered 410: it is gone".to_owned())
            }
            Ok(answer) => answer.failed("the webhook"),
            Err(failed) => failed,
        }
    }
}

/// The event: identifiers, never names.
fn event(id: &str, message: &Message) -> serde_json::Value {
    let (kind, subject, urgency) = match message.about {
        About::Escalation { id, reason, urgency } => {
            (reason.as_str(), Some(id.to_string()), Some(urgency.as_str()))
        }
        About::Digest { .. } => ("digest", None, None),
        About::Glass => ("glass", None, None),
        About::Account => ("account", None, None),
        About::Emergency => ("emergency", None, None),
        About::Test => ("test", None, None),
    };
    let mut event = json!({
        "specversion": "1.0",
        "id": id,
        "source": message.public_url,
        "type": format!("doorstep.escalation.{kind}"),
        "time": message.written.to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
        "datacontenttype": "application/json",
        "data": {
            "person": message.person.to_string(), "urgency": urgency, "link": message.link(),
        },
    });
    if let Some(subject) = subject {
        event["subject"] = subject.into();
    }
    event
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_as_the_published_example_of_standard_webhooks() {
        let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signature =
            secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn refuses_what_is_no_secret() {
        for text in ["", "whsec_", "whsec_abc", "whsec_c2hvcnQ=", "not base64!"] {
            assert!(SigningSecret::parse(text).is_none(), "{text}");
        }
    }
}
