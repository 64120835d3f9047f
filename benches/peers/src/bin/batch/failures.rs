//! What becomes of items whose batch fails or whose batcher is gone, and of those after them.

use std::{
    future::poll_fn,
    mem, panic,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    runtime::Builder,
    sync::watch,
    task::{JoinSet, yield_now},
    time::timeout,
};
use tower::Service;
use tower_batch_control::{Batch, BatchControl};
use tower_weir::{
    batch::{BatchLayer, Batcher, Fixed},
    error::BoxError,
};
use tower_weir_peers::{Figures, Row, Section};
use ultra_batch::{BatchFetcher, Cache, Fetcher};

use crate::service::{Item, answer};

const SIZE: u64 = 10;

/// Less than a batch.
const FEW: u64 = 3;

/// Whoever has no answer after this has none.
const PATIENCE: Duration = Duration::from_millis(500);

const LINGER: Duration = Duration::from_millis(5);
/// Longer than anybody waits.
const FOREVER: Duration = Duration::from_secs(3_600);

/// What happens to the first batch.
#[derive(Clone, Copy)]
enum Trouble {
    None,
    Error,
    Panic,
}

/// A service of batches whose first is in trouble.
#[derive(Clone)]
struct Troubled {
    trouble: Trouble,
    is_first: Arc<AtomicBool>,
}

impl Troubled {
    fn new(trouble: Trouble) -> Self {
        Self { trouble, is_first: Arc::new(AtomicBool::new(true)) }
    }

    /// Serves a batch.
    fn serve(&self) -> Result<(), BoxError> {
        match (self.is_first.swap(false, Ordering::Relaxed), self.trouble) {
            (true, Trouble::Error) => Err("the first batch fails".into()),
            (true, Trouble::Panic) => panic!("the first batch panics"),
            _ => Ok(()),
        }
    }
}

/// Something that answers a number: rightly, or not at all.
trait Caller: Clone + Send + 'static {
    fn call(self, number: u64) -> impl Future<Output = bool> + Send;
}

#[derive(Clone)]
struct Ours(Batcher<u64, u64>);

impl Ours {
    fn new(trouble: Trouble, linger: Duration) -> Self {
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

struct BatchControlled(Batch<AfterFlush, Item>);

impl BatchControlled {
    fn new(trouble: Trouble, linger: Duration) -> Self {
        let service =
            AfterFlush { troubled: Troubled::new(trouble), ended: watch::Sender::new(false) };
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

/// Tells the items of a batch when it has ended.
struct AfterFlush {
    troubled: Troubled,
    ended: watch::Sender<bool>,
}

impl Service<BatchControl<Item>> for AfterFlush {
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
                let troubled = self.troubled.clone();
                let ended = mem::replace(&mut self.ended, watch::Sender::new(false));
                Box::pin(async move {
                    troubled.serve()?;
                    ended.send_replace(true);
                    Ok(0)
                })
            }
        }
    }
}

#[derive(Clone)]
struct UltraBatch(BatchFetcher<Troubled>);

impl UltraBatch {
    fn new(trouble: Trouble, linger: Duration) -> Self {
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

/// How callers fared.
#[derive(Clone, Copy, Default)]
struct Fared {
    answered: f64,
    panicked: f64,
}

/// So many who ask at the same time, of whom none keeps the batcher.
async fn ask<C: Caller>(caller: C, numbers: impl Iterator<Item = u64>) -> Fared {
    let mut callers = JoinSet::new();
    for number in numbers {
        callers.spawn(timeout(PATIENCE, caller.clone().call(number)));
    }
    // All have been taken in.
    for _ in 0..100 {
        yield_now().await;
    }
    drop(caller);
    let mut fared = Fared::default();
    while let Some(ended) = callers.join_next().await {
        match ended {
            Ok(answered) => fared.answered += f64::from(answered == Ok(true)),
            Err(error) => fared.panicked += f64::from(error.is_panic()),
        }
    }
    fared
}

/// What becomes of less than a batch when nobody has the batcher any more.
fn dropped<C: Caller>(make: fn(Trouble, Duration) -> C) -> Fared {
    in_runtime(async move { ask(make(Trouble::None, FOREVER), 0..FEW).await })
}

/// What becomes of two batches that come after one that was in trouble; panics are those of all three.
fn after<C: Caller>(trouble: Trouble, make: fn(Trouble, Duration) -> C) -> Fared {
    in_runtime(async move {
        let caller = make(trouble, LINGER);
        let mut all = Fared::default();
        for batch in 0..3 {
            let fared = ask(caller.clone(), SIZE * batch..SIZE * (batch + 1)).await;
            all.answered += if batch > 0 { fared.answered } else { 0.0 };
            all.panicked += fared.panicked;
        }
        all
    })
}

fn in_runtime(fared: impl Future<Output = Fared>) -> Fared {
    // What panics is counted, and need not be told.
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let runtime = Builder::new_current_thread().enable_time().build();
    let fared = runtime.expect("a runtime needs nothing").block_on(fared);
    panic::set_hook(hook);
    fared
}

pub(crate) fn section(_: &Figures) -> Section {
    eprintln!("failures");
    let mut rows = Vec::new();
    let answered = |what: String, ours: Fared, of: u64, peers: &[(&'static str, Fared)]| {
        let row = || Row::new(what.clone(), "items", ours.answered).at_least(of as f64).promised();
        peers
            .iter()
            .map(move |(peer, fared)| row().beside(peer, fared.answered))
            .collect::<Vec<_>>()
    };
    rows.extend(answered(
        format!("batcher dropped: answered, of {FEW} that wait"),
        dropped(Ours::new),
        FEW,
        &[("tower-batch-control", dropped(BatchControlled::new))],
    ));
    for (trouble, what) in [(Trouble::Error, "an error"), (Trouble::Panic, "a panic")] {
        let ours = after(trouble, Ours::new);
        let peers = [
            ("tower-batch-control", after(trouble, BatchControlled::new)),
            ("ultra-batch", after(trouble, UltraBatch::new)),
        ];
        let two = 2 * SIZE;
        rows.extend(answered(
            format!("after {what}: answered, of {two} that come later"),
            ours,
            two,
            &peers,
        ));
        rows.extend(peers.map(|(peer, fared)| {
            Row::new(
                format!("{what}: callers that panic, of {}", 3 * SIZE),
                "callers",
                ours.panicked,
            )
            .beside(peer, fared.panicked)
            .at_most(0.0)
            .promised()
        }));
    }
    Section {
        name: "failures",
        about: format!(
            "batches of {SIZE}; the first of three fails or panics; and less than a batch that waits while the last handle is \
             dropped: tower-batch-control's service would have to see to that itself, when it is dropped; of ultra-batch, whoever \
             waits has a handle"
        ),
        rows,
    }
}
