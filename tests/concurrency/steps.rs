//! Whatever happens in whatever order: no more are let in than may be, no place is forgotten, and nobody who is to be woken.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::{Context, Poll, Wake, Waker},
};

use bytes::Bytes;
use http::{HeaderName, Request, Response};
use http_body_util::Empty;
use tower::{Layer, Service, service_fn};
use tower_weir::{
    concurrency::{ConcurrencyLimitLayer, Handle, Limiter, Priorities, Queue},
    key::Header,
    reject::Rejected,
};

use super::{limiter, millis, random::Random, with};

/// Whether it was woken since it was last polled.
#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Relaxed);
    }
}

/// A request that stays in the service once it is let in.
struct Call {
    /// Ends when it is refused.
    future: Pin<Box<dyn Future<Output = ()>>>,
    woken: Arc<Woken>,
    is_in: Arc<AtomicBool>,
}

impl Call {
    fn new(layer: &ConcurrencyLimitLayer, class: &str, key: &str) -> Self {
        let is_in = Arc::new(AtomicBool::new(false));
        let request = Request::new(Arc::clone(&is_in));
        let mut service = layer.layer(service_fn(|request: Request<Arc<AtomicBool>>| {
            request.into_body().store(true, Relaxed);
            std::future::pending::<Result<Response<Empty<Bytes>>, Infallible>>()
        }));
        let call = service.call(with(with(request, "x-class", class), "x-tenant", key));
        let future = Box::pin(async move {
            let refused = call.await.unwrap_or_else(|never| match never {});
            assert!(Rejected::is_on(&refused));
        });
        Self { future, woken: Arc::default(), is_in }
    }

    /// Whether it has ended.
    fn poll(&mut self) -> bool {
        self.woken.0.store(false, Relaxed);
        let waker = Waker::from(Arc::clone(&self.woken));
        self.future.as_mut().poll(&mut Context::from_waker(&waker)) != Poll::Pending
    }

    fn is_in(&self) -> bool {
        self.is_in.load(Relaxed)
    }

    fn is_woken(&self) -> bool {
        self.woken.0.load(Relaxed)
    }
}

struct Walk {
    random: Random,
    layer: ConcurrencyLimitLayer,
    limiter: Limiter,
    handle: Handle,
    calls: Vec<Call>,
    is_open: bool,
}

impl Walk {
    fn new(seed: u64, limiter: Limiter) -> Self {
        let layer = ConcurrencyLimitLayer::new(limiter);
        let handle = layer.handle();
        let limiter = handle.limiter("default").unwrap();
        Self { random: Random::new(seed), layer, limiter, handle, calls: Vec::new(), is_open: true }
    }

    async fn step(&mut self) {
        let before = self.handle.in_flight();
        match self.random.below(100) {
            0..30 => {
                let class = self.random.of(&["critical", "default", "sheddable"]);
                let key = self.random.of(&["a", "b", "c", "d"]);
                let mut call = Call::new(&self.layer, class, key);
                // Some are dropped before they are polled at all.
                if self.random.below(10) > 0 && !call.poll() {
                    self.calls.push(call);
                }
            }
            30..65 => {
                let woken: Vec<_> =
                    (0..self.calls.len()).filter(|at| self.calls[*at].is_woken()).collect();
                if !woken.is_empty() {
                    let at = self.random.of(&woken);
                    if self.calls[at].poll() {
                        self.calls.swap_remove(at);
                    }
                }
            }
            65..85 if !self.calls.is_empty() => {
                let at = self.random.below(self.calls.len() as u64) as usize;
                self.calls.swap_remove(at);
            }
            85..92 => tokio::time::advance(millis(self.random.below(60))).await,
            92..96 => self.limiter.set_limit(1 + self.random.below(8) as usize).unwrap(),
            96..98 => {
                self.is_open = true;
                self.limiter.resume();
            }
            98 => {
                self.is_open = false;
                self.limiter.pause();
            }
            99 if self.random.below(10) == 0 => {
                self.is_open = false;
                drop(self.limiter.drain());
            }
            _ => {}
        }
        self.check(before);
    }

    fn check(&self, before: usize) {
        let (in_flight, waiting) = (self.handle.in_flight(), self.handle.waiting());
        let limit = self.limiter.limit();
        let are_in = self.calls.iter().filter(|call| call.is_in()).count();
        let told = self.calls.iter().filter(|call| !call.is_in() && call.is_woken()).count();
        let not_told = self.calls.len() - are_in - told;
        assert!(in_flight <= limit.max(before), "{in_flight} under way of {limit}");
        assert!((are_in..=are_in + told).contains(&in_flight), "someone was not woken");
        assert!(not_told <= waiting, "someone waits who is in no line");
        assert!(!self.is_open || waiting == 0 || in_flight >= limit, "a place is forgotten");
    }
}

#[tokio::test(start_paused = true)]
async fn whatever_comes_goes_waits_and_changes_nothing_is_lost() {
    let tenant = || Header(HeaderName::from_static("x-tenant"));
    let classes = || Priorities::default().header(HeaderName::from_static("x-class"));
    let queue = || Queue::new(millis(200)).objective(millis(300));
    let limiters: [&dyn Fn() -> Limiter; 6] = [
        &|| limiter(3).reject_when_full(),
        &|| limiter(3).queue(queue()),
        &|| limiter(3).queue(queue().capacity(5).fair(tenant())),
        &|| limiter(3).priorities(classes()).reject_when_full(),
        &|| limiter(3).priorities(classes()).queue(queue().capacity(7)),
        &|| limiter(3).priorities(classes()).queue(queue().capacity(12).fair(tenant())),
    ];
    for (n, limiter) in limiters.iter().enumerate() {
        for seed in 0..5 {
            let mut walk = Walk::new(seed * 6 + n as u64, limiter());
            for _ in 0..5_000 {
                walk.step().await;
            }
            walk.calls.clear();
            walk.limiter.resume();
            assert_eq!((walk.handle.in_flight(), walk.handle.waiting()), (0, 0));
            walk.limiter.set_limit(1).unwrap();
            assert!(walk.limiter.try_acquire().is_ok() || n == 3, "all is as it was");
        }
    }
}
