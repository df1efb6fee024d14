//! The whole server on loopback: starts, answers, sweeps, and stops when it is told to.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use crate::config::Config;
use crate::serve::{ServeError, serve};
use crate::store::StoreError;
use crate::testing::{FrozenClock, MONDAY, ambient};

#[tokio::test]
async fn serves_on_the_port_it_was_given_and_stops_when_told() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config { data: folder.path().to_owned(), ..Config::default() };
    config.listen.set_port(0);
    let clock = FrozenClock::at(MONDAY);
    let (stop, stopped) = oneshot::channel::<()>();
    let (bound, address) = oneshot::channel();
    let shutdown = async move { stopped.await.unwrap_or_default() };
    let on_bound = move |address| bound.send(address).expect("the test waits");
    let running = tokio::spawn(serve(config.clone(), ambient(&clock), shutdown, on_bound));
    let address = address.await.unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");

    let second = serve(config.clone(), ambient(&clock), async {}, |_| {}).await;
    assert!(matches!(second, Err(ServeError::Store(StoreError::InUse { .. }))));

    stop.send(()).unwrap();
    running.await.unwrap().unwrap();
    // The folder is free again.
    serve(config, ambient(&clock), async {}, |_| {}).await.unwrap();
}
