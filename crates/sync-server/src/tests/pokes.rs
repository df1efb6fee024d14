//! `GET /v1/pokes`: a device hears of what others did, not of what it did itself, and of the end.

use axum::body::{Body, BodyDataStream};
use axum::http::{Request, StatusCode, header};
use chrono::TimeDelta;
use doorstep_core::seal::SealedEvent;
use doorstep_core::time::ClockReading;
use doorstep_core::wire::SyncRequest;
use futures_util::StreamExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tower::ServiceExt as _;

use crate::http;
use crate::serve::serve_state;
use crate::store::Tx;
use crate::testing::{Bench, MONDAY, Phone};

async fn listen(bench: &Bench, token: &str) -> (StatusCode, BodyDataStream) {
    let request =
        Request::get("/v1/pokes").header(header::AUTHORIZATION, format!("Bearer {token}"));
    let request = request.body(Body::empty()).unwrap();
    let response = http::router(bench.state.clone()).oneshot(request).await.unwrap();
    (response.status(), response.into_body().into_data_stream())
}

async fn push(bench: &Bench, phone: &Phone, event: SealedEvent) {
    let request = SyncRequest::handing_in(
        "test 1",
        ClockReading::wall(bench.now()),
        (phone.epoch, phone.next_seq - 1),
        vec![event],
    );
    let request = Request::post("/v1/sync")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::AUTHORIZATION, format!("Bearer {}", phone.token))
        .body(Body::from(serde_json::to_vec(&request).unwrap()))
        .unwrap();
    let response = http::router(bench.state.clone()).oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
}

async fn said(stream: &mut BodyDataStream) -> Option<String> {
    let bytes = stream.next().await?.unwrap();
    Some(String::from_utf8(bytes.to_vec()).unwrap())
}

#[tokio::test]
async fn says_that_another_device_sent_something_and_nothing_of_what() {
    let bench = Bench::new().await;
    let c1 = bench.child("c1").await;
    bench.allocate("c1", "ben").await;
    let (mut ann, mut ben) = (bench.phone("ann").await, bench.phone("ben").await);
    for phone in [&mut ann, &mut ben] {
        let event = phone.no_response(c1, MONDAY);
        push(&bench, phone, event).await;
    }
    let (status, mut stream) = listen(&bench, &ann.token).await;
    assert_eq!(status, StatusCode::OK);
    // What it sends itself is no news to it; what comes after is.
    let own = ann.no_response(c1, MONDAY);
    push(&bench, &ann, own).await;
    let others = ben.no_response(c1, MONDAY);
    push(&bench, &ben, others).await;
    assert_eq!(said(&mut stream).await.unwrap(), "event: poke\ndata: sync\n\n");

    bench.state.signals.stop();
    assert_eq!(said(&mut stream).await, None, "it ends when the server stops");
}

#[tokio::test]
async fn is_for_devices_that_are_not_shut_out() {
    let bench = Bench::new().await;
    let phone = bench.phone("ann").await;
    assert_eq!(listen(&bench, "nonsense").await.0, StatusCode::UNAUTHORIZED);
    let (_, mut stream) = listen(&bench, &phone.token).await;
    bench.clock.pass(TimeDelta::hours(1));
    let (judge, id) = (bench.state.judge(), phone.device);
    let revoke = move |tx: &mut dyn Tx| crate::admin::revoke_device(tx, &judge, id);
    bench.state.db.write(revoke).await.unwrap();
    bench.state.signals.events_came();
    assert_eq!(said(&mut stream).await, None, "it ends when the device is shut out");
    assert_eq!(listen(&bench, &phone.token).await.0, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn an_open_stream_does_not_hold_up_the_stop() {
    // Longer than a test may take: it would not end in time if the stream held it up.
    let bench = Bench::with(|config| config.stop_within = std::time::Duration::MAX).await;
    let phone = bench.phone("ann").await;
    let (stop, stopped) = oneshot::channel::<()>();
    let (bound, address) = oneshot::channel();
    let shutdown = async move { stopped.await.unwrap_or_default() };
    let on_bound = move |address| bound.send(address).expect("the test waits");
    let running = tokio::spawn(serve_state(bench.state.clone(), shutdown, on_bound));
    let mut stream = TcpStream::connect(address.await.unwrap()).await.unwrap();
    let request = format!(
        "GET /v1/pokes HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\r\n",
        phone.token
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = [0; 12];
    stream.read_exact(&mut head).await.unwrap();
    assert_eq!(&head, b"HTTP/1.1 200");
    stop.send(()).unwrap();
    running.await.unwrap().unwrap();
}
