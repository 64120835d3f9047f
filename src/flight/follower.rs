use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use super::{Leader, under_way::UnderWay};

/// Waits for a flight to land.
///
/// # Cancel safety
///
/// Dropping it leaves the flight. If it was to lead, the next in line is.
#[must_use = "a future does nothing unless it is polled"]
pub(crate) struct Follower<K, T, B = ()> {
    /// `None` once it has been answered.
    flight: Option<Arc<UnderWay<K, T, B>>>,
    ticket: u64,
}

/// What a follower has waited for.
#[derive(Debug)]
pub(crate) enum Turn<K, T, B = ()> {
    /// The flight has landed with this.
    Landed(T),
    /// The leader went without landing, and this follower leads the same flight now.
    Leads(Leader<K, T, B>),
}

impl<K, T, B> Follower<K, T, B> {
    pub(super) fn new(flight: Arc<UnderWay<K, T, B>>, ticket: u64) -> Self {
        Self { flight: Some(flight), ticket }
    }

    /// Takes the flight for lost, and leaves it: whoever joins from now on begins another, and if it lands after all, its
    /// result is not stored.
    pub(crate) fn write_off(self) {
        if let Some(flight) = &self.flight {
            flight.write_off();
        }
    }
}

impl<K, T: Clone, B> Future for Follower<K, T, B> {
    type Output = Turn<K, T, B>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Turn<K, T, B>> {
        let Some(flight) = &self.flight else { return Poll::Pending };
        let turn = ready!(flight.poll(self.ticket, cx.waker()));
        self.flight = None;
        Poll::Ready(turn)
    }
}

impl<K, T, B> Drop for Follower<K, T, B> {
    fn drop(&mut self) {
        if let Some(flight) = self.flight.take() {
            flight.leave(self.ticket);
        }
    }
}

impl<K, T, B> fmt::Debug for Follower<K, T, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Follower").field("ticket", &self.ticket).finish_non_exhaustive()
    }
}
