//! Latency profiling in hyper, over a socket.

use std::{
    fmt,
    future::pending,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty, Full, combinators::UnsyncBoxBody};
use hyper::body::{Body, Frame, Incoming};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tower::{BoxError, Layer, Service, ServiceBuilder, service_fn, util::BoxCloneSyncService};
use tower_http::catch_panic::CatchPanicLayer;
use tower_weir::{
    clock::{Clock, ManualClock},
    profile::{Profile, ProfileLayer, Window, operation},
    route::RouteTable,
};

use crate::{
    client::{Http, Server},
    counted::{counted, in_flight, of, settled},
    raw::Raw,
    served::served,
    until::until,
};

type AnyBody = UnsyncBoxBody<Bytes, Failed>;
type Handler = BoxCloneSyncService<Request<Incoming>, Response<AnyBody>, Failed>;

/// What goes wrong, in the service and in bodies.
#[derive(Debug)]
struct Failed;

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("as the test says")
    }
}

impl std::error::Error for Failed {}

/// What its path says, whichever method.
async fn handle(request: Request<Incoming>) -> Result<Response<AnyBody>, Failed> {
    let whole =
        |text: &'static str| Full::from(text).map_err(|never| match never {}).boxed_unsync();
    let body = match request.uri().path() {
        "/pending" => pending().await,
        "/fail" => return Err(Failed),
        "/panic" => panic!("as the test says"),
        "/missing" => {
            let mut response = Response::new(whole("missing"));
            *response.status_mut() = StatusCode::NOT_FOUND;
            return Ok(response);
        }
        "/endless" => Then(Last::Nothing, false).boxed_unsync(),
        "/torn" => Then(Last::Error, false).boxed_unsync(),
        "/body-panic" => Then(Last::Panic, false).boxed_unsync(),
        "/echo" => request.into_body().map_err(|_| Failed).boxed_unsync(),
        _ => whole(operation("work").record(async { "fine" }).await),
    };
    Ok(Response::new(body))
}

/// One chunk, and then what is to come last.
struct Then(Last, bool);

#[derive(Clone, Copy)]
enum Last {
    Nothing,
    Error,
    Panic,
}

impl Body for Then {
    type Data = Bytes;
    type Error = Failed;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Failed>>> {
        if !std::mem::replace(&mut self.1, true) {
            return Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"first")))));
        }
        match self.0 {
            Last::Nothing => Poll::Pending,
            Last::Error => Poll::Ready(Some(Err(Failed))),
            Last::Panic => panic!("as the test says"),
        }
    }
}

/// Serves HTTP/1 and HTTP/2 with the layer around [`handle`].
async fn serve<L, B>(layer: L) -> (SocketAddr, Server)
where
    L: Layer<Handler> + Clone + Send + 'static,
    L::Service: Service<Request<Incoming>, Response = Response<B>, Error = Failed>,
    L::Service: Clone + Send + 'static,
    <L::Service as Service<Request<Incoming>>>::Future: Send,
    B: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    let service = layer.layer(BoxCloneSyncService::new(service_fn(handle)));
    served(service).await
}

/// A profile with a clock that stands, the hand of that, and a layer that names a few routes.
fn profile() -> (Profile, ManualClock, ProfileLayer) {
    let (clock, hand) = Clock::manual();
    let profile = Profile::new().clock(clock);
    let paths = ["/", "/users/{id}", "/pending", "/fail", "/panic", "/endless", "/torn", "/echo"];
    let paths = paths.into_iter().chain(["/body-panic"]);
    let routes = paths.fold(RouteTable::<()>::new(), |table, path| table.route(path, ()));
    let routes = routes.method_route(Method::POST, "/login", ());
    (profile.clone(), hand, ProfileLayer::new(profile).routes(routes))
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: test\r\n\r\n")
}

#[tokio::test]
async fn a_table_names_routes_and_all_connections_and_versions_share_them() {
    let (profile, _hand, layer) = profile();
    let (addr, _server) = serve(layer).await;
    for is_http2 in [false, true] {
        let http = Http::with_http2_only(addr, is_http2);
        for path in ["/", "/users/1", "/users/2", "/nowhere", "/missing", "/login"] {
            http.get(path).await;
        }
        http.statuses(Method::POST, "/login", 1).await;
        if !is_http2 {
            // hyper does not keep the service from sending a body here.
            http.statuses(Method::HEAD, "/users/1", 1).await;
        }
    }
    let expected = [
        "GET / ok 2",
        "GET /users/{id} ok 4",
        "GET _unmatched client_error 2",
        "GET _unmatched ok 4",
        "HEAD /users/{id} ok 1",
        "POST /login ok 2",
    ];
    assert_eq!(settled(&profile).await, expected);
    let work = profile.snapshot().operations;
    assert_eq!((work.len(), work[0].stats(Window::Lifetime).successes), (1, 13));
}

#[tokio::test]
async fn requests_over_one_connection_are_counted_one_by_one() {
    let (profile, hand, layer) = profile();
    let (addr, _server) = serve(layer).await;
    // All at once, answered in turn.
    let requests = [get("/users/1"), get("/users/2"), get("/endless")].concat();
    let mut client = Raw::send(addr, &requests).await;
    client.read_to("first").await;
    until(|| counted(&profile) == ["GET /users/{id} ok 2"]).await;
    hand.advance(Duration::from_secs(5));
    drop(client);
    let expected = ["GET /endless cancelled_in_body 1", "GET /users/{id} ok 2"];
    assert_eq!(settled(&profile).await, expected);
    let mean = |path| of(&profile, path).stats(Window::Lifetime).latency.as_ref().unwrap().mean;
    assert_eq!((mean("/users/{id}"), mean("/endless")), (Duration::ZERO, Duration::from_secs(5)));
}

/// Over HTTP/1 a client leaves by closing the connection, over HTTP/2 it gives up one stream of many.
#[tokio::test]
async fn clients_that_leave_are_told_apart_by_when_they_leave() {
    let (profile, _hand, layer) = profile();
    let (addr, _server) = serve(layer).await;
    let before = Raw::send(addr, &get("/pending")).await;
    let mut within = Raw::send(addr, &get("/endless")).await;
    within.read_to("first").await;
    until(|| in_flight(&profile) == 2).await;
    drop((before, within));
    let expected = ["GET /endless cancelled_in_body 1", "GET /pending cancelled_before_headers 1"];
    assert_eq!(settled(&profile).await, expected);

    let stream = TokioIo::new(tokio::net::TcpStream::connect(addr).await.unwrap());
    let executor = TokioExecutor::new();
    let (sender, connection) =
        hyper::client::conn::http2::handshake(executor, stream).await.unwrap();
    let _connection = Server::spawn(async move { drop(connection.await) });
    let send = |path: &str| {
        let uri = format!("http://{addr}{path}");
        let mut sender = sender.clone();
        let request = Request::get(uri).body(Empty::<Bytes>::new()).unwrap();
        async move { sender.send_request(request).await.unwrap() }
    };
    let before = tokio::spawn(send("/pending"));
    let mut within = send("/endless").await.into_body();
    assert_eq!(within.frame().await.unwrap().unwrap().into_data().unwrap(), "first");
    until(|| in_flight(&profile) == 2).await;
    before.abort();
    drop(within);
    let expected = ["GET /endless cancelled_in_body 2", "GET /pending cancelled_before_headers 2"];
    assert_eq!(settled(&profile).await, expected);
    // The connection is there for others.
    assert_eq!(send("/").await.status(), 200);
}

#[tokio::test]
async fn errors_of_the_service_and_of_its_bodies_are_counted() {
    let (profile, _hand, layer) = profile();
    let (addr, _server) = serve(layer).await;
    for path in ["/fail", "/torn"] {
        // hyper ends the connection.
        assert!(!Raw::send(addr, &get(path)).await.read_all().await.ends_with("0\r\n\r\n"));
    }
    assert_eq!(settled(&profile).await, ["GET /fail service_error 1", "GET /torn body_error 1"]);
    let failed = of(&profile, "/fail");
    assert!(failed.stats(Window::Lifetime).to_headers.is_none());
}

#[tokio::test]
async fn a_panic_is_counted_whoever_catches_it() {
    let (inside, _hand, inner) = profile();
    let caught = ServiceBuilder::new().layer(CatchPanicLayer::new()).layer(inner);
    let (addr, _server) = serve(caught).await;
    let http = Http::new(addr);
    assert_eq!(http.statuses(Method::GET, "/panic", 2).await, [500, 500]);
    assert_eq!(settled(&inside).await, ["GET /panic panic 2"]);

    let (outside, _hand, outer) = profile();
    let caught = ServiceBuilder::new().layer(outer).layer(CatchPanicLayer::new());
    let (addr, _server) = serve(caught).await;
    let http = Http::new(addr);
    assert_eq!(http.statuses(Method::GET, "/panic", 2).await, [500, 500]);
    assert_eq!(settled(&outside).await, ["GET /panic server_error 2"]);

    let (alone, _hand, layer) = profile();
    let (addr, _server) = serve(layer).await;
    for path in ["/panic", "/body-panic"] {
        Raw::send(addr, &get(path)).await.read_all().await;
    }
    assert_eq!(settled(&alone).await, ["GET /body-panic panic 1", "GET /panic panic 1"]);
    // The thread is at work for nobody.
    assert!(Profile::current().is_none());
}

#[tokio::test]
async fn a_body_that_is_passed_on_ends_with_the_one_that_it_is_from() {
    let (profile, _hand, layer) = profile();
    let (addr, _server) = serve(layer).await;
    let post = |rest: &str| format!("POST /echo HTTP/1.1\r\nhost: test\r\n{rest}");
    let mut client = Raw::send(addr, &post("content-length: 10\r\n\r\nhello")).await;
    client.read_to("hello").await;
    assert_eq!(of(&profile, "/echo").in_flight, 1);
    client.write("world").await;
    client.read_to("world").await;
    assert_eq!(settled(&profile).await, ["POST /echo ok 1"]);
    // One that leaves halfway.
    let mut client = Raw::send(addr, &post("content-length: 10\r\n\r\nhello")).await;
    client.read_to("hello").await;
    drop(client);
    until(|| in_flight(&profile) == 0).await;
    let stats = of(&profile, "/echo");
    let stats = stats.stats(Window::Lifetime);
    assert_eq!((stats.request_bytes, stats.response_bytes), (20, 15));
    assert_eq!(counted(&profile)[1..], ["POST /echo ok 1"]);
}

#[tokio::test]
async fn a_profile_is_shown() {
    let (profile, _hand, layer) = profile();
    let (addr, _server) = serve(layer).await;
    Http::new(addr).get("/users/7").await;
    settled(&profile).await;

    let (addr, _server) = served(profile.page()).await;
    let http = Http::new(addr);
    let text = String::from_utf8(http.get("/").await.body.to_vec()).unwrap();
    assert!(text.contains("/users/{id}"), "{text}");
    let request = Request::get("/any").header("accept", "application/json");
    let json = http.send(request.body(Empty::new()).unwrap()).await;
    let json: serde_json::Value = serde_json::from_slice(&json.body).unwrap();
    assert_eq!(json["routes"][0]["lifetime"]["outcomes"]["ok"], 1);
    assert_eq!(http.get("/?window=minute").await.status, 200);
    assert_eq!(http.get("/?window=never").await.status, 400);
    assert_eq!(http.statuses(Method::PUT, "/", 1).await, [405]);
    assert_eq!(http.statuses(Method::HEAD, "/", 1).await, [200]);
}
