//! What became of requests that were rejected, given up or failed.

use std::{future::pending, time::Duration};

use axum::{body::Body, extract::Path, routing::get};
use http::StatusCode;
use raw::Raw;
use tower_http::{catch_panic::CatchPanicLayer, timeout::TimeoutLayer};
use tower_weir::{
    profile::{RouteReporter, Window},
    rate_limit::{Quota, RateLimitLayer},
};

use super::*;

#[tokio::test]
async fn rejections_of_a_layer_inside_are_errors_of_the_client() {
    let (profile, _hand, layer) = profile();
    let limit = RateLimitLayer::new(Quota::per_day(2)).clock(Clock::manual().0);
    let app = Router::new().route("/a/{x}", get(fine)).layer(limit).layer(layer);
    let (addr, _server) = serve(app).await;
    assert_eq!(Http::new(addr).statuses(http::Method::GET, "/a/1", 3).await, [200, 200, 429]);
    let expected = ["GET /a/{x} client_error 1", "GET /a/{x} ok 2"];
    assert_eq!(settled(&profile).await, expected);
    assert_eq!(of(&profile, "/a/{x}").stats(Window::Lifetime).error_rate, 0.0);
}

#[tokio::test]
async fn statuses_decide_whose_error_it_is() {
    let (profile, _hand, layer) = profile();
    let status = async |Path(status): Path<u16>| StatusCode::from_u16(status).unwrap();
    let (addr, _server) = serve(Router::new().route("/{status}", get(status)).layer(layer)).await;
    let http = Http::new(addr);
    for status in [200, 302, 400, 404, 499, 500, 503, 599, 799] {
        assert_eq!(http.get(&format!("/{status}")).await.status, status);
    }
    let expected =
        ["GET /{status} client_error 3", "GET /{status} ok 3", "GET /{status} server_error 3"];
    assert_eq!(settled(&profile).await, expected);
}

#[tokio::test]
async fn a_timeout_is_an_answer_to_a_layer_outside_and_the_end_to_one_inside() {
    // The handler never answers, so the timeout strikes however short it is.
    let timeout = |status| TimeoutLayer::with_status_code(status, Duration::from_millis(1));
    let app = || Router::new().route("/", get(pending::<()>));
    let (outside, _hand, outside_layer) = profile();
    let (inside, _hand, inside_layer) = profile();
    for (app, status) in [
        (app().layer(timeout(StatusCode::REQUEST_TIMEOUT)).layer(outside_layer.clone()), 408),
        (app().layer(timeout(StatusCode::GATEWAY_TIMEOUT)).layer(outside_layer), 504),
        (app().layer(inside_layer).layer(timeout(StatusCode::GATEWAY_TIMEOUT)), 504),
    ] {
        let (addr, _server) = serve(app).await;
        assert_eq!(Http::new(addr).get("/").await.status, status);
    }
    assert_eq!(settled(&outside).await, ["GET / client_error 1", "GET / server_error 1"]);
    assert_eq!(settled(&inside).await, ["GET / cancelled_before_headers 1"]);
}

#[tokio::test]
async fn a_client_that_leaves_before_the_answer_is_counted() {
    let (profile, hand, layer) = profile();
    let app = Router::new().route("/{x}", get(pending::<()>)).layer(RouteReporter);
    let (addr, _server) = serve(around(app, layer)).await;
    let client = Raw::send(addr, "GET /1 HTTP/1.1\r\nhost: test\r\n\r\n").await;
    // It is told the route when the request comes to it, and counted there as under way.
    until(|| profile.snapshot().routes.iter().any(|of| of.route == "/{x}")).await;
    until(|| of(&profile, "/{x}").in_flight == 1).await;
    assert_eq!(in_flight(&profile), 1);
    hand.advance(Duration::from_secs(3));
    drop(client);
    assert_eq!(settled(&profile).await, ["GET /{x} cancelled_before_headers 1"]);
    let route = of(&profile, "/{x}");
    let stats = route.stats(Window::Lifetime);
    assert_eq!(stats.latency.as_ref().unwrap().mean, Duration::from_secs(3));
    assert!(stats.to_headers.is_none());
}

async fn panics() -> &'static str {
    panic!("as the test says")
}

async fn panics_in_body() -> Body {
    struct Panics;
    impl http_body::Body for Panics {
        type Data = bytes::Bytes;
        type Error = std::convert::Infallible;

        fn poll_frame(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<http_body::Frame<Self::Data>, Self::Error>>> {
            panic!("as the test says")
        }
    }
    Body::new(Panics)
}

fn panicking() -> Router {
    Router::new()
        .route("/panic", get(panics))
        .route("/body", get(panics_in_body))
        .route("/", get(fine))
}

#[tokio::test]
async fn a_panic_that_is_caught_inside_is_a_status_like_any_other() {
    let (profile, _hand, layer) = profile();
    let (addr, _server) = serve(panicking().layer(CatchPanicLayer::new()).layer(layer)).await;
    let http = Http::new(addr);
    assert_eq!(http.statuses(http::Method::GET, "/panic", 2).await, [500, 500]);
    assert_eq!(http.get("/").await.status, 200);
    assert_eq!(settled(&profile).await, ["GET / ok 1", "GET /panic server_error 2"]);
}

#[tokio::test]
async fn a_panic_that_is_caught_outside_is_a_panic() {
    let (profile, _hand, layer) = profile();
    let (addr, _server) = serve(panicking().layer(layer).layer(CatchPanicLayer::new())).await;
    let http = Http::new(addr);
    assert_eq!(http.statuses(http::Method::GET, "/panic", 2).await, [500, 500]);
    assert_eq!(http.get("/").await.status, 200);
    assert_eq!(settled(&profile).await, ["GET / ok 1", "GET /panic panic 2"]);
    assert_eq!(of(&profile, "/panic").stats(Window::Lifetime).error_rate, 1.0);
}

#[tokio::test]
async fn a_panic_that_nobody_catches_ends_the_connection_and_is_counted() {
    let (profile, _hand, layer) = profile();
    let (addr, _server) = serve(panicking().layer(layer)).await;
    for path in ["panic", "body"] {
        let request = format!("GET /{path} HTTP/1.1\r\nhost: test\r\n\r\n");
        let answer = Raw::send(addr, &request).await.read_all().await;
        // What hyper had not yet written is lost with the connection.
        assert!(answer.is_empty() || path == "body", "{answer}");
    }
    assert_eq!(Http::new(addr).get("/").await.status, 200);
    let expected = ["GET / ok 1", "GET /body panic 1", "GET /panic panic 1"];
    assert_eq!(settled(&profile).await, expected);
}
