//! Batchers whose first batch is in trouble.

use std::{
    future::poll_fn,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tower::Service;
use tower_batch_control::Batch;
use tower_weir::{
    batch::{BatchLayer, Batcher, Fixed},
    error::BoxError,
};
use ultra_batch::{BatchFetcher, Cache, Fetcher};

use crate::service::{AfterFlush, Item, Serve, answer};

/// How many items a batch has.
pub(crate) const SIZE: u64 = 10;

/// What happens to the first batch.
#[derive(Clone, Copy)]
pub(crate) enum Trouble {
    None,
    Error,
    Panic,
}

/// A service of batches whose first is in trouble.
#[derive(Clone)]
pub(crate) struct Troubled {
    trouble: Trouble,
    is_first: Arc<AtomicBool>,
}

impl Troubled {
    fn new(trouble: Trouble) -> Self {
        Self { trouble, is_first: Arc::new(AtomicBool::new(true)) }
    }
}

impl Serve for Troubled {
    fn serve(&self) -> Result<(), BoxError> {
        match (self.is_first.swap(false, Ordering::Relaxed), self.trouble) {
            (true, Trouble::Error) => Err("the first batch fails".into()),
            (true, Trouble::Panic) => panic!("the first batch panics"),
            _ => Ok(()),
        }
    }
}

/// Something that answers a number: rightly, or not at all.
pub(crate) trait Caller: Clone + Send + 'static {
    fn call(self, number: u64) -> impl Future<Output = bool> + Send;
}

#[derive(Clone)]
pub(crate) struct Ours(Batcher<u64, u64>);

impl Ours {
    pub(crate) fn new(trouble: Trouble, linger: Duration) -> Self {
        let troubled = Troubled::new(trouble);
        let layer = BatchLayer::new().max_size(SIZE as usize).linger(Fixed::new(linger));
        Self(layer.batcher(move |numbers: Vec<u64>| {
            let troubled = troubled.clone();
            async move {
                troubled.serve()?;
                Ok::<_, BoxError>(
                    numbers.into_iter().map(|number| Ok(answer(number))).collect::<Vec<_>>(),
                )
            }
        }))
    }
}

impl Caller for Ours {
    async fn call(self, number: u64) -> bool {
        let answered = self.0.load(number);
        // Nobody keeps the batcher for an answer's sake.
        drop(self);
        answered.await.is_ok_and(|it| it == answer(number))
    }
}

pub(crate) struct BatchControlled(Batch<AfterFlush<Troubled>, Item>);

impl BatchControlled {
    pub(crate) fn new(trouble: Trouble, linger: Duration) -> Self {
        let service = AfterFlush::new(Troubled::new(trouble));
        Self(Batch::new(service, SIZE as usize, 2, linger))
    }
}

impl Clone for BatchControlled {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl Caller for BatchControlled {
    async fn call(mut self, number: u64) -> bool {
        if poll_fn(|cx| self.0.poll_ready(cx)).await.is_err() {
            return false;
        }
        let answered = self.0.call(Item(number));
        drop(self);
        answered.await.is_ok_and(|it| it == answer(number))
    }
}

#[derive(Clone)]
pub(crate) struct UltraBatch(BatchFetcher<Troubled>);

impl UltraBatch {
    pub(crate) fn new(trouble: Trouble, linger: Duration) -> Self {
        let fetcher = BatchFetcher::build(Troubled::new(trouble));
        let fetcher = fetcher.eager_batch_size(Some(SIZE as usize));
        Self(fetcher.delay_duration(linger).finish())
    }
}

impl Fetcher for Troubled {
    type Key = u64;
    type Value = u64;
    type Error = BoxError;

    async fn fetch(
        &self,
        numbers: &[u64],
        answers: &mut Cache<'_, u64, u64>,
    ) -> Result<(), BoxError> {
        self.serve()?;
        for &number in numbers {
            answers.insert(number, answer(number));
        }
        Ok(())
    }
}

impl Caller for UltraBatch {
    async fn call(self, number: u64) -> bool {
        self.0.load(number).await.is_ok_and(|it| it == answer(number))
    }
}
