//! Limits that are learnt, as they are enforced.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use http::HeaderName;
use tower_weir::{
    clock::Clock,
    concurrency::{Limit, Limiter, Queue, Sample},
    key::Header,
};

use super::{Bench, fates, millis, until, with, work};

/// Takes samples, and says what it is told to.
#[derive(Clone, Default)]
pub(super) struct Told {
    limit: Arc<AtomicUsize>,
    samples: Arc<Mutex<Vec<Sample>>>,
}

impl Told {
    pub(super) fn new(limit: usize) -> Self {
        let told = Self::default();
        told.tell(limit);
        told
    }

    /// The limit that it has learnt from the next sample on.
    pub(super) fn tell(&self, limit: usize) {
        self.limit.store(limit, Relaxed);
    }

    pub(super) fn limiter(&self) -> Limiter {
        Limiter::new(self.clone()).clock(Clock::runtime()).queue(Queue::new(millis(10_000)))
    }

    /// The samples since this was last asked.
    pub(super) fn samples(&self) -> Vec<Sample> {
        std::mem::take(&mut self.samples.lock().unwrap())
    }
}

impl Limit for Told {
    fn limit(&self) -> usize {
        self.limit.load(Relaxed)
    }

    fn on_sample(&mut self, sample: &Sample) -> usize {
        self.samples.lock().unwrap().push(*sample);
        self.limit()
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_learnt_is_enforced_from_the_next_answer_on() {
    let told = Told::new(1);
    let bench = Bench::new(told.limiter());
    let tasks = bench.send_all(&["a", "b", "c", "d", "e", "f"], 10).await;
    told.tell(3);
    assert_eq!((bench.under_way(), bench.waiting()), (1, 5));
    until(bench.begin, 12).await;
    assert_eq!((bench.under_way(), bench.waiting()), (3, 2));
    told.tell(1);
    until(bench.begin, 23).await;
    assert_eq!((bench.under_way(), bench.waiting()), (1, 1), "nobody is let in beyond it");
    assert_eq!(fates(tasks).await, ["served"; 6]);
}

#[tokio::test(start_paused = true)]
async fn what_is_set_by_hand_holds_until_it_is_to_learn_again() {
    let told = Told::new(4);
    let bench = Bench::new(told.limiter());
    let limiter = bench.layer.handle().limiter("default").unwrap();
    limiter.set_limit(2).unwrap();
    told.tell(7);
    let tasks = bench.send_all(&["a", "b", "c"], 10).await;
    assert_eq!(fates(tasks).await, ["served"; 3]);
    assert_eq!((limiter.limit(), told.samples().len()), (2, 3), "it goes on learning");
    limiter.learn();
    assert_eq!(limiter.limit(), 7);
    told.tell(5);
    assert_eq!(bench.send(work("d", 1)).await.await.unwrap(), "served");
    assert_eq!(limiter.limit(), 5);
}

#[tokio::test(start_paused = true)]
async fn to_learn_again_lets_those_in_who_wait() {
    let told = Told::new(3);
    let bench = Bench::new(told.limiter());
    let limiter = bench.layer.handle().limiter("default").unwrap();
    limiter.set_limit(1).unwrap();
    let tasks = bench.send_all(&["a", "b", "c"], 10).await;
    assert_eq!((bench.under_way(), bench.waiting()), (1, 2));
    limiter.learn();
    until(bench.begin, 0).await;
    assert_eq!((bench.under_way(), bench.waiting()), (3, 0));
    assert_eq!(fates(tasks).await, ["served"; 3]);
}

#[tokio::test(start_paused = true)]
async fn a_limit_below_one_counts_as_one_and_none_is_beyond_the_largest() {
    let told = Told::new(0);
    let bench = Bench::new(told.limiter());
    let limiter = bench.layer.handle().limiter("default").unwrap();
    for (says, enforced) in [(0, 1), (usize::MAX, 1_000_000), (1 << 32, 1_000_000), (0, 1)] {
        told.tell(says);
        assert_eq!(bench.send(work("a", 1)).await.await.unwrap(), "served");
        assert_eq!(limiter.limit(), enforced);
    }
}

#[tokio::test(start_paused = true)]
async fn each_key_learns_by_itself() {
    /// One more for each answer.
    #[derive(Clone)]
    struct Counts(usize);

    impl Limit for Counts {
        fn limit(&self) -> usize {
            self.0
        }

        fn on_sample(&mut self, _: &Sample) -> usize {
            self.0 += 1;
            self.0
        }
    }

    let limiter = Limiter::new(Counts(1)).clock(Clock::runtime()).reject_when_full();
    let bench = Bench::new(limiter.key(Header(HeaderName::from_static("x-tenant"))));
    let send = async |tenant: &str| bench.send(with(work("any", 10), "x-tenant", tenant)).await;
    assert_eq!(fates(vec![send("a").await, send("a").await]).await, ["served", "full"]);
    let of_both = vec![send("a").await, send("a").await, send("b").await, send("b").await];
    assert_eq!(fates(of_both).await, ["served", "served", "served", "full"]);
}
