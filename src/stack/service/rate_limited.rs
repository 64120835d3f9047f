use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use http::{Request, Response};
use http_body::Body;
use pin_project::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use super::RateLimiting;
#[cfg(feature = "redis")]
use crate::rate_limit::{SharedFuture, SharedRateLimit};
use crate::{
    body::ResponseBody,
    rate_limit::{FollowUp, QueuedFuture, QueuedRateLimit, RateLimit, ResponseFuture},
};

/// A service whose rate is limited, in one of the ways that there are.
#[derive(Clone, Debug)]
pub enum RateLimited<S> {
    Plain(RateLimit<S>),
    Queued(QueuedRateLimit<S>),
    #[cfg(feature = "redis")]
    Shared(SharedRateLimit<S>),
}

/// The future of [`RateLimited`].
#[pin_project(project = Projection)]
pub enum RateLimitedFuture<S, F, R> {
    Plain(#[pin] ResponseFuture<F>),
    Queued(#[pin] QueuedFuture<S, F, R>),
    #[cfg(feature = "redis")]
    Shared(#[pin] SharedFuture<S, F, R>),
}

impl<S> Layer<S> for RateLimiting {
    type Service = RateLimited<S>;

    #[inline]
    fn layer(&self, inner: S) -> RateLimited<S> {
        match self {
            Self::Plain(layer) => RateLimited::Plain(layer.layer(inner)),
            Self::Queued(layer) => RateLimited::Queued(layer.layer(inner)),
            #[cfg(feature = "redis")]
            Self::Shared(layer) => RateLimited::Shared(layer.layer(inner)),
        }
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for RateLimited<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone,
    ResBody: Body,
{
    type Response = Response<ResponseBody<ResBody, FollowUp>>;
    type Error = S::Error;
    type Future = RateLimitedFuture<S, S::Future, Request<ReqBody>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        match self {
            Self::Plain(service) => service.poll_ready(cx),
            Self::Queued(service) => service.poll_ready(cx),
            #[cfg(feature = "redis")]
            Self::Shared(service) => service.poll_ready(cx),
        }
    }

    #[inline]
    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        match self {
            Self::Plain(service) => RateLimitedFuture::Plain(service.call(request)),
            Self::Queued(service) => RateLimitedFuture::Queued(service.call(request)),
            #[cfg(feature = "redis")]
            Self::Shared(service) => RateLimitedFuture::Shared(service.call(request)),
        }
    }
}

impl<S, ReqBody, ResBody> Future for RateLimitedFuture<S, S::Future, Request<ReqBody>>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone,
    ResBody: Body,
{
    type Output = Result<Response<ResponseBody<ResBody, FollowUp>>, S::Error>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            Projection::Plain(future) => future.poll(cx),
            Projection::Queued(future) => future.poll(cx),
            #[cfg(feature = "redis")]
            Projection::Shared(future) => future.poll(cx),
        }
    }
}

impl<S, F, R> fmt::Debug for RateLimitedFuture<S, F, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimitedFuture").finish_non_exhaustive()
    }
}
