//! `doorstep device serve`: the practitioner's pages on this machine, from the native encrypted
//! store, for teams without phones. Loopback only, behind a link that works once.

mod door;
mod guard;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{Request as HttpRequest, Response, StatusCode};
use clap::Args;
use doorstep_field_app::{Answer, App, Begin, Request, assets, call};
use tokio::net::TcpListener;

use self::door::{Laptop, Post, Served};
use self::guard::{Guard, Let};
use super::folder::Folder;
use crate::failure::{Failure, OrFail as _, Outcome};
use crate::out::Out;
use crate::serve::asked_to_stop;

/// Bytes of a form.
const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;
/// How often the exchange looks whether something is due.
const TICK: Duration = Duration::from_secs(5);

/// Open the practitioner's pages in a browser on this machine, until Ctrl-C
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "The pages are served on this machine only, and opened by the link that is \
                        printed: it works once, so that nobody else who uses this machine can open \
                        them. They ask for the passphrase, lock when nobody uses them for ten \
                        minutes, and sync by themselves, locked or not."
)]
pub struct ServeArgs {
    /// Where to listen; only an address of this machine itself (port 0 picks one)
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
}

/// What every request is handed.
#[derive(Clone)]
struct Desk {
    guard: Arc<Guard>,
    served: Arc<Served>,
    router: Router,
    wake: Sender<Post>,
}

/// Runs it. A `passphrase` that is at hand opens the store at once.
pub fn run(args: &ServeArgs, folder: &Folder, passphrase: Option<&str>, out: &mut Out) -> Outcome {
    if !args.listen.ip().is_loopback() {
        let sentence = format!(
            "{} can be reached from other machines: listen on 127.0.0.1 (the pages show records)",
            args.listen
        );
        return Err(Failure::Misused(sentence));
    }
    let begin = if folder.is_there() { Begin::Unlock } else { Begin::FirstUse };
    let app = App::new(Laptop, "", begin);
    if let Some(passphrase) = passphrase.filter(|_| begin == Begin::Unlock) {
        app.opened(folder.open(passphrase)?);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .or_no("cannot prepare the pages")?;
    let listener = runtime
        .block_on(TcpListener::bind(args.listen))
        .or_no(&format!("cannot listen on {}", args.listen))?;
    let address = listener.local_addr().or_no("cannot tell where the pages are")?;
    let (wake, asked) = channel();
    let guard = Arc::new(Guard::new(address));
    let served = Arc::new(Served { app: app.clone(), folder: folder.clone() });
    let exchange = thread::spawn({
        let served = served.clone();
        move || exchange(&served, &asked)
    });
    out.line(format!("Open in a browser on this machine: {}", guard.link()))?;
    out.line("The link works once. Stop with Ctrl-C.")?;
    let router = app.router().merge(assets::router(&app));
    let desk = Desk { guard, served, router, wake: wake.clone() };
    let pages = Router::new().fallback(answer).with_state(desk);
    let serving =
        async { axum::serve(listener, pages).with_graceful_shutdown(asked_to_stop()).await };
    let ended = runtime.block_on(serving).or_no("cannot serve the pages");
    drop(runtime);
    // The exchange ends once nobody can wake it any more, or at the word.
    let _ = wake.send(Post::Stop);
    let _ = exchange.join();
    ended?;
    out.line("Stopped.")
}

/// Speaks with the server whenever something is due, and locks the pages when nobody is there.
fn exchange(served: &Served, asked: &Receiver<Post>) {
    loop {
        match asked.recv_timeout(TICK) {
            Ok(Post::Stop) | Err(RecvTimeoutError::Disconnected) => return,
            Ok(Post::Now) => served.exchange(true),
            Ok(Post::Soon) | Err(RecvTimeoutError::Timeout) => served.exchange(false),
        }
        served.app.lock_if_idle();
    }
}

async fn answer(State(desk): State<Desk>, request: HttpRequest<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    match desk.guard.check(&parts) {
        Let::In => {}
        Let::Answer(response) => return *response,
    }
    let Ok(body) = to_bytes(body, BODY_BYTES_MAX).await else {
        return guard::plain(StatusCode::PAYLOAD_TOO_LARGE, "This form is too large.");
    };
    let media_type = parts.headers.get(axum::http::header::CONTENT_TYPE);
    let media_type = media_type.and_then(|value| value.to_str().ok()).unwrap_or_default();
    let request = Request {
        method: parts.method,
        target: parts.uri.to_string(),
        body: body.to_vec(),
        media_type: media_type.to_owned(),
    };
    // Opening a vault and writing to the disk take a while: never on the thread that listens.
    let work = tokio::task::spawn_blocking(move || {
        let posted = request.method == axum::http::Method::POST;
        let answer = match desk.served.work(&request, &desk.wake) {
            Some(answer) => answer,
            None => call(&desk.router, request),
        };
        if posted {
            let _ = desk.wake.send(Post::Soon);
        }
        answer
    });
    match work.await {
        Ok(answer) => response(answer),
        Err(_) => guard::plain(StatusCode::INTERNAL_SERVER_ERROR, "The page could not be drawn."),
    }
}

fn response(answer: Answer) -> Response<Body> {
    let mut response = Response::builder().status(answer.status);
    for (name, value) in answer.headers {
        response = response.header(name, value);
    }
    response.body(Body::from(answer.body)).unwrap_or_else(|_| {
        guard::plain(StatusCode::INTERNAL_SERVER_ERROR, "The page could not be drawn.")
    })
}
