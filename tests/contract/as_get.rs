//! Makes every request a GET to a layer, and again what it was to the service inside.

use std::task::{Context, Poll};

use http::{Method, Request};
use tower::{Layer, Service};

/// A layer to which everything is a GET.
#[derive(Clone)]
pub(crate) struct AsGet<L>(pub(crate) L);

/// A service that is called with another method.
#[derive(Clone)]
pub(crate) struct Renamed<S> {
    inner: S,
    method: Method,
}

impl<L, S> Layer<S> for AsGet<L>
where
    L: Layer<Renamed<S>>,
{
    type Service = Renamed<L::Service>;

    fn layer(&self, inner: S) -> Self::Service {
        let inner = self.0.layer(Renamed { inner, method: Method::PATCH });
        Renamed { inner, method: Method::GET }
    }
}

impl<S, B> Service<Request<B>> for Renamed<S>
where
    S: Service<Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> S::Future {
        request.method_mut().clone_from(&self.method);
        self.inner.call(request)
    }
}
