//! What surrounds every request of the protocol: its id, its line in the log, and its refusal
//! written out.

use std::net::IpAddr;

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::STRICT_TRANSPORT_SECURITY;
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use doorstep_core::ids::EventId;

use super::problem::Refusal;
use crate::ambient::stopwatch;
use crate::app::AppState;
use crate::pace::{Address, Peer, counted};

const REQUEST_HEADER: &str = "doorstep-request";
/// Two years of HTTPS only, for this host.
const HSTS: &str = "max-age=63072000";

/// Gives a request its id, logs it by its route, never by its address, and writes out its refusal.
pub async fn frame(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let id = EventId::at(state.ambient.now(), state.ambient.entropy()).0.to_string();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let started = stopwatch();
    let response = match let_in(&state, &mut request) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    };
    let mut response = match response.extensions().get::<Refusal>() {
        Some(refusal) => refusal.answer(&id),
        None => response,
    };
    let elapsed_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let route = route.unwrap_or_default();
    let status = response.status().as_u16();
    tracing::info!(request = id, %method, route, status, elapsed_ms, "request");
    if state.config.is_secure() {
        response.headers_mut().insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(HSTS));
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_HEADER, value);
    }
    response
}

/// Lets a request in, unless too many come from its address.
fn let_in(state: &AppState, request: &mut Request) -> Result<(), Refusal> {
    let peer = request.extensions().get::<Peer>().map(|peer| peer.0);
    let told = || forwarded(request.headers());
    let address = if state.config.behind_proxy { told().or(peer) } else { peer };
    let Some(address) = address.map(counted) else { return Ok(()) };
    let visit = state.paces.address.visit(&address, state.ambient.now());
    visit.map_err(|retry_after| Refusal::TooManyRequests { retry_after })?;
    request.extensions_mut().insert(Address(address));
    Ok(())
}

/// Whom the proxy in front says that it speaks for: the last entry is its own, all before it are
/// whatever the client liked to send.
fn forwarded(headers: &HeaderMap) -> Option<IpAddr> {
    let line = headers.get_all("x-forwarded-for").iter().next_back()?;
    line.to_str().ok()?.rsplit(',').next()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_proxys_own_word_counts() {
        let mut headers = HeaderMap::new();
        assert_eq!(forwarded(&headers), None);
        for (line, expected) in [
            ("192.0.2.1", Some("192.0.2.1")),
            ("203.0.113.9, 192.0.2.2", Some("192.0.2.2")),
            ("203.0.113.9,2001:db8::1", Some("2001:db8::1")),
            ("unknown", None),
        ] {
            headers.append("x-forwarded-for", HeaderValue::from_static(line));
            assert_eq!(forwarded(&headers), expected.map(|it| it.parse().unwrap()), "{line}");
        }
    }
}
