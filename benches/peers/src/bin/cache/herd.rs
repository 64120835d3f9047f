//! Ten thousand who ask for the same at the same time, when it is not stored.

use std::{
    convert::Infallible,
    future::poll_fn,
    mem,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::{Duration, Instant},
};

use axum::body::Body;
use http::{Request, Response};
use tokio::{
    runtime::Builder,
    sync::Semaphore,
    task::{JoinSet, yield_now},
    time::{sleep, timeout},
};
use tower::Service;
use tower_weir_peers::{Figures, Row, Section};

use crate::{
    caches::{axum_response_cache, hitbox, hitbox_protected, http_cache, ours, tower_http_cache},
    drive::{Served, exchange},
    page::{Page, request, uri},
};

const HERD: usize = 10_000;

/// Whoever has no answer after this has none.
const PATIENCE: Duration = Duration::from_secs(10);

/// Room for so many.
const ENTRIES: u64 = 1_000;

/// How a herd fared.
#[derive(Clone, Copy)]
struct Fared {
    /// How often the inner service was called.
    calls: usize,
    /// How many got no answer.
    left: usize,
    /// From the first call to the last answer, in ms.
    millis: f64,
}

type Contestant = (&'static str, fn(Gated, bool) -> Fared);

const OURS: fn(Gated, bool) -> Fared =
    |inner, leaves| run(ours(ENTRIES, inner.clone()), &inner, leaves);

const PEERS: [Contestant; 5] = [
    ("axum-response-cache", |inner, leaves| {
        run(axum_response_cache(ENTRIES, inner.clone()), &inner, leaves)
    }),
    ("tower-http-cache", |inner, leaves| {
        run(tower_http_cache(ENTRIES, inner.clone()), &inner, leaves)
    }),
    ("http-cache-tower-server", |inner, leaves| {
        run(http_cache(ENTRIES, inner.clone()), &inner, leaves)
    }),
    ("hitbox-tower", |inner, leaves| run(hitbox(ENTRIES, inner.clone()), &inner, leaves)),
    ("hitbox-tower, protected", |inner, leaves| {
        run(hitbox_protected(ENTRIES, inner.clone()), &inner, leaves)
    }),
];

pub(crate) fn section(figures: &Figures) -> Section {
    let rounds = if figures.is_quick() { 1 } else { 5 };
    eprintln!("herds: {} caches in {rounds} rounds", 1 + PEERS.len());
    let mut rows = Vec::new();
    for (leaves, what) in [(false, "all stay"), (true, "the first leaves")] {
        let all = [OURS].into_iter().chain(PEERS.map(|(_, peer)| peer));
        let mut fared: Vec<Vec<Fared>> = all.clone().map(|_| Vec::new()).collect();
        for _ in 0..rounds {
            for (fared, herd) in fared.iter_mut().zip(all.clone()) {
                // What never ends is not tried again.
                if fared.iter().all(|fared| fared.left == 0) {
                    fared.push(herd(Gated::new(), leaves));
                }
            }
        }
        let fared: Vec<Fared> = fared.iter().map(|fared| summary(fared)).collect();
        let (ours, peers) = (fared[0], &fared[1..]);
        rows.push(
            Row::new(format!("{what}: inner calls"), "calls", ours.calls as f64)
                .at_most(1.0)
                .promised(),
        );
        rows.push(
            Row::new(format!("{what}: left without an answer"), "clients", ours.left as f64)
                .at_most(0.0)
                .promised(),
        );
        for ((peer, _), fared) in PEERS.iter().zip(peers) {
            let row = |of: &str, unit, figure: fn(&Fared) -> f64| {
                let name = format!("{what}: {of}, beside {peer}");
                Row::new(name, unit, figure(&ours)).beside(peer, figure(fared))
            };
            rows.push(row("inner calls", "calls", |fared| fared.calls as f64));
            if fared.left > 0 || leaves {
                rows.push(row("without an answer", "clients", |fared| fared.left as f64));
            }
            if fared.left == 0 {
                rows.push(row("time", "ms", |fared| fared.millis));
            }
        }
    }
    Section {
        name: "herd",
        about: format!(
            "{HERD} clients in two threads ask for one key before the service inside answers anybody; where the first leaves, \
             its request is dropped while the call is under way; the most calls, and the median time, of {rounds}"
        ),
        rows,
    }
}

/// The worst of the counts, and the median time.
fn summary(fared: &[Fared]) -> Fared {
    let mut millis: Vec<f64> = fared.iter().map(|fared| fared.millis).collect();
    millis.sort_by(f64::total_cmp);
    Fared {
        calls: fared.iter().map(|fared| fared.calls).max().unwrap_or_default(),
        left: fared.iter().map(|fared| fared.left).max().unwrap_or_default(),
        millis: millis[millis.len() / 2],
    }
}

fn run<S: Served>(service: S, inner: &Gated, leaves: bool) -> Fared {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_time().build();
    let runtime = runtime.expect("a runtime needs nothing");
    let fared = runtime.block_on(herd(service, inner.clone(), leaves));
    // Whoever waits for ever is let go.
    runtime.shutdown_background();
    fared
}

async fn herd<S: Served>(service: S, inner: Gated, leaves: bool) -> Fared {
    let start = Instant::now();
    let mut first = leaves.then(|| {
        let service = service.clone();
        Box::pin(async move { exchange(&service, request(uri(1))).await })
    });
    if let Some(first) = &mut first {
        while inner.calls() == 0 {
            poll_fn(|cx| Poll::Ready(first.as_mut().poll(cx).is_ready())).await;
            yield_now().await;
        }
    }
    let arrived = Arc::new(AtomicUsize::new(0));
    let mut clients = JoinSet::new();
    let followers = HERD - usize::from(leaves);
    for _ in 0..followers {
        let (service, arrived) = (service.clone(), Arc::clone(&arrived));
        clients.spawn(async move { arriving(exchange(&service, request(uri(1))), &arrived).await });
    }
    while arrived.load(Ordering::Relaxed) < followers {
        sleep(Duration::from_millis(1)).await;
    }
    if leaves {
        drop(first);
        // Long enough for those who are woken by that.
        sleep(Duration::from_millis(20)).await;
    }
    inner.open();
    let mut left = followers;
    let all = async {
        while let Some(answered) = clients.join_next().await {
            assert!(answered.is_ok(), "the answer is right");
            left -= 1;
        }
    };
    let _ = timeout(PATIENCE, all).await;
    Fared { calls: inner.calls(), left, millis: start.elapsed().as_secs_f64() * 1e3 }
}

/// Counts a future once it has been polled.
async fn arriving<F: Future>(future: F, arrived: &AtomicUsize) -> F::Output {
    let (mut future, mut is_new) = (pin!(future), true);
    poll_fn(|cx| {
        let poll = future.as_mut().poll(cx);
        if mem::take(&mut is_new) {
            arrived.fetch_add(1, Ordering::Relaxed);
        }
        poll
    })
    .await
}

/// Answers nobody until it is opened.
#[derive(Clone)]
struct Gated {
    calls: Arc<AtomicUsize>,
    gate: Arc<Semaphore>,
    page: Page,
}

impl Gated {
    fn new() -> Self {
        Self { calls: Arc::default(), gate: Arc::new(Semaphore::new(0)), page: Page::default() }
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }

    fn open(&self) {
        self.gate.close();
    }
}

impl<B> Service<Request<B>> for Gated {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<B>) -> Self::Future {
        let gated = self.clone();
        Box::pin(async move {
            gated.calls.fetch_add(1, Ordering::Relaxed);
            // An error tells that it is open.
            let _ = gated.gate.acquire().await;
            gated.page.answer().await
        })
    }
}
