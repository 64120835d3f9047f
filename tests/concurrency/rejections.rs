//! How those are answered who are turned away.

use std::convert::Infallible;

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use tower::{Layer, ServiceExt, service_fn};
use tower_weir::{
    concurrency::{ConcurrencyLimitLayer, Fixed, Limiter},
    key::{Header, OnMissingKey},
    reject::Reason,
    reject::Rejected,
};

use super::{Answer, millis, with};

/// A layer that lets none in.
fn closed() -> ConcurrencyLimitLayer {
    let limiter = Limiter::new(Fixed::new(1)).reject_when_full();
    limiter.pause();
    ConcurrencyLimitLayer::new(limiter)
}

async fn answer<B: Send + 'static>(layer: &ConcurrencyLimitLayer, request: Request<B>) -> Answer {
    let inner = service_fn(|_: Request<B>| async {
        Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"done"))))
    });
    layer.layer(inner).oneshot(request).await.unwrap()
}

fn grpc() -> Request<()> {
    with(Request::new(()), "content-type", "application/grpc+proto")
}

fn fields(headers: &HeaderMap) -> Vec<(&str, &str)> {
    headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect()
}

#[tokio::test]
async fn http_is_told_when_to_come_back_and_why() {
    let layer = closed();
    for (layer, seconds) in [
        (layer.clone(), "1"),
        (layer.clone().retry_after(millis(4_200)), "5"),
        (layer.retry_after(millis(0)), "1"),
    ] {
        let request =
            with(with(Request::new(()), "content-type", "text/html"), "x-of-the-request", "1");
        let answer = answer(&layer, request).await;
        assert_eq!((answer.status().as_u16(), Rejected::is_on(&answer)), (503, true));
        assert_eq!(
            fields(answer.headers()),
            [("content-type", "application/problem+json"), ("retry-after", seconds)],
            "and nothing of the request",
        );
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        let problem: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(
            problem,
            serde_json::json!({
                "type": "about:blank",
                "title": "Service Unavailable",
                "status": 503,
                "detail": "too many requests are under way",
            }),
        );
    }
}

#[tokio::test]
async fn grpc_is_told_so_in_trailers_only() {
    let layer = closed().retry_after(millis(250));
    for (layer, code) in [(layer.clone(), "14"), (layer.resource_exhausted(), "8")] {
        let answer = answer(&layer, grpc()).await;
        assert_eq!((answer.status().as_u16(), Rejected::is_on(&answer)), (200, true));
        let header = |name: &str| answer.headers()[name].to_str().unwrap();
        assert_eq!((header("content-type"), header("grpc-status")), ("application/grpc", code));
        assert_eq!(header("grpc-message"), "too many requests are under way");
        assert_eq!(header("grpc-retry-pushback-ms"), "250");
        assert!(answer.headers().contains_key("grpc-status-details-bin"));
        assert!(!answer.headers().contains_key("retry-after"));
        assert!(http_body::Body::is_end_stream(answer.body()));
    }
}

#[tokio::test]
async fn what_the_service_answers_is_no_rejection() {
    let inner = service_fn(|_: Request<()>| async {
        let mut response = Response::new(Full::new(Bytes::from_static(b"full")));
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        Ok::<_, Infallible>(response)
    });
    let layer = ConcurrencyLimitLayer::new(Fixed::new(1));
    let answer = layer.layer(inner).oneshot(Request::new(())).await.unwrap();
    assert_eq!((answer.status().as_u16(), Rejected::is_on(&answer)), (503, false));
}

#[tokio::test]
async fn one_may_answer_by_oneself() {
    let layer = closed().retry_after(millis(2_000)).on_reject(|rejection, head| {
        assert_eq!(rejection.reason(), Reason::Overloaded);
        let delay = rejection.retry_after_secs().unwrap();
        let text = format!("{}: {} ({delay} s)", head.uri.path(), rejection.message());
        Response::builder().status(529).body(text).unwrap()
    });
    let answer = answer(&layer, super::at(Request::new(()), "/here")).await;
    assert_eq!((answer.status().as_u16(), Rejected::is_on(&answer)), (529, true));
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body, "/here: too many requests are under way (2 s)");
}

#[tokio::test]
async fn a_missing_key_is_a_bad_request() {
    let header = Header(http::HeaderName::from_static("x-tenant"));
    let limiter = Limiter::new(Fixed::new(1)).key(header).on_missing_key(OnMissingKey::Reject);
    let layer = ConcurrencyLimitLayer::new(limiter);
    let rejected = answer(&layer, Request::new(())).await;
    assert_eq!(rejected.status(), 400);
    assert!(!rejected.headers().contains_key("retry-after"), "it will not pass as it is");
    let rejected = answer(&layer, grpc()).await;
    assert_eq!(
        (rejected.status().as_u16(), &rejected.headers()["grpc-status"]),
        (200, &"3".parse().unwrap())
    );
    let layer = layer.on_reject(|rejection, _| {
        Response::builder().status(418).body(format!("{:?}", rejection.reason())).unwrap()
    });
    let rejected = answer(&layer, Request::new(())).await;
    assert_eq!(rejected.status(), 418);
}
