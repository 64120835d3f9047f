use std::{
    any::Any,
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::{Buf, Bytes};
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::{
    call::{Answered, Asked, Call, Running, erase, known},
    desk::Desk,
    flight::{Baton, FlightKey, Flown, Leads},
    meters::Outcome,
    receive::Received,
};
use crate::error::BoxError;

/// The future of a call for all who want the same.
///
/// # Cancel safety
///
/// Dropped, it leaves the call to the one who has waited longest; if nobody waits, it drops the call.
#[must_use = "a future does nothing unless it is polled"]
pub(super) struct Lead<F>(Option<Leading<F>>);

struct Leading<F> {
    desk: Arc<Desk>,
    key: FlightKey,
    /// `None` once it has landed.
    leader: Option<Leads>,
    /// `None` once it has ended, and while it is polled: if that panics, it is dropped.
    call: Option<Running<F>>,
    /// A pointer, as whoever is dropped knows nothing of the bounds of `F`.
    erase: fn(Running<F>) -> Box<dyn Any + Send>,
    /// Whether a call has failed before.
    has_failed: bool,
}

impl<F: Send + 'static> Lead<F> {
    /// Calls the service.
    pub(super) fn begin<S, Q>(
        desk: &Arc<Desk>,
        key: FlightKey,
        leader: Leads,
        has_failed: bool,
        service: &mut S,
        request: Request<Q>,
    ) -> Self
    where
        S: Service<Request<Q>, Future = F>,
    {
        // First, so that others lead if the service panics.
        let mut leading = Leading::new(desk, key, leader, has_failed);
        desk.count(Outcome::Led);
        let (asked, in_flight) = (Asked::of(&request, desk), desk.set_out());
        leading.call = Some(Call::new(service.call(request), asked, in_flight));
        Self(Some(leading))
    }

    /// Goes on with what another has left, if there is a call of this service under way.
    ///
    /// # Errors
    ///
    /// If there is none: who leads, and whether a call has failed before.
    pub(super) fn go_on(
        desk: &Arc<Desk>,
        key: FlightKey,
        leader: Leads,
    ) -> Result<Self, (Leads, bool)> {
        let Baton { call, has_failed } = leader.take_over().unwrap_or_default();
        match call.and_then(known) {
            None => Err((leader, has_failed)),
            Some(call) => {
                let mut leading = Leading::new(desk, key, leader, has_failed);
                leading.call = Some(call);
                Ok(Self(Some(leading)))
            }
        }
    }
}

impl<F: Send + 'static> Leading<F> {
    fn new(desk: &Arc<Desk>, key: FlightKey, leader: Leads, has_failed: bool) -> Self {
        let (desk, leader) = (Arc::clone(desk), Some(leader));
        Self { desk, key, leader, call: None, erase: erase::<F>, has_failed }
    }
}

impl<F, B, E> Future for Lead<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body + Send + 'static,
    B::Data: Buf + From<Bytes>,
    B::Error: Into<BoxError>,
{
    type Output = Result<Received<B>, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(mut leading) = self.0.take() else { return Poll::Pending };
        // Taken out, so that it is gone before another leads, should it panic.
        let Some(mut call) = leading.call.take() else { return Poll::Pending };
        let Poll::Ready(answered) = call.as_mut().poll(cx) else {
            leading.call = Some(call);
            self.0 = Some(leading);
            return Poll::Pending;
        };
        drop(call);
        let Answered { answer, asked, in_flight } = answered;
        // While it leads still: a body that panics is a call that has failed.
        let judged = leading.desk.judge(&asked, answer?);
        let Some(leader) = leading.leader.take() else { return Poll::Pending };
        Poll::Ready(Ok(leading.desk.land(leading.key, leader, in_flight, judged)))
    }
}

impl<F> Drop for Leading<F> {
    fn drop(&mut self) {
        let Some(leader) = self.leader.take() else { return };
        match self.call.take() {
            Some(call) => {
                let call = Some((self.erase)(call));
                leader.pass(Baton { call, has_failed: self.has_failed });
            }
            None if self.has_failed => drop(leader.land(Flown::Failed)),
            None => leader.pass(Baton { call: None, has_failed: true }),
        }
    }
}

impl<F> fmt::Debug for Lead<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lead").field("ended", &self.0.is_none()).finish_non_exhaustive()
    }
}
