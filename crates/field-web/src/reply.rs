//! What an answer of the network means. The shell does the `fetch`; whether what came back is an
//! answer of a Doorstep server is said here, so that a network's sign-in page never counts as one.

use std::time::Duration;

use doorstep_core::wire::Problem;
use doorstep_device_store::Progress;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// What the shell is to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// The method.
    pub method: &'static str,
    /// Where on the server.
    pub path: String,
    /// The secret that it is shown with; none at the enrolment.
    pub token: Option<String>,
    /// What the body is.
    pub media_type: &'static str,
    /// The body.
    pub body: Vec<u8>,
}

impl Outgoing {
    /// A request with a body of JSON.
    pub(crate) fn json(
        method: &'static str,
        path: String,
        token: Option<String>,
        body: &impl Serialize,
    ) -> serde_json::Result<Self> {
        let body = serde_json::to_vec(body)?;
        Ok(Self { method, path, token, media_type: "application/json", body })
    }
}

/// What the shell got.
#[derive(Clone, Copy, Debug)]
pub struct Reply<'a> {
    /// The HTTP status; 0 where there was no answer at all.
    pub status: u16,
    /// The media type.
    pub content_type: &'a str,
    /// The header `retry-after`, as it came.
    pub retry_after: &'a str,
    /// The body.
    pub body: &'a str,
}

/// Why there is no answer that can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NoAnswer {
    /// What to tell the person.
    pub sentence: String,
    /// After which time the server wants to be asked again.
    pub retry_after: Option<Duration>,
    /// What the server said, where it was one.
    pub problem: Option<Box<Problem>>,
}

impl Reply<'_> {
    /// The answer, if it is one.
    pub(crate) fn read<A: DeserializeOwned>(&self) -> Result<A, NoAnswer> {
        if self.status == 0 {
            return Err(NoAnswer::stranger("The server cannot be reached from here."));
        }
        if self.status == 200 && self.content_type.starts_with("application/json") {
            return serde_json::from_str(self.body).map_err(|_| {
                NoAnswer::stranger(
                    "The server answered in a form that this version of the app cannot read.",
                )
            });
        }
        match serde_json::from_str::<Problem>(self.body) {
            Ok(problem) => Err(NoAnswer {
                sentence: sentence(&problem.detail),
                retry_after: self.retry_after.trim().parse().ok().map(Duration::from_secs),
                problem: Some(Box::new(problem)),
            }),
            Err(_) => Err(NoAnswer::stranger(
                "What answers is no Doorstep server: perhaps this network wants you to sign in \
                 first.",
            )),
        }
    }
}

impl NoAnswer {
    pub(crate) fn stranger(sentence: &str) -> Self {
        Self { sentence: sentence.to_owned(), retry_after: None, problem: None }
    }
}

/// A problem's detail as a sentence on a screen.
fn sentence(detail: &str) -> String {
    let mut letters = detail.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), letters.as_str().trim_end_matches('.'))
}

/// What became of an exchange, as the shell passes it on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Heard {
    /// What to tell the person, where there was no answer.
    pub trouble: Option<String>,
    /// Own records that the server has now.
    pub sent: u64,
    /// Those of them that it set aside.
    pub set_aside: u64,
    /// Records that came.
    pub received: u64,
    /// Children who entered, or whose card changed.
    pub children: u64,
    /// Children who left.
    pub left: u64,
    /// Own records still to be sent.
    pub unsent: u64,
    /// Children still to come.
    pub children_left: u64,
}

impl Heard {
    pub(crate) fn progress(progress: &Progress) -> Self {
        Self {
            trouble: None,
            sent: progress.receipts,
            set_aside: progress.needs_you,
            received: progress.new_events,
            children: progress.cards,
            left: progress.forgotten,
            unsent: progress.unsent,
            children_left: progress.children_left,
        }
    }

    pub(crate) fn trouble(sentence: impl Into<String>) -> Self {
        Self { trouble: Some(sentence.into()), ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(status: u16, content_type: &str, body: &str) -> Result<u32, NoAnswer> {
        Reply { status, content_type, retry_after: "7", body }.read()
    }

    #[test]
    fn only_a_servers_own_answer_counts() {
        let problem = r#"{"type":"/problems/revoked","title":"x","status":403,
            "detail":"this device was shut out","instance":"1","protocol":1}"#;
        for (status, content_type, body, said) in [
            (200, "application/json", "7", Ok(7)),
            (200, "text/html", "<h1>Welcome to our Wi-Fi</h1>", Err("What answers is no")),
            (200, "application/json", "<h1>Welcome</h1>", Err("The server answered in a form")),
            (302, "text/html", "", Err("What answers is no")),
            (0, "", "", Err("The server cannot be reached")),
            (403, "application/problem+json", problem, Err("This device was shut out.")),
        ] {
            match (read(status, content_type, body), said) {
                (Ok(read), Ok(said)) => assert_eq!(read, said),
                (Err(read), Err(said)) => assert!(read.sentence.starts_with(said), "{read:?}"),
                (read, said) => panic!("{read:?} is not {said:?}"),
            }
        }
    }

    #[test]
    fn only_a_server_may_ask_to_wait() {
        let problem = r#"{"type":"x","title":"x","status":503,"detail":"later","instance":"1",
            "protocol":1}"#;
        let refused = read(503, "application/problem+json", problem).unwrap_err();
        assert_eq!(refused.retry_after, Some(Duration::from_secs(7)));
        assert_eq!(read(503, "text/html", "busy").unwrap_err().retry_after, None);
    }
}
