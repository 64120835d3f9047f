//! Any value by any key: `cache::Memo`.

#[path = "../support/allocator.rs"]
mod allocator;

mod bounds;
mod drops;
mod errors;
mod expiry;
mod invalidation;
mod loads;
mod refresh;
mod steps;
mod waits;

use std::{
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, Waker},
    time::Duration,
};

use tokio::{sync::oneshot, task::yield_now};
use tower_weir::{
    cache::Memo,
    clock::{Clock, ManualClock},
};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Broken(u32);

type Answer = Result<u32, Broken>;
type Call = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// Loads that end when a test says so.
#[derive(Clone, Default)]
struct Source(Arc<Mutex<Vec<Option<oneshot::Sender<Answer>>>>>);

impl Source {
    fn load(&self) -> impl Future<Output = Answer> + Send + use<> {
        let (end, answer) = oneshot::channel();
        self.0.lock().unwrap().push(Some(end));
        async { answer.await.expect("a load that panics") }
    }

    /// How many loads there were.
    fn loads(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    fn end(&self, load: usize, answer: Answer) {
        let end = self.0.lock().unwrap()[load].take().unwrap();
        end.send(answer).expect("someone loads still");
    }

    /// Makes a load panic.
    fn fail(&self, load: usize) {
        drop(self.0.lock().unwrap()[load].take());
    }

    fn call(&self, memo: &Memo<u8, u32>, key: u8) -> Call {
        let (source, memo) = (self.clone(), memo.clone());
        Box::pin(async move { memo.get_or_load(key, || source.load()).await })
    }

    /// Calls that were each polled once, and wait.
    fn calls(&self, memo: &Memo<u8, u32>, key: u8, calls: usize) -> Vec<Call> {
        let mut calls: Vec<_> = (0..calls).map(|_| self.call(memo, key)).collect();
        assert!(calls.iter_mut().all(|call| poll(call).is_pending()));
        calls
    }
}

fn poll<F: Future + Unpin>(call: &mut F) -> Poll<F::Output> {
    Pin::new(call).poll(&mut Context::from_waker(Waker::noop()))
}

/// What a call comes to that needs not wait.
fn answer(mut call: Call) -> Answer {
    match poll(&mut call) {
        Poll::Ready(answer) => answer,
        Poll::Pending => panic!("it waits"),
    }
}

/// Lets all go on that runs in the background.
async fn settle() {
    for _ in 0..10 {
        yield_now().await;
    }
}

/// Keeps values for a minute.
fn memo() -> (Memo<u8, u32>, Source, ManualClock) {
    let (clock, hand) = Clock::manual();
    (Memo::new(MINUTE).clock(clock), Source::default(), hand)
}
