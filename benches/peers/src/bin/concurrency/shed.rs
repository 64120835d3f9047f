//! Requests that are turned away because as many are under way as may be.

use std::{
    convert::Infallible,
    future::{Ready, ready},
    task::{Context, Poll, Waker},
    time::Duration,
};

use axum::{BoxError, body::Body};
use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::Empty;
use tower::{Layer, Service, ServiceExt, load_shed::LoadShed};
use tower_weir::concurrency::{ConcurrencyLimitLayer, Fixed, Limiter};
use tower_weir_peers::{Case, Clients, Figures, Group, Inner, Row, Section};

use crate::limits::{backpressure, tower, tower_global, tower_resilience_adaptive};

/// How many clients there are.
const SOME: u32 = 64;

pub(crate) fn group() -> Group {
    Group {
        name: "turned away",
        batch: Duration::from_micros(50),
        rounds: 6_000,
        cases: vec![
            Case::new("request", || {
                let mut clients = Clients::new(SOME);
                move |requests| clients.send(&Nothing, requests, StatusCode::OK)
            }),
            Case::new("shed:ours", || {
                let limiter = Limiter::new(Fixed::new(1)).reject_when_full();
                let held = limiter.try_acquire();
                let service = ConcurrencyLimitLayer::new(limiter).layer(Inner);
                let mut clients = Clients::new(SOME);
                move |requests| {
                    assert!(held.is_ok());
                    clients.send(&service, requests, StatusCode::SERVICE_UNAVAILABLE)
                }
            }),
            turned_away("shed:tower", || tower(1).layer(Inner)),
            turned_away("shed:tower, global", || tower_global(1).layer(Inner)),
            turned_away("shed:bulkhead", || backpressure(1).layer(Inner)),
            turned_away("shed:tower-resilience", || tower_resilience_adaptive(1).layer(Inner)),
        ],
    }
}

/// A peer and `LoadShed` around it, whose error is answered as ours is: that is left to the user.
fn turned_away<S>(name: &'static str, service: impl FnOnce() -> S + 'static) -> Case
where
    S: Service<Request<Empty<Bytes>>, Response = Response<Body>> + Clone + 'static,
    S::Error: Into<BoxError>,
{
    Case::new(name, move || {
        let service = service();
        let mut clients = Clients::new(SOME);
        // The peers' permits are taken by clones that are ready.
        let mut holder = service.clone();
        assert!(holder.poll_ready(&mut Context::from_waker(Waker::noop())).is_ready());
        let service = LoadShed::new(service).map_result(|result: Result<_, BoxError>| {
            Ok::<_, BoxError>(result.unwrap_or_else(|_| unavailable()))
        });
        move |requests| {
            let _ = &holder;
            clients.send(&service, requests, StatusCode::SERVICE_UNAVAILABLE)
        }
    })
}

/// Says what our answer says.
fn unavailable() -> Response<Body> {
    let body = r#"{"type":"about:blank","title":"Service Unavailable","status":503}"#;
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    let headers = response.headers_mut();
    headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    let problem = HeaderValue::from_static("application/problem+json");
    headers.insert(header::CONTENT_TYPE, problem);
    response
}

/// Only drops the request: what all have to do.
#[derive(Clone, Copy)]
struct Nothing;

impl<B> Service<Request<B>> for Nothing {
    type Response = Response<()>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<B>) -> Self::Future {
        ready(Ok(Response::new(())))
    }
}

pub(crate) fn section(figures: &Figures) -> Section {
    let request = figures.ns("request");
    let beside = |name, peer, peer_case| {
        Row::new(name, "ns", figures.ns("shed:ours")).beside(peer, figures.ns(peer_case))
    };
    Section {
        name: "turned away",
        about: format!(
            "the whole answer, 503; dropping a request takes {request:.0} ns of it, and the bare service is not \
             asked, so nothing is subtracted"
        ),
        rows: vec![
            beside("beside Global", "tower, Global, LoadShed", "shed:tower, global")
                .at_most(300.0)
                .ratio_at_most(1.0),
            beside("beside ConcurrencyLimit", "tower, LoadShed", "shed:tower"),
            beside("beside bulkhead", "bulkhead, LoadShed", "shed:bulkhead").ratio_at_most(1.0),
            beside(
                "beside an adaptive limit",
                "tower-resilience, LoadShed",
                "shed:tower-resilience",
            )
            .ratio_at_most(1.0),
        ],
    }
}
