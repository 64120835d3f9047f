//! One weir in axum, tonic and hyper, over sockets: the same file, the same answers.

#[path = "support/client.rs"]
#[allow(dead_code)]
mod client;
#[path = "../examples/support/greeter.rs"]
#[allow(dead_code)]
mod greeter;

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{Router, routing::get};
use bytes::Bytes;
use client::{Http, Server, listen};
use greeter::{GreeterClient, GreeterServer};
use http::{Method, Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
    service::TowerToHyperService,
};
use tonic::{
    Code,
    transport::{Channel, Endpoint, server::TcpIncoming},
};
use tower::{ServiceBuilder, service_fn};
use tower_weir::{
    clock::Clock,
    profile::Profile,
    stack::{Weir, WeirLayer},
};

const FILE: &str = r#"
[defaults]
profile = true
rate_limit = { key = "peer_ip", policies = ["4/hour"] }
concurrency = { limit = 16 }
circuit_breaker = true

[[route]]
path = "/cached/{page}"
methods = ["GET"]
rate_limit = false
cache = { ttl = "1h" }

[[route]]
name = "failing"
path = "/failing"
rate_limit = { key = "peer_ip", policies = ["2/hour"], charge = "failures" }

[[route]]
path = "/greet.v1.Greeter/{*method}"
rate_limit = { policies = ["2/hour"] }
"#;

/// A weir whose time stands still, and what it measures.
fn weir() -> (WeirLayer, Profile) {
    let profile = Profile::new();
    let weir = Weir::builder().text(FILE).environment([("", ""); 0]).profile(profile.clone());
    let (clock, _) = Clock::manual();
    (weir.clock(clock).build().unwrap().layer(), profile)
}

/// How often handlers were called.
#[derive(Clone, Default)]
struct Calls(Arc<AtomicUsize>);

impl Calls {
    fn count(&self) -> String {
        format!("call {}", self.0.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn number(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

async fn in_axum(layer: WeirLayer, calls: Calls) -> (Http, Server) {
    let (listener, addr) = listen().await;
    let counting = |calls: Calls| get(async move || calls.count());
    let app = Router::new()
        .route("/", counting(calls.clone()))
        .route("/other", counting(calls.clone()))
        .route("/cached/{page}", counting(calls))
        .route("/failing", get(async || http::StatusCode::UNAUTHORIZED))
        .layer(layer);
    let service = app.into_make_service_with_connect_info::<SocketAddr>();
    let server = Server::spawn(async move { axum::serve(listener, service).await.unwrap() });
    (Http::new(addr), server)
}

async fn in_hyper(layer: WeirLayer, calls: Calls) -> (Http, Server) {
    let (listener, addr) = listen().await;
    let server = Server::spawn(async move {
        loop {
            let (stream, peer) = listener.accept().await.unwrap();
            let calls = calls.clone();
            let service = ServiceBuilder::new()
                .map_request(move |mut request: Request<Incoming>| {
                    request.extensions_mut().insert(peer);
                    request
                })
                .layer(layer.clone())
                .service(service_fn(move |request: Request<Incoming>| {
                    let failing = request.uri().path() == "/failing";
                    let mut response = Response::new(Full::new(Bytes::from(calls.count())));
                    if failing {
                        *response.status_mut() = http::StatusCode::UNAUTHORIZED;
                    }
                    std::future::ready(Ok::<_, Infallible>(response))
                }));
            tokio::spawn(async move {
                let connection = auto::Builder::new(TokioExecutor::new());
                let service = TowerToHyperService::new(service);
                // A client that leaves is no failure of the test.
                drop(connection.serve_connection(TokioIo::new(stream), service).await);
            });
        }
    });
    (Http::new(addr), server)
}

async fn in_tonic(layer: WeirLayer) -> (GreeterClient<Channel>, Server) {
    let (listener, addr) = listen().await;
    let server = Server::spawn(async move {
        let server = tonic::transport::Server::builder().layer(layer).add_service(GreeterServer);
        server.serve_with_incoming(TcpIncoming::from(listener)).await.unwrap();
    });
    let channel = Endpoint::try_from(format!("http://{addr}")).unwrap().connect().await.unwrap();
    (GreeterClient::new(channel), server)
}

/// What the file says holds, whatever server it is.
async fn holds(http: Http, calls: Calls) {
    // The defaults' limit is one for all routes that do not mention theirs.
    assert_eq!(http.statuses(Method::GET, "/", 2).await, [200, 200]);
    assert_eq!(http.statuses(Method::GET, "/other", 3).await, [200, 200, 429]);
    let limited = http.get("/").await;
    assert_eq!((limited.status.as_u16(), limited.header("retry-after")), (429, "900"));
    assert_eq!(limited.header("ratelimit-policy"), r#""hour";q=4;w=3600"#);
    let before = calls.number();
    let first = http.get("/cached/7").await;
    let second = http.get("/cached/7").await;
    assert_eq!((first.status.as_u16(), first.body.clone()), (200, second.body.clone()));
    assert!(second.header("cache-status").contains("hit"), "{:?}", second.headers);
    assert_eq!(http.statuses(Method::GET, "/cached/8", 4).await, [200, 200, 200, 200]);
    assert_eq!(calls.number() - before, 2, "one call for each page");
    assert_eq!(http.statuses(Method::GET, "/failing", 3).await, [401, 401, 429]);
}

#[tokio::test]
async fn in_axum_the_file_holds() {
    let ((layer, profile), calls) = (weir(), Calls::default());
    let (http, _server) = in_axum(layer, calls.clone()).await;
    holds(http, calls).await;
    let table = profile.to_string();
    for route in ["/cached/{page}", "/failing", "/other"] {
        assert!(table.contains(route), "{table}");
    }
}

#[tokio::test]
async fn in_hyper_the_file_holds() {
    let ((layer, profile), calls) = (weir(), Calls::default());
    let (http, _server) = in_hyper(layer, calls.clone()).await;
    holds(http, calls).await;
    let table = profile.to_string();
    for route in ["/cached/{page}", "/failing", "_unmatched"] {
        assert!(table.contains(route), "{table}");
    }
}

#[tokio::test]
async fn in_tonic_the_file_holds() {
    let (layer, profile) = weir();
    let (mut client, _server) = in_tonic(layer).await;
    for _ in 0..2 {
        assert!(client.say_hello("Ada").await.is_ok());
    }
    let status = client.say_hello("Ada").await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::ResourceExhausted, "too many requests"));
    assert!(profile.to_string().contains("/greet.v1.Greeter/SayHello"), "{profile}");
}
