//! GOV.UK Notify: e-mails and text messages by its REST API, and what became of them.
//!
//! The templates hold all words but three: `((kind))`, `((urgency))` and `((link))`.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::json;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::request::{Answer, ask, client};
use super::{ChannelsError, Message, Outcome};
use crate::config::{GovukSettings, Secret};
use crate::store::notices::Channel;

/// Characters of an identifier in an API key.
const ID_LENGTH: usize = 36;
/// What it is called in reasons.
const NAME: &str = "GOV.UK Notify";

/// An API key: whose it is, and the secret.
struct ApiKey {
    service: String,
    secret: Zeroizing<String>,
}

impl ApiKey {
    /// Reads `NAME-SERVICE-SECRET`, where the last two are UUIDs.
    fn parse(text: &str) -> Option<Self> {
        let is_id = |id: &str| uuid::Uuid::try_parse(id).is_ok() && id.len() == ID_LENGTH;
        let (rest, secret) = text.split_at_checked(text.len().checked_sub(ID_LENGTH)?)?;
        let rest = rest.strip_suffix('-')?;
        let service = rest.split_at_checked(rest.len().checked_sub(ID_LENGTH)?)?.1;
        (is_id(service) && is_id(secret)).then(|| Self {
            service: service.to_owned(),
            secret: Zeroizing::new(secret.to_owned()),
        })
    }

    /// A token that holds for half a minute (JWT, HS256).
    fn token(&self, now: DateTime<Utc>) -> String {
        let part =
            |value: serde_json::Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string().as_bytes());
        let header = part(json!({"typ": "JWT", "alg": "HS256"}));
        let payload = part(json!({"iss": self.service, "iat": now.timestamp()}));
        let signed = format!("{header}.{payload}");
        let key = self.secret.as_bytes();
        let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any size");
        mac.update(signed.as_bytes());
        format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
    }
}

/// What it knows of one message.
#[derive(Deserialize)]
struct Known {
    id: String,
    #[serde(default)]
    status: String,
}

/// A page of messages.
#[derive(Deserialize)]
struct Page {
    notifications: Vec<Known>,
}

/// Sends by GOV.UK Notify.
pub struct GovukNotify {
    http: reqwest::Client,
    url: String,
    key: ApiKey,
    email_template: String,
    sms_template: String,
}

impl GovukNotify {
    /// The service, where there is a key for it.
    pub fn new(settings: &GovukSettings) -> Result<Option<Self>, ChannelsError> {
        let Some(file) = &settings.key_file else { return Ok(None) };
        let key = ApiKey::parse(Secret::read(file)?.reveal()).ok_or(ChannelsError::Setting(
            "notify_key_file must hold an API key as GOV.UK Notify shows it",
        ))?;
        Ok(Some(Self {
            http: client()?,
            url: settings.url.clone(),
            key,
            email_template: settings.email_template.clone(),
            sms_template: settings.sms_template.clone(),
        }))
    }

    /// Hands one message over. It takes no key against repetition: where an earlier attempt may
    /// have gone out, it is asked first.
    pub async fn send(&self, channel: Channel, message: &Message) -> Outcome {
        let reference = format!("{}.{}", message.reference, message.failures);
        if message.unsure {
            match self.find(&reference, message.now).await {
                Ok(Some(id)) => return Outcome::Accepted(id),
                Ok(None) => {}
                Err(failed) => return failed,
            }
        }
        let (path, field, template) = match channel {
            Channel::NotifySms => ("sms", "phone_number", &self.sms_template),
            _ => ("email", "email_address", &self.email_template),
        };
        let body = json!({
            field: message.to.reveal(),
            "template_id": template,
            "reference": reference,
            "personalisation": {
                "kind": message.kind(),
                "urgency": message.urgency(),
                "link": message.link(),
            },
        });
        let url = format!("{}/v2/notifications/{path}", self.url);
        let request = self.http.post(url).bearer_auth(self.key.token(message.now)).json(&body);
        match ask(request, NAME).await {
            Ok(answer) => sent(&answer),
            Err(failed) => failed,
        }
    }

    /// Asks what became of a message; none: not known yet.
    pub async fn look(&self, id: &str, now: DateTime<Utc>) -> Option<Outcome> {
        let url = format!("{}/v2/notifications/{id}", self.url);
        let request = self.http.get(url).bearer_auth(self.key.token(now));
        let answer = ask(request, NAME).await.ok()?;
        if answer.status == StatusCode::NOT_FOUND {
            return Some(Outcome::failed("GOV.UK Notify does not know the message any more"));
        }
        let known: Known = serde_json::from_slice(&answer.body).ok()?;
        status(&known.status)
    }

    /// The message that was taken under `reference`, if any was.
    async fn find(&self, reference: &str, now: DateTime<Utc>) -> Result<Option<String>, Outcome> {
        let url = format!("{}/v2/notifications?reference={reference}", self.url);
        let request = self.http.get(url).bearer_auth(self.key.token(now));
        let answer = ask(request, NAME).await?;
        if !answer.status.is_success() {
            return Err(answer.failed(NAME));
        }
        let page: Page = serde_json::from_slice(&answer.body)
            .map_err(|_| Outcome::failed("GOV.UK Notify answered something unexpected"))?;
        Ok(page.notifications.into_iter().next().map(|known| known.id))
    }
}

/// What an answer to a message that was handed over means. Only status codes count: the words of
/// errors may change, and may repeat the address.
fn sent(answer: &Answer) -> Outcome {
    match answer.status {
        StatusCode::CREATED => serde_json::from_slice::<Known>(&answer.body).map_or_else(
            |_| Outcome::failed("GOV.UK Notify answered something unexpected"),
            |known| Outcome::Accepted(known.id),
        ),
        StatusCode::BAD_REQUEST => {
            Outcome::Refused("GOV.UK Notify refused it with 400: address or template".to_owned())
        }
        StatusCode::FORBIDDEN => {
            Outcome::failed("GOV.UK Notify refused the API key, or this machine's clock, with 403")
        }
        _ => answer.failed(NAME),
    }
}

/// What a status means; none: it is still under way.
fn status(word: &str) -> Option<Outcome> {
    match word {
        // Some networks abroad say nothing more than that it was sent.
        "delivered" | "sent" => Some(Outcome::Delivered),
        "permanent-failure" => {
            Some(Outcome::Refused("GOV.UK Notify could not deliver it: permanent failure".into()))
        }
        "temporary-failure" | "technical-failure" => {
            Some(Outcome::failed(format!("GOV.UK Notify could not deliver it: {word}")))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "my_test_key-26785a09-ab16-4eb0-8407-a37497a57506-\
                       3d844edf-8d35-48ac-975b-e847b4f122b0";

    #[test]
    fn an_api_key_is_read_as_it_is_shown() {
        let key = ApiKey::parse(KEY).unwrap();
        assert_eq!(key.service, "26785a09-ab16-4eb0-8407-a37497a57506");
        assert_eq!(*key.secret, "3d844edf-8d35-48ac-975b-e847b4f122b0");
        for text in ["", "key", &KEY[..KEY.len() - 1], &KEY.replace('-', "_"), "ü-ü"] {
            assert!(ApiKey::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_token_says_who_and_when() {
        let now = DateTime::from_timestamp(1_568_818_578, 0).unwrap();
        let token = ApiKey::parse(KEY).unwrap().token(now);
        let parts: Vec<_> = token.split('.').collect();
        let read = |part: &str| {
            let bytes = BASE64_URL_SAFE_NO_PAD.decode(part).unwrap();
            serde_json::from_slice::<serde_json::Value>(&bytes).unwrap()
        };
        assert_eq!(read(parts[0]), json!({"typ": "JWT", "alg": "HS256"}));
        let service = "26785a09-ab16-4eb0-8407-a37497a57506";
        assert_eq!(read(parts[1]), json!({"iss": service, "iat": 1_568_818_578}));
    }
}
