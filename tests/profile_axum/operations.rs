//! Operations, and requests that go through other tasks.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, Bytes},
    error_handling::HandleErrorLayer,
    extract::{Request, State},
    routing::get,
};
use http::StatusCode;
use http_body::Frame;
use tower::{BoxError, ServiceBuilder, ServiceExt, service_fn};
use tower_weir::profile::{RouteReporter, Window, operation};

use super::*;

/// Each operation, with how many succeeded, failed and were cancelled.
fn operations(profile: &Profile) -> Vec<(String, [u64; 3])> {
    let mut operations: Vec<_> = profile
        .snapshot()
        .operations
        .into_iter()
        .map(|of| {
            assert_eq!(of.in_flight, 0, "{}", of.name);
            let stats = of.stats(Window::Lifetime);
            let counts = [stats.successes, stats.failures, stats.cancelled];
            (of.name, counts)
        })
        .collect();
    operations.sort();
    operations
}

fn op(name: &str, counts: [u64; 3]) -> (String, [u64; 3]) {
    (name.to_owned(), counts)
}

#[tokio::test]
async fn operations_of_a_handler_go_to_the_profile_of_its_request() {
    let (profile, hand, layer) = profile();
    let handler = async |State(hand): State<ManualClock>| {
        let query = async || {
            // Elsewhere in between, and back.
            tokio::task::yield_now().await;
            hand.advance(Duration::from_millis(20));
        };
        operation("db.query").record(query()).await;
        let failed = async { Err::<(), _>("no") };
        operation("db.query").record_result(failed).await.unwrap_err();
        operation("render").start().end(&Ok::<_, ()>(()));
        let never = operation("cancelled").record(std::future::pending::<()>());
        tokio::select! { biased; () = never => (), () = async {} => () }
        "fine"
    };
    let app = Router::new().route("/", get(handler)).with_state(hand).layer(layer);
    let (addr, _server) = serve(app).await;
    Http::new(addr).get("/").await;
    assert_eq!(settled(&profile).await, ["GET / ok 1"]);
    let expected = [op("cancelled", [0, 0, 1]), op("db.query", [1, 1, 0]), op("render", [1, 0, 0])];
    assert_eq!(operations(&profile), expected);
    let queries = profile.snapshot().operations.into_iter().find(|of| of.name == "db.query");
    let latency = queries.unwrap().stats(Window::Lifetime).latency.clone().unwrap();
    assert_eq!(latency.mean, Duration::from_millis(10), "one took 20 ms, the other nothing");
}

#[tokio::test]
async fn operations_of_a_spawned_task_go_to_the_process_or_to_a_profile_that_is_named() {
    let (profile, _hand, layer) = profile();
    let named = profile.clone();
    let handler = async move || {
        let task = async move {
            operation("only.in.a.spawned.task").record(async {}).await;
            named.operation("named").record(async {}).await;
            assert!(Profile::current().is_none());
        };
        tokio::spawn(task).await.unwrap();
        assert!(Profile::current().is_some());
        "fine"
    };
    let (addr, _server) = serve(Router::new().route("/", get(handler)).layer(layer)).await;
    Http::new(addr).get("/").await;
    assert_eq!(settled(&profile).await, ["GET / ok 1"]);
    assert_eq!(operations(&profile), [op("named", [1, 0, 0])]);
    let global = Profile::global().snapshot().operations;
    let spawned = global.iter().find(|of| of.name == "only.in.a.spawned.task").unwrap();
    assert_eq!(spawned.stats(Window::Lifetime).successes, 1);
}

#[tokio::test]
async fn under_several_layers_operations_go_where_the_request_is_counted() {
    let (outer, _hand, outer_layer) = profile();
    let (inner, _hand, inner_layer) = profile();
    let handler = async || operation("db.query").record(async { "fine" }).await;
    let app = Router::new().route("/", get(handler)).layer(inner_layer).layer(outer_layer);
    let (addr, _server) = serve(app).await;
    Http::new(addr).get("/").await;
    assert_eq!(settled(&outer).await, ["GET / ok 1"]);
    assert_eq!(operations(&outer), [op("db.query", [1, 0, 0])]);
    assert_eq!(operations(&inner), []);
}

/// A request that a handler makes of another service in the process is one of its own.
#[tokio::test]
async fn a_service_inside_of_a_handler_counts_its_own_requests_and_operations() {
    let (outer, _hand, outer_layer) = profile();
    let (inner, _hand, inner_layer) = profile();
    let backend = async || operation("backend").record(async { "fine" }).await;
    let backend = Router::new().route("/backend", get(backend)).layer(inner_layer);
    let handler = async move || {
        operation("before").record(async {}).await;
        let request = Request::get("/backend").body(Body::empty()).unwrap();
        let answer = operation("call").record(backend.oneshot(request)).await.unwrap();
        operation("after").record(async {}).await;
        answer
    };
    let (addr, _server) = serve(Router::new().route("/", get(handler)).layer(outer_layer)).await;
    assert_eq!(Http::new(addr).get("/").await.body, "fine");
    assert_eq!(settled(&outer).await, ["GET / ok 1"]);
    assert_eq!(settled(&inner).await, ["GET /backend ok 1"]);
    let expected = ["after", "before", "call"].map(|name| op(name, [1, 0, 0]));
    assert_eq!(operations(&outer), expected);
    assert_eq!(operations(&inner), [op("backend", [1, 0, 0])]);
}

/// A body that does something for each of its two chunks.
struct Rendered(u8);

impl http_body::Body for Rendered {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0 += 1;
        Poll::Ready((self.0 < 3).then(|| {
            let _timer = operation("render").start();
            Ok(Frame::data(Bytes::from_static(b"chunk")))
        }))
    }
}

#[tokio::test]
async fn operations_of_a_body_go_to_the_profile_of_its_request() {
    let (profile, _hand, layer) = profile();
    let app = Router::new().route("/", get(async || Body::new(Rendered(0)))).layer(layer);
    let (addr, _server) = serve(app).await;
    assert_eq!(Http::new(addr).get("/").await.body, "chunkchunk");
    assert_eq!(settled(&profile).await, ["GET / ok 1"]);
    assert_eq!(operations(&profile), [op("render", [2, 0, 0])]);
}

async fn failed(_: BoxError) -> StatusCode {
    StatusCode::INTERNAL_SERVER_ERROR
}

/// A Router whose requests go through another task, with the layer around all of it.
#[tokio::test]
async fn a_buffer_between_the_layer_and_the_router_changes_nothing() {
    let (profile, _hand, layer) = profile();
    let handler = async || operation("db.query").record(async { "fine" }).await;
    let app = Router::new().route("/{x}", get(handler)).layer(RouteReporter);
    let buffered = ServiceBuilder::new()
        .layer(HandleErrorLayer::new(failed))
        .layer(layer)
        .buffer(8)
        .service(app);
    let (addr, _server) = serve(Router::new().fallback_service(buffered)).await;
    let http = Http::new(addr);
    for path in ["/1", "/2", "/no/where"] {
        http.get(path).await;
    }
    let expected = ["GET /{x} ok 2", "GET _unmatched client_error 1"];
    assert_eq!(settled(&profile).await, expected);
    // The buffer's task makes the futures of handlers; they are polled where the layer is.
    assert_eq!(operations(&profile), [op("db.query", [2, 0, 0])]);
}

#[tokio::test]
async fn a_task_between_the_layer_and_the_router_changes_nothing() {
    let (profile, _hand, layer) = profile();
    let app = Router::new()
        .route("/{x}", get(fine))
        .route("/panic", get(async || -> &'static str { panic!("as the test says") }))
        .layer(RouteReporter);
    let spawning = service_fn(move |request: Request| {
        let app = app.clone();
        async move { tokio::spawn(app.oneshot(request)).await.map_err(BoxError::from) }
    });
    let service = ServiceBuilder::new()
        .layer(HandleErrorLayer::new(failed))
        .layer(layer)
        .map_response(|answer: Result<axum::response::Response, _>| {
            answer.unwrap_or_else(|never: Infallible| match never {})
        })
        .service(spawning);
    let (addr, _server) = serve(Router::new().fallback_service(service)).await;
    let http = Http::new(addr);
    for (path, status) in [("/1", 200), ("/2", 200), ("/panic", 500)] {
        assert_eq!(http.get(path).await.status, status);
    }
    let expected = ["GET /panic service_error 1", "GET /{x} ok 2"];
    assert_eq!(settled(&profile).await, expected);
}
