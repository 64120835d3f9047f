//! What is sent, and the services that answer it.

use std::{
    convert::Infallible,
    future::{Ready, ready},
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll},
    time::Duration,
};

use axum::{Router, body::Body, extract::MatchedPath, routing::get_service};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, Uri, header};
use http_body::Frame;
use http_body_util::Empty;
use tower::{Service, service_fn};
use tower_weir::{clock::ManualClock, route::RouteTable};
use tower_weir_peers::{Clients, Inner, answer};

/// The addresses that requests come from. No layer here looks at them.
const ADDRESSES: u32 = 64;

/// The pattern of what [`plain`] clients ask for.
pub(crate) const PATTERN: &str = "/items/{id}";

/// Without a route: a Router or a table finds it.
pub(crate) fn plain() -> Clients {
    Clients::new(ADDRESSES)
}

/// As from inside of a Router, which has found the route.
pub(crate) fn matched(pattern: &'static str) -> Clients {
    let path = matched_path(pattern);
    plain().amending(move |request| {
        request.extensions_mut().insert(path.clone());
    })
}

/// As [`matched`], with the ids by which a request may be found elsewhere.
pub(crate) fn traced() -> Clients {
    let path = matched_path(PATTERN);
    let ids = [
        ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        ("x-request-id", "0198c2f2-7a4e-7cc3-8b3a-1f2f9f6c7a10"),
    ];
    plain().amending(move |request| {
        request.extensions_mut().insert(path.clone());
        for (name, value) in ids {
            let (name, value) = (HeaderName::from_static(name), HeaderValue::from_static(value));
            request.headers_mut().insert(name, value);
        }
    })
}

/// gRPC calls.
pub(crate) fn calls() -> Clients {
    plain().amending(|request| {
        *request.method_mut() = Method::POST;
        *request.uri_mut() = Uri::from_static("/shop.v1.Items/Get");
        let grpc = HeaderValue::from_static("application/grpc");
        request.headers_mut().insert(header::CONTENT_TYPE, grpc);
    })
}

/// Only axum can make one.
pub(crate) fn matched_path(pattern: &'static str) -> MatchedPath {
    let found = Arc::new(OnceLock::new());
    let reader = {
        let found = Arc::clone(&found);
        service_fn(move |request: Request<Body>| {
            let path = request.extensions().get::<MatchedPath>().cloned();
            found.get_or_init(|| path.expect("it is a route of a Router"));
            ready(Ok::<_, Infallible>(Response::new(Body::empty())))
        })
    };
    let uri = pattern.replace(['{', '}'], "");
    let request = Request::get(uri).body(Empty::new()).expect("a pattern without braces is a path");
    answer(&Router::new().route_service(pattern, reader), request);
    found.get().expect("the route was asked").clone()
}

pub(crate) fn router() -> Router {
    Router::new().route(PATTERN, get_service(Inner))
}

/// Twenty routes, as of a small service.
pub(crate) fn table() -> RouteTable<()> {
    let things = ["carts", "items", "orders", "reviews", "users"];
    let of = |thing| {
        ["", "/{id}", "/{id}/history", "/{id}/tags/{tag}"].map(|rest| format!("/{thing}{rest}"))
    };
    let patterns = things.into_iter().flat_map(of);
    patterns.fold(RouteTable::new(), |table, pattern| table.route(&pattern, ()))
}

/// Answers as [`Inner`] does, and takes exactly the time that a request says.
#[derive(Clone, Debug)]
pub(crate) struct Takes(pub(crate) ManualClock);

impl<B> Service<Request<B>> for Takes {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let takes = request.extensions().get::<Duration>().expect("each request says it");
        self.0.advance(*takes);
        Inner.call(request)
    }
}

/// Answers gRPC calls at once with a small message.
#[derive(Clone, Copy)]
pub(crate) struct Grpc;

/// A message, then the code.
pub(crate) struct Message {
    left: u8,
}

impl<B> Service<Request<B>> for Grpc {
    type Response = Response<Message>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<B>) -> Self::Future {
        let mut response = Response::new(Message { left: 2 });
        let grpc = HeaderValue::from_static("application/grpc");
        response.headers_mut().insert(header::CONTENT_TYPE, grpc);
        ready(Ok(response))
    }
}

impl http_body::Body for Message {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let frame = match self.left {
            2 => Frame::data(Bytes::from_static(b"\0\0\0\0\x02\x08\x2a")),
            1 => {
                let code = (HeaderName::from_static("grpc-status"), HeaderValue::from_static("0"));
                Frame::trailers(HeaderMap::from_iter([code]))
            }
            _ => return Poll::Ready(None),
        };
        self.left -= 1;
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }
}
