use std::{
    collections::VecDeque,
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    vec,
};

use super::{
    Load,
    port::{Outcome, Port},
};

/// Waits for the answers to many items: [`Batcher::load_many`](super::Batcher::load_many).
#[must_use = "a future does nothing unless it is polled"]
pub struct LoadMany<Req, Res, E> {
    port: Arc<dyn Port<Req, Res, E>>,
    items: vec::IntoIter<Req>,
    /// In the order of the items, from the first that has no answer yet.
    loads: VecDeque<Slot<Req, Res, E>>,
    outcomes: Vec<Outcome<Res, E>>,
}

enum Slot<Req, Res, E> {
    Waits(Load<Req, Res, E>),
    Ended(Outcome<Res, E>),
}

/// Nothing in it is pinned in place.
impl<Req, Res, E> Unpin for LoadMany<Req, Res, E> {}

impl<Req, Res, E> LoadMany<Req, Res, E> {
    pub(super) fn new(port: Arc<dyn Port<Req, Res, E>>, items: Vec<Req>) -> Self {
        let outcomes = Vec::with_capacity(items.len());
        Self { port, items: items.into_iter(), loads: VecDeque::new(), outcomes }
    }
}

impl<Req, Res, E> Future for LoadMany<Req, Res, E> {
    type Output = Vec<Outcome<Res, E>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        for slot in &mut this.loads {
            if let Slot::Waits(load) = slot
                && let Poll::Ready(outcome) = Pin::new(load).poll(cx)
            {
                *slot = Slot::Ended(outcome);
            }
        }
        let window = this.port.window();
        loop {
            while let Some(Slot::Ended(_)) = this.loads.front() {
                if let Some(Slot::Ended(outcome)) = this.loads.pop_front() {
                    this.outcomes.push(outcome);
                }
            }
            if this.loads.len() >= window {
                return Poll::Pending;
            }
            let Some(item) = this.items.next() else { break };
            let mut load = Load::new(Arc::clone(&this.port), item);
            this.loads.push_back(match Pin::new(&mut load).poll(cx) {
                Poll::Ready(outcome) => Slot::Ended(outcome),
                Poll::Pending => Slot::Waits(load),
            });
        }
        if this.loads.is_empty() {
            Poll::Ready(std::mem::take(&mut this.outcomes))
        } else {
            Poll::Pending
        }
    }
}

impl<Req, Res, E> fmt::Debug for LoadMany<Req, Res, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoadMany")
            .field("answered", &self.outcomes.len())
            .field("under_way", &self.loads.len())
            .field("left", &self.items.len())
            .finish_non_exhaustive()
    }
}
