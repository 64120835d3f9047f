//! Latency profiling, from the histogram to the service.

#[path = "../support/allocator.rs"]
mod allocator;
#[path = "../support/recorded.rs"]
mod recorded;

mod histogram;
mod history;
mod layer;
mod memory;
mod metrics;
mod operations;
mod page;
mod table;

use std::{convert::Infallible, time::Duration};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use tower::{Layer, Service, ServiceExt};
use tower_weir::{
    body::GuardedBody,
    clock::{Clock, ManualClock},
    profile::{Outcome, Profile, ProfileLayer, Recording, RouteSnapshot, Window},
};

type Answer<B = Full<Bytes>> = Response<GuardedBody<B, Recording>>;

/// A profile, and the hand of its clock.
fn profile() -> (Profile, ManualClock) {
    let (clock, hand) = Clock::manual();
    (Profile::new().clock(clock), hand)
}

/// Whatever has been counted, as lines of route, method, outcome and count.
fn outcomes(profile: &Profile) -> Vec<(String, &'static str, Outcome, u64)> {
    let mut lines = Vec::new();
    for route in profile.snapshot().routes {
        assert_eq!(route.in_flight, 0, "{}", route.route);
        for (outcome, count) in
            route.stats(Window::Lifetime).outcomes.iter().filter(|(_, count)| *count > 0)
        {
            lines.push((route.route.clone(), route.method, outcome, count));
        }
    }
    lines.sort_by(|a, b| (&a.0, a.1, a.2 as u8).cmp(&(&b.0, b.1, b.2 as u8)));
    lines
}

fn only(profile: &Profile) -> RouteSnapshot {
    let [route] = <[_; 1]>::try_from(profile.snapshot().routes).unwrap();
    route
}

fn get(path: &str) -> Request<Full<Bytes>> {
    Request::builder().uri(path).body(Full::default()).unwrap()
}

/// Sends a request through the layer, around a service made for it.
fn send<S, B>(
    layer: &ProfileLayer,
    inner: S,
    request: Request<Full<Bytes>>,
) -> Result<Answer<B>, S::Error>
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>>,
    B: http_body::Body,
{
    futures_executor::block_on(layer.layer(inner).oneshot(request))
}

/// Reads all of a body.
fn read<B>(answer: Answer<B>) -> Result<Bytes, B::Error>
where
    B: http_body::Body<Data = Bytes>,
{
    futures_executor::block_on(answer.into_body().collect()).map(|body| body.to_bytes())
}

async fn fine(_: Request<Full<Bytes>>) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(Response::new(Full::from("fine")))
}

fn millis(n: u64) -> Duration {
    Duration::from_millis(n)
}
