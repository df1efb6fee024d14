//! A manager's browser, as far as the story needs one: it signs in and reads a page.

use reqwest::header::{COOKIE, SET_COOKIE};
use reqwest::{RequestBuilder, Response};
use tokio::runtime::Runtime;

use crate::failure::{Failure, OrFail as _, Outcome};

/// A browser that is signed in.
pub struct Browser {
    http: reqwest::Client,
    runtime: Runtime,
    base: String,
    cookies: Vec<(String, String)>,
}

impl Browser {
    /// Signs in to the console at `base`.
    pub fn sign_in(base: &str, login: &str, password: &str) -> Outcome<Self> {
        // A second installation is refused, which is as good: there is a provider then.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .or_no("cannot prepare a browser")?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .or_no("cannot prepare a browser")?;
        let mut browser = Self { http, runtime, base: base.to_owned(), cookies: Vec::new() };
        let form = browser.get("/sign-in")?;
        let csrf = hidden_field(&form, "csrf").unwrap_or_default();
        let typed = [("csrf", csrf), ("login", login), ("password", password)];
        let body: Vec<_> = typed.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let request = browser
            .http
            .post(format!("{base}/sign-in"))
            .header("content-type", "application/x-www-form-urlencoded")
            .header("origin", base)
            .body(body.join("&"));
        let (status, _) = browser.send(request)?;
        if status != 303 {
            let sentence = format!("the console did not let {login} in (status {status})");
            return Err(Failure::No(sentence));
        }
        Ok(browser)
    }

    /// A page's HTML.
    pub fn get(&mut self, path: &str) -> Outcome<String> {
        let request = self.http.get(format!("{}{path}", self.base));
        let (status, page) = self.send(request)?;
        if status == 200 {
            Ok(page)
        } else {
            Err(Failure::No(format!("{path} answered with status {status}")))
        }
    }

    fn send(&mut self, request: RequestBuilder) -> Outcome<(u16, String)> {
        let cookies: Vec<_> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = request.header(COOKIE, cookies.join("; "));
        let answer = self.runtime.block_on(async {
            let response = request.send().await?;
            let (status, cookies) = (response.status().as_u16(), cookies_of(&response));
            Ok::<_, reqwest::Error>((status, cookies, response.text().await?))
        });
        let (status, cookies, page) = answer.or_no("the console did not answer")?;
        for (name, value) in cookies {
            self.cookies.retain(|(known, _)| *known != name);
            self.cookies.push((name, value));
        }
        Ok((status, page))
    }
}

fn cookies_of(response: &Response) -> Vec<(String, String)> {
    let cookies = response.headers().get_all(SET_COOKIE).iter().filter_map(|cookie| {
        let (pair, _) = cookie.to_str().ok()?.split_once(';')?;
        let (name, value) = pair.split_once('=')?;
        Some((name.to_owned(), value.to_owned()))
    });
    cookies.collect()
}

/// The value of a hidden field of a form.
fn hidden_field<'a>(page: &'a str, name: &str) -> Option<&'a str> {
    let at = page.find(&format!("name=\"{name}\""))?;
    let rest = &page[at..];
    let value = &rest[rest.find("value=\"")? + 7..];
    value.split('"').next()
}
