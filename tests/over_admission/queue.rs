//! Requests that wait.

use std::{collections::BTreeMap, time::Duration};

use http::{Request, Response};
use tokio::task::JoinSet;
use tower::{Layer, Service, ServiceExt};
use tower_weir::{
    body::ResponseBody,
    clock::Clock,
    rate_limit::{FollowUp, Queue, QueuedRateLimitLayer, Quota, RateLimitLayer},
};

use crate::service_of;

const fn millis(n: u64) -> Duration {
    Duration::from_millis(n)
}

type Answer = Response<ResponseBody<String, FollowUp>>;

/// Sends `n` requests at once; how many passed, by the milliseconds that they waited, and the other answers.
async fn burst<L>(layer: &L, n: usize) -> (BTreeMap<u128, usize>, Vec<Answer>)
where
    L: Layer<tower::util::ServiceFn<crate::Handler>>,
    L::Service: Service<Request<()>, Response = Answer> + Clone + Send + 'static,
    <L::Service as Service<Request<()>>>::Error: std::fmt::Debug + Send,
    <L::Service as Service<Request<()>>>::Future: Send,
{
    let service = service_of(layer);
    let clock = Clock::runtime();
    let begin = clock.now();
    let mut calls = JoinSet::new();
    for _ in 0..n {
        let call = service.clone().oneshot(Request::new(()));
        let clock = clock.clone();
        calls.spawn(async move { (call.await.unwrap(), clock.now().saturating_since(begin)) });
    }
    let (mut passed, mut refused) = (BTreeMap::new(), Vec::new());
    for (answer, waited) in calls.join_all().await {
        match answer.status().as_u16() {
            200 => *passed.entry(waited.as_millis()).or_default() += 1,
            _ => refused.push(answer),
        }
    }
    (passed, refused)
}

fn queued(quota: Quota, queue: Queue) -> QueuedRateLimitLayer {
    RateLimitLayer::new(quota).clock(Clock::runtime()).queue(queue)
}

/// Whoever is next may stay for its jitter until those behind it have waited as long as they may.
#[tokio::test(start_paused = true)]
async fn whoever_gives_up_behind_another_is_charged_or_refused() {
    for _ in 0..50 {
        let queue = Queue::new(millis(1_000), 100).jitter(millis(5_000));
        let layer = queued(Quota::every(millis(100)), queue);
        let (passed, refused) = burst(&layer, 30).await;
        let late: usize = passed.values().sum();
        assert!(late <= 11, "{passed:?}");
        assert!(passed.values().all(|at_once| *at_once == 1), "{passed:?}");
        assert!(refused.iter().all(|answer| answer.headers().contains_key("retry-after")));
        assert_eq!(layer.waiting(), 0);
    }
}

#[cfg(feature = "governor")]
mod governed {
    use std::{num::NonZeroU32, sync::Arc};

    use tower_weir::rate_limit::Rule;

    use super::*;

    /// A limiter whose time stands still, with one request a second.
    fn governed(queue: Queue) -> QueuedRateLimitLayer {
        let quota = governor::Quota::per_second(NonZeroU32::MIN);
        let clock = governor::clock::FakeRelativeClock::default();
        let limiter = Arc::new(governor::RateLimiter::direct_with_clock(quota, clock));
        RateLimitLayer::new(Rule::governor_direct(limiter)).clock(Clock::runtime()).queue(queue)
    }

    #[tokio::test(start_paused = true)]
    async fn a_governor_is_asked_again_before_anybody_passes() {
        // Whoever is next stays for its jitter, until those behind it give up.
        let layer = governed(Queue::new(millis(1_500), 100).jitter(Duration::from_secs(3_600)));
        let (passed, refused) = burst(&layer, 10).await;
        assert_eq!(passed, BTreeMap::from([(0, 1)]));
        assert!(refused.iter().all(|answer| answer.status() == 429));
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_queue_tells_what_the_governor_said() {
        let layer = governed(Queue::new(millis(1_500), 1));
        let (_, refused) = burst(&layer, 10).await;
        assert!(refused.iter().all(|answer| answer.headers()["retry-after"] == "1"));
    }
}

/// A dry run lets everything pass at once, also while others still wait.
#[tokio::test(start_paused = true)]
async fn nobody_waits_in_a_dry_run() {
    let layer = queued(Quota::every(millis(100)), Queue::new(millis(1_000), 100));
    let waiting = burst(&layer, 5);
    let dry = async {
        tokio::task::yield_now().await;
        assert_eq!(layer.waiting(), 4);
        layer.handle().limit("default").unwrap().set_shadow(true);
        burst(&layer, 20).await
    };
    let ((before, _), (passed, refused)) = tokio::join!(waiting, dry);
    assert_eq!((passed, refused.len()), (BTreeMap::from([(0, 20)]), 0));
    assert_eq!(before.values().sum::<usize>(), 5);
    assert!(before.keys().all(|waited| *waited <= 100), "{before:?}");
}
