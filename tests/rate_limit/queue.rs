//! Waiting for a turn.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderName, Request, Response};
use http_body_util::Full;
use tokio::time::{Instant, advance, sleep};
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_weir::{
    clock::Clock,
    key::Header,
    rate_limit::{Handle, Queue, QueuedRateLimitLayer, Quota, RateLimitLayer},
};

use super::millis;

const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

type Call = Pin<Box<dyn Future<Output = u16> + Send>>;

/// A queued layer around a service that writes down who reached it, and when.
struct Bench {
    layer: QueuedRateLimitLayer,
    handle: Handle,
    begin: Instant,
    reached: Arc<Mutex<Vec<(String, u64)>>>,
}

impl Bench {
    fn new(quota: Quota, queue: Queue) -> Self {
        Self::of(RateLimitLayer::new(quota), queue)
    }

    fn of(layer: RateLimitLayer, queue: Queue) -> Self {
        let layer = layer.key(Header(X_API_KEY)).clock(Clock::runtime());
        let handle = layer.handle();
        let begin = now();
        Self { layer: layer.queue(queue), handle, begin, reached: Arc::default() }
    }

    /// A call of a key, named `key:name`; not polled yet.
    fn call(&self, name: &str) -> Call {
        let (reached, begin) = (Arc::clone(&self.reached), self.begin);
        let inner = service_fn(move |request: Request<String>| {
            let at = now() - begin;
            reached.lock().unwrap().push((request.into_body(), at.as_millis() as u64));
            std::future::ready(Ok::<_, Infallible>(Response::new(Full::new(Bytes::new()))))
        });
        let key = name.split(':').next().unwrap();
        let request = Request::builder().header(X_API_KEY, key).body(name.to_owned()).unwrap();
        let mut service = self.layer.layer(inner);
        let call = service.call(request);
        Box::pin(async move { call.await.unwrap().status().as_u16() })
    }

    /// Calls that run by themselves, in this order.
    async fn spawn(&self, names: &[&str]) -> Vec<tokio::task::JoinHandle<u16>> {
        let mut tasks = Vec::new();
        for name in names {
            tasks.push(tokio::spawn(self.call(name)));
            tokio::task::yield_now().await;
        }
        tasks
    }

    fn reached(&self) -> Vec<(String, u64)> {
        std::mem::take(&mut *self.reached.lock().unwrap())
    }

    fn order(&self) -> Vec<String> {
        self.reached().into_iter().map(|(name, _)| name).collect()
    }
}

#[expect(clippy::disallowed_methods, reason = "the paused clock of the runtime")]
fn now() -> Instant {
    Instant::now()
}

const SECONDS: fn(u64) -> Duration = Duration::from_secs;

fn queue(max_wait: u64, max_waiters: usize) -> Queue {
    Queue::new(SECONDS(max_wait), max_waiters)
}

async fn statuses(tasks: Vec<tokio::task::JoinHandle<u16>>) -> Vec<u16> {
    let mut statuses = Vec::new();
    for task in tasks {
        statuses.push(task.await.unwrap());
    }
    statuses
}

#[tokio::test(start_paused = true)]
async fn requests_pass_in_their_order_as_the_quota_lets_them() {
    let bench = Bench::new(Quota::per_second(2), queue(5, 100));
    let tasks = bench.spawn(&["a:1", "a:2", "a:3", "a:4", "a:5", "b:1"]).await;
    assert_eq!(bench.layer.waiting(), 3);
    assert_eq!(statuses(tasks).await, [200; 6]);
    let expected =
        [("a:1", 0), ("a:2", 0), ("b:1", 0), ("a:3", 500), ("a:4", 1_000), ("a:5", 1_500)];
    let reached = bench.reached();
    for ((name, at), (expected, due)) in reached.iter().zip(expected) {
        assert_eq!(name, expected);
        // tokio's timers go by whole milliseconds.
        assert!((due..=due + 3).contains(at), "{reached:?}");
    }
    assert_eq!(bench.layer.waiting(), 0);
}

#[tokio::test(start_paused = true)]
async fn who_would_wait_too_long_is_rejected_at_once() {
    let bench = Bench::new(Quota::per_second(1), queue(3, 100));
    let tasks = bench.spawn(&["a:1", "a:2", "a:3", "a:4", "a:5", "a:6"]).await;
    assert_eq!(
        (bench.layer.waiting(), tasks[4].is_finished(), tasks[5].is_finished()),
        (3, true, true)
    );
    assert_eq!(statuses(tasks).await, [200, 200, 200, 200, 429, 429]);
    assert_eq!(now() - bench.begin, SECONDS(3));
}

#[tokio::test(start_paused = true)]
async fn a_full_room_rejects_and_each_key_has_a_line_of_its_own() {
    let bench = Bench::new(Quota::per_second(1), queue(60, 3));
    let tasks = bench.spawn(&["a:1", "b:1", "a:2", "a:3", "b:2", "b:3", "c:1"]).await;
    assert_eq!(bench.layer.waiting(), 3);
    assert_eq!(statuses(tasks).await, [200, 200, 200, 200, 200, 429, 200]);
}

#[tokio::test(start_paused = true)]
async fn a_rejection_tells_how_long_the_line_is() {
    let bench = Bench::new(Quota::per_second(1), queue(3, 100));
    let tasks = bench.spawn(&["a:1", "a:2", "a:3", "a:4"]).await;
    let inner = service_fn(async |_: Request<()>| {
        Ok::<_, Infallible>(Response::new(Full::new(Bytes::new())))
    });
    let request = Request::builder().header(X_API_KEY, "a").body(()).unwrap();
    let rejected = bench.layer.layer(inner).oneshot(request).await.unwrap();
    assert_eq!(
        (rejected.status().as_u16(), &rejected.headers()["retry-after"]),
        (429, &"4".parse().unwrap())
    );
    drop(tasks);
}

#[tokio::test(start_paused = true)]
async fn who_comes_later_does_not_go_before() {
    let bench = Bench::new(Quota::per_second(1), queue(10, 100));
    let waiting = bench.spawn(&["a:1", "a:2", "a:3"]).await;
    // Just when one comes back, before the timer of the one that waits for it has fired.
    advance(millis(999)).await;
    std::thread::yield_now();
    advance(millis(1)).await;
    let late = bench.spawn(&["a:4"]).await;
    assert_eq!(statuses(waiting).await, [200; 3]);
    assert_eq!(statuses(late).await, [200]);
    assert_eq!(bench.order(), ["a:1", "a:2", "a:3", "a:4"]);
}

#[tokio::test(start_paused = true)]
async fn who_leaves_is_charged_nothing_and_the_others_move_up() {
    let bench = Bench::new(Quota::per_second(1), queue(10, 100));
    let tasks = bench.spawn(&["a:1", "a:2", "a:3", "a:4"]).await;
    sleep(millis(100)).await;
    // The one whose turn is next, which sleeps, and the one after it, which waits for the turn.
    tasks[1].abort();
    tasks[2].abort();
    tokio::task::yield_now().await;
    assert_eq!(bench.layer.waiting(), 1);
    let mut tasks = tasks;
    assert_eq!(tasks.pop().unwrap().await.unwrap(), 200);
    let reached = bench.reached();
    assert_eq!(reached.len(), 2);
    assert!((1_000..=1_003).contains(&reached[1].1), "{reached:?}");
    assert_eq!(bench.layer.waiting(), 0);
}

/// Dropped at every point: before it is polled, asleep, waiting for the turn, at the turn, in the inner service.
#[tokio::test(start_paused = true)]
async fn dropped_at_any_point_it_leaves_no_trace() {
    let bench = Bench::new(Quota::per_second(1).burst(2), queue(30, 100));
    for polls in 0..4 {
        assert_eq!(bench.call("a:0").await, 200);
        assert_eq!(bench.call("a:0").await, 200);
        for (pause, waiters) in [(0, 1), (200, 3), (999, 5)] {
            let mut calls: Vec<_> = (0..waiters).map(|_| bench.call("a:dropped")).collect();
            for _ in 0..polls {
                for call in &mut calls {
                    let _ = futures_executor::block_on(std::future::poll_fn(|context| {
                        std::task::Poll::Ready(call.as_mut().poll(context).is_ready())
                    }));
                }
            }
            assert_eq!(bench.layer.waiting(), waiters);
            advance(millis(pause / 3)).await;
            drop(calls);
            assert_eq!(bench.layer.waiting(), 0);
        }
        let start = now();
        assert_eq!(bench.call("a:next").await, 200);
        assert!(now() - start <= SECONDS(1), "nobody holds the turn");
        sleep(SECONDS(10)).await;
    }
    assert!(!bench.order().contains(&"a:dropped".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn one_that_is_never_polled_blocks_nobody() {
    let bench = Bench::new(Quota::per_second(1), queue(10, 100));
    let forgotten = (bench.call("a:0"), bench.call("a:forgotten"));
    let tasks = bench.spawn(&["a:1", "a:2"]).await;
    assert_eq!(statuses(tasks).await, [200, 200]);
    drop(forgotten);
}

#[tokio::test(start_paused = true)]
async fn a_queue_shortens_no_interval() {
    let bench = Bench::new(Quota::per_second(10).burst(3), queue(20, 1_000));
    let mut tasks = Vec::new();
    for round in 0..10u64 {
        let names: Vec<_> = (0..9).map(|n| format!("a:{round}-{n}")).collect();
        tasks.extend(bench.spawn(&names.iter().map(String::as_str).collect::<Vec<_>>()).await);
        // Some leave.
        tasks[(round * 7 % 9) as usize + round as usize * 9].abort();
        sleep(millis(137 * (round % 4))).await;
    }
    for task in tasks {
        let _ = task.await;
    }
    let times: Vec<_> = bench.reached().into_iter().map(|(_, at)| at).collect();
    assert!(times.len() >= 80);
    for (first, window) in times.iter().zip(times.windows(4)) {
        assert!(window[3] - first >= 99, "four within 100 ms: {window:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn jitter_delays_and_never_beyond_the_maximum() {
    let jittered = Queue::new(SECONDS(2), 100).jitter(millis(400));
    let bench = Bench::new(Quota::per_second(1), jittered);
    let mut delays = Vec::new();
    for n in 0..20 {
        let key = format!("key {n}:x");
        let tasks = bench.spawn(&[&key, &key]).await;
        let start = now();
        assert_eq!(statuses(tasks).await, [200, 200]);
        delays.push((now() - start).as_millis());
    }
    assert!(delays.iter().all(|delay| (1_000..=1_403).contains(delay)), "{delays:?}");
    assert!(delays.iter().max().unwrap() - delays.iter().min().unwrap() > 100, "{delays:?}");
    let tight = Bench::new(Quota::per_second(1), Queue::new(SECONDS(1), 9).jitter(SECONDS(60)));
    assert_eq!(statuses(tight.spawn(&["a:1", "a:2"]).await).await, [200, 200]);
    assert!(now() - tight.begin <= millis(1_003));
}

#[tokio::test(start_paused = true)]
async fn what_could_never_pass_does_not_wait() {
    let bench = Bench::of(RateLimitLayer::new(Quota::per_second(2)).cost(|_| 3), queue(60, 9));
    assert_eq!(bench.call("a:1").await, 429);
    assert_eq!(now(), bench.begin);
}

#[tokio::test(start_paused = true)]
async fn a_changed_quota_reaches_those_that_wait() {
    let bench = Bench::new(Quota::per_minute(1), queue(61, 9));
    let tasks = bench.spawn(&["a:1", "a:2"]).await;
    sleep(SECONDS(1)).await;
    // Slower: it would wait beyond its maximum, and is told so when its turn comes.
    let policy = bench.handle.limit("default").unwrap().policy("minute").unwrap();
    policy.set_quota(Quota::per_hour(1));
    assert_eq!(statuses(tasks).await, [200, 429]);
    assert_eq!((now() - bench.begin).as_secs(), 60);
}

#[tokio::test(start_paused = true)]
async fn who_is_denied_while_it_waits_does_not_pass() {
    let bench = Bench::new(Quota::per_second(1), queue(10, 9));
    let tasks = bench.spawn(&["a:1", "a:2"]).await;
    bench.handle.limit("default").unwrap().deny("a");
    assert_eq!(statuses(tasks).await, [200, 403]);
}

#[tokio::test(start_paused = true)]
async fn what_is_reserved_by_others_is_waited_for() {
    let layer = RateLimitLayer::new(Quota::per_second(1)).charge_on(|_| 1);
    let bench = Bench::of(layer, queue(10, 9));
    assert_eq!(statuses(bench.spawn(&["a:1", "a:2", "a:3"]).await).await, [200; 3]);
    let reached = bench.reached();
    assert!((2_000..=2_006).contains(&reached[2].1), "{reached:?}");
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_waits_for_nothing() {
    let bench = Bench::of(RateLimitLayer::new(Quota::per_hour(1)).shadow(true), queue(60, 9));
    assert_eq!(statuses(bench.spawn(&["a:1", "a:2", "a:3"]).await).await, [200; 3]);
    assert_eq!(now(), bench.begin);
}

#[test]
fn a_queue_without_room_or_time_is_refused() {
    let error = Queue::try_new(SECONDS(1), 0).unwrap_err().to_string();
    assert_eq!(
        error,
        "invalid queue `0 waiters for up to 1s`: a queue needs a wait longer than zero and at least one waiter",
    );
    assert!(Queue::try_new(Duration::ZERO, 1).is_err());
    assert!(Queue::try_new(SECONDS(1), 1).is_ok());
}
