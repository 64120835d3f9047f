//! Coalesced calls in hyper, over a socket.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt, Empty, StreamBody, combinators::UnsyncBoxBody};
use hyper::body::Incoming;
use tokio::sync::Semaphore;
use tonic::codegen::tokio_stream::{self, StreamExt};
use tower::{ServiceBuilder, service_fn};
use tower_weir::coalesce::{CoalesceLayer, Handle};

use crate::{
    client::{Http, Server},
    raw::Raw,
    served::served,
    until::until,
};

/// How often the handler was called, and what lets its head and each piece of its body go.
#[derive(Clone)]
struct Script {
    calls: Arc<AtomicUsize>,
    live: Arc<()>,
    heads: Arc<Semaphore>,
    pieces: Arc<Semaphore>,
}

impl Script {
    async fn answer(self) -> Response<UnsyncBoxBody<Bytes, Infallible>> {
        let call = self.calls.fetch_add(1, SeqCst);
        self.heads.acquire().await.unwrap().forget();
        let pieces = [format!("begin {call}"), "middle".to_owned(), "end".to_owned()];
        let pieces = StreamExt::then(tokio_stream::iter(pieces), move |piece| {
            let script = self.clone();
            async move {
                script.pieces.acquire().await.unwrap().forget();
                Ok(Frame::data(Bytes::from(piece)))
            }
        });
        Response::new(StreamBody::new(pieces).boxed_unsync())
    }
}

/// Serves HTTP/1 and HTTP/2 with the layer around the script.
async fn serve() -> (SocketAddr, Script, Handle, Server) {
    let layer = CoalesceLayer::new();
    let [heads, pieces] = [(); 2].map(|()| Arc::new(Semaphore::new(0)));
    let script = Script { calls: Arc::default(), live: Arc::default(), heads, pieces };
    let (scripted, handle) = (script.clone(), layer.handle());
    let handler = service_fn(move |_: Request<Incoming>| {
        let answer = scripted.clone().answer();
        async { Ok::<_, Infallible>(answer.await) }
    });
    let service = ServiceBuilder::new().layer(layer).service(handler);
    let (addr, server) = served(service).await;
    (addr, script, handle, server)
}

/// The last request of its connection.
const LAST: &str = "GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";

#[tokio::test]
async fn two_clients_read_one_body_as_it_comes() {
    let (addr, script, handle, _server) = serve().await;
    let mut leader = Raw::send(addr, LAST).await;
    until(|| script.calls.load(SeqCst) == 1).await;
    let mut follower = Raw::send(addr, LAST).await;
    until(|| handle.stats().waiting == 1).await;
    script.heads.add_permits(1);
    script.pieces.add_permits(1);
    assert!(leader.read_to("begin 0").await.contains("transfer-encoding: chunked"));
    follower.read_to("begin 0").await;
    let mut late = Raw::send(addr, LAST).await;
    late.read_to("begin 0").await;
    script.pieces.add_permits(2);
    for client in [leader, follower, late] {
        // The last chunk says that it is whole.
        assert!(client.read_all().await.ends_with("3\r\nend\r\n0\r\n\r\n"));
    }
    assert_eq!(script.calls.load(SeqCst), 1);
    assert_eq!((handle.stats().led, handle.stats().shared), (1, 2));
}

#[tokio::test]
async fn a_client_that_leaves_before_the_answer_leaves_its_call_to_the_next() {
    let (addr, script, handle, _server) = serve().await;
    let leader = Raw::send(addr, LAST).await;
    until(|| script.calls.load(SeqCst) == 1).await;
    let follower = Raw::send(addr, LAST).await;
    until(|| handle.stats().waiting == 1).await;
    drop(leader);
    until(|| handle.stats().waiting == 0).await;
    script.heads.add_permits(1);
    script.pieces.add_permits(3);
    assert!(follower.read_all().await.contains("begin 0"));
    assert_eq!(script.calls.load(SeqCst), 1);
}

#[tokio::test]
async fn when_all_clients_have_left_nothing_goes_on() {
    let (addr, script, handle, _server) = serve().await;
    for head_is_sent in [false, true] {
        let mut clients = [Raw::send(addr, LAST).await, Raw::send(addr, LAST).await];
        until(|| handle.stats().in_flight == 1 && handle.stats().waiting == 1).await;
        if head_is_sent {
            script.heads.add_permits(1);
            script.pieces.add_permits(1);
            for client in &mut clients {
                client.read_to("begin").await;
            }
        }
        drop(clients);
        until(|| handle.stats().in_flight == 0).await;
        // The server's and the test's.
        until(|| Arc::strong_count(&script.live) == 2).await;
    }
}

#[tokio::test]
async fn streams_of_one_connection_share_too() {
    for http2 in [false, true] {
        let (addr, script, handle, _server) = serve().await;
        let http = Http::with_http2_only(addr, http2);
        let send = || http.send(Request::get("/").body(Empty::new()).unwrap());
        let go = async {
            until(|| handle.stats().waiting == 2).await;
            script.heads.add_permits(1);
            script.pieces.add_permits(3);
        };
        let (one, other, third, ()) = tokio::join!(send(), send(), send(), go);
        for answer in [one, other, third] {
            assert_eq!(answer.body, "begin 0middleend", "HTTP/2: {http2}");
        }
        assert_eq!(script.calls.load(SeqCst), 1);
    }
}
