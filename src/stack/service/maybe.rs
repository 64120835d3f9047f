use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use http::{Request, Response};
use pin_project::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::{
    body::{GuardedBody, ResponseBody},
    cache::CacheBody,
    coalesce::CoalesceBody,
};

/// A service with a layer around it, or without.
#[derive(Clone, Debug)]
pub enum Maybe<L, S> {
    With(L),
    Without(S),
}

/// The future of [`Maybe`].
#[pin_project(project = Projection)]
#[derive(Debug)]
pub enum MaybeFuture<L, S> {
    With(#[pin] L),
    Without(#[pin] S),
}

/// A layer's body that can be the inner service's, with nothing done to it.
pub trait PassedOn<B> {
    fn passed_on(body: B) -> Self;
}

impl<S, L> Maybe<L, S> {
    #[inline]
    pub(super) fn new(layer: Option<&impl Layer<S, Service = L>>, inner: S) -> Self {
        match layer {
            Some(layer) => Self::With(layer.layer(inner)),
            None => Self::Without(inner),
        }
    }
}

impl<L, S, ReqBody, Around, Inner> Service<Request<ReqBody>> for Maybe<L, S>
where
    L: Service<Request<ReqBody>, Response = Response<Around>, Error = S::Error>,
    S: Service<Request<ReqBody>, Response = Response<Inner>>,
    Around: PassedOn<Inner>,
{
    type Response = L::Response;
    type Error = S::Error;
    type Future = MaybeFuture<L::Future, S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        match self {
            Self::With(around) => around.poll_ready(cx),
            Self::Without(inner) => inner.poll_ready(cx),
        }
    }

    #[inline]
    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        match self {
            Self::With(around) => MaybeFuture::With(around.call(request)),
            Self::Without(inner) => MaybeFuture::Without(inner.call(request)),
        }
    }
}

impl<L, S, Around, Inner, E> Future for MaybeFuture<L, S>
where
    L: Future<Output = Result<Response<Around>, E>>,
    S: Future<Output = Result<Response<Inner>, E>>,
    Around: PassedOn<Inner>,
{
    type Output = L::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<L::Output> {
        match self.project() {
            Projection::With(around) => around.poll(cx),
            Projection::Without(inner) => {
                Poll::Ready(ready!(inner.poll(cx)).map(|response| response.map(Around::passed_on)))
            }
        }
    }
}

impl<B, G> PassedOn<B> for GuardedBody<B, G> {
    fn passed_on(body: B) -> Self {
        Self::unguarded(body)
    }
}

impl<B, G> PassedOn<B> for ResponseBody<B, G> {
    fn passed_on(body: B) -> Self {
        Self::inner(body)
    }
}

impl<B> PassedOn<B> for CacheBody<B> {
    fn passed_on(body: B) -> Self {
        Self::inner(body)
    }
}

impl<B> PassedOn<B> for CoalesceBody<B> {
    fn passed_on(body: B) -> Self {
        Self::inner(body)
    }
}
