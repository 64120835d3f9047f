use std::{
    any::Any,
    mem,
    pin::Pin,
    task::{Context, Poll, ready},
};

use http::Request;
use pin_project::pin_project;

use super::{
    desk::{Desk, InFlight},
    fields::Fields,
};
use crate::clock::Timestamp;

/// A call that requests may share, with what must be known to judge its response. It may be polled by one task and then by
/// another.
#[pin_project]
pub(super) struct Call<F> {
    #[pin]
    future: F,
    asked: Asked,
    in_flight: Option<InFlight>,
}

/// A call under way, which stays where it is in memory whoever polls it.
pub(super) type Running<F> = Pin<Box<Call<F>>>;

/// What a call was made with.
#[derive(Default)]
pub(super) struct Asked {
    pub(super) fields: Fields,
    /// The head of its request, if the operator may look at it.
    pub(super) head: Option<Box<Request<()>>>,
    pub(super) began: Timestamp,
}

/// The rest of a call that has answered.
pub(super) struct Answered<T> {
    pub(super) answer: T,
    pub(super) asked: Asked,
    pub(super) in_flight: Option<InFlight>,
}

impl<F> Call<F> {
    pub(super) fn new(future: F, asked: Asked, in_flight: InFlight) -> Running<F> {
        Box::pin(Self { future, asked, in_flight: Some(in_flight) })
    }
}

impl<F: Future> Call<F> {
    /// To be dropped once it is ready.
    pub(super) fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Answered<F::Output>> {
        let this = self.project();
        let answer = ready!(this.future.poll(cx));
        let (asked, in_flight) = (mem::take(this.asked), this.in_flight.take());
        Poll::Ready(Answered { answer, asked, in_flight })
    }
}

/// Leaves it to whoever goes on with it.
pub(super) fn erase<F: Send + 'static>(call: Running<F>) -> Box<dyn Any + Send> {
    Box::new(call)
}

/// Takes over what another has left, if it is a call of the same service.
pub(super) fn known<F: Send + 'static>(call: Box<dyn Any + Send>) -> Option<Running<F>> {
    call.downcast().ok().map(|call| *call)
}

impl Asked {
    /// Of `request`, which is about to be sent.
    pub(super) fn of<Q>(request: &Request<Q>, desk: &Desk) -> Self {
        let may_be_looked_at = desk.settings.share_if.is_some();
        Self {
            fields: Fields::of(request.headers()),
            head: may_be_looked_at.then(|| Box::new(head(request))),
            began: desk.now(),
        }
    }
}

fn head<Q>(request: &Request<Q>) -> Request<()> {
    let mut head = Request::new(());
    head.method_mut().clone_from(request.method());
    head.uri_mut().clone_from(request.uri());
    *head.version_mut() = request.version();
    head.headers_mut().clone_from(request.headers());
    head.extensions_mut().clone_from(request.extensions());
    head
}
