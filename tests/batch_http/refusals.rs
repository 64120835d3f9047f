//! What is not taken in.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use futures_executor::block_on;
use http::{Request, Response};
use http_body_util::Full;
use tokio::{sync::Semaphore, time::sleep};
use tower_weir::batch::HttpBatched;

use crate::kit::{Answer, Record, call, call_with, layer, post, send};

/// A service whose calls end when they are let go, and that takes one request at a time and lets one wait.
fn narrow() -> (HttpBatched<Full<Bytes>>, Arc<Semaphore>) {
    let go = Arc::new(Semaphore::new(0));
    let gate = Arc::clone(&go);
    let layer = layer().max_size(1).max_in_flight(1).max_waiting(1);
    let service = layer.http().service_fn(async move |batch: Vec<Request<Bytes>>| {
        gate.acquire().await.unwrap().forget();
        batch.iter().map(|_| Response::new(Full::from("done"))).collect::<Vec<_>>()
    });
    (service, go)
}

fn spawn(service: &HttpBatched<Full<Bytes>>) -> tokio::task::JoinHandle<Answer> {
    let service = service.clone();
    tokio::spawn(async move { send(&service, post("/", "")).await })
}

#[tokio::test(start_paused = true)]
async fn what_finds_the_queue_full_is_told_when_to_come_again() {
    let (service, go) = narrow();
    let called = spawn(&service);
    sleep(Duration::from_millis(1)).await;
    let waits = spawn(&service);
    sleep(Duration::from_millis(1)).await;

    let refused = send(&service, post("/", "")).await;
    assert_eq!((refused.status, refused.is_rejection), (503, true));
    assert_eq!(refused.header("content-type"), "application/problem+json");
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(refused.detail(), "too many requests wait for their turn");

    let refused = send(&service, call()).await;
    assert_eq!((refused.status, refused.header("grpc-status")), (200, "14"));
    assert_eq!(refused.header("grpc-retry-pushback-ms"), "1000");
    assert!(refused.headers.contains_key("grpc-status-details-bin"));

    go.add_permits(3);
    assert_eq!(
        (called.await.unwrap().text, waits.await.unwrap().text),
        ("done".into(), "done".into())
    );
    assert_eq!(send(&service, post("/", "")).await.text, "done");
    assert_eq!(service.handle().stats().refused, 2);
}

#[tokio::test(start_paused = true)]
async fn what_weighs_more_than_a_batch_may_is_told_so() {
    let record = Record::default();
    let layer = layer().max_weight(10, |request: &Request<Bytes>| request.body().len() as u64);
    let service = layer.http().service_fn(record.echo());
    let refused = send(&service, post("/", "elevenbytes")).await;
    assert_eq!((refused.status, refused.is_rejection), (413, true));
    assert_eq!(refused.detail(), "the request weighs 11, and may weigh 10");
    assert_eq!(refused.header("retry-after"), "", "it never can");
    let refused = send(&service, call_with("elevenbytes")).await;
    assert_eq!(refused.header("grpc-status"), "8");
    assert_eq!(send(&service, post("/", "ten bytes.")).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_taken_after_the_end() {
    let record = Record::default();
    let service = layer().http().service_fn(record.echo());
    service.handle().drain().await;
    let refused = send(&service, post("/", "")).await;
    assert_eq!((refused.status, refused.is_rejection), (503, true));
    assert_eq!(refused.detail(), "no more requests are taken");
    assert_eq!(send(&service, call()).await.header("grpc-status"), "14");
    assert!(record.sizes().is_empty());
}

#[test]
fn without_a_runtime_nothing_can_be_served() {
    let service = layer().http().service_fn(Record::default().echo());
    let refused = block_on(send(&service, post("/", "")));
    assert_eq!((refused.status, refused.is_rejection), (500, true));
    assert_eq!(refused.detail(), "the request could not be served");
    assert_eq!(block_on(send(&service, call())).header("grpc-status"), "13");
}

#[tokio::test(start_paused = true)]
async fn rejections_are_rendered_as_the_user_says() {
    let http = layer().max_weight(3, |request: &Request<Bytes>| request.body().len() as u64).http();
    let service = http
        .max_body_bytes(5)
        .on_reject(|rejection, head| {
            let text = format!("{:?} {}", rejection.reason(), head.uri.path());
            Response::builder()
                .status(418)
                .header("x-seen", &head.headers["x-mine"])
                .body(text)
                .unwrap()
        })
        .service_fn(Record::default().echo());
    for text in ["heavy", "too large"] {
        let mut request = post("/here", text);
        request.headers_mut().insert("x-mine", text.parse().unwrap());
        let refused = send(&service, request).await;
        assert_eq!((refused.status, &*refused.text), (418, "TooLarge /here"));
        assert_eq!(refused.header("x-seen"), text);
        assert!(refused.is_rejection);
    }
}
