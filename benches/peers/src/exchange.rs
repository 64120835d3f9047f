//! A trivial service, to put layers around, and the way in which it is asked.

use std::{
    convert::Infallible,
    future::{Ready, ready},
    hint::black_box,
    net::{Ipv4Addr, SocketAddr},
    pin::pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use axum::{body::Body, extract::ConnectInfo};
use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body::Body as _;
use http_body_util::Empty;
use tower::Service;

use crate::{case::timed, walk::walk};

/// Answers at once with a small JSON body.
///
/// The body is axum's because some layers make their own answers only with that. It costs all the same allocation.
#[derive(Clone, Copy, Debug)]
pub struct Inner;

impl<B> Service<Request<B>> for Inner {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<B>) -> Self::Future {
        let mut response = Response::new(Body::from(r#"{"id":42,"name":"weir"}"#));
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        ready(Ok(response))
    }
}

/// Sends requests from so many addresses, in random order.
pub struct Clients {
    addresses: Box<dyn Iterator<Item = SocketAddr>>,
    amend: Box<Amend>,
}

type Amend = dyn Fn(&mut Request<Empty<Bytes>>);

impl Clients {
    /// From so many addresses.
    pub fn new(count: u32) -> Self {
        let address =
            |number| SocketAddr::from((Ipv4Addr::from_bits(0x0a00_0001 + number), 40_000));
        let addresses: Vec<_> = (0..count).map(address).collect();
        Self { addresses: Box::new(walk(&addresses)), amend: Box::new(|_| {}) }
    }

    /// Whose requests are amended before they are sent.
    pub fn amending(self, amend: impl Fn(&mut Request<Empty<Bytes>>) + 'static) -> Self {
        Self { amend: Box::new(amend), ..self }
    }

    /// The time in which `service` answers so many requests; making them is not timed, nor are bodies read.
    ///
    /// # Panics
    ///
    /// If an answer is other than expected: then something else would be timed than is said.
    pub fn send<S, B>(&mut self, service: &S, requests: u64, expected: StatusCode) -> Duration
    where
        S: Service<Request<Empty<Bytes>>, Response = Response<B>> + Clone,
    {
        self.each(requests, |request| assert_eq!(answer(service, request).status(), expected))
    }

    /// The time in which `service` answers so many requests and its answers are read to their ends; making the requests is not
    /// timed.
    ///
    /// # Panics
    ///
    /// If an answer is not a success.
    pub fn exchange<S, B>(&mut self, service: &S, requests: u64) -> Duration
    where
        S: Service<Request<Empty<Bytes>>, Response = Response<B>> + Clone,
        B: http_body::Body,
    {
        self.each(requests, |request| exchange(service, request))
    }

    /// The time in which `ask` is called with so many requests; making them is not timed.
    pub fn each(&mut self, requests: u64, mut ask: impl FnMut(Request<Empty<Bytes>>)) -> Duration {
        // Few enough that a request is still in the core's first cache when its turn comes, as it is after parsing.
        const PREPARED: u64 = 32;
        let mut prepared = Vec::with_capacity(PREPARED as usize);
        let mut took = Duration::ZERO;
        let mut left = requests;
        while left > 0 {
            let count = left.min(PREPARED);
            prepared.extend((0..count).map(|_| self.request()));
            took += timed(|| prepared.drain(..).for_each(&mut ask));
            left -= count;
        }
        took
    }

    /// As a browser's, after axum has told the peer.
    pub fn request(&mut self) -> Request<Empty<Bytes>> {
        let address = self.addresses.next().expect("a walk is endless");
        let request = Request::get("/items/42")
            .header(header::HOST, HeaderValue::from_static("shop.example"))
            .header(header::USER_AGENT, HeaderValue::from_static("Mozilla/5.0 (X11; Linux x86_64)"))
            .header(header::ACCEPT, HeaderValue::from_static("application/json"))
            .extension(ConnectInfo(address));
        let mut request = request.body(Empty::new()).expect("its parts are valid");
        (self.amend)(&mut request);
        request
    }
}

/// As axum and hyper ask: a clone for each request, readied, called, polled to its end.
///
/// # Panics
///
/// If the service fails or waits.
pub fn answer<S, B>(service: &S, request: Request<Empty<Bytes>>) -> Response<B>
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

/// As hyper does: asks for an answer, reads its body to the end and drops it.
///
/// # Panics
///
/// If the answer is not a success, or the service or the body fails or waits.
pub fn exchange<S, B>(service: &S, request: Request<Empty<Bytes>>)
where
    S: Service<Request<Empty<Bytes>>, Response = Response<B>> + Clone,
    B: http_body::Body,
{
    read(answer(service, request));
}

/// Reads the body of an answer to its end, as hyper does.
///
/// # Panics
///
/// If the answer is not a success, or the body fails or waits.
pub fn read<B: http_body::Body>(response: Response<B>) {
    assert_eq!(response.status(), StatusCode::OK);
    let mut context = Context::from_waker(Waker::noop());
    let mut body = pin!(response.into_body());
    // hyper asks for the length before it writes the head.
    black_box(body.size_hint());
    while !body.is_end_stream() {
        match body.as_mut().poll_frame(&mut context) {
            Poll::Ready(Some(Ok(_))) => {}
            Poll::Ready(None) => break,
            Poll::Ready(Some(Err(_))) => panic!("the body failed"),
            Poll::Pending => panic!("the body waits"),
        }
    }
}
