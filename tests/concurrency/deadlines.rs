//! Requests whose answers nobody would wait for.

use http::{HeaderName, Request};
use tower_weir::{
    clock::Clock,
    concurrency::{Deadline, Fixed, Limiter, Priorities, Queue},
    key::Header,
};

use super::{Bench, Work, fates, millis, now, patient, until, with, work};

const TIMEOUT: &str = "grpc-timeout";

fn in_time(name: &str, takes: u64, timeout: &str) -> Request<Work> {
    with(work(name, takes), TIMEOUT, timeout)
}

/// One that has a place of 100 ms each, and as many waiting that its pace is known.
async fn paced(limiter: Limiter) -> (Bench, Vec<tokio::task::JoinHandle<&'static str>>) {
    let bench = Bench::new(limiter);
    let tasks = bench.send_all(&["a", "b", "c", "d", "e", "f"], 30).await;
    until(bench.begin, 95).await;
    assert_eq!(bench.waiting(), 2);
    (bench, tasks)
}

#[tokio::test(start_paused = true)]
async fn who_cannot_come_to_its_turn_in_time_is_refused_at_once() {
    let (bench, tasks) = paced(patient(1)).await;
    // Two wait, and one passes every 30 ms.
    let begin = now();
    for timeout in ["0n", "1u", "20m", "59m"] {
        assert_eq!(bench.send(in_time("late", 1, timeout)).await.await.unwrap(), "deadline");
    }
    assert_eq!(now(), begin, "at once");
    let in_time = bench.send(in_time("in time", 1, "300m")).await;
    drop(tasks);
    assert_eq!(in_time.await.unwrap(), "served");
}

#[tokio::test(start_paused = true)]
async fn who_misses_its_deadline_while_it_waits_is_refused_then() {
    let bench = Bench::new(patient(1));
    let first = bench.send(work("first", 500)).await;
    let late = bench.send(in_time("late", 1, "80m")).await;
    assert_eq!(late.await.unwrap(), "deadline");
    let waited = (now() - bench.begin).as_millis();
    assert!((80..=82).contains(&waited), "{waited}");
    assert_eq!(first.await.unwrap(), "served");
}

#[tokio::test(start_paused = true)]
async fn an_extension_sets_a_deadline_and_the_earlier_holds() {
    let clock = Clock::runtime();
    let bench = Bench::new(
        Limiter::new(Fixed::new(1)).clock(clock.clone()).queue(Queue::new(millis(9_000))),
    );
    let first = bench.send(work("first", 500)).await;
    let mut request = in_time("late", 1, "80m");
    request.extensions_mut().insert(Deadline(clock.now().saturating_add(millis(40))));
    assert_eq!(bench.send(request).await.await.unwrap(), "deadline");
    let waited = (now() - bench.begin).as_millis();
    assert!((40..=42).contains(&waited), "{waited}");
    assert_eq!(first.await.unwrap(), "served");
}

/// Its client has gone when its turn comes, though its timer has not told yet.
#[tokio::test(start_paused = true)]
async fn a_turn_that_comes_after_the_deadline_goes_to_the_next() {
    let bench = Bench::new(patient(1));
    let limiter = bench.layer.handle().limiter("default").unwrap();
    let permit = limiter.try_acquire().unwrap();
    let tasks =
        vec![bench.send(in_time("late", 1, "50m")).await, bench.send(work("next", 1)).await];
    // The runtime does nothing for a while, and then the permit comes back before any timer fires.
    let mut pause = Box::pin(tokio::time::advance(millis(60)));
    let _ = pause.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop()));
    drop(permit);
    assert_eq!(fates(tasks).await, ["deadline", "served"]);
    assert_eq!(bench.reached(), ["next"]);
}

/// What the queue's pace once was says nothing of what it is after a rest, and who is never let wait would never find out.
#[tokio::test(start_paused = true)]
async fn a_service_that_was_slow_is_given_another_chance() {
    let bench = Bench::new(patient(1));
    let slow = bench.send_all(&["1", "2", "3", "4"], 1_000).await;
    assert!(fates(slow).await.contains(&"served"));
    until(bench.begin, 60_000).await;
    let first = bench.send(work("first", 5)).await;
    let next = bench.send(in_time("next", 5, "100m")).await;
    assert_eq!((first.await.unwrap(), next.await.unwrap()), ("served", "served"));
}

/// However long the line of another key is, that is not where this one stands.
#[tokio::test(start_paused = true)]
async fn who_has_a_line_of_its_own_is_not_judged_by_the_lines_of_others() {
    let header = HeaderName::from_static("x-tenant");
    let queue =
        Queue::new(millis(10_000)).objective(millis(99_000)).capacity(100).fair(Header(header));
    let bench = Bench::new(super::limiter(1).queue(queue));
    let mut noise = Vec::new();
    for _ in 0..40 {
        noise.push(bench.send(with(work("noisy", 10), "x-tenant", "noisy")).await);
    }
    until(bench.begin, 50).await;
    let quiet = with(in_time("quiet", 10, "60m"), "x-tenant", "quiet");
    assert_eq!(bench.send(quiet).await.await.unwrap(), "served");
    drop(noise);
}

/// A class with a share comes to its turn, however many wait that are more critical.
#[tokio::test(start_paused = true)]
async fn who_has_a_share_is_not_judged_by_the_more_critical_alone() {
    let header = HeaderName::from_static("x-class");
    let classes = Priorities::new([("gold", 0.5), ("rest", 0.5)]).header(header);
    let queue = Queue::new(millis(10_000)).objective(millis(99_000)).capacity(100);
    let bench = Bench::new(super::limiter(2).queue(queue).priorities(classes));
    let mut gold = Vec::new();
    for _ in 0..40 {
        gold.push(bench.send(with(work("gold", 10), "x-class", "gold")).await);
    }
    until(bench.begin, 50).await;
    let rest = with(in_time("rest", 10, "40m"), "x-class", "rest");
    assert_eq!(bench.send(rest).await.await.unwrap(), "served");
    drop(gold);
}
