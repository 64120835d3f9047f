//! The service that all caches are put around, and what it is asked.

use std::{
    convert::Infallible,
    future::{Ready, ready},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
};

use axum::body::Body;
use http::{
    HeaderMap, HeaderValue, Request, Response, Uri,
    header::{
        ACCEPT, ACCEPT_ENCODING, ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_LENGTH,
        CONTENT_TYPE, ETAG, HOST, LAST_MODIFIED, REFERRER_POLICY, SERVER,
        STRICT_TRANSPORT_SECURITY, USER_AGENT, VARY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
    },
};
use tower::Service;

/// Bytes of a body.
pub(crate) const LENGTH: usize = 1024;

/// Answers with 12 fields and 1 KiB; the work is done when its future is polled, as handlers do it.
#[derive(Clone, Default)]
pub(crate) struct Page {
    calls: Arc<AtomicU64>,
    varies: bool,
}

pub(crate) struct Answer(Page);

impl Page {
    /// One whose answers depend on a field of the request.
    pub(crate) fn varying() -> Self {
        Self { varies: true, ..Self::default() }
    }

    pub(crate) fn answer(&self) -> Answer {
        Answer(self.clone())
    }

    /// How often it has answered.
    pub(crate) fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }
}

impl<B> Service<Request<B>> for Page {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Answer;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<B>) -> Answer {
        self.answer()
    }
}

impl Future for Answer {
    type Output = Result<Response<Body>, Infallible>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.calls.fetch_add(1, Ordering::Relaxed);
        let mut response = Response::new(Body::from(vec![b'x'; LENGTH]));
        *response.headers_mut() = fields(self.0.varies);
        Poll::Ready(Ok(response))
    }
}

/// Twelve, of which four are made for this response. `Date` is left to the server, as it is to hyper.
pub(crate) fn fields(varies: bool) -> HeaderMap {
    let mut fields = HeaderMap::with_capacity(12);
    let mut add = |name, value| fields.insert(name, HeaderValue::from_static(value));
    add(CONTENT_TYPE, "text/html; charset=utf-8");
    add(CACHE_CONTROL, "public, max-age=3600");
    add(SERVER, "shop/1.42");
    add(STRICT_TRANSPORT_SECURITY, "max-age=63072000; includeSubDomains");
    add(X_CONTENT_TYPE_OPTIONS, "nosniff");
    add(X_FRAME_OPTIONS, "DENY");
    add(REFERRER_POLICY, "strict-origin-when-cross-origin");
    if varies {
        add(VARY, "accept-encoding");
    } else {
        add(CONTENT_LANGUAGE, "en");
    }
    let mut make = |name, value: &str| {
        fields.insert(name, HeaderValue::from_str(value).expect("it is printable"))
    };
    make(CONTENT_LENGTH, &LENGTH.to_string());
    make(ETAG, "\"2b5c0f7f9a3e41d8\"");
    make(LAST_MODIFIED, "Sat, 21 Nov 2026 08:00:00 GMT");
    make(http::HeaderName::from_static("x-request-id"), "0193f6a2-7c44-7d1e-9b7e-3f1f6c0a55d1");
    fields
}

/// Answers at once with nothing: what asking costs whoever answers.
#[derive(Clone, Copy)]
pub(crate) struct Nothing;

impl<B> Service<Request<B>> for Nothing {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<B>) -> Self::Future {
        ready(Ok(Response::new(Body::empty())))
    }
}

/// As a browser's.
pub(crate) fn request(uri: Uri) -> Request<Body> {
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = uri;
    let mut add = |name, value| request.headers_mut().insert(name, HeaderValue::from_static(value));
    add(HOST, "shop.example");
    add(USER_AGENT, "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0");
    add(ACCEPT, "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8");
    add(ACCEPT_ENCODING, "gzip, deflate, br, zstd");
    add(ACCEPT_LANGUAGE, "en-GB,en;q=0.7,de;q=0.3");
    request
}

/// The URI of an item.
pub(crate) fn uri(item: u64) -> Uri {
    format!("/items/{item}").parse().expect("it is a path")
}
