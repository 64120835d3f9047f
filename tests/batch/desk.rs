//! A service whose calls end when, and as, a test says.

use std::{
    collections::HashMap,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, Waker},
};

use tokio::{sync::oneshot, task::yield_now};
use tower::Service;

/// What a call does when it is told to.
pub(crate) enum End {
    /// Doubles each number.
    Doubles,
    /// Fails as a whole.
    Fails(&'static str),
    /// Gives this, right or wrong.
    Gives(Vec<Result<u64, String>>),
    /// Panics in its future.
    Panics(&'static str),
}

/// What a call answers that does as it should.
pub(crate) fn doubled(numbers: &[u64]) -> Vec<Result<u64, String>> {
    numbers.iter().map(|number| Ok(number * 2)).collect()
}

/// The error that a whole batch, or the service that was to become ready, fails with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Broken(pub(crate) &'static str);

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Broken {}

/// Whether the service is ready.
#[derive(Clone, Copy, Default)]
enum Readiness {
    #[default]
    Ready,
    Busy,
    /// It fails so often.
    Broken(usize),
}

#[derive(Default)]
struct State {
    readiness: Readiness,
    /// Woken when it is ready again.
    wakers: Vec<Waker>,
    batches: Vec<Vec<u64>>,
    /// Those of the calls that have not been told how to end.
    open: HashMap<usize, oneshot::Sender<End>>,
    under_way: usize,
    most_under_way: usize,
}

/// Keeps a record of calls, which end when they are told to.
#[derive(Clone, Default)]
pub(crate) struct Desk(Arc<Mutex<State>>);

impl Desk {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// What was sent, in this order.
    pub(crate) fn batches(&self) -> Vec<Vec<u64>> {
        self.0.lock().unwrap().batches.clone()
    }

    /// The numbers of the calls that have not ended.
    pub(crate) fn open(&self) -> Vec<usize> {
        let mut open: Vec<_> = self.0.lock().unwrap().open.keys().copied().collect();
        open.sort_unstable();
        open
    }

    /// How many calls there are now, and how many there were at most.
    pub(crate) fn under_way(&self) -> (usize, usize) {
        let state = self.0.lock().unwrap();
        (state.under_way, state.most_under_way)
    }

    /// Ends a call, and lets all tasks do what follows from it.
    pub(crate) async fn end(&self, call: usize, end: End) {
        let call = self.0.lock().unwrap().open.remove(&call).expect("no such call is open");
        assert!(call.send(end).is_ok(), "the call was dropped");
        settle().await;
    }

    /// Ends the calls that are open.
    pub(crate) async fn end_all(&self) {
        while let Some(call) = self.open().first() {
            self.end(*call, End::Doubles).await;
        }
    }

    pub(crate) fn is_busy(&self) {
        self.0.lock().unwrap().readiness = Readiness::Busy;
    }

    /// The service fails so often when it is to become ready.
    pub(crate) fn is_broken(&self, times: usize) {
        self.now_is(Readiness::Broken(times));
    }

    pub(crate) fn is_ready(&self) {
        self.now_is(Readiness::Ready);
    }

    fn now_is(&self, readiness: Readiness) {
        let mut state = self.0.lock().unwrap();
        state.readiness = readiness;
        std::mem::take(&mut state.wakers).into_iter().for_each(Waker::wake);
    }

    fn begin(&self, numbers: Vec<u64>) -> (oneshot::Receiver<End>, UnderWay) {
        let mut state = self.0.lock().unwrap();
        let (end, told) = oneshot::channel();
        let call = state.batches.len();
        state.open.insert(call, end);
        state.batches.push(numbers);
        state.under_way += 1;
        state.most_under_way = state.most_under_way.max(state.under_way);
        (told, UnderWay(self.clone(), call))
    }
}

/// A call that has not ended, nor been dropped.
struct UnderWay(Desk, usize);

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut state = self.0.0.lock().unwrap();
        state.open.remove(&self.1);
        state.under_way -= 1;
    }
}

impl Service<Vec<u64>> for Desk {
    type Response = Vec<Result<u64, String>>;
    type Error = Broken;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Broken>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        let mut state = self.0.lock().unwrap();
        match state.readiness {
            Readiness::Ready => Poll::Ready(Ok(())),
            Readiness::Busy => {
                state.wakers.push(cx.waker().clone());
                Poll::Pending
            }
            Readiness::Broken(times) => {
                state.readiness = match times {
                    0 | 1 => Readiness::Ready,
                    times => Readiness::Broken(times - 1),
                };
                Poll::Ready(Err(Broken("not ready")))
            }
        }
    }

    fn call(&mut self, numbers: Vec<u64>) -> Self::Future {
        let (told, under_way) = self.begin(numbers.clone());
        Box::pin(async move {
            let end = told.await.expect("a test tells each call how to end");
            drop(under_way);
            match end {
                End::Doubles => Ok(doubled(&numbers)),
                End::Fails(why) => Err(Broken(why)),
                End::Gives(answers) => Ok(answers),
                End::Panics(why) => panic!("{why}"),
            }
        })
    }
}

/// Lets all tasks go on until they wait for something else than each other. Time stands still meanwhile.
pub(crate) async fn settle() {
    for _ in 0..32 {
        yield_now().await;
    }
}
