//! A service of batches that keeps a record, and answers when it is told to.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::sleep;
use tower_weir::batch::BatchLayer;
use tower_weir::clock::Clock;

/// A layer that reads the time that tests pause.
pub(crate) fn layer<Req>() -> BatchLayer<Req> {
    BatchLayer::new().clock(Clock::runtime())
}

/// What a service has seen.
#[derive(Clone, Default)]
pub(crate) struct Record(Arc<Mutex<Vec<Vec<u64>>>>);

impl Record {
    pub(crate) fn batches(&self) -> Vec<Vec<u64>> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn sizes(&self) -> Vec<usize> {
        self.batches().iter().map(Vec::len).collect()
    }
}

/// Doubles numbers, and takes so long for a batch.
#[derive(Clone)]
pub(crate) struct Doubling {
    pub(crate) record: Record,
    pub(crate) takes: Duration,
}

impl Doubling {
    pub(crate) fn taking(millis: u64) -> Self {
        Self { record: Record::default(), takes: Duration::from_millis(millis) }
    }
}

impl tower::Service<Vec<u64>> for Doubling {
    type Response = Vec<Result<u64, String>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, numbers: Vec<u64>) -> Self::Future {
        self.record.0.lock().unwrap().push(numbers.clone());
        let takes = self.takes;
        Box::pin(async move {
            if !takes.is_zero() {
                sleep(takes).await;
            }
            Ok(numbers.into_iter().map(|number| Ok(number * 2)).collect())
        })
    }
}
