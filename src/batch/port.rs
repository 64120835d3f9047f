use std::{
    sync::Arc,
    task::{Context, Poll},
};

use super::{BatchError, BatchStats, Refusal};

/// What an item got.
pub(super) type Outcome<Res, E> = Result<Res, BatchError<E>>;

/// What waiters and handles know of an [`Engine`](super::engine::Engine): neither its service nor its partitions.
pub(super) trait Port<Req, Res, E>: Steering {
    /// Takes an item in. Whoever waits for it is woken by what `cx` wakes.
    fn enter(self: Arc<Self>, item: Req, cx: &mut Context<'_>) -> Result<Ticket, Refusal>;

    /// What became of an item. After `Ready` the ticket is used up.
    fn poll(self: Arc<Self>, ticket: Ticket, cx: &mut Context<'_>) -> Poll<Outcome<Res, E>>;

    /// Nobody wants the item any more: it does not leave, unless it has.
    fn leave(&self, ticket: Ticket);

    /// How many items one caller may have waiting for their batch and under way without filling the queue by itself.
    fn window(&self) -> usize;
}

/// What can be read and done without knowing of what kind the items are.
pub(super) trait Steering: Send + Sync {
    /// Sends all that waits, as soon as calls can be made.
    fn flush(self: Arc<Self>);

    /// Takes nothing more, and sends all that waits.
    fn close(self: Arc<Self>);

    /// Whether nothing waits or is under way; otherwise what `cx` wakes is woken then.
    fn poll_idle(&self, cx: &mut Context<'_>) -> Poll<()>;

    fn stats(&self) -> BatchStats;
}

/// Whose turn it is with an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ticket(pub(super) usize);
