//! Taking connections: how many at once, how long a request's head may take, and that an answer
//! arrives even where the request is still on its way.

use std::convert::Infallible;
use std::future::poll_fn;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt as _;

use crate::app::Signals;
use crate::pace::Peer;
use crate::tls::Tls;

/// Connections at once, those that listen for pokes among them. The next one waits in the system's
/// queue until one of them ends.
const CONNECTIONS_MAX: usize = 8192;
/// The rest of a refused request is read and thrown away up to so many bytes: a client that still
/// sends would not hear of the refusal otherwise, because the system resets the connection.
const LINGER_BYTES_MAX: usize = 64 * 1024 * 1024;
/// The pause after the system could not give a connection, for instance for want of descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);

/// Answers requests until `signals` say that the server stops; then those that are under way.
/// A request's head may take `timeout`, and so may a connection that stands idle.
pub async fn answer(
    (listener, tls): (TcpListener, Option<Tls>),
    router: Router,
    signals: Signals,
    timeout: Duration,
) {
    let mut connections = JoinSet::new();
    let mut stopped = pin!(signals.stopped());
    loop {
        let has_room = connections.len() < CONNECTIONS_MAX;
        tokio::select! {
            () = &mut stopped => break,
            _ = connections.join_next(), if !connections.is_empty() => {}
            (stream, peer) = accept(&listener), if has_room => {
                let acceptor = tls.as_ref().map(Tls::acceptor);
                let answering = Answering {
                    router: router.clone(),
                    peer: Peer(peer.ip()),
                    signals: signals.clone(),
                    timeout,
                };
                connections.spawn(answering.begin(stream, acceptor));
            }
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                // Small answers are not held back to fill a packet. Where that cannot be, they are.
                let _ = stream.set_nodelay(true);
                return (stream, peer);
            }
            Err(error) => match error.kind() {
                // The client has gone again.
                ErrorKind::ConnectionAborted
                | ErrorKind::ConnectionRefused
                | ErrorKind::ConnectionReset => {}
                _ => {
                    tracing::error!(%error, "a connection could not be taken");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
}

/// What one connection is answered with.
struct Answering {
    router: Router,
    peer: Peer,
    signals: Signals,
    timeout: Duration,
}

impl Answering {
    /// First the handshake, where TLS is spoken, within the time of a request's head.
    async fn begin(self, stream: TcpStream, acceptor: Option<TlsAcceptor>) {
        let Some(acceptor) = acceptor else { return self.converse(stream).await };
        let shaken = tokio::select! {
            shaken = tokio::time::timeout(self.timeout, acceptor.accept(stream)) => shaken,
            () = self.signals.stopped() => return,
        };
        match shaken {
            Ok(Ok(stream)) => self.converse(stream).await,
            // Whoever speaks something else, or trusts nobody here, is not the server's fault.
            Ok(Err(error)) => tracing::debug!(%error, "no TLS came about"),
            Err(_) => tracing::debug!("no TLS came about in time"),
        }
    }

    /// One connection, from its first request to its last.
    async fn converse<S>(self, stream: S)
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let Self { router, peer, signals, timeout } = self;
        let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
            let mut request = Request::from(request.map(axum::body::Body::new));
            request.extensions_mut().insert(peer);
            let answering = router.clone().oneshot(request);
            Box::pin(answering)
                as Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>
        });
        let mut connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(timeout)
            .serve_connection(TokioIo::new(stream), service);
        let mut stopped = Some(Box::pin(signals.stopped()));
        let ended = poll_fn(|context| {
            if let Some(stopping) = &mut stopped
                && stopping.as_mut().poll(context).is_ready()
            {
                stopped = None;
                Pin::new(&mut connection).graceful_shutdown();
            }
            connection.poll_without_shutdown(context)
        })
        .await;
        if ended.is_err_and(|error| error.is_timeout()) {
            return;
        }
        let stream = connection.into_parts().io.into_inner();
        tokio::select! {
            () = linger(stream) => {}
            () = tokio::time::sleep(timeout) => {}
            () = signals.stopped() => {}
        }
    }
}

/// Says that nothing more is sent, and reads what still comes until the other side has heard it.
async fn linger(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    if stream.shutdown().await.is_err() {
        return;
    }
    let mut thrown_away = 0;
    let mut buffer = vec![0; 16 * 1024];
    while thrown_away < LINGER_BYTES_MAX {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(bytes) => thrown_away += bytes,
        }
    }
}
