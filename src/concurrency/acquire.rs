use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use super::{
    gate::{Ask, Entry, Gate, Permit, Waiter},
    refusal::Refusal,
};

/// Waits for a permit; made by [`Limiter::acquire`](super::Limiter::acquire).
///
/// It waits by tokio's timers. Outside of a tokio runtime whoever would have to wait is refused, as if they had waited too
/// long.
///
/// # Cancel safety
///
/// Dropping it leaves the queue. If it had come to its turn already, the next in line has.
#[must_use = "a future does nothing unless it is polled"]
pub struct Acquire(State);

enum State {
    Asks(Arc<Gate>, usize),
    Waits(Waiter),
    Done,
}

impl Acquire {
    pub(super) fn new(gate: &Arc<Gate>, class: usize) -> Self {
        Self(State::Asks(Arc::clone(gate), class))
    }
}

impl Future for Acquire {
    type Output = Result<Permit, Refusal>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let State::Asks(gate, class) = &self.0 {
            let entry = gate.enter(*class, || Ask::unkeyed(gate.terms(), *class));
            match entry {
                Entry::Admitted(permit, _) => {
                    self.0 = State::Done;
                    return Poll::Ready(Ok(permit));
                }
                Entry::Refused(refusal) => {
                    self.0 = State::Done;
                    return Poll::Ready(Err(refusal));
                }
                Entry::Waits(waiter) => self.0 = State::Waits(waiter),
            }
        }
        match &mut self.0 {
            State::Waits(waiter) => waiter.poll(cx).map_ok(|(permit, _)| permit),
            State::Asks(..) | State::Done => Poll::Pending,
        }
    }
}

impl fmt::Debug for Acquire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acquire")
            .field("waits", &matches!(self.0, State::Waits(_)))
            .finish_non_exhaustive()
    }
}
