use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use super::{
    BatchError,
    port::{Outcome, Port, Ticket},
};

/// Waits for the answer to one item: [`Batcher::load`](super::Batcher::load).
#[must_use = "a future does nothing unless it is polled"]
pub struct Load<Req, Res, E> {
    port: Arc<dyn Port<Req, Res, E>>,
    state: State<Req>,
}

enum State<Req> {
    New(Req),
    Waits(Ticket),
    Done,
}

/// Nothing in it is pinned in place.
impl<Req, Res, E> Unpin for Load<Req, Res, E> {}

impl<Req, Res, E> Load<Req, Res, E> {
    pub(super) fn new(port: Arc<dyn Port<Req, Res, E>>, item: Req) -> Self {
        Self { port, state: State::New(item) }
    }
}

impl<Req, Res, E> Future for Load<Req, Res, E> {
    type Output = Outcome<Res, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome<Res, E>> {
        if let State::Waits(ticket) = self.state {
            let outcome = ready!(Arc::clone(&self.port).poll(ticket, cx));
            self.state = State::Done;
            return Poll::Ready(outcome);
        }
        match std::mem::replace(&mut self.state, State::Done) {
            State::New(item) => match Arc::clone(&self.port).enter(item, cx) {
                Ok(ticket) => {
                    self.state = State::Waits(ticket);
                    Poll::Pending
                }
                Err(refusal) => Poll::Ready(Err(BatchError::Refused(refusal))),
            },
            _ => panic!("polled after it was ready"),
        }
    }
}

impl<Req, Res, E> Drop for Load<Req, Res, E> {
    fn drop(&mut self) {
        if let State::Waits(ticket) = self.state {
            self.port.leave(ticket);
        }
    }
}

impl<Req, Res, E> fmt::Debug for Load<Req, Res, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.state {
            State::New(_) => "Load(new)",
            State::Waits(_) => "Load(waits)",
            State::Done => "Load(done)",
        })
    }
}
