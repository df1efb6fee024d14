//! Who may see the pages: the browser that opened the link, and nobody else who uses this machine
//! or lures that browser elsewhere.

use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{Method, Response, StatusCode, header};

use crate::ambient;

/// The guard of one run.
pub struct Guard {
    address: SocketAddr,
    /// The word of the link; none once it was used.
    word: Mutex<Option<String>>,
    /// What the browser shows from then on.
    secret: String,
    link: String,
}

/// What becomes of a request.
pub enum Let {
    /// It may go on.
    In,
    /// It is answered.
    Answer(Box<Response<Body>>),
}

impl Guard {
    /// A guard of the pages at `address`, with a fresh link.
    pub fn new(address: SocketAddr) -> Self {
        let word = hex::encode(ambient::random::<16>());
        let link = format!("http://{address}/open/{word}");
        let secret = hex::encode(ambient::random::<32>());
        Self { address, word: Mutex::new(Some(word)), secret, link }
    }

    /// The link that opens the pages once.
    pub fn link(&self) -> &str {
        &self.link
    }

    /// Looks at a request.
    pub fn check(&self, parts: &Parts) -> Let {
        let host = header_of(parts, &header::HOST);
        if host != self.address.to_string() {
            // A name of somebody else's that leads here.
            return refuse("These pages have no other name than the one in the link.");
        }
        let from = header_of(parts, &header::ORIGIN);
        let own = format!("http://{}", self.address);
        if parts.method == Method::POST && !from.is_empty() && from != own {
            return refuse("This form came from another site.");
        }
        if let Some(word) = parts.uri.path().strip_prefix("/open/") {
            return self.open(word);
        }
        let shown = header_of(parts, &header::COOKIE);
        let mut cookies = shown.split(';').filter_map(|cookie| cookie.trim().split_once('='));
        let name = self.cookie();
        if cookies.any(|(key, value)| key == name && same(value, &self.secret)) {
            return Let::In;
        }
        refuse("Open the link that doorstep printed. It works once; start it again for another.")
    }

    fn open(&self, word: &str) -> Let {
        let mut waiting = self.word.lock().unwrap_or_else(PoisonError::into_inner);
        if !waiting.as_deref().is_some_and(|right| same(word, right)) {
            return refuse("This link was used already: stop doorstep and start it again.");
        }
        *waiting = None;
        let cookie =
            format!("{}={}; HttpOnly; SameSite=Strict; Path=/", self.cookie(), self.secret);
        let mut response = plain(StatusCode::SEE_OTHER, "");
        for (name, value) in [(header::LOCATION, "/".to_owned()), (header::SET_COOKIE, cookie)] {
            if let Ok(value) = value.parse() {
                response.headers_mut().insert(name, value);
            }
        }
        Let::Answer(Box::new(response))
    }

    /// Cookies do not keep ports apart, so the name does.
    fn cookie(&self) -> String {
        format!("doorstep-{}", self.address.port())
    }
}

/// Compares two secrets in a time that does not tell where they differ.
fn same(one: &str, other: &str) -> bool {
    let differing = one.bytes().zip(other.bytes()).fold(0, |sum, (a, b)| sum | (a ^ b));
    one.len() == other.len() && differing == 0
}

fn header_of<'a>(parts: &'a Parts, name: &header::HeaderName) -> &'a str {
    parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn refuse(words: &'static str) -> Let {
    Let::Answer(Box::new(plain(StatusCode::FORBIDDEN, words)))
}

/// An answer in plain words.
pub fn plain(status: StatusCode, words: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(words));
    *response.status_mut() = status;
    let kind = header::HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn guard() -> Guard {
        Guard::new("127.0.0.1:4711".parse().unwrap())
    }

    fn ask(guard: &Guard, method: &str, path: &str, headers: &[(&str, &str)]) -> u16 {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        match guard.check(&request.body(()).unwrap().into_parts().0) {
            Let::In => 200,
            Let::Answer(response) => response.status().as_u16(),
        }
    }

    #[test]
    fn the_link_opens_once_and_only_for_the_browser_that_used_it() {
        let guard = guard();
        let host = ("host", "127.0.0.1:4711");
        let path = guard.link().strip_prefix("http://127.0.0.1:4711").unwrap().to_owned();
        let cookie = format!("a=b; doorstep-4711={}", guard.secret);
        assert_eq!(ask(&guard, "GET", "/", &[host]), 403);
        assert_eq!(ask(&guard, "GET", "/open/guess", &[host]), 403);
        assert_eq!(ask(&guard, "GET", &path, &[host]), 303);
        assert_eq!(ask(&guard, "GET", &path, &[host]), 403);
        assert_eq!(ask(&guard, "GET", "/", &[host, ("cookie", &cookie)]), 200);
        assert_eq!(ask(&guard, "GET", "/", &[host, ("cookie", "doorstep-4711=guess")]), 403);
    }

    #[test]
    fn neither_another_name_nor_another_site_gets_in() {
        let guard = guard();
        let cookie = format!("doorstep-4711={}", guard.secret);
        let cookie = ("cookie", cookie.as_str());
        for (host, origin, status) in [
            ("127.0.0.1:4711", "http://127.0.0.1:4711", 200),
            ("127.0.0.1:4711", "http://evil.example", 403),
            ("127.0.0.1:4711", "null", 403),
            ("evil.example:4711", "http://evil.example:4711", 403),
        ] {
            let headers = [("host", host), ("origin", origin), cookie];
            assert_eq!(ask(&guard, "POST", "/lock", &headers), status, "{host} {origin}");
        }
    }
}
