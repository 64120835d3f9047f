//! Rate limiting, from the arithmetic to the service.

#[path = "../support/allocator.rs"]
mod allocator;
#[path = "../support/recorded.rs"]
mod recorded;
#[path = "../support/warnings.rs"]
mod warnings;

mod adaptive;
mod allocations;
mod charges;
mod decisions;
mod gcra;
#[cfg(feature = "governor")]
mod governor;
mod headers;
mod layer;
mod logs;
mod metrics;
mod queue;
mod quota;
mod routes;
mod snapshot;
mod steering;
mod table;

use std::{convert::Infallible, time::Duration};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_weir::{
    body::ResponseBody,
    clock::{Clock, ManualClock},
    rate_limit::{FollowUp, RateLimitLayer},
};

type Answer = Response<ResponseBody<Full<Bytes>, FollowUp>>;

/// A layer around a service that answers 200, and the hand of its clock.
fn guarded(layer: RateLimitLayer) -> (Guarded, ManualClock) {
    let (clock, hand) = Clock::manual();
    (Guarded(layer.clock(clock)), hand)
}

struct Guarded(RateLimitLayer);

impl Guarded {
    /// A service of its own for each request, as axum makes one for each route.
    fn send(&self, request: Request<()>) -> Answer {
        self.send_to(service_fn(fine), request)
    }

    fn send_to<S>(&self, inner: S, request: Request<()>) -> Answer
    where
        S: Service<Request<()>, Response = Response<Full<Bytes>>, Error = Infallible>,
    {
        let answer = futures_executor::block_on(self.0.layer(inner).oneshot(request));
        answer.unwrap_or_else(|never| match never {})
    }

    fn get(&self, path: &str) -> Answer {
        self.send(Request::builder().uri(path).body(()).unwrap())
    }

    /// How many of `n` requests pass.
    fn passing(&self, n: usize) -> usize {
        (0..n).filter(|_| self.get("/").status().is_success()).count()
    }
}

async fn fine(_: Request<()>) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(Response::new(Full::new(Bytes::from_static(b"fine"))))
}

fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    answer.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

fn body(answer: Answer) -> Bytes {
    futures_executor::block_on(answer.into_body().collect()).unwrap().to_bytes()
}

fn millis(n: u64) -> Duration {
    Duration::from_millis(n)
}
