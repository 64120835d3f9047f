//! The circuit breaker in axum, over a socket.

use std::{
    future::pending,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU16, AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use axum::{Router, body::Body, routing::get};
use http::{Method, Request, StatusCode};
use tower::ServiceExt;
use tower_http::{catch_panic::CatchPanicLayer, timeout::TimeoutLayer};
use tower_weir::{
    circuit_breaker::{Breaker, CircuitBreakerLayer, State, Window},
    clock::{Clock, ManualClock},
    route::RouteTable,
};

use crate::{
    client::{Http, Server, listen},
    raw::Raw,
    until::until,
};

fn breaker() -> Breaker {
    Breaker::new().window(Window::by_count(10, 4).unwrap()).jitter(0.0).unwrap()
}

fn layer() -> (CircuitBreakerLayer, ManualClock) {
    let (clock, hand) = Clock::manual();
    (CircuitBreakerLayer::new(breaker()).clock(clock), hand)
}

async fn serve(app: Router) -> (SocketAddr, Server) {
    let (listener, addr) = listen().await;
    (addr, Server::spawn(async move { axum::serve(listener, app).await.unwrap() }))
}

/// A handler that answers with the status.
fn moody(status: &Arc<AtomicU16>) -> axum::routing::MethodRouter {
    let status = Arc::clone(status);
    get(move || async move { StatusCode::from_u16(status.load(SeqCst)).unwrap() })
}

#[tokio::test]
async fn one_route_fails_and_the_others_go_on() {
    let (layer, hand) = layer();
    let status = Arc::new(AtomicU16::new(500));
    let app = Router::new()
        .route("/report", moody(&status).layer(layer))
        .route("/health", get(async || "fine"));
    let (addr, _server) = serve(app).await;
    let http = Http::new(addr);
    assert_eq!(http.statuses(Method::GET, "/report", 6).await, [500, 500, 500, 500, 503, 503]);
    assert_eq!(http.statuses(Method::GET, "/health", 3).await, [200; 3]);
    let rejected = http.get("/report").await;
    assert_eq!(rejected.header("retry-after"), "5");
    assert!(String::from_utf8_lossy(&rejected.body).contains("left alone for a while"));
    status.store(200, SeqCst);
    hand.advance(Duration::from_secs(5));
    assert_eq!(http.statuses(Method::GET, "/report", 9).await, [200; 9]);
}

#[tokio::test]
async fn a_table_names_routes_of_a_nested_router_in_full() {
    let status = Arc::new(AtomicU16::new(500));
    let routes = RouteTable::new().route("/api/users/{id}", breaker());
    let layer = CircuitBreakerLayer::for_routes(routes).clock(Clock::manual().0);
    let api = Router::new().route("/users/{id}", moody(&status)).route("/other", moody(&status));
    let (addr, _server) = serve(Router::new().nest("/api", api.layer(layer.clone()))).await;
    let http = Http::new(addr);
    assert_eq!(http.statuses(Method::GET, "/api/users/7", 5).await, [500, 500, 500, 500, 503]);
    assert_eq!(http.statuses(Method::GET, "/api/users/8", 1).await, [503]);
    assert_eq!(http.statuses(Method::GET, "/api/other", 9).await, [500; 9]);
    let handle = layer.handle().breaker("/api/users/{id}").unwrap();
    assert_eq!(handle.state(), State::Open);
}

#[tokio::test]
async fn handlers_that_panic_have_failed() {
    let (layer, _hand) = layer();
    let handler = get(async || -> StatusCode { panic!("as the test says") });
    let app = Router::new().route("/", handler).layer((CatchPanicLayer::new(), layer));
    let (addr, _server) = serve(app).await;
    assert_eq!(Http::new(addr).statuses(Method::GET, "/", 6).await, [500, 500, 500, 500, 503, 503]);
}

#[tokio::test]
async fn clients_that_leave_free_the_places_of_their_probes() {
    let (layer, hand) = layer();
    let handle = layer.handle().breaker("default").unwrap();
    let under_way = Arc::new(AtomicUsize::new(0));
    let waiting = Arc::clone(&under_way);
    let hang = get(move || async move {
        waiting.fetch_add(1, SeqCst);
        pending::<StatusCode>().await
    });
    let app = Router::new()
        .route("/bad", get(async || StatusCode::BAD_GATEWAY))
        .route("/fine", get(async || "fine"))
        .route("/hang", hang);
    let (addr, _server) = serve(app.layer(layer)).await;
    let http = Http::new(addr);
    assert_eq!(http.statuses(Method::GET, "/bad", 5).await, [502, 502, 502, 502, 503]);
    hand.advance(Duration::from_secs(5));
    let mut clients = Vec::new();
    for _ in 0..3 {
        clients.push(Raw::send(addr, "GET /hang HTTP/1.1\r\nhost: a\r\n\r\n").await);
    }
    until(|| under_way.load(SeqCst) == 3).await;
    assert_eq!(http.statuses(Method::GET, "/fine", 2).await, [503, 503]);
    drop(clients);
    let mut passed = 0;
    while passed < 4 {
        passed += usize::from(http.get("/fine").await.status == 200);
    }
    assert_eq!(handle.state(), State::Closed);
}

/// How many of ten requests to a handler that hangs reach it. All time is that of tokio, which is paused.
async fn reached(
    app: impl FnOnce(Router, CircuitBreakerLayer) -> Router,
    breaker: Breaker,
) -> usize {
    let reached = Arc::new(AtomicUsize::new(0));
    let reach = Arc::clone(&reached);
    let hang = get(move || async move {
        reach.fetch_add(1, SeqCst);
        pending::<StatusCode>().await
    });
    let layer = CircuitBreakerLayer::new(breaker).clock(Clock::runtime());
    let app = app(Router::new().route("/", hang), layer);
    for _ in 0..10 {
        let answer = app.clone().oneshot(Request::new(Body::empty())).await.unwrap();
        assert!([503, 504].contains(&answer.status().as_u16()));
    }
    reached.load(SeqCst)
}

fn timeout() -> TimeoutLayer {
    TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, Duration::from_secs(1))
}

#[tokio::test(start_paused = true)]
async fn a_timeout_inside_is_a_failure() {
    let app = |router: Router, layer| router.layer(timeout()).layer(layer);
    assert_eq!(reached(app, breaker()).await, 4);
}

#[tokio::test(start_paused = true)]
async fn a_timeout_outside_is_a_slow_call() {
    let app = |router: Router, layer| router.layer(layer).layer(timeout());
    assert_eq!(reached(app, breaker()).await, 10, "calls that are given up say nothing");
    let slow = breaker().slow_calls(Duration::from_millis(500), 0.8).unwrap();
    assert_eq!(reached(app, slow).await, 4);
}
