//! What surrounds every request of the protocol: its id, its line in the log, and its refusal
//! written out. And how many wrong codes are taken.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{MatchedPath, Request, State};
use axum::http::HeaderValue;
use axum::middleware::Next;
use axum::response::Response;
use chrono::{DateTime, TimeDelta, Utc};
use doorstep_core::ids::EventId;

use super::problem::Refusal;
use crate::ambient::stopwatch;
use crate::app::AppState;

const REQUEST_HEADER: &str = "doorstep-request";

/// Gives a request its id, logs it by its route, never by its address, and writes out its refusal.
pub async fn frame(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let id = EventId::at(state.ambient.now(), state.ambient.entropy()).0.to_string();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let started = stopwatch();
    let response = next.run(request).await;
    let mut response = match response.extensions().get::<Refusal>() {
        Some(refusal) => refusal.answer(&id),
        None => response,
    };
    let elapsed_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let route = route.unwrap_or_default();
    let status = response.status().as_u16();
    tracing::info!(request = id, %method, route, status, elapsed_ms, "request");
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_HEADER, value);
    }
    response
}

/// The server, with how many wrong codes came lately.
#[derive(Clone)]
pub struct Attempts {
    /// The server.
    pub app: AppState,
    wrong: Arc<Mutex<VecDeque<DateTime<Utc>>>>,
}

impl Attempts {
    /// No wrong codes yet.
    pub fn new(app: &AppState) -> Self {
        Self { app: app.clone(), wrong: Arc::default() }
    }

    /// Refuses while too many wrong codes came within the last minute.
    pub fn check(&self, now: DateTime<Utc>) -> Result<(), Refusal> {
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        let minute = TimeDelta::minutes(1);
        while wrong.front().is_some_and(|first| now - *first >= minute) {
            wrong.pop_front();
        }
        let limit = usize::try_from(self.app.config.enrol_attempts).unwrap_or(usize::MAX);
        match wrong.front() {
            Some(first) if wrong.len() >= limit => {
                let left = (minute - (now - *first)).num_seconds().max(1);
                Err(Refusal::TooManyAttempts { retry_after: u64::try_from(left).unwrap_or(60) })
            }
            _ => Ok(()),
        }
    }

    /// One more wrong code.
    pub fn count(&self, now: DateTime<Utc>) {
        self.wrong.lock().unwrap_or_else(PoisonError::into_inner).push_back(now);
    }
}
