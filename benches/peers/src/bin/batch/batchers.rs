//! The batchers that are compared, each with batches of the same size that leave when they are full.

use std::{future::poll_fn, ops::Range, time::Duration};

use futures_util::future::join_all;
use tower::{Layer, Service};
use tower_batch_control::{Batch, BatchControl};
use tower_weir::{
    batch::{BatchLayer, Batcher, Fixed},
    error::BoxError,
};
use ultra_batch::BatchFetcher;

use crate::service::{AfterFlush, AtOnce, Item, Kept, Nothing, Numbers, answer};

/// How many batches may be under way at a time: as many as ours and tower-batch-control may have; ultra-batch has one.
const IN_FLIGHT: usize = 2;

/// How long batches wait that are not full, which none is.
const LINGER: Duration = Duration::from_millis(5);

/// Something that answers numbers in batches, in a runtime; clones share the batches.
pub(crate) trait Answering: Clone + Send + Sync + 'static {
    /// Asks for all of `numbers` at the same time.
    ///
    /// # Panics
    ///
    /// If an answer is wrong.
    fn ask(&mut self, numbers: Range<u64>) -> impl Future<Output = ()> + Send;
}

/// No batcher: the service is given each round as a batch.
#[derive(Clone)]
pub(crate) struct Bare;

#[derive(Clone)]
pub(crate) struct Ours(Batcher<u64, u64>);

#[derive(Clone)]
pub(crate) struct UltraBatch(BatchFetcher<Kept>);

/// tower-batch-control's.
pub(crate) struct BatchControlled<S: Service<BatchControl<Item>>>(Batch<S, Item>);

impl Ours {
    /// With a fixed linger, as the peers have.
    pub(crate) fn fixed(size: usize) -> Self {
        let layer = BatchLayer::new().max_size(size).max_in_flight(IN_FLIGHT);
        Self(layer.linger(Fixed::new(LINGER)).layer(Numbers))
    }

    /// With the linger that it has by default.
    pub(crate) fn adaptive(size: usize) -> Self {
        Self(BatchLayer::new().max_size(size).max_in_flight(IN_FLIGHT).layer(Numbers))
    }
}

impl UltraBatch {
    /// Anew for some rounds: it would find numbers again that it has answered already.
    pub(crate) fn new(size: usize) -> Self {
        let fetcher = BatchFetcher::build(Kept).eager_batch_size(Some(size));
        Self(fetcher.delay_duration(LINGER).finish())
    }
}

impl BatchControlled<AfterFlush<Nothing>> {
    pub(crate) fn after_flush(size: usize) -> Self {
        Self(Batch::new(AfterFlush::new(Nothing), size, IN_FLIGHT, LINGER))
    }
}

impl BatchControlled<AtOnce> {
    pub(crate) fn at_once(size: usize) -> Self {
        Self(Batch::new(AtOnce, size, IN_FLIGHT, LINGER))
    }
}

/// All at the same time, each answer looked at.
async fn all<E>(
    numbers: Range<u64>,
    answers: impl Iterator<Item = impl Future<Output = Result<u64, E>>>,
) {
    // For more than thirty, `join_all` would poll each by a waker of its own.
    const FEW: usize = 16;
    let mut answers = answers.collect::<Vec<_>>().into_iter();
    let some = std::iter::from_fn(|| {
        let some: Vec<_> = answers.by_ref().take(FEW).collect();
        (!some.is_empty()).then(|| join_all(some))
    });
    let answers = join_all(some.collect::<Vec<_>>()).await;
    let mut answers = answers.into_iter().flatten();
    for number in numbers {
        assert!(matches!(answers.next(), Some(Ok(it)) if it == answer(number)), "a wrong answer");
    }
}

impl Answering for Bare {
    async fn ask(&mut self, numbers: Range<u64>) {
        let Ok(answers) = Numbers.call(numbers.clone().collect()).await;
        all(numbers, answers.into_iter().map(std::future::ready)).await;
    }
}

impl Answering for Ours {
    async fn ask(&mut self, numbers: Range<u64>) {
        all(numbers.clone(), numbers.map(|number| self.0.load(number))).await;
    }
}

impl Answering for UltraBatch {
    async fn ask(&mut self, numbers: Range<u64>) {
        all(numbers.clone(), numbers.map(|number| self.0.load(number))).await;
    }
}

impl<S> Answering for BatchControlled<S>
where
    S: Service<BatchControl<Item>, Response = u64, Error = BoxError, Future: Send + 'static>
        + 'static,
{
    async fn ask(&mut self, numbers: Range<u64>) {
        let mut answers = Vec::new();
        for number in numbers.clone() {
            // One handle that is readied for each item, as in the tests of that crate.
            let is_ready = poll_fn(|cx| self.0.poll_ready(cx)).await.is_ok();
            assert!(is_ready, "the batcher is not ready");
            answers.push(self.0.call(Item(number)));
        }
        all(numbers, answers.into_iter()).await;
    }
}

impl<S: Service<BatchControl<Item>>> Clone for BatchControlled<S> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}
