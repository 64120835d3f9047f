//! Multipliers that follow outcomes and load.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use proptest::prelude::*;
use tower::{Layer, ServiceExt, service_fn};
use tower_weir::{
    clock::{Clock, ManualClock},
    load::{Custom, LoadSignal, Ramp, Tick},
    rate_limit::{Adaptive, Aimd, Course, PolicyHandle, Quota, RateLimitLayer, Window},
};

use super::millis;

const SECOND: Duration = Duration::from_secs(1);

/// A service that answers with a status after a time, behind a layer that adapts.
struct Bench {
    layer: RateLimitLayer,
    hand: ManualClock,
}

impl Bench {
    fn new(adaptive: Adaptive) -> Self {
        let (clock, hand) = Clock::manual();
        let layer = RateLimitLayer::new(Quota::per_second(1_000)).adaptive(adaptive).clock(clock);
        Self { layer, hand }
    }

    fn policy(&self) -> PolicyHandle {
        self.layer.handle().limit("default").unwrap().policy("second").unwrap()
    }

    fn multiplier(&self) -> f64 {
        self.policy().multiplier()
    }

    fn serve(&self, status: u16, takes: Duration) -> Response<()> {
        let hand = self.hand.clone();
        let inner = service_fn(move |_: Request<()>| {
            hand.advance(takes);
            let mut response = Response::new(Full::new(Bytes::new()));
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            std::future::ready(Ok::<_, Infallible>(response))
        });
        let answer = self.layer.layer(inner).oneshot(Request::new(()));
        futures_executor::block_on(answer).unwrap().map(drop)
    }

    /// An interval with so many good and bad outcomes.
    fn interval(&self, good: usize, bad: usize) -> f64 {
        for n in 0..good + bad {
            self.serve(if n < bad { 503 } else { 200 }, Duration::ZERO);
        }
        self.hand.advance(SECOND);
        self.multiplier()
    }
}

fn by_outcomes(aimd: Aimd) -> Bench {
    let bench = Bench::new(Adaptive::new().outcomes(aimd));
    // The first request starts the first interval.
    bench.serve(200, Duration::ZERO);
    bench.hand.advance(SECOND);
    assert_eq!(bench.multiplier(), 1.0);
    bench
}

fn close(multiplier: f64, expected: f64) {
    assert!((multiplier - expected).abs() < 1e-9, "{multiplier}, expected {expected}");
}

#[test]
fn it_falls_by_the_bad_share_and_comes_back_soon() {
    let bench = by_outcomes(Aimd::default());
    close(bench.interval(80, 20), 0.8);
    // What comes out of the backlog is not judged.
    close(bench.interval(0, 50), 0.8);
    // Halfway to 0.95 of what was too much.
    close(bench.interval(50, 0), 0.875);
    close(bench.interval(50, 0), 0.9125);
    // 5 % are tolerated; more take a tenth at least.
    close(bench.interval(95, 5), 0.93125);
    close(bench.interval(94, 6), 0.93125 * 0.9);
    close(bench.interval(50, 0), 0.93125 * 0.9);
    // And 0.7 at most.
    let before = bench.interval(50, 0);
    close(bench.interval(0, 50), 0.3 * before);
    for _ in 0..40 {
        bench.interval(30, 0);
    }
    close(bench.multiplier(), 1.0);
}

#[test]
fn it_feels_its_way_beyond_what_was_too_much() {
    let aimd = Aimd::default();
    let seen = |good, bad| Window { good, bad, open: 0 };
    let mut course = Course::default();
    for outcomes in [seen(40, 60), seen(1, 1)] {
        course = aimd.next(course, 0.1, outcomes);
    }
    for outcomes in [seen(40, 60), seen(1, 1)] {
        course = aimd.next(course, 0.1, outcomes);
    }
    close(course.multiplier(), 0.16);
    // 0.4 was too much: halfway to 0.38 again and again, in small steps past 0.4, then in larger ones.
    let mut courses = vec![course.multiplier()];
    while course.multiplier() < 1.0 {
        course = aimd.next(course, 0.1, seen(50, 0));
        courses.push(course.multiplier());
    }
    let steps: Vec<_> = courses.windows(2).map(|pair| pair[1] - pair[0]).collect();
    close(steps[0], 0.11);
    let at = |level: f64| courses.iter().position(|multiplier| *multiplier >= level).unwrap();
    assert!(steps[at(0.38)..at(0.4)].iter().all(|step| (step - 0.01).abs() < 1e-9), "{steps:?}");
    assert!(
        steps.iter().skip(at(0.42) + 5).rev().skip(1).all(|step| (step - 0.05).abs() < 1e-9),
        "{steps:?}"
    );
    assert!(courses.len() < 35, "{}", courses.len());
}

#[test]
fn few_outcomes_are_no_evidence_and_the_floor_holds() {
    let bench = by_outcomes(Aimd::default());
    close(bench.interval(0, 19), 1.0);
    for _ in 0..40 {
        bench.interval(0, 60);
    }
    close(bench.multiplier(), 0.1);
    // At the floor too few may pass to be judged: it must not stay there for ever.
    bench.interval(0, 5);
    assert!(bench.interval(0, 5) > 0.1);
    let bench = Bench::new(Adaptive::default().floor(0.5).unwrap());
    for _ in 0..20 {
        bench.interval(0, 60);
    }
    close(bench.multiplier(), 0.5);
}

#[test]
fn silence_recovers_in_one_step() {
    let (silent, asked) = (by_outcomes(Aimd::default()), by_outcomes(Aimd::default()));
    for bench in [&silent, &asked] {
        bench.interval(0, 50);
        close(bench.interval(0, 50), 0.3);
    }
    silent.hand.advance(9 * SECOND);
    for _ in 0..10 {
        asked.hand.advance(SECOND);
        asked.multiplier();
    }
    silent.hand.advance(SECOND);
    close(silent.multiplier(), asked.multiplier());
    silent.hand.advance(Duration::from_secs(3_600));
    close(silent.multiplier(), 1.0);
}

#[test]
fn a_late_head_is_a_bad_outcome() {
    let bench = by_outcomes(Aimd::default().latency_target(millis(10)).min_volume(10));
    for _ in 0..15 {
        bench.serve(200, millis(10));
    }
    bench.hand.advance(SECOND);
    close(bench.multiplier(), 1.0);
    for _ in 0..15 {
        bench.serve(200, millis(11));
    }
    bench.hand.advance(SECOND);
    close(bench.multiplier(), 0.3);
}

#[test]
fn a_client_that_gives_up_late_counts_and_one_that_leaves_early_does_not() {
    let bench = by_outcomes(Aimd::default().latency_target(millis(10)).min_volume(1));
    // The second is seen at the next judgement after the one that finds it under way.
    for (waits, expected) in [(millis(5), 1.0), (millis(50), 0.3)] {
        let pending = service_fn(|_: Request<()>| {
            std::future::pending::<Result<Response<Full<Bytes>>, Infallible>>()
        });
        let call = bench.layer.layer(pending).oneshot(Request::new(()));
        let mut call = Box::pin(call);
        let context = &mut std::task::Context::from_waker(std::task::Waker::noop());
        assert!(call.as_mut().poll(context).is_pending());
        bench.hand.advance(waits);
        drop(call);
        bench.hand.advance(SECOND);
        close(bench.multiplier(), expected);
    }
}

#[test]
fn errors_of_the_inner_service_are_bad() {
    let bench = by_outcomes(Aimd::default().min_volume(1));
    let broken = service_fn(async |_: Request<()>| Err::<Response<Full<Bytes>>, _>("broken"));
    let error = futures_executor::block_on(bench.layer.layer(broken).oneshot(Request::new(())));
    assert_eq!(error.err(), Some("broken"));
    bench.hand.advance(SECOND);
    close(bench.multiplier(), 0.3);
}

#[test]
fn outcomes_from_before_a_decrease_do_not_count_for_the_next() {
    let bench = by_outcomes(Aimd::default().min_volume(1));
    let begin = || {
        let done = Arc::new(AtomicU64::new(0));
        let told = Arc::clone(&done);
        let inner = service_fn(move |_: Request<()>| {
            let done = Arc::clone(&told);
            std::future::poll_fn(move |_| {
                if done.load(Relaxed) == 0 {
                    return std::task::Poll::Pending;
                }
                let mut response = Response::new(Full::new(Bytes::new()));
                *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
                std::task::Poll::Ready(Ok::<_, Infallible>(response))
            })
        });
        let mut call = Box::pin(bench.layer.layer(inner).oneshot(Request::new(())));
        let mut is_ready = move || {
            let context = &mut std::task::Context::from_waker(std::task::Waker::noop());
            call.as_mut().poll(context).is_ready()
        };
        assert!(!is_ready());
        (done, is_ready)
    };
    let (slow, fast) = (begin(), begin());
    fn end((done, mut is_ready): (Arc<AtomicU64>, impl FnMut() -> bool)) {
        done.store(1, Relaxed);
        assert!(is_ready());
    }
    end(fast);
    bench.hand.advance(SECOND);
    close(bench.multiplier(), 0.3);
    // Nor do those from the interval after it.
    let backlog = begin();
    bench.hand.advance(SECOND);
    close(bench.multiplier(), 0.3);
    end(slow);
    end(backlog);
    bench.hand.advance(SECOND);
    close(bench.multiplier(), 0.3 + 0.5 * (0.95 - 0.3));
}

/// The slower a service gets, the less is known of it within an interval. It is limited all the same.
#[test]
fn a_service_that_hangs_is_limited() {
    for takes in [300, 900, 2_000, 5_000, 60_000] {
        let aimd = Aimd::default().latency_target(millis(250));
        let bench = Bench::new(Adaptive::new().outcomes(aimd));
        let context = &mut std::task::Context::from_waker(std::task::Waker::noop());
        let mut calls = std::collections::VecDeque::new();
        let mut lowest = 1.0f64;
        for step in 0..6_000u64 {
            // A hundred requests a second for a minute.
            let done = Arc::new(AtomicU64::new(0));
            let told = Arc::clone(&done);
            let inner = service_fn(move |_: Request<()>| {
                let done = Arc::clone(&told);
                std::future::poll_fn(move |_| match done.load(Relaxed) {
                    0 => std::task::Poll::Pending,
                    _ => std::task::Poll::Ready(Ok::<_, Infallible>(Response::new(Full::new(
                        Bytes::new(),
                    )))),
                })
            });
            let mut call = Box::pin(bench.layer.layer(inner).oneshot(Request::new(())));
            if call.as_mut().poll(context).is_pending() {
                calls.push_back((step * 10 + takes, done, call));
            }
            while calls.front().is_some_and(|(due, ..)| *due <= step * 10) {
                let (_, done, mut call) = calls.pop_front().unwrap();
                done.store(1, Relaxed);
                assert!(call.as_mut().poll(context).is_ready());
            }
            bench.hand.advance(millis(10));
            lowest = lowest.min(bench.multiplier());
        }
        assert!(lowest < 0.2, "{lowest} where answers take {takes} ms");
    }
}

/// Long answers that are as they should be: nothing is known of most, and nothing is wrong.
#[test]
fn without_a_target_a_slow_service_is_left_alone() {
    let bench = by_outcomes(Aimd::default());
    for _ in 0..30 {
        for _ in 0..30 {
            bench.serve(200, millis(400));
        }
        assert_eq!(bench.multiplier(), 1.0);
    }
}

/// Few outcomes in each interval add up, so that it need not hold still for ever.
#[test]
fn outcomes_that_are_waited_for_add_up() {
    let aimd = Aimd::default();
    let outcomes = |good, open| Window { good, bad: 0, open };
    let low = aimd.next(Course::default(), 0.1, Window { good: 50, bad: 50, open: 0 });
    let low = aimd.next(low, 0.1, outcomes(0, 0));
    assert_eq!(aimd.next(low, 0.1, outcomes(5, 100)), low);
    assert!(aimd.next(low, 0.1, outcomes(5, 10)).multiplier() > 0.5);
    let bench = by_outcomes(Aimd::default());
    bench.interval(25, 25);
    close(bench.interval(0, 50), 0.5);
    let pending = service_fn(|_: Request<()>| {
        std::future::pending::<Result<Response<Full<Bytes>>, Infallible>>()
    });
    let context = &mut std::task::Context::from_waker(std::task::Waker::noop());
    let mut calls: Vec<_> =
        (0..100).map(|_| Box::pin(bench.layer.layer(pending).oneshot(Request::new(())))).collect();
    assert!(calls.iter_mut().all(|call| call.as_mut().poll(context).is_pending()));
    // 8, 16, 24: the third time they are enough.
    close(bench.interval(8, 0), 0.5);
    close(bench.interval(8, 0), 0.5);
    close(bench.interval(8, 0), 0.5 + 0.5 * (0.95 - 0.5));
}

#[test]
fn it_acts_on_the_rate_and_shows() {
    let bench = by_outcomes(Aimd::default());
    bench.interval(50, 50);
    close(bench.interval(0, 0), 0.5);
    // A key that was not there before.
    bench.hand.advance(millis(900));
    let passed = (0..1_000).filter(|_| bench.serve(200, Duration::ZERO).status() == 200).count();
    assert_eq!(passed, 500);
    let answer = bench.serve(200, Duration::ZERO);
    assert_eq!(answer.headers()["ratelimit-policy"], r#""second";q=500;w=1"#);
    assert_eq!(answer.headers()["ratelimit"], r#""second";r=0;t=1"#);
    // A cap goes before, and comes off again.
    bench.policy().set_multiplier(0.25).unwrap();
    close(bench.multiplier(), 0.25);
    bench.policy().set_multiplier(1.0).unwrap();
    assert!(bench.multiplier() > 0.4);
}

#[test]
fn only_the_policy_that_is_adaptive_adapts() {
    let (clock, hand) = Clock::manual();
    let adaptive = Adaptive::new().outcomes(Aimd::default().min_volume(1));
    let layer = RateLimitLayer::new(Quota::per_second(100))
        .adaptive(adaptive)
        .and(Quota::per_day(10_000))
        .clock(clock);
    let bench = Bench { layer, hand };
    for _ in 0..5 {
        bench.interval(0, 10);
    }
    let limit = bench.layer.handle().limit("default").unwrap();
    assert!(limit.policy("second").unwrap().multiplier() < 0.7);
    assert_eq!(limit.policy("day").unwrap().multiplier(), 1.0);
}

#[test]
fn settings_out_of_range_are_named() {
    let error = |error: tower_weir::error::ConfigError| error.to_string();
    let aimd = Aimd::default();
    assert_eq!(
        error(aimd.interval(Duration::ZERO).unwrap_err()),
        "invalid control interval `0ns`: 10 ms to 1 h",
    );
    assert_eq!(
        error(aimd.threshold(1.0).unwrap_err()),
        "invalid threshold of bad outcomes `1`: 0 to less than 1",
    );
    assert_eq!(
        error(aimd.decrease(f64::NAN).unwrap_err()),
        "invalid decrease `NaN`: a share from 0.1 to less than 1",
    );
    assert_eq!(
        error(aimd.increase(0.0).unwrap_err()),
        "invalid increase `0`: more than 0, at most 1"
    );
    let floor = Adaptive::new().floor(0.0).unwrap_err();
    assert_eq!(error(floor), "invalid floor `0`: 0.001 to 1");
    let sampling = Adaptive::new().sampling(Duration::from_secs(7_200)).unwrap_err();
    assert_eq!(error(sampling), "invalid sampling period `7200s`: 10 ms to 1 h");
}

proptest! {
    /// Whatever happens, the multiplier stays between the floor and 1.
    #[test]
    fn it_stays_in_range(outcomes in prop::collection::vec((0u64..200, 0u64..200), 1..200), floor in 0.01f64..1.0) {
        let aimd = Aimd::default();
        let mut course = Course::default();
        for (good, bad) in outcomes {
            course = aimd.next(course, floor, Window { good, bad, open: good / 2 });
            prop_assert!((floor..=1.0).contains(&course.multiplier()));
        }
    }
}

/// A load that the test sets, in hundredths.
fn load() -> (Arc<AtomicU64>, impl LoadSignal) {
    let load = Arc::new(AtomicU64::new(0));
    let told = Arc::clone(&load);
    (load, Custom::new("hundredths", move || Some(told.load(Relaxed) as f64 / 100.0)))
}

async fn serve(layer: &RateLimitLayer) -> StatusCode {
    let inner = service_fn(async |_: Request<()>| {
        Ok::<_, Infallible>(Response::new(Full::new(Bytes::new())))
    });
    layer.layer(inner).oneshot(Request::new(())).await.unwrap().status()
}

#[tokio::test(start_paused = true)]
async fn load_follows_the_ramp_and_the_smaller_wins() {
    let (load, signal) = load();
    let (low, other) = self::load();
    let adaptive = Adaptive::new()
        .load(signal, Ramp::new(0.5, 1.0))
        .load(other, Ramp::new(0.5, 1.0))
        .smoothing(Duration::ZERO)
        .outcomes(Aimd::default());
    let layer =
        RateLimitLayer::new(Quota::per_second(100)).adaptive(adaptive).clock(Clock::runtime());
    let policy = layer.handle().limit("default").unwrap().policy("second").unwrap();
    assert_eq!(serve(&layer).await, 200);
    for (hundredths, expected) in [(30, 1.0), (75, 0.55), (100, 0.1), (250, 0.1), (50, 1.0)] {
        load.store(hundredths, Relaxed);
        tokio::time::sleep(millis(1_010)).await;
        close(policy.multiplier(), expected);
    }
    low.store(75, Relaxed);
    tokio::time::sleep(millis(1_010)).await;
    close(policy.multiplier(), 0.55);
}

/// Tells when it is dropped.
struct Watched(Arc<()>);

impl LoadSignal for Watched {
    fn name(&self) -> std::borrow::Cow<'static, str> {
        "watched".into()
    }

    fn sample(&mut self, _: &Tick) -> Option<f64> {
        Some(Arc::strong_count(&self.0) as f64)
    }
}

#[tokio::test(start_paused = true)]
async fn the_sampler_ends_with_its_layer() {
    let alive = Arc::new(());
    let adaptive = Adaptive::new().load(Watched(Arc::clone(&alive)), Ramp::new(1.0, 2.0));
    let layer =
        RateLimitLayer::new(Quota::per_second(100)).adaptive(adaptive).clock(Clock::runtime());
    serve(&layer).await;
    let (clone, handle) = (layer.clone(), layer.handle());
    let metrics = tokio::runtime::Handle::current().metrics();
    assert_eq!(metrics.num_alive_tasks(), 1);
    tokio::time::sleep(5 * SECOND).await;
    drop((layer, handle));
    serve(&clone).await;
    assert_eq!(metrics.num_alive_tasks(), 1, "a clone is at work");
    drop(clone);
    tokio::task::yield_now().await;
    assert_eq!(metrics.num_alive_tasks(), 0);
    assert_eq!(Arc::strong_count(&alive), 1, "the signal is gone with it");
}

#[test]
fn without_a_runtime_load_is_not_sampled_and_nothing_breaks() {
    let (load, signal) = load();
    load.store(100, Relaxed);
    let bench = Bench::new(Adaptive::new().load(signal, Ramp::new(0.5, 1.0)));
    for _ in 0..3 {
        assert_eq!(bench.serve(200, SECOND).status(), 200);
    }
    assert_eq!(bench.multiplier(), 1.0);
}
