//! The network of a device on a laptop: one request, one answer, and what it means when there is
//! none. It never decides what to send; that is the store's sync machine.

use std::cell::Cell;
use std::sync::OnceLock;
use std::time::Duration;

use doorstep_coding::{ACCEPTED, Chosen, Coding, DICTIONARY_HEADER};
use doorstep_core::wire::Problem;
use reqwest::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, RANGE, RETRY_AFTER};
use reqwest::{Response, StatusCode, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::failure::{Failure, OrFail as _, Outcome, chain};

/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long one exchange may take.
const EXCHANGE_TIMEOUT: Duration = Duration::from_mins(1);
/// Bytes of an answer.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;

/// An authority that is trusted beside those of the system, as long as the command runs.
static AUTHORITY: OnceLock<reqwest::Certificate> = OnceLock::new();

/// Trusts a certificate authority of one's own beside those of the system.
pub fn trust(pem: &[u8]) -> Outcome {
    let authority = reqwest::Certificate::from_pem(pem);
    let authority = authority.or_no("the certificate authority must be one certificate, PEM")?;
    AUTHORITY.get_or_init(|| authority);
    Ok(())
}

/// A connection to one server.
pub struct Client {
    http: reqwest::Client,
    runtime: tokio::runtime::Runtime,
    base: Url,
    /// How requests are coded: as well as the server takes it, by what it said last.
    chosen: Cell<Chosen>,
}

/// Why there is no answer that can be used.
#[derive(Debug, thiserror::Error)]
pub enum NoAnswer {
    /// The server could not be reached.
    #[error(
        "the server cannot be reached ({0}): your records are safe on this device; sync again later"
    )]
    Unreachable(String),
    /// The server said no, and why.
    #[error("the server refused: {} (request {})", problem.detail, problem.instance)]
    Refused {
        /// What it said.
        problem: Box<Problem>,
        /// After which time to ask again.
        retry_after: Option<Duration>,
    },
    /// Something answered that is no Doorstep server.
    #[error(
        "what answers is no Doorstep server ({0}): check the address, or the network's sign-in page"
    )]
    Stranger(String),
}

impl NoAnswer {
    /// After which time to ask again, where the server said so.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused { retry_after, .. } => *retry_after,
            Self::Unreachable(_) | Self::Stranger(_) => None,
        }
    }

    /// What the server said, where it was the server.
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Refused { problem, .. } => Some(problem),
            Self::Unreachable(_) | Self::Stranger(_) => None,
        }
    }
}

impl Client {
    /// A client of the server at `address`.
    pub fn new(address: &str) -> Outcome<Self> {
        let base = base(address)?;
        // A second installation is refused, which is as good: there is a provider then.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder();
        if let Some(authority) = AUTHORITY.get() {
            builder = builder.tls_certs_merge([authority.clone()]);
        }
        let http = builder
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(EXCHANGE_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .or_no("cannot prepare the network")?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .or_no("cannot prepare the network")?;
        Ok(Self { http, runtime, base, chosen: Cell::new(Chosen::hopeful()) })
    }

    /// Sends `body` to `path` and reads the answer.
    pub fn post<A: DeserializeOwned>(
        &self,
        path: &str,
        token: Option<&str>,
        body: &impl Serialize,
    ) -> Result<A, NoAnswer> {
        let url = self.url(path);
        let plain = serde_json::to_vec(body).expect("a request has only string keys");
        self.runtime.block_on(async {
            loop {
                let chosen = self.chosen.get();
                let response = self.send(&url, token, chosen, plain.clone()).await?;
                let takes = header(&response, ACCEPT_ENCODING.as_str());
                let dictionaries = header(&response, DICTIONARY_HEADER);
                let refused = response.status() == StatusCode::UNSUPPORTED_MEDIA_TYPE;
                if refused && chosen != Chosen::PLAIN {
                    // Less is tried each time, and at last nothing: this comes to an end.
                    let next = chosen.after_refusal(takes.as_deref(), dictionaries.as_deref());
                    self.chosen.set(next);
                    continue;
                }
                if takes.is_some() {
                    self.chosen.set(Chosen::of(takes.as_deref(), dictionaries.as_deref()));
                }
                return read(response).await;
            }
        })
    }

    async fn send(
        &self,
        url: &str,
        token: Option<&str>,
        chosen: Chosen,
        plain: Vec<u8>,
    ) -> Result<Response, NoAnswer> {
        let (coding, bytes) = doorstep_coding::encode(chosen, plain);
        let mut request = self.http.post(url);
        request = request.header(CONTENT_TYPE, "application/json");
        request = request.header(ACCEPT_ENCODING, ACCEPTED);
        request = request.header(DICTIONARY_HEADER, doorstep_coding::held());
        if coding != Coding::Identity {
            request = request.header(CONTENT_ENCODING, coding.name());
        }
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        request.body(bytes).send().await.map_err(|error| unreachable(&error))
    }
}

/// Attachments: what is to come, a piece of it, and its bytes.
impl Client {
    /// Says `body` of what is at `path`.
    pub fn put<A: DeserializeOwned>(
        &self,
        path: &str,
        token: &str,
        body: &impl Serialize,
    ) -> Result<A, NoAnswer> {
        self.ask(self.http.put(self.url(path)).json(body), token)
    }

    /// Adds bytes to what is at `path`.
    pub fn patch<A: DeserializeOwned>(
        &self,
        path: &str,
        token: &str,
        bytes: Vec<u8>,
    ) -> Result<A, NoAnswer> {
        let request = self.http.patch(self.url(path));
        self.ask(request.header(CONTENT_TYPE, "application/octet-stream").body(bytes), token)
    }

    /// Gets what is at `path`, from the byte `from` on. `take` is given the bytes as they come, and
    /// says whether it wants more.
    pub fn get(
        &self,
        path: &str,
        token: &str,
        from: u64,
        mut take: impl FnMut(&[u8]) -> bool,
    ) -> Result<(), NoAnswer> {
        let request = self.http.get(self.url(path)).bearer_auth(token);
        let request = request.header(RANGE, format!("bytes={from}-"));
        self.runtime.block_on(async {
            let mut response = request.send().await.map_err(|error| unreachable(&error))?;
            if response.status() != StatusCode::PARTIAL_CONTENT {
                let answer = read::<serde_json::Value>(response).await;
                let strange = || NoAnswer::Stranger("it gave another part".to_owned());
                return Err(answer.err().unwrap_or_else(strange));
            }
            while let Some(bytes) = response.chunk().await.map_err(|error| unreachable(&error))? {
                if !take(&bytes) {
                    return Ok(());
                }
            }
            Ok(())
        })
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base.as_str().trim_end_matches('/'))
    }

    fn ask<A: DeserializeOwned>(
        &self,
        request: reqwest::RequestBuilder,
        token: &str,
    ) -> Result<A, NoAnswer> {
        self.runtime.block_on(async {
            let response = request.bearer_auth(token).send().await;
            read(response.map_err(|error| unreachable(&error))?).await
        })
    }
}

fn base(address: &str) -> Outcome<Url> {
    let wrong = || {
        let sentence =
            format!("\"{address}\" is not a server's address: write https://doorstep.example");
        Failure::Misused(sentence)
    };
    let url = Url::parse(address.trim()).map_err(|_| wrong())?;
    let host = url.host_str().ok_or_else(wrong)?;
    let loopback = matches!(host, "127.0.0.1" | "localhost" | "[::1]");
    match url.scheme() {
        "https" => Ok(url),
        "http" if loopback => Ok(url),
        "http" => Err(Failure::Misused(format!(
            "{address} would send records in the clear: use https:// (plain http:// is for this \
             machine only)"
        ))),
        _ => Err(wrong()),
    }
}

async fn read<A: DeserializeOwned>(mut response: Response) -> Result<A, NoAnswer> {
    let status = response.status();
    let kind = header(&response, CONTENT_TYPE.as_str()).unwrap_or_default();
    let coding = header(&response, CONTENT_ENCODING.as_str());
    let retry_after = header(&response, RETRY_AFTER.as_str())
        .and_then(|seconds| seconds.parse().ok())
        .map(Duration::from_secs);
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| unreachable(&error))? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > ANSWER_BYTES_MAX {
            return Err(NoAnswer::Stranger(format!("more than {ANSWER_BYTES_MAX} bytes")));
        }
    }
    let coding = Coding::named(coding.as_deref())
        .ok_or_else(|| NoAnswer::Stranger("a content coding that was not asked for".to_owned()))?;
    let bytes = doorstep_coding::decode(coding, &bytes, ANSWER_BYTES_MAX)
        .map_err(|error| NoAnswer::Stranger(error.to_string()))?;
    if status == StatusCode::OK && kind.starts_with("application/json") {
        return serde_json::from_slice(&bytes)
            .map_err(|error| NoAnswer::Stranger(format!("an answer in another form: {error}")));
    }
    match serde_json::from_slice::<Problem>(&bytes) {
        Ok(problem) => Err(NoAnswer::Refused { problem: Box::new(problem), retry_after }),
        Err(_) => Err(NoAnswer::Stranger(format!("status {status}, {kind}"))),
    }
}

fn header(response: &Response, name: &str) -> Option<String> {
    response.headers().get(name)?.to_str().ok().map(str::to_owned)
}

fn unreachable(error: &reqwest::Error) -> NoAnswer {
    if error.is_timeout() {
        return NoAnswer::Unreachable("it took too long".to_owned());
    }
    // The error itself repeats the address; its causes say what happened.
    let cause = std::error::Error::source(error);
    NoAnswer::Unreachable(cause.map_or_else(|| error.to_string(), chain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_never_travel_in_the_clear_beyond_this_machine() {
        for (address, code) in [
            ("https://doorstep.example", None),
            ("http://127.0.0.1:8470", None),
            ("http://localhost:8470/", None),
            ("http://doorstep.example", Some(2)),
            ("ftp://doorstep.example", Some(2)),
            ("doorstep.example", Some(2)),
            ("", Some(2)),
        ] {
            let found = base(address).err().map(|failure| failure.exit_code());
            assert_eq!(found, code, "{address}");
        }
    }
}
