//! The layers in hyper, over a socket.

use std::{convert::Infallible, net::SocketAddr, time::Duration};

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::{Body, Incoming};
use hyper_util::rt::TokioIo;
use tower::{BoxError, Layer, Service, service_fn, util::BoxCloneSyncService};
use tower_weir::{
    clock::Clock,
    key::{Forwarded, PeerIp},
    rate_limit::{Queue, Quota, RateLimitLayer, Rule},
    route::RouteTable,
};

use crate::{
    client::{Http, Server},
    served::served,
};

type Handler = BoxCloneSyncService<Request<Incoming>, Response<Full<Bytes>>, Infallible>;

/// Serves HTTP/1 and HTTP/2 with the layer around a handler that answers with the path.
async fn serve<L, B>(layer: L) -> (SocketAddr, Server)
where
    L: Layer<Handler> + Clone + Send + 'static,
    L::Service: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>,
    L::Service: Clone + Send + 'static,
    <L::Service as Service<Request<Incoming>>>::Future: Send,
    B: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    let handler = service_fn(async |request: Request<Incoming>| {
        let path = request.uri().path().to_owned();
        Ok::<_, Infallible>(Response::new(Full::new(Bytes::from(path))))
    });
    served(layer.layer(BoxCloneSyncService::new(handler))).await
}

#[tokio::test]
async fn http1_and_http2_connections_share_the_limit() {
    let (clock, hand) = Clock::manual();
    let (addr, _server) =
        serve(RateLimitLayer::new(Quota::per_second(4)).key(PeerIp).clock(clock)).await;
    let (http1, http2) = (Http::new(addr), Http::with_http2_only(addr, true));
    assert_eq!(http1.statuses(Method::GET, "/", 2).await, [200, 200]);
    assert_eq!(http2.statuses(Method::GET, "/", 3).await, [200, 200, 429]);
    let limited = http1.get("/").await;
    assert_eq!(limited.status, 429);
    assert_eq!(limited.header("retry-after"), "1");
    assert_eq!(limited.header("ratelimit"), r#""second";r=0;t=1"#);
    assert_eq!(limited.header("content-length").parse(), Ok(limited.body.len()));
    hand.advance(Duration::from_millis(500));
    assert_eq!(http2.statuses(Method::GET, "/", 3).await, [200, 200, 429]);
}

#[tokio::test]
async fn path_patterns_have_limits_of_their_own() {
    let routes = RouteTable::new()
        .route("/users/{id}", Rule::new(Quota::per_minute(2)).key(PeerIp))
        .method_route(Method::POST, "/login", Quota::per_minute(1));
    let layer = RateLimitLayer::new(Quota::per_minute(3)).routes(routes).clock(Clock::manual().0);
    let (addr, _server) = serve(layer).await;
    let http = Http::new(addr);
    assert_eq!(http.statuses(Method::GET, "/users/1", 1).await, [200]);
    assert_eq!(http.statuses(Method::GET, "/users/2", 2).await, [200, 429]);
    assert_eq!(http.statuses(Method::POST, "/login", 2).await, [200, 429]);
    assert_eq!(http.statuses(Method::GET, "/login", 4).await, [200, 200, 200, 429]);
}

#[tokio::test]
async fn a_rejection_of_head_has_no_body_and_keeps_the_connection() {
    let (addr, _server) =
        serve(RateLimitLayer::new(Quota::per_minute(1)).clock(Clock::manual().0)).await;
    let http = Http::new(addr);
    assert_eq!(http.statuses(Method::HEAD, "/", 3).await, [200, 429, 429]);
    assert_eq!(http.get("/").await.status, 429);
}

#[tokio::test]
async fn forwarded_addresses_count_behind_a_trusted_proxy_only() {
    let layer = RateLimitLayer::new(Quota::per_minute(1)).clock(Clock::manual().0);
    let send = async |http: &Http, client: &str| {
        let request =
            Request::get("/").header("x-forwarded-for", client).body(Empty::new()).unwrap();
        http.send(request).await.status.as_u16()
    };
    let trusting = Forwarded::trusting(["127.0.0.0/8"]).unwrap();
    let (addr, _server) = serve(layer.clone().key(trusting)).await;
    let http = Http::new(addr);
    assert_eq!(send(&http, "203.0.113.7").await, 200);
    assert_eq!(send(&http, "203.0.113.8").await, 200);
    assert_eq!(send(&http, "1.2.3.4, 203.0.113.7").await, 429);

    let trusting = Forwarded::trusting(["10.0.0.0/8"]).unwrap();
    let (addr, _server) = serve(RateLimitLayer::new(Quota::per_minute(1)).key(trusting)).await;
    let http = Http::new(addr);
    assert_eq!(send(&http, "203.0.113.7").await, 200);
    assert_eq!(send(&http, "203.0.113.8").await, 429, "the peer itself is the client");
}

#[tokio::test]
async fn a_body_that_is_not_read_is_no_obstacle() {
    // A request with a body is rejected before anybody reads it; the next one on the connection is served.
    let (clock, hand) = Clock::manual();
    let (addr, _server) = serve(RateLimitLayer::new(Quota::per_second(1)).clock(clock)).await;
    let stream = TokioIo::new(tokio::net::TcpStream::connect(addr).await.unwrap());
    let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await.unwrap();
    let _connection = Server::spawn(async move { drop(connection.await) });
    let post = || {
        let body = Full::new(Bytes::from(vec![7; 10_000]));
        Request::post("/").header("host", "test").body(body).unwrap()
    };
    for expected in [200, 429, 429] {
        let response = sender.send_request(post()).await.unwrap();
        assert_eq!(response.status(), expected);
        response.into_body().collect().await.unwrap();
        sender.ready().await.unwrap();
    }
    hand.advance(Duration::from_secs(1));
    assert_eq!(sender.send_request(post()).await.unwrap().status(), 200);
}

#[tokio::test]
async fn the_quota_that_clients_are_told_follows_the_multiplier() {
    let layer = RateLimitLayer::new(Quota::per_second(10)).key(PeerIp).clock(Clock::manual().0);
    let policy = layer.handle().limit("default").unwrap().policy("second").unwrap();
    let (addr, _server) = serve(layer).await;
    for http in [Http::new(addr), Http::with_http2_only(addr, true)] {
        for (multiplier, told) in [(0.5, 5), (0.01, 1), (1.0, 10)] {
            policy.set_multiplier(multiplier).unwrap();
            let answer = http.get("/").await;
            assert_eq!(answer.header("ratelimit-policy"), format!(r#""second";q={told};w=1"#));
        }
    }
}

#[tokio::test]
async fn a_queue_lets_requests_of_both_versions_wait() {
    const INTERVAL: Duration = Duration::from_millis(20);
    let clock = Clock::system();
    let layer = RateLimitLayer::new(Quota::every(INTERVAL)).key(PeerIp).clock(clock.clone());
    let (addr, _server) = serve(layer.queue(Queue::new(Duration::from_secs(600), 10))).await;
    let (http1, http2) = (Http::new(addr), Http::with_http2_only(addr, true));
    let begin = clock.now();
    let answers = tokio::join!(http1.get("/1"), http2.get("/2"), http1.get("/3"), http2.get("/4"));
    let answers = <[_; 4]>::from(answers);
    assert!(answers.iter().all(|answer| answer.status == 200));
    assert!(clock.now().saturating_since(begin) >= 3 * INTERVAL);
}
