//! Waiting for a place.

use tower_weir::concurrency::{ConcurrencyLimitLayer, Queue};

use super::{Bench, fates, limiter, millis, now, patient, until, work};

#[tokio::test(start_paused = true)]
async fn requests_pass_in_the_order_in_which_they_came() {
    let bench = Bench::new(patient(2));
    let tasks = bench.send_all(&["a", "b", "c", "d", "e", "f"], 10).await;
    assert_eq!(fates(tasks).await, ["served"; 6]);
    assert_eq!(bench.reached(), ["a", "b", "c", "d", "e", "f"]);
}

#[tokio::test(start_paused = true)]
async fn who_has_waited_as_long_as_it_may_is_refused() {
    let bench = Bench::new(limiter(1).queue(Queue::new(millis(90))));
    let tasks = bench.send_all(&["a", "b"], 1_000).await;
    let [first, second] = <[_; 2]>::try_from(tasks).unwrap();
    assert_eq!(second.await.unwrap(), "timed out");
    let waited = (now() - bench.begin).as_millis();
    assert!((90..=92).contains(&waited), "{waited}: tokio's timers go by whole milliseconds");
    assert_eq!((bench.waiting(), first.await.unwrap()), (0, "served"));
    assert_eq!(bench.reached(), ["a"]);
}

#[tokio::test(start_paused = true)]
async fn without_more_said_a_request_waits_up_to_a_tenth_of_a_second() {
    let bench = Bench::of(ConcurrencyLimitLayer::new(limiter(1)));
    let tasks = bench.send_all(&["a", "b"], 1_000).await;
    until(bench.begin, 99).await;
    assert_eq!(bench.waiting(), 1);
    until(bench.begin, 102).await;
    assert_eq!(bench.waiting(), 0);
    assert_eq!(fates(tasks).await, ["served", "timed out"]);
}

#[tokio::test(start_paused = true)]
async fn four_times_as_many_may_wait_as_may_be_under_way_and_eight() {
    for limit in [1, 5] {
        let bench = Bench::new(patient(limit));
        let mut tasks = Vec::new();
        for _ in 0..limit + 4 * limit + 8 {
            tasks.push(bench.send(work("any", 1)).await);
        }
        assert_eq!(bench.waiting(), 4 * limit + 8);
        assert_eq!(bench.send(work("one more", 1)).await.await.unwrap(), "full");
        assert!(fates(tasks).await.iter().all(|fate| *fate == "served"));
    }
}

#[tokio::test(start_paused = true)]
async fn the_default_capacity_follows_the_limit_and_one_that_is_set_does_not() {
    let fates_of = async |bench: Bench, waiting: usize| {
        bench.layer.handle().limiter("default").unwrap().set_limit(2).unwrap();
        let mut tasks = Vec::new();
        for _ in 0..30 {
            tasks.push(bench.send(work("any", 1)).await);
        }
        assert_eq!(bench.waiting(), waiting);
        assert_eq!(fates(tasks).await.iter().filter(|fate| **fate == "full").count(), 28 - waiting);
    };
    fates_of(Bench::new(patient(1)), 16).await;
    fates_of(Bench::new(limiter(1).queue(Queue::new(millis(10_000)).capacity(3))), 3).await;
}

#[tokio::test(start_paused = true)]
async fn none_waits_where_none_may() {
    let bench = Bench::of(ConcurrencyLimitLayer::new(limiter(2)).reject_when_full());
    let tasks = bench.send_all(&["a", "b", "c", "d"], 10).await;
    assert_eq!(bench.waiting(), 0);
    assert_eq!(fates(tasks).await, ["served", "served", "full", "full"]);
    assert_eq!(bench.send(work("e", 1)).await.await.unwrap(), "served");
}

#[tokio::test(start_paused = true)]
async fn who_leaves_while_it_waits_leaves_the_queue() {
    let bench = Bench::new(patient(1));
    let mut tasks = bench.send_all(&["a", "b", "c", "d"], 10).await;
    tasks[1].abort();
    tasks[2].abort();
    tokio::task::yield_now().await;
    assert_eq!(bench.waiting(), 1);
    assert_eq!(tasks.pop().unwrap().await.unwrap(), "served");
    assert_eq!(bench.reached(), ["a", "d"]);
}

/// Its place in the queue is no bar to those behind it, whatever becomes of its future.
#[tokio::test(start_paused = true)]
async fn a_future_that_is_never_polled_again_keeps_one_place_until_it_is_dropped() {
    let bench = Bench::new(patient(1));
    let first = bench.send(work("a", 10)).await;
    let mut forgotten = Box::pin(bench.call(work("forgotten", 10)));
    assert!(futures_executor::block_on(async { poll_once(forgotten.as_mut()).await }).is_none());
    let behind = bench.send(work("b", 10)).await;
    assert_eq!(first.await.unwrap(), "served");
    until(bench.begin, 50).await;
    // It has been given the place, and does not know.
    assert_eq!((bench.under_way(), bench.waiting(), behind.is_finished()), (1, 1, false));
    drop(forgotten);
    assert_eq!(behind.await.unwrap(), "served");
    assert_eq!((bench.under_way(), bench.reached()), (0, vec!["a".to_owned(), "b".to_owned()]));
}

async fn poll_once<F: Future>(mut future: std::pin::Pin<&mut F>) -> Option<F::Output> {
    std::future::poll_fn(|cx| {
        std::task::Poll::Ready(match future.as_mut().poll(cx) {
            std::task::Poll::Ready(output) => Some(output),
            std::task::Poll::Pending => None,
        })
    })
    .await
}

/// Dropped before, in or after its turn, and nothing of it is left.
#[tokio::test(start_paused = true)]
async fn dropped_at_any_point_it_leaves_no_trace() {
    let bench = Bench::new(patient(2));
    for pause in [0, 1, 5, 10, 11, 15, 20, 25] {
        for polls in 0..4 {
            let mut calls: Vec<_> = (0..7).map(|_| Box::pin(bench.call(work("x", 10)))).collect();
            for _ in 0..polls {
                let mut under_way = Vec::new();
                for mut call in calls {
                    if poll_once(call.as_mut()).await.is_none() {
                        under_way.push(call);
                    }
                }
                calls = under_way;
                tokio::time::advance(millis(pause)).await;
            }
            drop(calls);
            assert_eq!((bench.under_way(), bench.waiting()), (0, 0), "{pause} {polls}");
        }
    }
    assert_eq!(bench.send(work("next", 1)).await.await.unwrap(), "served");
}

#[tokio::test(start_paused = true)]
async fn nobody_who_comes_later_goes_before_those_who_wait() {
    let bench = Bench::new(patient(1));
    let mut tasks = bench.send_all(&["a", "b", "c"], 10).await;
    for n in 0..20u64 {
        until(bench.begin, 10 * n).await;
        tasks.push(bench.send(work("late", 1)).await);
        if bench.waiting() == 0 {
            break;
        }
    }
    assert!(fates(tasks).await.iter().all(|fate| *fate == "served"));
    assert_eq!(bench.reached()[..4], ["a", "b", "c", "late"]);
}
