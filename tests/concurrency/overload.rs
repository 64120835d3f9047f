//! Controlled delay: a queue that does not empty only makes everybody late.

use http::HeaderName;
use tower_weir::concurrency::{Limiter, Priorities, Queue};

use super::{Bench, fates, limiter, millis, until, with, work};

/// Nobody waits longer than a second, and 50 ms in an overloaded queue.
fn promised(limit: usize) -> Limiter {
    limiter(limit).queue(Queue::new(millis(1_000)).objective(millis(500)).capacity(100))
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_has_not_emptied_for_100_ms_serves_who_came_last_and_shortens_the_wait() {
    let bench = Bench::new(promised(1));
    let first = bench.send(work("first", 120)).await;
    let early = bench.send_all(&["b", "c"], 10).await;
    until(bench.begin, 90).await;
    let late = bench.send_all(&["d", "e", "f", "g"], 10).await;
    until(bench.begin, 115).await;
    // Those who have waited longer than they may now are told at once, not when a place is free.
    assert!(early.iter().all(|task| task.is_finished()));
    assert_eq!((fates(early).await, bench.waiting()), (vec!["timed out"; 2], 4));
    assert_eq!(first.await.unwrap(), "served");
    assert_eq!(fates(late).await, ["timed out", "served", "served", "served"]);
    assert_eq!(bench.reached(), ["first", "g", "f", "e"]);
}

#[tokio::test(start_paused = true)]
async fn once_it_has_emptied_it_serves_in_order_again() {
    let bench = Bench::new(promised(1));
    let first = bench.send(work("first", 110)).await;
    until(bench.begin, 5).await;
    let early = bench.send(work("early", 1)).await;
    until(bench.begin, 100).await;
    let late = bench.send_all(&["x", "y", "z"], 5).await;
    let overloaded = [fates(vec![first, early]).await, fates(late).await].concat();
    assert_eq!(overloaded, ["served", "timed out", "served", "served", "served"]);
    assert_eq!(bench.reached(), ["first", "z", "y", "x"]);
    let after = bench.send_all(&["1", "2", "3", "4"], 60).await;
    until(bench.begin, 190).await;
    assert_eq!(bench.reached(), ["1", "2"], "first come, first served");
    drop(after);
}

/// A service that takes longer than the 100 ms is not overloaded by having one more to do.
#[tokio::test(start_paused = true)]
async fn a_place_that_is_free_is_never_left_idle_while_someone_waits() {
    let bench = Bench::new(limiter(1).queue(Queue::new(millis(1_000))));
    let tasks = bench.send_all(&["a", "b"], 400).await;
    assert_eq!(fates(tasks).await, ["served", "served"]);
    assert_eq!(bench.reached_at("b"), 400);
    // Of several, who came last is served, and the others are told.
    let begin = super::now();
    let tasks = bench.send_all(&["1", "2", "3", "4"], 400).await;
    assert_eq!(fates(tasks).await, ["served", "timed out", "timed out", "served"]);
    assert!((super::now() - begin).as_millis() < 810);
}

#[tokio::test(start_paused = true)]
async fn the_wait_in_an_overloaded_queue_is_five_milliseconds_at_least_and_never_more_than_the_maximum()
 {
    for (max_wait, objective, allowed) in [(1_000, 1, 5), (1_000, 700, 70), (120, 9_000, 120)] {
        let queue = Queue::new(millis(max_wait)).objective(millis(objective)).capacity(9);
        let bench = Bench::new(limiter(1).queue(queue));
        let busy =
            bench.send_all(&["busy", "keeps it from emptying", "and so does this"], 3_000).await;
        // The queue becomes overloaded while these wait.
        until(bench.begin, 101).await;
        let (waits, last) = (bench.send(work("waits", 1)).await, bench.send(work("last", 1)).await);
        until(bench.begin, 101 + allowed - 1).await;
        assert!(!waits.is_finished(), "{max_wait} {objective}");
        until(bench.begin, 101 + allowed + 2).await;
        assert!(waits.is_finished(), "{max_wait} {objective}");
        drop((busy, last));
    }
}

#[tokio::test(start_paused = true)]
async fn a_pause_is_no_overload() {
    let bench = Bench::new(promised(1));
    let handle = bench.layer.handle();
    handle.pause();
    let tasks = bench.send_all(&["a", "b", "c", "d"], 5).await;
    until(bench.begin, 500).await;
    assert_eq!(bench.waiting(), 4);
    handle.resume();
    assert_eq!(fates(tasks).await, ["served"; 4]);
    assert_eq!(bench.reached(), ["a", "b", "c", "d"]);
}

/// In a full queue too whoever came last is preferred, since it is served first.
#[tokio::test(start_paused = true)]
async fn in_an_overloaded_queue_that_is_full_the_oldest_makes_room() {
    let queue = Queue::new(millis(1_000)).objective(millis(9_000)).capacity(2);
    let bench = Bench::new(limiter(1).queue(queue));
    let first = bench.send(work("first", 150)).await;
    let early = bench.send_all(&["a", "b"], 5).await;
    assert_eq!(bench.send(work("c", 1)).await.await.unwrap(), "full");
    until(bench.begin, 120).await;
    let late = bench.send(work("d", 5)).await;
    assert_eq!(first.await.unwrap(), "served");
    assert_eq!((fates(early).await, late.await.unwrap()), (vec!["displaced", "served"], "served"));
    assert_eq!(bench.reached(), ["first", "d", "b"]);
}

/// A class that gets its work done is not late because there is more of another than can be done.
#[tokio::test(start_paused = true)]
async fn each_class_is_judged_by_itself() {
    let classes = Priorities::new([("gold", 0.5), ("rest", 0.0)]);
    let classes = classes.header(HeaderName::from_static("x-class"));
    let bench = Bench::new(promised(1).priorities(classes));
    let of = |class: &str| with(work(class, 70), "x-class", class);
    let mut rest = Vec::new();
    for _ in 0..10 {
        rest.push(bench.send(of("rest")).await);
    }
    let mut gold = Vec::new();
    for n in 2..5 {
        until(bench.begin, 70 * n + 1).await;
        gold.push(bench.send(of("gold")).await);
    }
    // Each has waited 69 ms.
    assert_eq!(fates(gold).await, ["served"; 3]);
    assert_eq!(fates(rest).await.iter().filter(|fate| **fate == "served").count(), 3);
}
