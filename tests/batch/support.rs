//! What tests of batches have in common.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use tokio::task::JoinHandle;
use tower_weir::batch::{BatchError, BatchFailure, Batcher, Fixed, Handle, Load, Refusal};

use crate::desk::settle;

/// A batcher of numbers.
pub(crate) type Numbers = Batcher<u64, u64, String>;

/// What a number got.
pub(crate) type Got = Result<u64, BatchError<String>>;

/// Longer than any test waits.
pub(crate) const LONG: Fixed = Fixed::new(Duration::from_secs(3_600));

pub(crate) const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Loads in a task of its own, which takes it in.
pub(crate) async fn loading(batcher: &Numbers, number: u64) -> JoinHandle<Got> {
    let load = tokio::spawn(batcher.load(number));
    settle().await;
    load
}

/// Loads in this order, each in a task of its own.
pub(crate) async fn loading_all(
    batcher: &Numbers,
    numbers: impl IntoIterator<Item = u64>,
) -> Vec<JoinHandle<Got>> {
    let mut loads = Vec::new();
    for number in numbers {
        loads.push(loading(batcher, number).await);
    }
    loads
}

/// Drops what a task does.
pub(crate) async fn leave<T>(task: JoinHandle<T>) {
    task.abort();
    assert!(task.await.is_err_and(|ended| ended.is_cancelled()), "it had ended");
    settle().await;
}

/// The numbers that tasks got.
pub(crate) async fn got(loads: Vec<JoinHandle<Got>>) -> Vec<u64> {
    let mut numbers = Vec::new();
    for load in loads {
        numbers.push(load.await.unwrap().unwrap());
    }
    numbers
}

/// How the whole batch failed.
pub(crate) fn failure<T: std::fmt::Debug>(got: Result<T, BatchError<String>>) -> BatchFailure {
    match got {
        Err(BatchError::Failed(failure)) => failure,
        other => panic!("not all of the batch failed: {other:?}"),
    }
}

/// Why an item was refused.
pub(crate) fn refusal<T: std::fmt::Debug>(got: Result<T, BatchError<String>>) -> Refusal {
    match got {
        Err(BatchError::Refused(refusal)) => refusal,
        other => panic!("it was not refused: {other:?}"),
    }
}

/// Nothing waits and nothing is under way, and the task that made the calls is no more.
pub(crate) async fn is_at_rest(handle: &Handle) {
    settle().await;
    let stats = handle.stats();
    assert_eq!((stats.waiting, stats.in_flight), (0, 0), "{stats:?}");
    let tasks = tokio::runtime::Handle::current().metrics().num_alive_tasks();
    assert_eq!(tasks, 0, "tasks are left");
}

/// Counts how often it is woken.
#[derive(Default)]
pub(crate) struct Bell(AtomicUsize);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Bell {
    pub(crate) fn rung(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    pub(crate) fn poll<F: Future + Unpin>(self: &Arc<Self>, future: &mut F) -> Poll<F::Output> {
        let waker = Waker::from(Arc::clone(self));
        pin!(future).poll(&mut Context::from_waker(&waker))
    }
}

/// A load that has been polled, once.
pub(crate) fn polled(batcher: &Numbers, number: u64) -> Load<u64, u64, String> {
    let mut load = batcher.load(number);
    assert!(Arc::new(Bell::default()).poll(&mut load).is_pending(), "it had an answer at once");
    load
}
