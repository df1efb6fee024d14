//! The one mapping from what can go wrong to what is answered: RFC 9457 problem documents with
//! stable types, words that a person can act on, the request's id, and no personal data.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use doorstep_coding::ACCEPTED;
#[cfg(feature = "schema")]
use doorstep_core::attachment::MediaType;
use doorstep_core::wire::{PROTOCOL, Problem};

use super::coding;
use crate::attachment::{AttachmentError, Refused};
use crate::enrol::EnrolError;
use crate::store::StoreError;

/// Why a request is refused. Nothing stored was changed by it.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Refusal {
    /// The body is larger than the limit.
    #[error("a request may have {limit} bytes: send fewer events at once")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// There are more events than the limit.
    #[error("a request may hold {limit} events: send fewer at once")]
    TooManyEvents {
        /// The limit.
        limit: usize,
    },
    /// The body did not arrive in time.
    #[error("the request did not arrive within {seconds} seconds: send it again")]
    TooSlow {
        /// The limit in seconds.
        seconds: u64,
    },
    /// The body has a content coding that is not spoken here.
    #[error("the body must be sent with one of the content codings {}, or none", ACCEPTED)]
    ContentCoding,
    /// The body needs a dictionary that is not here.
    #[error("the dictionary {id} is not known here: send the body without it")]
    Dictionary {
        /// Its number.
        id: u32,
    },
    /// There is no room for the request now.
    #[error("the server has its hands full: send it again in {retry_after} seconds")]
    Busy {
        /// When to try again, in seconds.
        retry_after: u64,
    },
    /// One device comes too often.
    #[error("this device has come too often: it may again in {retry_after} seconds")]
    TooOften {
        /// When to try again, in seconds.
        retry_after: u64,
    },
    /// Too much comes from one address.
    #[error("too many requests come from this address: send it again in {retry_after} seconds")]
    TooManyRequests {
        /// When to try again, in seconds.
        retry_after: u64,
    },
    /// The body is not said to be what it must be.
    #[error("the body must be sent with content-type {expected}")]
    ContentType {
        /// What it must be said to be.
        expected: &'static str,
    },
    /// The body is nested deeper than the limit.
    #[error("the body may be nested {limit} levels deep")]
    TooDeep {
        /// The limit.
        limit: usize,
    },
    /// The body is not JSON, or not that of this operation.
    #[error("the body cannot be read: {what}")]
    Malformed {
        /// Where it stops making sense. Never what stands there.
        what: String,
    },
    /// The device speaks another version of the protocol.
    #[error("this server speaks version {PROTOCOL} of the protocol: update the app or the server")]
    Protocol,
    /// No token, or not one of a device here.
    #[error(
        "the token is missing or not one of a device here: ask for a code and enrol again; what is \
         on the device stays there"
    )]
    Unauthenticated,
    /// The device is shut out.
    #[error("this device was shut out: ask a manager; records that it holds can still be sent")]
    Revoked,
    /// The device cannot be enrolled.
    #[error("{0}")]
    Enrolment(String),
    /// Too many wrong codes.
    #[error("too many codes that do not work: try again in {retry_after} seconds")]
    TooManyAttempts {
        /// When to try again, in seconds.
        retry_after: u64,
    },
    /// No such resource.
    #[error("there is nothing at this address")]
    NotFound,
    /// Not with this method.
    #[error("this address takes other methods")]
    MethodNotAllowed,
    /// The server is not able to store anything now.
    #[error("the server cannot store anything at the moment: try again later")]
    Unavailable,
    /// The server has no organisation yet.
    #[error("this server is not set up yet: an administrator has to make the organisation")]
    NotSetUp,
    /// Something about an attachment.
    #[error(transparent)]
    Attachment(#[from] Refused),
    /// Something that must hold did not.
    #[error("the server failed: say the request's id when you ask for help")]
    Internal,
    /// The same, over what the request holds: the store itself is well.
    #[error("the server failed: say the request's id when you ask for help")]
    Stumbled,
}

impl Refusal {
    /// One of each kind.
    #[cfg(feature = "schema")]
    pub(super) fn every() -> [Self; 31] {
        [
            Self::Malformed { what: String::new() },
            Self::TooDeep { limit: 0 },
            Self::Protocol,
            Self::Unauthenticated,
            Self::Enrolment(String::new()),
            Self::Revoked,
            Self::NotFound,
            Self::MethodNotAllowed,
            Self::TooSlow { seconds: 0 },
            Self::TooLarge { limit: 0 },
            Self::TooManyEvents { limit: 0 },
            Self::ContentType { expected: "" },
            Self::ContentCoding,
            Self::TooOften { retry_after: 0 },
            Self::TooManyRequests { retry_after: 0 },
            Self::Busy { retry_after: 0 },
            Self::TooManyAttempts { retry_after: 0 },
            Self::Internal,
            Self::Unavailable,
            Self::NotSetUp,
            Self::Attachment(Refused::Size { limit: 0 }),
            Self::Attachment(Refused::ChunkSize { limit: 0 }),
            Self::Attachment(Refused::BeyondEnd { bytes: 0 }),
            Self::Attachment(Refused::Offset { received: 0 }),
            Self::Attachment(Refused::NotOffered),
            Self::Attachment(Refused::Mismatch),
            Self::Attachment(Refused::MediaType { claimed: MediaType::Pdf, found: None }),
            Self::Attachment(Refused::Unnamed),
            Self::Attachment(Refused::NotHere),
            Self::Attachment(Refused::Range { bytes: 0 }),
            Self::Attachment(Refused::ShutOut),
        ]
    }

    /// Status, stable name and title.
    pub(super) const fn kind(&self) -> (StatusCode, &'static str, &'static str) {
        use StatusCode as S;
        match self {
            Self::TooLarge { .. } => {
                (S::PAYLOAD_TOO_LARGE, "too-large", "The request is too large")
            }
            Self::TooManyEvents { .. } => {
                (S::PAYLOAD_TOO_LARGE, "too-many-events", "The request holds too many events")
            }
            Self::TooSlow { .. } => (S::REQUEST_TIMEOUT, "too-slow", "The request took too long"),
            Self::ContentType { .. } => {
                (S::UNSUPPORTED_MEDIA_TYPE, "content-type", "The body is not of the right type")
            }
            Self::ContentCoding | Self::Dictionary { .. } => {
                (S::UNSUPPORTED_MEDIA_TYPE, "content-coding", "The content coding is not spoken")
            }
            Self::Busy { .. } => (S::SERVICE_UNAVAILABLE, "busy", "The server has its hands full"),
            Self::TooOften { .. } => {
                (S::TOO_MANY_REQUESTS, "too-often", "The device comes too often")
            }
            Self::TooManyRequests { .. } => {
                (S::TOO_MANY_REQUESTS, "too-many-requests", "Too many requests")
            }
            Self::TooDeep { .. } => (S::BAD_REQUEST, "too-deep", "The body is nested too deeply"),
            Self::Malformed { .. } => (S::BAD_REQUEST, "malformed", "The body cannot be read"),
            Self::Protocol => {
                (S::BAD_REQUEST, "protocol", "The version of the protocol is not spoken")
            }
            Self::Unauthenticated => {
                (S::UNAUTHORIZED, "unauthenticated", "The device is not known")
            }
            Self::Revoked => (S::FORBIDDEN, "revoked", "The device was shut out"),
            Self::Enrolment(_) => (S::FORBIDDEN, "enrolment", "The device was not enrolled"),
            Self::TooManyAttempts { .. } => {
                (S::TOO_MANY_REQUESTS, "too-many-attempts", "Too many attempts")
            }
            Self::NotFound => (S::NOT_FOUND, "not-found", "Nothing is here"),
            Self::MethodNotAllowed => {
                (S::METHOD_NOT_ALLOWED, "method-not-allowed", "The method does not fit")
            }
            Self::Unavailable => {
                (S::SERVICE_UNAVAILABLE, "unavailable", "The server cannot store anything")
            }
            Self::NotSetUp => (S::SERVICE_UNAVAILABLE, "not-set-up", "The server is not set up"),
            Self::Attachment(refused) => Self::kind_of_attachment(refused),
            Self::Internal | Self::Stumbled => {
                (S::INTERNAL_SERVER_ERROR, "internal", "The server failed")
            }
        }
    }

    const fn kind_of_attachment(refused: &Refused) -> (StatusCode, &'static str, &'static str) {
        use StatusCode as S;
        match refused {
            Refused::Size { .. } => {
                (S::PAYLOAD_TOO_LARGE, "attachment-size", "The attachment has not the right size")
            }
            Refused::ChunkSize { .. } => {
                (S::PAYLOAD_TOO_LARGE, "attachment-piece-size", "The piece has not the right size")
            }
            Refused::BeyondEnd { .. } => {
                (S::BAD_REQUEST, "attachment-beyond-end", "The piece goes beyond the end")
            }
            Refused::Offset { .. } => {
                (S::CONFLICT, "attachment-offset", "Something before the piece is missing")
            }
            Refused::NotOffered => {
                (S::CONFLICT, "attachment-not-offered", "Nobody said what is to come")
            }
            Refused::Mismatch => {
                (S::UNPROCESSABLE_ENTITY, "attachment-mismatch", "The bytes are not those named")
            }
            Refused::MediaType { .. } => {
                (S::UNPROCESSABLE_ENTITY, "attachment-type", "The type is not the one said")
            }
            Refused::Unnamed => {
                (S::CONFLICT, "attachment-unnamed", "No record names the attachment")
            }
            Refused::NotHere => {
                (S::NOT_FOUND, "attachment-not-here", "The attachment has not arrived")
            }
            Refused::Range { .. } => {
                (S::RANGE_NOT_SATISFIABLE, "attachment-range", "The range is beyond the end")
            }
            Refused::ShutOut => (S::FORBIDDEN, "attachment-shut-out", "The device was shut out"),
        }
    }

    /// After how many seconds the request may be sent again, where the server says so.
    pub(super) const fn retry_after(&self) -> Option<u64> {
        match self {
            Self::TooManyAttempts { retry_after }
            | Self::Busy { retry_after }
            | Self::TooOften { retry_after }
            | Self::TooManyRequests { retry_after } => Some(*retry_after),
            Self::Unavailable | Self::NotSetUp => Some(30),
            _ => None,
        }
    }

    /// The answer, for the request with this id.
    pub fn answer(&self, request: &str) -> Response {
        let (status, kind, title) = self.kind();
        let problem = Problem {
            kind: format!("/problems/{kind}"),
            title: title.to_owned(),
            status: status.as_u16(),
            detail: self.to_string(),
            instance: format!("urn:uuid:{request}"),
        };
        let text = serde_json::to_string(&problem).expect("a problem has only string keys");
        let content_type = HeaderValue::from_static("application/problem+json");
        let mut response = (status, [(header::CONTENT_TYPE, content_type)], text).into_response();
        if let Some(seconds) = self.retry_after() {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Self::ContentCoding | Self::Dictionary { .. } = self {
            coding::say_what_is_taken(response.headers_mut());
        }
        if let Self::Unauthenticated = self {
            let scheme = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
        }
        response
    }
}

impl IntoResponse for Refusal {
    /// Leaves the refusal with the response; the frame, which knows the request's id, writes it
    /// out.
    fn into_response(self) -> Response {
        let mut response = self.kind().0.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        tracing::error!(error = crate::error_chain(&error), "the store failed");
        match error {
            StoreError::Stopped { .. } => Self::Unavailable,
            StoreError::Missing { what: "organisation" } => Self::NotSetUp,
            StoreError::Panicked | StoreError::Row { .. } => Self::Stumbled,
            _ => Self::Internal,
        }
    }
}

impl From<AttachmentError> for Refusal {
    fn from(error: AttachmentError) -> Self {
        match error {
            AttachmentError::Refused(refused) => refused.into(),
            AttachmentError::Store(error) => error.into(),
        }
    }
}

impl From<EnrolError> for Refusal {
    fn from(error: EnrolError) -> Self {
        match error {
            EnrolError::Store(error) => error.into(),
            EnrolError::PublicKey | EnrolError::Name => Self::Malformed { what: error.to_string() },
            EnrolError::Code => Self::Enrolment(error.to_string()),
        }
    }
}

/// Nothing is here.
pub async fn not_found() -> Refusal {
    Refusal::NotFound
}

/// The method does not fit.
pub async fn method_not_allowed() -> Refusal {
    Refusal::MethodNotAllowed
}
