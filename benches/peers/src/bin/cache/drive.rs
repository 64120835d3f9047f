//! How services are asked: within a runtime, for some spawn tasks and some wait.

use std::{future::poll_fn, hint::black_box, pin::pin, time::Duration};

use axum::body::Body;
use http::{Request, Response, StatusCode};
use http_body::Body as HttpBody;
use tokio::{
    runtime::{Builder, Runtime},
    task::yield_now,
};
use tower::Service;
use tower_weir_peers::timed;

/// What all caches here are: something that answers requests.
pub(crate) trait Served:
    Service<Request<Body>, Response = Response<<Self as Served>::Body>, Future: Send>
    + Clone
    + Send
    + Sync
    + 'static
{
    type Body: HttpBody + Send;
}

impl<S, B> Served for S
where
    S: Service<Request<Body>, Response = Response<B>, Future: Send> + Clone + Send + Sync + 'static,
    B: HttpBody + Send,
{
    type Body = B;
}

/// A runtime of the thread that asks.
pub(crate) fn runtime() -> Runtime {
    Builder::new_current_thread().enable_time().build().expect("a runtime needs nothing")
}

/// Asks on one thread, one request after the other.
pub(crate) struct Asker {
    runtime: Runtime,
    next: Box<dyn FnMut() -> Request<Body>>,
}

impl Asker {
    /// Sends the requests that `next` makes.
    pub(crate) fn new(next: impl FnMut() -> Request<Body> + 'static) -> Self {
        Self { runtime: runtime(), next: Box::new(next) }
    }

    /// The time in which `service` answers so many requests, its answers are read to their ends, and what it spawned has had
    /// its turn; making the requests is not timed.
    pub(crate) fn ask(&mut self, service: &impl Served, requests: u64) -> Duration {
        // Few enough that a request is still in the core's first cache when its turn comes, as it is after parsing.
        const PREPARED: u64 = 32;
        let mut prepared = Vec::with_capacity(PREPARED as usize);
        let mut took = Duration::ZERO;
        let mut left = requests;
        while left > 0 {
            let count = left.min(PREPARED);
            prepared.extend((0..count).map(|_| (self.next)()));
            took += timed(|| {
                self.runtime.block_on(async {
                    for request in prepared.drain(..) {
                        exchange(service, request).await;
                    }
                    yield_now().await;
                });
            });
            left -= count;
        }
        took
    }
}

/// As hyper does: a clone for each request, readied, called; the body read to its end.
///
/// # Panics
///
/// If the service or the body fails, or the answer is not a success.
pub(crate) async fn exchange<S: Served>(service: &S, request: Request<Body>) {
    let response = answer(service, request).await;
    assert_eq!(response.status(), StatusCode::OK);
    let mut body = pin!(response.into_body());
    // hyper asks for the length before it writes the head.
    black_box(body.size_hint());
    while !body.is_end_stream() {
        match poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
            Some(Ok(frame)) => drop(black_box(frame)),
            None => break,
            Some(Err(_)) => panic!("the body failed"),
        }
    }
}

/// The answer of a clone of the service.
pub(crate) async fn answer<S: Served>(service: &S, request: Request<Body>) -> Response<S::Body> {
    let mut service = service.clone();
    let is_ready = poll_fn(|cx| service.poll_ready(cx)).await.is_ok();
    assert!(is_ready, "the service is not ready");
    let Ok(response) = service.call(request).await else { panic!("the service failed") };
    response
}
