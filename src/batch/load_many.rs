use std::{
    collections::VecDeque,
    fmt, mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    vec,
};

use super::{Load, batcher::Owner, port::Outcome};

/// Waits for the answers to many items: [`Batcher::load_many`](super::Batcher::load_many).
#[must_use = "a future does nothing unless it is polled"]
pub struct LoadMany<Req, Res, E> {
    /// `None` once all items are in the queue: then they do not keep it open.
    owner: Option<Arc<Owner<Req, Res, E>>>,
    items: vec::IntoIter<Req>,
    /// In the order of the items, from the first that has no answer yet.
    slots: VecDeque<Slot<Req, Res, E>>,
    outcomes: Vec<Outcome<Res, E>>,
}

enum Slot<Req, Res, E> {
    Waits(Load<Req, Res, E>),
    Ended(Outcome<Res, E>),
}

/// Nothing in it is pinned in place.
impl<Req, Res, E> Unpin for LoadMany<Req, Res, E> {}

impl<Req, Res, E> LoadMany<Req, Res, E> {
    pub(super) fn new(owner: Arc<Owner<Req, Res, E>>, items: Vec<Req>) -> Self {
        let outcomes = Vec::with_capacity(items.len());
        Self { owner: Some(owner), items: items.into_iter(), slots: VecDeque::new(), outcomes }
    }
}

impl<Req, Res, E> LoadMany<Req, Res, E> {
    /// Takes the outcomes that have nothing before them to wait for.
    fn collect(&mut self) {
        while let Some(Slot::Ended(_)) = self.slots.front()
            && let Some(Slot::Ended(outcome)) = self.slots.pop_front()
        {
            self.outcomes.push(outcome);
        }
    }

    /// Lets more items in, as long as they do not fill the queue by themselves.
    fn let_in(&mut self, cx: &mut Context<'_>) {
        let Some(owner) = &self.owner else { return };
        let window = owner.0.window();
        while self.slots.len() < window
            && let Some(item) = self.items.next()
        {
            let mut load = Load::new(Arc::clone(owner), item);
            match Pin::new(&mut load).poll(cx) {
                Poll::Pending => self.slots.push_back(Slot::Waits(load)),
                Poll::Ready(outcome) if self.slots.is_empty() => self.outcomes.push(outcome),
                Poll::Ready(outcome) => self.slots.push_back(Slot::Ended(outcome)),
            }
        }
        if self.items.len() == 0 {
            self.owner = None;
        }
    }
}

impl<Req, Res, E> Future for LoadMany<Req, Res, E> {
    type Output = Vec<Outcome<Res, E>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        for slot in &mut self.slots {
            if let Slot::Waits(load) = slot
                && let Poll::Ready(outcome) = Pin::new(load).poll(cx)
            {
                *slot = Slot::Ended(outcome);
            }
        }
        self.collect();
        self.let_in(cx);
        if self.slots.is_empty() {
            Poll::Ready(mem::take(&mut self.outcomes))
        } else {
            Poll::Pending
        }
    }
}

impl<Req, Res, E> fmt::Debug for LoadMany<Req, Res, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoadMany")
            .field("answered", &self.outcomes.len())
            .field("under_way", &self.slots.len())
            .field("left", &self.items.len())
            .finish_non_exhaustive()
    }
}
