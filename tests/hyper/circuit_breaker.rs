//! The circuit breaker in hyper, over a socket: around a server, and around hyper-util's client.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU16, AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::Incoming;
use hyper_util::{
    client::legacy::Client,
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
    service::TowerToHyperService,
};
use tokio::net::TcpListener;
use tower::{Layer, Service, ServiceBuilder, ServiceExt, layer::util::Identity, service_fn};
use tower_weir::{
    circuit_breaker::{Breaker, CircuitBreakerLayer, State, Window},
    clock::{Clock, ManualClock},
    head::Head,
    reject::Rejected,
};

use crate::client::{Http, Server, listen};

fn layer() -> (CircuitBreakerLayer, ManualClock) {
    let (clock, hand) = Clock::manual();
    let breaker = Breaker::new().window(Window::by_count(10, 4).unwrap()).jitter(0.0).unwrap();
    (CircuitBreakerLayer::new(breaker).clock(clock), hand)
}

/// What a server answers, and how often it was asked.
#[derive(Clone)]
struct Mood {
    status: Arc<AtomicU16>,
    came: Arc<AtomicUsize>,
}

impl Mood {
    fn good() -> Self {
        Self { status: Arc::new(AtomicU16::new(200)), came: Arc::default() }
    }

    fn set(&self, status: u16) {
        self.status.store(status, SeqCst);
    }
}

/// Serves HTTP/1 and HTTP/2 with the layer around a handler in a mood.
macro_rules! serve {
    ($listener:expr, $layer:expr, $mood:expr) => {{
        let (listener, layer, mood): (TcpListener, _, Mood) = ($listener, $layer, $mood);
        Server::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let mood = mood.clone();
                let handler = service_fn(move |_: Request<Incoming>| {
                    mood.came.fetch_add(1, SeqCst);
                    let response = Response::builder().status(mood.status.load(SeqCst));
                    let response = response.body(Full::new(Bytes::from_static(b"served"))).unwrap();
                    async { Ok::<_, Infallible>(response) }
                });
                let service = TowerToHyperService::new(layer.layer(handler));
                tokio::spawn(async move {
                    let connection = auto::Builder::new(TokioExecutor::new());
                    // A client that leaves is no failure of the test.
                    drop(connection.serve_connection(TokioIo::new(stream), service).await);
                });
            }
        })
    }};
}

#[tokio::test]
async fn http1_and_http2_connections_share_the_breaker() {
    let (layer, hand) = layer();
    let ((listener, addr), mood) = (listen().await, Mood::good());
    let _server = serve!(listener, layer.clone(), mood.clone());
    let (http1, http2) = (Http::new(addr), Http::with_http2_only(addr, true));
    mood.set(500);
    assert_eq!(http1.statuses(Method::GET, "/", 2).await, [500, 500]);
    assert_eq!(http2.statuses(Method::GET, "/", 3).await, [500, 500, 503]);
    let rejected = http1.get("/").await;
    assert_eq!((rejected.status.as_u16(), rejected.header("retry-after")), (503, "5"));
    assert_eq!(rejected.header("content-type"), "application/problem+json");
    assert_eq!(rejected.header("content-length").parse(), Ok(rejected.body.len()));
    assert_eq!(http1.statuses(Method::HEAD, "/", 2).await, [503, 503], "without a body");
    assert_eq!(mood.came.load(SeqCst), 4);
    mood.set(200);
    hand.advance(Duration::from_secs(5));
    assert_eq!(http2.statuses(Method::GET, "/", 9).await, [200; 9]);
    assert_eq!(layer.handle().breaker("default").unwrap().state(), State::Closed);
}

/// What becomes of requests through a client: the status, or nothing if the layer rejected it, or the error's name.
async fn sent<S, B>(client: &S, addr: SocketAddr, n: usize) -> Vec<String>
where
    S: Service<
            Request<Empty<Bytes>>,
            Response = Response<
                tower_weir::body::ResponseBody<B, tower_weir::circuit_breaker::Call>,
            >,
        > + Clone,
    S::Error: std::fmt::Debug,
    B: http_body::Body<Data = Bytes>,
    B::Error: std::fmt::Debug,
{
    let mut sent = Vec::new();
    for _ in 0..n {
        let request = Request::get(format!("http://{addr}/")).body(Empty::new()).unwrap();
        sent.push(match client.clone().oneshot(request).await {
            Ok(response) if Rejected::is_on(&response) => "not sent".to_owned(),
            Ok(response) => {
                let status = response.status().as_u16().to_string();
                // The connection goes back to the pool.
                response.into_body().collect().await.unwrap();
                status
            }
            Err(_) => "error".to_owned(),
        });
    }
    sent
}

#[tokio::test]
async fn a_client_does_not_send_what_would_fail() {
    let (layer, hand) = layer();
    let ((listener, addr), mood) = (listen().await, Mood::good());
    let _server = serve!(listener, Identity::new(), mood.clone());
    let client = Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>();
    let client = ServiceBuilder::new().layer(layer).service(client);
    assert_eq!(sent(&client, addr, 2).await, ["200"; 2]);
    mood.set(503);
    assert_eq!(sent(&client, addr, 4).await, ["503", "503", "not sent", "not sent"]);
    assert_eq!(mood.came.load(SeqCst), 4);
    hand.advance(Duration::from_secs(5));
    assert_eq!(sent(&client, addr, 3).await, ["503", "503", "not sent"]);
    mood.set(200);
    hand.advance(Duration::from_secs(10));
    assert_eq!(sent(&client, addr, 9).await, ["200"; 9]);
}

#[tokio::test]
async fn a_host_that_is_gone_is_left_alone_and_others_are_called() {
    let (layer, hand) = layer();
    let ((gone, gone_addr), (listener, addr)) = (listen().await, listen().await);
    drop(gone);
    let _server = serve!(listener, Identity::new(), Mood::good());
    let layer = layer.key(|head: &Head<'_>| head.uri.authority().cloned());
    let client = Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>();
    let client = ServiceBuilder::new().layer(layer).service(client);
    let expected = ["error", "error", "error", "error", "not sent", "not sent"];
    assert_eq!(sent(&client, gone_addr, 6).await, expected);
    assert_eq!(sent(&client, addr, 6).await, ["200"; 6]);
    hand.advance(Duration::from_secs(5));
    let back = TcpListener::bind(gone_addr).await.unwrap();
    let _back = serve!(back, Identity::new(), Mood::good());
    assert_eq!(sent(&client, gone_addr, 6).await, ["200"; 6]);
}
