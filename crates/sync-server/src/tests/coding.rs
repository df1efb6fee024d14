//! How bodies travel: what is taken, what an answer gets, and what is said of it.

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use doorstep_coding::{Chosen, Coding, DICTIONARIES, DICTIONARY_HEADER, decode, encode};
use doorstep_core::time::ClockReading;
use doorstep_core::wire::{EnrolRequest, SyncRequest, SyncResponse};
use tower::ServiceExt as _;

use crate::http;
use crate::store::Tx;
use crate::testing::{Bench, MONDAY, Phone};

type Head<'a> = &'a [(&'a str, &'a str)];

async fn ask(bench: &Bench, request: Request<Body>) -> (StatusCode, HeaderMap, Vec<u8>) {
    let response = http::router(bench.state.clone()).oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    (parts.status, parts.headers, to_bytes(body, usize::MAX).await.unwrap().to_vec())
}

async fn post(
    bench: &Bench,
    phone: &Phone,
    head: Head<'_>,
    body: Vec<u8>,
) -> (StatusCode, HeaderMap, Vec<u8>) {
    let mut request = Request::post("/v1/sync")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::AUTHORIZATION, format!("Bearer {}", phone.token));
    for (name, value) in head {
        request = request.header(*name, *value);
    }
    ask(bench, request.body(Body::from(body)).unwrap()).await
}

fn quiet() -> Vec<u8> {
    let request = SyncRequest::handing_in("test 1", ClockReading::wall(MONDAY), (1, 1), Vec::new());
    serde_json::to_vec(&request).unwrap()
}

#[tokio::test]
async fn an_answer_is_coded_as_the_device_likes_it_best() {
    let bench = Bench::new().await;
    let phone = bench.phone("ann").await;
    let known = DICTIONARIES[0].id.to_string();
    let dictionary = (DICTIONARY_HEADER, known.as_str());
    let plain = post(&bench, &phone, &[], quiet()).await.2.len();
    for (head, coding, at_most) in [
        (&[][..], Coding::Identity, plain),
        (&[dictionary][..], Coding::Identity, plain),
        (&[("accept-encoding", "gzip, deflate")][..], Coding::Gzip, plain / 2),
        (&[("accept-encoding", "gzip"), ("accept-encoding", "zstd")][..], Coding::Zstd, plain / 2),
        (&[("accept-encoding", "zstd, gzip"), dictionary][..], Coding::Zstd, plain / 3),
    ] {
        let (status, headers, body) = post(&bench, &phone, head, quiet()).await;
        assert_eq!(status, StatusCode::OK);
        let said = headers.get(header::CONTENT_ENCODING).map(|name| name.to_str().unwrap());
        assert_eq!(Coding::named(said), Some(coding), "{head:?}");
        assert!(body.len() <= at_most, "{head:?}: {} of {plain}", body.len());
        assert_eq!(headers[header::ACCEPT_ENCODING], "zstd, gzip");
        assert_eq!(headers[DICTIONARY_HEADER], known.as_str());
        let answer = decode(coding, &body, 1_000_000).unwrap();
        let answer: SyncResponse = serde_json::from_slice(&answer).unwrap();
        assert_eq!(answer.children.len(), 2);
    }
}

#[tokio::test]
async fn every_coding_of_a_request_is_taken_and_another_is_told_what_is() {
    let bench = Bench::new().await;
    let phone = bench.phone("ann").await;
    let dictionary = Chosen::hopeful().dictionary;
    for (coding, dictionary) in
        [(Coding::Gzip, None), (Coding::Zstd, None), (Coding::Zstd, dictionary)]
    {
        let (coding, body) = encode(Chosen { coding, dictionary }, quiet());
        let head = [("content-encoding", coding.name())];
        assert_eq!(post(&bench, &phone, &head, body).await.0, StatusCode::OK, "{dictionary:?}");
    }
    for head in [
        &[("content-encoding", "br")][..],
        &[("content-encoding", "gzip, zstd")][..],
        &[("content-encoding", "gzip"), ("content-encoding", "gzip")][..],
    ] {
        let (status, headers, _) = post(&bench, &phone, head, quiet()).await;
        assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{head:?}");
        assert_eq!(headers[header::ACCEPT_ENCODING], "zstd, gzip");
        assert_eq!(headers[DICTIONARY_HEADER], DICTIONARIES[0].id.to_string());
    }
}

#[tokio::test]
async fn an_enrolment_may_come_compressed_and_its_secret_goes_out_plain() {
    let bench = Bench::new().await;
    let (judge, lifetime) = (bench.state.judge(), bench.state.config.enrol_code_lifetime);
    let issue = move |tx: &mut dyn Tx| crate::admin::issue_code(tx, &judge, "ann", lifetime);
    let code = bench.state.db.write(issue).await.unwrap().code;
    let key = doorstep_core::seal::SigningKey::from_bytes(&[9; 32]);
    let request = EnrolRequest {
        code,
        public_key: hex::encode(key.verifying_key().as_bytes()),
        device_name: "phone".into(),
        app: "test 1".into(),
        known_as: None,
    };
    let (coding, body) = encode(Chosen::hopeful(), serde_json::to_vec(&request).unwrap());
    let request = Request::post("/v1/enrol")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::CONTENT_ENCODING, coding.name())
        .header(header::ACCEPT_ENCODING, "zstd, gzip");
    let (status, headers, body) = ask(&bench, request.body(Body::from(body)).unwrap()).await;
    assert_eq!(status, StatusCode::OK);
    assert!(!headers.contains_key(header::CONTENT_ENCODING));
    assert!(headers.contains_key(DICTIONARY_HEADER) && body.starts_with(b"{"));
}

#[tokio::test]
async fn a_dictionary_is_there_for_whoever_has_it_not() {
    let bench = Bench::new().await;
    let known = &DICTIONARIES[0];
    let get = |path: String| Request::get(path).body(Body::empty()).unwrap();
    let (status, headers, body) = ask(&bench, get(format!("/v1/dictionaries/{}", known.id))).await;
    assert_eq!((status, body.as_slice()), (StatusCode::OK, known.bytes));
    assert!(headers[header::CACHE_CONTROL].to_str().unwrap().contains("immutable"));
    for missing in ["7", "x", "-1"] {
        let answer = ask(&bench, get(format!("/v1/dictionaries/{missing}"))).await;
        assert_eq!(answer.0, StatusCode::NOT_FOUND);
    }
}
