//! The service that all layers are put around, and the way in which it is asked.

use std::{
    convert::Infallible,
    future::{Ready, ready},
    net::{Ipv4Addr, SocketAddr},
    pin::pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use axum::{body::Body, extract::ConnectInfo};
use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::Empty;
use tower::Service;
use tower_weir_peers::timed;

use crate::keys::walk;

/// Answers at once with a small JSON body.
///
/// The body is axum's because `tower_governor` makes its own answers only with that. It costs all the same allocation.
#[derive(Clone)]
pub(crate) struct Inner;

impl Service<Request<Empty<Bytes>>> for Inner {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Empty<Bytes>>) -> Self::Future {
        let mut response = Response::new(Body::from(r#"{"id":42,"name":"weir"}"#));
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        ready(Ok(response))
    }
}

/// Sends requests from so many addresses, in random order.
pub(crate) struct Clients {
    addresses: Box<dyn Iterator<Item = SocketAddr>>,
}

impl Clients {
    pub(crate) fn new(count: u32) -> Self {
        let address =
            |number| SocketAddr::from((Ipv4Addr::from_bits(0x0a00_0001 + number), 40_000));
        let addresses: Vec<_> = (0..count).map(address).collect();
        Self { addresses: Box::new(walk(&addresses)) }
    }

    /// The time in which `service` answers so many requests; making them is not timed.
    ///
    /// # Panics
    ///
    /// If an answer is other than expected: then something else would be timed than is said.
    pub(crate) fn send<S, B>(
        &mut self,
        service: &S,
        requests: u64,
        expected: StatusCode,
    ) -> Duration
    where
        S: Service<Request<Empty<Bytes>>, Response = Response<B>> + Clone,
    {
        // Few enough that a request is still in the core's first cache when its turn comes, as it is after parsing.
        const PREPARED: u64 = 32;
        let mut prepared = Vec::with_capacity(PREPARED as usize);
        let mut took = Duration::ZERO;
        let mut left = requests;
        while left > 0 {
            let count = left.min(PREPARED);
            prepared.extend((0..count).map(|_| self.request()));
            took += timed(|| {
                for request in prepared.drain(..) {
                    assert_eq!(answer(service, request).status(), expected);
                }
            });
            left -= count;
        }
        took
    }

    /// As a browser's, after axum has told the peer.
    fn request(&mut self) -> Request<Empty<Bytes>> {
        let address = self.addresses.next().expect("a walk is endless");
        let request = Request::get("/items/42")
            .header(header::HOST, HeaderValue::from_static("shop.example"))
            .header(header::USER_AGENT, HeaderValue::from_static("Mozilla/5.0 (X11; Linux x86_64)"))
            .header(header::ACCEPT, HeaderValue::from_static("application/json"))
            .extension(ConnectInfo(address));
        request.body(Empty::new()).expect("its parts are valid")
    }
}

/// As axum and hyper ask: a clone for each request, readied, called, polled to its end.
pub(crate) fn answer<S, B>(service: &S, request: Request<Empty<Bytes>>) -> Response<B>
where
    S: Service<Request<Empty<Bytes>>, Response = Response<B>> + Clone,
{
    let mut service = service.clone();
    let mut context = Context::from_waker(Waker::noop());
    assert!(service.poll_ready(&mut context).is_ready());
    match pin!(service.call(request)).poll(&mut context) {
        Poll::Ready(Ok(response)) => response,
        Poll::Ready(Err(_)) => panic!("the service failed"),
        Poll::Pending => panic!("the service waits"),
    }
}
