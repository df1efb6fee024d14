//! `GET /field` and below: the field app, as `setup/field` built it. The files are read once, when
//! the server starts; a page inside the app is the app's own affair, so every address without a
//! file gets the shell. Where there is no app, the address says so and what to do.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path as Address, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::config::Config;

/// The folder's name where the configuration names none.
const FOLDER: &str = "field";
/// Written last by whoever builds the folder: without it the folder is unfinished.
const STAMP: &str = "version.txt";
const SHELL: &str = "index.html";

/// WebAssembly is compiled from our own origin; nothing is written into a page.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; \
    worker-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; \
    manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const HEADERS: [(HeaderName, &str); 7] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::VARY, "accept-encoding"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "geolocation=(), microphone=(), payment=()"),
];

const MISSING: &str = "<!doctype html>\n<html lang=\"en-GB\">\n<meta charset=\"utf-8\">\n\
    <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
    <title>The field app is not on this server – Doorstep</title>\n\
    <h1>The field app is not on this server</h1>\n\
    <p>The console and the command work without it, and devices that have the app go on.</p>\n\
    <p>To put it here: run <code>setup/field</code> in the source folder, on a machine with clang \
    and Rust’s WebAssembly target, and point the server at the folder that it made with \
    <code>field_app</code>.</p>\n</html>\n";

/// What a path ends with, and what that is.
const MEDIA_TYPES: [(&str, &str); 8] = [
    ("css", "text/css; charset=utf-8"),
    ("html", "text/html; charset=utf-8"),
    ("js", "text/javascript; charset=utf-8"),
    ("png", "image/png"),
    ("svg", "image/svg+xml"),
    ("txt", "text/plain; charset=utf-8"),
    ("wasm", "application/wasm"),
    ("webmanifest", "application/manifest+json"),
];

/// The files by path, or nothing.
type App = Arc<BTreeMap<String, File>>;

/// One file, as it is and compressed.
#[derive(Debug)]
struct File {
    media_type: &'static str,
    plain: Bytes,
    gzip: Option<Bytes>,
    brotli: Option<Bytes>,
}

/// The routes, over the folder that the configuration names, or the one beside the program.
pub fn router(config: &Config) -> Router {
    let app = folder(config).map_or_else(BTreeMap::new, |folder| match load(&folder) {
        Ok(files) => files,
        Err(error) => {
            tracing::error!(folder = %folder.display(), %error, "the field app cannot be read");
            BTreeMap::new()
        }
    });
    if app.is_empty() {
        tracing::info!("no field app: /field says what to do");
    }
    routes(Arc::new(app))
}

fn routes(app: App) -> Router {
    Router::new()
        .route("/field", get(shell))
        .route("/field/", get(shell))
        .route("/field/{*path}", get(file))
        .with_state(app)
}

/// Where the app lies: as configured, else beside the program or one folder above it.
fn folder(config: &Config) -> Option<PathBuf> {
    if !config.field_app.as_os_str().is_empty() {
        return Some(config.field_app.clone());
    }
    let program = std::env::current_exe().ok()?;
    let mut places = program.ancestors().skip(1).take(2).map(|place| place.join(FOLDER));
    places.find(|place| place.join(STAMP).is_file())
}

fn load(folder: &Path) -> io::Result<BTreeMap<String, File>> {
    let version = fs::read_to_string(folder.join(STAMP))?;
    let mut files = BTreeMap::new();
    collect(folder, "", &mut files)?;
    tracing::info!(version, files = files.len(), "field app");
    Ok(files)
}

fn collect(folder: &Path, under: &str, files: &mut BTreeMap<String, File>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        let address = format!("{under}{name}");
        if path.is_dir() {
            collect(&path, &format!("{address}/"), files)?;
        } else if let Some(media_type) = media_type(name) {
            let beside = |ending| fs::read(folder.join(format!("{name}{ending}"))).ok();
            let (gzip, brotli) = (beside(".gz").map(Bytes::from), beside(".br").map(Bytes::from));
            let plain = fs::read(&path)?.into();
            files.insert(address, File { media_type, plain, gzip, brotli });
        }
    }
    Ok(())
}

fn media_type(name: &str) -> Option<&'static str> {
    let (_, ending) = name.rsplit_once('.')?;
    MEDIA_TYPES.iter().find(|(known, _)| *known == ending).map(|(_, media_type)| *media_type)
}

async fn shell(State(app): State<App>, headers: HeaderMap) -> Response {
    answer(&app, SHELL, &headers)
}

async fn file(
    State(app): State<App>,
    Address(path): Address<String>,
    headers: HeaderMap,
) -> Response {
    if app.contains_key(&path) || media_type(&path).is_some() {
        return answer(&app, &path, &headers);
    }
    answer(&app, SHELL, &headers)
}

fn answer(app: &App, path: &str, headers: &HeaderMap) -> Response {
    let mut response = match app.get(path) {
        Some(file) => file.answer(path, headers),
        None if path == SHELL => {
            let html = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
            (StatusCode::SERVICE_UNAVAILABLE, html, MISSING).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    };
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

impl File {
    fn answer(&self, path: &str, headers: &HeaderMap) -> Response {
        let accepted = headers.get_all(header::ACCEPT_ENCODING).iter();
        let accepted =
            accepted.filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(','));
        let accepted: Vec<_> = accepted.map(|coding| coding.trim().to_ascii_lowercase()).collect();
        let takes = |coding: &str| accepted.iter().any(|it| it == coding);
        let (coding, bytes) = match (&self.brotli, &self.gzip) {
            (Some(brotli), _) if takes("br") => (Some("br"), brotli),
            (_, Some(gzip)) if takes("gzip") => (Some("gzip"), gzip),
            _ => (None, &self.plain),
        };
        let mut response = bytes.clone().into_response();
        let headers = response.headers_mut();
        let mut set = |name, value| headers.insert(name, HeaderValue::from_static(value));
        set(header::CONTENT_TYPE, self.media_type);
        if let Some(coding) = coding {
            set(header::CONTENT_ENCODING, coding);
        }
        // A path with the version in it means the same bytes for ever.
        let versioned = path.strip_prefix("assets/").is_some_and(|rest| rest.contains('/'));
        let lifetime = if versioned { "public, max-age=31536000, immutable" } else { "no-cache" };
        set(header::CACHE_CONTROL, lifetime);
        if path == "sw.js" {
            set(HeaderName::from_static("service-worker-allowed"), "/field");
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::http::Request;
    use tower::ServiceExt as _;

    use super::*;

    fn built() -> Router {
        let folder = tempfile::tempdir().unwrap();
        let put = |path: &str, text: &str| {
            let file = folder.path().join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        };
        for (path, text) in [
            ("index.html", "shell"),
            ("index.html.br", "shell as brotli"),
            ("index.html.gz", "shell as gzip"),
            ("sw.js", "worker"),
            ("assets/1/door_bg.wasm", "module"),
            ("version.txt", "1"),
        ] {
            put(path, text);
        }
        routes(Arc::new(load(folder.path()).unwrap()))
    }

    async fn get(router: &Router, path: &str, encodings: &str) -> (u16, HeaderMap, String) {
        let request = Request::get(path).header("accept-encoding", encodings);
        let request = request.body(Body::empty()).unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, 10_000).await.unwrap().to_vec();
        (parts.status.as_u16(), parts.headers, String::from_utf8(body).unwrap())
    }

    #[tokio::test]
    async fn every_address_inside_the_app_gets_the_shell_and_a_missing_file_does_not() {
        let router = built();
        for (path, status, body, cache) in [
            ("/field", 200, "shell", "no-cache"),
            ("/field/", 200, "shell", "no-cache"),
            ("/field/children/1?tab=2", 200, "shell", "no-cache"),
            ("/field/sw.js", 200, "worker", "no-cache"),
            ("/field/assets/1/door_bg.wasm", 200, "module", "public, max-age=31536000, immutable"),
            ("/field/assets/0/door_bg.wasm", 404, "", "no-store"),
            ("/field/../secret.js", 404, "", "no-store"),
        ] {
            let (found, headers, text) = get(&router, path, "identity").await;
            assert_eq!((found, text.as_str()), (status, body), "{path}");
            assert_eq!(headers["cache-control"], cache, "{path}");
            let policy = headers["content-security-policy"].to_str().unwrap();
            assert!(policy.contains("script-src 'self' 'wasm-unsafe-eval';"), "{path}");
            assert!(!policy.contains("unsafe-inline"), "{path}");
        }
        let (_, headers, _) = get(&router, "/field/sw.js", "").await;
        assert_eq!(headers["service-worker-allowed"], "/field");
        let (_, headers, _) = get(&router, "/field/assets/1/door_bg.wasm", "").await;
        assert_eq!(headers["content-type"], "application/wasm");
    }

    #[tokio::test]
    async fn a_browser_gets_what_it_can_unpack() {
        let router = built();
        for (encodings, coding, body) in [
            ("gzip, deflate, br, zstd", Some("br"), "shell as brotli"),
            ("gzip, deflate", Some("gzip"), "shell as gzip"),
            ("identity", None, "shell"),
            ("", None, "shell"),
        ] {
            let (_, headers, text) = get(&router, "/field/", encodings).await;
            let found = headers.get("content-encoding").map(|value| value.to_str().unwrap());
            assert_eq!((found, text.as_str()), (coding, body), "{encodings}");
            assert_eq!(headers["vary"], "accept-encoding");
        }
    }

    #[tokio::test]
    async fn a_server_without_the_app_says_what_to_do() {
        let router = routes(App::default());
        let (status, _, text) = get(&router, "/field", "").await;
        assert_eq!(status, 503);
        assert!(text.contains("The console and the command work without it"), "{text}");
        assert_eq!(get(&router, "/field/sw.js", "").await.0, 404);
    }

    #[test]
    fn a_folder_that_is_not_finished_is_not_served() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("index.html"), "half").unwrap();
        assert!(load(folder.path()).is_err());
    }
}
