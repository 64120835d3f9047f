use std::{
    fmt, mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use super::{
    BatchError,
    batcher::Owner,
    port::{Outcome, Port, Ticket},
};

/// Waits for the answer to one item: [`Batcher::load`](super::Batcher::load).
#[must_use = "a future does nothing unless it is polled"]
pub struct Load<Req, Res, E>(State<Req, Res, E>);

enum State<Req, Res, E> {
    /// It keeps the queue open until its item is in it.
    New(Arc<Owner<Req, Res, E>>, Req),
    Waits(Arc<dyn Port<Req, Res, E>>, Ticket),
    Done,
}

/// Nothing in it is pinned in place.
impl<Req, Res, E> Unpin for Load<Req, Res, E> {}

impl<Req, Res, E> Load<Req, Res, E> {
    pub(super) fn new(owner: Arc<Owner<Req, Res, E>>, item: Req) -> Self {
        Self(State::New(owner, item))
    }
}

impl<Req, Res, E> Future for Load<Req, Res, E> {
    type Output = Outcome<Res, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome<Res, E>> {
        if let State::Waits(port, ticket) = &self.0 {
            let outcome = ready!(Arc::clone(port).poll(*ticket, cx));
            self.0 = State::Done;
            return Poll::Ready(outcome);
        }
        let State::New(owner, item) = mem::replace(&mut self.0, State::Done) else {
            panic!("polled after it was ready");
        };
        match Arc::clone(&owner.0).enter(item, cx) {
            Ok(ticket) => {
                self.0 = State::Waits(Arc::clone(&owner.0), ticket);
                Poll::Pending
            }
            Err(refusal) => Poll::Ready(Err(BatchError::Refused(refusal))),
        }
    }
}

impl<Req, Res, E> Drop for Load<Req, Res, E> {
    fn drop(&mut self) {
        if let State::Waits(port, ticket) = &self.0 {
            port.leave(*ticket);
        }
    }
}

impl<Req, Res, E> fmt::Debug for Load<Req, Res, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            State::New(..) => "Load(new)",
            State::Waits(..) => "Load(waits)",
            State::Done => "Load(done)",
        })
    }
}
