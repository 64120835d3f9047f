//! The work: a number's answer is the next number. It is as little as can be, so that what is timed is what is around it.

use std::{
    convert::Infallible,
    future::{Ready, ready},
    mem,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::sync::watch;
use tower::Service;
use tower_batch_control::{BatchControl, RequestWeight};
use tower_weir::error::BoxError;
use ultra_batch::{Cache, Fetcher};

pub(crate) fn answer(number: u64) -> u64 {
    number + 1
}

/// For ours, which gives whole batches and takes an answer for each item.
#[derive(Clone, Copy)]
pub(crate) struct Numbers;

impl Service<Vec<u64>> for Numbers {
    type Response = Vec<Result<u64, Infallible>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, numbers: Vec<u64>) -> Self::Future {
        ready(Ok(numbers.into_iter().map(|number| Ok(answer(number))).collect()))
    }
}

/// A number for tower-batch-control, which wants to know what it weighs.
pub(crate) struct Item(pub(crate) u64);

impl RequestWeight for Item {}

/// What is done when a batch has ended.
pub(crate) trait Serve: Clone + Send + 'static {
    fn serve(&self) -> Result<(), BoxError>;
}

#[derive(Clone, Copy)]
pub(crate) struct Nothing;

impl Serve for Nothing {
    fn serve(&self) -> Result<(), BoxError> {
        Ok(())
    }
}

/// For tower-batch-control, which gives items and says when a batch ends: when that has been served, the items have their
/// answers. They are told so by a channel for each batch, as in the tests of that crate.
pub(crate) struct AfterFlush<W> {
    work: W,
    ended: watch::Sender<bool>,
}

impl<W: Serve> AfterFlush<W> {
    pub(crate) fn new(work: W) -> Self {
        Self { work, ended: watch::Sender::new(false) }
    }
}

impl<W: Serve> Service<BatchControl<Item>> for AfterFlush<W> {
    type Response = u64;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<u64, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: BatchControl<Item>) -> Self::Future {
        match request {
            BatchControl::Item(Item(number)) => {
                let mut ended = self.ended.subscribe();
                Box::pin(async move {
                    ended.changed().await?;
                    Ok(answer(number))
                })
            }
            BatchControl::Flush => {
                let work = self.work.clone();
                let ended = mem::replace(&mut self.ended, watch::Sender::new(false));
                Box::pin(async move {
                    work.serve()?;
                    ended.send_replace(true);
                    Ok(0)
                })
            }
        }
    }
}

/// For tower-batch-control, at its least: an item has its answer at once, and its batch does nothing.
pub(crate) struct AtOnce;

impl Service<BatchControl<Item>> for AtOnce {
    type Response = u64;
    type Error = BoxError;
    type Future = Ready<Result<u64, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: BatchControl<Item>) -> Self::Future {
        ready(Ok(match request {
            BatchControl::Item(Item(number)) => answer(number),
            BatchControl::Flush => 0,
        }))
    }
}

/// For ultra-batch, which keeps all answers.
pub(crate) struct Kept;

impl Fetcher for Kept {
    type Key = u64;
    type Value = u64;
    type Error = Infallible;

    async fn fetch(
        &self,
        numbers: &[u64],
        answers: &mut Cache<'_, u64, u64>,
    ) -> Result<(), Infallible> {
        for &number in numbers {
            answers.insert(number, answer(number));
        }
        Ok(())
    }
}
