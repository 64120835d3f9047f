//! A client over a real socket, and servers that end with their test.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use tokio::{net::TcpListener, task::JoinHandle};

/// A listener on a free port of the loopback.
pub(crate) async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    (listener, addr)
}

/// A task that is ended when it is dropped.
pub(crate) struct Server(JoinHandle<()>);

impl Server {
    pub(crate) fn spawn(serve: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(tokio::spawn(serve))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A client that keeps its connection.
pub(crate) struct Http {
    client: Client<HttpConnector, Empty<Bytes>>,
    base: String,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Http {
    pub(crate) fn new(addr: SocketAddr) -> Self {
        Self::with_http2_only(addr, false)
    }

    pub(crate) fn with_http2_only(addr: SocketAddr, http2_only: bool) -> Self {
        let mut client = Client::builder(TokioExecutor::new());
        client.http2_only(http2_only);
        Self { client: client.build_http(), base: format!("http://{addr}") }
    }

    pub(crate) async fn send(&self, mut request: Request<Empty<Bytes>>) -> Answer {
        let uri = format!("{}{}", self.base, request.uri());
        *request.uri_mut() = uri.parse().unwrap();
        let response: Response<_> = self.client.request(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path).body(Empty::new()).unwrap()).await
    }

    /// The statuses of `n` requests, one after the other.
    pub(crate) async fn statuses(&self, method: http::Method, path: &str, n: usize) -> Vec<u16> {
        let mut statuses = Vec::new();
        for _ in 0..n {
            let request = Request::builder().method(method.clone()).uri(path);
            statuses.push(self.send(request.body(Empty::new()).unwrap()).await.status.as_u16());
        }
        statuses
    }
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}
