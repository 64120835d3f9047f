use std::{
    fmt,
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::{QueuedFuture, future::wait, room::Room};
use crate::{
    body::ResponseBody,
    head::Head,
    rate_limit::{FollowUp, admission::Admission},
    readied::take_readied,
};

/// The service that [`QueuedRateLimitLayer`](super::QueuedRateLimitLayer) makes.
#[derive(Clone)]
pub struct QueuedRateLimit<S> {
    inner: S,
    admission: Arc<Admission>,
    room: Arc<Room>,
}

impl<S> QueuedRateLimit<S> {
    pub(super) fn new(inner: S, admission: Arc<Admission>, room: Arc<Room>) -> Self {
        Self { inner, admission, room }
    }

    /// The inner service.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The inner service.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// The inner service.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for QueuedRateLimit<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone,
    ResBody: Body,
{
    type Response = Response<ResponseBody<ResBody, FollowUp>>;
    type Error = S::Error;
    type Future = QueuedFuture<S, S::Future, Request<ReqBody>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let head = Head::of(&request);
        let mut subject = match self.admission.identify(&head) {
            Ok(subject) => subject,
            Err(Ok(passed)) => return QueuedFuture::passed(&mut self.inner, passed, request),
            Err(Err(answer)) => return QueuedFuture::rejected(answer),
        };
        let is_shadow = subject.rule.is_shadow();
        // Whoever comes while others of its key wait goes behind them, and does not take what has just come back to them.
        let decision = if !is_shadow && self.room.has_line(&subject) {
            None
        } else {
            let decision = subject.rule.decide(subject.ask());
            if decision.refused_by.is_none() {
                let passed = Admission::pass(subject, &decision, &head);
                return QueuedFuture::passed(&mut self.inner, passed, request);
            }
            Some(decision)
        };
        let refused = match decision {
            // It will never pass, or would if the limit were enforced.
            Some(decision) if is_shadow || decision.refusal() == Some(None) => decision,
            decision => match self.room.join(&mut subject) {
                Ok(waiter) => {
                    let deciding = wait(waiter, Arc::clone(&self.admission));
                    let inner = take_readied(&mut self.inner);
                    return QueuedFuture::deciding(deciding, inner, request);
                }
                Err(preview) if preview.refused_by.is_some() => *preview,
                // There is no room to wait in, but those before it will leave enough; or nobody can tell what they will leave.
                Err(_) => decision.unwrap_or_else(|| subject.rule.decide(subject.ask())),
            },
        };
        if refused.refused_by.is_none() {
            let passed = Admission::pass(subject, &refused, &head);
            return QueuedFuture::passed(&mut self.inner, passed, request);
        }
        match self.admission.limit(subject, &refused, &head) {
            Ok(passed) => QueuedFuture::passed(&mut self.inner, passed, request),
            Err(answer) => QueuedFuture::rejected(answer),
        }
    }
}

impl<S: fmt::Debug> fmt::Debug for QueuedRateLimit<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QueuedRateLimit").field("inner", &self.inner).finish_non_exhaustive()
    }
}
