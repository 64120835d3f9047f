//! Batches in tonic, over a socket: one method whose calls are batched as they come over the wire, and a batcher inside of a
//! method.

use std::{future::ready, net::SocketAddr, sync::Arc, time::Duration};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use http::HeaderMap;
use http_body_util::{BodyExt, Full};
use prost::Message;
use tokio::sync::Semaphore;
use tonic::{
    Code, Status,
    body::Body,
    service::Routes,
    transport::{Channel, server::TcpIncoming},
};
use tonic_types::StatusExt;
use tower_weir::batch::{BatchLayer, Fixed, HttpBatched};

use crate::{
    calls::connect,
    client::{Server, listen},
    greeter::{GreeterClient, GreeterServer, HelloReply, HelloRequest},
    until::until,
};

type Request = http::Request<Bytes>;
type Response = http::Response<Body>;

/// Longer than any test takes: a batch leaves when it is full.
const LONG: Duration = Duration::from_secs(600);

/// Reads the message of a unary call: a byte that tells whether it is compressed, four that tell its length, and itself.
fn message<M: Message + Default>(request: &Request) -> Result<M, Status> {
    let mut framed = &request.body()[..];
    if framed.try_get_u8() != Ok(0) {
        return Err(Status::unimplemented("the message is compressed, or there is none"));
    }
    if framed.try_get_u32().map(|length| length as usize) != Ok(framed.len()) {
        return Err(Status::invalid_argument("the message has another length than it says"));
    }
    M::decode(framed).map_err(|error| Status::invalid_argument(error.to_string()))
}

/// Answers a unary call: the message, framed as that of the request, and the status in trailers.
fn reply(message: &impl Message) -> Response {
    let mut framed = BytesMut::new();
    framed.put_u8(0);
    framed.put_u32(u32::try_from(message.encoded_len()).unwrap());
    framed.put_slice(&message.encode_to_vec());
    let trailers = HeaderMap::from_iter([("grpc-status".parse().unwrap(), 0.into())]);
    let body = Full::from(framed.freeze()).with_trailers(ready(Some(Ok(trailers))));
    let response = http::Response::builder().header("content-type", "application/grpc");
    response.body(Body::new(body)).unwrap()
}

/// Greets all who came together, each by the names of all. Who has none gets an error.
fn together(layer: BatchLayer<Request>) -> HttpBatched<Body, Status> {
    layer.http().on_error(Status::into_http).service_fn(async |calls: Vec<Request>| {
        let name = |call| match message::<HelloRequest>(call)?.name {
            name if name.is_empty() => Err(Status::not_found("nobody")),
            name => Ok(name),
        };
        let names: Vec<Result<String, Status>> = calls.iter().map(name).collect();
        let mut all: Vec<_> = names.iter().flatten().cloned().collect();
        all.sort();
        let reply = |_| reply(&HelloReply { message: format!("Hello, {}!", all.join(" and ")) });
        names.into_iter().map(|name| name.map(reply)).collect::<Vec<_>>()
    })
}

/// A greeter, of whose methods one is batched.
async fn serve(say_hello: HttpBatched<Body, Status>) -> (SocketAddr, Server) {
    let (listener, addr) = listen().await;
    let greeter = Routes::new(GreeterServer).into_axum_router();
    let routes = greeter.route_service("/greet.v1.Greeter/SayHello", say_hello);
    let server = Server::spawn(async move {
        let server = tonic::transport::Server::builder().add_routes(routes.into());
        server.serve_with_incoming(TcpIncoming::from(listener)).await.unwrap();
    });
    (addr, server)
}

async fn client(addr: SocketAddr) -> GreeterClient<Channel> {
    let channel = connect(addr).await;
    GreeterClient::new(channel)
}

async fn hello(client: &GreeterClient<Channel>, name: &str) -> Result<String, Status> {
    Ok(client.clone().say_hello(name).await?.into_inner().message)
}

fn batches_of(size: usize) -> BatchLayer<Request> {
    BatchLayer::new().max_size(size).linger(Fixed::new(LONG))
}

#[tokio::test]
async fn calls_that_come_together_are_served_together() {
    let service = together(batches_of(3));
    let handle = service.handle();
    let (addr, _server) = serve(service).await;
    let (one, other) = (client(addr).await, client(addr).await);
    let (ann, bob, carl) =
        tokio::join!(hello(&one, "Ann"), hello(&other, "Bob"), hello(&one, "Carl"));
    for greeting in [ann, bob, carl] {
        assert_eq!(greeting.unwrap(), "Hello, Ann and Bob and Carl!");
    }
    assert_eq!(handle.stats().batches, 1);
    // The other methods are what they were.
    let goodbye = one.clone().say_goodbye("Ann").await.unwrap();
    assert_eq!(goodbye.into_inner().message, "Goodbye, Ann!");
}

#[tokio::test]
async fn a_call_may_fail_among_others() {
    let (addr, _server) = serve(together(batches_of(2))).await;
    let client = &client(addr).await;
    let (ann, nobody) = tokio::join!(hello(client, "Ann"), hello(client, ""));
    assert_eq!(ann.unwrap(), "Hello, Ann!");
    let status = nobody.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::NotFound, "nobody"));
}

#[tokio::test]
async fn a_batch_that_panics_is_an_internal_error() {
    let service = batches_of(1).http().on_error(Status::into_http).service_fn(
        async |calls: Vec<Request>| -> Vec<Result<Response, Status>> { panic!("{}", calls.len()) },
    );
    let (addr, _server) = serve(service).await;
    let client = &client(addr).await;
    for _ in 0..2 {
        let status = hello(client, "Ann").await.unwrap_err();
        assert_eq!(status.code(), Code::Internal);
        assert_eq!(status.message(), "the request could not be served");
    }
}

#[tokio::test]
async fn a_client_that_leaves_leaves_its_place_to_others() {
    let service = together(batches_of(2));
    let handle = service.handle();
    let (addr, _server) = serve(service).await;
    let client = &client(addr).await;
    tokio::select! {
        _ = hello(client, "Zoe") => panic!("the batch is not full"),
        () = until(|| handle.stats().waiting == 1) => {}
    }
    until(|| handle.stats().waiting == 0).await;
    let (ann, bob) = tokio::join!(hello(client, "Ann"), hello(client, "Bob"));
    assert_eq!(ann.unwrap(), "Hello, Ann and Bob!");
    assert_eq!(bob.unwrap(), "Hello, Ann and Bob!");
}

#[tokio::test]
async fn an_overload_is_unavailable_with_when_to_come_again() {
    let go = Arc::new(Semaphore::new(0));
    let gate = Arc::clone(&go);
    let layer = BatchLayer::new().max_size(1).max_in_flight(1).max_waiting(1);
    let http = layer.http().on_error(Status::into_http);
    let service = http.service_fn(async move |calls: Vec<Request>| {
        gate.acquire().await.unwrap().forget();
        let done = HelloReply { message: "done".to_owned() };
        calls.iter().map(|_| Ok(reply(&done))).collect::<Vec<_>>()
    });
    let handle = service.handle();
    let (addr, _server) = serve(service).await;
    let client = &client(addr).await;
    let (called, waits, refused) = tokio::join!(
        hello(client, "Ann"),
        async {
            until(|| handle.stats().in_flight == 1).await;
            hello(client, "Bob").await
        },
        async {
            until(|| handle.stats().in_flight + handle.stats().waiting == 2).await;
            let refused = hello(client, "Carl").await;
            go.add_permits(2);
            refused
        }
    );
    assert_eq!((called.unwrap(), waits.unwrap()), ("done".to_owned(), "done".to_owned()));
    let status = refused.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(status.get_details_retry_info().unwrap().retry_delay, Some(Duration::from_secs(1)));
}

#[tokio::test]
async fn a_message_that_is_too_large_exhausts_a_resource() {
    let (addr, _server) = serve(together(batches_of(1))).await;
    let client = &client(addr).await;
    let status = hello(client, &"x".repeat(65 << 10)).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert_eq!(hello(client, "Ann").await.unwrap(), "Hello, Ann!");
}
