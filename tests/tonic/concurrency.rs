//! The concurrency limit in tonic, over a socket, as a real gRPC client sees it.

use std::{
    convert::Infallible,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http_body_util::Empty;
use tokio::sync::Semaphore;
use tonic::{
    Code, Request, Response, Status,
    body::Body,
    codegen::tokio_stream::{self, Stream, StreamExt},
    server::NamedService,
    transport::{Channel, server::TcpIncoming},
};
use tonic_prost::ProstCodec;
use tonic_types::StatusExt;
use tower::{BoxError, Service, service_fn};
use tower_weir::{
    concurrency::{ConcurrencyLimitLayer, Fixed, Handle, Limit, Limiter, Queue, Sample},
    route::RouteTable,
    verdict::Verdict,
};

use crate::{
    calls::connect,
    client::{Http, Server, listen},
    greeter::{GreeterClient, GreeterServer, HelloReply, HelloRequest, SERVICE},
    until::until,
};

/// The greeter, which answers when it is let go. A stream has one reply at once, and ends when it is let go.
#[derive(Clone)]
struct Slow(Arc<Semaphore>);

type Replies = Pin<Box<dyn Stream<Item = Result<HelloReply, Status>> + Send>>;

impl Slow {
    async fn hellos(self, _: Request<HelloRequest>) -> Result<Response<Replies>, Status> {
        let first = tokio_stream::once(Ok(HelloReply { message: "first".to_owned() }));
        let last = tokio_stream::once(()).then(move |()| {
            let go = Arc::clone(&self.0);
            async move {
                go.acquire().await.unwrap().forget();
                Err(Status::resource_exhausted("as the test says"))
            }
        });
        Ok(Response::new(Box::pin(first.chain(last))))
    }
}

impl NamedService for Slow {
    const NAME: &'static str = SERVICE;
}

impl<B> Service<http::Request<B>> for Slow
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
        let slow = self.clone();
        Box::pin(async move {
            if request.uri().path().ends_with("SayHellos") {
                let codec = ProstCodec::<HelloReply, HelloRequest>::default();
                let hellos = service_fn(move |request| slow.clone().hellos(request));
                return Ok(tonic::server::Grpc::new(codec).server_streaming(hellos, request).await);
            }
            slow.0.acquire().await.unwrap().forget();
            GreeterServer.call(request).await
        })
    }
}

struct Bench {
    addr: SocketAddr,
    greeter: GreeterClient<Channel>,
    go: Arc<Semaphore>,
    handle: Handle,
    _server: Server,
}

async fn serve(layer: ConcurrencyLimitLayer) -> Bench {
    let (go, handle) = (Arc::new(Semaphore::new(0)), layer.handle());
    let (listener, addr) = listen().await;
    let service = Slow(Arc::clone(&go));
    let _server = Server::spawn(async move {
        let server = tonic::transport::Server::builder().layer(layer).add_service(service);
        server.serve_with_incoming(TcpIncoming::from(listener)).await.unwrap();
    });
    let channel = connect(addr).await;
    Bench { addr, greeter: GreeterClient::new(channel), go, handle, _server }
}

impl Bench {
    /// A call that has come to the service.
    async fn call(&self) -> tokio::task::JoinHandle<Result<String, Status>> {
        let before = self.handle.in_flight();
        let mut greeter = self.greeter.clone();
        let call = async move { Ok(greeter.say_hello("Ada").await?.into_inner().message) };
        let call = tokio::spawn(call);
        until(|| self.handle.in_flight() == before + 1).await;
        call
    }
}

fn none_waits(limit: usize) -> ConcurrencyLimitLayer {
    ConcurrencyLimitLayer::new(Fixed::new(limit)).reject_when_full()
}

#[tokio::test]
async fn a_client_sees_unavailable_and_when_to_come_back() {
    let delay = Duration::from_millis(250);
    for (layer, code) in [
        (none_waits(1), Code::Unavailable),
        (none_waits(1).resource_exhausted(), Code::ResourceExhausted),
    ] {
        let mut bench = serve(layer.retry_after(delay)).await;
        let call = bench.call().await;
        let status = bench.greeter.say_hello("Ada").await.unwrap_err();
        assert_eq!((status.code(), status.message()), (code, "too many requests are under way"));
        let pushback = status.metadata().get("grpc-retry-pushback-ms").unwrap();
        assert_eq!(pushback.to_str().unwrap(), "250");
        let details = status.get_error_details();
        assert_eq!(details.retry_info().unwrap().retry_delay, Some(delay));
        let status = bench.greeter.say_hellos("Ada").await.unwrap_err();
        assert_eq!(status.code(), code, "a stream is refused before it begins");
        bench.go.add_permits(1);
        assert_eq!(call.await.unwrap().unwrap(), "Hello, Ada!");
        until(|| bench.handle.in_flight() == 0).await;
    }
}

#[tokio::test]
async fn a_stream_counts_to_its_trailers() {
    let mut bench = serve(none_waits(1)).await;
    let mut stream = bench.greeter.say_hellos("Ada").await.unwrap().into_inner();
    assert_eq!(stream.message().await.unwrap().unwrap().message, "first");
    assert_eq!(bench.handle.in_flight(), 1);
    assert_eq!(bench.greeter.say_hello("Ada").await.unwrap_err().code(), Code::Unavailable);
    bench.go.add_permits(1);
    assert_eq!(stream.message().await.unwrap_err().code(), Code::ResourceExhausted);
    until(|| bench.handle.in_flight() == 0).await;
    // A client that gives it up ends it as well.
    let stream = bench.greeter.say_hellos("Ada").await.unwrap().into_inner();
    assert_eq!(bench.handle.in_flight(), 1);
    drop(stream);
    until(|| bench.handle.in_flight() == 0).await;
}

#[tokio::test]
async fn calls_wait_for_their_turn() {
    const LONG: Duration = Duration::from_secs(86_400);
    let layer = ConcurrencyLimitLayer::new(Fixed::new(1));
    let bench = serve(layer.queue(Queue::new(LONG).objective(LONG * 10))).await;
    let first = bench.call().await;
    let mut greeter = bench.greeter.clone();
    let second = tokio::spawn(async move { greeter.say_hello("Grace").await });
    until(|| bench.handle.waiting() == 1).await;
    bench.go.add_permits(2);
    assert_eq!(first.await.unwrap().unwrap(), "Hello, Ada!");
    assert_eq!(second.await.unwrap().unwrap().into_inner().message, "Hello, Grace!");
}

#[tokio::test]
async fn a_call_whose_timeout_is_over_does_not_wait() {
    let bench = serve(ConcurrencyLimitLayer::new(Fixed::new(1))).await;
    bench.handle.pause();
    let request = http::Request::post("/greet.v1.Greeter/SayHello")
        .header("content-type", "application/grpc")
        .header("grpc-timeout", "0n")
        .body(Empty::new());
    let answer = Http::with_http2_only(bench.addr, true).send(request.unwrap()).await;
    assert_eq!((answer.status.as_u16(), answer.header("grpc-status")), (200, "14"));
    let message = "too many requests are under way to meet the deadline";
    assert_eq!(answer.header("grpc-message"), message);
}

#[tokio::test]
async fn methods_have_limits_of_their_own() {
    let one = || Limiter::new(Fixed::new(1)).reject_when_full();
    let routes = RouteTable::new().rpc(SERVICE, "SayHello", one()).service(SERVICE, one());
    let mut bench = serve(ConcurrencyLimitLayer::for_routes(routes)).await;
    let call = bench.call().await;
    assert_eq!(bench.greeter.say_hello("Ada").await.unwrap_err().code(), Code::Unavailable);
    let stream = bench.greeter.say_hellos("Ada").await.unwrap();
    assert_eq!(bench.greeter.say_hellos("Ada").await.unwrap_err().code(), Code::Unavailable);
    drop(stream);
    bench.go.add_permits(1);
    assert!(call.await.unwrap().is_ok());
}

/// Tells what it is taught.
#[derive(Clone)]
struct Told(tokio::sync::mpsc::UnboundedSender<Verdict>);

impl Limit for Told {
    fn limit(&self) -> usize {
        9
    }

    fn on_sample(&mut self, sample: &Sample) -> usize {
        self.0.send(sample.verdict).unwrap();
        9
    }
}

#[tokio::test]
async fn the_codes_of_calls_and_streams_teach() {
    let (told, mut verdicts) = tokio::sync::mpsc::unbounded_channel();
    let mut bench = serve(ConcurrencyLimitLayer::new(Told(told))).await;
    bench.go.add_permits(3);
    assert!(bench.greeter.say_hello("Ada").await.is_ok());
    assert_eq!(verdicts.recv().await, Some(Verdict::Success));
    assert_eq!(bench.greeter.say_hello("").await.unwrap_err().code(), Code::InvalidArgument);
    assert_eq!(verdicts.recv().await, Some(Verdict::ClientError));
    let mut stream = bench.greeter.say_hellos("Ada").await.unwrap().into_inner();
    stream.message().await.unwrap();
    assert_eq!(stream.message().await.unwrap_err().code(), Code::ResourceExhausted);
    assert_eq!(verdicts.recv().await, Some(Verdict::Overload));
    // One that is given up teaches nothing.
    drop(bench.greeter.say_hellos("Ada").await.unwrap());
    until(|| bench.handle.in_flight() == 0).await;
    assert!(verdicts.try_recv().is_err());
}
