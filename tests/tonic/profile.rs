//! Latency profiling in tonic, over a socket, as real gRPC clients use it.

use std::{
    convert::Infallible,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::{Router, routing::get};
use http::uri::PathAndQuery;
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use tonic::{
    Code, Request, Response, Status, Streaming,
    body::Body,
    client::Grpc,
    codegen::tokio_stream::{self, Stream, StreamExt},
    server::NamedService,
    service::LayerExt,
    transport::{Channel, server::TcpIncoming},
};
use tonic_prost::ProstCodec;
use tower::{BoxError, Service, ServiceBuilder, service_fn};
use tower_weir::{
    clock::{Clock, ManualClock},
    profile::{Profile, ProfileLayer, RouteReporter, Window, operation},
    rate_limit::{Quota, RateLimitLayer},
};

use crate::{
    calls::connect,
    client::{Http, Server, listen},
    counted::{in_flight, of, settled},
    greeter::{GreeterClient, GreeterServer, HelloReply, HelloRequest},
    until::until,
};

/// Calls of all four kinds, by whichever name: what they stream back is what they are told.
#[derive(Clone)]
struct Echo;

type Replies = Pin<Box<dyn Stream<Item = Result<HelloReply, Status>> + Send>>;

/// What a request's name asks for: a code, something else that is no answer, or its own name.
async fn unary(request: Request<HelloRequest>) -> Result<Response<HelloReply>, Status> {
    reply(request.into_inner().name).await.map(Response::new)
}

async fn reply(name: String) -> Result<HelloReply, Status> {
    match name.parse::<i32>() {
        Ok(code) => Err(Status::new(Code::from_i32(code), "as the test says")),
        Err(_) if name == "pending" => std::future::pending().await,
        Err(_) if name == "panic" => panic!("as the test says"),
        Err(_) => {
            operation("greet").record(async {}).await;
            Ok(HelloReply { message: name })
        }
    }
}

async fn down(request: Request<HelloRequest>) -> Result<Response<Replies>, Status> {
    let first = tokio_stream::once(reply("first".to_owned()).await);
    let rest = tokio_stream::once(request.into_inner().name).then(reply);
    Ok(Response::new(Box::pin(first.chain(rest))))
}

async fn up(request: Request<Streaming<HelloRequest>>) -> Result<Response<HelloReply>, Status> {
    let (mut names, mut requests) = (Vec::new(), request.into_inner());
    while let Some(request) = requests.message().await? {
        names.push(reply(request.name).await?.message);
    }
    Ok(Response::new(HelloReply { message: names.join(" ") }))
}

async fn both(request: Request<Streaming<HelloRequest>>) -> Result<Response<Replies>, Status> {
    let answer = |request: Result<HelloRequest, Status>| async move { reply(request?.name).await };
    Ok(Response::new(Box::pin(request.into_inner().then(answer))))
}

impl NamedService for Echo {
    const NAME: &'static str = "test.Echo";
}

impl<B> Service<http::Request<B>> for Echo
where
    B: http_body::Body + Send + 'static,
    B::Error: Into<BoxError> + Send,
{
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        Box::pin(async move {
            let codec = ProstCodec::<HelloReply, HelloRequest>::default();
            let mut grpc = tonic::server::Grpc::new(codec);
            Ok(match request.uri().path() {
                "/test.Echo/Unary" => grpc.unary(service_fn(unary), request).await,
                "/test.Echo/Down" => grpc.server_streaming(service_fn(down), request).await,
                "/test.Echo/Up" => grpc.client_streaming(service_fn(up), request).await,
                "/test.Echo/Both" => grpc.streaming(service_fn(both), request).await,
                _ => Status::unimplemented("no such method").into_http(),
            })
        })
    }
}

#[derive(Clone)]
struct Client(Grpc<Channel>);

impl Client {
    async fn connect(addr: SocketAddr) -> Self {
        Self(Grpc::new(connect(addr).await))
    }

    /// Calls a method and reads all replies: those, and the code at the end, wherever it came.
    async fn call(&mut self, method: &str, names: &[&str]) -> (String, Code) {
        self.0.ready().await.unwrap();
        let path = PathAndQuery::try_from(format!("/test.Echo/{method}")).unwrap();
        let codec = ProstCodec::<HelloRequest, HelloReply>::default();
        let requests: Vec<_> = names.iter().map(|name| named(name)).collect();
        let (first, all) = (named(names[0]), tokio_stream::iter(requests));
        let (first, all) = (Request::new(first), Request::new(all));
        let one = |reply: Response<HelloReply>| reply.into_inner().message;
        match method {
            "Down" => read(self.0.server_streaming(first, path, codec).await).await,
            "Both" => read(self.0.streaming(all, path, codec).await).await,
            "Up" => ended(self.0.client_streaming(all, path, codec).await.map(one)),
            _ => ended(self.0.unary(first, path, codec).await.map(one)),
        }
    }

    async fn down(&mut self, name: &str) -> Streaming<HelloReply> {
        self.0.ready().await.unwrap();
        let path = PathAndQuery::from_static("/test.Echo/Down");
        let codec = ProstCodec::<HelloRequest, HelloReply>::default();
        self.0.server_streaming(Request::new(named(name)), path, codec).await.unwrap().into_inner()
    }
}

fn named(name: &str) -> HelloRequest {
    HelloRequest { name: name.to_owned() }
}

async fn read(answer: Result<Response<Streaming<HelloReply>>, Status>) -> (String, Code) {
    let mut messages = Vec::new();
    let read = async || {
        let mut replies = answer?.into_inner();
        while let Some(reply) = replies.message().await? {
            messages.push(reply.message);
        }
        Ok(String::new())
    };
    let (_, code) = ended(read().await);
    (messages.join(" "), code)
}

fn ended(result: Result<String, Status>) -> (String, Code) {
    result.map_or_else(|status| (String::new(), status.code()), |text| (text, Code::Ok))
}

/// A server with a layer of any kind around all services, and its client.
macro_rules! serve {
    ($layer:expr) => {
        serve!($layer, tonic::transport::Server::builder())
    };
    ($layer:expr, $server:expr) => {{
        let (listener, addr) = listen().await;
        let layer = $layer;
        let server = Server::spawn(async move {
            let server = $server.layer(layer).add_service(Echo).add_service(GreeterServer);
            server.serve_with_incoming(TcpIncoming::from(listener)).await.unwrap();
        });
        (Client::connect(addr).await, server)
    }};
}

fn profile() -> (Profile, ManualClock, ProfileLayer) {
    let (clock, hand) = Clock::manual();
    let profile = Profile::new().clock(clock);
    (profile.clone(), hand, ProfileLayer::new(profile))
}

/// What a recorder saw of calls, as lines of method, code and how many.
fn calls(snapshotter: &Snapshotter) -> Vec<String> {
    let mut lines = Vec::new();
    for (key, _, _, value) in snapshotter.snapshot().into_vec() {
        let (key, DebugValue::Histogram(samples)) = (key.key(), value) else { continue };
        if key.name() == "rpc_server_call_duration_seconds" && !samples.is_empty() {
            let labels: Vec<_> = key.labels().map(metrics::Label::value).collect();
            lines.push(format!("{} {}", labels.join(" "), samples.len()));
        }
    }
    lines.sort();
    lines
}

#[tokio::test]
async fn calls_of_all_kinds_are_counted_by_method() {
    let recorder = DebuggingRecorder::new();
    // The server's tasks run on this thread too.
    let _local = metrics::set_default_local_recorder(&recorder);
    let (profile, _hand, layer) = profile();
    let (mut client, _server) = serve!(layer);
    for _ in 0..2 {
        assert_eq!(client.call("Unary", &["a"]).await, ("a".to_owned(), Code::Ok));
        assert_eq!(client.call("Down", &["a"]).await, ("first a".to_owned(), Code::Ok));
        assert_eq!(client.call("Up", &["a", "b"]).await, ("a b".to_owned(), Code::Ok));
        assert_eq!(client.call("Both", &["a", "b"]).await, ("a b".to_owned(), Code::Ok));
    }
    let methods = ["Both", "Down", "Unary", "Up"];
    let expected = methods.map(|method| format!("POST /test.Echo/{method} ok 2"));
    assert_eq!(settled(&profile).await, expected);
    let expected = methods.map(|method| format!("test.Echo/{method} 0 2"));
    assert_eq!(calls(&recorder.snapshotter()), expected);
    let [greet] = <[_; 1]>::try_from(profile.snapshot().operations).unwrap();
    assert_eq!((greet.name.as_str(), greet.stats(Window::Lifetime).successes), ("greet", 14));
}

#[tokio::test]
async fn what_clients_stream_is_counted_where_that_is_wanted() {
    let (profile, _hand, layer) = profile();
    let (mut client, _server) = serve!(layer.count_uploads());
    assert_eq!(client.call("Up", &["abc", "defg"]).await.1, Code::Ok);
    assert_eq!(settled(&profile).await, ["POST /test.Echo/Up ok 1"]);
    let up = of(&profile, "/test.Echo/Up");
    // Each message has 5 bytes before it, and each text in it 2.
    assert_eq!(up.stats(Window::Lifetime).request_bytes, (5 + 2 + 3) + (5 + 2 + 4));
}

/// `Unary` tells a code in the head, as it has nothing else to say, `Down` in the trailers.
#[tokio::test]
async fn codes_in_the_head_and_in_trailers_tell_whose_error_it_is() {
    for method in ["Unary", "Down"] {
        let recorder = DebuggingRecorder::new();
        let _local = metrics::set_default_local_recorder(&recorder);
        let (profile, _hand, layer) = profile();
        let (mut client, _server) = serve!(layer);
        assert_eq!(client.call(method, &["a"]).await.1, Code::Ok);
        for code in 1..=16 {
            let (_, told) = client.call(method, &[&code.to_string()]).await;
            assert_eq!(told as i32, code);
        }
        let route = format!("/test.Echo/{method}");
        let expected = [("client_error", 10), ("ok", 1), ("server_error", 6)]
            .map(|(outcome, count)| format!("POST {route} {outcome} {count}"));
        assert_eq!(settled(&profile).await, expected);
        let mut expected: Vec<_> =
            (0..=16).map(|code| format!("test.Echo/{method} {code} 1")).collect();
        expected.sort();
        assert_eq!(calls(&recorder.snapshotter()), expected);
    }
}

#[tokio::test]
async fn calls_that_clients_give_up_are_cancelled() {
    let recorder = DebuggingRecorder::new();
    let _local = metrics::set_default_local_recorder(&recorder);
    let (profile, hand, layer) = profile();
    let (mut client, _server) = serve!(layer);
    client.call("Unary", &["a"]).await;
    let mut replies = client.down("pending").await;
    assert_eq!(replies.message().await.unwrap().unwrap().message, "first");
    let mut other = client.clone();
    let waiting = tokio::spawn(async move { other.call("Unary", &["pending"]).await });
    until(|| in_flight(&profile) == 2).await;
    hand.advance(Duration::from_secs(7));
    drop(replies);
    waiting.abort();
    let expected = [
        "POST /test.Echo/Down cancelled_in_body 1",
        "POST /test.Echo/Unary cancelled_before_headers 1",
        "POST /test.Echo/Unary ok 1",
    ];
    assert_eq!(settled(&profile).await, expected);
    let expected = ["test.Echo/Down 1 1", "test.Echo/Unary 0 1", "test.Echo/Unary 1 1"];
    assert_eq!(calls(&recorder.snapshotter()), expected);
    let down = of(&profile, "/test.Echo/Down");
    let latency = down.stats(Window::Lifetime).latency.as_ref().unwrap();
    assert_eq!(latency.mean, Duration::from_secs(7));
}

/// tonic's own timeout stands outside of all layers.
#[tokio::test]
async fn a_call_whose_time_is_up_is_cancelled() {
    let (profile, _hand, layer) = profile();
    let (mut client, _server) = serve!(layer.clone());
    client.call("Unary", &["a"]).await;
    // It never answers, so the timeout strikes however short it is.
    let short = tonic::transport::Server::builder().timeout(Duration::from_millis(1));
    let (mut client, _server) = serve!(layer, short);
    assert_ne!(client.call("Unary", &["pending"]).await.1, Code::Ok);
    let expected =
        ["POST /test.Echo/Unary cancelled_before_headers 1", "POST /test.Echo/Unary ok 1"];
    assert_eq!(settled(&profile).await, expected);
}

#[tokio::test]
async fn a_call_that_panics_is_counted_and_others_go_on() {
    let recorder = DebuggingRecorder::new();
    let _local = metrics::set_default_local_recorder(&recorder);
    let (profile, _hand, layer) = profile();
    let (mut client, _server) = serve!(layer);
    client.call("Unary", &["a"]).await;
    for method in ["Unary", "Down"] {
        assert_ne!(client.call(method, &["panic"]).await.1, Code::Ok);
    }
    client.call("Unary", &["a"]).await;
    let expected = [
        "POST /test.Echo/Down panic 1",
        "POST /test.Echo/Unary ok 2",
        "POST /test.Echo/Unary panic 1",
    ];
    assert_eq!(settled(&profile).await, expected);
    let expected = ["test.Echo/Down 2 1", "test.Echo/Unary 0 2", "test.Echo/Unary 2 1"];
    assert_eq!(calls(&recorder.snapshotter()), expected);
}

#[tokio::test]
async fn methods_that_clients_make_up_are_no_names() {
    let recorder = DebuggingRecorder::new();
    let _local = metrics::set_default_local_recorder(&recorder);
    let (profile, _hand, layer) = profile();
    let (mut client, _server) = serve!(layer);
    let codec = || ProstCodec::<HelloRequest, HelloReply>::default();
    for n in 0..1_000 {
        // Of a service that there is, and of one that there is not.
        let service = ["test.Echo", "made.up.Service"][n % 2];
        let path = PathAndQuery::try_from(format!("/{service}/Method{n}")).unwrap();
        client.0.ready().await.unwrap();
        let status =
            client.0.unary::<_, HelloReply, _>(Request::new(named("a")), path, codec()).await;
        assert_eq!(status.unwrap_err().code(), Code::Unimplemented);
    }
    assert_eq!(settled(&profile).await, ["POST _unmatched server_error 1000"]);
    assert_eq!(calls(&recorder.snapshotter()), ["_unmatched 12 1000"]);
}

#[tokio::test]
async fn rejections_of_a_layer_inside_are_errors_of_the_client() {
    let recorder = DebuggingRecorder::new();
    let _local = metrics::set_default_local_recorder(&recorder);
    let (profile, _hand, layer) = profile();
    let limit = RateLimitLayer::new(Quota::per_day(2)).clock(Clock::manual().0);
    let (mut client, _server) =
        serve!(ServiceBuilder::new().layer(layer).layer(limit).into_inner());
    for expected in [Code::Ok, Code::Ok, Code::ResourceExhausted] {
        assert_eq!(client.call("Unary", &["a"]).await.1, expected);
    }
    let expected = ["POST /test.Echo/Unary client_error 1", "POST /test.Echo/Unary ok 2"];
    assert_eq!(settled(&profile).await, expected);
    assert_eq!(calls(&recorder.snapshotter()), ["test.Echo/Unary 0 2", "test.Echo/Unary 8 1"]);
}

/// A guard that rejects everything says nothing of whether there is a method.
#[tokio::test]
async fn a_method_that_was_only_ever_rejected_has_no_name_yet() {
    let (profile, _hand, layer) = profile();
    let limit = RateLimitLayer::new(Quota::per_day(1)).clock(Clock::manual().0);
    let (mut client, _server) =
        serve!(ServiceBuilder::new().layer(layer).layer(limit).into_inner());
    client.call("Unary", &["a"]).await;
    assert_eq!(client.call("Up", &["a"]).await.1, Code::ResourceExhausted);
    let expected = ["POST /test.Echo/Unary ok 1", "POST _unmatched client_error 1"];
    assert_eq!(settled(&profile).await, expected);
}

#[tokio::test]
async fn a_layer_around_one_service_counts_its_calls_only() {
    let (profile, _hand, layer) = profile();
    let (listener, addr) = listen().await;
    let _server = Server::spawn(async move {
        let server = tonic::transport::Server::builder().add_service(layer.named_layer(Echo));
        let server = server.add_service(GreeterServer);
        server.serve_with_incoming(TcpIncoming::from(listener)).await.unwrap();
    });
    let mut client = Client::connect(addr).await;
    client.call("Unary", &["a"]).await;
    let mut greeter = GreeterClient::new(connect(addr).await);
    greeter.say_hello("Ada").await.unwrap();
    assert_eq!(settled(&profile).await, ["POST /test.Echo/Unary ok 1"]);
}

/// To axum a gRPC service is one route with all of its methods; they are told apart nonetheless.
#[tokio::test]
async fn a_service_in_a_router_of_axum_is_counted_by_its_methods() {
    let app = || {
        Router::new()
            .route_service("/test.Echo/{*method}", Echo)
            .route("/health/{check}", get(async || "fine"))
    };
    for is_inside in [true, false] {
        let (profile, _hand, layer) = profile();
        let app = match is_inside {
            true => app().layer(layer),
            false => Router::new().fallback_service(app().layer(RouteReporter)).layer(layer),
        };
        let (listener, addr) = listen().await;
        let _server = Server::spawn(async move { axum::serve(listener, app).await.unwrap() });
        let mut client = Client::connect(addr).await;
        client.call("Unary", &["a"]).await;
        client.call("Down", &["5"]).await;
        client.call("Made-up", &["a"]).await;
        Http::new(addr).get("/health/live").await;
        let expected = [
            "GET /health/{check} ok 1",
            "POST /test.Echo/Down client_error 1",
            "POST /test.Echo/Unary ok 1",
            "POST _unmatched server_error 1",
        ];
        assert_eq!(settled(&profile).await, expected, "inside: {is_inside}");
    }
}
