//! Batches in axum, over a socket.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Json, Router,
    body::Body,
    extract::{FromRequestParts, MatchedPath, Path},
    response::{IntoResponse, Response},
    routing::{get, post_service},
};
use bytes::Bytes;
use http::{Request, StatusCode};
use tokio::sync::Semaphore;
use tower_weir::{
    batch::{BatchLayer, Fixed, HttpBatched},
    rate_limit::{Quota, RateLimitLayer},
};

use crate::{
    client::{Http, Server, listen},
    raw::Raw,
    until::until,
};

/// Longer than any test takes: a batch leaves when it is full.
const LONG: Duration = Duration::from_secs(600);

async fn serve(app: Router) -> (SocketAddr, Server) {
    let (listener, addr) = listen().await;
    (addr, Server::spawn(async move { axum::serve(listener, app).await.unwrap() }))
}

/// Batches of exactly `size`.
fn batches_of(size: usize) -> BatchLayer<Request<Bytes>> {
    BatchLayer::new().max_size(size).linger(Fixed::new(LONG))
}

/// Answers all of a batch with the bodies of all.
fn together(layer: BatchLayer<Request<Bytes>>) -> HttpBatched<Body> {
    layer.http().service_fn(async |batch: Vec<Request<Bytes>>| {
        let mut texts: Vec<_> = batch
            .iter()
            .map(|request| String::from_utf8_lossy(request.body()).into_owned())
            .collect();
        texts.sort();
        batch.iter().map(|_| texts.join(" ").into_response()).collect::<Vec<_>>()
    })
}

fn post(path: &str, text: &str) -> String {
    let length = text.len();
    format!(
        "POST {path} HTTP/1.1\r\nhost: a\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{text}"
    )
}

/// The whole answers to all of these at once, each by a connection of its own.
async fn ask(addr: SocketAddr, requests: &[String]) -> Vec<String> {
    let mut clients = Vec::new();
    for request in requests {
        clients.push(Raw::send(addr, request).await);
    }
    let mut answers = Vec::new();
    for client in clients {
        answers.push(client.read_all().await);
    }
    answers
}

fn text(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").unwrap().1
}

#[tokio::test]
async fn clients_that_come_together_are_served_together() {
    let app = Router::new().route_service("/", together(batches_of(3)));
    let (addr, _server) = serve(app).await;
    for round in ["1", "2"] {
        let requests = ["a", "b", "c"].map(|name| post("/", &format!("{name}{round}")));
        for answer in ask(addr, &requests).await {
            assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
            assert_eq!(text(&answer), format!("a{round} b{round} c{round}"));
        }
    }
}

/// Routes that were given clones of one service, however axum takes it, and layers around it.
#[tokio::test]
async fn routes_share_the_queue_of_the_service_that_they_share() {
    let service = together(batches_of(4));
    let inner = Router::new().route_service("/b", service.clone());
    let app: Router<u8> = Router::new()
        .route_service("/a", service.clone())
        .nest("/nested", inner)
        .route("/c", post_service(service.clone()))
        .fallback_service(service)
        .layer(RateLimitLayer::new(Quota::per_second(1_000)));
    let (addr, _server) = serve(app.with_state(1)).await;
    let requests = ["/a", "/nested/b", "/c", "/d"].map(|path| post(path, path));
    for answer in ask(addr, &requests).await {
        assert_eq!(text(&answer), "/a /c /d /nested/b");
    }
}

/// What axum knows of a request goes with it.
#[tokio::test]
async fn a_batch_can_be_asked_what_axum_extracts() {
    let service = batches_of(2).http().service_fn(async |batch: Vec<Request<Bytes>>| {
        let mut answers = Vec::new();
        for request in batch {
            let (mut parts, body) = request.into_parts();
            let Path(id) = Path::<u64>::from_request_parts(&mut parts, &()).await.unwrap();
            let matched = MatchedPath::from_request_parts(&mut parts, &()).await.unwrap();
            let Json(name) = Json::<String>::from_bytes(&body).unwrap();
            answers.push(format!("{} {id} {name}", matched.as_str()).into_response());
        }
        answers
    });
    let app = Router::new().route_service("/users/{id}", service);
    let (addr, _server) = serve(app).await;
    let answers = ask(addr, &[post("/users/1", "\"ann\""), post("/users/2", "\"bob\"")]).await;
    assert_eq!(text(&answers[0]), "/users/{id} 1 ann");
    assert_eq!(text(&answers[1]), "/users/{id} 2 bob");
}

#[tokio::test]
async fn errors_of_single_requests_become_the_responses_of_their_type() {
    enum Trouble {
        NotFound,
        NoTea,
    }

    impl IntoResponse for Trouble {
        fn into_response(self) -> Response {
            match self {
                Self::NotFound => StatusCode::NOT_FOUND.into_response(),
                Self::NoTea => (StatusCode::IM_A_TEAPOT, "no tea").into_response(),
            }
        }
    }

    let http = batches_of(3).http().on_error(Trouble::into_response);
    let service = http.service_fn(async |batch: Vec<Request<Bytes>>| {
        let answer = |request: &Request<Bytes>| match request.uri().path() {
            "/fine" => Ok("fine".into_response()),
            "/tea" => Err(Trouble::NoTea),
            _ => Err(Trouble::NotFound),
        };
        batch.iter().map(answer).collect::<Vec<_>>()
    });
    let (addr, _server) = serve(Router::new().fallback_service(service)).await;
    let answers = ask(addr, &["/fine", "/tea", "/nowhere"].map(|path| post(path, ""))).await;
    for (answer, expected) in answers.iter().zip(["200 OK", "418", "404"]) {
        assert!(answer.starts_with(&format!("HTTP/1.1 {expected}")), "{answer}");
    }
    assert_eq!((text(&answers[0]), text(&answers[1])), ("fine", "no tea"));
}

#[tokio::test]
async fn a_client_that_disconnects_leaves_its_place_to_others() {
    let service = together(batches_of(2));
    let handle = service.handle();
    let (addr, _server) = serve(Router::new().route_service("/", service)).await;
    let client = Raw::send(addr, &post("/", "gone")).await;
    until(|| handle.stats().waiting == 1).await;
    drop(client);
    until(|| handle.stats().waiting == 0).await;
    for answer in ask(addr, &[post("/", "a"), post("/", "b")]).await {
        assert_eq!(text(&answer), "a b");
    }
    let stats = handle.stats();
    assert_eq!((stats.items, stats.abandoned, stats.batches), (3, 1, 1));
}

#[tokio::test]
async fn an_overload_is_told_with_when_to_come_again() {
    let go = Arc::new(Semaphore::new(0));
    let gate = Arc::clone(&go);
    let layer = BatchLayer::new().max_size(1).max_in_flight(1).max_waiting(1);
    let service = layer.http().service_fn(async move |batch: Vec<Request<Bytes>>| {
        gate.acquire().await.unwrap().forget();
        batch.iter().map(|_| "done".into_response()).collect::<Vec<_>>()
    });
    let handle = service.handle();
    let app = Router::new().route_service("/", service).route("/health", get(async || "fine"));
    let (addr, _server) = serve(app).await;
    let called = Raw::send(addr, &post("/", "")).await;
    until(|| handle.stats().in_flight == 1).await;
    let waits = Raw::send(addr, &post("/", "")).await;
    until(|| handle.stats().waiting == 1).await;

    let http = Http::new(addr);
    let refused = http.get("/").await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(refused.header("content-type"), "application/problem+json");
    assert_eq!(http.get("/health").await.status, 200);

    go.add_permits(2);
    assert_eq!(text(&called.read_all().await), "done");
    assert_eq!(text(&waits.read_all().await), "done");
}

#[tokio::test]
async fn a_body_that_says_to_be_too_large_need_not_be_sent() {
    let (addr, _server) = serve(Router::new().route_service("/", together(batches_of(1)))).await;
    let head = "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 65537\r\n\r\n";
    let mut client = Raw::send(addr, head).await;
    let answer = client.read_to("65536 bytes").await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
}

/// As a server does it that is told to end: what waits is not kept waiting for what will not come.
#[tokio::test]
async fn what_waits_is_sent_at_once_when_the_server_ends() {
    let served = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&served);
    let service = batches_of(10).http().service_fn(async move |batch: Vec<Request<Bytes>>| {
        seen.lock().unwrap().push(batch.len());
        batch.iter().map(|_| "done".into_response()).collect::<Vec<_>>()
    });
    let handle = service.handle();
    let (addr, _server) = serve(Router::new().route_service("/", service)).await;
    let clients = [Raw::send(addr, &post("/", "")).await, Raw::send(addr, &post("/", "")).await];
    until(|| handle.stats().waiting == 2).await;
    handle.drain().await;
    for client in clients {
        assert_eq!(text(&client.read_all().await), "done");
    }
    assert_eq!(*served.lock().unwrap(), [2]);
    assert_eq!(Http::new(addr).get("/").await.status, StatusCode::SERVICE_UNAVAILABLE);
}
