//! Puts batches around a service of single requests, so that they can be asked what all layers are.
//!
//! What they are not asked, as a call is made for many and in a task of its own:
//! - readiness and its errors: the service around them is always ready, and its error is `Infallible`; an inner error becomes a
//!   response, as does a panic;
//! - that a call ends when its client leaves: it goes on for the others;
//! - that the client's waker is the one that the call knows;
//! - that services of one layer share state: each has a queue of its own, which its clones share.
//!
//! The tests beside this suite say what holds instead.

use std::{
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Request, Response};
use pin_project::pin_project;
use tokio::{
    runtime::{Builder, Runtime},
    task::yield_now,
};
use tower::{Layer, Service};
use tower_weir::{
    batch::{BatchLayer, HttpBatchLayer, HttpBatched, ResponseFuture},
    body::ResponseBody,
};

use crate::probe::{Probe, ProbeBody, ProbeError};

/// A layer of batches, and the runtime in which they are sent.
#[derive(Clone)]
pub(crate) struct Batched {
    layer: HttpBatchLayer,
    runtime: Arc<Mutex<Runtime>>,
}

impl Batched {
    pub(crate) fn new() -> Self {
        let runtime = Builder::new_current_thread().enable_time().build().unwrap();
        let layer = BatchLayer::new().max_size(1).http();
        Self { layer, runtime: Arc::new(Mutex::new(runtime)) }
    }
}

impl Layer<Probe> for Batched {
    type Service = Turned<HttpBatched<ProbeBody, ProbeError>>;

    fn layer(&self, probe: Probe) -> Self::Service {
        Turned { inner: self.layer.layer(OfOne(probe)), runtime: Arc::clone(&self.runtime) }
    }
}

/// A service of batches of one request, of whose body nothing is left.
#[derive(Clone)]
pub(crate) struct OfOne(Probe);

impl Service<Vec<Request<Bytes>>> for OfOne {
    type Response = Vec<Result<Response<ProbeBody>, ProbeError>>;
    type Error = ProbeError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, ProbeError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), ProbeError>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, batch: Vec<Request<Bytes>>) -> Self::Future {
        let [request] = <[_; 1]>::try_from(batch).expect("batches are of one request");
        let answer = self.0.call(request.map(|_| ProbeBody::default()));
        Box::pin(async { Ok(vec![answer.await]) })
    }
}

/// A service whose futures turn the runtime when they are polled, until it has nothing more to do.
#[derive(Clone)]
#[pin_project]
pub(crate) struct Turned<T> {
    #[pin]
    inner: T,
    runtime: Arc<Mutex<Runtime>>,
}

/// More turns than any request needs.
const TURNS: usize = 20;

impl Service<Request<ProbeBody>> for Turned<HttpBatched<ProbeBody, ProbeError>> {
    type Response = Response<ResponseBody<ProbeBody>>;
    type Error = ProbeError;
    type Future = Turned<ResponseFuture<ProbeBody, ProbeBody, ProbeError>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), ProbeError>> {
        let ready = Service::<Request<ProbeBody>>::poll_ready(&mut self.inner, cx);
        ready.map_err(|never| match never {})
    }

    fn call(&mut self, request: Request<ProbeBody>) -> Self::Future {
        Turned { inner: self.inner.call(request), runtime: Arc::clone(&self.runtime) }
    }
}

impl Future for Turned<ResponseFuture<ProbeBody, ProbeBody, ProbeError>> {
    type Output = Result<Response<ResponseBody<ProbeBody>>, ProbeError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        // One at a time, as it turns for all only by whoever has it.
        let runtime = this.runtime.lock().unwrap();
        runtime.block_on(async {
            for _ in 0..TURNS {
                if let Poll::Ready(answer) = this.inner.as_mut().poll(cx) {
                    return Poll::Ready(answer.map_err(|never| match never {}));
                }
                yield_now().await;
            }
            Poll::Pending
        })
    }
}
