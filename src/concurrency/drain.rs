use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use super::Limiter;

/// Tells when nothing is under way any more; made by [`Limiter::drain`] and [`Handle::drain`](super::Handle::drain).
#[must_use = "a future does nothing unless it is polled"]
pub struct Drain {
    limiters: Vec<Limiter>,
}

impl Drain {
    pub(super) fn new(limiters: Vec<Limiter>) -> Self {
        Self { limiters }
    }
}

impl Future for Drain {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut drained = true;
        for limiter in &self.limiters {
            limiter.for_each_gate(|gate| drained &= gate.is_drained(cx.waker()));
        }
        if drained { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl fmt::Debug for Drain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Drain").finish_non_exhaustive()
    }
}
