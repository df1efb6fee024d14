//! Requests to the services that tell people: no redirects, a time limit, and answers that are read
//! only as far as anybody needs.

use std::time::Duration;

use chrono::TimeDelta;
use reqwest::header::RETRY_AFTER;
use reqwest::{Client, RequestBuilder, Response, StatusCode};

use super::{ChannelsError, Outcome};

/// How long one request may take.
const TIMEOUT: Duration = Duration::from_secs(20);
/// How much of an answer is read.
const ANSWER_BYTES_MAX: usize = 256 * 1024;
/// How long a receiver may ask to be left alone.
const AFTER_MAX: TimeDelta = TimeDelta::days(1);

/// A client for them.
pub fn client() -> Result<Client, ChannelsError> {
    // A second installation is refused, which is as good: there is a provider then.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .timeout(TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("doorstep/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|_| ChannelsError::Setting("the network cannot be prepared"))
}

/// An answer, as far as it was read.
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// How long the receiver wants to be left alone.
    pub after: Option<TimeDelta>,
    /// Its first bytes.
    pub body: Vec<u8>,
}

impl Answer {
    /// The failure that it means.
    pub fn failed(&self, who: &str) -> Outcome {
        let why = format!("{who} answered {}", self.status.as_u16());
        Outcome::Failed { why, after: self.after }
    }
}

/// Sends a request to `who`; the failure in our own words where there is no answer.
pub async fn ask(request: RequestBuilder, who: &str) -> Result<Answer, Outcome> {
    let response = request.send().await.map_err(|error| {
        let what = if error.is_timeout() { "did not answer in time" } else { "cannot be reached" };
        Outcome::failed(format!("{who} {what}"))
    })?;
    let (status, after) = (response.status(), retry_after(&response));
    let body = read(response).await.map_err(|_| Outcome::failed(format!("{who} broke off")))?;
    Ok(Answer { status, after, body })
}

async fn read(mut response: Response) -> reqwest::Result<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        body.extend_from_slice(&chunk);
        if body.len() > ANSWER_BYTES_MAX {
            break;
        }
    }
    Ok(body)
}

fn retry_after(response: &Response) -> Option<TimeDelta> {
    let seconds = response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(TimeDelta::try_seconds(seconds)?.clamp(TimeDelta::zero(), AFTER_MAX))
}
